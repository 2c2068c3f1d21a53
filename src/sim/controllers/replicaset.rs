//! The ReplicaSet controller: as many pods as asked for.
//!
//! Invariant: it creates and deletes pods of its own only. A pod that cannot be created is told as an Event and as the
//! condition ReplicaFailure, and tried again later.

use super::{
    cluster::{Cluster, earlier},
    object::{
        condition, count, generation, int, labels, name, namespace, put_condition, remove_condition, set, set_count,
        terminating, time,
    },
    pods::{self, available_from, is_active, is_ready},
    queue::{Controller, Key},
};
use crate::sim::resource::resources;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::sync::Arc;

const COMPONENT: &str = "replicaset-controller";

/// Creates or deletes pods, then counts them.
pub fn reconcile(cluster: &mut Cluster, namespace: &str, name: &str) -> Option<Timestamp> {
    let set = cluster.store.get(&resources::REPLICA_SETS, namespace, name)?;
    let all = cluster.claimed(&resources::PODS, &set);
    let active: Vec<_> = all.iter().filter(|p| is_active(p)).cloned().collect();
    let failure = if terminating(&set) { None } else { manage(cluster, &set, active) };
    let again = write_status(cluster, &set, failure.as_deref());
    let key = Key::new(Controller::ReplicaSet, namespace, name);
    earlier(again, cluster.retry(key, failure.is_some()))
}

/// Makes the count right; answers why a pod could not be created.
fn manage(cluster: &Cluster, set: &Value, mut active: Vec<Arc<Value>>) -> Option<String> {
    let wanted = int(set, "/spec/replicas").unwrap_or(1);
    let missing = wanted - i64::try_from(active.len()).unwrap_or(i64::MAX);
    for _ in 0..missing {
        let mut pod = pods::from_template(set, &set["spec"]["template"]);
        self::set(&mut pod, &["metadata", "generateName"], format!("{}-", name(set)));
        match cluster.store.create(&resources::PODS, pod) {
            Ok(pod) => {
                cluster.event(set, "Normal", "SuccessfulCreate", &format!("Created pod: {}", name(&pod)), COMPONENT);
            }
            Err(status) => {
                cluster.event(
                    set,
                    "Warning",
                    "FailedCreate",
                    &format!("Error creating: {}", status.message),
                    COMPONENT,
                );
                return Some(status.message);
            }
        }
    }
    if missing < 0 {
        active.sort_by(|a, b| pods::first_to_go(a, b));
        for pod in active.iter().take(usize::try_from(-missing).unwrap_or(0)) {
            cluster.delete(&resources::PODS, pod);
            cluster.event(set, "Normal", "SuccessfulDelete", &format!("Deleted pod: {}", name(pod)), COMPONENT);
        }
    }
    None
}

fn write_status(cluster: &Cluster, set: &Value, failure: Option<&str>) -> Option<Timestamp> {
    let now = cluster.now();
    let pods = cluster.owned(&resources::PODS, set);
    let seconds = int(set, "/spec/minReadySeconds").unwrap_or(0);
    let wanted = set["spec"]["template"]["metadata"]["labels"].as_object();
    let (mut total, mut ready, mut available, mut labelled, mut leaving) = (0, 0, 0, 0, 0);
    let mut again = None;
    for pod in &pods {
        if !is_active(pod) {
            leaving += i64::from(terminating(pod) && !pods::has_ended(pod));
            continue;
        }
        total += 1;
        labelled += i64::from(wanted.is_none_or(|w| w.iter().all(|(k, v)| labels(pod).get(k) == Some(v))));
        ready += i64::from(is_ready(pod));
        match available_from(pod, seconds) {
            Some(from) if from <= now => available += 1,
            from => again = earlier(again, from),
        }
    }
    let mut status = if set["status"].is_object() { set["status"].clone() } else { json!({}) };
    self::set(&mut status, &["replicas"], total);
    set_count(&mut status, "fullyLabeledReplicas", labelled);
    set_count(&mut status, "readyReplicas", ready);
    set_count(&mut status, "availableReplicas", available);
    self::set(&mut status, &["terminatingReplicas"], leaving);
    self::set(&mut status, &["observedGeneration"], generation(set));
    match failure {
        None => remove_condition(&mut status, "ReplicaFailure"),
        Some(message) if condition(&status, "ReplicaFailure").is_none() => put_condition(
            &mut status,
            json!({"type": "ReplicaFailure", "status": "True", "lastTransitionTime": time(now), "reason": "FailedCreate", "message": message}),
        ),
        Some(_) => {}
    }
    if count(&status, "/observedGeneration") > 0 || !namespace(set).is_empty() {
        cluster.write_status(&resources::REPLICA_SETS, set, status);
    }
    again
}
