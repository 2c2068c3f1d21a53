//! Server-side apply: a manager says what it wants, and owns what it said.
//!
//! Invariant: ownership is kept for managers that apply; a field that its manager no longer names, and nobody else does, goes.
//! Plain writes are not tracked, so they neither own nor lose anything.

use super::{Call, Response, body, patch, reply, write};
use crate::sim::{
    schema::{self, Merge, Type},
    status::{Cause, Status},
    store::{Part, child, meta, time},
};
use serde_json::{Map, Value, json};

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
    let warnings = body::fit_patched(call, r, &mut wanted)?;
    write::place(call, &mut wanted)?;
    let message = schema::of(r).or(Some(schema::ANY));
    let mut said = fields(message, &wanted);
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
    let now = time(call.store.clock().now());
    let entry = |said: &Value| json!({ "manager": manager, "operation": "Apply", "apiVersion": r.api_version(), "time": now, "fieldsType": "FieldsV1", "fieldsV1": said });
    let status = target.subresource.is_some();
    if call.store.get(r, target.namespace(), target.name()).is_none() && !status {
        write::without_status(r, &mut wanted);
        child(&mut wanted, "metadata").insert("managedFields".into(), json!([entry(&said)]));
        let made = call.store.create(r, wanted)?;
        return Ok(reply::with_warnings(reply::object(call, 201, &made), &warnings));
    }
    let written = call.store.update(r, target.namespace(), target.name(), write::part(call), None, |object| {
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
        for other in entries.iter_mut().filter(|e| !mine(e)) {
            let mut clash = Vec::new();
            let lost = clashes(&wanted, object, &said, &other["fieldsV1"], "", &mut clash);
            if !clash.is_empty() && !call.query.flag("force") {
                return Err(conflict(other, &clash));
            }
            if !clash.is_empty() {
                let kept = without(&other["fieldsV1"], &lost);
                other["fieldsV1"] = kept;
            }
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

fn part_is_status(call: &Call) -> bool {
    write::part(call) == Part::Status
}

fn conflict(other: &Value, clash: &[String]) -> Status {
    let who = other["manager"].as_str().unwrap_or_default();
    let list = clash.join(", ");
    let plural = if clash.len() == 1 { "conflict" } else { "conflicts" };
    let message = format!("Apply failed with {} {plural}: conflict with {who:?}: {list}", clash.len());
    let mut status = Status::new(409, "Conflict", message);
    let cause = |field: &String| json!({ "reason": "FieldManagerConflict", "message": format!("conflict with {who:?}"), "field": field });
    *status.details = json!({ "causes": clash.iter().map(cause).collect::<Vec<_>>() });
    status
}

/// How the field of that name merges, and the message that it holds.
fn kind(message: Option<&'static str>, key: &str) -> (Merge, Option<&'static str>) {
    match message.and_then(|m| schema::lookup(m, key)) {
        Some(field) => (field.merge, if let Type::Message(name) = field.of { Some(name) } else { None }),
        None => (Merge::Replace, None),
    }
}

fn element(by: &str, value: &Value) -> String {
    format!("k:{}", json!({ by: value[by] }))
}

/// The set of fields of a value, as `fieldsV1`: leaves are empty.
fn fields(message: Option<&'static str>, value: &Value) -> Value {
    let mut set = Map::new();
    for (key, value) in value.as_object().into_iter().flatten() {
        let (merge, inner) = kind(message, key);
        let below = match (value, merge) {
            (Value::Object(map), _) if !map.is_empty() => fields(inner, value),
            (Value::Array(list), Merge::By(by)) => {
                let entry = |v: &Value| (element(by, v), fields(inner, v));
                Value::Object(list.iter().map(entry).collect())
            }
            _ => json!({}),
        };
        set.insert(format!("f:{key}"), below);
    }
    Value::Object(set)
}

/// `set` without the leaves of `other`.
fn without(set: &Value, other: &Value) -> Value {
    let mut left = Map::new();
    for (key, below) in set.as_object().into_iter().flatten() {
        let leaf = |v: &Value| v.as_object().is_none_or(Map::is_empty);
        match other.get(key) {
            None => drop(left.insert(key.clone(), below.clone())),
            Some(theirs) if leaf(below) || leaf(theirs) => {}
            Some(theirs) => {
                let rest = without(below, theirs);
                if !leaf(&rest) {
                    left.insert(key.clone(), rest);
                }
            }
        }
    }
    Value::Object(left)
}

/// The part of a value that a key of `fieldsV1` names.
fn part<'a>(value: &'a Value, key: &str) -> Option<&'a Value> {
    if let Some(name) = key.strip_prefix("f:") {
        return value.get(name);
    }
    let key: Value = serde_json::from_str(key.strip_prefix("k:")?).ok()?;
    let (by, wanted) = key.as_object()?.iter().next()?;
    value.as_array()?.iter().find(|e| e[by] == *wanted)
}

/// The leaves that `said` and `theirs` both name, and that the object would change in: their paths, and as a set.
fn clashes(wanted: &Value, has: &Value, said: &Value, theirs: &Value, path: &str, clash: &mut Vec<String>) -> Value {
    let mut lost = Map::new();
    for (key, below) in said.as_object().into_iter().flatten() {
        let (Some(other), Some(value)) = (theirs.get(key), part(wanted, key)) else { continue };
        let (path, has) = (format!("{path}{}", shown(key)), part(has, key).unwrap_or(&Value::Null));
        if below.as_object().is_none_or(Map::is_empty) || other.as_object().is_none_or(Map::is_empty) {
            if value != has {
                clash.push(path);
                lost.insert(key.clone(), json!({}));
            }
        } else {
            let inner = clashes(value, has, below, other, &path, clash);
            if inner.as_object().is_some_and(|inner| !inner.is_empty()) {
                lost.insert(key.clone(), inner);
            }
        }
    }
    Value::Object(lost)
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
