//! Tests of marks and records.

use super::*;
use crate::model::Kind;
use rstest::rstest;

fn patched(object: &Value, operations: Value) -> Value {
    let mut object = object.clone();
    json_patch::patch(&mut object, &serde_json::from_value::<json_patch::Patch>(operations).unwrap()).unwrap();
    object
}

fn object(extra: &Value, spec: &Value) -> Value {
    let mut metadata = json!({"name": "a", "namespace": "b", "uid": "u", "resourceVersion": "7"});
    for (key, value) in extra.as_object().unwrap() {
        metadata[key] = value.clone();
    }
    json!({"kind": "Deployment", "metadata": metadata, "spec": spec})
}

fn hold(object: &Value, mark: Mark) -> OwnerHold {
    OwnerHold {
        owner: "flux apps/shop".into(),
        asked: None,
        original: said(object, &mark),
        mark,
        object: ObjectRef::new(Kind::Deployment, "b", "a"),
        uid: "u".into(),
        bad: vec![("app".into(), "app:2".into())],
        until: "2026-03-01T13:00:00Z".parse().unwrap(),
        adopts: None,
    }
}

fn told(hold: &OwnerHold, operation: &str, workload: &str) -> HoldRecord {
    HoldRecord {
        operation: OperationId(operation.into()),
        actor: "ana@desk".into(),
        workload: workload.into(),
        namespace: String::new(),
        part: hold.mark.part.clone(),
        aside: hold.mark.aside,
        since: "2026-03-01T12:00:00Z".parse().unwrap(),
        until: hold.until,
        original: hold.original.clone(),
        bad: hold.bad.clone(),
        why: Some("crash loop".into()),
    }
}

/// Empty maps are no difference.
fn tidy(mut object: Value) -> Value {
    for field in ["annotations", "labels"] {
        if object["metadata"][field] == json!({}) {
            object["metadata"].as_object_mut().unwrap().shift_remove(field);
        }
    }
    object
}

fn part(means: Means, name: &str) -> Mark {
    Mark { part: Some(name.into()), ..Mark::by(means) }
}

#[rstest]
#[case(Mark::by(Means::LeaveAlone), json!({}), json!({}))]
#[case(Mark::by(Means::LeaveAlone), json!({"labels": {RECONCILE: "enabled", "app": "a"}, "annotations": {"b": "c"}}), json!({}))]
#[case(Mark::by(Means::Suspend), json!({}), json!({"interval": "1m"}))]
#[case(Mark::by(Means::Suspend), json!({"annotations": {}}), json!({"suspend": false}))]
#[case(Mark { aside: true, ..Mark::by(Means::Suspend) }, json!({"labels": {"app": "a"}}), json!({"suspend": false}))]
#[case(Mark::by(Means::SyncDisabled), json!({}), json!({"syncPolicy": {"automated": {"prune": true, "selfHeal": true}}}))]
#[case(Mark::by(Means::SyncDisabled), json!({}), json!({"syncPolicy": {"automated": {"enabled": true}}}))]
#[case(Mark::by(Means::SyncDisabled), json!({}), json!({"syncPolicy": {"automated": {"enabled": null}}}))]
#[case(Mark::by(Means::SyncRemoved), json!({}), json!({"syncPolicy": {"automated": {"prune": true}, "retry": {"limit": 2}}}))]
#[case(Mark::by(Means::SyncRemoved), json!({}), json!({"syncPolicy": {"automated": {}}}))]
#[case(part(Means::IgnoreSync, "web"), json!({}), json!({"generators": []}))]
#[case(part(Means::IgnoreSync, "web"), json!({}), json!({"ignoreApplicationDifferences": [{"jqPathExpressions": [".spec.x"]}]}))]
fn a_hold_that_is_lifted_leaves_what_was_there(#[case] mark: Mark, #[case] extra: Value, #[case] spec: Value) {
    let object = object(&extra, &spec);
    let hold = hold(&object, mark.clone());
    let told = told(&hold, "op-1", "Deployment/a");
    assert!(!is_marked(&object, &mark) && records(&object, &mark).is_empty());
    let held = patched(&object, super::mark(&object, &hold, &told).unwrap());
    assert!(is_marked(&held, &mark), "{held}");
    assert_eq!(records(&held, &mark), std::slice::from_ref(&told));
    let workload = ObjectRef::new(Kind::Deployment, "b", "a");
    assert_eq!(record(&held, &mark, &workload), Some(told.clone()));
    assert_eq!(record(&held, &mark, &ObjectRef::new(Kind::Deployment, "c", "a")), None, "of another namespace");
    let lifted = patched(&held, lift(&held, &hold, &told.operation).unwrap());
    assert_eq!(tidy(lifted), tidy(object));
    assert!(super::mark(&json!({}), &hold, &told).is_err(), "an object that was not read");
}

#[rstest]
#[case(Mark::by(Means::SyncDisabled), json!({"syncPolicy": {"automated": {"selfHeal": true}}}))]
#[case(Mark::by(Means::SyncRemoved), json!({"syncPolicy": {"automated": {"selfHeal": true}}}))]
#[case(Mark::by(Means::Suspend), json!({}))]
fn the_last_of_several_holds_puts_back_what_was_there(#[case] mark: Mark, #[case] spec: Value) {
    let object = object(&json!({}), &spec);
    let first = hold(&object, mark.clone());
    let held = patched(&object, super::mark(&object, &first, &told(&first, "op-1", "Deployment/a")).unwrap());
    let second = OwnerHold { original: records(&held, &mark)[0].original.clone(), ..first.clone() };
    let both = patched(&held, super::mark(&held, &second, &told(&second, "op-2", "Deployment/c")).unwrap());
    assert_eq!(records(&both, &mark).len(), 2);
    let one = patched(&both, lift(&both, &first, &OperationId("op-1".into())).unwrap());
    assert!(is_marked(&one, &mark), "somebody still holds it: {one}");
    let free = patched(&one, lift(&one, &second, &OperationId("op-2".into())).unwrap());
    assert_eq!(tidy(free), tidy(object.clone()));
    // Taking over replaces the record.
    let adopting = OwnerHold { adopts: Some(OperationId("op-1".into())), ..second };
    let adopted = patched(&held, super::mark(&held, &adopting, &told(&adopting, "op-3", "Deployment/a")).unwrap());
    let operations: Vec<String> = records(&adopted, &mark).into_iter().map(|record| record.operation.0).collect();
    assert_eq!(operations, ["op-3"]);
}

#[test]
fn two_applications_of_one_set_are_held_apart() {
    let object = object(&json!({}), &json!({}));
    let (web, cart) = (hold(&object, part(Means::IgnoreSync, "web")), hold(&object, part(Means::IgnoreSync, "cart")));
    let one = patched(&object, mark(&object, &web, &told(&web, "op-1", "Deployment/web")).unwrap());
    let cart = OwnerHold { original: written(&one)[0].original.clone(), ..cart };
    let both = patched(&one, mark(&one, &cart, &told(&cart, "op-2", "Deployment/cart")).unwrap());
    assert!(is_marked(&both, &web.mark) && is_marked(&both, &cart.mark));
    assert_eq!((records(&both, &web.mark).len(), written(&both).len()), (1, 2));
    let left = patched(&both, lift(&both, &web, &OperationId("op-1".into())).unwrap());
    assert!(!is_marked(&left, &web.mark) && is_marked(&left, &cart.mark), "{left}");
    let free = patched(&left, lift(&left, &cart, &OperationId("op-2".into())).unwrap());
    assert_eq!(tidy(free), tidy(object));
}

#[test]
fn a_record_without_its_mark_counts_for_nothing_and_goes_alone() {
    let mark = Mark::by(Means::LeaveAlone);
    let nonsense = json!({"metadata": {"annotations": {RECORD: "{"}, "labels": {RECONCILE: "Disabled"}}});
    assert!(is_marked(&nonsense, &mark) && records(&nonsense, &mark).is_empty());
    let free = object(&json!({"labels": {RECONCILE: "enabled"}}), &json!({}));
    let hold = hold(&free, mark.clone());
    let held = patched(&free, super::mark(&free, &hold, &told(&hold, "op-1", "Deployment/a")).unwrap());
    let mut by_hand = held;
    by_hand["metadata"]["labels"][RECONCILE] = "by a hand".into();
    assert!(records(&by_hand, &mark).is_empty() && written(&by_hand).len() == 1);
    let lifted = patched(&by_hand, lift(&by_hand, &hold, &OperationId("op-1".into())).unwrap());
    assert_eq!(lifted["metadata"]["labels"][RECONCILE], "by a hand", "what a hand wrote since stays");
    assert!(written(&lifted).is_empty());
}

#[test]
fn a_record_of_an_earlier_version_stands_alone() {
    let record = json!({"operation": "op-1", "actor": "ana@desk", "workload": "Deployment/a", "bad": [],
        "since": "2026-03-01T12:00:00Z", "until": "2026-03-01T13:00:00Z"});
    let object =
        object(&json!({"labels": {RECONCILE: "disabled"}, "annotations": {RECORD: record.to_string()}}), &json!({}));
    assert_eq!(records(&object, &Mark::by(Means::LeaveAlone))[0].operation.0, "op-1");
}
