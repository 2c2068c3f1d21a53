//! Reading and building pieces of Kubernetes objects that are kept as JSON.
//!
//! Invariant: a missing field reads as the value that the API server would have defaulted or as "nothing"; nothing here panics
//! on a malformed object. It never looks at the store and never takes the time.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// The value at a JSON pointer without escapes. `Value::pointer` allocates for each part, and this runs for every field read.
fn at<'a>(object: &'a Value, pointer: &str) -> Option<&'a Value> {
    pointer.split('/').skip(1).try_fold(object, |value, part| match value {
        Value::Object(map) => map.get(part),
        Value::Array(list) => list.get(part.parse::<usize>().ok()?),
        _ => None,
    })
}

/// The string at a JSON pointer, or an empty one.
pub fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    at(object, pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The integer at a JSON pointer.
pub fn int(object: &Value, pointer: &str) -> Option<i64> {
    at(object, pointer).and_then(Value::as_i64)
}

/// The integer at a JSON pointer, zero when absent.
pub fn count(object: &Value, pointer: &str) -> i64 {
    int(object, pointer).unwrap_or(0)
}

/// Whether the boolean at a JSON pointer is true.
pub fn flag(object: &Value, pointer: &str) -> bool {
    at(object, pointer).and_then(Value::as_bool).unwrap_or(false)
}

/// The list at a JSON pointer, empty when absent.
pub fn items<'a>(object: &'a Value, pointer: &str) -> &'a [Value] {
    at(object, pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The time at a JSON pointer.
pub fn moment(object: &Value, pointer: &str) -> Option<Timestamp> {
    text(object, pointer).parse().ok()
}

/// `metadata.name`.
pub fn name(object: &Value) -> &str {
    text(object, "/metadata/name")
}

/// `metadata.namespace`, empty for cluster-wide objects.
pub fn namespace(object: &Value) -> &str {
    text(object, "/metadata/namespace")
}

/// `metadata.uid`.
pub fn uid(object: &Value) -> &str {
    text(object, "/metadata/uid")
}

/// `metadata.generation`, zero when the kind has none.
pub fn generation(object: &Value) -> i64 {
    count(object, "/metadata/generation")
}

/// Whether the object waits for its finalizers or its grace period.
pub fn terminating(object: &Value) -> bool {
    !text(object, "/metadata/deletionTimestamp").is_empty()
}

/// A label's value.
pub fn label<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    object.get("metadata")?.get("labels")?.get(key)?.as_str()
}

/// An annotation's value.
pub fn annotation<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    object.get("metadata")?.get("annotations")?.get(key)?.as_str()
}

/// The annotations, empty when absent.
pub fn annotations(object: &Value) -> Map<String, Value> {
    at(object, "/metadata/annotations").and_then(Value::as_object).cloned().unwrap_or_default()
}

/// Writes `value` at a path of keys, making the maps on the way.
pub fn set(object: &mut Value, path: &[&str], value: impl Into<Value>) {
    let mut at = object;
    for key in path {
        if !at.is_object() {
            *at = json!({});
        }
        at = &mut at[*key];
    }
    *at = value.into();
}

/// Removes the key at the end of a path; nothing happens when it is not there.
pub fn unset(object: &mut Value, path: &[&str]) {
    let Some((last, parents)) = path.split_last() else { return };
    let mut at = object;
    for key in parents {
        match at.get_mut(*key) {
            Some(next) => at = next,
            None => return,
        }
    }
    if let Some(map) = at.as_object_mut() {
        map.shift_remove(*last);
    }
}

/// Writes a count the way Go's `omitempty` does: zero leaves no field.
pub fn set_count(object: &mut Value, field: &str, value: i64) {
    if value == 0 {
        unset(object, &[field]);
    } else {
        set(object, &[field], value);
    }
}

/// `metav1.Time`: RFC 3339 in whole seconds.
pub fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// `metav1.MicroTime`.
pub fn micro_time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}

/// The owner reference that is marked as the controller.
pub fn controller_of(object: &Value) -> Option<&Value> {
    items(object, "/metadata/ownerReferences").iter().find(|r| flag(r, "/controller"))
}

/// Whether `owner` is the object's controller.
pub fn controlled_by(object: &Value, owner: &Value) -> bool {
    controller_of(object).is_some_and(|r| r["uid"] == owner["metadata"]["uid"])
}

/// A reference to `owner` as the controller of what it makes.
pub fn controller_reference(owner: &Value) -> Value {
    json!({
        "apiVersion": owner["apiVersion"], "kind": owner["kind"], "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"], "controller": true, "blockOwnerDeletion": true,
    })
}

/// Whether a `metav1.LabelSelector` selects these labels. An absent or empty selector selects nothing here: controllers refuse it.
pub fn selects(selector: &Value, labels: &Value) -> bool {
    let wanted = selector.get("matchLabels").and_then(Value::as_object);
    let rules = items(selector, "/matchExpressions");
    if wanted.is_none_or(Map::is_empty) && rules.is_empty() {
        return false;
    }
    wanted.into_iter().flatten().all(|(k, v)| labels.get(k) == Some(v))
        && rules.iter().all(|rule| satisfies(rule, labels))
}

fn satisfies(rule: &Value, labels: &Value) -> bool {
    let value = labels.get(text(rule, "/key")).and_then(Value::as_str);
    let listed = value.is_some_and(|v| items(rule, "/values").iter().any(|x| x == v));
    match text(rule, "/operator") {
        "In" => listed,
        "NotIn" => !listed,
        "Exists" => value.is_some(),
        "DoesNotExist" => value.is_none(),
        _ => false,
    }
}

/// Whether a plain map of labels (a Service's selector) selects these labels.
pub fn matches(wanted: &Value, labels: &Value) -> bool {
    wanted.as_object().is_some_and(|m| !m.is_empty() && m.iter().all(|(k, v)| labels.get(k) == Some(v)))
}

/// The labels of an object's metadata, `null` when absent.
pub fn labels(object: &Value) -> &Value {
    &object["metadata"]["labels"]
}

/// An `IntOrString` against a total: percentages are rounded up or down.
pub fn scaled(value: Option<&Value>, default: &Value, total: i64, up: bool) -> i64 {
    let value = value.filter(|v| !v.is_null()).unwrap_or(default);
    if let Some(n) = value.as_i64() {
        return n;
    }
    let percent: i64 = value.as_str().and_then(|s| s.strip_suffix('%')).and_then(|s| s.parse().ok()).unwrap_or(0);
    let product = percent.saturating_mul(total);
    if up { (product + 99).div_euclid(100) } else { product.div_euclid(100) }
}

/// The condition of that type in a status.
pub fn condition<'a>(status: &'a Value, kind: &str) -> Option<&'a Value> {
    items(status, "/conditions").iter().find(|c| c["type"] == kind)
}

/// Whether the condition of that type is `True`.
pub fn is_true(status: &Value, kind: &str) -> bool {
    condition(status, kind).is_some_and(|c| c["status"] == "True")
}

/// Removes the condition of that type.
pub fn remove_condition(status: &mut Value, kind: &str) {
    if let Some(list) = status.get_mut("conditions").and_then(Value::as_array_mut) {
        list.retain(|c| c["type"] != kind);
        if list.is_empty() {
            unset(status, &["conditions"]);
        }
    }
}

/// Puts a condition in place of the one of its type, keeping the list's order.
pub fn put_condition(status: &mut Value, condition: Value) {
    if !status["conditions"].is_array() {
        set(status, &["conditions"], json!([]));
    }
    if let Some(list) = status["conditions"].as_array_mut() {
        match list.iter_mut().find(|c| c["type"] == condition["type"]) {
            Some(old) => *old = condition,
            None => list.push(condition),
        }
    }
}

/// Sets a `metav1.Condition`: the transition time moves only when the status does.
pub fn set_condition(
    status: &mut Value,
    kind: &str,
    value: &str,
    reason: &str,
    message: &str,
    generation: i64,
    now: Timestamp,
) {
    let since = self::condition(status, kind).filter(|c| c["status"] == value).map(|c| c["lastTransitionTime"].clone());
    let mut condition = json!({
        "type": kind, "status": value, "reason": reason, "message": message,
        "lastTransitionTime": since.unwrap_or_else(|| time(now).into()),
    });
    if generation > 0 {
        set(&mut condition, &["observedGeneration"], generation);
    }
    put_condition(status, condition);
}

/// 64-bit FNV-1a: for hashes that must be the same in every run.
pub fn fnv(parts: &[&str]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in parts.iter().flat_map(|p| p.bytes().chain([0xff])) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash
}

/// A short hash of a value in the alphabet of Kubernetes' safe strings; the order of keys does not matter.
pub fn safe_hash(value: &Value, collisions: i64) -> String {
    let mut canonical = String::new();
    write_sorted(value, &mut canonical);
    let hash = fnv(&[&canonical, &collisions.to_string()]);
    let folded = u32::try_from((hash ^ (hash >> 32)) & 0xffff_ffff).unwrap_or(0);
    const ALPHABET: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";
    folded.to_string().bytes().map(|b| char::from(ALPHABET[usize::from(b) % ALPHABET.len()])).collect()
}

fn write_sorted(value: &Value, out: &mut String) {
    match value {
        Value::Object(map) => {
            let mut keys: Vec<_> = map.iter().collect();
            keys.sort_by_key(|(k, _)| k.as_str());
            for (key, value) in keys {
                out.push_str(key);
                out.push(':');
                write_sorted(value, out);
                out.push(';');
            }
        }
        Value::Array(list) => list.iter().for_each(|v| {
            out.push('-');
            write_sorted(v, out);
        }),
        other => out.push_str(&other.to_string()),
    }
}

/// A resource quantity (`250m`, `1.5`, `512Mi`) in thousandths of its unit; `None` when it is not one.
pub fn milli(quantity: &Value) -> Option<i64> {
    if let Some(n) = quantity.as_f64() {
        return Some((n * 1000.0) as i64);
    }
    let text = quantity.as_str()?.trim();
    let split = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, suffix) = text.split_at(split);
    let factor = match suffix {
        "" => 1000.0,
        "m" => 1.0,
        "k" => 1e6,
        "M" => 1e9,
        "G" => 1e12,
        "T" => 1e15,
        "Ki" => 1000.0 * 1024.0,
        "Mi" => 1000.0 * 1024.0 * 1024.0,
        "Gi" => 1000.0 * 1024.0 * 1024.0 * 1024.0,
        "Ti" => 1000.0 * 1024.0 * 1024.0 * 1024.0 * 1024.0,
        _ => return None,
    };
    Some((number.parse::<f64>().ok()? * factor) as i64)
}

/// The tag of an image reference; `latest` when it has none.
pub fn tag(image: &str) -> &str {
    let image = image.split('@').next().unwrap_or_default();
    let last = image.rsplit('/').next().unwrap_or_default();
    last.split_once(':').map_or("latest", |(_, tag)| tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_round_as_kubernetes_does() {
        let quarter = json!("25%");
        assert_eq!(scaled(Some(&quarter), &Value::Null, 6, true), 2);
        assert_eq!(scaled(Some(&quarter), &Value::Null, 6, false), 1);
        assert_eq!(scaled(None, &json!(3), 6, false), 3);
    }

    #[test]
    fn selectors_follow_the_four_operators() {
        let labels = json!({"app": "web", "tier": "front"});
        let selector = json!({"matchLabels": {"app": "web"}, "matchExpressions": [
            {"key": "tier", "operator": "In", "values": ["front", "back"]}, {"key": "canary", "operator": "DoesNotExist"}]});
        assert!(selects(&selector, &labels));
        assert!(!selects(
            &json!({"matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["front"]}]}),
            &labels
        ));
        assert!(!selects(&json!({}), &labels));
    }

    #[test]
    fn tags_are_read_beside_ports_and_digests() {
        assert_eq!(tag("registry:5000/shop/web"), "latest");
        assert_eq!(tag("registry:5000/shop/web:1.2.3@sha256:00"), "1.2.3");
    }

    #[test]
    fn the_hash_ignores_the_order_of_keys() {
        assert_eq!(safe_hash(&json!({"a": 1, "b": 2}), 0), safe_hash(&json!({"b": 2, "a": 1}), 0));
        assert_ne!(safe_hash(&json!({"a": 1}), 0), safe_hash(&json!({"a": 1}), 1));
    }

    #[test]
    fn quantities_have_suffixes() {
        assert_eq!(milli(&json!("250m")), Some(250));
        assert_eq!(milli(&json!("2")), Some(2000));
        assert_eq!(milli(&json!("1Ki")), Some(1_024_000));
        assert_eq!(milli(&json!("much")), None);
    }
}
