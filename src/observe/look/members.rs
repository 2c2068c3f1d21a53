//! What belongs to a workload: the objects that keep its revisions, and its pods. By selector and by owner, for a selector
//! alone may take in strangers.

use crate::{
    connect::kube::{ApiError, ApiErrorKind, Cluster, Reader},
    model::{Kind, ObjectRef},
    observe::{
        pods::{hash_label, template_hash},
        revisions::number_in,
    },
    wire::{ControllerRevision, Metadata, Pod, ReplicaSet, Workload},
};
use std::collections::HashSet;

/// Pods looked at.
const MOST: usize = 500;

/// A ReplicaSet or ControllerRevision.
pub(super) struct Keeper {
    /// Which object.
    pub object: ObjectRef,
    uid: Box<str>,
    /// The revision's number.
    pub revision: Option<u64>,
    /// What its pods are labelled with.
    hash: Box<str>,
    /// Whether it keeps the current template.
    pub current: bool,
}

impl Keeper {
    /// Whether the pods with this label are its.
    pub fn has(&self, label: &str) -> bool {
        // Pods of a StatefulSet are labelled with the whole name.
        *self.hash == *label || *self.object.name == *label
    }
}

/// What belongs to a workload.
pub(super) struct Members {
    /// What keeps its revisions, the newest first; None where that may not be seen.
    pub keepers: Option<Vec<Keeper>>,
    /// Its pods, bounded.
    pub pods: Vec<Pod>,
    /// Pods left out.
    pub omitted: usize,
}

/// Finds what belongs to a workload.
pub(super) async fn members(cluster: &Cluster, target: &ObjectRef) -> Result<Members, ApiError> {
    let reader = cluster.reader();
    let object: Workload = reader.get_as(target).await?;
    let selector = object.selector();
    let keepers = match keepers(reader, target, &object, selector.as_deref()).await {
        Ok(keepers) => Some(keepers),
        // Without the right to see them the selector has to do.
        Err(error) if error.kind == ApiErrorKind::Forbidden => None,
        Err(error) => return Err(error),
    };
    let owners: Option<HashSet<&str>> = match (target.kind, &keepers) {
        (Kind::Deployment | Kind::Rollout, Some(keepers)) => Some(keepers.iter().map(|keeper| &*keeper.uid).collect()),
        (Kind::Deployment | Kind::Rollout, None) => None,
        _ => Some(HashSet::from([&*object.metadata.uid])),
    };
    let (mut pods, mut omitted, mut next) = (Vec::new(), 0, None);
    loop {
        let page = reader.page::<Pod>(Kind::Pod, Some(&target.namespace), selector.as_deref(), None, next).await?;
        for pod in page.items {
            let ours = match &owners {
                Some(owners) => pod.metadata.controller().is_some_and(|uid| owners.contains(uid)),
                None => template_hash(&pod).is_some(),
            };
            if ours && pods.len() < MOST {
                pods.push(pod);
            } else if ours {
                omitted += 1;
            }
        }
        next = page.next;
        if next.is_none() {
            break;
        }
    }
    drop(owners);
    Ok(Members { keepers, pods, omitted })
}

async fn keepers(
    reader: &Reader,
    target: &ObjectRef,
    object: &Workload,
    selector: Option<&str>,
) -> Result<Vec<Keeper>, ApiError> {
    let namespace = Some(&*target.namespace);
    let ours = |metadata: &Metadata| metadata.controller() == Some(&*object.metadata.uid);
    let mut keepers: Vec<Keeper> = if matches!(target.kind, Kind::Deployment | Kind::Rollout) {
        let all: Vec<ReplicaSet> = reader.list_as(Kind::ReplicaSet, namespace, selector, None).await?;
        let annotation = number_in(target.kind);
        let number = |metadata: &Metadata| metadata.annotations.get(annotation).and_then(|number| number.parse().ok());
        let now: Option<u64> = number(&object.metadata);
        let all = all.into_iter().filter(|set| ours(&set.metadata));
        all.map(|set| {
            let revision = number(&set.metadata);
            let hash = set.metadata.labels.get(hash_label(target.kind)).cloned().unwrap_or_default();
            let current = match target.kind {
                Kind::Rollout => hash == object.status.current_pod_hash,
                _ => revision.is_some() && revision == now,
            };
            keeper(Kind::ReplicaSet, set.metadata, revision, hash, current)
        })
        .collect()
    } else {
        let kind = Kind::ControllerRevision;
        let all: Vec<ControllerRevision> = reader.list_as(kind, namespace, selector, None).await?;
        let all: Vec<ControllerRevision> = all.into_iter().filter(|one| ours(&one.metadata)).collect();
        let newest = all.iter().map(|one| one.revision).max();
        let update = &object.status.update_revision;
        all.into_iter()
            .map(|one| {
                let hash = one.metadata.labels.get("controller-revision-hash").cloned().unwrap_or_default();
                let current = match &**update {
                    "" => Some(one.revision) == newest,
                    name => *one.metadata.name == *name,
                };
                keeper(kind, one.metadata, Some(one.revision), hash, current)
            })
            .collect()
    };
    keepers.sort_by_key(|keeper| std::cmp::Reverse(keeper.revision));
    Ok(keepers)
}

fn keeper(kind: Kind, metadata: Metadata, revision: Option<u64>, hash: Box<str>, current: bool) -> Keeper {
    let object = ObjectRef::new(kind, &*metadata.namespace, &*metadata.name);
    Keeper { object, uid: metadata.uid, revision, hash, current }
}
