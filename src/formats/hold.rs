//! Marks that keep a reconciler from writing, and the record beside them.
//!
//! Flux reads the mark on a workload from its labels and its annotations alike. It is written as a label, because a Deployment's
//! annotations are copied to its ReplicaSets, from where `kubectl rollout undo` would bring a mark back that was long taken off.

use super::{
    FormatError,
    template::{escape, preconditions},
};
use crate::model::{HoldRecord, Means, OwnerHold};
use serde_json::{Value, json};

/// The annotation with the record.
pub const RECORD: &str = "pilothouse.io/hold";
/// The label by which an object tells its Flux Kustomization to leave it alone.
const RECONCILE: &str = "kustomize.toolkit.fluxcd.io/reconcile";
const DISABLED: &str = "disabled";

/// Whether the mark of these means is on an object.
pub fn is_marked(object: &Value, means: Means) -> bool {
    match means {
        Means::LeaveAlone => label(object).is_some_and(|value| value.eq_ignore_ascii_case(DISABLED)),
        Means::Suspend => object["spec"]["suspend"] == true,
    }
}

/// What the mark says now; None where it says nothing.
pub fn said(object: &Value, means: Means) -> Option<String> {
    match means {
        Means::LeaveAlone => label(object).map(str::to_owned),
        Means::Suspend => object["spec"]["suspend"].as_bool().map(|suspended| suspended.to_string()),
    }
}

/// The record of a hold that is in force. A record without a mark is a copy, or what a hand left over: it counts for nothing.
pub fn record(object: &Value, means: Means) -> Option<HoldRecord> {
    let text = object["metadata"]["annotations"].get(RECORD)?.as_str()?;
    is_marked(object, means).then(|| serde_json::from_str(text).ok()).flatten()
}

/// The JSON Patch that holds the object as it was read, mark and record at once.
pub fn mark(object: &Value, means: Means, record: &HoldRecord) -> Result<Value, FormatError> {
    let mut operations = preconditions(object)?;
    let map = |field: &str| object["metadata"][field].is_object();
    if !map("annotations") {
        operations.push(json!({"op": "add", "path": "/metadata/annotations", "value": {}}));
    }
    // A record always has a JSON form: it holds strings and times only.
    let text = serde_json::to_string(record).unwrap_or_default();
    operations.push(json!({"op": "add", "path": pointer("annotations", RECORD), "value": text}));
    match means {
        Means::LeaveAlone => {
            if !map("labels") {
                operations.push(json!({"op": "add", "path": "/metadata/labels", "value": {}}));
            }
            operations.push(json!({"op": "add", "path": pointer("labels", RECONCILE), "value": DISABLED}));
        }
        Means::Suspend => operations.push(json!({"op": "add", "path": "/spec/suspend", "value": true})),
    }
    Ok(Value::Array(operations))
}

/// The JSON Patch that takes the mark off an object as it was read, the record with it, and puts back what the mark said before.
pub fn lift(object: &Value, hold: &OwnerHold) -> Result<Value, FormatError> {
    let mut operations = preconditions(object)?;
    if object["metadata"]["annotations"].get(RECORD).is_some() {
        operations.push(json!({"op": "remove", "path": pointer("annotations", RECORD)}));
    }
    let path = match hold.means {
        Means::LeaveAlone => pointer("labels", RECONCILE),
        Means::Suspend => "/spec/suspend".to_owned(),
    };
    match (&hold.original, said(object, hold.means)) {
        (Some(original), _) => {
            let value = match hold.means {
                Means::LeaveAlone => json!(original),
                Means::Suspend => json!(original == "true"),
            };
            operations.push(json!({"op": "add", "path": path, "value": value}));
        }
        (None, Some(_)) => operations.push(json!({"op": "remove", "path": path})),
        (None, None) => {}
    }
    Ok(Value::Array(operations))
}

fn label(object: &Value) -> Option<&str> {
    object["metadata"]["labels"].get(RECONCILE)?.as_str()
}

fn pointer(field: &str, key: &str) -> String {
    format!("/metadata/{field}/{}", escape(key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Kind, ObjectRef, OperationId};
    use rstest::rstest;

    fn patched(object: &Value, operations: Value) -> Value {
        let mut object = object.clone();
        json_patch::patch(&mut object, &serde_json::from_value::<json_patch::Patch>(operations).unwrap()).unwrap();
        object
    }

    #[rstest]
    #[case(Means::LeaveAlone, json!({}), json!({}))]
    #[case(Means::LeaveAlone, json!({"labels": {RECONCILE: "enabled", "app": "a"}, "annotations": {"b": "c"}}), json!({}))]
    #[case(Means::Suspend, json!({}), json!({"interval": "1m"}))]
    #[case(Means::Suspend, json!({"annotations": {}}), json!({"suspend": false}))]
    fn a_hold_that_is_lifted_leaves_what_was_there(#[case] means: Means, #[case] extra: Value, #[case] spec: Value) {
        let mut metadata = json!({"name": "a", "namespace": "b", "uid": "u", "resourceVersion": "7"});
        for (key, value) in extra.as_object().unwrap() {
            metadata[key] = value.clone();
        }
        let object = json!({"kind": "Deployment", "metadata": metadata, "spec": spec});
        let hold = OwnerHold {
            owner: "flux apps/shop".into(),
            asked: None,
            means,
            object: ObjectRef::new(Kind::Deployment, "b", "a"),
            uid: "u".into(),
            original: said(&object, means),
            bad: vec![("app".into(), "app:2".into())],
            until: "2026-03-01T13:00:00Z".parse().unwrap(),
            adopts: None,
        };
        let told = HoldRecord {
            operation: OperationId("op-1".into()),
            actor: "ana@desk".into(),
            workload: "Deployment/a".into(),
            since: "2026-03-01T12:00:00Z".parse().unwrap(),
            until: hold.until,
            original: hold.original.clone(),
            bad: hold.bad.clone(),
            why: Some("crash loop".into()),
        };
        assert!(!is_marked(&object, means) && record(&object, means).is_none());
        let held = patched(&object, mark(&object, means, &told).unwrap());
        assert!(is_marked(&held, means));
        assert_eq!(record(&held, means), Some(told));
        let mut lifted = patched(&held, lift(&held, &hold).unwrap());
        // Empty maps are no difference.
        for field in ["annotations", "labels"] {
            if lifted["metadata"][field] == json!({}) && object["metadata"][field] != json!({}) {
                lifted["metadata"].as_object_mut().unwrap().shift_remove(field);
            }
        }
        assert_eq!(lifted, object);
        assert!(mark(&json!({}), means, &record(&held, means).unwrap()).is_err(), "an object that was not read");
    }

    #[test]
    fn a_record_without_its_mark_counts_for_nothing() {
        let object = json!({"metadata": {"annotations": {RECORD: "{}"}, "labels": {RECONCILE: "enabled"}}});
        assert_eq!(record(&object, Means::LeaveAlone), None);
        let nonsense = json!({"metadata": {"annotations": {RECORD: "{"}, "labels": {RECONCILE: "Disabled"}}});
        assert!(is_marked(&nonsense, Means::LeaveAlone) && record(&nonsense, Means::LeaveAlone).is_none());
    }
}
