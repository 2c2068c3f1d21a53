//! HorizontalPodAutoscalers.

use super::{Labels, ObjectRef};
use jiff::Timestamp;
use serde::Serialize;

/// One metric of an autoscaler, values formatted in the metric's own unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Metric {
    /// What is measured: `cpu`, `requests_per_second`.
    pub name: Box<str>,
    /// The metric's source type: `Resource`, `ContainerResource`, `Pods`, `Object` or `External`.
    #[serde(rename = "type")]
    pub source: Box<str>,
    /// The current value, or None where the autoscaler has none (`<unknown>`).
    pub current: Option<Box<str>>,
    /// The value aimed at.
    pub target: Box<str>,
}

/// One condition of an autoscaler's status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AutoscalerCondition {
    /// `AbleToScale`, `ScalingActive` or `ScalingLimited`.
    #[serde(rename = "type")]
    pub kind: Box<str>,
    /// `True`, `False` or `Unknown`.
    pub status: Box<str>,
    /// The reason as one word.
    pub reason: Box<str>,
    /// The sentence that explains it.
    pub message: Box<str>,
}

/// A HorizontalPodAutoscaler, reduced to what is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Autoscaler {
    /// Which object this is.
    pub object: ObjectRef,
    /// What it scales.
    pub target: ObjectRef,
    /// The least replicas it allows.
    pub min: u32,
    /// The most replicas it allows.
    pub max: u32,
    /// Replicas now.
    pub current: u32,
    /// Replicas it asks for.
    pub desired: u32,
    /// Its metrics, in the order of its spec.
    pub metrics: Vec<Metric>,
    /// Its conditions.
    pub conditions: Vec<AutoscalerCondition>,
    /// When the object was created.
    pub created: Option<Timestamp>,
    /// Its labels.
    pub labels: Labels,
}

impl Autoscaler {
    /// Why it cannot scale, in its own words; None while it can.
    pub fn trouble(&self) -> Option<&str> {
        self.conditions
            .iter()
            .find(|c| matches!(&*c.kind, "AbleToScale" | "ScalingActive") && &*c.status == "False")
            .map(|c| &*c.message)
    }
}
