//! What the metrics say: the load model divided by the pods that serve, and the size that would meet the target.
//!
//! Invariant: a number is only given where a real metrics pipeline would have one; otherwise the reason is.

use crate::sim::{
    controllers::{
        cluster::Cluster,
        object::{int, items, label, labels, milli, name, namespace, selects, text},
        pods::{is_active, is_ready},
    },
    meter,
    resource::resources,
};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::sync::Arc;

/// A ratio this close to one changes nothing.
const TOLERANCE: f64 = 0.1;

/// A usable reading.
pub struct Found {
    /// The size that meets every target.
    pub replicas: i64,
    /// The metric that asked for it.
    pub metric: String,
    /// `status.currentMetrics`.
    pub statuses: Vec<Value>,
}

/// Why there is none.
pub struct Problem {
    /// Reason of the condition.
    pub reason: &'static str,
    /// Message of the condition.
    pub short: String,
    /// Message of the Event.
    pub long: String,
}

struct Workload {
    pods: Vec<Arc<Value>>,
    ready: i64,
    demand: f64,
    asked: i64,
    at: Timestamp,
}

/// The recommendation of the metric that asks for most.
pub fn recommend(cluster: &Cluster, scaler: &Value, target: &Value, asked: i64) -> Result<Found, Problem> {
    let mut pods = cluster.list(&resources::PODS, namespace(scaler));
    pods.retain(|p| is_active(p) && selects(&target["spec"]["selector"], labels(p)));
    let ready = i64::try_from(pods.iter().filter(|p| is_ready(p)).count()).unwrap_or(0);
    let demand = cluster.loads.demand(cluster.seed, namespace(target), name(target), cluster.now());
    let workload = Workload { pods, ready, demand, asked, at: cluster.now() };
    let default = [
        json!({"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}}),
    ];
    let metrics = items(scaler, "/spec/metrics");
    let metrics = if metrics.is_empty() { &default } else { metrics };
    let (mut best, mut statuses, mut problem): (Option<(i64, String)>, _, _) = (None, Vec::new(), None);
    for metric in metrics {
        match workload.read(metric) {
            Ok((replicas, label, status)) => {
                statuses.push(status);
                if best.as_ref().is_none_or(|(n, _)| replicas > *n) {
                    best = Some((replicas, label));
                }
            }
            Err(found) => problem = Some(found),
        }
    }
    match (best, problem) {
        // A metric that cannot be read keeps a set from shrinking.
        (Some((replicas, metric)), None) => Ok(Found { replicas, metric, statuses }),
        (Some((replicas, metric)), Some(_)) if replicas >= asked => Ok(Found { replicas, metric, statuses }),
        (_, Some(problem)) => Err(problem),
        (None, None) => Err(unsupported("", "no metrics are given")),
    }
}

fn unsupported(kind: &str, why: &str) -> Problem {
    let reason = match kind {
        "External" => "FailedGetExternalMetric",
        "Object" => "FailedGetObjectMetric",
        _ => "InvalidMetricSourceType",
    };
    Problem { reason, short: why.to_owned(), long: why.to_owned() }
}

impl Workload {
    fn read(&self, metric: &Value) -> Result<(i64, String, Value), Problem> {
        match text(metric, "/type") {
            "Resource" => self.resource(metric, "resource"),
            "ContainerResource" => self.resource(metric, "containerResource"),
            "Pods" => Ok(self.per_pod(metric)),
            kind => {
                let api = if kind == "External" { "external.metrics.k8s.io" } else { "custom.metrics.k8s.io" };
                Err(unsupported(
                    kind,
                    &format!("unable to get {} metric: no API for {api} is registered", kind.to_lowercase()),
                ))
            }
        }
    }

    fn resource(&self, metric: &Value, field: &str) -> Result<(i64, String, Value), Problem> {
        let source = &metric[field];
        let kind = text(source, "/name");
        let container = text(source, "/container");
        let failed = |why: String| Problem {
            reason: "FailedGetResourceMetric",
            short: format!("failed to get {kind} utilization: {why}"),
            long: format!("failed to get {kind} resource metric value: failed to get {kind} utilization: {why}"),
        };
        if self.ready == 0 {
            return Err(failed("did not receive metrics for targeted pods (pods might be unready)".into()));
        }
        let request = self.request(kind, container).map_err(failed)?;
        // Memory follows the demand only a little.
        let usage = if let Some(said) = self.said(kind) {
            said.map_err(failed)?
        } else if kind == "memory" {
            request as f64 * meter::memory_share(self.demand)
        } else {
            self.demand / self.ready as f64
        };
        let target = &source["target"];
        let (ratio, mut current) = if let Some(wanted) = int(target, "/averageUtilization") {
            let percent = 100.0 * usage / request.max(1) as f64;
            (percent / wanted.max(1) as f64, json!({ "averageUtilization": percent.round() as i64 }))
        } else {
            (usage / milli(&target["averageValue"]).unwrap_or(1).max(1) as f64, json!({}))
        };
        current["averageValue"] = json!(quantity(kind, usage));
        let mut status = json!({ "type": metric["type"], (field): { "name": kind, "current": current } });
        if !container.is_empty() {
            status[field]["container"] = json!(container);
        }
        let label = if int(target, "/averageUtilization").is_some() {
            format!("{kind} resource utilization (percentage of request)")
        } else {
            format!("{kind} resource")
        };
        Ok((self.size(ratio), label, status))
    }

    /// The thousandths that the ready pods use on average, where each says by a label what its containers use: those count that
    /// have a sample. None where they do not say.
    fn said(&self, kind: &str) -> Option<Result<f64, String>> {
        let key = if kind == "memory" { meter::MEMORY } else { meter::CPU };
        let (mut total, mut sampled) = (0, 0);
        for pod in self.pods.iter().filter(|p| is_ready(p)) {
            let containers = i64::try_from(items(pod, "/spec/containers").len()).unwrap_or(1);
            let used = milli(&json!(label(pod, key)?))? * containers;
            if meter::is_sampled(pod, self.at) {
                (total, sampled) = (total + used, sampled + 1);
            }
        }
        Some(match sampled {
            0 => {
                Err(format!("unable to get metrics for resource {kind}: no metrics returned from resource metrics API"))
            }
            sampled => Ok(total as f64 / f64::from(sampled)),
        })
    }

    fn per_pod(&self, metric: &Value) -> (i64, String, Value) {
        let wanted = milli(&metric["pods"]["target"]["averageValue"]).unwrap_or(1).max(1);
        let average = self.demand / self.ready.max(1) as f64;
        let status = json!({
            "type": "Pods",
            "pods": { "metric": metric["pods"]["metric"], "current": { "averageValue": quantity("", average) } },
        });
        (self.size(average / wanted as f64), format!("pods metric {}", text(metric, "/pods/metric/name")), status)
    }

    /// The size that brings the ratio to one, unless it is close enough.
    fn size(&self, ratio: f64) -> i64 {
        if (ratio - 1.0).abs() <= TOLERANCE {
            return self.asked;
        }
        let all = i64::try_from(self.pods.len()).unwrap_or(0);
        if ratio > 1.0 && all > self.ready {
            // Pods that are not ready yet count as idle, so that a slow start does not scale twice.
            let calmer = ratio * self.ready as f64 / all as f64;
            if calmer <= 1.0 + TOLERANCE {
                return self.asked;
            }
            return ((calmer * all as f64).ceil() as i64).max(self.asked);
        }
        (ratio * self.ready as f64).ceil() as i64
    }

    /// Thousandths that each pod requests.
    fn request(&self, kind: &str, container: &str) -> Result<i64, String> {
        let mut total = 0;
        for pod in self.pods.iter().filter(|p| is_ready(p)) {
            for each in items(pod, "/spec/containers").iter().filter(|c| container.is_empty() || c["name"] == container)
            {
                let request = each.pointer(&format!("/resources/requests/{kind}")).and_then(milli);
                let missing = || {
                    let (container, pod) = (text(each, "/name"), name(pod));
                    format!("missing request for {kind} in container {container} of Pod {pod}")
                };
                total += request.ok_or_else(missing)?;
            }
        }
        Ok(total / self.ready.max(1))
    }
}

/// A quantity from thousandths: millicores, bytes, or a plain number.
fn quantity(kind: &str, thousandths: f64) -> String {
    if kind == "memory" {
        format!("{}", (thousandths / 1000.0) as i64)
    } else {
        format!("{}m", thousandths.round() as i64)
    }
}
