//! Rolling back and restarting.

use crate::{
    pilothouse::Operator,
    world::{Behaviour, IMAGE, World, complete, deployment, image},
};
use futures::FutureExt;
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};

pub const ALL: &[(&str, Behaviour)] = &[
    ("rollback::a_botched_rollout_goes_back_to_what_serves", |w| a_botched_rollout(w).boxed_local()),
    ("rollback::a_paused_one_is_unpaused", |w| a_paused_one(w).boxed_local()),
    ("rollback::after_two_bad_deploys_not_to_the_middle_one", |w| two_bad_deploys(w).boxed_local()),
    ("rollback::revisions_of_another_owner_with_the_same_selector_do_not_count", |w| same_selector(w).boxed_local()),
    ("rollback::an_unproven_revision_is_asked_for", |w| an_unproven_revision(w).boxed_local()),
    ("rollback::a_dry_run_changes_nothing", |w| a_dry_run_changes_nothing(w).boxed_local()),
    ("rollback::read_only_refuses", |w| read_only_refuses(w).boxed_local()),
    ("rollback::without_a_terminal_it_must_be_told_yes", |w| it_must_be_told_yes(w).boxed_local()),
    ("rollback::what_does_not_exist_is_said", |w| what_does_not_exist(w).boxed_local()),
    ("rollback::secrets_stay_out_of_plan_and_journal", |w| secrets_stay_out(w).boxed_local()),
    ("rollback::configuration_that_changed_since_is_named", |w| changed_configuration(w).boxed_local()),
    ("rollback::a_stateful_set_goes_back", |w| a_stateful_set_goes_back(w).boxed_local()),
    ("restart::pods_are_replaced", |w| pods_are_replaced(w).boxed_local()),
];

async fn set_image(w: &World, tag: &str) {
    w.deployments().patch("web", &PatchParams::default(), &Patch::Strategic(image(tag))).await.unwrap();
}

fn runs(tag: &str) -> impl Fn(&Value) -> bool {
    let image = format!("{IMAGE}:{tag}");
    move |o| complete(o) && o["spec"]["template"]["spec"]["containers"][0]["image"] == image
}

/// `web` runs 1.0 with three pods, and a rollout to 1.1-broken is under way.
async fn botched(w: &World) {
    w.create(deployment("web", 3, "1.0")).await;
    w.rolled_out("web").await;
    set_image(w, "1.1-broken").await;
    w.until("apps/v1", "Deployment", "web", "stuck", |o| {
        o["status"]["observedGeneration"] == 2 && o["status"]["updatedReplicas"].as_i64() >= Some(1)
    })
    .await;
}

async fn a_botched_rollout(w: World) {
    botched(&w).await;
    let done = Operator::new(&w).run(&["rollback", "deploy/web", "--yes", "--why", "crash loop", "-o", "json"]).await;
    let plan = done.assert(0).plan();
    assert_eq!((&plan["verb"], &plan["durability"]), (&json!("rollback"), &json!("sticks")));
    assert!(plan["summary"].as_str().unwrap().contains('1'), "{}", plan["summary"]);
    assert_eq!(done.result()["outcome"], "done");
    let now = w.deployments().get("web").await.unwrap();
    assert!(
        runs("1.0")(&json!({"metadata": now.metadata, "spec": now.data["spec"], "status": now.data["status"]})),
        "healthy when it says done"
    );
    let states: Vec<Value> = done.lines().iter().filter(|l| l["event"] == "step").map(|l| l["state"].clone()).collect();
    assert!(states.contains(&json!("started")) && states.contains(&json!("done")), "{states:?}");
}

async fn two_bad_deploys(w: World) {
    botched(&w).await;
    set_image(&w, "1.2-broken").await;
    w.until("apps/v1", "Deployment", "web", "stuck again", |o| {
        o["status"]["observedGeneration"] == 3 && o["status"]["updatedReplicas"].as_i64() >= Some(1)
    })
    .await;
    let done = Operator::new(&w).run(&["rollback", "deploy/web", "--yes", "-o", "json"]).await;
    let plan = done.assert(0).plan();
    assert_eq!(plan["summary"], "3 → 1");
    let reasons = plan["reasons"].to_string();
    assert!(reasons.contains("not 2: "), "why the middle one is none: {reasons}");
    w.until("apps/v1", "Deployment", "web", "back", runs("1.0")).await;
}

async fn same_selector(w: World) {
    let mut twin = deployment("web", 5, "7.0");
    twin["metadata"]["name"] = "twin".into();
    w.create(twin).await;
    w.rolled_out("twin").await;
    w.deployments().patch("twin", &PatchParams::default(), &Patch::Strategic(image("8.0"))).await.unwrap();
    let newer = |o: &Value| complete(o) && o["metadata"]["generation"] == 2;
    w.until("apps/v1", "Deployment", "twin", "out", newer).await;
    botched(&w).await;
    let done = Operator::new(&w).run(&["rollback", "deploy/web", "--yes", "-o", "json"]).await;
    let plan = done.assert(0).plan();
    assert_eq!(plan["summary"], "2 → 1");
    // Five pods of the twin serve with the same labels; they are none of ours.
    assert!(plan["reasons"][0].as_str().unwrap().contains("3 ready pods serve now"), "{}", plan["reasons"]);
    w.until("apps/v1", "Deployment", "web", "back", runs("1.0")).await;
    let twin = w.until("apps/v1", "Deployment", "twin", "there", |_| true).await;
    assert_eq!(twin["spec"]["template"]["spec"]["containers"][0]["image"], format!("{IMAGE}:8.0"));
    assert_eq!(twin["metadata"]["generation"], 2, "nobody touched it");
}

async fn a_paused_one(w: World) {
    botched(&w).await;
    let pause = json!({"spec": {"paused": true}});
    w.deployments().patch("web", &PatchParams::default(), &Patch::Merge(pause)).await.unwrap();
    Operator::new(&w).run(&["rollback", "deploy/web", "--yes", "-o", "json"]).await.assert(0);
    let now = w.until("apps/v1", "Deployment", "web", "back and unpaused", runs("1.0")).await;
    assert_ne!(now["spec"]["paused"], true);
}

async fn an_unproven_revision(w: World) {
    w.create(deployment("web", 1, "1.0")).await;
    w.rolled_out("web").await;
    set_image(&w, "2.0").await;
    w.until("apps/v1", "Deployment", "web", "out", runs("2.0")).await;
    let operator = Operator::new(&w);
    let asked = operator.run(&["rollback", "deploy/web", "--yes"]).await;
    asked.assert(3);
    assert!(asked.err.contains("--to-revision"), "{}", asked.err);
    assert!(
        runs("2.0")(&serde_json::to_value(w.deployments().get("web").await.unwrap()).unwrap()),
        "nothing was changed"
    );
    operator.run(&["rollback", "deploy/web", "--to-revision", "1", "--yes", "-o", "json"]).await.assert(0);
    w.until("apps/v1", "Deployment", "web", "back", runs("1.0")).await;
    let nowhere = operator.run(&["rollback", "deploy/web", "--to-revision", "99", "--yes"]).await;
    assert_ne!(nowhere.code, 0);
    assert!(nowhere.err.contains("99"), "{}", nowhere.err);
}

async fn a_dry_run_changes_nothing(w: World) {
    botched(&w).await;
    let before = w.deployments().get("web").await.unwrap().metadata.generation;
    let operator = Operator::new(&w);
    let plan = operator.run(&["rollback", "deploy/web", "--dry-run", "-o", "json"]).await.assert(0).plan();
    assert!(plan["diff"].as_str().unwrap().contains("1.1-broken"), "{}", plan["diff"]);
    for step in plan["steps"].as_array().unwrap() {
        assert!(step["step"].is_string() && step["detail"].is_string(), "{step}");
    }
    for check in plan["preconditions"].as_array().unwrap() {
        assert!(check["what"].is_string() && check["ok"].is_boolean() && check["detail"].is_string(), "{check}");
    }
    let text = operator.run(&["rollback", "deploy/web", "--dry-run"]).await;
    assert!(text.assert(0).out.contains("Roll back"), "{}", text.out);
    assert_eq!(w.deployments().get("web").await.unwrap().metadata.generation, before);
    let none: Value = serde_json::from_str(&operator.run(&["operations", "-o", "json"]).await.assert(0).out).unwrap();
    assert_eq!(none["operations"], json!([]));
}

async fn read_only_refuses(w: World) {
    botched(&w).await;
    let refused = Operator::new(&w).run(&["rollback", "deploy/web", "--yes", "--read-only", "-o", "json"]).await;
    assert_eq!(refused.assert(3).result()["outcome"], "refused");
    assert_eq!(w.deployments().get("web").await.unwrap().metadata.generation, Some(2));
}

async fn it_must_be_told_yes(w: World) {
    botched(&w).await;
    let refused = Operator::new(&w).run(&["rollback", "deploy/web"]).await;
    refused.assert(3);
    assert!(refused.err.contains("--yes"), "{}", refused.err);
    assert_eq!(w.deployments().get("web").await.unwrap().metadata.generation, Some(2));
}

async fn what_does_not_exist(w: World) {
    let missing = Operator::new(&w).run(&["rollback", "deploy/ghost", "--yes"]).await;
    missing.assert(1);
    assert!(missing.err.contains("there is no Deployment") && missing.err.contains("/ghost"), "{}", missing.err);
    Operator::new(&w).run(&["rollback", "pod/web", "--yes"]).await.assert(2);
}

async fn secrets_stay_out(w: World) {
    let mut object = deployment("web", 2, "1.0");
    object["spec"]["template"]["spec"]["containers"][0]["env"] =
        json!([{"name": "DB_PASSWORD", "value": "old-hunter2"}]);
    w.create(object).await;
    w.rolled_out("web").await;
    let mut patch = image("1.1-broken");
    patch["spec"]["template"]["spec"]["containers"][0]["env"] =
        json!([{"name": "DB_PASSWORD", "value": "new-hunter2"}]);
    w.deployments().patch("web", &PatchParams::default(), &Patch::Strategic(patch)).await.unwrap();
    w.until("apps/v1", "Deployment", "web", "rolling", |o| o["status"]["updatedReplicas"].as_i64() >= Some(1)).await;
    let operator = Operator::new(&w);
    let done = operator.run(&["rollback", "deploy/web", "--yes", "-o", "json"]).await;
    done.assert(0);
    assert!(!done.out.contains("hunter2"), "{}", done.out);
    assert!(done.plan()["diff"].as_str().unwrap().contains("DB_PASSWORD"), "that it changes is said");
    let mut files = 0;
    for text in files_below(operator.home()) {
        files += 1;
        assert!(!text.contains("hunter2"), "{text}");
    }
    assert!(files >= 2, "the journal is among the files");
}

fn files_below(folder: &std::path::Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_below(&path));
        } else {
            found.push(String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned());
        }
    }
    found
}

async fn changed_configuration(w: World) {
    let settings =
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"n": "0"}});
    w.create(settings).await;
    let mut object = deployment("web", 1, "1.0");
    object["spec"]["template"]["spec"]["containers"][0]["envFrom"] = json!([{"configMapRef": {"name": "settings"}}]);
    w.create(object).await;
    w.rolled_out("web").await;
    set_image(&w, "1.1-broken").await;
    let sets = w.list("apps/v1", "ReplicaSet").await;
    let created = sets.iter().filter_map(|set| set["metadata"]["creationTimestamp"].as_str()).max().unwrap().to_owned();
    // Times are told in whole seconds: it is changed until that shows.
    for n in 1.. {
        let parameters = PatchParams { field_manager: Some("night-shift".into()), ..PatchParams::default() };
        let change = Patch::Merge(json!({"data": {"n": n.to_string()}}));
        let changed = w.api("v1", "ConfigMap").patch("settings", &parameters, &change).await.unwrap();
        let written = changed.metadata.managed_fields.unwrap_or_default();
        let by = written.iter().find(|entry| entry.manager.as_deref() == Some("night-shift"));
        if by.and_then(|entry| entry.time.as_ref()).is_some_and(|at| at.0.to_string() > created) {
            break;
        }
    }
    let run = Operator::new(&w).run(&["rollback", "deploy/web", "--to-revision", "1", "--dry-run", "-o", "json"]).await;
    let plan = run.assert(0).plan();
    let told = plan["preconditions"].as_array().unwrap().iter().filter_map(|p| p["detail"].as_str());
    let told: Vec<&str> = told.filter(|detail| detail.contains("cm/settings changed")).collect();
    assert!(told.len() == 1 && told[0].contains("by night-shift"), "{plan:#}");
}

async fn a_stateful_set_goes_back(w: World) {
    let mut object = deployment("db", 2, "1.0");
    object["kind"] = "StatefulSet".into();
    object["spec"]["serviceName"] = "db".into();
    w.create(object).await;
    let settled = |generation: i64, tag: &'static str| {
        move |o: &Value| {
            o["status"]["observedGeneration"] == generation
                && o["status"]["readyReplicas"].as_i64() == Some(2)
                && o["status"]["updateRevision"] == o["status"]["currentRevision"]
                && o["spec"]["template"]["spec"]["containers"][0]["image"] == format!("{IMAGE}:{tag}")
        }
    };
    w.until("apps/v1", "StatefulSet", "db", "ready", settled(1, "1.0")).await;
    let api = w.api("apps/v1", "StatefulSet");
    api.patch("db", &PatchParams::default(), &Patch::Strategic(image("2.0"))).await.unwrap();
    w.until("apps/v1", "StatefulSet", "db", "rolled", settled(2, "2.0")).await;
    Operator::new(&w).run(&["rollback", "sts/db", "--to-revision", "1", "--yes", "-o", "json"]).await.assert(0);
    w.until("apps/v1", "StatefulSet", "db", "back", settled(3, "1.0")).await;
}

async fn pods_are_replaced(w: World) {
    w.create(deployment("web", 2, "1.0")).await;
    w.rolled_out("web").await;
    let names = async || {
        let pods = w.list("v1", "Pod").await;
        let alive = pods.iter().filter(|p| p["metadata"]["deletionTimestamp"].is_null());
        alive.map(|p| p["metadata"]["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let before = names().await;
    let done = Operator::new(&w).run(&["restart", "deploy/web", "--yes", "-o", "json"]).await;
    assert_eq!(done.assert(0).result()["outcome"], "done");
    let after = names().await;
    assert_eq!(after.len(), 2);
    assert!(before.iter().all(|name| !after.contains(name)), "{before:?} {after:?}");
}
