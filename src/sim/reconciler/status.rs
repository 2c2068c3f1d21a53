//! The statuses of GitRepository and Kustomization objects, in Flux' own reasons and fields.
//!
//! Invariant: `observedGeneration`, `lastHandledReconcileAt` and the Ready condition are written together, so that a reader who
//! sees his token handled also sees its outcome.

use super::{Error, REQUESTED_AT};
use crate::sim::{
    controllers::object::{
        annotation, fnv, generation, name, namespace, remove_condition, set, set_condition, text, time,
    },
    resource::resources,
    store::{Part, Store},
};
use jiff::Timestamp;
use serde_json::{Value, json};

fn begin(object: &Value) -> Value {
    let mut status = if object["status"].is_object() { object["status"].clone() } else { json!({}) };
    set(&mut status, &["observedGeneration"], generation(object));
    if let Some(token) = annotation(object, REQUESTED_AT) {
        set(&mut status, &["lastHandledReconcileAt"], token);
    }
    status
}

fn write(store: &Store, resource: &'static crate::sim::resource::Resource, object: &Value, status: Value) {
    // An object that is gone needs no status.
    let _ = store.update(resource, namespace(object), name(object), Part::Status, None, |o| {
        o["status"] = status;
        Ok(())
    });
}

/// Says where the branch is, or why it cannot be read.
pub fn write_source(store: &Store, object: &Value, tip: Result<String, Error>, now: Timestamp) {
    let mut status = begin(object);
    let seen = generation(object);
    match tip {
        Ok(revision) => {
            let message = format!("stored artifact for revision '{revision}'");
            if text(&status, "/artifact/revision") != revision {
                let place = format!("gitrepository/{}/{}", namespace(object), name(object));
                let commit = revision.rsplit(':').next().unwrap_or_default();
                let digest: String =
                    (0..4).map(|i: u32| format!("{:016x}", fnv(&[&revision, &i.to_string()]))).collect();
                let artifact = json!({
                    "revision": revision, "digest": format!("sha256:{digest}"), "lastUpdateTime": time(now),
                    "path": format!("{place}/{commit}.tar.gz"),
                    "url": format!("http://source-controller.flux-system.svc.cluster.local./{place}/{commit}.tar.gz"),
                });
                set(&mut status, &["artifact"], artifact);
            }
            remove_condition(&mut status, "FetchFailed");
            set_condition(&mut status, "Ready", "True", "Succeeded", &message, seen, now);
            set_condition(&mut status, "ArtifactInStorage", "True", "Succeeded", &message, seen, now);
        }
        Err(error) => {
            let message = format!("failed to checkout and determine revision: {error}");
            set_condition(&mut status, "FetchFailed", "True", "GitOperationFailed", &message, seen, now);
            set_condition(&mut status, "Ready", "False", "GitOperationFailed", &message, seen, now);
        }
    }
    write(store, &resources::GIT_REPOSITORIES, object, status);
}

/// Says which revision is applied, or why one could not be.
pub fn write_kustomization(
    store: &Store,
    object: &Value,
    revision: &str,
    (content, outcome): (&str, Result<Vec<String>, Error>),
    now: Timestamp,
) {
    let mut status = begin(object);
    let seen = generation(object);
    if !revision.is_empty() {
        set(&mut status, &["lastAttemptedRevision"], revision);
    }
    match outcome {
        Ok(inventory) => {
            let version = |id: &str| {
                let parts: Vec<&str> = id.split('_').collect();
                let all = resources::ALL.iter();
                let found = all.clone().find(|r| parts.get(2) == Some(&r.group) && parts.get(3) == Some(&r.kind));
                found.map_or("v1", |r| r.version)
            };
            let entries: Vec<Value> = inventory.iter().map(|id| json!({ "id": id, "v": version(id) })).collect();
            set(&mut status, &["inventory"], json!({ "entries": entries }));
            set(&mut status, &["lastAppliedRevision"], revision);
            remember(&mut status, content, "ReconciliationSucceeded", revision, now);
            let message = format!("Applied revision: {revision}");
            set_condition(&mut status, "Ready", "True", "ReconciliationSucceeded", &message, seen, now);
        }
        Err(error) => {
            let reason = match &error {
                Error::Source { .. } => "ArtifactFailed",
                Error::Build { .. } => "BuildFailed",
                Error::Apply(_) => "ReconciliationFailed",
            };
            // What was never rendered has no content to be remembered by.
            if matches!(error, Error::Apply(_)) {
                remember(&mut status, content, reason, revision, now);
            }
            set_condition(&mut status, "Ready", "False", reason, &error.to_string(), seen, now);
        }
    }
    write(store, &resources::KUSTOMIZATIONS, object, status);
}

/// How many outcomes are kept.
const HISTORY: usize = 5;

/// Keeps an outcome: one entry for each content and outcome, the last one first, with the revision of the last time.
fn remember(status: &mut Value, content: &str, outcome: &str, revision: &str, now: Timestamp) {
    let mut history = status["history"].as_array().cloned().unwrap_or_default();
    let same = |entry: &Value| entry["digest"] == content && entry["lastReconciledStatus"] == outcome;
    let known = history.iter().position(same).map(|at| history.remove(at));
    let (first, times) = match &known {
        Some(entry) => (entry["firstReconciled"].clone(), entry["totalReconciliations"].as_u64().unwrap_or(0)),
        None => (time(now).into(), 0),
    };
    let entry = json!({
        "digest": content, "firstReconciled": first, "lastReconciled": time(now), "lastReconciledDuration": "100ms",
        "lastReconciledStatus": outcome, "metadata": {"revision": revision}, "totalReconciliations": times + 1,
    });
    history.insert(0, entry);
    history.truncate(HISTORY);
    set(status, &["history"], history);
}
