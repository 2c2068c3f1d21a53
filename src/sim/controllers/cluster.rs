//! What every controller works with: the store, the time of this step, the seeded chance, the index, the queue and the memory.
//!
//! Invariant: `now` stands still while one key is reconciled. A write that fails is reported to the caller, never dropped.

use super::{
    autoscaler, events, garbage,
    index::{Index, Place},
    job, kubelet,
    load::Loads,
    object::{controlled_by, controller_reference, labels, name, namespace, selects, set, terminating, uid},
    queue::{Controller, Key, Queue},
    triggers,
};
use crate::{
    sim::{
        resource::{Resource, resources},
        status::Status,
        store::{Change, ChangeKind, DeleteOptions, Part, Store},
    },
    time::Clock,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::{cell::RefCell, collections::HashMap, sync::Arc, time::Duration};

/// The controllers' view of the world.
pub struct Cluster {
    /// The objects; writes through it carry the time of the step.
    pub store: Store,
    /// What is to be done.
    pub queue: Queue,
    /// Who owns what.
    pub index: Index,
    /// How busy workloads are.
    pub loads: Loads,
    /// The world's seed.
    pub seed: u64,
    /// Events that were told and may be counted up.
    pub recorder: RefCell<events::Recorder>,
    /// What runs on the nodes.
    pub machines: kubelet::Machines,
    /// Finished pods that jobs have counted.
    pub jobs: job::Counted,
    /// What autoscalers recommended lately.
    pub autoscalers: autoscaler::Memory,
    /// How often a key failed in a row.
    failures: HashMap<Key, u32>,
    now: Timestamp,
}

/// A moment so far ahead that no run reaches it: a virtual clock that starts there stands still.
const NEVER: Duration = Duration::from_secs(86_400 * 365);

impl Cluster {
    /// An unmoved view of a store.
    pub fn new(store: Store, seed: u64, loads: Loads) -> Self {
        let now = store.clock().now();
        Self {
            store,
            queue: Queue::default(),
            index: Index::default(),
            loads,
            seed,
            recorder: RefCell::default(),
            machines: kubelet::Machines::default(),
            jobs: job::Counted::default(),
            autoscalers: autoscaler::Memory::default(),
            failures: HashMap::new(),
            now,
        }
    }

    /// The time of this step.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// `seconds` after the time of this step.
    pub fn later(&self, seconds: f64) -> Timestamp {
        after(self.now, seconds)
    }

    /// Reads the clock again.
    pub fn refresh_now(&mut self) {
        self.now = self.store.clock().now();
    }

    /// Stops the clock at `moment`.
    pub fn freeze(&mut self, store: &Store, moment: Timestamp) {
        let still = Clock::standing(moment, NEVER);
        self.store = store.with_clock(still);
        self.now = moment;
    }

    /// Goes back to the clock of `store`.
    pub fn thaw(&mut self, store: &Store) {
        self.store = store.clone();
        self.refresh_now();
    }

    /// Treats everything that is in the store as if it had just come.
    pub fn take_stock(&mut self) {
        for resource in resources::ALL.iter().copied() {
            for object in self.store.list(resource, None) {
                self.index.put(resource, None, &object);
                let change = Change { resource, kind: ChangeKind::Added, object, old: None, version: 0 };
                triggers::enqueue(self, &change);
            }
        }
        self.queue.push(events::expiry());
    }

    /// Takes a change into account.
    pub fn notice(&mut self, change: &Change) {
        match change.kind {
            ChangeKind::Deleted => self.index.remove(change.resource, &change.object),
            ChangeKind::Added | ChangeKind::Modified => {
                self.index.put(change.resource, change.old.as_deref(), &change.object);
            }
        }
        garbage::enqueue(self, change);
        triggers::enqueue(self, change);
    }

    /// Asks for a key to be reconciled in this turn.
    pub fn enqueue(&mut self, controller: Controller, namespace: &str, name: &str) {
        self.queue.push(Key::new(controller, namespace, name));
    }

    /// A number in `0.0..1.0` that depends on the seed and `parts` only.
    pub fn chance(&self, parts: &[&str]) -> f64 {
        let hash = super::object::fnv(parts) ^ self.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mixed = (hash ^ (hash >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (mixed >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Writes the status; false when the object is gone or nothing changed.
    pub fn write_status(&self, resource: &'static Resource, object: &Value, status: Value) -> bool {
        self.edit(resource, object, Part::Status, |o| o["status"] = status).is_ok()
    }

    /// Edits an object.
    pub fn edit(
        &self,
        resource: &'static Resource,
        object: &Value,
        part: Part,
        edit: impl FnOnce(&mut Value),
    ) -> Result<Arc<Value>, Status> {
        self.store.update(resource, namespace(object), name(object), part, None, |o| {
            edit(o);
            Ok(())
        })
    }

    /// Tells an Event; one that repeats is counted up.
    pub fn event(&self, about: &Value, kind: &str, reason: &str, message: &str, component: &str) {
        self.recorder.borrow_mut().tell(self, about, kind, reason, message, component);
    }

    /// Deletes an object with its resource's habits, except that what it owns goes in the background.
    pub fn delete(&self, resource: &'static Resource, object: &Value) -> bool {
        let options = DeleteOptions {
            uid: Some(uid(object).to_owned()),
            propagation: Some(crate::sim::resource::Propagation::Background),
            ..DeleteOptions::default()
        };
        self.store.delete(resource, namespace(object), name(object), options).is_ok()
    }

    /// The objects of a resource that `owner` controls, adopting those that its selector matches and nobody controls.
    pub fn claimed(&self, resource: &'static Resource, owner: &Value) -> Vec<Arc<Value>> {
        let mut found = self.owned(resource, owner);
        let selector = &owner["spec"]["selector"];
        if terminating(owner) {
            return found;
        }
        for place in self.index.orphans(resource, namespace(owner)) {
            let Some(orphan) = self.read(&place) else { continue };
            if terminating(&orphan)
                || super::object::controller_of(&orphan).is_some()
                || !selects(selector, labels(&orphan))
            {
                continue;
            }
            let reference = controller_reference(owner);
            let adopted = self.edit(resource, &orphan, Part::Any, |o| {
                let mut references = super::object::items(o, "/metadata/ownerReferences").to_vec();
                references.push(reference);
                set(o, &["metadata", "ownerReferences"], references);
            });
            found.extend(adopted);
        }
        found
    }

    /// The objects of a resource that `owner` controls.
    pub fn owned(&self, resource: &'static Resource, owner: &Value) -> Vec<Arc<Value>> {
        let places = self.index.owned_by(uid(owner));
        let here = places.iter().filter(|p| p.resource == resource).filter_map(|p| self.read(p));
        here.filter(|o| controlled_by(o, owner)).collect()
    }

    /// The object at a place.
    pub fn read(&self, place: &Place) -> Option<Arc<Value>> {
        self.store.get(place.resource, &place.namespace, &place.name)
    }

    /// When to try a failed key again: after 1, 2, 4 … 60 seconds. A success resets it.
    pub fn retry(&mut self, key: Key, failed: bool) -> Option<Timestamp> {
        if !failed {
            self.failures.remove(&key);
            return None;
        }
        let times = self.failures.entry(key).or_insert(0);
        *times = times.saturating_add(1);
        let wait = f64::from(1_u32 << (*times - 1).min(6)).min(60.0);
        Some(self.later(wait))
    }

    /// The objects of a resource in a namespace.
    pub fn list(&self, resource: &'static Resource, namespace: &str) -> Vec<Arc<Value>> {
        self.store.list(resource, Some(namespace))
    }
}

/// `seconds` after `moment`.
pub fn after(moment: Timestamp, seconds: f64) -> Timestamp {
    moment.checked_add(SignedDuration::from_millis((seconds * 1000.0) as i64)).unwrap_or(Timestamp::MAX)
}

/// The earlier of two optional moments.
pub fn earlier(a: Option<Timestamp>, b: Option<Timestamp>) -> Option<Timestamp> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// An object reference as events carry it.
pub fn reference(object: &Value) -> Value {
    let mut reference = json!({
        "kind": object["kind"], "namespace": object["metadata"]["namespace"], "name": object["metadata"]["name"],
        "uid": object["metadata"]["uid"], "apiVersion": object["apiVersion"],
        "resourceVersion": object["metadata"]["resourceVersion"],
    });
    if let Some(map) = reference.as_object_mut() {
        map.retain(|_, v| !v.is_null());
    }
    reference
}
