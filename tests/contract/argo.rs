//! Argo Rollouts: what its controller does to a canary, and how Pilothouse reads what it leaves.

use crate::world::{Behaviour, IMAGE, World};
use futures::FutureExt;
use kube::api::{Patch, PatchParams};
use pilothouse::{
    connect::kube::{Cluster, ContextInfo},
    model::{Health, Kind, ObjectRef, RolloutState, Rows, Sync, Workload},
    observe::{self, Scope},
};
use serde_json::{Value, json};
use std::collections::HashMap;

pub const ALL: &[(&str, Behaviour)] = &[
    ("argo::a_canary_stops_at_its_pause_and_goes_on_when_promoted", |w| a_canary_stops(w).boxed_local()),
    ("argo::an_abort_leaves_the_earlier_template_serving", |w| an_abort(w).boxed_local()),
    ("argo::a_template_that_does_not_come_up_is_degraded", |w| a_broken_template(w).boxed_local()),
    ("argo::a_pause_by_hand_and_one_that_ends_by_itself", |w| pauses(w).boxed_local()),
];

const API: &str = "argoproj.io/v1alpha1";

fn rollout(steps: Value) -> Value {
    json!({
        "apiVersion": API, "kind": "Rollout", "metadata": {"name": "web"},
        "spec": {
            "replicas": 4,
            "selector": {"matchLabels": {"app": "web"}},
            "strategy": {"canary": {"steps": steps}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{"name": "web", "image": format!("{IMAGE}:1.0")}]},
            },
        },
    })
}

async fn patch(w: &World, patch: Value) {
    w.api(API, "Rollout").patch("web", &PatchParams::default(), &Patch::Merge(patch)).await.unwrap();
}

async fn patch_status(w: &World, status: Value) {
    let patch = Patch::Merge(json!({ "status": status }));
    w.api(API, "Rollout").patch_status("web", &PatchParams::default(), &patch).await.unwrap();
}

async fn set_image(w: &World, tag: &str) {
    let containers = json!([{"name": "web", "image": format!("{IMAGE}:{tag}")}]);
    patch(w, json!({"spec": {"template": {"spec": {"containers": containers}}}})).await;
}

/// Whether the controller has seen the object as it is.
fn is_observed(o: &Value) -> bool {
    o["status"]["observedGeneration"].as_str() == Some(&o["metadata"]["generation"].to_string())
}

/// Waits until the controller has seen the object as it is and calls it this.
async fn until_phase(w: &World, phase: &str) -> Value {
    w.until(API, "Rollout", "web", phase, |o| is_observed(o) && o["status"]["phase"] == phase).await
}

fn number(o: &Value, field: &str) -> i64 {
    o["status"][field].as_i64().unwrap_or(0)
}

pub fn cluster(w: &World) -> Cluster {
    let info = ContextInfo {
        name: "contract".into(),
        server: "https://127.0.0.1".into(),
        namespace: w.namespace.clone(),
        user: "admin".into(),
        loopback: true,
    };
    Cluster::in_process(w.client.clone(), info, w.clock.clone())
}

/// What Pilothouse makes of it.
async fn seen(w: &World) -> (Rows, Workload) {
    let rows = observe::snapshot(&cluster(w), &Scope::Namespaces(vec![w.namespace.clone()])).await.unwrap();
    assert!(matches!(rows.sync_of(Kind::Rollout), Sync::Live { .. }), "{:?}", rows.sync_of(Kind::Rollout));
    let object = ObjectRef::new(Kind::Rollout, w.namespace.as_str(), "web");
    let row = rows.workloads.get(&object).expect("a row of its own").clone();
    (rows, row)
}

async fn a_canary_stops(w: World) {
    w.create(rollout(json!([{"setWeight": 25}, {"pause": {}}, {"setWeight": 50}]))).await;
    until_phase(&w, "Healthy").await;
    let (rows, row) = seen(&w).await;
    assert_eq!((row.rollout.state, row.ready, row.revision), (RolloutState::Complete, 4, Some(1)));
    assert_eq!((rows.health_of(&row), row.delivery.unwrap().progress()), (Health::Healthy, None));

    set_image(&w, "2.0").await;
    let paused = until_phase(&w, "Paused").await;
    assert!(paused["status"]["observedGeneration"].is_string(), "{}", paused["status"]["observedGeneration"]);
    assert_eq!((number(&paused, "updatedReplicas"), number(&paused, "availableReplicas")), (1, 4));
    let (rows, row) = seen(&w).await;
    assert_eq!((row.rollout.state, row.updated, row.revision), (RolloutState::Paused, 1, Some(2)));
    assert_eq!(row.rollout.reason.as_deref(), Some("paused at step 2/3 25 % until somebody promotes it"));
    assert_eq!(row.delivery.as_ref().unwrap().progress().as_deref(), Some("step 2/3 25 %"));
    let inspection = &rows.inspections[&row.object];
    assert_eq!(inspection.pods.len(), 4);
    assert_eq!(inspection.pods.iter().filter(|pod| pod.image.ends_with(":2.0")).count(), 1);
    assert!(inspection.pods[0].image.ends_with(":2.0"), "the new template comes first");
    assert_eq!(inspection.serving_before.len(), 1);
    assert!(inspection.serving_before[0].ends_with(":1.0"));
    let whole = cluster(&w).reader().get(&row.object).await.unwrap();
    let revisions = observe::revisions(&cluster(&w), &whole, &HashMap::new()).await.unwrap();
    let told: Vec<_> = revisions.iter().map(|r| (r.revision, r.current, r.replicas, r.ready)).collect();
    assert_eq!(told, [(2, true, 1, 1), (1, false, 3, 3)]);

    // As the command line of Argo Rollouts promotes what is paused.
    patch_status(&w, json!({"pauseConditions": null})).await;
    until_phase(&w, "Healthy").await;
    let (rows, row) = seen(&w).await;
    assert_eq!((row.rollout.state, row.updated, row.ready), (RolloutState::Complete, 4, 4));
    assert_eq!((rows.health_of(&row), row.delivery.unwrap().progress()), (Health::Healthy, None));
}

async fn an_abort(w: World) {
    w.create(rollout(json!([{"setWeight": 50}, {"pause": {}}]))).await;
    until_phase(&w, "Healthy").await;
    set_image(&w, "2.0").await;
    until_phase(&w, "Paused").await;
    patch_status(&w, json!({"abort": true})).await;
    let back = |o: &Value| {
        o["status"]["phase"] == "Degraded" && number(o, "availableReplicas") == 4 && number(o, "updatedReplicas") == 0
    };
    w.until(API, "Rollout", "web", "aborted, with the earlier template everywhere", back).await;
    let (rows, row) = seen(&w).await;
    assert_eq!(row.rollout.state, RolloutState::Failed);
    let expected =
        "aborted, the earlier template serves and the new one is still asked for: Rollout aborted update to revision 2";
    assert_eq!(rows.reason_of(&row).as_deref(), Some(expected));
    assert!(row.is_aborted() && row.containers[0].image.ends_with(":2.0"), "the object still asks for the new one");
    assert_eq!(rows.health_of(&row), Health::Degraded, "the earlier template serves");

    // Putting the template back is what ends it; it is out already, so no step is gone through.
    set_image(&w, "1.0").await;
    until_phase(&w, "Healthy").await;
    let (rows, row) = seen(&w).await;
    assert_eq!((row.rollout.state, row.revision), (RolloutState::Complete, Some(3)));
    assert_eq!(rows.health_of(&row), Health::Healthy);
}

async fn a_broken_template(w: World) {
    let mut object = rollout(json!([{"setWeight": 25}, {"pause": {}}]));
    object["spec"]["progressDeadlineSeconds"] = 5.into();
    w.create(object).await;
    until_phase(&w, "Healthy").await;
    set_image(&w, "2.0-missing").await;
    until_phase(&w, "Progressing").await;
    until_phase(&w, "Degraded").await;
    let (rows, row) = seen(&w).await;
    assert_eq!(row.rollout.state, RolloutState::Failed);
    assert_eq!(rows.health_of(&row), Health::Broken);
    let reason = rows.reason_of(&row).unwrap();
    assert!(reason.contains("2.0-missing") && reason.contains("cannot be pulled"), "{reason}");
    assert!(row.rollout.reason.as_ref().unwrap().contains("deadline"), "{:?}", row.rollout.reason);
}

async fn pauses(w: World) {
    w.create(rollout(json!([{"setWeight": 50}, {"pause": {"duration": 2}}]))).await;
    until_phase(&w, "Healthy").await;
    patch(&w, json!({"spec": {"paused": true}})).await;
    until_phase(&w, "Paused").await;
    let (_, row) = seen(&w).await;
    assert_eq!(row.rollout.reason.as_deref(), Some("paused by hand (spec.paused)"));
    patch(&w, json!({"spec": {"paused": false}})).await;
    until_phase(&w, "Healthy").await;

    set_image(&w, "2.0").await;
    // It goes on by itself: nobody promotes it.
    until_phase(&w, "Healthy").await;
    let (_, row) = seen(&w).await;
    assert_eq!((row.rollout.state, row.updated), (RolloutState::Complete, 4));
}
