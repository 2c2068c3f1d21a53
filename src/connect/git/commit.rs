//! Commits made from objects: blob, tree and commit, with no index and no working tree in between.

use std::path::Path;

use git2::{FileMode, Oid};
use jiff::Timestamp;

use super::error::GitError;
use super::objects::blob_at;
use super::repository::Repository;
use super::source::effective;

/// A commit to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCommit {
    /// The commit it builds on.
    pub parent: Oid,
    /// Files and their whole content; all others stay as in the parent.
    pub files: Vec<(String, Vec<u8>)>,
    /// Subject, body and trailers.
    pub message: String,
    /// Author's and committer's time, fixed by the caller so that doing it again gives the same commit.
    pub time: Timestamp,
}

impl Repository {
    /// Makes a commit in the mirror: the operator's identity and signature come from Git's own configuration. A file keeps
    /// its mode; what was not there becomes a regular file. Nothing is pushed.
    pub fn commit(&self, new: &NewCommit) -> Result<Oid, GitError> {
        let tree = self.write_tree(new)?;
        let date = format!("@{} +0000", new.time.as_second());
        let (tree, parent) = (tree.to_string(), new.parent.to_string());
        let mut arguments = vec!["-c", "user.useConfigOnly=true", "commit-tree"];
        let signs = self.wants_signature()?;
        if signs {
            arguments.push("-S");
        }
        arguments.extend([tree.as_str(), "-p", &parent, "-F", "-"]);
        let git = self.git().environment("GIT_AUTHOR_DATE", &date).environment("GIT_COMMITTER_DATE", &date);
        let output = git.stdin(new.message.as_bytes()).run(&arguments)?;
        if !output.status.success() {
            return Err(match (lacks_identity(&output.stderr), signs) {
                (true, _) => GitError::NoIdentity,
                (false, true) => GitError::Signing(output.detail()),
                (false, false) => output.failure("commit-tree", ""),
            });
        }
        let text = String::from_utf8_lossy(&output.stdout);
        Oid::from_str(text.trim()).map_err(GitError::objects("reading the new commit's name"))
    }

    fn write_tree(&self, new: &NewCommit) -> Result<Oid, GitError> {
        let objects = self.objects()?;
        let failed = |error| GitError::objects(format!("building a commit on {}", new.parent))(error);
        let before = objects.find_commit(new.parent).and_then(|commit| commit.tree()).map_err(failed)?;
        let mut update = git2::build::TreeUpdateBuilder::new();
        for (path, bytes) in &new.files {
            blob_at(&objects, new.parent, path)?;
            let executable = before.get_path(Path::new(path)).is_ok_and(|entry| entry.filemode() == 0o100_755);
            let mode = if executable { FileMode::BlobExecutable } else { FileMode::Blob };
            update.upsert(path, objects.blob(bytes).map_err(failed)?, mode);
        }
        let tree = update.create_updated(&objects, &before).map_err(failed)?;
        if tree == before.id() { Err(GitError::NothingChanged) } else { Ok(tree) }
    }

    /// `commit.gpgsign` holds for `git commit` only; `git commit-tree` has to be told.
    fn wants_signature(&self) -> Result<bool, GitError> {
        let of_files = effective(self.mirror())?;
        let of_files = of_files.iter().map(|setting| (&setting.key, &setting.value));
        let mut all = of_files.chain(self.config().iter().map(|(key, value)| (key, value)));
        let last = all.rfind(|(key, _)| *key == "commit.gpgsign");
        Ok(last.is_some_and(|(_, value)| matches!(value.to_ascii_lowercase().as_str(), "true" | "yes" | "on" | "1")))
    }
}

fn lacks_identity(stderr: &str) -> bool {
    let words = [
        "tell me who you are",
        "auto-detection is disabled",
        "empty ident name",
        "no email was given",
        "no name was given",
    ];
    words.iter().any(|words| stderr.contains(words))
}
