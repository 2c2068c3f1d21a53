//! What a rollback meets: revisions that are renumbered, annotations that are kept, pauses.

use crate::world::{Behaviour, IMAGE, World, deployment, image};
use futures::FutureExt;
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};

pub const ALL: &[(&str, Behaviour)] = &[
    ("undo::an_old_template_gets_a_new_number", |w| an_old_template_gets_a_new_number(w).boxed_local()),
    ("undo::the_same_template_changes_nothing", |w| the_same_template_changes_nothing(w).boxed_local()),
    ("undo::a_botched_rollout_can_be_undone", |w| a_botched_rollout_can_be_undone(w).boxed_local()),
    ("undo::a_stateful_set_takes_a_revisions_data", |w| a_stateful_set_takes_data(w).boxed_local()),
];

async fn roll(w: &World, tag: &str, revision: &str) {
    w.deployments().patch("web", &PatchParams::default(), &Patch::Strategic(image(tag))).await.unwrap();
    w.until("apps/v1", "Deployment", "web", "rolled", |o| {
        crate::world::complete(o) && o["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == revision
    })
    .await;
}

async fn revisions(w: &World) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = w
        .list("apps/v1", "ReplicaSet")
        .await
        .iter()
        .map(|s| {
            let text = |p: &str| s.pointer(p).and_then(Value::as_str).unwrap_or_default().to_owned();
            (
                text("/metadata/annotations/deployment.kubernetes.io~1revision"),
                text("/spec/template/spec/containers/0/image"),
            )
        })
        .collect();
    found.sort();
    found
}

async fn restore(w: &World, tag: &str) {
    let set = w
        .list("apps/v1", "ReplicaSet")
        .await
        .into_iter()
        .find(|s| s["spec"]["template"]["spec"]["containers"][0]["image"] == format!("{IMAGE}:{tag}"))
        .unwrap();
    let mut template = set["spec"]["template"].clone();
    template["metadata"]["labels"].as_object_mut().unwrap().remove("pod-template-hash");
    let patch: json_patch::Patch =
        serde_json::from_value(json!([{"op": "replace", "path": "/spec/template", "value": template}])).unwrap();
    w.deployments().patch("web", &PatchParams::default(), &Patch::Json::<Value>(patch)).await.unwrap();
}

async fn an_old_template_gets_a_new_number(w: World) {
    w.create(deployment("web", 1, "1.0")).await;
    w.rolled_out("web").await;
    roll(&w, "2.0", "2").await;
    restore(&w, "1.0").await;
    w.until("apps/v1", "Deployment", "web", "back", |o| {
        crate::world::complete(o) && o["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "3"
    })
    .await;
    assert_eq!(
        revisions(&w).await,
        [("2".to_owned(), format!("{IMAGE}:2.0")), ("3".to_owned(), format!("{IMAGE}:1.0"))]
    );
    let sets = w.list("apps/v1", "ReplicaSet").await;
    let back = sets.iter().find(|s| s["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "3").unwrap();
    assert_eq!(back["metadata"]["annotations"]["deployment.kubernetes.io/revision-history"], "1");
}

async fn the_same_template_changes_nothing(w: World) {
    w.create(deployment("web", 1, "1.0")).await;
    let before = w.rolled_out("web").await;
    restore(&w, "1.0").await;
    let after = w.deployments().get("web").await.unwrap();
    assert_eq!(after.metadata.generation, before["metadata"]["generation"].as_i64());
    assert_eq!(revisions(&w).await.len(), 1);
}

async fn a_botched_rollout_can_be_undone(w: World) {
    w.create(deployment("web", 3, "1.0")).await;
    w.rolled_out("web").await;
    w.deployments().patch("web", &PatchParams::default(), &Patch::Strategic(image("2.0-broken"))).await.unwrap();
    w.until("apps/v1", "Deployment", "web", "rolling", |o| o["status"]["unavailableReplicas"].as_i64() >= Some(1))
        .await;
    restore(&w, "1.0").await;
    let done = w
        .until("apps/v1", "Deployment", "web", "back", |o| {
            crate::world::complete(o)
                && o["spec"]["template"]["spec"]["containers"][0]["image"] == format!("{IMAGE}:1.0")
        })
        .await;
    assert_eq!(done["status"]["readyReplicas"], 3);
}

async fn a_stateful_set_takes_data(w: World) {
    let mut object = deployment("db", 1, "1.0");
    object["kind"] = "StatefulSet".into();
    object["spec"]["serviceName"] = "db".into();
    w.create(object).await;
    let api = w.api("apps/v1", "StatefulSet");
    let at = |generation: i64| {
        move |o: &Value| {
            o["status"]["observedGeneration"] == generation
                && o["status"]["readyReplicas"].as_i64() == Some(1)
                && o["status"]["updateRevision"] == o["status"]["currentRevision"]
        }
    };
    w.until("apps/v1", "StatefulSet", "db", "ready", at(1)).await;
    api.patch("db", &PatchParams::default(), &Patch::Strategic(image("2.0"))).await.unwrap();
    w.until("apps/v1", "StatefulSet", "db", "rolled", at(2)).await;
    let revisions = w.list("apps/v1", "ControllerRevision").await;
    let first = revisions.iter().find(|r| r["revision"] == 1).unwrap();
    assert_eq!(first["data"]["spec"]["template"]["$patch"], "replace");
    api.patch("db", &PatchParams::default(), &Patch::Strategic(first["data"].clone())).await.unwrap();
    let done = w.until("apps/v1", "StatefulSet", "db", "back", at(3)).await;
    assert_eq!(done["spec"]["template"]["spec"]["containers"][0]["image"], format!("{IMAGE}:1.0"));
    let numbers: Vec<i64> =
        w.list("apps/v1", "ControllerRevision").await.iter().map(|r| r["revision"].as_i64().unwrap()).collect();
    assert!(numbers.contains(&3) && !numbers.contains(&1), "renumbered: {numbers:?}");
}
