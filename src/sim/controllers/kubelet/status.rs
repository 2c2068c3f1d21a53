//! A pod's status as its kubelet writes it.
//!
//! Invariant: conditions keep their transition time while their status stays; the phase follows from the containers alone.

use super::{
    Machine,
    container::{Container, Ended, State},
};
use crate::sim::{
    controllers::{
        cluster::Cluster,
        object::{condition, fnv, items, put_condition, set, text, time},
    },
    resource::resources,
};
use jiff::Timestamp;
use serde_json::{Value, json};

/// Writes what the machine is now.
pub fn write(cluster: &Cluster, pod: &Value, machine: &Machine) {
    cluster.write_status(&resources::PODS, pod, build(cluster.now(), pod, machine));
}

/// Writes that the pod's containers have stopped, as the last thing before it is gone.
pub fn write_stopped(cluster: &Cluster, pod: &Value, machine: &Machine) {
    let ended = matches!(text(pod, "/status/phase"), "Succeeded" | "Failed");
    if ended || !machine.containers.iter().any(Container::is_ready) {
        return;
    }
    let mut status = pod["status"].clone();
    let now = cluster.now();
    for kind in ["Ready", "ContainersReady"] {
        put(&mut status, kind, false, ("PodCompleted", ""), now);
    }
    if let Some(list) = status["containerStatuses"].as_array_mut() {
        list.iter_mut().for_each(|c| c["ready"] = false.into());
    }
    cluster.write_status(&resources::PODS, pod, status);
}

/// Writes what the node lifecycle controller writes about a pod whose node does not answer: that it is not ready, nothing else.
pub fn write_lost(cluster: &Cluster, pod: &Value) {
    if !condition(&pod["status"], "Ready").is_some_and(|c| c["status"] == "True") {
        return;
    }
    let mut status = pod["status"].clone();
    put(&mut status, "Ready", false, ("NodeNotReady", ""), cluster.now());
    cluster.write_status(&resources::PODS, pod, status);
}

fn build(now: Timestamp, pod: &Value, machine: &Machine) -> Value {
    let mut status = if pod["status"].is_object() { pod["status"].clone() } else { json!({}) };
    let phase = phase(machine);
    let ended = matches!(phase, "Succeeded" | "Failed");
    let ready = !ended && machine.containers.iter().all(Container::is_ready);
    let prepared = machine.init.iter().all(|c| c.has_succeeded() || c.is_sidecar);
    let created = machine.containers.iter().chain(&machine.init).any(|c| !matches!(c.state, State::New));
    let unready = not_ready(machine, phase);
    put(&mut status, "PodReadyToStartContainers", created, ("", ""), now);
    let waiting: Vec<&str> = machine.init.iter().filter(|c| !c.has_succeeded()).map(|c| c.name.as_str()).collect();
    let incomplete = format!("containers with incomplete status: [{}]", waiting.join(" "));
    put(&mut status, "Initialized", prepared, ("ContainersNotInitialized", &incomplete), now);
    put(&mut status, "Ready", ready, (unready.0, &unready.1), now);
    put(&mut status, "ContainersReady", ready, (unready.0, &unready.1), now);
    set(&mut status, &["phase"], phase);
    set(&mut status, &["hostIP"], host(&machine.node));
    set(&mut status, &["hostIPs"], json!([{ "ip": host(&machine.node) }]));
    set(&mut status, &["startTime"], time(machine.started));
    if created {
        set(&mut status, &["podIP"], machine.address.as_str());
        set(&mut status, &["podIPs"], json!([{ "ip": machine.address }]));
    }
    set(&mut status, &["qosClass"], quality(pod));
    let all = |list: &[Container]| list.iter().map(|c| container(pod, c)).collect::<Vec<_>>();
    if !machine.init.is_empty() {
        set(&mut status, &["initContainerStatuses"], all(&machine.init));
    }
    set(&mut status, &["containerStatuses"], all(&machine.containers));
    status
}

fn phase(machine: &Machine) -> &'static str {
    let never_ran = |c: &Container| {
        !matches!(c.state, State::Running { .. } | State::Ended { .. } | State::BackOff { .. }) && c.last.is_none()
    };
    let over = |c: &Container| matches!(c.state, State::Ended { until: None, .. });
    let failed = |c: &Container| over(c) && !c.has_succeeded();
    if machine.init.iter().any(failed) {
        return "Failed";
    }
    if machine.containers.iter().all(over) && !machine.containers.is_empty() {
        return if machine.containers.iter().any(failed) { "Failed" } else { "Succeeded" };
    }
    if machine.containers.iter().any(never_ran) { "Pending" } else { "Running" }
}

fn not_ready(machine: &Machine, phase: &str) -> (&'static str, String) {
    match phase {
        "Succeeded" => ("PodCompleted", String::new()),
        "Failed" => ("PodFailed", String::new()),
        _ => {
            let names = machine.containers.iter().filter(|c| !c.is_ready()).map(|c| c.name.as_str());
            let names = names.collect::<Vec<_>>().join(" ");
            ("ContainersNotReady", format!("containers with unready status: [{names}]"))
        }
    }
}

/// Sets a condition; reason and message are only given while it is false.
fn put(status: &mut Value, kind: &str, is_true: bool, why: (&str, &str), now: Timestamp) {
    let value = if is_true { "True" } else { "False" };
    let since = condition(status, kind).filter(|c| c["status"] == value).map(|c| c["lastTransitionTime"].clone());
    let mut new = json!({
        "type": kind, "status": value, "lastProbeTime": null,
        "lastTransitionTime": since.unwrap_or_else(|| time(now).into()),
    });
    if !is_true {
        for (field, text) in [("reason", why.0), ("message", why.1)].into_iter().filter(|(_, t)| !t.is_empty()) {
            set(&mut new, &[field], text);
        }
    }
    put_condition(status, new);
}

fn host(node: &str) -> String {
    format!("172.18.0.{}", 2 + fnv(&[node]) % 200)
}

fn quality(pod: &Value) -> &'static str {
    let containers = items(pod, "/spec/containers");
    let given = |c: &Value, field: &str| c["resources"][field].as_object().filter(|m| !m.is_empty()).is_some();
    if !containers.iter().any(|c| given(c, "requests") || given(c, "limits")) {
        return "BestEffort";
    }
    let exact = |c: &Value| {
        let (requests, limits) = (&c["resources"]["requests"], &c["resources"]["limits"]);
        given(c, "limits")
            && ["cpu", "memory"]
                .iter()
                .all(|k| limits.get(k).is_some() && requests.get(k).is_none_or(|r| *r == limits[*k]))
    };
    if containers.iter().all(exact) { "Guaranteed" } else { "Burstable" }
}

fn container(pod: &Value, container: &Container) -> Value {
    let image = container.image.split('@').next().unwrap_or_default();
    let repository = image.strip_suffix(&format!(":{}", super::super::object::tag(image))).unwrap_or(image);
    let digest: String = (0..4).map(|i: u32| format!("{:016x}", fnv(&[image, &i.to_string()]))).collect();
    let has_run = !matches!(
        container.state,
        State::New
            | State::Pulling { .. }
            | State::PullFailed { .. }
            | State::Creating { .. }
            | State::Unconfigured { .. }
    ) || container.last.is_some();
    let running = matches!(container.state, State::Running { .. });
    let ended = container.has_succeeded();
    let mut status = json!({
        "name": container.name,
        "state": state(pod, container),
        "lastState": container.last.as_ref().map_or_else(|| json!({}), |run| json!({ "terminated": terminated(run) })),
        "ready": container.is_ready() || (container.is_sidecar && running) || (ended && is_init(pod, container)),
        "restartCount": container.restarts,
        "image": container.image,
        "imageID": if has_run { format!("{repository}@sha256:{digest}") } else { String::new() },
        "started": running,
    });
    if has_run {
        let id = match (&container.state, &container.last) {
            (State::BackOff { .. }, Some(run)) => run.id.clone(),
            _ => container.id(pod),
        };
        set(&mut status, &["containerID"], id);
    }
    status
}

fn is_init(pod: &Value, container: &Container) -> bool {
    items(pod, "/spec/initContainers").iter().any(|c| c["name"] == container.name.as_str())
}

fn terminated(run: &Ended) -> Value {
    let reason = match run.code {
        0 => "Completed",
        _ if run.out_of_memory => "OOMKilled",
        _ => "Error",
    };
    json!({
        "exitCode": run.code, "reason": reason,
        "startedAt": time(run.started), "finishedAt": time(run.finished), "containerID": run.id,
    })
}

fn state(pod: &Value, container: &Container) -> Value {
    let waiting = |reason: &str, message: Option<String>| match message {
        Some(message) => json!({ "waiting": { "reason": reason, "message": message } }),
        None => json!({ "waiting": { "reason": reason } }),
    };
    let image = &container.image;
    let pulling = || {
        waiting(
            "ImagePullBackOff",
            Some(format!("Back-off pulling image \"{image}\": ErrImagePull: {}", container.pull_error())),
        )
    };
    match &container.state {
        State::PullFailed { told: true, .. } => pulling(),
        State::Pulling { .. } if container.failed_pulls() > 0 => pulling(),
        State::PullFailed { .. } => waiting("ErrImagePull", Some(container.pull_error())),
        State::New if is_waiting_for_init(pod, container) => waiting("PodInitializing", None),
        State::New | State::Pulling { .. } | State::Creating { .. } => match &container.last {
            // Between two runs the last one's end is still what is shown.
            Some(run) => json!({ "terminated": terminated(run) }),
            None => waiting("ContainerCreating", None),
        },
        State::Unconfigured { why, .. } => waiting("CreateContainerConfigError", Some(why.clone())),
        State::Running { started, .. } => json!({ "running": { "startedAt": time(*started) } }),
        State::Ended { run, .. } => json!({ "terminated": terminated(run) }),
        State::BackOff { seconds, .. } => {
            let pod = format!("{}_{}({})", super::name(pod), super::super::object::namespace(pod), super::uid(pod));
            let wait =
                if *seconds < 60 { format!("{seconds}s") } else { format!("{}m{}s", seconds / 60, seconds % 60) };
            let message = format!("back-off {wait} restarting failed container={} pod={pod}", container.name);
            waiting("CrashLoopBackOff", Some(message))
        }
    }
}

fn is_waiting_for_init(pod: &Value, container: &Container) -> bool {
    !items(pod, "/spec/initContainers").is_empty() && !is_init(pod, container)
}
