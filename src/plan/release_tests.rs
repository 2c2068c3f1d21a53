//! Tests of rolling Helm releases back.

use super::super::fixtures::{self, CanRun as _, ago, checkout, details, now, pod_template, revision, sound};
use super::*;
use crate::model::{Facts, Kind, Owner, OwnerKind, Plan, ReleaseMember, Revision, RollbackFacts, Surroundings};
use crate::plan::plan as make;
use serde_json::json;

fn release(number: u32, status: ReleaseStatus, at: i64) -> Release {
    Release {
        object: ObjectRef::new(Kind::Secret, "shop", format!("sh.helm.release.v1.web.v{number}")),
        name: "web".into(),
        revision: number,
        status,
        chart: format!("web 1.{number}").into(),
        app_version: None,
        description: if status == ReleaseStatus::Failed { "timed out, TOKEN=hunter2" } else { "Upgrade complete" }
            .into(),
        updated: Some(ago(at)),
    }
}

fn workloads() -> Vec<Revision> {
    let mut current = revision(3, "app:3", 0);
    (current.current, current.replicas, current.failing) = (true, 1, Some("crash loop".into()));
    let mut middle = revision(2, "app:2", 0);
    middle.failing = None;
    vec![current, middle, revision(1, "app:1", 4)]
}

/// Three revisions: the first serves, of the second nothing is known, the third crashes.
fn facts() -> ReleaseFacts {
    let written = (1..=3).map(|number| (number, pod_template(&format!("app:{number}")))).collect();
    ReleaseFacts {
        release: ObjectRef::new(Kind::Release, "shop", "web"),
        history: vec![
            release(3, ReleaseStatus::Deployed, 600),
            release(2, ReleaseStatus::Superseded, 6_000),
            release(1, ReleaseStatus::Superseded, 86_400 * 3),
        ],
        members: vec![ReleaseMember { object: checkout(), uid: "u1".into(), revisions: workloads(), written }],
        program: Ok("/usr/bin/helm".into()),
    }
}

fn of_release(facts: ReleaseFacts, revision: Option<u64>, owner: Option<Owner>) -> Result<Plan, PlanError> {
    let mut common = fixtures::common(fixtures::deployment("app:3"));
    let intent = Intent::Rollback { target: facts.release.clone(), revision };
    common.permissions =
        intent.needs().into_iter().map(|access| crate::model::Permission { access, allowed: Some(true) }).collect();
    common.owner = owner;
    let plan = make(&intent, &Facts::Release(Box::new((common, facts))), fixtures::operation(), None, now());
    plan.as_ref().map(sound).ok();
    plan
}

#[test]
fn what_served_before_is_chosen_and_not_what_helm_calls_superseded() {
    let plan = of_release(facts(), None, None).unwrap();
    assert_eq!(plan.summary, "Release shop/web: 3 → 1");
    assert_eq!(
        plan.steps[0].action,
        Action::HelmRollback { object: ObjectRef::new(Kind::Release, "shop", "web"), from: 3, to: 1 }
    );
    assert!(matches!(&plan.steps[1].action, Action::WaitRollout { object, .. } if *object == checkout()));
    assert_eq!(details(&plan, "known good"), ["checkout: 4 ready pods serve now"]);
    assert!(plan.diff.contains("app:3") && plan.diff.contains("app:1"));
    assert!(plan.can_run() && plan.durability == Durability::Sticks);
}

#[test]
fn what_nothing_proves_is_asked_and_what_failed_is_not_offered() {
    let mut facts = facts();
    facts.members[0].revisions[2].ready = 0;
    facts.history[1].status = ReleaseStatus::Failed;
    let error = of_release(facts.clone(), None, None).unwrap_err();
    let PlanError::Unproven { revisions, .. } = error else { panic!("{error}") };
    assert_eq!(revisions.iter().map(|choice| choice.revision).collect::<Vec<_>>(), [1]);
    let plan = of_release(facts, Some(2), None).unwrap();
    assert!(details(&plan, "known good")[0].contains("Helm failed") && plan.risk == Risk::High);
}

#[test]
fn without_helm_it_is_refused_with_what_to_install() {
    let facts = ReleaseFacts { program: Err("there is no `helm` on the PATH; install it".into()), ..facts() };
    let plan = of_release(facts, None, None).unwrap();
    assert!(!plan.can_run() && details(&plan, "helm")[0].contains("install"));
}

#[test]
fn under_flux_it_is_upgraded_away() {
    let plan = of_release(facts(), None, Some(fixtures::owner(OwnerKind::HelmRelease))).unwrap();
    assert!(plan.durability.to_string().contains("upgrades it away at its next reconciliation"), "{}", plan.durability);
}

fn of_workload(release: ReleaseFacts, revision: Option<u64>) -> Plan {
    let mut common = fixtures::common(fixtures::deployment("app:3"));
    common.owner = Some(fixtures::owner(OwnerKind::Helm));
    let around = Surroundings { release: Some(Ok(release)), ..Surroundings::default() };
    let facts = RollbackFacts {
        common,
        revisions: workloads(),
        migrations: Vec::new(),
        around: Box::new(around),
        reconciler: None,
    };
    let intent = Intent::Rollback { target: checkout(), revision };
    let plan = make(&intent, &Facts::Rollback(Box::new(facts)), fixtures::operation(), None, now()).unwrap();
    sound(&plan);
    plan
}

#[test]
fn a_workload_goes_back_with_its_release_unless_its_own_revision_is_named() {
    let words = |plan: &Plan| plan.steps.iter().map(|step| step.step.clone()).collect::<Vec<_>>();
    assert_eq!(words(&of_workload(facts(), None)), ["helm", "wait"]);
    assert_eq!(words(&of_workload(facts(), Some(1))), ["undo", "wait"]);
    let plan = of_workload(ReleaseFacts { program: Err("there is no `helm`".into()), ..facts() }, None);
    assert_eq!(words(&plan), ["undo", "wait"], "a rollback goes on without helm");
    assert!(details(&plan, "helm")[0].contains("no `helm`") && plan.can_run());
}

#[test]
fn an_upgrade_under_way_is_told() {
    let mut facts = facts();
    facts.history[0].status = ReleaseStatus::PendingUpgrade;
    let plan = of_release(facts, None, None).unwrap();
    assert!(details(&plan, "pending")[0].contains("nobody runs helm") && plan.can_run());
    assert_eq!(json!(plan.steps.len()), 2);
}
