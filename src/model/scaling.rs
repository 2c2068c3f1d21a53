//! An autoscaler at length: its limits of behaviour and when it last acted.

use super::{AutoscalerCondition, ObjectRef};
use jiff::Timestamp;

/// How fast an autoscaler may move in one direction, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Behaviour {
    /// `up` or `down`.
    pub direction: &'static str,
    /// The rules: `at most 4 pods in 15 s or 100 % in 15 s, whichever is more`.
    pub rules: String,
    /// Whether the object sets them, or Kubernetes' defaults hold.
    pub set: bool,
}

/// A HorizontalPodAutoscaler at length; numbers and metrics are in its row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scaling {
    /// Which object this is.
    pub object: ObjectRef,
    /// When it last scaled.
    pub last_scaled: Option<Timestamp>,
    /// Its limits, up and down.
    pub behaviour: Vec<Behaviour>,
    /// Its conditions, and since when each is so.
    pub conditions: Vec<(AutoscalerCondition, Option<Timestamp>)>,
    /// Whether its controller has not looked at the latest change yet.
    pub unobserved: bool,
}
