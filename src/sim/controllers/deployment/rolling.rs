//! The two strategies: RollingUpdate, within surge and unavailability, and Recreate.
//!
//! Invariant: a rolling update never takes a ready pod away when that would leave fewer than `replicas - maxUnavailable`.

use super::{Rollout, replicas};
use crate::sim::{
    controllers::object::{count, text, uid},
    resource::resources,
};
use jiff::Timestamp;
use serde_json::Value;
use std::sync::Arc;

impl Rollout<'_> {
    /// One step of a rolling update.
    pub fn roll(&mut self) -> Option<Timestamp> {
        self.sync_revision(true);
        if !self.grow_new() && !self.shrink_old() && self.is_complete(&self.deployment["status"]) {
            self.clean_up();
        }
        self.sync_rollout_status()
    }

    fn grow_new(&self) -> bool {
        let Some(new) = &self.new else { return false };
        let (size, desired) = (replicas(new), self.desired());
        if size == desired {
            return false;
        }
        let wanted = if size > desired { desired } else { self.new_replicas(size) };
        wanted != size && self.scale_set(new, wanted)
    }

    fn shrink_old(&mut self) -> bool {
        let pods: i64 = self.old.iter().map(|s| replicas(s)).sum();
        let Some(new) = self.new.clone().filter(|_| pods > 0) else { return false };
        let min_available = self.desired() - self.unavailable();
        let new_unavailable = replicas(&new) - available(&new);
        let room = pods + replicas(&new) - min_available - new_unavailable;
        if room <= 0 {
            return false;
        }
        let cleaned = self.drop_unhealthy(room);
        if cleaned {
            self.refresh();
        }
        self.drop_available(min_available) || cleaned
    }

    /// Old pods that do not serve go first: they cost no availability.
    fn drop_unhealthy(&self, room: i64) -> bool {
        let mut left = room;
        for set in self.active_old() {
            let idle = (replicas(&set) - available(&set)).min(left);
            if idle > 0 && self.scale_set(&set, replicas(&set) - idle) {
                left -= idle;
            }
            if left <= 0 {
                break;
            }
        }
        left < room
    }

    fn drop_available(&self, min_available: i64) -> bool {
        let serving: i64 = self.all().map(|s| available(s)).sum();
        let total = (serving - min_available).max(0);
        let mut left = total;
        for set in self.active_old() {
            let fewer = replicas(&set).min(left);
            if fewer > 0 && self.scale_set(&set, replicas(&set) - fewer) {
                left -= fewer;
            }
        }
        left < total
    }

    /// One step of a Recreate: old pods go, and only when none is left the new ones come.
    pub fn recreate(&mut self) -> Option<Timestamp> {
        self.sync_revision(false);
        let active = self.active_old();
        for set in &active {
            self.scale_set(set, 0);
        }
        if !active.is_empty() || self.old_pods_live() {
            return self.sync_rollout_status();
        }
        self.sync_revision(true);
        if let Some(new) = &self.new
            && replicas(new) != self.desired()
        {
            self.scale_set(new, self.desired());
        }
        if self.is_complete(&self.deployment["status"]) {
            self.clean_up();
        }
        self.sync_rollout_status()
    }

    fn old_pods_live(&self) -> bool {
        let ended = |p: &Arc<Value>| matches!(text(p, "/status/phase"), "Failed" | "Succeeded");
        self.old.iter().any(|set| {
            count(set, "/status/replicas") > 0
                || self.cluster.owned(&resources::PODS, set).iter().any(|p| !ended(p) && !uid(p).is_empty())
        })
    }
}

fn available(set: &Value) -> i64 {
    count(set, "/status/availableReplicas")
}
