//! Where Git says what a workload runs, and who changed it when.

use jiff::Timestamp;

/// A commit that changed an image's version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Its hash, whole.
    pub sha: String,
    /// Its author's name.
    pub author: String,
    /// The first line of its message.
    pub subject: String,
    /// The author's time.
    pub time: Timestamp,
    /// The version before; None where there was none.
    pub from: Option<String>,
    /// The version after; None where it was removed.
    pub to: Option<String>,
}

/// The place in a repository that sets a container's image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The repository: a URL without credentials, or a path.
    pub repository: String,
    /// How it was found.
    pub found: String,
    /// The branch.
    pub branch: String,
    /// The commit at the branch's tip.
    pub tip: String,
    /// The container.
    pub container: String,
    /// `path:line`.
    pub place: String,
    /// Why this reference belongs to the workload.
    pub reason: String,
    /// The folder that stands for the environment.
    pub environment: Option<String>,
    /// The image that the repository says.
    pub image: String,
    /// Other containers that the same line sets.
    pub reaches: Vec<String>,
    /// The last commits that changed the version there, newest first.
    pub commits: Vec<Commit>,
}
