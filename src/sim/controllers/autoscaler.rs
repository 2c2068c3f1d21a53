//! The horizontal pod autoscaler: demand divided by what serves, within its limits, slowly downwards.
//!
//! Invariant: it looks every 15 seconds, writes `spec.replicas` of its target only when the answer differs, and says by condition
//! why it could not, as the real one does.

mod metrics;

use super::{
    cluster::{Cluster, after},
    object::{fnv, generation, int, items, namespace, put_condition, set, text, time, uid},
};
use crate::sim::{
    resource::{Resource, resources},
    store::Part,
};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

const COMPONENT: &str = "horizontal-pod-autoscaler";
/// Seconds between two looks.
const PERIOD: f64 = 15.0;

/// What each autoscaler remembers, by uid.
pub type Memory = HashMap<String, Past>;

/// One autoscaler's recent recommendations.
#[derive(Default)]
pub struct Past {
    recommended: VecDeque<(Timestamp, i64)>,
    next: Option<Timestamp>,
    spec: u64,
}

/// Reads the metrics and scales; in between it only waits.
pub fn reconcile(cluster: &mut Cluster, namespace: &str, name: &str) -> Option<Timestamp> {
    let scaler = cluster.store.get(&resources::HORIZONTAL_POD_AUTOSCALERS, namespace, name)?;
    let mut past = cluster.autoscalers.remove(uid(&scaler)).unwrap_or_default();
    let spec = fnv(&[&scaler["spec"].to_string()]);
    let due = past.next.is_none_or(|at| at <= cluster.now()) || past.spec != spec;
    if due {
        look(cluster, &scaler, &mut past);
        past.spec = spec;
        past.next = Some(after(cluster.now(), PERIOD));
    }
    let next = past.next;
    cluster.autoscalers.insert(uid(&scaler).to_owned(), past);
    next
}

/// What a look found.
struct Look<'a> {
    cluster: &'a Cluster,
    scaler: &'a Value,
    status: Value,
}

fn target(cluster: &Cluster, scaler: &Value) -> Option<(&'static Resource, Arc<Value>)> {
    let reference = &scaler["spec"]["scaleTargetRef"];
    let resource = match text(reference, "/kind") {
        "Deployment" => &resources::DEPLOYMENTS,
        "StatefulSet" => &resources::STATEFUL_SETS,
        "ReplicaSet" => &resources::REPLICA_SETS,
        _ => return None,
    };
    Some((resource, cluster.store.get(resource, namespace(scaler), text(reference, "/name"))?))
}

fn look(cluster: &Cluster, scaler: &Value, past: &mut Past) {
    let status = if scaler["status"].is_object() { scaler["status"].clone() } else { json!({}) };
    let mut look = Look { cluster, scaler, status };
    look.run(past);
    cluster.write_status(&resources::HORIZONTAL_POD_AUTOSCALERS, scaler, look.status);
}

impl Look<'_> {
    fn say(&mut self, kind: &str, value: &str, reason: &str, message: &str) {
        let old = super::object::condition(&self.status, kind).filter(|c| c["status"] == value);
        let since = old.map_or_else(|| time(self.cluster.now()).into(), |c| c["lastTransitionTime"].clone());
        put_condition(
            &mut self.status,
            json!({"type": kind, "status": value, "lastTransitionTime": since, "reason": reason, "message": message}),
        );
    }

    fn warn(&self, reason: &str, message: &str) {
        self.cluster.event(self.scaler, "Warning", reason, message, COMPONENT);
    }

    fn counts(&mut self, current: i64, desired: i64) {
        if generation(self.scaler) > 0 {
            set(&mut self.status, &["observedGeneration"], generation(self.scaler));
        }
        set(&mut self.status, &["currentReplicas"], current);
        set(&mut self.status, &["desiredReplicas"], desired);
    }

    fn run(&mut self, past: &mut Past) {
        let Some((resource, workload)) = target(self.cluster, self.scaler) else {
            let reference = &self.scaler["spec"]["scaleTargetRef"];
            let plural = format!("{}s", text(reference, "/kind").to_lowercase());
            let what = format!("{plural}.apps \"{}\" not found", text(reference, "/name"));
            let message = format!("the HPA controller was unable to get the target's current scale: {what}");
            self.say("AbleToScale", "False", "FailedGetScale", &message);
            self.warn("FailedGetScale", &what);
            self.counts(0, 0);
            return;
        };
        let message = "the HPA controller was able to get the target's current scale";
        self.say("AbleToScale", "True", "SucceededGetScale", message);
        let asked = int(&workload, "/spec/replicas").unwrap_or(1);
        let least = int(self.scaler, "/spec/minReplicas").unwrap_or(1);
        let most = int(self.scaler, "/spec/maxReplicas").unwrap_or(1);
        if asked == 0 && least != 0 {
            let message = "scaling is disabled since the replica count of the target is zero";
            self.say("ScalingActive", "False", "ScalingDisabled", message);
            self.counts(asked, 0);
            return;
        }
        let (desired, reason) = if asked > most {
            (most, "Current number of replicas above Spec.MaxReplicas".to_owned())
        } else if asked < least {
            (least, "Current number of replicas below Spec.MinReplicas".to_owned())
        } else {
            match metrics::recommend(self.cluster, self.scaler, &workload, asked) {
                Ok(found) => {
                    set(&mut self.status, &["currentMetrics"], found.statuses);
                    let message =
                        format!("the HPA was able to successfully calculate a replica count from {}", found.metric);
                    self.say("ScalingActive", "True", "ValidMetricFound", &message);
                    let reason = if found.replicas > asked {
                        format!("{} above target", found.metric)
                    } else {
                        "All metrics below target".into()
                    };
                    (self.limit(past, asked, found.replicas, least, most), reason)
                }
                Err(problem) => {
                    let message = format!("the HPA was unable to compute the replica count: {}", problem.short);
                    self.say("ScalingActive", "False", problem.reason, &message);
                    self.warn(problem.reason, &problem.short);
                    let total = items(self.scaler, "/spec/metrics").len().max(1);
                    let first = format!("first error is: {}", problem.long);
                    let message = format!("invalid metrics ({total} invalid out of {total}), {first}");
                    self.warn("FailedComputeMetricsReplicas", &message);
                    set(&mut self.status, &["currentMetrics"], json!([{ "type": "" }]));
                    let desired = int(&self.status, "/desiredReplicas").unwrap_or(0);
                    self.counts(asked, desired);
                    return;
                }
            }
        };
        if desired != asked {
            self.rescale(resource, &workload, desired, &reason);
        }
        self.counts(asked, desired);
    }

    fn rescale(&mut self, resource: &'static Resource, workload: &Value, desired: i64, reason: &str) {
        let edited = self.cluster.edit(resource, workload, Part::Whole, |w| set(w, &["spec", "replicas"], desired));
        match edited {
            Ok(_) => {
                let message = format!("the HPA controller was able to update the target scale to {desired}");
                self.say("AbleToScale", "True", "SucceededRescale", &message);
                set(&mut self.status, &["lastScaleTime"], time(self.cluster.now()));
                let message = format!("New size: {desired}; reason: {reason}");
                self.cluster.event(self.scaler, "Normal", "SuccessfulRescale", &message, COMPONENT);
            }
            Err(failed) => {
                let message = format!("the HPA controller was unable to update the target scale: {}", failed.message);
                self.say("AbleToScale", "False", "FailedUpdateScale", &message);
                self.warn(
                    "FailedRescale",
                    &format!("New size: {desired}; reason: {reason}; error: {}", failed.message),
                );
            }
        }
    }

    /// Stabilises the recommendation and keeps it within the policies and limits.
    fn limit(&mut self, past: &mut Past, current: i64, recommended: i64, least: i64, most: i64) -> i64 {
        let now = self.cluster.now();
        let behaviour = &self.scaler["spec"]["behavior"];
        let down = int(behaviour, "/scaleDown/stabilizationWindowSeconds").unwrap_or(300);
        let up = int(behaviour, "/scaleUp/stabilizationWindowSeconds").unwrap_or(0);
        past.recommended.push_back((now, recommended));
        let oldest = after(now, -(down.max(up) as f64));
        while past.recommended.front().is_some_and(|(at, _)| *at < oldest) {
            past.recommended.pop_front();
        }
        let within = |seconds: i64| {
            let from = after(now, -(seconds as f64));
            past.recommended.iter().filter(move |(at, _)| *at >= from).map(|(_, n)| *n)
        };
        let ceiling = within(up).min().unwrap_or(recommended).min(recommended).max(current.min(recommended));
        let floor = within(down).max().unwrap_or(recommended).max(recommended);
        let stable = if recommended > current { ceiling.max(current) } else { floor.min(current) };
        if stable > recommended && stable <= current && recommended < current {
            let message =
                "recent recommendations were higher than current one, applying the highest recent recommendation";
            self.say("AbleToScale", "True", "ScaleDownStabilized", message);
        } else {
            self.say("AbleToScale", "True", "ReadyForNewScale", "recommended size matches current size");
        }
        let step = if stable > current {
            policy(&behaviour["scaleUp"], current, &[("Pods", 4), ("Percent", 100)])
                .map_or(current, |p| stable.min(current + p))
        } else if stable < current {
            policy(&behaviour["scaleDown"], current, &[("Percent", 100)]).map_or(current, |p| stable.max(current - p))
        } else {
            stable
        };
        if step < least || (stable < least && step == least) {
            let message = "the desired replica count is less than the minimum replica count";
            self.say("ScalingLimited", "True", "TooFewReplicas", message);
        } else if step > most {
            let message = "the desired replica count is more than the maximum replica count";
            self.say("ScalingLimited", "True", "TooManyReplicas", message);
        } else {
            let message = "the desired count is within the acceptable range";
            self.say("ScalingLimited", "False", "DesiredWithinRange", message);
        }
        step.clamp(least, most.max(least))
    }
}

/// How many replicas may be added or removed at once; `None` when the direction is disabled.
fn policy(rules: &Value, current: i64, default: &[(&str, i64)]) -> Option<i64> {
    let selected = text(rules, "/selectPolicy");
    if selected == "Disabled" {
        return None;
    }
    let own: Vec<(&str, i64)> =
        items(rules, "/policies").iter().map(|p| (text(p, "/type"), int(p, "/value").unwrap_or(0))).collect();
    let policies = if own.is_empty() { default } else { &own };
    let sizes = policies.iter().map(|(kind, value)| match *kind {
        "Percent" => (current * value + 99).div_euclid(100),
        _ => *value,
    });
    if selected == "Min" { sizes.min() } else { sizes.max() }
}
