//! Images, creations, crashes, probes, init containers: what stops containers.

use crate::{
    observed::{of_job, set_tag, verdict, with_container, with_spec},
    world::{Behaviour, IMAGE, World, deployment},
};
use futures::FutureExt;
use jiff::SignedDuration;
use kube::api::{ListParams, Patch, PatchParams};
use pilothouse::model::{BlockerKind, Health, Kind, Remedy};
use serde_json::{Value, json};

pub const ALL: &[(&str, Behaviour)] = &[
    ("containers::an_image_that_is_not_there", |w| not_there(w).boxed_local()),
    ("containers::a_crash_loop_with_its_last_words", |w| crash_loop(w).boxed_local()),
    ("containers::out_of_memory_with_the_limit", |w| out_of_memory(w).boxed_local()),
    ("containers::a_missing_config_map", |w| missing_config_map(w).boxed_local()),
    ("containers::a_readiness_probe_that_fails", |w| unready(w).boxed_local()),
    ("containers::a_registry_that_refuses", |w| refused_pull(w).boxed_local()),
    ("containers::a_command_that_cannot_be_run", |w| cannot_run(w).boxed_local()),
    ("containers::a_key_that_a_secret_lacks", |w| missing_key(w).boxed_local()),
    ("containers::a_command_that_is_not_found", |w| not_found_in_the_image(w).boxed_local()),
    ("containers::a_program_for_another_processor", |w| foreign(w).boxed_local()),
    ("containers::a_registry_that_refuses_without_its_secret", |w| no_pull_secret(w).boxed_local()),
    ("containers::a_kubelet_that_says_nothing", |w| silent_kubelet(w).boxed_local()),
    ("containers::a_job_whose_image_is_not_there", |w| job_without_image(w).boxed_local()),
    ("containers::a_signal_has_a_name", |w| signal(w).boxed_local()),
    ("containers::an_init_container_that_fails", |w| init_fails(w).boxed_local()),
    ("containers::an_init_container_that_waits", |w| init_waits(w).boxed_local()),
    ("containers::a_liveness_probe_that_kills", |w| liveness(w).boxed_local()),
    ("containers::a_startup_probe_that_fails", |w| startup(w).boxed_local()),
    ("containers::a_volume_that_cannot_be_mounted", |w| volume(w).boxed_local()),
    ("containers::a_readiness_gate_that_is_not_true", |w| gate(w).boxed_local()),
    ("containers::pods_that_are_turned_away", |w| turned_away(w).boxed_local()),
];

async fn not_there(w: World) {
    w.create(deployment("web", 2, "1.0")).await;
    w.rolled_out("web").await;
    set_tag(&w, "Deployment", "web", "2.0-missing").await;
    let words = format!(
        "image {IMAGE}:2.0-missing of container web cannot be pulled: the registry has no tag 2.0-missing, or no such repository"
    );
    let found = verdict(&w, Kind::Deployment, "web", &words).await;
    let blocker = found.blocker.unwrap();
    assert_eq!((found.health, blocker.kind()), (Health::Broken, BlockerKind::ImagePull));
    assert_eq!(blocker.remedies(), [Remedy::RollBack, Remedy::Bump], "an earlier revision serves");
    assert!(blocker.since.is_some());
}

async fn crash_loop(w: World) {
    w.create(deployment("web", 2, "1.0-broken")).await;
    let found = verdict(&w, Kind::Deployment, "web", "crash loop: container web exits with code 1").await;
    assert_eq!(found.health, Health::Broken);
    let again = verdict(&w, Kind::Deployment, "web", "restarts (both pods").await;
    let words = again.blocker.unwrap().evidence;
    assert!(words.last().is_some_and(|line| line.contains("fatal: ")), "the log's last words: {words:?}");
    assert!(words.len() <= 3, "{words:?}");
}

async fn out_of_memory(w: World) {
    let limits = json!({"resources": {"limits": {"memory": "256Mi"}}});
    w.create(with_container("web", 1, "1.0-oom", limits)).await;
    let words = "out of memory: container web is killed for using more than its limit of 256Mi (OOMKilled)";
    let found = verdict(&w, Kind::Deployment, "web", words).await;
    assert_eq!(found.health, Health::Broken);
}

async fn missing_config_map(w: World) {
    let from = json!({"envFrom": [{"configMapRef": {"name": "settings"}}]});
    w.create(with_container("web", 1, "1.0-noconfig", from)).await;
    let found = verdict(&w, Kind::Deployment, "web", "ConfigMap settings does not exist, and the pods need it").await;
    assert_eq!((found.health, found.blocker.unwrap().kind()), (Health::Broken, BlockerKind::Missing));
}

async fn unready(w: World) {
    let probe = json!({"readinessProbe": {"httpGet": {"path": "/ready", "port": 80}}});
    w.create(with_container("web", 2, "1.0-unready", probe)).await;
    let words = "readiness probe of container web fails: HTTP probe failed with statuscode: 503 (both pods";
    let found = verdict(&w, Kind::Deployment, "web", words).await;
    assert!(found.reason.contains("for a while"), "{}", found.reason);
    assert_eq!(found.blocker.unwrap().remedies()[0], Remedy::Logs);
}

/// So many seconds ago.
fn ago(w: &World, seconds: i64) -> String {
    w.clock.now().saturating_sub(SignedDuration::from_secs(seconds)).unwrap().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Creates a Deployment whose only pod is nobody's, and writes that pod's status as its kubelet; gives the pod's name.
async fn by_hand(w: &World, mut object: Value, status: Value) -> String {
    object["spec"]["template"]["spec"]["containers"][0]["image"] = format!("{IMAGE}:1.0-byhand").into();
    w.create(object).await;
    w.until("apps/v1", "Deployment", "web", "known to have a pod", |o| o["status"]["replicas"] == 1).await;
    let api = w.api("v1", "Pod");
    let name = api.list(&ListParams::default()).await.unwrap().items[0].metadata.name.clone().unwrap();
    w.until("v1", "Pod", &name, "on a node", |pod| pod["spec"]["nodeName"].is_string()).await;
    let patch = Patch::Strategic(json!({ "status": status }));
    api.patch_status(&name, &PatchParams::default(), &patch).await.unwrap();
    name
}

/// Tells an event about a pod, as its kubelet.
async fn event(w: &World, pod: &str, reason: &str, message: &str) {
    let now = ago(w, 0);
    w.create(json!({
        "apiVersion": "v1", "kind": "Event", "metadata": {"name": format!("{pod}.{}", reason.to_lowercase()), "namespace": w.namespace},
        "involvedObject": {"kind": "Pod", "name": pod, "namespace": w.namespace, "fieldPath": "spec.containers{web}"},
        "reason": reason, "message": message, "type": "Warning", "count": 1, "firstTimestamp": now, "lastTimestamp": now,
        "source": {"component": "kubelet"}, "reportingComponent": "kubelet", "reportingInstance": "",
    }))
    .await;
}

fn waiting(reason: &str, message: &str) -> Value {
    let state = json!({"waiting": {"reason": reason, "message": message}});
    json!({"phase": "Pending", "containerStatuses": [container(state, 0)]})
}

fn container(state: Value, restarts: u32) -> Value {
    json!({"name": "web", "image": format!("{IMAGE}:1.0-byhand"), "imageID": "", "ready": false, "started": false,
        "restartCount": restarts, "state": state, "lastState": {}})
}

fn running(w: &World, ready: bool) -> Value {
    let mut running = container(json!({"running": {"startedAt": ago(w, 90)}}), 0);
    running["ready"] = ready.into();
    let since = json!([{"type": "Ready", "status": "False", "lastTransitionTime": ago(w, 90)}]);
    json!({"phase": "Running", "conditions": since, "containerStatuses": [running]})
}

async fn refused_pull(w: World) {
    let why = "failed to pull and unpack image: failed to resolve reference: pull access denied, repository does not exist or may \
               require authorization: server message: insufficient_scope: authorization failed";
    by_hand(&w, deployment("web", 1, ""), waiting("ErrImagePull", why)).await;
    let words = "the registry has no such repository, or it is private: check the name and imagePullSecrets";
    verdict(&w, Kind::Deployment, "web", words).await;
}

async fn cannot_run(w: World) {
    let why = "failed to create containerd task: failed to create shim task: OCI runtime create failed: exec: \"/srv\": no such file";
    by_hand(&w, deployment("web", 1, ""), waiting("RunContainerError", why)).await;
    let found =
        verdict(&w, Kind::Deployment, "web", "container web cannot be started: failed to create containerd task").await;
    assert_eq!(found.blocker.unwrap().kind(), BlockerKind::Config);
}

async fn missing_key(w: World) {
    let why = format!("couldn't find key password in Secret {}/db", w.namespace);
    by_hand(&w, deployment("web", 1, ""), waiting("CreateContainerConfigError", &why)).await;
    verdict(&w, Kind::Deployment, "web", "Secret db has no key password, and the pods need it").await;
}

/// A container that ended with this code three times.
fn ended(w: &World, code: i32) -> Value {
    let last =
        json!({"terminated": {"exitCode": code, "reason": "Error", "startedAt": ago(w, 13), "finishedAt": ago(w, 10)}});
    let mut ended = container(json!({"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 40s"}}), 3);
    ended["lastState"] = last;
    ended
}

async fn not_found_in_the_image(w: World) {
    let status = json!({"phase": "Running", "containerStatuses": [ended(&w, 127)]});
    by_hand(&w, deployment("web", 1, ""), status).await;
    let words = "crash loop: container web exits with code 127 (command not found) after 3 s, 3 restarts";
    verdict(&w, Kind::Deployment, "web", words).await;
}

async fn foreign(w: World) {
    let mut web = ended(&w, 255);
    web["lastState"]["terminated"]["message"] = "exec /srv/web: exec format error".into();
    by_hand(&w, deployment("web", 1, ""), json!({"phase": "Running", "containerStatuses": [web]})).await;
    let words = "crash loop: container web is not made for the node's processor (exec format error, exit code 255)";
    verdict(&w, Kind::Deployment, "web", words).await;
}

async fn no_pull_secret(w: World) {
    let why = "failed to authorize: failed to fetch oauth token: unexpected status: 401 Unauthorized";
    let pod = by_hand(&w, deployment("web", 1, ""), waiting("ErrImagePull", why)).await;
    let told = "Unable to retrieve some image pull secrets (regcred); attempting to pull the image may not succeed.";
    event(&w, &pod, "FailedToRetrieveImagePullSecret", told).await;
    let words = "the registry refuses access, and imagePullSecrets regcred cannot be read";
    verdict(&w, Kind::Deployment, "web", words).await;
}

async fn silent_kubelet(w: World) {
    w.create(deployment("web", 1, "1.0-byhand")).await;
    let found = verdict(&w, Kind::Deployment, "web", "not started: the kubelet of node ").await;
    assert_eq!(found.blocker.unwrap().kind(), BlockerKind::Unstarted);
}

async fn job_without_image(w: World) {
    let container = json!({"name": "web", "image": format!("{IMAGE}:1.0-missing")});
    let pod = json!({"spec": {"restartPolicy": "Never", "containers": [container]}});
    w.create(json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "load"}, "spec": {"template": pod}}))
        .await;
    let words = format!("image {IMAGE}:1.0-missing of container web cannot be pulled");
    let found = of_job(&w, "load", &words).await;
    assert_eq!(found.kind(), BlockerKind::ImagePull);
}

async fn signal(w: World) {
    let status = json!({"phase": "Running", "containerStatuses": [ended(&w, 139)]});
    by_hand(&w, deployment("web", 1, ""), status).await;
    let words = "crash loop: container web is ended by SIGSEGV (exit code 139) after 3 s, 3 restarts";
    verdict(&w, Kind::Deployment, "web", words).await;
}

fn with_init() -> Value {
    with_spec("web", 1, "", json!({"initContainers": [{"name": "prepare", "image": format!("{IMAGE}:1.0")}]}))
}

async fn init_fails(w: World) {
    let mut init = ended(&w, 2);
    init["name"] = "prepare".into();
    let waits = container(json!({"waiting": {"reason": "PodInitializing"}}), 0);
    let status = json!({"phase": "Pending", "initContainerStatuses": [init], "containerStatuses": [waits]});
    by_hand(&w, with_init(), status).await;
    let words = "crash loop: init container prepare exits with code 2 after 3 s, 3 restarts";
    verdict(&w, Kind::Deployment, "web", words).await;
}

async fn init_waits(w: World) {
    let mut init = container(json!({"running": {"startedAt": ago(&w, 90)}}), 0);
    init["name"] = "prepare".into();
    let waits = container(json!({"waiting": {"reason": "PodInitializing"}}), 0);
    let status = json!({"phase": "Pending", "initContainerStatuses": [init], "containerStatuses": [waits]});
    by_hand(&w, with_init(), status).await;
    let found = verdict(&w, Kind::Deployment, "web", "init container prepare (1 of 1) has not come to its end").await;
    assert_ne!(found.health, Health::Healthy);
}

async fn liveness(w: World) {
    let probe = json!({"livenessProbe": {"httpGet": {"path": "/live", "port": 80}}});
    let status = json!({"phase": "Running", "containerStatuses": [ended(&w, 137)]});
    let pod = by_hand(&w, with_container("web", 1, "", probe), status).await;
    event(&w, &pod, "Unhealthy", "Liveness probe failed: Get \"http://10.0.0.1:80/live\": context deadline exceeded")
        .await;
    let words = "liveness probe fails, container web is killed for it: Get \"http://10.0.0.1:80/live\": context deadline exceeded";
    let found = verdict(&w, Kind::Deployment, "web", words).await;
    assert_eq!(found.blocker.unwrap().kind(), BlockerKind::Liveness);
}

async fn startup(w: World) {
    let probe = json!({"startupProbe": {"tcpSocket": {"port": 80}}});
    let pod = by_hand(&w, with_container("web", 1, "", probe), running(&w, false)).await;
    event(&w, &pod, "Unhealthy", "Startup probe failed: dial tcp 10.0.0.1:80: connect: connection refused").await;
    let words = "startup probe of container web fails: dial tcp 10.0.0.1:80: connect: connection refused";
    verdict(&w, Kind::Deployment, "web", words).await;
}

async fn volume(w: World) {
    let pod = by_hand(&w, deployment("web", 1, ""), waiting("ContainerCreating", "")).await;
    let why = "Unable to attach or mount volumes: unmounted volumes=[data]: timed out waiting for the condition";
    event(&w, &pod, "FailedMount", why).await;
    verdict(&w, Kind::Deployment, "web", "containers are not created: Unable to attach or mount volumes").await;
}

async fn gate(w: World) {
    let gates = json!({"readinessGates": [{"conditionType": "example.com/in-service"}]});
    let mut status = running(&w, true);
    let waits = json!({"type": "example.com/in-service", "status": "False", "message": "not in the pool yet"});
    status["conditions"].as_array_mut().unwrap().push(waits);
    by_hand(&w, with_spec("web", 1, "", gates), status).await;
    let words = "readiness gate example.com/in-service is not true yet: not in the pool yet";
    verdict(&w, Kind::Deployment, "web", words).await;
}

async fn turned_away(w: World) {
    let why = "Pod was rejected: Node didn't have enough resource: cpu, requested: 4000, used: 15000, capacity: 16000";
    let status = json!({"phase": "Failed", "reason": "OutOfcpu", "message": why});
    by_hand(&w, deployment("web", 1, ""), status).await;
    let found =
        verdict(&w, Kind::Deployment, "web", "(OutOfcpu): Pod was rejected: Node didn't have enough resource: cpu")
            .await;
    assert_eq!(found.blocker.unwrap().kind(), BlockerKind::Rejected);
}
