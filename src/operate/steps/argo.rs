//! What only Argo Rollouts has: aborting an update, and promoting one fully. Both are written to the status subresource, as its own
//! command line does, and act on the update that was confirmed and on no other.

use super::Ended;
use crate::{
    model::ObjectRef,
    operate::{
        run::Run,
        stop::Stop,
        write::{Effect, Patch, Probe},
    },
};
use serde_json::{Value, json};
use std::time::Duration;

/// How often the controller is looked at while it has not taken a template up.
const LOOK: Duration = Duration::from_secs(1);

pub(super) async fn abort(
    run: &mut Run,
    index: usize,
    object: &ObjectRef,
    uid: &str,
    hash: &str,
) -> Result<Ended, Stop> {
    let judge = |found: &Value| judge_abort(found, hash);
    let effect = Effect {
        object,
        uid,
        judge: &judge,
        patch: &|found| Ok(status(found, json!({"abort": true}))),
        before: json!({"hash": hash}),
        // The subresource of a custom resource has no admission of its own, and every moment counts.
        rehearse: false,
    };
    let applied = run.apply(index, &effect).await?;
    if !applied.ours {
        return Ok(Ended::Skipped("the update was over or aborted already".into()));
    }
    Ok(Ended::done("update aborted: the stable template serves alone"))
}

pub(super) async fn promote(
    run: &mut Run,
    index: usize,
    object: &ObjectRef,
    uid: &str,
    hash: &str,
) -> Result<Ended, Stop> {
    loop {
        let found = run.confirmed_object(index, object, uid).await?;
        if text(&found, "currentPodHash") == hash {
            break;
        }
        run.note(index, "the controller has not taken up the template yet").await;
        run.wait(LOOK).await?;
    }
    let judge = |found: &Value| judge_promotion(found, hash);
    let effect = Effect {
        object,
        uid,
        judge: &judge,
        patch: &|found| Ok(status(found, json!({"promoteFull": true}))),
        before: json!({"hash": hash}),
        rehearse: false,
    };
    let applied = run.apply(index, &effect).await?;
    if !applied.ours {
        return Ok(Ended::Skipped("it is out already: no step is left".into()));
    }
    Ok(Ended::done("promoted fully: no step of the canary is gone through"))
}

/// A merge patch of the status that applies to the object that was read, or to none.
fn status(found: &Value, change: Value) -> Patch {
    let metadata = &found["metadata"];
    let read = json!({"uid": metadata["uid"], "resourceVersion": metadata["resourceVersion"]});
    Patch::Status(json!({"metadata": read, "status": change}))
}

fn text<'a>(found: &'a Value, field: &str) -> &'a str {
    found["status"][field].as_str().unwrap_or_default()
}

fn judge_abort(found: &Value, hash: &str) -> Probe {
    let current = text(found, "currentPodHash");
    if current != hash {
        return Probe::Diverged(format!(
            "another template is on its way ({current}, not {hash}) since the plan was confirmed; plan again"
        ));
    }
    if found["status"]["abort"] == true || text(found, "stableRS") == hash {
        return Probe::Done;
    }
    Probe::NotDone
}

fn judge_promotion(found: &Value, hash: &str) -> Probe {
    if text(found, "currentPodHash") != hash {
        return Probe::Diverged("another template was put in place meanwhile; look who, then plan again".into());
    }
    if text(found, "stableRS") == hash || found["status"]["promoteFull"] == true {
        return Probe::Done;
    }
    Probe::NotDone
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_update_that_was_confirmed_is_aborted_or_promoted() {
        let rollout = |current: &str, stable: &str, more: Value| {
            let mut status = json!({"currentPodHash": current, "stableRS": stable});
            status.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            json!({"metadata": {"uid": "u", "resourceVersion": "7"}, "status": status})
        };
        let under_way = rollout("new", "old", json!({}));
        assert_eq!(judge_abort(&under_way, "new"), Probe::NotDone);
        assert_eq!(judge_abort(&rollout("new", "old", json!({"abort": true})), "new"), Probe::Done);
        assert_eq!(judge_abort(&rollout("new", "new", json!({})), "new"), Probe::Done, "it went out meanwhile");
        assert!(matches!(judge_abort(&rollout("newer", "old", json!({})), "new"), Probe::Diverged(_)));
        assert_eq!(judge_promotion(&under_way, "new"), Probe::NotDone);
        assert_eq!(judge_promotion(&rollout("new", "old", json!({"promoteFull": true})), "new"), Probe::Done);
        assert!(matches!(judge_promotion(&under_way, "old"), Probe::Diverged(_)));
        let Patch::Status(patch) = status(&under_way, json!({"abort": true})) else { panic!() };
        assert_eq!(patch["metadata"]["resourceVersion"], "7");
    }
}
