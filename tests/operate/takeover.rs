//! What a crashed operation leaves behind keeps nobody out for long: on its own machine not at all, elsewhere for as long as clocks
//! and silence ask for; and whoever is still there is never taken over unasked.

use crate::stage::{FREE, Stage, deployment, ended, striking};
use pilothouse::{
    model::{Action, Control, Intent, Outcome, Plan},
    operate::{self, Boundary, Consent, Strike},
    sim::resource::resources,
};
use std::time::Duration;

const TARGET: &str = "checkout";
const LEASE: &str = "pilothouse-deployment-checkout";

async fn restart(stage: &Stage, id: &str) -> Plan {
    let object = deployment(TARGET);
    let uid = stage.uid(&resources::DEPLOYMENTS, TARGET);
    let at = stage.cluster.clock().now();
    let action = Action::Restart { object: object.clone(), uid, at };
    stage.plan(id, Intent::Restart { target: object }, vec![("restart", action)]).await
}

/// Killed after its write, as `kill -9` leaves it.
async fn killed(stage: &Stage) {
    let plan = restart(stage, "op-1").await;
    let mut running = stage.start_on(&striking(0, Strike::Crash, &[Boundary::AfterWrite]), &plan).await;
    assert_eq!(ended(&mut running).await, None);
    let lease = stage.get(&resources::LEASES, LEASE).unwrap();
    assert_eq!(lease["spec"]["holderIdentity"], "ana@bridge/op-1", "it could not let go");
}

/// How another operation by this actor ends, and after how many seconds.
async fn another(stage: &Stage, actor: &str) -> (Outcome, String, i64) {
    let began = stage.cluster.clock().now();
    let plan = restart(stage, &format!("op-{}", began.as_second())).await;
    let mut running = operate::start(plan, FREE, &Consent::Yes, &stage.crew_of(actor)).await.unwrap();
    let (outcome, message) = ended(&mut running).await.unwrap();
    (outcome, message, stage.cluster.clock().now().duration_since(began).as_secs())
}

#[tokio::test(start_paused = true)]
async fn on_the_same_machine_it_is_taken_over_at_once() {
    let stage = Stage::new().await;
    killed(&stage).await;
    let (outcome, message, seconds) = another(&stage, "ana@bridge").await;
    assert_eq!(outcome, Outcome::Done, "{message}");
    assert!(seconds < 2, "{seconds} s");
}

#[tokio::test(start_paused = true)]
async fn elsewhere_it_is_taken_over_within_three_quarters_of_a_minute() {
    let stage = Stage::new().await;
    killed(&stage).await;
    let crashed = stage.cluster.clock().now();
    let (outcome, message, _) = another(&stage, "ben@shore").await;
    assert_eq!(outcome, Outcome::Refused, "it was heard of just now: {message}");
    tokio::time::sleep(Duration::from_secs(12)).await;
    let (outcome, message, watched) = another(&stage, "ben@shore").await;
    assert_eq!(outcome, Outcome::Done, "{message}");
    assert!(watched >= 24, "it was watched for {watched} s only");
    let all = stage.cluster.clock().now().duration_since(crashed).as_secs();
    assert!(all <= 45, "{all} s");
}

#[tokio::test(start_paused = true)]
async fn a_holder_whose_clock_is_wrong_is_not_taken_for_gone() {
    for skew in [-86_400, 86_400] {
        let stage = Stage::new().await;
        let wait = Action::WaitReady { namespace: "shop".into(), service: "nowhere".into(), ready: 1 };
        let plan = stage.plan("op-1", Intent::Restart { target: deployment(TARGET) }, vec![("ready", wait)]).await;
        let mut running = stage.start(&plan).await;
        stage.until(|stage| stage.get(&resources::LEASES, LEASE).is_some()).await;
        stage.edit(&resources::LEASES, LEASE, |lease| {
            let wrong = stage.cluster.clock().now() + jiff::SignedDuration::from_secs(skew);
            lease["spec"]["renewTime"] = wrong.strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string().into();
        });
        let (outcome, message, seconds) = another(&stage, "ben@shore").await;
        assert_eq!(outcome, Outcome::Refused, "{message}");
        assert!(message.contains("ana@bridge/op-1") && seconds <= 10, "{seconds} s: {message}");
        running.control(Control::Leave);
        assert_eq!(ended(&mut running).await.unwrap().0, Outcome::Interrupted);
    }
}
