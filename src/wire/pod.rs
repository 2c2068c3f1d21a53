//! Pods and their templates.

use super::{Condition, Metadata, Selector, lenient_time, nullable};
use jiff::Timestamp;
use serde::{Deserialize, de::IgnoredAny};
use std::collections::BTreeMap;

/// A pod template.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct PodTemplate {
    /// `spec`.
    #[serde(deserialize_with = "nullable")]
    pub spec: TemplateSpec,
}

/// The part of a template's `spec` that a row shows.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct TemplateSpec {
    /// `containers`.
    #[serde(deserialize_with = "nullable")]
    pub containers: Vec<Container>,
}

/// The part of a pod's `spec` that is shown, or explains why it does not come up.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PodSpec {
    /// `containers`.
    #[serde(deserialize_with = "nullable")]
    pub containers: Vec<PodContainer>,
    /// `initContainers`.
    #[serde(deserialize_with = "nullable")]
    pub init_containers: Vec<PodContainer>,
    /// `nodeName`.
    pub node_name: Option<Box<str>>,
    /// `schedulerName`.
    #[serde(deserialize_with = "nullable")]
    pub scheduler_name: Box<str>,
    /// `nodeSelector`.
    #[serde(deserialize_with = "nullable")]
    pub node_selector: BTreeMap<Box<str>, Box<str>>,
    /// `affinity`.
    #[serde(deserialize_with = "nullable")]
    pub affinity: Affinity,
    /// `volumes`.
    #[serde(deserialize_with = "nullable")]
    pub volumes: Vec<Volume>,
    /// `resourceClaims`.
    #[serde(deserialize_with = "nullable")]
    pub resource_claims: Vec<ResourceClaim>,
    /// `readinessGates`.
    #[serde(deserialize_with = "nullable")]
    pub readiness_gates: Vec<ReadinessGate>,
    /// `schedulingGates`.
    #[serde(deserialize_with = "nullable")]
    pub scheduling_gates: Vec<Named>,
}

/// `affinity`, as far as it is about nodes.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Affinity {
    /// `nodeAffinity`.
    #[serde(deserialize_with = "nullable")]
    pub node_affinity: NodeAffinity,
}

/// `nodeAffinity`, as far as it must be kept.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct NodeAffinity {
    /// `requiredDuringSchedulingIgnoredDuringExecution`.
    #[serde(rename = "requiredDuringSchedulingIgnoredDuringExecution", deserialize_with = "nullable")]
    pub required: NodeTerms,
}

/// Terms of which one must be kept.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodeTerms {
    /// `nodeSelectorTerms`.
    #[serde(deserialize_with = "nullable")]
    pub node_selector_terms: Vec<Selector>,
}

/// One of a pod's `containers` or `initContainers`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PodContainer {
    /// `name`.
    #[serde(deserialize_with = "nullable")]
    pub name: Box<str>,
    /// `image`.
    #[serde(deserialize_with = "nullable")]
    pub image: Box<str>,
    /// `resources`.
    #[serde(deserialize_with = "nullable")]
    pub resources: Resources,
    /// `restartPolicy`: `Always` makes an init container a sidecar.
    #[serde(deserialize_with = "nullable")]
    pub restart_policy: Box<str>,
    /// Whether it has a `readinessProbe`.
    pub readiness_probe: Option<IgnoredAny>,
    /// Whether it has a `livenessProbe`.
    pub liveness_probe: Option<IgnoredAny>,
    /// Whether it has a `startupProbe`.
    pub startup_probe: Option<IgnoredAny>,
}

/// `resources` of a container. Quantities are strings, or rarely numbers.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Resources {
    /// `requests`.
    #[serde(deserialize_with = "nullable")]
    pub requests: BTreeMap<Box<str>, Quantity>,
    /// `limits`.
    #[serde(deserialize_with = "nullable")]
    pub limits: BTreeMap<Box<str>, Quantity>,
}

/// A quantity as it is written.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Quantity {
    /// `512Mi`.
    Text(Box<str>),
    /// `2`.
    Number(serde_json::Number),
    /// Nothing that a quantity can be.
    Other(IgnoredAny),
}

impl Quantity {
    /// The quantity as text; None where it is none.
    pub fn text(&self) -> Option<Box<str>> {
        match self {
            Self::Text(text) => Some(text.clone()),
            Self::Number(number) => Some(number.to_string().into()),
            Self::Other(_) => None,
        }
    }
}

/// One of `volumes`, as far as it names a claim.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Volume {
    /// `name`.
    #[serde(deserialize_with = "nullable")]
    pub name: Box<str>,
    /// `persistentVolumeClaim`.
    pub persistent_volume_claim: Option<ClaimSource>,
}

/// Which claim a volume is.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ClaimSource {
    /// `claimName`.
    #[serde(deserialize_with = "nullable")]
    pub claim_name: Box<str>,
}

/// One of `readinessGates`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ReadinessGate {
    /// `conditionType`.
    #[serde(deserialize_with = "nullable")]
    pub condition_type: Box<str>,
}

/// One of `resourceClaims`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ResourceClaim {
    /// `name`, within the pod.
    #[serde(deserialize_with = "nullable")]
    pub name: Box<str>,
    /// `resourceClaimName`, where it is not made from a template.
    pub resource_claim_name: Option<Box<str>>,
}

/// Something that has a name.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Named {
    /// `name`.
    #[serde(deserialize_with = "nullable")]
    pub name: Box<str>,
}

/// One of a template's `containers`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Container {
    /// `name`.
    #[serde(deserialize_with = "nullable")]
    pub name: Box<str>,
    /// `image`.
    #[serde(deserialize_with = "nullable")]
    pub image: Box<str>,
}

/// A Pod.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Pod {
    /// `metadata`.
    #[serde(deserialize_with = "nullable")]
    pub metadata: Metadata,
    /// `spec`.
    #[serde(deserialize_with = "nullable")]
    pub spec: PodSpec,
    /// `status`.
    #[serde(deserialize_with = "nullable")]
    pub status: PodStatus,
}

/// `status` of a pod.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PodStatus {
    /// `Pending`, `Running`, `Succeeded`, `Failed` or `Unknown`.
    #[serde(deserialize_with = "nullable")]
    pub phase: Box<str>,
    /// `reason`, such as `Evicted`.
    #[serde(deserialize_with = "nullable")]
    pub reason: Box<str>,
    /// `message`.
    #[serde(deserialize_with = "nullable")]
    pub message: Box<str>,
    /// `podIP`.
    #[serde(rename = "podIP")]
    pub pod_ip: Option<Box<str>>,
    /// `qosClass`.
    #[serde(deserialize_with = "nullable")]
    pub qos_class: Box<str>,
    /// `conditions`.
    #[serde(deserialize_with = "nullable")]
    pub conditions: Vec<Condition>,
    /// `initContainerStatuses`.
    #[serde(deserialize_with = "nullable")]
    pub init_container_statuses: Vec<ContainerStatus>,
    /// `containerStatuses`.
    #[serde(deserialize_with = "nullable")]
    pub container_statuses: Vec<ContainerStatus>,
}

/// The status of one container.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ContainerStatus {
    /// `name`.
    #[serde(deserialize_with = "nullable")]
    pub name: Box<str>,
    /// `image`.
    #[serde(deserialize_with = "nullable")]
    pub image: Box<str>,
    /// `ready`.
    #[serde(deserialize_with = "nullable")]
    pub ready: bool,
    /// `started`.
    pub started: Option<bool>,
    /// `restartCount`.
    #[serde(deserialize_with = "nullable")]
    pub restart_count: u32,
    /// `state`.
    #[serde(deserialize_with = "nullable")]
    pub state: ContainerState,
    /// `lastState`.
    #[serde(deserialize_with = "nullable")]
    pub last_state: ContainerState,
}

/// `state` or `lastState`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ContainerState {
    /// `waiting`.
    pub waiting: Option<Waiting>,
    /// `running`.
    pub running: Option<Running>,
    /// `terminated`.
    pub terminated: Option<Terminated>,
}

/// Why a container waits.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Waiting {
    /// `reason`, such as `CrashLoopBackOff`.
    #[serde(deserialize_with = "nullable")]
    pub reason: Box<str>,
    /// `message`.
    #[serde(deserialize_with = "nullable")]
    pub message: Box<str>,
}

/// Since when a container runs.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Running {
    /// `startedAt`.
    #[serde(deserialize_with = "lenient_time")]
    pub started_at: Option<Timestamp>,
}

/// How a container ended.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Terminated {
    /// `exitCode`.
    #[serde(deserialize_with = "nullable")]
    pub exit_code: i32,
    /// `signal`.
    #[serde(deserialize_with = "nullable")]
    pub signal: i32,
    /// `reason`, such as `OOMKilled`.
    #[serde(deserialize_with = "nullable")]
    pub reason: Box<str>,
    /// `message`: the termination message, where the container wrote one.
    #[serde(deserialize_with = "nullable")]
    pub message: Box<str>,
    /// `startedAt`.
    #[serde(deserialize_with = "lenient_time")]
    pub started_at: Option<Timestamp>,
    /// `finishedAt`.
    #[serde(deserialize_with = "lenient_time")]
    pub finished_at: Option<Timestamp>,
}
