//! `metrics.k8s.io`: what pods and nodes use, as the metrics API samples it.

use super::{Metadata, Quantity, lenient_time, nullable};
use jiff::Timestamp;
use serde::Deserialize;
use std::collections::BTreeMap;

/// A PodMetrics.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct PodMetrics {
    /// `metadata`.
    #[serde(deserialize_with = "nullable")]
    pub metadata: Metadata,
    /// `timestamp`: when it was sampled.
    #[serde(deserialize_with = "lenient_time")]
    pub timestamp: Option<Timestamp>,
    /// `containers`.
    #[serde(deserialize_with = "nullable")]
    pub containers: Vec<ContainerMetrics>,
}

/// One of a PodMetrics' `containers`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ContainerMetrics {
    /// `name`.
    #[serde(deserialize_with = "nullable")]
    pub name: Box<str>,
    /// `usage`: `cpu` and `memory`.
    #[serde(deserialize_with = "nullable")]
    pub usage: BTreeMap<Box<str>, Quantity>,
}

/// A NodeMetrics.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct NodeMetrics {
    /// `metadata`.
    #[serde(deserialize_with = "nullable")]
    pub metadata: Metadata,
    /// `usage`: `cpu` and `memory`.
    #[serde(deserialize_with = "nullable")]
    pub usage: BTreeMap<Box<str>, Quantity>,
}
