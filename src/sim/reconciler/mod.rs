//! A Flux-like reconciler: GitRepository and Kustomization objects, a real Git repository on disk, and the store that it applies to.
//!
//! It reverts what others write to the fields that it owns at each interval, unless it was told not to: `spec.suspend`, or the
//! annotation `kustomize.toolkit.fluxcd.io/reconcile: disabled` on an object.
//!
//! Invariant: it reads the repository's objects only and never writes to it. What it applied is what the commit in
//! `status.lastAppliedRevision` renders to; a render that fails applies nothing.

mod apply;
mod merge;
mod render;
mod source;
mod status;
#[cfg(test)]
mod tests;

use super::{
    resource::{Resource, resources},
    store::Store,
};
use crate::sim::controllers::object::{flag, fnv, generation, name, namespace, terminating, text, uid};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::{
    collections::{BTreeMap, HashMap},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};
use tokio_util::task::AbortOnDropHandle;

/// Annotation that asks for a reconciliation now; its value comes back in `status.lastHandledReconcileAt`.
pub const REQUESTED_AT: &str = "reconcile.fluxcd.io/requestedAt";

/// Seconds between two looks at a repository's refs.
const NOTICE: i64 = 2;

/// Why an object could not be reconciled.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The repository, its branch or a file in it could not be read.
    #[error("cannot read {what}: {why}")]
    Source {
        /// What was read.
        what: String,
        /// What Git said.
        why: String,
    },
    /// The kustomization could not be rendered.
    #[error("kustomize build failed: {path}: {why}")]
    Build {
        /// File or folder in the repository.
        path: String,
        /// What is wrong with it.
        why: String,
    },
    /// The API server refused objects.
    #[error("{0}")]
    Apply(String),
}

/// A rendered commit: which one, for which spec, and its objects.
struct Rendered {
    key: String,
    /// Names the objects' content.
    digest: String,
    objects: Vec<Arc<Value>>,
}

/// What is remembered of one GitRepository or Kustomization.
#[derive(Default)]
struct Past {
    /// When it was last reconciled.
    at: Option<Timestamp>,
    generation: i64,
    failed: bool,
    /// When the refs were last looked at, and their stamp then.
    looked: Option<Timestamp>,
    stamp: Option<source::Stamp>,
    rendered: Option<Rendered>,
    /// What was applied last, by identifier.
    applied: BTreeMap<String, Arc<Value>>,
}

/// The reconciler of one world.
pub struct Reconciler {
    store: Store,
    past: HashMap<String, Past>,
}

/// Starts the reconciler on a store; it stops when the handle is dropped.
pub fn spawn(store: &Store) -> AbortOnDropHandle<()> {
    Reconciler::new(store).spawn()
}

impl Reconciler {
    /// A reconciler that has not looked at anything yet.
    pub fn new(store: &Store) -> Self {
        Self { store: store.clone(), past: HashMap::new() }
    }

    /// The same reconciler on another handle of its store.
    pub fn on(self, store: &Store) -> Self {
        Self { store: store.clone(), ..self }
    }

    /// Runs until the handle is dropped.
    pub fn spawn(self) -> AbortOnDropHandle<()> {
        AbortOnDropHandle::new(tokio::spawn(self.run()))
    }

    async fn run(mut self) {
        let (_, _, mut sources) = self.store.list_and_watch(&resources::GIT_REPOSITORIES, None);
        let (_, _, mut consumers) = self.store.list_and_watch(&resources::KUSTOMIZATIONS, None);
        loop {
            // Reading a repository blocks.
            let turn = tokio::task::spawn_blocking(move || {
                let next = self.turn();
                (self, next)
            });
            let Ok((back, next)) = turn.await else { return };
            self = back;
            let wait = next.map_or(Duration::MAX, |at| {
                Duration::try_from(at.duration_since(self.store.clock().now())).unwrap_or(Duration::ZERO)
            });
            tokio::select! {
                change = sources.next() => if change.is_none() { return },
                change = consumers.next() => if change.is_none() { return },
                () = tokio::time::sleep(wait) => {}
            }
            while sources.try_next().is_some() || consumers.try_next().is_some() {}
        }
    }

    /// Reconciles everything that is due; answers when the next thing is.
    pub fn turn(&mut self) -> Option<Timestamp> {
        let now = self.store.clock().now();
        let mut next: Option<Timestamp> = None;
        let mut sooner = |at: Option<Timestamp>| next = [next, at].into_iter().flatten().min();
        for object in self.store.list(&resources::GIT_REPOSITORIES, None) {
            sooner(self.source(&object, now));
        }
        for object in self.store.list(&resources::KUSTOMIZATIONS, None) {
            sooner(self.kustomization(&object, now));
        }
        self.past.retain(|_, past| past.at.is_some() || past.looked.is_some());
        next
    }

    fn source(&mut self, object: &Value, now: Timestamp) -> Option<Timestamp> {
        if flag(object, "/spec/suspend") || terminating(object) {
            return None;
        }
        let past = self.past.entry(uid(object).to_owned()).or_default();
        let asked = is_due(object, past, now);
        let look = past.looked.is_none_or(|at| later(at, NOTICE) <= now);
        let folder = folder(object);
        if look || asked {
            past.looked = Some(now);
            let stamp = folder.as_deref().ok().and_then(|f| source::stamp(f, branch(object)));
            if asked || stamp != past.stamp || stamp.is_none() && !past.failed {
                past.stamp = stamp;
                past.at = Some(now);
                past.generation = generation(object);
                let tip = folder.and_then(|f| source::tip(&f, branch(object)));
                past.failed = tip.is_err();
                status::write_source(&self.store, object, tip, now);
            }
        }
        past.looked.map(|at| later(at, NOTICE))
    }

    fn kustomization(&mut self, object: &Value, now: Timestamp) -> Option<Timestamp> {
        if flag(object, "/spec/suspend") || terminating(object) {
            return None;
        }
        let mut past = self.past.remove(uid(object)).unwrap_or_default();
        let source = self.source_of(object);
        let revision = source.as_deref().map(|s| text(s, "/status/artifact/revision").to_owned()).unwrap_or_default();
        let moved = !revision.is_empty() && text(object, "/status/lastAttemptedRevision") != revision;
        // A source that appears is looked at once more, so that "not ready" does not last for an interval.
        let appeared = past.failed && !revision.is_empty() && text(object, "/status/lastAttemptedRevision").is_empty();
        if is_due(object, &past, now) || moved || appeared {
            past.at = Some(now);
            past.generation = generation(object);
            let outcome = self.apply(object, source.as_deref(), &revision, &mut past);
            past.failed = outcome.is_err();
            let content = past.rendered.as_ref().map(|r| r.digest.as_str()).unwrap_or_default();
            status::write_kustomization(&self.store, object, &revision, (content, outcome), now);
        }
        let next = past.at.map(|at| later(at, pause(object, past.failed)));
        self.past.insert(uid(object).to_owned(), past);
        next
    }

    fn source_of(&self, object: &Value) -> Option<Arc<Value>> {
        let reference = &object["spec"]["sourceRef"];
        let space = Some(text(reference, "/namespace")).filter(|n| !n.is_empty()).unwrap_or_else(|| namespace(object));
        self.store.get(&resources::GIT_REPOSITORIES, space, text(reference, "/name"))
    }

    /// Renders the revision and applies it; answers the inventory.
    fn apply(
        &self,
        object: &Value,
        source: Option<&Value>,
        revision: &str,
        past: &mut Past,
    ) -> Result<Vec<String>, Error> {
        let Some(source) = source.filter(|_| !revision.is_empty()) else {
            let what = format!("source {}", text(object, "/spec/sourceRef/name"));
            return Err(Error::Source { what, why: "Source artifact not found, retrying".into() });
        };
        let key = format!("{revision} {}", object["spec"]);
        if past.rendered.as_ref().is_none_or(|r| r.key != key) {
            let commit = revision.rsplit(':').next().unwrap_or_default();
            let files = source::files(&folder(source)?, commit)?;
            let objects = render::render(&files, text(object, "/spec/path"))?;
            let objects: Vec<_> = objects.into_iter().map(|o| Arc::new(apply::owned(o, object))).collect();
            let texts: Vec<String> = objects.iter().map(|o| o.to_string()).collect();
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            let digest = format!("sha256:{:016x}", fnv(&texts));
            past.rendered = Some(Rendered { key, digest, objects });
        }
        let objects = past.rendered.as_ref().map(|r| r.objects.as_slice()).unwrap_or_default();
        apply::apply(&self.store, object, objects, &mut past.applied)
    }
}

/// Whether the spec changed, somebody asks, or the interval is over.
fn is_due(object: &Value, past: &Past, now: Timestamp) -> bool {
    let asked = crate::sim::controllers::object::annotation(object, REQUESTED_AT);
    let asked = asked.is_some_and(|token| token != text(object, "/status/lastHandledReconcileAt"));
    let Some(at) = past.at else { return true };
    asked || past.generation != generation(object) || later(at, pause(object, past.failed)) <= now
}

/// Seconds until it is reconciled again.
fn pause(object: &Value, failed: bool) -> i64 {
    let retry = seconds(text(object, "/spec/retryInterval")).filter(|_| failed);
    retry.or_else(|| seconds(text(object, "/spec/interval"))).unwrap_or(60).max(1)
}

/// Reads a Go duration of hours, minutes and seconds, as `1h30m` or `30s`.
fn seconds(text: &str) -> Option<i64> {
    let (mut total, mut number) = (0_i64, String::new());
    for c in text.chars() {
        if c.is_ascii_digit() {
            number.push(c);
            continue;
        }
        let unit = match c {
            'h' => 3600,
            'm' => 60,
            's' => 1,
            _ => return None,
        };
        total = total.checked_add(number.parse::<i64>().ok()?.checked_mul(unit)?)?;
        number.clear();
    }
    (number.is_empty() && !text.is_empty()).then_some(total)
}

fn later(at: Timestamp, seconds: i64) -> Timestamp {
    at.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX)
}

fn branch(source: &Value) -> &str {
    Some(text(source, "/spec/ref/branch")).filter(|b| !b.is_empty()).unwrap_or("master")
}

/// The folder of a `file://` repository.
fn folder(source: &Value) -> Result<PathBuf, Error> {
    let url = text(source, "/spec/url");
    url.strip_prefix("file://").map(PathBuf::from).ok_or_else(|| Error::Source {
        what: format!("repository '{url}'"),
        why: "only file:// repositories can be read here".into(),
    })
}

/// The resource of an object that was rendered.
fn resource_of(object: &Value) -> Result<&'static Resource, Error> {
    let (version, kind) = (text(object, "/apiVersion"), text(object, "/kind"));
    super::resource::resource_of_kind(version, kind).ok_or_else(|| {
        let group = version.split_once('/').map_or("", |(g, _)| g);
        let place = format!("{kind}/{}", name(object));
        Error::Apply(format!("{place} dry-run failed: no matches for kind \"{kind}\" in version \"{group}/{version}\""))
    })
}
