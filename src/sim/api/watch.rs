//! Watches: what changed since a version, and what changes from now on.
//!
//! Invariant: no change is left out or told twice, and a bookmark never names a version that was not told in full. A version
//! that is forgotten is an ERROR event of code 410 inside a stream of status 200, as on a real API server.

use super::{
    Call, Response,
    read::{self, Selection},
    reply::{self, Form},
    spelling::Spelling,
};
use crate::sim::{
    status::{Cause, Status},
    store::{Change, ChangeKind, Store, Subscription},
    table,
};
use bytes::Bytes;
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::mpsc,
    time::{Instant, MissedTickBehavior, interval_at, sleep_until},
};

/// How often a watch that allows bookmarks gets one.
const BOOKMARKS: Duration = Duration::from_secs(60);
/// How long a watch lives that names no time-out.
const LIFETIME: u64 = 30 * 60;

/// GET of a collection with `watch=true`.
pub fn watch(call: &Call) -> Result<Response, Status> {
    let selection = Selection::of(call)?;
    let spelling = Spelling::of(call.target.resource);
    let r = spelling.as_ref().map_or(call.target.resource, |s| s.stored);
    // A watch words a version that it cannot read differently from a list.
    let wanted = read::version(call)
        .map_err(|wrong| Status::new(500, "", wrong.message.replacen("invalid resource version: ", "", 1)))?
        .unwrap_or(0);
    let initial = call.query.get("sendInitialEvents");
    if initial.is_some() && call.query.get("resourceVersionMatch") != Some("NotOlderThan") {
        let why = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan";
        return Err(Status::invalid_options("ListOptions", &Cause::forbidden("resourceVersionMatch", why)));
    }
    let current = call.store.resource_version();
    let whole = initial == Some("true") || (wanted == 0 && initial.is_none());
    let (sender, receiver) = mpsc::channel(64);
    let mut out = Out {
        sender,
        selection,
        namespace: call.target.namespace.clone(),
        form: call.form,
        store: call.store.clone(),
        call_resource: call.target.resource,
        spelling,
        headings: true,
        after: if whole { 0 } else { wanted },
    };
    let bookmarks = call.query.flag("allowWatchBookmarks");
    let seconds = call.query.number("timeoutSeconds").and_then(|n| u64::try_from(n).ok()).filter(|n| *n > 0);
    let end = Instant::now() + Duration::from_secs(seconds.unwrap_or(LIFETIME));
    let mut faults = call.faults.watches();
    let drops = faults.borrow_and_update().dropped;
    let ends_initial = initial == Some("true") && bookmarks;
    let (start, changes) = if whole {
        let (objects, version, changes) = call.store.list_and_watch(r, call.target.namespace.as_deref());
        (Start::Objects(objects, ends_initial.then_some(version)), Some(changes))
    } else {
        match call.store.watch(r, wanted.min(current)) {
            Ok((past, changes)) => (Start::Past(past), Some(changes)),
            Err(gone) => (Start::Gone(gone), None),
        }
    };
    tokio::spawn(async move {
        let mut changes = match (out.begin(start).await, changes) {
            (Some(()), Some(changes)) => changes,
            _ => return,
        };
        let mut ticks = interval_at(Instant::now() + BOOKMARKS, BOOKMARKS);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let state = *faults.borrow_and_update();
            if state.dropped != drops {
                return;
            }
            // A half-open connection: nothing is read, nothing is sent, not even its end.
            let speaks = !state.silent;
            let went_well = tokio::select! {
                biased;
                () = out.sender.closed() => None,
                changed = faults.changed() => changed.ok(),
                change = changes.next(), if speaks => match change {
                    Some(change) => out.change(&change).await,
                    None => None,
                },
                _ = ticks.tick(), if speaks && bookmarks => out.bookmark(&mut changes).await,
                () = sleep_until(end), if speaks => None,
            };
            if went_well.is_none() {
                return;
            }
        }
    });
    Ok(reply::stream("application/json", receiver))
}

/// What a watch begins with.
enum Start {
    /// Everything that is there, and, when asked for, a bookmark of that version that ends it.
    Objects(Vec<Arc<Value>>, Option<u64>),
    /// What happened since the version that was asked for.
    Past(Vec<Change>),
    /// That version is forgotten.
    Gone(Status),
}

/// The sending half of one watch. Its methods answer `None` once the client is gone.
struct Out {
    sender: mpsc::Sender<Bytes>,
    selection: Selection,
    namespace: Option<String>,
    form: Form,
    store: Store,
    call_resource: &'static crate::sim::resource::Resource,
    /// Where the kind is kept in another spelling than it is asked for.
    spelling: Option<Spelling>,
    headings: bool,
    /// Changes up to this version are not told: a watch may ask from the future and stays silent until then.
    after: u64,
}

impl Out {
    async fn begin(&mut self, start: Start) -> Option<()> {
        match start {
            Start::Objects(objects, end) => {
                for object in &objects {
                    if self.has(object) {
                        self.send("ADDED", object).await?;
                    }
                }
                if let Some(version) = end {
                    self.send_bookmark(version, true).await?;
                }
            }
            Start::Past(past) => {
                for change in &past {
                    self.change(change).await?;
                }
            }
            Start::Gone(status) => self.line(&json!({ "type": "ERROR", "object": status.to_json() })).await?,
        }
        Some(())
    }

    fn has(&self, object: &Value) -> bool {
        let here = self.namespace.as_deref().is_none_or(|n| object["metadata"]["namespace"] == n);
        here && self.selection.has(object)
    }

    /// Tells a change as it looks from inside the selection: an object that leaves it is DELETED with its old labels.
    async fn change(&mut self, change: &Change) -> Option<()> {
        if change.version <= self.after {
            return Some(());
        }
        let was = change.old.as_ref().is_some_and(|old| self.has(old));
        let is = change.kind != ChangeKind::Deleted && self.has(&change.object);
        match (was, is, &change.old) {
            (false, true, _) => self.send("ADDED", &change.object).await,
            (true, true, _) => self.send("MODIFIED", &change.object).await,
            (true, false, Some(old)) => {
                let mut last = Value::clone(if change.kind == ChangeKind::Deleted { &change.object } else { old });
                last["metadata"]["resourceVersion"] = json!(change.version.to_string());
                self.send("DELETED", &last).await
            }
            _ => Some(()),
        }
    }

    /// A bookmark of the store's version, after everything up to it.
    async fn bookmark(&mut self, changes: &mut Subscription) -> Option<()> {
        let version = self.store.resource_version();
        while let Some(change) = changes.try_next() {
            self.change(&change).await?;
        }
        self.send_bookmark(version, false).await
    }

    async fn send_bookmark(&mut self, version: u64, ends_initial: bool) -> Option<()> {
        let r = self.call_resource;
        let mut metadata = json!({ "resourceVersion": version.to_string(), "creationTimestamp": null });
        if ends_initial {
            metadata["annotations"] = json!({ "k8s.io/initial-events-end": "true" });
        }
        let object = match self.form {
            Form::Partial => {
                json!({ "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": metadata })
            }
            _ => json!({ "kind": r.kind, "apiVersion": r.api_version(), "metadata": metadata }),
        };
        self.line(&json!({ "type": "BOOKMARK", "object": object })).await
    }

    async fn send(&mut self, kind: &str, object: &Value) -> Option<()> {
        let shown = match self.form {
            Form::Object => match &self.spelling {
                None => return self.line(&Event { kind, object }).await,
                Some(spelling) => spelling.show(object),
            },
            Form::Partial => table::partial(object),
            Form::Table(include) => {
                let metadata = json!({ "resourceVersion": object["metadata"]["resourceVersion"] });
                let (headings, now) = (std::mem::take(&mut self.headings), self.store.clock().now());
                table::table(self.call_resource, std::iter::once(object), include, headings, metadata, now)
            }
        };
        self.line(&Event { kind, object: &shown }).await
    }

    async fn line(&mut self, event: &impl serde::Serialize) -> Option<()> {
        let mut line = serde_json::to_vec(event).ok()?;
        line.push(b'\n');
        self.sender.send(line.into()).await.ok()
    }
}

#[derive(serde::Serialize)]
struct Event<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    object: &'a Value,
}
