//! Waits for a rollout's verdict: by kubectl's rules (the generation first, then the numbers), and earlier where the pods of
//! the new template show that it will not come up. Kubernetes itself gives up only after ten minutes.

use super::Ended;
use crate::{
    formats::template,
    model::{Action, Blocker, BlockerKind, Health, ObjectRef, RolloutState},
    observe,
    operate::{run::Run, stop::Stop},
    wire::Workload,
};
use serde::Deserialize as _;
use serde_json::json;
use std::time::Duration;
use tokio::time::Instant;

/// How often the object is looked at.
const LOOK: Duration = Duration::from_secs(2);
/// How often its pods are.
const INSPECT: Duration = Duration::from_secs(10);
/// How long new pods may crash, or not find their image, before this calls it a failure.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) async fn run(run: &mut Run, index: usize, object: &ObjectRef, uid: &str) -> Result<Ended, Stop> {
    let mut said = None;
    let mut pods = Pods { inspected: None, failing: None };
    let mut failure = Lasting::default();
    let restored = restored(run, object);
    loop {
        let Some(found) = run.find(index, object).await? else {
            return Err(Stop::Failed(format!("{object} was deleted while its rollout was waited for")));
        };
        if found["metadata"]["uid"] != uid {
            let why = format!("{object} was deleted and created again while its rollout was waited for");
            return Err(Stop::Failed(why));
        }
        if restored.as_ref().is_some_and(|hash| *hash != template::hash(template::of(&found))) {
            return Err(Stop::Conflict(format!(
                "somebody changed the template of {object} while its rollout was waited for: what was restored is not asked for \
                 any more; look who, then plan again"
            )));
        }
        let workload = Workload::deserialize(&found)
            .map_err(|error| Stop::Failed(format!("{object} is not what the API promises: {error}")))?;
        let rollout = observe::verdict(object.kind, &workload);
        let mut reason = rollout.reason.unwrap_or_else(|| rollout.state.to_string());
        let lasts = failure.seen(rollout.state == RolloutState::Failed, Instant::now());
        match rollout.state {
            RolloutState::Complete => {
                // The hash is the evidence by which a later rollback calls this template known good.
                let result = json!({
                    "template": template::hash(template::of(&found)),
                    "generation": found["metadata"]["generation"],
                });
                return Ok(Ended::Done { detail: "rolled out and available".into(), result });
            }
            RolloutState::Failed if lasts => {
                return Err(Stop::Failed(pods.words(run, object).await.unwrap_or(reason)));
            }
            RolloutState::Unknown => {
                return Ok(Ended::Skipped(format!("there is no verdict to wait for: {reason}")));
            }
            // Until the controller has seen the change its pods are those of the past.
            RolloutState::Progressing if workload.status.observed_generation >= workload.metadata.generation => {
                if let Some(word) = pods.look(run, object).await? {
                    reason = format!("{reason}; {word}");
                }
            }
            RolloutState::Progressing | RolloutState::Paused | RolloutState::Failed => {}
        }
        if said.as_ref() != Some(&reason) {
            run.note(index, reason.clone()).await;
            said = Some(reason);
        }
        run.wait(LOOK).await?;
    }
}

/// The template that an earlier step of this operation put back, as the API server took it.
fn restored(run: &Run, object: &ObjectRef) -> Option<String> {
    let steps = run.plan().steps.iter().zip(&run.history.steps);
    steps.into_iter().find_map(|(step, told)| match &step.action {
        Action::RestoreTemplate { object: restored, after, .. } if restored == object => {
            let taken = told.result.as_ref().and_then(|result| result["template"].as_str());
            Some(taken.unwrap_or(after).to_owned())
        }
        _ => None,
    })
}

/// A failure that is believed once it lasts: a deadline that passed before our write stays in the status for a moment, the new
/// generation beside it, until a pod makes progress.
#[derive(Default)]
struct Lasting {
    since: Option<Instant>,
}

impl Lasting {
    /// Takes in one look; whether the failure has been there at every look for long enough.
    fn seen(&mut self, failed: bool, now: Instant) -> bool {
        self.since = failed.then(|| self.since.unwrap_or(now));
        self.since.is_some_and(|since| now.duration_since(since) >= PATIENCE)
    }
}

/// What the pods of the current template have told so far.
struct Pods {
    inspected: Option<(Instant, Option<String>)>,
    failing: Option<(BlockerKind, Instant)>,
}

impl Pods {
    /// What blocks the rollout, if anything; an error once it has failed for long enough.
    async fn look(&mut self, run: &Run, object: &ObjectRef) -> Result<Option<String>, Stop> {
        if let Some((_, word)) = self.inspected.as_ref().filter(|(at, _)| at.elapsed() < INSPECT) {
            return Ok(word.clone());
        }
        // Not being able to look tells nothing: the object's own verdict comes, only later.
        let inspection = observe::inspect(&run.cluster, object).await.unwrap_or_default();
        let hopeless = |blocker: &&Blocker| {
            inspection.health == Health::Broken
                && matches!(
                    blocker.kind(),
                    BlockerKind::CrashLoop
                        | BlockerKind::OutOfMemory
                        | BlockerKind::Liveness
                        | BlockerKind::ImagePull
                        | BlockerKind::Config
                        | BlockerKind::Missing
                )
        };
        let now = Instant::now();
        self.failing = match (inspection.blocker.as_ref().filter(hopeless), self.failing) {
            (Some(blocker), Some((kind, since))) if kind == blocker.kind() => Some((kind, since)),
            (Some(blocker), _) => Some((blocker.kind(), now)),
            (None, _) => None,
        };
        let word = inspection.blocker.as_ref().map(said);
        if let (Some(word), Some((_, since))) = (&word, self.failing)
            && since.elapsed() >= PATIENCE
        {
            return Err(Stop::Failed(word.clone()));
        }
        self.inspected = Some((now, word.clone()));
        Ok(word)
    }

    /// What the pods say about a rollout that failed.
    async fn words(&mut self, run: &Run, object: &ObjectRef) -> Option<String> {
        observe::inspect(&run.cluster, object).await.ok()?.blocker.as_ref().map(said)
    }
}

fn said(blocker: &Blocker) -> String {
    match blocker.evidence.last() {
        Some(evidence) => format!("{} (\"{evidence}\")", blocker.message()),
        None => blocker.message(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_believed_once_it_lasts() {
        let (begin, mut failure) = (Instant::now(), Lasting::default());
        let mut at = |seconds, failed| failure.seen(failed, begin + Duration::from_secs(seconds));
        assert!(!at(0, true), "a deadline of the past");
        assert!(!at(28, false), "it is gone");
        assert!(!at(30, true), "another begins here");
        assert!(!at(59, true));
        assert!(at(60, true));
    }
}
