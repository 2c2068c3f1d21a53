//! Rows of Services, endpoints, Ingresses and the Gateway API's kinds.

use super::{condition, joined, labels};
use serde_json::{Value, json};

/// Whether this file renders the kind.
pub fn knows(kind: &str) -> bool {
    matches!(kind, "Service" | "Endpoints" | "EndpointSlice" | "Ingress" | "HTTPRoute" | "Gateway" | "GatewayClass")
}

/// The cells of a kind that [`knows`] says yes to.
pub fn cells(kind: &str, o: &Value, name: Value, age: Value) -> Vec<Value> {
    let (spec, status) = (&o["spec"], &o["status"]);
    let text = |v: &Value| json!(v.as_str().filter(|s| !s.is_empty()).unwrap_or("<none>"));
    let list = |v: &Value| v.as_array().cloned().unwrap_or_default();
    let verdict = |kind: &str| json!(condition(o, kind).and_then(|c| c["status"].as_str()).unwrap_or("Unknown"));
    match kind {
        "Service" => {
            let selector = json!(labels(&spec["selector"]));
            vec![
                name,
                text(&spec["type"]),
                text(&spec["clusterIP"]),
                json!(external(o)),
                json!(ports(&spec["ports"])),
                age,
                selector,
            ]
        }
        "Endpoints" => {
            let subsets = list(&o["subsets"]);
            let all: Vec<String> = subsets.iter().flat_map(|subset| endpoints(subset, "ports")).collect();
            vec![name, json!(short(&all)), age]
        }
        "EndpointSlice" => {
            let ports: Vec<String> = list(&o["ports"]).iter().map(|p| p["port"].to_string()).collect();
            let addresses: Vec<String> = list(&o["endpoints"])
                .iter()
                .flat_map(|e| list(&e["addresses"]))
                .filter_map(|a| a.as_str().map(str::to_owned))
                .collect();
            let or_unset = |list: &[String]| if list.is_empty() { "<unset>".to_owned() } else { short(list) };
            vec![name, text(&o["addressType"]), json!(or_unset(&ports)), json!(or_unset(&addresses)), age]
        }
        "Ingress" => {
            let rules = list(&spec["rules"]);
            let hosts = rules.iter().filter_map(|rule| rule["host"].as_str());
            let hosts = match joined(hosts) {
                none if none == "<none>" => "*".to_owned(),
                some => some,
            };
            let addresses = list(&status["loadBalancer"]["ingress"]);
            let address: Vec<&str> =
                addresses.iter().filter_map(|a| a["ip"].as_str().or_else(|| a["hostname"].as_str())).collect();
            let ports = if list(&spec["tls"]).is_empty() { "80" } else { "80, 443" };
            vec![name, text(&spec["ingressClassName"]), json!(hosts), json!(address.join(",")), json!(ports), age]
        }
        "HTTPRoute" => {
            let hosts = if spec["hostnames"].is_array() { spec["hostnames"].to_string() } else { String::new() };
            vec![name, json!(hosts), age]
        }
        "Gateway" => {
            let addresses = list(&status["addresses"]);
            let address: Vec<&str> = addresses.iter().filter_map(|a| a["value"].as_str()).collect();
            vec![name, text(&spec["gatewayClassName"]), json!(address.join(",")), verdict("Programmed"), age]
        }
        _ => vec![
            name,
            text(&spec["controllerName"]),
            verdict("Accepted"),
            age,
            json!(spec["description"].as_str().unwrap_or_default()),
        ],
    }
}

fn external(o: &Value) -> String {
    let (spec, ingress) = (&o["spec"], o["status"]["loadBalancer"]["ingress"].as_array());
    match spec["type"].as_str() {
        Some("LoadBalancer") => {
            let found: Vec<&str> = ingress
                .into_iter()
                .flatten()
                .filter_map(|i| i["ip"].as_str().or_else(|| i["hostname"].as_str()))
                .collect();
            if found.is_empty() { "<pending>".to_owned() } else { found.join(",") }
        }
        Some("ExternalName") => spec["externalName"].as_str().unwrap_or_default().to_owned(),
        _ => joined(spec["externalIPs"].as_array().into_iter().flatten().filter_map(Value::as_str)),
    }
}

fn ports(ports: &Value) -> String {
    let one = |port: &Value| {
        let protocol = port["protocol"].as_str().unwrap_or("TCP");
        match port["nodePort"].as_i64() {
            Some(node) if node > 0 => format!("{}:{node}/{protocol}", port["port"]),
            _ => format!("{}/{protocol}", port["port"]),
        }
    };
    let all: Vec<String> = ports.as_array().into_iter().flatten().map(one).collect();
    joined(all.iter().map(String::as_str))
}

fn endpoints(subset: &Value, ports: &str) -> Vec<String> {
    let list = |v: &Value| v.as_array().cloned().unwrap_or_default();
    let ports = list(&subset[ports]);
    let addresses = list(&subset["addresses"]);
    let ips = addresses.iter().filter_map(|a| a["ip"].as_str());
    ips.flat_map(|ip| ports.iter().map(move |p| format!("{ip}:{}", p["port"]))).collect()
}

/// The first three, and how many more.
fn short(list: &[String]) -> String {
    match list.len() {
        0 => "<none>".to_owned(),
        n if n > 3 => format!("{} + {} more...", list[..3].join(","), n - 3),
        _ => list.join(","),
    }
}
