//! A bump is followed until it serves: the reconciler is asked to hurry, and heard where it stalls.

use crate::{
    fleet::{FILE, Fleet, KUSTOMIZE, SOURCE},
    pilothouse::Operator,
    world::{Behaviour, IMAGE, World},
};
use futures::FutureExt;
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};

pub const ALL: &[(&str, Behaviour)] = &[
    ("follow::a_reconciler_with_a_long_interval_is_asked", |w| is_asked(w).boxed_local()),
    ("follow::a_reconciler_that_stalls_is_heard", |w| is_heard(w).boxed_local()),
];

/// Nobody waits for an interval of a day.
async fn seldom(w: &World) {
    let seldom = Patch::Merge(json!({"spec": {"interval": "24h"}}));
    for (api, kind, name) in [(SOURCE, "GitRepository", "fleet"), (KUSTOMIZE, "Kustomization", "shop")] {
        w.api(api, kind).patch(name, &PatchParams::default(), &seldom).await.unwrap();
    }
}

async fn is_asked(w: World) {
    let fleet = Fleet::new(&w).await;
    seldom(&w).await;
    fleet.reconcile(&w).await;
    let operator = Operator::new(&w);
    let pushed = operator.run(&["bump", "deploy/web", "1.1", "-c", "web", "--no-wait", "--yes", "-o", "json"]).await;
    let words = |value: &Value| value["step"].as_str().unwrap_or_default().to_owned();
    let planned: Vec<String> = pushed.assert(0).plan()["steps"].as_array().unwrap().iter().map(words).collect();
    assert_eq!(planned, ["commit", "push"], "it returns after the push");
    assert!(fleet.show(FILE).contains("\"1.1\" # ours"), "{}", fleet.show(FILE));

    let done = operator.run(&["bump", "deploy/web", "1.2", "-c", "web", "--yes", "-o", "json"]).await;
    let message = done.assert(0).result()["message"].as_str().unwrap().to_owned();
    assert!(message.contains("serves 1.2") && message.contains(" after its commit"), "{message}");
    let lines = done.lines();
    let applied = lines.iter().find(|line| line["step"] == "applied" && line["state"] == "done").unwrap();
    assert!(applied["detail"].as_str().unwrap().contains("the source had the commit "), "{applied}");
    let now = serde_json::to_value(w.deployments().get("web").await.unwrap()).unwrap();
    assert_eq!(crate::fleet::image(&now), format!("{IMAGE}:1.2"));
    let history = operator.run(&["history", "deploy/web", "-o", "json"]).await;
    let history: Value = serde_json::from_str(&history.assert(0).out).unwrap();
    let lead = &history["revisions"][0]["lead"];
    assert!(lead["seconds_from_commit"].as_i64() >= Some(0) && lead["serving"].is_string(), "{history}");
}

async fn is_heard(w: World) {
    let fleet = Fleet::new(&w).await;
    let broken = fleet.show(FILE).replace("web.yaml", "web.yaml, missing.yaml");
    fleet.commit(FILE, &broken, "a file is forgotten");
    let operator = Operator::new(&w);
    let running = operator.start(&["bump", "deploy/web", "1.1", "-c", "web", "--yes", "-o", "json"]);
    let stalls = |line: &Value| {
        let detail = line["detail"].as_str().unwrap_or_default();
        line["step"] == "applied" && detail.contains("Kustomization shop says ") && detail.contains("missing.yaml")
    };
    let running = running.until(stalls).await;
    running.signal("INT");
    let left = running.end().await;
    assert_eq!(left.code, 130, "{}", left.out);
    let id = left.result()["operation"].as_str().unwrap().to_owned();
    fleet.commit(FILE, &fleet.show(FILE).replace("web.yaml, missing.yaml", "web.yaml"), "not any more");
    let resumed = operator.run(&["operations", "resume", &id, "--yes", "-o", "json"]).await;
    let message = resumed.assert(0).result()["message"].as_str().unwrap().to_owned();
    assert!(message.contains("serves 1.1"), "{message}");
}
