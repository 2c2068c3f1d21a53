//! Where Git sets a workload's image, and the commits that changed it there.

use crate::{
    connect::git::{GitError, Repository},
    formats::{
        self,
        images::{Found, find},
        index::{Candidate, Index, Place, Target},
        template,
        yaml::Tree,
    },
    model::{Commit, ObjectRef, Origin, image::ImageReference},
    observe::{
        ObserveError,
        gather::{World, bump, repository},
        revisions::containers,
    },
};

/// Commits told.
const MOST: usize = 30;

/// The place that sets the image of a workload's first container, with its history; `asked` is the operator's word for the
/// repository.
///
/// # Errors
/// The repository is not known or cannot be read, or nothing (or more than one thing) in it fits the workload.
pub async fn origin(world: &World, target: &ObjectRef, asked: Option<&str>) -> Result<Origin, ObserveError> {
    let object = world.cluster.reader().get(target).await?;
    let owner = formats::owner::owner(&object);
    let Some(container) = containers(template::of(&object)).into_iter().next() else {
        let object = target.to_string();
        return Err(ObserveError::WhichContainer { object, known: "none".into() });
    };
    let image = ImageReference::parse(&container.image)
        .map_err(|error| ObserveError::Image { container: container.name.to_string(), why: error.to_string() })?;
    let found = repository::find(world, owner.as_ref(), asked, None).await?;
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
    let cache = world.git_cache.clone();
    let stopped = |_| ObserveError::Repository { message: "reading the repository was interrupted".into(), hint: None };
    tokio::task::spawn_blocking(move || {
        let git = Repository::open(&found.location, &cache).map_err(|error| repository::failed(&error))?;
        read(&git, &found, &wanted)
    })
    .await
    .map_err(stopped)?
}

/// Fetches the branch and reads the place and its history. Blocks.
fn read(git: &Repository, found: &repository::Found, target: &Target) -> Result<Origin, ObserveError> {
    let failed = |error: GitError| repository::failed(&error);
    let (branch, tip) = bump::fetch(git, found).map_err(failed)?;
    let listing = git.files_at(tip, Index::wants).map_err(failed)?;
    let files = git.contents(&listing.files).map_err(failed)?.collect::<Result<Vec<_>, _>>().map_err(failed)?;
    let index = Index::build(files.iter().map(|(path, bytes)| (*path, bytes)));
    let candidate = index.place(target).map_err(|error| bump::unplaced(&error, None))?;
    let commits = git.history(tip, candidate.file(), |bytes| version_in(&candidate, bytes), MOST).map_err(failed)?;
    let environment = candidate.reaches.iter().find(|reach| reach.name == target.name);
    Ok(Origin {
        repository: git.remote(),
        found: found.how.clone(),
        branch,
        tip: tip.to_string(),
        container: target.container.clone(),
        place: bump::place(&candidate),
        reason: candidate.reason.clone(),
        environment: environment.map(|reach| reach.environment.clone()).filter(|folder| !folder.is_empty()),
        image: candidate.image.to_string(),
        reaches: bump::reaches(&candidate, target),
        commits: commits
            .into_iter()
            .map(|change| Commit {
                sha: change.commit.to_string(),
                author: change.author,
                subject: change.subject,
                time: change.time,
                from: change.old,
                to: change.new,
            })
            .collect(),
    })
}

/// The version that the file says at the candidate's place: what is named the same counts, lines may move.
fn version_in(candidate: &Candidate, bytes: &[u8]) -> Option<String> {
    let tree = Tree::parse(bytes).ok()?;
    let same = |other: &&Found| match &candidate.place {
        Place::Set(found) if found.object.is_some() => other.object == found.object,
        Place::Set(found) => other.matches == found.matches,
        Place::Insert { name, .. } => other.matches.as_ref() == Some(name),
    };
    find(candidate.file(), &tree).iter().find(same).map(|found| found.image.version())
}
