//! From a running container to the one place that sets its image, or to the question that has to be asked.

use std::fmt;

use super::Index;
use super::candidates::Candidate;
use crate::model::{Owner, image::ImageReference};

/// A container that runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The workload's kind, for example `Deployment`.
    pub kind: String,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The container.
    pub container: String,
    /// The image it runs.
    pub image: ImageReference,
    /// Other names of its environment that a folder may have: the context, the cluster.
    pub environments: Vec<String>,
    /// The folder that its reconciler applies, where known; empty for the whole repository.
    pub path: Option<String>,
    /// The release that owns it, where its marks tell.
    pub release: Option<Owner>,
    /// The file that an operator chose for it before, as `PATH[:LINE]`, where several could be meant.
    pub chosen: Option<String>,
}

impl Target {
    /// Names that a folder of this environment may have.
    pub(super) fn environment_names(&self) -> Vec<&str> {
        std::iter::once(&self.namespace).chain(&self.environments).map(String::as_str).collect()
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}/{}, container {}", self.kind, self.namespace, self.name, self.container)
    }
}

/// Why no single place was found.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MappingError {
    /// Several places fit equally well.
    #[error("{} places could set the image of {target}; choose one:{}", candidates.len(), lines(candidates.iter().map(Candidate::choice)))]
    Ambiguous {
        /// The container.
        target: String,
        /// The places.
        candidates: Vec<Candidate>,
    },
    /// No place fits.
    #[error(
        "nothing in the repository sets the image {image} of {target}: {searched} files searched, {references} references found{}{}",
        lines(near), if *unreadable == 0 { String::new() } else { format!("\n  {unreadable} files could not be read") }
    )]
    NotFound {
        /// The container.
        target: String,
        /// The repository of its image.
        image: String,
        /// How many files were looked at.
        searched: usize,
        /// How many references they hold.
        references: usize,
        /// Places with the same image that are for something else.
        near: Vec<String>,
        /// How many files looked like holding references but could not be read.
        unreadable: usize,
    },
}

fn lines(texts: impl IntoIterator<Item = impl fmt::Display>) -> String {
    texts.into_iter().map(|text| format!("\n  {text}")).collect()
}

/// As many near misses are shown.
const MAX_NEAR: usize = 5;

impl Index {
    /// The place that sets a container's image.
    ///
    /// Errors: several are equally good (each with its reason), or none is (with what was searched).
    pub fn place(&self, target: &Target) -> Result<Candidate, MappingError> {
        let candidates = self.candidates(target);
        let chosen = target.chosen.as_deref().filter(|_| candidates.len() > 1);
        match chosen.and_then(|file| self.chosen(target, file)) {
            Some(candidate) => Ok(candidate),
            None => self.only(target, candidates),
        }
    }

    /// The place that was chosen before, if it is one still; its line may have moved.
    fn chosen(&self, target: &Target, file: &str) -> Option<Candidate> {
        let path =
            file.rsplit_once(':').filter(|(_, line)| line.parse::<usize>().is_ok()).map_or(file, |(path, _)| path);
        let named = self.place_in(target, file).or_else(|_| self.place_in(target, path)).ok();
        named.map(|mut candidate| {
            candidate.reason.push_str("; chosen before");
            candidate
        })
    }

    /// The same within `PATH` or `PATH:LINE`, the operator's word for which.
    pub fn place_in(&self, target: &Target, file: &str) -> Result<Candidate, MappingError> {
        self.only(target, self.candidates_in(target, file))
    }

    fn only(&self, target: &Target, mut candidates: Vec<Candidate>) -> Result<Candidate, MappingError> {
        match (candidates.pop(), candidates.is_empty()) {
            (Some(only), true) => Ok(only),
            (Some(last), false) => {
                candidates.push(last);
                Err(MappingError::Ambiguous { target: target.to_string(), candidates })
            }
            (None, _) => Err(self.not_found(target)),
        }
    }

    fn not_found(&self, target: &Target) -> MappingError {
        let same_image = self.references().filter(|found| found.image.same_repository(&target.image));
        let near = same_image.take(MAX_NEAR).map(|found| match &found.object {
            Some(object) => {
                let namespace = object.namespace.as_deref().unwrap_or("any namespace");
                let at = format!("{}:{}", found.file, found.line);
                format!(
                    "{at} has it for {} {} in {namespace}, container {}",
                    object.kind, object.name, object.container
                )
            }
            None => format!("{}:{} sets it, for another namespace or workload", found.file, found.line),
        });
        MappingError::NotFound {
            target: target.to_string(),
            image: target.image.repository.clone(),
            searched: self.searched(),
            references: self.references().count(),
            near: near.collect(),
            unreadable: self.unreadable().len(),
        }
    }
}
