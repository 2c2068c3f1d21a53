//! PodDisruptionBudgets: how many pods may go.
//!
//! Invariant: it only counts; refusing an eviction is the API server's work.

use super::{
    cluster::Cluster,
    object::{count, generation, int, labels, namespace, scaled, selects, set, set_condition, text},
    pods::{is_active, is_ready},
};
use crate::sim::resource::resources;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::{collections::BTreeSet, sync::Arc};

/// Writes the budget's status.
pub fn reconcile(cluster: &mut Cluster, namespace: &str, name: &str) -> Option<Timestamp> {
    let budget = cluster.store.get(&resources::POD_DISRUPTION_BUDGETS, namespace, name)?;
    let mut pods = cluster.list(&resources::PODS, namespace);
    pods.retain(|p| selects(&budget["spec"]["selector"], labels(p)) && is_active(p));
    // A plain number counts the pods that are there; a percentage, or what may be missing, needs what their owners ask for.
    let plain = int(&budget, "/spec/minAvailable").is_some();
    let expected = if plain { i64::try_from(pods.len()).unwrap_or(0) } else { expected(cluster, &pods) };
    let healthy = i64::try_from(pods.iter().filter(|p| is_ready(p)).count()).unwrap_or(0);
    let spec = &budget["spec"];
    let desired = match spec.get("maxUnavailable").filter(|v| !v.is_null()) {
        Some(most) => (expected - scaled(Some(most), &Value::Null, expected, true)).max(0),
        None => scaled(spec.get("minAvailable"), &json!(0), expected, true),
    };
    let allowed = (healthy - desired).max(0);
    let mut status = if budget["status"].is_object() { budget["status"].clone() } else { json!({}) };
    for (field, value) in [
        ("disruptionsAllowed", if expected > 0 { allowed } else { 0 }),
        ("currentHealthy", healthy),
        ("desiredHealthy", desired),
        ("expectedPods", expected),
        ("observedGeneration", generation(&budget)),
    ] {
        set(&mut status, &[field], value);
    }
    let (value, reason) = if count(&status, "/disruptionsAllowed") > 0 {
        ("True", "SufficientPods")
    } else {
        ("False", "InsufficientPods")
    };
    set_condition(&mut status, "DisruptionAllowed", value, reason, "", generation(&budget), cluster.now());
    cluster.write_status(&resources::POD_DISRUPTION_BUDGETS, &budget, status);
    None
}

/// The pods that the owners of these pods ask for.
fn expected(cluster: &Cluster, pods: &[Arc<Value>]) -> i64 {
    let mut seen = BTreeSet::new();
    let mut total = 0;
    for pod in pods {
        let Some(owner) = super::object::controller_of(pod).map(|o| text(o, "/uid").to_owned()) else {
            total += 1;
            continue;
        };
        let Some(mut set) = cluster.index.place(&owner).and_then(|p| cluster.read(p)) else { continue };
        // Pods of several ReplicaSets of one Deployment are expected once.
        if let Some(above) = super::object::controller_of(&set)
            && let Some(workload) = cluster.index.place(text(above, "/uid")).and_then(|p| cluster.read(p))
        {
            set = workload;
        }
        if seen.insert(super::object::uid(&set).to_owned()) && !namespace(&set).is_empty() {
            total += int(&set, "/spec/replicas").unwrap_or(1);
        }
    }
    total
}
