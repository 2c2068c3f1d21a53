//! Strategic merge patch: maps merge, lists of named things merge by their key, `$` directives do the rest.
//!
//! Invariant: what merges by which key is the shape table's word alone; a list that has no key is replaced.

use crate::sim::{
    schema::{self, Field, Merge, Shape, Type},
    status::Status,
};
use serde_json::{Map, Value};

const PATCH: &str = "$patch";
const RETAIN: &str = "$retainKeys";
const ORDER: &str = "$setElementOrder/";
const DROP: &str = "$deleteFromPrimitiveList/";

/// Merges `patch` into `object`, which has the shape of that message (`None` within free-form maps).
pub fn merge(message: Option<&'static str>, object: &mut Value, patch: &Value) -> Result<(), Status> {
    let Some(patch) = patch.as_object() else {
        *object = patch.clone();
        return Ok(());
    };
    match patch.get(PATCH).and_then(Value::as_str) {
        Some("replace") => {
            *object =
                Value::Object(patch.iter().filter(|(k, _)| *k != PATCH).map(|(k, v)| (k.clone(), v.clone())).collect());
            return Ok(());
        }
        Some("delete") => {
            *object = Value::Object(Map::new());
            return Ok(());
        }
        Some("merge") | None => {}
        Some(other) => return Err(Status::bad_request(format!("unknown patch type found: {other}"))),
    }
    if !object.is_object() {
        *object = Value::Object(Map::new());
    }
    let before = if patch.keys().any(|k| k.starts_with(ORDER)) { object.clone() } else { Value::Null };
    let Some(map) = object.as_object_mut() else { return Ok(()) };
    if let Some(keep) = patch.get(RETAIN).and_then(Value::as_array) {
        map.retain(|key, _| keep.iter().any(|k| k == key.as_str()));
    }
    for (key, value) in patch {
        if key == PATCH || key == RETAIN || key.starts_with(ORDER) {
            continue;
        }
        if let Some(list) = key.strip_prefix(DROP) {
            let gone = value.as_array().map(Vec::as_slice).unwrap_or_default();
            if let Some(list) = map.get_mut(list).and_then(Value::as_array_mut) {
                list.retain(|element| !gone.contains(element));
            }
            continue;
        }
        if value.is_null() {
            map.shift_remove(key);
            continue;
        }
        merge_field(message.and_then(|m| schema::lookup(m, key)), map, key, value)?;
    }
    for (key, order) in patch.iter().filter_map(|(k, v)| Some((k.strip_prefix(ORDER)?, v.as_array()?))) {
        let by = message.and_then(|m| schema::lookup(m, key)).map_or(Merge::Replace, |f| f.merge);
        if let Some(list) = map.get_mut(key).and_then(Value::as_array_mut) {
            let was = before[key].as_array().map(Vec::as_slice).unwrap_or_default();
            reorder(list, was, order, by);
        }
    }
    Ok(())
}

fn merge_field(
    field: Option<&'static Field>,
    map: &mut Map<String, Value>,
    key: &str,
    value: &Value,
) -> Result<(), Status> {
    let inner = match field.map(|f| f.of) {
        Some(Type::Message(name)) => Some(name),
        _ => None,
    };
    let how = field.map_or(Merge::Replace, |f| f.merge);
    let slot = map.entry(key.to_owned()).or_insert(Value::Null);
    match (value, how) {
        (Value::Object(entries), _) if field.is_some_and(|f| f.shape == Shape::Map) => {
            if !slot.is_object() {
                *slot = Value::Object(Map::new());
            }
            for (name, entry) in entries {
                match slot.as_object_mut() {
                    Some(slot) if entry.is_null() => drop(slot.shift_remove(name)),
                    Some(slot) if name != PATCH => {
                        merge(inner, slot.entry(name.clone()).or_insert(Value::Null), entry)?
                    }
                    _ => {}
                }
            }
            Ok(())
        }
        (Value::Object(_), _) => merge(inner, slot, value),
        (Value::Array(patch), Merge::By(by)) => merge_list(inner, slot, patch, by),
        (Value::Array(patch), Merge::Set) => {
            let mut list = slot.as_array().cloned().unwrap_or_default();
            list.extend(patch.iter().filter(|v| !list.contains(v)).cloned().collect::<Vec<_>>());
            *slot = Value::Array(list);
            Ok(())
        }
        _ => {
            *slot = value.clone();
            Ok(())
        }
    }
}

fn merge_list(inner: Option<&'static str>, slot: &mut Value, patch: &[Value], by: &'static str) -> Result<(), Status> {
    let was = slot.as_array().cloned().unwrap_or_default();
    let mut list = was.clone();
    if patch.iter().any(|e| e[PATCH] == "replace") {
        list.clear();
    }
    for element in patch.iter().filter(|e| e[PATCH] != "replace") {
        let value = &element[by];
        if value.is_null() {
            let why = format!("map: {element} does not contain declared merge key: {by}");
            return Err(Status::new(500, "", why));
        }
        let found = list.iter().position(|e| e[by] == *value);
        match (element[PATCH] == "delete", found) {
            (true, _) => list.retain(|e| e[by] != *value),
            (false, Some(i)) => merge(inner, &mut list[i], element)?,
            (false, None) => {
                let mut fresh = Value::Null;
                merge(inner, &mut fresh, element)?;
                list.push(fresh);
            }
        }
    }
    reorder(&mut list, &was, patch, Merge::By(by));
    *slot = Value::Array(list);
    Ok(())
}

/// Puts the named elements into the given order. The others keep theirs, and stand before a named one where they stood
/// before it in `was`; what is new comes first.
fn reorder(list: &mut Vec<Value>, was: &[Value], order: &[Value], by: Merge) {
    let key = |v: &Value| match by {
        Merge::By(key) => v[key].clone(),
        _ => v.clone(),
    };
    let place = |all: &[Value], v: &Value| all.iter().position(|w| key(w) == key(v));
    let (mut named, others): (Vec<Value>, Vec<Value>) = list.drain(..).partition(|v| place(order, v).is_some());
    named.sort_by_key(|v| place(order, v));
    let mut others = others.into_iter().peekable();
    for one in named {
        let earlier = |other: &Value| match (place(was, other), place(was, &one)) {
            (Some(other), Some(one)) => other < one,
            _ => false,
        };
        while let Some(other) = others.next_if(|other| earlier(other)) {
            list.push(other);
        }
        list.push(one);
    }
    list.extend(others);
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn patched(mut object: Value, patch: &Value) -> Value {
        merge(Some("core.PodSpec"), &mut object, patch).unwrap();
        object
    }

    #[test]
    fn named_elements_merge_and_others_stay() {
        let pod = json!({ "containers": [{ "name": "a", "image": "a:1", "env": [{ "name": "X", "value": "1" }] }, { "name": "b", "image": "b:1" }] });
        let patch = json!({ "$setElementOrder/containers": [{ "name": "b" }, { "name": "a" }],
            "containers": [{ "name": "a", "image": "a:2", "env": [{ "name": "X", "$patch": "delete" }, { "name": "Y", "value": "2" }] }] });
        let wanted = json!({ "containers": [{ "name": "b", "image": "b:1" }, { "name": "a", "image": "a:2", "env": [{ "name": "Y", "value": "2" }] }] });
        assert_eq!(patched(pod, &patch), wanted);
    }

    #[test]
    fn directives_replace_delete_and_retain() {
        let pod = json!({ "containers": [{ "name": "a" }], "volumes": [{ "name": "v", "emptyDir": {} }], "nodeSelector": { "x": "1", "y": "2" } });
        let patch = json!({ "containers": [{ "$patch": "replace" }, { "name": "z" }], "nodeSelector": { "x": null },
            "volumes": [{ "name": "v", "$retainKeys": ["name", "secret"], "secret": { "secretName": "s" } }] });
        let wanted = json!({ "containers": [{ "name": "z" }], "volumes": [{ "name": "v", "secret": { "secretName": "s" } }], "nodeSelector": { "y": "2" } });
        assert_eq!(patched(pod, &patch), wanted);
    }

    #[test]
    fn sets_are_united_and_unkeyed_lists_replaced() {
        let mut meta = json!({ "finalizers": ["a", "b"] });
        merge(
            Some("meta.ObjectMeta"),
            &mut meta,
            &json!({ "finalizers": ["c"], "$deleteFromPrimitiveList/finalizers": ["a"] }),
        )
        .unwrap();
        assert_eq!(meta["finalizers"], json!(["b", "c"]));
        let container = json!({ "containers": [{ "name": "a", "args": ["1", "2"] }] });
        let args = json!({ "containers": [{ "name": "a", "args": ["3"] }] });
        assert_eq!(patched(container, &args)["containers"][0]["args"], json!(["3"]));
    }

    #[test]
    fn an_element_without_its_key_is_refused() {
        let mut pod = json!({ "containers": [] });
        assert!(merge(Some("core.PodSpec"), &mut pod, &json!({ "containers": [{ "image": "x" }] })).is_err());
    }
}
