//! POST, PUT and DELETE.
//!
//! Invariant: preconditions (uid, resourceVersion) are checked in the same step as the write.

use super::{Call, Response, body, read::Selection, reply};
use crate::sim::{
    resource::{Generation, Resource, resources},
    status::Status,
    store::{Part, child, meta, terminating},
};
use serde_json::{Value, json};

/// POST of a new object.
pub fn create(call: &Call) -> Result<Response, Status> {
    let r = call.target.resource;
    if r.namespaced && call.target.namespace.is_none() {
        return Err(Status::method_not_allowed());
    }
    let (mut object, warnings) = body::own(call)?;
    place(call, &mut object)?;
    without_status(r, &mut object);
    let made = call.store.create(r, object)?;
    Ok(reply::with_warnings(reply::object(call, 201, &made), &warnings))
}

/// A new object has no status but the one that the server gives it.
pub fn without_status(r: &Resource, object: &mut Value) {
    if r.has("status") && r.kind != "Node" {
        object.as_object_mut().map(|o| o.shift_remove("status"));
    }
}

/// Puts the object into the path's namespace, and refuses one that says otherwise.
pub fn place(call: &Call, object: &mut Value) -> Result<(), Status> {
    let target = &call.target;
    let metadata = child(object, "metadata");
    let text = |field: &str| metadata.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (namespace, name) = (text("namespace"), text("name"));
    if let Some(wanted) = &target.namespace {
        if !namespace.is_empty() && namespace != *wanted {
            let why = "the namespace of the provided object does not match the namespace sent on the request";
            return Err(Status::bad_request(why));
        }
        metadata.insert("namespace".into(), json!(wanted));
    }
    if let Some(wanted) = &target.name {
        if !name.is_empty() && name != *wanted {
            let why = format!("the name of the object ({name}) does not match the name on the URL ({wanted})");
            return Err(Status::bad_request(why));
        }
        metadata.insert("name".into(), json!(wanted));
    }
    Ok(())
}

/// Which part of the object the path writes.
pub fn part(call: &Call) -> Part {
    if call.target.subresource.as_deref() == Some("status") { Part::Status } else { Part::Whole }
}

/// PUT of an object, its status, or a namespace's finalizers.
pub fn replace(call: &Call) -> Result<Response, Status> {
    let (r, target) = (call.target.resource, &call.target);
    let (mut object, warnings) = body::own(call)?;
    place(call, &mut object)?;
    let (version, uid) = (meta(&object, "resourceVersion").to_owned(), meta(&object, "uid").to_owned());
    let made_by_put =
        [&resources::LEASES, &resources::ENDPOINTS, &resources::EVENTS, &resources::SERVICES].contains(&r);
    if made_by_put && part(call) == Part::Whole && call.store.get(r, target.namespace(), target.name()).is_none() {
        without_status(r, &mut object);
        let made = call.store.create(r, object)?;
        return Ok(reply::with_warnings(reply::object(call, 201, &made), &warnings));
    }
    if version.is_empty() && (r.custom || r.generation == Generation::AllButStatus || r == &resources::LEASES) {
        return Err(Status::version_required(r, target.name()));
    }
    let expect = (!version.is_empty()).then_some(version.as_str());
    let written = call.store.update(r, target.namespace(), target.name(), part(call), expect, |current| {
        let has = meta(current, "uid");
        if !uid.is_empty() && uid != has {
            let (space, name) = (target.namespace(), target.name());
            let why = format!("StorageError: invalid object, Code: 4, Key: /registry/{}/{space}/{name}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: {uid}, UID in object meta: {has}", r.plural);
            return Err(Status::conflict(r, target.name(), &why));
        }
        let finalizers = current["spec"]["finalizers"].clone();
        *current = object;
        // A namespace's own finalizers are written through their subresource only.
        if r == &resources::NAMESPACES && target.subresource.is_none() {
            child(current, "spec").insert("finalizers".into(), finalizers);
        }
        Ok(())
    })?;
    Ok(reply::with_warnings(reply::object(call, 200, &written), &warnings))
}

/// DELETE of one object.
pub fn delete(call: &Call) -> Result<Response, Status> {
    let (r, target) = (call.target.resource, &call.target);
    let (options, dry) = body::delete_options(call)?;
    let dry = dry || call.store.is_dry_run();
    let store = if dry { call.store.dry_run() } else { call.store.clone() };
    let mut warnings = Vec::new();
    if r == &resources::JOBS && options.propagation.is_none() {
        warnings.push("child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning".to_owned());
    }
    let left = store.delete(r, target.namespace(), target.name(), options)?;
    let gone =
        store.get(r, target.namespace(), target.name()).is_none_or(|now| meta(&now, "uid") != meta(&left, "uid"));
    let response = if (gone || (dry && !terminating(&left))) && r.kind != "Pod" {
        let mut details = json!({ "name": target.name(), "kind": r.plural, "uid": meta(&left, "uid") });
        if !r.group.is_empty() {
            details["group"] = json!(r.group);
        }
        reply::success(200, &details)
    } else {
        reply::object(call, 200, &left)
    };
    Ok(reply::with_warnings(response, &warnings))
}

/// DELETE of a collection, or of what the selectors leave of it.
pub fn delete_collection(call: &Call) -> Result<Response, Status> {
    let r = call.target.resource;
    if r == &resources::NAMESPACES || r == &resources::SERVICES && call.target.namespace.is_none() {
        return Err(Status::method_not_allowed());
    }
    let selection = Selection::of(call)?;
    let (options, dry) = body::delete_options(call)?;
    let store = if dry { call.store.dry_run() } else { call.store.clone() };
    let mut left = Vec::new();
    for object in store.list(r, call.target.namespace.as_deref()) {
        if selection.has(&object) {
            match store.delete(r, meta(&object, "namespace"), meta(&object, "name"), options.clone()) {
                Ok(object) => left.push(object),
                Err(gone) if gone.code == 404 => {}
                Err(other) => return Err(other),
            }
        }
    }
    Ok(reply::list(call, &left, json!({ "resourceVersion": store.resource_version().to_string() })))
}
