//! The scale subresource: replicas, and nothing else of the workload.
//!
//! Invariant: the Scale carries the workload's own uid and resourceVersion, so its preconditions are the workload's.

use super::{
    Call, Response, body, patch,
    path::Verb,
    reply::{self, Form},
};
use crate::sim::{
    selector::LabelSelector,
    status::{Cause, Status},
    store::{Part, meta},
    table,
};
use serde_json::{Value, json};

fn scale_of(object: &Value) -> Value {
    let metadata = &object["metadata"];
    let mut scale = json!({
        "kind": "Scale", "apiVersion": "autoscaling/v1",
        "metadata": {
            "name": metadata["name"], "namespace": metadata["namespace"], "uid": metadata["uid"],
            "resourceVersion": metadata["resourceVersion"], "creationTimestamp": metadata["creationTimestamp"],
        },
        "spec": {},
        "status": {
            "replicas": object["status"]["replicas"].as_i64().unwrap_or(0),
            "selector": LabelSelector::of_object(&object["spec"]["selector"]).to_string(),
        },
    });
    // None is written as nothing.
    if let Some(replicas) = object["spec"]["replicas"].as_i64().filter(|n| *n != 0) {
        scale["spec"]["replicas"] = json!(replicas);
    }
    scale
}

/// GET, PUT and PATCH of a workload's scale.
pub fn scale(call: &Call, verb: Verb) -> Result<Response, Status> {
    let (r, target) = (call.target.resource, &call.target);
    let current =
        call.store.get(r, target.namespace(), target.name()).ok_or_else(|| Status::not_found(r, target.name()))?;
    if verb == Verb::Get {
        let scale = scale_of(&current);
        return Ok(match call.form {
            Form::Table(include) => reply::json(200, &table::scale(&scale, include, call.store.clock().now())),
            _ => reply::json(200, &scale),
        });
    }
    let sent = match verb {
        Verb::Update => Some(body::object(call, ("autoscaling", "v1", "Scale"))?.0),
        Verb::Patch => None,
        _ => return Err(Status::method_not_allowed()),
    };
    let written = call.store.update(r, target.namespace(), target.name(), Part::Whole, None, |object| {
        let old = scale_of(object);
        let new = match sent {
            Some(sent) => sent,
            None => patch::patched(call, r, &old)?,
        };
        let name = target.name();
        if !new["spec"].is_object() {
            return Err(Status::bad_request("json: cannot unmarshal into Go struct field Scale.spec of type object"));
        }
        let version = meta(&new, "resourceVersion");
        if !version.is_empty() && version != meta(&old, "resourceVersion") {
            return Err(Status::modified(r, name));
        }
        let replicas = &new["spec"]["replicas"];
        let wanted = if replicas.is_null() { Some(0) } else { replicas.as_i64() };
        let wanted = wanted.ok_or_else(|| {
            Status::bad_request("json: cannot unmarshal into Go struct field ScaleSpec.spec.replicas of type int32")
        })?;
        if wanted < 0 {
            let cause = Cause::invalid("spec.replicas", replicas, "must be greater than or equal to 0");
            let mut status = Status::invalid(r, name, &[cause]);
            status.message = status.message.replacen(&r.qualified_kind(), "Scale.autoscaling", 1);
            status.details["group"] = json!("autoscaling");
            status.details["kind"] = json!("Scale");
            return Err(status);
        }
        object["spec"]["replicas"] = json!(wanted);
        Ok(())
    })?;
    Ok(reply::json(200, &scale_of(&written)))
}
