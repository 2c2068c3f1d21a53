//! The history of a workload: its revisions, the commits that wrote their images, and what the reconciler did, on one line of
//! time.

use super::{
    Commit, Container, KnownGood, Lead, ObjectRef, Origin, Owner, Placed, Served, Traits, image::ImageReference,
};
use jiff::{SignedDuration, Timestamp};

/// A commit and the cluster's clock may differ so much, and one still be the other's cause.
const SKEW: SignedDuration = SignedDuration::from_mins(5);

/// One revision, as it is told.
#[derive(Clone, Debug, PartialEq)]
pub struct PastRevision {
    /// Its number; it changes when the revision is rolled back to.
    pub revision: u64,
    /// Whether it is the workload's current template.
    pub current: bool,
    /// Whether it is known to have worked.
    pub known_good: KnownGood,
    /// What tells.
    pub evidence: String,
    /// When it was first created.
    pub created: Option<Timestamp>,
    /// Its containers.
    pub containers: Vec<Container>,
    /// `kubernetes.io/change-cause`, with values hidden.
    pub cause: Option<String>,
    /// Its pods that exist.
    pub replicas: u32,
    /// Its pods that are ready.
    pub ready: u32,
    /// What it names that does not exist any more.
    pub missing: Vec<ObjectRef>,
    /// The ReplicaSet or ControllerRevision that keeps it.
    pub kept_by: ObjectRef,
    /// When it first served all its pods, where that is known.
    pub served: Option<Served>,
    /// What its template says, for comparing it with another one's.
    pub traits: Traits,
}

/// Something the reconciler did or tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reconciliation {
    /// When.
    pub at: Timestamp,
    /// What it applied, such as `main@sha1:9f3c1e2…`; None where it is not told.
    pub revision: Option<String>,
    /// Whether it succeeded.
    pub succeeded: bool,
    /// In the reconciler's words.
    pub message: String,
}

/// What the cluster knows of a workload's past.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct History {
    /// Its revisions, newest first.
    pub revisions: Vec<PastRevision>,
    /// Who reconciles it.
    pub owner: Option<Owner>,
    /// What its owner did, newest first; Err where it cannot be told, and why.
    pub reconciliations: Option<Result<Vec<Reconciliation>, String>>,
}

/// One point on the line of time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Moment<'h> {
    /// A revision, with the commit that wrote its image.
    Revision(&'h PastRevision, Option<&'h Commit>),
    /// A commit whose image no revision has (any more, or yet).
    Commit(&'h Commit),
    /// Something the reconciler did.
    Reconciliation(&'h Reconciliation),
}

impl History {
    /// The revision of this number.
    pub fn get(&self, revision: u64) -> Option<&PastRevision> {
        self.revisions.iter().find(|past| past.revision == revision)
    }

    /// The commit that wrote a revision's images: of the last ones before it was created that set what its containers run, the
    /// latest.
    pub fn commit_of<'o>(&self, revision: &PastRevision, origin: Option<&'o Origin>) -> Option<&'o Commit> {
        let wrote = |placed: &'o Placed| {
            let container = revision.containers.iter().find(|c| *c.name == *placed.container)?;
            let version = ImageReference::parse(&container.image).ok()?.version();
            let same = || placed.commits.iter().filter(|commit| commit.to.as_deref() == Some(&*version));
            let before = |commit: &&Commit| revision.created.is_none_or(|created| commit.time <= created + SKEW);
            same().filter(before).max_by_key(|commit| commit.time).or_else(|| same().min_by_key(|commit| commit.time))
        };
        origin?.places.iter().filter_map(wrote).max_by_key(|commit| commit.time)
    }

    /// How long a revision was on its way until it served, as far as it is known.
    pub fn lead_of(&self, revision: &PastRevision, origin: Option<&Origin>) -> Option<Lead> {
        let commit = self.commit_of(revision, origin);
        let placed = commit.and_then(|commit| origin?.places.iter().find(|placed| placed.commits.contains(commit)));
        Lead::new(revision.served?, commit.map(|commit| commit.time), placed.and_then(|p| p.environment.clone()))
    }

    /// Everything on one line of time, newest first. A revision that was rolled back to keeps the time of its first creation;
    /// it stands where its number puts it.
    pub fn timeline<'h>(&'h self, origin: Option<&'h Origin>) -> Vec<Moment<'h>> {
        let mut moments: Vec<(Option<Timestamp>, Moment<'h>)> = Vec::new();
        let mut told: Vec<&str> = Vec::new();
        let mut latest = None;
        for past in self.revisions.iter().rev() {
            let commit = self.commit_of(past, origin);
            told.extend(commit.map(|commit| commit.sha.as_str()));
            latest = latest.max(past.created);
            moments.push((latest, Moment::Revision(past, commit)));
        }
        // One commit may change the images of several containers.
        for commit in origin.iter().flat_map(|origin| &origin.places).flat_map(|placed| &placed.commits) {
            if told.contains(&&*commit.sha) {
                continue;
            }
            told.push(&commit.sha);
            moments.push((Some(commit.time), Moment::Commit(commit)));
        }
        let synced = self.reconciliations.iter().flatten().flatten();
        moments.extend(synced.map(|done| (Some(done.at), Moment::Reconciliation(done))));
        // Stable: what stands at the same time stays in the order in which it was put down, oldest first.
        moments.sort_by_key(|(at, _)| *at);
        moments.into_iter().rev().map(|(_, moment)| moment).collect()
    }
}
