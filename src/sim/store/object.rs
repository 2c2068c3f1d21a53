//! Small readings of a stored object's metadata, and the marks that a write leaves on it.
//!
//! Invariant: nothing here looks at the store; a value goes in, a value or a changed value comes out.

use crate::sim::resource::{Generation, Resource};
use jiff::Timestamp;
use rand::{Rng, rngs::StdRng};
use serde_json::{Map, Value, json};

/// `metav1.Time`: RFC 3339 in whole seconds.
pub fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The string at `metadata.<field>`, or an empty one.
pub fn meta<'a>(object: &'a Value, field: &str) -> &'a str {
    object["metadata"][field].as_str().unwrap_or_default()
}

/// Whether the object waits for its finalizers or its grace period.
pub fn terminating(object: &Value) -> bool {
    object["metadata"]["deletionTimestamp"].is_string()
}

/// Whether there is nothing in it.
pub(super) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    }
}

/// `metadata` as a map that can be written; created when missing.
pub(super) fn metadata(object: &mut Value) -> &mut Map<String, Value> {
    child(object, "metadata")
}

/// The map at `field`; replaced by an empty one when it is something else.
pub fn child<'a>(object: &'a mut Value, field: &str) -> &'a mut Map<String, Value> {
    if !object.is_object() {
        *object = json!({});
    }
    let slot = &mut object[field];
    if !slot.is_object() {
        *slot = json!({});
    }
    match slot {
        Value::Object(map) => map,
        // The line above made it an object.
        _ => unreachable!("just set"),
    }
}

/// Puts apiVersion, kind and metadata first, as clients are used to reading them.
pub(super) fn ordered(r: &Resource, object: Value) -> Value {
    let mut out = Map::new();
    out.insert("apiVersion".into(), json!(r.api_version()));
    out.insert("kind".into(), json!(r.kind));
    if let Value::Object(fields) = object {
        let (metadata, rest): (Vec<_>, Vec<_>) = fields.into_iter().partition(|(k, _)| k == "metadata");
        out.extend(metadata);
        out.extend(rest.into_iter().filter(|(k, _)| k != "apiVersion" && k != "kind"));
    }
    Value::Object(out)
}

/// Whether a write from `old` to `new` makes a new generation.
pub(super) fn grows(r: &Resource, old: &Value, new: &Value) -> bool {
    let spec = || {
        // A pod that is bound to its node is still of its first generation.
        let unbound = |v: &Value| {
            let mut spec = v["spec"].clone();
            spec.as_object_mut().map(|map| map.shift_remove("nodeName"));
            spec
        };
        old["spec"] != new["spec"] && (r.kind != "Pod" || unbound(old) != unbound(new))
    };
    match r.generation {
        Generation::None => false,
        Generation::Spec => spec(),
        Generation::SpecAndAnnotations => spec() || old["metadata"]["annotations"] != new["metadata"]["annotations"],
        Generation::AllButStatus => {
            let rest = |v: &Value| {
                let mut v = v.clone();
                if let Some(map) = v.as_object_mut() {
                    map.shift_remove("metadata");
                    map.shift_remove("status");
                }
                v
            };
            rest(old) != rest(new)
        }
    }
}

/// Adds one to the generation.
pub(super) fn bump_generation(object: &mut Value) {
    let next = object["metadata"]["generation"].as_i64().unwrap_or(0) + 1;
    metadata(object).insert("generation".into(), json!(next));
}

/// Whether nothing keeps a terminating object any more: no finalizer, no grace period, no namespace contents.
pub(super) fn may_go(r: &Resource, object: &Value) -> bool {
    let empty = |v: &Value| v.as_array().is_none_or(Vec::is_empty);
    let metadata = &object["metadata"];
    terminating(object)
        && empty(&metadata["finalizers"])
        && (r.kind != "Namespace" || empty(&object["spec"]["finalizers"]))
        && (r.kind != "Pod" || metadata["deletionGracePeriodSeconds"].as_i64().unwrap_or(0) == 0)
}

/// A version 4 UUID from the store's own randomness.
pub(super) fn uid(rng: &mut StdRng) -> String {
    let bits = (rng.random::<u128>() & !(0xf000 << 64) & !(0b11 << 62)) | (0x4000 << 64) | (0b10 << 62);
    let hex = format!("{bits:032x}");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

/// The five characters that follow a `generateName`; without vowels, so that they never spell a word.
pub(super) fn suffix(rng: &mut StdRng) -> String {
    const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    (0..5).map(|_| char::from(LETTERS[rng.random_range(0..LETTERS.len())])).collect()
}
