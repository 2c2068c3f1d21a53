//! What is wrong with a workload's pods, in the words of somebody on call: what, where, how many.
//!
//! Pure. A pod of the current template counts; while a rollout runs, the old ones may do as they like. A finding may name
//! what else is worth reading (a log, events); reading it is the caller's work.

use super::{pods, sentence};
use crate::{
    model::{BlockerKind, image::ImageReference},
    wire::{ContainerStatus, Pod, Terminated},
};
use jiff::Timestamp;

/// How long, in seconds, a pod may be unready, or waiting without a reason, before it is worth a word.
const PATIENCE: i64 = 30;

/// What else would tell more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Evidence {
    /// What the cluster said already.
    Told(String),
    /// The log of the run of this container before the current one.
    PreviousLog { pod: String, container: String },
    /// The newest warning about this pod.
    Events { pod: String },
    /// Nothing.
    None,
}

/// The one thing to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    pub kind: BlockerKind,
    pub message: String,
    pub evidence: Evidence,
    /// Since when, where it is known.
    pub since: Option<Timestamp>,
}

/// The most telling failure among these pods; None while nothing is known to be wrong.
pub(super) fn diagnose<'a>(pods: impl Iterator<Item = &'a Pod>, now: Timestamp) -> Option<Finding> {
    let alive = pods.filter(|pod| pod.metadata.deletion_timestamp.is_none() && !pods::is_ready(pod));
    let mut found: Vec<Finding> = alive.filter_map(|pod| of_pod(pod, now)).collect();
    found.sort_by_key(|finding| order(finding.kind));
    let first = found.first()?.clone();
    let same = found.iter().filter(|f| f.kind == first.kind).count();
    let many = if same > 1 { format!(" ({same} pods)") } else { String::new() };
    Some(Finding { message: format!("{}{many}", first.message), ..first })
}

/// What explains most comes first.
fn order(kind: BlockerKind) -> u8 {
    match kind {
        BlockerKind::ImagePull => 0,
        BlockerKind::Config => 1,
        BlockerKind::CrashLoop => 2,
        BlockerKind::Unschedulable => 3,
        BlockerKind::Refused => 4,
        BlockerKind::NotReady => 5,
        BlockerKind::Deadline => 6,
    }
}

fn of_pod(pod: &Pod, now: Timestamp) -> Option<Finding> {
    let status = &pod.status;
    let containers = status.init_container_statuses.iter().chain(&status.container_statuses);
    containers
        .filter_map(|container| of_container(pod, container))
        .min_by_key(|finding| order(finding.kind))
        .or_else(|| unschedulable(pod, now))
        .or_else(|| waiting(pod, now))
        .or_else(|| not_ready(pod, now))
}

fn of_container(pod: &Pod, container: &ContainerStatus) -> Option<Finding> {
    let waiting = container.state.waiting.as_ref();
    let reason = waiting.map_or("", |w| &*w.reason);
    let told = waiting.map(|w| sentence(&w.message)).filter(|text| !text.is_empty());
    let finding = |kind, message: String, evidence| Some(Finding { kind, message, evidence, since: None });
    match reason {
        "ErrImagePull"
        | "ImagePullBackOff"
        | "InvalidImageName"
        | "ErrImageNeverPull"
        | "RegistryUnavailable"
        | "ErrImageInspect"
        | "SignatureValidationFailed" => {
            let image = image_of(pod, container);
            let why = waiting.and_then(|w| pull_failure(reason, &w.message, &image)).unwrap_or_default();
            let evidence = told.map_or_else(|| Evidence::Events { pod: pod.metadata.name.to_string() }, Evidence::Told);
            finding(BlockerKind::ImagePull, format!("image {image} cannot be pulled{why}"), evidence)
        }
        "CreateContainerConfigError"
        | "CreateContainerError"
        | "RunContainerError"
        | "StartError"
        | "PostStartHookError"
        | "PreCreateHookError" => {
            let why = told.clone().map(|why| format!(": {why}")).unwrap_or_default();
            let message = format!("container {} cannot be started{why}", container.name);
            finding(BlockerKind::Config, message, told.map_or(Evidence::None, Evidence::Told))
        }
        _ => crashing(pod, container, reason),
    }
}

/// A container that ends when it should run on.
fn crashing(pod: &Pod, container: &ContainerStatus, reason: &str) -> Option<Finding> {
    let ended = container.state.terminated.as_ref();
    let failed_now = ended.filter(|e| e.exit_code != 0);
    let last = failed_now.or(container.last_state.terminated.as_ref());
    let restarts = container.restart_count;
    if reason != "CrashLoopBackOff" && failed_now.is_none() && !(restarts > 1 && last.is_some() && !container.ready) {
        return None;
    }
    let how = last.map_or_else(|| "ends at once".to_owned(), ending);
    let times = match restarts {
        0 => String::new(),
        1 => ", 1 restart".into(),
        many => format!(", {many} restarts"),
    };
    let evidence = match last.map(|l| sentence(&l.message)).filter(|text| !text.is_empty()) {
        Some(message) => Evidence::Told(message),
        None => Evidence::PreviousLog { pod: pod.metadata.name.to_string(), container: container.name.to_string() },
    };
    Some(Finding {
        kind: BlockerKind::CrashLoop,
        message: format!("container {} keeps crashing: {how}{times}", container.name),
        evidence,
        since: last.and_then(|l| l.finished_at),
    })
}

fn ending(ended: &Terminated) -> String {
    match (&*ended.reason, ended.exit_code) {
        ("OOMKilled", _) => "killed for using more memory than its limit (OOMKilled)".into(),
        ("ContainerCannotRun" | "StartError", code) => format!("its command cannot be run (exit code {code})"),
        (_, 0) => "it ends without an error (exit code 0)".into(),
        (_, 137) => "killed (exit code 137)".into(),
        (_, 143) => "terminated (exit code 143)".into(),
        (_, code) => format!("exit code {code}"),
    }
}

/// The image as the pod asks for it: a status may show another name of it.
fn image_of(pod: &Pod, container: &ContainerStatus) -> String {
    let asked = pod.spec.containers.iter().find(|c| c.name == container.name).map(|c| &c.image);
    asked.unwrap_or(&container.image).to_string()
}

/// Why an image cannot be pulled, from the kubelet's or the registry's words.
fn pull_failure(reason: &str, message: &str, image: &str) -> Option<String> {
    let text = message.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let tag = ImageReference::parse(image).ok().and_then(|image| image.tag);
    let why = match reason {
        "InvalidImageName" => "it is not an image name".into(),
        "ErrImageNeverPull" => "it is not on the node, and its pull policy is Never".into(),
        _ if says(&["not found", "manifest unknown", "name unknown", "does not exist"]) => match tag {
            Some(tag) => format!("the registry has no tag {tag}"),
            None => "the registry does not have it".into(),
        },
        _ if says(&["unauthorized", "denied", "authentication required", "401", "403"]) => {
            "the registry refuses access: check imagePullSecrets".into()
        }
        _ if says(&["no such host", "timeout", "connection refused", "i/o timeout", "no route to host"]) => {
            "the registry cannot be reached".into()
        }
        _ if says(&["toomanyrequests", "429", "rate limit"]) => "the registry's rate limit is reached".into(),
        _ => return None,
    };
    Some(format!(": {why}"))
}

fn unschedulable(pod: &Pod, now: Timestamp) -> Option<Finding> {
    let condition = pod.status.conditions.iter().find(|c| &*c.kind == "PodScheduled" && &*c.status == "False")?;
    if &*condition.reason != "Unschedulable" || younger_than(pod.metadata.creation_timestamp, 10, now) {
        return None;
    }
    // What follows the first sentence is about preemption and claims.
    let told = sentence(&condition.message);
    let told = told.split(". ").next().unwrap_or_default();
    let message = format!("no node takes the pod: {}", told.trim_end_matches('.'));
    Some(Finding {
        kind: BlockerKind::Unschedulable,
        message,
        evidence: Evidence::None,
        since: condition.last_transition_time,
    })
}

/// A pod that is not started and does not say why: a volume that cannot be mounted, mostly. Its events know.
fn waiting(pod: &Pod, now: Timestamp) -> Option<Finding> {
    let names: [&str; 2] = ["ContainerCreating", "PodInitializing"];
    let mut containers = pod.status.init_container_statuses.iter().chain(&pod.status.container_statuses);
    let stuck = containers.any(|c| c.state.waiting.as_ref().is_some_and(|w| names.contains(&&*w.reason)))
        && pod.status.init_container_statuses.iter().all(|c| c.state.running.is_none());
    if !stuck || younger_than(pod.metadata.creation_timestamp, PATIENCE, now) {
        return None;
    }
    Some(Finding {
        kind: BlockerKind::Config,
        message: "containers are not created".into(),
        evidence: Evidence::Events { pod: pod.metadata.name.to_string() },
        since: pod.metadata.creation_timestamp,
    })
}

fn not_ready(pod: &Pod, now: Timestamp) -> Option<Finding> {
    let container = pod.status.container_statuses.iter().find(|c| !c.ready && c.state.running.is_some())?;
    let started = container.state.running.as_ref().and_then(|r| r.started_at);
    let condition = pod.status.conditions.iter().find(|c| &*c.kind == "Ready");
    let since = condition.and_then(|c| c.last_transition_time).max(started);
    if since.is_none() || younger_than(since, PATIENCE, now) {
        return None;
    }
    let long = since.map(|since| format!(" for {}", crate::time::age(since, now))).unwrap_or_default();
    Some(Finding {
        kind: BlockerKind::NotReady,
        message: format!("container {} runs but is not ready{long}", container.name),
        evidence: Evidence::Events { pod: pod.metadata.name.to_string() },
        since,
    })
}

/// Whether something is younger than so many seconds; what has no age counts as old.
pub(super) fn younger_than(begun: Option<Timestamp>, seconds: i64, now: Timestamp) -> bool {
    begun.is_some_and(|begun| now.duration_since(begun).as_secs() < seconds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use BlockerKind::{Config, CrashLoop, ImagePull, NotReady, Unschedulable};
    use rstest::rstest;
    use serde_json::{Value, json};

    fn pod(status: Value) -> Pod {
        serde_json::from_value(json!({
            "metadata": {"name": "a-1", "creationTimestamp": "2026-01-01T00:00:00Z"},
            "spec": {"containers": [{"name": "web", "image": "registry.example/shop/web:v2"}]},
            "status": status
        }))
        .unwrap()
    }

    fn found(status: Value) -> Option<(BlockerKind, String)> {
        let pod = pod(status);
        let now = "2026-01-01T00:10:00Z".parse().unwrap();
        diagnose([&pod].into_iter(), now).map(|finding| (finding.kind, finding.message))
    }

    fn waiting(reason: &str, message: &str) -> Value {
        json!({"phase": "Pending", "containerStatuses": [{"name": "web", "state": {"waiting": {"reason": reason, "message": message}}}]})
    }

    #[rstest]
    #[case("ImagePullBackOff", "Back-off pulling image", "image registry.example/shop/web:v2 cannot be pulled")]
    #[case(
        "ErrImagePull",
        "rpc error: manifest unknown",
        "image registry.example/shop/web:v2 cannot be pulled: the registry has no tag v2"
    )]
    #[case(
        "ErrImagePull",
        "401 Unauthorized",
        "image registry.example/shop/web:v2 cannot be pulled: the registry refuses access: check imagePullSecrets"
    )]
    #[case("InvalidImageName", "", "image registry.example/shop/web:v2 cannot be pulled: it is not an image name")]
    fn images(#[case] reason: &str, #[case] message: &str, #[case] expected: &str) {
        assert_eq!(found(waiting(reason, message)), Some((ImagePull, expected.to_owned())));
    }

    #[test]
    fn a_missing_secret_is_named() {
        let (kind, message) = found(waiting("CreateContainerConfigError", "secret \"db\" not found")).unwrap();
        assert_eq!((kind, &*message), (Config, "container web cannot be started: secret \"db\" not found"));
    }

    #[rstest]
    #[case("Error", 1, "container web keeps crashing: exit code 1, 5 restarts")]
    #[case(
        "OOMKilled",
        137,
        "container web keeps crashing: killed for using more memory than its limit (OOMKilled), 5 restarts"
    )]
    #[case("Completed", 0, "container web keeps crashing: it ends without an error (exit code 0), 5 restarts")]
    fn crash_loops(#[case] reason: &str, #[case] code: i32, #[case] expected: &str) {
        let status = json!({"phase": "Running", "containerStatuses": [{"name": "web", "restartCount": 5,
            "state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": {"terminated": {"reason": reason, "exitCode": code}}}]});
        assert_eq!(found(status), Some((CrashLoop, expected.to_owned())));
    }

    #[test]
    fn between_two_crashes_it_still_crashes_but_one_restart_is_no_loop() {
        let running = |restarts: u32| {
            json!({"phase": "Running", "containerStatuses": [{"name": "web", "restartCount": restarts, "ready": false,
                "state": {"running": {"startedAt": "2026-01-01T00:09:55Z"}}, "lastState": {"terminated": {"exitCode": 2}}}]})
        };
        assert_eq!(found(running(3)).unwrap().0, CrashLoop);
        assert_eq!(found(running(1)), None);
    }

    #[test]
    fn the_schedulers_words_are_passed_on() {
        let status = json!({"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable",
            "message": "0/3 nodes are available: 3 Insufficient cpu. preemption: 0/3 nodes are available: none."}]});
        let expected = "no node takes the pod: 0/3 nodes are available: 3 Insufficient cpu";
        assert_eq!(found(status), Some((Unschedulable, expected.to_owned())));
    }

    #[test]
    fn not_ready_for_long_is_said_and_a_fresh_start_is_not() {
        let since = |at: &str| {
            json!({"phase": "Running", "conditions": [{"type": "Ready", "status": "False", "lastTransitionTime": at}],
                "containerStatuses": [{"name": "web", "state": {"running": {"startedAt": at}}}]})
        };
        let expected = "container web runs but is not ready for 4m";
        assert_eq!(found(since("2026-01-01T00:06:00Z")), Some((NotReady, expected.to_owned())));
        assert_eq!(found(since("2026-01-01T00:09:50Z")), None);
    }

    #[test]
    fn ready_and_leaving_pods_are_no_trouble() {
        let mut leaving = pod(waiting("ImagePullBackOff", ""));
        leaving.metadata.deletion_timestamp = leaving.metadata.creation_timestamp;
        let ready = pod(json!({"conditions": [{"type": "Ready", "status": "True"}]}));
        assert_eq!(diagnose([&leaving, &ready].into_iter(), Timestamp::UNIX_EPOCH), None);
    }

    #[test]
    fn many_pods_make_one_sentence() {
        let pods = [pod(waiting("ErrImagePull", "not found")), pod(waiting("ImagePullBackOff", "back-off"))];
        let message = diagnose(pods.iter(), Timestamp::UNIX_EPOCH).unwrap().message;
        assert!(message.ends_with("the registry has no tag v2 (2 pods)"), "{message}");
    }
}
