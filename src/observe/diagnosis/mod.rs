//! What is wrong with a workload's pods: which cause, for how many of them, and what else would tell more.
//!
//! Pure. Odd objects give no finding, never a panic. A pod is judged by the first thing that stops it; among pods the cause that
//! stops most of them is told, causes before symptoms, and the others are counted beside it. A finding may name what else is
//! worth reading (a log, events, a claim); reading it is the caller's work.

pub(super) mod container;
pub(super) mod missing;
pub(super) mod object;
pub(super) mod pod;
pub(super) mod pull;
pub(super) mod refusal;
pub(super) mod schedule;

use crate::{
    model::{Among, BlockerKind, Cause, Share},
    observe::pods,
    wire::Pod,
};
use jiff::Timestamp;

/// How long, in seconds, a pod may be unready, or waiting without a reason, before it is worth a word.
pub(super) const PATIENCE: i64 = 30;

/// What else would tell more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Evidence {
    /// What the cluster said already.
    Told(String),
    /// The end of this container's log: of the run before the current one, or of the last one. Where `probed`, its events first:
    /// it may have been killed because of a probe.
    Log { container: Box<str>, previous: bool, probed: bool },
    /// The newest warning about the pod.
    Events,
    /// What the node says about itself.
    Node,
    /// Which of these claims is not bound.
    Claims(Vec<Box<str>>),
    /// Nothing.
    None,
}

/// What stops one pod, or several in the same way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    pub cause: Cause,
    pub evidence: Evidence,
    /// Since when, where it is known.
    pub since: Option<Timestamp>,
    /// The pod that shows it.
    pub pod: Box<str>,
    /// How many pods.
    pub share: Share,
}

/// What stops most of these pods; None while nothing is known to be wrong. Pods that are ready, ended or told to go do not
/// count as stopped, ended and leaving ones not at all.
pub(super) fn diagnose<'a>(pods: impl Iterator<Item = &'a Pod>, among: Among, now: Timestamp) -> Option<Finding> {
    let mut found: Vec<(Finding, &str)> = Vec::new();
    let mut nodes: Vec<&str> = Vec::new();
    for pod in pods.filter(|pod| pods::is_active(pod)) {
        let node = pod.spec.node_name.as_deref().unwrap_or_default();
        nodes.push(node);
        if !pods::is_ready(pod) {
            found.extend(pod::finding(pod, now).map(|finding| (finding, node)));
        }
    }
    let of = u32::try_from(nodes.len()).unwrap_or(u32::MAX);
    let count = |kind: BlockerKind| found.iter().filter(|(f, _)| f.cause.kind() == kind).count();
    let chosen = found
        .iter()
        .map(|(f, _)| f.cause.kind())
        .min_by_key(|kind| (is_symptom(*kind), usize::MAX - count(*kind), *kind))?;
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let mut kinds: Vec<BlockerKind> =
        found.iter().map(|(f, _)| f.cause.kind()).filter(|kind| *kind != chosen).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let beside = kinds.into_iter().map(|kind| (number(count(kind)), kind)).collect();
    let same = || found.iter().filter(|(f, _)| f.cause.kind() == chosen);
    let node = place(same().map(|(_, node)| *node), &nodes).map(Into::into);
    let share = Share { count: number(count(chosen)), of, among, beside, node, waiting: 0 };
    let since = same().filter_map(|(f, _)| f.since).min();
    // The one that was restarted most has most to tell.
    let first = same().map(|(f, _)| f).max_by_key(|f| restarts(&f.cause))?.clone();
    Some(Finding { share, since, ..first })
}

/// The one node that every failing pod is on, where pods on other nodes are well.
fn place<'n>(mut failing: impl Iterator<Item = &'n str>, all: &[&str]) -> Option<&'n str> {
    let first = failing.next().filter(|node| !node.is_empty())?;
    let together = failing.all(|node| node == first);
    (together && all.iter().any(|node| *node != first)).then_some(first)
}

/// Whether other findings explain this one.
const fn is_symptom(kind: BlockerKind) -> bool {
    matches!(kind, BlockerKind::NotReady | BlockerKind::Initialising)
}

const fn restarts(cause: &Cause) -> u32 {
    match cause {
        Cause::CrashLoop { restarts, .. } | Cause::OutOfMemory { restarts, .. } | Cause::Liveness { restarts, .. } => {
            *restarts
        }
        _ => 0,
    }
}

/// Whether something is younger than so many seconds; what has no age counts as old.
pub(super) fn younger_than(begun: Option<Timestamp>, seconds: i64, now: Timestamp) -> bool {
    begun.is_some_and(|begun| now.duration_since(begun).as_secs() < seconds)
}

#[cfg(test)]
mod tests;
