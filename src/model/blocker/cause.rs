//! The causes, each with its evidence as data.

use super::BlockerKind;
use crate::model::Kind;
use jiff::Timestamp;

/// Why an image cannot be pulled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PullFailure {
    /// The registry does not have it: runtimes do not always say whether the tag is missing or all of it.
    NotFound,
    /// The registry has the repository, but not this tag.
    NoTag,
    /// The registry has no such repository.
    NoRepository,
    /// The registry has no such repository, or hides it: public ones answer the same to both.
    NoRepositoryOrAccess,
    /// The registry refuses access.
    Unauthorized {
        /// Secrets that the pod names for it and that could not be read.
        unread: Option<Box<str>>,
    },
    /// The registry's certificate is not accepted, or it does not speak TLS.
    Tls,
    /// The registry does not answer, or its name is not known.
    Unreachable,
    /// The registry answers with an error of its own.
    Failing,
    /// The registry limits how much is pulled.
    RateLimited,
    /// It is no image reference.
    InvalidName,
    /// It is not on the node, and may not be pulled.
    Never,
    /// Its signature is not accepted.
    Signature,
    /// The node has no room for it.
    DiskFull,
    /// It is not made for the node's processor.
    Platform,
    /// Something else: the registry's or the kubelet's own words, if any.
    Other(Option<Box<str>>),
}

/// How a container ended.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Ending {
    /// Its exit code.
    pub code: i32,
    /// The signal that ended it, where one did: told by the runtime, or read from an exit code of 128 and more.
    pub signal: Option<i32>,
    /// Whether its command could not be run at all.
    pub unrunnable: bool,
    /// Which command, and why not, where the runtime says it.
    pub command: Option<Box<str>>,
    /// Whether its program is made for another processor.
    pub foreign: bool,
    /// Whether nobody saw it end: its node restarted, or its runtime forgot it.
    pub unseen: bool,
    /// How long the run lasted, in seconds, where that is known.
    pub lasted: Option<i64>,
}

/// Which probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probe {
    /// Whether it may be sent requests.
    Readiness,
    /// Whether it has to be restarted.
    Liveness,
    /// Whether it has come up.
    Startup,
}

/// What a pod needs and may lack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Referent {
    /// A ConfigMap.
    ConfigMap,
    /// A Secret.
    Secret,
    /// A PersistentVolumeClaim.
    Claim,
    /// A ServiceAccount.
    ServiceAccount,
    /// A PriorityClass.
    PriorityClass,
    /// A RuntimeClass.
    RuntimeClass,
}

/// Where a claim stands that is not bound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClaimState {
    /// It waits for a volume: its storage class, and the provisioner's words.
    Pending {
        /// The storage class, where it names one.
        class: Option<Box<str>>,
        /// What the provisioner says.
        told: Option<Box<str>>,
    },
    /// Its volume is gone.
    Lost,
    /// Not known: it may not be read.
    Unknown,
}

/// Why a number of nodes does not take a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// Too little is left of a resource; what the pod asks for, where one container does.
    Insufficient {
        /// `cpu`, `memory`, `nvidia.com/gpu`.
        resource: Box<str>,
        /// The request.
        asks: Option<Box<str>>,
    },
    /// A taint that the pod does not tolerate, as the scheduler writes it.
    Taint(Box<str>),
    /// The node selector or node affinity does not match; which of them, with what it asks for, where that is known.
    Selector(Option<Box<str>>),
    /// No pod is there that it wants beside it.
    Affinity,
    /// A pod is there that it, or that one, does not want beside it.
    AntiAffinity,
    /// Topology spread constraints.
    Spread,
    /// Closed to new pods.
    Cordoned,
    /// A host port is taken.
    Ports,
    /// No volume is there that its claims could be bound to.
    NoVolume,
    /// Its volume is elsewhere.
    VolumeZone,
    /// No more volumes can be attached.
    VolumeLimit,
    /// No more pods fit.
    TooManyPods,
    /// In the scheduler's own words.
    Other(Box<str>),
}

/// One resource of a quota that is used up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuotaLine {
    /// `pods`, `requests.cpu`, `count/deployments.apps`.
    pub resource: Box<str>,
    /// What a pod asks for.
    pub requested: Box<str>,
    /// What is used.
    pub used: Box<str>,
    /// What may be used.
    pub hard: Box<str>,
}

/// Who refuses pods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AdmissionControl {
    /// An admission webhook.
    Webhook(Box<str>),
    /// An admission webhook that does not answer, and must.
    DeadWebhook(Box<str>),
    /// A ValidatingAdmissionPolicy, by its binding.
    Policy {
        /// The policy.
        policy: Box<str>,
        /// The binding.
        binding: Box<str>,
    },
    /// The namespace's Pod Security level, as `restricted:latest`.
    PodSecurity(Box<str>),
}

/// Why an autoscaler does not do what it should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScalingTrouble {
    /// It cannot compute or carry out anything: its own words.
    Unable(Box<str>),
    /// Nothing serves the metrics that it asks for: the API, as `metrics.k8s.io`.
    NoMetricsApi(Box<str>),
    /// It is to hold a share of a request that a container does not make.
    NoRequest {
        /// `cpu`, `memory`.
        resource: Box<str>,
        /// The container.
        container: Box<str>,
    },
    /// Others scale the same pods: their names, and its own.
    Rivals(Box<str>),
    /// It wants more replicas than it may have.
    AtMaximum {
        /// The most it may have.
        max: u32,
        /// The metric that is furthest above its target: name, now, target.
        metric: Option<(Box<str>, Box<str>, Box<str>)>,
    },
}

/// What stops a workload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The generation is ahead of what the controller has seen.
    Stale {
        /// The kind whose controller is late.
        kind: Kind,
        /// The generation.
        generation: i64,
        /// The one that was observed.
        observed: i64,
    },
    /// The node under the pods is not ready.
    NodeDown {
        /// The node.
        node: Box<str>,
        /// What it says, where it may be read.
        told: Option<Box<str>>,
    },
    /// A pod was called not ready when its node was not; the node is ready again, and says nothing about the pod.
    Unconfirmed {
        /// The node.
        node: Box<str>,
    },
    /// A pod has a node that says nothing about it.
    Unstarted {
        /// The node.
        node: Box<str>,
    },
    /// Something that the pods need does not exist.
    Missing {
        /// What kind of thing.
        what: Referent,
        /// Its name.
        name: Box<str>,
        /// The key in it, where it is there and lacks only that.
        key: Option<Box<str>>,
    },
    /// An image cannot be pulled.
    ImagePull {
        /// The container.
        container: Box<str>,
        /// The image, as the pod asks for it.
        image: Box<str>,
        /// Why.
        why: PullFailure,
    },
    /// A container cannot be created or started.
    NotCreated {
        /// The container.
        container: Box<str>,
        /// The runtime's words, if any.
        told: Option<Box<str>>,
    },
    /// A container is killed for its memory.
    OutOfMemory {
        /// The container.
        container: Box<str>,
        /// Its memory limit.
        limit: Option<Box<str>>,
        /// How often it was restarted.
        restarts: u32,
    },
    /// A container ends again and again.
    CrashLoop {
        /// The container.
        container: Box<str>,
        /// Whether it is an init container.
        init: bool,
        /// How it ended, where that is known.
        ending: Option<Ending>,
        /// How often it was restarted.
        restarts: u32,
    },
    /// A container is killed again and again because a probe of it fails.
    Liveness {
        /// The container.
        container: Box<str>,
        /// Liveness or startup.
        probe: Probe,
        /// What the probe last said.
        told: Option<Box<str>>,
        /// How often it was restarted.
        restarts: u32,
    },
    /// A volume cannot be attached or mounted, or the pod's sandbox cannot be made: the kubelet's words.
    Volume {
        /// The words, where an event has them.
        told: Option<Box<str>>,
    },
    /// A claim is not bound.
    Claim {
        /// Its name.
        name: Box<str>,
        /// Where it stands.
        state: ClaimState,
    },
    /// No node takes the pod.
    Unschedulable {
        /// How many nodes there are.
        nodes: u32,
        /// How many of them for which reason, most first.
        unfit: Vec<(u32, Unfit)>,
        /// The scheduler's words, where they could not be taken apart.
        told: Option<Box<str>>,
    },
    /// The scheduler is told to wait.
    Gated {
        /// The scheduling gates.
        gates: Vec<Box<str>>,
    },
    /// A quota is used up.
    Quota {
        /// Its name.
        quota: Box<str>,
        /// What is used up.
        lines: Vec<QuotaLine>,
        /// What the pods would have to say, where it is that.
        unsaid: Option<Box<str>>,
    },
    /// A LimitRange refuses the pods: its words.
    Limits {
        /// Every limit that is not kept.
        told: Box<str>,
    },
    /// Admission refuses the pods.
    Admission {
        /// Who.
        by: AdmissionControl,
        /// Why.
        told: Box<str>,
    },
    /// The namespace is being deleted, and takes nothing new.
    Closing {
        /// The namespace.
        namespace: Box<str>,
    },
    /// The workload itself is being deleted.
    Deleting {
        /// What has to be done first.
        finalizers: Vec<Box<str>>,
    },
    /// Pods cannot be created for another reason.
    Refused {
        /// The API server's words.
        told: Box<str>,
    },
    /// A container runs but is not ready.
    NotReady {
        /// The container.
        container: Box<str>,
        /// The probe that fails; None where it has none.
        probe: Option<Probe>,
        /// What the probe last said.
        told: Option<Box<str>>,
    },
    /// A readiness gate is not true.
    ReadinessGate {
        /// The condition that has to become true.
        gate: Box<str>,
        /// What it says.
        told: Option<Box<str>>,
    },
    /// An init container runs, or waits, for long.
    Initialising {
        /// The container.
        container: Box<str>,
        /// Which one it is, from one.
        number: u32,
        /// How many there are.
        of: u32,
    },
    /// A StatefulSet waits for a pod of an earlier template that is broken: only deleting it helps.
    Ordinal {
        /// The pod.
        pod: Box<str>,
        /// Its namespace.
        namespace: Box<str>,
        /// What is wrong with it.
        trouble: BlockerKind,
    },
    /// A pod was told to go and does not.
    Terminating {
        /// The pod.
        pod: Box<str>,
        /// What it waits for.
        finalizers: Vec<Box<str>>,
        /// The node, where it is not ready.
        node: Option<Box<str>>,
    },
    /// Nodes turn pods away or evict them.
    Rejected {
        /// One word: `Evicted`, `OutOfcpu`, `NodeAffinity`.
        reason: Box<str>,
        /// The node that did.
        node: Option<Box<str>>,
        /// The node's words.
        told: Option<Box<str>>,
    },
    /// Somebody paused the rollout.
    Paused {
        /// Who: the field manager that set it.
        by: Option<Box<str>>,
        /// Pods of the current template, and how many there should be.
        updated: (u32, u32),
    },
    /// Pods are replaced only when somebody deletes them.
    OnDelete {
        /// Pods of an earlier template.
        old: u32,
        /// All pods.
        of: u32,
    },
    /// A partition keeps pods on the earlier template.
    Partition {
        /// Pods with a lower ordinal keep it.
        partition: u32,
        /// Pods that are beyond the partition and updated, and how many there are beyond it.
        updated: (u32, u32),
    },
    /// Pods are ready, but not yet for as long as they must be.
    MinReady {
        /// `minReadySeconds`.
        seconds: u32,
        /// Pods that are ready but do not count yet.
        settling: u32,
        /// When the last of them counts.
        until: Option<Timestamp>,
    },
    /// A budget keeps pods on a node that is being emptied.
    Budget {
        /// The PodDisruptionBudget.
        name: Box<str>,
        /// The node.
        node: Box<str>,
        /// Pods that are healthy, and how many must be.
        healthy: (u32, u32),
        /// Pods that it is about.
        of: u32,
    },
    /// Nothing moves, and the pods that would say why may not be seen.
    Unseen,
    /// The progress deadline has passed.
    Deadline {
        /// `progressDeadlineSeconds`.
        seconds: Option<u32>,
    },
    /// The autoscaler is in trouble.
    Scaling {
        /// Its name.
        autoscaler: Box<str>,
        /// Which trouble.
        why: ScalingTrouble,
    },
}

impl Cause {
    /// The kind of cause.
    pub const fn kind(&self) -> BlockerKind {
        match self {
            Self::Stale { .. } => BlockerKind::Stale,
            Self::NodeDown { .. } => BlockerKind::NodeDown,
            Self::Unstarted { .. } => BlockerKind::Unstarted,
            Self::Unconfirmed { .. } => BlockerKind::NotReady,
            Self::Missing { .. } => BlockerKind::Missing,
            Self::ImagePull { .. } => BlockerKind::ImagePull,
            Self::NotCreated { .. } => BlockerKind::Config,
            Self::OutOfMemory { .. } => BlockerKind::OutOfMemory,
            Self::CrashLoop { .. } => BlockerKind::CrashLoop,
            Self::Liveness { .. } => BlockerKind::Liveness,
            Self::Volume { .. } => BlockerKind::Volume,
            Self::Claim { .. } => BlockerKind::Claim,
            Self::Unschedulable { .. } | Self::Gated { .. } => BlockerKind::Unschedulable,
            Self::Quota { .. } => BlockerKind::Quota,
            Self::Limits { .. } => BlockerKind::Limits,
            Self::Admission { .. } => BlockerKind::Admission,
            Self::Refused { .. } | Self::Closing { .. } => BlockerKind::Refused,
            Self::NotReady { .. } | Self::ReadinessGate { .. } | Self::Unseen => BlockerKind::NotReady,
            Self::Initialising { .. } => BlockerKind::Initialising,
            Self::Ordinal { .. } => BlockerKind::Ordinal,
            Self::Terminating { .. } | Self::Deleting { .. } => BlockerKind::Terminating,
            Self::Rejected { .. } => BlockerKind::Rejected,
            Self::Paused { .. } => BlockerKind::Paused,
            Self::OnDelete { .. } => BlockerKind::OnDelete,
            Self::Partition { .. } => BlockerKind::Partition,
            Self::MinReady { .. } => BlockerKind::MinReady,
            Self::Budget { .. } => BlockerKind::Budget,
            Self::Deadline { .. } => BlockerKind::Deadline,
            Self::Scaling { .. } => BlockerKind::Scaling,
        }
    }
}
