//! Pushes the commit of an earlier step, never by force. Somebody else's push in between is built upon, as long as the value
//! that was confirmed is still there.

use super::{
    Ended,
    commit::{self, Prepared, short},
};
use crate::{
    connect::git::{GitError, Oid, PushError, Repository},
    model::{Action, CommitPlan},
    operate::{
        journal::Record,
        run::Run,
        stop::{Boundary, Stop},
    },
};
use serde_json::json;
use std::time::Duration;
use tokio::time::Instant;

/// How often somebody else may push first before this gives up.
const RACES: u32 = 8;

pub(super) async fn run(run: &mut Run, index: usize, repository: &str, branch: &str) -> Result<Ended, Stop> {
    let steps = run.plan().steps[..index].iter().rev();
    let planned = steps.clone().find_map(|step| match &step.action {
        Action::Commit(plan) if plan.repository == repository && plan.branch == branch => Some(plan.clone()),
        _ => None,
    });
    let Some(plan) = planned else { return Err(Stop::Failed("the plan pushes a commit that it does not make".into())) };
    let (mut races, began) = (0, Instant::now());
    loop {
        // The look comes first, every time: an earlier push may have arrived without an answer.
        let (commit, parent) = match commit::prepare(run, index, &plan).await? {
            Prepared::Made { commit, parent } => (commit, parent),
            Prepared::There(commit) => {
                let result = json!({"commit": commit.to_string()});
                run.record(Record::Wrote { step: index, result: result.clone() }).await?;
                return Ok(Ended::Done { detail: format!("{branch} has {}", short(commit)), result });
            }
            Prepared::Needless => return Ok(Ended::Skipped(format!("{branch} says so already"))),
            Prepared::Diverged(why) => return Err(Stop::Conflict(why)),
        };
        if races > RACES {
            return Err(Stop::Failed(format!("others push to {branch} again and again; try once it is quiet")));
        }
        let before = json!({"commit": commit.to_string(), "parent": parent.to_string()});
        run.record(Record::Intent { step: index, before }).await?;
        run.still_ours(index).await?;
        run.faults.reach(Boundary::BeforeWrite)?;
        let answer = push(run, &plan, commit, parent).await;
        run.faults.reach(Boundary::AfterWrite)?;
        match answer? {
            Ok(()) => {
                let result = json!({"commit": commit.to_string()});
                run.record(Record::Wrote { step: index, result: result.clone() }).await?;
                return Ok(Ended::Done { detail: format!("{} is on {branch}", short(commit)), result });
            }
            Err(PushError::NonFastForward { .. }) => {
                races += 1;
                run.note(index, format!("somebody else pushed to {branch}: looking whether the edit still fits")).await;
            }
            Err(error @ PushError::Unknown { .. }) => {
                run.note(index, format!("{error}; looking")).await;
                run.wait(Duration::from_secs(2)).await?;
            }
            Err(PushError::Git(error)) if commit::is_passing(&error) && began.elapsed() >= commit::PATIENCE => {
                return Err(commit::out_of_patience(&error));
            }
            Err(PushError::Git(error)) if commit::is_passing(&error) => {
                run.note(index, format!("{error}; trying again")).await;
                run.wait(Duration::from_secs(5)).await?;
            }
            Err(error) => return Err(Stop::Failed(error.to_string())),
        }
    }
}

async fn push(run: &Run, plan: &CommitPlan, commit: Oid, parent: Oid) -> Result<Result<(), PushError>, Stop> {
    let (cache, repository, branch) = (run.git_cache.clone(), plan.repository.clone(), plan.branch.clone());
    let work = move || {
        let repository = Repository::open(&repository, &cache).map_err(|error: GitError| PushError::Git(error))?;
        repository.push(commit, &branch, Some(parent)).map(drop)
    };
    tokio::task::spawn_blocking(work).await.map_err(|_| Stop::Interrupted("this program is ending".into()))
}
