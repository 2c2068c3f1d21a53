//! PATCH: JSON patch, merge patch, strategic merge patch; server-side apply is next door.
//!
//! Invariant: a patch is computed and written in one step under the store's lock, and one that changes nothing writes nothing.

use super::{Call, Response, apply, body, reply, strategic, write};
use crate::sim::{
    resource::Resource,
    status::{Cause, Status},
    store::meta,
};
use serde_json::Value;

/// How a patch is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Json,
    Merge,
    Strategic,
    Apply,
}

fn kind(call: &Call) -> Result<Kind, Status> {
    let media = call.content_type.split(';').next().unwrap_or_default().trim();
    match media {
        "application/json-patch+json" => Ok(Kind::Json),
        "application/merge-patch+json" => Ok(Kind::Merge),
        "application/strategic-merge-patch+json" if !call.target.resource.custom => Ok(Kind::Strategic),
        "application/apply-patch+yaml" | "application/apply-patch+json" => Ok(Kind::Apply),
        "application/strategic-merge-patch+json" => {
            let served = "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml";
            let why =
                format!("the body of the request was in an unknown format - accepted media types include: {served}");
            Err(Status::new(415, "UnsupportedMediaType", why))
        }
        _ => {
            let unsupported = Status::new(415, "UnsupportedMediaType", "415: Unsupported Media Type");
            Err(unsupported.detailed(serde_json::json!({})))
        }
    }
}

/// PATCH of an object or of its status.
pub fn patch(call: &Call) -> Result<Response, Status> {
    if kind(call)? == Kind::Apply {
        return apply::apply(call);
    }
    let (r, target) = (call.target.resource, &call.target);
    let mut warnings = Vec::new();
    let written = call.store.update(r, target.namespace(), target.name(), write::part(call), None, |object| {
        let mut new = patched(call, r, object)?;
        let strategic: Option<Value> =
            if kind(call)? == Kind::Strategic { serde_json::from_slice(&call.body).ok() } else { None };
        warnings = body::fit_patched(call, r, &mut new, strategic.as_ref())?;
        unmoved(r, object, &new)?;
        *object = new;
        Ok(())
    })?;
    Ok(reply::with_warnings(reply::object(call, 200, &written), &warnings))
}

/// The object after the patch in the call's body.
pub fn patched(call: &Call, r: &Resource, object: &Value) -> Result<Value, Status> {
    let kind = kind(call)?;
    let wrong = |error: serde_json::Error| Status::bad_request(format!("error decoding patch: {error}"));
    let patch: Value = serde_json::from_slice(&call.body).map_err(wrong)?;
    let mut new = object.clone();
    if kind == Kind::Json {
        if !patch.is_array() {
            return Err(Status::bad_request(
                "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp",
            ));
        }
        let operations: json_patch::Patch = serde_json::from_value(patch).map_err(|_| failed())?;
        json_patch::patch(&mut new, &operations).map_err(|_| failed())?;
        return Ok(new);
    }
    if !patch.is_object() {
        return Err(Status::bad_request(
            "error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}",
        ));
    }
    if kind == Kind::Strategic {
        strategic::merge(crate::sim::schema::of(r), &mut new, &patch)?;
    } else {
        json_patch::merge(&mut new, &patch);
    }
    Ok(new)
}

/// 422 of a JSON patch whose operations, `test` above all, do not fit the object. A real API server does not say which.
fn failed() -> Status {
    let message = "the server rejected our request due to an error in our request";
    Status::new(422, "Invalid", message).detailed(serde_json::json!({}))
}

/// What no patch may change: the name, the uid, and a resourceVersion that is not the current one.
pub fn unmoved(r: &Resource, old: &Value, new: &Value) -> Result<(), Status> {
    let name = meta(old, "name");
    let (was, is) = (meta(old, "resourceVersion"), meta(new, "resourceVersion"));
    if !is.is_empty() && is != was {
        return Err(Status::modified(r, name));
    }
    if meta(new, "name") != name {
        let is = meta(new, "name");
        return Err(Status::bad_request(format!(
            "the name of the object ({is}) does not match the name on the URL ({name})"
        )));
    }
    let (was, is) = (meta(old, "uid"), meta(new, "uid"));
    if !is.is_empty() && is != was {
        let cause = Cause::invalid("metadata.uid", &new["metadata"]["uid"], "field is immutable");
        return Err(Status::invalid(r, name, &[cause]));
    }
    if old["metadata"]["namespace"] != new["metadata"]["namespace"] {
        let why = "the namespace of the provided object does not match the namespace sent on the request";
        return Err(Status::bad_request(why));
    }
    Ok(())
}
