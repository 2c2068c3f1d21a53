//! A Deployment's status: counts, Available, Progressing with its deadline, ReplicaFailure.
//!
//! Invariant: `observedGeneration` is the generation that the counts were computed for. A condition whose status and reason stay
//! keeps its times, except that visible progress renews the deadline.

use super::{Rollout, replicas};
use crate::sim::controllers::{
    cluster::after,
    object::{
        condition, count, flag, generation, int, items, moment, name, put_condition, remove_condition, set, set_count,
        text, time,
    },
};
use crate::sim::resource::resources;
use jiff::Timestamp;
use serde_json::{Value, json};

const TIMED_OUT: &str = "ProgressDeadlineExceeded";
const AVAILABLE: &str = "NewReplicaSetAvailable";
/// `progressDeadlineSeconds` that means "none".
const NO_DEADLINE: i64 = i32::MAX as i64;

impl Rollout<'_> {
    fn deadline(&self) -> i64 {
        int(&self.deployment, "/spec/progressDeadlineSeconds").unwrap_or(600)
    }

    /// Whether the rollout has a deadline, and so a Progressing condition.
    pub fn has_deadline(&self) -> bool {
        self.deadline() != NO_DEADLINE
    }

    /// The Deployment's status with this Progressing condition.
    pub fn progress(&self, value: &str, reason: &str, message: &str) -> Value {
        let mut status = self.status();
        self.put(&mut status, "Progressing", value, reason, message);
        status
    }

    /// As [`Self::progress`], but only where there is no Progressing condition yet.
    pub fn first_progress(&self, reason: &str, message: &str) -> Option<Value> {
        let missing = condition(&self.deployment["status"], "Progressing").is_none();
        let set = self.new.as_ref().map_or("", |s| name(s));
        missing.then(|| self.progress("True", reason, &format!("{message} \"{set}\"")))
    }

    fn status(&self) -> Value {
        let status = self.deployment["status"].clone();
        if status.is_object() { status } else { json!({}) }
    }

    fn put(&self, status: &mut Value, kind: &str, value: &str, reason: &str, message: &str) {
        let now = time(self.cluster.now());
        let old = condition(status, kind);
        if old.is_some_and(|c| c["status"] == value && c["reason"] == reason) {
            return;
        }
        let since = old.filter(|c| c["status"] == value).map(|c| c["lastTransitionTime"].clone());
        let since = since.unwrap_or_else(|| now.as_str().into());
        remove_condition(status, kind);
        put_condition(
            status,
            json!({"type": kind, "status": value, "lastUpdateTime": now, "lastTransitionTime": since, "reason": reason, "message": message}),
        );
    }

    /// Says that the rollout is paused or resumed, which stops and restarts the deadline.
    pub fn sync_paused_condition(&mut self) {
        let current = condition(&self.deployment["status"], "Progressing").map(|c| text(c, "/reason"));
        if !self.has_deadline() || current == Some(TIMED_OUT) {
            return;
        }
        let (paused, said) = (flag(&self.deployment, "/spec/paused"), current == Some("DeploymentPaused"));
        let status = match (paused, said) {
            (true, false) => self.progress("Unknown", "DeploymentPaused", "Deployment is paused"),
            (false, true) => self.progress("Unknown", "DeploymentResumed", "Deployment is resumed"),
            _ => return,
        };
        self.write_revision(None, Some(status));
    }

    /// Whether everything that was asked for is there.
    pub fn is_complete(&self, status: &Value) -> bool {
        let desired = self.desired();
        ["/updatedReplicas", "/replicas", "/availableReplicas"].iter().all(|f| count(status, f) == desired)
            && count(status, "/observedGeneration") >= generation(&self.deployment)
    }

    fn calculate(&self) -> Value {
        let sum = |field: &str| self.all().map(|s| count(s, field)).sum::<i64>();
        let (total, available) = (sum("/status/replicas"), sum("/status/availableReplicas"));
        let updated = self.new.as_ref().map_or(0, |s| count(s, "/status/replicas"));
        let mut status = self.status();
        set_count(&mut status, "observedGeneration", generation(&self.deployment));
        set_count(&mut status, "replicas", total);
        set_count(&mut status, "updatedReplicas", updated);
        set_count(&mut status, "readyReplicas", sum("/status/readyReplicas"));
        set_count(&mut status, "availableReplicas", available);
        set_count(&mut status, "unavailableReplicas", (total - available).max(0));
        set(&mut status, &["terminatingReplicas"], sum("/status/terminatingReplicas"));
        if available >= self.desired() - self.unavailable() {
            let message = "Deployment has minimum availability.";
            self.put(&mut status, "Available", "True", "MinimumReplicasAvailable", message);
        } else {
            let message = "Deployment does not have minimum availability.";
            self.put(&mut status, "Available", "False", "MinimumReplicasUnavailable", message);
        }
        status
    }

    /// Writes the counts without judging the progress.
    pub fn sync_status(&mut self) {
        self.refresh();
        let status = self.calculate();
        self.cluster.write_status(&resources::DEPLOYMENTS, &self.deployment, status);
    }

    /// Writes the counts and the verdict; answers when the deadline is to be judged again.
    pub fn sync_rollout_status(&mut self) -> Option<Timestamp> {
        self.refresh();
        let mut status = self.calculate();
        let was = self.deployment["status"].clone();
        let reason = condition(&was, "Progressing").map(|c| text(c, "/reason").to_owned());
        if self.has_deadline() {
            let settled = count(&status, "/replicas") == count(&status, "/updatedReplicas");
            if !(settled && reason.as_deref() == Some(AVAILABLE)) {
                self.judge(&was, &mut status);
            }
        } else {
            remove_condition(&mut status, "Progressing");
        }
        self.carry_failure(&mut status);
        self.cluster.write_status(&resources::DEPLOYMENTS, &self.deployment, status.clone());
        let current = condition(&status, "Progressing")?;
        if self.is_complete(&status) || matches!(text(current, "/reason"), TIMED_OUT | AVAILABLE) {
            return None;
        }
        moment(current, "/lastUpdateTime").map(|from| after(from, self.deadline() as f64 + 1.0))
    }

    fn judge(&self, was: &Value, status: &mut Value) {
        let subject = match &self.new {
            Some(set) => format!("ReplicaSet \"{}\"", name(set)),
            None => format!("Deployment \"{}\"", name(&self.deployment)),
        };
        if self.is_complete(status) {
            self.put(status, "Progressing", "True", AVAILABLE, &format!("{subject} has successfully progressed."));
        } else if progressed(was, status) {
            let now = time(self.cluster.now());
            let old = condition(status, "Progressing").filter(|c| c["status"] == "True");
            let since = old.map_or_else(|| now.as_str().into(), |c| c["lastTransitionTime"].clone());
            remove_condition(status, "Progressing");
            let message = format!("{subject} is progressing.");
            put_condition(
                status,
                json!({"type": "Progressing", "status": "True", "lastUpdateTime": now, "lastTransitionTime": since,
                    "reason": "ReplicaSetUpdated", "message": message}),
            );
        } else if self.timed_out(status) {
            self.put(status, "Progressing", "False", TIMED_OUT, &format!("{subject} has timed out progressing."));
        }
    }

    fn timed_out(&self, status: &Value) -> bool {
        let Some(current) = condition(status, "Progressing") else { return false };
        match text(current, "/reason") {
            AVAILABLE => false,
            TIMED_OUT => true,
            _ => moment(current, "/lastUpdateTime")
                .is_some_and(|from| after(from, self.deadline() as f64) < self.cluster.now()),
        }
    }

    /// A ReplicaSet that cannot make pods is the Deployment's failure too: the new one's first.
    fn carry_failure(&self, status: &mut Value) {
        let of = |s: &Value| items(&s["status"], "/conditions").iter().find(|c| c["type"] == "ReplicaFailure").cloned();
        let failure = self.new.iter().chain(&self.old).find_map(|s| of(s).filter(|_| replicas(s) > 0));
        match failure {
            Some(failure) => {
                let (reason, message) = (text(&failure, "/reason"), text(&failure, "/message"));
                self.put(status, "ReplicaFailure", text(&failure, "/status"), reason, message);
            }
            None => remove_condition(status, "ReplicaFailure"),
        }
    }
}

/// Whether more pods are new, ready or available than before, or fewer are old.
fn progressed(was: &Value, is: &Value) -> bool {
    let old = |s: &Value| count(s, "/replicas") - count(s, "/updatedReplicas");
    let more = |field: &str| count(is, field) > count(was, field);
    more("/updatedReplicas") || old(is) < old(was) || more("/readyReplicas") || more("/availableReplicas")
}
