//! Tests of the HTTPRoute provider: weights read, patches applied by an independent implementation, and the parents' verdict.

use super::super::{Provider, accepted, distribute, has_controller, set_weights, weights};
use super::*;
use rstest::rstest;

fn route() -> Value {
    json!({"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute",
      "metadata": {"name": "checkout", "namespace": "shop", "uid": "u1", "resourceVersion": "7", "generation": 3},
      "spec": {"parentRefs": [{"name": "edge"}], "hostnames": ["shop.example"], "rules": [
        {"matches": [{"headers": [{"name": "x-canary", "value": "1"}]}], "backendRefs": [{"name": "new", "port": 80}]},
        {"matches": [{"path": {"value": "/"}}], "filters": [{"type": "RequestMirror"}], "timeouts": {"request": "3s"},
         "backendRefs": [{"name": "old", "port": 80, "filters": [{"x": 1}]}, {"name": "new", "port": 80, "weight": 0}]},
        {"matches": [{"headers": [{"name": "a", "value": "b"}]}, {"path": {"value": "/api"}}],
         "backendRefs": [{"name": "new", "port": 81, "weight": 500}, {"name": "old", "port": 81, "weight": 500}]},
        {"backendRefs": [{"name": "static", "port": 80}]}]}})
}

fn apply(object: &Value, patch: &Value) -> Result<Value, json_patch::PatchError> {
    let mut object = object.clone();
    let patch: json_patch::Patch = serde_json::from_value(patch.clone()).unwrap();
    json_patch::patch(&mut object, &patch)?;
    Ok(object)
}

#[test]
fn a_missing_weight_is_one_and_header_rules_are_left_out() {
    let found: Vec<_> = weights(&route()).unwrap().into_iter().map(|w| (w.rule, w.backend, w.name, w.weight)).collect();
    let expected = [(1, 0, "old", 1), (1, 1, "new", 0), (2, 0, "new", 500), (2, 1, "old", 500), (3, 0, "static", 1)];
    assert_eq!(found, expected.map(|(rule, backend, name, weight)| (rule, backend, name.to_owned(), weight)));
}

#[test]
fn a_patch_changes_the_weights_and_nothing_else() {
    let object = route();
    let before = weights(&object).unwrap();
    let after = distribute(&before, "new", 25).unwrap();
    let patched = apply(&object, &set_weights(&object, &before, &after).unwrap()).unwrap();
    let mut expected = object.clone();
    expected["spec"]["rules"][1]["backendRefs"][0]["weight"] = json!(75);
    expected["spec"]["rules"][1]["backendRefs"][1]["weight"] = json!(25);
    expected["spec"]["rules"][2]["backendRefs"][0]["weight"] = json!(250);
    expected["spec"]["rules"][2]["backendRefs"][1]["weight"] = json!(750);
    assert_eq!(patched, expected);
    let back = set_weights(&patched, &after, &before).unwrap();
    assert_eq!(weights(&apply(&patched, &back).unwrap()).unwrap(), before, "the way back is exact");
}

#[rstest]
#[case("/metadata/resourceVersion", json!("8"))]
#[case("/metadata/uid", json!("u2"))]
#[case("/spec/rules/1/backendRefs/0/name", json!("other"))]
fn a_patch_applies_to_the_route_that_was_read_or_to_none(#[case] field: &str, #[case] value: Value) {
    let object = route();
    let before = weights(&object).unwrap();
    let patch = set_weights(&object, &before, &distribute(&before, "new", 25).unwrap()).unwrap();
    let mut other = object.clone();
    *other.pointer_mut(field).unwrap() = value;
    assert!(apply(&object, &patch).is_ok());
    assert!(apply(&other, &patch).is_err());
}

#[test]
fn refused_where_the_world_or_the_request_is_not_the_plans() {
    let object = route();
    let before = weights(&object).unwrap();
    let after = distribute(&before, "new", 25).unwrap();
    assert!(matches!(set_weights(&object, &after, &before), Err(FormatError::Changed { .. })));
    assert!(matches!(set_weights(&object, &before, &after[1..]), Err(FormatError::Weights { .. })));
    let mut renamed = after.clone();
    renamed[0].name = "other".into();
    assert!(matches!(set_weights(&object, &before, &renamed), Err(FormatError::Weights { .. })));
    let mut zero = after.clone();
    (zero[0].weight, zero[1].weight) = (0, 0);
    assert!(set_weights(&object, &before, &zero).unwrap_err().to_string().contains("not specified"));
    let mut huge = after;
    huge[0].weight = MAX_WEIGHT + 1;
    assert!(set_weights(&object, &before, &huge).is_err());
}

#[rstest]
#[case(json!(-1))]
#[case(json!(1_000_001))]
#[case(json!("3"))]
#[case(json!(1.5))]
fn weights_out_of_range_are_refused(#[case] weight: Value) {
    let mut object = route();
    object["spec"]["rules"][1]["backendRefs"][0]["weight"] = weight;
    assert!(matches!(weights(&object), Err(FormatError::Weights { .. })));
}

#[test]
fn other_objects_are_not_routes() {
    assert_eq!(Provider::of(&route()), Ok(Provider::HttpRoute));
    let service = json!({"apiVersion": "v1", "kind": "Service"});
    assert!(weights(&service).is_err() && accepted(&service).is_err() && !has_controller(&service));
    assert_eq!(weights(&json!({"apiVersion": "gateway.networking.k8s.io/v1beta1", "kind": "HTTPRoute"})), Ok(vec![]));
}

fn condition(kind: &str, status: &str, generation: u64) -> Value {
    json!({"type": kind, "status": status, "observedGeneration": generation, "reason": "Because", "message": "so it is"})
}

fn report(conditions: Vec<Value>) -> Value {
    json!([{"parentRef": {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "edge"}, "conditions": conditions}])
}

#[rstest]
#[case::no_status(json!([]), Ok(false))]
#[case::accepted(report(vec![condition("Accepted", "True", 3), condition("ResolvedRefs", "True", 3)]), Ok(true))]
#[case::stale(report(vec![condition("Accepted", "True", 2), condition("ResolvedRefs", "True", 3)]), Ok(false))]
#[case::stale_refusal(report(vec![condition("Accepted", "False", 2), condition("ResolvedRefs", "True", 3)]), Ok(false))]
#[case::half(report(vec![condition("Accepted", "True", 3)]), Ok(false))]
#[case::unknown(report(vec![condition("Accepted", "Unknown", 3), condition("ResolvedRefs", "True", 3)]), Ok(false))]
#[case::unresolved(report(vec![condition("Accepted", "True", 3), condition("ResolvedRefs", "False", 3)]),
    Err("edge says ResolvedRefs=False (Because): so it is".to_owned()))]
#[case::partly(report(vec![condition("Accepted", "True", 3), condition("ResolvedRefs", "True", 3), condition("PartiallyInvalid", "True", 3)]),
    Err("edge says PartiallyInvalid=True (Because): so it is".to_owned()))]
#[case::another_parent(json!([{"parentRef": {"name": "other"}, "conditions": [condition("Accepted", "True", 3), condition("ResolvedRefs", "True", 3)]}]), Ok(false))]
fn the_parents_verdict(#[case] parents: Value, #[case] expected: Result<bool, String>) {
    let mut object = route();
    object["status"] = json!({"parents": parents});
    assert_eq!(accepted(&object), expected);
    assert_eq!(has_controller(&object), parents != json!([]));
}

#[test]
fn every_parent_and_every_controller_counts() {
    let good = || vec![condition("Accepted", "True", 3), condition("ResolvedRefs", "True", 3)];
    let mut object = route();
    object["spec"]["parentRefs"] = json!([{"name": "edge"}, {"name": "mesh", "kind": "Service", "group": ""}]);
    object["status"] = json!({"parents": report(good())});
    assert_eq!(accepted(&object), Ok(false), "the second parent has not spoken");
    let second = json!({"parentRef": {"name": "mesh", "kind": "Service", "group": "", "namespace": "shop"}, "conditions": good()});
    object["status"]["parents"].as_array_mut().unwrap().push(second);
    assert_eq!(accepted(&object), Ok(true));
    let mut third = report(vec![condition("Accepted", "False", 3)])[0].clone();
    third["controllerName"] = json!("another");
    object["status"]["parents"].as_array_mut().unwrap().push(third);
    assert!(accepted(&object).is_err());
    object["spec"]["parentRefs"] = json!([]);
    assert_eq!(accepted(&object), Ok(false), "a route without parents serves nobody");
}
