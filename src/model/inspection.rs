//! What the pods of one workload add to its row: who serves, who fails, and what blocks the rollout.

use super::{Blocker, Health};
use jiff::Timestamp;
use std::sync::Arc;

/// One pod, reduced to what is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct PodSummary {
    /// Its name.
    pub name: Arc<str>,
    /// `pod-template-hash` or `controller-revision-hash`.
    pub template_hash: Option<Box<str>>,
    /// The image of its first container.
    pub image: Box<str>,
    /// Where it runs.
    pub node: Option<Box<str>>,
    /// Whether it is ready.
    pub ready: bool,
    /// Its state in one word, as kubectl shows it: `Running`, `CrashLoopBackOff`.
    pub status: Box<str>,
    /// Restarts of all its containers.
    pub restarts: u32,
    /// When it was created.
    pub created: Option<Timestamp>,
}

/// What was found when a workload's pods were looked at.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Inspection {
    /// When.
    pub at: Option<Timestamp>,
    /// Health with the pods taken into account.
    pub health: Health,
    /// What blocks it.
    pub blocker: Option<Blocker>,
    /// Its pods, newest template first; bounded.
    pub pods: Vec<PodSummary>,
    /// Pods left out because there were too many.
    pub omitted: usize,
    /// Images that ready pods of older templates still serve.
    pub serving_before: Vec<Box<str>>,
}
