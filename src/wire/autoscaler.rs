//! HorizontalPodAutoscalers, `autoscaling/v2`.

use super::{Condition, Metadata, nullable};
use serde::Deserialize;

/// A HorizontalPodAutoscaler.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Autoscaler {
    /// `metadata`.
    #[serde(deserialize_with = "nullable")]
    pub metadata: Metadata,
    /// `spec`.
    #[serde(deserialize_with = "nullable")]
    pub spec: AutoscalerSpec,
    /// `status`.
    #[serde(deserialize_with = "nullable")]
    pub status: AutoscalerStatus,
}

/// `spec` of an autoscaler.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AutoscalerSpec {
    /// `scaleTargetRef`.
    #[serde(deserialize_with = "nullable")]
    pub scale_target_ref: Target,
    /// `minReplicas`; 1 where it is left out.
    pub min_replicas: Option<u32>,
    /// `maxReplicas`.
    #[serde(deserialize_with = "nullable")]
    pub max_replicas: u32,
    /// `metrics`.
    #[serde(deserialize_with = "nullable")]
    pub metrics: Vec<MetricSource>,
}

/// What is scaled.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Target {
    /// `kind`.
    #[serde(deserialize_with = "nullable")]
    pub kind: Box<str>,
    /// `name`.
    #[serde(deserialize_with = "nullable")]
    pub name: Box<str>,
}

/// `status` of an autoscaler.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AutoscalerStatus {
    /// `currentReplicas`.
    #[serde(deserialize_with = "nullable")]
    pub current_replicas: u32,
    /// `desiredReplicas`; 0 where it has no metrics.
    #[serde(deserialize_with = "nullable")]
    pub desired_replicas: u32,
    /// `currentMetrics`; one with an empty type where it has none.
    #[serde(deserialize_with = "nullable")]
    pub current_metrics: Vec<MetricSource>,
    /// `conditions`.
    #[serde(deserialize_with = "nullable")]
    pub conditions: Vec<Condition>,
}

/// One metric of spec (with `target`) or status (with `current`): exactly the member that `kind` names is set.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MetricSource {
    /// `Resource`, `ContainerResource`, `Pods`, `Object` or `External`.
    #[serde(rename = "type", deserialize_with = "nullable")]
    pub kind: Box<str>,
    resource: Option<MetricValue>,
    container_resource: Option<MetricValue>,
    pods: Option<MetricValue>,
    object: Option<MetricValue>,
    external: Option<MetricValue>,
}

impl MetricSource {
    /// The member that `kind` names.
    pub fn value(&self) -> Option<&MetricValue> {
        match &*self.kind {
            "Resource" => self.resource.as_ref(),
            "ContainerResource" => self.container_resource.as_ref(),
            "Pods" => self.pods.as_ref(),
            "Object" => self.object.as_ref(),
            "External" => self.external.as_ref(),
            _ => None,
        }
    }
}

/// The inner part of a metric.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct MetricValue {
    #[serde(deserialize_with = "nullable")]
    name: Box<str>,
    #[serde(deserialize_with = "nullable")]
    container: Box<str>,
    #[serde(deserialize_with = "nullable")]
    metric: Target,
    /// `target`, in spec.
    #[serde(deserialize_with = "nullable")]
    pub target: MetricValues,
    /// `current`, in status.
    #[serde(deserialize_with = "nullable")]
    pub current: MetricValues,
}

impl MetricValue {
    /// What is measured: `cpu`, `web/cpu` for a container's, or the metric's own name.
    pub fn name(&self) -> String {
        match (&*self.container, &*self.name, &*self.metric.name) {
            ("", "", metric) => metric.to_owned(),
            ("", resource, _) => resource.to_owned(),
            (container, resource, _) => format!("{container}/{resource}"),
        }
    }
}

/// A value in whichever of three ways it is given.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MetricValues {
    /// `averageUtilization`, in percent of what the pods request.
    pub average_utilization: Option<i64>,
    /// `averageValue`, a quantity per pod.
    pub average_value: Option<Box<str>>,
    /// `value`, a quantity.
    pub value: Option<Box<str>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_autoscaler_without_metrics_decodes() {
        let autoscaler: Autoscaler = serde_json::from_str(
            r#"{"spec":{"maxReplicas":5,"metrics":[{"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":60}}}],
                "scaleTargetRef":{"kind":"Deployment","name":"web"}},
                "status":{"currentReplicas":2,"desiredReplicas":0,"currentMetrics":[{"type":""}],
                "conditions":[{"type":"ScalingActive","status":"False","reason":"FailedGetResourceMetric","message":"no metrics"}]}}"#,
        )
        .unwrap();
        assert_eq!(autoscaler.spec.metrics[0].value().unwrap().name(), "cpu");
        assert!(autoscaler.status.current_metrics[0].value().is_none());
    }
}
