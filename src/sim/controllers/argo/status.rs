//! A Rollout's status: counts, conditions, the phase and its message.
//!
//! Invariant: `observedGeneration` is written as text, as the real controller does, and is the generation all else is about.

use super::{
    super::cluster::{after, earlier},
    Canary,
};
use crate::sim::{
    controllers::object::{
        condition, count, flag, generation, int, items, moment, name, put_condition, remove_condition, set, set_count,
        text, time,
    },
    resource::resources,
    selector::LabelSelector,
};
use jiff::Timestamp;
use serde_json::{Value, json};

const TIMED_OUT: &str = "ProgressDeadlineExceeded";
const AVAILABLE: &str = "NewReplicaSetAvailable";

impl Canary<'_> {
    /// Writes the status; answers when to look again.
    pub fn write(&mut self, again: Option<Timestamp>) -> Option<Timestamp> {
        let was = self.rollout["status"].clone();
        let sum = |field: &str| self.sets().map(|set| count(set, field)).sum::<i64>();
        let counts = [
            ("replicas", sum("/status/replicas")),
            ("updatedReplicas", self.new.as_ref().map_or(0, |set| count(set, "/status/replicas"))),
            ("readyReplicas", sum("/status/readyReplicas")),
            ("availableReplicas", sum("/status/availableReplicas")),
            ("HPAReplicas", sum("/status/replicas")),
        ];
        for (field, number) in counts {
            set_count(&mut self.status, field, number);
        }
        let selector = LabelSelector::of_object(&self.rollout["spec"]["selector"]).to_string();
        set(&mut self.status, &["selector"], selector);
        set(&mut self.status, &["observedGeneration"], generation(&self.rollout).to_string());
        let deadline = self.judge(&was);
        self.carry_failure();
        let (phase, message) = self.phase();
        set(&mut self.status, &["phase"], phase);
        match message.as_str() {
            "" => super::unset(&mut self.status, &["message"]),
            message => set(&mut self.status, &["message"], message),
        }
        self.save();
        earlier(again, deadline)
    }

    pub fn save(&self) {
        if self.rollout["status"] != self.status {
            self.cluster.write_status(&resources::ROLLOUTS, &self.rollout, self.status.clone());
        }
    }

    /// Puts a condition; one that says the same keeps its times.
    pub fn put(&mut self, kind: &str, value: &str, reason: &str, message: &str) {
        let old = condition(&self.status, kind);
        if old.is_some_and(|c| c["status"] == value && c["reason"] == reason && c["message"] == message) {
            return;
        }
        let now = time(self.cluster.now());
        let since = old.filter(|c| c["status"] == value).map(|c| c["lastTransitionTime"].clone());
        let since = since.unwrap_or_else(|| now.as_str().into());
        let condition = json!({"type": kind, "status": value, "reason": reason, "message": message,
            "lastUpdateTime": now, "lastTransitionTime": since});
        put_condition(&mut self.status, condition);
    }

    fn judge(&mut self, was: &Value) -> Option<Timestamp> {
        let revision = super::annotation(&self.rollout, super::REVISION).unwrap_or("1").to_owned();
        let subject =
            self.new.as_ref().map_or_else(|| "ReplicaSet".to_owned(), |s| format!("ReplicaSet \"{}\"", name(s)));
        let current = condition(&self.status, "Progressing");
        let reason = current.map(|c| text(c, "/reason").to_owned()).unwrap_or_default();
        let since = current.and_then(|c| moment(c, "/lastUpdateTime"));
        if self.is_aborted() {
            if text(&self.status, "/abortedAt").is_empty() {
                set(&mut self.status, &["abortedAt"], time(self.cluster.now()));
            }
            let message = format!("Rollout aborted update to revision {revision}");
            self.put("Progressing", "False", "RolloutAborted", &message);
            return None;
        }
        if self.is_paused() {
            self.put("Progressing", "Unknown", "RolloutPaused", "Rollout is paused");
            return None;
        }
        if self.is_promoted() && self.is_reached() {
            self.put("Progressing", "True", AVAILABLE, &format!("{subject} has successfully progressed."));
            return None;
        }
        let deadline = int(&self.rollout, "/spec/progressDeadlineSeconds").unwrap_or(600);
        if reason == AVAILABLE || reason.starts_with("Rollout") || reason.is_empty() || progressed(was, &self.status) {
            remove_condition(&mut self.status, "Progressing");
            self.put("Progressing", "True", "ReplicaSetUpdated", &format!("{subject} is progressing."));
            return Some(after(self.cluster.now(), deadline as f64 + 1.0));
        }
        let end = after(since?, deadline as f64);
        if end < self.cluster.now() {
            self.put("Progressing", "False", TIMED_OUT, &format!("{subject} has timed out progressing."));
            return None;
        }
        Some(after(end, 1.0))
    }

    /// A ReplicaSet that cannot make pods is the Rollout's failure too.
    fn carry_failure(&mut self) {
        let failure = self.sets().find_map(|set| condition(&set["status"], "ReplicaFailure").cloned());
        match failure {
            Some(failure) => {
                let (reason, message) = (text(&failure, "/reason"), text(&failure, "/message"));
                self.put("ReplicaFailure", "True", reason, message);
            }
            None => remove_condition(&mut self.status, "ReplicaFailure"),
        }
    }

    fn is_paused(&self) -> bool {
        self.is_paused_by_hand() || flag(&self.status, "/controllerPause")
    }

    fn phase(&self) -> (&'static str, String) {
        let progressing = condition(&self.status, "Progressing");
        let (reason, message) = progressing.map_or(("", ""), |c| (text(c, "/reason"), text(c, "/message")));
        if matches!(reason, "RolloutAborted" | TIMED_OUT) {
            return ("Degraded", format!("{reason}: {message}"));
        }
        if self.is_paused_by_hand() {
            return ("Paused", "manually paused".into());
        }
        if let Some(pause) = items(&self.status, "/pauseConditions").first() {
            return ("Paused", text(pause, "/reason").into());
        }
        let number = |field: &str| count(&self.status, field);
        let waits = if number("/updatedReplicas") < self.desired() {
            "more replicas need to be updated"
        } else if number("/availableReplicas") < number("/updatedReplicas") {
            "updated replicas are still becoming available"
        } else if number("/replicas") > number("/updatedReplicas") {
            "old replicas are pending termination"
        } else if !self.is_promoted() {
            "waiting for all steps to complete"
        } else {
            return ("Healthy", String::new());
        };
        ("Progressing", waits.into())
    }
}

/// Whether something has moved: more new or serving pods, fewer old ones, another step.
fn progressed(was: &Value, is: &Value) -> bool {
    let old = |s: &Value| count(s, "/replicas") - count(s, "/updatedReplicas");
    let more = |field: &str| count(is, field) > count(was, field);
    let moved = was["currentStepIndex"] != is["currentStepIndex"] || was["currentPodHash"] != is["currentPodHash"];
    moved || more("/updatedReplicas") || old(is) < old(was) || more("/readyReplicas") || more("/availableReplicas")
}
