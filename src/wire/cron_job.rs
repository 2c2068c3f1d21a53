//! CronJobs.

use super::{Metadata, lenient_time, nullable};
use jiff::Timestamp;
use serde::Deserialize;

/// A CronJob.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct CronJob {
    /// `metadata`.
    #[serde(deserialize_with = "nullable")]
    pub metadata: Metadata,
    /// `spec`.
    #[serde(deserialize_with = "nullable")]
    pub spec: CronJobSpec,
    /// `status`.
    #[serde(deserialize_with = "nullable")]
    pub status: CronJobStatus,
}

/// `spec` of a CronJob.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CronJobSpec {
    /// `schedule`.
    #[serde(deserialize_with = "nullable")]
    pub schedule: Box<str>,
    /// `timeZone`.
    pub time_zone: Option<Box<str>>,
    /// `suspend`.
    #[serde(deserialize_with = "nullable")]
    pub suspend: bool,
    /// `jobTemplate`.
    #[serde(deserialize_with = "nullable")]
    pub job_template: JobTemplate,
}

/// `jobTemplate`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct JobTemplate {
    /// `spec`.
    #[serde(deserialize_with = "nullable")]
    pub spec: super::JobSpec,
}

/// `status` of a CronJob.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CronJobStatus {
    /// `active`; only how many there are matters.
    #[serde(deserialize_with = "nullable")]
    pub active: Vec<serde::de::IgnoredAny>,
    /// `lastScheduleTime`.
    #[serde(deserialize_with = "lenient_time")]
    pub last_schedule_time: Option<Timestamp>,
    /// `lastSuccessfulTime`.
    #[serde(deserialize_with = "lenient_time")]
    pub last_successful_time: Option<Timestamp>,
}
