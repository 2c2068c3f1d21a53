//! The embedded world's controllers: what makes Deployments roll, pods start and crash, jobs end and autoscalers breathe.
//!
//! One task owns them all. It reacts to the store's changes and to timers, one key at a time and in a fixed order, so that the
//! same seed and the same writes give the same course. At rest it sleeps until the next thing is due.
//!
//! Invariant: each controller behaves as the real one of its name; where they differ, the real one is right. A controller reads
//! and writes the store only, takes its time from the cluster's clock and its chance from the seed, never from elsewhere.

mod argo;
mod autoscaler;
mod claim;
mod cluster;
mod cronjob;
mod daemonset;
mod deployment;
mod disruption;
mod endpoints;
mod events;
mod garbage;
mod gateway;
mod index;
mod job;
mod kubelet;
mod load;
mod namespace;
pub(crate) mod object;
pub(crate) mod pods;
mod queue;
mod quota;
mod replicaset;
mod revisions;
mod room;
pub(crate) mod schedule;
mod scheduler;
mod statefulset;
#[cfg(test)]
mod tests;
mod triggers;

pub use load::{Curve, Loads};
pub(crate) use object::fnv;

use super::{
    meter::Meter,
    store::{Store, Subscription},
};
use cluster::Cluster;
use jiff::Timestamp;
use queue::{Controller, Key};
use std::time::Duration;
use tokio_util::task::AbortOnDropHandle;

/// Keys that are handled before other tasks get a turn.
const BURST: usize = 64;

/// All controllers of one world, with what they remember.
pub struct Controllers {
    cluster: Cluster,
    changes: Subscription,
}

/// Starts the controllers on a store; they stop when the handle is dropped.
pub fn spawn(store: &Store, seed: u64) -> AbortOnDropHandle<()> {
    Controllers::new(store, seed, Loads::default()).spawn()
}

impl Controllers {
    /// Controllers that have seen everything that is in the store now. `loads` says how busy workloads are.
    pub fn new(store: &Store, seed: u64, loads: Loads) -> Self {
        let changes = store.subscribe();
        store.measure_by(Meter { seed, loads: loads.clone() });
        let mut cluster = Cluster::new(store.clone(), seed, loads);
        cluster.take_stock();
        Self { cluster, changes }
    }

    /// Runs them until the handle is dropped.
    pub fn spawn(self) -> AbortOnDropHandle<()> {
        AbortOnDropHandle::new(tokio::spawn(self.run()))
    }

    async fn run(mut self) {
        loop {
            self.cluster.refresh_now();
            let mut steps = 0;
            while self.step() {
                steps += 1;
                if steps % BURST == 0 {
                    tokio::task::yield_now().await;
                    self.cluster.refresh_now();
                }
            }
            let due = self.cluster.queue.next_due();
            let wait = due.map_or(Duration::MAX, |at| {
                Duration::try_from(at.duration_since(self.cluster.now())).unwrap_or(Duration::ZERO)
            });
            tokio::select! {
                change = self.changes.next() => match change {
                    Some(change) => self.cluster.notice(&change),
                    None => return,
                },
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// Handles one key; false when nothing is left to do now.
    fn step(&mut self) -> bool {
        while let Some(change) = self.changes.try_next() {
            self.cluster.notice(&change);
        }
        let Some(key) = self.cluster.queue.pop(self.cluster.now()) else { return false };
        let again = reconcile(&mut self.cluster, &key);
        self.cluster.queue.set_timer(&key, again);
        true
    }

    /// Lets simulated time pass up to `end` without waiting: for building a world that has a past.
    ///
    /// `store` is a handle on the same store; writes are stamped with the simulated time.
    pub fn live_until(&mut self, store: &Store, end: Timestamp) {
        loop {
            while self.step() {}
            match self.cluster.queue.next_due().filter(|due| *due <= end) {
                Some(due) => self.cluster.freeze(store, due),
                None => break,
            }
        }
        self.cluster.freeze(store, end);
        while self.step() {}
    }

    /// Jumps to `moment`: what would have happened in between by timers alone is caught up on as if it happened then.
    pub fn jump_to(&mut self, store: &Store, moment: Timestamp) {
        self.cluster.freeze(store, moment);
    }

    /// The handle that the controllers write through, with the clock that counts now.
    pub fn store(&self) -> &Store {
        &self.cluster.store
    }

    /// From now on the store's own clock counts.
    pub fn wake(&mut self, store: &Store) {
        self.cluster.thaw(store);
    }
}

/// Brings one object closer to what it should be; answers when to look again without a change.
fn reconcile(cluster: &mut Cluster, key: &Key) -> Option<Timestamp> {
    let (namespace, name) = (key.namespace.as_str(), key.name.as_str());
    match key.controller {
        Controller::Garbage => garbage::reconcile(cluster, name),
        Controller::Namespace => namespace::reconcile(cluster, name),
        Controller::Quota => quota::reconcile(cluster, namespace, name),
        Controller::Deployment => deployment::reconcile(cluster, namespace, name),
        Controller::ReplicaSet => replicaset::reconcile(cluster, namespace, name),
        Controller::StatefulSet => statefulset::reconcile(cluster, namespace, name),
        Controller::DaemonSet => daemonset::reconcile(cluster, namespace, name),
        Controller::Job => job::reconcile(cluster, namespace, name),
        Controller::CronJob => cronjob::reconcile(cluster, namespace, name),
        Controller::Rollout => argo::reconcile(cluster, namespace, name),
        Controller::Autoscaler => autoscaler::reconcile(cluster, namespace, name),
        Controller::Disruption => disruption::reconcile(cluster, namespace, name),
        Controller::Claim => claim::reconcile(cluster, namespace, name),
        Controller::EndpointSlice => endpoints::reconcile(cluster, namespace, name),
        Controller::Gateway => gateway::reconcile_gateway(cluster, namespace, name),
        Controller::HttpRoute => gateway::reconcile_route(cluster, namespace, name),
        Controller::Scheduler => scheduler::reconcile(cluster, namespace, name),
        Controller::Kubelet => kubelet::reconcile(cluster, namespace, name),
        Controller::EventExpiry => events::expire(cluster),
    }
}
