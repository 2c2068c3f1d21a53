//! What an object of each kind must be, and what of it may never change.
//!
//! Invariant: only reads. A rule that a real API server does not have is not here; not every rule that it has is.

use super::{
    names,
    pod_rules::{self, at_least},
};
use crate::sim::{controllers::schedule::Schedule, resource::Resource, selector::LabelSelector, status::Cause};
use serde_json::{Value, json};

const IMMUTABLE: &str = "field is immutable";

/// Rules for an object as such.
pub fn check(r: &Resource, object: &Value, causes: &mut Vec<Cause>) {
    names::check(r, object, causes);
    let spec = &object["spec"];
    match (r.group, r.kind) {
        ("", "Pod") => pod_rules::spec("spec", spec, causes),
        ("", "Service") => service(spec, causes),
        ("", "ConfigMap" | "Secret") => keys(object, causes),
        ("", "Event") => {
            let (about, own) = (&object["involvedObject"]["namespace"], &object["metadata"]["namespace"]);
            if about.is_string() && about != own && about != "" {
                causes.push(Cause::invalid("involvedObject.namespace", about, "does not match event.namespace"));
            }
        }
        ("apps", "Deployment") => {
            workload(spec, causes);
            deployment(spec, causes);
        }
        ("apps", "ReplicaSet" | "StatefulSet" | "DaemonSet") => workload(spec, causes),
        ("batch", "Job") => job("spec", spec, causes),
        ("batch", "CronJob") => cron_job(spec, causes),
        ("autoscaling", _) => autoscaler(spec, causes),
        ("gateway.networking.k8s.io", "HTTPRoute") => http_route(spec, causes),
        ("coordination.k8s.io", "Lease") => lease(spec, causes),
        _ => {}
    }
}

fn lease(spec: &Value, causes: &mut Vec<Cause>) {
    let duration = &spec["leaseDurationSeconds"];
    if duration.as_i64().is_some_and(|seconds| seconds <= 0) {
        causes.push(Cause::invalid("spec.leaseDurationSeconds", duration, "must be greater than 0"));
    }
    let moves = &spec["leaseTransitions"];
    if moves.as_i64().is_some_and(|count| count < 0) {
        causes.push(Cause::invalid("spec.leaseTransitions", moves, "must be greater than or equal to 0"));
    }
}

/// Rules for a change.
pub fn check_change(r: &Resource, old: &Value, new: &Value, causes: &mut Vec<Cause>) {
    let frozen = |field: &str, causes: &mut Vec<Cause>| {
        let pointer = format!("/{}", field.replace('.', "/"));
        let (was, is) = (old.pointer(&pointer), new.pointer(&pointer));
        if was != is {
            causes.push(Cause::invalid(field, is.unwrap_or(&Value::Null), IMMUTABLE));
        }
    };
    match (r.group, r.kind) {
        ("apps", "Deployment" | "ReplicaSet" | "DaemonSet") => frozen("spec.selector", causes),
        ("apps", "StatefulSet") => stateful_set_change(&old["spec"], &new["spec"], causes),
        ("apps", "ControllerRevision") => frozen("data", causes),
        ("batch", "Job") => {
            frozen("spec.selector", causes);
            if old["spec"]["completionMode"] != "Indexed" {
                frozen("spec.completions", causes);
            }
            frozen("spec.completionMode", causes);
            let waits = old["spec"]["suspend"] == true && old["status"]["startTime"].is_null();
            let same = waits && unscheduled(&old["spec"]["template"]) == unscheduled(&new["spec"]["template"]);
            if !same {
                frozen("spec.template", causes);
            }
        }
        ("", "ConfigMap" | "Secret") => {
            if old["immutable"] == true {
                for field in ["data", "binaryData", "immutable"].into_iter().filter(|f| old[f] != new[f]) {
                    causes.push(Cause::forbidden(field, "field is immutable when `immutable` is set"));
                }
            }
            if r.kind == "Secret" {
                frozen("type", causes);
            }
        }
        ("", "Service") if old["spec"]["type"] != "ExternalName" && new["spec"]["type"] != "ExternalName" => {
            frozen("spec.clusterIP", causes);
        }
        ("", "Pod") => pod_change(&old["spec"], &new["spec"], causes),
        _ => {}
    }
}

/// A Job's template without what decides where it runs, which may change until the Job starts.
fn unscheduled(template: &Value) -> Value {
    let mut template = template.clone();
    for (part, fields) in [
        ("metadata", &["labels", "annotations"] as &[&str]),
        ("spec", &["nodeSelector", "affinity", "tolerations", "schedulingGates"]),
    ] {
        if let Some(map) = template[part].as_object_mut() {
            fields.iter().for_each(|field| drop(map.shift_remove(*field)));
        }
    }
    template
}

fn workload(spec: &Value, causes: &mut Vec<Cause>) {
    at_least("spec.replicas", &spec["replicas"], 0, causes);
    at_least("spec.minReadySeconds", &spec["minReadySeconds"], 0, causes);
    at_least("spec.revisionHistoryLimit", &spec["revisionHistoryLimit"], 0, causes);
    let (selector, labels) = (&spec["selector"], &spec["template"]["metadata"]["labels"]);
    if selector.is_null() {
        causes.push(Cause::required("spec.selector", ""));
        let detail = "`selector` does not match template `labels`";
        causes.push(Cause::invalid("spec.template.metadata.labels", labels, detail));
    } else {
        let empty = ["matchLabels", "matchExpressions"].iter().all(|f| match &selector[f] {
            Value::Object(map) => map.is_empty(),
            Value::Array(list) => list.is_empty(),
            _ => true,
        });
        if empty {
            causes.push(Cause::invalid("spec.selector", selector, "empty selector is invalid for deployment"));
        } else if !LabelSelector::of_object(selector).matches_labels(labels) {
            let detail = "`selector` does not match template `labels`";
            causes.push(Cause::invalid("spec.template.metadata.labels", labels, detail));
        }
    }
    names::labels("spec.template.metadata.labels", labels, causes);
    let template = &spec["template"]["spec"];
    pod_rules::spec("spec.template.spec", template, causes);
    let policy = &template["restartPolicy"];
    if policy.is_string() && policy != "Always" {
        causes.push(Cause::unsupported("spec.template.spec.restartPolicy", policy, &["Always"]));
    }
}

fn deployment(spec: &Value, causes: &mut Vec<Cause>) {
    let strategy = &spec["strategy"];
    let kind = &strategy["type"];
    if kind != "RollingUpdate" && kind != "Recreate" {
        // The real one shows its internal form of the whole strategy.
        let shown = json!({ "Type": kind, "RollingUpdate": strategy["rollingUpdate"] });
        causes.push(Cause::unsupported("spec.strategy", &shown, &["Recreate", "RollingUpdate"]));
    }
    let rolling = &strategy["rollingUpdate"];
    if kind == "Recreate" && !rolling.is_null() {
        let detail = "may not be specified when strategy `type` is 'Recreate'";
        causes.push(Cause::forbidden("spec.strategy.rollingUpdate", detail));
    }
    let none = |v: &Value| v == 0 || v == "0%" || v == "0";
    if none(&rolling["maxUnavailable"]) && none(&rolling["maxSurge"]) {
        let detail = "may not be 0 when `maxSurge` is 0";
        causes.push(Cause::invalid("spec.strategy.rollingUpdate.maxUnavailable", &rolling["maxUnavailable"], detail));
    }
    let (deadline, ready) = (&spec["progressDeadlineSeconds"], spec["minReadySeconds"].as_i64().unwrap_or(0));
    at_least("spec.progressDeadlineSeconds", deadline, 0, causes);
    if deadline.as_i64().is_some_and(|d| d <= ready) {
        causes.push(Cause::invalid("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds"));
    }
}

fn job(path: &str, spec: &Value, causes: &mut Vec<Cause>) {
    for field in ["parallelism", "completions", "backoffLimit", "activeDeadlineSeconds", "ttlSecondsAfterFinished"] {
        at_least(&format!("{path}.{field}"), &spec[field], 0, causes);
    }
    let template = &spec["template"]["spec"];
    names::labels(&format!("{path}.template.metadata.labels"), &spec["template"]["metadata"]["labels"], causes);
    pod_rules::spec(&format!("{path}.template.spec"), template, causes);
    let policy = &template["restartPolicy"];
    if policy == "Always" {
        let field = format!("{path}.template.spec.restartPolicy");
        causes.push(Cause::required(field, "valid values: \"OnFailure\", \"Never\""));
    }
}

fn cron_job(spec: &Value, causes: &mut Vec<Cause>) {
    let schedule = spec["schedule"].as_str().unwrap_or_default();
    if schedule.is_empty() {
        causes.push(Cause::required("spec.schedule", ""));
    } else if !schedule.starts_with('@') && schedule.split_whitespace().count() != 5 {
        let found = schedule.split_whitespace().count();
        let detail = format!("expected exactly 5 fields, found {found}: [{}]", schedule);
        causes.push(Cause::invalid("spec.schedule", &spec["schedule"], &detail));
    } else if !schedule.starts_with("@every ") && Schedule::parse(schedule).is_none() {
        let detail = "failed to parse the schedule: a field is out of range or not a number";
        causes.push(Cause::invalid("spec.schedule", &spec["schedule"], detail));
    }
    job("spec.jobTemplate.spec", &spec["jobTemplate"]["spec"], causes);
}

fn autoscaler(spec: &Value, causes: &mut Vec<Cause>) {
    let (least, most) = (&spec["minReplicas"], &spec["maxReplicas"]);
    if least.as_i64().is_some_and(|n| n < 1) {
        causes.push(Cause::invalid("spec.minReplicas", least, "must be greater than or equal to 1"));
    }
    match most.as_i64() {
        None => causes.push(Cause::required("spec.maxReplicas", "must be set and greater than 0")),
        Some(n) if n < 1 => causes.push(Cause::invalid("spec.maxReplicas", most, "must be greater than 0")),
        Some(n) if least.as_i64().is_some_and(|l| l > n) => {
            let detail = "must be greater than or equal to `minReplicas`";
            causes.push(Cause::invalid("spec.maxReplicas", most, detail));
        }
        Some(_) => {}
    }
    for field in ["kind", "name"] {
        if spec["scaleTargetRef"][field].as_str().unwrap_or_default().is_empty() {
            causes.push(Cause::required(format!("spec.scaleTargetRef.{field}"), ""));
        }
    }
    let version = &spec["scaleTargetRef"]["apiVersion"];
    if version.as_str().unwrap_or_default().is_empty() {
        let detail = "apiVersion must specify API group";
        causes.push(Cause::invalid(
            "spec.scaleTargetRef.apiVersion",
            &json!(version.as_str().unwrap_or_default()),
            detail,
        ));
    }
}

fn service(spec: &Value, causes: &mut Vec<Cause>) {
    let ports = spec["ports"].as_array().map(Vec::as_slice).unwrap_or_default();
    if ports.is_empty() && spec["type"] != "ExternalName" && spec["clusterIP"] != "None" {
        causes.push(Cause::required("spec.ports", ""));
    }
    for (i, port) in ports.iter().enumerate() {
        if ports.len() > 1 && port["name"].as_str().unwrap_or_default().is_empty() {
            causes.push(Cause::required(format!("spec.ports[{i}].name"), ""));
        }
        if !port["port"].as_i64().is_some_and(|n| (1..=65_535).contains(&n)) {
            let detail = "must be between 1 and 65535, inclusive";
            causes.push(Cause::invalid(format!("spec.ports[{i}].port"), &port["port"], detail));
            if port["targetPort"] == port["port"] {
                causes.push(Cause::invalid(format!("spec.ports[{i}].targetPort"), &port["port"], detail));
            }
        }
    }
    let kinds = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
    if !spec["type"].as_str().is_some_and(|t| kinds.contains(&t)) {
        causes.push(Cause::unsupported("spec.type", &spec["type"], &kinds));
    }
}

fn keys(object: &Value, causes: &mut Vec<Cause>) {
    let fine = |key: &str| !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    for key in object["data"].as_object().into_iter().flat_map(|map| map.keys()).filter(|key| !fine(key)) {
        let detail = "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
        causes.push(Cause::invalid(format!("data[{key}]"), &json!(key), detail));
    }
}

fn http_route(spec: &Value, causes: &mut Vec<Cause>) {
    for (i, host) in spec["hostnames"].as_array().into_iter().flatten().enumerate() {
        let name = host.as_str().unwrap_or_default();
        if !names::is_subdomain(name.strip_prefix("*.").unwrap_or(name)) {
            let at = format!("spec.hostnames[{i}]");
            let pattern = r"^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$";
            causes.push(Cause::invalid(at.clone(), host, &format!("{at} in body should match '{pattern}'")));
        }
    }
    for (i, rule) in spec["rules"].as_array().into_iter().flatten().enumerate() {
        for (j, backend) in rule["backendRefs"].as_array().into_iter().flatten().enumerate() {
            let at = format!("spec.rules[{i}].backendRefs[{j}]");
            let weight = &backend["weight"];
            let bound = match weight.as_i64() {
                Some(n) if n < 0 => Some("greater than or equal to 0"),
                Some(n) if n > 1_000_000 => Some("less than or equal to 1e+06"),
                _ => None,
            };
            if let Some(bound) = bound {
                causes.push(Cause::invalid(
                    format!("{at}.weight"),
                    weight,
                    &format!("{at}.weight in body should be {bound}"),
                ));
            }
            if backend["name"].as_str().unwrap_or_default().is_empty() {
                causes.push(Cause::required(format!("{at}.name"), ""));
            }
            if backend["kind"] == "Service" && backend["group"] == "" && backend["port"].is_null() {
                let message = "Invalid value: Must have port for Service reference".to_owned();
                causes.push(Cause { reason: "FieldValueInvalid", field: at, message });
            }
        }
    }
}

fn stateful_set_change(old: &Value, new: &Value, causes: &mut Vec<Cause>) {
    const OPEN: &[&str] = &[
        "replicas",
        "ordinals",
        "template",
        "updateStrategy",
        "revisionHistoryLimit",
        "persistentVolumeClaimRetentionPolicy",
        "minReadySeconds",
    ];
    let closed = |spec: &Value| {
        let fields = spec.as_object().into_iter().flatten().filter(|(key, _)| !OPEN.contains(&key.as_str()));
        fields.map(|(key, value)| (key.clone(), value.clone())).collect::<serde_json::Map<_, _>>()
    };
    if closed(old) != closed(new) {
        let list = OPEN[..OPEN.len() - 1].iter().map(|f| format!("'{f}'")).collect::<Vec<_>>().join(", ");
        let detail =
            format!("updates to statefulset spec for fields other than {list} and 'minReadySeconds' are forbidden");
        causes.push(Cause::forbidden("spec", &detail));
    }
}

fn pod_change(old: &Value, new: &Value, causes: &mut Vec<Cause>) {
    let frozen = |spec: &Value| {
        let mut spec = spec.clone();
        for list in ["containers", "initContainers"] {
            for container in spec.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
                container.as_object_mut().map(|c| c.shift_remove("image"));
            }
        }
        for field in ["activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds"] {
            spec.as_object_mut().map(|s| s.shift_remove(field));
        }
        spec
    };
    if frozen(old) != frozen(new) {
        let detail = "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";
        causes.push(Cause::forbidden("spec", detail));
    }
}
