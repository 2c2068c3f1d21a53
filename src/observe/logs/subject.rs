//! Which pods a subject's are, and which revision is the current one.

use crate::{
    connect::kube::{ApiError, ApiErrorKind, Reader},
    model::{Kind, LogSubject},
    observe::pods,
    wire::{Pod, ReplicaSet, Workload},
};
use std::{collections::HashSet, sync::Arc};

const REVISION: &str = "deployment.kubernetes.io/revision";

/// The pods of a subject.
pub(super) struct Subject {
    of: LogSubject,
    pub namespace: Arc<str>,
    /// A label and a field selector that take them, and maybe strangers.
    pub selection: (Option<String>, Option<String>),
    /// The UIDs of which one controls each of them; None where selecting is all there is.
    owners: Option<HashSet<Box<str>>>,
    /// The hash of the current revision; None where the youngest pod tells it, or it does not matter.
    current: Option<Arc<str>>,
}

impl Subject {
    /// Finds out.
    pub async fn find(reader: &Reader, of: &LogSubject) -> Result<Self, ApiError> {
        let namespace = of.object().namespace.clone();
        let mut subject = Self { of: of.clone(), namespace, selection: (None, None), owners: None, current: None };
        match of {
            LogSubject::Workload(_) | LogSubject::Revision(..) => subject.look_again(reader).await?,
            LogSubject::Pod(pod, _) => subject.selection.1 = Some(format!("metadata.name={}", pod.name)),
            // Also written as `batch.kubernetes.io/job-name`, but only by newer servers.
            LogSubject::Job(job) => subject.selection.0 = Some(format!("job-name={}", job.name)),
        }
        Ok(subject)
    }

    /// Finds out again: a rollout has begun, or somebody else's pods are selected too.
    pub async fn look_again(&mut self, reader: &Reader) -> Result<(), ApiError> {
        let (LogSubject::Workload(object) | LogSubject::Revision(object, _)) = &self.of else { return Ok(()) };
        let workload: Workload = reader.get_as(object).await?;
        self.selection.0 = workload.selector();
        match object.kind {
            Kind::Deployment | Kind::Rollout => {
                let labels = self.selection.0.as_deref();
                let sets = reader.list_as(Kind::ReplicaSet, Some(&*self.namespace), labels, None).await;
                (self.owners, self.current) = match sets {
                    Ok(sets) => replica_sets(&workload, sets),
                    // Without the right to see ReplicaSets the selector and the youngest pod have to do.
                    Err(error) if error.kind == ApiErrorKind::Forbidden => (None, None),
                    Err(error) => return Err(error),
                };
                if object.kind == Kind::Rollout {
                    // It tells the hash itself.
                    self.current =
                        Some(&*workload.status.current_pod_hash).filter(|hash| !hash.is_empty()).map(Into::into);
                }
            }
            Kind::StatefulSet => {
                self.owners = Some(HashSet::from([workload.metadata.uid.clone()]));
                let current = &*workload.status.update_revision;
                self.current = (!current.is_empty()).then(|| current.into());
            }
            _ => self.owners = Some(HashSet::from([workload.metadata.uid.clone()])),
        }
        Ok(())
    }

    /// Whether a pod that is selected belongs to the subject.
    pub fn owns(&self, pod: &Pod) -> bool {
        match &self.owners {
            Some(owners) => pod.metadata.controller().is_some_and(|uid| owners.contains(uid)),
            None => true,
        }
    }

    /// Whether a pod that appears may mean that the current revision is another one.
    pub fn may_be_new(&self, pod: &Pod) -> bool {
        let rolls = matches!(self.of, LogSubject::Workload(_));
        !self.owns(pod) || (rolls && self.current.is_some() && self.current.as_deref() != pods::template_hash(pod))
    }

    /// The revision whose pods are followed, given all pods' creation and hash; None for all.
    pub fn revision<'p>(&self, pods: impl Iterator<Item = &'p super::members::Known>) -> Option<Arc<str>> {
        match &self.of {
            LogSubject::Workload(_) => self.current.clone().or_else(|| {
                pods.filter(|pod| !pod.leaving).max_by_key(|pod| pod.created).and_then(|pod| pod.revision.clone())
            }),
            LogSubject::Revision(_, hash) => Some(hash.as_str().into()),
            LogSubject::Pod(..) | LogSubject::Job(_) => None,
        }
    }

    /// Whether a container of this name is meant.
    pub fn names(&self, container: &str) -> bool {
        match &self.of {
            LogSubject::Pod(_, Some(name)) => name == container,
            LogSubject::Pod(_, None) | LogSubject::Workload(_) | LogSubject::Revision(..) | LogSubject::Job(_) => true,
        }
    }
}

/// Whether a pod's label names this revision. Pods of a StatefulSet are labelled with the ControllerRevision's whole name.
pub(super) fn is_revision(label: &str, revision: &str) -> bool {
    label == revision
        || label.strip_suffix(revision).is_some_and(|rest| rest.ends_with('-'))
        || revision.strip_suffix(label).is_some_and(|rest| rest.ends_with('-'))
}

/// The UIDs of a Deployment's ReplicaSets, and the hash of the newest one. Its own number is looked at, not the Deployment's:
/// that one is written a moment later.
fn replica_sets(workload: &Workload, sets: Vec<ReplicaSet>) -> (Option<HashSet<Box<str>>>, Option<Arc<str>>) {
    let ours: Vec<ReplicaSet> =
        sets.into_iter().filter(|set| set.metadata.controller() == Some(&*workload.metadata.uid)).collect();
    let number = |set: &&ReplicaSet| set.metadata.annotations.get(REVISION)?.parse::<u64>().ok();
    let newest = ours.iter().max_by_key(number);
    let hash = newest.and_then(|set| set.metadata.labels.get("pod-template-hash")).map(|hash| Arc::from(&**hash));
    (Some(ours.iter().map(|set| set.metadata.uid.clone()).collect()), hash)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_newest_replica_set_is_current_before_the_deployment_says_so() {
        let workload: Workload =
            serde_json::from_value(json!({"metadata": {"uid": "d", "annotations": {REVISION: "9"}}})).unwrap();
        let set = |hash: &str, number: &str, owner: &str| {
            serde_json::from_value(json!({"metadata": {"uid": hash, "labels": {"pod-template-hash": hash},
                "annotations": {REVISION: number}, "ownerReferences": [{"uid": owner, "controller": true}]}}))
            .unwrap()
        };
        let sets = vec![set("old", "9", "d"), set("new", "10", "d"), set("other", "11", "x")];
        let (owners, current) = replica_sets(&workload, sets);
        assert_eq!(current.as_deref(), Some("new"));
        assert_eq!(owners.unwrap().len(), 2);
    }

    #[test]
    fn revisions_are_recognised_by_hash_and_by_name() {
        assert!(is_revision("7d9f", "7d9f") && is_revision("db-7d9f", "7d9f") && is_revision("7d9f", "db-7d9f"));
        assert!(!is_revision("17d9f", "7d9f") && !is_revision("7d9f", "7d9e"));
    }
}
