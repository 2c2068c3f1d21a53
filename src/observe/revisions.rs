//! The revisions of a workload, with whatever tells whether they work.
//!
//! A ReplicaSet or ControllerRevision counts only where both the selector and the controller reference say it belongs here.
//! Numbers are as they are now: a rollback renumbers.

use super::{
    diagnosis::diagnose,
    inspect::{Family, family},
    pods, references,
};
use crate::{
    connect::kube::{ApiError, Cluster},
    formats::template,
    model::{Among, Container, Kind, ObjectRef, Revision, RevisionSource},
    wire::{Pod, Workload},
};
use jiff::Timestamp;
use serde::Deserialize as _;
use serde_json::Value;
use std::{
    collections::{BTreeSet, HashMap},
    time::Duration,
};
use tokio::time::timeout;

/// How long is waited for what revisions can be told without.
const BESIDE: Duration = Duration::from_secs(2);
const REVISION: &str = "deployment.kubernetes.io/revision";
const ARGO_REVISION: &str = "rollout.argoproj.io/revision";
const CAUSE: &str = "kubernetes.io/change-cause";

/// The annotation in which a workload of this kind, and its ReplicaSets, carry the number of a revision.
pub(super) const fn number_in(kind: Kind) -> &'static str {
    match kind {
        Kind::Rollout => ARGO_REVISION,
        _ => REVISION,
    }
}

/// All revisions of a workload (whole, as the API server returns it), newest first. `proven` names templates, by hash, that
/// this program saw come up.
pub async fn revisions(
    cluster: &Cluster,
    workload: &Value,
    proven: &HashMap<String, Timestamp>,
) -> Result<Vec<Revision>, ApiError> {
    let reader = cluster.reader();
    let slim = Workload::deserialize(workload).unwrap_or_default();
    let kind = workload["kind"].as_str().and_then(Kind::from_name).unwrap_or(Kind::Deployment);
    let target = ObjectRef::new(kind, &*slim.metadata.namespace, &*slim.metadata.name);
    let history = match kind {
        Kind::Deployment | Kind::Rollout => Kind::ReplicaSet,
        _ => Kind::ControllerRevision,
    };
    let selector = slim.selector();
    let sources = reader.list(history, Some(&target.namespace), selector.as_deref()).await?;
    let mut revisions: Vec<(Revision, String)> = sources
        .iter()
        .filter(|source| controller(source) == Some(&*slim.metadata.uid))
        .filter_map(|source| one(source, history, proven))
        .collect();
    revisions.sort_by_key(|(revision, _)| std::cmp::Reverse(revision.revision));
    match kind {
        // Its template may be kept elsewhere, but it tells the hash.
        Kind::Rollout => mark_named(&mut revisions, &slim.status.current_pod_hash),
        _ => mark_current(&mut revisions, workload),
    }
    let named: Vec<BTreeSet<ObjectRef>> =
        revisions.iter().map(|(r, _)| references::references(&r.template, &target.namespace)).collect();
    let all = named.iter().flatten().cloned().collect();
    // A ReplicaSet counts its pods by itself. What they say, and what is gone, is told where it comes in time.
    let (pods, missing) = tokio::join!(
        timeout(BESIDE, family(reader, &target, &slim)),
        timeout(BESIDE, references::missing(reader, all))
    );
    let now = cluster.clock().now();
    if let Ok(Ok(family)) = &pods {
        for (revision, hash) in &mut revisions {
            count(revision, hash, family, history, now);
        }
    }
    let mut revisions: Vec<Revision> = revisions.into_iter().map(|(revision, _)| revision).collect();
    let missing = missing.unwrap_or_default();
    for (revision, named) in revisions.iter_mut().zip(named) {
        revision.missing = named.into_iter().filter(|object| missing.contains(object)).collect();
    }
    Ok(revisions)
}

fn controller(source: &Value) -> Option<&str> {
    let owners = source["metadata"]["ownerReferences"].as_array()?;
    owners.iter().find(|owner| owner["controller"] == true)?["uid"].as_str()
}

/// One revision and the hash that its pods are labelled with.
fn one(source: &Value, history: Kind, proven: &HashMap<String, Timestamp>) -> Option<(Revision, String)> {
    let metadata = &source["metadata"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let number = match history {
        Kind::ReplicaSet => {
            let annotations = &metadata["annotations"];
            annotations[REVISION].as_str().or_else(|| annotations[ARGO_REVISION].as_str())?.parse().ok()?
        }
        _ => source["revision"].as_u64()?,
    };
    let template = template::kept_by(source).ok()?;
    let label = match history {
        Kind::ReplicaSet => {
            let labels = &metadata["labels"];
            labels["pod-template-hash"].as_str().or_else(|| labels[pods::ARGO_HASH].as_str())
        }
        _ => metadata["labels"]["controller-revision-hash"].as_str(),
    };
    // Pods of a StatefulSet are labelled with the whole name.
    let hash = label.map_or_else(|| text(&metadata["name"]), str::to_owned);
    let annotations = metadata["annotations"].as_object().into_iter().flatten();
    let count = |field: &str| source["status"][field].as_u64().and_then(|n| u32::try_from(n).ok()).unwrap_or(0);
    let revision = Revision {
        revision: number,
        current: false,
        source: RevisionSource { kind: history, name: text(&metadata["name"]), uid: text(&metadata["uid"]) },
        created: metadata["creationTimestamp"].as_str().and_then(|at| at.parse().ok()),
        containers: containers(&template),
        annotations: annotations.map(|(key, value)| (key.clone(), text(value))).collect(),
        cause: metadata["annotations"][CAUSE].as_str().map(str::to_owned),
        replicas: count("replicas"),
        ready: count("readyReplicas"),
        failing: None,
        proven: proven.get(&template::hash(&template)).copied(),
        missing: Vec::new(),
        template,
    };
    Some((revision, hash))
}

/// The containers of a pod template.
pub(super) fn containers(template: &Value) -> Vec<Container> {
    let all = template["spec"]["containers"].as_array().into_iter().flatten();
    all.map(|container| Container {
        name: container["name"].as_str().unwrap_or_default().into(),
        image: container["image"].as_str().unwrap_or_default().into(),
    })
    .collect()
}

/// The newest revision that keeps the workload's template. None where the controller has not caught up.
fn mark_current(revisions: &mut [(Revision, String)], workload: &Value) {
    let now = template::hash(template::of(workload));
    if let Some((revision, _)) = revisions.iter_mut().find(|(revision, _)| template::hash(&revision.template) == now) {
        revision.current = true;
    }
}

/// The revision with this hash.
fn mark_named(revisions: &mut [(Revision, String)], hash: &str) {
    if let Some((revision, _)) = revisions.iter_mut().find(|(_, own)| own == hash) {
        revision.current = true;
    }
}

/// Counts a revision's pods and names what is wrong with them.
fn count(revision: &mut Revision, hash: &str, family: &Family, history: Kind, now: Timestamp) {
    let of = |pod: &&Pod| {
        let label = pods::template_hash(pod);
        label == Some(hash) || (history == Kind::ControllerRevision && label == Some(revision.source.name.as_str()))
    };
    let ours: Vec<&Pod> = family.pods.iter().filter(of).filter(|p| p.metadata.deletion_timestamp.is_none()).collect();
    if history == Kind::ControllerRevision {
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        revision.replicas = number(ours.len());
        revision.ready = number(ours.iter().filter(|pod| pods::is_ready(pod)).count());
    }
    revision.failing = diagnose(ours.into_iter(), Among::All, now).map(|finding| finding.cause.to_string());
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn set(number: &str, image: &str) -> Value {
        json!({"kind": "ReplicaSet", "metadata": {"name": format!("a-{number}"), "uid": number,
                "annotations": {REVISION: number, CAUSE: "because"}, "labels": {"pod-template-hash": number},
                "ownerReferences": [{"uid": "other"}, {"uid": "owner", "controller": true}]},
            "spec": {"template": {"metadata": {"labels": {"app": "a", "pod-template-hash": number}},
                "spec": {"containers": [{"name": "web", "image": image}]}}},
            "status": {"replicas": 2, "readyReplicas": 1}})
    }

    #[test]
    fn a_replica_set_becomes_a_revision() {
        let (revision, hash) = one(&set("7", "web:v1"), Kind::ReplicaSet, &HashMap::new()).unwrap();
        assert_eq!((revision.revision, revision.replicas, revision.ready, &*hash), (7, 2, 1, "7"));
        assert_eq!(revision.images().collect::<Vec<_>>(), ["web:v1"]);
        assert_eq!(revision.cause.as_deref(), Some("because"));
        assert_eq!(controller(&set("7", "web:v1")), Some("owner"));
        assert!(revision.template.pointer("/metadata/labels/pod-template-hash").is_none());
        assert!(one(&json!({"metadata": {"name": "by hand"}}), Kind::ReplicaSet, &HashMap::new()).is_none());
    }

    #[test]
    fn a_replica_set_of_an_argo_rollout_becomes_a_revision() {
        let mut source = set("7", "web:v1");
        source["metadata"]["annotations"] = json!({"rollout.argoproj.io/revision": "3"});
        source["metadata"]["labels"] = json!({"rollouts-pod-template-hash": "5f6d"});
        source["spec"]["template"]["metadata"]["labels"] = json!({"app": "a", "rollouts-pod-template-hash": "5f6d"});
        let (revision, hash) = one(&source, Kind::ReplicaSet, &HashMap::new()).unwrap();
        assert_eq!((revision.revision, &*hash), (3, "5f6d"));
        assert_eq!(revision.template["metadata"]["labels"], json!({"app": "a"}));
        let mut all = vec![(revision, hash)];
        mark_named(&mut all, "5f6d");
        assert!(all[0].0.current);
    }

    #[test]
    fn the_current_one_keeps_the_workloads_template() {
        let mut all: Vec<_> = ["9", "8"]
            .iter()
            .filter_map(|n| one(&set(n, &format!("web:v{n}")), Kind::ReplicaSet, &HashMap::new()))
            .collect();
        let workload = json!({"spec": {"template": {"metadata": {"labels": {"app": "a"}},
            "spec": {"containers": [{"image": "web:v8", "name": "web"}]}}}});
        mark_current(&mut all, &workload);
        assert_eq!(all.iter().map(|(r, _)| r.current).collect::<Vec<_>>(), [false, true]);
    }

    #[test]
    fn a_proven_template_is_recognised() {
        let template = template::kept_by(&set("7", "web:v1")).unwrap();
        let proven = HashMap::from([(template::hash(&template), Timestamp::UNIX_EPOCH)]);
        assert_eq!(one(&set("9", "web:v1"), Kind::ReplicaSet, &proven).unwrap().0.proven, Some(Timestamp::UNIX_EPOCH));
        assert_eq!(one(&set("9", "web:v2"), Kind::ReplicaSet, &proven).unwrap().0.proven, None);
    }

    #[test]
    fn a_controller_revision_becomes_a_revision() {
        let source = json!({"kind": "ControllerRevision", "metadata": {"name": "db-5f", "uid": "u"}, "revision": 3,
            "data": {"spec": {"template": {"$patch": "replace", "spec": {"containers": [{"name": "db", "image": "db:v1"}]}}}}});
        let (revision, hash) = one(&source, Kind::ControllerRevision, &HashMap::new()).unwrap();
        assert_eq!((revision.revision, &*hash), (3, "db-5f"));
        assert_eq!(revision.images().collect::<Vec<_>>(), ["db:v1"]);
    }
}
