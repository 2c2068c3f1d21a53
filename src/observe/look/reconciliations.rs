//! What the reconciler of a workload applied, and when: from its status, and from its Events while the cluster keeps them.

use crate::{
    connect::kube::{Cluster, Reader},
    formats::redact,
    model::{Kind, ObjectRef, Owner, OwnerKind, Reconciliation},
    wire::Event,
};
use jiff::Timestamp;
use serde_json::Value;
use std::cmp::Reverse;

/// The annotations by which Flux's controllers say in an Event what they applied.
const REVISIONS: [&str; 2] = ["kustomize.toolkit.fluxcd.io/revision", "helm.toolkit.fluxcd.io/revision"];
/// Reasons of Events that tell of something applied; other events of theirs only list what changed.
const APPLIED: [&str; 4] = ["ReconciliationSucceeded", "InstallSucceeded", "UpgradeSucceeded", "RollbackSucceeded"];
/// How many are told.
const MOST: usize = 20;

/// What an owner did, newest first; Err where that cannot be told, and why.
pub async fn reconciliations(cluster: &Cluster, owner: &Owner) -> Result<Vec<Reconciliation>, String> {
    let (kind, read): (Kind, fn(&Value) -> Vec<Reconciliation>) = match owner.kind {
        OwnerKind::Kustomization => (Kind::Kustomization, of_kustomization),
        OwnerKind::HelmRelease => (Kind::HelmRelease, of_release),
        OwnerKind::Application => (Kind::Application, of_application),
        OwnerKind::Helm => {
            return Err(format!("nothing reconciles {owner}: its releases are among the Helm releases"));
        }
    };
    let object = ObjectRef::new(kind, owner.namespace.clone(), owner.name.clone());
    if object.namespace.is_empty() {
        return Err(format!("{owner} does not tell its namespace"));
    }
    told(cluster.reader(), &object, read).await
}

async fn told(
    reader: &Reader,
    object: &ObjectRef,
    read: fn(&Value) -> Vec<Reconciliation>,
) -> Result<Vec<Reconciliation>, String> {
    let fields = format!("involvedObject.name={},involvedObject.kind={}", object.name, object.kind);
    let (found, events) = tokio::join!(
        reader.get(object),
        reader.list_as::<Event>(Kind::Event, Some(&object.namespace), None, Some(&fields)),
    );
    let mut all = read(&found.map_err(|error| error.to_string())?["status"]);
    // Where Events may not be read, the status alone has to do.
    all.extend(events.unwrap_or_default().iter().filter_map(of_event));
    all.sort_by_key(|done| Reverse((done.at, done.revision.clone())));
    // The same revision is applied again at every interval: the first time is what an operator asks about.
    let mut told: Vec<Reconciliation> = Vec::new();
    for done in all {
        match told.iter_mut().find(|known| known.succeeded == done.succeeded && known.revision == done.revision) {
            Some(known) => known.at = done.at,
            None => told.push(done),
        }
    }
    told.sort_by_key(|done| Reverse(done.at));
    told.truncate(MOST);
    Ok(told)
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned).filter(|text| !text.is_empty())
}

fn time(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}

/// What a Kustomization's status tells: newer Flux keeps a history, all have the Ready condition.
fn of_kustomization(status: &Value) -> Vec<Reconciliation> {
    let mut all: Vec<Reconciliation> = Vec::new();
    for past in status["history"].as_array().into_iter().flatten() {
        let outcome = text(&past["lastReconciledStatus"]).unwrap_or_default();
        let times = past["totalReconciliations"].as_u64().unwrap_or(1);
        // An entry is one outcome of one content. Its revision is that of the last time, which may be a later commit than that
        // of the first: what is rolled back in Git is an old content again.
        all.extend(time(&past["lastReconciled"]).map(|at| Reconciliation {
            at,
            revision: text(&past["metadata"]["revision"]),
            succeeded: outcome == "ReconciliationSucceeded",
            message: if times > 1 { format!("{outcome}, {times} times with this content") } else { outcome },
        }));
    }
    all.extend(of_ready(status));
    all
}

/// What a Ready condition tells.
fn of_ready(status: &Value) -> Option<Reconciliation> {
    let mut conditions = status["conditions"].as_array().into_iter().flatten();
    let ready = conditions.find(|condition| condition["type"] == "Ready")?;
    let succeeded = ready["status"] == "True";
    let message = redact::text(ready["message"].as_str().unwrap_or_default());
    Some(Reconciliation {
        at: time(&ready["lastTransitionTime"])?,
        // Since when it is ready says nothing about when it applied what it has applied by now.
        revision: text(&status["lastAttemptedRevision"]).filter(|_| !succeeded),
        succeeded,
        message: if succeeded { format!("ready since then; now: {message}") } else { message },
    })
}

/// What a HelmRelease's status tells: its releases, newest first.
fn of_release(status: &Value) -> Vec<Reconciliation> {
    let mut all: Vec<Reconciliation> = Vec::new();
    for past in status["history"].as_array().into_iter().flatten() {
        let outcome = text(&past["status"]).unwrap_or_default();
        let version = past["version"].as_u64().unwrap_or_default();
        all.extend(time(&past["lastDeployed"]).map(|at| Reconciliation {
            at,
            revision: text(&past["chartVersion"]).map(|chart| format!("{chart} v{version}")),
            succeeded: matches!(&*outcome, "deployed" | "superseded"),
            message: format!("release {version}: {outcome}"),
        }));
    }
    all.extend(of_ready(status).filter(|ready| !ready.succeeded));
    all
}

/// What an Application's status tells: the syncs that succeeded, and the last one.
fn of_application(status: &Value) -> Vec<Reconciliation> {
    let revision = |of: &Value| {
        let several = of["revisions"].as_array().into_iter().flatten().filter_map(Value::as_str).collect::<Vec<_>>();
        text(&of["revision"]).or_else(|| (!several.is_empty()).then(|| several.join(" ")))
    };
    let mut all: Vec<Reconciliation> = Vec::new();
    for past in status["history"].as_array().into_iter().flatten() {
        all.extend(time(&past["deployedAt"]).map(|at| Reconciliation {
            at,
            revision: revision(past),
            succeeded: true,
            message: "synced".into(),
        }));
    }
    let last = &status["operationState"];
    let phase = text(&last["phase"]).unwrap_or_default();
    if matches!(&*phase, "Failed" | "Error") {
        let message = redact::text(last["message"].as_str().unwrap_or_default());
        all.extend(time(&last["finishedAt"]).map(|at| Reconciliation {
            at,
            revision: revision(&last["syncResult"]),
            succeeded: false,
            message: format!("sync {}: {message}", phase.to_lowercase()),
        }));
    }
    all
}

/// What an Event tells; those that only list what changed are left out.
fn of_event(event: &Event) -> Option<Reconciliation> {
    let succeeded = &*event.kind != "Warning";
    if succeeded && !APPLIED.contains(&&*event.reason) {
        return None;
    }
    Some(Reconciliation {
        at: event.began()?,
        revision: REVISIONS.iter().find_map(|key| event.metadata.annotations.get(*key)).map(ToString::to_string),
        succeeded,
        message: redact::text(event.message.lines().next().unwrap_or_default()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_failed_attempt_names_what_was_attempted() {
        let status = |ready: &str| {
            of_kustomization(
                &json!({"lastAppliedRevision": "main@sha1:1", "lastAttemptedRevision": "main@sha1:2", "conditions": [
                {"type": "Healthy", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"},
                {"type": "Ready", "status": ready, "message": "m", "lastTransitionTime": "2026-01-01T00:00:00Z"}]}),
            )
        };
        assert_eq!((status("True")[0].revision.as_deref(), status("True")[0].succeeded), (None, true));
        assert_eq!(
            (status("False")[0].revision.as_deref(), status("False")[0].succeeded),
            (Some("main@sha1:2"), false)
        );
        assert_eq!(of_kustomization(&Value::Null), []);
    }

    #[test]
    fn an_event_that_lists_changes_is_no_reconciliation() {
        let event = |reason: &str, kind: &str| -> Event {
            serde_json::from_value(
                json!({"reason": reason, "type": kind, "message": "one\ntwo", "firstTimestamp": "2026-01-01T00:00:00Z",
                "metadata": {"annotations": {(REVISIONS[0]): "main@sha1:3"}}}),
            )
            .unwrap()
        };
        assert_eq!(of_event(&event("Progressing", "Normal")), None);
        let told = of_event(&event("BuildFailed", "Warning")).unwrap();
        assert_eq!((told.revision.as_deref(), &*told.message, told.succeeded), (Some("main@sha1:3"), "one", false));
    }

    #[test]
    fn an_old_content_that_is_applied_again_is_no_old_commit() {
        let status = json!({"history": [
            {"firstReconciled": "2026-01-01T00:00:00Z", "lastReconciled": "2026-01-09T00:00:00Z", "totalReconciliations": 7,
             "lastReconciledStatus": "ReconciliationSucceeded", "metadata": {"revision": "main@sha1:9"}}]});
        let told = of_kustomization(&status);
        assert_eq!(told[0].at, "2026-01-09T00:00:00Z".parse().unwrap());
        assert_eq!(told[0].message, "ReconciliationSucceeded, 7 times with this content");
    }

    #[test]
    fn releases_and_applications_tell_theirs() {
        let status = json!({"conditions": [{"type": "Ready", "status": "False", "message": "upgrade failed", "lastTransitionTime": "2026-01-03T00:00:00Z"}],
            "history": [
                {"version": 2, "chartVersion": "1.0.1+abc", "status": "failed", "lastDeployed": "2026-01-02T00:00:00Z"},
                {"version": 1, "chartVersion": "1.0.0", "status": "superseded", "lastDeployed": "2026-01-01T00:00:00Z"}]});
        let told: Vec<_> = of_release(&status).into_iter().map(|r| (r.revision, r.succeeded, r.message)).collect();
        assert_eq!(
            told,
            [
                (Some("1.0.1+abc v2".into()), false, "release 2: failed".into()),
                (Some("1.0.0 v1".into()), true, "release 1: superseded".into()),
                (None, false, "upgrade failed".into()),
            ]
        );
        let status = json!({"history": [{"revision": "abc", "deployedAt": "2026-01-01T00:00:00Z"},
                {"revisions": ["d", "e"], "deployedAt": "2026-01-02T00:00:00Z"}],
            "operationState": {"phase": "Failed", "message": "one or more objects failed to apply",
                "finishedAt": "2026-01-03T00:00:00Z", "syncResult": {"revision": "f"}}});
        let told: Vec<_> = of_application(&status).into_iter().map(|r| (r.revision, r.succeeded)).collect();
        assert_eq!(told, [(Some("abc".into()), true), (Some("d e".into()), true), (Some("f".into()), false)]);
    }
}
