//! Asks a Flux object to reconcile now instead of at its interval, as `flux reconcile` does, or an Application of Argo CD to look
//! into Git, as `argocd app get --refresh` does. Only a matter of speed: where it may not be asked, its interval comes.

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
/// The annotation that asks an Application; its controller takes it off.
const REFRESH: &str = "argocd.argoproj.io/refresh";
/// How often the answer is looked for.
const LOOK: Duration = Duration::from_secs(1);

/// Asks with this word, which comes back in the status; false where it may not be asked.
pub(super) async fn now(run: &mut Run, index: usize, object: &ObjectRef, word: &str) -> Result<bool, Stop> {
    let patch = match object.kind {
        Kind::Application => json!({"metadata": {"annotations": {REFRESH: "normal"}}}),
        _ => json!({"metadata": {"annotations": {REQUESTED: word}}}),
    };
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
pub(super) async fn heard(
    run: &mut Run,
    index: usize,
    object: &ObjectRef,
    word: &str,
    patience: Duration,
) -> Result<(), Stop> {
    let began = Instant::now();
    while began.elapsed() < patience {
        match run.find(index, object).await {
            Ok(Some(found)) if handled(&found) == Some(word) => return Ok(()),
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

fn handled(object: &Value) -> Option<&str> {
    object["status"]["lastHandledReconcileAt"].as_str()
}
