//! One watch: everything of a kind in one namespace or in all, then what changes, and at any moment how far the rows can be
//! trusted.
//!
//! What there is comes in one answer, decoded as it arrives, or page by page over a line that such an answer does not survive:
//! neither is ever held whole. A later list replaces what was there in one piece, so that nothing flickers. The server is asked to
//! end each watch after 40 s; 45 s without a word mean that the connection is dead, whatever TCP says. Every failure is waited out
//! and told.

use super::{backoff::Backoff, pulse::Alarm, rows::Interner};
use crate::{
    connect::kube::{ApiError, ApiErrorKind, Cluster, Listed, Selectors, WatchFrom, Watched},
    formats,
    model::{Change, Kind, ObjectRef, Sync},
    wire::Metadata,
};
use futures::{Stream, StreamExt as _};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use std::{
    pin::{Pin, pin},
    sync::Arc,
    time::Duration,
};
use tokio::{
    sync::{mpsc::Sender, watch as latest},
    time::{Instant, timeout},
};

/// After how many seconds the server ends a watch, and how long silence may last.
const WATCH: u32 = 40;
const SILENCE: Duration = Duration::from_secs(45);
/// How often, in seconds, rows are said to be current while nothing happens to their state.
const HEARD: i64 = 3;
/// Rows of a first list that are shown together.
const SHOWN: usize = 250;
/// Refusals in a row before one is believed: an API server that just started refuses what it will soon allow.
const REFUSALS: u32 = 3;

/// Which objects of a kind are watched. Of Secrets, only those in which Helm keeps releases, and of each release not the
/// revisions of the past; of Leases, only our own, as those of nodes and controllers are many and change all the time: nothing
/// else is ever asked for, or sent.
const fn selectors(kind: Kind) -> Selectors<'static> {
    match kind {
        Kind::Secret => {
            Selectors { labels: Some("owner=helm,status!=superseded"), fields: Some("type=helm.sh/release.v1") }
        }
        Kind::Lease => Selectors { labels: Some(formats::lease::SELECTOR), fields: None },
        _ => Selectors { labels: None, fields: None },
    }
}

/// A kind of object as it is watched.
pub(super) trait Watchable: DeserializeOwned + Send + 'static {
    /// Its metadata.
    fn metadata(&self) -> &Metadata;
    /// Its row; None where it has none.
    fn row(&self, kind: Kind, interner: &mut Interner) -> Option<Change>;
}

/// Why a watch ended for good.
#[derive(Debug)]
pub(super) enum Ended {
    /// RBAC does not allow it.
    Forbidden(String),
    /// The API server does not serve this kind.
    Absent,
    /// Nobody listens any more.
    Closed,
}

/// One watch.
pub(super) struct Follow<'a> {
    cluster: &'a Cluster,
    kind: Kind,
    namespace: Option<Arc<str>>,
    changes: &'a Sender<Vec<Change>>,
    /// Changes each time that there is a reason to connect again.
    alarms: latest::Receiver<Alarm>,
    backoff: Backoff,
    interner: Interner,
    /// When the server last said anything, and when that was last passed on.
    heard: Option<Timestamp>,
    told: Option<Timestamp>,
    /// The version to go on from; None while everything must be asked for.
    version: Option<String>,
    /// The version of what was last listed: a list from another server's cache may not be older.
    since: Option<String>,
    /// Whether the server must be asked page by page.
    pages: bool,
    /// Whether a list was ever complete, and whether any of its rows were sent.
    listed: bool,
    shown: bool,
}

/// A list on its way.
struct Relist {
    changes: Vec<Change>,
    /// Whether it is the very first one, shown as it arrives.
    first: bool,
}

impl Relist {
    fn begin(kind: Kind, first: bool) -> Self {
        Self { changes: if first { Vec::new() } else { vec![Change::Begin(kind)] }, first }
    }
}

impl<'a> Follow<'a> {
    pub fn new(
        cluster: &'a Cluster,
        kind: Kind,
        namespace: Option<Arc<str>>,
        changes: &'a Sender<Vec<Change>>,
        alarms: latest::Receiver<Alarm>,
        seed: u64,
    ) -> Self {
        let backoff = Backoff::new(seed);
        let interner = Interner::default();
        Self {
            cluster,
            kind,
            namespace,
            changes,
            alarms,
            backoff,
            interner,
            heard: None,
            told: None,
            version: None,
            since: None,
            pages: false,
            listed: false,
            shown: false,
        }
    }

    /// Follows until it is refused, absent, or nobody listens.
    pub async fn run<T: Watchable>(mut self) -> Ended {
        self.run_until_ended::<T>().await.unwrap_or(Ended::Closed)
    }

    async fn run_until_ended<T: Watchable>(&mut self) -> Option<Ended> {
        self.tell(Sync::Loading).await?;
        let mut refusals = 0;
        loop {
            let outcome = match self.version.clone() {
                Some(version) => self.watch::<T>(version).await?,
                None if self.pages => self.pages::<T>().await?,
                None => self.list::<T>().await?,
            };
            match outcome {
                Ok(()) => refusals = 0,
                // The version is too old: everything is asked for again, which is no outage.
                Err(error) if error.kind == ApiErrorKind::Gone && self.version.is_some() => self.version = None,
                // The server never had that version, as after a restored backup.
                Err(error) if error.kind == ApiErrorKind::Gone && self.since.is_some() => self.since = None,
                Err(error) => {
                    if let Some(ended) = self.judge(&error, &mut refusals).await? {
                        return Some(ended);
                    }
                }
            }
        }
    }

    /// Waits an error out, or decides that it is final.
    async fn judge(&mut self, error: &ApiError, refusals: &mut u32) -> Option<Option<Ended>> {
        match error.kind {
            ApiErrorKind::NotFound => return Some(Some(Ended::Absent)),
            ApiErrorKind::Forbidden => {
                *refusals += 1;
                if !self.listed || *refusals >= REFUSALS {
                    return Some(Some(Ended::Forbidden(error.message.clone())));
                }
            }
            _ => *refusals = 0,
        }
        let now = self.cluster.clock().now();
        let since = *self.heard.get_or_insert(now);
        self.tell(Sync::Stale { since, why: error.message.clone() }).await?;
        let pause = self.backoff.pause(error.retry_after);
        tokio::time::sleep(pause).await;
        Some(None)
    }

    /// Lists everything in one answer.
    async fn list<T: Watchable>(&mut self) -> Option<Result<(), ApiError>> {
        let mut all = Relist::begin(self.kind, !self.shown);
        let reader = self.cluster.reader().clone();
        let which = selectors(self.kind);
        let list = reader.everything::<T>(self.kind, self.namespace.as_deref(), which, self.since.as_deref());
        let mut list = match list.await {
            Ok(list) => pin!(list),
            Err(error) => return Some(Err(error)),
        };
        self.alarms.mark_unchanged();
        loop {
            match self.next(list.as_mut()).await {
                Ok(Some(Listed::Some(objects))) => {
                    all.changes.extend(objects.iter().filter_map(|object| object.row(self.kind, &mut self.interner)));
                    if all.changes.len() >= SHOWN {
                        self.show(&mut all).await?;
                    }
                }
                Ok(Some(Listed::All { version })) => {
                    self.complete(all, version).await?;
                    return Some(Ok(()));
                }
                // The last part is the one that says so.
                Ok(None) => return Some(Ok(())),
                Err(error) => {
                    // Parts of it may get through where the whole does not.
                    self.pages = error.kind == ApiErrorKind::Unreachable;
                    return Some(Err(error));
                }
            }
        }
    }

    /// Lists everything page by page.
    async fn pages<T: Watchable>(&mut self) -> Option<Result<(), ApiError>> {
        let reader = self.cluster.reader().clone();
        let mut all = Relist::begin(self.kind, !self.shown);
        let mut next = None;
        let version = loop {
            let Selectors { labels, fields } = selectors(self.kind);
            let page = match reader.page::<T>(self.kind, self.namespace.as_deref(), labels, fields, next).await {
                Ok(page) => page,
                Err(error) => return Some(Err(error)),
            };
            all.changes.extend(page.items.iter().filter_map(|item| item.row(self.kind, &mut self.interner)));
            next = page.next;
            if next.is_none() {
                break page.resource_version;
            }
            self.show(&mut all).await?;
        };
        self.pages = false;
        self.complete(all, version).await?;
        Some(Ok(()))
    }

    /// Watches until the server ends it, which is no error, or something goes wrong.
    async fn watch<T: Watchable>(&mut self, version: String) -> Option<Result<(), ApiError>> {
        let reader = self.cluster.reader().clone();
        let (which, from) = (selectors(self.kind), WatchFrom::Version(version));
        let stream = match reader.watch::<T>(self.kind, self.namespace.as_deref(), which, from, WATCH).await {
            Ok(stream) => stream,
            Err(error) => return Some(Err(error)),
        };
        let opened = Instant::now();
        let heard = self.now_heard().into_iter().collect();
        self.send(heard).await?;
        let mut stream = pin!(stream);
        self.alarms.mark_unchanged();
        loop {
            match self.next(stream.as_mut()).await {
                Ok(Some(event)) => self.take(event).await?,
                Ok(None) => break,
                Err(error) => return Some(Err(error)),
            }
        }
        // A proxy that ends every watch at once must not make us ask in a tight circle.
        if opened.elapsed().as_secs() < 1 {
            let pause = self.backoff.pause(None);
            tokio::time::sleep(pause).await;
        } else {
            self.backoff.reset();
        }
        Some(Ok(()))
    }

    /// The next thing that the server says; an error where it is silent for too long, or cannot be there any more.
    async fn next<I>(
        &mut self,
        mut said: Pin<&mut impl Stream<Item = Result<I, ApiError>>>,
    ) -> Result<Option<I>, ApiError> {
        let lost = |why: String| Err(ApiError::new(ApiErrorKind::Unreachable, "watch", why));
        tokio::select! {
            next = timeout(SILENCE, said.next()) => match next {
                Ok(next) => next.transpose(),
                Err(_) => lost(format!("the API server has not said a word for {} s", SILENCE.as_secs())),
            },
            Ok(()) = self.alarms.changed() => {
                let alarm = *self.alarms.borrow_and_update();
                // Silent or not, what is open may be all there is for a while: that is told before anything is tried.
                lost(match alarm {
                    Alarm::Slept(_) => "this machine slept, and its connections did not last".to_owned(),
                    Alarm::Unreached(_) | Alarm::None => "the API server takes no new connections".to_owned(),
                })
            }
        }
    }

    /// Takes in one event of a watch whose beginning is known.
    async fn take<T: Watchable>(&mut self, event: Watched<T>) -> Option<()> {
        let mut changes = Vec::with_capacity(2);
        let version = match event {
            Watched::Put(object) => {
                changes.extend(object.row(self.kind, &mut self.interner));
                object.metadata().resource_version.to_string()
            }
            Watched::Deleted(object) => {
                let metadata = object.metadata();
                changes.push(Change::Gone(ObjectRef::new(self.kind, &*metadata.namespace, &*metadata.name)));
                metadata.resource_version.to_string()
            }
            Watched::Bookmark { version, .. } => version,
        };
        self.version = Some(version);
        self.backoff.reset();
        changes.extend(self.now_heard());
        self.send(changes).await
    }

    /// Shows what has arrived of the very first list. Nothing can be swept yet, so nothing need be kept together.
    async fn show(&mut self, all: &mut Relist) -> Option<()> {
        if !all.first {
            return Some(());
        }
        self.shown = true;
        self.send(std::mem::take(&mut all.changes)).await
    }

    /// Ends a list: rows that it did not name are gone, and the rest is current.
    async fn complete(&mut self, all: Relist, version: String) -> Option<()> {
        let Relist { mut changes, first } = all;
        if !first {
            changes.push(Change::End(self.kind, self.namespace.clone()));
        }
        let now = self.cluster.clock().now();
        changes.push(Change::Sync(self.kind, self.namespace.clone(), Sync::Live { heard: now }));
        (self.shown, self.listed) = (true, true);
        (self.since, self.version) = (Some(version.clone()), Some(version));
        (self.heard, self.told) = (Some(now), Some(now));
        self.backoff.reset();
        self.send(changes).await
    }

    fn now_heard(&mut self) -> Option<Change> {
        let now = self.cluster.clock().now();
        self.heard = Some(now);
        if self.told.is_some_and(|told| now.duration_since(told).as_secs() < HEARD) {
            return None;
        }
        self.told = Some(now);
        Some(Change::Sync(self.kind, self.namespace.clone(), Sync::Live { heard: now }))
    }

    async fn tell(&mut self, sync: Sync) -> Option<()> {
        // Whatever comes next is news, however soon.
        self.told = None;
        self.send(vec![Change::Sync(self.kind, self.namespace.clone(), sync)]).await
    }

    async fn send(&self, changes: Vec<Change>) -> Option<()> {
        if changes.is_empty() { Some(()) } else { self.changes.send(changes).await.ok() }
    }
}
