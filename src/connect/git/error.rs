//! What can go wrong with a repository, and what to do about it.

use std::path::PathBuf;

/// A failed Git operation.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// The `git` program cannot be started.
    #[error("cannot run git: {0}; install Git and make sure that it is on the PATH")]
    NoGit(#[source] std::io::Error),
    /// `--repo` is neither a repository on this machine nor a URL.
    #[error("{0} is no Git repository: give a clone, a bare repository or a URL")]
    NotARepository(String),
    /// A clone without a remote to push to.
    #[error("the clone {} has no remote; add one with `git remote add origin URL`", .0.display())]
    NoRemote(PathBuf),
    /// The remote lets nobody in with what was offered.
    #[error("{remote} refused the credentials: {detail}; `git ls-remote {remote}` in a terminal shows what is missing")]
    Auth {
        /// The remote.
        remote: String,
        /// Git's words.
        detail: String,
    },
    /// The remote cannot be reached, or is no repository.
    #[error("cannot reach {remote}: {detail}")]
    Unreachable {
        /// The remote.
        remote: String,
        /// Git's words.
        detail: String,
    },
    /// Git did not end in time and was stopped.
    #[error("git {command} did not end within {seconds} s and was stopped")]
    TimedOut {
        /// The subcommand.
        command: String,
        /// The limit.
        seconds: u64,
    },
    /// The remote has no such branch.
    #[error("{remote} has no branch {branch}")]
    NoSuchBranch {
        /// The remote.
        remote: String,
        /// The branch.
        branch: String,
    },
    /// A name that cannot be a branch.
    #[error("`{0}` is no name for a branch")]
    BadBranchName(String),
    /// The remote has no commit yet.
    #[error(
        "{0} has no default branch: it is empty, or its HEAD names a branch that is not there; give one with --branch"
    )]
    Empty(String),
    /// The repository is somebody else's, and its configuration is not to be trusted.
    #[error("{} belongs to another user; if you trust it: `git config --global --add safe.directory {}`", .0.display(), .0.display())]
    ForeignOwner(PathBuf),
    /// Git does not know who commits.
    #[error(
        "Git does not know who you are; run `git config --global user.name NAME` and `git config --global user.email ADDRESS`"
    )]
    NoIdentity,
    /// A signature was asked for in Git's configuration and could not be made.
    #[error("the commit could not be signed: {0}; see `git config --get-regexp 'gpg|sign'`")]
    Signing(String),
    /// A path that is no regular file in the commit.
    #[error("{path} is {what} in {commit}")]
    NotAFile {
        /// The path.
        path: String,
        /// What it is.
        what: &'static str,
        /// The commit.
        commit: String,
    },
    /// The edit leaves every file as it was.
    #[error("nothing to commit: the files are already like this")]
    NothingChanged,
    /// Git failed in another way.
    #[error("git {command} failed: {detail}")]
    Failed {
        /// The subcommand.
        command: String,
        /// Git's words.
        detail: String,
    },
    /// The mirror or the clone cannot be read or written.
    #[error("{action}: {source}")]
    Objects {
        /// What was tried.
        action: String,
        /// libgit2's error.
        #[source]
        source: git2::Error,
    },
    /// A folder cannot be used.
    #[error("cannot use the folder {}: {source}", .path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The system's error.
        #[source]
        source: std::io::Error,
    },
}

impl GitError {
    pub(super) fn objects(action: impl Into<String>) -> impl FnOnce(git2::Error) -> Self {
        let action = action.into();
        move |source| Self::Objects { action, source }
    }
}
