//! Pods as they are shown: one word of status, as `kubectl get pods` chooses it.

use crate::{
    model::{Kind, PodSummary},
    wire::{ContainerStatus, Pod},
};

/// The label that tells pods of an Argo Rollout's templates apart.
pub(super) const ARGO_HASH: &str = "rollouts-pod-template-hash";

/// The label by which a workload of this kind tells the pods of its ReplicaSets apart.
pub(super) const fn hash_label(kind: Kind) -> &'static str {
    match kind {
        Kind::Rollout => ARGO_HASH,
        _ => "pod-template-hash",
    }
}

/// The label that tells which revision a pod belongs to.
pub(super) fn template_hash(pod: &Pod) -> Option<&str> {
    const LABELS: [&str; 3] = ["pod-template-hash", "controller-revision-hash", ARGO_HASH];
    LABELS.iter().find_map(|label| pod.metadata.labels.get(*label)).map(|hash| &**hash)
}

/// Whether its `Ready` condition is true.
pub(super) fn is_ready(pod: &Pod) -> bool {
    pod.status.conditions.iter().any(|c| &*c.kind == "Ready" && &*c.status == "True")
}

/// Whether it counts: it has not ended and was not told to go.
pub(super) fn is_active(pod: &Pod) -> bool {
    pod.metadata.deletion_timestamp.is_none() && !matches!(&*pod.status.phase, "Succeeded" | "Failed")
}

/// A pod's row.
pub(super) fn summary(pod: &Pod) -> PodSummary {
    let status = &pod.status;
    let containers = status.init_container_statuses.iter().chain(&status.container_statuses);
    PodSummary {
        name: (&*pod.metadata.name).into(),
        template_hash: template_hash(pod).map(Into::into),
        image: pod.spec.containers.first().map(|c| c.image.clone()).unwrap_or_default(),
        node: pod.spec.node_name.clone().filter(|node| !node.is_empty()),
        ready: is_ready(pod),
        status: word(pod).into(),
        restarts: containers.map(|c| c.restart_count).sum(),
        created: pod.metadata.creation_timestamp,
    }
}

fn word(pod: &Pod) -> String {
    let status = &pod.status;
    if pod.metadata.deletion_timestamp.is_some() {
        return "Terminating".into();
    }
    if let Some(init) = initialising(pod) {
        return init;
    }
    let of = |c: &ContainerStatus| match (&c.state.waiting, &c.state.terminated) {
        (Some(waiting), _) if !waiting.reason.is_empty() => Some(waiting.reason.to_string()),
        (_, Some(ended)) if !ended.reason.is_empty() => Some(ended.reason.to_string()),
        (_, Some(ended)) if ended.signal != 0 => Some(format!("Signal:{}", ended.signal)),
        (_, Some(ended)) => Some(format!("ExitCode:{}", ended.exit_code)),
        _ => None,
    };
    let told = status.container_statuses.iter().rev().filter_map(of).next_back();
    match told {
        // A container that has ended beside one that still runs does not make the pod an ended one.
        Some(reason) if reason != "Completed" || &*status.phase != "Running" => reason,
        _ if !status.reason.is_empty() => status.reason.to_string(),
        _ => status.phase.to_string(),
    }
}

/// The status of a pod whose init containers are not through: `Init:1/2`, `Init:CrashLoopBackOff`.
fn initialising(pod: &Pod) -> Option<String> {
    let all = &pod.status.init_container_statuses;
    // A sidecar is an init container that runs on: once it has started it holds nothing up.
    let through = |c: &ContainerStatus| {
        c.state.terminated.as_ref().is_some_and(|t| t.exit_code == 0)
            || (c.state.running.is_some() && c.started == Some(true))
    };
    let (at, stuck) = all.iter().enumerate().find(|(_, c)| !through(c))?;
    Some(match (&stuck.state.waiting, &stuck.state.terminated) {
        (Some(waiting), _) if !waiting.reason.is_empty() && &*waiting.reason != "PodInitializing" => {
            format!("Init:{}", waiting.reason)
        }
        (_, Some(ended)) if !ended.reason.is_empty() => format!("Init:{}", ended.reason),
        (_, Some(ended)) => format!("Init:ExitCode:{}", ended.exit_code),
        _ => format!("Init:{at}/{}", all.len()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::{Value, json};

    #[rstest]
    #[case(json!({"phase": "Running", "containerStatuses": [{"state": {"running": {}}}]}), "Running")]
    #[case(json!({"phase": "Running", "containerStatuses": [{"state": {"waiting": {"reason": "CrashLoopBackOff"}}}]}), "CrashLoopBackOff")]
    #[case(json!({"phase": "Running", "containerStatuses": [{"state": {"terminated": {"reason": "Completed"}}}, {"state": {"running": {}}}]}), "Running")]
    #[case(json!({"phase": "Succeeded", "containerStatuses": [{"state": {"terminated": {"reason": "Completed"}}}]}), "Completed")]
    #[case(json!({"phase": "Failed", "containerStatuses": [{"state": {"terminated": {"exitCode": 3}}}]}), "ExitCode:3")]
    #[case(json!({"phase": "Failed", "reason": "Evicted", "containerStatuses": null}), "Evicted")]
    #[case(json!({"phase": "Pending", "initContainerStatuses": [{"state": {"terminated": {"exitCode": 0}}}, {"state": {"running": {}}}]}), "Init:1/2")]
    #[case(json!({"phase": "Pending", "initContainerStatuses": [{"state": {"waiting": {"reason": "ImagePullBackOff"}}}]}), "Init:ImagePullBackOff")]
    #[case(json!({"phase": "Running", "initContainerStatuses": [{"started": true, "state": {"running": {}}}], "containerStatuses": [{"state": {"running": {}}}]}), "Running")]
    fn words_are_kubectls(#[case] status: Value, #[case] expected: &str) {
        let pod: Pod = serde_json::from_value(json!({ "status": status })).unwrap();
        assert_eq!(&*summary(&pod).status, expected);
    }
}
