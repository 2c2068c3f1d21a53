//! One embedded world: the store, and what stands around it.
//!
//! Invariant: every world starts with the namespaces and objects that a new cluster has.

use super::{resource::resources, store::Store};
use crate::time::Clock;
use serde_json::json;

/// A world. Cheap to clone: clones share everything.
#[derive(Clone)]
pub struct World {
    /// Every object.
    pub store: Store,
}

impl World {
    /// A world like a new cluster: its namespaces, and their default service accounts. No nodes, no workloads.
    pub fn empty(clock: Clock, seed: u64) -> Self {
        let store = Store::new(clock, seed);
        for namespace in ["default", "kube-system"] {
            // An empty store takes both: the names are valid and free.
            let _ = store.create(&resources::NAMESPACES, json!({ "metadata": { "name": namespace } }));
            let account = json!({ "metadata": { "name": "default", "namespace": namespace } });
            let _ = store.create(&resources::SERVICE_ACCOUNTS, account);
        }
        Self { store }
    }
}
