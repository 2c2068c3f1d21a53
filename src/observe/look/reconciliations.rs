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

const REVISION: &str = "kustomize.toolkit.fluxcd.io/revision";
/// How many are told.
const MOST: usize = 20;

/// What an owner did, newest first; Err where that cannot be told, and why.
pub async fn reconciliations(cluster: &Cluster, owner: &Owner) -> Result<Vec<Reconciliation>, String> {
    match owner.kind {
        OwnerKind::Kustomization => flux(cluster.reader(), owner).await,
        OwnerKind::HelmRelease | OwnerKind::Application | OwnerKind::Helm => {
            Err(format!("what {owner} did is not told here: only Flux Kustomizations are read"))
        }
    }
}

async fn flux(reader: &Reader, owner: &Owner) -> Result<Vec<Reconciliation>, String> {
    let object = ObjectRef::new(Kind::Kustomization, owner.namespace.clone(), owner.name.clone());
    let fields = format!("involvedObject.name={},involvedObject.kind={}", object.name, object.kind);
    let (kustomization, events) = tokio::join!(
        reader.get(&object),
        reader.list_as::<Event>(Kind::Event, Some(&object.namespace), None, Some(&fields)),
    );
    let mut all = of_status(&kustomization.map_err(|error| error.to_string())?["status"]);
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

/// What the status tells: newer Flux keeps a history, all have the Ready condition.
fn of_status(status: &Value) -> Vec<Reconciliation> {
    let text = |value: &Value| value.as_str().map(str::to_owned).filter(|text| !text.is_empty());
    let time = |value: &Value| value.as_str().and_then(|at| at.parse::<Timestamp>().ok());
    let mut all: Vec<Reconciliation> = Vec::new();
    for past in status["history"].as_array().into_iter().flatten() {
        let outcome = text(&past["lastReconciledStatus"]).unwrap_or_default();
        all.extend(time(&past["firstReconciled"]).map(|at| Reconciliation {
            at,
            revision: text(&past["metadata"]["revision"]),
            succeeded: outcome == "ReconciliationSucceeded",
            message: outcome,
        }));
    }
    let conditions = status["conditions"].as_array().into_iter().flatten();
    for ready in conditions.filter(|condition| condition["type"] == "Ready") {
        let succeeded = ready["status"] == "True";
        let message = redact::text(ready["message"].as_str().unwrap_or_default());
        all.extend(time(&ready["lastTransitionTime"]).map(|at| Reconciliation {
            at,
            // Since when it is ready says nothing about when it applied what it has applied by now.
            revision: text(&status["lastAttemptedRevision"]).filter(|_| !succeeded),
            succeeded,
            message: if succeeded { format!("ready since then; now: {message}") } else { message },
        }));
    }
    all
}

/// What an Event tells; those that only list what changed are left out.
fn of_event(event: &Event) -> Option<Reconciliation> {
    let succeeded = &*event.kind != "Warning";
    if succeeded && &*event.reason != "ReconciliationSucceeded" {
        return None;
    }
    Some(Reconciliation {
        at: event.began()?,
        revision: event.metadata.annotations.get(REVISION).map(ToString::to_string),
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
            of_status(
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
        assert_eq!(of_status(&Value::Null), []);
    }

    #[test]
    fn an_event_that_lists_changes_is_no_reconciliation() {
        let event = |reason: &str, kind: &str| -> Event {
            serde_json::from_value(
                json!({"reason": reason, "type": kind, "message": "one\ntwo", "firstTimestamp": "2026-01-01T00:00:00Z",
                "metadata": {"annotations": {REVISION: "main@sha1:3"}}}),
            )
            .unwrap()
        };
        assert_eq!(of_event(&event("Progressing", "Normal")), None);
        let told = of_event(&event("BuildFailed", "Warning")).unwrap();
        assert_eq!((told.revision.as_deref(), &*told.message, told.succeeded), (Some("main@sha1:3"), "one", false));
    }
}
