//! Jobs.

use super::{Condition, Metadata, PodTemplate, lenient_time, nullable};
use jiff::Timestamp;
use serde::Deserialize;

/// A Job.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Job {
    /// `metadata`.
    #[serde(deserialize_with = "nullable")]
    pub metadata: Metadata,
    /// `spec`.
    #[serde(deserialize_with = "nullable")]
    pub spec: JobSpec,
    /// `status`.
    #[serde(deserialize_with = "nullable")]
    pub status: JobStatus,
}

/// `spec` of a Job.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct JobSpec {
    /// `completions`; 1 where it is left out without parallelism.
    pub completions: Option<u32>,
    /// `suspend`.
    #[serde(deserialize_with = "nullable")]
    pub suspend: bool,
    /// `template`.
    #[serde(deserialize_with = "nullable")]
    pub template: PodTemplate,
}

/// `status` of a Job.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct JobStatus {
    /// `active`.
    #[serde(deserialize_with = "nullable")]
    pub active: u32,
    /// `ready`: active pods that are ready.
    #[serde(deserialize_with = "nullable")]
    pub ready: u32,
    /// `succeeded`.
    #[serde(deserialize_with = "nullable")]
    pub succeeded: u32,
    /// `failed`.
    #[serde(deserialize_with = "nullable")]
    pub failed: u32,
    /// `startTime`.
    #[serde(deserialize_with = "lenient_time")]
    pub start_time: Option<Timestamp>,
    /// `completionTime`: of success only.
    #[serde(deserialize_with = "lenient_time")]
    pub completion_time: Option<Timestamp>,
    /// `conditions`.
    #[serde(deserialize_with = "nullable")]
    pub conditions: Vec<Condition>,
}
