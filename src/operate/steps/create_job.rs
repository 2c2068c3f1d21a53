//! Creates a migration Job, at most once ever: its name follows from the image, so the API server itself refuses a second.

use super::{
    Ended,
    record::{self, Mark},
};
use crate::{
    connect::kube::ApiErrorKind,
    formats::{job, template},
    model::{JobRecipe, ObjectRef},
    operate::{
        journal::Record,
        run::{Run, failed, trying_again},
        stop::{Boundary, Stop},
    },
};
use serde_json::{Value, json};
use std::time::Duration;

pub(super) async fn run(run: &mut Run, index: usize, object: &ObjectRef, recipe: &JobRecipe) -> Result<Ended, Stop> {
    let mut rehearsed = false;
    loop {
        if let Some(found) = run.find(index, object).await? {
            return attach(run, index, object, recipe, &found).await;
        }
        if let Some(kept) = run.find(index, &record::beside(object)).await? {
            return recorded(object, &kept);
        }
        if run.history.steps[index].written {
            return Err(Stop::Failed(format!(
                "{object} was created and is gone: how it ended is not known, and it is not run again"
            )));
        }
        let workload = run.confirmed_object(index, &recipe.workload, &recipe.uid).await?;
        if template::hash(template::of(&workload)) != recipe.template {
            let why = format!("the template of {} changed since the plan was confirmed; plan again", recipe.workload);
            return Err(Stop::Conflict(why));
        }
        let manifest = job::manifest(&workload, recipe, &run.plan().operation)
            .map_err(|error| Stop::Conflict(error.to_string()))?;
        if !rehearsed {
            rehearsed = rehearse(run, index, object, &manifest).await?;
            if !rehearsed {
                continue;
            }
        }
        run.record(Record::Intent { step: index, before: json!({"job": &*object.name, "image": recipe.image}) })
            .await?;
        run.still_ours(index).await?;
        run.faults.reach(Boundary::BeforeWrite)?;
        let answer = run.writer.create(object, &manifest, false).await;
        run.faults.reach(Boundary::AfterWrite)?;
        match answer {
            Ok(created) => return begun(run, index, object, &created).await,
            // Whatever it is, the next look at the Job of this name tells.
            Err(error) if error.kind == ApiErrorKind::AlreadyExists => {}
            Err(error) if error.kind == ApiErrorKind::Invalid => return Err(failed(&error)),
            Err(error) => run.after_refusal(index, &error).await?,
        }
    }
}

async fn rehearse(run: &mut Run, index: usize, object: &ObjectRef, manifest: &Value) -> Result<bool, Stop> {
    let Err(error) = run.writer.create(object, manifest, true).await else { return Ok(true) };
    match error.kind {
        ApiErrorKind::Unsupported => {
            run.note(index, format!("an admission webhook takes no part in dry runs: {}", error.message)).await;
            Ok(true)
        }
        ApiErrorKind::Invalid | ApiErrorKind::Forbidden => Err(failed(&error)),
        ApiErrorKind::AlreadyExists => Ok(false),
        _ => {
            run.note(index, trying_again(&error)).await;
            run.wait(Duration::from_secs(1)).await?;
            Ok(false)
        }
    }
}

/// The Job is there now because of us: journal it, and leave the mark that outlives it.
async fn begun(run: &mut Run, index: usize, object: &ObjectRef, created: &Value) -> Result<Ended, Stop> {
    run.wrote(index, created).await?;
    record::write(run, index, created, Mark::Started, "").await?;
    let result = json!({"uid": created["metadata"]["uid"]});
    Ok(Ended::Done { detail: format!("{object} created"), result })
}

/// There is a Job of this name already.
async fn attach(
    run: &mut Run,
    index: usize,
    object: &ObjectRef,
    recipe: &JobRecipe,
    found: &Value,
) -> Result<Ended, Stop> {
    let containers = found.pointer("/spec/template/spec/containers").and_then(Value::as_array);
    let same = containers.is_some_and(|containers| containers.iter().any(|c| c["image"] == *recipe.image));
    let ours = found["metadata"]["labels"][job::LABEL] == "true";
    if !same || !ours {
        let why = format!("{object} exists and is not this migration: remove or rename it, then plan again");
        return Err(Stop::Conflict(why));
    }
    let by = found["metadata"]["annotations"][job::OPERATION].as_str().unwrap_or("somebody");
    if by == run.plan().operation.0 {
        return begun(run, index, object, found).await;
    }
    Ok(Ended::Skipped(format!("{object} was created by operation {by}: following it, and creating no second one")))
}

/// The Job is gone, and its record tells what became of it.
fn recorded(object: &ObjectRef, kept: &Value) -> Result<Ended, Stop> {
    match record::read(kept) {
        Some((Mark::Complete, _)) => Ok(Ended::Skipped(format!("{object} ran already and ended well"))),
        Some((Mark::Failed, reason)) => Err(Stop::Failed(format!(
            "{object} ran already and failed ({reason}); a migration never runs twice: mend it and release another image"
        ))),
        Some((Mark::Started, _)) => Err(Stop::Failed(format!(
            "{object} was started before and is gone, so how it ended is not known: look at the database; to run it again \
             after all, delete the ConfigMap {} and plan again",
            object.path()
        ))),
        None => Err(Stop::Conflict(format!("the ConfigMap {} is not a migration's record; rename it", object.path()))),
    }
}
