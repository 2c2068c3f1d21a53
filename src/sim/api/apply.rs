//! Server-side apply: a manager says what it wants, and owns what it said.
//!
//! Invariant: ownership is kept for managers that apply; a field that its manager no longer names, and nobody else does, goes.
//! What managers own otherwise is written down in `managed`.

use super::{Call, Response, body, conform::conform, patch, reply, write};
use crate::sim::{
    managed::{fields, kind, part, without},
    schema::{self, Merge},
    status::{Cause, Status},
    store::{Part, child, meta, time},
};
use serde_json::{Map, Value, json};

/// Where kubectl notes down what it applied from the client's side.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// PATCH with an apply configuration: creates the object or merges into it.
pub fn apply(call: &Call) -> Result<Response, Status> {
    let (r, target) = (call.target.resource, &call.target);
    let required = || Cause::required("fieldManager", "is required for apply patch");
    let manager = call.query.get("fieldManager");
    let manager = manager.ok_or_else(|| Status::invalid_options("PatchOptions", &required()))?;
    let mut wanted: Value = match serde_json::from_slice(&call.body) {
        Ok(value) => value,
        Err(_) => {
            serde_yaml::from_slice(&call.body).map_err(|e| Status::bad_request(format!("error decoding YAML: {e}")))?
        }
    };
    if wanted["metadata"]["managedFields"].as_array().is_some_and(|list| !list.is_empty()) {
        return Err(Status::bad_request("metadata.managedFields must be nil"));
    }
    if !wanted.is_object() {
        return Err(Status::bad_request("error decoding YAML: the configuration to apply must be an object"));
    }
    write::place(call, &mut wanted)?;
    declared(call, &wanted)?;
    let warnings = body::fit_patched(call, r, &mut wanted, None)?;
    let message = schema::of(r).or(Some(schema::ANY));
    let mut said = fields(message, &wanted, false);
    if let Some(said) = said.as_object_mut() {
        said.retain(|key, _| key != "f:apiVersion" && key != "f:kind");
        let own = said.get_mut("f:metadata").and_then(Value::as_object_mut);
        let named = own.map(|own| {
            own.retain(|key, _| !matches!(key.as_str(), "f:name" | "f:namespace" | "f:uid" | "f:resourceVersion"));
            !own.is_empty()
        });
        if named == Some(false) {
            said.shift_remove("f:metadata");
        }
    }
    // What an applier owns is written down here, not by the store.
    let store = call.store.unsigned();
    let now = time(store.clock().now());
    let entry = |said: &Value| json!({ "manager": manager, "operation": "Apply", "apiVersion": r.api_version(), "time": now, "fieldsType": "FieldsV1", "fieldsV1": said });
    let status = target.subresource.is_some();
    if store.get(r, target.namespace(), target.name()).is_none() && !status {
        write::without_status(r, &mut wanted);
        child(&mut wanted, "metadata").insert("managedFields".into(), json!([entry(&said)]));
        let made = store.create(r, wanted)?;
        return Ok(reply::with_warnings(reply::object(call, 201, &made), &warnings));
    }
    let written = store.update(r, target.namespace(), target.name(), write::part(call), None, |object| {
        patch::unmoved(r, object, &{
            let mut same = object.clone();
            let version = meta(&wanted, "resourceVersion");
            if !version.is_empty() {
                same["metadata"]["resourceVersion"] = json!(version);
            }
            same
        })?;
        let mut entries = object["metadata"]["managedFields"].as_array().cloned().unwrap_or_default();
        let mine = |e: &Value| e["manager"] == manager && e["operation"] == "Apply";
        let before = entries.iter().find(|e| mine(e)).map_or(Value::Null, |e| e["fieldsV1"].clone());
        let mut new = object.clone();
        let (mut against, last) = (Vec::new(), last_applied(manager, object));
        for other in entries.iter_mut().filter(|e| !mine(e)) {
            let mut clash = Vec::new();
            let views = Views { wanted: &wanted, has: object, last: &last };
            let lost = clashes(views, &said, &other["fieldsV1"], "", &mut clash);
            if !clash.is_empty() {
                against.push((printed(other), clash));
            }
            if lost.as_object().is_some_and(|lost| !lost.is_empty()) {
                let kept = without(&other["fieldsV1"], &lost);
                other["fieldsV1"] = kept;
            }
        }
        if !against.is_empty() && !call.query.flag("force") {
            against.sort();
            return Err(conflict(&against));
        }
        let others: Vec<Value> = entries.iter().filter(|e| !mine(e)).map(|e| e["fieldsV1"].clone()).collect();
        drop_unsaid(&mut new, &before, &said, &others);
        merge(message, &mut new, &wanted);
        if new != *object || before != said {
            entries.retain(|e| !mine(e) && e["fieldsV1"].as_object().is_some_and(|f| !f.is_empty()));
            entries.push(entry(&said));
            child(&mut new, "metadata").insert("managedFields".into(), json!(entries));
        }
        *object = new;
        if part_is_status(call) {
            object["metadata"]["managedFields"] = json!(entries);
        }
        Ok(())
    })?;
    Ok(reply::with_warnings(reply::object(call, 200, &written), &warnings))
}

/// 500 for fields that the kind does not have: a real API server cannot type such a configuration.
fn declared(call: &Call, wanted: &Value) -> Result<(), Status> {
    let (r, mut unknown) = (call.target.resource, Vec::new());
    let Some(message) = schema::of(r) else { return Ok(()) };
    if conform(message, &mut wanted.clone(), &mut unknown).is_ok() && !unknown.is_empty() {
        let fields: Vec<String> = unknown.iter().map(|at| format!(".{at}: field not declared in schema")).collect();
        let (namespace, name) = (call.target.namespace(), call.target.name());
        let group = if r.group.is_empty() { format!("/{}", r.version) } else { r.api_version() };
        let told = format!("failed to create typed patch object ({namespace}/{name}; {group}, Kind={})", r.kind);
        return Err(Status::new(500, "", format!("{told}: {}", fields.join("\n"))));
    }
    Ok(())
}

fn part_is_status(call: &Call) -> bool {
    write::part(call) == Part::Status
}

/// A manager as messages name it.
fn printed(entry: &Value) -> String {
    let text = |field: &str| entry[field].as_str().unwrap_or_default();
    match (text("operation"), text("subresource")) {
        ("Update", "") => format!("{:?} using {}", text("manager"), text("apiVersion")),
        ("Update", sub) => format!("{:?} with subresource {sub:?} using {}", text("manager"), text("apiVersion")),
        _ => format!("{:?}", text("manager")),
    }
}

/// 409 of fields that others own: each manager, and the paths that it owns.
fn conflict(against: &[(String, Vec<String>)]) -> Status {
    let count: usize = against.iter().map(|(_, paths)| paths.len()).sum();
    let message = match against {
        [(who, paths)] if paths.len() == 1 => {
            format!("Apply failed with 1 conflict: conflict with {who}: {}", paths[0])
        }
        _ => {
            let told = against.iter().map(|(who, paths)| format!("conflicts with {who}:\n- {}", paths.join("\n- ")));
            format!("Apply failed with {count} conflicts: {}", told.collect::<Vec<_>>().join("\n"))
        }
    };
    let mut status = Status::new(409, "Conflict", message);
    let causes = against.iter().flat_map(|(who, paths)| {
        let cause = move |field: &String| json!({ "reason": "FieldManagerConflict", "message": format!("conflict with {who}"), "field": field });
        paths.iter().map(cause)
    });
    *status.details = json!({ "causes": causes.collect::<Vec<_>>() });
    status
}

/// One field as the applier wants it, as it is, and as it was last applied by a client (null where it was not).
#[derive(Clone, Copy)]
struct Views<'a> {
    wanted: &'a Value,
    has: &'a Value,
    last: &'a Value,
}

/// The leaves that `said` and `theirs` both name, and that the object would change in, as a set. Their paths go to `clash`,
/// but for those that kubectl itself applied from the client's side before.
fn clashes(views: Views, said: &Value, theirs: &Value, path: &str, clash: &mut Vec<String>) -> Value {
    let mut lost = Map::new();
    for (key, below) in said.as_object().into_iter().flatten() {
        let (Some(other), Some(wanted)) = (theirs.get(key), part(views.wanted, key)) else { continue };
        let path = format!("{path}{}", shown(key));
        let in_it = |whole| part(whole, key).unwrap_or(&Value::Null);
        let (has, last) = (in_it(views.has), in_it(views.last));
        let nothing_in_it = wanted.as_object().is_some_and(Map::is_empty) && has.is_object();
        if nothing_in_it {
            continue;
        }
        if below.as_object().is_none_or(Map::is_empty) || other.as_object().is_none_or(Map::is_empty) {
            if wanted != has {
                lost.insert(key.clone(), json!({}));
                if last.is_null() || last != has {
                    clash.push(path);
                }
            }
        } else {
            let inner = clashes(Views { wanted, has, last }, below, other, &path, clash);
            if inner.as_object().is_some_and(|inner| !inner.is_empty()) {
                lost.insert(key.clone(), inner);
            }
        }
    }
    Value::Object(lost)
}

/// What a client applied last, as kubectl notes it down; kubectl alone may take it over.
fn last_applied(manager: &str, object: &Value) -> Value {
    let noted = object["metadata"]["annotations"][LAST_APPLIED].as_str().filter(|_| manager == "kubectl");
    noted.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

/// A key of `fieldsV1` as messages spell it: `.image`, `[name="app"]`.
fn shown(key: &str) -> String {
    if let Some(name) = key.strip_prefix("f:") {
        return format!(".{name}");
    }
    let by: Value = key.strip_prefix("k:").and_then(|k| serde_json::from_str(k).ok()).unwrap_or_default();
    let pairs: Vec<String> =
        by.as_object().into_iter().flatten().map(|(name, value)| format!("{name}={value}")).collect();
    format!("[{}]", pairs.join(","))
}

/// Takes out of the object what the manager named before, and neither it nor anybody else names now.
fn drop_unsaid(object: &mut Value, before: &Value, said: &Value, others: &[Value]) {
    for (key, below) in before.as_object().into_iter().flatten() {
        let now = said.get(key);
        let elsewhere: Vec<Value> = others.iter().filter_map(|o| o.get(key).cloned()).collect();
        if let (None, true) = (now, elsewhere.is_empty()) {
            remove(object, key);
            continue;
        }
        let inner = key.strip_prefix("f:").map(str::to_owned);
        let next = match (&inner, object.as_array()) {
            (Some(name), _) => object.get_mut(name.as_str()),
            (None, Some(list)) => {
                let found = list.iter().position(|e| part(&json!([e]), key).is_some());
                found.and_then(|i| object.get_mut(i))
            }
            (None, None) => None,
        };
        if let Some(next) = next {
            drop_unsaid(next, below, now.unwrap_or(&Value::Null), &elsewhere);
        }
    }
}

fn remove(object: &mut Value, key: &str) {
    match (key.strip_prefix("f:"), object) {
        (Some(name), Value::Object(map)) => drop(map.shift_remove(name)),
        (None, Value::Array(list)) => list.retain(|e| part(&json!([e]), key).is_none()),
        _ => {}
    }
}

/// Merges what is wanted: maps by key, lists of named things by name, sets united, all else replaced.
fn merge(message: Option<&'static str>, object: &mut Value, wanted: &Value) {
    let Some(wanted) = wanted.as_object() else {
        *object = wanted.clone();
        return;
    };
    for (key, value) in wanted {
        let (how, inner) = kind(message, key);
        let map = match object {
            Value::Object(map) => map,
            other => {
                *other = json!({});
                merge(message, other, &Value::Object(wanted.clone()));
                return;
            }
        };
        let slot = map.entry(key.clone()).or_insert(Value::Null);
        match (value, how) {
            (Value::Object(_), _) => merge(inner, slot, value),
            (Value::Array(list), Merge::By(by)) => {
                let mut all = slot.as_array().cloned().unwrap_or_default();
                for one in list {
                    match all.iter_mut().find(|e| e[by] == one[by]) {
                        Some(found) => merge(inner, found, one),
                        None => all.push(one.clone()),
                    }
                }
                *slot = Value::Array(all);
            }
            (Value::Array(list), Merge::Set) => {
                let mut all = slot.as_array().cloned().unwrap_or_default();
                let fresh: Vec<Value> = list.iter().filter(|v| !all.contains(v)).cloned().collect();
                all.extend(fresh);
                *slot = Value::Array(all);
            }
            _ => *slot = value.clone(),
        }
    }
}
