//! How many pods each template has: by the weight, within surge and unavailability.
//!
//! Invariant: a pod that serves is never taken away when fewer than `replicas - maxUnavailable` would be left.

use super::{COMPONENT, Canary};
use crate::sim::{
    controllers::object::{count, generation, int, name, scaled, set},
    resource::resources,
    store::Part,
};
use serde_json::{Value, json};
use std::sync::Arc;

fn size(set: &Value) -> i64 {
    int(set, "/spec/replicas").unwrap_or(1)
}

/// Pods that serve, no more than there are to be: a ReplicaSet that is being scaled down tells the past.
fn serving(set: &Value) -> i64 {
    count(set, "/status/availableReplicas").min(size(set))
}

impl Canary<'_> {
    /// How many pods the new and the stable template are to have. Of a single replica, each has one while both are wanted.
    fn targets(&self) -> (i64, i64) {
        let (desired, weight) = (self.desired(), self.weight());
        let new = match weight {
            ..=0 => 0,
            100.. => desired,
            _ => ((desired * weight + 50) / 100).clamp(1.min(desired), (desired - 1).max(1)),
        };
        let stable = if (1..100).contains(&weight) && desired == 1 { 1 } else { desired - new };
        (new, stable)
    }

    /// Whether the pods are as the weight asks.
    pub fn is_reached(&self) -> bool {
        let (new, stable) = self.targets();
        let settled = |set: Option<&Arc<Value>>, wanted: i64| match set {
            None => wanted == 0,
            Some(set) => {
                size(set) == wanted
                    && serving(set) == wanted
                    && count(set, "/status/replicas") == wanted
                    && count(set, "/status/observedGeneration") >= generation(set)
            }
        };
        let alone = self.stable.is_none();
        settled(self.new.as_ref(), new)
            && (alone || settled(self.stable.as_ref(), stable))
            && self.old.iter().all(|set| settled(Some(set), 0))
    }

    /// Takes one step towards the targets.
    pub fn scale(&mut self) {
        let (new, stable) = self.targets();
        let rules = &self.rollout["spec"]["strategy"]["canary"];
        let default = json!("25%");
        let surge = scaled(rules.get("maxSurge"), &default, self.desired(), true);
        let unavailable = scaled(rules.get("maxUnavailable"), &default, self.desired(), false);
        let (surge, unavailable) = if surge + unavailable == 0 { (0, 1) } else { (surge, unavailable) };
        let total: i64 = self.sets().map(|set| size(set)).sum();
        let mut spare = self.sets().map(|set| serving(set)).sum::<i64>() - (self.desired() - unavailable);
        let mut wanted: Vec<(Arc<Value>, i64)> = self.old.iter().map(|set| (Arc::clone(set), 0)).collect();
        wanted.extend(self.stable.iter().map(|set| (Arc::clone(set), stable)));
        wanted.extend(self.new.iter().map(|set| (Arc::clone(set), new)));
        // A single replica may have its canary beside it, whatever the surge says: how else could it be a canary?
        let mut room = (self.desired().max(new + stable) + surge - total).max(0);
        for (set, target) in &wanted {
            let more = (target - size(set)).clamp(0, room);
            if more > 0 {
                self.resize(set, size(set) + more);
                room -= more;
            }
            let idle = size(set) - serving(set);
            let fewer = (size(set) - target).clamp(0, idle + spare.max(0));
            if fewer > 0 {
                self.resize(set, size(set) - fewer);
                spare -= (fewer - idle).max(0);
            }
        }
    }

    fn resize(&self, set: &Arc<Value>, replicas: i64) {
        let way = if replicas > size(set) { "up" } else { "down" };
        let message = format!("Scaled {way} ReplicaSet {} from {} to {replicas}", name(set), size(set));
        let written = self.cluster.edit(&resources::REPLICA_SETS, set, Part::Whole, |s| {
            self::set(s, &["spec", "replicas"], replicas);
        });
        if written.is_ok() {
            self.cluster.event(&self.rollout, "Normal", "ScalingReplicaSet", &message, COMPONENT);
        }
    }
}
