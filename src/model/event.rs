//! Events: what controllers, scheduler and kubelets told about a workload and what belongs to it.

use super::ObjectRef;
use jiff::Timestamp;

/// One Event. The API server counts repetitions of the same thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventLine {
    /// When it was last seen; None where none of its clocks is set.
    pub at: Option<Timestamp>,
    /// When it was first seen, where it was seen more than once.
    pub first: Option<Timestamp>,
    /// How often it was seen.
    pub count: u32,
    /// Whether it is a warning.
    pub warning: bool,
    /// One word, such as `FailedScheduling`.
    pub reason: Box<str>,
    /// What happened, with values hidden.
    pub message: String,
    /// What it is about: the workload, one of its revisions or pods.
    pub about: ObjectRef,
}
