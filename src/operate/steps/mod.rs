//! What each step does. One file an action; each looks first, so that running a step again after a crash finishes it.
//!
//! Invariant: a step that returns Ok has left the world as its plan says, or found it so.

mod applied;
mod argo;
mod ask;
mod commit;
mod create_job;
mod follow;
mod hand;
mod helm;
mod hold;
pub(super) mod owner;
mod pod;
mod push;
mod ready;
mod reconciled;
mod record;
mod restart;
mod restore;
mod rollout;
mod stalled;
mod synced;
mod wait_job;
pub(super) mod weights;

use super::{journal::Record, run::Run, stop::Stop};
use crate::model::{Action, Kind, Progress, StepState};
use serde_json::Value;

/// How a step ended well.
pub(super) enum Ended {
    /// It was done.
    Done {
        /// One sentence.
        detail: String,
        /// What later steps and readers need of it.
        result: Value,
    },
    /// It was done already, by somebody else.
    Skipped(String),
}

impl Ended {
    fn done(detail: impl Into<String>) -> Self {
        Self::Done { detail: detail.into(), result: Value::Null }
    }
}

impl Run {
    /// Carries one step out.
    pub(super) async fn step(&mut self, index: usize) -> Result<(), Stop> {
        let Some(step) = self.plan().steps.get(index).cloned() else { return Ok(()) };
        self.record(Record::Started { step: index }).await?;
        self.tell(Progress::Step { index, state: StepState::Started, detail: step.detail }).await;
        self.tell_lease().await;
        let ended = match &step.action {
            Action::RestoreTemplate { .. } => restore::run(self, index, &step.action).await,
            Action::AbortRollout { object, uid, hash } => argo::abort(self, index, object, uid, hash).await,
            Action::PromoteRollout { object, uid, hash } => argo::promote(self, index, object, uid, hash).await,
            Action::DeletePod { object, uid, of, revision } => {
                pod::delete(self, index, &pod::Stuck { pod: object, uid, of, revision }).await
            }
            Action::HelmRollback { object, from, to } => helm::run(self, index, object, *from, *to).await,
            Action::Restart { object, uid, at } => restart::run(self, index, object, uid, *at).await,
            Action::SetWeights { object, uid, before, after } => {
                weights::run(self, index, object, uid, before, after).await
            }
            Action::WaitReady { namespace, service, ready } => {
                ready::run(self, index, namespace, service, *ready).await
            }
            Action::Hold { seconds, namespace, service } => hold::run(self, index, *seconds, namespace, service).await,
            Action::CreateJob { object, recipe } => create_job::run(self, index, object, recipe).await,
            Action::WaitJob { object } => wait_job::run(self, index, object).await,
            Action::Commit(commit) => commit::run(self, index, commit).await,
            Action::Push { repository, branch } => push::run(self, index, repository, branch).await,
            Action::WaitReconciled { object, container, image } => {
                reconciled::run(self, index, object, container, image).await
            }
            Action::WaitRollout { object, uid } => rollout::run(self, index, object, uid).await,
            Action::HoldOwner(hold) => owner::hold(self, index, hold).await,
            Action::WaitApplied { owner, reference, bad, settled, .. } if owner.kind == Kind::Application => {
                synced::run(self, index, owner, reference, bad, *settled).await
            }
            Action::WaitApplied { owner, source, reference, bad, settled } => {
                applied::run(self, index, owner, source.as_ref(), reference, bad, *settled).await
            }
            Action::WaitHand { owner, todo } => hand::run(self, index, owner, todo).await,
            Action::ReleaseOwner(hold) => owner::release(self, index, hold).await,
        }?;
        let (state, detail) = match ended {
            Ended::Done { detail, result } => {
                self.record(Record::Done { step: index, detail: detail.clone(), result }).await?;
                (StepState::Done, detail)
            }
            Ended::Skipped(detail) => {
                self.record(Record::Skipped { step: index, detail: detail.clone() }).await?;
                (StepState::Skipped, detail)
            }
        };
        self.tell(Progress::Step { index, state, detail }).await;
        Ok(())
    }
}
