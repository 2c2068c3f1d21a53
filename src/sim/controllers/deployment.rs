//! The Deployment controller: ReplicaSets, rolling updates and their verdict.
//!
//! Invariant: it changes ReplicaSets and the Deployment's own status and revision annotation, nothing else; pods belong to the
//! ReplicaSets. Never scales a paused Deployment's new ReplicaSet up to replace an old one.

mod progress;
mod revision;
mod rolling;
mod scale;

use super::{
    cluster::Cluster,
    object::{annotation, count, flag, int, scaled, set, terminating, text, uid},
};
use crate::sim::{
    resource::resources,
    store::{DeleteOptions, Part},
};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::sync::Arc;

/// Annotation with the revision number, on Deployments and ReplicaSets.
const REVISION: &str = "deployment.kubernetes.io/revision";
/// Annotation with earlier revision numbers of a ReplicaSet that came back.
const REVISION_HISTORY: &str = "deployment.kubernetes.io/revision-history";
/// Annotation of a ReplicaSet: its Deployment's replicas when it was last scaled.
const DESIRED: &str = "deployment.kubernetes.io/desired-replicas";
/// Annotation of a ReplicaSet: its Deployment's replicas plus surge when it was last scaled.
const MAX: &str = "deployment.kubernetes.io/max-replicas";
/// Label that tells the pods of one template from those of another.
const HASH: &str = "pod-template-hash";

/// A Deployment as one reconciliation sees it, with its ReplicaSets.
struct Rollout<'a> {
    cluster: &'a Cluster,
    deployment: Arc<Value>,
    /// The ReplicaSet of the current template.
    new: Option<Arc<Value>>,
    /// All others, oldest first.
    old: Vec<Arc<Value>>,
}

/// Brings a Deployment one step further.
pub fn reconcile(cluster: &mut Cluster, namespace: &str, name: &str) -> Option<Timestamp> {
    let deployment = cluster.store.get(&resources::DEPLOYMENTS, namespace, name)?;
    let mut sets = cluster.claimed(&resources::REPLICA_SETS, &deployment);
    sets.sort_by(|a, b| created(a).cmp(created(b)).then_with(|| super::object::name(a).cmp(super::object::name(b))));
    let new =
        sets.iter().find(|s| revision::same_template(&s["spec"]["template"], &deployment["spec"]["template"])).cloned();
    sets.retain(|s| new.as_ref().is_none_or(|n| uid(n) != uid(s)));
    let mut rollout = Rollout { cluster, deployment, new, old: sets };
    if terminating(&rollout.deployment) {
        rollout.sync_status();
        return None;
    }
    rollout.sync_paused_condition();
    let paused = flag(&rollout.deployment, "/spec/paused");
    if paused || rollout.is_scaling() {
        rollout.sync_revision(false);
        rollout.scale();
        if paused {
            rollout.clean_up();
        }
        rollout.sync_status();
        // A scaling event is over once the annotations agree; then the rollout goes on.
        return None;
    }
    if text(&rollout.deployment, "/spec/strategy/type") == "Recreate" { rollout.recreate() } else { rollout.roll() }
}

fn created(object: &Value) -> &str {
    text(object, "/metadata/creationTimestamp")
}

/// `spec.replicas`, one when absent.
fn replicas(object: &Value) -> i64 {
    int(object, "/spec/replicas").unwrap_or(1)
}

/// The number in a ReplicaSet's annotation.
fn noted(set: &Value, key: &str) -> Option<i64> {
    annotation(set, key)?.parse().ok()
}

impl Rollout<'_> {
    fn desired(&self) -> i64 {
        replicas(&self.deployment)
    }

    fn is_rolling(&self) -> bool {
        text(&self.deployment, "/spec/strategy/type") != "Recreate"
    }

    /// (surge, unavailable) in pods.
    fn fenceposts(&self) -> (i64, i64) {
        let rules = &self.deployment["spec"]["strategy"]["rollingUpdate"];
        let default = json!("25%");
        let surge = scaled(rules.get("maxSurge"), &default, self.desired(), true);
        let unavailable = scaled(rules.get("maxUnavailable"), &default, self.desired(), false);
        if surge == 0 && unavailable == 0 { (0, 1) } else { (surge, unavailable) }
    }

    fn surge(&self) -> i64 {
        if self.is_rolling() { self.fenceposts().0 } else { 0 }
    }

    fn unavailable(&self) -> i64 {
        if !self.is_rolling() || self.desired() == 0 {
            return 0;
        }
        self.fenceposts().1.min(self.desired())
    }

    fn all(&self) -> impl Iterator<Item = &Arc<Value>> {
        self.old.iter().chain(&self.new)
    }

    fn active_old(&self) -> Vec<Arc<Value>> {
        self.old.iter().filter(|s| replicas(s) > 0).cloned().collect()
    }

    /// Reads the ReplicaSets and the Deployment again after writes.
    fn refresh(&mut self) {
        let again = |s: &Arc<Value>| {
            self.cluster.store.get(&resources::REPLICA_SETS, super::object::namespace(s), super::object::name(s))
        };
        let (old, new) = (self.old.iter().filter_map(again).collect(), self.new.as_ref().and_then(again));
        let (space, name) = (super::object::namespace(&self.deployment), super::object::name(&self.deployment));
        let deployment = self.cluster.store.get(&resources::DEPLOYMENTS, space, name);
        self.old = old;
        self.new = new;
        self.deployment = deployment.unwrap_or_else(|| Arc::clone(&self.deployment));
    }

    /// Deletes ReplicaSets beyond `revisionHistoryLimit`, lowest revision first.
    fn clean_up(&self) {
        let limit = int(&self.deployment, "/spec/revisionHistoryLimit").unwrap_or(10);
        let mut idle: Vec<_> = self.old.iter().filter(|s| !terminating(s)).collect();
        let surplus = i64::try_from(idle.len()).unwrap_or(0) - limit;
        if surplus <= 0 {
            return;
        }
        idle.sort_by_key(|s| noted(s, REVISION).unwrap_or(0));
        for set in idle.into_iter().take(usize::try_from(surplus).unwrap_or(0)) {
            let seen = count(set, "/metadata/generation") <= count(set, "/status/observedGeneration");
            if count(set, "/status/replicas") == 0 && replicas(set) == 0 && seen {
                let (space, name) = (super::object::namespace(set), super::object::name(set));
                let _ = self.cluster.store.delete(&resources::REPLICA_SETS, space, name, DeleteOptions::default());
            }
        }
    }

    /// Writes `deployment.kubernetes.io/revision` on the Deployment, with a status when one is given. Makes no new generation.
    fn write_revision(&mut self, revision: Option<&str>, status: Option<Value>) {
        let changed = self.cluster.edit(&resources::DEPLOYMENTS, &self.deployment, Part::Status, |d| {
            if let Some(revision) = revision {
                set(d, &["metadata", "annotations", REVISION], revision);
            }
            if let Some(status) = status {
                d["status"] = status;
            }
        });
        if let Ok(deployment) = changed {
            self.deployment = deployment;
        }
    }
}
