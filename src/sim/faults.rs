//! What a test can break: answers that fail, slowness, watches that end or fall silent.
//!
//! Invariant: without a fault set, nothing here changes an answer. Faults strike requests, never the store behind them.

use super::{
    api::path::{Target, Verb},
    resource::Resource,
    status::Status,
};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::watch;

/// How a request fails.
#[derive(Clone, Debug, PartialEq)]
pub enum Failure {
    /// It is refused with this answer and, where given, `Retry-After` in seconds.
    Refuse(Status, Option<u32>),
    /// It is carried out, but the answer says otherwise (a 504 after the write).
    Disguise(Status),
    /// It is carried out, but the answer ends half-way.
    Cut,
}

impl Failure {
    /// 429 as the API server's fairness sends it.
    pub fn too_many_requests(retry_after: u32) -> Self {
        let message = "Too many requests, please try again later.";
        Self::Refuse(Status::new(429, "TooManyRequests", message), Some(retry_after))
    }

    /// 429 of one resource whose storage is not ready after a restart.
    pub fn initializing() -> Self {
        Self::Refuse(Status::new(429, "TooManyRequests", "storage is (re)initializing"), Some(1))
    }

    /// 500 of a broken API server.
    pub fn internal() -> Self {
        Self::Refuse(Status::new(500, "InternalError", "Internal error occurred: injected fault"), None)
    }

    /// 503 of an absent API server.
    pub fn unavailable() -> Self {
        let message = "the server is currently unable to handle the request";
        Self::Refuse(Status::new(503, "ServiceUnavailable", message), None)
    }

    /// 409, as if somebody had been faster.
    pub fn conflict() -> Self {
        let message = "Operation cannot be fulfilled: the object has been modified; please apply your changes to the latest version and try again";
        Self::Refuse(Status::new(409, "Conflict", message), None)
    }

    /// 504 although the write was made.
    pub fn timeout_after_applying() -> Self {
        let message = "Timeout: request did not complete within requested timeout - context deadline exceeded";
        Self::Disguise(Status::new(504, "Timeout", message))
    }
}

struct Planned {
    verb: Option<Verb>,
    resource: Option<&'static Resource>,
    left: u32,
    failure: Failure,
}

/// What open watches obey.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Watches {
    /// Grows each time that all open watches shall end.
    pub dropped: u64,
    /// Whether they send nothing, though they stay open (half-open connections).
    pub silent: bool,
}

#[derive(Default)]
struct Inner {
    planned: Vec<Planned>,
    latency: Duration,
}

/// The faults of one world. Cheap to clone: clones share everything.
#[derive(Clone)]
pub struct Faults {
    inner: Arc<Mutex<Inner>>,
    watches: watch::Sender<Watches>,
}

impl Default for Faults {
    fn default() -> Self {
        Self { inner: Arc::default(), watches: watch::Sender::new(Watches::default()) }
    }
}

impl Faults {
    fn edit<T>(&self, edit: impl FnOnce(&mut Inner) -> T) -> T {
        edit(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The next `times` requests with that verb and resource (`None` for any) fail so.
    pub fn fail_next(&self, times: u32, verb: Option<Verb>, resource: Option<&'static Resource>, failure: Failure) {
        self.edit(|inner| inner.planned.push(Planned { verb, resource, left: times, failure }));
    }

    /// Every request waits so long before it is answered.
    pub fn set_latency(&self, latency: Duration) {
        self.edit(|inner| inner.latency = latency);
    }

    /// All open watches end now, without a word.
    pub fn drop_watches(&self) {
        self.watches.send_modify(|state| state.dropped += 1);
    }

    /// From now on watches stay open but say nothing, or speak again.
    pub fn silence_watches(&self, silent: bool) {
        self.watches.send_modify(|state| state.silent = silent);
    }

    /// Nothing fails any more.
    pub fn clear(&self) {
        self.edit(|inner| *inner = Inner::default());
        self.silence_watches(false);
    }

    pub(super) fn latency(&self) -> Duration {
        self.edit(|inner| inner.latency)
    }

    pub(super) fn watches(&self) -> watch::Receiver<Watches> {
        self.watches.subscribe()
    }

    /// The failure that strikes this request, if one is planned; counted down.
    pub(super) fn strike(&self, verb: Verb, target: &Target) -> Option<Failure> {
        self.edit(|inner| {
            let hit = inner.planned.iter_mut().find(|p| {
                p.left > 0 && p.verb.is_none_or(|v| v == verb) && p.resource.is_none_or(|r| r == target.resource)
            })?;
            hit.left -= 1;
            let failure = hit.failure.clone();
            inner.planned.retain(|p| p.left > 0);
            Some(failure)
        })
    }
}
