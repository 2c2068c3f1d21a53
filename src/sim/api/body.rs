//! What a request carries: JSON, YAML or protobuf, as an object of the expected kind.
//!
//! Invariant: what comes out has the expected kind and fits its shape. Unknown fields are refused, told or ignored, as
//! `fieldValidation` says.

use super::{
    Call,
    conform::{Mismatch, conform, objects},
    protobuf,
};
use crate::sim::{
    resource::{Propagation, Resource, resource_of_kind},
    schema,
    status::{Cause, Status},
    store::DeleteOptions,
};
use serde_json::{Value, json};

/// A group, a version and a kind.
pub type Kind<'a> = (&'a str, &'a str, &'a str);

/// What to do with fields that the kind does not have.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Unknown {
    /// Refuse the request.
    Strict,
    /// Tell the client.
    Warn,
    /// Say nothing.
    Ignore,
}

impl Unknown {
    /// From `fieldValidation`; without it, telling is the default.
    pub fn of(call: &Call) -> Self {
        match call.query.get("fieldValidation") {
            Some("Strict") => Self::Strict,
            Some("Ignore") => Self::Ignore,
            _ => Self::Warn,
        }
    }
}

/// The body as JSON, whatever it was written in.
pub fn value(call: &Call, kind: &str) -> Result<Value, Status> {
    let wrong = |why: String| {
        let told = format!("the object provided is unrecognized (must be of type {kind}): couldn't get version/kind");
        Status::bad_request(format!("{told}; {why}"))
    };
    if call.content_type.starts_with("application/vnd.kubernetes.protobuf") {
        return protobuf::decode(&call.body).map_err(wrong);
    }
    match serde_json::from_slice(&call.body) {
        Ok(value) => Ok(value),
        Err(_) if call.content_type.contains("yaml") => {
            serde_yaml::from_slice(&call.body).map_err(|e| wrong(e.to_string()))
        }
        Err(error) => Err(wrong(format!("json parse error: {error}"))),
    }
}

/// The body as an object of that kind, and what to warn of.
pub fn object(call: &Call, kind: Kind) -> Result<(Value, Vec<String>), Status> {
    let mut value = value(call, kind.2)?;
    expect(&value, kind)?;
    let (group, version, name) = kind;
    let refuse = |why: String| {
        Status::bad_request(format!("{name} in version {version:?} cannot be handled as a {name}: {why}"))
    };
    let unknown = fit(schema::root(group, version, name), &mut value).map_err(|wrong| {
        if call.target.resource.custom {
            untyped(call.target.resource, &value, &wrong)
        } else {
            refuse(wrong.to_string())
        }
    })?;
    match Unknown::of(call) {
        Unknown::Strict if !unknown.is_empty() => Err(refuse(format!("strict decoding error: {}", unknown.join(", ")))),
        Unknown::Ignore => Ok((value, Vec::new())),
        _ => Ok((value, unknown)),
    }
}

/// The body as an object of the call's own resource.
pub fn own(call: &Call) -> Result<(Value, Vec<String>), Status> {
    let r = call.target.resource;
    object(call, (r.group, r.version, r.kind))
}

fn expect(value: &Value, (group, version, kind): Kind) -> Result<(), Status> {
    let wanted = if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
    let text = |field: &str| value[field].as_str().filter(|s| !s.is_empty());
    let (has_version, has_kind) = (text("apiVersion").unwrap_or(&wanted), text("kind").unwrap_or(kind));
    if has_kind == kind && has_version == wanted {
        return Ok(());
    }
    let short = has_version.rsplit('/').next().unwrap_or_default();
    let known = resource_of_kind(has_version, has_kind).is_some() || has_kind != kind;
    let why = if known {
        let room = if group.is_empty() { "core" } else { group };
        format!("converting ({short}.{has_kind}) to ({room}.{kind}): unknown conversion")
    } else {
        format!(
            "no kind {has_kind:?} is registered for version {has_version:?} in scheme \"pkg/runtime/scheme.go:111\""
        )
    };
    Err(Status::bad_request(format!("{has_kind} in version {short:?} cannot be handled as a {kind}: {why}")))
}

/// Holds an object against its shape, and tells which fields it does not know. Without a shape only the metadata is looked at.
fn fit(message: Option<&'static str>, value: &mut Value) -> Result<Vec<String>, Mismatch> {
    let mut unknown = Vec::new();
    objects(value)?;
    match (message, value.get_mut("metadata")) {
        (Some(message), _) => conform(message, value, &mut unknown)?,
        (None, Some(metadata)) => conform("meta.ObjectMeta", metadata, &mut unknown)?,
        (None, None) => {}
    }
    let prefix = if message.is_none() { "metadata." } else { "" };
    Ok(unknown.iter().map(|field| format!("unknown field {:?}", format!("{prefix}{field}"))).collect())
}

/// 422 of a custom resource's field that has the wrong type.
fn untyped(r: &Resource, value: &Value, wrong: &Mismatch) -> Status {
    let wanted = match wrong.wanted {
        "slice" => "array",
        "int32" => "integer",
        "bool" => "boolean",
        "map" => "object",
        other => other,
    };
    let (path, is) = (&wrong.path, wrong.is);
    let message = format!("Invalid value: \"{is}\": {path} in body must be of type {wanted}: \"{is}\"");
    let cause = Cause { reason: "FieldValueTypeInvalid", field: path.clone(), message };
    Status::invalid(r, value["metadata"]["name"].as_str().unwrap_or_default(), &[cause])
}

/// The Go type of a JSON value that is decoded without a target.
fn go(json: &'static str) -> &'static str {
    match json {
        "number" => "int64",
        "array" => "[]interface {}",
        "object" => "map[string]interface {}",
        other => other,
    }
}

/// A value as Go's `%v` prints it: maps sorted by key.
fn printed(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(list) => format!("[{}]", list.iter().map(printed).collect::<Vec<_>>().join(" ")),
        Value::Object(map) => {
            let mut pairs: Vec<String> = map.iter().map(|(key, value)| format!("{key}:{}", printed(value))).collect();
            pairs.sort();
            format!("map[{}]", pairs.join(" "))
        }
        plain => plain.to_string(),
    }
}

/// Holds a patched object against its shape. A refusal carries the whole object, as on a real API server; that of a
/// strategic merge patch carries the patch, as Go prints it.
pub fn fit_patched(
    call: &Call,
    r: &Resource,
    value: &mut Value,
    strategic: Option<&Value>,
) -> Result<Vec<String>, Status> {
    let whole = strategic.map_or_else(|| value.to_string(), printed);
    let refuse = |why: String| {
        let message = format!("Invalid value: {whole:?}: {why}");
        let causes = serde_json::json!([{ "reason": "FieldValueInvalid", "message": message, "field": "patch" }]);
        let status = Status::new(422, "Invalid", format!(" \"\" is invalid: patch: {message}"));
        status.detailed(serde_json::json!({ "causes": causes }))
    };
    if !value.is_object() {
        return Err(refuse("the patched object must be an object".to_owned()));
    }
    let unknown = fit(schema::of(r), value).map_err(|wrong| match (r.custom, strategic) {
        (true, _) => untyped(r, value, &wrong),
        (false, None) => refuse(wrong.to_string()),
        (false, Some(_)) if wrong.wanted == "string" => refuse(format!("cannot convert {} to string", go(wrong.is))),
        (false, Some(_)) => refuse(format!("unrecognized type: {}", wrong.wanted)),
    })?;
    match Unknown::of(call) {
        Unknown::Strict if !unknown.is_empty() => Err(refuse(format!("strict decoding error: {}", unknown.join(", ")))),
        Unknown::Ignore => Ok(Vec::new()),
        _ => Ok(unknown),
    }
}

/// How to delete, from the body and the query, and whether it is a dry run.
pub fn delete_options(call: &Call) -> Result<(DeleteOptions, bool), Status> {
    let mut body = if call.body.is_empty() { json!({}) } else { value(call, "DeleteOptions")? };
    conform("meta.DeleteOptions", &mut body, &mut Vec::new())
        .map_err(|wrong| Status::bad_request(wrong.to_string()))?;
    let policy = body["propagationPolicy"].as_str().or_else(|| call.query.get("propagationPolicy"));
    let orphan = body["orphanDependents"].as_bool().map(|yes| if yes { "Orphan" } else { "Background" });
    let propagation = match policy.or(orphan) {
        None => None,
        Some("Background") => Some(Propagation::Background),
        Some("Foreground") => Some(Propagation::Foreground),
        Some("Orphan") => Some(Propagation::Orphan),
        Some(other) => {
            let served = ["Foreground", "Background", "Orphan", "nil"];
            let cause = Cause::unsupported("propagationPolicy", &json!(other), &served);
            return Err(Status::invalid_options("DeleteOptions", &cause));
        }
    };
    let text = |field: &str| body["preconditions"][field].as_str().map(str::to_owned);
    let grace = body["gracePeriodSeconds"].as_i64().or_else(|| call.query.number("gracePeriodSeconds"));
    let dry = body["dryRun"].as_array().is_some_and(|list| list.iter().any(|v| v == "All"));
    Ok((DeleteOptions { grace, propagation, uid: text("uid"), resource_version: text("resourceVersion") }, dry))
}
