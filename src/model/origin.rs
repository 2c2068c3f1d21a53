//! Where Git says what a workload runs, and who changed it when.

use super::ObjectRef;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

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
pub struct Placed {
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

/// Where a repository sets the images of a workload.
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
    /// The places, in the order of the template's containers; at least one.
    pub places: Vec<Placed>,
    /// Containers whose image nothing there sets, or more than one thing might, and what is known of it.
    pub unplaced: Vec<(String, String)>,
}

/// What leads from a workload to the place that sets its images, at any commit of a repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reference {
    /// The repository: a path or URL.
    pub repository: String,
    /// The branch.
    pub branch: String,
    /// The workload.
    pub workload: ObjectRef,
    /// Names that its environment goes by, such as the context's.
    pub environments: Vec<String>,
    /// The folder that a reconciler applies it from, where known.
    pub path: Option<String>,
}
