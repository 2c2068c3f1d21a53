//! The pods of a workload, grouped by revision, with everything that tells how they do.

use super::{
    condition,
    members::{Keeper, members},
};
use crate::{
    connect::kube::{ApiError, Cluster},
    formats::redact,
    model::{ObjectRef, PodContainer, PodDetail, PodGroup, Pods, Termination},
    observe::{
        amounts::amount,
        pods::{is_ready, summary, template_hash},
    },
    wire::{self, ContainerStatus, Pod, Terminated},
};
use jiff::Timestamp;

/// The pods of a workload.
pub async fn pods(cluster: &Cluster, target: &ObjectRef) -> Result<Pods, ApiError> {
    let members = members(cluster, target).await?;
    let mut groups: Vec<PodGroup> = Vec::new();
    for pod in &members.pods {
        let hash = template_hash(pod);
        let keepers = members.keepers.as_deref();
        let keeper = keepers.zip(hash).and_then(|(all, hash)| all.iter().find(|keeper| keeper.has(hash)));
        let at = match groups.iter().position(|group| group.hash.as_deref() == hash) {
            Some(at) => at,
            None => {
                groups.push(group(pod, hash, keeper, keepers.is_some()));
                groups.len() - 1
            }
        };
        groups[at].pods.push(detail(pod));
    }
    for group in &mut groups {
        group.pods.sort_by(|a, b| (a.ready, &a.name).cmp(&(b.ready, &b.name)));
    }
    let newest = |group: &PodGroup| group.pods.iter().filter_map(|pod| pod.created).max();
    groups.sort_by_key(|group| std::cmp::Reverse((group.current, group.revision, newest(group))));
    Ok(Pods { groups, omitted: members.omitted })
}

fn group(pod: &Pod, hash: Option<&str>, keeper: Option<&Keeper>, known: bool) -> PodGroup {
    PodGroup {
        revision: keeper.and_then(|keeper| keeper.revision),
        hash: hash.map(Into::into),
        // A revision whose keeper is gone cannot be the current one.
        current: known.then(|| keeper.is_some_and(|keeper| keeper.current)),
        image: pod.spec.containers.first().map(|c| c.image.clone()).unwrap_or_default(),
        pods: Vec::new(),
    }
}

fn detail(pod: &Pod) -> PodDetail {
    let status = &pod.status;
    let row = summary(pod);
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    // As kubectl counts: a sidecar is a container, an init container that has to end is not.
    let sidecars =
        || status.init_container_statuses.iter().filter(|c| c.started == Some(true) && c.state.running.is_some());
    let ready = status.container_statuses.iter().chain(sidecars()).filter(|c| c.ready).count();
    let asked = |name: &str| pod.spec.init_containers.iter().chain(&pod.spec.containers).find(|c| *c.name == *name);
    let of = |init: bool| move |c: &ContainerStatus| container(c, asked(&c.name), init);
    PodDetail {
        name: row.name,
        containers_ready: (count(ready), count(pod.spec.containers.len() + sidecars().count())),
        ready: is_ready(pod),
        status: row.status,
        restarts: row.restarts,
        node: row.node,
        ip: status.pod_ip.clone().filter(|ip| !ip.is_empty()),
        quality: status.qos_class.clone(),
        created: row.created,
        containers: (status.init_container_statuses.iter().map(of(true)))
            .chain(status.container_statuses.iter().map(of(false)))
            .collect(),
        conditions: status.conditions.iter().map(condition).collect(),
    }
}

fn container(c: &ContainerStatus, asked: Option<&wire::PodContainer>, init: bool) -> PodContainer {
    let (state, message, since): (String, &str, Option<Timestamp>) =
        match (&c.state.running, &c.state.waiting, &c.state.terminated) {
            (Some(running), ..) => ("running".into(), "", running.started_at),
            (_, Some(waiting), _) if waiting.reason.is_empty() => ("waiting".into(), &waiting.message, None),
            (_, Some(waiting), _) => (format!("waiting: {}", waiting.reason), &waiting.message, None),
            (.., Some(ended)) => (format!("ended: {}", ending(ended)), &ended.message, ended.finished_at),
            _ => ("not started".into(), "", None),
        };
    PodContainer {
        name: c.name.clone(),
        image: c.image.clone(),
        init,
        running: c.state.running.is_some(),
        requests: asked.map(|asked| amount(&asked.resources.requests)).unwrap_or_default(),
        limits: asked.map(|asked| amount(&asked.resources.limits)).unwrap_or_default(),
        ready: c.ready,
        restarts: c.restart_count,
        state,
        message: redact::text(message),
        since,
        last: c.last_state.terminated.as_ref().map(termination),
    }
}

fn ending(ended: &Terminated) -> String {
    match &*ended.reason {
        "" => format!("exit code {}", ended.exit_code),
        reason => format!("{reason}, exit code {}", ended.exit_code),
    }
}

fn termination(ended: &Terminated) -> Termination {
    Termination {
        exit_code: ended.exit_code,
        signal: ended.signal,
        reason: ended.reason.clone(),
        message: redact::text(ended.message.trim()),
        ran: ended.started_at.zip(ended.finished_at).map(|(from, to)| to.duration_since(from)),
        at: ended.finished_at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_crashing_pod_tells_how_it_ended_and_counts_like_kubectl() {
        let pod: Pod = serde_json::from_value(json!({
            "metadata": {"name": "web-5f-a"},
            "spec": {"containers": [{"name": "web", "image": "web:1"}, {"name": "proxy", "image": "proxy:1"}]},
            "status": {"phase": "Running", "podIP": "10.1.2.3", "qosClass": "Burstable",
                "conditions": [{"type": "Ready", "status": "False", "reason": "ContainersNotReady"}],
                "initContainerStatuses": [
                    {"name": "prepare", "state": {"terminated": {"exitCode": 0, "reason": "Completed"}}},
                    {"name": "mesh", "started": true, "ready": true, "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}}}],
                "containerStatuses": [
                    {"name": "web", "restartCount": 3, "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 40s"}},
                     "lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled", "startedAt": "2026-01-01T00:01:00Z",
                        "finishedAt": "2026-01-01T00:01:02Z", "message": "TOKEN=hunter2"}}},
                    {"name": "proxy", "ready": true, "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}}}]}}))
        .unwrap();
        let detail = detail(&pod);
        assert_eq!((detail.containers_ready, &*detail.status, detail.restarts), ((2, 3), "CrashLoopBackOff", 3));
        let (container, last) = detail.last_end().unwrap();
        assert_eq!((&*container.name, last.exit_code, &*last.reason), ("web", 137, "OOMKilled"));
        assert_eq!(last.ran.unwrap().as_secs(), 2);
        assert_eq!(last.message, "TOKEN=«…»");
        assert_eq!(detail.containers[0].state, "ended: Completed, exit code 0");
        assert_eq!(detail.containers[2].state, "waiting: CrashLoopBackOff");
    }
}
