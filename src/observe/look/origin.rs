//! Where Git sets a workload's images, and the commits that changed them there.

use crate::{
    connect::git::GitError,
    formats::{index::Target, template},
    model::{Commit, ObjectRef, Origin, Placed},
    observe::{
        ObserveError,
        gather::{World, application, place, place::Tip, repository},
        revisions::containers,
    },
};

/// Commits told of one place.
const MOST: usize = 30;

/// The places that set the images of a workload's containers, with their history; `asked` is the operator's word for the
/// repository.
///
/// # Errors
/// The repository is not known or cannot be read, or nothing (or more than one thing) in it fits any container.
pub async fn origin(world: &World, target: &ObjectRef, asked: Option<&str>) -> Result<Origin, ObserveError> {
    let reader = world.cluster.reader();
    let object = reader.get(target).await?;
    let (owner, _) = application::owner(reader, &object).await;
    let found = repository::find(world, owner.as_ref(), asked, None).await?;
    let mut wanted = Vec::new();
    for container in containers(template::of(&object)) {
        let name = container.name.to_string();
        wanted.push((name, place::wanted(world, target, &container, owner.as_ref(), &found)));
    }
    let cache = world.git_cache.clone();
    let how = found.how.clone();
    let read = tokio::task::spawn_blocking(move || {
        let tip = Tip::fetch(&found, &cache)?;
        let placed: Vec<_> =
            wanted.into_iter().map(|(name, target)| (name, target.and_then(|t| read(&tip, &t)))).collect();
        Ok::<_, ObserveError>((tip.git.remote(), tip.branch, tip.commit.to_string(), placed))
    });
    let (repository, branch, tip, read) = read.await.map_err(place::stopped)??;
    let (mut places, mut unplaced, mut first) = (Vec::new(), Vec::new(), None);
    for (container, placed) in read {
        match placed {
            Ok(placed) => places.push(placed),
            Err(error) => {
                unplaced.push((container, error.to_string()));
                first.get_or_insert(error);
            }
        }
    }
    match first {
        Some(error) if places.is_empty() => Err(error),
        None if places.is_empty() => {
            Err(ObserveError::WhichContainer { object: target.to_string(), known: "none".into() })
        }
        _ => Ok(Origin { repository, found: how, branch, tip, places, unplaced }),
    }
}

/// One place and its history. Blocks.
fn read(tip: &Tip, target: &Target) -> Result<Placed, ObserveError> {
    let failed = |error: GitError| place::failed(&error);
    let candidate = tip.index.place(target).map_err(|error| place::unplaced(&error, None))?;
    let version = |bytes: &[u8]| place::version_in(&candidate, bytes);
    let commits = tip.git.history(tip.commit, candidate.file(), version, MOST).map_err(failed)?;
    let environment = candidate.reaches.iter().find(|reach| reach.name == target.name);
    Ok(Placed {
        container: target.container.clone(),
        place: place::written(&candidate),
        reason: candidate.reason.clone(),
        environment: environment.map(|reach| reach.environment.clone()).filter(|folder| !folder.is_empty()),
        image: candidate.image.to_string(),
        reaches: place::reaches(&candidate, target),
        commits: commits.into_iter().map(Commit::from).collect(),
    })
}
