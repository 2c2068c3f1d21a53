//! A migration runs once per release, whatever happens.

use crate::stage::{ALL, Stage, deployment, ended, striking};
use pilothouse::{
    formats::{job, template},
    model::{Action, Intent, JobRecipe, OperationState, Outcome, Plan, Progress},
    operate::Strike,
    sim::{api::path::Verb, faults::Failure, resource::resources, store::DeleteOptions},
};
use std::time::Duration;

async fn migrate(stage: &Stage, id: &str, tag: &str) -> Plan {
    let workload = stage.get(&resources::DEPLOYMENTS, "checkout").unwrap();
    let image = format!("registry.example/shop/checkout:{tag}");
    let command = vec!["./migrate".to_owned(), "up".to_owned()];
    let object = job::name(&deployment("checkout"), &image);
    let recipe = JobRecipe {
        workload: deployment("checkout"),
        uid: workload["metadata"]["uid"].as_str().unwrap().to_owned(),
        container: "app".into(),
        image,
        command: command.clone(),
        template: template::hash(template::of(&workload)),
    };
    let steps =
        vec![("create", Action::CreateJob { object: object.clone(), recipe }), ("wait", Action::WaitJob { object })];
    let intent = Intent::Migrate { target: deployment("checkout"), tag: Some(tag.into()), container: None, command };
    stage.plan(id, intent, steps).await
}

/// UIDs of all migration Jobs, and how many pods they had.
fn jobs(stage: &Stage) -> (usize, usize) {
    let jobs = stage.world.store.list(&resources::JOBS, Some("shop"));
    let pods = stage.world.store.list(&resources::PODS, Some("shop"));
    let of_jobs = pods.iter().filter(|pod| pod["metadata"]["labels"]["batch.kubernetes.io/job-name"].is_string());
    (jobs.len(), of_jobs.count())
}

fn record(stage: &Stage) -> Option<String> {
    let job = stage.world.store.list(&resources::CONFIG_MAPS, Some("shop"));
    let found = job.iter().find(|map| map["metadata"]["labels"][job::LABEL] == "true")?;
    found["data"]["state"].as_str().map(str::to_owned)
}

#[tokio::test(start_paused = true)]
async fn it_runs_its_log_is_kept_and_so_is_its_outcome() {
    let stage = Stage::new().await;
    let plan = migrate(&stage, "op-1", "2.5.0").await;
    let mut running = stage.start(&plan).await;
    let mut lines = 0;
    let mut outcome = None;
    while let Some(progress) = running.progress.recv().await {
        match progress {
            Progress::Log(_) => lines += 1,
            Progress::Result { outcome: how, message } => outcome = Some((how, message)),
            _ => {}
        }
    }
    assert_eq!(outcome.as_ref().unwrap().0, Outcome::Done, "{outcome:?}");
    assert!(lines > 0, "the log was shown");
    let saved = std::fs::read_to_string(stage.folder.path().join("operations/op-1.log")).unwrap();
    assert_eq!(saved.lines().count(), lines, "and saved");
    assert_eq!(jobs(&stage), (1, 1));
    assert_eq!(record(&stage).as_deref(), Some("complete"));
}

#[tokio::test(start_paused = true)]
async fn a_crash_anywhere_runs_it_once() {
    let mut crashes = 0;
    for n in 0.. {
        let stage = Stage::new().await;
        let plan = migrate(&stage, "op-1", "2.5.0").await;
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
        assert_eq!(jobs(&stage), (1, 1), "crash {n}");
        assert_eq!(record(&stage).as_deref(), Some("complete"), "crash {n}");
    }
    assert!(crashes > 10, "only {crashes} boundaries were met");
}

#[tokio::test(start_paused = true)]
async fn the_same_release_is_never_migrated_again() {
    let stage = Stage::new().await;
    let mut running = stage.start(&migrate(&stage, "op-1", "2.5.0").await).await;
    ended(&mut running).await.unwrap();
    let mut running = stage.start(&migrate(&stage, "op-2", "2.5.0").await).await;
    assert_eq!(ended(&mut running).await.unwrap().0, Outcome::Done);
    assert_eq!(jobs(&stage), (1, 1), "the Job that is there is followed");

    // Also once its time to live is over and the Job is gone.
    let name =
        stage.world.store.list(&resources::JOBS, Some("shop"))[0]["metadata"]["name"].as_str().unwrap().to_owned();
    stage.world.store.delete(&resources::JOBS, "shop", &name, DeleteOptions::default()).unwrap();
    stage.until(|stage| stage.get(&resources::JOBS, &name).is_none()).await;
    let mut running = stage.start(&migrate(&stage, "op-3", "2.5.0").await).await;
    let (outcome, message) = ended(&mut running).await.unwrap();
    assert_eq!(outcome, Outcome::Done, "{message}");
    assert_eq!(stage.world.store.list(&resources::JOBS, Some("shop")).len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_failed_migration_is_a_failure_and_stays_one() {
    let stage = Stage::new().await;
    let mut running = stage.start(&migrate(&stage, "op-1", "2.5.0-broken").await).await;
    let (outcome, message) = ended(&mut running).await.unwrap();
    assert_eq!(outcome, Outcome::Failed);
    assert!(message.contains("BackoffLimitExceeded"), "{message}");
    assert_eq!(record(&stage).as_deref(), Some("failed"));
    let mut running = stage.start(&migrate(&stage, "op-2", "2.5.0-broken").await).await;
    assert_eq!(ended(&mut running).await.unwrap().0, Outcome::Failed);
    assert_eq!(jobs(&stage), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn lost_answers_make_no_second_job() {
    let stage = Stage::new().await;
    let plan = migrate(&stage, "op-1", "2.5.0").await;
    let applied = Failure::timeout_after_applying();
    stage.world.faults.fail_next(3, Some(Verb::Create), Some(&resources::JOBS), applied);
    let mut running = stage.start(&plan).await;
    let (outcome, message) = ended(&mut running).await.unwrap();
    assert_eq!(outcome, Outcome::Done, "{message}");
    assert_eq!(jobs(&stage), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn an_image_that_is_not_there_is_said_early_and_given_up() {
    let stage = Stage::new().await;
    let mut running = stage.start(&migrate(&stage, "op-1", "2.5.0-missing").await).await;
    let began = stage.cluster.clock().now();
    let said = |p: &Progress| matches!(p, Progress::Step { detail, .. } if detail.contains("Image"));
    crate::stage::heard(&mut running, said).await;
    assert!(stage.cluster.clock().now().duration_since(began).as_secs() < 60);
    let (outcome, message) = ended(&mut running).await.unwrap();
    assert_eq!(outcome, Outcome::Failed);
    assert!(message.contains("left as it is"), "{message}");
    tokio::time::sleep(Duration::from_secs(1)).await;
}

#[tokio::test(start_paused = true)]
async fn a_template_that_changed_since_is_not_migrated_with() {
    let stage = Stage::new().await;
    let plan = migrate(&stage, "op-1", "2.5.0").await;
    stage.edit(&resources::DEPLOYMENTS, "checkout", |object| {
        object["spec"]["template"]["spec"]["containers"][0]["env"] = serde_json::json!([{"name": "A", "value": "b"}]);
    });
    let mut running = stage.start(&plan).await;
    assert_eq!(ended(&mut running).await.unwrap().0, Outcome::Conflict);
    assert_eq!(jobs(&stage), (0, 0));
}
