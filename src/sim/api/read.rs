//! GET: one object, or a list with its pages, selectors and versions.
//!
//! Invariant: all pages of one list are of one resourceVersion; a page that can no longer be of it is 410.

use super::{Call, Response, reply};
use crate::sim::{
    selector::{FieldSelector, LabelSelector},
    status::{Cause, Status},
    store::meta,
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use std::sync::Arc;

/// What a list or a watch is about.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    labels: LabelSelector,
    fields: FieldSelector,
}

impl Selection {
    /// From `labelSelector` and `fieldSelector`.
    pub fn of(call: &Call) -> Result<Self, Status> {
        let labels = LabelSelector::parse(call.query.get("labelSelector").unwrap_or_default())?;
        let fields = FieldSelector::parse(call.target.resource, call.query.get("fieldSelector").unwrap_or_default())?;
        Ok(Self { labels, fields })
    }

    /// Whether the object is in it.
    pub fn has(&self, object: &Value) -> bool {
        let labels = object.get("metadata").and_then(|m| m.get("labels")).unwrap_or(&Value::Null);
        self.labels.matches_labels(labels) && self.fields.matches(object)
    }

    fn is_everything(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }
}

/// GET of one object.
pub fn get(call: &Call) -> Result<Response, Status> {
    let (r, target) = (call.target.resource, &call.target);
    let found = call.store.get(r, target.namespace(), target.name());
    let found = found.ok_or_else(|| Status::not_found(r, target.name()))?;
    Ok(reply::object(call, 200, &found))
}

/// 504 for a version that the store has not reached.
pub fn too_large(wanted: u64, current: u64) -> Status {
    let message = format!("Too large resource version: {wanted}, current: {current}");
    let mut status = Status::new(504, "Timeout", format!("Timeout: {message}"));
    *status.details = json!({
        "causes": [{ "reason": "ResourceVersionTooLarge", "message": "Too large resource version" }], "retryAfterSeconds": 1,
    });
    status
}

/// A `resourceVersion` of the query; `None` when it is not there.
pub fn version(call: &Call) -> Result<Option<u64>, Status> {
    let Some(text) = call.query.get("resourceVersion") else { return Ok(None) };
    let invalid = |_| {
        let why = format!(
            "invalid resource version: resourceVersion: Invalid value: \"{text}\": strconv.ParseUint: parsing \"{text}\": invalid syntax"
        );
        Status::new(400, "BadRequest", why)
    };
    text.parse().map(Some).map_err(invalid)
}

/// GET of a collection.
pub fn list(call: &Call) -> Result<Response, Status> {
    let (r, namespace) = (call.target.resource, call.target.namespace.as_deref());
    let selection = Selection::of(call)?;
    let wanted = version(call)?;
    let (now, current) = call.store.snapshot(r, namespace);
    let exact = call.query.get("resourceVersionMatch") == Some("Exact");
    if wanted.is_none() && call.query.get("resourceVersionMatch").is_some() {
        let why = "resourceVersionMatch is forbidden unless resourceVersion is provided";
        return Err(Status::invalid_options("ListOptions", &Cause::forbidden("resourceVersionMatch", why)));
    }
    if let Some(odd) = call.query.get("limit").filter(|text| text.parse::<i64>().is_err()) {
        return Err(Status::bad_request(format!("strconv.ParseInt: parsing {odd:?}: invalid syntax")));
    }
    let limit = call.query.number("limit").and_then(|n| usize::try_from(n).ok()).filter(|n| *n > 0);
    // The version 0 is "whatever is at hand": a real API server answers it from its cache, which knows no pages.
    let limit = if wanted == Some(0) && !exact { None } else { limit };
    let (objects, at, after) = match call.query.get("continue") {
        Some(_) if wanted.is_some_and(|v| v > 0) => {
            return Err(Status::bad_request("specifying resource version is not allowed when using continue"));
        }
        Some(token) => {
            let (at, after) = read_token(token)
                .ok_or_else(|| Status::bad_request("invalid continue token: continue key is not valid"))?;
            let gone = || {
                Status::expired(
                    "The provided continue parameter is too old to display a consistent list result. You must start a new list without the continue parameter.",
                )
            };
            (call.store.list_at(r, namespace, at).ok_or_else(gone)?, at, after)
        }
        None => match wanted {
            Some(v) if v > current => return Err(too_large(v, current)),
            Some(v) if exact => {
                let gone = || Status::expired(format!("The resourceVersion for the provided list is too old: {v}"));
                (call.store.list_at(r, namespace, v).ok_or_else(gone)?, v, String::new())
            }
            _ => (now, current, String::new()),
        },
    };
    let mut found: Vec<Arc<Value>> =
        objects.into_iter().filter(|o| (after.is_empty() || key(o) > after) && selection.has(o)).collect();
    let mut metadata = json!({ "resourceVersion": at.to_string() });
    if let Some(limit) = limit.filter(|limit| found.len() > *limit) {
        let remaining = found.len() - limit;
        found.truncate(limit);
        let last = found.last().map(|o| key(o)).unwrap_or_default();
        metadata["continue"] =
            json!(BASE64_URL_SAFE_NO_PAD.encode(json!({ "v": "meta.k8s.io/v1", "rv": at, "start": last }).to_string()));
        if selection.is_everything() {
            metadata["remainingItemCount"] = json!(remaining);
        }
    }
    Ok(reply::list(call, &found, metadata))
}

/// Where an object stands in a list. The separator sorts before everything that a name may contain.
fn key(object: &Value) -> String {
    format!("{}\0{}", meta(object, "namespace"), meta(object, "name"))
}

fn read_token(token: &str) -> Option<(u64, String)> {
    let token: Value = serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    Some((token["rv"].as_u64()?, token["start"].as_str()?.to_owned()))
}
