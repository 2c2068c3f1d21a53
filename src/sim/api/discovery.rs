//! What is served: groups, versions, resources; health and version.
//!
//! Invariant: everything here is derived from the table of resources. Both the aggregated and the older forms agree.

use super::{Response, openapi, reply};
use crate::sim::resource::{Resource, resources};
use serde_json::{Value, json};

/// The Kubernetes version that is claimed.
const VERSION: (&str, &str, &str) = ("1", "36", "v1.36.1+pilothouse");

/// Paths that need no credentials.
pub fn is_public(path: &str) -> bool {
    matches!(path, "/healthz" | "/livez" | "/readyz" | "/version")
}

/// A document that is not about objects; `None` when there is none at that path.
pub fn document(path: &str, accept: &str) -> Option<Response> {
    let parts: Vec<&str> = path.split('/').filter(|p| !p.is_empty()).collect();
    match parts.as_slice() {
        ["healthz" | "livez" | "readyz", ..] => Some(reply::bytes(200, "text/plain", "ok")),
        ["version"] => Some(reply::json(200, &version())),
        // An empty document, in protobuf: whoever looks there after v3 finds no such kind, and says so itself.
        ["openapi", "v2"] => Some(reply::bytes(200, "application/com.github.proto-openapi.spec.v2.v1.0+protobuf", "")),
        ["openapi", "v3"] => Some(reply::json(200, &openapi::index())),
        ["openapi", "v3", path @ ..] => openapi::document(&path.join("/")).map(|d| reply::json(200, &d)),
        ["api"] if wants_all(accept) => Some(aggregated(true)),
        ["apis"] if wants_all(accept) => Some(aggregated(false)),
        ["api"] => {
            let addresses = json!([{ "clientCIDR": "0.0.0.0/0", "serverAddress": "127.0.0.1" }]);
            Some(reply::json(
                200,
                &json!({ "kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": addresses }),
            ))
        }
        ["apis"] => {
            let all: Vec<Value> = groups().into_iter().filter(|g| !g.is_empty()).filter_map(group).collect();
            Some(reply::json(200, &json!({ "kind": "APIGroupList", "apiVersion": "v1", "groups": all })))
        }
        ["api", "v1"] => resource_list("", "v1"),
        ["apis", name] => {
            let mut group = group(name)?;
            group["kind"] = json!("APIGroup");
            group["apiVersion"] = json!("v1");
            Some(reply::json(200, &group))
        }
        ["apis", group, version] => resource_list(group, version),
        _ => None,
    }
}

fn version() -> Value {
    let (major, minor, git) = VERSION;
    json!({
        "major": major, "minor": minor, "gitVersion": git, "gitCommit": "embedded", "gitTreeState": "clean",
        "buildDate": "2026-01-01T00:00:00Z", "goVersion": "none", "compiler": "rustc", "platform": "embedded",
    })
}

fn wants_all(accept: &str) -> bool {
    accept.split(',').any(|c| c.contains("as=APIGroupDiscoveryList") && c.split(';').any(|p| p.trim() == "v=v2"))
}

/// The groups in the order of the table, core first.
pub fn groups() -> Vec<&'static str> {
    let mut groups: Vec<&str> = Vec::new();
    for r in resources::ALL {
        if !groups.contains(&r.group) {
            groups.push(r.group);
        }
    }
    groups
}

/// The resources of a group, by name.
pub fn of_group(group: &str) -> impl Iterator<Item = &'static Resource> {
    let mut found: Vec<&Resource> = resources::ALL.iter().copied().filter(|r| r.group == group).collect();
    found.sort_by_key(|r| r.plural);
    found.into_iter()
}

/// Leaves out the lists that are empty.
fn terse(mut entry: Value) -> Value {
    if let Some(map) = entry.as_object_mut() {
        map.retain(|_, value| value.as_array().is_none_or(|list| !list.is_empty()));
    }
    entry
}

fn group(name: &str) -> Option<Value> {
    let first = of_group(name).next().filter(|_| !name.is_empty())?;
    let show = |version: &str| json!({ "groupVersion": format!("{name}/{version}"), "version": version });
    let all: Vec<Value> = versions(name).into_iter().map(show).collect();
    Some(json!({ "name": name, "versions": all, "preferredVersion": show(first.version) }))
}

/// The versions of a group, the preferred one first.
pub fn versions(group: &str) -> Vec<&'static str> {
    let mut versions: Vec<&str> = Vec::new();
    for r in resources::ALL.iter().filter(|r| r.group == group) {
        if !versions.contains(&r.version) {
            versions.push(r.version);
        }
    }
    versions
}

fn verbs(r: &'static Resource) -> Value {
    if r.virtual_only {
        json!(["create"])
    } else if r.measured {
        json!(["get", "list"])
    } else if super::spelling::Spelling::of(r).is_some() {
        json!(["create", "delete", "get", "list", "patch", "update", "watch"])
    } else {
        json!(["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"])
    }
}

/// A subresource's kind (group, version, kind) and verbs.
fn subresource(r: &Resource, name: &str) -> ((String, String, &'static str), Value) {
    let own = (r.group.to_owned(), r.version.to_owned(), r.kind);
    match name {
        "scale" => (("autoscaling".into(), "v1".into(), "Scale"), json!(["get", "patch", "update"])),
        "log" => (own, json!(["get"])),
        "eviction" => (("policy".into(), "v1".into(), "Eviction"), json!(["create"])),
        "binding" => (("".into(), "v1".into(), "Binding"), json!(["create"])),
        "finalize" => (own, json!(["update"])),
        _ => (own, json!(["get", "patch", "update"])),
    }
}

fn resource_list(group: &str, version: &str) -> Option<Response> {
    let mut list = Vec::new();
    for r in of_group(group).filter(|r| r.version == version) {
        list.push(terse(json!({
            "name": r.plural, "singularName": r.singular, "namespaced": r.namespaced, "kind": r.kind,
            "verbs": verbs(r), "shortNames": r.short, "categories": r.categories,
        })));
        for name in r.subresources {
            let ((group, version, kind), verbs) = subresource(r, name);
            let full = format!("{}/{name}", r.plural);
            let mut entry =
                json!({ "name": full, "singularName": "", "namespaced": r.namespaced, "kind": kind, "verbs": verbs });
            if (group.as_str(), version.as_str()) != (r.group, r.version) {
                entry["group"] = json!(group);
                entry["version"] = json!(version);
            }
            list.push(entry);
        }
    }
    let name = if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
    let found = !list.is_empty();
    found.then(|| {
        reply::json(
            200,
            &json!({ "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": name, "resources": list }),
        )
    })
}

fn aggregated(core: bool) -> Response {
    let items: Vec<Value> = groups()
        .into_iter()
        .filter(|g| g.is_empty() == core)
        .map(|group| {
            let show = |version: &str| {
                let resources: Vec<Value> = of_group(group).filter(|r| r.version == version).map(describe).collect();
                json!({ "version": version, "freshness": "Current", "resources": resources })
            };
            let versions: Vec<Value> = versions(group).into_iter().map(show).collect();
            let metadata = if core {
                json!({ "creationTimestamp": null })
            } else {
                json!({ "name": group, "creationTimestamp": null })
            };
            json!({ "metadata": metadata, "versions": versions })
        })
        .collect();
    let list = json!({ "kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items });
    let content = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
    reply::bytes(200, content, list.to_string())
}

fn describe(r: &'static Resource) -> Value {
    let kind =
        |(group, version, kind): &(String, String, &str)| json!({ "group": group, "version": version, "kind": kind });
    let own = (r.group.to_owned(), r.version.to_owned(), r.kind);
    let below: Vec<Value> = (r.subresources.iter())
        .map(|name| {
            let (of, verbs) = subresource(r, name);
            json!({ "subresource": name, "responseKind": kind(&of), "verbs": verbs })
        })
        .collect();
    terse(json!({
        "resource": r.plural, "responseKind": kind(&own), "scope": if r.namespaced { "Namespaced" } else { "Cluster" },
        "singularResource": r.singular, "verbs": verbs(r), "shortNames": r.short, "categories": r.categories,
        "subresources": below,
    }))
}
