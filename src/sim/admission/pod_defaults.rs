//! The values that the API server fills in for pods and pod templates.
//!
//! Invariant: a value that is there is never changed; anything of an unexpected type is left as it is.

use crate::sim::store::child;
use serde_json::{Value, json};

/// Sets a field that is missing or null; nothing when the parent is no object.
pub fn set(parent: &mut Value, field: &str, value: Value) {
    if parent.is_null() {
        *parent = json!({});
    }
    if let Some(map) = parent.as_object_mut()
        && map.get(field).is_none_or(Value::is_null)
    {
        map.insert(field.to_owned(), value);
    }
}

/// Runs over the objects of a list; nothing when there is no list.
pub fn each(parent: &mut Value, list: &str, mut run: impl FnMut(&mut Value)) {
    let elements = parent.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten();
    elements.filter(|e| e.is_object()).for_each(&mut run);
}

/// Completes a whole pod.
pub fn pod(object: &mut Value) {
    child(object, "spec");
    let spec = &mut object["spec"];
    pod_spec(spec);
    set(spec, "enableServiceLinks", json!(true));
    set(spec, "serviceAccountName", json!("default"));
    let account = spec["serviceAccountName"].clone();
    set(spec, "serviceAccount", account);
    set(spec, "priority", json!(0));
    set(spec, "preemptionPolicy", json!("PreemptLowerPriority"));
    let tolerate =
        |key: &str| json!({ "key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300 });
    set(
        spec,
        "tolerations",
        json!([tolerate("node.kubernetes.io/not-ready"), tolerate("node.kubernetes.io/unreachable")]),
    );
    for list in ["containers", "initContainers"] {
        each(spec, list, |container| {
            let limits = container.pointer("/resources/limits").and_then(Value::as_object).cloned().unwrap_or_default();
            for (name, amount) in &limits {
                child(&mut container["resources"], "requests").entry(name.clone()).or_insert_with(|| amount.clone());
            }
        });
    }
    let class = quality(spec);
    child(object, "status");
    set(&mut object["status"], "phase", json!("Pending"));
    set(&mut object["status"], "qosClass", json!(class));
}

/// `Guaranteed`, `Burstable` or `BestEffort`, from what the containers ask for.
fn quality(spec: &Value) -> &'static str {
    let containers =
        || ["containers", "initContainers"].into_iter().flat_map(|l| spec[l].as_array().into_iter().flatten());
    let bounded = |c: &Value| {
        ["cpu", "memory"].iter().all(|r| {
            let (request, limit) = (&c["resources"]["requests"][r], &c["resources"]["limits"][r]);
            limit.is_string() && request == limit
        })
    };
    let asks =
        |c: &Value| ["requests", "limits"].iter().any(|p| c["resources"][p].as_object().is_some_and(|m| !m.is_empty()));
    if containers().all(bounded) {
        "Guaranteed"
    } else if containers().any(asks) {
        "Burstable"
    } else {
        "BestEffort"
    }
}

/// Completes `spec.template` of a workload.
pub fn template(spec: &mut Value) {
    child(spec, "template");
    let template = &mut spec["template"];
    set(template, "metadata", json!({}));
    child(template, "spec");
    pod_spec(&mut template["spec"]);
}

fn pod_spec(spec: &mut Value) {
    for list in ["initContainers", "containers"] {
        each(spec, list, container);
    }
    set(spec, "restartPolicy", json!("Always"));
    set(spec, "terminationGracePeriodSeconds", json!(30));
    set(spec, "dnsPolicy", json!("ClusterFirst"));
    let account =
        if spec["serviceAccountName"].is_null() { &spec["serviceAccount"] } else { &spec["serviceAccountName"] };
    if let Some(account) = account.as_str().map(str::to_owned) {
        set(spec, "serviceAccountName", json!(account));
        set(spec, "serviceAccount", json!(account));
    }
    set(spec, "securityContext", json!({}));
    set(spec, "schedulerName", json!("default-scheduler"));
    each(spec, "volumes", volume);
}

fn volume(volume: &mut Value) {
    if volume.as_object().is_some_and(|v| v.len() == 1) {
        set(volume, "emptyDir", json!({}));
    }
    for source in ["secret", "configMap", "projected", "downwardAPI"] {
        if let Some(source) = volume.get_mut(source) {
            set(source, "defaultMode", json!(0o644));
        }
    }
    if let Some(path) = volume.get_mut("hostPath") {
        set(path, "type", json!(""));
    }
}

fn container(container: &mut Value) {
    set(container, "resources", json!({}));
    set(container, "terminationMessagePath", json!("/dev/termination-log"));
    set(container, "terminationMessagePolicy", json!("File"));
    let policy = pull_policy(container["image"].as_str().unwrap_or_default());
    set(container, "imagePullPolicy", json!(policy));
    each(container, "ports", |port| set(port, "protocol", json!("TCP")));
    each(container, "env", |variable| {
        if let Some(source) = variable.get_mut("valueFrom").and_then(|from| from.get_mut("fieldRef")) {
            set(source, "apiVersion", json!("v1"));
        }
    });
    for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if let Some(probe) = container.get_mut(probe).filter(|p| p.is_object()) {
            for (field, value) in
                [("timeoutSeconds", 1), ("periodSeconds", 10), ("successThreshold", 1), ("failureThreshold", 3)]
            {
                set(probe, field, json!(value));
            }
            if let Some(get) = probe.get_mut("httpGet").filter(|g| g.is_object()) {
                set(get, "path", json!("/"));
                set(get, "scheme", json!("HTTP"));
            }
        }
    }
}

/// `Always` for a moving tag, `IfNotPresent` for any other.
fn pull_policy(image: &str) -> &'static str {
    let last = image.rsplit('/').next().unwrap_or_default();
    let moving = !image.contains('@') && last.split_once(':').is_none_or(|(_, tag)| tag == "latest");
    if moving { "Always" } else { "IfNotPresent" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pull_policies_follow_the_tag() {
        let cases = [
            ("app", "Always"),
            ("host:5000/app", "Always"),
            ("host:5000/app:latest", "Always"),
            ("app:1", "IfNotPresent"),
        ];
        for (image, policy) in cases {
            assert_eq!(pull_policy(image), policy, "{image}");
        }
        assert_eq!(pull_policy("app@sha256:0000"), "IfNotPresent");
    }

    #[test]
    fn filling_in_leaves_no_null_behind_and_is_stable() {
        let mut spec = json!({ "template": { "spec": {
            "containers": [{ "name": "a", "image": "a:1", "env": [{ "name": "X", "value": "1" },
                { "name": "Y", "valueFrom": { "secretKeyRef": { "name": "s", "key": "k" } } }], "livenessProbe": { "exec": {} } }],
            "volumes": [{ "name": "v" }, { "name": "c", "configMap": { "name": "c" } }],
        } } });
        template(&mut spec);
        let once = spec.clone();
        template(&mut spec);
        assert_eq!(once, spec);
        assert!(!spec.to_string().contains("null"), "{spec}");
    }
}
