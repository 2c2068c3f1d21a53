//! The values that the API server fills in, kind by kind.
//!
//! Invariant: a value that is there is never changed, but for the few that the API server itself derives (a Secret's
//! `stringData`, a Job's selector). Filling in twice is the same as once.

use super::pod_defaults::{self, each, set};
use crate::sim::{
    resource::Resource,
    store::{child, meta},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

/// Counts the changes of a DaemonSet's template.
pub const TEMPLATE_GENERATION: &str = "deprecated.daemonset.template.generation";

/// Completes an object of that resource.
pub fn fill(r: &Resource, object: &mut Value) {
    match (r.group, r.kind) {
        ("", "Namespace") => namespace(object),
        ("", "Pod") => pod_defaults::pod(object),
        ("", "Service") => service(object),
        ("", "Event") => {
            set(object, "source", json!({}));
            set(object, "reportingComponent", json!(""));
            set(object, "reportingInstance", json!(""));
        }
        ("", "Secret") => secret(object),
        ("", "PersistentVolumeClaim") => claim(object),
        ("apps", "Deployment") => deployment(spec(object)),
        ("apps", "ReplicaSet") => {
            set(spec(object), "replicas", json!(1));
            pod_defaults::template(spec(object));
        }
        ("apps", "StatefulSet") => stateful_set(spec(object)),
        ("apps", "DaemonSet") => {
            daemon_set(spec(object));
            let annotations = child_value(child_value(object, "metadata"), "annotations");
            set(annotations, TEMPLATE_GENERATION, json!("1"));
        }
        ("batch", "Job") => job(object),
        ("batch", "CronJob") => cron_job(spec(object)),
        ("autoscaling", "HorizontalPodAutoscaler") => autoscaler(spec(object)),
        ("gateway.networking.k8s.io", "HTTPRoute") => http_route(spec(object)),
        ("gateway.networking.k8s.io", "Gateway") => each(spec(object), "listeners", |listener| {
            set(listener, "allowedRoutes", json!({ "namespaces": { "from": "Same" } }));
        }),
        ("kustomize.toolkit.fluxcd.io", "Kustomization") => set(spec(object), "force", json!(false)),
        ("source.toolkit.fluxcd.io", "GitRepository") => set(spec(object), "timeout", json!("60s")),
        _ => {}
    }
    if r.kind == "HorizontalPodAutoscaler" {
        set(object, "status", json!({ "desiredReplicas": 0, "currentMetrics": null }));
    }
    if r.kind == "PodDisruptionBudget" {
        let zeros = json!({ "disruptionsAllowed": 0, "currentHealthy": 0, "desiredHealthy": 0, "expectedPods": 0 });
        set(object, "status", zeros);
    }
    if r.kind == "Ingress" {
        set(object, "status", json!({ "loadBalancer": {} }));
    }
    if matches!(r.group, "apps" | "batch" | "policy") && r.has("status") {
        set(object, "status", json!({}));
    }
}

/// `spec`, made when missing.
fn spec(object: &mut Value) -> &mut Value {
    child(object, "spec");
    &mut object["spec"]
}

fn namespace(object: &mut Value) {
    let name = json!(meta(object, "name"));
    child(&mut object["metadata"], "labels").insert("kubernetes.io/metadata.name".into(), name);
    set(spec(object), "finalizers", json!(["kubernetes"]));
    set(object, "status", json!({ "phase": "Active" }));
}

/// A cluster IP that only depends on the Service's uid.
fn cluster_ip(uid: &str) -> String {
    let byte = |i: usize| uid.get(i..i + 2).and_then(|hex| u8::from_str_radix(hex, 16).ok()).unwrap_or(1);
    format!("10.96.{}.{}", byte(0), byte(2).clamp(1, 254))
}

fn service(object: &mut Value) {
    let ip = cluster_ip(meta(object, "uid"));
    let spec = spec(object);
    set(spec, "type", json!("ClusterIP"));
    set(spec, "sessionAffinity", json!("None"));
    each(spec, "ports", |port| {
        set(port, "protocol", json!("TCP"));
        let number = port["port"].clone();
        set(port, "targetPort", number);
    });
    if matches!(spec["type"].as_str(), Some("NodePort" | "LoadBalancer")) {
        set(spec, "externalTrafficPolicy", json!("Cluster"));
        let mut next = node_port(&ip);
        each(spec, "ports", |port| {
            set(port, "nodePort", json!(next));
            next = if next == 32767 { 30000 } else { next + 1 };
        });
    }
    if spec["type"] == "LoadBalancer" {
        set(spec, "allocateLoadBalancerNodePorts", json!(true));
    }
    if spec["type"] != "ExternalName" {
        set(spec, "clusterIP", json!(ip));
        let ip = spec["clusterIP"].clone();
        set(spec, "clusterIPs", json!([ip]));
        set(spec, "ipFamilies", json!(["IPv4"]));
        set(spec, "ipFamilyPolicy", json!("SingleStack"));
        set(spec, "internalTrafficPolicy", json!("Cluster"));
    }
    set(object, "status", json!({ "loadBalancer": {} }));
}

/// The first of a Service's node ports: from its own address, as there is no allocator.
fn node_port(ip: &str) -> u32 {
    let spread = ip.split('.').filter_map(|part| part.parse::<u32>().ok()).fold(7, |sum, part| sum * 31 + part);
    30000 + spread % 2768
}

fn secret(object: &mut Value) {
    set(object, "type", json!("Opaque"));
    let Some(Value::Object(plain)) = object.as_object_mut().and_then(|o| o.shift_remove("stringData")) else { return };
    let data = child(object, "data");
    for (key, value) in plain {
        data.insert(key, json!(BASE64_STANDARD.encode(value.as_str().unwrap_or_default())));
    }
}

fn claim(object: &mut Value) {
    set(spec(object), "volumeMode", json!("Filesystem"));
    set(object, "status", json!({ "phase": "Pending" }));
}

fn deployment(spec: &mut Value) {
    set(spec, "replicas", json!(1));
    child(spec, "strategy");
    let strategy = &mut spec["strategy"];
    set(strategy, "type", json!("RollingUpdate"));
    if strategy["type"] == "RollingUpdate" {
        child(strategy, "rollingUpdate");
        set(&mut strategy["rollingUpdate"], "maxUnavailable", json!("25%"));
        set(&mut strategy["rollingUpdate"], "maxSurge", json!("25%"));
    }
    set(spec, "revisionHistoryLimit", json!(10));
    set(spec, "progressDeadlineSeconds", json!(600));
    pod_defaults::template(spec);
}

fn stateful_set(spec: &mut Value) {
    set(spec, "podManagementPolicy", json!("OrderedReady"));
    set(spec, "updateStrategy", json!({ "type": "RollingUpdate", "rollingUpdate": { "partition": 0 } }));
    set(&mut spec["updateStrategy"], "type", json!("RollingUpdate"));
    if spec["updateStrategy"]["rollingUpdate"].is_object() {
        set(&mut spec["updateStrategy"]["rollingUpdate"], "partition", json!(0));
    }
    set(spec, "persistentVolumeClaimRetentionPolicy", json!({ "whenDeleted": "Retain", "whenScaled": "Retain" }));
    set(spec, "replicas", json!(1));
    set(spec, "revisionHistoryLimit", json!(10));
    each(spec, "volumeClaimTemplates", |claim| {
        set(claim, "apiVersion", json!("v1"));
        set(claim, "kind", json!("PersistentVolumeClaim"));
        set(&mut claim["spec"], "volumeMode", json!("Filesystem"));
        set(claim, "status", json!({ "phase": "Pending" }));
    });
    pod_defaults::template(spec);
}

fn daemon_set(spec: &mut Value) {
    set(spec, "updateStrategy", json!({ "type": "RollingUpdate" }));
    let strategy = &mut spec["updateStrategy"];
    set(strategy, "type", json!("RollingUpdate"));
    if strategy["type"] == "RollingUpdate" {
        child(strategy, "rollingUpdate");
        set(&mut strategy["rollingUpdate"], "maxSurge", json!(0));
        set(&mut strategy["rollingUpdate"], "maxUnavailable", json!(1));
    }
    set(spec, "revisionHistoryLimit", json!(10));
    pod_defaults::template(spec);
}

fn job(object: &mut Value) {
    let (uid, name) = (meta(object, "uid").to_owned(), meta(object, "name").to_owned());
    let spec = spec(object);
    if spec["completions"].is_null() && spec["parallelism"].is_null() {
        set(spec, "completions", json!(1));
    }
    set(spec, "parallelism", json!(1));
    let limit = if spec["backoffLimitPerIndex"].is_null() { 6 } else { i32::MAX };
    set(spec, "backoffLimit", json!(limit));
    set(spec, "completionMode", json!("NonIndexed"));
    set(spec, "suspend", json!(false));
    let replacement = if spec["podFailurePolicy"].is_object() { "Failed" } else { "TerminatingOrFailed" };
    set(spec, "podReplacementPolicy", json!(replacement));
    set(spec, "manualSelector", json!(false));
    pod_defaults::template(spec);
    if spec["manualSelector"] == false && spec["selector"].is_null() {
        let labels = child(child_value(&mut spec["template"], "metadata"), "labels");
        for (key, value) in [("controller-uid", &uid), ("job-name", &name)] {
            labels.insert(format!("batch.kubernetes.io/{key}"), json!(value));
            labels.insert(key.to_owned(), json!(value));
        }
        set(spec, "selector", json!({ "matchLabels": { "batch.kubernetes.io/controller-uid": uid } }));
    }
    let labels = spec["template"]["metadata"]["labels"].clone();
    if labels.is_object() && object["metadata"]["labels"].as_object().is_none_or(|own| own.is_empty()) {
        object["metadata"]["labels"] = labels;
    }
}

/// As [`child`], but the value itself.
fn child_value<'a>(object: &'a mut Value, field: &str) -> &'a mut Value {
    child(object, field);
    &mut object[field]
}

fn cron_job(spec: &mut Value) {
    set(spec, "concurrencyPolicy", json!("Allow"));
    set(spec, "suspend", json!(false));
    set(spec, "successfulJobsHistoryLimit", json!(3));
    set(spec, "failedJobsHistoryLimit", json!(1));
    child(spec, "jobTemplate");
    child(&mut spec["jobTemplate"], "metadata");
    child(&mut spec["jobTemplate"], "spec");
    pod_defaults::template(&mut spec["jobTemplate"]["spec"]);
}

fn autoscaler(spec: &mut Value) {
    set(spec, "minReplicas", json!(1));
    let cpu = json!([{ "type": "Resource", "resource": {
        "name": "cpu", "target": { "type": "Utilization", "averageUtilization": 80 },
    } }]);
    set(spec, "metrics", cpu);
}

fn http_route(spec: &mut Value) {
    each(spec, "parentRefs", |parent| {
        set(parent, "group", json!("gateway.networking.k8s.io"));
        set(parent, "kind", json!("Gateway"));
    });
    let any = || json!({ "type": "PathPrefix", "value": "/" });
    set(spec, "rules", json!([{}]));
    each(spec, "rules", |rule| {
        set(rule, "matches", json!([{}]));
        each(rule, "matches", |one| {
            set(one, "path", any());
            set(&mut one["path"], "type", json!("PathPrefix"));
            set(&mut one["path"], "value", json!("/"));
            for list in ["headers", "queryParams"] {
                each(one, list, |entry| set(entry, "type", json!("Exact")));
            }
        });
        each(rule, "backendRefs", |backend| {
            set(backend, "group", json!(""));
            set(backend, "kind", json!("Service"));
            set(backend, "weight", json!(1));
        });
    });
}
