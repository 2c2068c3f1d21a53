//! EndpointSlices: the addresses of the pods behind each Service.
//!
//! Invariant: one slice for a Service; a pod that is going is neither ready nor removed before it is gone.

use super::{
    cluster::Cluster,
    object::{controller_reference, items, label, labels, matches, name, set, terminating, text, uid},
    pods::{has_ended, is_ready},
};
use crate::sim::{resource::resources, store::Part};
use jiff::Timestamp;
use serde_json::{Value, json};

/// Makes the Service's slice say what serves.
pub fn reconcile(cluster: &mut Cluster, namespace: &str, name: &str) -> Option<Timestamp> {
    let service = cluster.store.get(&resources::SERVICES, namespace, name)?;
    let selector = &service["spec"]["selector"];
    if selector.as_object().is_none_or(serde_json::Map::is_empty) || terminating(&service) {
        return None;
    }
    let pods = cluster.list(&resources::PODS, namespace);
    let behind: Vec<_> = pods
        .iter()
        .filter(|p| matches(selector, labels(p)) && !has_ended(p) && !text(p, "/status/podIP").is_empty())
        .collect();
    let endpoints: Vec<Value> = behind.iter().map(|p| endpoint(cluster, p)).collect();
    let ports: Vec<Value> =
        items(&service, "/spec/ports").iter().map(|port| slice_port(port, behind.first().map(|p| &***p))).collect();
    let existing = cluster.owned(&resources::ENDPOINT_SLICES, &service);
    if let Some(slice) = existing.first() {
        let _ = cluster.edit(&resources::ENDPOINT_SLICES, slice, Part::Any, |s| {
            set(s, &["endpoints"], endpoints);
            set(s, &["ports"], ports);
        });
        return None;
    }
    let mut slice = json!({
        "metadata": {
            "generateName": format!("{}-", self::name(&service)), "namespace": namespace,
            "ownerReferences": [controller_reference(&service)],
            "labels": {
                "kubernetes.io/service-name": name,
                "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
            },
        },
        "addressType": "IPv4", "endpoints": endpoints, "ports": ports,
    });
    if let Some(own) = labels(&service).as_object() {
        for (key, value) in own {
            set(&mut slice, &["metadata", "labels", key], value.clone());
        }
    }
    let _ = cluster.store.create(&resources::ENDPOINT_SLICES, slice);
    None
}

fn endpoint(cluster: &Cluster, pod: &Value) -> Value {
    let (serving, going) = (is_ready(pod), terminating(pod));
    let mut endpoint = json!({
        "addresses": [pod["status"]["podIP"]],
        "conditions": { "ready": serving && !going, "serving": serving, "terminating": going },
        "nodeName": pod["spec"]["nodeName"],
        "targetRef": { "kind": "Pod", "namespace": pod["metadata"]["namespace"], "name": name(pod), "uid": uid(pod) },
    });
    let node = cluster.store.get(&resources::NODES, "", text(pod, "/spec/nodeName"));
    if let Some(zone) = node.as_deref().and_then(|n| label(n, "topology.kubernetes.io/zone")) {
        set(&mut endpoint, &["zone"], zone);
    }
    endpoint
}

fn slice_port(port: &Value, pod: Option<&Value>) -> Value {
    let target = port.get("targetPort").filter(|t| !t.is_null()).unwrap_or(&port["port"]);
    let number = match target.as_str() {
        None => target.clone(),
        Some(wanted) => pod
            .and_then(|p| {
                let ports = items(p, "/spec/containers").iter().flat_map(|c| items(c, "/ports"));
                ports.into_iter().find(|x| x["name"] == wanted).map(|x| x["containerPort"].clone())
            })
            .unwrap_or(Value::Null),
    };
    let protocol = port.get("protocol").cloned().unwrap_or_else(|| "TCP".into());
    json!({ "name": port.get("name").cloned().unwrap_or_else(|| "".into()), "port": number, "protocol": protocol })
}
