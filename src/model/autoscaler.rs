//! HorizontalPodAutoscalers.

use super::{Blocker, Cause, Labels, ObjectRef, ScalingTrouble, quantity};
use jiff::Timestamp;
use serde::Serialize;

/// One metric of an autoscaler, values formatted in the metric's own unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Metric {
    /// What is measured: `cpu`, `requests_per_second`.
    pub name: Box<str>,
    /// The metric's source type: `Resource`, `ContainerResource`, `Pods`, `Object` or `External`.
    #[serde(rename = "type")]
    pub source: Box<str>,
    /// The current value, or None where the autoscaler has none (`<unknown>`).
    pub current: Option<Box<str>>,
    /// The value aimed at.
    pub target: Box<str>,
}

impl Metric {
    /// How full it is, in percent of its target; None where that is not known.
    pub fn percent(&self) -> Option<f64> {
        // Both are percentages, or both quantities.
        let number = |text: &str| quantity::value(text.trim_end_matches('%'));
        let target = number(&self.target).filter(|target| *target > 0.0)?;
        Some(number(self.current.as_deref()?)? / target * 100.0)
    }
}

/// One condition of an autoscaler's status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AutoscalerCondition {
    /// `AbleToScale`, `ScalingActive` or `ScalingLimited`.
    #[serde(rename = "type")]
    pub kind: Box<str>,
    /// `True`, `False` or `Unknown`.
    pub status: Box<str>,
    /// The reason as one word.
    pub reason: Box<str>,
    /// The sentence that explains it.
    pub message: Box<str>,
}

/// A HorizontalPodAutoscaler, reduced to what is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Autoscaler {
    /// Which object this is.
    pub object: ObjectRef,
    /// What it scales.
    pub target: ObjectRef,
    /// The least replicas it allows.
    pub min: u32,
    /// The most replicas it allows.
    pub max: u32,
    /// Replicas now.
    pub current: u32,
    /// Replicas it asks for.
    pub desired: u32,
    /// Its metrics, in the order of its spec.
    pub metrics: Vec<Metric>,
    /// Its conditions.
    pub conditions: Vec<AutoscalerCondition>,
    /// When the object was created.
    pub created: Option<Timestamp>,
    /// Its labels.
    pub labels: Labels,
}

impl Autoscaler {
    /// Why it cannot scale, in its own words; None while it can.
    pub fn trouble(&self) -> Option<&str> {
        self.conditions
            .iter()
            // What somebody scaled to zero is to be left alone.
            .find(|c| {
                matches!(&*c.kind, "AbleToScale" | "ScalingActive")
                    && &*c.status == "False"
                    && &*c.reason != "ScalingDisabled"
            })
            .map(|c| &*c.message)
    }

    /// What stops it from scaling: that it cannot, or that it may not go as far as it wants to.
    pub fn blocker(&self) -> Option<Blocker> {
        let why = match self.trouble() {
            // Before its first look it says nothing yet.
            Some(told) if !told.is_empty() => ScalingTrouble::told(told),
            Some(_) => return None,
            None if self.is_at_maximum() => ScalingTrouble::AtMaximum { max: self.max, metric: self.furthest_above() },
            None => return None,
        };
        Some(Blocker::of(Cause::Scaling { autoscaler: (&*self.object.name).into(), why }, None))
    }

    /// Whether it would ask for more replicas than it may have.
    fn is_at_maximum(&self) -> bool {
        let limited = |c: &AutoscalerCondition| {
            &*c.kind == "ScalingLimited" && &*c.status == "True" && &*c.reason == "TooManyReplicas"
        };
        self.max > 0 && self.current >= self.max && self.conditions.iter().any(limited)
    }

    /// The metric that is furthest above its target.
    fn furthest_above(&self) -> Option<(Box<str>, Box<str>, Box<str>)> {
        let full = |metric| Metric::percent(metric).filter(|percent| *percent > 100.0).map(|percent| (percent, metric));
        let (_, metric) = self.metrics.iter().filter_map(full).max_by(|a, b| a.0.total_cmp(&b.0))?;
        Some((metric.name.clone(), metric.current.clone()?, metric.target.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Kind;

    fn scaler(conditions: &[(&str, &str, &str, &str)]) -> Autoscaler {
        let metric = |name: &str, current: &str, target: &str| Metric {
            name: name.into(),
            source: "Resource".into(),
            current: Some(current.into()),
            target: target.into(),
        };
        let condition = |(kind, status, reason, message): &(&str, &str, &str, &str)| AutoscalerCondition {
            kind: (*kind).into(),
            status: (*status).into(),
            reason: (*reason).into(),
            message: (*message).into(),
        };
        Autoscaler {
            object: ObjectRef::new(Kind::HorizontalPodAutoscaler, "shop", "web"),
            target: ObjectRef::new(Kind::Deployment, "shop", "web"),
            min: 2,
            max: 10,
            current: 10,
            desired: 10,
            metrics: vec![metric("memory", "512Mi", "1Gi"), metric("cpu", "140%", "70%"), metric("rps", "90", "80")],
            conditions: conditions.iter().map(condition).collect(),
            created: None,
            labels: Labels::default(),
        }
    }

    #[test]
    fn what_it_cannot_do_is_said_in_its_own_words() {
        let told = "the HPA was unable to compute the replica count: no metrics known";
        let blocker = scaler(&[("ScalingActive", "False", "FailedGetResourceMetric", told)]).blocker().unwrap();
        assert_eq!(blocker.message(), format!("autoscaler web cannot scale: {told}"));
        assert_eq!(scaler(&[("AbleToScale", "True", "ReadyForNewScale", "ready")]).blocker(), None);
    }

    #[test]
    fn at_its_maximum_the_metric_that_wants_more_is_named() {
        let limited =
            ("ScalingLimited", "True", "TooManyReplicas", "the desired replica count is more than the maximum");
        let mut scaler = scaler(&[limited]);
        let message = scaler.blocker().unwrap().message();
        assert_eq!(message, "autoscaler web is at its maximum of 10 and wants more: cpu is at 140%, its target is 70%");
        scaler.current = 9;
        assert_eq!(scaler.blocker(), None, "on its way there is nothing to say");
    }

    #[test]
    fn a_metric_is_as_full_as_its_quantities_say() {
        let percent = |current: &str, target: &str| {
            let mut scaler = scaler(&[]);
            let metric = &mut scaler.metrics[0];
            (metric.current, metric.target) = (Some(current.into()), target.into());
            metric.percent()
        };
        assert_eq!(percent("35%", "70%"), Some(50.0));
        assert_eq!(percent("450m", "1"), Some(45.0));
        assert_eq!(percent("2Gi", "1024Mi"), Some(200.0));
        assert_eq!((percent("many", "1"), percent("1", "0")), (None, None));
    }
}
