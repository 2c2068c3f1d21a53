//! Tests of shifting: the stages and their integers, and what stands against a shift.

use super::super::fixtures::{self, CanRun as _, details, now, sheet, sound, verdicts};
use super::*;
use crate::model::{Durability, Facts, Kind, Plan};
use crate::plan::plan as make;
use proptest::prelude::*;
use rstest::rstest;
use serde_json::{Value, json};

fn route(old: u32, new: u32) -> Value {
    let accepted = |kind: &str| json!({"type": kind, "status": "True", "observedGeneration": 4});
    json!({"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute",
      "metadata": {"name": "checkout", "namespace": "shop", "uid": "u1", "resourceVersion": "9", "generation": 4},
      "spec": {"parentRefs": [{"name": "edge"}], "rules": [{"backendRefs": [
        {"name": "checkout", "port": 80, "weight": old}, {"name": "checkout-v2", "port": 80, "weight": new}]}]},
      "status": {"parents": [{"parentRef": {"name": "edge"}, "conditions": [accepted("Accepted"), accepted("ResolvedRefs")]}]}})
}

fn facts(old: u32, new: u32) -> ShiftFacts {
    ShiftFacts {
        common: fixtures::common(route(old, new)),
        backends: vec![("checkout".into(), Some(4)), ("checkout-v2".into(), Some(4))],
    }
}

fn shift(facts: ShiftFacts, steps: &[u32], hold: u64) -> Result<Plan, PlanError> {
    shift_to("checkout-v2", facts, steps, hold)
}

fn shift_to(to: &str, facts: ShiftFacts, steps: &[u32], hold: u64) -> Result<Plan, PlanError> {
    let target = ObjectRef::new(Kind::HttpRoute, "shop", "checkout");
    let intent = Intent::Shift { target, to: to.into(), steps: steps.to_vec(), hold };
    let plan = make(&intent, &Facts::Shift(facts), fixtures::operation(), None, now());
    plan.as_ref().map(sound).ok();
    plan
}

fn written(plan: &Plan) -> Vec<Vec<u32>> {
    let writes = plan.steps.iter().filter_map(|step| match &step.action {
        Action::SetWeights { after, .. } => Some(after.iter().map(|w| w.weight).collect()),
        _ => None,
    });
    writes.collect()
}

fn words(plan: &Plan) -> Vec<&str> {
    plan.steps.iter().map(|step| step.step.as_str()).collect()
}

#[test]
fn a_shift_reads_like_this() {
    let plan = shift(facts(100, 0), &[25, 50, 75, 100], 300).unwrap();
    insta::assert_snapshot!(sheet(&plan), @r"
    shift HTTPRoute shop/checkout  checkout-v2 0 % → 25 % → 50 % → 75 % → 100 %  risk: low
      checkout-v2 takes over from checkout
      about 16 min of holds; a step back restores exactly the weights before it
    lasts: sticks
    ✓ backends: ready endpoints: checkout 4, checkout-v2 4
    ✓ accepted: every parent accepts the route as it stands
    ✓ permission: may patch httproutes; get services, httproutes
    ✓ nobody else: no other operation is at work on it
    1 ready   checkout-v2: at least 1 ready endpoint
    2 weights checkout-v2 25 %: checkout 100 → 75, checkout-v2 0 → 25
    3 hold    5 min, watching the ready endpoints of checkout-v2
    4 ready   checkout-v2: at least 2 ready endpoints
    5 weights checkout-v2 50 %: checkout 75 → 50, checkout-v2 25 → 50
    6 hold    5 min, watching the ready endpoints of checkout-v2
    7 ready   checkout-v2: at least 3 ready endpoints
    8 weights checkout-v2 75 %: checkout 50 → 25, checkout-v2 50 → 75
    9 hold    5 min, watching the ready endpoints of checkout-v2
    10 ready   checkout-v2: at least 4 ready endpoints
    11 weights checkout-v2 100 %: checkout 25 → 0, checkout-v2 75 → 100
    12 hold    60 s, watching the ready endpoints of checkout-v2
    --- HTTPRoute shop/checkout now
    +++ HTTPRoute shop/checkout after the last step
    @@ spec.rules[0].backendRefs @@
    -checkout: 100
    +checkout: 0
    -checkout-v2: 0
    +checkout-v2: 100
    ");
    assert!(plan.can_run());
}

#[test]
fn each_write_begins_where_the_one_before_it_ended() {
    let plan = shift(facts(100, 0), &[25, 50, 75, 100], 300).unwrap();
    let ends = plan.steps.iter().filter_map(|step| match &step.action {
        Action::SetWeights { before, after, .. } => Some((before, after)),
        _ => None,
    });
    let ends: Vec<_> = ends.collect();
    assert!(ends.windows(2).all(|pair| pair[0].1 == pair[1].0));
    assert_eq!(ends[0].0, &route::weights(&route(100, 0)).unwrap());
}

#[rstest]
#[case::default(100, 0, &[25, 50, 75, 100], &[[75, 25], [50, 50], [25, 75], [0, 100]])]
#[case::begun(75, 25, &[25, 50, 75, 100], &[[50, 50], [25, 75], [0, 100]])]
#[case::between(70, 30, &[25, 50, 100], &[[50, 50], [0, 100]])]
#[case::ad_hoc(100, 0, &[37], &[[63, 37]])]
#[case::ad_hoc_down(40, 60, &[37], &[[63, 37]])]
#[case::retreat(0, 100, &[50, 0], &[[50, 50], [100, 0]])]
#[case::scaled(1, 0, &[25, 100], &[[75, 25], [0, 100]])]
#[case::own_units(600, 400, &[50], &[[500, 500]])]
#[case::not_quite(667, 333, &[33], &[[670, 330]])]
fn stages(#[case] old: u32, #[case] new: u32, #[case] steps: &[u32], #[case] expected: &[[u32; 2]]) {
    let plan = shift(facts(old, new), steps, 60).unwrap();
    assert_eq!(written(&plan), expected);
}

#[rstest]
#[case::empty(&[])]
#[case::over(&[25, 101])]
#[case::back_and_forth(&[25, 75, 50])]
#[case::twice(&[25, 25])]
#[case::the_other_way(&[10, 20])]
fn steps_that_make_no_sense(#[case] steps: &[u32]) {
    assert!(matches!(shift(facts(60, 40), steps, 60), Err(PlanError::Invalid { .. })));
}

#[rstest]
#[case(0, 100, 100)]
#[case(1, 1, 50)]
#[case(100, 0, 0)]
fn nothing_to_do(#[case] old: u32, #[case] new: u32, #[case] goal: u32) {
    assert!(matches!(shift(facts(old, new), &[goal], 60), Err(PlanError::NothingToDo(_))));
}

#[test]
fn backends_that_cannot_be_meant() {
    let error = shift_to("checkout-v3", facts(100, 0), &[100], 0).unwrap_err();
    assert_eq!(
        error.to_string(),
        "HTTPRoute shop/checkout has no backend checkout-v3; it has these: checkout, checkout-v2"
    );
    let mut alone = facts(100, 0);
    alone.common.object["spec"]["rules"][0]["backendRefs"].as_array_mut().unwrap().remove(0);
    assert!(matches!(shift(alone, &[100], 0), Err(PlanError::Invalid { .. })));
    assert!(matches!(shift(facts(0, 0), &[100], 0), Err(PlanError::Format(_))), "all zero is unspecified");
}

#[rstest]
#[case(300, &[25, 100], &["ready", "weights", "hold", "ready", "weights", "hold"], &[300, 60])]
#[case(30, &[25, 100], &["ready", "weights", "hold", "ready", "weights", "hold"], &[30, 30])]
#[case(0, &[25, 100], &["ready", "weights", "ready", "weights"], &[])]
fn the_last_hold_is_short(#[case] hold: u64, #[case] steps: &[u32], #[case] expected: &[&str], #[case] holds: &[u64]) {
    let plan = shift(facts(100, 0), steps, hold).unwrap();
    assert_eq!(words(&plan), expected);
    let seconds = plan.steps.iter().filter_map(|step| match &step.action {
        Action::Hold { seconds, service, .. } => {
            assert_eq!(service, "checkout-v2");
            Some(*seconds)
        }
        _ => None,
    });
    assert_eq!(seconds.collect::<Vec<_>>(), holds);
}

#[rstest]
#[case::enough(Some(4), &[1, 4], None, Risk::Low)]
#[case::short(Some(2), &[1, 2], Some("checkout-v2 has 2 ready; 100 % needs about 4, as loaded as those that serve now; scale it first"), Risk::High)]
#[case::none(Some(0), &[1, 1], Some("checkout-v2 has 0 ready; 100 % needs about 4, as loaded as those that serve now; scale it first"), Risk::High)]
fn capacity_is_asked_for_but_never_waited_for_in_vain(
    #[case] ready: Option<u32>,
    #[case] expected: &[u32],
    #[case] warning: Option<&str>,
    #[case] risk: Risk,
) {
    let mut facts = facts(100, 0);
    facts.backends[1].1 = ready;
    let plan = shift(facts, &[25, 50, 75, 100], 60).unwrap();
    let waits = plan.steps.iter().filter_map(|step| match step.action {
        Action::WaitReady { ready, .. } => Some(ready),
        _ => None,
    });
    let waits: Vec<u32> = waits.collect();
    assert_eq!([waits[0], waits[3]], expected);
    assert_eq!(details(&plan, "capacity"), Vec::from_iter(warning));
    assert_eq!(plan.risk, risk);
}

#[test]
fn going_down_watches_the_side_that_gains() {
    let plan = shift(facts(0, 100), &[0], 60).unwrap();
    assert!(matches!(&plan.steps[0].action, Action::WaitReady { service, ready: 1, .. } if service == "checkout"));
    assert!(matches!(&plan.steps[2].action, Action::Hold { service, .. } if service == "checkout"));
}

#[rstest]
#[case::exist(Some(Some(4)), "backends: holds", true)]
#[case::gone(Some(None), "backends: stops", false)]
#[case::empty(Some(Some(0)), "backends: warns", true)]
#[case::not_known(None, "backends: warns", true)]
fn backends(#[case] ready: Option<Option<u32>>, #[case] expected: &str, #[case] runs: bool) {
    let mut facts = facts(100, 0);
    facts.backends.pop();
    facts.backends.extend(ready.map(|ready| ("checkout-v2".to_owned(), ready)));
    let plan = shift(facts, &[25], 60).unwrap();
    assert!(verdicts(&plan).contains(&expected.to_owned()), "{:?}", verdicts(&plan));
    assert_eq!(plan.can_run(), runs);
}

#[rstest]
#[case::accepted(|_: &mut Value| {}, 25, "accepted: holds")]
#[case::not_yet(|r: &mut Value| r["metadata"]["generation"] = json!(5), 25, "accepted: warns")]
#[case::nobody(|r: &mut Value| r["status"] = json!({}), 25, "accepted: warns")]
#[case::refused(|r: &mut Value| r["status"]["parents"][0]["conditions"][0]["status"] = json!("False"), 25, "accepted: stops")]
#[case::refused_but_going_back(|r: &mut Value| r["status"]["parents"][0]["conditions"][0]["status"] = json!("False"), 0, "accepted: warns")]
fn acceptance(#[case] change: fn(&mut Value), #[case] goal: u32, #[case] expected: &str) {
    let mut facts = facts(90, 10);
    change(&mut facts.common.object);
    let plan = shift(facts, &[goal], 60).unwrap();
    assert!(verdicts(&plan).contains(&expected.to_owned()), "{:?}", verdicts(&plan));
}

#[test]
fn without_a_right_to_leases_it_does_not_run() {
    let mut facts = facts(100, 0);
    facts.common.may_lease = Some(false);
    let plan = shift(facts, &[25], 60).unwrap();
    assert!(!plan.can_run() && verdicts(&plan).contains(&"lease: stops".into()));
}

#[rstest]
#[case::short_interval(OwnerKind::Kustomization, Some(600), Some("owner: stops"))]
#[case::long_interval(OwnerKind::Kustomization, Some(7200), Some("owner: warns"))]
#[case::unknown_interval(OwnerKind::Kustomization, None, Some("owner: stops"))]
#[case::self_heal(OwnerKind::Application, Some(5), Some("owner: stops"))]
#[case::argo(OwnerKind::Application, None, Some("owner: warns"))]
#[case::helm_release(OwnerKind::HelmRelease, Some(600), Some("owner: warns"))]
#[case::helm(OwnerKind::Helm, None, None)]
fn a_reconciler_must_not_fight_it(
    #[case] kind: OwnerKind,
    #[case] interval: Option<u64>,
    #[case] expected: Option<&str>,
) {
    let mut facts = facts(100, 0);
    facts.common.owner = Some(fixtures::owner(kind));
    facts.common.owner_interval = interval;
    let plan = shift(facts.clone(), &[25, 50, 75, 100], 300).unwrap();
    let found: Vec<String> = verdicts(&plan).into_iter().filter(|v| v.starts_with("owner")).collect();
    assert_eq!(found, Vec::from_iter(expected));
    assert!(matches!(plan.durability, Durability::Reverted(_)));
    facts.common.owner_suspended = true;
    let held = shift(facts, &[25, 50, 75, 100], 300).unwrap();
    assert!(held.can_run() && details(&held, "owner").is_empty());
}

#[test]
fn an_exempt_route_is_left_alone_by_flux() {
    let mut facts = facts(100, 0);
    facts.common.owner = Some(fixtures::owner(OwnerKind::Kustomization));
    facts.common.object["metadata"]["annotations"] = json!({"kustomize.toolkit.fluxcd.io/ssa": "Ignore"});
    assert!(shift(facts, &[25, 100], 300).unwrap().can_run());
}

#[test]
fn several_rules_move_together_and_the_plan_says_so() {
    let mut facts = facts(100, 0);
    let rule = json!({"backendRefs": [{"name": "checkout-v2", "weight": 0}, {"name": "checkout"}]});
    facts.common.object["spec"]["rules"].as_array_mut().unwrap().push(rule);
    let plan = shift(facts, &[50], 60).unwrap();
    assert_eq!(written(&plan), [[50, 50, 50, 50]]);
    assert!(plan.reasons.contains(&"2 rules have these backends and change together".to_owned()));
    assert!(plan.reasons.iter().any(|r| r.starts_with("rule 1: weights sum to 1")), "{:?}", plan.reasons);
    assert_eq!(plan.diff.matches("@@ spec.rules").count(), 2);
}

proptest! {
    #[test]
    fn every_plan_is_an_unbroken_chain_of_equal_sums(old in 0u32..3000, new in 0u32..3000, mut steps in proptest::collection::btree_set(0u32..=100, 1..6), down in any::<bool>()) {
        prop_assume!(old + new > 0);
        let mut steps: Vec<u32> = std::mem::take(&mut steps).into_iter().collect();
        if down {
            steps.reverse();
        }
        let Ok(plan) = shift(facts(old, new), &steps, 10) else { return Ok(()) };
        let mut at = route::weights(&route(old, new)).unwrap();
        let sum = (old + new).max(100);
        for step in &plan.steps {
            if let Action::SetWeights { before, after, .. } = &step.action {
                prop_assert_eq!(before, &at);
                prop_assert_ne!(before, after);
                prop_assert_eq!(after.iter().map(|w| w.weight).sum::<u32>(), sum);
                at = after.clone();
            }
        }
        prop_assert_eq!(&at, &route::distribute(&at, "checkout-v2", *steps.last().unwrap()).unwrap(), "it ends at the goal");
    }
}
