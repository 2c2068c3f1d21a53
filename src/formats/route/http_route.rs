//! Gateway API `HTTPRoute`: `spec.rules[i].backendRefs[j].weight`, 0 to 1 000 000, a ratio; a missing weight is 1.

use crate::formats::FormatError;
use crate::formats::template::{describe, preconditions};
use crate::model::Weight;
use serde_json::{Value, json};

use super::MAX_WEIGHT;

pub(super) fn weights(object: &Value) -> Result<Vec<Weight>, FormatError> {
    let wrong = |why: String| FormatError::Weights { object: describe(object), why };
    let mut weights = Vec::new();
    for (rule, spec) in items(&object["spec"]["rules"]).enumerate() {
        if only_by_header(spec) {
            continue;
        }
        for (backend, reference) in items(&spec["backendRefs"]).enumerate() {
            let name =
                reference["name"].as_str().ok_or_else(|| wrong(format!("rule {rule} has a backend without name")))?;
            let weight = match &reference["weight"] {
                Value::Null => 1,
                weight => weight
                    .as_u64()
                    .and_then(|weight| u32::try_from(weight).ok())
                    .filter(|weight| *weight <= MAX_WEIGHT)
                    .ok_or_else(|| {
                        wrong(format!("{weight} of backend {name} is not a weight from 0 to {MAX_WEIGHT}"))
                    })?,
            };
            weights.push(Weight { rule, backend, name: name.to_owned(), weight });
        }
    }
    Ok(weights)
}

/// A rule that takes no request without a certain header.
fn only_by_header(rule: &Value) -> bool {
    let mut matches = items(&rule["matches"]).peekable();
    matches.peek().is_some() && matches.all(|one| items(&one["headers"]).next().is_some())
}

pub(super) fn set_weights(object: &Value, before: &[Weight], after: &[Weight]) -> Result<Value, FormatError> {
    let now = weights(object)?;
    if now != before {
        let what = "its backends or their weights are not those of the plan".into();
        return Err(FormatError::Changed { object: describe(object), what });
    }
    let same = before.len() == after.len()
        && before.iter().zip(after).all(|(b, a)| (b.rule, b.backend, &b.name) == (a.rule, a.backend, &a.name));
    let wrong = |why: &str| Err(FormatError::Weights { object: describe(object), why: why.into() });
    if !same {
        return wrong("the new weights are not for the same backends; make a new plan");
    }
    if after.iter().any(|weight| weight.weight > MAX_WEIGHT) {
        return wrong("a weight above 1000000 is not allowed");
    }
    let mut operations = preconditions(object)?;
    for (old, new) in before.iter().zip(after).filter(|(old, new)| old.weight != new.weight) {
        if after.iter().filter(|other| other.rule == new.rule).all(|other| other.weight == 0) {
            return wrong("what a gateway does when all weights of a rule are 0 is not specified; leave one above 0");
        }
        let path = format!("/spec/rules/{}/backendRefs/{}", old.rule, old.backend);
        operations.push(json!({"op": "test", "path": format!("{path}/name"), "value": old.name}));
        operations.push(json!({"op": "add", "path": format!("{path}/weight"), "value": new.weight}));
    }
    Ok(Value::Array(operations))
}

pub(super) fn accepted(object: &Value) -> Result<bool, String> {
    let namespace = object["metadata"]["namespace"].as_str().unwrap_or_default();
    let mut expected = items(&object["spec"]["parentRefs"]).peekable();
    let mut all = expected.peek().is_some();
    for parent in expected {
        let wanted = identity(parent, namespace);
        let reports: Vec<&Value> =
            items(&object["status"]["parents"]).filter(|r| identity(&r["parentRef"], namespace) == wanted).collect();
        all &= !reports.is_empty();
        for report in reports {
            all &= report_accepts(object, report)?;
        }
    }
    Ok(all)
}

/// One controller's verdict on one parent; conditions about an older generation tell nothing.
fn report_accepts(object: &Value, report: &Value) -> Result<bool, String> {
    let generation = &object["metadata"]["generation"];
    let current = |kind: &str| {
        items(&report["conditions"])
            .find(|c| c["type"] == kind && !generation.is_null() && c["observedGeneration"] == *generation)
    };
    let refused = |condition: &Value| {
        let text = |field: &str| condition[field].as_str().unwrap_or_default().to_owned();
        let parent = report["parentRef"]["name"].as_str().unwrap_or("?");
        format!("{parent} says {}={} ({}): {}", text("type"), text("status"), text("reason"), text("message"))
    };
    if let Some(partly) = current("PartiallyInvalid").filter(|c| c["status"] == "True") {
        return Err(refused(partly));
    }
    let mut all = true;
    for kind in ["Accepted", "ResolvedRefs"] {
        match current(kind) {
            Some(condition) if condition["status"] == "False" => return Err(refused(condition)),
            Some(condition) => all &= condition["status"] == "True",
            None => all = false,
        }
    }
    Ok(all)
}

pub(super) fn has_controller(object: &Value) -> bool {
    items(&object["status"]["parents"]).next().is_some()
}

/// What tells one parent reference from another, with Gateway API's defaults filled in.
fn identity<'a>(parent: &'a Value, namespace: &'a str) -> (&'a str, &'a str, &'a str, &'a str, &'a Value, &'a Value) {
    (
        parent["group"].as_str().unwrap_or("gateway.networking.k8s.io"),
        parent["kind"].as_str().unwrap_or("Gateway"),
        parent["namespace"].as_str().unwrap_or(namespace),
        parent["name"].as_str().unwrap_or_default(),
        &parent["sectionName"],
        &parent["port"],
    )
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

#[cfg(test)]
#[path = "http_route_tests.rs"]
mod tests;
