//! How the reconciler of a workload can be held off, and what its source says: so that what is rolled back stays so.
//!
//! None of it is needed to put the cluster right. What cannot be read in time is said, and the rollback goes on without.

use super::{
    World,
    place::{self, Tip},
    repository,
};
use crate::{
    formats::{self, hold, images::Edit, index::Place},
    model::{
        Access, Automation, Draft, GitFacts, GitPlace, HoldRecord, Kind, Means, ObjectRef, Owner, OwnerKind, Policy,
        ReconcilerFacts, Reference, Revision,
    },
};
use serde_json::Value;
use std::collections::BTreeSet;

/// What is known of the reconciler that owns `object`; None where nothing reconciles it.
pub(super) async fn gather(
    world: &World,
    target: &ObjectRef,
    object: &Value,
    revisions: &[Revision],
) -> Option<ReconcilerFacts> {
    let owner = formats::owner::owner(object)?;
    let reader = world.cluster.reader();
    let uid = |object: &Value| object["metadata"]["uid"].as_str().unwrap_or_default().to_owned();
    let (means, marked, of_mark, consumer) = match owner.kind {
        OwnerKind::Kustomization => (Means::LeaveAlone, target.clone(), object.clone(), Some(owner.clone())),
        OwnerKind::HelmRelease => {
            let release = ObjectRef::new(Kind::HelmRelease, owner.namespace.clone(), owner.name.clone());
            let found = reader.find(&release).await.ok().flatten()?;
            let parent = formats::owner::owner(&found).filter(|parent| parent.kind == OwnerKind::Kustomization);
            (Means::Suspend, release, found, parent)
        }
        OwnerKind::Application | OwnerKind::Helm => return None,
    };
    let may = Access::new("patch", marked.kind, &marked.namespace);
    let held = hold::record(&of_mark, means);
    let (allowed, source, git) = tokio::join!(
        reader.may(&may),
        repository::source(reader, consumer.as_ref()),
        git(world, target, object, consumer.as_ref(), revisions, held.as_ref()),
    );
    let mut git = git;
    if let (Ok(git), Some((source, ..))) = (&mut git, &source) {
        automated(world, git, source).await;
    }
    let consumer = consumer.zip(source).map(|(owner, (source, ..))| {
        (ObjectRef::new(Kind::Kustomization, owner.namespace.clone(), owner.name.clone()), source)
    });
    Some(ReconcilerFacts {
        means,
        object: marked,
        uid: uid(&of_mark),
        original: held.as_ref().map_or_else(|| hold::said(&of_mark, means), |record| record.original.clone()),
        hold: held,
        allowed,
        consumer,
        git: git.map_err(|why| why.lines().collect::<Vec<_>>().join(" ")),
    })
}

async fn git(
    world: &World,
    target: &ObjectRef,
    object: &Value,
    owner: Option<&Owner>,
    revisions: &[Revision],
    held: Option<&HoldRecord>,
) -> Result<GitFacts, String> {
    let found = repository::known(world, owner, None, None).await.map_err(|error| error.to_string())?;
    let found = found.ok_or_else(|| repository::unknown().to_string())?;
    let mut wanted = Vec::new();
    for container in crate::observe::revisions::containers(formats::template::of(object)) {
        let mut images: BTreeSet<String> = BTreeSet::from([container.image.to_string()]);
        let same = |other: &&crate::model::Container| other.name == container.name;
        images.extend(revisions.iter().filter_map(|r| r.containers.iter().find(same)).map(|c| c.image.to_string()));
        let undone = held.iter().flat_map(|record| &record.bad).filter(|(name, _)| *name == *container.name);
        images.extend(undone.map(|(_, image)| image.clone()));
        let target = place::wanted(world, target, &container, owner, &found);
        wanted.push((container.name.to_string(), images, target));
    }
    let mut environments = vec![world.cluster.info().name.clone()];
    environments.extend(owner.map(|owner| owner.name.to_string()));
    let (cache, workload) = (world.git_cache.clone(), target.clone());
    let read = tokio::task::spawn_blocking(move || {
        let tip = Tip::fetch(&found, &cache).map_err(|error| error.to_string())?;
        let place = |(container, images, target): (String, BTreeSet<String>, _)| {
            let read = |target| read(&tip, &target, &images);
            let target: Result<_, crate::observe::ObserveError> = target;
            target.and_then(read).map_err(|error| (container, error.to_string()))
        };
        Ok(GitFacts {
            places: wanted.into_iter().map(place).collect(),
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
        })
    });
    match tokio::time::timeout(world.patience, read).await {
        Ok(read) => read.map_err(|error| place::stopped(error).to_string())?,
        Err(_) => Err(format!("the repository was not read within {} s", world.patience.as_secs())),
    }
}

/// One place, with an edit for each version. Blocks.
fn read(
    tip: &Tip,
    target: &formats::index::Target,
    images: &BTreeSet<String>,
) -> Result<GitPlace, crate::observe::ObserveError> {
    let candidate = tip.index.place(target).map_err(|error| place::unplaced(&error, None))?;
    let version = |bytes: &[u8]| place::version_in(&candidate, bytes);
    let last = tip.git.history(tip.commit, candidate.file(), version, 1).unwrap_or_default().into_iter().next();
    let drafts = images.iter().filter_map(|image| {
        let version = crate::model::image::ImageReference::parse(image).ok()?.version();
        // A version that cannot be written there is none to go back to.
        let drafted = tip.draft(&candidate, &version).ok()?;
        Some(Draft {
            image: image.clone(),
            edit: drafted.edit.as_ref().map(Edit::planned),
            warnings: drafted.warnings,
            diff: drafted.diff,
        })
    });
    Ok(GitPlace {
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
        commit: last.map(|change| crate::model::Commit {
            sha: change.commit.to_string(),
            author: change.author,
            subject: change.subject,
            time: change.time,
            from: change.old,
            to: change.new,
        }),
        drafts: drafts.collect(),
    })
}

/// Reads the policies of places, and which automations write to the repository where there is one.
async fn automated(world: &World, git: &mut GitFacts, source: &ObjectRef) {
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
    let kind = Kind::ImageUpdateAutomation;
    for found in reader.list(kind, Some(&source.namespace), None).await.unwrap_or_default() {
        let reference = &found["spec"]["sourceRef"];
        let elsewhere = reference["namespace"].as_str().is_some_and(|namespace| namespace != &*source.namespace);
        if reference["kind"] != "GitRepository" || reference["name"] != *source.name || elsewhere {
            continue;
        }
        let text = |field: &str| found["metadata"][field].as_str().unwrap_or_default().to_owned();
        git.automations.push(Automation {
            object: ObjectRef::new(kind, source.namespace.clone(), text("name")),
            uid: text("uid"),
            suspended: found["spec"]["suspend"].as_bool(),
            hold: hold::record(&found, Means::Suspend),
            allowed: reader.may(&Access::new("patch", kind, &source.namespace)).await,
        });
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
