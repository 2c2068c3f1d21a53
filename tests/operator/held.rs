//! A rollback that stays so, where Argo CD fights back: its Applications on the real schema, its controllers by a stand-in.

use crate::{
    argo_cd::{ARGO, Controllers, application},
    fleet::{FILE, Fleet, image},
    pilothouse::{Finished, Operator},
    world::{Behaviour, IMAGE, World},
};
use futures::FutureExt;
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};

pub const ALL: &[(&str, Behaviour)] = &[
    ("held::an_application_is_held_off_until_git_is_right", |w| an_application_is_held_off(w).boxed_local()),
    ("held::its_parent_is_held_as_well_where_it_would_undo_that", |w| its_parent_is_held(w).boxed_local()),
    ("held::a_parent_that_does_not_say_it_is_left_alone", |w| a_parent_is_left_alone(w).boxed_local()),
    ("held::a_set_leaves_one_application_alone", |w| a_set_leaves_one_alone(w).boxed_local()),
    ("held::an_abandoned_hold_is_finished_elsewhere", |w| an_abandoned_hold(w).boxed_local()),
    ("held::what_a_hand_syncs_is_not_held", |w| what_a_hand_syncs(w).boxed_local()),
];

const RECORD: &str = "pilothouse.io/hold";

fn heals() -> Value {
    json!({"automated": {"prune": true, "selfHeal": true}, "syncOptions": ["CreateNamespace=false"]})
}

async fn app(w: &World, name: &str) -> Value {
    w.until(ARGO, "Application", name, "there", |_| true).await
}

/// Git says a tag that crashes, Argo CD has synced it, and 1.0 still serves.
async fn botched(w: &World, fleet: &Fleet) {
    w.until("apps/v1", "Deployment", "web", "synced", |_| true).await;
    w.rolled_out("web").await;
    fleet.tag("1.1-broken", "Web 1.1: faster");
    w.until("apps/v1", "Deployment", "web", "stuck", |o| {
        image(o).ends_with("1.1-broken") && o["status"]["updatedReplicas"].as_i64() >= Some(1)
    })
    .await;
}

/// Whoever writes to the workload by hand is put right within moments.
async fn fights_back(w: &World) {
    let container = json!({"name": "web", "image": format!("{IMAGE}:1.0")});
    let hand = json!({"spec": {"template": {"spec": {"containers": [container]}}}});
    w.deployments().patch("web", &PatchParams::default(), &Patch::Strategic(hand)).await.unwrap();
    w.until("apps/v1", "Deployment", "web", "put back", |o| image(o).ends_with("1.1-broken")).await;
}

fn steps(plan: &Value) -> Vec<String> {
    plan["steps"].as_array().unwrap().iter().map(|s| s["step"].as_str().unwrap().to_owned()).collect()
}

fn holds(plan: &Value) -> Vec<String> {
    let held = plan["steps"].as_array().unwrap().iter().filter(|step| step["step"] == "hold");
    held.map(|step| step["detail"].as_str().unwrap().split(':').next().unwrap().to_owned()).collect()
}

async fn rollback(operator: &Operator) -> Finished {
    operator.run(&["rollback", "deploy/web", "--yes", "--why", "it crashes", "-o", "json"]).await
}

/// Git and the cluster say 1.0, nobody holds anything, and everything else is as it was.
async fn is_settled(w: &World, fleet: &Fleet, policies: &[(&str, &str, Value)]) {
    assert!(fleet.show(FILE).contains("newTag: \"1.0\" # ours\n"), "{}", fleet.show(FILE));
    let synced = w.until(ARGO, "Application", "web", "settled", |o| {
        o["status"]["sync"]["status"] == "Synced" && o["status"]["health"]["status"] == "Healthy"
    });
    assert_eq!(synced.await["status"]["sync"]["revision"], fleet.tip());
    for (kind, name, spec) in policies {
        let found = w.until(ARGO, kind, name, "there", |_| true).await;
        assert!(found["metadata"]["annotations"][RECORD].is_null(), "{found:#}");
        assert_eq!(found["spec"], *spec, "{kind} {name} is as it was");
    }
    let now = serde_json::to_value(w.deployments().get("web").await.unwrap()).unwrap();
    assert_eq!(image(&now), format!("{IMAGE}:1.0"));
    w.rolled_out("web").await;
}

async fn an_application_is_held_off(w: World) {
    let fleet = Fleet::repository(&w);
    let _argo = Controllers::start(&w, &fleet);
    let made = w.create(application(&fleet, "web", "apps/shop", heals())).await;
    botched(&w, &fleet).await;
    fights_back(&w).await;
    let done = rollback(&Operator::new(&w)).await;
    let plan = done.assert(0).plan();
    assert_eq!(plan["durability"], "sticks", "{plan}");
    assert_eq!(steps(&plan), ["hold", "undo", "commit", "push", "applied", "release", "wait", "settled"]);
    assert_eq!(holds(&plan), ["app/web"]);
    let warned = plan["preconditions"].as_array().unwrap();
    assert!(
        warned.iter().any(|p| p["what"] == "frozen" && p["detail"].as_str().unwrap().contains("ConfigMap/web")),
        "{plan:#}"
    );
    is_settled(&w, &fleet, &[("Application", "web", made["spec"].clone())]).await;
}

/// The Application `web` in Git, applied by the Application `root`.
async fn under_a_parent(w: &World, fleet: &Fleet, policy: Value) -> (Value, Value) {
    let child = application(fleet, "web", "apps/shop", policy);
    fleet.commit("argo/root/web.json", &child.to_string(), "An Application of Applications");
    let root = w.create(application(fleet, "root", "argo/root", heals())).await;
    (root, app(w, "web").await)
}

async fn its_parent_is_held(w: World) {
    let fleet = Fleet::repository(&w);
    let _argo = Controllers::start(&w, &fleet);
    let says = json!({"automated": {"enabled": true, "selfHeal": true}});
    let (root, web) = under_a_parent(&w, &fleet, says).await;
    botched(&w, &fleet).await;
    // Who turns it off by hand is undone.
    let off = json!({"spec": {"syncPolicy": {"automated": {"enabled": false}}}});
    let patched = w.api(ARGO, "Application").patch("web", &PatchParams::default(), &Patch::Merge(off)).await.unwrap();
    assert_eq!(patched.data["spec"]["syncPolicy"]["automated"]["enabled"], false);
    w.until(ARGO, "Application", "web", "on again", |o| o["spec"]["syncPolicy"]["automated"]["enabled"] == true).await;
    let done = rollback(&Operator::new(&w)).await;
    let plan = done.assert(0).plan();
    assert_eq!(plan["durability"], "sticks", "{plan}");
    assert_eq!(holds(&plan), ["app/root", "app/web"], "from the top");
    assert_eq!(
        steps(&plan),
        ["hold", "hold", "undo", "commit", "push", "applied", "release", "release", "wait", "settled"]
    );
    let specs = [("Application", "web", web["spec"].clone()), ("Application", "root", root["spec"].clone())];
    is_settled(&w, &fleet, &specs).await;
}

async fn a_parent_is_left_alone(w: World) {
    let fleet = Fleet::repository(&w);
    let _argo = Controllers::start(&w, &fleet);
    // Where the schema has the field that turns it off, and Git does not say it, the parent sees no difference.
    let (root, web) = under_a_parent(&w, &fleet, heals()).await;
    botched(&w, &fleet).await;
    let done = rollback(&Operator::new(&w)).await;
    let plan = done.assert(0).plan();
    let real = std::env::var_os("PILOTHOUSE_TEST_KUBECONFIG").is_some_and(|path| *path == *w.kubeconfig);
    let expected: &[&str] = if real { &["app/web"] } else { &["app/root", "app/web"] };
    assert_eq!(holds(&plan), expected, "{plan:#}");
    assert_eq!(plan["durability"], "sticks", "{plan}");
    let specs = [("Application", "web", web["spec"].clone()), ("Application", "root", root["spec"].clone())];
    is_settled(&w, &fleet, &specs).await;
}

async fn a_set_leaves_one_alone(w: World) {
    let fleet = Fleet::repository(&w);
    let _argo = Controllers::start(&w, &fleet);
    let template = application(&fleet, "web", "apps/shop", heals());
    let set = json!({"apiVersion": ARGO, "kind": "ApplicationSet", "metadata": {"name": "all"}, "spec": {
        "generators": [{"list": {"elements": [{"name": "web"}]}}],
        "template": {"metadata": {"name": "web"}, "spec": template["spec"]}}});
    let set = w.create(set).await;
    botched(&w, &fleet).await;
    let web = app(&w, "web").await;
    // Who turns it off by hand is undone.
    let off = json!({"spec": {"syncPolicy": {"automated": null}}});
    w.api(ARGO, "Application").patch("web", &PatchParams::default(), &Patch::Merge(off)).await.unwrap();
    w.until(ARGO, "Application", "web", "on again", |o| o["spec"]["syncPolicy"]["automated"].is_object()).await;
    let done = rollback(&Operator::new(&w)).await;
    let plan = done.assert(0).plan();
    assert_eq!(plan["durability"], "sticks", "{plan}");
    assert_eq!(holds(&plan), ["appset/all", "app/web"]);
    let specs = [("Application", "web", web["spec"].clone()), ("ApplicationSet", "all", set["spec"].clone())];
    is_settled(&w, &fleet, &specs).await;
}

async fn an_abandoned_hold(w: World) {
    let fleet = Fleet::repository(&w);
    let _argo = Controllers::start(&w, &fleet);
    let says = json!({"automated": {"enabled": true, "selfHeal": true}});
    let (root, web) = under_a_parent(&w, &fleet, says).await;
    botched(&w, &fleet).await;
    fleet.refuse_pushes(true);
    let left = rollback(&Operator::new(&w)).await;
    let message = left.assert(1).result()["message"].as_str().unwrap().to_owned();
    assert!(message.contains("main is protected") && message.contains("still held off"), "{message}");
    fleet.refuse_pushes(false);
    // Argo CD goes on looking, and leaves it alone.
    w.rolled_out("web").await;
    let held = w.until(ARGO, "Application", "web", "compared", |o| o["status"]["sync"]["status"] == "OutOfSync").await;
    let record = held["metadata"]["annotations"][RECORD].as_str().unwrap();
    let record: Value = serde_json::from_str(record).unwrap();
    assert_eq!(record[0]["workload"], "Deployment/web", "{record}");
    assert_eq!(record[0]["bad"], json!([["web", format!("{IMAGE}:1.1-broken")]]));
    let done = rollback(&Operator::new(&w)).await;
    let plan = done.assert(0).plan();
    let operation = left.result()["operation"].as_str().unwrap().to_owned();
    assert_eq!(plan["summary"], format!("finish {operation}"), "{plan}");
    assert_eq!(steps(&plan), ["hold", "hold", "commit", "push", "applied", "release", "release", "wait", "settled"]);
    let specs = [("Application", "web", web["spec"].clone()), ("Application", "root", root["spec"].clone())];
    is_settled(&w, &fleet, &specs).await;
}

async fn what_a_hand_syncs(w: World) {
    let fleet = Fleet::repository(&w);
    let _argo = Controllers::start(&w, &fleet);
    w.create(application(&fleet, "web", "apps/shop", heals())).await;
    botched(&w, &fleet).await;
    let off = json!({"spec": {"syncPolicy": {"automated": null}}});
    w.api(ARGO, "Application").patch("web", &PatchParams::default(), &Patch::Merge(off)).await.unwrap();
    let by_hand = app(&w, "web").await;
    fleet.hide(true);
    let operator = Operator::new(&w);
    let told = operator.run(&["rollback", "deploy/web", "--dry-run", "-o", "json"]).await;
    let plan = told.assert(0).plan();
    assert_eq!(steps(&plan), ["undo", "wait"]);
    let durability = plan["durability"].as_str().unwrap().to_owned();
    assert!(durability.contains("at its next sync, which only a hand begins"), "{durability}");
    fleet.hide(false);
    let done = rollback(&operator).await;
    let plan = done.assert(0).plan();
    assert_eq!(
        (steps(&plan), &plan["durability"]),
        (["undo", "commit", "push", "wait"].map(String::from).to_vec(), &json!("sticks"))
    );
    is_settled(&w, &fleet, &[("Application", "web", by_hand["spec"].clone())]).await;
}
