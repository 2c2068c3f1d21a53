//! Deployments, StatefulSets, DaemonSets, Argo Rollouts and ReplicaSets. Their fields hardly overlap in meaning, so one struct
//! reads the first four; which kind it is, the caller knows.

use super::{
    Condition, Delivery, Metadata, PauseCondition, PodTemplate, Selector, WorkloadRef, generation, lenient_time,
    nullable,
};
use jiff::Timestamp;
use serde::Deserialize;

/// A Deployment, StatefulSet, DaemonSet or Argo Rollout.
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

impl Workload {
    /// The selector of its pods, as a query writes it. A Rollout that takes its template from elsewhere takes the selector from
    /// there too, and tells it in its status only (blue-green ones: narrowed to the pods that serve, which is undone here).
    pub fn selector(&self) -> Option<String> {
        let told = || {
            let parts: Vec<&str> =
                self.status.selector.split(',').filter(|part| !part.contains("pod-template-hash=")).collect();
            Some(parts.join(",")).filter(|query| !query.is_empty())
        };
        self.spec.selector.query().or_else(told)
    }
}

/// `spec` of the four.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct WorkloadSpec {
    /// `replicas`; 1 where a Deployment or StatefulSet leaves it out.
    pub replicas: Option<i64>,
    /// `paused` (Deployment, Rollout).
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
    /// `podManagementPolicy` (StatefulSet): unless it is `Parallel`, one pod after the other.
    #[serde(deserialize_with = "nullable")]
    pub pod_management_policy: Box<str>,
    /// `strategy`, as far as a Rollout's goes.
    #[serde(deserialize_with = "nullable")]
    pub strategy: Delivery,
    /// `workloadRef` (Rollout): whose template it rolls out, where it has none of its own.
    #[serde(deserialize_with = "nullable")]
    pub workload_ref: Option<WorkloadRef>,
    /// `restartAt` (Rollout).
    #[serde(deserialize_with = "lenient_time")]
    pub restart_at: Option<Timestamp>,
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

/// `status` of the four.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct WorkloadStatus {
    /// `observedGeneration`.
    #[serde(deserialize_with = "generation")]
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
    /// `phase` (Rollout): `Healthy`, `Progressing`, `Paused` or `Degraded`.
    #[serde(deserialize_with = "nullable")]
    pub phase: Box<str>,
    /// `message` (Rollout): why it is in that phase.
    #[serde(deserialize_with = "nullable")]
    pub message: Box<str>,
    /// `abort` (Rollout).
    #[serde(deserialize_with = "nullable")]
    pub abort: bool,
    /// `controllerPause` (Rollout).
    #[serde(deserialize_with = "nullable")]
    pub controller_pause: bool,
    /// `pauseConditions` (Rollout).
    #[serde(deserialize_with = "nullable")]
    pub pause_conditions: Vec<PauseCondition>,
    /// `currentPodHash` (Rollout): the template that is wanted.
    #[serde(deserialize_with = "nullable")]
    pub current_pod_hash: Box<str>,
    /// `stableRS` (Rollout): the hash of the template that is out.
    #[serde(rename = "stableRS", deserialize_with = "nullable")]
    pub stable_hash: Box<str>,
    /// `currentStepIndex` (Rollout), from 0; the number of steps once all are done.
    pub current_step_index: Option<usize>,
    /// `canary` (Rollout).
    #[serde(deserialize_with = "nullable")]
    pub canary: super::CanaryStatus,
    /// `selector` (Rollout), as a query writes it: also known where the selector comes with the template.
    #[serde(deserialize_with = "nullable")]
    pub selector: Box<str>,
    /// `workloadObservedGeneration` (Rollout).
    #[serde(deserialize_with = "generation")]
    pub workload_observed_generation: i64,
    /// `restartedAt` (Rollout).
    #[serde(deserialize_with = "lenient_time")]
    pub restarted_at: Option<Timestamp>,
}

impl WorkloadStatus {
    /// The condition of this type.
    pub fn condition(&self, kind: &str) -> Option<&Condition> {
        self.conditions.iter().find(|condition| &*condition.kind == kind)
    }
}

/// A ControllerRevision, without the template it keeps.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ControllerRevision {
    /// `metadata`.
    #[serde(deserialize_with = "nullable")]
    pub metadata: Metadata,
    /// `revision`.
    #[serde(deserialize_with = "nullable")]
    pub revision: u64,
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
