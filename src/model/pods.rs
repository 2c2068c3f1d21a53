//! Pods at length: their containers, how these ended, and the conditions that say what is missing.

use super::Amount;
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;

/// One of an object's `status.conditions`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// Its type, such as `PodScheduled`.
    pub kind: Box<str>,
    /// `True`, `False` or `Unknown`.
    pub status: Box<str>,
    /// The reason as one word.
    pub reason: Box<str>,
    /// The sentence that explains it.
    pub message: Box<str>,
    /// Since when it is so.
    pub since: Option<Timestamp>,
}

impl Condition {
    /// Whether it is true.
    pub fn is_true(&self) -> bool {
        &*self.status == "True"
    }
}

/// How a container ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Termination {
    /// The exit code.
    pub exit_code: i32,
    /// The signal that ended it; 0 where none is told.
    pub signal: i32,
    /// One word, such as `OOMKilled`.
    pub reason: Box<str>,
    /// What the container wrote as its termination message, with values hidden.
    pub message: String,
    /// How long it had run.
    pub ran: Option<SignedDuration>,
    /// When it ended.
    pub at: Option<Timestamp>,
}

/// One container of a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodContainer {
    /// Its name.
    pub name: Box<str>,
    /// Its image as it runs.
    pub image: Box<str>,
    /// Whether it is an init container.
    pub init: bool,
    /// Whether it runs now.
    pub running: bool,
    /// What it asked for.
    pub requests: Amount,
    /// What it may use at most.
    pub limits: Amount,
    /// Whether it is ready.
    pub ready: bool,
    /// How often it was started again.
    pub restarts: u32,
    /// Its state in words: `running`, `waiting: CrashLoopBackOff`, `ended: Completed`.
    pub state: String,
    /// The sentence that explains the state, with values hidden.
    pub message: String,
    /// Since when it runs, or when it ended.
    pub since: Option<Timestamp>,
    /// How it ended the time before.
    pub last: Option<Termination>,
}

/// One pod at length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodDetail {
    /// Its name.
    pub name: Arc<str>,
    /// Containers ready, and how many there are: as kubectl prints them.
    pub containers_ready: (u32, u32),
    /// Whether it is ready as a whole.
    pub ready: bool,
    /// Its state in one word, as kubectl prints it.
    pub status: Box<str>,
    /// Restarts of all its containers.
    pub restarts: u32,
    /// Where it runs.
    pub node: Option<Box<str>>,
    /// Its address.
    pub ip: Option<Box<str>>,
    /// `Guaranteed`, `Burstable` or `BestEffort`.
    pub quality: Box<str>,
    /// When it was created.
    pub created: Option<Timestamp>,
    /// Its containers, init containers first.
    pub containers: Vec<PodContainer>,
    /// Its conditions.
    pub conditions: Vec<Condition>,
}

impl PodDetail {
    /// How one of its containers ended last, and which.
    pub fn last_end(&self) -> Option<(&PodContainer, &Termination)> {
        let ended = self.containers.iter().filter_map(|container| Some((container, container.last.as_ref()?)));
        ended.max_by_key(|(_, end)| end.at)
    }
}

/// The pods of one revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodGroup {
    /// The revision's number, where it is known.
    pub revision: Option<u64>,
    /// `pod-template-hash` or `controller-revision-hash`.
    pub hash: Option<Box<str>>,
    /// Whether it is the current template; None where that is not known.
    pub current: Option<bool>,
    /// The image of the first container.
    pub image: Box<str>,
    /// Its pods: those that are not ready first.
    pub pods: Vec<PodDetail>,
}

/// The pods of a workload, grouped by revision, the newest first.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Pods {
    /// The revisions that have pods.
    pub groups: Vec<PodGroup>,
    /// Pods left out because there were too many.
    pub omitted: usize,
}

impl Pods {
    /// Every pod, in order.
    pub fn iter(&self) -> impl Iterator<Item = &PodDetail> {
        self.groups.iter().flat_map(|group| &group.pods)
    }

    /// The QoS classes of the pods and what each means, most frequent first; with numbers where there are several.
    pub fn by_quality(&self) -> Vec<String> {
        let mut counts: Vec<(&str, usize)> = Vec::new();
        for pod in self.iter().filter(|pod| !pod.quality.is_empty()) {
            match counts.iter_mut().find(|(class, _)| *class == &*pod.quality) {
                Some((_, count)) => *count += 1,
                None => counts.push((&pod.quality, 1)),
            }
        }
        counts.sort_by_key(|(class, count)| (std::cmp::Reverse(*count), *class));
        let several = counts.len() > 1;
        let words = |(class, count): (&str, usize)| {
            let number = if several { format!("{count} ") } else { String::new() };
            let means = match class {
                "BestEffort" => " (no requests: evicted first)",
                "Burstable" => " (evicted early once it uses more than it requested)",
                "Guaranteed" => " (evicted last)",
                _ => "",
            };
            format!("{number}{class}{means}")
        };
        counts.into_iter().map(words).collect()
    }

    /// How many pods there are of each state, most frequent first.
    pub fn by_status(&self) -> Vec<(&str, bool, usize)> {
        let mut counts: Vec<(&str, bool, usize)> = Vec::new();
        for pod in self.iter() {
            match counts.iter_mut().find(|(status, ready, _)| *status == &*pod.status && *ready == pod.ready) {
                Some((.., count)) => *count += 1,
                None => counts.push((&pod.status, pod.ready, 1)),
            }
        }
        counts.sort_by_key(|(status, ready, count)| (*ready, std::cmp::Reverse(*count), *status));
        counts
    }
}
