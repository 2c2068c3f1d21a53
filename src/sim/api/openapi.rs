//! OpenAPI, as much as kubectl asks of it: which kinds can be patched, and with which parameters.
//!
//! Invariant: it describes no fields, so clients merge by their own knowledge of the built-in kinds.

use super::discovery;
use crate::sim::resource::{Resource, resources};
use serde_json::{Map, Value, json};

/// Where the documents are.
pub fn index() -> Value {
    let paths: Map<String, Value> = (discovery::groups().into_iter())
        .flat_map(|group| discovery::versions(group).into_iter().map(move |version| root(group, version)))
        .map(|root| (root.clone(), json!({ "serverRelativeURL": format!("/openapi/v3/{root}?hash=1") })))
        .collect();
    json!({ "paths": paths })
}

fn root(group: &str, version: &str) -> String {
    if group.is_empty() { format!("api/{version}") } else { format!("apis/{group}/{version}") }
}

/// The document of a group and version, as `apis/apps/v1`.
pub fn document(path: &str) -> Option<Value> {
    let here: Vec<&Resource> = resources::ALL.iter().copied().filter(|r| root(r.group, r.version) == path).collect();
    here.first()?;
    let paths: Map<String, Value> = here.iter().filter(|r| !r.virtual_only).map(|r| operations(r, path)).collect();
    let info = json!({ "title": "Kubernetes", "version": "v1.36.1" });
    Some(json!({ "openapi": "3.0.0", "info": info, "paths": paths, "components": { "schemas": {} } }))
}

fn operations(r: &Resource, root: &str) -> (String, Value) {
    let scope = if r.namespaced { "namespaces/{namespace}/" } else { "" };
    let parameter = |name: &str, kind: &str| json!({ "name": name, "in": "query", "schema": { "type": kind, "uniqueItems": true } });
    let changing = ["dryRun", "fieldManager", "fieldValidation"].map(|name| parameter(name, "string"));
    let kind = json!({ "group": r.group, "version": r.version, "kind": r.kind });
    let operation = |action: &str, extra: Vec<Value>| {
        let parameters = [changing.to_vec(), extra].concat();
        let responses = json!({ "200": { "description": "OK" } });
        json!({ "parameters": parameters, "responses": responses, "x-kubernetes-action": action, "x-kubernetes-group-version-kind": kind })
    };
    let mut patch = operation("patch", vec![parameter("force", "boolean")]);
    let body = json!({ "type": "object" });
    patch["requestBody"] = json!({ "content": {
        "application/json-patch+json": { "schema": body }, "application/merge-patch+json": { "schema": body },
        "application/apply-patch+yaml": { "schema": body },
    } });
    (format!("/{root}/{scope}{}/{{name}}", r.plural), json!({ "patch": patch, "put": operation("put", Vec::new()) }))
}
