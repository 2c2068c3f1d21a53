//! A look at the pods of one workload: who serves, who fails, and the one sentence that says why.
//!
//! Bounded: at most a few hundred pods, one log, one list of events, each with a short time limit.

use super::{
    diagnosis::{Evidence, Finding, diagnose, younger_than},
    pods, refusal, rollout, sentence,
};
use crate::{
    connect::kube::{ApiError, ApiErrorKind, Cluster, LogOptions, Reader},
    model::{Blocker, BlockerKind, Health, Inspection, Kind, ObjectRef, RolloutState},
    wire::{Event, Pod, ReplicaSet, Workload},
};
use jiff::Timestamp;
use std::{collections::HashSet, time::Duration};
use tokio::time::timeout;

/// Pods looked at.
const MOST: usize = 200;
/// How long a log or events may take: the sentence is worth more than its proof.
const SIDE: Duration = Duration::from_secs(2);
/// For how many seconds a new pod may be unready before a rollout counts as broken.
const UNREADY: i64 = 120;

/// What belongs to a workload.
pub(super) struct Family {
    /// Its pods, bounded.
    pub pods: Vec<Pod>,
    /// Pods left out.
    pub omitted: usize,
    /// The hash of the current template, where it is known.
    pub current: Option<String>,
}

/// Looks at the pods of a workload.
pub async fn inspect(cluster: &Cluster, workload: &ObjectRef) -> Result<Inspection, ApiError> {
    let reader = cluster.reader();
    let object: Workload = reader.get_as(workload).await?;
    let family = family(reader, workload, &object).await?;
    let now = cluster.clock().now();
    let finding = find(reader, workload, &object, &family, now).await;
    let health = judge(workload.kind, &object, finding.as_ref(), now);
    let blocker = match finding {
        Some(finding) => Some(blocker(reader, &workload.namespace, finding).await),
        None => None,
    };
    Ok(summarise(family, now, health, blocker))
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
    loop {
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
    let hash = current.and_then(|set| set.metadata.labels.get("pod-template-hash")).map(ToString::to_string);
    (uids, hash)
}

/// The template of the youngest pod, where nothing else tells which is current.
fn newest(pods: &[Pod]) -> Option<String> {
    let youngest = pods.iter().filter(|pod| pod.metadata.deletion_timestamp.is_none());
    youngest.max_by_key(|pod| pod.metadata.creation_timestamp).and_then(pods::template_hash).map(str::to_owned)
}

/// The one thing to say about a workload.
async fn find(
    reader: &Reader,
    workload: &ObjectRef,
    object: &Workload,
    family: &Family,
    now: Timestamp,
) -> Option<Finding> {
    if !troubled(workload.kind, object) {
        return None;
    }
    let current = |pod: &&Pod| family.current.is_none() || pods::template_hash(pod) == family.current.as_deref();
    if let Some(finding) = diagnose(family.pods.iter().filter(current), now) {
        return Some(finding);
    }
    if workload.kind == Kind::StatefulSet
        && let Some(stuck) = stuck(&workload.namespace, family, now)
    {
        return Some(stuck);
    }
    if let Some(refused) = refused(reader, workload, object, family, now).await {
        return Some(refused);
    }
    let verdict = rollout::verdict(workload.kind, object);
    // What was aborted has no pods to blame; its own words say why.
    (verdict.state == RolloutState::Failed && !object.status.abort).then(|| Finding {
        kind: BlockerKind::Deadline,
        message: verdict.reason.unwrap_or_default(),
        evidence: Evidence::None,
        since: None,
    })
}

/// A StatefulSet that keeps order waits for a broken pod of an earlier template for ever, also when its own is sound again.
fn stuck(namespace: &str, family: &Family, now: Timestamp) -> Option<Finding> {
    let current = family.current.as_deref()?;
    let before = family.pods.iter().filter(|pod| pods::template_hash(pod).is_some_and(|hash| hash != current));
    let mut broken = before.filter(|pod| diagnose(std::iter::once(*pod), now).is_some());
    let name = &broken.next()?.metadata.name;
    Some(Finding {
        kind: BlockerKind::NotReady,
        message: format!(
            "pod {name} of an earlier template is broken, and a StatefulSet waits for it: delete it (kubectl delete pod {name} \
             -n {namespace}), and it comes back with the template of now"
        ),
        evidence: Evidence::None,
        since: None,
    })
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

/// Pods that could not be created at all: a quota, an admission webhook, a missing service account.
async fn refused(
    reader: &Reader,
    workload: &ObjectRef,
    object: &Workload,
    family: &Family,
    now: Timestamp,
) -> Option<Finding> {
    let finding = |message: &str, since| Finding {
        kind: BlockerKind::Refused,
        message: format!("pods cannot be created: {}", refusal(message)),
        evidence: Evidence::None,
        since,
    };
    let condition = object.status.condition("ReplicaFailure").filter(|c| &*c.status == "True");
    if let Some(condition) = condition {
        return Some(finding(&condition.message, condition.last_transition_time));
    }
    let (_, desired) = numbers(workload.kind, object);
    let live = family.pods.iter().filter(|pod| pod.metadata.deletion_timestamp.is_none()).count() + family.omitted;
    let short = i64::try_from(live).is_ok_and(|live| live < desired);
    if matches!(workload.kind, Kind::Deployment | Kind::Rollout) || !short {
        return None;
    }
    // Only Deployments and Rollouts say it in their status; the others leave an event.
    let event = newest_warning(reader, workload, |event| &*event.reason == "FailedCreate").await?;
    (younger_than(event.seen(), 600, now)).then(|| finding(&event.message, event.seen()))
}

/// Health with the pods taken into account.
fn judge(kind: Kind, object: &Workload, finding: Option<&Finding>, now: Timestamp) -> Health {
    let (ready, desired) = numbers(kind, object);
    let verdict = rollout::verdict(kind, object);
    if !troubled(kind, object) {
        return Health::Healthy;
    }
    let Some(finding) = finding else {
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
    match finding.kind {
        BlockerKind::NotReady if settled && ready > 0 => Health::Degraded,
        BlockerKind::NotReady if ready > 0 && younger_than(finding.since, UNREADY, now) => Health::Progressing,
        BlockerKind::NotReady if younger_than(finding.since, UNREADY, now) => Health::Degraded,
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

/// A finding with what proves it.
async fn blocker(reader: &Reader, namespace: &str, finding: Finding) -> Blocker {
    let Finding { kind, mut message, evidence, .. } = finding;
    let evidence = match evidence {
        Evidence::Told(text) => Some(text),
        Evidence::None => None,
        Evidence::PreviousLog { pod, container } => last_words(reader, namespace, &pod, container).await,
        Evidence::Events { pod } => {
            let pod = ObjectRef::new(Kind::Pod, namespace, pod);
            let event = newest_warning(reader, &pod, |event| &*event.reason != "BackOff").await;
            let text = event.map(|event| sentence(&event.message));
            if let (BlockerKind::NotReady | BlockerKind::Config, Some(text)) = (kind, &text) {
                message = format!("{message}: {text}");
            }
            text
        }
    };
    Blocker { kind, message, evidence }
}

/// The last line that a container wrote before it ended.
async fn last_words(reader: &Reader, namespace: &str, pod: &str, container: String) -> Option<String> {
    let mut options = LogOptions { container: Some(container), tail: Some(5), previous: true, ..LogOptions::default() };
    for previous in [true, false] {
        options.previous = previous;
        if let Ok(Ok(lines)) = timeout(SIDE, reader.log(namespace, pod, &options)).await
            && let Some(line) = lines.iter().rfind(|line| !line.trim().is_empty())
        {
            return Some(sentence(line));
        }
    }
    None
}

/// The newest warning event about an object that counts.
async fn newest_warning(reader: &Reader, about: &ObjectRef, counts: impl Fn(&Event) -> bool) -> Option<Event> {
    let fields = format!("involvedObject.name={},involvedObject.kind={},type=Warning", about.name, about.kind);
    let events = reader.list_as::<Event>(Kind::Event, Some(&about.namespace), None, Some(&fields));
    let events = timeout(SIDE, events).await.ok()?.ok()?;
    events.into_iter().filter(counts).max_by_key(Event::seen)
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
