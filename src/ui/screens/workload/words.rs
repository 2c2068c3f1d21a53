//! Kubernetes' conditions in an operator's words.

use crate::config::Meaning;

/// What a condition of a workload or pod says, and how good that is. None where its own message says it best.
pub fn condition(kind: &str, status: &str, reason: &str) -> (Meaning, Option<&'static str>) {
    let meaning = match (kind, status) {
        ("ReplicaFailure", "True") | ("DisruptionTarget", "True") => Meaning::Broken,
        ("ReplicaFailure" | "DisruptionTarget", _) => Meaning::Healthy,
        ("Progressing", "True") if reason != "NewReplicaSetAvailable" => Meaning::Progressing,
        (_, "True") => Meaning::Healthy,
        ("Progressing", "False") => Meaning::Broken,
        (_, "False") => Meaning::Degraded,
        _ => Meaning::Unknown,
    };
    let words = match (kind, status, reason) {
        ("Available", "True", _) => "enough pods serve",
        ("Available", "False", _) => "fewer pods serve than the strategy allows",
        ("Progressing", "True", "NewReplicaSetAvailable") => "the rollout is complete",
        ("Progressing", "True", "NewReplicaSetCreated" | "FoundNewReplicaSet") => "the rollout has begun",
        ("Progressing", "True", _) => "the rollout moves",
        ("Progressing", "Unknown", "DeploymentPaused") => "the rollout is paused",
        ("Progressing", "False", "ProgressDeadlineExceeded") => "the rollout has not moved within its deadline",
        ("ReplicaFailure", "True", _) => "pods are refused",
        ("PodScheduled", "True", _) => "a node is assigned",
        ("PodScheduled", "False", _) => "no node takes it",
        ("Initialized", "True", _) => "init containers are through",
        ("Initialized", "False", _) => "init containers are not through",
        ("ContainersReady", "True", _) => "all containers are ready",
        ("ContainersReady", "False", _) => "not all containers are ready",
        ("Ready", "True", _) => "it takes traffic",
        ("Ready", "False", _) => "it takes no traffic",
        ("PodReadyToStartContainers", "True", _) => "its network is set up",
        ("PodReadyToStartContainers", "False", _) => "its network is not set up",
        ("DisruptionTarget", "True", _) => "it is about to be evicted",
        _ => return (meaning, None),
    };
    (meaning, Some(words))
}

/// What a condition of an autoscaler says, and how good that is.
pub fn scaling(kind: &str, status: &str, reason: &str) -> (Meaning, &'static str) {
    match (kind, status, reason) {
        ("AbleToScale", "True", "ReadyForNewScale" | "SucceededRescale") => {
            (Meaning::Healthy, "it may change the number of replicas")
        }
        ("AbleToScale", "True", "ScaleDownStabilized") => {
            (Meaning::Healthy, "it would go lower, but waits whether that lasts")
        }
        ("AbleToScale", "True", "ScaleUpStabilized") => {
            (Meaning::Healthy, "it would go higher, but waits whether that lasts")
        }
        ("AbleToScale", "True", _) => (Meaning::Healthy, "it may change the number of replicas"),
        ("AbleToScale", "False", "FailedGetScale") => (Meaning::Broken, "what it scales cannot be read"),
        ("AbleToScale", "False", "FailedUpdateScale") => (Meaning::Broken, "what it scales cannot be written"),
        ("AbleToScale", "False", _) => (Meaning::Degraded, "it may not change the number of replicas now"),
        ("ScalingActive", "True", _) => (Meaning::Healthy, "its metrics give a number"),
        ("ScalingActive", "False", "ScalingDisabled") => {
            (Meaning::Degraded, "switched off: the workload is scaled to zero")
        }
        ("ScalingActive", "False", _) => (Meaning::Broken, "metrics are missing: it does not move"),
        ("ScalingLimited", "True", "TooManyReplicas") => {
            (Meaning::Degraded, "it would go higher, but maxReplicas is reached")
        }
        ("ScalingLimited", "True", "TooFewReplicas") => {
            (Meaning::Healthy, "it would go lower, but minReplicas is reached")
        }
        ("ScalingLimited", "True", "ScaleUpLimit") => {
            (Meaning::Progressing, "it goes up as fast as its behaviour allows")
        }
        ("ScalingLimited", "True", "ScaleDownLimit") => {
            (Meaning::Progressing, "it goes down as fast as its behaviour allows")
        }
        ("ScalingLimited", "True", _) => (Meaning::Degraded, "a limit keeps it from the number it wants"),
        ("ScalingLimited", "False", _) => (Meaning::Healthy, "the number it wants is within its limits"),
        _ => (Meaning::Unknown, "not known"),
    }
}
