//! ControllerRevisions: what StatefulSets and DaemonSets were before.
//!
//! Invariant: a template has one revision; when it comes back, its revision gets the highest number. Revisions in use are kept.

use super::{
    cluster::Cluster,
    object::{annotations, controller_reference, count, int, name, namespace, safe_hash, set},
};
use crate::sim::{resource::resources, store::Part};
use serde_json::{Value, json};
use std::sync::Arc;

/// How a revision is written down: the pod template, which replaces the one that is there.
fn data(template: &Value) -> Value {
    let mut template = template.clone();
    set(&mut template, &["$patch"], "replace");
    json!({ "spec": { "template": template } })
}

/// The pod template of a revision.
pub fn template(revision: &Value) -> Value {
    let mut template = revision["data"]["spec"]["template"].clone();
    if let Some(map) = template.as_object_mut() {
        map.shift_remove("$patch");
    }
    template
}

/// The revisions of a set, oldest first, and the name of the one for its current template, which is made when missing.
///
/// `labels` go on a new revision together with its hash under `hash_label`.
pub fn sync(
    cluster: &Cluster,
    owner: &Value,
    labels: &Value,
    hash_label: &str,
) -> (Vec<Arc<Value>>, Option<Arc<Value>>) {
    let mut all = cluster.claimed(&resources::CONTROLLER_REVISIONS, owner);
    all.sort_by(|a, b| count(a, "/revision").cmp(&count(b, "/revision")).then_with(|| name(a).cmp(name(b))));
    let wanted = data(&owner["spec"]["template"]);
    let next = all.last().map_or(0, |r| count(r, "/revision")) + 1;
    if let Some(at) = all.iter().rposition(|r| r["data"] == wanted) {
        if at + 1 < all.len() {
            let edited =
                cluster.edit(&resources::CONTROLLER_REVISIONS, &all[at], Part::Any, |r| r["revision"] = next.into());
            if let Ok(edited) = edited {
                all.remove(at);
                all.push(edited);
            }
        }
        let current = all.iter().find(|r| r["data"] == wanted).cloned();
        return (all, current);
    }
    let hash = safe_hash(&owner["spec"]["template"], count(owner, "/status/collisionCount"));
    let mut object = json!({
        "metadata": {
            "name": format!("{}-{hash}", name(owner)), "namespace": namespace(owner), "labels": labels,
            "annotations": annotations(owner), "ownerReferences": [controller_reference(owner)],
        },
        "data": wanted,
        "revision": next,
    });
    set(&mut object, &["metadata", "labels", hash_label], hash);
    let created = cluster.store.create(&resources::CONTROLLER_REVISIONS, object).ok();
    all.extend(created.clone());
    (all, created)
}

/// Deletes the oldest revisions beyond the set's limit that are not in use.
pub fn truncate(cluster: &Cluster, owner: &Value, all: &[Arc<Value>], live: impl Fn(&Value) -> bool) {
    let limit = int(owner, "/spec/revisionHistoryLimit").unwrap_or(10);
    let idle: Vec<_> = all.iter().filter(|r| !live(r)).collect();
    let surplus = i64::try_from(idle.len()).unwrap_or(0) - limit;
    for revision in idle.into_iter().take(usize::try_from(surplus).unwrap_or(0)) {
        cluster.delete(&resources::CONTROLLER_REVISIONS, revision);
    }
}
