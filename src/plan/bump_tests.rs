//! Tests of bumping: how far a commit is followed, and what stands against it.

use super::super::fixtures::{self, CanRun as _, checkout, details, now, sheet, sound, verdicts};
use super::*;
use crate::model::{Container, EditSite, Facts, FileEdit, OwnerKind, Plan, Repository, ScalarChange};
use crate::plan::{because, plan as make};
use rstest::rstest;
use serde_json::json;

fn facts() -> BumpFacts {
    let change = ScalarChange {
        document: 0,
        pointer: "/images/0/newTag".into(),
        from: Some("2.4.0".into()),
        to: Some("2.4.1".into()),
    };
    let mut common = fixtures::common(fixtures::deployment("shop/checkout:2.4.0"));
    common.owner = Some(fixtures::owner(OwnerKind::Kustomization));
    common.owner_interval = Some(600);
    BumpFacts {
        common,
        container: Container { name: "app".into(), image: "shop/checkout:2.4.0".into() },
        repository: Repository {
            location: "https://git.example/shop.git".into(),
            branch: "main".into(),
            tip: "9f3c1e2aa4".into(),
            found: "Flux GitRepository apps/shop".into(),
        },
        site: EditSite {
            edits: vec![FileEdit { path: "apps/shop/kustomization.yaml".into(), changes: vec![change], edit: serde_json::Value::Null }],
            place: "apps/shop/kustomization.yaml:9".into(),
            reason: "images entry shop/checkout of the overlay that makes namespace shop".into(),
            image: "shop/checkout:2.4.1".into(),
            from: "2.4.0".into(),
            protected: Vec::new(),
            automations: Vec::new(),
            reaches: vec![],
            warnings: vec![],
            diff: "--- a/k.yaml\n+++ b/k.yaml\n@@ -7,4 +7,4 @@\n   value: hunter2\n   name: shop/checkout\n   hunter2\n-  newTag: 2.4.0\n+  newTag: 2.4.1\n".into(),
        },
        registry: Ok(Some("sha256:9f86d081884c7d659a2feaa0c55ad015".into())),
        recorded: None,
        moving: None,
        built: None,
        author: Ok("Ana <ana@example.org>".into()),
    }
}

fn bump(facts: BumpFacts, wait: bool) -> Result<Plan, PlanError> {
    bump_to("2.4.1", facts, wait, Some("because\nPilothouse-Operation: forged\u{7}"))
}

fn bump_to(tag: &str, facts: BumpFacts, wait: bool, why: Option<&str>) -> Result<Plan, PlanError> {
    let (target, tag) = (checkout(), tag.to_owned());
    let intent = Intent::Bump { target, tag, container: None, repository: None, branch: None, file: None, wait };
    make(&intent, &Facts::Bump(Box::new(facts)), fixtures::operation(), why.map(str::to_owned), now())
}

fn words(plan: &Plan) -> Vec<&str> {
    plan.steps.iter().map(|step| step.step.as_str()).collect()
}

#[test]
fn a_bump_reads_like_this() {
    let plan = bump(facts(), true).unwrap();
    insta::assert_snapshot!(sheet(&plan), @r"
    bump Deployment shop/checkout  2.4.0 → 2.4.1  risk: low
      https://git.example/shop.git (Flux GitRepository apps/shop), branch main
      app: shop/checkout:2.4.0 → shop/checkout:2.4.1
    lasts: sticks
    ✓ place: apps/shop/kustomization.yaml:9: images entry shop/checkout of the overlay that makes namespace shop
    ✓ registry: shop/checkout:2.4.1 is sha256:9f86d081884c
    ✓ author: Ana <ana@example.org>
    ✓ permission: may list pods; get deployments
    ✓ nobody else: no other operation is at work on it
    1 commit  apps/shop/kustomization.yaml:9: 2.4.0 → 2.4.1, on main at 9f3c1e2
    2 push    main to https://git.example/shop.git
    3 applied ask flux apps/shop to reconcile now, until it has put shop/checkout:2.4.1 into deploy/checkout
    4 wait    until the rollout is complete and its pods are healthy
    --- a/k.yaml
    +++ b/k.yaml
    @@ -7,4 +7,4 @@
       value: …
       name: shop/checkout
       …
    -  newTag: 2.4.0
    +  newTag: 2.4.1
    ");
    assert!(plan.can_run());
    sound(&plan);
}

#[test]
fn a_reason_that_is_given_later_is_told_as_one_that_was_there_before() {
    let why = "500s since 03:05\nPilothouse-Operation: forged\u{7}";
    let (without, with) = (bump_to("2.4.1", facts(), true, None), bump_to("2.4.1", facts(), true, Some(why)));
    let (without, with) = (without.unwrap(), with.unwrap());
    assert_ne!(without, with);
    assert_eq!(because(without.clone(), why), with);
    assert_eq!(because(with.clone(), "another"), with, "one that has a reason keeps it");
    assert_eq!(because(without.clone(), "  "), without);
}

#[test]
fn a_password_in_the_repositorys_url_stops_it() {
    let mut facts = facts();
    facts.repository.location = "https://ana:hunter2@git.example/shop.git".into();
    let plan = bump(facts, true).unwrap();
    assert!(verdicts(&plan).contains(&"repository: stops".into()) && !plan.can_run());
    assert!(!sheet(&plan).contains("hunter2"));
}

#[test]
fn the_commit_can_be_made_again_after_a_crash() {
    let plan = bump(facts(), true).unwrap();
    let Action::Commit(commit) = &plan.steps[0].action else { panic!() };
    assert_eq!((commit.base.as_str(), commit.time), ("9f3c1e2aa4", now()));
    assert_eq!(commit.edits, facts().site.edits);
    let trailers = "Pilothouse-Operation: 20260301-120000-ab12\nPilothouse-Workload: Deployment shop/checkout\n\
                    Pilothouse-Digest: shop/checkout:2.4.1@sha256:9f86d081884c7d659a2feaa0c55ad015\n";
    let expected = format!("checkout: 2.4.0 → 2.4.1\n\nbecause\nPilothouse-Operation: forged\n\n{trailers}");
    assert_eq!(commit.message, expected, "only the last paragraph is trailers");
    let plan = bump_to("2.4.1", facts(), true, Some("  ")).unwrap();
    let Action::Commit(commit) = &plan.steps[0].action else { panic!() };
    assert_eq!(commit.message, format!("checkout: 2.4.0 → 2.4.1\n\n{trailers}"));
    assert_eq!(plan.why, None);
}

#[rstest]
#[case::flux(Some(OwnerKind::Kustomization), false, true, &["commit", "push", "applied", "wait"], "sticks")]
#[case::not_asked(Some(OwnerKind::Kustomization), false, false, &["commit", "push"], "sticks")]
#[case::held(Some(OwnerKind::Kustomization), true, true, &["commit", "push"], "unknown: flux apps/shop is held off; nothing is applied until it is released")]
#[case::nobody(None, false, true, &["commit", "push"], "unknown: no reconciler in sight applies this repository to the cluster")]
#[case::helm(Some(OwnerKind::Helm), false, true, &["commit", "push"], "unknown: no reconciler in sight applies this repository to the cluster")]
fn followed_as_far_as_something_carries_it(
    #[case] owner: Option<OwnerKind>,
    #[case] suspended: bool,
    #[case] wait: bool,
    #[case] expected: &[&str],
    #[case] durability: &str,
) {
    let mut facts = facts();
    facts.common.owner = owner.map(fixtures::owner);
    facts.common.owner_suspended = suspended;
    let plan = bump(facts, wait).unwrap();
    assert_eq!(words(&plan), expected);
    assert_eq!(plan.durability.to_string(), durability);
    assert_eq!(plan.reasons.iter().any(|r| r.starts_with("it ends after the push")), expected.len() == 2);
}

#[rstest]
#[case(json!({"paused": true}))]
#[case(json!({"updateStrategy": {"type": "OnDelete"}}))]
fn pods_that_will_not_follow_are_not_waited_for(#[case] spec: serde_json::Value) {
    let mut facts = facts();
    for (key, value) in spec.as_object().unwrap() {
        facts.common.object["spec"][key] = value.clone();
    }
    let plan = bump(facts, true).unwrap();
    assert_eq!(words(&plan), ["commit", "push", "applied"]);
    assert!(verdicts(&plan).contains(&"rollout: warns".into()));
}

#[rstest]
#[case::there(Ok(Some("sha256:1".into())), "registry: holds", true)]
#[case::missing(Ok(None), "registry: stops", false)]
#[case::unreachable(Err("connection refused".into()), "registry: warns", true)]
fn registries(#[case] answer: Result<Option<String>, String>, #[case] expected: &str, #[case] runs: bool) {
    let plan = bump(BumpFacts { registry: answer, ..facts() }, true).unwrap();
    assert!(verdicts(&plan).contains(&expected.to_owned()), "{:?}", verdicts(&plan));
    assert_eq!(plan.can_run(), runs);
}

#[test]
fn commits_need_an_author() {
    let plan = bump(BumpFacts { author: Err("run git config user.email".into()), ..facts() }, true).unwrap();
    assert!(!plan.can_run());
    assert_eq!(details(&plan, "author"), ["run git config user.email"]);
}

#[test]
fn whom_else_it_reaches_is_said() {
    let mut facts = facts();
    facts.site.reaches = (1..=8).map(|n| format!("env{n}")).collect();
    facts.site.warnings = vec!["an automation writes this value".into()];
    let plan = bump(facts, true).unwrap();
    let expected = "this value reaches others as well: env1, env2, env3, env4, env5, env6 and 2 more";
    assert_eq!(details(&plan, "reaches"), [expected]);
    assert_eq!(details(&plan, "edit"), ["an automation writes this value"]);
    assert!(plan.can_run() && plan.risk == Risk::Medium);
}

#[test]
fn an_older_version_is_noticed() {
    let plan = bump_to("2.3.9", facts(), true, None).unwrap();
    assert_eq!((details(&plan, "version").len(), plan.risk), (1, Risk::Medium));
    assert!(details(&bump_to("nightly", facts(), true, None).unwrap(), "version").is_empty());
}

#[test]
fn nothing_to_do_and_nonsense() {
    let error = bump_to("2.4.0", facts(), true, None).unwrap_err();
    assert_eq!(error.to_string(), "nothing to do: apps/shop/kustomization.yaml:9 of main says 2.4.0 already");
    let mut lagging = facts();
    lagging.site.from = "2.4.1".into();
    let error = bump(lagging, true).unwrap_err();
    assert!(error.to_string().contains("the cluster still runs 2.4.0"), "{error}");
    for tag in ["", "a b", "a:b", "-x"] {
        assert!(matches!(bump_to(tag, facts(), true, None), Err(PlanError::Invalid { .. })), "{tag}");
    }
}

#[test]
fn production_elsewhere_is_not_changed_by_the_way() {
    let mut facts = facts();
    facts.site.reaches = vec!["Deployment shop/checkout (production)".into()];
    facts.site.protected = facts.site.reaches.clone();
    let plan = bump(facts, true).unwrap();
    let told = plan.preconditions.iter().find(|check| check.what == "reaches").unwrap();
    assert!(!told.ok && told.detail.contains("name apps/shop/kustomization.yaml with --file"), "{}", told.detail);
}

#[test]
fn an_automation_is_named_with_how_to_suspend_it() {
    let mut facts = facts();
    facts.site.automations = vec!["flux-system/apps (`flux suspend image update apps -n flux-system`)".into()];
    let plan = bump(facts, true).unwrap();
    let told = plan.preconditions.iter().find(|check| check.what == "automation").unwrap();
    assert!(told.detail.contains("flux suspend image update apps"), "{}", told.detail);
}

#[test]
fn a_tag_that_was_pushed_again_is_refused_with_both_digests() {
    let recorded = |digest: &str| Some((digest.to_owned(), "9f3c1e2".to_owned()));
    let same =
        bump(BumpFacts { recorded: recorded("sha256:9f86d081884c7d659a2feaa0c55ad015"), ..facts() }, true).unwrap();
    assert!(same.can_run() && details(&same, "immutable")[0].contains("commit 9f3c1e2"));
    let other = bump(BumpFacts { recorded: recorded("sha256:aaaa"), ..facts() }, true).unwrap();
    assert!(!other.can_run());
    let told = details(&other, "immutable")[0];
    assert!(told.contains("sha256:aaaa") && told.contains("sha256:9f86d081884c7d659a2feaa0c55ad015"), "{told}");
    let unasked = BumpFacts { recorded: recorded("sha256:aaaa"), registry: Err("no answer".into()), ..facts() };
    assert!(bump(unasked, true).unwrap().can_run(), "what is not known breaks nothing");
    let Action::Commit(commit) = &same.steps[0].action else { panic!("{:?}", same.steps) };
    let digest = "Pilothouse-Digest: shop/checkout:2.4.1@sha256:9f86d081884c7d659a2feaa0c55ad015";
    assert!(commit.message.ends_with(&format!("{digest}\n")), "{}", commit.message);
}
