//! What `kubectl rollout undo` leaves behind, and what we do: two objects alike, one undone by each, compared field by field. On the
//! real control plane. What differs on purpose is in [`ON_PURPOSE`] and nowhere else.

use crate::{
    pilothouse::Operator,
    world::{Behaviour, IMAGE, World, complete},
};
use futures::FutureExt;
use kube::api::{Patch, PatchParams};
use serde_json::{Map, Value, json};
use std::process::Command;

pub const REAL: &[(&str, Behaviour)] = &[
    ("kubectl::a_deployment_is_left_as_kubectl_leaves_it", |w| like_kubectl(w, "Deployment").boxed_local()),
    ("kubectl::a_stateful_set_is_left_as_kubectl_leaves_it", |w| like_kubectl(w, "StatefulSet").boxed_local()),
    ("kubectl::a_daemon_set_is_left_as_kubectl_leaves_it", |w| like_kubectl(w, "DaemonSet").boxed_local()),
    ("kubectl::a_paused_deployment_is_refused_by_kubectl_only", |w| paused(w).boxed_local()),
];

/// Annotations of a Deployment that kubectl drops without a word, because no ReplicaSet has them, and that we keep; its ReplicaSets
/// inherit them from it.
const ON_PURPOSE: &[&str] = &["example.org/on-call"];

/// Both have the same labels: that the ReplicaSets and revisions of the other are not taken for their own is part of the test.
fn twin(kind: &str, name: &str) -> Value {
    let mut object = json!({
        "apiVersion": "apps/v1", "kind": kind,
        "metadata": {"name": name, "annotations": {"kubernetes.io/change-cause": "first", "example.org/team": "shop"}},
        "spec": {
            "selector": {"matchLabels": {"app": "twin"}},
            "template": {
                "metadata": {"labels": {"app": "twin"}, "annotations": {"example.org/first": "yes"}},
                "spec": {"containers": [
                    {"name": "web", "image": format!("{IMAGE}:1.0"), "env": [{"name": "A", "value": "1"}]},
                    {"name": "side", "image": format!("{IMAGE}:side")},
                ]},
            },
        },
    });
    match kind {
        "DaemonSet" => {}
        "StatefulSet" => (object["spec"]["replicas"], object["spec"]["serviceName"]) = (json!(2), json!("twin")),
        _ => object["spec"]["replicas"] = json!(2),
    }
    object
}

fn settled(kind: &str, generation: i64) -> impl Fn(&Value) -> bool {
    let kind = kind.to_owned();
    move |o| {
        let status = &o["status"];
        o["metadata"]["generation"] == generation
            && status["observedGeneration"] == generation
            && match &*kind {
                "Deployment" => complete(o),
                "StatefulSet" => status["readyReplicas"] == 2 && status["updateRevision"] == status["currentRevision"],
                _ => {
                    status["desiredNumberScheduled"].as_i64() > Some(0)
                        && status["updatedNumberScheduled"] == status["desiredNumberScheduled"]
                        && status["numberAvailable"] == status["desiredNumberScheduled"]
                }
            }
    }
}

async fn undo_by_kubectl(w: &World, target: &str) -> std::process::Output {
    let mut command = Command::new(std::env::var("PILOTHOUSE_TEST_KUBECTL").unwrap());
    command.arg("--kubeconfig").arg(&w.kubeconfig).args(["--namespace", &w.namespace]);
    command.args(["rollout", "undo", target, "--to-revision=1"]);
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

/// Two revisions of each, and annotations that came and went with them.
async fn two_revisions(w: &World, kind: &str) {
    for name in ["alpha", "bravo"] {
        w.create(twin(kind, name)).await;
        w.until("apps/v1", kind, name, "out", settled(kind, 1)).await;
        let change = json!({
            "metadata": {"annotations": {"kubernetes.io/change-cause": "second", "example.org/on-call": "ana"}},
            "spec": {"template": {
                "metadata": {"annotations": {"example.org/first": null, "example.org/second": "yes"}},
                "spec": {"terminationGracePeriodSeconds": 7, "containers": [
                    {"name": "web", "image": format!("{IMAGE}:2.0"), "env": [{"name": "B", "value": "2"}]},
                    {"name": "extra", "image": format!("{IMAGE}:extra")},
                ]},
            }},
        });
        w.api("apps/v1", kind).patch(name, &PatchParams::default(), &Patch::Strategic(change)).await.unwrap();
        w.until("apps/v1", kind, name, "rolled", settled(kind, 2)).await;
    }
}

/// All that an undo may touch, with names and what differs on purpose taken out.
async fn left(w: &World, kind: &str, name: &str) -> Value {
    let object = w.until("apps/v1", kind, name, "back", settled(kind, 3)).await;
    let history = if kind == "Deployment" { "ReplicaSet" } else { "ControllerRevision" };
    let mut revisions: Vec<Value> = Vec::new();
    for revision in w.list("apps/v1", history).await {
        if revision["metadata"]["ownerReferences"][0]["name"] == name {
            revisions.push(json!({
                "labels": revision["metadata"]["labels"], "annotations": without(&revision["metadata"]["annotations"]),
                "replicas": revision["spec"]["replicas"], "template": revision["spec"]["template"],
                "data": revision["data"], "revision": revision["revision"],
            }));
        }
    }
    revisions.sort_by_key(|revision| (revision["revision"].as_i64(), revision["annotations"].to_string()));
    json!({"annotations": without(&object["metadata"]["annotations"]), "labels": object["metadata"]["labels"],
        "spec": object["spec"], "revisions": revisions})
}

fn without(annotations: &Value) -> Value {
    let empty = Map::new();
    let all = annotations.as_object().unwrap_or(&empty).iter().filter(|(key, _)| !ON_PURPOSE.contains(&&***key));
    Value::Object(all.map(|(key, value)| (key.clone(), value.clone())).collect())
}

async fn like_kubectl(w: World, kind: &'static str) {
    two_revisions(&w, kind).await;
    let short = kind.to_lowercase();
    let undone = undo_by_kubectl(&w, &format!("{short}/alpha")).await;
    assert!(undone.status.success(), "{}", String::from_utf8_lossy(&undone.stderr));
    let target = format!("{short}/bravo");
    Operator::new(&w).run(&["rollback", &target, "--to-revision", "1", "--yes", "-o", "json"]).await.assert(0);
    let (theirs, ours) = (left(&w, kind, "alpha").await, left(&w, kind, "bravo").await);
    assert_eq!(ours["spec"]["template"]["spec"]["containers"].as_array().unwrap().len(), 2, "the third went");
    assert_eq!(theirs, ours, "kubectl's is on the left");
    let annotations = |name: &'static str| {
        let api = w.api("apps/v1", kind);
        async move { api.get(name).await.unwrap().metadata.annotations.unwrap_or_default() }
    };
    let (theirs, ours) = (annotations("alpha").await, annotations("bravo").await);
    for key in ON_PURPOSE {
        assert_eq!(theirs.contains_key(*key), kind != "Deployment", "kubectl drops it from Deployments only");
        assert!(ours.contains_key(*key), "we keep it");
    }
}

async fn paused(w: World) {
    two_revisions(&w, "Deployment").await;
    let pause = Patch::Merge(json!({"spec": {"paused": true}}));
    for name in ["alpha", "bravo"] {
        w.deployments().patch(name, &PatchParams::default(), &pause).await.unwrap();
    }
    let refused = undo_by_kubectl(&w, "deployment/alpha").await;
    assert!(!refused.status.success() && String::from_utf8_lossy(&refused.stderr).contains("paused"));
    Operator::new(&w).run(&["rollback", "deploy/bravo", "--to-revision", "1", "--yes", "-o", "json"]).await.assert(0);
    let now = w.deployments().get("bravo").await.unwrap();
    assert_eq!(now.data["spec"]["template"]["spec"]["containers"][0]["image"], format!("{IMAGE}:1.0"));
    assert_ne!(now.data["spec"]["paused"], true);
}
