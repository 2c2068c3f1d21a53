//! What happens to everybody: nodes that fail or are emptied, and controllers that stand still. One at a time.

use crate::{
    observed::{set_spec, set_tag, stateful_set, verdict, with_spec},
    world::{Behaviour, World, deployment, resource},
};
use futures::FutureExt;
use kube::{
    Api,
    api::{DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams},
};
use pilothouse::model::{BlockerKind, Health, Kind};
use serde_json::{Value, json};

pub const ALONE: &[(&str, Behaviour)] = &[
    ("nodes::a_node_that_is_not_ready", |w| not_ready(w).boxed_local()),
    ("nodes::a_budget_that_keeps_a_node_from_being_emptied", |w| budget(w).boxed_local()),
    ("nodes::a_budget_under_a_workload_that_is_well", |w| healthy_budget(w).boxed_local()),
    ("nodes::a_controller_that_is_late", |w| late(w).boxed_local()),
];

fn nodes(w: &World) -> Api<DynamicObject> {
    Api::all_with(w.client.clone(), &resource("v1", "Node"))
}

/// A node of the test's own, which takes only pods that ask for it; gives its name.
async fn node(w: &World) -> String {
    let name = format!("node-{}", w.namespace);
    let taint = json!([{"key": "verdict.example/own", "value": "yes", "effect": "NoSchedule"}]);
    let object = json!({"apiVersion": "v1", "kind": "Node", 
        "metadata": {"name": name, "labels": {"verdict.example/node": name}, "annotations": {"pilothouse.test/by-hand": "yes"}},
        "spec": {"taints": taint}});
    nodes(w).create(&PostParams::default(), &serde_json::from_value(object).unwrap()).await.unwrap();
    ready(w, &name, "True", "").await;
    name
}

/// Writes whether the node is ready, as its kubelet.
async fn ready(w: &World, name: &str, status: &str, message: &str) {
    let now = w.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let room = json!({"cpu": "16", "memory": "64Gi", "pods": "110"});
    let condition = json!({"type": "Ready", "status": status, "reason": "Kubelet", "message": message,
        "lastHeartbeatTime": now, "lastTransitionTime": now});
    let patch = json!({"status": {"conditions": [condition], "allocatable": room, "capacity": room}});
    nodes(w).patch_status(name, &PatchParams::default(), &Patch::Strategic(patch)).await.unwrap();
}

fn only_there(node: &str) -> Value {
    json!({"nodeSelector": {"verdict.example/node": node},
        "tolerations": [{"key": "verdict.example/own", "operator": "Exists"}]})
}

async fn gone(w: &World, name: &str) {
    nodes(w).delete(name, &DeleteParams::default()).await.unwrap();
}

async fn not_ready(w: World) {
    let name = node(&w).await;
    w.create(with_spec("web", 1, "1.0", only_there(&name))).await;
    w.rolled_out("web").await;
    ready(&w, &name, "False", "container runtime is down").await;
    // The kubelet of such a node says so of its pods, or after a while of silence the node lifecycle controller does.
    let api = w.api("v1", "Pod");
    let pod = api.list(&ListParams::default()).await.unwrap().items[0].metadata.name.clone().unwrap();
    let now = w.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let conditions = json!([{"type": "Ready", "status": "False", "reason": "NodeNotReady", "lastTransitionTime": now}]);
    let patch = Patch::Strategic(json!({"status": {"conditions": conditions}}));
    api.patch_status(&pod, &PatchParams::default(), &patch).await.unwrap();
    let words = format!("node {name} is not ready: container runtime is down");
    let found = verdict(&w, Kind::Deployment, "web", &words).await;
    assert_eq!((found.health, found.blocker.unwrap().kind()), (Health::Broken, BlockerKind::NodeDown));
    // It comes back. The embedded kubelet says so of its pods, too; the real control plane's fake one never does, and then it is
    // not the node that is not ready.
    ready(&w, &name, "True", "").await;
    if w.is_embedded() {
        w.rolled_out("web").await;
    } else {
        let words = format!("counted as not ready since node {name} was not: it is ready again");
        verdict(&w, Kind::Deployment, "web", &words).await;
    }
    gone(&w, &name).await;
}

async fn budget(w: World) {
    let name = node(&w).await;
    let mut set = stateful_set("db", 1, "1.0", json!({"updateStrategy": {"type": "OnDelete"}}));
    crate::observed::merge(&mut set["spec"]["template"]["spec"], only_there(&name));
    w.create(set).await;
    w.until("apps/v1", "StatefulSet", "db", "ready", |o| o["status"]["readyReplicas"] == 1).await;
    w.create(json!({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "keep"},
        "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "db"}}}}))
        .await;
    w.until("policy/v1", "PodDisruptionBudget", "keep", "counted", |o| o["status"]["expectedPods"] == 1).await;
    nodes(&w)
        .patch(&name, &PatchParams::default(), &Patch::Merge(json!({"spec": {"unschedulable": true}})))
        .await
        .unwrap();
    set_tag(&w, "StatefulSet", "db", "2.0").await;
    let words = format!(
        "a drain of node {name} is blocked by PodDisruptionBudget keep: 0 of 1 pods may be disrupted (1 healthy, 1 needed)"
    );
    let found = verdict(&w, Kind::StatefulSet, "db", &words).await;
    gone(&w, &name).await;
    assert_eq!(found.blocker.unwrap().kind(), BlockerKind::Budget);
}

async fn healthy_budget(w: World) {
    let name = node(&w).await;
    w.create(with_spec("web", 2, "1.0", only_there(&name))).await;
    w.rolled_out("web").await;
    w.create(json!({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "keep"},
        "spec": {"minAvailable": 2, "selector": {"matchLabels": {"app": "web"}}}}))
        .await;
    w.until("policy/v1", "PodDisruptionBudget", "keep", "counted", |o| o["status"]["expectedPods"] == 2).await;
    let cordon = Patch::Merge(json!({"spec": {"unschedulable": true}}));
    nodes(&w).patch(&name, &PatchParams::default(), &cordon).await.unwrap();
    let words = format!(
        "a drain of node {name} is blocked by PodDisruptionBudget keep: 0 of 2 pods may be disrupted (2 healthy, 2 needed)"
    );
    let found = verdict(&w, Kind::Deployment, "web", &words).await;
    gone(&w, &name).await;
    assert_eq!((found.health, found.blocker.unwrap().kind()), (Health::Healthy, BlockerKind::Budget));
}

async fn late(w: World) {
    w.create(deployment("web", 1, "1.0")).await;
    w.rolled_out("web").await;
    w.stop_controllers();
    set_spec(&w, "Deployment", "web", json!({"minReadySeconds": 1})).await;
    let words = "the controller of deployments is late: it has seen generation 1, the object is at 2";
    let found = verdict(&w, Kind::Deployment, "web", words).await;
    assert_eq!(found.health, Health::Degraded);
}
