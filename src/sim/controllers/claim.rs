//! PersistentVolumeClaims: there are no volumes and no storage classes here, so a claim waits and says why.
//!
//! Invariant: it never binds a claim. Those of StatefulSets are bound when they are made, as if a provisioner had been quick.

use super::{
    cluster::Cluster,
    object::{set, text},
};
use crate::sim::resource::resources;
use jiff::Timestamp;
use serde_json::json;

const COMPONENT: &str = "persistentvolume-controller";
/// Seconds between two attempts.
const AGAIN: f64 = 15.0;

/// Says why the claim is not bound.
pub fn reconcile(cluster: &mut Cluster, namespace: &str, name: &str) -> Option<Timestamp> {
    let claim = cluster.store.get(&resources::PERSISTENT_VOLUME_CLAIMS, namespace, name)?;
    if matches!(text(&claim, "/status/phase"), "Bound" | "Lost") {
        return None;
    }
    let mut status = if claim["status"].is_object() { claim["status"].clone() } else { json!({}) };
    set(&mut status, &["phase"], "Pending");
    cluster.write_status(&resources::PERSISTENT_VOLUME_CLAIMS, &claim, status);
    match text(&claim, "/spec/storageClassName") {
        "" => {
            let why = "no persistent volumes available for this claim and no storage class is set";
            cluster.event(&claim, "Normal", "FailedBinding", why, COMPONENT);
        }
        class => {
            let why = format!("storageclass.storage.k8s.io \"{class}\" not found");
            cluster.event(&claim, "Warning", "ProvisioningFailed", &why, COMPONENT);
        }
    }
    Some(cluster.later(AGAIN))
}
