//! Deletes the one pod that keeps a StatefulSet from going on. With ordered pods its controller waits for a broken pod to become
//! ready before it replaces anything, so that a template that was put back never reaches it.
//!
//! Invariant: the pod that was confirmed, by UID, and only while it is of the bad revision and not ready; and only once the
//! controller asks for another revision, for it would come back as it was.

use super::Ended;
use crate::{
    connect::kube::ApiErrorKind,
    model::ObjectRef,
    operate::{
        journal::Record,
        run::Run,
        stop::{Boundary, Stop},
    },
};
use serde_json::{Value, json};
use std::time::Duration;

/// How often the StatefulSet is looked at while its controller has not taken up the template.
const LOOK: Duration = Duration::from_secs(1);

/// The pod and what it must be.
pub(super) struct Stuck<'a> {
    pub(super) pod: &'a ObjectRef,
    pub(super) uid: &'a str,
    pub(super) of: &'a ObjectRef,
    pub(super) revision: &'a str,
}

pub(super) async fn delete(run: &mut Run, index: usize, stuck: &Stuck<'_>) -> Result<Ended, Stop> {
    loop {
        let Some(set) = run.find(index, stuck.of).await? else {
            return Err(Stop::Failed(format!("{} was deleted", stuck.of)));
        };
        if !asks_for_another(&set, stuck.revision) {
            run.note(index, format!("{} has not taken up the template yet", stuck.of)).await;
            run.wait(LOOK).await?;
            continue;
        }
        // Another pod of this name is what the StatefulSet made since.
        let found = run.find(index, stuck.pod).await?.filter(|found| found["metadata"]["uid"] == stuck.uid);
        if let Some(why) = spared(found.as_ref(), stuck) {
            return Ok(match (&found, run.history.steps[index].intent.is_some()) {
                // Our own deletion, of which the answer was lost or whose process ended.
                (None, true) => Ended::done(format!("{} deleted", stuck.pod)),
                _ => Ended::Skipped(why),
            });
        }
        run.record(Record::Intent { step: index, before: json!({"uid": stuck.uid, "revision": stuck.revision}) })
            .await?;
        run.still_ours(index).await?;
        run.faults.reach(Boundary::BeforeWrite)?;
        let answer = run.writer.delete(stuck.pod, stuck.uid).await;
        run.faults.reach(Boundary::AfterWrite)?;
        match answer {
            Ok(()) => {
                run.wrote(index, &json!({"metadata": {"uid": stuck.uid}})).await?;
                return Ok(Ended::done(format!(
                    "{} deleted; it comes back with the template that was restored",
                    stuck.pod
                )));
            }
            // Whatever became of it, the next look at the pod tells.
            Err(error) if matches!(error.kind, ApiErrorKind::NotFound | ApiErrorKind::Conflict) => {}
            Err(error) => run.after_refusal(index, &error).await?,
        }
    }
}

/// Whether the controller has seen the object as it is and makes pods of another revision.
fn asks_for_another(set: &Value, bad: &str) -> bool {
    let status = &set["status"];
    let wanted = status["updateRevision"].as_str().unwrap_or_default();
    status["observedGeneration"] == set["metadata"]["generation"] && !wanted.is_empty() && wanted != bad
}

/// Why the pod is left alone; None where it has to go.
fn spared(found: Option<&Value>, stuck: &Stuck<'_>) -> Option<String> {
    let pod = stuck.pod;
    let Some(found) = found else {
        return Some(format!("{pod} is gone already"));
    };
    if !found["metadata"]["deletionTimestamp"].is_null() {
        return Some(format!("{pod} is being deleted already"));
    }
    if found["metadata"]["labels"]["controller-revision-hash"] != stuck.revision {
        return Some(format!("{pod} is not of the bad revision"));
    }
    let conditions = found["status"]["conditions"].as_array();
    let ready = conditions.is_some_and(|all| all.iter().any(|c| c["type"] == "Ready" && c["status"] == "True"));
    ready.then(|| format!("{pod} became ready: the StatefulSet goes on by itself"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Kind;

    #[test]
    fn only_the_confirmed_pod_goes_and_only_while_it_is_broken() {
        let (pod, of) = (ObjectRef::new(Kind::Pod, "shop", "db-1"), ObjectRef::new(Kind::StatefulSet, "shop", "db"));
        let stuck = Stuck { pod: &pod, uid: "u", of: &of, revision: "db-bad" };
        let object = |uid: &str, hash: &str, ready: &str| {
            json!({"metadata": {"uid": uid, "labels": {"controller-revision-hash": hash}},
                "status": {"conditions": [{"type": "Ready", "status": ready}]}})
        };
        assert_eq!(spared(Some(&object("u", "db-bad", "False")), &stuck), None);
        for (found, why) in [
            (Some(object("u", "db-good", "False")), "not of the bad revision"),
            (Some(object("u", "db-bad", "True")), "became ready"),
            (None, "gone"),
        ] {
            assert!(spared(found.as_ref(), &stuck).unwrap().contains(why));
        }
        let set = |observed: u64, update: &str| json!({"metadata": {"generation": 3}, "status": {"observedGeneration": observed, "updateRevision": update}});
        assert!(asks_for_another(&set(3, "db-good"), "db-bad"));
        assert!(!asks_for_another(&set(2, "db-good"), "db-bad"), "the controller is behind");
        assert!(!asks_for_another(&set(3, "db-bad"), "db-bad"), "it would come back as it was");
    }
}
