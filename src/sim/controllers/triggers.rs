//! Which keys a change concerns: the watches and their handlers of the real controllers, as one table.
//!
//! Invariant: it only asks for reconciliations; what to do is decided by each controller from the whole state.

use super::{
    cluster::Cluster,
    object::{controller_of, labels, matches, name, namespace, selects, terminating, text},
    pods::has_ended,
    queue::Controller,
};
use crate::sim::{
    resource::{Resource, resources},
    store::{Change, ChangeKind},
};
use serde_json::Value;

/// Asks for everything that the change concerns.
pub fn enqueue(cluster: &mut Cluster, change: &Change) {
    let object = &*change.object;
    let old = change.old.as_deref();
    let (space, name) = (namespace(object), name(object));
    if let Some(controller) = of(change.resource) {
        cluster.enqueue(controller, space, name);
    }
    for owner in [Some(object), old].into_iter().flatten().filter_map(controller_of) {
        if let Some(controller) = of_kind(text(owner, "/kind")) {
            cluster.enqueue(controller, space, text(owner, "/name"));
        }
    }
    match change.resource.kind {
        "Pod" => pod(cluster, change),
        // It may keep the template of an Argo Rollout.
        "Deployment" => {
            for rollout in cluster.list(&resources::ROLLOUTS, space) {
                if text(&rollout, "/spec/workloadRef/name") == name {
                    cluster.enqueue(Controller::Rollout, space, self::name(&rollout));
                }
            }
        }
        "Service" => all(cluster, &resources::HTTP_ROUTES, Controller::HttpRoute, Some(space)),
        "PersistentVolumeClaim" => {
            for pod in cluster.list(&resources::PODS, space) {
                if text(&pod, "/spec/nodeName").is_empty() {
                    cluster.enqueue(Controller::Scheduler, space, self::name(&pod));
                }
            }
        }
        "Gateway" => all(cluster, &resources::HTTP_ROUTES, Controller::HttpRoute, None),
        "HTTPRoute" => all(cluster, &resources::GATEWAYS, Controller::Gateway, None),
        "Node" => {
            all(cluster, &resources::DAEMON_SETS, Controller::DaemonSet, None);
            for pod in cluster.store.list(&resources::PODS, None) {
                match text(&pod, "/spec/nodeName") {
                    "" => cluster.enqueue(Controller::Scheduler, namespace(&pod), self::name(&pod)),
                    node if node == name => cluster.enqueue(Controller::Kubelet, namespace(&pod), self::name(&pod)),
                    _ => {}
                }
            }
        }
        _ => {}
    }
    if change.kind == ChangeKind::Deleted && change.resource.namespaced {
        let home = cluster.store.get(&resources::NAMESPACES, "", space);
        if home.is_some_and(|n| terminating(&n)) {
            cluster.enqueue(Controller::Namespace, "", space);
        }
    }
}

/// The controller that looks after a resource's own objects.
fn of(resource: &Resource) -> Option<Controller> {
    // The two kinds of Event share a name, and custom resources could share one with a built-in kind.
    match (resource.group, resource.kind) {
        ("", "Namespace") => Some(Controller::Namespace),
        ("", "ResourceQuota") => Some(Controller::Quota),
        ("", "Service") => Some(Controller::EndpointSlice),
        ("", "PersistentVolumeClaim") => Some(Controller::Claim),
        ("policy", "PodDisruptionBudget") => Some(Controller::Disruption),
        ("autoscaling", "HorizontalPodAutoscaler") => Some(Controller::Autoscaler),
        ("gateway.networking.k8s.io", "Gateway") => Some(Controller::Gateway),
        ("gateway.networking.k8s.io", "HTTPRoute") => Some(Controller::HttpRoute),
        ("argoproj.io", "Rollout") => Some(Controller::Rollout),
        ("apps" | "batch", kind) => of_kind(kind),
        _ => None,
    }
}

/// The controller of a kind that owns others.
fn of_kind(kind: &str) -> Option<Controller> {
    match kind {
        "Deployment" => Some(Controller::Deployment),
        "ReplicaSet" => Some(Controller::ReplicaSet),
        "StatefulSet" => Some(Controller::StatefulSet),
        "DaemonSet" => Some(Controller::DaemonSet),
        "Job" => Some(Controller::Job),
        "CronJob" => Some(Controller::CronJob),
        "Rollout" => Some(Controller::Rollout),
        _ => None,
    }
}

fn all(cluster: &mut Cluster, resource: &'static Resource, controller: Controller, space: Option<&str>) {
    for object in cluster.store.list(resource, space) {
        cluster.enqueue(controller, namespace(&object), name(&object));
    }
}

fn pod(cluster: &mut Cluster, change: &Change) {
    let pod = &*change.object;
    let (space, name) = (namespace(pod), name(pod));
    if change.kind != ChangeKind::Deleted && text(pod, "/spec/nodeName").is_empty() {
        cluster.enqueue(Controller::Scheduler, space, name);
    } else {
        cluster.enqueue(Controller::Kubelet, space, name);
    }
    // A Recreate rollout waits for pods of ReplicaSets, so the Deployment hears of a pod that goes.
    if change.kind == ChangeKind::Deleted {
        let set = controller_of(pod).filter(|o| o["kind"] == "ReplicaSet");
        let set = set.and_then(|o| cluster.store.get(&resources::REPLICA_SETS, space, text(o, "/name")));
        if let Some(owner) = set.as_deref().and_then(controller_of) {
            cluster.enqueue(Controller::Deployment, space, text(owner, "/name"));
        }
        all(cluster, &resources::RESOURCE_QUOTAS, Controller::Quota, Some(space));
    } else if change.old.as_deref().is_some_and(|old| has_ended(pod) && !has_ended(old)) {
        // What ended no longer counts.
        all(cluster, &resources::RESOURCE_QUOTAS, Controller::Quota, Some(space));
    } else if change.kind == ChangeKind::Added {
        all(cluster, &resources::RESOURCE_QUOTAS, Controller::Quota, Some(space));
        adopters(cluster, pod);
    }
    let was = change.old.as_deref().map_or(&Value::Null, labels);
    for service in cluster.list(&resources::SERVICES, space) {
        let selector = &service["spec"]["selector"];
        if matches(selector, labels(pod)) || matches(selector, was) {
            cluster.enqueue(Controller::EndpointSlice, space, self::name(&service));
        }
    }
    for budget in cluster.list(&resources::POD_DISRUPTION_BUDGETS, space) {
        if selects(&budget["spec"]["selector"], labels(pod)) {
            cluster.enqueue(Controller::Disruption, space, self::name(&budget));
        }
    }
}

/// A pod without a controller may be adopted by a set whose selector matches it.
fn adopters(cluster: &mut Cluster, pod: &Value) {
    if controller_of(pod).is_some() {
        return;
    }
    let sets = [
        (&resources::REPLICA_SETS, Controller::ReplicaSet),
        (&resources::STATEFUL_SETS, Controller::StatefulSet),
        (&resources::DAEMON_SETS, Controller::DaemonSet),
    ];
    for (resource, controller) in sets {
        for set in cluster.list(resource, namespace(pod)) {
            if selects(&set["spec"]["selector"], labels(pod)) {
                cluster.enqueue(controller, namespace(pod), self::name(&set));
            }
        }
    }
}
