//! What an Argo Rollout has beyond a Deployment: canary steps, pauses, weights, a template kept elsewhere.

use super::{lenient_time, nullable, word};
use jiff::Timestamp;
use serde::Deserialize;

/// `spec.strategy` of a Rollout. That of a Deployment has neither of the two.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Delivery {
    /// `canary`.
    pub canary: Option<Canary>,
    /// `blueGreen`; only whether it is there matters.
    pub blue_green: Option<serde::de::IgnoredAny>,
}

/// `spec.strategy.canary`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Canary {
    /// `steps`.
    #[serde(deserialize_with = "nullable")]
    pub steps: Vec<Step>,
}

/// One of a canary's `steps`. A step that is neither of the two is an analysis, an experiment or a plug-in's.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Step {
    /// `setWeight`, in percent.
    pub set_weight: Option<u32>,
    /// `pause`.
    pub pause: Option<Pause>,
}

/// `pause` of a step.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Pause {
    /// `duration`: `10m`, or seconds; empty for a pause that somebody has to end.
    #[serde(deserialize_with = "word")]
    pub duration: Box<str>,
}

/// One of `status.pauseConditions`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PauseCondition {
    /// `reason`: `CanaryPauseStep`, `BlueGreenPause`, `InconclusiveAnalysisRun`.
    #[serde(deserialize_with = "nullable")]
    pub reason: Box<str>,
    /// `startTime`.
    #[serde(deserialize_with = "lenient_time")]
    pub start_time: Option<Timestamp>,
}

/// `status.canary`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct CanaryStatus {
    /// `weights`: what was set in the router; None where none is used.
    pub weights: Option<Weights>,
}

/// `status.canary.weights`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Weights {
    /// `canary`.
    #[serde(deserialize_with = "nullable")]
    pub canary: Destination,
}

/// One of the destinations of `weights`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Destination {
    /// `weight`, in percent.
    #[serde(deserialize_with = "nullable")]
    pub weight: u32,
}

/// `spec.workloadRef`: the workload whose template is rolled out.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct WorkloadRef {
    /// `kind`: Deployment, ReplicaSet or PodTemplate.
    #[serde(deserialize_with = "nullable")]
    pub kind: Box<str>,
    /// `name`.
    #[serde(deserialize_with = "nullable")]
    pub name: Box<str>,
}
