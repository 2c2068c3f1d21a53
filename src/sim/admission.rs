//! What the API server does to every object before it is kept, whoever writes it: defaults, then rules.
//!
//! Invariant: what passes here is an object that a real API server would also have kept. Never writes to the store.

mod defaults;
mod names;
pub mod pod_defaults;
mod pod_rules;
mod quota;
mod rules;
mod security;
mod webhook;

use super::{
    resource::{Resource, resources},
    status::{Cause, Status},
    store::{Part, meta, terminating},
};
use serde_json::{Value, json};
use std::sync::Arc;

/// What a rule may look at: the store as it is while the write holds its lock.
pub trait Surroundings {
    /// An object, or none.
    fn object(&self, r: &'static Resource, namespace: &str, name: &str) -> Option<Arc<Value>>;
    /// All objects of a namespace.
    fn objects(&self, r: &'static Resource, namespace: &str) -> Vec<Arc<Value>>;
}

/// Completes and checks a new object.
pub fn on_create(r: &'static Resource, object: &mut Value, around: &dyn Surroundings) -> Result<(), Status> {
    namespace_is_open(r, object, around)?;
    defaults::fill(r, object);
    let mut causes = Vec::new();
    rules::check(r, object, &mut causes);
    if !causes.is_empty() {
        return Err(Status::invalid(r, meta(object, "name"), &causes));
    }
    if r.kind == "Pod" {
        security::check(r, object, around)?;
        webhook::check(r, object, around)?;
    }
    quota::check(r, object, around)
}

/// Completes and checks a changed object. A status is taken as it is.
pub fn on_update(r: &'static Resource, part: Part, old: &Value, new: &mut Value) -> Result<(), Status> {
    if part == Part::Status {
        return Ok(());
    }
    if !terminating(old) {
        defaults::fill(r, new);
    }
    if r.kind == "DaemonSet" && old["spec"]["template"] != new["spec"]["template"] {
        let count =
            old["metadata"]["annotations"][defaults::TEMPLATE_GENERATION].as_str().and_then(|n| n.parse::<u64>().ok());
        new["metadata"]["annotations"][defaults::TEMPLATE_GENERATION] = json!((count.unwrap_or(1) + 1).to_string());
    }
    let mut causes = Vec::new();
    rules::check(r, new, &mut causes);
    if part == Part::Whole {
        rules::check_change(r, old, new, &mut causes);
    }
    let finalizers = |o: &Value| o["metadata"]["finalizers"].as_array().cloned().unwrap_or_default();
    let (had, mut fresh) = (finalizers(old), finalizers(new));
    fresh.retain(|f| !had.contains(f));
    if terminating(old) && !fresh.is_empty() {
        let list = fresh.iter().map(Value::to_string).collect::<Vec<_>>().join(", ");
        let why = "no new finalizers can be added if the object is being deleted, found new finalizers";
        causes.push(Cause::forbidden("metadata.finalizers", &format!("{why} []string{{{list}}}")));
    }
    if causes.is_empty() { Ok(()) } else { Err(Status::invalid(r, meta(new, "name"), &causes)) }
}

/// An object needs its namespace, and a terminating one takes nothing new.
fn namespace_is_open(r: &'static Resource, object: &Value, around: &dyn Surroundings) -> Result<(), Status> {
    if !r.namespaced {
        return Ok(());
    }
    let (namespace, name) = (meta(object, "namespace"), meta(object, "name"));
    let Some(found) = around.object(&resources::NAMESPACES, "", namespace) else {
        return Err(Status::not_found(&resources::NAMESPACES, namespace));
    };
    if terminating(&found) {
        let why = format!("unable to create new content in namespace {namespace} because it is being terminated");
        let mut status = Status::forbidden(r, name, &why);
        status.details["causes"] = serde_json::json!([{
            "reason": "NamespaceTerminating", "message": format!("namespace {namespace} is being terminated"), "field": "metadata.namespace",
        }]);
        return Err(status);
    }
    Ok(())
}
