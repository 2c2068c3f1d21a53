//! Budgets that keep cordoned nodes from being emptied, told beside the workloads that they protect, however well these are.
//!
//! Asked every half minute: which nodes are cordoned, of which there are none on most days; only where there are some, which
//! budgets allow nothing, and only where there are such, which pods are on those nodes. Bounded; who may not see nodes is told
//! nothing.

use super::{Scope, pods, watch::Context};
use crate::{
    connect::kube::{ApiError, ApiErrorKind, Cluster},
    model::{Blocker, Cause, Change, Kind, ObjectRef},
    wire::{Budget, Node, Pod},
};
use std::{collections::BTreeMap, time::Duration};

/// How often it is asked, and how often where it may not be.
const PAUSE: Duration = Duration::from_secs(30);
const RARELY: Duration = Duration::from_secs(300);
/// Cordoned nodes whose pods are read, one page each.
const NODES: usize = 8;

/// What keeps which workloads on a node that is to be emptied.
pub(super) type Kept = BTreeMap<ObjectRef, Blocker>;

/// Tells what is kept until nobody listens.
pub(super) async fn run(context: Context) {
    let mut told = Kept::new();
    loop {
        let pause = match kept(&context.cluster, &context.scope).await {
            Ok(kept) if kept == told => PAUSE,
            Ok(kept) => {
                told.clone_from(&kept);
                if context.changes.send(vec![Change::Kept(kept)]).await.is_err() {
                    return;
                }
                PAUSE
            }
            Err(error) if error.kind == ApiErrorKind::Forbidden => RARELY,
            Err(_) => PAUSE,
        };
        tokio::time::sleep(pause).await;
    }
}

/// Looks once.
pub(super) async fn kept(cluster: &Cluster, scope: &Scope) -> Result<Kept, ApiError> {
    let reader = cluster.reader();
    let cordoned = Some("spec.unschedulable=true");
    let nodes = reader.page::<Node>(Kind::Node, None, None, cordoned, None).await?.items;
    let mut kept = Kept::new();
    if nodes.is_empty() {
        return Ok(kept);
    }
    let mut budgets: Vec<Budget> = Vec::new();
    for namespace in scope.named().map_or_else(|| vec![None], |names| names.into_iter().map(Some).collect()) {
        let page = reader.page::<Budget>(Kind::PodDisruptionBudget, namespace.as_deref(), None, None, None).await?;
        budgets.extend(page.items.into_iter().filter(Budget::is_exhausted));
    }
    if budgets.is_empty() {
        return Ok(kept);
    }
    for node in nodes.iter().take(NODES) {
        let here = format!("spec.nodeName={}", node.metadata.name);
        for pod in reader.page::<Pod>(Kind::Pod, None, None, Some(&here), None).await?.items {
            let takes = |b: &&Budget| {
                b.metadata.namespace == pod.metadata.namespace && b.spec.selector.takes(&pod.metadata.labels)
            };
            if let Some(budget) = budgets.iter().find(takes).filter(|_| pods::is_active(&pod))
                && let Some(workload) = owner(&pod)
            {
                kept.entry(workload).or_insert_with(|| Blocker::of(cause(budget, &node.metadata.name), None));
            }
        }
    }
    Ok(kept)
}

/// A budget that keeps pods on this node.
pub(super) fn cause(budget: &Budget, node: &str) -> Cause {
    let number = |n: i64| u32::try_from(n.max(0)).unwrap_or(u32::MAX);
    let status = &budget.status;
    Cause::Budget {
        name: budget.metadata.name.clone(),
        node: node.into(),
        healthy: (number(status.current_healthy), number(status.desired_healthy)),
        of: number(status.expected_pods),
    }
}

/// The workload that a pod belongs to. A drain leaves pods of a DaemonSet alone.
fn owner(pod: &Pod) -> Option<ObjectRef> {
    let metadata = &pod.metadata;
    let owner = metadata.owner_references.iter().find(|owner| owner.controller)?;
    let named = |kind: Kind, name: &str| Some(ObjectRef::new(kind, &*metadata.namespace, name));
    match &*owner.kind {
        "StatefulSet" => named(Kind::StatefulSet, &owner.name),
        // A ReplicaSet is called as its workload, and then as its template.
        "ReplicaSet" => [Kind::Deployment, Kind::Rollout].into_iter().find_map(|kind| {
            let hash = metadata.labels.get(pods::hash_label(kind))?;
            named(kind, owner.name.strip_suffix(&**hash)?.strip_suffix('-')?)
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::json;

    #[rstest]
    #[case("ReplicaSet", "web-5d9f", json!({"pod-template-hash": "5d9f"}), Some("Deployment shop/web"))]
    #[case("ReplicaSet", "web-5d9f", json!({"rollouts-pod-template-hash": "5d9f"}), Some("Rollout shop/web"))]
    #[case("ReplicaSet", "lonely", json!({}), None)]
    #[case("StatefulSet", "db", json!({"controller-revision-hash": "db-1"}), Some("StatefulSet shop/db"))]
    #[case("DaemonSet", "logs", json!({}), None)]
    fn a_pod_belongs_to_a_workload(
        #[case] kind: &str,
        #[case] name: &str,
        #[case] labels: serde_json::Value,
        #[case] expected: Option<&str>,
    ) {
        let owners = json!([{"kind": kind, "name": name, "uid": "1", "controller": true}]);
        let metadata = json!({"name": "pod", "namespace": "shop", "labels": labels, "ownerReferences": owners});
        let pod: Pod = serde_json::from_value(json!({ "metadata": metadata })).unwrap();
        assert_eq!(owner(&pod).map(|o| o.to_string()).as_deref(), expected);
    }
}
