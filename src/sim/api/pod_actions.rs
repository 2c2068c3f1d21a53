//! What is done to a pod rather than written into it: eviction and binding.
//!
//! Invariant: an eviction that a disruption budget forbids is 429 without `Retry-After`, and deletes nothing.

use super::{Call, Response, body, reply};
use crate::sim::{
    resource::resources::{NAMESPACES, POD_DISRUPTION_BUDGETS, PODS},
    selector::LabelSelector,
    status::Status,
    store::{Part, meta, terminating},
};
use serde_json::{Value, json};
use std::sync::Arc;

/// POST of an eviction.
pub fn evict(call: &Call) -> Result<Response, Status> {
    let (namespace, name) = (call.target.namespace(), call.target.name());
    let pod = call.store.get(&PODS, namespace, name).ok_or_else(|| Status::not_found(&PODS, name))?;
    let home = call.store.get(&NAMESPACES, "", namespace);
    if home.is_some_and(|home| terminating(&home)) {
        let why = format!("unable to create new content in namespace {namespace} because it is being terminated");
        return Err(Status::forbidden(&PODS, name, &why));
    }
    let (eviction, _) = body::object(call, ("policy", "v1", "Eviction"))?;
    let asked = &eviction["deleteOptions"];
    let ended = matches!(pod["status"]["phase"].as_str(), Some("Succeeded" | "Failed" | "Pending"));
    if !ended && !terminating(&pod) {
        for budget in call.store.list(&POD_DISRUPTION_BUDGETS, Some(namespace)) {
            if LabelSelector::of_object(&budget["spec"]["selector"]).matches_labels(&pod["metadata"]["labels"]) {
                check(call, &budget)?;
            }
        }
    }
    let text = |field: &str| asked["preconditions"][field].as_str().map(str::to_owned);
    let options = crate::sim::store::DeleteOptions {
        grace: asked["gracePeriodSeconds"].as_i64(),
        propagation: None,
        uid: text("uid"),
        resource_version: text("resourceVersion"),
    };
    let dry = asked["dryRun"].as_array().is_some_and(|list| list.iter().any(|v| v == "All"));
    let store = if dry { call.store.dry_run() } else { call.store.clone() };
    store.delete(&PODS, namespace, name, options)?;
    Ok(reply::success(201, &Value::Null))
}

/// Whether the budget can bear one pod less.
fn check(call: &Call, budget: &Value) -> Result<(), Status> {
    let selector = LabelSelector::of_object(&budget["spec"]["selector"]);
    let all = call.store.list(&PODS, Some(call.target.namespace()));
    let mine: Vec<&Arc<Value>> =
        all.iter().filter(|p| selector.matches_labels(&p["metadata"]["labels"]) && !terminating(p)).collect();
    let ready = |p: &Value| {
        let conditions = p["status"]["conditions"].as_array().into_iter().flatten();
        conditions.into_iter().any(|c| c["type"] == "Ready" && c["status"] == "True")
    };
    let expected = i64::try_from(mine.len()).unwrap_or(i64::MAX);
    let healthy = i64::try_from(mine.iter().filter(|p| ready(p)).count()).unwrap_or(i64::MAX);
    let spec = &budget["spec"];
    let needed = match (share(&spec["minAvailable"], expected), share(&spec["maxUnavailable"], expected)) {
        (Some(least), _) => least,
        (None, Some(most)) => (expected - most).max(0),
        (None, None) => 0,
    };
    if healthy > needed {
        return Ok(());
    }
    let mut status =
        Status::new(429, "TooManyRequests", "Cannot evict pod as it would violate the pod's disruption budget.");
    let name = meta(budget, "name");
    let why = format!("The disruption budget {name} needs {needed} healthy pods and has {healthy} currently");
    *status.details = json!({ "causes": [{ "reason": "DisruptionBudget", "message": why }] });
    Err(status)
}

/// A count, or a percentage of `all` rounded up.
fn share(value: &Value, all: i64) -> Option<i64> {
    match value {
        Value::Number(n) => n.as_i64(),
        Value::String(text) => {
            let percent: i64 = text.strip_suffix('%')?.parse().ok()?;
            Some((percent * all + 99) / 100)
        }
        _ => None,
    }
}

/// POST of a binding: the scheduler's choice of a node.
pub fn bind(call: &Call) -> Result<Response, Status> {
    let (namespace, name) = (call.target.namespace(), call.target.name());
    let (binding, _) = body::object(call, ("", "v1", "Binding"))?;
    let node = binding["target"]["name"].clone();
    let now = crate::sim::store::time(call.store.clock().now());
    call.store.update(&PODS, namespace, name, Part::Any, None, |pod| {
        if let Some(taken) = pod["spec"]["nodeName"].as_str().filter(|n| !n.is_empty()) {
            return Err(Status::conflict(&PODS, name, &format!("pod {name} is already assigned to node {taken:?}")));
        }
        pod["spec"]["nodeName"] = node;
        let scheduled =
            json!({ "type": "PodScheduled", "status": "True", "lastProbeTime": null, "lastTransitionTime": now });
        match pod["status"]["conditions"].as_array_mut() {
            Some(list) => {
                list.retain(|c| c["type"] != "PodScheduled");
                list.push(scheduled);
            }
            None => pod["status"]["conditions"] = json!([scheduled]),
        }
        Ok(())
    })?;
    Ok(reply::success(201, &Value::Null))
}
