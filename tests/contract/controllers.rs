//! The controllers: rollouts, failures by image, StatefulSets, DaemonSets, Jobs, autoscalers, garbage collection.

use crate::world::{Behaviour, IMAGE, World, deployment, image};
use futures::FutureExt;
use kube::api::{DeleteParams, Patch, PatchParams};
use serde_json::{Value, json};

pub const ALL: &[(&str, Behaviour)] = &[
    ("controllers::a_deployment_rolls_out", |w| a_deployment_rolls_out(w).boxed_local()),
    ("controllers::a_new_image_is_a_new_revision", |w| a_new_image_is_a_new_revision(w).boxed_local()),
    ("controllers::a_crash_loop_keeps_the_old_pods", |w| a_crash_loop_keeps_the_old_pods(w).boxed_local()),
    ("controllers::a_missing_image_is_named", |w| a_missing_image_is_named(w).boxed_local()),
    ("controllers::a_deadline_passes", |w| a_deadline_passes(w).boxed_local()),
    ("controllers::a_paused_rollout_waits", |w| a_paused_rollout_waits(w).boxed_local()),
    ("controllers::recreate_takes_the_old_pods_down_first", |w| recreate(w).boxed_local()),
    ("controllers::a_stateful_set_rolls_from_the_top", |w| a_stateful_set_rolls(w).boxed_local()),
    ("controllers::a_partition_holds_the_rest", |w| a_partition_holds_the_rest(w).boxed_local()),
    ("controllers::a_daemon_set_covers_the_nodes", |w| a_daemon_set_covers_the_nodes(w).boxed_local()),
    ("controllers::a_job_completes", |w| a_job_completes(w).boxed_local()),
    ("controllers::a_job_fails_for_good", |w| a_job_fails_for_good(w).boxed_local()),
    ("controllers::a_suspended_job_waits", |w| a_suspended_job_waits(w).boxed_local()),
    ("controllers::an_autoscaler_without_metrics_says_so", |w| an_autoscaler_without_metrics(w).boxed_local()),
    ("controllers::an_autoscaler_keeps_within_its_bounds", |w| an_autoscaler_keeps_bounds(w).boxed_local()),
    ("controllers::quota_refuses_pods", |w| quota_refuses_pods(w).boxed_local()),
    ("controllers::owned_objects_go_with_their_owner", |w| owned_objects_go(w).boxed_local()),
    ("controllers::services_have_ready_endpoints", |w| services_have_endpoints(w).boxed_local()),
];

async fn set_image(w: &World, name: &str, tag: &str) {
    w.deployments().patch(name, &PatchParams::default(), &Patch::Strategic(image(tag))).await.unwrap();
}

fn condition<'a>(o: &'a Value, kind: &str) -> Option<&'a Value> {
    o["status"]["conditions"].as_array()?.iter().find(|c| c["type"] == kind)
}

fn reason(o: &Value, kind: &str) -> String {
    condition(o, kind).and_then(|c| c["reason"].as_str()).unwrap_or_default().to_owned()
}

async fn a_deployment_rolls_out(w: World) {
    w.create(deployment("web", 3, "1.0")).await;
    let done = w.rolled_out("web").await;
    assert_eq!(done["status"]["readyReplicas"], 3);
    assert_eq!(done["metadata"]["annotations"]["deployment.kubernetes.io/revision"], "1");
    assert_eq!(condition(&done, "Available").unwrap()["status"], "True");
    let sets = w.list("apps/v1", "ReplicaSet").await;
    assert_eq!(sets.len(), 1);
    let owner = &sets[0]["metadata"]["ownerReferences"][0];
    assert_eq!((&owner["kind"], &owner["controller"]), (&json!("Deployment"), &json!(true)));
    let hash = sets[0]["metadata"]["labels"]["pod-template-hash"].as_str().unwrap();
    assert_eq!(sets[0]["metadata"]["name"], format!("web-{hash}"));
    for pod in w.list("v1", "Pod").await {
        assert_eq!(pod["metadata"]["labels"]["pod-template-hash"], hash);
        assert!(pod["spec"]["nodeName"].is_string());
    }
}

async fn a_new_image_is_a_new_revision(w: World) {
    w.create(deployment("web", 2, "1.0")).await;
    w.rolled_out("web").await;
    set_image(&w, "web", "2.0").await;
    let done = w
        .until("apps/v1", "Deployment", "web", "out as 2.0", |o| {
            crate::world::complete(o) && o["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "2"
        })
        .await;
    assert_eq!(reason(&done, "Progressing"), "NewReplicaSetAvailable");
    let sets = w.list("apps/v1", "ReplicaSet").await;
    let mut revisions: Vec<(String, i64)> = sets
        .iter()
        .map(|s| {
            let revision = s["metadata"]["annotations"]["deployment.kubernetes.io/revision"].as_str().unwrap();
            (revision.to_owned(), s["spec"]["replicas"].as_i64().unwrap())
        })
        .collect();
    revisions.sort();
    assert_eq!(revisions, [("1".to_owned(), 0), ("2".to_owned(), 2)]);
}

async fn a_crash_loop_keeps_the_old_pods(w: World) {
    w.create(deployment("web", 4, "1.0")).await;
    w.rolled_out("web").await;
    set_image(&w, "web", "1.1-broken").await;
    w.until("apps/v1", "Deployment", "web", "rolling", |o| o["status"]["updatedReplicas"].as_i64() == Some(2)).await;
    let crashed = |p: &Value| p["status"]["containerStatuses"][0]["state"]["waiting"]["reason"] == "CrashLoopBackOff";
    let pods = w.list("v1", "Pod").await;
    let new = pods.iter().find(|p| p["spec"]["containers"][0]["image"] == format!("{IMAGE}:1.1-broken")).unwrap();
    let name = new["metadata"]["name"].as_str().unwrap();
    let pod = w.until("v1", "Pod", name, "in a crash loop", crashed).await;
    let status = &pod["status"]["containerStatuses"][0];
    assert_eq!(status["lastState"]["terminated"]["exitCode"], 1);
    assert!(status["restartCount"].as_i64() >= Some(1));
    assert_eq!(status["ready"], false);
    let now = w.deployments().get("web").await.unwrap();
    assert_eq!(now.data["status"]["availableReplicas"], 3, "25 % of 4 may be unavailable, no more");
    assert_eq!(condition(&json!(now.data), "Available").unwrap()["status"], "True");
}

async fn a_missing_image_is_named(w: World) {
    w.create(deployment("web", 1, "1.2-missing")).await;
    w.until("apps/v1", "Deployment", "web", "having a pod", |o| o["status"]["replicas"].as_i64() == Some(1)).await;
    let name = w.list("v1", "Pod").await[0]["metadata"]["name"].as_str().unwrap().to_owned();
    let waiting =
        |p: &Value| p["status"]["containerStatuses"][0]["state"]["waiting"]["reason"].as_str().map(str::to_owned);
    let pod = w
        .until("v1", "Pod", &name, "unable to pull", |p| {
            matches!(waiting(p).as_deref(), Some("ErrImagePull" | "ImagePullBackOff"))
        })
        .await;
    let message = pod["status"]["containerStatuses"][0]["state"]["waiting"]["message"].as_str().unwrap();
    assert!(message.contains("1.2-missing"), "{message}");
}

async fn a_deadline_passes(w: World) {
    let mut object = deployment("web", 1, "1.0-missing");
    object["spec"]["progressDeadlineSeconds"] = 3.into();
    w.create(object).await;
    let failed = w
        .until("apps/v1", "Deployment", "web", "past its deadline", |o| {
            reason(o, "Progressing") == "ProgressDeadlineExceeded"
        })
        .await;
    assert_eq!(condition(&failed, "Progressing").unwrap()["status"], "False");
}

async fn a_paused_rollout_waits(w: World) {
    w.create(deployment("web", 2, "1.0")).await;
    w.rolled_out("web").await;
    let pause = |paused: bool| json!({"spec": {"paused": paused}});
    w.deployments().patch("web", &PatchParams::default(), &Patch::Merge(pause(true))).await.unwrap();
    set_image(&w, "web", "2.0").await;
    let waiting = w
        .until("apps/v1", "Deployment", "web", "paused and observed", |o| {
            reason(o, "Progressing") == "DeploymentPaused"
                && o["metadata"]["generation"] == o["status"]["observedGeneration"]
        })
        .await;
    assert!(waiting["status"]["updatedReplicas"].as_i64().unwrap_or(0) == 0, "{:#}", waiting["status"]);
    w.deployments().patch("web", &PatchParams::default(), &Patch::Merge(pause(false))).await.unwrap();
    w.rolled_out("web").await;
}

async fn recreate(w: World) {
    let mut object = deployment("web", 2, "1.0");
    object["spec"]["strategy"] = json!({"type": "Recreate"});
    w.create(object).await;
    w.rolled_out("web").await;
    set_image(&w, "web", "2.0").await;
    w.until("apps/v1", "Deployment", "web", "without its old pods", |o| {
        o["status"]["observedGeneration"] == 2 && o["status"]["availableReplicas"].as_i64().unwrap_or(0) == 0
    })
    .await;
    w.rolled_out("web").await;
}

fn stateful_set(name: &str, replicas: u32, tag: &str) -> Value {
    let mut object = deployment(name, replicas, tag);
    object["kind"] = "StatefulSet".into();
    object["spec"]["serviceName"] = name.into();
    object
}

async fn a_stateful_set_rolls(w: World) {
    w.create(stateful_set("db", 3, "1.0")).await;
    let ready = |o: &Value| {
        o["status"]["observedGeneration"] == o["metadata"]["generation"]
            && o["status"]["readyReplicas"].as_i64() == Some(3)
    };
    w.until("apps/v1", "StatefulSet", "db", "ready", ready).await;
    let names: Vec<Value> = w.list("v1", "Pod").await.iter().map(|p| p["metadata"]["name"].clone()).collect();
    assert_eq!(names, ["db-0", "db-1", "db-2"]);
    w.api("apps/v1", "StatefulSet")
        .patch("db", &PatchParams::default(), &Patch::Strategic(image("2.0")))
        .await
        .unwrap();
    let done = w
        .until("apps/v1", "StatefulSet", "db", "rolled", |o| {
            ready(o)
                && o["metadata"]["generation"] == 2
                && o["status"]["updateRevision"] == o["status"]["currentRevision"]
        })
        .await;
    assert_eq!(w.list("apps/v1", "ControllerRevision").await.len(), 2);
    assert!(done["status"]["updateRevision"].as_str().unwrap().starts_with("db-"));
}

async fn a_partition_holds_the_rest(w: World) {
    let mut object = stateful_set("db", 3, "1.0");
    object["spec"]["updateStrategy"] = json!({"type": "RollingUpdate", "rollingUpdate": {"partition": 2}});
    w.create(object).await;
    w.until("apps/v1", "StatefulSet", "db", "ready", |o| o["status"]["readyReplicas"].as_i64() == Some(3)).await;
    w.api("apps/v1", "StatefulSet")
        .patch("db", &PatchParams::default(), &Patch::Strategic(image("2.0")))
        .await
        .unwrap();
    w.until("apps/v1", "StatefulSet", "db", "rolled to the partition", |o| {
        o["status"]["observedGeneration"] == 2
            && o["status"]["updatedReplicas"].as_i64() == Some(1)
            && o["status"]["readyReplicas"].as_i64() == Some(3)
    })
    .await;
    let images: Vec<Value> =
        w.list("v1", "Pod").await.iter().map(|p| p["spec"]["containers"][0]["image"].clone()).collect();
    assert_eq!(images, [format!("{IMAGE}:1.0"), format!("{IMAGE}:1.0"), format!("{IMAGE}:2.0")]);
}

async fn a_daemon_set_covers_the_nodes(w: World) {
    let mut object = deployment("agent", 1, "1.0");
    object["kind"] = "DaemonSet".into();
    object["spec"].as_object_mut().unwrap().remove("replicas");
    w.create(object).await;
    let done = w
        .until("apps/v1", "DaemonSet", "agent", "on every node", |o| {
            let n = o["status"]["desiredNumberScheduled"].as_i64().unwrap_or(0);
            n > 0 && o["status"]["numberAvailable"].as_i64() == Some(n) && o["status"]["observedGeneration"] == 1
        })
        .await;
    let nodes: std::collections::BTreeSet<String> =
        w.list("v1", "Pod").await.iter().map(|p| p["spec"]["nodeName"].as_str().unwrap().to_owned()).collect();
    assert_eq!(Some(nodes.len()), done["status"]["desiredNumberScheduled"].as_u64().map(|n| n as usize));
    assert_eq!(w.list("apps/v1", "ControllerRevision").await[0]["revision"], 1);
}

fn job(name: &str, tag: &str) -> Value {
    json!({
        "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name},
        "spec": {"backoffLimit": 0, "template": {"spec": {
            "restartPolicy": "Never", "containers": [{"name": "migrate", "image": format!("{IMAGE}:{tag}")}]}}},
    })
}

async fn a_job_completes(w: World) {
    w.create(job("migrate", "1.0")).await;
    let done = w.until("batch/v1", "Job", "migrate", "complete", |o| condition(o, "Complete").is_some()).await;
    assert_eq!(condition(&done, "Complete").unwrap()["status"], "True");
    assert_eq!(done["status"]["succeeded"], 1);
    assert!(done["status"]["completionTime"].is_string());
    let pods = w.list("v1", "Pod").await;
    assert_eq!(pods.len(), 1);
    assert_eq!(pods[0]["metadata"]["labels"]["batch.kubernetes.io/job-name"], "migrate");
}

async fn a_job_fails_for_good(w: World) {
    w.create(job("migrate", "1.0-broken")).await;
    let failed = w.until("batch/v1", "Job", "migrate", "failed", |o| condition(o, "Failed").is_some()).await;
    assert_eq!(reason(&failed, "Failed"), "BackoffLimitExceeded");
    assert_eq!(failed["status"]["failed"], 1);
    assert!(condition(&failed, "Complete").is_none());
    assert_eq!(w.list("v1", "Pod").await.len(), 1, "run once");
}

async fn a_suspended_job_waits(w: World) {
    let mut object = job("migrate", "1.0");
    object["spec"]["suspend"] = true.into();
    w.create(object).await;
    w.until("batch/v1", "Job", "migrate", "suspended", |o| condition(o, "Suspended").is_some()).await;
    assert!(w.list("v1", "Pod").await.is_empty());
    let resume = json!({"spec": {"suspend": false}});
    w.api("batch/v1", "Job").patch("migrate", &PatchParams::default(), &Patch::Merge(resume)).await.unwrap();
    w.until("batch/v1", "Job", "migrate", "complete", |o| condition(o, "Complete").is_some()).await;
}

fn autoscaler(target: &str, min: u32, max: u32) -> Value {
    json!({
        "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": target},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": target},
            "minReplicas": min, "maxReplicas": max,
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}}}],
        },
    })
}

async fn an_autoscaler_without_metrics(w: World) {
    w.create(deployment("web", 2, "1.0")).await;
    w.create(autoscaler("web", 1, 5)).await;
    let seen = w
        .until("autoscaling/v2", "HorizontalPodAutoscaler", "web", "judged", |o| {
            condition(o, "ScalingActive").is_some_and(|c| c["status"] == "False")
        })
        .await;
    assert_eq!(reason(&seen, "ScalingActive"), "FailedGetResourceMetric");
    assert_eq!(w.deployments().get("web").await.unwrap().data["spec"]["replicas"], 2, "and scales nothing");
}

async fn an_autoscaler_keeps_bounds(w: World) {
    w.create(deployment("web", 1, "1.0")).await;
    w.create(autoscaler("web", 3, 5)).await;
    w.until("apps/v1", "Deployment", "web", "scaled to the minimum", |o| o["spec"]["replicas"] == 3).await;
}

async fn quota_refuses_pods(w: World) {
    w.create(json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "pods"}, "spec": {"hard": {"pods": "1"}}})).await;
    w.until("v1", "ResourceQuota", "pods", "counted", |o| o["status"]["hard"]["pods"] == "1").await;
    w.create(deployment("web", 2, "1.0")).await;
    let refused = w
        .until("apps/v1", "Deployment", "web", "refused pods", |o| {
            condition(o, "ReplicaFailure").is_some_and(|c| c["status"] == "True")
        })
        .await;
    assert_eq!(reason(&refused, "ReplicaFailure"), "FailedCreate");
    let message = condition(&refused, "ReplicaFailure").unwrap()["message"].as_str().unwrap();
    assert!(message.contains("exceeded quota"), "{message}");
}

async fn owned_objects_go(w: World) {
    w.create(deployment("web", 1, "1.0")).await;
    w.rolled_out("web").await;
    let set = w.list("apps/v1", "ReplicaSet").await[0]["metadata"]["name"].as_str().unwrap().to_owned();
    let pod = w.list("v1", "Pod").await[0]["metadata"]["name"].as_str().unwrap().to_owned();
    w.deployments().delete("web", &DeleteParams::background()).await.unwrap();
    w.until_gone("apps/v1", "ReplicaSet", &set).await;
    w.until_gone("v1", "Pod", &pod).await;
}

async fn services_have_endpoints(w: World) {
    w.create(json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]}}))
        .await;
    w.create(deployment("web", 2, "1.0")).await;
    w.rolled_out("web").await;
    let slice = async || {
        let slices = w.list("discovery.k8s.io/v1", "EndpointSlice").await;
        slices.into_iter().find(|s| s["metadata"]["labels"]["kubernetes.io/service-name"] == "web")
    };
    let name = slice().await.expect("a slice of the Service")["metadata"]["name"].as_str().unwrap().to_owned();
    let ready = |o: &Value| {
        let endpoints = o["endpoints"].as_array().map(Vec::as_slice).unwrap_or_default();
        endpoints.iter().filter(|e| e["conditions"]["ready"] == true).count() == 2
    };
    w.until("discovery.k8s.io/v1", "EndpointSlice", &name, "two ready endpoints", ready).await;
}
