//! What the team agreed on, read from the tip of its GitOps repository.
//!
//! Invariant: what is read is the remote's tip, or it is said which commit was the tip when, and why there is nothing newer. A
//! rollback never waits for Git: it knows what was read before.

use super::{
    World, place,
    repository::{self, Found},
};
use crate::{
    connect::git::{GitError, Oid, Repository},
    formats::{redact, team},
    model::{Agreed, Intent, Mistake, Owner, Reading, TEAM_FILE},
    observe::ObserveError,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::{
    io::Write as _,
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::time::timeout;

/// How long a change waits for the remote's tip.
const PATIENCE: Duration = Duration::from_secs(8);
/// How long a rollback waits for the API server to say which repository it is about.
const SOON: Duration = Duration::from_secs(1);

/// What is known for an intent. A bump reads the commit that it builds on instead ([`at`]).
pub(super) async fn of(world: &World, intent: &Intent, owner: Option<&Owner>) -> Agreed {
    match intent {
        Intent::Bump { .. } => Agreed::Nowhere,
        Intent::Rollback { .. } => timeout(SOON, before(world, owner)).await.unwrap_or_default(),
        Intent::Restart { .. } | Intent::Shift { .. } | Intent::Migrate { .. } => now(world, owner).await,
    }
}

/// What was read before.
async fn before(world: &World, owner: Option<&Owner>) -> Agreed {
    match repository::known(world, owner, None, None).await {
        Ok(Some(found)) => remembered(&found, &world.git_cache, None).map_or(Agreed::Nowhere, read),
        Ok(None) | Err(_) => Agreed::Nowhere,
    }
}

/// What the remote's tip says now.
async fn now(world: &World, owner: Option<&Owner>) -> Agreed {
    let found = match repository::known(world, owner, None, None).await {
        Ok(Some(found)) => found,
        Ok(None) => return Agreed::Nowhere,
        Err(error) => {
            return Agreed::Unknown { repository: "the GitOps repository".into(), why: error.to_string() };
        }
    };
    let (cache, at) = (world.git_cache.clone(), world.cluster.clock().now());
    let asked = found.clone();
    let reading = tokio::task::spawn_blocking(move || tip(&asked, &cache, at));
    let why = match timeout(PATIENCE, reading).await {
        Ok(Ok(Ok(reading))) => return read(reading),
        Ok(Ok(Err(error))) => error.to_string(),
        Ok(Err(stopped)) => place::stopped(stopped).to_string(),
        // It goes on, and the next plan knows.
        Err(_) => format!("no answer within {} s", PATIENCE.as_secs()),
    };
    let why = redact::text(&why);
    match remembered(&found, &world.git_cache, Some(why.clone())) {
        Some(reading) => read(reading),
        None => Agreed::Unknown { repository: redact::text(&found.location), why },
    }
}

fn read(reading: Reading) -> Agreed {
    Agreed::Read(Box::new(reading))
}

/// Fetches the branch and reads the file. Blocks.
fn tip(found: &Found, cache: &Path, now: Timestamp) -> Result<Reading, ObserveError> {
    let failed = |error: GitError| place::failed(&error);
    let git = Repository::open(&found.location, cache).map_err(failed)?;
    let (branch, commit) = place::branch(&git, found).map_err(failed)?;
    Ok(at(&git, found, &branch, commit, cache, now))
}

/// What a branch's tip says, which is remembered. Blocks.
pub(in crate::observe) fn at(
    git: &Repository,
    found: &Found,
    branch: &str,
    commit: Oid,
    cache: &Path,
    now: Timestamp,
) -> Reading {
    let file = match git.read(commit, TEAM_FILE) {
        Ok(bytes) => Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) => Err(error.to_string()),
    };
    let memory = Memory { branch: branch.to_owned(), commit: commit.to_string(), at: now, file };
    if let Err(error) = memory.keep(&path(found, cache)) {
        tracing::warn!(%error, "what the team agreed on is not remembered");
    }
    memory.reading(found, None)
}

/// What the cache folder keeps of a repository's last known tip.
#[derive(Serialize, Deserialize)]
struct Memory {
    branch: String,
    commit: String,
    at: Timestamp,
    /// The file's text; None where there was none; why it could not be read.
    file: Result<Option<String>, String>,
}

impl Memory {
    fn reading(self, found: &Found, unreached: Option<String>) -> Reading {
        let mistake = |message| vec![Mistake { line: 1, column: 1, message, hint: None }];
        let team = match self.file {
            Ok(None) => Ok(None),
            Ok(Some(text)) => team::read(text.as_bytes()).map(Some),
            Err(why) => Err(mistake(why)),
        };
        Reading {
            repository: redact::text(&found.location),
            branch: self.branch,
            commit: self.commit,
            at: self.at,
            unreached,
            team,
        }
    }

    /// Written beside and moved: a reader sees the one before or this one.
    fn keep(&self, path: &Path) -> std::io::Result<()> {
        let folder = path.parent().unwrap_or(path);
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(&serde_json::to_vec(self)?)?;
        file.persist(path)?;
        Ok(())
    }
}

fn remembered(found: &Found, cache: &Path, unreached: Option<String>) -> Option<Reading> {
    let memory: Memory = serde_json::from_slice(&std::fs::read(path(found, cache)).ok()?).ok()?;
    Some(memory.reading(found, unreached))
}

/// One file for each repository and the branches that may be meant.
fn path(found: &Found, cache: &Path) -> PathBuf {
    let name = Sha256::digest(format!("{}\n{}", found.location, found.branches.join("\n")).as_bytes());
    let name: String = name.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    cache.join(format!("{name}.team.json"))
}
