//! What happened on a branch: the history of one value, and the commits of our own operations.

use std::collections::HashMap;

use git2::{Oid, Sort};
use jiff::Timestamp;

use super::error::GitError;
use super::objects::blob_at;
use super::repository::Repository;
use crate::model::Commit;

/// The trailer by which an operation recognises its own commit after a crash.
pub const OPERATION_TRAILER: &str = "Pilothouse-Operation";

/// A commit that changed a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueChange {
    /// The commit.
    pub commit: Oid,
    /// Its author's name.
    pub author: String,
    /// The author's time.
    pub time: Timestamp,
    /// The first line of its message.
    pub subject: String,
    /// The value before; `None` when there was none.
    pub old: Option<String>,
    /// The value after; `None` when it was removed.
    pub new: Option<String>,
}

impl From<ValueChange> for Commit {
    fn from(change: ValueChange) -> Self {
        Self {
            sha: change.commit.to_string(),
            author: change.author,
            subject: change.subject,
            time: change.time,
            from: change.old,
            to: change.new,
        }
    }
}

/// So many commits are walked at most.
const MAX_COMMITS: usize = 50_000;

impl Repository {
    /// The commit of an operation on a branch as last fetched, by its trailer; commits up to `since` are not looked at.
    pub fn find_operation(&self, branch: &str, operation: &str, since: Option<Oid>) -> Result<Option<Oid>, GitError> {
        let failed = || GitError::objects(format!("reading the history of {branch}"));
        let objects = self.objects()?;
        let mut walk = objects.revwalk().map_err(failed())?;
        walk.push(self.tip(branch)?).map_err(failed())?;
        if let Some(since) = since {
            walk.hide(since).map_err(failed())?;
        }
        for commit in walk.take(MAX_COMMITS) {
            let commit = objects.find_commit(commit.map_err(failed())?).map_err(failed())?;
            let message = String::from_utf8_lossy(commit.message_bytes());
            let trailers = git2::message_trailers_strs(&message).map_err(failed())?;
            if trailers.iter().any(|(key, value)| key == OPERATION_TRAILER && value == operation) {
                return Ok(Some(commit.id()));
            }
        }
        Ok(None)
    }

    /// The oldest of the last commits before `tip`, `limit` at most, whose trailer `key` has a value that begins with `start`: that
    /// commit and the rest of the value.
    pub fn first_trailer(
        &self,
        tip: Oid,
        key: &str,
        start: &str,
        limit: usize,
    ) -> Result<Option<(Oid, String)>, GitError> {
        let failed = || GitError::objects("reading trailers".to_owned());
        let objects = self.objects()?;
        let mut walk = objects.revwalk().map_err(failed())?;
        walk.push(tip).map_err(failed())?;
        let mut found = None;
        for commit in walk.take(limit) {
            let commit = objects.find_commit(commit.map_err(failed())?).map_err(failed())?;
            let message = String::from_utf8_lossy(commit.message_bytes());
            // Most commits have none, and trailers are slow to take apart.
            if !message.contains(key) {
                continue;
            }
            let trailers = git2::message_trailers_strs(&message).map_err(failed())?;
            let rest =
                trailers.iter().filter(|(name, _)| *name == key).find_map(|(_, value)| value.strip_prefix(start));
            found = rest.map(|rest| (commit.id(), rest.to_owned())).or(found);
        }
        Ok(found)
    }

    /// Whether a branch as last fetched has the commit of an operation.
    pub fn contains_trailer(&self, branch: &str, operation: &str) -> Result<bool, GitError> {
        Ok(self.find_operation(branch, operation, None)?.is_some())
    }

    /// The last `limit` changes of a value in a file, newest first. `read` finds the value in the file's bytes; a commit
    /// counts when the value differs from that in each of its parents.
    pub fn history(
        &self,
        tip: Oid,
        path: &str,
        read: impl Fn(&[u8]) -> Option<String>,
        limit: usize,
    ) -> Result<Vec<ValueChange>, GitError> {
        let failed = || GitError::objects(format!("reading the history of {path}"));
        let objects = self.objects()?;
        let mut walk = objects.revwalk().map_err(failed())?;
        walk.set_sorting(Sort::TOPOLOGICAL | Sort::TIME).map_err(failed())?;
        walk.push(tip).map_err(failed())?;
        let mut values: HashMap<Oid, Option<String>> = HashMap::new();
        let mut value_in = |commit: Oid| -> Result<(Option<Oid>, Option<String>), GitError> {
            // A link or folder of that name has no value.
            let Ok(Some(blob)) = blob_at(&objects, commit, path) else { return Ok((None, None)) };
            if let Some(known) = values.get(&blob) {
                return Ok((Some(blob), known.clone()));
            }
            let value = read(objects.find_blob(blob).map_err(failed())?.content());
            values.insert(blob, value.clone());
            Ok((Some(blob), value))
        };
        let mut changes = Vec::new();
        for commit in walk.take(MAX_COMMITS) {
            if changes.len() >= limit {
                break;
            }
            let commit = objects.find_commit(commit.map_err(failed())?).map_err(failed())?;
            let (_, new) = value_in(commit.id())?;
            let mut before = commit.parent_ids().map(&mut value_in).collect::<Result<Vec<_>, _>>()?.into_iter();
            let first = before.next().map(|(_, value)| value);
            let unchanged = first.as_ref() == Some(&new) || before.any(|(_, value)| value == new);
            let old = first.flatten();
            if unchanged || (old.is_none() && new.is_none()) {
                continue;
            }
            changes.push(ValueChange {
                commit: commit.id(),
                author: String::from_utf8_lossy(commit.author().name_bytes()).into_owned(),
                time: Timestamp::from_second(commit.author().when().seconds()).unwrap_or_default(),
                subject: String::from_utf8_lossy(commit.summary_bytes().unwrap_or_default()).into_owned(),
                old,
                new,
            });
        }
        Ok(changes)
    }
}
