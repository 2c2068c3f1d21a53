//! The DaemonSet controller: one pod on every node.
//!
//! Invariant: a rolling update takes at most `maxUnavailable` nodes out at once; pods that do not serve are replaced first.

use super::{
    cluster::{Cluster, earlier},
    object::{annotation, generation, int, items, label, name, scaled, set, set_count, terminating, text},
    pods::{self, available_from, has_ended, is_ready},
    queue::{Controller, Key},
    revisions,
};
use crate::sim::resource::resources;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::{collections::BTreeMap, sync::Arc};

const COMPONENT: &str = "daemonset-controller";
const HASH: &str = "controller-revision-hash";

type Nodes = BTreeMap<String, Vec<Arc<Value>>>;

/// Puts a pod on each node, replaces outdated ones, counts.
pub fn reconcile(cluster: &mut Cluster, namespace: &str, name: &str) -> Option<Timestamp> {
    let daemons = cluster.store.get(&resources::DAEMON_SETS, namespace, name)?;
    let labels = daemons["spec"]["template"]["metadata"]["labels"].clone();
    let (all, current) = revisions::sync(cluster, &daemons, &labels, HASH);
    let current = current?;
    let hash = label(&current, HASH).unwrap_or_default().to_owned();
    let mut failed = false;
    if !terminating(&daemons) {
        failed = place(cluster, &daemons, &hash);
        if text(&daemons, "/spec/updateStrategy/type") != "OnDelete" {
            replace(cluster, &daemons, &hash);
        }
    }
    let nodes = by_node(cluster, &daemons);
    let again = write_status(cluster, &daemons, &nodes, &hash);
    let used = |r: &Value| {
        let here = label(r, HASH);
        here == Some(&hash) || nodes.values().flatten().any(|p| label(p, HASH) == here)
    };
    revisions::truncate(cluster, &daemons, &all, used);
    earlier(again, cluster.retry(Key::new(Controller::DaemonSet, namespace, name), failed))
}

/// The pods of each eligible node.
fn by_node(cluster: &Cluster, daemons: &Value) -> Nodes {
    let wanted = &daemons["spec"]["template"]["spec"]["nodeSelector"];
    // Daemons go to nodes that are closed to others, too.
    let eligible = |n: &Value| wanted.as_object().is_none_or(|w| w.iter().all(|(k, v)| label(n, k) == v.as_str()));
    let nodes = cluster.store.list(&resources::NODES, None);
    let mut found: Nodes = nodes.iter().filter(|n| eligible(n)).map(|n| (name(n).to_owned(), Vec::new())).collect();
    for pod in cluster.claimed(&resources::PODS, daemons) {
        if let Some(pods) = found.get_mut(target(&pod)) {
            pods.push(pod);
        }
    }
    found
}

/// The node that a daemon pod is for, bound or not.
pub fn target(pod: &Value) -> &str {
    let bound = text(pod, "/spec/nodeName");
    if !bound.is_empty() {
        return bound;
    }
    let terms = "/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms";
    text(pod, &format!("{terms}/0/matchFields/0/values/0"))
}

fn place(cluster: &Cluster, daemons: &Value, hash: &str) -> bool {
    let mut failed = false;
    for (node, pods) in by_node(cluster, daemons) {
        for pod in pods.iter().filter(|p| has_ended(p) && !terminating(p)) {
            cluster.delete(&resources::PODS, pod);
        }
        // A pod that is going keeps its place until it is gone.
        if pods.iter().any(|p| !has_ended(p)) {
            continue;
        }
        let mut pod = pods::from_template(daemons, &daemons["spec"]["template"]);
        set(&mut pod, &["metadata", "generateName"], format!("{}-", name(daemons)));
        set(&mut pod, &["metadata", "labels", HASH], hash);
        if let Some(number) = annotation(daemons, "deprecated.daemonset.template.generation") {
            set(&mut pod, &["metadata", "labels", "pod-template-generation"], number);
        }
        let terms = json!([{ "matchFields": [{ "key": "metadata.name", "operator": "In", "values": [node] }] }]);
        let path =
            ["spec", "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms"];
        set(&mut pod, &path, terms);
        tolerate(&mut pod);
        match cluster.store.create(&resources::PODS, pod) {
            Ok(pod) => {
                cluster.event(
                    daemons,
                    "Normal",
                    "SuccessfulCreate",
                    &format!("Created pod: {}", name(&pod)),
                    COMPONENT,
                );
            }
            Err(status) => {
                failed = true;
                cluster.event(
                    daemons,
                    "Warning",
                    "FailedCreate",
                    &format!("Error creating: {}", status.message),
                    COMPONENT,
                );
            }
        }
    }
    failed
}

/// Daemons stay on nodes that are in trouble.
fn tolerate(pod: &mut Value) {
    let mut tolerations = items(pod, "/spec/tolerations").to_vec();
    let troubles = [
        ("not-ready", "NoExecute"),
        ("unreachable", "NoExecute"),
        ("disk-pressure", "NoSchedule"),
        ("memory-pressure", "NoSchedule"),
        ("pid-pressure", "NoSchedule"),
        ("unschedulable", "NoSchedule"),
    ];
    tolerations.extend(troubles.iter().map(|(trouble, effect)| {
        json!({ "key": format!("node.kubernetes.io/{trouble}"), "operator": "Exists", "effect": effect })
    }));
    set(pod, &["spec", "tolerations"], tolerations);
}

fn replace(cluster: &Cluster, daemons: &Value, hash: &str) {
    let nodes = by_node(cluster, daemons);
    let total = i64::try_from(nodes.len()).unwrap_or(0);
    let rules = &daemons["spec"]["updateStrategy"]["rollingUpdate"];
    let allowed = scaled(rules.get("maxUnavailable"), &json!(1), total, true).max(1);
    let seconds = int(daemons, "/spec/minReadySeconds").unwrap_or(0);
    let available =
        |p: &Arc<Value>| !terminating(p) && available_from(p, seconds).is_some_and(|from| from <= cluster.now());
    let (mut down, mut broken, mut serving) = (0, Vec::new(), Vec::new());
    for pods in nodes.values() {
        down += i64::from(!pods.iter().any(available));
        for pod in pods.iter().filter(|p| label(p, HASH) != Some(hash) && !terminating(p)) {
            if available(pod) { serving.push(pod) } else { broken.push(pod) }
        }
    }
    let room = usize::try_from((allowed - down).max(0)).unwrap_or(0);
    for pod in broken.into_iter().chain(serving.into_iter().take(room)) {
        if cluster.delete(&resources::PODS, pod) {
            cluster.event(daemons, "Normal", "SuccessfulDelete", &format!("Deleted pod: {}", name(pod)), COMPONENT);
        }
    }
}

fn write_status(cluster: &Cluster, daemons: &Value, nodes: &Nodes, hash: &str) -> Option<Timestamp> {
    let seconds = int(daemons, "/spec/minReadySeconds").unwrap_or(0);
    let desired = i64::try_from(nodes.len()).unwrap_or(0);
    let (mut current, mut ready, mut available, mut updated, mut again) = (0, 0, 0, 0, None);
    for pods in nodes.values() {
        let Some(pod) = pods.iter().filter(|p| !terminating(p)).max_by_key(|p| is_ready(p)) else { continue };
        current += 1;
        updated += i64::from(label(pod, HASH) == Some(hash));
        ready += i64::from(is_ready(pod));
        match available_from(pod, seconds) {
            Some(from) if from <= cluster.now() => available += 1,
            from => again = earlier(again, from),
        }
    }
    let mut status = json!({
        "currentNumberScheduled": current, "numberMisscheduled": 0, "desiredNumberScheduled": desired, "numberReady": ready,
        "observedGeneration": generation(daemons),
    });
    set_count(&mut status, "updatedNumberScheduled", updated);
    set_count(&mut status, "numberAvailable", available);
    set_count(&mut status, "numberUnavailable", desired - available);
    cluster.write_status(&resources::DAEMON_SETS, daemons, status);
    again
}
