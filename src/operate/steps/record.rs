//! The record of a migration: a ConfigMap beside its Job and named like it. A Job vanishes when its time to live ends; the
//! record keeps that it ran, so that it never runs again.

use crate::{
    connect::kube::ApiErrorKind,
    formats::job,
    model::{Kind, ObjectRef},
    operate::{run::Run, stop::Stop},
};
use serde_json::{Value, json};

/// What became of a migration, as its record says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// Its Job was created; how it ended is not known.
    Started,
    /// It ended well.
    Complete,
    /// It failed.
    Failed,
}

impl Mark {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Complete => "complete",
            Self::Failed => "failed",
        }
    }
}

/// Where the record of this Job is.
pub(super) fn beside(job: &ObjectRef) -> ObjectRef {
    ObjectRef::new(Kind::ConfigMap, job.namespace.clone(), job.name.clone())
}

/// What a record says; None where it says nothing that is known.
pub(super) fn read(record: &Value) -> Option<(Mark, &str)> {
    let text = |key: &str| record["data"][key].as_str();
    let mark = match text("state")? {
        "started" => Mark::Started,
        "complete" => Mark::Complete,
        "failed" => Mark::Failed,
        _ => return None,
    };
    Some((mark, text("reason").unwrap_or_default()))
}

/// Writes the record. That it cannot be written does not undo what happened, so it is said and not more.
pub(super) async fn write(run: &mut Run, index: usize, of: &Value, mark: Mark, reason: &str) -> Result<(), Stop> {
    let text = |pointer: &str| of.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (namespace, name) = (text("/metadata/namespace"), text("/metadata/name"));
    let object = ObjectRef::new(Kind::ConfigMap, namespace.as_str(), name.as_str());
    let annotation = |key: &str| of["metadata"]["annotations"][key].as_str().unwrap_or_default().to_owned();
    let data = json!({
        "state": mark.as_str(), "reason": reason, "job": name, "uid": text("/metadata/uid"),
        "image": annotation(job::IMAGE), "workload": annotation(job::WORKLOAD), "operation": run.plan().operation.0,
        "at": run.now().to_string(),
    });
    let manifest = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": namespace, "labels": {job::LABEL: "true"}},
        "data": data,
    });
    for _ in 0..5 {
        run.still_ours(index).await?;
        let answer = match run.find(index, &object).await {
            Ok(Some(_)) => run.writer.patch_merge(&object, &json!({ "data": data }), false).await,
            // Reading it may be forbidden where creating it is not.
            Ok(None) | Err(Stop::Failed(_) | Stop::Forbidden(_)) => run.writer.create(&object, &manifest, false).await,
            Err(stop) => return Err(stop),
        };
        match answer {
            Ok(_) => return Ok(()),
            Err(error) if matches!(error.kind, ApiErrorKind::Forbidden | ApiErrorKind::Invalid) => {
                run.note(index, format!("the outcome is not recorded in the cluster: {error}")).await;
                return Ok(());
            }
            Err(error) => run.after_refusal(index, &error).await?,
        }
    }
    run.note(index, "the outcome could not be recorded in the cluster").await;
    Ok(())
}
