//! The Job controller: pods until enough succeeded, or too many failed, or the time is up.
//!
//! Invariant: a Job ends once, by the condition Complete or Failed, and only after its pods are gone or ended; what ended is
//! counted once, even when the pod is deleted later.

use super::{
    cluster::{Cluster, after, earlier},
    object::{
        annotation, condition, flag, int, is_true, moment, name, put_condition, set, set_count, terminating, text,
        time, uid, unset,
    },
    pods::{self, has_ended, is_active, is_ready, restarts},
    queue::{Controller, Key},
};
use crate::sim::resource::resources;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
};

const COMPONENT: &str = "job-controller";
const INDEX: &str = "batch.kubernetes.io/job-completion-index";

/// Finished pods by the uid of their Job.
pub type Counted = HashMap<String, Tally>;

/// What a Job's ended pods came to.
#[derive(Default)]
pub struct Tally {
    pods: HashSet<String>,
    succeeded: i64,
    failed: i64,
    indexes: BTreeSet<i64>,
    /// Failures in a row, and when the last one was noticed.
    row: u32,
    last_failure: Option<Timestamp>,
}

/// Why a Job fails.
struct Verdict {
    reason: &'static str,
    message: &'static str,
}

/// Brings a Job one step further.
pub fn reconcile(cluster: &mut Cluster, namespace: &str, name: &str) -> Option<Timestamp> {
    let job = cluster.store.get(&resources::JOBS, namespace, name)?;
    if terminating(&job) {
        cluster.jobs.remove(uid(&job));
        return None;
    }
    if let Some(ended) = end_of(&job["status"]) {
        return expire(cluster, &job, ended);
    }
    let pods = cluster.owned(&resources::PODS, &job);
    let mut tally = cluster.jobs.remove(uid(&job)).unwrap_or_default();
    tally.count(cluster.now(), &pods);
    let mut status = if job["status"].is_object() { job["status"].clone() } else { json!({}) };
    let (again, failed) = advance(cluster, &job, &pods, &tally, &mut status);
    tally.write(cluster, &job, &mut status);
    cluster.jobs.insert(uid(&job).to_owned(), tally);
    cluster.write_status(&resources::JOBS, &job, status);
    earlier(again, cluster.retry(Key::new(Controller::Job, namespace, name), failed))
}

/// When a Job ended, by its condition.
pub fn end_of(status: &Value) -> Option<Timestamp> {
    let ended = |kind| condition(status, kind).filter(|c| c["status"] == "True");
    moment(ended("Complete").or_else(|| ended("Failed"))?, "/lastTransitionTime")
}

/// Deletes an ended Job once its `ttlSecondsAfterFinished` is over.
fn expire(cluster: &mut Cluster, job: &Value, ended: Timestamp) -> Option<Timestamp> {
    cluster.jobs.remove(uid(job));
    let due = after(ended, int(job, "/spec/ttlSecondsAfterFinished")? as f64);
    if due > cluster.now() {
        return Some(due);
    }
    cluster.delete(&resources::JOBS, job);
    None
}

impl Tally {
    fn count(&mut self, now: Timestamp, pods: &[Arc<Value>]) {
        for pod in pods.iter().filter(|p| has_ended(p)) {
            if !self.pods.insert(uid(pod).to_owned()) {
                continue;
            }
            if text(pod, "/status/phase") == "Succeeded" {
                self.succeeded += 1;
                self.row = 0;
                self.indexes.extend(index_of(pod));
            } else {
                self.failed += 1;
                self.row += 1;
                self.last_failure = Some(now);
            }
        }
    }

    fn write(&self, cluster: &Cluster, job: &Value, status: &mut Value) {
        let pods = cluster.owned(&resources::PODS, job);
        let of = |test: &dyn Fn(&Value) -> bool| i64::try_from(pods.iter().filter(|p| test(p)).count()).unwrap_or(0);
        set_count(status, "active", of(&is_active));
        set(status, &["ready"], of(&|p| is_active(p) && is_ready(p)));
        set(status, &["terminating"], of(&|p| terminating(p) && !has_ended(p)));
        set_count(status, "succeeded", self.succeeded);
        set_count(status, "failed", self.failed);
        set(status, &["uncountedTerminatedPods"], json!({}));
        if is_indexed(job) && !self.indexes.is_empty() {
            set(status, &["completedIndexes"], ranges(&self.indexes));
        }
    }

    /// When the next pod may be made: later with every failure in a row.
    fn not_before(&self) -> Option<Timestamp> {
        let wait = 10.0 * f64::from(1_u32 << self.row.saturating_sub(1).min(6));
        self.last_failure.filter(|_| self.row > 0).map(|at| after(at, wait.min(600.0)))
    }
}

fn is_indexed(job: &Value) -> bool {
    text(job, "/spec/completionMode") == "Indexed"
}

fn index_of(pod: &Value) -> Option<i64> {
    annotation(pod, INDEX)?.parse().ok()
}

/// `0-2,5` for 0, 1, 2 and 5.
fn ranges(indexes: &BTreeSet<i64>) -> String {
    let mut parts: Vec<(i64, i64)> = Vec::new();
    for index in indexes {
        match parts.last_mut() {
            Some((_, last)) if *last + 1 == *index => *last = *index,
            _ => parts.push((*index, *index)),
        }
    }
    let text = parts.into_iter().map(|(a, b)| if a == b { a.to_string() } else { format!("{a}-{b}") });
    text.collect::<Vec<_>>().join(",")
}

fn say(status: &mut Value, kind: &str, value: &str, reason: &str, message: &str, now: Timestamp) {
    if condition(status, kind).is_some_and(|c| c["status"] == value) {
        return;
    }
    let now = time(now);
    put_condition(
        status,
        json!({"type": kind, "status": value, "lastProbeTime": now, "lastTransitionTime": now, "reason": reason, "message": message}),
    );
}

/// Makes and deletes pods and judges; answers when to look again and whether a pod could not be made.
fn advance(
    cluster: &Cluster,
    job: &Value,
    pods: &[Arc<Value>],
    tally: &Tally,
    status: &mut Value,
) -> (Option<Timestamp>, bool) {
    let now = cluster.now();
    let active: Vec<_> = pods.iter().filter(|p| is_active(p)).cloned().collect();
    if suspend(cluster, job, &active, status) {
        return (None, false);
    }
    let mut again = None;
    if !is_true(status, "SuccessCriteriaMet") {
        let started = moment(status, "/startTime").unwrap_or(now);
        let deadline = int(job, "/spec/activeDeadlineSeconds").map(|s| after(started, s as f64));
        if let Some(verdict) = failure(job, pods, tally, deadline.is_some_and(|d| d <= now)) {
            say(status, "FailureTarget", "True", verdict.reason, verdict.message, now);
        } else if !is_true(status, "FailureTarget") {
            again = deadline;
        }
    }
    if is_true(status, "FailureTarget") || is_true(status, "SuccessCriteriaMet") {
        finish(cluster, job, pods, status);
        return (None, false);
    }
    if is_successful(job, tally, active.len()) {
        let message = "Reached expected number of succeeded pods";
        say(status, "SuccessCriteriaMet", "True", "CompletionsReached", message, now);
        finish(cluster, job, pods, status);
        return (None, false);
    }
    let (next, failed) = manage(cluster, job, active, tally);
    (earlier(again, next), failed)
}

/// Follows `spec.suspend`; true while suspended.
fn suspend(cluster: &Cluster, job: &Value, active: &[Arc<Value>], status: &mut Value) -> bool {
    let now = cluster.now();
    if flag(job, "/spec/suspend") {
        for pod in active {
            delete_pod(cluster, job, pod);
        }
        if !is_true(status, "Suspended") {
            say(status, "Suspended", "True", "JobSuspended", "Job suspended", now);
            cluster.event(job, "Normal", "Suspended", "Job suspended", COMPONENT);
        }
        unset(status, &["startTime"]);
        return true;
    }
    if is_true(status, "Suspended") {
        say(status, "Suspended", "False", "JobResumed", "Job resumed", now);
        cluster.event(job, "Normal", "Resumed", "Job resumed", COMPONENT);
        set(status, &["startTime"], time(now));
    } else if text(status, "/startTime").is_empty() {
        set(status, &["startTime"], time(now));
    }
    false
}

fn failure(job: &Value, pods: &[Arc<Value>], tally: &Tally, late: bool) -> Option<Verdict> {
    let limit = int(job, "/spec/backoffLimit").unwrap_or(6);
    let restarted: i64 = pods.iter().filter(|p| !has_ended(p)).map(|p| restarts(p)).sum();
    let in_place = text(job, "/spec/template/spec/restartPolicy") == "OnFailure";
    let spent = in_place && if limit == 0 { restarted > 0 } else { restarted >= limit };
    if tally.failed > limit || spent {
        let message = "Job has reached the specified backoff limit";
        return Some(Verdict { reason: "BackoffLimitExceeded", message });
    }
    let message = "Job was active longer than specified deadline";
    late.then_some(Verdict { reason: "DeadlineExceeded", message })
}

fn is_successful(job: &Value, tally: &Tally, active: usize) -> bool {
    match completions(job) {
        Some(wanted) if is_indexed(job) => i64::try_from(tally.indexes.len()).unwrap_or(0) >= wanted,
        Some(wanted) => tally.succeeded >= wanted,
        None => tally.succeeded > 0 && active == 0,
    }
}

/// `spec.completions`; the API server gives one to a Job that names neither completions nor parallelism.
fn completions(job: &Value) -> Option<i64> {
    int(job, "/spec/completions").or_else(|| int(job, "/spec/parallelism").is_none().then_some(1))
}

/// Ends the Job as its criterion says, once none of its pods runs any more.
fn finish(cluster: &Cluster, job: &Value, pods: &[Arc<Value>], status: &mut Value) {
    let now = cluster.now();
    let mut busy = false;
    for pod in pods.iter().filter(|p| !has_ended(p)) {
        busy = true;
        if !terminating(pod) {
            delete_pod(cluster, job, pod);
        }
    }
    // A pod that was never scheduled is gone at once; its change brings the Job back here.
    if busy {
        return;
    }
    if let Some(target) = condition(status, "FailureTarget").cloned() {
        let (reason, message) = (text(&target, "/reason"), text(&target, "/message"));
        say(status, "Failed", "True", reason, message, now);
        cluster.event(job, "Warning", reason, message, COMPONENT);
    } else {
        say(status, "Complete", "True", "CompletionsReached", "Reached expected number of succeeded pods", now);
        set(status, &["completionTime"], time(now));
        cluster.event(job, "Normal", "Completed", "Job completed", COMPONENT);
    }
}

fn delete_pod(cluster: &Cluster, job: &Value, pod: &Value) {
    if cluster.delete(&resources::PODS, pod) {
        cluster.event(job, "Normal", "SuccessfulDelete", &format!("Deleted pod: {}", name(pod)), COMPONENT);
    }
}

/// Makes the number of running pods right; answers when to look again and whether a pod could not be made.
fn manage(cluster: &Cluster, job: &Value, mut active: Vec<Arc<Value>>, tally: &Tally) -> (Option<Timestamp>, bool) {
    let parallelism = int(job, "/spec/parallelism").unwrap_or(1);
    let running = i64::try_from(active.len()).unwrap_or(0);
    let wanted = match completions(job) {
        Some(total) => parallelism.min(total - tally.succeeded),
        None if tally.succeeded > 0 => running,
        None => parallelism,
    };
    if running > wanted {
        active.sort_by(|a, b| pods::first_to_go(a, b));
        for pod in active.iter().take(usize::try_from(running - wanted.max(0)).unwrap_or(0)) {
            delete_pod(cluster, job, pod);
        }
    }
    if running >= wanted {
        return (None, false);
    }
    if let Some(at) = tally.not_before().filter(|at| *at > cluster.now()) {
        return (Some(at), false);
    }
    let mut taken: BTreeSet<i64> =
        active.iter().filter_map(|p| index_of(p)).chain(tally.indexes.iter().copied()).collect();
    for _ in running..wanted {
        let index = is_indexed(job).then(|| (0..).find(|i| !taken.contains(i)).unwrap_or(0));
        taken.extend(index);
        if let Err(message) = create_pod(cluster, job, index) {
            cluster.event(job, "Warning", "FailedCreate", &format!("Error creating: {message}"), COMPONENT);
            return (None, true);
        }
    }
    (None, false)
}

fn create_pod(cluster: &Cluster, job: &Value, index: Option<i64>) -> Result<(), String> {
    let mut pod = pods::from_template(job, &job["spec"]["template"]);
    let own = name(job);
    let prefix = index.map_or_else(|| format!("{own}-"), |i| format!("{own}-{i}-"));
    set(&mut pod, &["metadata", "generateName"], prefix);
    let labels = [("job-name", own), ("controller-uid", uid(job))];
    for (key, value) in labels {
        set(&mut pod, &["metadata", "labels", key], value);
        set(&mut pod, &["metadata", "labels", &format!("batch.kubernetes.io/{key}")], value);
    }
    if let Some(index) = index {
        set(&mut pod, &["metadata", "annotations", INDEX], index.to_string());
        set(&mut pod, &["metadata", "labels", INDEX], index.to_string());
    }
    let pod = cluster.store.create(&resources::PODS, pod).map_err(|status| status.message)?;
    cluster.event(job, "Normal", "SuccessfulCreate", &format!("Created pod: {}", name(&pod)), COMPONENT);
    Ok(())
}
