//! The Services that select a workload's pods, and how many endpoints each has.

use crate::{
    connect::kube::{ApiError, Cluster, Reader},
    formats::template,
    model::{Kind, ObjectRef, ServiceDetail, Traffic},
    wire::EndpointSlice,
};
use futures::future::join_all;
use serde_json::Value;

/// What leads to the workload.
pub async fn traffic(cluster: &Cluster, target: &ObjectRef) -> Result<Traffic, ApiError> {
    let reader = cluster.reader();
    let (object, services) =
        tokio::join!(reader.get(target), reader.list(Kind::Service, Some(&target.namespace), None));
    let object = object?;
    let labels = &template::of(&object)["metadata"]["labels"];
    let mut services: Vec<ServiceDetail> =
        services?.iter().filter(|service| selects(service, labels)).map(detail).collect();
    services.sort_by(|a, b| a.name.cmp(&b.name));
    let counts = services.iter().map(|service| endpoints(reader, &target.namespace, &service.name));
    for (service, count) in join_all(counts).await.into_iter().enumerate() {
        services[service].endpoints = count;
    }
    Ok(Traffic { services })
}

/// Whether a Service selects pods with these labels; one without a selector selects none.
fn selects(service: &Value, labels: &Value) -> bool {
    let selector = service["spec"]["selector"].as_object().filter(|selector| !selector.is_empty());
    selector.is_some_and(|wanted| wanted.iter().all(|(key, value)| labels.get(key) == Some(value)))
}

fn detail(service: &Value) -> ServiceDetail {
    let spec = &service["spec"];
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let ports = spec["ports"].as_array().into_iter().flatten().map(|port| {
        let name = port["name"].as_str().map(|name| format!(" {name}")).unwrap_or_default();
        let target = if port["targetPort"].is_null() { &port["port"] } else { &port["targetPort"] };
        format!("{} → {}{name}", text(&port["port"]), text(target))
    });
    let kind = if spec["clusterIP"] == "None" { "headless" } else { spec["type"].as_str().unwrap_or("ClusterIP") };
    ServiceDetail {
        name: service["metadata"]["name"].as_str().unwrap_or_default().into(),
        kind: kind.into(),
        ports: ports.collect(),
        endpoints: None,
    }
}

/// Endpoints that take traffic, and all; None where that may not be read.
async fn endpoints(reader: &Reader, namespace: &str, service: &str) -> Option<(u32, u32)> {
    let label = format!("kubernetes.io/service-name={service}");
    let slices = reader.list_as::<EndpointSlice>(Kind::EndpointSlice, Some(namespace), Some(&label), None);
    let slices = slices.await.ok()?;
    let all = || slices.iter().flat_map(|slice| &slice.endpoints);
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    // No word on readiness counts as ready: so the API says.
    let ready = all().filter(|endpoint| endpoint.conditions.ready != Some(false)).count();
    Some((count(ready), count(all().count())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_service_selects_by_all_its_labels_and_without_any_nothing() {
        let labels = json!({"app": "web", "track": "stable"});
        let service = |selector: Value| json!({"spec": {"selector": selector}});
        assert!(selects(&service(json!({"app": "web"})), &labels));
        assert!(!selects(&service(json!({"app": "web", "track": "canary"})), &labels));
        assert!(!selects(&service(json!({})), &labels) && !selects(&service(json!(null)), &labels));
    }

    #[test]
    fn a_service_tells_its_ports() {
        let told = detail(&json!({"metadata": {"name": "web"}, "spec": {"clusterIP": "None", "ports": [
            {"port": 80, "targetPort": "http", "name": "http"}, {"port": 9090}]}}));
        assert_eq!(
            (&*told.kind, told.ports),
            ("headless", vec!["80 → http http".to_owned(), "9090 → 9090".to_owned()])
        );
    }
}
