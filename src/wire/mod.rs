//! What comes over the wire, reduced to the fields that are used.
//!
//! Invariant: plain data. Unknown fields are skipped, missing ones and nulls are empty, so an object never fails to decode
//! because it is younger, older or odder than we are. Nothing here is ever written back: a typed round trip drops fields.

mod autoscaler;
mod cluster;
mod cron_job;
mod delivery;
mod event;
mod flux;
mod helm;
mod job;
mod metadata;
mod metrics;
mod namespace;
mod network;
mod placement;
mod pod;
mod route;
mod support;
mod workload;

pub use autoscaler::{Autoscaler, AutoscalerSpec, AutoscalerStatus, MetricSource, MetricValue, MetricValues, Target};
pub use cluster::{
    Budget, BudgetSpec, BudgetStatus, Claim, ClaimSpec, ClaimStatus, Node, NodeInfo, NodeSpec, NodeStatus, Taint,
};
pub use cron_job::{CronJob, CronJobSpec, CronJobStatus, JobTemplate};
pub use delivery::{Canary, CanaryStatus, Delivery, Destination, Pause, PauseCondition, Step, Weights, WorkloadRef};
pub use event::{Event, ObjectReference};
pub use flux::{GitRepository, GitRepositorySpec, Kustomization, KustomizationSpec, Reference, SourceRef};
pub use helm::{Chart, ChartMetadata, Release, ReleaseData, ReleaseInfo, ReleaseManifest, ReleaseSecret};
pub use job::{Job, JobSpec, JobStatus};
pub use metadata::{Condition, Metadata, OwnerReference, Selector, SelectorRule};
pub use metrics::{ContainerMetrics, NodeMetrics, PodMetrics};
pub use namespace::{Lease, LeaseSpec, Namespace, NamespaceStatus};
pub use network::{Endpoint, EndpointConditions, EndpointSlice};
pub use placement::{Affinity, NodeAffinity, NodeSelector, NodeSelectorTerm, PlacedPod, PlacedPodSpec};
pub use pod::{
    ClaimSource, Container, ContainerState, ContainerStatus, Named, Pod, PodContainer, PodSpec, PodStatus, PodTemplate,
    Quantity, ReadinessGate, Resources, Running, TemplateSpec, Terminated, Volume, Waiting,
};
pub use route::{BackendRef, HttpRoute, HttpRouteSpec, HttpRouteStatus, ParentStatus, RouteMatch, Rule};
pub use workload::{
    ControllerRevision, ReplicaSet, ReplicaSetStatus, RollingUpdate, Strategy, Workload, WorkloadSpec, WorkloadStatus,
};

use support::{generation, lenient_time, nullable, wanted_annotations, word};
