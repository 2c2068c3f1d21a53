//! Asks a Flux object to reconcile now instead of at its interval, as `flux reconcile` does, and an Argo CD Application to compare
//! with its source now. Only a matter of speed: where it may not be asked, its interval comes.

use crate::{
    connect::kube::ApiErrorKind,
    model::{Kind, ObjectRef},
    operate::{run::Run, stop::Stop},
};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::Instant;

/// The annotation that asks; its value comes back in the status.
const REQUESTED: &str = "reconcile.fluxcd.io/requestedAt";
/// The annotation that asks Argo CD, which takes it away once it has looked.
const REFRESH: &str = "argocd.argoproj.io/refresh";
/// How often the answer is looked for.
const LOOK: Duration = Duration::from_secs(1);

/// Asks; false where it may not be asked. The word stays the same when the step is taken up again.
pub(super) async fn now(run: &mut Run, index: usize, object: &ObjectRef) -> Result<bool, Stop> {
    let word = word(run, index);
    with(run, index, object, &word).await
}

/// Asks with this word: one that was used before is not heard again.
pub(super) async fn with(run: &mut Run, index: usize, object: &ObjectRef, word: &str) -> Result<bool, Stop> {
    let asks = match object.kind {
        Kind::Application => json!({REFRESH: "normal"}),
        _ => json!({REQUESTED: word}),
    };
    let patch = json!({"metadata": {"annotations": asks}});
    for _ in 0..5 {
        run.still_ours(index).await?;
        match run.writer.patch_merge(object, &patch, false).await {
            Ok(_) => return Ok(true),
            Err(error)
                if matches!(error.kind, ApiErrorKind::Forbidden | ApiErrorKind::NotFound | ApiErrorKind::Invalid) =>
            {
                run.note(index, format!("{} is not asked to hurry: {error}", object.type_name())).await;
                return Ok(false);
            }
            Err(error) => run.after_refusal(index, &error).await?,
        }
    }
    Ok(false)
}

/// Waits until it has done so, or for as long as is patient.
pub(super) async fn heard(run: &mut Run, index: usize, object: &ObjectRef, patience: Duration) -> Result<(), Stop> {
    let word = word(run, index);
    answered(run, index, object, &word, patience).await
}

/// Waits until it has done what it was asked for with this word, or for as long as is patient.
pub(super) async fn answered(
    run: &mut Run,
    index: usize,
    object: &ObjectRef,
    word: &str,
    patience: Duration,
) -> Result<(), Stop> {
    let began = Instant::now();
    while began.elapsed() < patience {
        match run.find(index, object).await {
            Ok(Some(found)) if handled(&found, object.kind, word) => return Ok(()),
            Ok(Some(_)) => {}
            // It is asked and not needed.
            Ok(None) | Err(Stop::Forbidden(_) | Stop::Failed(_)) => return Ok(()),
            Err(stop) => return Err(stop),
        }
        run.wait(LOOK).await?;
    }
    Ok(())
}

/// The word of a step. It stays the same when the step is taken up again.
pub(super) fn word(run: &Run, index: usize) -> String {
    format!("{}-{}", run.plan().operation, index + 1)
}

fn handled(found: &Value, kind: Kind, word: &str) -> bool {
    match kind {
        Kind::Application => found["metadata"]["annotations"].get(REFRESH).is_none(),
        _ => found["status"]["lastHandledReconcileAt"] == word,
    }
}
