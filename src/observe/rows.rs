//! From the wire to rows: the fields that are shown, with their meaning.
//!
//! Pure. Strings that repeat over thousands of rows are kept once.

use super::{amounts::amount, argo, owners, revisions, rollout};
use crate::{
    formats,
    model::{
        Autoscaler, AutoscalerCondition, Container, CronJob, Health, Job, JobState, Kind, Labels, Metric, Namespace,
        Node, ObjectRef, Pressed, Pressure, Readiness, Release, ReleaseStatus, Route, Workload, quantity,
    },
    wire,
};
use std::{collections::HashSet, sync::Arc};

/// Strings that repeat: namespaces, container names, images, labels.
#[derive(Debug, Default)]
pub(super) struct Interner {
    known: HashSet<Arc<str>>,
    /// At how many strings those that no row has any more are forgotten.
    full: usize,
}

impl Interner {
    pub fn intern(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.known.get(text) {
            return known.clone();
        }
        if self.known.len() >= self.full {
            self.known.retain(|text| Arc::strong_count(text) > 1);
            self.full = (self.known.len() * 2).max(1024);
        }
        let new: Arc<str> = text.into();
        self.known.insert(new.clone());
        new
    }

    /// An object's labels: of most, only the values are its own.
    fn labels(&mut self, metadata: &wire::Metadata) -> Labels {
        metadata.labels.iter().map(|(key, value)| (self.intern(key), self.intern(value))).collect()
    }

    pub fn object(&mut self, kind: Kind, metadata: &wire::Metadata) -> ObjectRef {
        ObjectRef { kind, namespace: self.intern(&metadata.namespace), name: (&*metadata.name).into() }
    }
}

/// Numbers of a status are never negative; a nonsensical one is zero.
fn count(number: i64) -> u32 {
    u32::try_from(number.max(0)).unwrap_or(u32::MAX)
}

/// A Deployment, StatefulSet, DaemonSet or Argo Rollout.
pub(super) fn workload(kind: Kind, wire: &wire::Workload, interner: &mut Interner) -> Workload {
    let status = &wire.status;
    let (ready, updated, available) = match kind {
        Kind::DaemonSet => (status.number_ready, status.updated_number_scheduled, status.number_available),
        _ => (status.ready_replicas, status.updated_replicas, status.available_replicas),
    };
    Workload {
        object: interner.object(kind, &wire.metadata),
        uid: wire.metadata.uid.clone(),
        desired: count(rollout::desired(kind, wire)),
        ready: count(ready),
        updated: count(updated),
        available: count(available),
        revision: wire.metadata.annotations.get(revisions::number_in(kind)).and_then(|r| r.parse().ok()),
        containers: containers(&wire.spec.template, interner),
        rollout: rollout::verdict(kind, wire),
        owner: owners::owner(kind, &wire.metadata),
        created: wire.metadata.creation_timestamp,
        changed: status.condition("Progressing").and_then(|c| c.last_update_time.or(c.last_transition_time)),
        labels: interner.labels(&wire.metadata),
        delivery: (kind == Kind::Rollout).then(|| Box::new(argo::delivery(wire))),
    }
}

fn containers(template: &wire::PodTemplate, interner: &mut Interner) -> Vec<Container> {
    let of = |c: &wire::Container, interner: &mut Interner| Container {
        name: interner.intern(&c.name),
        image: interner.intern(&c.image),
    };
    template.spec.containers.iter().map(|c| of(c, interner)).collect()
}

/// An autoscaler; None where it scales a kind that is not followed here.
pub(super) fn autoscaler(wire: &wire::Autoscaler, interner: &mut Interner) -> Option<Autoscaler> {
    let object = interner.object(Kind::HorizontalPodAutoscaler, &wire.metadata);
    let target = &wire.spec.scale_target_ref;
    let target = ObjectRef::new(Kind::from_name(&target.kind)?, object.namespace.clone(), &*target.name);
    let value = |values: &wire::MetricValues| -> Option<Box<str>> {
        match (values.average_utilization, &values.average_value, &values.value) {
            (Some(percent), _, _) => Some(format!("{percent}%").into()),
            (None, Some(average), _) => Some(average.clone()),
            (None, None, total) => total.clone(),
        }
    };
    let metrics = wire.spec.metrics.iter().filter_map(|metric| {
        let wanted = metric.value()?;
        let name = wanted.name();
        let now = wire.status.current_metrics.iter().filter(|m| m.kind == metric.kind).find_map(|m| {
            let now = m.value()?;
            (now.name() == name).then_some(&now.current)
        });
        // A utilisation comes together with the average it was computed from: show what the target is given in.
        let now = now.and_then(|now| match (&wanted.target.average_utilization, now.average_utilization) {
            (None, Some(_)) => value(&wire::MetricValues { average_utilization: None, ..now.clone() }),
            _ => value(now),
        });
        Some(Metric {
            name: name.into(),
            source: metric.kind.clone(),
            current: now,
            target: value(&wanted.target).unwrap_or_default(),
        })
    });
    let conditions = wire.status.conditions.iter().map(|c| AutoscalerCondition {
        kind: c.kind.clone(),
        status: c.status.clone(),
        reason: c.reason.clone(),
        message: c.message.clone(),
    });
    Some(Autoscaler {
        object,
        target,
        min: wire.spec.min_replicas.unwrap_or(1),
        max: wire.spec.max_replicas,
        current: wire.status.current_replicas,
        desired: wire.status.desired_replicas,
        metrics: metrics.collect(),
        conditions: conditions.collect(),
        created: wire.metadata.creation_timestamp,
        labels: interner.labels(&wire.metadata),
    })
}

/// A Job.
pub(super) fn job(wire: &wire::Job, interner: &mut Interner) -> Job {
    let ended = |kind: &str| wire.status.conditions.iter().find(|c| &*c.kind == kind && &*c.status == "True");
    let (state, finished) = match (ended("Complete"), ended("Failed")) {
        (Some(complete), _) => (JobState::Complete, wire.status.completion_time.or(complete.last_transition_time)),
        (None, Some(failed)) => (JobState::Failed(failed.reason.to_string()), failed.last_transition_time),
        (None, None) if wire.spec.suspend => (JobState::Suspended, None),
        (None, None) => (JobState::Running, None),
    };
    let image = wire.spec.template.spec.containers.first().map(|c| c.image.clone());
    Job {
        object: interner.object(Kind::Job, &wire.metadata),
        state,
        active: wire.status.active,
        ready: wire.status.ready,
        succeeded: wire.status.succeeded,
        failed: wire.status.failed,
        completions: wire.spec.completions.unwrap_or(1),
        image: image.unwrap_or_default(),
        owner: owners::owner(Kind::Job, &wire.metadata),
        started: wire.status.start_time,
        finished,
        labels: interner.labels(&wire.metadata),
    }
}

/// A CronJob. Its next run is counted from its last one, so that a run that is overdue is seen to be.
pub(super) fn cron_job(wire: &wire::CronJob, interner: &mut Interner) -> CronJob {
    let (spec, status) = (&wire.spec, &wire.status);
    let created = wire.metadata.creation_timestamp;
    let since = status.last_schedule_time.or(created).filter(|_| !spec.suspend);
    let image = spec.job_template.spec.template.spec.containers.first().map(|c| c.image.clone());
    CronJob {
        object: interner.object(Kind::CronJob, &wire.metadata),
        schedule: spec.schedule.clone(),
        time_zone: spec.time_zone.clone(),
        suspended: spec.suspend,
        active: u32::try_from(status.active.len()).unwrap_or(u32::MAX),
        last_run: status.last_schedule_time,
        last_success: status.last_successful_time,
        next: since.and_then(|since| formats::schedule::next(&spec.schedule, spec.time_zone.as_deref(), since)),
        image: image.unwrap_or_default(),
        owner: owners::owner(Kind::CronJob, &wire.metadata),
        created,
        labels: interner.labels(&wire.metadata),
    }
}

/// A revision of a Helm release. What cannot be unpacked is still named by its labels.
pub(super) fn release(wire: &wire::ReleaseSecret, interner: &mut Interner) -> Release {
    let object = interner.object(Kind::Secret, &wire.metadata);
    let label = |key: &str| wire.metadata.labels.get(key).map_or("", |value| &**value);
    let updated = label("modifiedAt").parse().ok().and_then(|at| jiff::Timestamp::from_second(at).ok());
    let (told, trouble) = match formats::release::release(&wire.data.release) {
        Ok(told) => (told, None),
        Err(why) => (wire::Release::default(), Some(format!("the Secret {} cannot be read: {why}", object.name))),
    };
    let chart = &told.chart.metadata;
    Release {
        name: interner.intern(label("name")),
        revision: label("version").parse().unwrap_or(told.version),
        status: ReleaseStatus::parse(label("status")),
        chart: interner.intern(format!("{} {}", chart.name, chart.version).trim()),
        app_version: (!chart.app_version.is_empty()).then(|| interner.intern(&chart.app_version)),
        description: trouble.unwrap_or_else(|| super::sentence(&told.info.description)).into(),
        updated: told.info.last_deployed.or(updated).or(wire.metadata.creation_timestamp),
        object,
    }
}

/// A node. Taints that repeat what its conditions and its cordon say are left out.
pub(super) fn node(wire: &wire::Node, interner: &mut Interner) -> Node {
    let condition = |kind: &str| wire.status.conditions.iter().find(|c| *c.kind == *kind);
    let ready = condition("Ready");
    let readiness = match ready.map(|c| &*c.status) {
        Some("True") => Readiness::Ready,
        Some("False") => Readiness::NotReady,
        _ => Readiness::Silent,
    };
    let trouble = ready.filter(|_| readiness != Readiness::Ready);
    let pressed = Pressure::ALL.into_iter().filter_map(|pressure| {
        let told = condition(pressure.condition()).filter(|c| &*c.status == "True")?;
        Some(Pressed { pressure, message: super::sentence(&told.message).into(), since: told.last_transition_time })
    });
    let known = |taint: &&wire::Taint| taint.key.starts_with("node.kubernetes.io/");
    let taint = |taint: &wire::Taint| match &*taint.value {
        "" => format!("{}:{}", taint.key, taint.effect).into(),
        value => format!("{}={value}:{}", taint.key, taint.effect).into(),
    };
    let labels = &wire.metadata.labels;
    let roles = labels.keys().filter_map(|key| key.strip_prefix("node-role.kubernetes.io/")).map(Into::into);
    Node {
        object: interner.object(Kind::Node, &wire.metadata),
        readiness,
        trouble: trouble.map(|c| (super::sentence(&c.message).into(), c.last_transition_time)),
        pressed: pressed.collect(),
        cordoned: wire.spec.unschedulable,
        taints: wire.spec.taints.iter().filter(|taint| !known(taint)).map(taint).collect(),
        roles: roles.collect(),
        zone: labels.get("topology.kubernetes.io/zone").cloned(),
        version: wire.status.node_info.kubelet_version.clone(),
        allocatable: amount(&wire.status.allocatable),
        pods: wire
            .status
            .allocatable
            .get("pods")
            .and_then(wire::Quantity::text)
            .and_then(|text| quantity::whole(&text)),
        created: wire.metadata.creation_timestamp,
        labels: interner.labels(&wire.metadata),
    }
}

/// A namespace.
pub(super) fn namespace(wire: &wire::Namespace, interner: &mut Interner) -> Namespace {
    Namespace {
        name: interner.intern(&wire.metadata.name),
        phase: wire.status.phase.clone(),
        created: wire.metadata.creation_timestamp,
        labels: interner.labels(&wire.metadata),
        contact: formats::namespace::contact(&wire.metadata).map(|contact| interner.intern(&contact)),
        owner: owners::owner(Kind::Namespace, &wire.metadata),
        commit: formats::namespace::commit(&wire.metadata).map(Into::into),
    }
}

/// An HTTPRoute. Its split is the first one that has two sides; rules for single headers are no split of the traffic.
pub(super) fn route(wire: &wire::HttpRoute, interner: &mut Interner) -> Route {
    let by_header = |rule: &&wire::Rule| rule.matches.iter().any(|m| !m.headers.is_empty());
    let mut rules = wire.spec.rules.iter().filter(|rule| !by_header(rule) && !rule.backend_refs.is_empty());
    let first = rules.clone().next();
    let split = rules.find(|rule| rule.backend_refs.len() > 1).or(first);
    let weights: Vec<(&str, u32)> =
        split.iter().flat_map(|rule| &rule.backend_refs).map(|b| (&*b.name, b.weight.unwrap_or(1))).collect();
    let (health, reason) = acceptance(wire);
    Route {
        object: interner.object(Kind::HttpRoute, &wire.metadata),
        hosts: wire.spec.hostnames.clone(),
        backends: Route::shares(&weights),
        health,
        reason,
        created: wire.metadata.creation_timestamp,
        labels: interner.labels(&wire.metadata),
    }
}

/// Whether every parent has accepted the route as it stands.
fn acceptance(wire: &wire::HttpRoute) -> (Health, Option<String>) {
    let parents = &wire.status.parents;
    if parents.is_empty() {
        return (Health::Unknown, Some("no gateway controller has reported on it".into()));
    }
    if parents.len() < wire.spec.parent_refs.len() {
        return (Health::Progressing, Some("not every gateway has reported on it yet".into()));
    }
    for parent in parents {
        for wanted in ["Accepted", "ResolvedRefs"] {
            let Some(condition) = parent.conditions.iter().find(|c| &*c.kind == wanted) else {
                return (Health::Progressing, Some(format!("the gateway has not reported {wanted} yet")));
            };
            if condition.observed_generation < wire.metadata.generation {
                return (Health::Progressing, Some("the gateway has not taken up the last change yet".into()));
            }
            if &*condition.status != "True" {
                return (Health::Broken, Some(super::sentence(&condition.message)));
            }
        }
        if let Some(partly) = parent.conditions.iter().find(|c| &*c.kind == "PartiallyInvalid" && &*c.status == "True")
        {
            return (Health::Degraded, Some(super::sentence(&partly.message)));
        }
    }
    (Health::Healthy, None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn decode<T: serde::de::DeserializeOwned>(value: Value) -> T {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn strings_that_no_row_has_any_more_are_forgotten() {
        let mut interner = Interner::default();
        let kept = interner.intern("kept");
        for number in 0..5_000 {
            interner.intern(&format!("release-{number}"));
        }
        assert!(interner.known.len() < 2_000, "{}", interner.known.len());
        assert!(Arc::ptr_eq(&kept, &interner.intern("kept")));
    }

    #[test]
    fn a_node_tells_what_presses_it_and_what_it_has() {
        let wire = decode(json!({
            "metadata": {"name": "node-a", "labels": {"topology.kubernetes.io/zone": "eu-1a", "node-role.kubernetes.io/worker": ""}},
            "spec": {"unschedulable": true, "taints": [{"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"},
                {"key": "gpu", "value": "yes", "effect": "NoSchedule"}]},
            "status": {"allocatable": {"cpu": "3920m", "memory": "15Gi", "pods": "110"}, "nodeInfo": {"kubeletVersion": "v1.36.1"},
                "conditions": [{"type": "MemoryPressure", "status": "True", "message": "kubelet has insufficient memory available"},
                    {"type": "DiskPressure", "status": "False"}, {"type": "Ready", "status": "True"}]}
        }));
        let row = node(&wire, &mut Interner::default());
        assert_eq!(
            (row.readiness, row.pressed[0].pressure, row.pressed.len()),
            (Readiness::Ready, Pressure::Memory, 1)
        );
        assert_eq!((row.health(), row.cordoned, &*row.taints[0]), (Health::Degraded, true, "gpu=yes:NoSchedule"));
        assert_eq!((row.taints.len(), row.allocatable.cpu, row.pods), (1, Some(3920), Some(110)));
        let silent = node(
            &decode(
                json!({"status": {"conditions": [{"type": "Ready", "status": "Unknown", "message": "Kubelet stopped posting node status."}]}}),
            ),
            &mut Interner::default(),
        );
        assert_eq!((silent.readiness, silent.health()), (Readiness::Silent, Health::Broken));
    }

    #[test]
    fn a_missing_weight_is_one_and_header_rules_are_no_split() {
        let wire = decode(json!({
            "metadata": {"name": "web", "namespace": "shop", "generation": 2},
            "spec": {"parentRefs": [{"name": "gw"}], "rules": [
                {"matches": [{"headers": [{"name": "x-canary", "value": "1"}]}], "backendRefs": [{"name": "b", "weight": 100}]},
                {"backendRefs": [{"name": "a", "weight": 3}, {"name": "b"}]}
            ]},
            "status": {"parents": [{"conditions": [
                {"type": "Accepted", "status": "True", "observedGeneration": 2},
                {"type": "ResolvedRefs", "status": "True", "observedGeneration": 1}]}]}
        }));
        let route = route(&wire, &mut Interner::default());
        let shares: Vec<_> = route.backends.iter().map(|b| (&*b.name, b.weight, b.percent)).collect();
        assert_eq!(shares, [("a", 3, 75), ("b", 1, 25)]);
        assert_eq!(route.health, Health::Progressing, "an old observation accepts nothing");
    }

    #[test]
    fn a_route_nobody_reports_on_is_unknown() {
        assert_eq!(route(&decode(json!({"spec": {}})), &mut Interner::default()).health, Health::Unknown);
    }

    #[test]
    fn a_release_that_cannot_be_unpacked_is_named_by_its_labels() {
        let wire = decode(json!({
            "metadata": {"name": "sh.helm.release.v1.shop.v7", "namespace": "prod", "creationTimestamp": "2026-03-01T09:00:00Z",
                "labels": {"name": "shop", "owner": "helm", "status": "pending-upgrade", "version": "7", "modifiedAt": "1772355600"}},
            "data": {"release": "eA=="}
        }));
        let row = release(&wire, &mut Interner::default());
        assert_eq!((&*row.name, row.revision, row.status), ("shop", 7, ReleaseStatus::PendingUpgrade));
        assert_eq!((&*row.chart, row.updated), ("", "2026-03-01T09:00:00Z".parse().ok()));
        assert!(
            row.description.starts_with("the Secret sh.helm.release.v1.shop.v7 cannot be read"),
            "{}",
            row.description
        );
    }

    #[test]
    fn a_cron_job_is_due_from_its_last_run_unless_it_is_suspended() {
        let next = |suspend: bool, last: Value| {
            let wire = decode(json!({
                "metadata": {"name": "report", "namespace": "shop", "creationTimestamp": "2026-03-01T09:20:00Z"},
                "spec": {"schedule": "0 * * * *", "suspend": suspend,
                    "jobTemplate": {"spec": {"template": {"spec": {"containers": [{"image": "report:1"}]}}}}},
                "status": {"lastScheduleTime": last, "active": [{"name": "a"}]}
            }));
            let row = cron_job(&wire, &mut Interner::default());
            assert_eq!((&*row.image, row.active), ("report:1", 1));
            row.next.map(|next| next.to_string())
        };
        assert_eq!(next(false, json!(null)).as_deref(), Some("2026-03-01T10:00:00Z"));
        assert_eq!(next(false, json!("2026-03-02T10:00:00Z")).as_deref(), Some("2026-03-02T11:00:00Z"));
        assert_eq!(next(true, json!(null)), None);
    }

    #[test]
    fn only_conditions_end_a_job() {
        let state = |status: Value, suspend: bool| {
            job(&decode(json!({"spec": {"suspend": suspend}, "status": status})), &mut Interner::default()).state
        };
        let condition =
            |kind: &str| json!({"conditions": [{"type": kind, "status": "True", "reason": "BackoffLimitExceeded"}]});
        assert_eq!(state(json!({"failed": 1}), false), JobState::Running);
        assert_eq!(state(condition("FailureTarget"), false), JobState::Running);
        assert_eq!(state(condition("Failed"), false), JobState::Failed("BackoffLimitExceeded".into()));
        assert_eq!(state(condition("Complete"), false), JobState::Complete);
        assert_eq!(state(json!(null), true), JobState::Suspended);
    }

    #[test]
    fn an_autoscaler_without_metrics_says_why() {
        let wire = decode(json!({
            "metadata": {"name": "web", "namespace": "shop"},
            "spec": {"maxReplicas": 5, "scaleTargetRef": {"kind": "Deployment", "name": "web"}, "metrics": [
                {"type": "Resource", "resource": {"name": "cpu", "target": {"averageUtilization": 60}}},
                {"type": "Pods", "pods": {"metric": {"name": "rps"}, "target": {"averageValue": "100"}}}]},
            "status": {"desiredReplicas": 0, "currentMetrics": [{"type": ""}], "conditions": [
                {"type": "ScalingActive", "status": "False", "reason": "FailedGetResourceMetric", "message": "no metrics known"}]}
        }));
        let row = autoscaler(&wire, &mut Interner::default()).unwrap();
        assert_eq!((row.min, row.max), (1, 5));
        assert_eq!(row.metrics[0].current, None);
        assert_eq!((&*row.metrics[1].name, &*row.metrics[1].target), ("rps", "100"));
        assert_eq!(row.trouble(), Some("no metrics known"));
    }

    #[test]
    fn an_autoscaler_of_something_else_is_left_out() {
        let wire = decode(json!({"spec": {"scaleTargetRef": {"kind": "GameServerFleet", "name": "web"}}}));
        assert!(autoscaler(&wire, &mut Interner::default()).is_none());
    }

    #[test]
    fn a_daemon_set_counts_nodes() {
        let wire = decode(
            json!({"status": {"desiredNumberScheduled": 3, "numberReady": 2, "updatedNumberScheduled": 3, "numberAvailable": 2}}),
        );
        let row = workload(Kind::DaemonSet, &wire, &mut Interner::default());
        assert_eq!((row.desired, row.ready, row.updated, row.available), (3, 2, 3, 2));
        assert!(row.needs_inspection());
    }
}
