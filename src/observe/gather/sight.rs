//! What Git says of a workload that is rolled back: where its images are set, what they could be set back to, and what writes
//! there by itself.
//!
//! Invariant: nothing that puts the cluster right waits for it.

use super::{
    World,
    place::{self, Tip},
    reconciler, repository,
};
use crate::{
    formats::{
        self,
        images::Edit,
        index::{Place, Target},
    },
    model::{
        Automation, Commit, Container, Draft, GitFacts, GitPlace, GitSight, Kind, Mark, Means, ObjectRef, Owner,
        OwnerKind, Policy, ReconcilerFacts, Reference, RollbackFacts,
    },
    observe::{ObserveError, revisions::containers},
};
use serde_json::Value;
use std::{collections::BTreeSet, time::Duration};

/// Commits told of one place.
const MOST: usize = 30;

/// Reads Git's part of a rollback, for as long as `patience`.
pub async fn sight(world: &World, facts: &mut RollbackFacts, target: &ObjectRef, patience: Duration) {
    if facts.reconciler.is_none() {
        return;
    }
    let read = tokio::time::timeout(patience, git(world, target, facts)).await;
    let git = match read {
        Ok(Ok((git, commits))) => {
            facts.around.commits = commits;
            GitSight::Read(Box::new(git))
        }
        Ok(Err(why)) => GitSight::Unknown(why.lines().collect::<Vec<_>>().join(" ")),
        Err(_) => GitSight::Unknown(format!("the repository was not read within {} s", patience.as_secs())),
    };
    if let Some(reconciler) = &mut facts.reconciler {
        reconciler.git = git;
        let source = reconciler.consumer.as_ref().and_then(|(_, source)| source.as_ref());
        if let (GitSight::Read(git), Some(source)) = (&mut reconciler.git, source) {
            automated(world, target, git, source).await;
        }
    }
}

async fn git(world: &World, target: &ObjectRef, facts: &RollbackFacts) -> Result<(GitFacts, Vec<Commit>), String> {
    let object = facts.around.template_of.as_ref().unwrap_or(&facts.common.object);
    let reconciler = facts.reconciler.as_ref();
    let held = reconciler.and_then(ReconcilerFacts::hold);
    // What a Kustomization applies is found by its own name, whichever of its objects owns the workload.
    let owner = reconciler.and_then(|reconciler| reconciler.consumer.as_ref()).map(|(consumer, _)| Owner {
        kind: if consumer.kind == Kind::Application { OwnerKind::Application } else { OwnerKind::Kustomization },
        namespace: consumer.namespace.clone(),
        name: consumer.name.clone(),
    });
    let found = repository::known(world, owner.as_ref(), None, None).await.map_err(|error| error.to_string())?;
    let found = found.ok_or_else(|| repository::unknown().to_string())?;
    let mut wanted = Vec::new();
    for container in containers(formats::template::of(object)) {
        let mut images: BTreeSet<String> = BTreeSet::from([container.image.to_string()]);
        let same = |other: &&Container| other.name == container.name;
        let earlier = facts.revisions.iter().filter_map(|revision| revision.containers.iter().find(same));
        images.extend(earlier.map(|container| container.image.to_string()));
        let undone = held.iter().flat_map(|record| &record.bad).filter(|(name, _)| *name == *container.name);
        images.extend(undone.map(|(_, image)| image.clone()));
        let target = place::wanted(world, target, &container, owner.as_ref(), &found);
        wanted.push((container.name.to_string(), images, target));
    }
    let mut environments = vec![world.cluster.info().name.clone()];
    environments.extend(owner.map(|owner| owner.name.to_string()));
    let (cache, workload) = (world.git_cache.clone(), target.clone());
    let read = tokio::task::spawn_blocking(move || {
        let tip = Tip::fetch(&found, &cache).map_err(|error| error.to_string())?;
        let mut commits = Vec::new();
        let mut place = |(container, images, target): (String, BTreeSet<String>, Result<Target, ObserveError>)| {
            let read = target.and_then(|target| read(&tip, &target, &images));
            let (place, told) = read.map_err(|error| (container, error.to_string()))?;
            commits.extend(told);
            Ok(place)
        };
        let places = wanted.into_iter().map(&mut place).collect();
        let git = GitFacts {
            places,
            automations: Vec::new(),
            author: tip.git.author().map_err(|error| error.to_string()),
            tip: tip.commit.to_string(),
            found: found.how.clone(),
            reference: Reference {
                repository: found.location.clone(),
                branch: tip.branch,
                workload,
                environments,
                path: found.path.clone(),
            },
        };
        Ok((git, commits))
    });
    read.await.map_err(|error| place::stopped(error).to_string())?
}

/// One place, with an edit for each version, and the commits that changed it. Blocks.
fn read(tip: &Tip, target: &Target, images: &BTreeSet<String>) -> Result<(GitPlace, Vec<Commit>), ObserveError> {
    let candidate = tip.index.place(target).map_err(|error| place::unplaced(&error, None))?;
    let version = |bytes: &[u8]| place::version_in(&candidate, bytes);
    let changes = tip.git.history(tip.commit, candidate.file(), version, MOST).unwrap_or_default();
    let commits: Vec<Commit> = changes.into_iter().map(Commit::from).collect();
    let drafts = images.iter().filter_map(|image| {
        let version = crate::model::image::ImageReference::parse(image).ok()?.version();
        // A version that cannot be written there is none to go back to.
        let drafted = tip.draft(&candidate, &version).ok()?;
        // The automation is the place's own matter: the plan suspends it, or says why it cannot.
        let warnings = drafted.warnings.iter().filter(|warning| !place::is_automated(warning));
        Some(Draft {
            image: image.clone(),
            edit: drafted.edit.as_ref().map(Edit::planned),
            warnings: warnings.map(ToString::to_string).collect(),
            diff: drafted.diff,
        })
    });
    let place = GitPlace {
        container: target.container.clone(),
        place: place::written(&candidate),
        says: candidate.image.to_string(),
        reaches: place::reaches(&candidate, target),
        policy: match &candidate.place {
            Place::Set(found) => tip
                .line(&found.file, found.line)
                .as_deref()
                .and_then(policy)
                .map(|object| Policy { object, latest: None }),
            Place::Insert { .. } | Place::Override { .. } => None,
        },
        commit: commits.first().cloned(),
        drafts: drafts.collect(),
    };
    Ok((place, commits))
}

/// Reads the policies of places, and which automations write to the repository where there is one.
async fn automated(world: &World, target: &ObjectRef, git: &mut GitFacts, source: &ObjectRef) {
    let reader = world.cluster.reader();
    let mut policies: Vec<&mut Policy> = Vec::new();
    for place in git.places.iter_mut().flatten() {
        policies.extend(place.policy.as_mut());
    }
    if policies.is_empty() {
        return;
    }
    for policy in policies {
        let found = reader.find(&policy.object).await.ok().flatten().unwrap_or_default();
        policy.latest = found["status"]["latestRef"]["tag"].as_str().map(str::to_owned);
    }
    for (found, object) in reconciler::automations(reader, source).await {
        let held = reconciler::automation(reader, target, &object, &found).await;
        let by_hand = reconciler::is_by_hand(&found, &Mark::by(Means::Suspend));
        git.automations.push(Automation { held, by_hand });
    }
}

/// The ImagePolicy that a line's marker names: `# {"$imagepolicy": "namespace:name:tag"}`.
fn policy(line: &str) -> Option<ObjectRef> {
    let (_, comment) = line.split_once('#')?;
    let marker: Value = serde_json::from_str(comment.trim()).ok()?;
    let mut parts = marker["$imagepolicy"].as_str()?.split(':');
    let (namespace, name) = (parts.next()?, parts.next()?);
    Some(ObjectRef::new(Kind::ImagePolicy, namespace, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_names_its_policy() {
        let of = |line: &str| policy(line).map(|object| object.path());
        assert_eq!(
            of(r#"  newTag: 2.4.1 # {"$imagepolicy": "flux-system:checkout:tag"}"#).unwrap(),
            "flux-system/checkout"
        );
        assert_eq!(of(r#"  image: a:1 # {"$imagepolicy": "flux-system:checkout"}"#).unwrap(), "flux-system/checkout");
        assert_eq!(of("  newTag: 2.4.1 # the one"), None);
        assert_eq!(of("  newTag: 2.4.1"), None);
    }
}
