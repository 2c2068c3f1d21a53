//! Makes a commit from objects, in a mirror of ours. Nothing leaves this machine, and no working tree is touched.

use super::Ended;
use crate::{
    connect::git::{GitError, NewCommit, Oid, Repository},
    formats::images::Edit,
    model::CommitPlan,
    operate::{
        journal::Record,
        run::Run,
        stop::{Boundary, Stop},
    },
};
use serde_json::json;
use std::{path::Path, time::Duration};
use tokio::time::Instant;

/// First and longest pause between two attempts to reach the remote.
const BACKOFF: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(30));

/// How long a remote that cannot be reached is waited for. The operation then stays where it stands, to be resumed.
pub(super) const PATIENCE: Duration = Duration::from_secs(600);

/// What the remote holds of a planned commit.
pub(super) enum Prepared {
    /// The branch has this operation's commit already.
    There(Oid),
    /// The commit is made on this tip, and not pushed.
    Made {
        /// The commit.
        commit: Oid,
        /// What it builds on.
        parent: Oid,
    },
    /// The files say already what the edit would make them say.
    Needless,
    /// What was confirmed is not what is there.
    Diverged(String),
}

pub(super) async fn run(run: &mut Run, index: usize, plan: &CommitPlan) -> Result<Ended, Stop> {
    run.record(Record::Intent { step: index, before: json!({"base": plan.base}) }).await?;
    run.faults.reach(Boundary::BeforeWrite)?;
    let prepared = prepare(run, index, plan).await?;
    run.faults.reach(Boundary::AfterWrite)?;
    match prepared {
        Prepared::There(commit) => {
            let result = json!({"commit": commit.to_string()});
            Ok(Ended::Done { detail: format!("{} has commit {} already", plan.branch, short(commit)), result })
        }
        Prepared::Made { commit, parent } => {
            let result = json!({"commit": commit.to_string(), "parent": parent.to_string()});
            Ok(Ended::Done { detail: format!("commit {} on {}", short(commit), plan.branch), result })
        }
        Prepared::Needless => Ok(Ended::Skipped(format!("{} says so already", plan.branch))),
        Prepared::Diverged(why) => Err(Stop::Conflict(why)),
    }
}

/// Fetches the branch, looks for this operation's commit, and else makes it on the tip.
pub(super) async fn prepare(run: &mut Run, index: usize, plan: &CommitPlan) -> Result<Prepared, Stop> {
    let (cache, operation) = (run.git_cache.clone(), run.plan().operation.0.clone());
    git(run, index, || {
        let (plan, cache, operation) = (plan.clone(), cache.clone(), operation.clone());
        move || prepared(&plan, &cache, &operation)
    })
    .await
}

fn prepared(plan: &CommitPlan, cache: &Path, operation: &str) -> Result<Prepared, GitError> {
    // It was one when this was planned: a file system may come back as a network does.
    let repository = Repository::open(&plan.repository, cache).map_err(|error| match error {
        GitError::NotARepository(remote) => GitError::Unreachable { remote, detail: "it is not there any more".into() },
        other => other,
    })?;
    let tip = repository.fetch(&plan.branch)?;
    // Commits up to the plan's base cannot be ours; where the base is not known here, all are looked at.
    let base = Oid::from_str(&plan.base).ok();
    let found = repository.find_operation(&plan.branch, operation, base);
    if let Some(commit) = found.or_else(|_| repository.find_operation(&plan.branch, operation, None))? {
        return Ok(Prepared::There(commit));
    }
    let mut files = Vec::new();
    let mut needless = true;
    for file in &plan.edits {
        let edit = match Edit::of_plan(file) {
            Ok(edit) => edit,
            Err(why) => return Ok(Prepared::Diverged(why)),
        };
        let Some(bytes) = repository.read(tip, &file.path)? else {
            return Ok(Prepared::Diverged(format!("{} is not on {} any more", file.path, plan.branch)));
        };
        if edit.is_applied(&bytes) {
            continue;
        }
        needless = false;
        match edit.apply(&bytes) {
            Ok(applied) => files.push((file.path.clone(), applied.bytes)),
            Err(refusal) => {
                let why = format!("{}: {refusal}; look at {}, then plan again", file.path, plan.branch);
                return Ok(Prepared::Diverged(why));
            }
        }
    }
    if needless {
        return Ok(Prepared::Needless);
    }
    let new = NewCommit { parent: tip, files, message: plan.message.clone(), time: plan.time };
    match repository.commit(&new) {
        Ok(commit) => Ok(Prepared::Made { commit, parent: tip }),
        Err(GitError::NothingChanged) => Ok(Prepared::Needless),
        Err(error) => Err(error),
    }
}

/// Runs Git's blocking work off the event loop, again and again while the remote cannot be reached, for as long as [`PATIENCE`].
pub(super) async fn git<T, F, W>(run: &mut Run, index: usize, work: F) -> Result<T, Stop>
where
    T: Send + 'static,
    F: Fn() -> W,
    W: FnOnce() -> Result<T, GitError> + Send + 'static,
{
    let (mut pause, began) = (BACKOFF.0, Instant::now());
    loop {
        let error = match tokio::task::spawn_blocking(work()).await {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) => error,
            Err(_) => return Err(Stop::Interrupted("this program is ending".into())),
        };
        if !is_passing(&error) {
            return Err(Stop::Failed(error.to_string()));
        }
        if began.elapsed() >= PATIENCE {
            return Err(out_of_patience(&error));
        }
        run.note(index, format!("{error}; trying again")).await;
        run.wait(pause).await?;
        pause = (pause * 2).min(BACKOFF.1);
    }
}

/// How an operation ends for now whose remote did not come back.
pub(super) fn out_of_patience(error: &GitError) -> Stop {
    let minutes = PATIENCE.as_secs() / 60;
    Stop::Interrupted(format!(
        "{error}, for {minutes} minutes now. Resume the operation once the remote can be reached"
    ))
}

/// Whether the same may work a little later.
pub(super) const fn is_passing(error: &GitError) -> bool {
    matches!(error, GitError::Unreachable { .. } | GitError::TimedOut { .. })
}

/// A commit's name as people write it.
pub(super) fn short(commit: Oid) -> String {
    commit.to_string().chars().take(9).collect()
}
