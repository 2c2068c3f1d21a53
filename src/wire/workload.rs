//! Deployments, StatefulSets, DaemonSets and ReplicaSets. Their fields hardly overlap in meaning, so one struct reads the
//! first three; which kind it is, the caller knows.

use super::{Condition, Metadata, PodTemplate, Selector, nullable};
use serde::Deserialize;

/// A Deployment, StatefulSet or DaemonSet.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Workload {
    /// `metadata`.
    #[serde(deserialize_with = "nullable")]
    pub metadata: Metadata,
    /// `spec`.
    #[serde(deserialize_with = "nullable")]
    pub spec: WorkloadSpec,
    /// `status`.
    #[serde(deserialize_with = "nullable")]
    pub status: WorkloadStatus,
}

/// `spec` of the three.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct WorkloadSpec {
    /// `replicas`; 1 where a Deployment or StatefulSet leaves it out.
    pub replicas: Option<i64>,
    /// `paused` (Deployment).
    #[serde(deserialize_with = "nullable")]
    pub paused: bool,
    /// `minReadySeconds`.
    #[serde(deserialize_with = "nullable")]
    pub min_ready_seconds: i64,
    /// `progressDeadlineSeconds` (Deployment).
    pub progress_deadline_seconds: Option<i64>,
    /// `selector`.
    #[serde(deserialize_with = "nullable")]
    pub selector: Selector,
    /// `template`.
    #[serde(deserialize_with = "nullable")]
    pub template: PodTemplate,
    /// `updateStrategy` (StatefulSet, DaemonSet).
    #[serde(deserialize_with = "nullable")]
    pub update_strategy: Strategy,
}

/// `updateStrategy`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Strategy {
    /// `RollingUpdate` or `OnDelete`.
    #[serde(rename = "type", deserialize_with = "nullable")]
    pub kind: Box<str>,
    /// `rollingUpdate`.
    #[serde(deserialize_with = "nullable")]
    pub rolling_update: RollingUpdate,
}

/// `rollingUpdate` of a StatefulSet.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct RollingUpdate {
    /// `partition`: pods with a lower ordinal keep the old template.
    #[serde(deserialize_with = "nullable")]
    pub partition: i64,
}

/// `status` of the three.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct WorkloadStatus {
    /// `observedGeneration`.
    #[serde(deserialize_with = "nullable")]
    pub observed_generation: i64,
    /// `replicas`.
    #[serde(deserialize_with = "nullable")]
    pub replicas: i64,
    /// `updatedReplicas`.
    #[serde(deserialize_with = "nullable")]
    pub updated_replicas: i64,
    /// `readyReplicas`.
    #[serde(deserialize_with = "nullable")]
    pub ready_replicas: i64,
    /// `availableReplicas`.
    #[serde(deserialize_with = "nullable")]
    pub available_replicas: i64,
    /// `currentRevision` (StatefulSet).
    #[serde(deserialize_with = "nullable")]
    pub current_revision: Box<str>,
    /// `updateRevision` (StatefulSet).
    #[serde(deserialize_with = "nullable")]
    pub update_revision: Box<str>,
    /// `desiredNumberScheduled` (DaemonSet).
    #[serde(deserialize_with = "nullable")]
    pub desired_number_scheduled: i64,
    /// `updatedNumberScheduled` (DaemonSet).
    #[serde(deserialize_with = "nullable")]
    pub updated_number_scheduled: i64,
    /// `numberReady` (DaemonSet).
    #[serde(deserialize_with = "nullable")]
    pub number_ready: i64,
    /// `numberAvailable` (DaemonSet).
    #[serde(deserialize_with = "nullable")]
    pub number_available: i64,
    /// `conditions`.
    #[serde(deserialize_with = "nullable")]
    pub conditions: Vec<Condition>,
}

impl WorkloadStatus {
    /// The condition of this type.
    pub fn condition(&self, kind: &str) -> Option<&Condition> {
        self.conditions.iter().find(|condition| &*condition.kind == kind)
    }
}

/// A ReplicaSet.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ReplicaSet {
    /// `metadata`.
    #[serde(deserialize_with = "nullable")]
    pub metadata: Metadata,
    /// `status`.
    #[serde(deserialize_with = "nullable")]
    pub status: ReplicaSetStatus,
}

/// `status` of a ReplicaSet.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ReplicaSetStatus {
    /// `replicas`.
    #[serde(deserialize_with = "nullable")]
    pub replicas: i64,
    /// `readyReplicas`.
    #[serde(deserialize_with = "nullable")]
    pub ready_replicas: i64,
    /// `conditions`.
    #[serde(deserialize_with = "nullable")]
    pub conditions: Vec<Condition>,
}
