//! The CronJob controller: a Job at each scheduled minute, and a bounded history of them.
//!
//! Invariant: a Job's name follows from its scheduled minute, so that none is made twice; of several missed runs only the last is made up for.

use super::{
    cluster::Cluster,
    job,
    object::{
        annotations, controller_reference, flag, int, is_true, moment, name, namespace, set, terminating, text, time,
        uid,
    },
    schedule::Schedule,
};
use crate::sim::resource::resources;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::sync::Arc;

const COMPONENT: &str = "cronjob-controller";

/// Starts what is due and answers when the next run is.
pub fn reconcile(cluster: &mut Cluster, namespace: &str, name: &str) -> Option<Timestamp> {
    let cron = cluster.store.get(&resources::CRON_JOBS, namespace, name)?;
    let jobs = cluster.owned(&resources::JOBS, &cron);
    let mut status = if cron["status"].is_object() { cron["status"].clone() } else { json!({}) };
    note_ended(cluster, &cron, &jobs, &mut status);
    trim(cluster, &cron, &jobs);
    let mut next = None;
    if !terminating(&cron) && !flag(&cron, "/spec/suspend") {
        match Schedule::parse(text(&cron, "/spec/schedule")) {
            Some(schedule) => next = run(cluster, &cron, &jobs, &schedule, &mut status),
            None => {
                let message = format!("unparseable schedule: \"{}\"", text(&cron, "/spec/schedule"));
                cluster.event(&cron, "Warning", "UnparseableSchedule", &message, COMPONENT);
            }
        }
    }
    cluster.write_status(&resources::CRON_JOBS, &cron, status);
    next
}

/// Runs later than this after their minute are missed.
fn grace(cron: &Value) -> Option<i64> {
    int(cron, "/spec/startingDeadlineSeconds")
}

fn run(
    cluster: &Cluster,
    cron: &Value,
    jobs: &[Arc<Value>],
    schedule: &Schedule,
    status: &mut Value,
) -> Option<Timestamp> {
    let now = cluster.now();
    let mut since = moment(status, "/lastScheduleTime").or_else(|| moment(cron, "/metadata/creationTimestamp"))?;
    if let Some(seconds) = grace(cron) {
        since = since.max(super::cluster::after(now, -(seconds as f64)));
    }
    // Far behind, only the last day is looked through: the latest missed run is what counts.
    let mut at = schedule.next_after(since.max(super::cluster::after(now, -86_400.0)))?;
    let mut missed = None;
    while at <= now {
        missed = Some(at);
        at = schedule.next_after(at)?;
    }
    if let Some(due) = missed {
        start(cluster, cron, jobs, due, status);
    }
    Some(at)
}

fn start(cluster: &Cluster, cron: &Value, jobs: &[Arc<Value>], due: Timestamp, status: &mut Value) {
    let running: Vec<_> = jobs.iter().filter(|j| job::end_of(&j["status"]).is_none()).collect();
    match text(cron, "/spec/concurrencyPolicy") {
        "Forbid" if !running.is_empty() => {
            let message = "Not starting job because prior execution is running and concurrency policy is Forbid";
            cluster.event(cron, "Normal", "JobAlreadyActive", message, COMPONENT);
            return;
        }
        "Replace" => {
            for old in &running {
                cluster.delete(&resources::JOBS, old);
            }
        }
        _ => {}
    }
    let template = &cron["spec"]["jobTemplate"];
    let own = format!("{}-{}", name(cron), due.as_second() / 60);
    let mut object = json!({
        "metadata": {
            "name": own, "namespace": namespace(cron), "labels": template["metadata"]["labels"],
            "annotations": annotations(template), "ownerReferences": [controller_reference(cron)],
        },
        "spec": template["spec"],
    });
    set(&mut object, &["metadata", "annotations", "batch.kubernetes.io/cronjob-scheduled-timestamp"], time(due));
    if object["metadata"]["labels"].is_null() {
        super::object::unset(&mut object, &["metadata", "labels"]);
    }
    match cluster.store.create(&resources::JOBS, object) {
        Ok(created) => {
            cluster.event(cron, "Normal", "SuccessfulCreate", &format!("Created job {own}"), COMPONENT);
            let mut active = super::object::items(status, "/active").to_vec();
            active.push(super::cluster::reference(&created));
            set(status, &["active"], active);
            set(status, &["lastScheduleTime"], time(due));
        }
        Err(failed) if failed.reason == "AlreadyExists" => set(status, &["lastScheduleTime"], time(due)),
        Err(failed) => {
            let message = format!("Error creating job: {}", failed.message);
            cluster.event(cron, "Warning", "FailedCreate", &message, COMPONENT);
        }
    }
}

/// Takes ended and vanished Jobs off the active list.
fn note_ended(cluster: &Cluster, cron: &Value, jobs: &[Arc<Value>], status: &mut Value) {
    let mut active = super::object::items(status, "/active").to_vec();
    active.retain(|reference| {
        let Some(job) = jobs.iter().find(|j| reference["uid"] == uid(j)) else { return false };
        if job::end_of(&job["status"]).is_none() {
            return true;
        }
        let complete = is_true(&job["status"], "Complete");
        let condition = if complete { "Complete" } else { "Failed" };
        let message = format!("Saw completed job: {}, condition: {condition}", name(job));
        cluster.event(cron, "Normal", "SawCompletedJob", &message, COMPONENT);
        if complete {
            set(status, &["lastSuccessfulTime"], job["status"]["completionTime"].clone());
        }
        false
    });
    if active.is_empty() {
        super::object::unset(status, &["active"]);
    } else {
        set(status, &["active"], active);
    }
}

/// Deletes the oldest ended Jobs beyond the limits.
fn trim(cluster: &Cluster, cron: &Value, jobs: &[Arc<Value>]) {
    for (kind, field, default) in
        [("Complete", "/spec/successfulJobsHistoryLimit", 3), ("Failed", "/spec/failedJobsHistoryLimit", 1)]
    {
        let mut ended: Vec<_> = jobs.iter().filter(|j| is_true(&j["status"], kind) && !terminating(j)).collect();
        ended.sort_by_key(|j| (text(j, "/status/startTime").to_owned(), name(j).to_owned()));
        let limit = usize::try_from(int(cron, field).unwrap_or(default)).unwrap_or(0);
        for job in ended.iter().take(ended.len().saturating_sub(limit)) {
            cluster.delete(&resources::JOBS, job);
            cluster.event(cron, "Normal", "SuccessfulDelete", &format!("Deleted job {}", name(job)), COMPONENT);
        }
    }
}
