//! Resource quotas: what a namespace uses of what it may.
//!
//! Invariant: it only counts; the refusal of an object that would exceed a quota is admission's work.

use super::{
    cluster::Cluster,
    object::{items, milli, set},
    pods::has_ended,
};
use crate::sim::resource::{Resource, resources};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// Writes `status.hard` and `status.used`.
pub fn reconcile(cluster: &mut Cluster, namespace: &str, name: &str) -> Option<Timestamp> {
    let quota = cluster.store.get(&resources::RESOURCE_QUOTAS, namespace, name)?;
    let hard = quota["spec"]["hard"].as_object().cloned().unwrap_or_default();
    let used: Map<String, Value> =
        hard.keys().filter_map(|k| Some((k.clone(), used(cluster, namespace, k)?))).collect();
    let mut status = json!({});
    set(&mut status, &["hard"], hard);
    set(&mut status, &["used"], used);
    cluster.write_status(&resources::RESOURCE_QUOTAS, &quota, status);
    None
}

fn used(cluster: &Cluster, namespace: &str, what: &str) -> Option<Value> {
    if let Some(resource) = counted(what) {
        let objects = cluster.list(resource, namespace);
        let lives = objects.iter().filter(|o| resource.kind != "Pod" || !has_ended(o)).count();
        return Some(lives.to_string().into());
    }
    let (field, kind) = match what {
        "cpu" | "requests.cpu" => ("requests", "cpu"),
        "memory" | "requests.memory" => ("requests", "memory"),
        "limits.cpu" => ("limits", "cpu"),
        "limits.memory" => ("limits", "memory"),
        _ => return None,
    };
    let pods = cluster.list(&resources::PODS, namespace);
    let containers = pods.iter().filter(|p| !has_ended(p)).flat_map(|p| items(p, "/spec/containers"));
    let total: i64 = containers.filter_map(|c| milli(&c["resources"][field][kind])).sum();
    Some(if kind == "cpu" { format!("{total}m") } else { (total / 1000).to_string() }.into())
}

/// The resource that `pods` or `count/deployments.apps` counts.
fn counted(what: &str) -> Option<&'static Resource> {
    let qualified = what.strip_prefix("count/").unwrap_or(what);
    let (plural, group) = qualified.split_once('.').unwrap_or((qualified, ""));
    let simple = ["pods", "services", "configmaps", "secrets", "persistentvolumeclaims", "resourcequotas"];
    (what.starts_with("count/") || simple.contains(&what))
        .then(|| crate::sim::resource::resource(group, plural))
        .flatten()
}
