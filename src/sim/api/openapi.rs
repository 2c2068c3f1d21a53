//! OpenAPI, as much as kubectl asks of it: which kinds can be patched, with which parameters, and what their fields are.
//!
//! Invariant: fields and types are those of the shape table, without descriptions. No strategic merge patch is offered, so
//! clients merge by their own knowledge of the built-in kinds.

use super::discovery;
use crate::sim::{
    resource::{Resource, resources},
    schema::{self, Shape, Type},
};
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
    let paths: Map<String, Value> =
        here.iter().filter(|r| !r.virtual_only && !r.measured).map(|r| operations(r, path)).collect();
    let info = json!({ "title": "Kubernetes", "version": "v1.36.1" });
    Some(json!({ "openapi": "3.0.0", "info": info, "paths": paths, "components": { "schemas": schemas(&here) } }))
}

/// The schemas of these kinds and of everything that stands in them.
fn schemas(here: &[&Resource]) -> Map<String, Value> {
    let mut all = Map::new();
    for r in here {
        let message = schema::of(r).unwrap_or(schema::ANY);
        describe(message, &mut all);
        // Custom resources share one shape, so the kind gets a schema of its own name.
        let mut kind = all[message].clone();
        for field in ["apiVersion", "kind"] {
            kind["properties"][field] = json!({ "type": "string" });
        }
        let gvk = json!([{ "group": r.group, "version": r.version, "kind": r.kind }]);
        kind["x-kubernetes-group-version-kind"] = gvk;
        all.insert(format!("{}.{}.{}", r.group, r.version, r.kind), kind);
    }
    all
}

/// Adds a message, and those that it holds.
fn describe(message: &'static str, all: &mut Map<String, Value>) {
    if all.contains_key(message) {
        return;
    }
    all.insert(message.to_owned(), json!({ "type": "object" }));
    let mut properties = Map::new();
    collect(message, &mut properties, all);
    all.insert(message.to_owned(), json!({ "type": "object", "properties": properties }));
}

fn collect(message: &'static str, properties: &mut Map<String, Value>, all: &mut Map<String, Value>) {
    for field in schema::message(message).into_iter().flatten() {
        if let (true, Type::Message(inner)) = (field.name.is_empty(), field.of) {
            collect(inner, properties, all);
            continue;
        }
        let one = one(field.of, all);
        let shown = match field.shape {
            Shape::One => one,
            Shape::List => json!({ "type": "array", "items": one }),
            Shape::Map => json!({ "type": "object", "additionalProperties": one }),
        };
        properties.insert(field.name.to_owned(), shown);
    }
}

fn one(of: Type, all: &mut Map<String, Value>) -> Value {
    let text = |format: &str| json!({ "type": "string", "format": format });
    match of {
        Type::Text | Type::Duration | Type::Quantity => json!({ "type": "string" }),
        Type::Integer => json!({ "type": "integer" }),
        Type::Bool => json!({ "type": "boolean" }),
        Type::Number => json!({ "type": "number" }),
        Type::Bytes => text("byte"),
        Type::Time(_) => text("date-time"),
        Type::IntOrString => text("int-or-string"),
        Type::Raw => json!({ "type": "object" }),
        Type::Message(inner) => {
            describe(inner, all);
            json!({ "allOf": [{ "$ref": format!("#/components/schemas/{inner}") }] })
        }
    }
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
