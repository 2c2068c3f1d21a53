//! Rollouts that wait for somebody or something: pauses, partitions, strategies, deadlines, finalizers, autoscalers.

use crate::{
    observed::{remark, set_spec, set_tag, stateful_set, verdict, with_spec},
    world::{Behaviour, World, deployment},
};
use futures::FutureExt;
use kube::api::DeleteParams;
use pilothouse::model::{BlockerKind, Cause, Health, Kind, Remedy};
use serde_json::{Value, json};

pub const ALL: &[(&str, Behaviour)] = &[
    ("rollouts::a_pause_and_who_made_it", |w| paused(w).boxed_local()),
    ("rollouts::a_deadline_that_has_passed", |w| deadline(w).boxed_local()),
    ("rollouts::pods_that_settle", |w| settling(w).boxed_local()),
    ("rollouts::a_partition", |w| partition(w).boxed_local()),
    ("rollouts::pods_that_are_replaced_by_hand", |w| on_delete(w).boxed_local()),
    ("rollouts::a_stateful_set_stuck_on_an_earlier_pod", |w| stuck(w).boxed_local()),
    ("rollouts::a_pod_that_does_not_go", |w| terminating(w).boxed_local()),
    ("rollouts::a_workload_that_is_scaled_to_zero", |w| resting(w).boxed_local()),
    ("rollouts::a_workload_that_does_not_go", |w| deleting(w).boxed_local()),
    ("rollouts::pods_that_wait_for_their_elder", |w| in_order(w).boxed_local()),
    ("rollouts::an_autoscaler_without_metrics", |w| no_metrics(w).boxed_local()),
    ("rollouts::the_cause_comes_before_the_deadline", |w| cause_first(w).boxed_local()),
];

/// What only real controllers say.
pub const REAL: &[(&str, Behaviour)] = &[
    ("rollouts::autoscalers_that_want_the_same_pods", |w| rivals(w).boxed_local()),
    ("rollouts::an_autoscaler_without_an_api_for_its_metric", |w| no_adapter(w).boxed_local()),
];

fn autoscaler(name: &str, metrics: Value) -> Value {
    let target = json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"});
    json!({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": name},
        "spec": {"minReplicas": 1, "maxReplicas": 3, "scaleTargetRef": target, "metrics": metrics}})
}

async fn rivals(w: World) {
    w.create(deployment("web", 1, "1.0")).await;
    w.rolled_out("web").await;
    for name in ["one", "two"] {
        w.create(autoscaler(name, Value::Null)).await;
    }
    // Whichever comes first does not know of the other yet.
    let ambiguous = |o: &Value| {
        let conditions = o["status"]["conditions"].as_array().into_iter().flatten();
        conditions.into_iter().any(|c| c["reason"] == "AmbiguousSelector")
    };
    for name in ["one", "two"] {
        w.until("autoscaling/v2", "HorizontalPodAutoscaler", name, "in doubt", ambiguous).await;
    }
    let words = "cannot scale: several autoscalers have the same pods: ";
    let found = verdict(&w, Kind::Deployment, "web", words).await;
    let names = format!("{0}/one, {0}/two", w.namespace);
    assert!(found.reason.contains(&names), "{}", found.reason);
}

async fn no_adapter(w: World) {
    w.create(deployment("web", 1, "1.0")).await;
    w.rolled_out("web").await;
    let metric = json!({"metric": {"name": "rps"}, "target": {"type": "AverageValue", "averageValue": "100"}});
    w.create(autoscaler("web", json!([{"type": "Pods", "pods": metric}]))).await;
    let words = "autoscaler web cannot scale: the cluster serves no metrics (custom.metrics.k8s.io): is the adapter for it running?";
    verdict(&w, Kind::Deployment, "web", words).await;
}

async fn resting(w: World) {
    w.create(deployment("web", 1, "1.0")).await;
    w.rolled_out("web").await;
    set_spec(&w, "Deployment", "web", json!({"replicas": 0})).await;
    let found = remark(&w, Kind::Deployment, "web", "scaled to zero").await;
    assert_eq!(found.health, Health::Healthy, "that is what was asked for");
}

async fn deleting(w: World) {
    let mut object = deployment("web", 1, "1.0");
    object["metadata"]["finalizers"] = json!(["example.com/backup"]);
    w.create(object).await;
    w.rolled_out("web").await;
    w.api("apps/v1", "Deployment").delete("web", &DeleteParams::default()).await.unwrap();
    let found =
        verdict(&w, Kind::Deployment, "web", "being deleted: finalizer example.com/backup is not removed").await;
    let free = kube::api::Patch::Merge(json!({"metadata": {"finalizers": null}}));
    w.api("apps/v1", "Deployment").patch("web", &Default::default(), &free).await.unwrap();
    assert_eq!(found.blocker.unwrap().kind(), BlockerKind::Terminating);
}

async fn in_order(w: World) {
    w.create(stateful_set("db", 3, "1.0-broken", json!({}))).await;
    verdict(&w, Kind::StatefulSet, "db", "(the only pod; 2 more wait for it").await;
}

async fn paused(w: World) {
    w.create(deployment("web", 2, "1.0")).await;
    w.rolled_out("web").await;
    set_spec(&w, "Deployment", "web", json!({"paused": true})).await;
    set_tag(&w, "Deployment", "web", "2.0").await;
    let found = verdict(&w, Kind::Deployment, "web", "; 0 of 2 pods have the current template").await;
    assert!(found.reason.starts_with("paused by "), "{}", found.reason);
    assert_eq!(found.health, Health::Progressing, "all serve, but not what is asked for");
}

async fn deadline(w: World) {
    let mut object = deployment("web", 1, "1.0-slow");
    object["spec"]["progressDeadlineSeconds"] = 2.into();
    w.create(object).await;
    let words = "the progress deadline of 2 s has passed: the new pods did not come up in time";
    verdict(&w, Kind::Deployment, "web", words).await;
}

async fn cause_first(w: World) {
    let mut object = deployment("web", 1, "1.0-missing");
    object["spec"]["progressDeadlineSeconds"] = 2.into();
    w.create(object).await;
    let failed = |o: &Value| {
        let conditions = o["status"]["conditions"].as_array().into_iter().flatten();
        conditions.into_iter().any(|c| c["reason"] == "ProgressDeadlineExceeded")
    };
    w.until("apps/v1", "Deployment", "web", "past its deadline", failed).await;
    let found = verdict(&w, Kind::Deployment, "web", "cannot be pulled").await;
    assert_eq!(found.blocker.unwrap().kind(), BlockerKind::ImagePull);
}

async fn settling(w: World) {
    let mut object = deployment("web", 2, "1.0");
    object["spec"]["minReadySeconds"] = 500.into();
    object["spec"]["progressDeadlineSeconds"] = 900.into();
    w.create(object).await;
    let words = "settling: 2 pods are ready, but must stay so for 500 s to count (minReadySeconds)";
    let found = verdict(&w, Kind::Deployment, "web", words).await;
    assert_eq!(found.health, Health::Progressing);
    assert!(matches!(found.blocker.unwrap().cause, Cause::MinReady { until: Some(_), .. }));
}

async fn partition(w: World) {
    let keep = json!({"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}});
    w.create(stateful_set("db", 2, "1.0", keep)).await;
    w.until("apps/v1", "StatefulSet", "db", "ready", |o| o["status"]["readyReplicas"] == 2).await;
    set_tag(&w, "StatefulSet", "db", "2.0").await;
    let words = "complete up to the partition at 1: pods below it keep the earlier template";
    remark(&w, Kind::StatefulSet, "db", words).await;
}

async fn on_delete(w: World) {
    w.create(stateful_set("db", 2, "1.0", json!({"updateStrategy": {"type": "OnDelete"}}))).await;
    w.until("apps/v1", "StatefulSet", "db", "ready", |o| o["status"]["readyReplicas"] == 2).await;
    set_tag(&w, "StatefulSet", "db", "2.0").await;
    let words =
        "pods are replaced when somebody deletes them (update strategy OnDelete): 2 of 2 run an earlier template";
    let found = verdict(&w, Kind::StatefulSet, "db", words).await;
    assert_eq!(found.blocker.unwrap().remedies()[0], Remedy::Restart);
}

async fn stuck(w: World) {
    w.create(stateful_set("db", 2, "1.0-broken", json!({}))).await;
    verdict(&w, Kind::StatefulSet, "db", "crash loop: container web exits with code 1").await;
    set_tag(&w, "StatefulSet", "db", "2.0").await;
    let words = "pod db-0 of an earlier template is stuck (crash loop), and a StatefulSet waits for it: delete it";
    let found = verdict(&w, Kind::StatefulSet, "db", words).await;
    assert_eq!(found.health, Health::Broken);
}

async fn terminating(w: World) {
    let mut object = stateful_set("db", 1, "1.0", json!({}));
    let template = &mut object["spec"]["template"];
    template["metadata"]["finalizers"] = json!(["example.com/hold"]);
    template["spec"]["terminationGracePeriodSeconds"] = 1.into();
    w.create(object).await;
    w.until("apps/v1", "StatefulSet", "db", "ready", |o| o["status"]["readyReplicas"] == 1).await;
    w.api("v1", "Pod").delete("db-0", &DeleteParams::default()).await.unwrap();
    // Its containers have ended, says its kubelet.
    let now = w.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let conditions = json!([{"type": "Ready", "status": "False", "reason": "PodCompleted", "lastTransitionTime": now}]);
    let ended = kube::api::Patch::Strategic(json!({"status": {"conditions": conditions}}));
    w.api("v1", "Pod").patch_status("db-0", &Default::default(), &ended).await.unwrap();
    let words = "pod db-0 was deleted and does not go: finalizer example.com/hold is not removed";
    let found = verdict(&w, Kind::StatefulSet, "db", words).await;
    let free = kube::api::Patch::Merge(json!({"metadata": {"finalizers": null}}));
    w.api("v1", "Pod").patch("db-0", &Default::default(), &free).await.unwrap();
    // What replaces it holds on as well, and would keep the namespace.
    w.api("apps/v1", "StatefulSet").delete("db", &DeleteParams::foreground()).await.unwrap();
    let _ = w.api("v1", "Pod").patch("db-0", &Default::default(), &free).await;
    assert_eq!(found.blocker.unwrap().kind(), BlockerKind::Terminating);
}

async fn no_metrics(w: World) {
    w.create(with_spec("web", 1, "1.0", json!({}))).await;
    w.rolled_out("web").await;
    let target = json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"});
    w.create(json!({
        "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "web"},
        "spec": {"minReplicas": 1, "maxReplicas": 3, "scaleTargetRef": target},
    }))
    .await;
    let words = "autoscaler web cannot scale: ";
    let found = verdict(&w, Kind::Deployment, "web", words).await;
    assert_eq!(found.health, Health::Healthy, "it serves what is asked for");
    assert_eq!(found.blocker.unwrap().remedies()[0], Remedy::Autoscaler);
}
