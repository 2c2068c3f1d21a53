//! What the API server does to every object before it is kept, whoever writes it: defaults, then rules.
//!
//! Invariant: what passes here is an object that a real API server would also have kept. Never writes to the store.

use super::{
    resource::{Resource, resources},
    status::Status,
    store::{Part, meta, terminating},
};
use serde_json::Value;
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
    namespace_is_open(r, object, around)
}

/// Completes and checks a changed object.
pub fn on_update(
    _r: &'static Resource,
    _part: Part,
    _old: &Value,
    _new: &mut Value,
    _around: &dyn Surroundings,
) -> Result<(), Status> {
    Ok(())
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
