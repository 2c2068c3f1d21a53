//! What stands beside a workload that is rolled back: pods in the way, the object that keeps its template, its Helm release, and when
//! its configuration was changed.
//!
//! A rollback goes on without whatever of this may not be read, except the object that has to be written.

use super::World;
use crate::{
    connect::kube::Reader,
    formats::owner,
    model::{ConfigurationChange, Kind, ObjectRef, Owner, OwnerKind, ReleaseFacts, Revision, StuckPod},
    observe::{ObserveError, inspect, pods, references::references, releases},
    wire::Workload,
};
use futures::{StreamExt as _, stream};
use jiff::Timestamp;
use serde::Deserialize as _;
use serde_json::Value;
use std::collections::BTreeMap;

/// Questions asked at once.
const AT_ONCE: usize = 8;

/// Pods that an ordered StatefulSet waits for, in its order.
pub(super) async fn stuck(reader: &Reader, object: &Value) -> Vec<StuckPod> {
    let spec = &object["spec"];
    let ordered = object["kind"] == "StatefulSet" && spec["podManagementPolicy"] != "Parallel";
    if !ordered || spec["updateStrategy"]["type"] == "OnDelete" {
        return Vec::new();
    }
    let slim = Workload::deserialize(object).unwrap_or_default();
    let target = ObjectRef::new(Kind::StatefulSet, &*slim.metadata.namespace, &*slim.metadata.name);
    let Ok(family) = inspect::family(reader, &target, &slim).await else { return Vec::new() };
    let waits = family.pods.iter().filter(|pod| pods::is_active(pod) && !pods::is_ready(pod));
    let mut stuck: Vec<(u64, StuckPod)> = waits
        .filter_map(|pod| {
            let ordinal = pod.metadata.name.rsplit_once('-')?.1.parse().ok()?;
            let revision = pods::template_hash(pod)?.to_owned();
            let object = ObjectRef::new(Kind::Pod, &*target.namespace, &*pod.metadata.name);
            Some((ordinal, StuckPod { object, uid: pod.metadata.uid.to_string(), revision }))
        })
        .collect();
    stuck.sort_by_key(|(ordinal, _)| *ordinal);
    stuck.into_iter().map(|(_, pod)| pod).collect()
}

/// The workload that keeps the template of an Argo Rollout, whole.
pub(super) async fn template_of(reader: &Reader, object: &Value) -> Result<Option<Value>, ObserveError> {
    let named = &object["spec"]["workloadRef"];
    let (true, Some(kind), Some(name)) = (object["kind"] == "Rollout", named["kind"].as_str(), named["name"].as_str())
    else {
        return Ok(None);
    };
    let Some(Kind::Deployment) = Kind::from_name(kind) else {
        return Err(ObserveError::TemplateElsewhere { kind: kind.to_owned(), name: name.to_owned() });
    };
    let namespace = object["metadata"]["namespace"].as_str().unwrap_or_default();
    Ok(Some(reader.get(&ObjectRef::new(Kind::Deployment, namespace, name)).await?))
}

/// The Helm release that a workload belongs to, where nothing else writes it.
pub(super) fn release_of(object: &Value) -> Option<ObjectRef> {
    let Owner { namespace, name, .. } = owner::owner(object).filter(|owner| owner.kind == OwnerKind::Helm)?;
    let own = object["metadata"]["namespace"].as_str().unwrap_or_default();
    let namespace = if namespace.is_empty() { own } else { &*namespace };
    Some(ObjectRef::new(Kind::Release, namespace, &*name))
}

/// What is known of that release.
pub(super) async fn release(world: &World, release: Option<ObjectRef>) -> Option<Result<ReleaseFacts, String>> {
    let release = release?;
    Some(releases::facts(&world.cluster, &release, &world.proven).await.map_err(|error| error.to_string()))
}

/// When what the revisions name, and the autoscaler, were changed last. What may not be read is left out.
pub(super) async fn changes(reader: &Reader, target: &ObjectRef, revisions: &[Revision]) -> Vec<ConfigurationChange> {
    let mut named: BTreeMap<ObjectRef, Vec<u64>> = BTreeMap::new();
    for revision in revisions {
        for object in references(&revision.template, &target.namespace) {
            if object.kind != Kind::PersistentVolumeClaim && !revision.missing.contains(&object) {
                named.entry(object).or_default().push(revision.revision);
            }
        }
    }
    let scalers = reader.list(Kind::HorizontalPodAutoscaler, Some(&target.namespace), None).await.unwrap_or_default();
    let scales = |scaler: &&Value| {
        let scaled = &scaler["spec"]["scaleTargetRef"];
        scaled["kind"] == target.kind.as_str() && scaled["name"] == *target.name
    };
    let all: Vec<u64> = revisions.iter().map(|revision| revision.revision).collect();
    let of_scaler = |scaler: &Value| {
        let (at, by) = written(&scaler["metadata"])?;
        let name = scaler["metadata"]["name"].as_str()?;
        let object = ObjectRef::new(Kind::HorizontalPodAutoscaler, target.namespace.clone(), name);
        Some(ConfigurationChange { object, at, by, revisions: all.clone() })
    };
    let mut changes: Vec<ConfigurationChange> = scalers.iter().filter(scales).filter_map(of_scaler).collect();
    let found: Vec<ConfigurationChange> = stream::iter(named)
        .map(|(object, revisions)| async move {
            let metadata = reader.metadata(&object).await.ok()?;
            let (at, by) = written(&metadata["metadata"])?;
            Some(ConfigurationChange { object, at, by, revisions })
        })
        .buffered(AT_ONCE)
        .filter_map(|change| async move { change })
        .collect()
        .await;
    changes.extend(found);
    changes
}

/// When and by whom content was written last: labels and annotations do not count.
fn written(metadata: &Value) -> Option<(Timestamp, String)> {
    const CONTENT: [&str; 4] = ["f:data", "f:binaryData", "f:stringData", "f:spec"];
    let entries = metadata["managedFields"].as_array()?.iter();
    let content = entries.filter(|entry| {
        entry["subresource"].as_str().unwrap_or_default().is_empty()
            && CONTENT.iter().any(|field| entry["fieldsV1"].get(field).is_some())
    });
    let told = content.filter_map(|entry| {
        let by = entry["manager"].as_str().unwrap_or("somebody").to_owned();
        Some((entry["time"].as_str()?.parse::<Timestamp>().ok()?, by))
    });
    told.max_by_key(|(at, _)| *at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn content_counts_and_labels_do_not() {
        let entry = |manager: &str, time: &str, fields: Value| json!({"manager": manager, "operation": "Update", "time": time, "fieldsV1": fields});
        let metadata = json!({"managedFields": [
            entry("kustomize-controller", "2026-03-01T10:00:00Z", json!({"f:data": {"f:a": {}}})),
            entry("kubectl-edit", "2026-03-01T11:00:00Z", json!({"f:data": {"f:b": {}}})),
            entry("kubectl-label", "2026-03-01T12:00:00Z", json!({"f:metadata": {}})),
        ]});
        let (at, by) = written(&metadata).unwrap();
        assert_eq!((at.to_string().as_str(), by.as_str()), ("2026-03-01T11:00:00Z", "kubectl-edit"));
        assert_eq!(written(&json!({})), None);
    }

    #[test]
    fn a_workload_of_helm_names_its_release() {
        let object = json!({"metadata": {"namespace": "shop", "labels": {"app.kubernetes.io/managed-by": "Helm"},
            "annotations": {"meta.helm.sh/release-name": "web"}}});
        assert_eq!(release_of(&object).unwrap().path(), "shop/web");
        let mut flux = object;
        flux["metadata"]["labels"]["helm.toolkit.fluxcd.io/name"] = "web".into();
        assert_eq!(release_of(&flux), None, "its HelmRelease would upgrade it away");
    }
}
