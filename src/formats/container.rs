//! Containers of a pod template as an operator reads them: image, ports, requests and limits, probes in words.

use crate::model::ContainerDetail;
use serde_json::Value;
use std::collections::BTreeSet;

const PROBES: [(&str, &str); 3] =
    [("startupProbe", "startup"), ("readinessProbe", "readiness"), ("livenessProbe", "liveness")];

/// The containers of a pod template, init containers first.
pub fn details(template: &Value) -> Vec<ContainerDetail> {
    let of = |field: &str, init: bool| {
        let all = template["spec"][field].as_array().into_iter().flatten();
        all.map(|container| detail(container, init)).collect::<Vec<_>>()
    };
    [of("initContainers", true), of("containers", false)].concat()
}

fn detail(container: &Value, init: bool) -> ContainerDetail {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let ports = container["ports"].as_array().into_iter().flatten().map(|port| {
        let protocol = port["protocol"].as_str().unwrap_or("TCP");
        let name = port["name"].as_str().map(|name| format!(" {name}")).unwrap_or_default();
        format!("{}/{protocol}{name}", scalar(&port["containerPort"]))
    });
    ContainerDetail {
        name: text(&container["name"]),
        image: text(&container["image"]),
        init,
        ports: ports.collect(),
        resources: resources(&container["resources"]),
        probes: PROBES
            .into_iter()
            .filter(|(field, _)| container[*field].is_object())
            .map(|(field, which)| (which, probe(&container[field])))
            .collect(),
    }
}

/// Request and limit by resource.
fn resources(resources: &Value) -> Vec<(String, Option<String>, Option<String>)> {
    let keys = |field: &str| resources[field].as_object().into_iter().flat_map(|map| map.keys().cloned());
    let names: BTreeSet<String> = keys("requests").chain(keys("limits")).collect();
    let amount = |field: &str, name: &str| resources[field].get(name).map(scalar);
    names
        .into_iter()
        .map(|name| {
            let (request, limit) = (amount("requests", &name), amount("limits", &name));
            (name, request, limit)
        })
        .collect()
}

/// What a probe does, and when it gives up: `GET :8080/healthz every 10 s, 3 failures, after 5 s`. Headers are left out.
pub fn probe(probe: &Value) -> String {
    let number = |field: &str, default: u64| probe[field].as_u64().unwrap_or(default);
    let mut words = if probe["httpGet"].is_object() {
        let get = &probe["httpGet"];
        let scheme = if get["scheme"] == "HTTPS" { "https " } else { "" };
        format!("GET {scheme}:{}{}", scalar(&get["port"]), get["path"].as_str().unwrap_or("/"))
    } else if probe["tcpSocket"].is_object() {
        format!("connect to :{}", scalar(&probe["tcpSocket"]["port"]))
    } else if probe["grpc"].is_object() {
        format!("gRPC health of :{}", scalar(&probe["grpc"]["port"]))
    } else {
        let command: Vec<&str> =
            probe["exec"]["command"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        format!("run {}", super::redact::words(&command).join(" "))
    };
    words.push_str(&format!(" every {} s", number("periodSeconds", 10)));
    match number("failureThreshold", 3) {
        1 => words.push_str(", fails at once"),
        failures => words.push_str(&format!(", fails after {failures}")),
    }
    words.push_str(&format!(", time-out {} s", number("timeoutSeconds", 1)));
    if number("initialDelaySeconds", 0) > 0 {
        words.push_str(&format!(", first after {} s", number("initialDelaySeconds", 0)));
    }
    words
}

/// A number or a text as it is written.
fn scalar(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_container_is_told_in_words() {
        let template = json!({"spec": {
            "initContainers": [{"name": "wait", "image": "busybox:1"}],
            "containers": [{"name": "web", "image": "shop/web:2",
                "ports": [{"containerPort": 8080, "name": "http"}],
                "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}},
                "readinessProbe": {"httpGet": {"path": "/healthz", "port": 8080,
                    "httpHeaders": [{"name": "Authorization", "value": "hunter2"}]}, "initialDelaySeconds": 5},
                "livenessProbe": {"exec": {"command": ["check", "--token", "hunter2"]}, "failureThreshold": 1}}]}});
        let all = details(&template);
        assert!(all[0].init && all[0].probes.is_empty());
        let web = &all[1];
        assert_eq!(web.ports, ["8080/TCP http"]);
        assert_eq!(web.resources[0], ("cpu".into(), Some("100m".into()), None));
        assert_eq!(web.resources[1], ("memory".into(), Some("64Mi".into()), Some("128Mi".into())));
        let readiness = "GET :8080/healthz every 10 s, fails after 3, time-out 1 s, first after 5 s";
        assert_eq!(web.probes[0], ("readiness", readiness.to_owned()));
        assert_eq!(web.probes[1].1, "run check --token «…» every 10 s, fails at once, time-out 1 s");
    }
}
