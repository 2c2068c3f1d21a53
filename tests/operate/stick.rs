//! A rollback against a reconciler that fights back, cut off at every boundary: by whoever began it, or by a colleague on another
//! machine who knows nothing but the cluster, it is finished, and what Git and the cluster say is one.

use crate::stage::{ALL, FREE, Stage, deployment, ended, striking};
use pilothouse::{
    connect::kube::Cluster,
    model::{Control, Facts, Intent, OperationId, OperationState, Outcome, Plan},
    observe, operate,
    operate::{Consent, Crew, Journals, Strike},
    plan::{self, PlanError},
    sim::{self, resource::resources},
};
use serde_json::{Value, json};
use std::{collections::HashMap, path::Path, process::Command, time::Duration};

const TARGET: &str = "checkout";
const IMAGE: &str = "registry.example/shop/checkout";
const FILE: &str = "kustomization.yaml";

fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .current_dir(folder)
        .args(["-c", "user.name=Ben", "-c", "user.email=ben@example.org"])
        .args(arguments)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()
        .unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn commit(stage: &Stage, tag: &str) {
    let clone = stage.folder.path().join("clone");
    let overlay = format!("resources: [checkout.yaml]\nimages:\n- name: {IMAGE}\n  newTag: \"{tag}\"\n");
    std::fs::write(clone.join(FILE), overlay).unwrap();
    git(&clone, &["add", "--all"]);
    git(&clone, &["commit", "--quiet", "-m", &format!("Checkout {tag}")]);
    git(&clone, &["push", "--quiet", "origin", "HEAD:main"]);
}

/// Somebody's commit broke what Flux applies; the pods of before still serve.
async fn botched() -> (Stage, tokio_util::task::AbortOnDropHandle<()>) {
    let stage = Stage::new().await;
    let folder = stage.folder.path();
    git(folder, &["init", "--quiet", "--bare", "--initial-branch=main", "remote.git"]);
    git(&folder.join("remote.git"), &["config", "user.name", "Ana"]);
    git(&folder.join("remote.git"), &["config", "user.email", "ana@example.org"]);
    git(folder, &["clone", "--quiet", "remote.git", "clone"]);
    git(&folder.join("clone"), &["checkout", "--quiet", "-B", "main"]);
    let manifest = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": TARGET, "namespace": "shop"},
        "spec": {"replicas": 2, "selector": {"matchLabels": {"app": TARGET}}, "template": {
            "metadata": {"labels": {"app": TARGET}}, "spec": {"containers": [{"name": "app", "image": IMAGE}]}}}});
    std::fs::write(folder.join("clone/checkout.yaml"), serde_json::to_string_pretty(&manifest).unwrap()).unwrap();
    commit(&stage, "2.4.0");
    let reconciler = sim::reconciler::spawn(&stage.world.store);
    let url = format!("file://{}", folder.join("remote.git").display());
    let create = |resource, object: Value| drop(stage.world.store.create(resource, object).unwrap());
    create(
        &resources::GIT_REPOSITORIES,
        json!({"metadata": {"name": "fleet", "namespace": "shop"},
        "spec": {"url": url, "ref": {"branch": "main"}, "interval": "30s"}}),
    );
    create(
        &resources::KUSTOMIZATIONS,
        json!({"metadata": {"name": "shop", "namespace": "shop"},
        "spec": {"path": "./", "interval": "30s", "sourceRef": {"kind": "GitRepository", "name": "fleet"}}}),
    );
    let owned = "/metadata/labels/kustomize.toolkit.fluxcd.io~1name";
    stage.until(|stage| stage.get(&resources::DEPLOYMENTS, TARGET).unwrap().pointer(owned).is_some()).await;
    commit(&stage, "2.4.1-broken");
    stage.until(|stage| image(stage).ends_with("2.4.1-broken")).await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    (stage, reconciler)
}

fn image(stage: &Stage) -> String {
    let found = stage.get(&resources::DEPLOYMENTS, TARGET).unwrap();
    found["spec"]["template"]["spec"]["containers"][0]["image"].as_str().unwrap().to_owned()
}

async fn planned(stage: &Stage, cluster: &Cluster, id: &str, revision: Option<u64>) -> Result<Plan, PlanError> {
    let intent = Intent::Rollback { target: deployment(TARGET), revision };
    let world = observe::World {
        cluster: cluster.clone(),
        git_cache: stage.folder.path().join(format!("git-{id}")),
        actor: format!("{id}@bridge"),
        proven: HashMap::new(),
        chosen: HashMap::new(),
        repository: None,
    };
    let mut facts = observe::gather(&world, &intent).await.unwrap();
    let Facts::Rollback(rollback) = &mut facts else { panic!("these are the facts of a rollback") };
    observe::sight(&world, rollback, intent.target(), Duration::from_secs(60)).await;
    plan::plan(&intent, &facts, OperationId(format!("op-{id}")), None, cluster.clock().now())
}

/// Nothing is held without saying so; and what is held is left alone.
fn is_honest(stage: &Stage, n: usize) {
    let object = stage.get(&resources::DEPLOYMENTS, TARGET).unwrap();
    let held = object["metadata"]["labels"]["kustomize.toolkit.fluxcd.io/reconcile"] == "disabled";
    let record = object["metadata"]["annotations"]["pilothouse.io/hold"].as_str();
    assert_eq!(held, record.is_some(), "crash {n}: {}", object["metadata"]);
}

/// Git and the cluster say 2.4.0, some intervals later as well, and nobody holds anything.
async fn is_settled(stage: &Stage, n: usize) {
    tokio::time::sleep(Duration::from_secs(120)).await;
    let said = git(&stage.folder.path().join("remote.git"), &["show", &format!("main:{FILE}")]);
    assert!(said.contains("newTag: \"2.4.0\""), "crash {n}: {said}");
    let object = stage.get(&resources::DEPLOYMENTS, TARGET).unwrap();
    assert!(image(stage).ends_with(":2.4.0") && stage.ready(TARGET) == 2, "crash {n}: {object:#}");
    assert!(object["metadata"]["labels"]["kustomize.toolkit.fluxcd.io/reconcile"].is_null(), "crash {n}");
    let commits = git(&stage.folder.path().join("remote.git"), &["rev-list", "--count", "main"]);
    assert_eq!(commits.trim(), "3", "crash {n}: one commit takes one back");
}

#[tokio::test(start_paused = true)]
async fn a_crash_anywhere_is_finished_by_whoever_began() {
    let mut crashes = 0;
    for n in 0.. {
        let (stage, _reconciler) = botched().await;
        let plan = planned(&stage, &stage.cluster, "ana", None).await.unwrap();
        let mut running = stage.start_on(&striking(n, Strike::Crash, ALL), &plan).await;
        if let Some((outcome, message)) = ended(&mut running).await {
            assert_eq!(outcome, Outcome::Done, "{message}");
            is_settled(&stage, n).await;
            break;
        }
        crashes += 1;
        tokio::time::sleep(Duration::from_secs(150)).await;
        is_honest(&stage, n);
        if stage.state(&plan.operation) != OperationState::Done {
            let resumed = stage.resume(&plan.operation, None).await;
            let mut running = resumed.unwrap_or_else(|error| panic!("crash {n}: {error}"));
            let (outcome, message) = ended(&mut running).await.unwrap();
            // Before the hold nothing kept Flux from writing what it writes anyway.
            assert_eq!(outcome, Outcome::Done, "crash {n}: {message}");
        }
        is_settled(&stage, n).await;
    }
    assert!(crashes > 30, "only {crashes} boundaries were met");
}

#[tokio::test(start_paused = true)]
async fn a_crash_anywhere_is_finished_by_a_colleague_elsewhere() {
    let mut finished = 0;
    for n in 0.. {
        let (stage, _reconciler) = botched().await;
        let plan = planned(&stage, &stage.cluster, "ana", None).await.unwrap();
        let mut running = stage.start_on(&striking(n, Strike::Crash, ALL), &plan).await;
        if ended(&mut running).await.is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_secs(150)).await;
        is_honest(&stage, n);
        let elsewhere = Crew {
            journals: Journals::at(stage.folder.path().join("elsewhere")),
            git_cache: stage.folder.path().join("git-ben"),
            ..stage.crew_of("ben@shore")
        };
        match planned(&stage, &stage.cluster, "ben", None).await {
            Ok(plan) => {
                let mut running = operate::start(plan, FREE, &Consent::Yes, &elsewhere).await.unwrap();
                let (outcome, message) = ended(&mut running).await.unwrap();
                assert_eq!(outcome, Outcome::Done, "crash {n}: {message}");
                finished += 1;
            }
            // All was done but for saying so.
            Err(PlanError::Unproven { .. } | PlanError::NothingToDo(_)) => {}
            Err(error) => panic!("crash {n}: {error}"),
        }
        is_settled(&stage, n).await;
    }
    assert!(finished > 25, "only {finished} were finished");
}

#[tokio::test(start_paused = true)]
async fn aborting_lets_the_owner_go() {
    let (stage, _reconciler) = botched().await;
    let plan = planned(&stage, &stage.cluster, "ana", None).await.unwrap();
    std::fs::rename(stage.folder.path().join("remote.git"), stage.folder.path().join("away.git")).unwrap();
    let mut running = stage.start(&plan).await;
    crate::stage::heard(&mut running, |progress| format!("{progress:?}").contains("trying again")).await;
    assert!(image(&stage).ends_with(":2.4.0"));
    running.control(Control::Abort);
    let (outcome, message) = ended(&mut running).await.unwrap();
    assert!(outcome == Outcome::Failed && message.contains("flux shop/shop is let go"), "{outcome:?} {message}");
    is_honest(&stage, 0);
    std::fs::rename(stage.folder.path().join("away.git"), stage.folder.path().join("remote.git")).unwrap();
    stage.until(|stage| image(stage).ends_with("2.4.1-broken")).await;
}
