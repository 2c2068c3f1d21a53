//! Jobs.

use super::{Labels, ObjectRef, Owner};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Where a Job stands. Only the conditions `Complete` and `Failed` are final.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "state", content = "reason")]
pub enum JobState {
    /// Created but told not to start.
    Suspended,
    /// It has pods or will have.
    Running,
    /// It ended well.
    Complete,
    /// It failed for this reason.
    Failed(String),
}

/// A Job, reduced to what is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// Which object this is.
    pub object: ObjectRef,
    /// Where it stands.
    pub state: JobState,
    /// Pods running.
    pub active: u32,
    /// Pods running that are ready.
    pub ready: u32,
    /// Pods that succeeded.
    pub succeeded: u32,
    /// Pods that failed.
    pub failed: u32,
    /// Successes it needs.
    pub completions: u32,
    /// The image of its first container.
    pub image: Box<str>,
    /// Who else writes it.
    pub owner: Option<Owner>,
    /// When it started.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub finished: Option<Timestamp>,
    /// Its labels.
    pub labels: Labels,
}

impl Job {
    /// Whether its pods are worth fetching to name what is wrong: it runs, and none of its pods does.
    pub fn needs_inspection(&self) -> bool {
        self.state == JobState::Running && self.ready == 0
    }
}
