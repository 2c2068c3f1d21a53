//! Which tags Git says a workload was ever given, and what the team agreed on about tags.

use crate::{
    connect::git::GitError,
    formats,
    model::{Agreed, ObjectRef, TagsWanted},
    observe::{
        ObserveError,
        gather::{self, World, place, place::Tip, policy, repository},
    },
};
use jiff::Timestamp;

/// Commits that are looked at.
const MOST: usize = 200;

/// What Git tells.
#[derive(Debug)]
pub struct GitTags {
    /// The place and the commit: `apps/shop/kustomization.yaml:9 @ 9f3c1e2`; why there is none.
    pub place: Result<String, String>,
    /// Versions, each with the time of a commit that wrote it.
    pub tags: Vec<(String, Timestamp)>,
    /// The version that the tip says.
    pub says: Option<String>,
    /// What the team agreed on.
    pub agreed: Agreed,
    /// The API server's address, by which environments know a cluster.
    pub server: String,
}

/// The container whose tags are meant, and its image: the one named, or the only one.
///
/// # Errors
/// The workload cannot be read, or which container is meant is not clear.
pub async fn tags_wanted(
    world: &World,
    target: &ObjectRef,
    container: Option<&str>,
) -> Result<TagsWanted, ObserveError> {
    let object = world.cluster.reader().get(target).await?;
    let chosen = gather::container(&object, target, container)?;
    Ok(TagsWanted { target: target.clone(), container: chosen.name.to_string(), image: chosen.image.to_string() })
}

/// Reads the repository of a workload for one of its containers.
///
/// # Errors
/// The repository is not known or cannot be read.
pub async fn git_tags(world: &World, target: &ObjectRef, container: Option<&str>) -> Result<GitTags, ObserveError> {
    let object = world.cluster.reader().get(target).await?;
    let owner = formats::owner::owner(&object);
    let chosen = gather::container(&object, target, container)?;
    let found = repository::find(world, owner.as_ref(), None, None).await?;
    let wanted = place::wanted(world, target, &chosen, owner.as_ref(), &found)?;
    let (cache, now) = (world.git_cache.clone(), world.cluster.clock().now());
    let server = world.cluster.identity().await.server;
    let read = tokio::task::spawn_blocking(move || {
        let tip = Tip::fetch(&found, &cache)?;
        let agreed = policy::at(&tip.git, &found, &tip.branch, tip.commit, &cache, now);
        let short = agreed.short().to_owned();
        let agreed = Agreed::Read(Box::new(agreed));
        let candidate = match tip.index.place(&wanted) {
            Ok(candidate) => candidate,
            Err(error) => {
                let place = Err(error.to_string());
                return Ok(GitTags { place, tags: Vec::new(), says: None, agreed, server });
            }
        };
        let version = |bytes: &[u8]| place::version_in(&candidate, bytes);
        let failed = |error: GitError| place::failed(&error);
        let changes = tip.git.history(tip.commit, candidate.file(), version, MOST).map_err(failed)?;
        let written = changes.iter().filter_map(|change| Some((tag(change.new.as_deref()?)?, change.time)));
        Ok::<_, ObserveError>(GitTags {
            place: Ok(format!("{} @ {short}", place::written(&candidate))),
            tags: written.collect(),
            says: candidate.image.tag.clone(),
            agreed,
            server,
        })
    });
    read.await.map_err(place::stopped)?
}

/// The tag of a version; one that is only a digest has none.
fn tag(version: &str) -> Option<String> {
    let tag = version.split('@').next().unwrap_or_default();
    (!tag.is_empty()).then(|| tag.to_owned())
}
