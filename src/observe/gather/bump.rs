//! Facts for a bump: the repository, the one place in it that sets the image, the edit, and whether the image exists.

use super::{
    World, common, container,
    repository::{self, Found},
};
use crate::{
    connect::{
        git::{GitError, Oid, Repository},
        registry,
    },
    formats::{
        self,
        images::{BumpError, NewVersion},
        index::{Candidate, EditError, Index, MappingError, Place, Target},
    },
    model::{self, BumpFacts, EditSite, Intent, image::ImageReference},
    observe::ObserveError,
};
use serde_json::Value;
use similar::TextDiff;
use std::path::Path;

pub(super) async fn gather(world: &World, intent: &Intent, object: Value) -> Result<BumpFacts, ObserveError> {
    let target = intent.target();
    let Intent::Bump { tag, container: asked, repository: named, branch, file, .. } = intent else {
        return Err(ObserveError::WrongKind { verb: "bump", expected: "a bump", kind: target.kind.to_string() });
    };
    let container = container(&object, target, asked.as_deref())?;
    let owner = formats::owner::owner(&object);
    let found = repository::find(world, owner.as_ref(), named.as_deref(), branch.as_deref()).await?;
    let unreadable = |error: model::image::ImageError| ObserveError::Image {
        container: container.name.to_string(),
        why: error.to_string(),
    };
    let image = ImageReference::parse(&container.image).map_err(unreadable)?;
    image.with_tag(tag).map_err(unreadable)?;
    let mut environments = vec![world.cluster.info().name.clone()];
    environments.extend(owner.iter().map(|owner| owner.name.to_string()));
    let wanted = Target {
        kind: target.kind.to_string(),
        namespace: target.namespace.to_string(),
        name: target.name.to_string(),
        container: container.name.to_string(),
        image,
        environments,
        path: found.path.clone(),
    };
    let asked = Asked { tag: tag.clone(), file: file.clone() };
    let cache = world.git_cache.clone();
    let reading = tokio::task::spawn_blocking(move || read(&found, &cache, &wanted, &asked));
    let (common, read) = tokio::join!(common::gather(world, intent, object), reading);
    let stopped = |_| ObserveError::Repository { message: "reading the repository was interrupted".into(), hint: None };
    let Read { repository, site, author } = read.map_err(stopped)??;
    let registry = registry::digest(&site.image).await.map_err(|error| error.to_string());
    Ok(BumpFacts { common: common?, container, repository, site, registry, author })
}

/// What the operator asks for.
struct Asked {
    tag: String,
    file: Option<String>,
}

/// What the repository tells.
struct Read {
    repository: model::Repository,
    site: EditSite,
    author: Result<String, String>,
}

/// Fetches the branch and finds the place. Blocks.
fn read(found: &Found, cache: &Path, target: &Target, asked: &Asked) -> Result<Read, ObserveError> {
    let git = Repository::open(&found.location, cache).map_err(|error| repository::failed(&error))?;
    let (branch, tip) = fetch(&git, found).map_err(|error| repository::failed(&error))?;
    let site = site(&git, tip, target, asked)?;
    Ok(Read {
        repository: model::Repository {
            location: found.location.clone(),
            branch,
            tip: tip.to_string(),
            found: found.how.clone(),
        },
        site,
        author: git.author().map_err(|error| error.to_string()),
    })
}

/// The first branch there is, with its tip.
pub(in crate::observe) fn fetch(git: &Repository, found: &Found) -> Result<(String, Oid), GitError> {
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

/// The place that sets the image, and the edit of it.
fn site(git: &Repository, tip: Oid, target: &Target, asked: &Asked) -> Result<EditSite, ObserveError> {
    let tag = asked.tag.as_str();
    let git_failed = |error: GitError| repository::failed(&error);
    let listing = git.files_at(tip, Index::wants).map_err(git_failed)?;
    let files = git.contents(&listing.files).map_err(git_failed)?.collect::<Result<Vec<_>, _>>().map_err(git_failed)?;
    let index = Index::build(files.iter().map(|(path, bytes)| (*path, bytes)));
    let placed = asked.file.as_deref().map_or_else(|| index.place(target), |file| index.place_in(target, file));
    let candidate = placed.map_err(|error| unplaced(&error, asked.file.as_deref()))?;
    let bytes = files.iter().find(|(path, _)| *path == candidate.file()).map(|(_, bytes)| bytes.as_slice());
    let bytes = bytes.unwrap_or_default();
    let unusable =
        |why: String| ObserveError::Repository { message: format!("{}: {why}", candidate.file()), hint: None };
    let version = NewVersion::parse(tag).map_err(|error| unusable(error.to_string()))?;
    let edits = match candidate.edit(bytes, &version) {
        Ok(edit) => vec![edit],
        Err(EditError::Bump(BumpError::Already { .. })) => Vec::new(),
        Err(error) => return Err(unusable(error.to_string())),
    };
    let mut diff = String::new();
    let mut warnings = Vec::new();
    for edit in &edits {
        let applied = edit.apply(bytes).map_err(|error| unusable(error.to_string()))?;
        warnings.extend(applied.warnings.iter().map(ToString::to_string));
        diff.push_str(&unified(&edit.path, bytes, &applied.bytes));
    }
    let image = candidate.image.with_tag(tag).map_err(|error| unusable(error.to_string()))?;
    Ok(EditSite {
        edits: edits.iter().map(formats::images::Edit::planned).collect(),
        place: place(&candidate),
        reason: candidate.reason.clone(),
        image: image.to_string(),
        from: candidate.image.tag.clone().unwrap_or_else(|| candidate.image.version()),
        reaches: reaches(&candidate, target),
        warnings,
        diff,
    })
}

pub(in crate::observe) fn unplaced(error: &MappingError, file: Option<&str>) -> ObserveError {
    let hint = match error {
        MappingError::Ambiguous { .. } => "name the file with --file PATH[:LINE]",
        MappingError::NotFound { .. } if file.is_some() => {
            "without --file the whole repository is searched, and what could be meant is listed"
        }
        MappingError::NotFound { .. } => "name the repository that sets it with --repo, and its branch with --branch",
    };
    ObserveError::Repository { message: error.to_string(), hint: Some(hint.into()) }
}

pub(in crate::observe) fn place(candidate: &Candidate) -> String {
    match &candidate.place {
        Place::Set(found) => format!("{}:{}", found.file, found.line),
        Place::Insert { path, .. } => path.clone(),
    }
}

/// Everything else that the edit changes.
pub(in crate::observe) fn reaches(candidate: &Candidate, target: &Target) -> Vec<String> {
    let wanted = |reach: &&formats::index::Reach| {
        reach.name == target.name
            && (reach.kind.is_empty() || reach.kind == target.kind)
            && (reach.container.is_empty() || reach.container == target.container)
            && reach.namespace.as_ref().is_none_or(|namespace| *namespace == target.namespace)
    };
    // Only one of them is the wanted one; a second of the same name is another environment's.
    let own = candidate.reaches.iter().position(|reach| wanted(&reach));
    let others = candidate.reaches.iter().enumerate().filter(|(at, _)| Some(*at) != own);
    let mut names: Vec<String> = others
        .map(|(_, reach)| {
            let object = match (&*reach.kind, &reach.namespace) {
                ("", _) => reach.name.clone(),
                (kind, Some(namespace)) => format!("{kind} {namespace}/{}", reach.name),
                (kind, None) => format!("{kind} {}", reach.name),
            };
            match &*reach.environment {
                "" => object,
                environment => format!("{object} ({environment})"),
            }
        })
        .collect();
    names.dedup();
    names
}

fn unified(path: &str, before: &[u8], after: &[u8]) -> String {
    let (before, after) = (String::from_utf8_lossy(before), String::from_utf8_lossy(after));
    let diff = TextDiff::from_lines(&*before, &*after);
    diff.unified_diff().context_radius(3).header(&format!("a/{path}"), &format!("b/{path}")).to_string()
}
