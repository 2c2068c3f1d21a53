//! The scheduler: a node for each pod, the one with the fewest pods.
//!
//! Invariant: a pod goes only to a node that takes it (see `room`); where there is none, it says why, node by node.

use super::{
    cluster::Cluster,
    object::{items, label, moment, name, put_condition, set, terminating, text, time},
    room,
};
use crate::sim::{resource::resources, store::Part};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

const COMPONENT: &str = "default-scheduler";

/// Binds a pod to a node, or says why it cannot.
pub fn reconcile(cluster: &mut Cluster, namespace: &str, name: &str) -> Option<Timestamp> {
    let pod = cluster.store.get(&resources::PODS, namespace, name)?;
    if !text(&pod, "/spec/nodeName").is_empty() || terminating(&pod) || !items(&pod, "/spec/schedulingGates").is_empty()
    {
        return None;
    }
    let nodes = cluster.store.list(&resources::NODES, None);
    if nodes.is_empty() {
        return refuse(cluster, &pod, "no nodes available to schedule pods");
    }
    if let Some(why) = room::claims(cluster, &pod) {
        return refuse(cluster, &pod, &format!("0/{} nodes are available: {why}. not found", nodes.len()));
    }
    let taken = room::Taken::count(cluster, &pod);
    let mut whys: BTreeMap<String, usize> = BTreeMap::new();
    let mut fitting = Vec::new();
    for node in &nodes {
        let refusals = room::refusals(&pod, node, &taken);
        if refusals.is_empty() {
            fitting.push(node);
        }
        for why in refusals {
            *whys.entry(why).or_default() += 1;
        }
    }
    match least_loaded(cluster, &pod, &fitting) {
        Some(node) => {
            bind(cluster, &pod, &node);
            None
        }
        None => {
            let mut list: Vec<String> = whys.iter().map(|(why, count)| format!("{count} {why}")).collect();
            list.sort();
            refuse(cluster, &pod, &unavailable(nodes.len(), &list.join(", ")))
        }
    }
}

/// The scheduler's sentence, with the one about preemption that follows it.
fn unavailable(nodes: usize, why: &str) -> String {
    let place = format!("0/{nodes} nodes are available");
    format!(
        "{place}: {why}. no new claims to deallocate, preemption: {place}: {nodes} Preemption is not helpful for scheduling."
    )
}

/// The fitting node with the fewest pods, those of the same owner counting most.
fn least_loaded(cluster: &Cluster, pod: &Value, fitting: &[&Arc<Value>]) -> Option<String> {
    let mut pods: HashMap<String, u32> = cluster.machines.load().clone();
    let owner = super::object::controller_of(pod).map(|o| text(o, "/uid"));
    for sibling in owner.map(|uid| cluster.index.owned_by(uid)).unwrap_or_default() {
        if let Some(sibling) = cluster.read(&sibling) {
            *pods.entry(text(&sibling, "/spec/nodeName").to_owned()).or_default() += 100;
        }
    }
    let load = |n: &str| pods.get(n).copied().unwrap_or(0);
    fitting.iter().map(|n| name(n)).min_by_key(|n| (load(n), n.to_string())).map(str::to_owned)
}

fn bind(cluster: &Cluster, pod: &Value, node: &str) {
    let now = time(cluster.now());
    let place = cluster.store.get(&resources::NODES, "", node);
    let of_node = |key: &'static str| Some((key, label(place.as_deref()?, key)?.to_owned()));
    let keys = ["topology.kubernetes.io/zone", "topology.kubernetes.io/region"];
    let topology: Vec<_> = keys.into_iter().filter_map(of_node).collect();
    let bound = cluster.edit(&resources::PODS, pod, Part::Any, |p| {
        set(p, &["spec", "nodeName"], node);
        for (key, value) in &topology {
            set(p, &["metadata", "labels", key], value.as_str());
        }
        set(p, &["status", "phase"], "Pending");
        let condition =
            json!({"type": "PodScheduled", "status": "True", "lastProbeTime": null, "lastTransitionTime": now});
        put_condition(&mut p["status"], condition);
    });
    if bound.is_ok() {
        let place = format!("{}/{}", super::object::namespace(pod), name(pod));
        let message = format!("Successfully assigned {place} to {node}");
        cluster.event(pod, "Normal", "Scheduled", &message, COMPONENT);
    }
}

fn refuse(cluster: &Cluster, pod: &Value, message: &str) -> Option<Timestamp> {
    let known = super::object::condition(&pod["status"], "PodScheduled").is_some_and(|c| c["message"] == message);
    if !known {
        let now = time(cluster.now());
        let _ = cluster.edit(&resources::PODS, pod, Part::Status, |p| {
            set(p, &["status", "phase"], "Pending");
            put_condition(
                &mut p["status"],
                json!({"type": "PodScheduled", "status": "False", "lastProbeTime": null, "lastTransitionTime": now,
                    "reason": "Unschedulable", "message": message}),
            );
        });
        cluster.event(pod, "Warning", "FailedScheduling", message, COMPONENT);
    }
    // A node's change brings the pod back at once; this is the scheduler's own periodic look.
    moment(pod, "/metadata/creationTimestamp").map(|_| cluster.later(300.0))
}
