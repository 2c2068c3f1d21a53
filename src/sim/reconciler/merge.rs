//! Merging maps and lists the way strategic merge patches and server-side apply do, with one small table of list keys.
//!
//! Invariant: pure. A list whose elements have no known key is replaced as a whole.

use serde_json::{Map, Value};

/// The field that names the elements of a list, by the list's own field.
fn list_key(field: &str, sample: &Value) -> Option<&'static str> {
    let keys: &[&'static str] = match field {
        "containers" | "initContainers" | "env" | "volumes" | "imagePullSecrets" => &["name"],
        "ports" => &["containerPort", "port"],
        "volumeMounts" => &["mountPath"],
        _ => &[],
    };
    keys.iter().copied().find(|key| sample.get(key).is_some())
}

/// Applies a strategic merge patch: `null` removes, `$patch: delete` and `$patch: replace` do as they say.
pub fn patch(target: &mut Value, change: &Value) {
    patch_field(target, change, "");
}

fn patch_field(target: &mut Value, change: &Value, field: &str) {
    match change {
        Value::Object(changes) => {
            if changes.get("$patch").is_some_and(|p| p == "replace") || !target.is_object() {
                *target = Value::Object(Map::new());
            }
            let Some(map) = target.as_object_mut() else { return };
            for (key, value) in changes.iter().filter(|(k, _)| *k != "$patch") {
                if value.is_null() {
                    map.shift_remove(key);
                } else {
                    patch_field(map.entry(key.clone()).or_insert(Value::Null), value, key);
                }
            }
        }
        Value::Array(changes) => match (changes.first().and_then(|c| list_key(field, c)), target.as_array_mut()) {
            (Some(key), Some(list)) => patch_list(list, changes, key),
            _ => *target = change.clone(),
        },
        _ => *target = change.clone(),
    }
}

fn patch_list(list: &mut Vec<Value>, changes: &[Value], key: &str) {
    for change in changes {
        let at = list.iter().position(|e| e[key] == change[key]);
        match at {
            Some(at) if change["$patch"] == "delete" => drop(list.remove(at)),
            Some(at) => patch_field(&mut list[at], change, ""),
            None => list.push(change.clone()),
        }
    }
}

/// Makes `live` have what `wanted` says and loses what `before` had said and `wanted` does not; what others wrote stays.
pub fn apply(live: &mut Value, before: Option<&Value>, wanted: &Value) {
    apply_field(live, before, wanted, "");
}

fn apply_field(live: &mut Value, before: Option<&Value>, wanted: &Value, field: &str) {
    match wanted {
        Value::Object(fields) => {
            if !live.is_object() {
                *live = Value::Object(Map::new());
            }
            let Some(map) = live.as_object_mut() else { return };
            let had = before.and_then(Value::as_object);
            for gone in had.into_iter().flat_map(Map::keys).filter(|k| !fields.contains_key(*k)) {
                map.shift_remove(gone);
            }
            for (key, value) in fields {
                let earlier = had.and_then(|b| b.get(key));
                apply_field(map.entry(key.clone()).or_insert(Value::Null), earlier, value, key);
            }
        }
        Value::Array(elements) => {
            let key = elements.first().and_then(|e| list_key(field, e));
            match (key, live.as_array_mut()) {
                (Some(key), Some(list)) => apply_list(list, before.and_then(Value::as_array), elements, key),
                _ => *live = wanted.clone(),
            }
        }
        _ => *live = wanted.clone(),
    }
}

fn apply_list(list: &mut Vec<Value>, before: Option<&Vec<Value>>, wanted: &[Value], key: &str) {
    let had = |id: &Value| before.and_then(|b| b.iter().find(|e| e[key] == *id));
    list.retain(|e| wanted.iter().any(|w| w[key] == e[key]) || had(&e[key]).is_none());
    for element in wanted {
        match list.iter_mut().find(|e| e[key] == element[key]) {
            Some(live) => apply_field(live, had(&element[key]), element, ""),
            None => list.push(element.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn patches_merge_containers_by_name() {
        let mut target =
            json!({"containers": [{"name": "a", "image": "x:1", "env": [{"name": "K", "value": "1"}]}, {"name": "b"}]});
        patch(
            &mut target,
            &json!({"containers": [{"name": "a", "env": [{"name": "L", "value": "2"}]}, {"name": "b", "$patch": "delete"}]}),
        );
        let env = json!([{"name": "K", "value": "1"}, {"name": "L", "value": "2"}]);
        assert_eq!(target, json!({"containers": [{"name": "a", "image": "x:1", "env": env}]}));
    }

    #[test]
    fn applying_keeps_what_others_own() {
        let before = json!({"spec": {"a": 1, "b": 2}});
        let mut live = json!({"spec": {"a": 9, "b": 2, "replicas": 5}, "status": {}});
        apply(&mut live, Some(&before), &json!({"spec": {"a": 1}}));
        assert_eq!(live, json!({"spec": {"a": 1, "replicas": 5}, "status": {}}));
    }
}
