//! Whether a node takes a pod: the scheduler's filters, each with the words in which it refuses.
//!
//! Invariant: only looks. The filters are asked in the real scheduler's order, and a node is refused by the first that says no.

use super::{
    cluster::Cluster,
    daemonset,
    object::{flag, is_true, items, label, milli, name, namespace, text},
    pods::has_ended,
};
use crate::sim::resource::resources;
use serde_json::Value;
use std::collections::BTreeMap;

/// Why no node can take the pod, whichever it is: its claims.
pub fn claims(cluster: &Cluster, pod: &Value) -> Option<String> {
    for volume in items(pod, "/spec/volumes") {
        let wanted = text(volume, "/persistentVolumeClaim/claimName");
        if wanted.is_empty() {
            continue;
        }
        let Some(claim) = cluster.store.get(&resources::PERSISTENT_VOLUME_CLAIMS, namespace(pod), wanted) else {
            return Some(format!("persistentvolumeclaim \"{wanted}\" not found"));
        };
        if text(&claim, "/status/phase") != "Bound" {
            return Some("pod has unbound immediate PersistentVolumeClaims".to_owned());
        }
    }
    None
}

/// Why this node does not take the pod; nothing when it does.
pub fn refusals(pod: &Value, node: &Value, taken: &Taken) -> Vec<String> {
    let target = daemonset::target(pod);
    if flag(node, "/spec/unschedulable") && target.is_empty() {
        return vec!["node(s) were unschedulable".into()];
    }
    if !target.is_empty() && target != name(node) {
        return vec!["node(s) didn't match Pod's node affinity/selector".into()];
    }
    if let Some(taint) = untolerated(pod, node) {
        let (key, value) = (text(taint, "/key"), text(taint, "/value"));
        return vec![format!("node(s) had untolerated taint(s) {{{key}: {value}}}")];
    }
    // What the node lifecycle controller would have tainted.
    if !is_true(&node["status"], "Ready") {
        return vec!["node(s) had untolerated taint(s) {node.kubernetes.io/not-ready: }".into()];
    }
    let wanted = pod["spec"]["nodeSelector"].as_object();
    if !wanted.is_none_or(|w| w.iter().all(|(k, v)| label(node, k) == v.as_str())) || !attracted(pod, node) {
        return vec!["node(s) didn't match Pod's node affinity/selector".into()];
    }
    let mut lacking = Vec::new();
    for (resource, asked) in requests(pod) {
        let room = &node["status"]["allocatable"][&resource];
        let used = taken.0.get(&(name(node).to_owned(), resource.clone())).copied().unwrap_or(0);
        if asked > 0 && milli(room).unwrap_or(0).saturating_sub(used) < asked {
            lacking.push(format!("Insufficient {resource}"));
        }
    }
    lacking
}

/// Whether one of the terms of the pod's required node affinity holds; where there is none, any node will do.
fn attracted(pod: &Value, node: &Value) -> bool {
    let terms =
        items(pod, "/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms");
    let holds = |rule: &Value| {
        let (value, values) = (label(node, text(rule, "/key")), items(rule, "/values"));
        let listed = value.is_some_and(|value| values.iter().any(|wanted| wanted == value));
        let number = |text: Option<&str>| text.and_then(|text| text.parse::<i64>().ok());
        let bound = number(values.first().and_then(Value::as_str)).zip(number(value));
        match text(rule, "/operator") {
            "In" => listed,
            "NotIn" => !listed,
            "Exists" => value.is_some(),
            "DoesNotExist" => value.is_none(),
            "Gt" => bound.is_some_and(|(bound, value)| value > bound),
            "Lt" => bound.is_some_and(|(bound, value)| value < bound),
            _ => false,
        }
    };
    // Which node a term names by its name is seen to where a pod's target is.
    let empty = |term: &Value| items(term, "/matchExpressions").is_empty() && items(term, "/matchFields").is_empty();
    terms.is_empty() || terms.iter().any(|term| !empty(term) && items(term, "/matchExpressions").iter().all(holds))
}

fn untolerated<'n>(pod: &Value, node: &'n Value) -> Option<&'n Value> {
    let tolerated = |taint: &Value| {
        items(pod, "/spec/tolerations").iter().any(|toleration| {
            let field = |name: &str| text(toleration, &format!("/{name}")).to_owned();
            let exists = field("operator") == "Exists";
            let effect = field("effect");
            (effect.is_empty() || effect == text(taint, "/effect"))
                && ((exists && field("key").is_empty())
                    || (field("key") == text(taint, "/key") && (exists || field("value") == text(taint, "/value"))))
        })
    };
    let counts = |taint: &&Value| matches!(text(taint, "/effect"), "NoSchedule" | "NoExecute");
    items(node, "/spec/taints").iter().filter(counts).find(|taint| !tolerated(taint))
}

/// What a pod asks for, in thousandths.
fn requests(pod: &Value) -> BTreeMap<String, i64> {
    let mut all = BTreeMap::new();
    for container in items(pod, "/spec/containers") {
        for (resource, amount) in container["resources"]["requests"].as_object().into_iter().flatten() {
            *all.entry(resource.clone()).or_insert(0) += milli(amount).unwrap_or(0);
        }
    }
    all
}

/// What the pods on each node ask for, in thousandths, by node and resource.
#[derive(Default)]
pub struct Taken(BTreeMap<(String, String), i64>);

impl Taken {
    /// Counted only where the pod asks for something: nothing else depends on it.
    pub fn count(cluster: &Cluster, pod: &Value) -> Self {
        let mut taken = Self::default();
        if requests(pod).is_empty() {
            return taken;
        }
        for other in cluster.store.list(&resources::PODS, None) {
            let node = text(&other, "/spec/nodeName");
            if node.is_empty() || has_ended(&other) {
                continue;
            }
            for (resource, amount) in requests(&other) {
                *taken.0.entry((node.to_owned(), resource)).or_default() += amount;
            }
        }
        taken
    }
}
