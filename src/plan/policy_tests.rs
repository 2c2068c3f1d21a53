//! Tests of the rules: what they refuse, what overrides them, and that a rollback goes on.

//! Tests of what a team agreed on, applied to plans: freezes, versions, reasons, and who may override them.

use super::*;
use crate::{
    formats::team,
    model::{
        BumpFacts, Container, EditSite, FileEdit, Grounds, Plan, Repository, RestartFacts, RollbackFacts, ScalarChange,
    },
    plan::{self, fixtures},
};
use rstest::rstest;

/// A Sunday noon, in a freeze of the file below.
const SUNDAY: &str = "2026-03-01T12:00:00Z";
const MONDAY: &str = "2026-03-02T12:00:00Z";
const TEAM: &str = r#"
zone: UTC
certified: {tags: [release-*], moving: production}
environments:
  staging: {contexts: ["dev-*"], accepts: [patch]}
  production:
    servers: ["https://api.example:6443"]
    namespaces: [shop]
    accepts: [minor, major, certified]
freezes:
- {reason: nobody deploys on Sundays, environments: [production], days: [sun]}
"#;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn reading(text: &str, now: Timestamp) -> Reading {
    Reading {
        repository: "https://git.example/shop.git".into(),
        branch: "main".into(),
        commit: "9f3c1e2d00000000000000000000000000000000".into(),
        at: now,
        unreached: None,
        team: team::read(text.as_bytes()).map(Some),
    }
}

fn agreed(text: &str, now: &str) -> Agreed {
    Agreed::Read(Box::new(reading(text, at(now))))
}

fn restart(agreed: Agreed, grounds: Grounds, now: &str) -> Plan {
    let common = CommonFacts { agreed, ..fixtures::common(fixtures::deployment("app:2")) };
    let intent = Intent::Restart { target: fixtures::checkout() };
    plan::plan(&intent, &Facts::Restart(RestartFacts { common }), fixtures::operation(), grounds, at(now)).unwrap()
}

fn bump(agreed: Agreed, from: &str, to: &str, moving: Option<Result<Option<String>, String>>) -> Plan {
    let facts = BumpFacts {
        common: CommonFacts { agreed, ..fixtures::common(fixtures::deployment(&format!("app:{from}"))) },
        container: Container { name: "app".into(), image: format!("app:{from}").into() },
        repository: Repository {
            location: "https://git.example/shop.git".into(),
            branch: "main".into(),
            tip: "9f3c1e2d00000000000000000000000000000000".into(),
            found: "--repo".into(),
        },
        site: EditSite {
            edits: vec![FileEdit {
                path: "kustomization.yaml".into(),
                changes: vec![ScalarChange {
                    document: 0,
                    pointer: "/images/0/newTag".into(),
                    from: Some(from.into()),
                    to: Some(to.into()),
                }],
                edit: serde_json::Value::Null,
            }],
            place: "kustomization.yaml:3".into(),
            reason: "the only one".into(),
            image: format!("app:{to}"),
            from: from.into(),
            protected: Vec::new(),
            automations: Vec::new(),
            reaches: Vec::new(),
            warnings: Vec::new(),
            diff: String::new(),
        },
        registry: Ok(Some("sha256:aa".into())),
        recorded: None,
        moving,
        built: None,
        author: Ok("Ana <ana@example.org>".into()),
    };
    let intent = Intent::Bump {
        target: fixtures::checkout(),
        tag: to.into(),
        container: None,
        repository: None,
        branch: None,
        file: None,
        wait: false,
    };
    plan::plan(&intent, &Facts::Bump(Box::new(facts)), fixtures::operation(), None, at(MONDAY)).unwrap()
}

fn told(plan: &Plan) -> Vec<String> {
    let policy = plan.preconditions.iter().filter(|check| check.what == POLICY);
    let mark = |check: &Precondition| match (check.ok, check.warning) {
        (true, _) => '✓',
        (false, true) => '!',
        (false, false) => '✗',
    };
    policy.map(|check| format!("{} {}", mark(check), check.detail)).collect()
}

const FROZEN: &str =
    "frozen until Mon 2026-03-02 00:00 UTC: nobody deploys on Sundays (.pilothouse.yaml:11 @ 9f3c1e2 of main)";

#[test]
fn a_freeze_refuses_a_change_and_says_where_it_is_written() {
    let plan = restart(agreed(TEAM, SUNDAY), Grounds::default(), SUNDAY);
    assert_eq!(told(&plan), [format!("✗ {FROZEN}")]);
    assert!(plan.is_refused_by_policy_only() && !plan.asks_name());
    let after = restart(agreed(TEAM, MONDAY), Grounds::default(), MONDAY);
    assert_eq!(told(&after), ["✓ production allows it (.pilothouse.yaml @ 9f3c1e2 of main)"]);
    assert!(!after.is_refused_by_policy_only());
}

#[test]
fn overriding_takes_a_reason_and_the_name_and_is_kept() {
    let silent = restart(agreed(TEAM, SUNDAY), Grounds { why: Some("  ".into()), overriding: true }, SUNDAY);
    assert!(silent.is_refused_by_policy_only(), "a reason of blanks is none");
    let grounds = Grounds { why: Some("the certificate expires".into()), overriding: true };
    let plan = restart(agreed(TEAM, SUNDAY), grounds.clone(), SUNDAY);
    assert_eq!(told(&plan), [format!("! overridden: {FROZEN}")]);
    assert!(plan.blocked_by().next().is_none() && plan.asks_name());
    assert_eq!(plan.policy.unwrap().overrides(), [FROZEN]);
    let idle = restart(agreed(TEAM, MONDAY), grounds, MONDAY);
    assert!(!idle.asks_name() && idle.policy.unwrap().overrides().is_empty(), "there is nothing to override");
}

#[test]
fn a_freeze_of_another_environment_or_elsewhere_does_not_count() {
    let text = TEAM.replace("environments: [production], ", "environments: [staging], ");
    let plan = restart(agreed(&text, SUNDAY), Grounds::default(), SUNDAY);
    assert!(plan.blocked_by().next().is_none(), "{:?}", told(&plan));
    let text = TEAM.replace("namespaces: [shop]", "namespaces: [payments]");
    let plan = restart(agreed(&text, SUNDAY), Grounds::default(), SUNDAY);
    assert_eq!(told(&plan), ["✓ no rule of .pilothouse.yaml @ 9f3c1e2 of main is about this"]);
}

#[test]
fn a_rollback_is_never_refused_and_a_freeze_asks_for_the_name() {
    let common = CommonFacts { agreed: agreed(TEAM, SUNDAY), ..fixtures::common(fixtures::deployment("app:2")) };
    let current = crate::model::Revision { current: true, ..fixtures::revision(2, "app:2", 0) };
    let facts = RollbackFacts {
        common,
        revisions: vec![current, fixtures::revision(1, "app:1", 4)],
        around: Box::default(),
        migrations: Vec::new(),
        reconciler: None,
    };
    let intent = Intent::Rollback { target: fixtures::checkout(), revision: None };
    let rollback = |facts: RollbackFacts, now: &str| {
        plan::plan(&intent, &Facts::Rollback(Box::new(facts)), fixtures::operation(), None, at(now)).unwrap()
    };
    let frozen = rollback(facts.clone(), SUNDAY);
    assert_eq!(told(&frozen), [format!("! {FROZEN}; a rollback goes on, once its name is typed")]);
    assert!(frozen.blocked_by().next().is_none() && frozen.asks_name());
    assert!(!frozen.is_refused_by_policy_only());
    let free = rollback(facts.clone(), MONDAY);
    assert!(told(&free).is_empty() && !free.asks_name());
    let broken = Agreed::Read(Box::new(reading("a: 1", at(SUNDAY))));
    let unknown = Agreed::Unknown { repository: "x".into(), why: "y".into() };
    for agreed in [broken, unknown] {
        let common = CommonFacts { agreed, ..facts.common.clone() };
        let plan = rollback(RollbackFacts { common, ..facts.clone() }, SUNDAY);
        assert!(plan.blocked_by().next().is_none() && !plan.asks_name());
    }
}

#[rstest]
#[case::minor("2.4.0", "2.5.0", None)]
#[case::patch(
    "2.4.0",
    "2.4.1",
    Some(
        "production accepts minor, major, certified only: 2.4.0 → 2.4.1 is patch (.pilothouse.yaml:9 @ 9f3c1e2 of main)"
    )
)]
#[case::certified("2.4.0", "release-7", None)]
#[case::no_version(
    "2.4.0",
    "main",
    Some(
        "production accepts minor, major, certified only: how far it is from 2.4.0 to main cannot be told (.pilothouse.yaml:9 @ 9f3c1e2 of main)"
    )
)]
fn an_environment_accepts_some_versions(#[case] from: &str, #[case] to: &str, #[case] refused: Option<&str>) {
    let plan = bump(agreed(TEAM, MONDAY), from, to, Some(Ok(Some("sha256:bb".into()))));
    let expected = match refused {
        Some(why) => format!("✗ {why}"),
        None => "✓ production allows it (.pilothouse.yaml @ 9f3c1e2 of main)".into(),
    };
    assert_eq!(told(&plan), [expected]);
}

#[rstest]
#[case::the_same_image(Some(Ok(Some("sha256:aa".into()))), true)]
#[case::another(Some(Ok(Some("sha256:bb".into()))), false)]
#[case::gone(Some(Ok(None)), false)]
#[case::not_asked(Some(Err("no answer".into())), false)]
fn what_a_moving_tag_points_to_is_certified(
    #[case] moving: Option<Result<Option<String>, String>>,
    #[case] fits: bool,
) {
    let plan = bump(agreed(TEAM, MONDAY), "2.4.0", "2.4.1", moving.clone());
    assert_eq!(!plan.is_refused_by_policy_only(), fits, "{:?}", told(&plan));
    if let Some(Err(why)) = moving {
        assert!(told(&plan)[0].contains(&why), "{:?}", told(&plan));
    }
}

#[test]
fn tags_must_fit_and_reasons_be_given() {
    let text = "environments:\n  all:\n    tags: ['v*', 'release-?']\n    reason: required\n    protected: true\n";
    let plan = bump(agreed(text, MONDAY), "v1", "main", None);
    assert_eq!(
        told(&plan),
        [
            "✗ all wants tags like v* or release-?, and main is none (.pilothouse.yaml:3 @ 9f3c1e2 of main)",
            "✗ all wants a reason for each change; give one (.pilothouse.yaml:4 @ 9f3c1e2 of main)"
        ]
    );
    let grounds = Grounds { why: Some("because".into()), overriding: false };
    let plan = restart(agreed(text, MONDAY), grounds, MONDAY);
    assert_eq!(told(&plan), ["✓ all allows it (.pilothouse.yaml @ 9f3c1e2 of main)"]);
    assert!(plan.asks_name(), "it is protected");
}

#[test]
fn what_is_not_known_is_not_taken_for_allowed() {
    let unknown = Agreed::Unknown { repository: "https://git.example/shop.git".into(), why: "no route".into() };
    let plan = restart(unknown, Grounds::default(), MONDAY);
    assert_eq!(told(&plan), ["! whether the team allows this is not known: https://git.example/shop.git: no route"]);
    assert!(plan.asks_name());
    let stale = |text: Option<&str>| {
        let known = reading(text.unwrap_or_default(), at(SUNDAY));
        let team = text.map_or(Ok(None), |_| known.team.clone());
        let agreed = Agreed::Read(Box::new(Reading { unreached: Some("no route".into()), team, ..known }));
        restart(agreed, Grounds::default(), MONDAY)
    };
    assert_eq!(
        told(&stale(Some(TEAM))),
        ["✗ what holds now is not known, only what 9f3c1e2 of main, the tip 24 h ago said: no route"]
    );
    assert!(told(&stale(None))[0].starts_with("! the team has no rules as of 9f3c1e2"));
    assert!(stale(None).asks_name());
    let broken = restart(agreed("freeze: []\nzone: 1\nx: 2\n", MONDAY), Grounds::default(), MONDAY);
    assert_eq!(
        told(&broken),
        [
            "✗ its rules cannot be followed: .pilothouse.yaml:1:1: unknown key `freeze` in the file (did you mean `freezes`?) and 2 \
          more @ 9f3c1e2"
        ]
    );
    assert!(restart(Agreed::Nowhere, Grounds::default(), MONDAY).policy.is_none());
}

#[test]
fn a_commit_against_the_rules_says_so() {
    let mut message = "checkout: 1 → 2\n\nPilothouse-Operation: x\n".to_owned();
    crate::plan::message::overrides(&mut message, &[FROZEN.into(), "two\nlines".into()]);
    assert!(
        message.ends_with(&format!("Pilothouse-Overrides: {FROZEN}\nPilothouse-Overrides: twolines\n")),
        "{message}"
    );
}
