//! Who owns which field: `metadata.managedFields`, kept for writes that come through the API server.
//!
//! Invariant: a manager that updates owns what its writes changed, and takes it from everybody else; what is no longer in the
//! object is owned by nobody. The embedded controllers' own writes are not tracked: they neither own nor lose anything.

use super::{
    resource::Resource,
    schema::{self, Merge, Shape, Type},
};
use serde_json::{Map, Value, json};

/// In whose name a write is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Author {
    /// `fieldManager`, or the program's name from its user agent.
    pub manager: String,
    /// The subresource that is written, as `scale`.
    pub subresource: Option<String>,
}

/// How the field of that name merges, and the message that it holds.
pub fn kind(message: Option<&'static str>, key: &str) -> (Merge, Option<&'static str>) {
    match message.and_then(|m| schema::lookup(m, key)) {
        Some(field) => (field.merge, if let Type::Message(name) = field.of { Some(name) } else { None }),
        None => (Merge::Replace, None),
    }
}

/// Whether the map or the message at that field is owned as such, beside what is in it.
fn stands_alone(message: Option<&'static str>, key: &str) -> bool {
    message.and_then(|m| schema::lookup(m, key)).is_none_or(|f| f.shape == Shape::Map || f.pointer)
}

/// Whether the field is owned whole or not at all.
fn atomic(inner: Option<&'static str>) -> bool {
    matches!(inner, Some("meta.LabelSelector" | "core.ObjectReference" | "core.LocalObjectReference"))
}

fn element(by: &str, value: &Value) -> String {
    format!("k:{}", json!({ by: value[by] }))
}

fn is_leaf(set: &Value) -> bool {
    set.as_object().is_none_or(Map::is_empty)
}

/// The set of fields of a value, as `fieldsV1`: leaves are empty. `whole` also names the maps and list elements themselves,
/// as for updates.
pub fn fields(message: Option<&'static str>, value: &Value, whole: bool) -> Value {
    let mut set = Map::new();
    for (key, value) in value.as_object().into_iter().flatten() {
        let (merge, inner) = kind(message, key);
        let below = match (value, merge) {
            (Value::Object(map), _) if !map.is_empty() && !atomic(inner) => {
                let mut below = fields(inner, value, whole);
                if whole && stands_alone(message, key) {
                    below["."] = json!({});
                }
                below
            }
            (Value::Array(list), Merge::By(by)) => {
                let entry = |v: &Value| {
                    let mut below = fields(inner, v, whole);
                    if whole {
                        below["."] = json!({});
                    }
                    (element(by, v), below)
                };
                Value::Object(list.iter().map(entry).collect())
            }
            _ => json!({}),
        };
        set.insert(format!("f:{key}"), below);
    }
    Value::Object(set)
}

/// `set` without the leaves of `other`.
pub fn without(set: &Value, other: &Value) -> Value {
    let mut left = Map::new();
    for (key, below) in set.as_object().into_iter().flatten() {
        match other.get(key) {
            None => drop(left.insert(key.clone(), below.clone())),
            Some(theirs) if is_leaf(below) || is_leaf(theirs) => {}
            Some(theirs) => {
                let rest = without(below, theirs);
                if !is_leaf(&rest) {
                    left.insert(key.clone(), rest);
                }
            }
        }
    }
    Value::Object(left)
}

/// The part of a value that a key of `fieldsV1` names.
pub fn part<'a>(value: &'a Value, key: &str) -> Option<&'a Value> {
    if let Some(name) = key.strip_prefix("f:") {
        return value.get(name);
    }
    let key: Value = serde_json::from_str(key.strip_prefix("k:")?).ok()?;
    let (by, wanted) = key.as_object()?.iter().next()?;
    value.as_array()?.iter().find(|e| e[by] == *wanted)
}

/// What of a set is still in the object.
fn present(set: &Value, object: &Value) -> Value {
    let mut left = Map::new();
    for (key, below) in set.as_object().into_iter().flatten() {
        if key == "." || key.starts_with("v:") {
            left.insert(key.clone(), below.clone());
            continue;
        }
        let Some(value) = part(object, key) else { continue };
        let rest = present(below, value);
        if is_leaf(below) || !is_leaf(&rest) {
            left.insert(key.clone(), rest);
        }
    }
    Value::Object(left)
}

/// Both sets.
fn union(a: &Value, b: &Value) -> Value {
    let mut all = a.as_object().cloned().unwrap_or_default();
    for (key, below) in b.as_object().into_iter().flatten() {
        let joined = all.get(key).map_or_else(|| below.clone(), |had| union(had, below));
        all.insert(key.clone(), joined);
    }
    Value::Object(all)
}

/// The fields of `new` that are not as they were in `old`.
fn changed(message: Option<&'static str>, old: &Value, new: &Value) -> Value {
    let mut set = Map::new();
    for (key, value) in new.as_object().into_iter().flatten() {
        let (merge, inner) = kind(message, key);
        let had = &old[key.as_str()];
        if had == value {
            continue;
        }
        let below = match (had, value, merge) {
            (Value::Object(_), Value::Object(map), _) if !map.is_empty() && !atomic(inner) => {
                changed(inner, had, value)
            }
            (Value::Array(before), Value::Array(list), Merge::By(by)) => {
                let mut below = Map::new();
                for one in list {
                    match before.iter().find(|b| b[by] == one[by]) {
                        Some(same) if same == one => {}
                        Some(other) => drop(below.insert(element(by, one), changed(inner, other, one))),
                        None => {
                            let mut fresh = fields(inner, one, true);
                            fresh["."] = json!({});
                            below.insert(element(by, one), fresh);
                        }
                    }
                }
                Value::Object(below)
            }
            _ => {
                let alone = json!({ key.as_str(): value });
                fields(message, &alone, true)[format!("f:{key}")].take()
            }
        };
        // Only what went is different: nobody's change.
        if is_leaf(&below) && value.is_object() && had.is_object() && value.as_object().is_some_and(|v| !v.is_empty()) {
            continue;
        }
        set.insert(format!("f:{key}"), below);
    }
    Value::Object(set)
}

/// The part of an object that managers own, seen from the resource or from its status.
fn owned(r: &Resource, object: &Value, author: &Author) -> Value {
    let mut object = object.clone();
    let Some(map) = object.as_object_mut() else { return object };
    let status = author.subresource.as_deref() == Some("status");
    map.retain(|key, _| match key.as_str() {
        "apiVersion" | "kind" => false,
        "status" => status || !r.has("status"),
        "metadata" => true,
        _ => !status,
    });
    if let Some(metadata) = map.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.retain(|key, _| {
            matches!(key.as_str(), "labels" | "annotations" | "finalizers" | "ownerReferences" | "generateName")
        });
        if metadata.is_empty() {
            map.shift_remove("metadata");
        }
    }
    object
}

/// Writes down who owns what after a write from `old` (nothing for a new object) to `new` at that time.
pub fn track(r: &Resource, old: Option<&Value>, new: &mut Value, author: &Author, now: &str) {
    let message = schema::of(r).or(Some(schema::ANY));
    let after = owned(r, new, author);
    let ours = match old {
        None => fields(message, &after, true),
        Some(old) => changed(message, &owned(r, old, author), &after),
    };
    let mine = |e: &Value| {
        let subresource = e["subresource"].as_str();
        e["manager"] == author.manager && e["operation"] == "Update" && subresource == author.subresource.as_deref()
    };
    let entries = new["metadata"]["managedFields"].as_array().cloned().unwrap_or_default();
    let before = entries.iter().find(|e| mine(e)).cloned();
    let mut kept: Vec<Value> = Vec::new();
    for mut entry in entries.into_iter().filter(|e| !mine(e)) {
        let left = without(&present(&entry["fieldsV1"], new), &ours);
        if !is_leaf(&left) {
            entry["fieldsV1"] = left;
            kept.push(entry);
        }
    }
    let had = before.as_ref().map_or_else(|| json!({}), |e| present(&e["fieldsV1"], new));
    let all = union(&had, &ours);
    if !is_leaf(&all) {
        let at = match before {
            Some(entry) if is_leaf(&ours) => entry["time"].clone(),
            _ => json!(now),
        };
        let mut entry = json!({
            "manager": author.manager, "operation": "Update", "apiVersion": r.api_version(), "time": at,
            "fieldsType": "FieldsV1", "fieldsV1": all,
        });
        if let Some(subresource) = &author.subresource {
            entry["subresource"] = json!(subresource);
        }
        kept.push(entry);
    }
    // Those that apply come first, then the oldest.
    kept.sort_by_key(|e| (e["operation"] != "Apply", e["time"].as_str().unwrap_or_default().to_owned()));
    if kept.is_empty() {
        new["metadata"].as_object_mut().map(|m| m.shift_remove("managedFields"));
    } else {
        new["metadata"]["managedFields"] = json!(kept);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::resource::resources::DEPLOYMENTS;

    fn author(manager: &str) -> Author {
        Author { manager: manager.to_owned(), subresource: None }
    }

    fn of<'a>(object: &'a Value, manager: &str) -> &'a Value {
        let list = object["metadata"]["managedFields"].as_array().unwrap();
        list.iter().find(|e| e["manager"] == manager).map_or(&Value::Null, |e| &e["fieldsV1"])
    }

    fn web(image: &str, replicas: u32) -> Value {
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "web", "labels": { "app": "web" } },
            "spec": {
                "replicas": replicas, "selector": { "matchLabels": { "app": "web" } },
                "template": { "spec": { "containers": [{ "name": "web", "image": image }] } },
            },
        })
    }

    #[test]
    fn a_creator_owns_everything_and_an_updater_what_it_changed() {
        let mut first = web("a:1", 1);
        track(&DEPLOYMENTS, None, &mut first, &author("one"), "t1");
        let own = of(&first, "one");
        assert_eq!(own["f:spec"]["f:selector"], json!({}), "owned whole");
        assert_eq!(own["f:metadata"], json!({ "f:labels": { "f:app": {}, ".": {} } }));
        let mut second = web("a:2", 1);
        second["metadata"] = first["metadata"].clone();
        track(&DEPLOYMENTS, Some(&first), &mut second, &author("two"), "t2");
        let image = "/f:spec/f:template/f:spec/f:containers/k:{\"name\":\"web\"}/f:image";
        assert!(of(&second, "two").pointer(image).is_some());
        assert!(of(&second, "one").pointer(image).is_none(), "taken away");
        assert!(of(&second, "one").pointer("/f:spec/f:replicas").is_some());
        assert!(of(&second, "two").pointer("/f:spec/f:replicas").is_none(), "did not change");
    }

    #[test]
    fn what_went_is_owned_by_nobody() {
        let mut first = web("a:1", 1);
        track(&DEPLOYMENTS, None, &mut first, &author("one"), "t1");
        let mut second = first.clone();
        second["metadata"].as_object_mut().unwrap().shift_remove("labels");
        track(&DEPLOYMENTS, Some(&first), &mut second, &author("two"), "t2");
        assert!(of(&second, "one").get("f:metadata").is_none());
        assert!(of(&second, "two").is_null(), "removing is owning nothing");
    }
}
