//! Pods as API servers return them, each with the sentence it deserves; and pods as nobody returns them, which must not hurt.

use super::*;
use crate::{
    model::{Blocker, BlockerKind, Kind},
    wire::Workload,
};
use proptest::prelude::*;
use rstest::rstest;
use serde_json::{Value, json};

const IMAGE: &str = "registry.example/shop/web:v2";

fn now() -> Timestamp {
    "2026-01-01T00:10:00Z".parse().unwrap()
}

fn spec() -> Value {
    json!({
        "nodeName": "n1",
        "initContainers": [{"name": "init", "image": "registry.example/shop/init:v1"},
            {"name": "mesh", "image": "registry.example/mesh:v1", "restartPolicy": "Always"}],
        "containers": [{"name": "web", "image": IMAGE, "resources": {"limits": {"memory": "256Mi"}},
            "readinessProbe": {"httpGet": {"port": 80}}, "startupProbe": null}],
        "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}],
        "readinessGates": [{"conditionType": "example.com/in-service"}]
    })
}

fn value(status: Value) -> Value {
    json!({"metadata": {"name": "a-1", "creationTimestamp": "2026-01-01T00:00:00Z"}, "spec": spec(), "status": status})
}

fn pod(status: Value) -> Pod {
    serde_json::from_value(value(status)).unwrap()
}

fn finding(status: Value) -> Option<Finding> {
    diagnose([&pod(status)].into_iter(), Among::All, now())
}

fn said(status: Value) -> Option<(BlockerKind, String)> {
    finding(status).map(|found| (found.cause.kind(), found.cause.to_string()))
}

fn waiting(reason: &str, message: &str) -> Value {
    json!({"phase": "Pending", "containerStatuses": [{"name": "web", "state": {"waiting": {"reason": reason, "message": message}}}]})
}

fn crashed(state: Value, last: Value, restarts: u32) -> Value {
    json!({"phase": "Running", "containerStatuses": [
        {"name": "web", "restartCount": restarts, "ready": false, "state": state, "lastState": {"terminated": last}}]})
}

fn backing_off(last: Value) -> Value {
    crashed(json!({"waiting": {"reason": "CrashLoopBackOff"}}), last, 5)
}

#[rstest]
#[case(
    "ImagePullBackOff",
    "Back-off pulling image",
    "image registry.example/shop/web:v2 of container web cannot be pulled"
)]
#[case(
    "ErrImagePull",
    "rpc error: manifest unknown",
    "image registry.example/shop/web:v2 of container web cannot be pulled: the registry has no tag v2"
)]
#[case(
    "ErrImagePull",
    "401 Unauthorized",
    "image registry.example/shop/web:v2 of container web cannot be pulled: the registry refuses access, check imagePullSecrets"
)]
#[case(
    "InvalidImageName",
    "",
    "image registry.example/shop/web:v2 of container web cannot be pulled: it is not an image name"
)]
fn images(#[case] reason: &str, #[case] message: &str, #[case] expected: &str) {
    assert_eq!(said(waiting(reason, message)), Some((BlockerKind::ImagePull, expected.to_owned())));
}

#[test]
fn a_back_off_that_does_not_say_why_asks_for_events() {
    assert_eq!(finding(waiting("ImagePullBackOff", "Back-off pulling image")).unwrap().evidence, Evidence::Events);
    let told = finding(waiting("ErrImagePull", "manifest unknown")).unwrap().evidence;
    assert_eq!(told, Evidence::Told("manifest unknown".into()));
}

#[rstest]
#[case(
    "CreateContainerConfigError",
    "secret \"db\" not found",
    BlockerKind::Missing,
    "Secret db does not exist, and the pods need it"
)]
#[case(
    "CreateContainerConfigError",
    "container has runAsNonRoot and image will run as root",
    BlockerKind::Config,
    "container web cannot be started: container has runAsNonRoot and image will run as root"
)]
#[case(
    "RunContainerError",
    "failed to create containerd task: exec: \"/srv\": stat /srv: no such file or directory",
    BlockerKind::Config,
    "container web cannot be started: failed to create containerd task: exec: \"/srv\": stat /srv: no such file or directory"
)]
#[case("CreateContainerError", "", BlockerKind::Config, "container web cannot be started")]
fn creations(#[case] reason: &str, #[case] message: &str, #[case] kind: BlockerKind, #[case] expected: &str) {
    assert_eq!(said(waiting(reason, message)), Some((kind, expected.to_owned())));
}

#[rstest]
#[case(json!({"reason": "Error", "exitCode": 1}), "crash loop: container web exits with code 1, 5 restarts")]
#[case(
    json!({"reason": "Error", "exitCode": 1, "startedAt": "2026-01-01T00:09:00Z", "finishedAt": "2026-01-01T00:09:02Z"}),
    "crash loop: container web exits with code 1 after 2 s, 5 restarts"
)]
#[case(json!({"reason": "Error", "exitCode": 139}), "crash loop: container web is ended by SIGSEGV (exit code 139), 5 restarts")]
#[case(json!({"reason": "Error", "exitCode": 137}), "crash loop: container web is ended by SIGKILL (exit code 137), 5 restarts")]
#[case(json!({"reason": "Error", "exitCode": 0, "signal": 77}), "crash loop: container web is ended by signal 77 (exit code 0), 5 restarts")]
#[case(
    json!({"reason": "Completed", "exitCode": 0}),
    "crash loop: container web ends without an error (exit code 0), though it should run on, 5 restarts"
)]
#[case(
    json!({"reason": "StartError", "exitCode": 128}),
    "crash loop: container web has a command that cannot be run (exit code 128), 5 restarts"
)]
fn crash_loops(#[case] last: Value, #[case] expected: &str) {
    assert_eq!(said(backing_off(last)), Some((BlockerKind::CrashLoop, expected.to_owned())));
}

#[test]
fn out_of_memory_names_the_limit() {
    let (kind, said) = said(backing_off(json!({"reason": "OOMKilled", "exitCode": 137}))).unwrap();
    assert_eq!(kind, BlockerKind::OutOfMemory);
    assert_eq!(
        said,
        "out of memory: container web is killed for using more than its limit of 256Mi (OOMKilled), 5 restarts"
    );
}

#[test]
fn the_log_of_the_run_that_ended_is_asked_for() {
    let last = json!({"exitCode": 2});
    let log = |state: Value| finding(crashed(state, last.clone(), 3)).unwrap().evidence;
    let of = |previous| Evidence::Log { container: "web".into(), previous, probed: false };
    assert_eq!(log(json!({"waiting": {"reason": "CrashLoopBackOff"}})), of(false), "no run has begun since");
    assert_eq!(log(json!({"running": {"startedAt": "2026-01-01T00:09:55Z"}})), of(true));
    assert_eq!(log(json!({"terminated": {"exitCode": 2}})), of(false));
    let message = json!({"terminated": {"exitCode": 2, "message": "fatal: no DB_URL"}});
    assert_eq!(log(message), Evidence::Told("fatal: no DB_URL".into()));
}

#[test]
fn between_two_crashes_it_still_crashes_but_one_restart_is_no_loop() {
    let running =
        |restarts| crashed(json!({"running": {"startedAt": "2026-01-01T00:09:55Z"}}), json!({"exitCode": 2}), restarts);
    assert_eq!(said(running(3)).unwrap().0, BlockerKind::CrashLoop);
    assert_eq!(said(running(1)), None);
}

#[test]
fn an_init_container_that_fails_is_called_one_and_explains_the_rest() {
    let status = json!({"phase": "Pending",
        "initContainerStatuses": [{"name": "init", "restartCount": 3, "state": {"waiting": {"reason": "CrashLoopBackOff"}},
            "lastState": {"terminated": {"exitCode": 1}}}],
        "containerStatuses": [{"name": "web", "state": {"waiting": {"reason": "PodInitializing"}}}]});
    let (kind, said) = said(status).unwrap();
    assert_eq!(kind, BlockerKind::CrashLoop);
    assert_eq!(said, "crash loop: init container init exits with code 1, 3 restarts");
}

#[test]
fn an_init_container_that_does_not_end_is_named_and_a_sidecar_may_run() {
    let status = |init: Value| {
        json!({"phase": "Pending", "initContainerStatuses": [init],
            "containerStatuses": [{"name": "web", "state": {"waiting": {"reason": "PodInitializing"}}}]})
    };
    let running = json!({"running": {"startedAt": "2026-01-01T00:05:00Z"}});
    let (kind, told) = said(status(json!({"name": "init", "state": running}))).unwrap();
    assert_eq!((kind, &*told), (BlockerKind::Initialising, "init container init (1 of 1) has not come to its end"));
    let sidecar = said(status(json!({"name": "mesh", "started": true, "state": running}))).unwrap();
    assert_eq!(sidecar.0, BlockerKind::Volume, "what else holds it is another question");
}

#[test]
fn the_schedulers_words_are_told_once_it_had_its_time() {
    let message = "0/3 nodes are available: 3 Insufficient cpu. preemption: 0/3 nodes are available: none.";
    let status = json!({"phase": "Pending", "conditions": [
        {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}]});
    assert_eq!(said(status.clone()), Some((BlockerKind::Unschedulable, "unschedulable: all 3 nodes lack cpu".into())));
    let young = diagnose([&pod(status)].into_iter(), Among::All, "2026-01-01T00:00:02Z".parse().unwrap());
    assert_eq!(young, None);
    let gated = json!({"conditions": [{"type": "PodScheduled", "status": "False", "reason": "SchedulingGated"}]});
    assert_eq!(said(gated).unwrap().0, BlockerKind::Unschedulable);
}

#[test]
fn a_claim_that_is_not_bound_is_asked_about() {
    let message = "0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims. not helpful";
    let status = json!({"conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}]});
    let found = finding(status).unwrap();
    assert_eq!(found.cause.to_string(), "claim data is not bound");
    assert_eq!(found.evidence, Evidence::Claims(vec!["data".into()]));
}

#[rstest]
#[case(json!({"ready": false, "started": true}), "readiness probe of container web fails")]
#[case(json!({"ready": false, "name": "other"}), "container other runs but is not ready")]
fn not_ready_names_the_probe(#[case] fields: Value, #[case] expected: &str) {
    let mut container = json!({"name": "web", "state": {"running": {"startedAt": "2026-01-01T00:06:00Z"}}});
    container.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    let status = |at: &str| {
        json!({"phase": "Running", "containerStatuses": [container.clone()],
            "conditions": [{"type": "Ready", "status": "False", "lastTransitionTime": at}]})
    };
    assert_eq!(said(status("2026-01-01T00:06:00Z")), Some((BlockerKind::NotReady, expected.to_owned())));
    assert_eq!(said(status("2026-01-01T00:09:50Z")), None, "it has only just begun");
}

#[test]
fn a_startup_probe_comes_before_readiness() {
    let mut object = value(json!({"phase": "Running", "containerStatuses": [
        {"name": "web", "started": false, "state": {"running": {"startedAt": "2026-01-01T00:06:00Z"}}}]}));
    object["spec"]["containers"][0]["startupProbe"] = json!({"exec": {"command": ["true"]}});
    let pod: Pod = serde_json::from_value(object).unwrap();
    let found = diagnose([&pod].into_iter(), Among::All, now()).unwrap();
    assert_eq!(found.cause.to_string(), "startup probe of container web fails");
}

#[test]
fn a_readiness_gate_is_named_and_a_silent_node_is_not_taken_for_one() {
    let status = |gate: &str| {
        json!({"phase": "Running", "containerStatuses": [{"name": "web", "ready": true, "state": {"running": {}}}], "conditions": [
            {"type": "Ready", "status": "False", "lastTransitionTime": "2026-01-01T00:05:00Z"},
            {"type": "example.com/in-service", "status": gate, "message": "not in the pool"}]})
    };
    let gate = said(status("False")).unwrap();
    assert_eq!(
        gate,
        (BlockerKind::NotReady, "readiness gate example.com/in-service is not true yet: not in the pool".into())
    );
    let node = finding(status("True")).unwrap();
    assert_eq!((node.cause.to_string().as_str(), node.evidence), ("node n1 is not ready", Evidence::Node));
}

#[test]
fn a_pod_that_is_not_created_for_long_asks_for_events() {
    let found = finding(waiting("ContainerCreating", "")).unwrap();
    assert_eq!((found.cause.kind(), found.evidence), (BlockerKind::Volume, Evidence::Events));
}

#[test]
fn ready_leaving_and_ended_pods_are_no_trouble() {
    let mut leaving = pod(waiting("ImagePullBackOff", ""));
    leaving.metadata.deletion_timestamp = leaving.metadata.creation_timestamp;
    let ready = pod(json!({"conditions": [{"type": "Ready", "status": "True"}]}));
    let evicted =
        pod(json!({"phase": "Failed", "reason": "Evicted", "message": "The node was low on resource: memory.",
        "containerStatuses": [{"name": "web", "state": {"terminated": {"exitCode": 137}}}]}));
    assert_eq!(diagnose([&leaving, &ready, &evicted].into_iter(), Among::All, now()), None);
    let (cause, _) = pod::rejected([&evicted].into_iter(), now()).unwrap();
    assert_eq!(cause.to_string(), "pods are evicted from node n1: The node was low on resource: memory.");
    assert_eq!(pod::lingering([&leaving, &ready].into_iter(), now()).unwrap().metadata.name, leaving.metadata.name);
}

#[test]
fn most_pods_decide_and_the_others_are_counted() {
    let crash = || pod(backing_off(json!({"exitCode": 1})));
    let ready = pod(json!({"conditions": [{"type": "Ready", "status": "True"}]}));
    let pending = pod(
        json!({"conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "no"}]}),
    );
    let unready = pod(
        json!({"containerStatuses": [{"name": "web", "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}}}]}),
    );
    let pods = [crash(), crash(), pending, ready, unready.clone(), unready.clone(), unready];
    let found = diagnose(pods.iter(), Among::New, now()).unwrap();
    let blocker = Blocker { cause: found.cause, share: Some(found.share), since: None, evidence: Vec::new() };
    assert_eq!(
        blocker.message(),
        "crash loop: container web exits with code 1, 5 restarts (2 of 7 new pods; 1 more: unschedulable; 3 more: not ready)",
        "causes before symptoms, however many"
    );
}

fn workload(object: Value) -> Workload {
    serde_json::from_value(object).unwrap()
}

#[test]
fn a_controller_that_is_late_is_named_after_a_while() {
    let whole = json!({"metadata": {"generation": 5, "managedFields": [
            {"manager": "kubectl", "time": "2026-01-01T00:09:00Z"},
            {"manager": "kube-controller-manager", "subresource": "status", "time": "2026-01-01T00:09:59Z"}]},
        "status": {"observedGeneration": 3}});
    let object = workload(whole.clone());
    let (cause, since) = object::stale(Kind::Deployment, &object, &whole, now()).unwrap();
    assert_eq!(
        cause.to_string(),
        "the controller of deployments is late: it has seen generation 3, the object is at 5"
    );
    assert_eq!(since.unwrap().to_string(), "2026-01-01T00:09:00Z");
    let soon = "2026-01-01T00:09:05Z".parse().unwrap();
    assert_eq!(object::stale(Kind::Deployment, &object, &whole, soon), None);
    let mut scaled = whole.clone();
    scaled["metadata"]["managedFields"][1]["subresource"] = "scale".into();
    assert_eq!(object::stale(Kind::Deployment, &object, &scaled, now()), None, "scaled a second ago");
}

#[test]
fn a_pause_says_by_whom_and_how_far_it_got() {
    let whole = json!({"metadata": {"managedFields": [{"manager": "flux", "fieldsV1": {"f:spec": {"f:replicas": {}}}},
            {"manager": "kubectl-rollout", "time": "2026-01-01T00:02:00Z", "fieldsV1": {"f:spec": {"f:paused": {}}}}]},
        "spec": {"replicas": 3, "paused": true}, "status": {"updatedReplicas": 1, "replicas": 4, "availableReplicas": 4}});
    let (cause, since) = object::paused(&workload(whole.clone()), &whole).unwrap();
    assert_eq!(cause.to_string(), "paused by kubectl-rollout; 1 of 3 pods have the current template");
    assert_eq!(since.unwrap().to_string(), "2026-01-01T00:02:00Z");
}

#[rstest]
#[case::long("2026-01-01T00:08:00Z", "ReplicaSetUpdated", Some("2026-01-01T00:08:00Z"))]
#[case::a_moment("2026-01-01T00:09:30Z", "ReplicaSetUpdated", None)]
#[case::given_up("2026-01-01T00:08:00Z", "ProgressDeadlineExceeded", None)]
fn a_rollout_that_does_not_move_is_told_without_its_pods(
    #[case] moved: &str,
    #[case] reason: &str,
    #[case] since: Option<&str>,
) {
    let status = if reason == "ReplicaSetUpdated" { "True" } else { "False" };
    let object = workload(json!({"metadata": {"generation": 2}, "spec": {"replicas": 4}, "status": {
        "observedGeneration": 2, "replicas": 5, "updatedReplicas": 2, "availableReplicas": 3, "readyReplicas": 3,
        "conditions": [{"type": "Progressing", "status": status, "reason": reason, "lastUpdateTime": moved}]}}));
    let found = object::standstill(Kind::Deployment, &object, now());
    assert_eq!(found.as_ref().and_then(|(_, since)| *since), since.map(|since| since.parse().unwrap()));
    let told = "the new pods do not become ready; why is not seen, as you may not list pods";
    assert!(found.is_none_or(|(cause, _)| cause.to_string() == told));
}

#[test]
fn pods_that_settle_are_counted() {
    let object = workload(json!({"spec": {"minReadySeconds": 300}}));
    let ready = |at: &str| {
        pod(json!({"phase": "Running", "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": at}]}))
    };
    let pods = [ready("2026-01-01T00:08:00Z"), ready("2026-01-01T00:01:00Z")];
    let (cause, _) = object::settling(&object, pods.iter(), now()).unwrap();
    assert_eq!(cause.to_string(), "settling: 1 pod is ready, but must stay so for 300 s to count (minReadySeconds)");
    let Cause::MinReady { until, .. } = cause else { panic!("{cause}") };
    assert_eq!(until.unwrap().to_string(), "2026-01-01T00:13:00Z");
}

/// A value of any kind where an object had one.
fn anything() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        Just(json!([])),
        Just(json!({})),
        Just(json!(-1)),
        Just(json!(u64::MAX)),
        Just(json!(true)),
        Just(json!("")),
        Just(json!("0/0 nodes are available: , ,")),
        Just(json!("exceeded quota: , requested: , used: , limited: ")),
        Just(json!("9999-12-31T23:59:59Z")),
        Just(json!("-009999-01-01T00:00:00Z")),
        "\\PC{0,40}".prop_map(Value::from),
    ]
}

/// Every path of a value.
fn paths(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Object(map) => {
            map.iter().for_each(|(key, below)| paths(below, &format!("{at}/{}", key.replace('/', "~1")), found))
        }
        Value::Array(list) => list.iter().enumerate().for_each(|(n, below)| paths(below, &format!("{at}/{n}"), found)),
        _ => {}
    }
}

fn samples() -> Vec<Value> {
    let scheduled = |message: &str| {
        json!({"conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message,
            "lastTransitionTime": "2026-01-01T00:00:01Z"}]})
    };
    [
        waiting("ErrImagePull", "manifest unknown"),
        waiting("CreateContainerConfigError", "couldn't find key a in ConfigMap b/c"),
        backing_off(json!({"reason": "OOMKilled", "exitCode": 137, "startedAt": "2026-01-01T00:09:00Z", "finishedAt": "2026-01-01T00:09:02Z"})),
        backing_off(json!({"exitCode": 139, "signal": 11})),
        scheduled("0/5 nodes are available: 3 Insufficient cpu, 2 node(s) had untolerated taint {a: b}."),
        scheduled("0/5 nodes are available: pod has unbound immediate PersistentVolumeClaims."),
        json!({"phase": "Running", "conditions": [{"type": "Ready", "status": "False", "lastTransitionTime": "2026-01-01T00:00:00Z"}],
            "initContainerStatuses": [{"name": "init", "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}}}],
            "containerStatuses": [{"name": "web", "ready": true, "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}}}]}),
        json!({"phase": "Failed", "reason": "Evicted", "message": "disk"}),
    ]
    .into_iter()
    .map(value)
    .collect()
}

proptest! {
    #[test]
    fn odd_objects_hurt_nobody(which in 0..8_usize, changes in prop::collection::vec((any::<prop::sample::Index>(), anything()), 1..4)) {
        let mut object = samples()[which].clone();
        for (at, replacement) in changes {
            let mut all = Vec::new();
            paths(&object, "", &mut all);
            if let Some(place) = object.pointer_mut(at.get(all.as_slice()).as_str()) {
                *place = replacement;
            }
        }
        // What the API could not have sent is refused when it is decoded.
        if let Ok(pod) = serde_json::from_value::<Pod>(object.clone()) {
            for among in [Among::All, Among::New, Among::Old] {
                if let Some(found) = diagnose([&pod, &pod].into_iter(), among, now()) {
                    prop_assert!(!found.cause.to_string().is_empty());
                }
            }
            let _ = pod::lingering([&pod].into_iter(), now());
            let _ = pod::rejected([&pod].into_iter(), now());
        }
        if let Ok(workload) = serde_json::from_value::<Workload>(object.clone()) {
            let _ = object::stale(Kind::StatefulSet, &workload, &object, now());
            let _ = object::paused(&workload, &object);
            let _ = object::deadline(Kind::Deployment, &workload);
            let _ = object::standstill(Kind::Deployment, &workload, now());
        }
    }

    #[test]
    fn no_words_hurt_anybody(words in "\\PC{0,120}") {
        let pod = pod(json!({}));
        prop_assert!(!refusal::cause(&words).to_string().is_empty());
        prop_assert!(!schedule::cause(&words, &pod).0.to_string().is_empty());
        let _ = (missing::cause(&words), pull::failure("ErrImagePull", &words, IMAGE));
    }
}
