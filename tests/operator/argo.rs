//! Argo Rollouts are rolled back: aborted where an update is on its way, and the template put back where it is kept.

use crate::{
    pilothouse::{Finished, Operator},
    world::{Behaviour, IMAGE, World},
};
use futures::FutureExt;
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};

pub const ALL: &[(&str, Behaviour)] = &[
    ("argo::a_canary_that_crashes_is_aborted_and_undone", |w| a_canary_that_crashes(w).boxed_local()),
    ("argo::what_is_known_good_goes_out_without_its_steps", |w| promoted(w).boxed_local()),
    ("argo::a_template_of_a_deployment_is_put_back_there", |w| kept_by_a_deployment(w).boxed_local()),
];

/// Stories that only the real controller tells: the embedded one knows canaries without a router.
pub const REAL: &[(&str, Behaviour)] = &[
    ("argo::a_preview_that_crashes_is_aborted_and_undone", |w| a_preview_that_crashes(w).boxed_local()),
    ("argo::what_was_promoted_to_blue_and_green_goes_back_at_once", |w| promoted_preview(w).boxed_local()),
    ("argo::a_canary_behind_a_router_gives_its_traffic_back", |w| behind_a_router(w).boxed_local()),
];

const API: &str = "argoproj.io/v1alpha1";

fn template(tag: &str) -> Value {
    json!({"metadata": {"labels": {"app": "web"}},
        "spec": {"containers": [{"name": "web", "image": format!("{IMAGE}:{tag}")}]}})
}

/// A canary that stops at a quarter until somebody promotes it.
fn rollout() -> Value {
    json!({
        "apiVersion": API, "kind": "Rollout", "metadata": {"name": "web"},
        "spec": {
            "replicas": 4,
            "selector": {"matchLabels": {"app": "web"}},
            "strategy": {"canary": {"steps": [{"setWeight": 25}, {"pause": {}}]}},
            "template": template("1.0"),
        },
    })
}

async fn set_image(w: &World, tag: &str) {
    let patch = Patch::Merge(json!({"spec": {"template": template(tag)}}));
    w.api(API, "Rollout").patch("web", &PatchParams::default(), &patch).await.unwrap();
}

fn is_seen(o: &Value) -> bool {
    o["status"]["observedGeneration"].as_str() == Some(&o["metadata"]["generation"].to_string())
}

async fn until_phase(w: &World, phase: &str) -> Value {
    w.until(API, "Rollout", "web", phase, |o| is_seen(o) && o["status"]["phase"] == phase).await
}

/// The update is under way: a pod of the new template is there.
async fn until_under_way(w: &World) {
    w.until(API, "Rollout", "web", "under way", |o| {
        is_seen(o) && o["status"]["currentPodHash"] != o["status"]["stableRS"] && o["status"]["updatedReplicas"] == 1
    })
    .await;
}

fn steps(run: &Finished) -> Vec<String> {
    let plan = run.plan();
    let steps = plan["steps"].as_array().unwrap().iter();
    steps.map(|step| step["step"].as_str().unwrap().to_owned()).collect()
}

/// The images of the pods that are ready.
async fn serving(w: &World) -> Vec<String> {
    let ready = |pod: &Value| {
        let conditions = pod["status"]["conditions"].as_array();
        conditions.is_some_and(|all| all.iter().any(|c| c["type"] == "Ready" && c["status"] == "True"))
    };
    let pods = w.list("v1", "Pod").await;
    let going = |pod: &&Value| pod["metadata"]["deletionTimestamp"].is_null() && ready(pod);
    pods.iter().filter(going).map(|pod| pod["spec"]["containers"][0]["image"].as_str().unwrap().to_owned()).collect()
}

async fn a_canary_that_crashes(w: World) {
    w.create(rollout()).await;
    until_phase(&w, "Healthy").await;
    set_image(&w, "2.0-broken").await;
    until_under_way(&w).await;
    let run = Operator::new(&w).run(&["rollback", "rollout/web", "--yes", "-o", "json"]).await;
    assert_eq!(steps(run.assert(0)), ["abort", "undo", "wait"]);
    assert_eq!(run.plan()["summary"], "2 → 1");
    let now = until_phase(&w, "Healthy").await;
    assert_eq!(now["status"]["currentPodHash"], now["status"]["stableRS"]);
    assert_eq!(now["spec"]["template"]["spec"]["containers"][0]["image"], format!("{IMAGE}:1.0"));
    assert_eq!(serving(&w).await, vec![format!("{IMAGE}:1.0"); 4]);
    let again = Operator::new(&w).run(&["rollback", "rollout/web", "--to-revision", "3", "--yes", "-o", "json"]).await;
    assert!(again.result()["message"].as_str().unwrap().contains("nothing to do"), "{}", again.result());
}

async fn promoted(w: World) {
    w.create(rollout()).await;
    until_phase(&w, "Healthy").await;
    let operator = Operator::new(&w);
    set_image(&w, "2.0-broken").await;
    until_under_way(&w).await;
    // This operator sees 1.0 come up, and remembers.
    operator.run(&["rollback", "rollout/web", "--yes", "-o", "json"]).await.assert(0);
    set_image(&w, "3.0").await;
    until_phase(&w, "Paused").await;
    let full = Patch::Merge(json!({"status": {"promoteFull": true}}));
    w.api(API, "Rollout").patch_status("web", &PatchParams::default(), &full).await.unwrap();
    until_phase(&w, "Healthy").await;
    assert_eq!(serving(&w).await, vec![format!("{IMAGE}:3.0"); 4]);

    let run = operator.run(&["rollback", "rollout/web", "--yes", "-o", "json"]).await;
    assert_eq!(steps(run.assert(0)), ["undo", "promote", "wait"]);
    let now = until_phase(&w, "Healthy").await;
    assert_eq!(now["status"]["currentPodHash"], now["status"]["stableRS"]);
    assert_eq!(serving(&w).await, vec![format!("{IMAGE}:1.0"); 4]);
}

async fn services(w: &World, names: [&str; 2]) {
    for name in names {
        w.create(json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name},
            "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]}}))
            .await;
    }
}

/// Which pods a Service sends to, by the hash of their template.
async fn selected(w: &World, service: &str) -> Value {
    let found = w.api("v1", "Service").get(service).await.unwrap();
    found.data["spec"]["selector"]["rollouts-pod-template-hash"].clone()
}

/// What serves and a preview, which is promoted by hand.
async fn blue_and_green(w: &World) {
    services(w, ["active", "preview"]).await;
    let mut object = rollout();
    object["spec"]["strategy"] = json!({"blueGreen": {
        "activeService": "active", "previewService": "preview", "autoPromotionEnabled": false, "scaleDownDelaySeconds": 1}});
    w.create(object).await;
    until_phase(w, "Healthy").await;
}

async fn a_preview_that_crashes(w: World) {
    blue_and_green(&w).await;
    let stable = selected(&w, "active").await;
    set_image(&w, "2.0-broken").await;
    w.until(API, "Rollout", "web", "under way", |o| {
        is_seen(o) && o["status"]["currentPodHash"] != o["status"]["stableRS"]
    })
    .await;
    let run = Operator::new(&w).run(&["rollback", "rollout/web", "--yes", "-o", "json"]).await;
    assert_eq!(steps(run.assert(0)), ["abort", "undo", "wait"]);
    let now = until_phase(&w, "Healthy").await;
    assert_eq!(now["status"]["currentPodHash"], now["status"]["stableRS"]);
    assert_eq!([selected(&w, "active").await, selected(&w, "preview").await], [stable.clone(), stable]);
    assert_eq!(now["spec"]["template"]["spec"]["containers"][0]["image"], format!("{IMAGE}:1.0"));
}

async fn promoted_preview(w: World) {
    blue_and_green(&w).await;
    let operator = Operator::new(&w);
    set_image(&w, "2.0-broken").await;
    w.until(API, "Rollout", "web", "under way", |o| {
        is_seen(o) && o["status"]["currentPodHash"] != o["status"]["stableRS"]
    })
    .await;
    // This operator sees 1.0 come up, and remembers.
    operator.run(&["rollback", "rollout/web", "--yes", "-o", "json"]).await.assert(0);
    let good = selected(&w, "active").await;
    set_image(&w, "3.0").await;
    until_phase(&w, "Paused").await;
    let full = Patch::Merge(json!({"status": {"promoteFull": true}}));
    w.api(API, "Rollout").patch_status("web", &PatchParams::default(), &full).await.unwrap();
    until_phase(&w, "Healthy").await;
    assert_ne!(selected(&w, "active").await, good);

    let run = operator.run(&["rollback", "rollout/web", "--yes", "-o", "json"]).await;
    assert_eq!(steps(run.assert(0)), ["undo", "promote", "wait"]);
    let now = until_phase(&w, "Healthy").await;
    assert_eq!(now["status"]["currentPodHash"], now["status"]["stableRS"]);
    assert_eq!(selected(&w, "active").await, good);
}

async fn behind_a_router(w: World) {
    services(&w, ["stable", "canary"]).await;
    let backend = json!({"service": {"name": "stable", "port": {"number": 80}}});
    w.create(json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "web"}, "spec": {
        "ingressClassName": "nginx", "rules": [{"host": "web.example.com", "http": {"paths": [
            {"path": "/", "pathType": "Prefix", "backend": backend}]}}]}}))
        .await;
    let mut object = rollout();
    object["spec"]["strategy"]["canary"]["stableService"] = "stable".into();
    object["spec"]["strategy"]["canary"]["canaryService"] = "canary".into();
    object["spec"]["strategy"]["canary"]["trafficRouting"] = json!({"nginx": {"stableIngress": "web"}});
    w.create(object).await;
    until_phase(&w, "Healthy").await;
    let stable = selected(&w, "stable").await;
    set_image(&w, "2.0").await;
    until_phase(&w, "Paused").await;
    let weight = |o: &Value| o["metadata"]["annotations"]["nginx.ingress.kubernetes.io/canary-weight"].clone();
    w.until("networking.k8s.io/v1", "Ingress", "web-web-canary", "a quarter", |o| weight(o) == "25").await;

    let run = Operator::new(&w).run(&["rollback", "rollout/web", "--yes", "-o", "json"]).await;
    assert_eq!(steps(run.assert(0)), ["abort", "undo", "wait"]);
    let now = until_phase(&w, "Healthy").await;
    assert_eq!(now["status"]["currentPodHash"], now["status"]["stableRS"]);
    assert_eq!(now["spec"]["template"]["spec"]["containers"][0]["image"], format!("{IMAGE}:1.0"));
    w.until("networking.k8s.io/v1", "Ingress", "web-web-canary", "none", |o| weight(o) == "0").await;
    assert_eq!([selected(&w, "stable").await, selected(&w, "canary").await], [stable.clone(), stable]);
}

async fn kept_by_a_deployment(w: World) {
    let deployment = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "kept"},
        "spec": {"replicas": 0, "selector": {"matchLabels": {"app": "web"}}, "template": template("1.0")},
    });
    w.create(deployment).await;
    let mut object = rollout();
    object["spec"].as_object_mut().unwrap().remove("template");
    object["spec"]["workloadRef"] = json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": "kept"});
    w.create(object).await;
    let seen = |generation: &'static str, phase: &'static str| {
        move |o: &Value| {
            is_seen(o) && o["status"]["workloadObservedGeneration"] == generation && o["status"]["phase"] == phase
        }
    };
    w.until(API, "Rollout", "web", "healthy", seen("1", "Healthy")).await;
    let change = Patch::Merge(json!({"spec": {"template": template("2.0-broken")}}));
    w.deployments().patch("kept", &PatchParams::default(), &change).await.unwrap();
    until_under_way(&w).await;

    let run = Operator::new(&w).run(&["rollback", "rollout/web", "--yes", "-o", "json"]).await;
    assert_eq!(steps(run.assert(0)), ["abort", "undo", "wait"]);
    let kept = w.deployments().get("kept").await.unwrap();
    assert_eq!(kept.data["spec"]["template"]["spec"]["containers"][0]["image"], format!("{IMAGE}:1.0"));
    w.until(API, "Rollout", "web", "healthy", seen("3", "Healthy")).await;
    assert_eq!(serving(&w).await, vec![format!("{IMAGE}:1.0"); 4]);
}
