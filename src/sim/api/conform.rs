//! Holds an object of a built-in kind against its shape: types must fit, unknown fields are taken out and reported.
//!
//! Invariant: afterwards the object has only known fields of the right types, and no nulls. Custom resources are left alone.

use crate::sim::schema::{self, Field, Shape, Type};
use serde_json::{Value, json};

/// Checks `value` as the message of that name. Unknown fields go to `unknown` with their paths.
pub fn conform(message: &'static str, value: &mut Value, unknown: &mut Vec<String>) -> Result<(), String> {
    check(message, value, "", unknown)
}

fn check(message: &'static str, value: &mut Value, path: &str, unknown: &mut Vec<String>) -> Result<(), String> {
    let Some(map) = value.as_object_mut() else { return Err(mismatch(message, path, value, "object")) };
    for key in map.keys().cloned().collect::<Vec<_>>() {
        let at = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        let root = path.is_empty() && (key == "kind" || key == "apiVersion" || message == "meta.DeleteOptions");
        if map[&key].is_null() {
            map.shift_remove(&key);
        } else if let Some(field) = schema::lookup(message, &key) {
            check_field(message, field, &mut map[&key], &at, unknown)?;
        } else if !root {
            unknown.push(at);
            map.shift_remove(&key);
        }
    }
    Ok(())
}

fn check_field(
    message: &'static str,
    field: &Field,
    value: &mut Value,
    at: &str,
    unknown: &mut Vec<String>,
) -> Result<(), String> {
    match field.shape {
        Shape::One => check_one(message, field.of, value, at, unknown),
        Shape::List => {
            let Some(list) = value.as_array_mut() else { return Err(mismatch(message, at, value, "slice")) };
            for (i, element) in list.iter_mut().enumerate() {
                check_one(message, field.of, element, &format!("{at}[{i}]"), unknown)?;
            }
            Ok(())
        }
        Shape::Map => {
            let Some(map) = value.as_object_mut() else { return Err(mismatch(message, at, value, "map")) };
            for (key, element) in map.iter_mut() {
                // A list inside of a map is only known of one field that nobody writes.
                if !element.is_array() {
                    check_one(message, field.of, element, &format!("{at}.{key}"), unknown)?;
                }
            }
            Ok(())
        }
    }
}

fn check_one(
    message: &'static str,
    of: Type,
    value: &mut Value,
    at: &str,
    unknown: &mut Vec<String>,
) -> Result<(), String> {
    if of == Type::Quantity && value.is_number() {
        *value = json!(value.to_string());
    }
    let (fits, wanted) = match of {
        Type::Message(inner) => return check(inner, value, at, unknown),
        Type::Raw => (true, ""),
        Type::Text | Type::Quantity => (value.is_string(), "string"),
        Type::Bytes => (value.is_string(), "[]uint8"),
        Type::Time(_) => (value.is_string(), "time"),
        Type::Duration => (value.is_string(), "duration"),
        Type::Integer => (value.is_i64() || value.is_u64(), "int32"),
        Type::Bool => (value.is_boolean(), "bool"),
        Type::Number => (value.is_number(), "float64"),
        Type::IntOrString => (value.is_string() || value.is_i64(), "int or string"),
    };
    if fits { Ok(()) } else { Err(mismatch(message, at, value, wanted)) }
}

fn mismatch(message: &str, path: &str, value: &Value, wanted: &str) -> String {
    let is = match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let kind = message.rsplit('.').next().unwrap_or_default();
    format!("json: cannot unmarshal {is} into Go struct field {kind}.{path} of type {wanted}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_fields_are_named_and_taken_out() {
        let mut object = json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "a", "creationTimestamp": null },
            "spec": { "replica": 2, "template": { "spec": { "containers": [{ "name": "a", "imagee": "x" }],
                "volumes": [{ "name": "v", "emptyDir": {} }] } } },
        });
        let mut unknown = Vec::new();
        conform("apps.Deployment", &mut object, &mut unknown).unwrap();
        assert_eq!(unknown, ["spec.replica", "spec.template.spec.containers[0].imagee"]);
        assert_eq!(object["spec"]["template"]["spec"]["volumes"][0], json!({ "name": "v", "emptyDir": {} }));
        assert!(object["metadata"].get("creationTimestamp").is_none());
    }

    #[test]
    fn wrong_types_are_refused() {
        let mut object = json!({ "spec": { "replicas": "3" } });
        let error = conform("apps.Deployment", &mut object, &mut Vec::new()).unwrap_err();
        assert!(error.contains("cannot unmarshal string") && error.contains("spec.replicas"), "{error}");
        for wrong in [json!({ "spec": [] }), json!({ "metadata": { "labels": { "a": 1 } } }), json!([])] {
            assert!(conform("apps.Deployment", &mut wrong.clone(), &mut Vec::new()).is_err(), "{wrong}");
        }
    }
}
