//! What the store tells about its writes: changes, who listens, and the bounded history that watches resume from.
//!
//! Invariant: every subscriber sees every change of its resource in commit order, without loss. A change never blocks a write.

use crate::sim::resource::Resource;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};
use tokio::sync::mpsc;

/// How an object changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// It was created.
    Added,
    /// It was written.
    Modified,
    /// It is gone.
    Deleted,
}

/// One committed write.
#[derive(Clone, Debug)]
pub struct Change {
    /// Which resource the object belongs to.
    pub resource: &'static Resource,
    /// How it changed.
    pub kind: ChangeKind,
    /// The object after the write; for a deletion its last state, with the deletion's resourceVersion.
    pub object: Arc<Value>,
    /// The object before the write.
    pub old: Option<Arc<Value>>,
    /// The store's resourceVersion after the write.
    pub version: u64,
}

/// A lossless stream of changes.
#[derive(Debug)]
pub struct Subscription(pub(super) mpsc::UnboundedReceiver<Change>);

impl Subscription {
    /// The next change; `None` once the store is gone.
    pub async fn next(&mut self) -> Option<Change> {
        self.0.recv().await
    }

    /// The next change, if one is waiting.
    pub fn try_next(&mut self) -> Option<Change> {
        self.0.try_recv().ok()
    }
}

/// Changes of a resource that are remembered however old they are.
const FEW: usize = 100;
/// Changes of a resource that are remembered at most.
const MANY: usize = 20_000;
/// How long those in between are remembered.
const AGE: SignedDuration = SignedDuration::from_mins(5);

/// The recent past of one resource.
#[derive(Default)]
struct Past {
    changes: VecDeque<(Timestamp, Change)>,
    /// Changes up to and with this version are forgotten.
    forgotten: u64,
}

/// The listeners and the recent past.
#[derive(Default)]
pub(super) struct Changes {
    listeners: Vec<(Option<&'static Resource>, mpsc::UnboundedSender<Change>)>,
    past: HashMap<(&'static str, &'static str), Past>,
    /// As [`Past::forgotten`], for all resources.
    forgotten: u64,
}

impl Changes {
    pub fn publish(&mut self, change: Change, now: Timestamp) {
        self.listeners.retain(|(only, sender)| match only {
            Some(resource) if *resource != change.resource => !sender.is_closed(),
            _ => sender.send(change.clone()).is_ok(),
        });
        let past = self.past.entry((change.resource.group, change.resource.plural)).or_default();
        past.changes.push_back((now, change));
        while let Some((at, oldest)) = past.changes.front() {
            let count = past.changes.len();
            if count <= FEW || (count <= MANY && now.duration_since(*at) <= AGE) {
                break;
            }
            past.forgotten = oldest.version;
            past.changes.pop_front();
        }
    }

    /// Forgets what is not newer than `version`.
    pub fn forget_to(&mut self, version: u64) {
        for past in self.past.values_mut() {
            let old = past.changes.partition_point(|(_, change)| change.version <= version);
            if let Some((_, last)) = past.changes.drain(..old).next_back() {
                past.forgotten = last.version;
            }
        }
    }

    pub fn forget_all(&mut self, version: u64) {
        self.past.clear();
        self.forgotten = version;
    }

    /// The last version of a resource that is forgotten: its past can be told from there on.
    pub fn forgotten(&self, r: &Resource) -> u64 {
        self.past.get(&(r.group, r.plural)).map_or(0, |past| past.forgotten).max(self.forgotten)
    }

    pub fn listen(&mut self, only: Option<&'static Resource>) -> Subscription {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.listeners.push((only, sender));
        Subscription(receiver)
    }

    /// The remembered changes of a resource after `version`, oldest first.
    pub fn since(&self, r: &Resource, version: u64) -> impl DoubleEndedIterator<Item = &Change> {
        let past = self.past.get(&(r.group, r.plural));
        let changes = past.into_iter().flat_map(|past| past.changes.iter().map(|(_, change)| change));
        changes.filter(move |change| change.version > version)
    }
}
