//! Who stands above an object that is marked, and would take the mark off again: found upwards, owner by owner, each marked as
//! narrowly as keeps the mark below it.
//!
//! A reconciler that applies an object leaves alone what its own manifest does not say. So a mark is in danger only where the
//! field it writes is one that the owner writes too, which the object itself tells. An ApplicationSet is another matter: it writes
//! its Applications whole.

use super::{application, mark};
use crate::{
    connect::kube::Reader,
    formats::hold,
    model::{Holdable, Kind, Mark, Means, ObjectRef, Owner, OwnerKind, Syncs},
};
use serde_json::Value;

/// How far up it is looked.
const DEEPEST: usize = 6;
/// Field managers of reconcilers that apply what Git says.
const APPLIERS: [&str; 4] = ["kustomize-controller", "helm-controller", "argocd-controller", "argocd-server"];

/// What is found above a mark.
enum Above {
    /// Nobody who would take it off.
    Nobody,
    /// A Kustomization, which the object itself can tell to leave it alone.
    Aside,
    /// Another object, to be marked as well.
    Mark(Box<(Holdable, Value)>),
    /// Somebody who cannot be kept from taking it off: a sentence, with when.
    Undoes(String),
}

/// Adds to `marks`, whose last is on `object`, what keeps them on. Whoever cannot be kept from taking one off is returned, a
/// sentence each.
pub(super) async fn climb(
    reader: &Reader,
    target: &ObjectRef,
    marks: &mut Vec<Holdable>,
    mut object: Value,
) -> Vec<String> {
    for _ in 0..DEEPEST {
        let Some(lowest) = marks.last_mut() else { break };
        match above(reader, target, lowest, &object).await {
            Above::Nobody => break,
            Above::Aside => {
                lowest.mark.aside = true;
                break;
            }
            Above::Mark(found) => {
                marks.push(found.0);
                object = found.1;
            }
            Above::Undoes(why) => return vec![why],
        }
    }
    Vec::new()
}

async fn above(reader: &Reader, target: &ObjectRef, lowest: &Holdable, object: &Value) -> Above {
    let marked = lowest.object.type_name();
    if let Some(set) = set_of(object) {
        return above_set(reader, target, &lowest.object, &set).await;
    }
    let (Some(owner), application) = application::owner(reader, object).await else { return Above::Nobody };
    let field = hold::field(lowest.mark.means);
    let itself = lowest.object.kind == Kind::Application && is(&owner, &lowest.object);
    // What is held for this workload is to be let go with it, whatever the fields tell by now.
    let held = application.as_ref().is_some_and(|found| is_held_for(found, target));
    // One that applies itself does nothing while it is off.
    if itself || !held && !lowest.mark.aside && !says(object, &field) {
        return Above::Nobody;
    }
    match owner.kind {
        OwnerKind::Helm => Above::Nobody,
        OwnerKind::Kustomization if lowest.mark.aside || !is_told(object) => Above::Aside,
        OwnerKind::Kustomization if hold::is_aside(object) => Above::Nobody,
        OwnerKind::Kustomization => Above::Undoes(format!("{owner} applies {marked}, and takes its mark off again")),
        OwnerKind::HelmRelease => {
            Above::Undoes(format!("{owner} installs {marked}, and sets {field} at its next upgrade"))
        }
        OwnerKind::Application => {
            let Some(found) = application else {
                return Above::Undoes(format!("{owner}, which is not seen here, applies {marked} and says {field}"));
            };
            let when = match application::syncs(&found) {
                // Unless it is an earlier hold that keeps it from syncing.
                Syncs::ByHand if hold::written(&found).is_empty() => return Above::Nobody,
                Syncs::ByHand | Syncs::Heals => "within seconds",
                Syncs::OnCommit => "at its next commit",
            };
            let parent = mark::application(reader, target, &found, &lowest.object).await;
            if parent.allowed == Some(false) {
                let why = "and you may not patch it";
                return Above::Undoes(format!("{owner} takes the hold off {marked} {when}, {why}"));
            }
            Above::Mark(Box::new((parent, found)))
        }
    }
}

fn is_held_for(object: &Value, workload: &ObjectRef) -> bool {
    let namespace = object["metadata"]["namespace"].as_str().unwrap_or_default();
    hold::written(object).iter().any(|record| record.is_for(workload, namespace))
}

fn is(owner: &Owner, object: &ObjectRef) -> bool {
    owner.name == object.name && (owner.namespace.is_empty() || owner.namespace == object.namespace)
}

/// The ApplicationSet that generated an object.
fn set_of(object: &Value) -> Option<String> {
    let owners = object["metadata"]["ownerReferences"].as_array()?;
    let set = owners.iter().find(|owner| owner["kind"] == "ApplicationSet" && owner["controller"] == true)?;
    set["name"].as_str().map(str::to_owned)
}

async fn above_set(reader: &Reader, target: &ObjectRef, application: &ObjectRef, name: &str) -> Above {
    let set = ObjectRef::new(Kind::ApplicationSet, application.namespace.clone(), name);
    let marked = application.type_name();
    let Ok(Some(found)) = reader.find(&set).await else {
        return Above::Undoes(format!("{}, which may not be read, generates {marked} anew", set.type_name()));
    };
    if found["spec"]["strategy"]["type"] == "RollingSync" {
        return Above::Undoes(format!("{} syncs {marked} by itself, step by step", set.type_name()));
    }
    let policy = found["spec"]["syncPolicy"]["applicationsSync"].as_str().unwrap_or_default();
    if matches!(policy, "create-only" | "create-delete") || spares(&found, &application.name) {
        return Above::Nobody;
    }
    let mark = Mark { part: Some(application.name.to_string()), ..Mark::by(Means::IgnoreSync) };
    let owner = format!("argo set {}", set.path());
    let held = mark::of(reader, target, owner, (&set, &found), mark, Vec::new()).await;
    if held.allowed == Some(false) {
        return Above::Undoes(format!(
            "{} takes the hold off {marked} at once, and you may not patch it",
            set.type_name()
        ));
    }
    Above::Mark(Box::new((held, found)))
}

/// Whether an ApplicationSet leaves the auto-sync of this Application, and our record on it, as they are, by its own word.
fn spares(set: &Value, application: &str) -> bool {
    let exceptions = set["spec"]["ignoreApplicationDifferences"].as_array().into_iter().flatten();
    let concern = exceptions.filter(|e| e["name"].as_str().is_none_or(|name| name.is_empty() || name == application));
    let pointers: Vec<&str> =
        concern.flat_map(|e| e["jsonPointers"].as_array().into_iter().flatten()).filter_map(Value::as_str).collect();
    let has = |all: &[&str]| pointers.iter().any(|pointer| all.contains(pointer));
    let ours = Mark { part: Some(application.to_owned()), ..Mark::by(Means::IgnoreSync) };
    has(&["/spec", "/spec/syncPolicy", "/spec/syncPolicy/automated"])
        && has(&["/metadata", "/metadata/annotations", "/metadata/annotations/pilothouse.io~1hold"])
        && !hold::is_marked(set, &ours)
}

/// Whether an object carries the label by which it is left alone, with whatever value.
fn is_told(object: &Value) -> bool {
    object["metadata"]["labels"].get(hold::RECONCILE).is_some()
}

/// Whether whoever applies an object says this field: by what was applied last, or by who owns the field.
fn says(object: &Value, field: &str) -> bool {
    let metadata = &object["metadata"];
    let applied = metadata["annotations"]["kubectl.kubernetes.io/last-applied-configuration"].as_str();
    let applied = applied.and_then(|text| serde_json::from_str::<Value>(text).ok());
    let owned = |entry: &Value| {
        let theirs = entry["manager"].as_str().is_some_and(|manager| APPLIERS.contains(&manager));
        let path: String = field.split('/').skip(1).map(|key| format!("/f:{key}")).collect();
        theirs && entry["fieldsV1"].pointer(&path).is_some()
    };
    applied.is_some_and(|applied| applied.pointer(field).is_some())
        || metadata["managedFields"].as_array().into_iter().flatten().any(owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn whoever_applies_an_object_says_a_field_or_not() {
        let enabled = "/spec/syncPolicy/automated/enabled";
        let applied = |spec: Value| {
            let text = json!({"spec": spec}).to_string();
            json!({"metadata": {"annotations": {"kubectl.kubernetes.io/last-applied-configuration": text}}})
        };
        assert!(says(&applied(json!({"syncPolicy": {"automated": {"enabled": true}}})), enabled));
        assert!(!says(&applied(json!({"syncPolicy": {"automated": {"selfHeal": true}}})), enabled));
        let managed = |manager: &str| {
            let fields = json!({"f:spec": {"f:suspend": {}}});
            json!({"metadata": {"managedFields": [{"manager": manager, "operation": "Apply", "fieldsV1": fields}]}})
        };
        assert!(says(&managed("kustomize-controller"), "/spec/suspend"));
        assert!(!says(&managed("pilothouse"), "/spec/suspend") && !says(&json!({}), "/spec/suspend"));
    }

    #[test]
    fn a_set_spares_what_it_is_told_to() {
        let set = |pointers: Value| json!({"spec": {"ignoreApplicationDifferences": [{"jsonPointers": pointers}]}});
        assert!(spares(&set(json!(["/spec/syncPolicy", "/metadata/annotations"])), "web"));
        assert!(!spares(&set(json!(["/spec/syncPolicy"])), "web"), "it would take the record away");
        let named = json!({"spec": {"ignoreApplicationDifferences": [{"name": "cart",
            "jsonPointers": ["/spec/syncPolicy", "/metadata/annotations"]}]}});
        assert!(spares(&named, "cart") && !spares(&named, "web"));
    }

    #[test]
    fn a_generated_application_names_its_set() {
        let of = |controller: bool| json!({"metadata": {"ownerReferences": [{"kind": "ApplicationSet", "name": "all", "controller": controller}]}});
        assert_eq!((set_of(&of(true)).as_deref(), set_of(&of(false)), set_of(&json!({}))), (Some("all"), None, None));
    }
}
