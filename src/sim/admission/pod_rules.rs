//! What a pod or a pod template must be.
//!
//! Invariant: only reads. `path` is the field that the messages begin with.

use super::names;
use crate::sim::status::Cause;
use serde_json::{Value, json};
use std::collections::HashSet;

/// Checks a pod's spec at `path`.
pub fn spec(path: &str, spec: &Value, causes: &mut Vec<Cause>) {
    let list = |name: &str| spec[name].as_array().map(Vec::as_slice).unwrap_or_default();
    let volumes: HashSet<&str> = list("volumes").iter().filter_map(|v| v["name"].as_str()).collect();
    let mut seen = HashSet::new();
    if list("containers").is_empty() {
        causes.push(Cause::required(format!("{path}.containers"), ""));
    }
    for part in ["initContainers", "containers"] {
        for (i, one) in list(part).iter().enumerate() {
            let at = format!("{path}.{part}[{i}]");
            container(&at, one, &volumes, causes);
            if let Some(name) = one["name"].as_str().filter(|n| !n.is_empty() && !seen.insert(*n)) {
                causes.push(Cause::duplicate(format!("{at}.name"), &json!(name)));
            }
        }
    }
    let policy = &spec["restartPolicy"];
    if !matches!(policy.as_str(), Some("Always" | "OnFailure" | "Never")) {
        causes.push(Cause::unsupported(format!("{path}.restartPolicy"), policy, &["Always", "OnFailure", "Never"]));
    }
    at_least(&format!("{path}.terminationGracePeriodSeconds"), &spec["terminationGracePeriodSeconds"], 0, causes);
    if spec["activeDeadlineSeconds"].as_i64().is_some_and(|n| n < 1) {
        let detail = "must be between 1 and 2147483647, inclusive";
        causes.push(Cause::invalid(format!("{path}.activeDeadlineSeconds"), &spec["activeDeadlineSeconds"], detail));
    }
    for (i, volume) in list("volumes").iter().enumerate() {
        let at = format!("{path}.volumes[{i}]");
        match volume["name"].as_str().unwrap_or_default() {
            "" => causes.push(Cause::required(format!("{at}.name"), "")),
            name => causes.extend(names::dns_label(&format!("{at}.name"), name)),
        }
    }
}

fn container(at: &str, container: &Value, volumes: &HashSet<&str>, causes: &mut Vec<Cause>) {
    match container["name"].as_str().unwrap_or_default() {
        "" => causes.push(Cause::required(format!("{at}.name"), "")),
        name => causes.extend(names::dns_label(&format!("{at}.name"), name)),
    }
    let image = container["image"].as_str().unwrap_or_default();
    if image.is_empty() {
        causes.push(Cause::required(format!("{at}.image"), ""));
    } else if image.trim() != image && at.starts_with("spec.c") {
        let detail = "must not have leading or trailing whitespace";
        causes.push(Cause::invalid(format!("{at}.image"), &container["image"], detail));
    }
    let list = |name: &str| container[name].as_array().map(Vec::as_slice).unwrap_or_default();
    for (i, port) in list("ports").iter().enumerate() {
        let number = &port["containerPort"];
        if number.is_null() || number == 0 {
            causes.push(Cause::required(format!("{at}.ports[{i}].containerPort"), ""));
        } else if !number.as_i64().is_some_and(|n| (1..=65_535).contains(&n)) {
            let detail = "must be between 1 and 65535, inclusive";
            causes.push(Cause::invalid(format!("{at}.ports[{i}].containerPort"), number, detail));
        }
    }
    for (i, variable) in list("env").iter().enumerate() {
        if variable["name"].as_str().unwrap_or_default().is_empty() {
            causes.push(Cause::required(format!("{at}.env[{i}].name"), ""));
        }
    }
    for (i, mount) in list("volumeMounts").iter().enumerate() {
        let name = mount["name"].as_str().unwrap_or_default();
        if !volumes.contains(name) {
            let field = format!("{at}.volumeMounts[{i}].name");
            causes.push(Cause { reason: "FieldValueNotFound", field, message: format!("Not found: {}", json!(name)) });
        }
        if mount["mountPath"].as_str().unwrap_or_default().is_empty() {
            causes.push(Cause::required(format!("{at}.volumeMounts[{i}].mountPath"), ""));
        }
    }
    let policy = &container["imagePullPolicy"];
    if !matches!(policy.as_str(), Some("Always" | "IfNotPresent" | "Never")) {
        causes.push(Cause::unsupported(format!("{at}.imagePullPolicy"), policy, &["Always", "IfNotPresent", "Never"]));
    }
}

/// A number that may not be smaller than `least`; missing is fine.
pub fn at_least(field: &str, value: &Value, least: i64, causes: &mut Vec<Cause>) {
    if value.as_i64().is_some_and(|n| n < least) {
        let detail = if least == 1 {
            "must be greater than 0".to_owned()
        } else {
            format!("must be greater than or equal to {least}")
        };
        causes.push(Cause::invalid(field, value, &detail));
    }
}
