//! A gateway implementation's part: whether routes are accepted and their backends resolve, and whether gateways are programmed.
//!
//! Invariant: a parent's status carries the generation that it was judged for; a route without parents gets none.

use super::{
    cluster::Cluster,
    object::{generation, int, items, namespace, set, set_condition, text},
};
use crate::sim::resource::resources;
use jiff::Timestamp;
use serde_json::{Value, json};

/// The `controllerName` under which it writes.
const CONTROLLER: &str = "pilothouse.dev/sim-gateway";

/// Writes an HTTPRoute's `status.parents`.
pub fn reconcile_route(cluster: &mut Cluster, namespace: &str, name: &str) -> Option<Timestamp> {
    let route = cluster.store.get(&resources::HTTP_ROUTES, namespace, name)?;
    let unresolved = unresolved(cluster, &route);
    let old = items(&route, "/status/parents");
    let mut parents: Vec<Value> = old.iter().filter(|p| p["controllerName"] != CONTROLLER).cloned().collect();
    for reference in items(&route, "/spec/parentRefs") {
        let Some(rejected) = rejection(cluster, &route, reference) else { continue };
        let known = old.iter().find(|p| p["parentRef"] == *reference && p["controllerName"] == CONTROLLER);
        let mut parent =
            known.cloned().unwrap_or_else(|| json!({ "parentRef": reference, "controllerName": CONTROLLER }));
        let mut say = |kind: &str, bad: Option<(&str, &str)>, good: &str| {
            let (value, reason, message) =
                bad.map_or(("True", good, ""), |(reason, message)| ("False", reason, message));
            set_condition(&mut parent, kind, value, reason, message, generation(&route), cluster.now());
        };
        say("Accepted", rejected, "Accepted");
        say("ResolvedRefs", unresolved.as_ref().map(|m| ("BackendNotFound", m.as_str())), "ResolvedRefs");
        parents.push(parent);
    }
    cluster.write_status(&resources::HTTP_ROUTES, &route, json!({ "parents": parents }));
    None
}

/// Why a Gateway does not take the route; `None` when the parent is no Gateway that is there.
fn rejection(cluster: &Cluster, route: &Value, reference: &Value) -> Option<Option<(&'static str, &'static str)>> {
    if !matches!(text(reference, "/kind"), "" | "Gateway") {
        return None;
    }
    let space = Some(text(reference, "/namespace")).filter(|n| !n.is_empty()).unwrap_or_else(|| namespace(route));
    let gateway = cluster.store.get(&resources::GATEWAYS, space, text(reference, "/name"))?;
    let section = text(reference, "/sectionName");
    let listeners: Vec<_> =
        items(&gateway, "/spec/listeners").iter().filter(|l| section.is_empty() || l["name"] == section).collect();
    if listeners.is_empty() {
        return Some(Some(("NoMatchingParent", "no listener of that name")));
    }
    let open = |l: &&Value| match text(l, "/allowedRoutes/namespaces/from") {
        "All" | "Selector" => true,
        _ => space == namespace(route),
    };
    Some(
        (!listeners.iter().any(open))
            .then_some(("NotAllowedByListeners", "the listener takes no routes of this namespace")),
    )
}

/// The first backend whose Service, or port of it, is not there.
fn unresolved(cluster: &Cluster, route: &Value) -> Option<String> {
    let rules = items(route, "/spec/rules").iter();
    let backends = rules.flat_map(|r| items(r, "/backendRefs")).filter(|b| matches!(text(b, "/kind"), "" | "Service"));
    for backend in backends {
        let space = Some(text(backend, "/namespace")).filter(|n| !n.is_empty()).unwrap_or_else(|| namespace(route));
        let name = text(backend, "/name");
        let Some(service) = cluster.store.get(&resources::SERVICES, space, name) else {
            return Some(format!("Service \"{space}/{name}\" not found"));
        };
        let port = int(backend, "/port");
        if port.is_some_and(|port| !items(&service, "/spec/ports").iter().any(|p| int(p, "/port") == Some(port))) {
            return Some(format!("Service \"{space}/{name}\" has no port {}", port.unwrap_or(0)));
        }
    }
    None
}

/// Writes a Gateway's status.
pub fn reconcile_gateway(cluster: &mut Cluster, space: &str, name: &str) -> Option<Timestamp> {
    let gateway = cluster.store.get(&resources::GATEWAYS, space, name)?;
    let (now, seen) = (cluster.now(), generation(&gateway));
    let routes = cluster.store.list(&resources::HTTP_ROUTES, None);
    let attached = |listener: &Value| {
        let here = |r: &Value| {
            let space_of = Some(text(r, "/namespace")).filter(|n| !n.is_empty());
            text(r, "/name") == name
                && matches!(text(r, "/sectionName"), "") | (r["sectionName"] == listener["name"])
                && space_of.is_none_or(|n| n == space)
        };
        routes.iter().filter(|route| items(route, "/spec/parentRefs").iter().any(here)).count()
    };
    let old = if gateway["status"].is_object() { gateway["status"].clone() } else { json!({}) };
    let mut listeners = Vec::new();
    for listener in items(&gateway, "/spec/listeners") {
        let known = items(&old, "/listeners").iter().find(|l| l["name"] == listener["name"]).cloned();
        let mut entry = known.unwrap_or_else(|| json!({ "name": listener["name"] }));
        set(&mut entry, &["attachedRoutes"], attached(listener));
        set(&mut entry, &["supportedKinds"], json!([{ "group": "gateway.networking.k8s.io", "kind": "HTTPRoute" }]));
        for kind in ["Accepted", "Programmed", "ResolvedRefs"] {
            set_condition(&mut entry, kind, "True", kind, "", seen, now);
        }
        listeners.push(entry);
    }
    let mut status = old;
    set(&mut status, &["addresses"], json!([{ "type": "IPAddress", "value": "192.0.2.10" }]));
    for kind in ["Accepted", "Programmed"] {
        set_condition(&mut status, kind, "True", kind, "", seen, now);
    }
    set(&mut status, &["listeners"], listeners);
    cluster.write_status(&resources::GATEWAYS, &gateway, status);
    None
}
