//! Namespaces: phase, the default ServiceAccount and CA ConfigMap, and the emptying of one that is deleted.
//!
//! Invariant: the `kubernetes` finalizer goes only when nothing is left inside.

use super::{cluster::Cluster, object::terminating};
use crate::sim::{
    resource::{Propagation, resources},
    store::{DeleteOptions, Part},
};
use jiff::Timestamp;
use serde_json::json;

/// Furnishes a new namespace or empties a terminating one.
pub fn reconcile(cluster: &mut Cluster, name: &str) -> Option<Timestamp> {
    let namespace = cluster.store.get(&resources::NAMESPACES, "", name)?;
    if !terminating(&namespace) {
        for (resource, object) in [
            (&resources::SERVICE_ACCOUNTS, json!({"metadata": {"name": "default", "namespace": name}})),
            (
                &resources::CONFIG_MAPS,
                json!({"metadata": {"name": "kube-root-ca.crt", "namespace": name}, "data": {"ca.crt": ""}}),
            ),
        ] {
            let wanted = object["metadata"]["name"].as_str().unwrap_or_default();
            if cluster.store.get(resource, name, wanted).is_none() {
                let _ = cluster.store.create(resource, object);
            }
        }
        return None;
    }
    let mut left = false;
    for resource in resources::ALL.iter().filter(|r| r.namespaced && !r.virtual_only) {
        for object in cluster.list(resource, name) {
            left = true;
            if !terminating(&object) {
                let options = DeleteOptions { propagation: Some(Propagation::Background), ..DeleteOptions::default() };
                let _ = cluster.store.delete(resource, name, super::object::name(&object), options);
            }
        }
    }
    if !left {
        let _ = cluster.edit(&resources::NAMESPACES, &namespace, Part::Any, |o| o["spec"]["finalizers"] = json!([]));
    }
    None
}
