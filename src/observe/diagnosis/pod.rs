//! What stops one pod: its node, its place, its containers, or that it is not ready.

use super::{Evidence, Finding, PATIENCE, container, schedule, younger_than};
use crate::{
    model::{Cause, Probe, Share},
    wire::{Condition, ContainerStatus, Pod},
};
use jiff::Timestamp;

/// How long, in seconds, a pod may stay after the time at which it should have been gone.
const LINGERING: i64 = 30;
/// How long, in seconds, the scheduler may need for a new pod.
const SCHEDULING: i64 = 5;
/// How long, in seconds, a pod may go without a word of any scheduler.
const UNHEEDED: i64 = 10;
/// For how long, in seconds, a pod that was turned away is worth a word.
const RECENT: i64 = 900;

/// What stops this pod, which is neither ready nor told to go.
pub fn finding(pod: &Pod, now: Timestamp) -> Option<Finding> {
    let status = &pod.status;
    let of = |list: &[ContainerStatus], init| {
        let found = list.iter().filter_map(|status| container::finding(pod, status, init));
        found.min_by_key(|(cause, ..)| cause.kind())
    };
    let found = of(&status.init_container_statuses, true)
        .or_else(|| of(&status.container_statuses, false))
        .or_else(|| unscheduled(pod, now))
        .or_else(|| node(pod))
        .or_else(|| initialising(pod, now))
        .or_else(|| waiting(pod, now))
        .or_else(|| not_ready(pod, now));
    let (cause, evidence, since) = found?;
    Some(Finding { cause, evidence, since, pod: pod.metadata.name.clone(), share: Share::default() })
}

type Found = Option<(Cause, Evidence, Option<Timestamp>)>;

fn condition<'p>(pod: &'p Pod, kind: &str) -> Option<&'p Condition> {
    pod.status.conditions.iter().find(|condition| &*condition.kind == kind)
}

fn unscheduled(pod: &Pod, now: Timestamp) -> Found {
    let Some(condition) = condition(pod, "PodScheduled").filter(|c| &*c.status == "False") else {
        return unheeded(pod, now);
    };
    let since = condition.last_transition_time.or(pod.metadata.creation_timestamp);
    match &*condition.reason {
        "SchedulingGated" => {
            let gates = pod.spec.scheduling_gates.iter().map(|gate| gate.name.clone()).collect();
            Some((Cause::Gated { gates }, Evidence::None, since))
        }
        // What the scheduler decided could not be carried out: a volume that was to be made for the pod, mostly.
        "SchedulerError" => {
            let told = Some(super::super::sentence(&condition.message).into());
            Some((Cause::Unschedulable { nodes: 0, unfit: Vec::new(), told }, claims(pod), since))
        }
        "Unschedulable" if !younger_than(pod.metadata.creation_timestamp, SCHEDULING, now) => {
            let (cause, evidence) = schedule::cause(&condition.message, pod);
            Some((cause, evidence, since))
        }
        _ => None,
    }
}

/// A pod of which no scheduler has said a word: it waits for a volume that is only made now, or nobody feels responsible.
fn unheeded(pod: &Pod, now: Timestamp) -> Found {
    let placed = pod.spec.node_name.as_ref().is_some_and(|node| !node.is_empty());
    let begun = pod.metadata.creation_timestamp;
    if placed || &*pod.status.phase != "Pending" || younger_than(begun, UNHEEDED, now) {
        return None;
    }
    if let Some(claim) = pod.spec.resource_claims.first() {
        // The scheduler waits for it without a word.
        let name = claim.resource_claim_name.as_ref().unwrap_or(&claim.name);
        let told = Some(format!("waits for its ResourceClaim {name}, does it exist?").into());
        return Some((Cause::Unschedulable { nodes: 0, unfit: Vec::new(), told }, Evidence::None, begun));
    }
    let scheduler = match &*pod.spec.scheduler_name {
        "" => "the scheduler",
        name => &format!("scheduler {name}"),
    };
    let told = Some(format!("{scheduler} has not looked at the pods, does it run?").into());
    Some((Cause::Unschedulable { nodes: 0, unfit: Vec::new(), told }, claims(pod), begun))
}

/// The claims of a pod are worth a look, where it has any.
fn claims(pod: &Pod) -> Evidence {
    match schedule::claims(pod) {
        claims if claims.is_empty() => Evidence::None,
        claims => Evidence::Claims(claims),
    }
}

/// A pod that is not ready though each of its containers is: its node does not answer for it any more.
fn node(pod: &Pod) -> Found {
    let status = &pod.status;
    let node = pod.spec.node_name.clone().filter(|node| !node.is_empty())?;
    let ready = condition(pod, "Ready").filter(|c| &*c.status != "True")?;
    let serve = !status.container_statuses.is_empty() && status.container_statuses.iter().all(|c| c.ready);
    let gates = pod
        .spec
        .readiness_gates
        .iter()
        .all(|gate| condition(pod, &gate.condition_type).is_some_and(|condition| &*condition.status == "True"));
    let lost = &*status.reason == "NodeLost" || (serve && gates);
    lost.then_some((Cause::NodeDown { node, told: None }, Evidence::Node, ready.last_transition_time))
}

/// An init container that runs for long. A sidecar may.
fn initialising(pod: &Pod, now: Timestamp) -> Found {
    let all = &pod.status.init_container_statuses;
    let sidecar =
        |c: &ContainerStatus| container::spec_of(pod, c).is_some_and(|spec| &*spec.restart_policy == "Always");
    let (at, stuck) = all.iter().enumerate().find(|(_, c)| {
        let through = c.state.terminated.as_ref().is_some_and(|ended| ended.exit_code == 0);
        let serves = sidecar(c) && c.started == Some(true);
        !through && !serves
    })?;
    let started = stuck.state.running.as_ref()?.started_at;
    if younger_than(started, PATIENCE, now) {
        return None;
    }
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let cause = Cause::Initialising { container: stuck.name.clone(), number: number(at + 1), of: number(all.len()) };
    let previous = false;
    Some((cause, Evidence::Log { container: stuck.name.clone(), previous, probed: false }, started))
}

/// A pod that is not started and does not say why: a volume that cannot be mounted, mostly. Its events know.
fn waiting(pod: &Pod, now: Timestamp) -> Found {
    let names: [&str; 2] = ["ContainerCreating", "PodInitializing"];
    let status = &pod.status;
    let mut containers = status.init_container_statuses.iter().chain(&status.container_statuses);
    let stuck = containers.any(|c| c.state.waiting.as_ref().is_some_and(|w| names.contains(&&*w.reason)));
    let begun = pod.metadata.creation_timestamp;
    if younger_than(begun, PATIENCE, now) {
        return None;
    }
    if status.init_container_statuses.is_empty() && status.container_statuses.is_empty() {
        let node = pod.spec.node_name.clone().filter(|node| !node.is_empty() && &*status.phase == "Pending")?;
        return Some((Cause::Unstarted { node }, Evidence::Node, begun));
    }
    if !stuck {
        return None;
    }
    Some((Cause::Volume { told: None }, Evidence::Events, begun))
}

fn not_ready(pod: &Pod, now: Timestamp) -> Found {
    let changed = condition(pod, "Ready").and_then(|c| c.last_transition_time);
    let Some(container) = pod.status.container_statuses.iter().find(|c| !c.ready && c.state.running.is_some()) else {
        return gate(pod, changed.filter(|_| !younger_than(changed, PATIENCE, now))?);
    };
    let started = container.state.running.as_ref().and_then(|r| r.started_at);
    let since = changed.max(started);
    if since.is_none() || younger_than(since, PATIENCE, now) {
        return None;
    }
    let probe = container::spec_of(pod, container).and_then(|spec| {
        let startup = spec.startup_probe.is_some() && container.started != Some(true);
        if startup {
            return Some(Probe::Startup);
        }
        spec.readiness_probe.is_some().then_some(Probe::Readiness)
    });
    Some((Cause::NotReady { container: container.name.clone(), probe, told: None }, Evidence::Events, since))
}

/// A pod whose containers are ready, but not every one of its readiness gates is true.
fn gate(pod: &Pod, since: Timestamp) -> Found {
    let waits = |kind: &str| condition(pod, kind).is_none_or(|condition| &*condition.status != "True");
    let gate = pod.spec.readiness_gates.iter().find(|gate| waits(&gate.condition_type))?;
    let told = condition(pod, &gate.condition_type).map(|c| super::super::sentence(&c.message));
    let told = told.filter(|told| !told.is_empty()).map(Into::into);
    Some((Cause::ReadinessGate { gate: gate.condition_type.clone(), told }, Evidence::None, Some(since)))
}

/// The pod that should have been gone for longest, if there is one.
pub fn lingering<'p>(pods: impl Iterator<Item = &'p Pod>, now: Timestamp) -> Option<&'p Pod> {
    let due = |pod: &Pod| pod.metadata.deletion_timestamp;
    pods.filter(|pod| due(pod).is_some() && !younger_than(due(pod), LINGERING, now)).min_by_key(|pod| due(pod))
}

/// What made nodes turn pods away lately: the youngest pod that failed for a reason of the node's.
pub fn rejected<'p>(pods: impl Iterator<Item = &'p Pod>, now: Timestamp) -> Option<(Cause, Option<Timestamp>)> {
    let turned_away = |pod: &&Pod| &*pod.status.phase == "Failed" && !pod.status.reason.is_empty();
    let recent = |pod: &&Pod| younger_than(pod.metadata.creation_timestamp, RECENT, now);
    let pod = pods.filter(turned_away).filter(recent).max_by_key(|pod| pod.metadata.creation_timestamp)?;
    let told = super::super::sentence(&pod.status.message);
    let cause = Cause::Rejected {
        reason: pod.status.reason.clone(),
        node: pod.spec.node_name.clone().filter(|node| !node.is_empty()),
        told: (!told.is_empty()).then(|| told.into()),
    };
    Some((cause, pod.metadata.creation_timestamp))
}
