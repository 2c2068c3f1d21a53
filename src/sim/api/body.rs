//! What a request carries: JSON, YAML or protobuf, as an object of the expected kind.
//!
//! Invariant: what comes out has the expected kind and fits its shape. Unknown fields are refused, told or ignored, as
//! `fieldValidation` says.

use super::{Call, conform::conform, protobuf};
use crate::sim::{
    resource::{Propagation, Resource},
    schema,
    status::Status,
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
pub fn value(call: &Call) -> Result<Value, Status> {
    let wrong = |why: String| Status::bad_request(format!("the object provided is unrecognized: {why}"));
    if call.content_type.starts_with("application/vnd.kubernetes.protobuf") {
        return protobuf::decode(&call.body).map_err(wrong);
    }
    match serde_json::from_slice(&call.body) {
        Ok(value) => Ok(value),
        Err(_) if call.content_type.contains("yaml") => {
            serde_yaml::from_slice(&call.body).map_err(|e| wrong(e.to_string()))
        }
        Err(error) => Err(wrong(error.to_string())),
    }
}

/// The body as an object of that kind, and what to warn of.
pub fn object(call: &Call, kind: Kind) -> Result<(Value, Vec<String>), Status> {
    let mut value = value(call)?;
    expect(&value, kind)?;
    let warnings = fit(call, kind, &mut value)?;
    Ok((value, warnings))
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
    if has_kind != kind {
        let short = has_version.rsplit('/').next().unwrap_or_default();
        return Err(Status::bad_request(format!(
            "{has_kind} in version {short:?} cannot be handled as a {kind}: unknown conversion"
        )));
    }
    if has_version != wanted {
        let why =
            format!("the API version in the data ({has_version}) does not match the expected API version ({wanted})");
        return Err(Status::bad_request(why));
    }
    Ok(())
}

/// Holds the object against its shape. Custom resources only need to be objects.
fn fit(call: &Call, (group, version, kind): Kind, value: &mut Value) -> Result<Vec<String>, Status> {
    let refuse = |why: String| {
        Status::bad_request(format!("{kind} in version {version:?} cannot be handled as a {kind}: {why}"))
    };
    let Some(message) = schema::root(group, kind) else {
        return shapeless(value).map_err(refuse);
    };
    let mut unknown = Vec::new();
    conform(message, value, &mut unknown).map_err(refuse)?;
    let told: Vec<String> = unknown.iter().map(|field| format!("unknown field {field:?}")).collect();
    match Unknown::of(call) {
        Unknown::Strict if !told.is_empty() => Err(refuse(format!("strict decoding error: {}", told.join(", ")))),
        Unknown::Ignore => Ok(Vec::new()),
        _ => Ok(told),
    }
}

/// Holds a patched object against its shape; a strict refusal carries the whole object, as on a real API server.
pub fn fit_patched(call: &Call, r: &Resource, value: &mut Value) -> Result<Vec<String>, Status> {
    let refuse = |why: String| {
        Status::bad_request(format!("{} in version {:?} cannot be handled as a {}: {why}", r.kind, r.version, r.kind))
    };
    let Some(message) = schema::of(r) else {
        return shapeless(value).map_err(refuse);
    };
    let whole = (Unknown::of(call) == Unknown::Strict).then(|| value.to_string());
    let mut unknown = Vec::new();
    conform(message, value, &mut unknown).map_err(refuse)?;
    let told: Vec<String> = unknown.iter().map(|field| format!("unknown field {field:?}")).collect();
    match (Unknown::of(call), whole) {
        (Unknown::Strict, Some(whole)) if !told.is_empty() => {
            let why = format!(
                " \"\" is invalid: patch: Invalid value: {:?}: strict decoding error: {}",
                whole,
                told.join(", ")
            );
            Err(Status::new(422, "Invalid", why))
        }
        (Unknown::Ignore, _) => Ok(Vec::new()),
        _ => Ok(told),
    }
}

/// A custom resource: only its metadata has a known shape.
fn shapeless(value: &mut Value) -> Result<Vec<String>, String> {
    let mut unknown = Vec::new();
    if let Some(metadata) = value.get_mut("metadata") {
        conform("meta.ObjectMeta", metadata, &mut unknown)?;
    }
    let fits = |v: &Value| v.is_null() || v.is_object();
    if ![&*value, &value["spec"], &value["status"]].into_iter().all(fits) {
        return Err("must be of type object".to_owned());
    }
    Ok(unknown.iter().map(|field| format!("unknown field {:?}", format!("metadata.{field}"))).collect())
}

/// How to delete, from the body and the query, and whether it is a dry run.
pub fn delete_options(call: &Call) -> Result<(DeleteOptions, bool), Status> {
    let mut body = if call.body.is_empty() { json!({}) } else { value(call)? };
    conform("meta.DeleteOptions", &mut body, &mut Vec::new()).map_err(Status::bad_request)?;
    let policy = body["propagationPolicy"].as_str().or_else(|| call.query.get("propagationPolicy"));
    let orphan = body["orphanDependents"].as_bool().map(|yes| if yes { "Orphan" } else { "Background" });
    let propagation = match policy.or(orphan) {
        None => None,
        Some("Background") => Some(Propagation::Background),
        Some("Foreground") => Some(Propagation::Foreground),
        Some("Orphan") => Some(Propagation::Orphan),
        Some(other) => {
            let why = format!(
                "DeleteOptions.meta.k8s.io \"\" is invalid: propagationPolicy: Unsupported value: {other:?}: supported values: \"Foreground\", \"Background\", \"Orphan\""
            );
            return Err(Status::new(422, "Invalid", why));
        }
    };
    let text = |field: &str| body["preconditions"][field].as_str().map(str::to_owned);
    let grace = body["gracePeriodSeconds"].as_i64().or_else(|| call.query.number("gracePeriodSeconds"));
    let dry = body["dryRun"].as_array().is_some_and(|list| list.iter().any(|v| v == "All"));
    Ok((DeleteOptions { grace, propagation, uid: text("uid"), resource_version: text("resourceVersion") }, dry))
}
