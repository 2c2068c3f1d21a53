//! What `pilothouse status` prints: the JSON contract as serde structs, made from rows.
//!
//! Fields may be added, never renamed.

use crate::{
    model::{
        Autoscaler, AutoscalerCondition, Backend, Blocker, BlockerKind, Delivery, Health, Job, JobState, Kind, Metric,
        ObjectRef, Owner, Remedy, RolloutState, Route, Rows, Sync, Workload, image::ImageReference,
    },
    time::age,
};
use jiff::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;

/// The version of the contract.
pub const API_VERSION: &str = "pilothouse/v1";

/// The whole document.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// [`API_VERSION`].
    pub api_version: &'static str,
    /// The kubeconfig context.
    pub context: String,
    /// Who has reserved the cluster; null where nobody has, or it may not be read.
    pub reservation: Option<ReservationRow>,
    /// Kinds that could not be listed, with the reason: what is missing below is not known to be absent.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<UnknownRow>,
    /// Namespaces with the roll-up of their workloads.
    pub namespaces: Vec<NamespaceRow>,
    /// Workloads, what needs attention first.
    pub workloads: Vec<WorkloadRow>,
    /// Autoscalers.
    pub autoscalers: Vec<AutoscalerRow>,
    /// Jobs.
    pub jobs: Vec<JobRow>,
    /// Routes.
    pub routes: Vec<RouteRow>,
}

/// A reservation of the cluster.
#[derive(Debug, Serialize)]
pub struct ReservationRow {
    /// Who holds it, as `user@host`.
    pub holder: String,
    /// When it ends by itself, by the holder's clock.
    pub until: Timestamp,
    /// What for.
    pub why: Option<String>,
}

/// A kind that could not be listed.
#[derive(Debug, Serialize)]
pub struct UnknownRow {
    /// The kind.
    pub kind: Kind,
    /// The namespace, where only one is concerned.
    pub namespace: Option<String>,
    /// Why.
    pub reason: String,
}

/// A namespace.
#[derive(Debug, Serialize)]
pub struct NamespaceRow {
    /// Its name.
    pub name: String,
    /// `Active` or `Terminating`; `Unknown` where namespaces may not be read.
    pub phase: String,
    /// The worst health of its workloads.
    pub health: Health,
}

/// A container with its image taken apart.
#[derive(Debug, Serialize)]
pub struct ContainerRow {
    /// Its name.
    pub name: String,
    /// The image as written.
    pub image: String,
    /// The repository as written.
    pub repository: String,
    /// The tag.
    pub tag: Option<String>,
    /// The digest.
    pub digest: Option<String>,
}

/// A workload.
#[derive(Debug, Serialize)]
pub struct WorkloadRow {
    /// Its kind.
    pub kind: Kind,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Replicas asked for.
    pub desired: u32,
    /// Pods ready.
    pub ready: u32,
    /// Pods of the current template.
    pub updated: u32,
    /// Pods available.
    pub available: u32,
    /// The current revision.
    pub revision: Option<u64>,
    /// The rollout's verdict.
    pub rollout: RolloutState,
    /// Health, pods taken into account.
    pub health: Health,
    /// One sentence about what is wrong or under way.
    pub reason: Option<String>,
    /// What stops it, as data.
    pub blocker: Option<BlockerRow>,
    /// Containers.
    pub containers: Vec<ContainerRow>,
    /// Who else writes it.
    pub owner: Option<Owner>,
    /// How far an Argo Rollout has brought its new template; left out for every other kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivery: Option<DeliveryRow>,
}

/// How far an Argo Rollout has brought its new template.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryRow {
    /// `canary` or `blueGreen`.
    pub strategy: &'static str,
    /// The step it is at, counted from 1; None while nothing is under way.
    pub step: Option<u32>,
    /// How many steps there are.
    pub steps: Option<u32>,
    /// Percent that the new template is to have; None while nothing is under way.
    pub weight: Option<u32>,
    /// Whether it was aborted.
    pub aborted: bool,
    /// When a pause of limited length ends.
    pub resumes: Option<Timestamp>,
}

/// What stops a workload.
#[derive(Debug, Serialize)]
pub struct BlockerRow {
    /// What kind of thing: `image-pull`, `crash-loop`, `quota` and so on.
    pub kind: BlockerKind,
    /// Since when, where that is known.
    pub since: Option<Timestamp>,
    /// How many pods it holds for, where it is about pods.
    pub pods: Option<u32>,
    /// Of how many.
    pub of: Option<u32>,
    /// The words of the cluster that prove it: log lines, an event.
    pub evidence: Vec<String>,
    /// What may help, what helps most first.
    pub remedies: &'static [Remedy],
}

impl BlockerRow {
    fn new(blocker: &Blocker) -> Self {
        Self {
            kind: blocker.kind(),
            since: blocker.since,
            pods: blocker.share.as_ref().map(|share| share.count),
            of: blocker.share.as_ref().map(|share| share.of),
            evidence: blocker.evidence.clone(),
            remedies: blocker.remedies(),
        }
    }
}

/// What an autoscaler scales.
#[derive(Debug, Serialize)]
pub struct TargetRow {
    /// Its kind.
    pub kind: Kind,
    /// Its name.
    pub name: String,
}

/// An autoscaler.
#[derive(Debug, Serialize)]
pub struct AutoscalerRow {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// What it scales.
    pub target: TargetRow,
    /// The least replicas.
    pub min: u32,
    /// The most replicas.
    pub max: u32,
    /// Replicas now.
    pub current: u32,
    /// Replicas asked for.
    pub desired: u32,
    /// Its metrics.
    pub metrics: Vec<Metric>,
    /// Its conditions.
    pub conditions: Vec<AutoscalerCondition>,
}

/// A Job.
#[derive(Debug, Serialize)]
pub struct JobRow {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// `suspended`, `running`, `complete` or `failed`.
    pub state: &'static str,
    /// Why it failed.
    pub reason: Option<String>,
    /// Successes so far.
    pub succeeded: u32,
    /// Successes needed.
    pub completions: u32,
    /// Failures so far.
    pub failed: u32,
    /// The image of its first container.
    pub image: String,
}

/// A route.
#[derive(Debug, Serialize)]
pub struct RouteRow {
    /// Its kind.
    pub kind: Kind,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Whether its parents accepted it.
    pub health: Health,
    /// Its backends.
    pub backends: Vec<Backend>,
}

impl Report {
    /// The document for what `rows` hold.
    pub fn new(context: &str, rows: &Rows, now: Timestamp) -> Self {
        let mut workloads: Vec<&Workload> = rows.workloads.iter().collect();
        workloads.sort_by_cached_key(|w| (rows.health_of(w), w.object.namespace.clone(), w.object.name.clone()));
        Self {
            api_version: API_VERSION,
            context: context.to_owned(),
            reservation: rows.reservation(now).map(|held| ReservationRow {
                holder: held.holder.to_string(),
                until: held.until,
                why: held.reason.as_ref().map(ToString::to_string),
            }),
            unknown: rows.syncs().filter_map(|(kind, ns, sync)| unknown(kind, ns, sync)).collect(),
            namespaces: namespaces(rows),
            workloads: workloads.into_iter().map(|w| workload(w, rows, now)).collect(),
            autoscalers: rows.autoscalers.iter().map(autoscaler).collect(),
            jobs: rows.jobs.iter().map(|row| job(rows, row, now)).collect(),
            routes: rows.routes.iter().map(route).collect(),
        }
    }
}

/// What a watch or a list could not tell, where that is so.
pub fn unknown(kind: Kind, namespace: Option<&str>, sync: &Sync) -> Option<UnknownRow> {
    let reason = match sync {
        Sync::Forbidden { why } | Sync::Stale { why, .. } => why.clone(),
        Sync::Loading => "not loaded".to_owned(),
        Sync::Live { .. } | Sync::Absent => return None,
    };
    Some(UnknownRow { kind, namespace: namespace.map(str::to_owned), reason })
}

fn namespaces(rows: &Rows) -> Vec<NamespaceRow> {
    let mut found: BTreeMap<String, (String, Option<Health>)> =
        rows.namespaces.iter().map(|n| (n.name.to_string(), (n.phase.to_string(), None))).collect();
    for row in rows.workloads.iter() {
        let entry = found.entry(row.object.namespace.to_string()).or_insert_with(|| ("Unknown".into(), None));
        let health = rows.health_of(row);
        entry.1 = Some(entry.1.map_or(health, |worst| worst.min(health)));
    }
    found
        .into_iter()
        .map(|(name, (phase, health))| NamespaceRow { name, phase, health: health.unwrap_or(Health::Healthy) })
        .collect()
}

fn workload(row: &Workload, rows: &Rows, now: Timestamp) -> WorkloadRow {
    let ObjectRef { kind, namespace, name } = &row.object;
    WorkloadRow {
        kind: *kind,
        namespace: namespace.to_string(),
        name: name.to_string(),
        desired: row.desired,
        ready: row.ready,
        updated: row.updated,
        available: row.available,
        revision: row.revision,
        rollout: row.rollout.state,
        health: rows.health_of(row),
        reason: rows.reason_with_age(row, |since| age(since, now)),
        blocker: rows.blocker_of(row).map(|blocker| BlockerRow::new(&blocker)),
        containers: row.containers.iter().map(|c| container(&c.name, &c.image)).collect(),
        owner: row.owner.clone(),
        delivery: row.delivery.as_deref().map(delivery),
    }
}

fn delivery(of: &Delivery) -> DeliveryRow {
    DeliveryRow {
        strategy: if of.blue_green { "blueGreen" } else { "canary" },
        step: of.step.map(|(at, _)| at),
        steps: of.step.map(|(_, all)| all),
        weight: of.weight,
        aborted: of.aborted,
        resumes: of.resumes,
    }
}

fn container(name: &str, image: &str) -> ContainerRow {
    let parsed = ImageReference::parse(image).ok();
    ContainerRow {
        name: name.to_owned(),
        image: image.to_owned(),
        repository: parsed.as_ref().map_or_else(|| image.to_owned(), |p| p.repository.clone()),
        tag: parsed.as_ref().and_then(|p| p.tag.clone()),
        digest: parsed.and_then(|p| p.digest),
    }
}

fn autoscaler(row: &Autoscaler) -> AutoscalerRow {
    AutoscalerRow {
        namespace: row.object.namespace.to_string(),
        name: row.object.name.to_string(),
        target: TargetRow { kind: row.target.kind, name: row.target.name.to_string() },
        min: row.min,
        max: row.max,
        current: row.current,
        desired: row.desired,
        metrics: row.metrics.clone(),
        conditions: row.conditions.clone(),
    }
}

fn job(rows: &Rows, row: &Job, now: Timestamp) -> JobRow {
    let (state, reason) = match &row.state {
        JobState::Suspended => ("suspended", None),
        JobState::Running => {
            let blocker = rows.blocker_of_job(row);
            ("running", blocker.map(|b| b.sentence(b.since.map(|since| age(since, now)).as_deref())))
        }
        JobState::Complete => ("complete", None),
        JobState::Failed(why) => ("failed", Some(why.clone())),
    };
    JobRow {
        namespace: row.object.namespace.to_string(),
        name: row.object.name.to_string(),
        state,
        reason,
        succeeded: row.succeeded,
        completions: row.completions,
        failed: row.failed,
        image: row.image.to_string(),
    }
}

fn route(row: &Route) -> RouteRow {
    RouteRow {
        kind: row.object.kind,
        namespace: row.object.namespace.to_string(),
        name: row.object.name.to_string(),
        health: row.health,
        backends: row.backends.clone(),
    }
}
