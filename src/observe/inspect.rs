//! A look at the pods of one workload: who serves, who fails, and the one sentence that says why.
//!
//! Bounded: the object, for a Deployment its ReplicaSets, at most two pages of pods; then, only where something is wrong, what
//! proves it (see [`super::evidence`]), or one list of budgets with at most three nodes. Three to eight requests, and three
//! more where a controller is late.

use super::{
    diagnosis::{Finding, diagnose, object, pod, refusal, younger_than},
    drains, evidence, inspect_job, pods, rollout,
};
use crate::{
    connect::kube::{ApiError, ApiErrorKind, Cluster, Reader},
    model::{Among, Blocker, BlockerKind, Cause, Health, Inspection, Kind, ObjectRef, RolloutState},
    wire::{Budget, Node, Pod, ReplicaSet, Workload},
};
use jiff::Timestamp;
use serde::Deserialize as _;
use serde_json::Value;
use std::{
    collections::{BTreeSet, HashSet},
    time::Duration,
};

/// Pods looked at.
const MOST: usize = 200;
/// Pages of pods read.
const PAGES: usize = 2;
/// How often an object is read whose controller has not taken up its last change yet, and the time in between.
const LOOKS: u32 = 4;
const MOMENT: Duration = Duration::from_millis(300);
/// Nodes asked about.
const NODES: usize = 3;
/// For how many seconds a new pod may be unready before a rollout counts as broken.
const UNREADY: i64 = 120;
/// How old, in seconds, the event of a refusal may be: controllers try again after a quarter of an hour at the latest.
const RETRIED: i64 = 1_200;

/// What belongs to a workload.
pub(super) struct Family {
    /// Its pods, bounded.
    pub pods: Vec<Pod>,
    /// Pods left out.
    pub omitted: usize,
    /// The hash of the current template, where it is known.
    pub current: Option<String>,
}

impl Family {
    fn is_current(&self, pod: &Pod) -> bool {
        self.current.is_none() || pods::template_hash(pod) == self.current.as_deref()
    }

    /// Whether pods of more than one template are there.
    fn is_mixed(&self) -> bool {
        self.pods.iter().any(|pod| pods::is_active(pod) && !self.is_current(pod))
    }
}

/// Looks at the pods of a workload, or of a Job.
pub async fn inspect(cluster: &Cluster, workload: &ObjectRef) -> Result<Inspection, ApiError> {
    if workload.kind == Kind::Job {
        return inspect_job::inspect(cluster, workload).await;
    }
    let reader = cluster.reader();
    let (whole, object) = taken_up(reader, workload).await?;
    let family = match family(reader, workload, &object).await {
        Ok(family) => family,
        Err(error) => return unseen(workload.kind, &object, error, cluster.clock().now()),
    };
    let now = cluster.clock().now();
    let case = Case { reader, workload, object: &object, whole: &whole, family: &family, now };
    let blocker = if troubled(workload.kind, &object) { case.blocker().await } else { None };
    let health = judge(workload.kind, &object, blocker.as_ref(), now);
    Ok(summarise(family, now, health, blocker))
}

/// What the object tells by itself, where its pods may not be seen: whoever can put it back must learn that it does not move.
fn unseen(kind: Kind, object: &Workload, error: ApiError, now: Timestamp) -> Result<Inspection, ApiError> {
    let still = object::standstill(kind, object, now).filter(|_| error.kind == ApiErrorKind::Forbidden);
    let blocker = still.map(dated).ok_or(error)?;
    let health = judge(kind, object, Some(&blocker), now);
    Ok(Inspection { at: Some(now), health, blocker: Some(blocker), ..Inspection::default() })
}

/// The object, once its controller has taken up its last change. An autoscaler changes it again and again, and for the moment that
/// the controller needs nothing that is seen of its pods would be of it; who is late for longer is late.
async fn taken_up(reader: &Reader, workload: &ObjectRef) -> Result<(Value, Workload), ApiError> {
    let mut looks = 1;
    loop {
        let whole: Value = reader.get(workload).await?;
        let object = Workload::deserialize(&whole).map_err(|error| {
            let why = format!("it is not what the API promises: {error}");
            ApiError::new(ApiErrorKind::Other, format!("read {workload}"), why)
        })?;
        if looks == LOOKS || !object::is_stale(&object) {
            return Ok((whole, object));
        }
        looks += 1;
        tokio::time::sleep(MOMENT).await;
    }
}

/// Its pods: by selector and by owner, for a selector alone may take in strangers.
pub(super) async fn family(reader: &Reader, workload: &ObjectRef, object: &Workload) -> Result<Family, ApiError> {
    let selector = object.selector();
    let namespace = Some(&*workload.namespace);
    let (owners, current) = match workload.kind {
        Kind::Deployment | Kind::Rollout => {
            match reader.list_as::<ReplicaSet>(Kind::ReplicaSet, namespace, selector.as_deref(), None).await {
                Ok(sets) => replica_sets(workload.kind, object, sets),
                // Without the right to see ReplicaSets the selector has to do.
                Err(error) if error.kind == ApiErrorKind::Forbidden => (None, None),
                Err(error) => return Err(error),
            }
        }
        Kind::StatefulSet => (Some(own(object)), Some(object.status.update_revision.to_string())),
        _ => (Some(own(object)), None),
    };
    let mut pods: Vec<Pod> = Vec::new();
    let mut omitted = 0;
    let mut next = None;
    for _ in 0..PAGES {
        let page = reader.page::<Pod>(Kind::Pod, namespace, selector.as_deref(), None, next).await?;
        let ours = page.items.into_iter().filter(|pod| match &owners {
            Some(owners) => pod.metadata.controller().is_some_and(|uid| owners.contains(uid)),
            None => pods::template_hash(pod).is_some(),
        });
        for pod in ours {
            if pods.len() < MOST { pods.push(pod) } else { omitted += 1 }
        }
        next = page.next;
        if next.is_none() {
            break;
        }
    }
    if next.is_some() {
        // The rest is not read: the object tells how many there are.
        let all = usize::try_from(object.status.replicas.max(rollout::desired(workload.kind, object))).unwrap_or(0);
        omitted = omitted.max(all.saturating_sub(pods.len()));
    }
    let current = current.filter(|hash| !hash.is_empty()).or_else(|| newest(&pods));
    Ok(Family { pods, omitted, current })
}

fn own(object: &Workload) -> HashSet<Box<str>> {
    HashSet::from([object.metadata.uid.clone()])
}

/// The UIDs of a workload's ReplicaSets, and the hash of the one with its current template.
fn replica_sets(kind: Kind, object: &Workload, sets: Vec<ReplicaSet>) -> (Option<HashSet<Box<str>>>, Option<String>) {
    const REVISION: &str = "deployment.kubernetes.io/revision";
    let ours: Vec<ReplicaSet> =
        sets.into_iter().filter(|set| set.metadata.controller() == Some(&*object.metadata.uid)).collect();
    let uids = Some(ours.iter().map(|set| set.metadata.uid.clone()).collect());
    if kind == Kind::Rollout {
        return (uids, Some(object.status.current_pod_hash.to_string()));
    }
    let revision = object.metadata.annotations.get(REVISION);
    let current = ours.iter().find(|set| revision.is_some() && set.metadata.annotations.get(REVISION) == revision);
    let hash = current.and_then(|set| set.metadata.labels.get(pods::hash_label(kind))).map(ToString::to_string);
    (uids, hash)
}

/// The template of the youngest pod, where nothing else tells which is current.
fn newest(pods: &[Pod]) -> Option<String> {
    let youngest = pods.iter().filter(|pod| pod.metadata.deletion_timestamp.is_none());
    youngest.max_by_key(|pod| pod.metadata.creation_timestamp).and_then(pods::template_hash).map(str::to_owned)
}

/// One workload under examination.
struct Case<'a> {
    reader: &'a Reader,
    workload: &'a ObjectRef,
    object: &'a Workload,
    whole: &'a Value,
    family: &'a Family,
    now: Timestamp,
}

impl Case<'_> {
    /// The one thing to say about a workload: causes before their symptoms.
    async fn blocker(&self) -> Option<Blocker> {
        let (kind, now) = (self.workload.kind, self.now);
        if let Some(found) = object::deleting(self.object) {
            return Some(dated(found));
        }
        if object::is_stale(self.object) {
            // The pods may be of the past as well as the status.
            return object::stale(kind, self.object, self.whole, now).map(dated);
        }
        let among = if self.family.is_mixed() { Among::New } else { Among::All };
        let current = || self.family.pods.iter().filter(|pod| self.family.is_current(pod));
        let found = diagnose(current(), among, now);
        let symptom = found.as_ref().is_some_and(|finding| finding.cause.kind() >= BlockerKind::NotReady);
        if let Some(finding) = found.clone().filter(|_| !symptom) {
            return Some(self.proven(finding).await);
        }
        if let Some(blocker) = self.refused().await {
            return Some(blocker);
        }
        if let Some(finding) = found {
            return Some(self.proven(finding).await);
        }
        if let Some(blocker) = self.old().await {
            return Some(blocker);
        }
        if let Some(pod) = pod::lingering(self.family.pods.iter(), now) {
            return Some(self.lingering(pod).await);
        }
        if let Some(found) = pod::rejected(self.family.pods.iter(), now) {
            return Some(dated(found));
        }
        if let Some(blocker) = self.budget().await {
            return Some(blocker);
        }
        let paused = || object::paused(self.object, self.whole).filter(|_| kind == Kind::Deployment);
        let waits = || object::on_delete(kind, self.object).map(|cause| (cause, None));
        paused()
            .or_else(waits)
            // What was aborted has no pods to blame; its own words say why.
            .or_else(|| object::deadline(kind, self.object).filter(|_| !self.object.status.abort))
            .or_else(|| object::settling(self.object, current(), now))
            .map(dated)
    }

    async fn proven(&self, mut finding: Finding) -> Blocker {
        finding.share.waiting = self.waiting();
        evidence::blocker(self.reader, &self.workload.namespace, finding).await
    }

    /// Pods that could not be created at all: a quota, an admission webhook, a missing service account.
    async fn refused(&self) -> Option<Blocker> {
        let condition = self.object.status.condition("ReplicaFailure").filter(|c| &*c.status == "True");
        if let Some(condition) = condition {
            return Some(Blocker::of(refusal::cause(&condition.message), condition.last_transition_time));
        }
        if matches!(self.workload.kind, Kind::Deployment | Kind::Rollout) || !self.is_short() {
            return None;
        }
        // Only Deployments and Rollouts say it in their status; the others leave an event.
        let refused = |event: &crate::wire::Event| &*event.reason == "FailedCreate";
        let event = evidence::newest_warning(self.reader, self.workload, refused).await?;
        let recent = younger_than(event.seen(), RETRIED, self.now);
        recent.then(|| Blocker::of(refusal::cause(&event.message), event.began()))
    }

    /// Whether there are fewer pods than there should be.
    fn is_short(&self) -> bool {
        self.lacking() > 0
    }

    /// How many pods there should be besides those that there are.
    fn lacking(&self) -> i64 {
        let (_, desired) = numbers(self.workload.kind, self.object);
        let live = self.family.pods.iter().filter(|pod| pods::is_active(pod)).count() + self.family.omitted;
        desired.saturating_sub(i64::try_from(live).unwrap_or(i64::MAX)).max(0)
    }

    /// How many pods are not created before the others are ready: those of a StatefulSet that keeps order.
    fn waiting(&self) -> u32 {
        let ordered = self.workload.kind == Kind::StatefulSet && &*self.object.spec.pod_management_policy != "Parallel";
        if ordered { u32::try_from(self.lacking()).unwrap_or(u32::MAX) } else { 0 }
    }

    /// What is wrong with pods of an earlier template, where those of the current one are not to blame.
    async fn old(&self) -> Option<Blocker> {
        let before = || self.family.pods.iter().filter(|pod| !self.family.is_current(pod));
        let finding = diagnose(before(), Among::Old, self.now)?;
        // A StatefulSet that keeps order waits for it for ever, also when its own template is sound again.
        if self.workload.kind == Kind::StatefulSet && &*self.object.spec.update_strategy.kind != "OnDelete" {
            let namespace = (&*self.workload.namespace).into();
            let cause = Cause::Ordinal { pod: finding.pod.clone(), namespace, trouble: finding.cause.kind() };
            return Some(Blocker { evidence: vec![finding.cause.to_string()], ..Blocker::of(cause, finding.since) });
        }
        Some(self.proven(finding).await)
    }

    async fn lingering(&self, pod: &Pod) -> Blocker {
        let finalizers = pod.metadata.finalizers.clone();
        let on = pod.spec.node_name.clone().filter(|node| finalizers.is_empty() && !node.is_empty());
        let mut words = Vec::new();
        let mut node = None;
        if let Some(name) = on
            && let Some(told) = evidence::node_says(self.reader, &name).await
        {
            (words, node) = (vec![told], Some(name));
        }
        let cause = Cause::Terminating { pod: pod.metadata.name.clone(), finalizers, node };
        Blocker { evidence: words, ..Blocker::of(cause, pod.metadata.deletion_timestamp) }
    }

    /// A budget that keeps pods of this workload on a cordoned node.
    async fn budget(&self) -> Option<Blocker> {
        let active = || self.family.pods.iter().filter(|pod| pods::is_active(pod));
        let nodes: BTreeSet<&str> =
            active().filter_map(|pod| pod.spec.node_name.as_deref()).filter(|n| !n.is_empty()).collect();
        if nodes.is_empty() {
            return None;
        }
        let page =
            self.reader.page::<Budget>(Kind::PodDisruptionBudget, Some(&self.workload.namespace), None, None, None);
        let budgets = page.await.ok()?.items;
        let exhausted = |budget: &&Budget| {
            budget.is_exhausted() && active().any(|pod| budget.spec.selector.takes(&pod.metadata.labels))
        };
        let budget = budgets.iter().find(exhausted)?;
        for name in nodes.into_iter().take(NODES) {
            let node: Option<Node> = evidence::get(self.reader, &ObjectRef::new(Kind::Node, "", name)).await;
            if node.is_some_and(|node| node.spec.unschedulable) {
                return Some(Blocker::of(drains::cause(budget, name), None));
            }
        }
        None
    }
}

fn dated((cause, since): object::Dated) -> Blocker {
    Blocker::of(cause, since)
}

/// Whether the numbers of the object leave anything to explain.
fn troubled(kind: Kind, object: &Workload) -> bool {
    let (ready, desired) = numbers(kind, object);
    rollout::verdict(kind, object).state != RolloutState::Complete || ready < desired
}

fn numbers(kind: Kind, object: &Workload) -> (i64, i64) {
    let ready = if kind == Kind::DaemonSet { object.status.number_ready } else { object.status.ready_replicas };
    (ready, rollout::desired(kind, object))
}

/// Health with the pods taken into account.
fn judge(kind: Kind, object: &Workload, blocker: Option<&Blocker>, now: Timestamp) -> Health {
    let (ready, desired) = numbers(kind, object);
    let verdict = rollout::verdict(kind, object);
    if !troubled(kind, object) {
        return Health::Healthy;
    }
    let Some(blocker) = blocker else {
        return match verdict.state {
            RolloutState::Failed if object.status.abort && ready >= desired => Health::Degraded,
            RolloutState::Failed => Health::Broken,
            RolloutState::Unknown if ready >= desired => Health::Unknown,
            RolloutState::Paused if ready >= desired => Health::Healthy,
            RolloutState::Progressing => Health::Progressing,
            _ => Health::Degraded,
        };
    };
    let settled = settled(kind, object);
    let young = younger_than(blocker.since, UNREADY, now);
    match blocker.kind() {
        // What somebody asked for is nobody's failure.
        BlockerKind::Paused | BlockerKind::OnDelete | BlockerKind::Partition if ready >= desired => match verdict.state
        {
            RolloutState::Unknown => Health::Unknown,
            _ => Health::Healthy,
        },
        BlockerKind::MinReady => Health::Progressing,
        // What somebody deletes goes; what does not go is worth a look.
        _ if object.metadata.deletion_timestamp.is_some() => match young {
            true => Health::Progressing,
            false => Health::Degraded,
        },
        BlockerKind::Stale | BlockerKind::Budget | BlockerKind::Scaling => Health::Degraded,
        BlockerKind::NotReady | BlockerKind::Initialising if settled && ready > 0 => Health::Degraded,
        BlockerKind::NotReady | BlockerKind::Initialising if ready > 0 && young => Health::Progressing,
        BlockerKind::NotReady | BlockerKind::Initialising if young => Health::Degraded,
        _ if settled && ready > 0 => Health::Degraded,
        _ => Health::Broken,
    }
}

/// Whether the current template once came up everywhere: then a failing pod is a loss, not a failed rollout.
fn settled(kind: Kind, object: &Workload) -> bool {
    let status = &object.status;
    match kind {
        Kind::Deployment => {
            status.updated_replicas == status.replicas
                && status.condition("Progressing").is_some_and(|c| &*c.reason == "NewReplicaSetAvailable")
        }
        Kind::StatefulSet => status.update_revision == status.current_revision,
        Kind::Rollout => status.stable_hash == status.current_pod_hash,
        _ => status.updated_number_scheduled >= status.desired_number_scheduled,
    }
}

fn summarise(family: Family, now: Timestamp, health: Health, blocker: Option<Blocker>) -> Inspection {
    let Family { mut pods, omitted, current } = family;
    let is_current = |pod: &Pod| current.is_some() && pods::template_hash(pod) == current.as_deref();
    let mut serving_before: Vec<Box<str>> = Vec::new();
    for pod in pods.iter().filter(|pod| current.is_some() && !is_current(pod) && pods::is_ready(pod)) {
        for container in pod.spec.containers.iter().take(1) {
            if !serving_before.contains(&container.image) {
                serving_before.push(container.image.clone());
            }
        }
    }
    pods.sort_by(|a, b| {
        let key = |pod: &Pod| (!is_current(pod), std::cmp::Reverse(pod.metadata.creation_timestamp));
        key(a).cmp(&key(b)).then_with(|| a.metadata.name.cmp(&b.metadata.name))
    });
    Inspection {
        at: Some(now),
        health,
        blocker,
        pods: pods.iter().map(pods::summary).collect(),
        omitted,
        serving_before,
    }
}
