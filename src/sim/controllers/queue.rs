//! What is to be done now, in the order in which it was asked for, and what is due later.
//!
//! Invariant: a key waits at most once in the queue and has at most one timer; ties are broken by the key, never by chance.

use jiff::Timestamp;
use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};

/// The controllers, by the kind that they look after.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Controller {
    Garbage,
    Namespace,
    Quota,
    Deployment,
    ReplicaSet,
    StatefulSet,
    DaemonSet,
    Job,
    CronJob,
    Rollout,
    Autoscaler,
    Disruption,
    Claim,
    EndpointSlice,
    Gateway,
    HttpRoute,
    Scheduler,
    Kubelet,
    EventExpiry,
}

/// One thing to reconcile. For [`Controller::Garbage`] the name is the uid of an owner.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// Who reconciles.
    pub controller: Controller,
    /// The object's namespace, empty for cluster-wide objects.
    pub namespace: String,
    /// The object's name.
    pub name: String,
}

impl Key {
    /// A key.
    pub fn new(controller: Controller, namespace: &str, name: &str) -> Self {
        Self { controller, namespace: namespace.to_owned(), name: name.to_owned() }
    }
}

/// The work queue with its timers.
#[derive(Default)]
pub struct Queue {
    waiting: VecDeque<Key>,
    queued: HashSet<Key>,
    timers: BTreeSet<(Timestamp, Key)>,
    due: HashMap<Key, Timestamp>,
}

impl Queue {
    /// Asks for a key to be reconciled.
    pub fn push(&mut self, key: Key) {
        if self.queued.insert(key.clone()) {
            self.waiting.push_back(key);
        }
    }

    /// The next key; those whose timer is due come after those that were asked for.
    pub fn pop(&mut self, now: Timestamp) -> Option<Key> {
        if self.waiting.is_empty() {
            while let Some((at, _)) = self.timers.first().filter(|(at, _)| *at <= now) {
                let at = *at;
                if let Some((_, key)) = self.timers.pop_first() {
                    debug_assert_eq!(self.due.get(&key), Some(&at));
                    self.due.remove(&key);
                    self.push(key);
                }
            }
        }
        let key = self.waiting.pop_front()?;
        self.queued.remove(&key);
        Some(key)
    }

    /// Replaces the key's timer, or takes it away.
    pub fn set_timer(&mut self, key: &Key, at: Option<Timestamp>) {
        if let Some(old) = self.due.remove(key) {
            self.timers.remove(&(old, key.clone()));
        }
        if let Some(at) = at {
            self.due.insert(key.clone(), at);
            self.timers.insert((at, key.clone()));
        }
    }

    /// When the next timer is due.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.timers.first().map(|(at, _)| *at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_waits_once_and_timers_come_in_order() {
        let at = |s| Timestamp::from_second(s).unwrap();
        let (a, b) = (Key::new(Controller::Job, "x", "a"), Key::new(Controller::Job, "x", "b"));
        let mut queue = Queue::default();
        queue.push(b.clone());
        queue.push(b.clone());
        queue.set_timer(&a, Some(at(9)));
        queue.set_timer(&a, Some(at(5)));
        assert_eq!(queue.pop(at(0)), Some(b));
        assert_eq!(queue.pop(at(4)), None);
        assert_eq!(queue.next_due(), Some(at(5)));
        assert_eq!(queue.pop(at(5)), Some(a));
        assert_eq!(queue.pop(at(99)), None);
    }
}
