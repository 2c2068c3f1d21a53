//! Scaling a Deployment: the one active ReplicaSet at once, several in proportion.
//!
//! Invariant: after a scale every active ReplicaSet is noted with the Deployment's replicas and its maximum.

use super::{DESIRED, MAX, Rollout, created, noted, replicas};
use crate::sim::{
    controllers::object::{count, name, namespace, set},
    resource::resources,
    store::Part,
};
use serde_json::Value;
use std::{cmp::Reverse, sync::Arc};

impl Rollout<'_> {
    /// Whether the Deployment was scaled since its active ReplicaSets were last written.
    pub fn is_scaling(&self) -> bool {
        let desired = self.desired();
        self.all().filter(|s| replicas(s) > 0).any(|s| noted(s, DESIRED).is_some_and(|n| n != desired))
    }

    /// Spreads the Deployment's replicas over its ReplicaSets.
    pub fn scale(&mut self) {
        if let Some(only) = self.active_or_latest() {
            if replicas(&only) != self.desired() {
                self.scale_set(&only, self.desired());
            } else {
                // The counts agree, but what is noted may not.
                self.note(&only, replicas(&only));
            }
            return;
        }
        if self.is_saturated() {
            for set in self.active_old() {
                self.scale_set(&set, 0);
            }
            return;
        }
        if self.is_rolling() {
            self.scale_in_proportion();
        }
    }

    fn active_or_latest(&self) -> Option<Arc<Value>> {
        let active: Vec<_> = self.all().filter(|s| replicas(s) > 0).collect();
        match active.as_slice() {
            [] => self.new.clone().or_else(|| self.old.last().cloned()),
            [only] => Some(Arc::clone(only)),
            _ => None,
        }
    }

    fn is_saturated(&self) -> bool {
        let desired = self.desired();
        self.new.as_ref().is_some_and(|s| {
            replicas(s) == desired
                && noted(s, DESIRED) == Some(desired)
                && count(s, "/status/availableReplicas") == desired
        })
    }

    fn scale_in_proportion(&mut self) {
        let mut active: Vec<_> = self.all().filter(|s| replicas(s) > 0).cloned().collect();
        let total: i64 = active.iter().map(|s| replicas(s)).sum();
        let allowed = if self.desired() > 0 { self.desired() + self.surge() } else { 0 };
        let to_add = allowed - total;
        // Larger sets first; of equal ones the newer when growing, the older when shrinking.
        active.sort_by_key(|s| Reverse(replicas(s)));
        if to_add > 0 {
            active.sort_by(|a, b| replicas(b).cmp(&replicas(a)).then_with(|| created(b).cmp(created(a))));
        } else {
            active.sort_by(|a, b| replicas(b).cmp(&replicas(a)).then_with(|| created(a).cmp(created(b))));
        }
        let mut added = 0;
        let mut sizes: Vec<i64> = Vec::new();
        for set in &active {
            let share = self.proportion(set, to_add, added);
            added += share;
            sizes.push(replicas(set) + share);
        }
        if let Some(first) = sizes.first_mut() {
            *first = (*first + to_add - added).max(0);
        }
        for (set, size) in active.iter().zip(sizes) {
            self.scale_set(set, size);
        }
    }

    fn proportion(&self, set: &Value, to_add: i64, added: i64) -> i64 {
        if to_add == 0 || to_add == added {
            return 0;
        }
        let share = self.fraction(set);
        let allowed = to_add - added;
        if to_add > 0 { share.min(allowed) } else { share.max(allowed) }
    }

    fn fraction(&self, set: &Value) -> i64 {
        let size = replicas(set);
        if self.desired() == 0 {
            return -size;
        }
        let before = noted(set, MAX).filter(|m| *m > 0).unwrap_or_else(|| count(&self.deployment, "/status/replicas"));
        if before == 0 {
            return 0;
        }
        let scaled = (size * (self.desired() + self.surge())) as f64 / before as f64;
        scaled.round() as i64 - size
    }

    /// Scales one ReplicaSet and tells it; true when its size changed.
    pub fn scale_set(&self, set: &Value, size: i64) -> bool {
        let before = replicas(set);
        self.note(set, size);
        if before == size {
            return false;
        }
        let direction = if size > before { "up" } else { "down" };
        let message = format!("Scaled {direction} replica set {} from {before} to {size}", name(set));
        self.event("Normal", "ScalingReplicaSet", &message);
        true
    }

    fn note(&self, set: &Value, size: i64) {
        let (desired, max) = (self.desired(), self.desired() + self.surge());
        let _ =
            self.cluster.store.update(&resources::REPLICA_SETS, namespace(set), name(set), Part::Whole, None, |s| {
                self::set(s, &["spec", "replicas"], size);
                self::set(s, &["metadata", "annotations", DESIRED], desired.to_string());
                self::set(s, &["metadata", "annotations", MAX], max.to_string());
                Ok(())
            });
    }
}
