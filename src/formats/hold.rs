//! Marks that keep a reconciler from writing, and the records beside them.
//!
//! Flux reads the mark on a workload from its labels and its annotations alike. It is written as a label, because a Deployment's
//! annotations are copied to its ReplicaSets, from where `kubectl rollout undo` would bring a mark back that was long taken off.

use super::{
    FormatError,
    template::{escape, preconditions},
};
use crate::model::{HoldRecord, Mark, Means, ObjectRef, OperationId, OwnerHold};
use serde_json::{Value, json};

/// The annotation with the records.
pub const RECORD: &str = "pilothouse.io/hold";
/// The label by which an object tells its Flux Kustomization to leave it alone.
pub const RECONCILE: &str = "kustomize.toolkit.fluxcd.io/reconcile";
const DISABLED: &str = "disabled";

/// The field that a mark of these means writes, as a JSON pointer: whoever else writes it takes the mark off.
pub fn field(means: Means) -> String {
    match means {
        Means::LeaveAlone => pointer("labels", RECONCILE),
        Means::IgnoreSync => "/spec/ignoreApplicationDifferences".into(),
        Means::SyncDisabled => "/spec/syncPolicy/automated/enabled".into(),
        Means::SyncRemoved => "/spec/syncPolicy/automated".into(),
        Means::Suspend => "/spec/suspend".into(),
    }
}

/// Whether the mark is on an object.
pub fn is_marked(object: &Value, mark: &Mark) -> bool {
    let held = match mark.means {
        Means::LeaveAlone => is_aside(object),
        Means::IgnoreSync => exception(object, mark).is_some(),
        Means::SyncDisabled => object["spec"]["syncPolicy"]["automated"]["enabled"] == false,
        Means::SyncRemoved => object["spec"]["syncPolicy"]["automated"].is_null(),
        Means::Suspend => object["spec"]["suspend"] == true,
    };
    held && (!mark.aside || is_aside(object))
}

/// What the mark says now; None where it says nothing.
pub fn said(object: &Value, mark: &Mark) -> Option<String> {
    match mark.means {
        Means::LeaveAlone => label(object).map(str::to_owned),
        // Only whether there was a list at all: what else stands in it is not ours.
        Means::IgnoreSync => object["spec"]["ignoreApplicationDifferences"].is_array().then(|| "[]".into()),
        Means::SyncDisabled => object["spec"]["syncPolicy"]["automated"].get("enabled").map(Value::to_string),
        Means::SyncRemoved => object["spec"]["syncPolicy"].get("automated").map(Value::to_string),
        Means::Suspend => object["spec"]["suspend"].as_bool().map(|suspended| suspended.to_string()),
    }
}

/// The records of holds that are in force. A record without a mark is a copy, or what a hand left over: it counts for nothing.
pub fn records(object: &Value, mark: &Mark) -> Vec<HoldRecord> {
    let same = |record: &HoldRecord| record.part == mark.part;
    if is_marked(object, mark) { written(object).into_iter().filter(same).collect() } else { Vec::new() }
}

/// The record in force that is for this workload.
pub fn record(object: &Value, mark: &Mark, workload: &ObjectRef) -> Option<HoldRecord> {
    let namespace = object["metadata"]["namespace"].as_str().unwrap_or_default();
    records(object, mark).into_iter().find(|record| record.is_for(workload, namespace))
}

/// Every record on the object, in force or not. One that stands alone was once written without a list.
pub fn written(object: &Value) -> Vec<HoldRecord> {
    let text = object["metadata"]["annotations"].get(RECORD).and_then(Value::as_str).unwrap_or_default();
    let one = |text| serde_json::from_str(text).ok().map(|record| vec![record]);
    serde_json::from_str(text).ok().or_else(|| one(text)).unwrap_or_default()
}

/// The JSON Patch that holds the object as it was read, mark and record at once. The record of the operation that is taken over
/// goes; those of others stay.
pub fn mark(object: &Value, hold: &OwnerHold, record: &HoldRecord) -> Result<Value, FormatError> {
    let mut operations = preconditions(object)?;
    let mut all = records_beside(object, &hold.mark);
    all.retain(|other| other.operation != record.operation && Some(&other.operation) != hold.adopts.as_ref());
    all.push(record.clone());
    let map = |field: &str| object["metadata"][field].is_object();
    if !map("annotations") {
        operations.push(add("/metadata/annotations", json!({})));
    }
    operations.push(records_in(all));
    if hold.mark.aside || hold.mark.means == Means::LeaveAlone {
        if !map("labels") {
            operations.push(add("/metadata/labels", json!({})));
        }
        operations.push(add(&pointer("labels", RECONCILE), json!(DISABLED)));
    }
    match hold.mark.means {
        Means::LeaveAlone => {}
        Means::IgnoreSync if exception(object, &hold.mark).is_some() => {}
        Means::IgnoreSync => {
            let list = field(Means::IgnoreSync);
            if !object["spec"]["ignoreApplicationDifferences"].is_array() {
                operations.push(add(&list, json!([])));
            }
            operations.push(add(&format!("{list}/-"), entry(&hold.mark)));
        }
        // An automated sync that somebody took away meanwhile is not brought back by turning it off.
        Means::SyncDisabled if object["spec"]["syncPolicy"]["automated"].is_object() => {
            operations.push(add(&field(Means::SyncDisabled), json!(false)));
        }
        Means::SyncRemoved if object["spec"]["syncPolicy"].get("automated").is_some() => {
            operations.push(json!({"op": "remove", "path": field(Means::SyncRemoved)}));
        }
        Means::SyncDisabled | Means::SyncRemoved => {}
        Means::Suspend => operations.push(add(&field(Means::Suspend), json!(true))),
    }
    Ok(Value::Array(operations))
}

/// The JSON Patch that takes the hold of `operation` (or of the one that was taken over) off an object as it was read. The mark
/// goes with the last record, and what it said before comes back.
pub fn lift(object: &Value, hold: &OwnerHold, operation: &OperationId) -> Result<Value, FormatError> {
    let mut operations = preconditions(object)?;
    let mut all = written(object);
    all.retain(|other| other.operation != *operation && Some(&other.operation) != hold.adopts.as_ref());
    // A mark that is off already is not put on by putting back what it said before.
    let last = is_marked(object, &hold.mark) && !all.iter().any(|other| other.part == hold.mark.part);
    if !all.is_empty() {
        operations.push(records_in(all));
    } else if object["metadata"]["annotations"].get(RECORD).is_some() {
        operations.push(json!({"op": "remove", "path": pointer("annotations", RECORD)}));
    }
    if last {
        if hold.mark.aside {
            // It is set only where there was none.
            operations.push(json!({"op": "remove", "path": pointer("labels", RECONCILE)}));
        }
        operations.extend(restored(object, hold));
    }
    Ok(Value::Array(operations))
}

/// What puts back what the mark said before.
fn restored(object: &Value, hold: &OwnerHold) -> Option<Value> {
    let path = field(hold.mark.means);
    let original = |value: &str| serde_json::from_str(value).unwrap_or_else(|_| json!(value));
    match (hold.mark.means, &hold.original) {
        (Means::IgnoreSync, original) => {
            let list = object["spec"]["ignoreApplicationDifferences"].as_array()?;
            let at = exception(object, &hold.mark)?;
            let whole = list.len() == 1 && original.is_none();
            let path = if whole { path } else { format!("{path}/{at}") };
            Some(json!({"op": "remove", "path": path}))
        }
        (Means::LeaveAlone, Some(value)) => Some(add(&path, json!(value))),
        (Means::SyncRemoved, Some(_)) if !object["spec"]["syncPolicy"].is_object() => {
            Some(add("/spec/syncPolicy", json!({"automated": original(hold.original.as_deref()?)})))
        }
        (Means::SyncDisabled | Means::SyncRemoved | Means::Suspend, Some(value)) => Some(add(&path, original(value))),
        (_, None) => said(object, &hold.mark).map(|_| json!({"op": "remove", "path": path})),
    }
}

/// The records in force of every part of an object; leftovers are not carried on.
fn records_beside(object: &Value, mark: &Mark) -> Vec<HoldRecord> {
    let in_force = |record: &HoldRecord| is_marked(object, &Mark { part: record.part.clone(), ..mark.clone() });
    written(object).into_iter().filter(in_force).collect()
}

fn records_in(all: Vec<HoldRecord>) -> Value {
    // Records always have a JSON form: they hold strings and times only.
    add(&pointer("annotations", RECORD), json!(serde_json::to_string(&all).unwrap_or_default()))
}

/// What an ApplicationSet is told to leave as it is on one Application: its auto-sync, and our record, which it would take away.
fn entry(mark: &Mark) -> Value {
    json!({"name": mark.part, "jsonPointers": [field(Means::SyncRemoved), pointer("annotations", RECORD)]})
}

/// Where that stands in an ApplicationSet's list.
fn exception(object: &Value, mark: &Mark) -> Option<usize> {
    let list = object["spec"]["ignoreApplicationDifferences"].as_array()?;
    let ours = entry(mark);
    list.iter().position(|known| *known == ours)
}

fn add(path: &str, value: Value) -> Value {
    json!({"op": "add", "path": path, "value": value})
}

/// Whether the object tells its Kustomization to leave it alone, by the label that a mark sets.
pub fn is_aside(object: &Value) -> bool {
    label(object).is_some_and(|value| value.eq_ignore_ascii_case(DISABLED))
}

fn label(object: &Value) -> Option<&str> {
    object["metadata"]["labels"].get(RECONCILE)?.as_str()
}

fn pointer(field: &str, key: &str) -> String {
    format!("/metadata/{field}/{}", escape(key))
}

#[cfg(test)]
#[path = "hold_tests.rs"]
mod tests;
