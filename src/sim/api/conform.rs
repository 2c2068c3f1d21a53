//! Holds an object of a built-in kind against its shape: types must fit, unknown fields are taken out and reported.
//!
//! Invariant: afterwards the object has only known fields of the right types, and no nulls. Custom resources are left alone.

use crate::sim::{
    quantity,
    schema::{self, Field, Shape, Type},
};
use serde_json::{Value, json};

/// Checks `value` as the message of that name. Unknown fields go to `unknown` with their paths.
pub fn conform(message: &'static str, value: &mut Value, unknown: &mut Vec<String>) -> Result<(), Mismatch> {
    check(message, value, "", unknown)
}

/// Checks what holds for every kind: the object, and its spec and status where they are there, are objects.
pub fn objects(value: &Value) -> Result<(), Mismatch> {
    let odd = |v: &Value| !v.is_null() && !v.is_object();
    if !value.is_object() {
        return Err(mismatch("object", "", value, "object"));
    }
    let part = ["metadata", "spec", "status"].into_iter().find(|part| odd(&value[*part]));
    part.map_or(Ok(()), |part| Err(mismatch("object", part, &value[part], "object")))
}

fn check(message: &'static str, value: &mut Value, path: &str, unknown: &mut Vec<String>) -> Result<(), Mismatch> {
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
) -> Result<(), Mismatch> {
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
            // A list inside of a map is only known of one field that nobody writes.
            for element in map.values_mut().filter(|element| !element.is_array()) {
                check_one(message, field.of, element, at, unknown)?;
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
) -> Result<(), Mismatch> {
    if of == Type::Quantity && (value.is_number() || value.is_string()) {
        *value = json!(quantity::canonical(&value.as_str().map_or_else(|| value.to_string(), str::to_owned)));
    }
    let (fits, wanted) = match of {
        Type::Message(inner) => return check(inner, value, at, unknown),
        Type::Raw => (true, ""),
        Type::Text | Type::Quantity => (value.is_string(), "string"),
        Type::Bytes => (value.is_string(), "[]uint8"),
        Type::Time(_) => match value.as_str() {
            Some(text) if text.parse::<jiff::Timestamp>().is_err() => return Err(Mismatch::time(at, text)),
            text => (text.is_some(), "time"),
        },
        Type::Duration => (value.is_string(), "duration"),
        Type::Integer => (value.is_i64() || value.is_u64(), "int32"),
        Type::Bool => (value.is_boolean(), "bool"),
        Type::Number => (value.is_number(), "float64"),
        Type::IntOrString => (value.is_string() || value.is_i64(), "int or string"),
    };
    if fits { Ok(()) } else { Err(mismatch(message, at, value, wanted)) }
}

/// A value of the wrong type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// Where it is, as `spec.replicas`.
    pub path: String,
    /// The type that it has, as JSON calls it.
    pub is: &'static str,
    /// The type that it must have, as Go calls it.
    pub wanted: &'static str,
    kind: &'static str,
    /// The text that is no time, where that is what is wrong.
    time: Option<String>,
}

impl Mismatch {
    fn time(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), is: "string", wanted: "Time", kind: "", time: Some(text.to_owned()) }
    }
}

impl std::fmt::Display for Mismatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { path, is, wanted, kind, time } = self;
        if let Some(text) = time {
            return write!(
                f,
                "parsing time {text:?} as \"2006-01-02T15:04:05Z07:00\": cannot parse {text:?} as \"2006\""
            );
        }
        write!(f, "json: cannot unmarshal {is} into Go struct field {kind}.{path} of type {wanted}")
    }
}

fn mismatch(message: &'static str, path: &str, value: &Value, wanted: &'static str) -> Mismatch {
    let is = match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    Mismatch { path: path.to_owned(), is, wanted, kind: message.rsplit('.').next().unwrap_or_default(), time: None }
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
        let error = conform("apps.Deployment", &mut object, &mut Vec::new()).unwrap_err().to_string();
        assert!(error.contains("cannot unmarshal string") && error.contains("spec.replicas"), "{error}");
        for wrong in [
            json!({ "spec": [] }),
            json!({ "metadata": { "labels": { "a": 1 } } }),
            json!([]),
            json!({ "metadata": { "creationTimestamp": "yesterday" } }),
        ] {
            assert!(conform("apps.Deployment", &mut wrong.clone(), &mut Vec::new()).is_err(), "{wrong}");
        }
    }
}
