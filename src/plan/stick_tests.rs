//! Tests of what makes a rollback last.

use super::*;
use crate::model::{
    Automation, Commit, Draft, FileEdit, GitFacts, GitPlace, HoldRecord, Intent, OperationId, OwnerKind, Policy,
    Reference,
};
use crate::plan::fixtures::{self, ago, checkout, now, operation};
use rstest::rstest;
use serde_json::json;

fn edit(path: &str, pointer: &str, from: &str, to: &str) -> FileEdit {
    let pointer = crate::formats::yaml::Pointer::parse(pointer);
    let change = crate::formats::images::Change::Replace {
        document: 0,
        pointer,
        identity: Vec::new(),
        from: from.into(),
        to: to.into(),
    };
    crate::formats::images::Edit { path: path.into(), changes: vec![change] }.planned()
}

fn place(says: &str) -> GitPlace {
    GitPlace {
        container: "app".into(),
        place: "apps/shop/kustomization.yaml:9".into(),
        says: says.into(),
        reaches: Vec::new(),
        policy: None,
        commit: Some(Commit {
            sha: "9f3c1e2aa04411".into(),
            author: "Ana Lima".into(),
            subject: "checkout 2".into(),
            time: ago(540),
            from: Some("1".into()),
            to: Some("2".into()),
        }),
        drafts: vec![Draft {
            image: "app:1".into(),
            edit: Some(edit("apps/shop/kustomization.yaml", "/images/0/newTag", "2", "1")),
            warnings: Vec::new(),
            diff: "-  newTag: 2\n+  newTag: 1\n".into(),
        }],
    }
}

fn facts(says: &str) -> ReconcilerFacts {
    ReconcilerFacts {
        marks: vec![holdable("flux apps/shop", Mark::by(Means::LeaveAlone), checkout())],
        by_hand: false,
        left: Vec::new(),
        undone: Vec::new(),
        consumer: Some((
            ObjectRef::new(Kind::Kustomization, "apps", "shop"),
            Some(ObjectRef::new(Kind::GitRepository, "apps", "fleet")),
        )),
        git: GitSight::Read(Box::new(GitFacts {
            reference: Reference {
                repository: "https://git.example/shop.git".into(),
                branch: "main".into(),
                workload: checkout(),
                environments: vec!["prod-eu".into()],
                path: Some("apps/shop".into()),
            },
            tip: "b51c0d9e1f".into(),
            found: "GitRepository apps/fleet".into(),
            author: Ok("Ana <ana@example.org>".into()),
            places: vec![Ok(place(says))],
            automations: Vec::new(),
        })),
    }
}

fn holdable(owner: &str, mark: Mark, object: ObjectRef) -> Holdable {
    Holdable {
        owner: owner.into(),
        mark,
        object,
        uid: "u1".into(),
        original: None,
        hold: None,
        shared: 0,
        allowed: Some(true),
        freezes: Vec::new(),
    }
}

fn record(operation: &str) -> HoldRecord {
    HoldRecord {
        operation: OperationId(operation.into()),
        actor: "ben@bridge".into(),
        workload: "Deployment/checkout".into(),
        namespace: String::new(),
        part: None,
        aside: false,
        since: ago(600),
        until: ago(-3000),
        original: None,
        bad: vec![("app".into(), "app:2".into())],
        why: None,
    }
}

fn git(facts: &mut ReconcilerFacts) -> &mut GitFacts {
    let GitSight::Read(git) = &mut facts.git else { panic!() };
    git
}

fn stick(facts: &ReconcilerFacts, beyond: bool, change: impl FnOnce(&mut CommonFacts)) -> Stick {
    let mut common = fixtures::common(fixtures::deployment("app:2"));
    common.owner = Some(fixtures::owner(OwnerKind::Kustomization));
    common.owner_interval = Some(600);
    change(&mut common);
    let (intent, operation) = (Intent::Rollback { target: checkout(), revision: None }, operation());
    let asked = Asked { intent: &intent, operation: &operation, why: Some("it crashes"), now: now() };
    let swaps = [Swap { container: "app".into(), bad: "app:2".into(), good: "app:1".into() }];
    of(&asked, &common, Some(facts), &swaps, beyond)
}

fn words(stick: &Stick) -> Vec<&str> {
    stick.before.iter().chain(&stick.after).map(|step| step.step.as_str()).collect()
}

#[test]
fn the_cluster_is_put_right_first_then_git_then_the_owner_is_let_go() {
    let stick = stick(&facts("app:2"), false, |_| ());
    assert_eq!(words(&stick), ["hold", "commit", "push", "applied", "release"]);
    assert_eq!((stick.before.len(), &stick.durability), (1, &Durability::Sticks));
    let Action::HoldOwner(hold) = &stick.before[0].action else { panic!() };
    assert_eq!((hold.mark.means, &hold.object, hold.original.as_deref()), (Means::LeaveAlone, &checkout(), None));
    assert_eq!((hold.bad.as_slice(), hold.until), (&[("app".to_owned(), "app:2".to_owned())][..], ago(-3600)));
    let Action::Commit(commit) = &stick.after[0].action else { panic!() };
    insta::assert_snapshot!(commit.message, @r"
    checkout: 2 → 1

    it crashes

    Takes back 9f3c1e2aa checkout 2 (Ana Lima)

    Pilothouse-Operation: 20260301-120000-ab12
    Pilothouse-Workload: Deployment shop/checkout
    ");
    assert!(matches!(&stick.after[3].action, Action::ReleaseOwner(same) if same == hold));
    assert_eq!(
        stick.reasons,
        [
            "flux apps/shop would undo this within 10 min: it is held off until that is settled",
            "Git got it by 9f3c1e2aa checkout 2 (Ana Lima)"
        ]
    );
}

#[test]
fn where_git_is_right_already_nothing_is_held() {
    let stick = stick(&facts("app:1"), false, |_| ());
    assert!(words(&stick).is_empty() && stick.durability == Durability::Sticks, "{stick:?}");
    assert_eq!(stick.reasons, ["main says 1 for app already (apps/shop/kustomization.yaml:9)"]);
}

#[test]
fn what_is_newer_than_what_runs_is_taken_back_as_well_and_said() {
    let stick = stick(&facts("app:3"), false, |_| ());
    assert_eq!(words(&stick), ["hold", "commit", "push", "applied", "release"]);
    assert!(stick.preconditions[0].detail.contains("main says 3, which does not run yet"), "{stick:?}");
}

#[test]
fn an_image_automation_is_told() {
    let mut facts = facts("app:2");
    let Ok(place) = &mut git(&mut facts).places[0] else { panic!() };
    let policy = ObjectRef::new(Kind::ImagePolicy, "apps", "checkout");
    place.policy = Some(Policy { object: policy.clone(), latest: Some("2".into()) });
    let told = stick(&facts, false, |_| ()).preconditions;
    let told = told.iter().find(|p| p.what == "image automation").unwrap();
    assert!(told.warning && told.detail.contains("checkout writes this value"), "{told:?}");

    let object = ObjectRef::new(Kind::ImageUpdateAutomation, "apps", "fleet");
    let held = holdable("image automation apps/fleet", Mark::by(Means::Suspend), object);
    git(&mut facts).automations = vec![Automation { held, by_hand: false }];
    let held = stick(&facts, false, |_| ());
    assert_eq!(words(&held), ["hold", "hold", "commit", "push", "applied", "release"]);
    assert_eq!(held.last.iter().map(|step| step.step.as_str()).collect::<Vec<_>>(), ["by hand", "release"]);
    let Action::HoldOwner(hold) = &held.after[0].action else { panic!() };
    assert_eq!((hold.mark.means, &*hold.object.name, &*hold.uid), (Means::Suspend, "fleet", "u1"));

    git(&mut facts).automations[0].by_hand = true;
    let by_hand = stick(&facts, false, |_| ());
    assert!(by_hand.last.is_empty() && by_hand.reasons.iter().any(|r| r.contains("suspended already")), "{by_hand:?}");
    let Ok(place) = &mut git(&mut facts).places[0] else { panic!() };
    place.policy = Some(Policy { object: policy, latest: Some("3".into()) });
    git(&mut facts).automations[0].by_hand = false;
    assert!(stick(&facts, false, |_| ()).last.is_empty(), "a policy that selects a newer one writes that");
}

#[rstest]
#[case(|f: &mut ReconcilerFacts| f.git = GitSight::Unknown("the repository was not read within 8 s".into()), "the repository was not read within 8 s")]
#[case(|f: &mut ReconcilerFacts| git(f).author = Err("set user.name".into()), "set user.name")]
#[case(|f: &mut ReconcilerFacts| git(f).places = vec![Err(("app".into(), "nothing sets it".into()))], "app: nothing sets it")]
#[case(|f: &mut ReconcilerFacts| git(f).reference.repository = "https://a:hunter2@git.example/x".into(), "the repository's URL holds a password")]
fn without_git_the_hold_stays_until_a_hand_comes(#[case] change: fn(&mut ReconcilerFacts), #[case] why: &str) {
    let mut facts = facts("app:2");
    change(&mut facts);
    let stick = stick(&facts, false, |_| ());
    assert_eq!(words(&stick), ["hold", "by hand", "release"]);
    assert!(stick.preconditions.iter().any(|p| p.what == "git" && p.detail.contains(why)), "{stick:?}");
    assert!(stick.durability.to_string().starts_with("lasts while flux apps/shop is held off"), "{}", stick.durability);
}

#[test]
fn what_differs_beyond_the_image_keeps_the_hold() {
    let stick = stick(&facts("app:2"), true, |_| ());
    assert_eq!(words(&stick), ["hold", "commit", "push", "applied", "by hand", "release"]);
    assert_ne!(stick.durability, Durability::Sticks);
}

#[test]
fn a_hold_by_hand_is_neither_taken_nor_taken_off() {
    let stick = stick(&facts("app:2"), false, |common| common.owner_suspended = true);
    assert_eq!(words(&stick), ["commit", "push"]);
    assert_eq!(stick.durability, Durability::Sticks, "whoever lets it go finds the right thing");
}

#[test]
fn without_the_right_to_hold_nothing_is_promised() {
    let mut facts = facts("app:2");
    facts.marks[0].allowed = Some(false);
    let stick = stick(&facts, false, |_| ());
    assert!(
        words(&stick).is_empty() && stick.durability.to_string().contains("reverts this within 10 min"),
        "{stick:?}"
    );
    assert!(stick.preconditions.iter().any(|p| p.what == "hold" && p.warning));
}

#[test]
fn a_release_is_suspended_as_a_whole_and_let_go_by_hand() {
    let mut facts = facts("app:2");
    let release = ObjectRef::new(Kind::HelmRelease, "apps", "shop");
    facts.marks = vec![holdable("flux apps/shop", Mark::by(Means::Suspend), release)];
    facts.git = GitSight::Unknown("Helm values".into());
    let stick = stick(&facts, false, |common| common.owner = Some(fixtures::owner(OwnerKind::HelmRelease)));
    assert_eq!(words(&stick), ["hold", "by hand", "release"]);
    assert!(stick.preconditions.iter().any(|p| p.detail.contains("gets no upgrade meanwhile")), "{stick:?}");
}

#[test]
fn a_hold_of_another_operation_is_taken_over_and_somebodys_newer_word_stays() {
    let mut facts = facts("app:3");
    facts.marks[0].hold = Some(record("op-0"));
    let stick = stick(&facts, false, |common| common.owner_suspended = true);
    assert_eq!(words(&stick), ["hold", "applied", "release"], "app:3 in Git is neither what was undone nor what runs");
    let Action::HoldOwner(hold) = &stick.before[0].action else { panic!() };
    assert_eq!(hold.adopts, Some(OperationId("op-0".into())));
    assert!(stick.before[0].detail.contains("taking over from op-0"));
}

fn argo(object: &str, means: Means) -> Holdable {
    let object = ObjectRef::new(Kind::Application, "argocd", object);
    let freezes = vec!["Deployment/cart".into(), "Service/checkout".into()];
    Holdable { freezes, ..holdable(&format!("argo {}", object.path()), Mark::by(means), object) }
}

fn of_argo() -> ReconcilerFacts {
    let consumer = Some((ObjectRef::new(Kind::Application, "argocd", "shop"), None));
    ReconcilerFacts { marks: vec![argo("shop", Means::SyncDisabled)], consumer, ..facts("app:2") }
}

fn by_argo(facts: &ReconcilerFacts, syncs: Syncs) -> Stick {
    stick(facts, false, |common| {
        common.owner = Some(Owner { kind: OwnerKind::Application, namespace: "argocd".into(), name: "shop".into() });
        common.owner_syncs = Some(syncs);
    })
}

#[test]
fn an_application_is_held_compared_let_go_and_settled() {
    let stick = by_argo(&of_argo(), Syncs::Heals);
    assert_eq!(words(&stick), ["hold", "commit", "push", "applied", "release"]);
    assert_eq!(stick.last[0].step, "settled", "once the rollout is over");
    assert_eq!(stick.durability, Durability::Sticks);
    assert!(stick.reasons[0].starts_with("argo argocd/shop would undo this within about 5 s"), "{:?}", stick.reasons);
    let frozen = stick.preconditions.iter().find(|p| p.what == "frozen").unwrap();
    assert_eq!(frozen.detail, "app/shop syncs nothing meanwhile: also not Deployment/cart, Service/checkout");
    let Action::HoldOwner(hold) = &stick.before[0].action else { panic!() };
    assert_eq!(hold.asked, Some(ObjectRef::new(Kind::Application, "argocd", "shop")));
    assert!(by_argo(&of_argo(), Syncs::OnCommit).reasons[0].contains("at the next commit"));
}

#[test]
fn what_stands_above_is_held_first_and_let_go_last() {
    let mut facts = of_argo();
    facts.marks.push(argo("root", Means::SyncDisabled));
    let stick = by_argo(&facts, Syncs::Heals);
    let of = |steps: &[Step], word: &str| -> Vec<String> {
        let steps = steps.iter().filter(|step| step.step == word);
        steps.map(|step| step.detail.split(':').next().unwrap().to_owned()).collect()
    };
    assert_eq!(of(&stick.before, "hold"), ["app/root", "app/shop"]);
    assert_eq!(of(&stick.after, "release"), ["app/shop", "app/root"]);
    let Action::HoldOwner(root) = &stick.before[0].action else { panic!() };
    assert_eq!(root.asked, None, "only what syncs the workload is asked");
}

#[test]
fn a_hold_that_may_be_undone_is_not_said_to_stick() {
    let mut facts = of_argo();
    facts.undone = vec!["appset/all syncs app/shop by itself, step by step".into()];
    let stick = by_argo(&facts, Syncs::Heals);
    assert!(stick.durability.to_string().starts_with("appset/all syncs app/shop by itself"), "{}", stick.durability);
    assert!(stick.preconditions.iter().any(|p| p.what == "hold" && p.warning));
}

#[test]
fn what_only_a_hand_syncs_is_not_held() {
    let mut facts = of_argo();
    facts.marks.clear();
    let told = by_argo(&facts, Syncs::ByHand);
    assert_eq!((words(&told), &told.durability), (vec!["commit", "push"], &Durability::Sticks));
    facts.git = GitSight::Unknown("no repository".into());
    let without = by_argo(&facts, Syncs::ByHand);
    assert!(words(&without).is_empty());
    assert!(without.durability.to_string().contains("at its next sync, which only a hand begins"));
}

#[test]
fn while_git_is_read_the_cluster_can_be_put_right() {
    let mut facts = facts("app:2");
    facts.git = GitSight::Outstanding;
    let stick = stick(&facts, false, |_| ());
    assert_eq!(words(&stick), ["hold", "by hand", "release"]);
    assert!(stick.preconditions.iter().any(|p| p.what == "git" && p.detail.starts_with(OUTSTANDING)));
    assert!(stick.after[0].detail.contains("roll back once more"), "{}", stick.after[0].detail);
}

#[test]
fn an_automation_that_was_left_held_is_let_go_once_nothing_writes_the_value() {
    let object = ObjectRef::new(Kind::ImageUpdateAutomation, "apps", "fleet");
    let mark = holdable("image automation apps/fleet", Mark::by(Means::Suspend), object);
    let mut facts = facts("app:1");
    facts.left = vec![Holdable { hold: Some(record("op-0")), ..mark }];
    let told = stick(&facts, false, |_| ());
    assert_eq!(told.last.iter().map(|step| step.step.as_str()).collect::<Vec<_>>(), ["release"]);
    let Action::ReleaseOwner(hold) = &told.last[0].action else { panic!() };
    assert_eq!((&*hold.object.name, hold.adopts.as_ref().map(|id| id.0.as_str())), ("fleet", Some("op-0")));
    facts.git = GitSight::Unknown("no repository".into());
    let told = stick(&facts, false, |_| ());
    assert_eq!(told.last.iter().map(|step| step.step.as_str()).collect::<Vec<_>>(), ["by hand", "release"]);
}

#[test]
fn templates_are_compared_by_image_and_by_the_rest() {
    let template = |image: &str, env: &str| json!({"spec": {"containers": [{"name": "app", "image": image, "env": [{"name": "A", "value": env}]}, {"name": "side", "image": "side:1"}]}});
    let (one, two) = (template("app:1", "x"), template("app:2", "x"));
    let found = swaps(&two, &one);
    assert_eq!(found, [Swap { container: "app".into(), bad: "app:2".into(), good: "app:1".into() }]);
    assert!(!differs_otherwise(&two, &one) && differs_otherwise(&two, &template("app:1", "y")));
    assert!(swaps(&one, &template("app:1", "y")).is_empty());
}
