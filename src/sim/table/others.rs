//! Rows of everything else: namespaces, nodes, configuration, events, Flux.

use super::{
    age::{age, between, moment},
    condition, joined,
};
use jiff::Timestamp;
use serde_json::{Value, json};

/// The cells of any other kind.
pub fn cells(kind: &str, o: &Value, now: Timestamp) -> Vec<Value> {
    let (name, spec, status) = (o["metadata"]["name"].clone(), &o["spec"], &o["status"]);
    let old = json!(age(&o["metadata"]["creationTimestamp"], now));
    let text = |v: &Value| json!(v.as_str().unwrap_or_default());
    let size = |v: &Value| v.as_object().map_or(0, serde_json::Map::len);
    let ready = || {
        let ready = condition(o, "Ready");
        [&ready.map_or(Value::Null, |c| c["status"].clone()), &ready.map_or(Value::Null, |c| c["message"].clone())]
            .map(text)
    };
    match kind {
        "Namespace" => vec![name, text(&status["phase"]), old],
        "Node" => node(o, name, old),
        "ConfigMap" => vec![name, json!(size(&o["data"]) + size(&o["binaryData"])), old],
        "Secret" => vec![name, text(&o["type"]), json!(size(&o["data"])), old],
        "Event" => event(o, name, now),
        "PersistentVolumeClaim" => {
            let modes = spec["accessModes"].as_array().cloned().unwrap_or_default();
            let short = |m: &str| match m {
                "ReadWriteOnce" => "RWO",
                "ReadOnlyMany" => "ROX",
                "ReadWriteMany" => "RWX",
                _ => "RWOP",
            };
            let modes: Vec<&str> = modes.iter().filter_map(Value::as_str).map(short).collect();
            let class = json!(spec["volumeAttributesClassName"].as_str().unwrap_or("<unset>"));
            let (bound, capacity) = (text(&spec["volumeName"]), text(&status["capacity"]["storage"]));
            let storage = text(&spec["storageClassName"]);
            vec![
                name,
                text(&status["phase"]),
                bound,
                capacity,
                json!(modes.join(",")),
                storage,
                class,
                old,
                text(&spec["volumeMode"]),
            ]
        }
        "ResourceQuota" => {
            let (mut requests, mut limits) = (Vec::new(), Vec::new());
            for (key, hard) in status["hard"].as_object().or_else(|| spec["hard"].as_object()).into_iter().flatten() {
                let show = |v: &Value| v.as_str().map_or_else(|| "0".to_owned(), str::to_owned);
                let entry = format!("{key}: {}/{}", show(&status["used"][key]), show(hard));
                if key.starts_with("limits") { limits.push(entry) } else { requests.push(entry) }
            }
            vec![name, json!(requests.join(", ")), json!(limits.join(", ")), old]
        }
        "Lease" => vec![name, text(&spec["holderIdentity"]), old],
        "Kustomization" => {
            let [ready, message] = ready();
            vec![name, old, ready, message]
        }
        "GitRepository" => {
            let [ready, message] = ready();
            vec![name, text(&spec["url"]), old, ready, message]
        }
        "CustomResourceDefinition" => vec![name, o["metadata"]["creationTimestamp"].clone()],
        _ => vec![name, old],
    }
}

fn node(o: &Value, name: Value, old: Value) -> Vec<Value> {
    let mut state = vec![match condition(o, "Ready").and_then(|c| c["status"].as_str()) {
        Some("True") => "Ready",
        Some(_) => "NotReady",
        None => "Unknown",
    }];
    if o["spec"]["unschedulable"] == true {
        state.push("SchedulingDisabled");
    }
    let labels = o["metadata"]["labels"].as_object().into_iter().flatten();
    let roles = joined(labels.filter_map(|(key, _)| key.strip_prefix("node-role.kubernetes.io/")));
    let address = |kind: &str| {
        let all = o["status"]["addresses"].as_array().into_iter().flatten();
        json!(all.filter(|a| a["type"] == kind).find_map(|a| a["address"].as_str()).unwrap_or("<none>"))
    };
    let info = |field: &str| json!(o["status"]["nodeInfo"][field].as_str().unwrap_or("<unknown>"));
    let version = json!(o["status"]["nodeInfo"]["kubeletVersion"].as_str().unwrap_or_default());
    let wide = [
        address("InternalIP"),
        address("ExternalIP"),
        info("osImage"),
        info("kernelVersion"),
        info("containerRuntimeVersion"),
    ];
    [vec![name, json!(state.join(",")), json!(roles), old, version], wide.to_vec()].concat()
}

fn event(o: &Value, name: Value, now: Timestamp) -> Vec<Value> {
    let first = moment(&o["firstTimestamp"]).or_else(|| moment(&o["eventTime"]));
    let last = moment(&o["series"]["lastObservedTime"]).or_else(|| moment(&o["lastTimestamp"])).or(first);
    let ago = |at: Option<Timestamp>| json!(at.map_or_else(|| "<unknown>".to_owned(), |at| between(at, now)));
    let about = if o["involvedObject"].is_object() { &o["involvedObject"] } else { &o["regarding"] };
    let part = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    let object = format!("{}/{}", part(&about["kind"]).to_lowercase(), part(&about["name"]));
    let component =
        if o["source"]["component"].is_string() { &o["source"]["component"] } else { &o["reportingComponent"] };
    let source = match o["source"]["host"].as_str() {
        Some(host) if !host.is_empty() => format!("{}, {host}", part(component)),
        _ => part(component),
    };
    let message = if o["message"].is_string() { &o["message"] } else { &o["note"] };
    let count = o["series"]["count"].as_i64().or_else(|| o["count"].as_i64()).unwrap_or(1);
    vec![
        ago(last),
        json!(part(&o["type"])),
        json!(part(&o["reason"])),
        json!(object),
        json!(part(&about["fieldPath"])),
        json!(source),
        json!(part(message).trim()),
        ago(first),
        json!(count),
        name,
    ]
}
