//! Tests of rolling back: which revision, what is said, and what stands against it.

use super::super::fixtures::{self, CanRun as _, ago, checkout, details, now, revision, sheet, sound, verdicts};
use super::*;
use crate::model::{Commit, ConfigurationChange, Facts, OwnerKind, Permission, Plan, StuckPod};
use crate::plan::plan as make;
use rstest::rstest;
use serde_json::json;

/// A botched rollout of app:2 in revision 41, with 4 pods of revision 40 still serving.
fn facts() -> RollbackFacts {
    let mut current = revision(41, "app:2", 0);
    (current.current, current.replicas, current.created) = (true, 2, Some(ago(420)));
    current.failing = Some("crash loop: exit 1, TOKEN=hunter2".into());
    let mut old = revision(40, "app:1", 4);
    old.created = Some(ago(6 * 86_400));
    let mut oldest = revision(39, "app:0", 0);
    oldest.created = Some(ago(7 * 86_400));
    RollbackFacts {
        common: fixtures::common(fixtures::deployment("app:2")),
        revisions: vec![current, old, oldest],
        migrations: Vec::new(),
        around: Box::default(),
        reconciler: None,
    }
}

fn roll_back(facts: RollbackFacts, revision: Option<u64>) -> Result<Plan, PlanError> {
    let intent = Intent::Rollback { target: checkout(), revision };
    let plan = make(&intent, &Facts::Rollback(Box::new(facts)), fixtures::operation(), None, now());
    plan.as_ref().map(sound).ok();
    plan
}

#[test]
fn a_botched_rollout_goes_back_to_what_still_serves() {
    let plan = roll_back(facts(), None).unwrap();
    insta::assert_snapshot!(sheet(&plan), @r"
    rollback Deployment shop/checkout  41 → 40  risk: low
      revision 40 is known good: 4 ready pods serve now, ran 5 days before 41 came
      41 is current: its pods fail: crash loop: exit 1, TOKEN=«…»
      app: app:2 → app:1
      only the pod template goes back: not replicas, strategy, nor what ConfigMaps and Secrets hold
    lasts: sticks
    ✓ known good: 4 ready pods serve now, ran 5 days before 41 came
    ✓ configuration: the ConfigMaps, Secrets and volumes it names exist
    ✓ permission: may patch deployments; list pods, replicasets; get deployments
    ✓ nobody else: no other operation is at work on it
    1 undo    spec.template of revision 40 (ReplicaSet checkout-40)
    2 wait    until the rollout is complete and its pods are healthy
    --- spec.template now
    +++ spec.template of revision 40, 2026-02-23
    @@ -6,8 +6,8 @@
       - name: app
         env:
         - name: DB_URL
    -      value: «…»
    -    image: app:2
    +      value: «… another value»
    +    image: app:1
         readinessProbe:
           httpGet:
             path: /
    ");
    let Action::RestoreTemplate { revision, before, after, unpause, .. } = &plan.steps[0].action else { panic!() };
    assert_eq!((*revision, *unpause), (40, false));
    assert_eq!(before, &template::hash(&fixtures::pod_template("app:2")));
    assert_eq!(after, &template::hash(&fixtures::pod_template("app:1")));
    assert!(matches!(plan.steps[1].action, Action::WaitRollout { .. }));
    assert!(plan.can_run());
}

#[test]
fn two_bad_deploys_do_not_lead_to_the_middle_one() {
    let mut facts = facts();
    let mut newest = revision(42, "app:3", 0);
    newest.current = true;
    facts.revisions[0].current = false;
    facts.revisions.insert(0, newest);
    facts.common.object = fixtures::deployment("app:3");
    let plan = roll_back(facts, None).unwrap();
    assert_eq!(plan.summary, "42 → 40");
    assert!(plan.reasons.iter().any(|r| r.starts_with("not 41: its pods fail")), "{:?}", plan.reasons);
}

#[test]
fn what_nothing_proves_is_asked() {
    let mut facts = facts();
    facts.revisions[1].ready = 0;
    facts.revisions[1].replicas = 0;
    let error = roll_back(facts.clone(), None).unwrap_err();
    insta::assert_snapshot!(error, @r"
    nothing proves that an earlier revision of Deployment shop/checkout worked; choose one with --to-revision N:
      40  app:1  nothing tells whether it worked, ran 5 days before 41 came
      39  app:0  nothing tells whether it worked, ran 24 h before 40 came
    ");
    let PlanError::Unproven { revisions, .. } = error else { panic!("{error}") };
    assert_eq!(revisions.iter().map(|c| c.revision).collect::<Vec<_>>(), [40, 39]);
    let plan = roll_back(facts, Some(39)).unwrap();
    assert_eq!((plan.summary.as_str(), plan.risk), ("41 → 39", Risk::Medium));
    assert!(verdicts(&plan).contains(&"known good: warns".into()) && plan.can_run());
}

#[test]
fn a_revision_that_failed_is_honoured_with_a_warning() {
    let mut facts = facts();
    facts.revisions[2].failing = Some("image cannot be pulled".into());
    let plan = roll_back(facts, Some(39)).unwrap();
    assert_eq!(details(&plan, "known good"), ["39 failed: its pods fail: image cannot be pulled"]);
    assert!(plan.can_run() && plan.risk == Risk::High);
}

#[test]
fn nothing_to_go_back_to() {
    let mut alone = facts();
    alone.revisions.truncate(1);
    assert!(matches!(roll_back(alone, None), Err(PlanError::Refused { .. })));
    assert!(matches!(roll_back(facts(), Some(41)), Err(PlanError::NothingToDo(_))));
    let error = roll_back(facts(), Some(7)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "Deployment shop/checkout has no revision 7; it has 41, 40, 39; a rollback gives the revision it returns to a new number"
    );
    let mut same = facts();
    same.common.object = fixtures::deployment("app:1");
    assert!(matches!(roll_back(same, None), Err(PlanError::NothingToDo(_))), "equal templates");
}

#[test]
fn a_paused_deployment_is_unpaused_in_the_same_write_and_the_step_says_so() {
    let mut facts = facts();
    facts.common.object["spec"]["paused"] = json!(true);
    let plan = roll_back(facts, None).unwrap();
    assert!(matches!(plan.steps[0].action, Action::RestoreTemplate { unpause: true, .. }));
    assert!(plan.steps[0].detail.contains("spec.paused true → false"), "{}", plan.steps[0].detail);
    assert_eq!(plan.risk, Risk::Medium);
}

#[test]
fn missing_configuration_stops_it() {
    let mut facts = facts();
    facts.revisions[1].missing = vec![ObjectRef::new(Kind::ConfigMap, "shop", "settings-v1")];
    let plan = roll_back(facts, None).unwrap();
    assert!(!plan.can_run());
    assert_eq!(
        details(&plan, "configuration"),
        ["gone since: ConfigMap shop/settings-v1; recreate them, or choose another revision"]
    );
}

#[rstest]
#[case::after("app:2", Some(100), 1)]
#[case::unknown_time("app:2", None, 1)]
#[case::before("app:2", Some(10 * 86_400), 0)]
#[case::the_revisions_own("app:1", Some(100), 0)]
fn migrations_in_between(#[case] image: &str, #[case] seconds: Option<i64>, #[case] expected: usize) {
    let mut facts = facts();
    facts.migrations = vec![("checkout-migrate-1".into(), image.into(), seconds.map(ago))];
    let plan = roll_back(facts, None).unwrap();
    assert_eq!(details(&plan, "migration").len(), expected);
    assert_eq!(plan.risk, if expected == 1 { Risk::Medium } else { Risk::Low });
    assert!(plan.can_run(), "a migration is told, it does not stop a rollback");
}

#[rstest]
#[case::of_the_bad_version("app:2", Some(500), 1)]
#[case::of_the_good_one("app:1", Some(500), 0)]
#[case::before_it_was_made("app:2", Some(9000), 0)]
#[case::never_began("app:2", None, 0)]
fn jobs_of_the_same_image_may_have_been_migrations(
    #[case] image: &str,
    #[case] seconds: Option<i64>,
    #[case] expected: usize,
) {
    let mut facts = facts();
    let good = facts.revisions.iter_mut().find(|revision| !revision.current).unwrap();
    good.created = Some(ago(1000));
    let image = if image == "app:1" { good.containers[0].image.to_string() } else { image.to_owned() };
    facts.around.jobs = vec![("up".into(), image.clone(), seconds.map(ago)); 2];
    let plan = roll_back(facts, None).unwrap();
    let told = details(&plan, "migration");
    assert_eq!(told.len(), expected, "{told:?}");
    let sentence = "Job up (and 1 more) ran since, with 2: if it changed the schema, that does not go back";
    assert!(told.iter().all(|told| *told == sentence), "{told:?}");
    assert!(plan.can_run(), "it is told, it does not stop a rollback");
}

#[test]
fn what_does_not_go_back_is_said() {
    let mut facts = facts();
    facts.revisions[1].annotations = vec![
        ("deployment.kubernetes.io/desired-replicas".into(), "9".into()),
        ("example.org/build".into(), "hunter2".into()),
    ];
    let plan = roll_back(facts.clone(), None).unwrap();
    assert_eq!(details(&plan, "replicas"), ["stay at 4; revision 40 had 9"]);
    assert_eq!(details(&plan, "annotations"), ["set back to the revision's: example.org/build"]);
    facts.revisions[1].annotations[0].1 = "4".into();
    facts.revisions[1].annotations.pop();
    let plan = roll_back(facts, None).unwrap();
    assert!(details(&plan, "replicas").is_empty() && details(&plan, "annotations").is_empty());
}

#[test]
fn a_controller_that_lags_is_told() {
    let mut facts = facts();
    facts.common.object = fixtures::deployment("app:9");
    assert_eq!(details(&roll_back(facts, None).unwrap(), "controller").len(), 1);
    assert!(details(&roll_back(self::facts(), None).unwrap(), "controller").is_empty());
}

#[test]
fn stateful_sets_say_what_a_stuck_pod_needs() {
    let mut facts = facts();
    facts.common = fixtures::common({
        let mut object = fixtures::deployment("app:2");
        object["kind"] = json!("StatefulSet");
        object
    });
    facts.revisions.iter_mut().for_each(|r| r.source.kind = Kind::ControllerRevision);
    let intent = Intent::Rollback { target: ObjectRef::new(Kind::StatefulSet, "shop", "checkout"), revision: None };
    let make = |facts: &RollbackFacts| {
        make(&intent, &Facts::Rollback(Box::new(facts.clone())), fixtures::operation(), None, now()).unwrap()
    };
    assert_eq!(make(&facts).steps.len(), 2, "nothing is stuck");
    let pod = ObjectRef::new(Kind::Pod, "shop", "checkout-1");
    facts.around.stuck = vec![StuckPod { object: pod, uid: "p1".into(), revision: "checkout-41".into() }];
    let plan = make(&facts);
    let words: Vec<&str> = plan.steps.iter().map(|step| step.step.as_str()).collect();
    assert_eq!(words, ["undo", "delete", "wait"]);
    assert!(plan.needs.contains(&Access::new("delete", Kind::Pod, "shop")));
    facts.common.permissions.iter_mut().filter(|p| p.access.verb == "delete").for_each(|p| p.allowed = Some(false));
    let plan = make(&facts);
    assert_eq!((plan.steps.len(), details(&plan, "stuck pod").len()), (2, 1), "told where it is not allowed");
    assert!(plan.can_run());
    facts.around.stuck.clear();
    facts.common.object["spec"]["updateStrategy"] = json!({"type": "OnDelete"});
    let plan = make(&facts);
    assert_eq!((plan.steps.len(), details(&plan, "strategy").len()), (1, 1), "nothing to wait for");
}

#[test]
fn a_stateful_set_that_was_put_back_already_is_freed() {
    let mut facts = facts();
    facts.common = fixtures::common({
        let mut object = fixtures::deployment("app:1");
        object["kind"] = json!("StatefulSet");
        object
    });
    facts.revisions.iter_mut().for_each(|r| r.source.kind = Kind::ControllerRevision);
    facts.revisions[0].current = false;
    (facts.revisions[1].current, facts.revisions[1].revision) = (true, 42);
    facts.revisions.swap(0, 1);
    let pod = ObjectRef::new(Kind::Pod, "shop", "checkout-1");
    facts.around.stuck = vec![StuckPod { object: pod, uid: "p1".into(), revision: "checkout-41".into() }];
    let intent = Intent::Rollback { target: ObjectRef::new(Kind::StatefulSet, "shop", "checkout"), revision: None };
    let plan = make(&intent, &Facts::Rollback(Box::new(facts)), fixtures::operation(), None, now()).unwrap();
    sound(&plan);
    let words: Vec<&str> = plan.steps.iter().map(|step| step.step.as_str()).collect();
    assert_eq!((words.as_slice(), plan.summary.as_str()), (&["delete", "wait"][..], "free shop/checkout for 42"));
}

fn rollout(current: &str, stable: &str, more: serde_json::Value) -> (Intent, RollbackFacts) {
    let mut object = fixtures::deployment("app:2");
    (object["kind"], object["spec"]["strategy"]) =
        (json!("Rollout"), json!({"canary": {"steps": [{"setWeight": 25}]}}));
    object["status"] = json!({"currentPodHash": current, "stableRS": stable});
    object["status"].as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let facts = RollbackFacts { common: fixtures::common(object), ..facts() };
    (Intent::Rollback { target: ObjectRef::new(Kind::Rollout, "shop", "checkout"), revision: None }, facts)
}

#[rstest]
#[case::mid_canary("41", "40", json!({}), &["abort", "undo", "wait"])]
#[case::aborted("41", "40", json!({"abort": true}), &["undo", "wait"])]
#[case::promoted("41", "41", json!({}), &["undo", "promote", "wait"])]
#[case::another_is_stable("41", "39", json!({}), &["abort", "undo", "promote", "wait"])]
fn an_argo_rollout_is_aborted_first_and_known_good_goes_out_at_once(
    #[case] current: &str,
    #[case] stable: &str,
    #[case] more: serde_json::Value,
    #[case] expected: &[&str],
) {
    let (intent, mut facts) = rollout(current, stable, more);
    let steps = |facts: &RollbackFacts| {
        let plan =
            make(&intent, &Facts::Rollback(Box::new(facts.clone())), fixtures::operation(), None, now()).unwrap();
        sound(&plan);
        plan.steps.iter().map(|step| step.step.clone()).collect::<Vec<_>>()
    };
    assert_eq!(steps(&facts), expected);
    // Without the right to the status, what can be done is done.
    let status = |p: &&mut Permission| p.access.subresource == "status";
    facts.common.permissions.iter_mut().filter(status).for_each(|p| p.allowed = Some(false));
    assert_eq!(steps(&facts), ["undo", "wait"]);
}

#[test]
fn a_template_that_is_kept_elsewhere_is_written_there() {
    let (intent, mut facts) = rollout("41", "40", json!({}));
    facts.common.object["spec"].as_object_mut().unwrap().remove("template");
    let mut keeper = fixtures::deployment("app:2");
    (keeper["metadata"]["name"], keeper["metadata"]["uid"]) = (json!("kept"), json!("k1"));
    facts.around.template_of = Some(keeper);
    let plan = make(&intent, &Facts::Rollback(Box::new(facts)), fixtures::operation(), None, now()).unwrap();
    sound(&plan);
    let Action::RestoreTemplate { object, uid, .. } = &plan.steps[1].action else { panic!() };
    assert_eq!((object.kind, &*object.name, uid.as_str()), (Kind::Deployment, "kept", "k1"));
    assert!(plan.needs.contains(&Access::new("patch", Kind::Deployment, "shop")));
}

#[test]
fn commits_that_are_known_are_named_with_their_authors() {
    let mut facts = facts();
    let commit = |sha: &str, to: &str| Commit {
        sha: sha.into(),
        author: "Ana".into(),
        subject: format!("checkout {to}"),
        time: ago(600),
        from: None,
        to: Some(to.into()),
    };
    facts.around.commits = vec![commit("9f3c1e2aaaa", "2"), commit("1111111bbbb", "1")];
    let plan = roll_back(facts, None).unwrap();
    for expected in ["41 is commit 9f3c1e2 by Ana: checkout 2", "40 is commit 1111111 by Ana: checkout 1"] {
        assert!(plan.reasons.iter().any(|reason| reason == expected), "{:?}", plan.reasons);
    }
}

#[test]
fn configuration_that_changed_since_is_named_with_when_and_by_whom() {
    let mut facts = facts();
    let change = |kind, name: &str, at, revisions: &[u64]| ConfigurationChange {
        object: ObjectRef::new(kind, "shop", name),
        at: ago(at),
        by: "kubectl-edit".into(),
        revisions: revisions.to_vec(),
    };
    facts.around.configuration = vec![
        change(Kind::ConfigMap, "settings", 3 * 3_600, &[40, 41]),
        change(Kind::Secret, "other", 3_600, &[41]),
        change(Kind::Secret, "database", 8 * 86_400, &[40]),
        change(Kind::HorizontalPodAutoscaler, "checkout", 600, &[39, 40, 41]),
    ];
    let plan = roll_back(facts, None).unwrap();
    assert_eq!(
        details(&plan, "configuration")[1..],
        ["cm/settings changed 3 h ago by kubectl-edit, after 40 was made: its new pods read what it holds now"]
    );
    assert_eq!(details(&plan, "autoscaler"), ["hpa/checkout changed 10 min ago by kubectl-edit: its limits stay"]);
}

#[test]
fn who_would_revert_it_is_said() {
    let mut facts = facts();
    facts.common.owner = Some(fixtures::owner(OwnerKind::Kustomization));
    facts.common.owner_interval = Some(600);
    let plan = roll_back(facts, None).unwrap();
    assert!(matches!(&plan.durability, Durability::Reverted(how) if how.contains("within 10 min")));
    assert_eq!(plan.risk, Risk::Medium);
}

#[test]
fn rights_and_leases_are_checked_but_only_rights_stop_it() {
    let mut facts = facts();
    facts.common.may_lease = Some(false);
    let plan = roll_back(facts.clone(), None).unwrap();
    assert!(plan.can_run() && verdicts(&plan).contains(&"lease: warns".into()));
    facts.common.permissions.iter_mut().for_each(|p| p.allowed = Some(p.access.verb != "patch"));
    assert!(!roll_back(facts, None).unwrap().can_run());
}

#[test]
fn facts_of_another_verb_are_no_plan() {
    let intent = Intent::Restart { target: checkout() };
    let error = make(&intent, &Facts::Rollback(Box::new(facts())), fixtures::operation(), None, now()).unwrap_err();
    assert!(matches!(error, PlanError::Invalid { .. }));
}
