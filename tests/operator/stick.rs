//! A rollback that stays so, where Flux fights back: by its own controllers on the real control plane.

use crate::{
    fleet::{FILE, Fleet, HELM, IMAGES, image},
    pilothouse::{Finished, Operator},
    world::{Behaviour, IMAGE, World, complete},
};
use futures::FutureExt;
use serde_json::{Value, json};

pub const ALL: &[(&str, Behaviour)] = &[
    ("stick::flux_is_held_off_until_git_is_right", |w| flux_is_held_off(w).boxed_local()),
    ("stick::an_abandoned_hold_is_finished_on_another_machine", |w| an_abandoned_hold(w).boxed_local()),
    ("stick::without_git_the_hold_stays_until_a_hand_comes", |w| without_git(w).boxed_local()),
];

/// Stories that need Flux's own helm- and image-automation-controller.
pub const REAL: &[(&str, Behaviour)] = &[
    ("stick::a_release_is_suspended_until_its_values_are_right", |w| a_release_is_suspended(w).boxed_local()),
    ("stick::an_image_automation_does_not_bump_it_again", |w| an_image_automation(w).boxed_local()),
    ("stick::an_image_automation_left_held_is_let_go_elsewhere", |w| an_automation_left_held(w).boxed_local()),
    ("stick::a_suspension_that_git_does_not_say_outlasts_its_kustomization", |w| {
        a_suspension_outlasts(w, "").boxed_local()
    }),
    ("stick::a_suspension_that_git_denies_is_kept_from_its_kustomization", |w| {
        a_suspension_outlasts(w, "  suspend: false\n").boxed_local()
    }),
];

const LABEL: &str = "kustomize.toolkit.fluxcd.io/reconcile";

/// Git says a tag that crashes, and Flux has applied it; 1.0 still serves.
async fn botched(w: &World) -> Fleet {
    let fleet = Fleet::new(w).await;
    fleet.tag("1.1-broken", "Web 1.1: faster");
    fleet.applied(w).await;
    w.until("apps/v1", "Deployment", "web", "stuck", |o| {
        image(o).ends_with("1.1-broken") && o["status"]["updatedReplicas"].as_i64() >= Some(1)
    })
    .await;
    fleet
}

async fn web(w: &World) -> Value {
    serde_json::to_value(w.deployments().get("web").await.unwrap()).unwrap()
}

fn steps(plan: &Value) -> Vec<String> {
    plan["steps"].as_array().unwrap().iter().map(|s| s["step"].as_str().unwrap().to_owned()).collect()
}

/// Git and the cluster say 1.0, nobody holds anything, and Flux leaves it so.
async fn is_settled(w: &World, fleet: &Fleet) {
    assert!(fleet.show(FILE).contains("newTag: \"1.0\" # ours\n"), "{}", fleet.show(FILE));
    for _ in 0..2 {
        fleet.reconcile(w).await;
        let now = web(w).await;
        assert_eq!(image(&now), format!("{IMAGE}:1.0"));
        assert!(now["metadata"]["labels"][LABEL].is_null(), "{}", now["metadata"]);
        assert!(now["metadata"]["annotations"]["pilothouse.io/hold"].is_null(), "{}", now["metadata"]);
    }
    w.rolled_out("web").await;
}

async fn rollback(operator: &Operator) -> Finished {
    operator.run(&["rollback", "deploy/web", "--yes", "--why", "it crashes", "-o", "json"]).await
}

async fn flux_is_held_off(w: World) {
    let fleet = botched(&w).await;
    let bad = fleet.tip();
    let done = rollback(&Operator::new(&w)).await;
    let plan = done.assert(0).plan();
    assert_eq!(plan["durability"], "sticks", "{plan}");
    assert_eq!(steps(&plan), ["hold", "undo", "commit", "push", "applied", "release", "wait"]);
    assert!(plan["diff"].as_str().unwrap().contains("+  newTag: \"1.0\" # ours"), "{}", plan["diff"]);
    assert_eq!(done.result()["outcome"], "done");
    let message = fleet.message();
    assert!(message.starts_with("web: 1.1-broken → 1.0\n"), "{message}");
    assert!(message.contains(&bad[..9]) && message.contains("Web 1.1: faster"), "it names the bad one: {message}");
    assert!(message.contains("it crashes") && message.contains("Pilothouse-Operation: "), "{message}");
    is_settled(&w, &fleet).await;
    let history = Operator::new(&w).run(&["history", "deploy/web", "-o", "json"]).await;
    let history: Value = serde_json::from_str(&history.assert(0).out).unwrap();
    assert_eq!(history["revisions"][0]["commit"]["message"], "web: 1.1-broken → 1.0", "{history}");
    let tip = format!("main@sha1:{}", fleet.tip());
    let synced = history["reconciliations"].as_array().unwrap();
    assert!(synced.iter().any(|done| done["revision"] == tip && done["succeeded"] == true), "{history}");
    let again = rollback(&Operator::new(&w)).await;
    assert_ne!(again.code, 0, "there is nothing more to roll back: {}", again.out);
}

/// A rollback that comes as far as the push, which is refused.
async fn left(w: &World, fleet: &Fleet) -> String {
    let left = rollback(&Operator::new(w)).await;
    let message = left.assert(1).result()["message"].as_str().unwrap().to_owned();
    assert!(message.contains("main is protected") && message.contains("still held off"), "{message}");
    // Flux applies what Git says, and leaves this one alone.
    fleet.reconcile(w).await;
    let held = web(w).await;
    assert_eq!(image(&held), format!("{IMAGE}:1.0"), "{held}");
    assert_eq!(held["metadata"]["labels"][LABEL], "disabled");
    let records = held["metadata"]["annotations"]["pilothouse.io/hold"].as_str().unwrap();
    let record = serde_json::from_str::<Value>(records).unwrap()[0].clone();
    assert_eq!(record["bad"], json!([["web", format!("{IMAGE}:1.1-broken")]]));
    assert!(record["until"].is_string() && record["actor"].is_string() && record["why"] == "it crashes", "{record}");
    record["operation"].as_str().unwrap().to_owned()
}

async fn an_abandoned_hold(w: World) {
    let fleet = botched(&w).await;
    fleet.refuse_pushes(true);
    let operation = left(&w, &fleet).await;
    fleet.refuse_pushes(false);
    let ben = Operator::new(&w);
    let done = rollback(&ben).await;
    let plan = done.assert(0).plan();
    assert_eq!(plan["summary"], format!("finish {operation}"), "{plan}");
    assert_eq!(steps(&plan), ["hold", "commit", "push", "applied", "release", "wait"]);
    is_settled(&w, &fleet).await;
}

async fn without_git(w: World) {
    let fleet = botched(&w).await;
    fleet.hide(true);
    let operator = Operator::new(&w);
    let left = rollback(&operator).await;
    let plan = left.assert(130).plan();
    assert_eq!(steps(&plan), ["hold", "undo", "by hand", "release", "wait"]);
    assert!(plan["durability"].as_str().unwrap().starts_with("lasts while flux"), "{}", plan["durability"]);
    let held = web(&w).await;
    assert_eq!((image(&held), held["metadata"]["labels"][LABEL].as_str()), (format!("{IMAGE}:1.0"), Some("disabled")));
    fleet.hide(false);
    fleet.tag("1.0", "Back to 1.0");
    fleet.reconcile(&w).await;
    let id = left.result()["operation"].as_str().unwrap().to_owned();
    operator.run(&["operations", "resume", &id, "--yes", "-o", "json"]).await.assert(0);
    is_settled(&w, &fleet).await;
}

/// Helm's values are not edited from here yet: a hand does that, while the release is suspended.
async fn a_release_is_suspended(w: World) {
    let fleet = Fleet::new(&w).await;
    fleet.release(&w, "1.0").await;
    w.until("apps/v1", "Deployment", "sold", "installed", complete).await;
    fleet.release(&w, "1.1-broken").await;
    w.until("apps/v1", "Deployment", "sold", "stuck", |o| {
        image(o).ends_with("1.1-broken") && o["status"]["updatedReplicas"].as_i64() >= Some(1)
    })
    .await;
    let operator = Operator::new(&w);
    let left = operator.run(&["rollback", "deploy/sold", "--yes", "-o", "json"]).await;
    let plan = left.assert(130).plan();
    assert_eq!(steps(&plan), ["hold", "undo", "by hand", "release", "wait"]);
    let held = w.until(HELM, "HelmRelease", "sold", "suspended", |o| o["spec"]["suspend"] == true).await;
    assert!(held["metadata"]["annotations"]["pilothouse.io/hold"].is_string());
    let now = serde_json::to_value(w.deployments().get("sold").await.unwrap()).unwrap();
    assert_eq!(image(&now), format!("{IMAGE}:1.0"));
    fleet.release(&w, "1.0").await;
    let id = left.result()["operation"].as_str().unwrap().to_owned();
    operator.run(&["operations", "resume", &id, "--yes", "-o", "json"]).await.assert(0);
    let free = w.until(HELM, "HelmRelease", "sold", "upgraded again", |o| {
        o["spec"]["suspend"] != true && o["status"]["history"][0]["version"].as_i64() >= Some(3)
    });
    assert!(free.await["metadata"]["annotations"]["pilothouse.io/hold"].is_null());
    w.until("apps/v1", "Deployment", "sold", "settled", |o| image(o).ends_with(":1.0") && complete(o)).await;
}

/// A HelmRelease that a Kustomization applies from Git, with `extra` in its spec: suspended for a rollback it stays so, however often
/// that is reconciled.
async fn a_suspension_outlasts(w: World, extra: &'static str) {
    let fleet = Fleet::new(&w).await;
    fleet.chart();
    fleet.release_in_git(&w, "1.0", extra).await;
    w.until("apps/v1", "Deployment", "sold", "installed", complete).await;
    let before = w.until(HELM, "HelmRelease", "sold", "there", |_| true).await;
    fleet.release_in_git(&w, "1.1-broken", extra).await;
    w.until("apps/v1", "Deployment", "sold", "stuck", |o| {
        image(o).ends_with("1.1-broken") && o["status"]["updatedReplicas"].as_i64() >= Some(1)
    })
    .await;
    let operator = Operator::new(&w);
    // While Git is away nothing but the suspension keeps it.
    fleet.hide(true);
    let left = operator.run(&["rollback", "deploy/sold", "--yes", "-o", "json"]).await;
    fleet.hide(false);
    let plan = left.assert(130).plan();
    let aside = plan["steps"][0]["detail"].as_str().unwrap().contains("its Kustomization leaves it alone");
    assert_eq!(aside, !extra.is_empty(), "{}", plan["steps"][0]);
    for _ in 0..3 {
        fleet.reconcile(&w).await;
        let held = w.until(HELM, "HelmRelease", "sold", "there", |_| true).await;
        assert_eq!(held["spec"]["suspend"], true, "{held:#}");
        assert_eq!(held["metadata"]["labels"][LABEL] == "disabled", aside);
        let now = serde_json::to_value(w.deployments().get("sold").await.unwrap()).unwrap();
        assert_eq!(image(&now), format!("{IMAGE}:1.0"));
    }
    fleet.release_in_git(&w, "1.0", extra).await;
    let id = left.result()["operation"].as_str().unwrap().to_owned();
    operator.run(&["operations", "resume", &id, "--yes", "-o", "json"]).await.assert(0);
    let free =
        w.until(HELM, "HelmRelease", "sold", "free", |o| o["spec"]["suspend"] == before["spec"]["suspend"]).await;
    assert!(free["metadata"]["annotations"]["pilothouse.io/hold"].is_null(), "{}", free["metadata"]);
    assert!(free["metadata"]["labels"][LABEL].is_null(), "{}", free["metadata"]);
    w.until(HELM, "HelmRelease", "sold", "of Git again", |o| o["spec"]["values"]["image"]["tag"] == "1.0").await;
    w.until("apps/v1", "Deployment", "sold", "settled", |o| image(o).ends_with(":1.0") && complete(o)).await;
}

/// Whoever began it is gone for good; somebody on another machine, who knows the cluster and nothing else, lets it go.
async fn an_automation_left_held(w: World) {
    let fleet = botched(&w).await;
    fleet.automate(&w).await;
    fleet.select(&w, "1.1-broken").await;
    let left = rollback(&Operator::new(&w)).await;
    let operation = left.assert(130).result()["operation"].as_str().unwrap().to_owned();
    w.rolled_out("web").await;
    let ben = Operator::new(&w);
    let told = ben.run(&["rollback", "deploy/web", "--dry-run", "-o", "json"]).await.assert(0).plan();
    assert_eq!(told["summary"], format!("finish {operation}"), "{told:#}");
    fleet.select(&w, "1.2").await;
    let done = rollback(&ben).await;
    let plan = done.assert(0).plan();
    assert_eq!(steps(&plan), ["wait", "release"], "{plan:#}");
    let free = w.until(IMAGES, "ImageUpdateAutomation", "fleet", "let go", |o| o["spec"]["suspend"] != true).await;
    assert!(free["metadata"]["annotations"]["pilothouse.io/hold"].is_null(), "{}", free["metadata"]);
    fleet.ask_automation(&w).await;
    w.until("apps/v1", "Deployment", "web", "bumped", |o| image(o).ends_with(":1.2") && complete(o)).await;
}

/// The policy selects the bad tag until there is a better one; its automation writes to Git as soon as it is let.
async fn an_image_automation(w: World) {
    let fleet = botched(&w).await;
    fleet.automate(&w).await;
    let select = async |tag: &str| fleet.select(&w, tag).await;
    select("1.1-broken").await;
    let operator = Operator::new(&w);
    let left = rollback(&operator).await;
    let plan = left.assert(130).plan();
    assert_eq!(
        steps(&plan),
        ["hold", "undo", "hold", "commit", "push", "applied", "release", "wait", "by hand", "release"]
    );
    let (tip, ask) = (fleet.tip(), async || fleet.ask_automation(&w).await);
    w.rolled_out("web").await;
    let suspended = w.until(IMAGES, "ImageUpdateAutomation", "fleet", "there", |_| true).await;
    assert_eq!(suspended["spec"]["suspend"], true, "{suspended}");
    assert_eq!(fleet.tip(), tip, "nobody wrote it again");
    // A mended release comes: it is let go, and bumps to that.
    select("1.2").await;
    let id = left.result()["operation"].as_str().unwrap().to_owned();
    operator.run(&["operations", "resume", &id, "--yes", "-o", "json"]).await.assert(0);
    ask().await;
    w.until("apps/v1", "Deployment", "web", "bumped", |o| image(o).ends_with(":1.2") && complete(o)).await;
    assert!(
        fleet.show(FILE).contains("newTag: 1.2 #") || fleet.show(FILE).contains("newTag: \"1.2\" #"),
        "{}",
        fleet.show(FILE)
    );
}
