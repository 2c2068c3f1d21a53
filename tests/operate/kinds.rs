//! Rollbacks of what is not a Deployment, with a crash at every boundary: each write happens once, and all ends as planned.

use crate::stage::{ALL, Stage, ended, striking};
use pilothouse::{
    model::{Intent, Kind, ObjectRef, OperationId, OperationState, Outcome, Plan},
    observe,
    operate::Strike,
    plan,
    sim::resource::resources,
};
use serde_json::{Value, json};
use std::{collections::HashMap, time::Duration};

fn template(tag: &str) -> Value {
    json!({"metadata": {"labels": {"app": "kind"}},
        "spec": {"containers": [{"name": "app", "image": format!("registry.example/shop/kind:{tag}")}]}})
}

/// As an operator would get it.
async fn planned(stage: &Stage, target: ObjectRef, revision: u64) -> Plan {
    let world = observe::World {
        cluster: stage.cluster.clone(),
        git_cache: stage.folder.path().join("git"),
        actor: "ana@bridge".into(),
        proven: HashMap::new(),
        chosen: HashMap::new(),
        repository: None,
    };
    let intent = Intent::Rollback { target, revision: Some(revision) };
    let facts = observe::gather(&world, &intent).await.unwrap();
    plan::plan(&intent, &facts, OperationId("op-1".into()), None, stage.cluster.clock().now()).unwrap()
}

fn words(plan: &Plan) -> Vec<&str> {
    plan.steps.iter().map(|step| step.step.as_str()).collect()
}

/// Carries a plan out that is struck at the `n`th boundary, and resumes it. False where there is no such boundary any more.
async fn survives(stage: &Stage, plan: &Plan, n: usize) -> bool {
    let mut running = stage.start_on(&striking(n, Strike::Crash, ALL), plan).await;
    if ended(&mut running).await.is_some() {
        return false;
    }
    if stage.state(&plan.operation) != OperationState::Done {
        let mut running = stage.resume(&plan.operation, None).await.unwrap();
        let (outcome, message) = ended(&mut running).await.unwrap();
        assert_eq!(outcome, Outcome::Done, "crash {n}: {message}");
    }
    true
}

/// A canary stopped at half, with a template that crashes.
async fn canary() -> Stage {
    let stage = Stage::new().await;
    let rollout = json!({
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "kind"}}, "template": template("1"),
            "strategy": {"canary": {"steps": [{"setWeight": 50}, {"pause": {}}]}}},
    });
    stage.world.store.create(&resources::ROLLOUTS, rollout).unwrap();
    let phase = |stage: &Stage| stage.get(&resources::ROLLOUTS, "web").unwrap()["status"]["phase"].clone();
    stage.until(|stage| phase(stage) == "Healthy").await;
    stage.edit(&resources::ROLLOUTS, "web", |object| object["spec"]["template"] = template("2-broken"));
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert_eq!(phase(&stage), "Progressing");
    stage
}

#[tokio::test(start_paused = true)]
async fn a_crash_anywhere_leaves_a_canary_aborted_and_undone_once() {
    let mut crashes = 0;
    for n in 0.. {
        let stage = canary().await;
        let before = stage.get(&resources::ROLLOUTS, "web").unwrap()["metadata"]["generation"].as_u64().unwrap();
        let plan = planned(&stage, ObjectRef::new(Kind::Rollout, "shop", "web"), 1).await;
        assert_eq!(words(&plan), ["abort", "undo", "wait"]);
        let struck = survives(&stage, &plan, n).await;
        let now = stage.get(&resources::ROLLOUTS, "web").unwrap();
        assert_eq!(now["metadata"]["generation"].as_u64(), Some(before + 1), "crash {n}: the template is written once");
        assert_eq!(
            (&now["status"]["phase"], &now["status"]["stableRS"]),
            (&json!("Healthy"), &now["status"]["currentPodHash"])
        );
        if !struck {
            break;
        }
        crashes += 1;
    }
    assert!(crashes > 12, "only {crashes} boundaries were met");
}

/// A StatefulSet whose second pod crashes after an update.
async fn stuck() -> Stage {
    let stage = Stage::new().await;
    let set = json!({
        "metadata": {"name": "db", "namespace": "shop"},
        "spec": {"replicas": 2, "serviceName": "db", "podManagementPolicy": "OrderedReady",
            "updateStrategy": {"type": "RollingUpdate"},
            "selector": {"matchLabels": {"app": "kind"}}, "template": template("1")},
    });
    stage.world.store.create(&resources::STATEFUL_SETS, set).unwrap();
    let ready = |stage: &Stage| stage.get(&resources::STATEFUL_SETS, "db").unwrap()["status"]["readyReplicas"] == 2;
    stage.until(ready).await;
    stage.edit(&resources::STATEFUL_SETS, "db", |object| object["spec"]["template"] = template("2-broken"));
    stage.until(|stage| !ready(stage)).await;
    tokio::time::sleep(Duration::from_secs(30)).await;
    stage
}

#[tokio::test(start_paused = true)]
async fn a_crash_anywhere_leaves_a_stateful_set_free_and_deletes_no_other_pod() {
    let mut crashes = 0;
    for n in 0.. {
        let stage = stuck().await;
        let kept = stage.uid(&resources::PODS, "db-0");
        let plan = planned(&stage, ObjectRef::new(Kind::StatefulSet, "shop", "db"), 1).await;
        assert_eq!(words(&plan), ["undo", "delete", "wait"]);
        let struck = survives(&stage, &plan, n).await;
        assert_eq!(stage.uid(&resources::PODS, "db-0"), kept, "crash {n}: what serves is left alone");
        let pod = stage.get(&resources::PODS, "db-1").unwrap();
        assert_eq!(pod["spec"]["containers"][0]["image"], "registry.example/shop/kind:1");
        if !struck {
            break;
        }
        crashes += 1;
    }
    assert!(crashes > 12, "only {crashes} boundaries were met");
}
