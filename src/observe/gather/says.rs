//! What a commit says about the images of a workload.

use super::place::{self, Tip};
use crate::{
    connect::git::{GitError, Oid, Repository},
    formats::index::MappingError,
    model::{Reference, image::ImageReference},
};
use std::path::Path;

/// What a commit says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Says {
    /// One of the images, and where.
    Bad(String),
    /// None of them.
    Other,
    /// That cannot be told, and why.
    Unknown(String),
}

/// Whether commit `sha` says one of these images (container and image) for a workload. Blocks.
///
/// # Errors
/// The repository cannot be reached or read.
pub fn says(reference: &Reference, sha: &str, bad: &[(String, String)], cache: &Path) -> Result<Says, GitError> {
    let git = Repository::open(&reference.repository, cache)?;
    git.fetch(&reference.branch)?;
    let Ok(commit) = Oid::from_str(sha) else { return Ok(Says::Unknown(format!("{sha} is no commit"))) };
    let tip = match Tip::read(git, reference.branch.clone(), commit) {
        Ok(tip) => tip,
        Err(error) => return Ok(Says::Unknown(error.to_string())),
    };
    for (container, image) in bad {
        let Ok(image) = ImageReference::parse(image) else { continue };
        let version = image.version();
        match tip.index.place(&place::target(reference, container, image)) {
            Ok(candidate) if candidate.image.version() == version => return Ok(Says::Bad(place::written(&candidate))),
            // What is not said there any more is not said.
            Ok(_) | Err(MappingError::NotFound { .. }) => {}
            Err(error) => return Ok(Says::Unknown(error.to_string().lines().collect::<Vec<_>>().join(" "))),
        }
    }
    Ok(Says::Other)
}
