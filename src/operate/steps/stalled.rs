//! What keeps a reconciler from applying, in its own words: Flux' condition `Ready`, Argo CD's last operation and conditions.
//! Pure: it reads objects and asks nobody.

use crate::model::{Kind, ObjectRef};
use serde_json::Value;

/// What an object says is wrong, or that it does nothing by itself. None where nothing is in the way.
pub(super) fn trouble(kind: Kind, object: &Value) -> Option<String> {
    let name = format!("{kind} {}", object["metadata"]["name"].as_str().unwrap_or_default());
    if kind == Kind::Application {
        return application(object).map(|said| format!("{name} {said}"));
    }
    if object["spec"]["suspend"] == true {
        return Some(format!("{name} is suspended, so nothing is applied until it is resumed"));
    }
    let conditions = object["status"]["conditions"].as_array()?;
    let ready = conditions.iter().find(|condition| condition["type"] == "Ready")?;
    let text = |field: &str| ready[field].as_str().unwrap_or_default();
    (text("status") == "False").then(|| format!("{name} says {}: {}", text("reason"), text("message")))
}

fn application(object: &Value) -> Option<String> {
    if let Some(said) = condition(object) {
        return Some(said);
    }
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let operation = &object["status"]["operationState"];
    if matches!(operation["phase"].as_str(), Some("Failed" | "Error")) {
        return Some(format!("says {}: {}", text(&operation["phase"]), text(&operation["message"])));
    }
    let automated = &object["spec"]["syncPolicy"]["automated"];
    if automated.is_null() || automated["enabled"] == false {
        return Some("does not sync by itself: nothing is applied until somebody syncs it".into());
    }
    None
}

/// What an Application's conditions say is wrong.
pub(super) fn condition(application: &Value) -> Option<String> {
    let conditions = application["status"]["conditions"].as_array()?;
    let error = conditions.iter().find(|c| c["type"].as_str().is_some_and(|kind| kind.ends_with("Error")))?;
    let text = |field: &str| error[field].as_str().unwrap_or_default();
    Some(format!("says {}: {}", text("type"), text("message")))
}

/// The GitRepository that a Kustomization applies; None for another kind of source, which has no commits.
pub(super) fn source(object: &Value) -> Option<ObjectRef> {
    let reference = &object["spec"]["sourceRef"];
    if reference["kind"] != "GitRepository" {
        return None;
    }
    let namespace = reference["namespace"].as_str().or_else(|| object["metadata"]["namespace"].as_str())?;
    Some(ObjectRef::new(Kind::GitRepository, namespace, reference["name"].as_str()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn flux_tells_its_trouble() {
        let with = |status: &str, suspend: bool| {
            let object = json!({"metadata": {"name": "shop"}, "spec": {"suspend": suspend}, "status": {"conditions": [
                {"type": "Ready", "status": status, "reason": "BuildFailed", "message": "no such file"}]}});
            trouble(Kind::Kustomization, &object)
        };
        assert_eq!(with("True", false), None);
        assert_eq!(with("Unknown", false), None);
        assert_eq!(with("False", false).unwrap(), "Kustomization shop says BuildFailed: no such file");
        assert!(with("True", true).unwrap().contains("suspended"));
        assert_eq!(trouble(Kind::GitRepository, &json!({})), None);
    }

    #[test]
    fn argo_cd_tells_its_trouble() {
        let of = |spec: Value, status: Value| {
            trouble(Kind::Application, &json!({"metadata": {"name": "shop"}, "spec": spec, "status": status}))
        };
        let automated = || json!({"syncPolicy": {"automated": {}}});
        assert_eq!(of(automated(), json!({"operationState": {"phase": "Succeeded", "message": "synced"}})), None);
        assert_eq!(
            of(
                automated(),
                json!({"operationState": {"phase": "Failed", "message": "one or more objects failed to apply"}})
            )
            .unwrap(),
            "Application shop says Failed: one or more objects failed to apply"
        );
        let comparison = json!([{"type": "OrphanedResourceWarning", "message": "1"},
            {"type": "ComparisonError", "message": "manifest generation error"}]);
        assert_eq!(
            of(automated(), json!({"conditions": comparison})).unwrap(),
            "Application shop says ComparisonError: manifest generation error"
        );
        assert!(of(json!({}), json!({})).unwrap().contains("does not sync by itself"));
    }

    #[test]
    fn the_source_is_in_the_same_namespace_unless_it_is_named() {
        let of =
            |reference: Value| source(&json!({"metadata": {"namespace": "shop"}, "spec": {"sourceRef": reference}}));
        assert_eq!(of(json!({"kind": "GitRepository", "name": "fleet"})).unwrap().path(), "shop/fleet");
        let named = json!({"kind": "GitRepository", "name": "fleet", "namespace": "flux"});
        assert_eq!(of(named).unwrap().path(), "flux/fleet");
        assert_eq!(of(json!({"kind": "OCIRepository", "name": "fleet"})), None);
    }
}
