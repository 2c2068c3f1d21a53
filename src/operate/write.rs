//! One effect on one object of the cluster: look, rehearse, journal, look who holds, write, know.
//!
//! Invariant: a write is sent only after the object was read and found to be what was confirmed, with that reading's
//! resourceVersion as its precondition, and after its intent is on disk. A lost answer is never followed by another write
//! before the object was looked at again, so that there is exactly one effect.

use super::{
    journal::Record,
    run::{Run, failed, trying_again, with_hint},
    stop::{Boundary, Stop},
};
use crate::{
    connect::kube::{ApiError, ApiErrorKind},
    model::ObjectRef,
};
use serde_json::{Value, json};
use std::time::Duration;

/// How often somebody else may be faster before this gives up.
const RACES: u32 = 20;
/// How many of these races are followed by the next try at once.
const EAGER: u32 = 4;
/// Pause after a lost race or a lost answer.
const PAUSE: Duration = Duration::from_millis(500);

/// What a look at the world says about a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Probe {
    /// The world is as it was when the plan was confirmed.
    NotDone,
    /// The world is as the step leaves it.
    Done,
    /// The world is neither; this is what was found.
    Diverged(String),
}

/// A patch in the form that its object needs.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Patch {
    Json(Value),
    Strategic(Value),
    /// A merge patch of the status subresource.
    Status(Value),
}

/// One effect.
pub(super) struct Effect<'a> {
    /// On which object.
    pub(super) object: &'a ObjectRef,
    /// Its UID: another object of the same name is none of ours.
    pub(super) uid: &'a str,
    /// What a look at the object says.
    pub(super) judge: &'a (dyn Fn(&Value) -> Probe + Send + Sync),
    /// The patch for the object as it was read.
    pub(super) patch: &'a (dyn Fn(&Value) -> Result<Patch, String> + Send + Sync),
    /// What was there before, for the journal.
    pub(super) before: Value,
    /// Whether admission is asked first. Going back asks nobody.
    pub(super) rehearse: bool,
}

/// What became of an effect.
pub(super) struct Applied {
    /// The object with it.
    pub(super) object: Value,
    /// Whether this operation brought it about.
    pub(super) ours: bool,
}

impl Run {
    /// Brings an effect about, exactly once.
    pub(super) async fn apply(&mut self, index: usize, effect: &Effect<'_>) -> Result<Applied, Stop> {
        let mut rehearsed = !effect.rehearse;
        let mut races = 0;
        // A step taken up again may have been written already, with its answer lost in the crash.
        let mut sent = self.history.steps[index].intent.is_some();
        loop {
            let object = self.confirmed_object(index, effect.object, effect.uid).await?;
            match (effect.judge)(&object) {
                Probe::Done => {
                    if sent {
                        self.wrote(index, &object).await?;
                    }
                    return Ok(Applied { object, ours: sent });
                }
                Probe::Diverged(found) => return Err(Stop::Conflict(found)),
                Probe::NotDone => {}
            }
            if races > RACES {
                return Err(Stop::Failed(format!("{} is changed again and again by somebody else", effect.object)));
            }
            let patch = (effect.patch)(&object).map_err(Stop::Conflict)?;
            if !rehearsed && !self.rehearse(index, effect.object, &patch, &object).await? {
                races += 1;
                self.lost(races).await?;
                continue;
            }
            rehearsed = true;
            let metadata = &object["metadata"];
            let before = json!({
                "uid": metadata["uid"], "resourceVersion": metadata["resourceVersion"], "before": effect.before,
            });
            self.record(Record::Intent { step: index, before }).await?;
            self.still_ours(index).await?;
            self.faults.reach(Boundary::BeforeWrite)?;
            sent = true;
            let answer = self.send(effect.object, &patch, false).await;
            self.faults.reach(Boundary::AfterWrite)?;
            match answer {
                Ok(object) => {
                    self.wrote(index, &object).await?;
                    return Ok(Applied { object, ours: true });
                }
                Err(error) if matches!(error.kind, ApiErrorKind::Conflict | ApiErrorKind::Invalid) => {
                    races += 1;
                    self.note(index, trying_again(&error)).await;
                    self.lost(races).await?;
                }
                Err(error) => self.after_refusal(index, &error).await?,
            }
        }
    }

    /// Somebody was faster, most often the controller with a status: what is there now is looked at again at once, and after a
    /// few times with pauses.
    async fn lost(&mut self, races: u32) -> Result<(), Stop> {
        if races <= EAGER {
            return self.listen().await;
        }
        self.wait(PAUSE).await.map(drop)
    }

    /// The object, if it is still the one that was confirmed.
    pub(super) async fn confirmed_object(
        &mut self,
        index: usize,
        object: &ObjectRef,
        uid: &str,
    ) -> Result<Value, Stop> {
        let Some(found) = self.find(index, object).await? else {
            return Err(Stop::Conflict(format!("{object} does not exist any more")));
        };
        if found["metadata"]["uid"] != uid {
            return Err(Stop::Conflict(format!("{object} was deleted and created again since the plan was confirmed")));
        }
        Ok(found)
    }

    async fn send(&self, object: &ObjectRef, patch: &Patch, dry_run: bool) -> Result<Value, ApiError> {
        match patch {
            Patch::Json(operations) => self.writer.patch_json(object, operations, dry_run).await,
            Patch::Strategic(patch) => self.writer.patch_strategic(object, patch, dry_run).await,
            Patch::Status(patch) => self.writer.patch_status(object, patch, dry_run).await,
        }
    }

    /// Lets admission speak before anything is written. Ok(false): somebody changed the object meanwhile, so look again.
    async fn rehearse(&mut self, index: usize, object: &ObjectRef, patch: &Patch, read: &Value) -> Result<bool, Stop> {
        let Err(error) = self.send(object, patch, true).await else { return Ok(true) };
        match error.kind {
            ApiErrorKind::Unsupported => {
                self.note(index, format!("an admission webhook takes no part in dry runs: {}", error.message)).await;
                Ok(true)
            }
            ApiErrorKind::Conflict => Ok(false),
            // A failed `test` looks like a refusal; it is one where the object is still what was read.
            ApiErrorKind::Invalid => {
                let now = self.find(index, object).await?;
                let version = |object: &Value| object["metadata"]["resourceVersion"].clone();
                if now.is_some_and(|now| version(&now) == version(read)) { Err(failed(&error)) } else { Ok(false) }
            }
            ApiErrorKind::Forbidden => Err(failed(&error)),
            _ => {
                // A server that does not answer to a rehearsal is not there for the real write either.
                self.note(index, trying_again(&error)).await;
                self.wait(error.retry_after.unwrap_or(PAUSE)).await?;
                Ok(false)
            }
        }
    }

    /// What to do about a write that was not acknowledged: in every case look before writing again.
    pub(super) async fn after_refusal(&mut self, index: usize, error: &ApiError) -> Result<(), Stop> {
        match error.kind {
            ApiErrorKind::Forbidden | ApiErrorKind::Unsupported => return Err(failed(error)),
            ApiErrorKind::Unknown => {
                self.note(index, format!("the answer was lost, looking whether it was applied: {}", error.message))
                    .await;
            }
            ApiErrorKind::Unauthorized => self.note(index, with_hint(error)).await,
            _ => self.note(index, trying_again(error)).await,
        }
        self.wait(error.retry_after.unwrap_or(PAUSE)).await.map(drop)
    }

    /// Journals that the write of a step is known to have been applied.
    pub(super) async fn wrote(&mut self, index: usize, object: &Value) -> Result<(), Stop> {
        let metadata = &object["metadata"];
        let result = json!({
            "uid": metadata["uid"], "resourceVersion": metadata["resourceVersion"], "generation": metadata["generation"],
        });
        self.record(Record::Wrote { step: index, result }).await
    }
}
