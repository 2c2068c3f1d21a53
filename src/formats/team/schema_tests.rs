//! The published JSON Schema against the parser: what one takes the other takes, but for what a schema cannot know.

use super::read;
use regex::Regex;
use serde_json::{Map, Value};

const SCHEMA: &str = include_str!("../../../assets/pilothouse.schema.json");

/// The part of JSON Schema that ours is written in; anything else in it is a fault of the test.
fn valid(schema: &Value, value: &Value, root: &Value) -> bool {
    let rules = schema.as_object().expect("a schema is an object");
    rules.iter().all(|(rule, wanted)| match rule.as_str() {
        "$ref" => {
            let pointer = wanted.as_str().and_then(|text| text.strip_prefix('#')).expect("a reference within the file");
            valid(root.pointer(pointer).expect("a reference leads somewhere"), value, root)
        }
        "type" => match wanted {
            Value::Array(types) => types.iter().any(|one| is_a(value, one)),
            one => is_a(value, one),
        },
        "enum" => wanted.as_array().unwrap().contains(value),
        "pattern" => value.as_str().is_none_or(|text| Regex::new(wanted.as_str().unwrap()).unwrap().is_match(text)),
        "minItems" => value.as_array().is_none_or(|items| items.len() as u64 >= wanted.as_u64().unwrap()),
        "items" => value.as_array().is_none_or(|items| items.iter().all(|item| valid(wanted, item, root))),
        "required" => value.as_object().is_none_or(|object| {
            wanted.as_array().unwrap().iter().all(|key| object.contains_key(key.as_str().unwrap()))
        }),
        "anyOf" => wanted.as_array().unwrap().iter().any(|one| valid(one, value, root)),
        "properties" => value.as_object().is_none_or(|object| {
            wanted
                .as_object()
                .unwrap()
                .iter()
                .all(|(key, schema)| object.get(key).is_none_or(|value| valid(schema, value, root)))
        }),
        "additionalProperties" => value.as_object().is_none_or(|object| {
            let named: Option<&Map<String, Value>> = rules.get("properties").and_then(Value::as_object);
            let mut others = object.iter().filter(|(key, _)| named.is_none_or(|named| !named.contains_key(*key)));
            match wanted {
                Value::Bool(false) => others.next().is_none(),
                schema => others.all(|(_, value)| valid(schema, value, root)),
            }
        }),
        "$schema" | "$defs" | "title" | "description" | "examples" => true,
        other => panic!("this test does not know `{other}`"),
    })
}

fn is_a(value: &Value, name: &Value) -> bool {
    match name.as_str().expect("a type's name") {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("this test does not know the type `{other}`"),
    }
}

const TAKEN: [&str; 8] = [
    "",
    "zone: UTC\n",
    "environments: {a: {}}\n",
    "certified: {tags: x-*, moving: production}\nenvironments:\n  a: {accepts: [patch, minor, major, certified], tags: ['/\\d+/']}\n",
    "environments:\n  a: {contexts: [x], servers: y, namespaces: ['z?'], accepts: major, reason: required, protected: true}\n",
    "zone: UTC\nfreezes:\n- {reason: x, days: [mon, tue, wed, thu, fri, sat, sun]}\n- {reason: y, days: sat, from: '22:30', until: '06:00'}\n",
    "environments: {a: {}}\nfreezes:\n- {reason: x, zone: '+01:00', environments: [a], days: [fri], until: '24:00'}\n",
    "freezes:\n- {reason: x, zone: UTC, from: 2026-12-20T18:00, until: 2026-12-21T18:00:30}\n",
];

const REFUSED: [&str; 17] = [
    "x: 1\n",
    "[]\n",
    "environments: [a]\n",
    "environments: {a: 1}\n",
    "environments: {a: {x: 1}}\n",
    "environments: {a: {accepts: [patches]}}\n",
    "environments: {a: {accepts: []}}\n",
    "environments: {a: {reason: true}}\n",
    "environments: {a: {protected: 'yes'}}\n",
    "environments: {a: {contexts: {}}}\n",
    "certified: {moving: 'a b'}\n",
    "freezes: {}\n",
    "zone: UTC\nfreezes:\n- {days: [mon]}\n",
    "zone: UTC\nfreezes:\n- {reason: x}\n",
    "zone: UTC\nfreezes:\n- {reason: x, days: [monday]}\n",
    "zone: UTC\nfreezes:\n- {reason: x, days: [mon], from: '24:30'}\n",
    "zone: UTC\nfreezes:\n- {reason: x, from: 2026-12-20, until: 2026-12-21T00:00}\n",
];

/// What only the parser can know.
const MEANINGLESS: [&str; 5] = [
    "freezes:\n- {reason: x, days: [mon]}\n",
    "zone: Middle/Earth\n",
    "zone: UTC\nfreezes:\n- {reason: x, environments: [a], days: [mon]}\n",
    "zone: UTC\nfreezes:\n- {reason: x, from: 2026-12-20T18:00, until: 2026-12-19T18:00}\n",
    "environments: {a: {accepts: certified}}\n",
];

#[test]
fn parser_and_schema_agree() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let takes = |text: &str| valid(&schema, &serde_yaml::from_str::<Value>(text).unwrap(), &schema);
    for text in TAKEN {
        assert!(takes(text), "the schema refuses {text}");
        assert!(read(text.as_bytes()).is_ok(), "the parser refuses {text}: {:?}", read(text.as_bytes()));
    }
    for text in REFUSED {
        assert!(!takes(text), "the schema takes {text}");
        assert!(read(text.as_bytes()).is_err(), "the parser takes {text}");
    }
    for text in MEANINGLESS {
        assert!(takes(text) && read(text.as_bytes()).is_err(), "{text}");
    }
}

/// Every key that the schema names is one that the parser knows, and the other way round.
#[test]
fn parser_and_schema_know_the_same_keys() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let keys =
        |pointer: &str| schema.pointer(pointer).unwrap().as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    for (pointer, text) in [
        ("/properties", "§: 1\n"),
        ("/properties/certified/properties", "certified: {§: 1}\n"),
        ("/$defs/environment/properties", "environments: {a: {§: 1}}\n"),
    ] {
        let mut named = keys(pointer);
        let hint = read(text.as_bytes()).unwrap_err()[0].hint.clone().unwrap();
        let mut known: Vec<String> =
            hint.strip_prefix("known here: ").unwrap().split(", ").map(str::to_owned).collect();
        named.sort();
        known.sort();
        assert_eq!(named, known, "{pointer}");
    }
}
