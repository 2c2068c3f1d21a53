//! Pods as their owners see them: made from a template, active or ended, ready, available, and which of them go first.
//!
//! Invariant: it judges pods and builds them; it never writes.

use super::{
    cluster::after,
    object::{annotation, condition, controller_reference, is_true, items, moment, namespace, terminating, text},
};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::cmp::Ordering;

/// A pod made from its owner's template; the caller names it.
pub fn from_template(owner: &Value, template: &Value) -> Value {
    let mut pod = json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": { "namespace": namespace(owner), "ownerReferences": [controller_reference(owner)] },
        "spec": template["spec"],
    });
    for field in ["labels", "annotations", "finalizers"] {
        if let Some(value) = template["metadata"].get(field).filter(|v| !v.is_null()) {
            pod["metadata"][field] = value.clone();
        }
    }
    pod
}

/// Whether the pod neither ended nor is going.
pub fn is_active(pod: &Value) -> bool {
    !has_ended(pod) && !terminating(pod)
}

/// Whether the pod succeeded or failed.
pub fn has_ended(pod: &Value) -> bool {
    matches!(text(pod, "/status/phase"), "Succeeded" | "Failed")
}

/// Whether the pod's Ready condition is true.
pub fn is_ready(pod: &Value) -> bool {
    is_true(&pod["status"], "Ready")
}

/// When a ready pod counts as available: after `seconds` without a break. `None` for one that is not ready.
pub fn available_from(pod: &Value, seconds: i64) -> Option<Timestamp> {
    let ready = condition(&pod["status"], "Ready").filter(|c| c["status"] == "True")?;
    let since = moment(ready, "/lastTransitionTime")?;
    Some(if seconds == 0 { Timestamp::MIN } else { after(since, seconds as f64) })
}

/// Restarts of all containers.
pub fn restarts(pod: &Value) -> i64 {
    items(pod, "/status/containerStatuses").iter().map(|c| super::object::count(c, "/restartCount")).sum()
}

/// Which of two pods goes first when there are too many: the one that serves least, then the cheapest, then the youngest.
pub fn first_to_go(a: &Value, b: &Value) -> Ordering {
    let assigned = |p: &Value| !text(p, "/spec/nodeName").is_empty();
    let phase = |p: &Value| match text(p, "/status/phase") {
        "Pending" | "" => 0,
        "Unknown" => 1,
        _ => 2,
    };
    let cost = |p: &Value| -> i64 {
        annotation(p, "controller.kubernetes.io/pod-deletion-cost").and_then(|c| c.parse().ok()).unwrap_or(0)
    };
    let ready_since = |p: &Value| condition(&p["status"], "Ready").map(|c| text(c, "/lastTransitionTime").to_owned());
    let created = |p: &Value| text(p, "/metadata/creationTimestamp").to_owned();
    assigned(a)
        .cmp(&assigned(b))
        .then_with(|| phase(a).cmp(&phase(b)))
        .then_with(|| is_ready(a).cmp(&is_ready(b)))
        .then_with(|| cost(a).cmp(&cost(b)))
        .then_with(|| if is_ready(a) && is_ready(b) { ready_since(b).cmp(&ready_since(a)) } else { Ordering::Equal })
        .then_with(|| restarts(b).cmp(&restarts(a)))
        .then_with(|| created(b).cmp(&created(a)))
        .then_with(|| super::object::name(a).cmp(super::object::name(b)))
}
