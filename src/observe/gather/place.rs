//! From a container that runs to the place in Git that sets its image: what is looked for, and the commit it is looked for in.

use super::{World, repository::Found};
use crate::{
    connect::git::{GitError, Oid, Repository},
    formats::{
        images::{self, BumpError, NewVersion},
        index::{self, Candidate, EditError, Index, MappingError, Place, Reach, Target},
        yaml::{Tree, Warning},
    },
    model::{Container, ObjectRef, Owner, Reference, image::ImageReference},
    observe::ObserveError,
};
use similar::TextDiff;
use std::path::Path;

/// What is looked for: one container of a workload, and what is known of where its files are.
pub(in crate::observe) fn wanted(
    world: &World,
    workload: &ObjectRef,
    container: &Container,
    owner: Option<&Owner>,
    found: &Found,
) -> Result<Target, ObserveError> {
    let unreadable = |error: crate::model::image::ImageError| ObserveError::Image {
        container: container.name.to_string(),
        why: error.to_string(),
    };
    let mut environments = vec![world.cluster.info().name.clone()];
    environments.extend(owner.map(|owner| owner.name.to_string()));
    Ok(Target {
        kind: workload.kind.to_string(),
        namespace: workload.namespace.to_string(),
        name: workload.name.to_string(),
        container: container.name.to_string(),
        image: ImageReference::parse(&container.image).map_err(unreadable)?,
        environments,
        path: found.path.clone(),
        release: owner.cloned(),
        chosen: [container.name.to_string(), String::new()]
            .into_iter()
            .find_map(|name| world.chosen.get(&(workload.clone(), name)).cloned()),
    })
}

/// The same, from what a plan keeps of it.
pub(super) fn target(reference: &Reference, container: &str, image: ImageReference) -> Target {
    Target {
        kind: reference.workload.kind.to_string(),
        namespace: reference.workload.namespace.to_string(),
        name: reference.workload.name.to_string(),
        container: container.to_owned(),
        image,
        environments: reference.environments.clone(),
        path: reference.path.clone(),
        release: None,
        chosen: None,
    }
}

/// A commit and everything that it says about images.
pub(in crate::observe) struct Tip {
    pub git: Repository,
    pub branch: String,
    pub commit: Oid,
    pub index: Index,
}

/// An edit of one place, with what it looks like.
pub(in crate::observe) struct Drafted {
    /// None where the place says so already.
    pub edit: Option<images::Edit>,
    pub warnings: Vec<Warning>,
    pub diff: String,
    pub image: ImageReference,
}

/// Whether a warning says that Flux's image automation sets what is edited.
pub(in crate::observe) fn is_automated(warning: &Warning) -> bool {
    matches!(warning, Warning::SetterMarker { .. })
}

impl Tip {
    /// Fetches the branch and reads it. Blocks.
    pub(in crate::observe) fn fetch(found: &Found, cache: &Path) -> Result<Self, ObserveError> {
        let failed = |error: GitError| failed(&error);
        let git = Repository::open(&found.location, cache).map_err(failed)?;
        let (branch, commit) = branch(&git, found).map_err(failed)?;
        Self::read(git, branch, commit)
    }

    /// Reads a commit that was fetched. Blocks.
    pub(super) fn read(git: Repository, branch: String, commit: Oid) -> Result<Self, ObserveError> {
        let failed = |error: GitError| failed(&error);
        let listing = git.files_at(commit, Index::wants).map_err(failed)?;
        let index = super::readings::index(&git, &listing.files).map_err(failed)?;
        Ok(Self { git, branch, commit, index })
    }

    /// The bytes of a file; nothing where it has none.
    fn bytes(&self, path: &str) -> Vec<u8> {
        self.git.read(self.commit, path).ok().flatten().unwrap_or_default()
    }

    /// A line of a file, counted from 1.
    pub(in crate::observe) fn line(&self, path: &str, number: usize) -> Option<String> {
        let text = String::from_utf8(self.bytes(path)).ok()?;
        text.lines().nth(number.checked_sub(1)?).map(str::to_owned)
    }

    /// The edit that sets another version at a place.
    pub(in crate::observe) fn draft(&self, candidate: &Candidate, version: &str) -> Result<Drafted, ObserveError> {
        let bytes = &self.bytes(candidate.file());
        let unusable =
            |why: String| ObserveError::Repository { message: format!("{}: {why}", candidate.file()), hint: None };
        let to = NewVersion::parse(version).map_err(|error| unusable(error.to_string()))?;
        let image = ImageReference {
            repository: candidate.image.repository.clone(),
            tag: to.tag.clone(),
            digest: to.digest.clone(),
        };
        let edit = match candidate.edit(bytes, &to) {
            Ok(edit) => edit,
            Err(EditError::Bump(BumpError::Already { .. })) => {
                let (warnings, diff) = (Vec::new(), String::new());
                return Ok(Drafted { edit: None, warnings, diff, image });
            }
            Err(error) => return Err(unusable(error.to_string())),
        };
        let applied = edit.apply(bytes).map_err(|error| unusable(error.to_string()))?;
        let diff = unified(&edit.path, bytes, &applied.bytes);
        Ok(Drafted { edit: Some(edit), warnings: applied.warnings, diff, image })
    }
}

/// The first branch there is, with its tip. Blocks.
pub(super) fn branch(git: &Repository, found: &Found) -> Result<(String, Oid), GitError> {
    for branch in &found.branches {
        match git.fetch(branch) {
            Ok(tip) => return Ok((branch.clone(), tip)),
            Err(GitError::NoSuchBranch { .. }) if !found.fixed => {}
            Err(error) => return Err(error),
        }
    }
    let branch = git.default_branch()?;
    let tip = git.fetch(&branch)?;
    Ok((branch, tip))
}

/// A Git error as an error of gathering.
pub(in crate::observe) fn failed(error: &GitError) -> ObserveError {
    ObserveError::Repository { message: error.to_string(), hint: None }
}

/// Reading was cut off with the program.
pub(in crate::observe) fn stopped(_: tokio::task::JoinError) -> ObserveError {
    ObserveError::Repository { message: "reading the repository was interrupted".into(), hint: None }
}

/// That no place, or more than one, was found, and what to do.
pub(in crate::observe) fn unplaced(error: &MappingError, file: Option<&str>) -> ObserveError {
    if let MappingError::Ambiguous { candidates, .. } = error {
        let places = candidates.iter().map(|candidate| (written(candidate), candidate.reason.clone())).collect();
        return ObserveError::WhichPlace { message: error.to_string(), places };
    }
    let hint = match error {
        MappingError::Ambiguous { .. } => "",
        MappingError::NotFound { .. } if file.is_some() => {
            "without --file the whole repository is searched, and what could be meant is listed"
        }
        MappingError::NotFound { .. } => "name the repository that sets it with --repo, and its branch with --branch",
    };
    ObserveError::Repository { message: error.to_string(), hint: Some(hint.into()) }
}

/// A place as people write it: `path:line`.
pub(in crate::observe) fn written(candidate: &Candidate) -> String {
    match &candidate.place {
        Place::Set(found) => format!("{}:{}", found.file, found.line),
        Place::Insert { path, .. } | Place::Override { path, .. } => path.clone(),
    }
}

/// Everything else that an edit of the place changes.
pub(in crate::observe) fn reaches(candidate: &Candidate, target: &Target) -> Vec<String> {
    let own = own(candidate, target);
    let others = candidate.reaches.iter().enumerate().filter(|(at, _)| Some(*at) != own);
    let mut names: Vec<String> = others.map(|(_, reach)| named(reach)).collect();
    names.dedup();
    names
}

/// What of it is production's, and not of the environment that is meant.
pub(super) fn protected(candidate: &Candidate, target: &Target) -> Vec<String> {
    let at = own(candidate, target);
    let meant = at.and_then(|at| candidate.reaches.get(at));
    let elsewhere = |reach: &Reach| {
        let namespace = meant.and_then(|meant| meant.namespace.as_ref()).unwrap_or(&target.namespace);
        let same_folder = meant.is_some_and(|meant| meant.environment == reach.environment);
        !same_folder && reach.namespace.as_ref() != Some(namespace)
    };
    let is_production = |reach: &Reach| {
        index::is_production(&reach.environment) || reach.namespace.as_deref().is_some_and(index::is_production)
    };
    let others = candidate.reaches.iter().enumerate().filter(|(n, _)| Some(*n) != at).map(|(_, reach)| reach);
    let mut names: Vec<String> = others.filter(|reach| elsewhere(reach) && is_production(reach)).map(named).collect();
    names.dedup();
    names
}

/// The one that is wanted; a second of the same name is another environment's.
fn own(candidate: &Candidate, target: &Target) -> Option<usize> {
    let wanted = |reach: &Reach| {
        reach.name == target.name
            && (reach.kind.is_empty() || reach.kind == target.kind)
            && (reach.container.is_empty() || reach.container == target.container)
            && reach.namespace.as_ref().is_none_or(|namespace| *namespace == target.namespace)
    };
    let told = candidate.reaches.iter().position(|reach| reach.own);
    told.or_else(|| candidate.reaches.iter().position(wanted))
}

/// Something that is reached, as people name it.
fn named(reach: &Reach) -> String {
    let object = match (&*reach.kind, &reach.namespace) {
        ("", _) => reach.name.clone(),
        ("values", _) => format!("values {}", reach.container),
        ("HelmRelease" | "Application" | "ApplicationSet", _) => {
            format!("{} {} {}", reach.kind, reach.name, reach.container)
        }
        (kind, Some(namespace)) => format!("{kind} {namespace}/{}", reach.name),
        (kind, None) => format!("{kind} {}", reach.name),
    };
    match &*reach.environment {
        "" => object,
        environment => format!("{object} ({environment})"),
    }
}

/// The version that the file says at the candidate's place: what is named the same counts, lines may move.
pub(in crate::observe) fn version_in(candidate: &Candidate, bytes: &[u8]) -> Option<String> {
    let tree = Tree::parse(bytes).ok()?;
    let same = |other: &&images::Found| match &candidate.place {
        Place::Set(found) if !found.slot.is_empty() => other.slot == found.slot && other.object == found.object,
        Place::Set(found) if found.object.is_some() => other.object == found.object,
        Place::Set(found) => other.matches == found.matches,
        Place::Insert { name, .. } => other.matches.as_ref() == Some(name),
        Place::Override { keys, .. } => keys.starts_with(&other.slot) && keys.len() <= other.slot.len() + 1,
    };
    images::find(candidate.file(), &tree).iter().find(same).map(|found| found.image.version())
}

fn unified(path: &str, before: &[u8], after: &[u8]) -> String {
    let (before, after) = (String::from_utf8_lossy(before), String::from_utf8_lossy(after));
    let diff = TextDiff::from_lines(&*before, &*after);
    diff.unified_diff().context_radius(3).header(&format!("a/{path}"), &format!("b/{path}")).to_string()
}
