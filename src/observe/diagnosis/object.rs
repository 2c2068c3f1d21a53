//! What the workload's own object says stops it: a controller that is late, a pause, a strategy that waits for somebody, a
//! deadline.

use super::younger_than;
use crate::{
    model::{Cause, Kind, RolloutState},
    observe::{pods, rollout},
    wire::{Pod, Workload},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

/// How long, in seconds, a controller may need to take up a change.
const LATE: i64 = 20;

/// A cause with the moment since which it holds.
pub type Dated = (Cause, Option<Timestamp>);

/// Whether the status is of an earlier generation.
pub fn is_stale(object: &Workload) -> bool {
    object.status.observed_generation < object.metadata.generation
}

/// The controller that has not taken up the last change for too long. `whole` is the object with its managed fields.
pub fn stale(kind: Kind, object: &Workload, whole: &Value, now: Timestamp) -> Option<Dated> {
    let since = changed(whole).or(object.metadata.creation_timestamp);
    let late = is_stale(object) && !younger_than(since, LATE, now);
    let (generation, observed) = (object.metadata.generation, object.status.observed_generation);
    late.then_some((Cause::Stale { kind, generation, observed }, since))
}

/// When the object itself, and not its status, was last written; autoscalers write `scale`.
fn changed(whole: &Value) -> Option<Timestamp> {
    managers(whole).filter(|entry| entry["subresource"] != "status").filter_map(time).max()
}

fn managers(whole: &Value) -> impl Iterator<Item = &Value> {
    whole["metadata"]["managedFields"].as_array().into_iter().flatten()
}

fn time(entry: &Value) -> Option<Timestamp> {
    entry["time"].as_str()?.parse().ok()
}

/// What keeps a workload that was deleted. Its children may have to go first, which is its own finalizer.
pub fn deleting(object: &Workload) -> Option<Dated> {
    let metadata = &object.metadata;
    metadata.deletion_timestamp.map(|since| (Cause::Deleting { finalizers: metadata.finalizers.clone() }, Some(since)))
}

/// A rollout that somebody paused before it was through, and who that was.
pub fn paused(object: &Workload, whole: &Value) -> Option<Dated> {
    let verdict = rollout::verdict(Kind::Deployment, object);
    if !object.spec.paused || verdict.state != RolloutState::Paused {
        return None;
    }
    let owner = managers(whole).find(|entry| !entry["fieldsV1"]["f:spec"]["f:paused"].is_null());
    let by = owner.and_then(|entry| entry["manager"].as_str()).filter(|by| !by.is_empty());
    let said = object.status.condition("Progressing").filter(|c| &*c.reason == "DeploymentPaused");
    let since = said.and_then(|c| c.last_update_time.or(c.last_transition_time)).or_else(|| owner.and_then(time));
    let number = |n: i64| u32::try_from(n.max(0)).unwrap_or(u32::MAX);
    let updated = (number(object.status.updated_replicas), number(rollout::desired(Kind::Deployment, object)));
    Some((Cause::Paused { by: by.map(Into::into), updated }, since))
}

/// Pods of an earlier template that wait for somebody to delete them.
pub fn on_delete(kind: Kind, object: &Workload) -> Option<Cause> {
    let waits = matches!(kind, Kind::StatefulSet | Kind::DaemonSet) && &*object.spec.update_strategy.kind == "OnDelete";
    let (updated, wanted) = (rollout::updated(kind, object), rollout::desired(kind, object));
    let number = |n: i64| u32::try_from(n.max(0)).unwrap_or(u32::MAX);
    (waits && updated < wanted).then(|| Cause::OnDelete { old: number(wanted - updated), of: number(wanted) })
}

/// Pods that are ready, but not yet for `minReadySeconds`.
pub fn settling<'p>(object: &Workload, pods: impl Iterator<Item = &'p Pod>, now: Timestamp) -> Option<Dated> {
    let seconds = object.spec.min_ready_seconds;
    if seconds <= 0 {
        return None;
    }
    let ready_since = |pod: &'p Pod| {
        pods::is_ready(pod).then(|| pod.status.conditions.iter().find(|c| &*c.kind == "Ready")?.last_transition_time)?
    };
    let young: Vec<Timestamp> = pods
        .filter(|pod| pods::is_active(pod))
        .filter_map(ready_since)
        .filter(|since| younger_than(Some(*since), seconds, now))
        .collect();
    let last = young.iter().max().copied()?;
    let cause = Cause::MinReady {
        seconds: u32::try_from(seconds).unwrap_or(u32::MAX),
        settling: u32::try_from(young.len()).unwrap_or(u32::MAX),
        until: last.checked_add(SignedDuration::from_secs(seconds)).ok(),
    };
    Some((cause, young.iter().min().copied()))
}

/// For how many seconds nothing moves before that is told without having seen a pod.
const STILL: i64 = 60;

/// A rollout that does not move, as far as the object tells by itself.
pub fn standstill(kind: Kind, object: &Workload, now: Timestamp) -> Option<Dated> {
    let waits = kind == Kind::Deployment && rollout::verdict(kind, object).state == RolloutState::Progressing;
    let since = object.status.condition("Progressing").filter(|_| waits && !is_stale(object))?.last_update_time?;
    (!younger_than(Some(since), STILL, now)).then_some((Cause::Unseen, Some(since)))
}

/// A deadline that has passed.
pub fn deadline(kind: Kind, object: &Workload) -> Option<Dated> {
    if rollout::verdict(kind, object).state != RolloutState::Failed {
        return None;
    }
    let seconds = object.spec.progress_deadline_seconds.or(Some(600)).and_then(|s| u32::try_from(s).ok());
    let condition = object.status.condition("Progressing");
    Some((Cause::Deadline { seconds }, condition.and_then(|c| c.last_transition_time)))
}
