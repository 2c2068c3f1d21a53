//! A pilot moves the traffic of the checkout, and things happen.

use crate::stage::{ALL, FREE, Stage, ended, heard, paused, striking};
use pilothouse::{
    model::{Action, Control, Intent, Kind, ObjectRef, OperationState, Outcome, Plan, Progress, StepState, Weight},
    operate::{
        self, Boundary, Consent, JournalError, Mode, RefusalKind, Refused, StartError, Strike, Terms, guard::authorize,
    },
    sim::{access::Rule, api::path::Verb, faults::Failure, resource::resources},
};
use rstest::rstest;
use std::time::Duration;

fn route() -> ObjectRef {
    ObjectRef::new(Kind::HttpRoute, "shop", "checkout")
}

fn weights(old: u32, new: u32) -> Vec<Weight> {
    let weight = |backend, name: &str, weight| Weight { rule: 0, backend, name: name.into(), weight };
    vec![weight(0, "checkout", old), weight(1, "checkout-v2", new)]
}

const QUARTERS: &[u32] = &[25, 50, 75, 100];
const HALVES: &[u32] = &[50, 100];

/// A shift by these shares, each held for `hold` seconds.
async fn shift_by(stage: &Stage, id: &str, shares: &[u32], hold: u64) -> Plan {
    let uid = stage.uid(&resources::HTTP_ROUTES, "checkout");
    let ready = Action::WaitReady { namespace: "shop".into(), service: "checkout-v2".into(), ready: 1 };
    let mut steps = vec![("ready", ready)];
    let mut last = 0;
    for &share in shares {
        let (before, after) = (weights(100 - last, last), weights(100 - share, share));
        last = share;
        steps.push(("weights", Action::SetWeights { object: route(), uid: uid.clone(), before, after }));
        let service = "checkout-v2".to_owned();
        steps.push(("hold", Action::Hold { seconds: hold, namespace: "shop".into(), service }));
    }
    let to = "checkout-v2".to_owned();
    let intent = Intent::Shift { target: route(), to, steps: shares.to_vec(), hold };
    stage.plan(id, intent, steps).await
}

/// 25, 50, 75, 100.
async fn shift(stage: &Stage, id: &str, hold: u64) -> Plan {
    shift_by(stage, id, QUARTERS, hold).await
}

/// The weights that the route goes through.
fn course(shares: &[u32]) -> Vec<Vec<u64>> {
    let all = std::iter::once(&0).chain(shares);
    all.map(|&share| vec![100 - u64::from(share), u64::from(share)]).collect()
}

fn assert_sums(stage: &Stage) {
    for weights in stage.history() {
        assert_eq!(weights.iter().sum::<u64>(), 100, "{weights:?}");
    }
}

/// Waits until the hold after increment `n` (from 1) has begun.
async fn holding(running: &mut pilothouse::operate::Running, n: usize) {
    let until = |progress: &Progress| matches!(progress, Progress::Step { index, state: StepState::Started, .. } if *index == 2 * n);
    heard(running, until).await;
    heard(running, |progress| matches!(progress, Progress::HoldUntil(Some(_)))).await;
}

#[tokio::test(start_paused = true)]
async fn it_goes_all_the_way_and_takes_its_time() {
    let stage = Stage::new().await;
    let plan = shift(&stage, "op-1", 300).await;
    let began = stage.cluster.clock().now();
    let mut running = stage.start(&plan).await;
    assert_eq!(ended(&mut running).await.unwrap().0, Outcome::Done);
    assert_eq!(stage.history(), course(QUARTERS));
    assert!(stage.cluster.clock().now().duration_since(began).as_secs() >= 4 * 300);
    assert_eq!(stage.state(&plan.operation), OperationState::Done);
    let lease = stage.get(&resources::LEASES, "pilothouse-httproute-checkout").unwrap();
    assert!(lease["spec"]["holderIdentity"].is_null(), "given back: {lease}");
}

#[tokio::test(start_paused = true)]
async fn a_crash_anywhere_is_finished_with_each_increment_written_once() {
    let mut crashes = 0;
    for n in 0.. {
        let stage = Stage::new().await;
        let plan = shift_by(&stage, "op-1", HALVES, 20).await;
        let mut running = stage.start_on(&striking(n, Strike::Crash, ALL), &plan).await;
        if ended(&mut running).await.is_some() {
            break;
        }
        crashes += 1;
        let before = stage.state(&plan.operation);
        if before == OperationState::Done {
            // The crash came between the last record and the last word.
            assert_eq!(stage.history(), course(HALVES));
            continue;
        }
        assert_eq!(before, OperationState::Interrupted, "crash {n}");
        let mut running = stage.resume(&plan.operation, Some(Control::Next)).await.unwrap();
        let (outcome, message) = ended(&mut running).await.unwrap();
        assert_eq!(outcome, Outcome::Done, "crash {n}: {message}");
        assert_eq!(stage.history(), course(HALVES), "crash {n}");
        let route = stage.get(&resources::HTTP_ROUTES, "checkout").unwrap();
        assert_eq!(route["metadata"]["generation"], 3, "crash {n}: two writes and no more");
    }
    assert!(crashes > 35, "only {crashes} boundaries were met");
}

#[tokio::test(start_paused = true)]
async fn a_crash_anywhere_can_be_taken_all_the_way_back() {
    let mut crashes = 0;
    for n in 0.. {
        let stage = Stage::new().await;
        let plan = shift_by(&stage, "op-1", HALVES, 20).await;
        let mut running = stage.start_on(&striking(n, Strike::Crash, ALL), &plan).await;
        if ended(&mut running).await.is_some() {
            break;
        }
        if stage.state(&plan.operation) == OperationState::Done {
            continue;
        }
        crashes += 1;
        let mut running = stage.resume(&plan.operation, Some(Control::Abort)).await.unwrap();
        let (outcome, message) = ended(&mut running).await.unwrap();
        assert_eq!(outcome, Outcome::SteppedBack, "crash {n}: {message}");
        assert_eq!(stage.weights(), [100, 0], "crash {n}");
        assert_sums(&stage);
        assert_eq!(stage.state(&plan.operation), OperationState::SteppedBack);
        assert!(matches!(stage.resume(&plan.operation, None).await, Err(StartError::Ended { .. })));
    }
    assert!(crashes > 35, "only {crashes} boundaries were met");
}

/// Crashes while going back, at every boundary of it, and goes back again.
#[rstest]
#[case(Control::Abort, Outcome::SteppedBack, &[100, 0])]
#[case(Control::StepBack, Outcome::Interrupted, &[75, 25])]
#[tokio::test(start_paused = true)]
async fn a_crash_while_going_back_still_ends_there(
    #[case] control: Control,
    #[case] outcome: Outcome,
    #[case] weights: &[u64],
) {
    let mut crashes = 0;
    for n in 0.. {
        let stage = Stage::new().await;
        let plan = shift(&stage, "op-1", 600).await;
        let mut running = stage.start(&plan).await;
        holding(&mut running, 2).await;
        running.control(Control::Leave);
        assert_eq!(ended(&mut running).await.unwrap().0, Outcome::Interrupted);
        let terms = striking(n, Strike::Crash, ALL);
        let resumed = operate::resume_on(&terms, &plan.operation, FREE, control, &Consent::Yes, &stage.crew()).await;
        let mut running = resumed.unwrap();
        running.control(Control::Leave);
        if ended(&mut running).await.is_some() {
            break;
        }
        crashes += 1;
        if stage.state(&plan.operation).is_final() {
            assert_eq!(stage.weights(), weights);
            continue;
        }
        let order = (stage.weights() != weights).then_some(control);
        let mut running = stage.resume(&plan.operation, order).await.unwrap();
        if outcome == Outcome::Interrupted {
            paused(&mut running).await;
            running.control(Control::Leave);
        }
        assert_eq!(ended(&mut running).await.unwrap().0, outcome, "crash {n}");
        assert_eq!(stage.weights(), weights, "crash {n}");
        assert_sums(&stage);
    }
    assert!(crashes > 8, "only {crashes} boundaries were met");
}

#[tokio::test(start_paused = true)]
async fn a_full_disk_stops_everything_before_the_write() {
    let mut stops = 0;
    for n in 0.. {
        let stage = Stage::new().await;
        let plan = shift_by(&stage, "op-1", HALVES, 20).await;
        let mut running = stage.start_on(&striking(n, Strike::DiskFull, &[Boundary::BeforeRecord]), &plan).await;
        let (outcome, message) = ended(&mut running).await.unwrap();
        if outcome == Outcome::Done {
            break;
        }
        stops += 1;
        assert_eq!(outcome, Outcome::Interrupted, "{message}");
        assert!(message.contains("make room"), "{message}");
        let written = stage.history().len();
        tokio::time::sleep(Duration::from_secs(600)).await;
        assert_eq!(stage.history().len(), written, "nothing is written after the journal failed");
        let mut running = stage.resume(&plan.operation, Some(Control::Next)).await.unwrap();
        assert_eq!(ended(&mut running).await.unwrap().0, Outcome::Done);
        assert_eq!(stage.history(), course(HALVES));
    }
    assert!(stops > 12, "only {stops} records were met");
}

#[tokio::test(start_paused = true)]
async fn lost_answers_are_looked_after() {
    let stage = Stage::new().await;
    let plan = shift(&stage, "op-1", 20).await;
    let mut running = stage.start(&plan).await;
    for n in 1..=4 {
        stage.world.faults.fail_next(
            2,
            Some(Verb::Patch),
            Some(&resources::HTTP_ROUTES),
            Failure::timeout_after_applying(),
        );
        holding(&mut running, n).await;
    }
    assert_eq!(ended(&mut running).await.unwrap().0, Outcome::Done);
    assert_eq!(stage.history(), course(QUARTERS));
    assert_eq!(stage.get(&resources::HTTP_ROUTES, "checkout").unwrap()["metadata"]["generation"], 5);
}

#[tokio::test(start_paused = true)]
async fn an_absent_api_server_is_waited_for() {
    let stage = Stage::new().await;
    let plan = shift(&stage, "op-1", 60).await;
    let mut running = stage.start(&plan).await;
    holding(&mut running, 1).await;
    stage.world.faults.fail_next(40, None, None, Failure::unavailable());
    let (outcome, message) = ended(&mut running).await.unwrap();
    assert_eq!(outcome, Outcome::Done, "{message}");
    assert_eq!(stage.history(), course(QUARTERS));
}

#[tokio::test(start_paused = true)]
async fn pause_next_and_step_back() {
    let stage = Stage::new().await;
    let plan = shift(&stage, "op-1", 600).await;
    let mut running = stage.start(&plan).await;
    holding(&mut running, 1).await;
    running.control(Control::Next);
    holding(&mut running, 2).await;
    running.control(Control::Pause);
    paused(&mut running).await;
    assert_eq!(stage.state(&plan.operation), OperationState::Paused);
    tokio::time::sleep(Duration::from_secs(7200)).await;
    assert_eq!(stage.weights(), [50, 50], "a pause has no end of its own");
    running.control(Control::StepBack);
    paused(&mut running).await;
    assert_eq!(stage.weights(), [75, 25]);
    running.control(Control::StepBack);
    paused(&mut running).await;
    assert_eq!(stage.weights(), [100, 0]);
    running.control(Control::StepBack);
    paused(&mut running).await;
    assert_eq!(stage.weights(), [100, 0], "there is nothing left to take back");
    running.control(Control::Next);
    holding(&mut running, 1).await;
    running.control(Control::Abort);
    assert_eq!(ended(&mut running).await.unwrap().0, Outcome::SteppedBack);
    assert_eq!(stage.weights(), [100, 0]);
    assert_sums(&stage);
}

#[tokio::test(start_paused = true)]
async fn another_process_controls_it_by_a_file() {
    let stage = Stage::new().await;
    let plan = shift(&stage, "op-1", 600).await;
    let mut running = stage.start(&plan).await;
    holding(&mut running, 1).await;
    stage.journals.control(&plan.operation, Control::Pause).unwrap();
    paused(&mut running).await;
    stage.journals.control(&plan.operation, Control::Abort).unwrap();
    assert_eq!(ended(&mut running).await.unwrap().0, Outcome::SteppedBack);
    assert_eq!(stage.weights(), [100, 0]);
}

#[tokio::test(start_paused = true)]
async fn what_is_left_of_a_hold_survives_and_the_time_in_between_does_not_count() {
    let stage = Stage::new().await;
    let plan = shift(&stage, "op-1", 600).await;
    let mut running = stage.start(&plan).await;
    holding(&mut running, 1).await;
    tokio::time::sleep(Duration::from_secs(400)).await;
    running.control(Control::Leave);
    assert_eq!(ended(&mut running).await.unwrap().0, Outcome::Interrupted);
    assert_eq!(stage.state(&plan.operation), OperationState::Interrupted);
    tokio::time::sleep(Duration::from_secs(86_400)).await;
    let resumed = stage.cluster.clock().now();
    let mut running = stage.resume(&plan.operation, None).await.unwrap();
    holding(&mut running, 2).await;
    let rest = stage.cluster.clock().now().duration_since(resumed).as_secs();
    assert!((200..240).contains(&rest), "{rest} s were held after the resume");
}

#[tokio::test(start_paused = true)]
async fn a_paused_shift_stays_paused_unless_told_to_go_on() {
    let stage = Stage::new().await;
    let plan = shift(&stage, "op-1", 60).await;
    let mut running = stage.start(&plan).await;
    holding(&mut running, 1).await;
    running.control(Control::Pause);
    paused(&mut running).await;
    running.control(Control::Leave);
    assert_eq!(ended(&mut running).await.unwrap().0, Outcome::Interrupted);
    assert_eq!(stage.state(&plan.operation), OperationState::Paused);
    let mut running = stage.resume(&plan.operation, None).await.unwrap();
    paused(&mut running).await;
    running.control(Control::Leave);
    ended(&mut running).await.unwrap();
    let mut running = stage.resume(&plan.operation, Some(Control::Next)).await.unwrap();
    assert_eq!(ended(&mut running).await.unwrap().0, Outcome::Done);
}

#[tokio::test(start_paused = true)]
async fn weights_that_somebody_else_changed_are_not_touched() {
    let stage = Stage::new().await;
    let plan = shift(&stage, "op-1", 60).await;
    let mut running = stage.start(&plan).await;
    holding(&mut running, 1).await;
    stage.edit(&resources::HTTP_ROUTES, "checkout", |route| {
        route["spec"]["rules"][0]["backendRefs"][0]["weight"] = 90.into();
        route["spec"]["rules"][0]["backendRefs"][1]["weight"] = 10.into();
    });
    let (outcome, message) = ended(&mut running).await.unwrap();
    assert_eq!(outcome, Outcome::Conflict);
    assert!(message.contains("checkout 90, checkout-v2 10"), "{message}");
    assert_eq!(stage.weights(), [90, 10]);
}

#[tokio::test(start_paused = true)]
async fn a_target_without_pods_pauses_the_shift_and_going_back_asks_no_gate() {
    let stage = Stage::new().await;
    let plan = shift(&stage, "op-1", 600).await;
    let mut running = stage.start(&plan).await;
    holding(&mut running, 1).await;
    stage.edit(&resources::DEPLOYMENTS, "checkout-v2", |deployment| deployment["spec"]["replicas"] = 0.into());
    paused(&mut running).await;
    assert_eq!(stage.weights(), [75, 25]);
    running.control(Control::Abort);
    assert_eq!(ended(&mut running).await.unwrap().0, Outcome::SteppedBack);
    assert_eq!(stage.weights(), [100, 0]);
}

#[tokio::test(start_paused = true)]
async fn it_does_not_begin_before_the_target_is_ready() {
    let stage = Stage::new().await;
    stage.edit(&resources::DEPLOYMENTS, "checkout-v2", |deployment| deployment["spec"]["replicas"] = 0.into());
    stage.until(|stage| stage.ready("checkout-v2") == 0).await;
    let plan = shift(&stage, "op-1", 20).await;
    let mut running = stage.start(&plan).await;
    running.control(Control::Next);
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert_eq!(stage.weights(), [100, 0], "neither time nor `next` makes up for a missing pod");
    stage.edit(&resources::DEPLOYMENTS, "checkout-v2", |deployment| deployment["spec"]["replicas"] = 1.into());
    assert_eq!(ended(&mut running).await.unwrap().0, Outcome::Done);
}

async fn start_as(actor: &str, stage: &Stage, plan: &Plan, take_over: bool) -> operate::Running {
    let terms = Terms { take_over, fault: None };
    operate::start_on(&terms, plan.clone(), FREE, &Consent::Yes, &stage.crew_of(actor)).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn two_operators_one_lease() {
    let stage = Stage::new().await;
    let first = shift(&stage, "op-1", 600).await;
    let mut running = stage.start(&first).await;
    holding(&mut running, 1).await;
    let second = shift(&stage, "op-2", 600).await;
    let mut refused = start_as("ben@deck", &stage, &second, false).await;
    let (outcome, message) = ended(&mut refused).await.unwrap();
    assert_eq!(outcome, Outcome::Refused);
    for part in ["ana@bridge/op-1", "shift", "step 3 of 9, hold"] {
        assert!(message.contains(part), "{message}");
    }
    assert_eq!(stage.weights(), [75, 25]);

    // The first one vanishes without a word: its Lease is watched for as long as it is good for, and then taken.
    running.control(Control::Pause);
    paused(&mut running).await;
    running.control(Control::Leave);
    ended(&mut running).await.unwrap();
    let terms = striking(1, Strike::Crash, ALL);
    let resumed = operate::resume_on(&terms, &first.operation, FREE, None, &Consent::Yes, &stage.crew()).await;
    assert!(ended(&mut resumed.unwrap()).await.is_none());
    let third = shift(&stage, "op-3", 600).await;
    let mut refused = start_as("ben@deck", &stage, &third, false).await;
    assert_eq!(ended(&mut refused).await.unwrap().0, Outcome::Refused);
    tokio::time::sleep(Duration::from_secs(90)).await;
    let fourth = shift(&stage, "op-4", 600).await;
    let mut taking = start_as("ben@deck", &stage, &fourth, false).await;
    let (outcome, message) = ended(&mut taking).await.unwrap();
    assert_eq!(outcome, Outcome::Conflict, "the Lease is taken, and the weights are not the plan's: {message}");
}

#[tokio::test(start_paused = true)]
async fn whoever_was_taken_over_stops() {
    let stage = Stage::new().await;
    let first = shift(&stage, "op-1", 600).await;
    let mut running = stage.start(&first).await;
    holding(&mut running, 1).await;
    let second = shift(&stage, "op-2", 600).await;
    let mut taking = start_as("ben@deck", &stage, &second, true).await;
    assert_eq!(ended(&mut taking).await.unwrap().0, Outcome::Conflict);
    stage.edit(&resources::LEASES, "pilothouse-httproute-checkout", |lease| {
        lease["spec"]["holderIdentity"] = "ben@deck/op-2".into();
    });
    let (outcome, message) = ended(&mut running).await.unwrap();
    assert_eq!(outcome, Outcome::Interrupted);
    assert!(message.contains("ben@deck/op-2"), "{message}");
    assert_eq!(stage.weights(), [75, 25], "nothing was written after the Lease was lost");
    // Resuming while somebody else holds it is refused, and the operation stays to be resumed.
    stage.edit(&resources::LEASES, "pilothouse-httproute-checkout", |lease| {
        lease["spec"]["renewTime"] = serde_json::json!(stage.cluster.clock().now().to_string());
    });
    let mut resumed = stage.resume(&first.operation, None).await.unwrap();
    assert_eq!(ended(&mut resumed).await.unwrap().0, Outcome::Refused);
    assert_eq!(stage.state(&first.operation), OperationState::Interrupted);
}

#[tokio::test(start_paused = true)]
async fn the_guard_is_asked_each_time() {
    let stage = Stage::new().await;
    let plan = shift(&stage, "op-1", 600).await;
    let read_only = Mode { read_only: true, protected: false };
    let kind = |refused: Result<operate::Permit, Refused>| refused.map(drop).unwrap_err().kind;
    let ask = async |plan: &Plan, mode| authorize(plan, mode, &Consent::Yes, &stage.cluster).await;
    assert_eq!(kind(ask(&plan, read_only).await), RefusalKind::ReadOnly);
    let mut other = plan.clone();
    other.cluster.uid = Some("another".into());
    assert_eq!(kind(ask(&other, FREE).await), RefusalKind::OtherCluster);
    let mut blocked = plan.clone();
    blocked.preconditions.push(pilothouse::model::Precondition::require("ready", false, "none"));
    assert_eq!(kind(ask(&blocked, FREE).await), RefusalKind::Precondition);
    assert!(ask(&plan, FREE).await.is_ok());
    let refused = operate::start(plan.clone(), read_only, &Consent::Yes, &stage.crew()).await;
    assert!(matches!(refused, Err(StartError::Refused(_))));
    assert!(stage.journals.list().operations.is_empty());

    let mut running = stage.start(&plan).await;
    holding(&mut running, 1).await;
    let held = stage.resume(&plan.operation, None).await;
    assert!(matches!(held, Err(StartError::Journal(JournalError::Held { .. }))));
    running.control(Control::Leave);
    ended(&mut running).await.unwrap();
    let refused = operate::resume(&plan.operation, read_only, None, &Consent::Yes, &stage.crew()).await;
    assert!(matches!(refused, Err(StartError::Refused(_))));
    assert_eq!(stage.state(&plan.operation), OperationState::Interrupted);
}

#[tokio::test(start_paused = true)]
async fn a_right_that_is_taken_away_midway_ends_it_resumable() {
    let mut stage = Stage::new().await;
    let look = || Rule::cluster(&["get", "list", "watch"], &["*"], &["*"]);
    let leases = || Rule::cluster(&["get", "create", "patch"], &["coordination.k8s.io"], &["leases"]);
    let ask = || Rule::cluster(&["create"], &["authorization.k8s.io"], &["*"]);
    let routes = || Rule::cluster(&["patch"], &["gateway.networking.k8s.io"], &["httproutes"]);
    stage.act_as("ben", vec![look(), leases(), ask(), routes()]);
    let plan = shift_by(&stage, "op-1", HALVES, 60).await;
    let mut running = stage.start(&plan).await;
    holding(&mut running, 1).await;
    stage.world.set_rules("ben", vec![look(), leases(), ask()]);
    let (outcome, message) = ended(&mut running).await.unwrap();
    assert_eq!(outcome, Outcome::Refused, "{message}");
    assert!(message.contains("cannot patch resource") && message.contains("operations resume"), "{message}");
    assert_eq!((stage.state(&plan.operation), stage.weights()), (OperationState::Interrupted, vec![50, 50]));
    let refused = stage.resume(&plan.operation, Some(Control::Next)).await.unwrap_err();
    assert!(refused.to_string().contains("you may not patch httproutes in shop"), "{refused}");

    stage.world.set_rules("ben", vec![look(), leases(), ask(), routes()]);
    let mut running = stage.resume(&plan.operation, Some(Control::Next)).await.unwrap();
    assert_eq!(ended(&mut running).await.unwrap().0, Outcome::Done);
    assert_eq!(stage.history(), course(HALVES));
}

#[tokio::test(start_paused = true)]
async fn a_right_that_was_never_there_ends_it_before_anything_was_changed() {
    let mut stage = Stage::new().await;
    // What may be asked about rights says yes; the write is refused all the same, as by an authorizer that was changed just now.
    let rules =
        [(&["get", "list", "watch"][..], "*", "*"), (&["get", "create", "patch"], "coordination.k8s.io", "leases")];
    stage.act_as("ben", rules.map(|(verbs, group, kind)| Rule::cluster(verbs, &[group], &[kind])).to_vec());
    let mut plan = shift_by(&stage, "op-1", HALVES, 60).await;
    plan.needs.clear();
    let mut running = stage.start(&plan).await;
    assert_eq!(ended(&mut running).await.unwrap().0, Outcome::Refused);
    assert_eq!((stage.state(&plan.operation), stage.weights()), (OperationState::Failed, vec![100, 0]));
}
