//! A broken release is rolled back, a service is restarted, and things happen.

use crate::stage::{ALL, FREE, Stage, deployment, ended, heard, striking};
use pilothouse::{
    formats::template,
    model::{
        Action, Control, Intent, Kind, ObjectRef, OperationState, Outcome, Plan, Progress, RevisionSource, StepState,
    },
    operate::{self, Consent, Strike},
    sim::{access::Rule, api::path::Verb, faults::Failure, resource::resources},
};
use serde_json::Value;
use std::time::Duration;

const TARGET: &str = "checkout";

fn image(stage: &Stage) -> String {
    let found = stage.get(&resources::DEPLOYMENTS, TARGET).unwrap();
    found["spec"]["template"]["spec"]["containers"][0]["image"].as_str().unwrap().to_owned()
}

fn generation(stage: &Stage) -> u64 {
    stage.get(&resources::DEPLOYMENTS, TARGET).unwrap()["metadata"]["generation"].as_u64().unwrap()
}

/// Deploys a tag that crashes, beside what serves.
async fn broken(stage: &Stage) {
    stage.edit(&resources::DEPLOYMENTS, TARGET, |object| {
        let image = "registry.example/shop/checkout:2.4.1-broken";
        object["spec"]["template"]["spec"]["containers"][0]["image"] = image.into();
    });
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert!(image(stage).ends_with("2.4.1-broken"));
}

/// Back to the first revision, as the planner would plan it.
async fn rollback(stage: &Stage, id: &str) -> Plan {
    let object = stage.get(&resources::DEPLOYMENTS, TARGET).unwrap();
    let sets = stage.world.store.list(&resources::REPLICA_SETS, Some("shop"));
    let first = sets.iter().find(|set| {
        let revision = &set["metadata"]["annotations"]["deployment.kubernetes.io/revision"];
        set["metadata"]["labels"]["app"] == TARGET && revision == "1"
    });
    let first = first.expect("revision 1 is kept");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let uid = text(&object["metadata"]["uid"]);
    let undo = Action::RestoreTemplate {
        object: deployment(TARGET),
        uid: uid.clone(),
        revision: 1,
        source: RevisionSource {
            kind: Kind::ReplicaSet,
            name: text(&first["metadata"]["name"]),
            uid: text(&first["metadata"]["uid"]),
        },
        before: template::hash(template::of(&object)),
        after: template::hash(&template::kept_by(first).unwrap()),
        unpause: false,
    };
    let wait = Action::WaitRollout { object: deployment(TARGET), uid };
    let intent = Intent::Rollback { target: deployment(TARGET), revision: Some(1) };
    stage.plan(id, intent, vec![("undo", undo), ("wait", wait)]).await
}

#[tokio::test(start_paused = true)]
async fn a_broken_release_is_put_back_and_the_template_is_proven() {
    let stage = Stage::new().await;
    broken(&stage).await;
    let plan = rollback(&stage, "op-1").await;
    let mut running = stage.start(&plan).await;
    let (outcome, message) = ended(&mut running).await.unwrap();
    assert_eq!(outcome, Outcome::Done, "{message}");
    assert!(image(&stage).ends_with("2.4.0"));
    assert_eq!(stage.ready(TARGET), 2);
    let object = stage.get(&resources::DEPLOYMENTS, TARGET).unwrap();
    assert!(stage.journals.proven().contains_key(&template::hash(template::of(&object))));
    let journal = std::fs::read_to_string(stage.folder.path().join("operations/op-1.jsonl")).unwrap();
    assert!(!journal.contains("containers"), "no template gets into the journal");
}

#[tokio::test(start_paused = true)]
async fn a_crash_anywhere_leaves_one_undo() {
    let mut crashes = 0;
    for n in 0.. {
        let stage = Stage::new().await;
        broken(&stage).await;
        let before = generation(&stage);
        let plan = rollback(&stage, "op-1").await;
        let mut running = stage.start_on(&striking(n, Strike::Crash, ALL), &plan).await;
        if ended(&mut running).await.is_some() {
            break;
        }
        crashes += 1;
        if stage.state(&plan.operation) != OperationState::Done {
            let mut running = stage.resume(&plan.operation, None).await.unwrap();
            let (outcome, message) = ended(&mut running).await.unwrap();
            assert_eq!(outcome, Outcome::Done, "crash {n}: {message}");
        }
        assert_eq!(generation(&stage), before + 1, "crash {n}");
        assert!(image(&stage).ends_with("2.4.0"));
    }
    assert!(crashes > 10, "only {crashes} boundaries were met");
}

#[tokio::test(start_paused = true)]
async fn a_template_that_changed_meanwhile_is_not_overwritten() {
    let stage = Stage::new().await;
    broken(&stage).await;
    let plan = rollback(&stage, "op-1").await;
    stage.edit(&resources::DEPLOYMENTS, TARGET, |object| {
        object["spec"]["template"]["spec"]["containers"][0]["image"] = "registry.example/shop/checkout:2.4.2".into();
    });
    let mut running = stage.start(&plan).await;
    let (outcome, message) = ended(&mut running).await.unwrap();
    assert_eq!(outcome, Outcome::Conflict, "{message}");
    assert!(image(&stage).ends_with("2.4.2"));
}

#[tokio::test(start_paused = true)]
async fn scaling_and_status_in_between_are_no_conflict() {
    let stage = Stage::new().await;
    broken(&stage).await;
    let plan = rollback(&stage, "op-1").await;
    stage.edit(&resources::DEPLOYMENTS, TARGET, |object| object["spec"]["replicas"] = 3.into());
    stage.world.faults.fail_next(3, Some(Verb::Patch), Some(&resources::DEPLOYMENTS), Failure::conflict());
    let mut running = stage.start(&plan).await;
    assert_eq!(ended(&mut running).await.unwrap().0, Outcome::Done);
    assert_eq!(stage.ready(TARGET), 3, "the replicas of now are kept");
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_one_undo() {
    let stage = Stage::new().await;
    broken(&stage).await;
    let before = generation(&stage);
    let plan = rollback(&stage, "op-1").await;
    let applied = Failure::timeout_after_applying();
    stage.world.faults.fail_next(2, Some(Verb::Patch), Some(&resources::DEPLOYMENTS), applied);
    let mut running = stage.start(&plan).await;
    let (outcome, message) = ended(&mut running).await.unwrap();
    assert_eq!(outcome, Outcome::Done, "{message}");
    assert_eq!(generation(&stage), before + 1);
}

#[tokio::test(start_paused = true)]
async fn a_rollout_that_cannot_come_up_is_told_long_before_kubernetes_gives_up() {
    let stage = Stage::new().await;
    broken(&stage).await;
    let object = stage.get(&resources::DEPLOYMENTS, TARGET).unwrap();
    let uid = object["metadata"]["uid"].as_str().unwrap().to_owned();
    let restart = Action::Restart { object: deployment(TARGET), uid: uid.clone(), at: stage.cluster.clock().now() };
    let wait = Action::WaitRollout { object: deployment(TARGET), uid };
    let plan = stage
        .plan("op-1", Intent::Restart { target: deployment(TARGET) }, vec![("restart", restart), ("wait", wait)])
        .await;
    let began = stage.cluster.clock().now();
    let mut running = stage.start(&plan).await;
    let (outcome, message) = ended(&mut running).await.unwrap();
    assert_eq!(outcome, Outcome::Failed, "{message}");
    assert!(message.to_lowercase().contains("crash"), "{message}");
    assert!(stage.cluster.clock().now().duration_since(began).as_secs() < 300);
    assert_eq!(stage.state(&plan.operation), OperationState::Failed);
}

#[tokio::test(start_paused = true)]
async fn a_restart_is_one_write_wherever_it_crashes() {
    let mut crashes = 0;
    for n in 0.. {
        let stage = Stage::new().await;
        let uid = stage.uid(&resources::DEPLOYMENTS, TARGET);
        let restart = Action::Restart { object: deployment(TARGET), uid: uid.clone(), at: stage.cluster.clock().now() };
        let wait = Action::WaitRollout { object: deployment(TARGET), uid };
        let intent = Intent::Restart { target: deployment(TARGET) };
        let plan = stage.plan("op-1", intent, vec![("restart", restart), ("wait", wait)]).await;
        let mut running = stage.start_on(&striking(n, Strike::Crash, ALL), &plan).await;
        if ended(&mut running).await.is_some() {
            break;
        }
        crashes += 1;
        if stage.state(&plan.operation) != OperationState::Done {
            let mut running = stage.resume(&plan.operation, Some(Control::Next)).await.unwrap();
            assert_eq!(ended(&mut running).await.unwrap().0, Outcome::Done, "crash {n}");
        }
        assert_eq!(generation(&stage), 2, "crash {n}");
    }
    assert!(crashes > 10, "only {crashes} boundaries were met");
}

#[tokio::test(start_paused = true)]
async fn aborting_leaves_a_rollback_that_rolls_and_says_so() {
    let stage = Stage::new().await;
    broken(&stage).await;
    let plan = rollback(&stage, "op-1").await;
    let mut running = stage.start(&plan).await;
    heard(&mut running, |p| matches!(p, Progress::Step { index: 1, .. })).await;
    running.control(Control::Abort);
    let (outcome, message) = ended(&mut running).await.unwrap();
    assert_eq!(outcome, Outcome::Failed);
    assert!(message.contains("stays rolled back"), "{message}");
    assert!(image(&stage).ends_with("2.4.0"));
}

/// Everything a rollback needs, without Leases.
fn without_leases() -> Vec<Rule> {
    vec![
        Rule::cluster(&["get", "list", "watch", "patch"], &["apps"], &["deployments", "replicasets"]),
        Rule::cluster(&["get", "list", "watch", "patch"], &["gateway.networking.k8s.io"], &["httproutes"]),
        Rule::cluster(&["get", "list", "watch"], &[""], &["pods", "services", "namespaces", "events"]),
        Rule::cluster(&["create"], &["authorization.k8s.io"], &["selfsubjectaccessreviews"]),
    ]
}

#[tokio::test(start_paused = true)]
async fn without_the_right_to_leases_a_rollback_goes_on_and_a_shift_does_not() {
    let mut stage = Stage::new().await;
    broken(&stage).await;
    stage.act_as("ben", without_leases());
    let plan = rollback(&stage, "op-1").await;
    let mut running = stage.start(&plan).await;
    let said = |p: &Progress| matches!(p, Progress::Step { detail, .. } if detail.contains("without a Lease"));
    heard(&mut running, said).await;
    assert_eq!(ended(&mut running).await.unwrap().0, Outcome::Done);

    let route = ObjectRef::new(Kind::HttpRoute, "shop", "checkout");
    let ready = Action::WaitReady { namespace: "shop".into(), service: "checkout-v2".into(), ready: 1 };
    let intent = Intent::Shift { target: route, to: "checkout-v2".into(), steps: vec![100], hold: 0 };
    let plan = stage.plan("op-2", intent, vec![("ready", ready)]).await;
    let mut running = stage.start(&plan).await;
    let (outcome, message) = ended(&mut running).await.unwrap();
    assert_eq!(outcome, Outcome::Refused);
    assert!(message.contains("needs a Lease"), "{message}");
}

#[tokio::test(start_paused = true)]
async fn without_the_right_to_write_the_guard_refuses_before_anything() {
    let mut stage = Stage::new().await;
    broken(&stage).await;
    let mut rules = without_leases();
    rules[0] = Rule::cluster(&["get", "list", "watch"], &["apps"], &["deployments", "replicasets"]);
    stage.act_as("ben", rules);
    let plan = rollback(&stage, "op-1").await;
    let refused = operate::start(plan, FREE, &Consent::Yes, &stage.crew()).await.unwrap_err();
    assert!(refused.to_string().contains("you may not patch deployments in shop"), "{refused}");
    assert!(refused.hint().is_some());
    assert!(stage.journals.list().operations.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_template_that_somebody_changes_during_the_wait_is_no_success() {
    let stage = Stage::new().await;
    broken(&stage).await;
    let plan = rollback(&stage, "op-1").await;
    let mut running = stage.start(&plan).await;
    heard(&mut running, |p| matches!(p, Progress::Step { index: 0, state: StepState::Done, .. })).await;
    stage.edit(&resources::DEPLOYMENTS, TARGET, |object| {
        object["spec"]["template"]["spec"]["containers"][0]["image"] = "registry.example/shop/checkout:2.5.0".into();
    });
    let (outcome, message) = ended(&mut running).await.unwrap();
    assert_eq!(outcome, Outcome::Conflict, "{message}");
    assert!(image(&stage).ends_with("2.5.0"), "what somebody else deployed is left alone");
    assert!(stage.journals.proven().is_empty(), "nothing was seen to work");
}
