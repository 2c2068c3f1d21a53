//! Courses of whole workloads on a paused runtime: time passes in no time, and the seed decides everything.

mod argo;
mod jobs;
mod others;
mod pods;
mod rollouts;
mod sets;

use super::{Controllers, Curve, Loads, object::*};
use crate::{
    sim::{
        resource::{Resource, resources},
        store::{DeleteOptions, Part, Store},
        world::World,
    },
    time::Clock,
};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use tokio_util::task::AbortOnDropHandle;

/// A namespace `shop` on three nodes, with controllers running.
struct Course {
    store: Store,
    _running: AbortOnDropHandle<()>,
}

impl Course {
    fn start() -> Self {
        Self::with_loads(Loads::default())
    }

    fn with_loads(loads: Loads) -> Self {
        let world = World::empty(Clock::starting_at("2026-01-01T00:00:00Z".parse().unwrap()), 7);
        let store = world.store;
        for node in ["node-1", "node-2", "node-3"] {
            let ready = json!({"type": "Ready", "status": "True"});
            let room = json!({"cpu": "16", "memory": "64Gi", "pods": "110"});
            let node = json!({"metadata": {"name": node}, "status": {"conditions": [ready], "allocatable": room}});
            store.create(&resources::NODES, node).unwrap();
        }
        store.create(&resources::NAMESPACES, json!({"metadata": {"name": "shop"}})).unwrap();
        let _running = Controllers::new(&store, 7, loads).spawn();
        Self { store, _running }
    }

    fn create(&self, resource: &'static Resource, object: Value) -> Arc<Value> {
        self.store.create(resource, object).unwrap()
    }

    fn get(&self, resource: &'static Resource, name: &str) -> Arc<Value> {
        self.store.get(resource, "shop", name).unwrap_or_else(|| panic!("no {} {name}", resource.kind))
    }

    fn edit(&self, resource: &'static Resource, name: &str, edit: impl FnOnce(&mut Value)) -> Arc<Value> {
        self.store
            .update(resource, "shop", name, Part::Whole, None, |o| {
                edit(o);
                Ok(())
            })
            .unwrap()
    }

    fn list(&self, resource: &'static Resource) -> Vec<Arc<Value>> {
        self.store.list(resource, Some("shop"))
    }

    fn pods(&self) -> Vec<Arc<Value>> {
        self.list(&resources::PODS)
    }

    fn delete(&self, resource: &'static Resource, name: &str) {
        self.store.delete(resource, "shop", name, DeleteOptions::default()).unwrap();
    }

    /// Reasons of the Events about an object.
    fn told(&self, name: &str) -> Vec<String> {
        let events = self.list(&resources::EVENTS);
        events
            .iter()
            .filter(|e| text(e, "/involvedObject/name") == name)
            .map(|e| text(e, "/reason").to_owned())
            .collect()
    }
}

/// Lets virtual time pass.
async fn pass(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

fn template(image: &str) -> Value {
    json!({
        "metadata": {"labels": {"app": "web"}},
        "spec": {"containers": [{"name": "app", "image": image, "resources": {"requests": {"cpu": "100m"}}}]},
    })
}

fn deployment(image: &str, replicas: i64) -> Value {
    json!({
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": "web"}}, "template": template(image)},
    })
}

fn set_image(object: &mut Value, image: &str) {
    object["spec"]["template"]["spec"]["containers"][0]["image"] = image.into();
}

fn reason(object: &Value, kind: &str) -> String {
    condition(&object["status"], kind).map(|c| text(c, "/reason").to_owned()).unwrap_or_default()
}
