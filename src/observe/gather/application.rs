//! Argo CD Applications: which of them writes an object, and when.
//!
//! The tracking annotation names the Application, and not always its namespace; a label alone is ambiguous, so that it counts
//! only where the Application itself lists the object.

use crate::{
    connect::kube::{ApiErrorKind, Reader},
    formats,
    model::{Kind, ObjectRef, Owner, OwnerKind, Syncs},
};
use serde_json::Value;
use std::time::Duration;
use tokio::time::timeout;

/// Where Argo CD usually lives.
pub(super) const USUAL: &str = "argocd";
/// Labels by which Argo CD tracks objects, where it is not told to use annotations.
const LABELS: [&str; 2] = ["app.kubernetes.io/instance", "argocd.argoproj.io/instance"];
/// How long its objects are waited for.
const PATIENCE: Duration = Duration::from_secs(3);

/// Who else writes an object, with the Application where it is one that is in this cluster and may be read.
pub(in crate::observe) async fn owner(reader: &Reader, object: &Value) -> (Option<Owner>, Option<Value>) {
    let owner = formats::owner::owner(object);
    let asked = async {
        match &owner {
            Some(owner) if owner.kind == OwnerKind::Application => named(reader, owner, object).await,
            None => labelled(reader, object).await,
            // What another owner marked is its own; only it tells.
            Some(_) => None,
        }
    };
    match timeout(PATIENCE, asked).await.ok().flatten() {
        Some(found) => {
            let text = |field: &str| found["metadata"][field].as_str().unwrap_or_default().into();
            let owner = Owner { kind: OwnerKind::Application, namespace: text("namespace"), name: text("name") };
            (Some(owner), Some(found))
        }
        None => (owner, None),
    }
}

/// The Application that a tracking annotation names.
async fn named(reader: &Reader, owner: &Owner, object: &Value) -> Option<Value> {
    let namespace = if owner.namespace.is_empty() { USUAL } else { &*owner.namespace };
    let usual = ObjectRef::new(Kind::Application, namespace, owner.name.clone());
    match reader.find(&usual).await {
        Ok(Some(found)) if lists(&found, object) != Some(false) => return Some(found),
        Ok(_) => {}
        Err(error) if error.kind == ApiErrorKind::Forbidden => {}
        Err(_) => return None,
    }
    if !owner.namespace.is_empty() {
        return None;
    }
    let all = reader.list(Kind::Application, None, None).await.ok()?;
    let mut same = all.into_iter().filter(|app| app["metadata"]["name"] == *owner.name);
    let (first, rest) = (same.next()?, same);
    let ours: Vec<Value> = [first].into_iter().chain(rest).filter(|app| lists(app, object) == Some(true)).collect();
    // Two that claim it would be a guess.
    <[Value; 1]>::try_from(ours).ok().map(|[only]| only)
}

/// The Application that a label seems to name, if it lists the object.
async fn labelled(reader: &Reader, object: &Value) -> Option<Value> {
    for label in LABELS {
        let Some(name) = object["metadata"]["labels"].get(label).and_then(Value::as_str) else { continue };
        let found = reader.find(&ObjectRef::new(Kind::Application, USUAL, name)).await.ok().flatten();
        if let Some(found) = found.filter(|found| lists(found, object) == Some(true)) {
            return Some(found);
        }
    }
    None
}

/// Whether an Application lists an object among what it manages; None where it does not tell.
fn lists(application: &Value, object: &Value) -> Option<bool> {
    let all = application["status"]["resources"].as_array()?;
    let api_version = object["apiVersion"].as_str().unwrap_or_default();
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Some(all.iter().any(|listed| {
        text(&listed["group"]) == group
            && listed["kind"] == object["kind"]
            && listed["name"] == object["metadata"]["name"]
            && text(&listed["namespace"]) == text(&object["metadata"]["namespace"])
    }))
}

/// When an Application writes its objects again. `automated` that says nothing of `enabled` is on.
pub(in crate::observe) fn syncs(application: &Value) -> Syncs {
    let automated = &application["spec"]["syncPolicy"]["automated"];
    match automated.is_object() && automated["enabled"] != false {
        true if automated["selfHeal"] == true => Syncs::Heals,
        true => Syncs::OnCommit,
        false => Syncs::ByHand,
    }
}

/// What an Application manages besides `object`, as `Kind/name`.
pub(super) fn others(application: &Value, object: &ObjectRef) -> Vec<String> {
    let all = application["status"]["resources"].as_array().into_iter().flatten();
    let listed = all.filter_map(|listed| {
        let (kind, name) = (listed["kind"].as_str()?, listed["name"].as_str()?);
        let same = kind == object.kind.as_str() && name == &*object.name;
        (!same).then(|| format!("{kind}/{name}"))
    });
    listed.collect()
}

/// The repository, branch and folder of an Application's source of manifests; None where it has several that could be meant.
pub(in crate::observe) fn source(application: &Value) -> Option<(String, String, String)> {
    let spec = &application["spec"];
    let several = spec["sources"].as_array().into_iter().flatten();
    let mut of_git = several.chain([&spec["source"]]).filter(|source| {
        source["repoURL"].is_string()
            && source["path"].is_string()
            && source["chart"].as_str().is_none_or(str::is_empty)
    });
    let (only, None) = (of_git.next()?, of_git.next()) else { return None };
    let text = |field: &str| only[field].as_str().unwrap_or_default().to_owned();
    Some((text("repoURL"), text("targetRevision"), text("path")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn automation_is_on_unless_it_says_otherwise() {
        let of = |policy: Value| syncs(&json!({"spec": {"syncPolicy": policy}}));
        assert_eq!(of(json!({"automated": {}})), Syncs::OnCommit);
        assert_eq!(of(json!({"automated": {"selfHeal": true}})), Syncs::Heals);
        assert_eq!(of(json!({"automated": {"selfHeal": true, "enabled": true}})), Syncs::Heals);
        assert_eq!(of(json!({"automated": {"selfHeal": true, "enabled": false}})), Syncs::ByHand);
        assert_eq!(of(json!({"automated": null})), Syncs::ByHand);
        assert_eq!(of(json!(null)), Syncs::ByHand);
    }

    #[test]
    fn it_lists_what_it_manages() {
        let app = json!({"status": {"resources": [
            {"group": "apps", "kind": "Deployment", "namespace": "shop", "name": "web"},
            {"kind": "Service", "namespace": "shop", "name": "web"}]}});
        let object = |name: &str| json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": "shop"}});
        assert_eq!(lists(&app, &object("web")), Some(true));
        assert_eq!(lists(&app, &object("cart")), Some(false));
        assert_eq!(lists(&json!({}), &object("web")), None);
        assert_eq!(others(&app, &ObjectRef::new(Kind::Deployment, "shop", "web")), ["Service/web"]);
    }

    #[test]
    fn one_source_of_manifests_is_taken_and_of_several_none() {
        let git = json!({"repoURL": "https://git.example/a", "path": "apps/shop", "targetRevision": "main"});
        let chart = json!({"repoURL": "https://charts.example", "chart": "web", "targetRevision": "1.2.3"});
        let expected = Some(("https://git.example/a".to_owned(), "main".to_owned(), "apps/shop".to_owned()));
        assert_eq!(source(&json!({"spec": {"source": git}})), expected);
        assert_eq!(source(&json!({"spec": {"sources": [chart, git]}})), expected);
        assert_eq!(source(&json!({"spec": {"sources": [git, git]}})), None);
        assert_eq!(source(&json!({"spec": {"source": chart}})), None);
    }
}
