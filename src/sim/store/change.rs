//! What the store tells about its writes: changes, who listens, and the bounded history that watches resume from.
//!
//! Invariant: every subscriber sees every change of its resource in commit order, without loss. A change never blocks a write.

use crate::sim::resource::Resource;
use serde_json::Value;
use std::{collections::VecDeque, sync::Arc};
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

/// The listeners and the recent past.
pub(super) struct Changes {
    listeners: Vec<(Option<&'static Resource>, mpsc::UnboundedSender<Change>)>,
    past: VecDeque<Change>,
    keep: usize,
    /// Changes up to and with this version are forgotten.
    pub forgotten: u64,
}

impl Changes {
    pub fn new(keep: usize) -> Self {
        Self { listeners: Vec::new(), past: VecDeque::new(), keep, forgotten: 0 }
    }

    pub fn publish(&mut self, change: Change) {
        self.listeners.retain(|(only, sender)| {
            if only.is_some_and(|r| r != change.resource) {
                !sender.is_closed()
            } else {
                sender.send(change.clone()).is_ok()
            }
        });
        self.past.push_back(change);
        while self.past.len() > self.keep {
            self.forget_one();
        }
    }

    fn forget_one(&mut self) {
        if let Some(gone) = self.past.pop_front() {
            self.forgotten = gone.version;
        }
    }

    /// Forgets what is not newer than `version`.
    pub fn forget_to(&mut self, version: u64) {
        while self.past.front().is_some_and(|c| c.version <= version) {
            self.forget_one();
        }
    }

    pub fn forget_all(&mut self, version: u64) {
        self.past.clear();
        self.forgotten = version;
    }

    pub fn listen(&mut self, only: Option<&'static Resource>) -> Subscription {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.listeners.push((only, sender));
        Subscription(receiver)
    }

    /// The remembered changes after `version`, oldest first.
    pub fn since(&self, version: u64) -> impl DoubleEndedIterator<Item = &Change> {
        let start = self.past.partition_point(|c| c.version <= version);
        self.past.range(start..)
    }
}
