//! EndpointSlices, and the older Endpoints: the addresses of the pods behind each Service.
//!
//! Invariant: one slice and one Endpoints for a Service; a pod that is going is neither ready nor removed before it is gone.

use super::{
    cluster::Cluster,
    object::{controller_reference, items, label, labels, matches, name, namespace, set, terminating, text, uid},
    pods::{has_ended, is_ready},
};
use crate::sim::{resource::resources, store::Part};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::sync::Arc;

const MANAGED_BY: &str = "endpoints.kubernetes.io/managed-by";

/// Makes the Service's slice say what serves.
pub fn reconcile(cluster: &mut Cluster, namespace: &str, name: &str) -> Option<Timestamp> {
    let Some(service) = cluster.store.get(&resources::SERVICES, namespace, name) else {
        // Endpoints have no owner: they go with the Service whose name they have.
        if let Some(left) = cluster.store.get(&resources::ENDPOINTS, namespace, name).filter(|e| is_ours(e)) {
            cluster.delete(&resources::ENDPOINTS, &left);
        }
        return None;
    };
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
    let first = behind.first().map(|p| &***p);
    let mut ports: Vec<Value> = items(&service, "/spec/ports").iter().map(|port| slice_port(port, first)).collect();
    write_endpoints(cluster, &service, &behind, &ports);
    // Which port that is, is only known where there is a pod.
    if behind.is_empty() {
        ports.clear();
    }
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

/// Whether the controller made these Endpoints, and not somebody by hand.
fn is_ours(endpoints: &Value) -> bool {
    label(endpoints, MANAGED_BY).is_some()
}

/// Makes the Service's Endpoints say the same.
fn write_endpoints(cluster: &Cluster, service: &Value, behind: &[&Arc<Value>], ports: &[Value]) {
    let (namespace, name) = (namespace(service), self::name(service));
    let address = |pod: &Value| {
        let target = json!({ "kind": "Pod", "namespace": namespace, "name": self::name(pod), "uid": uid(pod) });
        json!({ "ip": pod["status"]["podIP"], "nodeName": pod["spec"]["nodeName"], "targetRef": target })
    };
    let (ready, unready): (Vec<_>, Vec<_>) =
        behind.iter().filter(|p| !terminating(p)).partition::<Vec<&&Arc<Value>>, _>(|p| is_ready(p));
    let mut subset = json!({});
    for (field, pods) in [("addresses", ready), ("notReadyAddresses", unready)] {
        if !pods.is_empty() {
            set(&mut subset, &[field], pods.into_iter().map(|p| address(p)).collect::<Vec<_>>());
        }
    }
    let subsets = if subset.as_object().is_some_and(|s| !s.is_empty()) {
        let mut ports = ports.to_vec();
        for port in ports.iter_mut().filter(|p| p["name"] == "") {
            super::object::unset(port, &["name"]);
        }
        set(&mut subset, &["ports"], ports);
        vec![subset]
    } else {
        Vec::new()
    };
    match cluster.store.get(&resources::ENDPOINTS, namespace, name) {
        Some(existing) if is_ours(&existing) => {
            let _ = cluster.edit(&resources::ENDPOINTS, &existing, Part::Any, |e| match subsets.is_empty() {
                true => super::object::unset(e, &["subsets"]),
                false => set(e, &["subsets"], subsets),
            });
        }
        Some(_) => {}
        None => {
            let mut made = json!({ "metadata": { "name": name, "namespace": namespace, "labels": labels(service) } });
            if !made["metadata"]["labels"].is_object() {
                set(&mut made, &["metadata", "labels"], json!({}));
            }
            set(&mut made, &["metadata", "labels", MANAGED_BY], "endpoint-controller");
            if !subsets.is_empty() {
                set(&mut made, &["subsets"], subsets);
            }
            let _ = cluster.store.create(&resources::ENDPOINTS, made);
        }
    }
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
