//! How the reconciler of a workload can be held off, by what the cluster says: so that what is rolled back stays so. What Git says
//! is another matter, and takes longer.
//!
//! None of it is needed to put the cluster right. What cannot be read is said, and the rollback goes on without.

use super::{World, above, application, mark, repository};
use crate::{
    connect::kube::Reader,
    formats::{self, hold},
    model::{GitSight, Holdable, Kind, Mark, Means, ObjectRef, Owner, OwnerKind, ReconcilerFacts, Syncs},
};
use serde_json::Value;

/// What is known of the reconciler that owns `object`, before Git is asked; None where nothing reconciles it.
pub(super) async fn gather(world: &World, target: &ObjectRef, object: &Value) -> Option<ReconcilerFacts> {
    let reader = world.cluster.reader();
    let (owner, application) = application::owner(reader, object).await;
    let owner = owner?;
    let name = |kind| ObjectRef::new(kind, owner.namespace.clone(), owner.name.clone());
    let mut facts = ReconcilerFacts {
        marks: Vec::new(),
        by_hand: false,
        left: Vec::new(),
        undone: Vec::new(),
        consumer: None,
        git: GitSight::Outstanding,
    };
    match owner.kind {
        OwnerKind::Kustomization => {
            let mark = Mark::by(Means::LeaveAlone);
            facts.by_hand = is_by_hand(object, &mark);
            facts.marks.push(mark::of(reader, target, owner.to_string(), (target, object), mark, Vec::new()).await);
            facts.consumer = kustomization(reader, Some(&owner)).await;
        }
        OwnerKind::HelmRelease => {
            let release = name(Kind::HelmRelease);
            let found = reader.find(&release).await.ok().flatten()?;
            let mark = Mark::by(Means::Suspend);
            facts.by_hand = is_by_hand(&found, &mark);
            let freezes = mark::installed(reader, &release, target).await;
            facts.marks.push(mark::of(reader, target, owner.to_string(), (&release, &found), mark, freezes).await);
            let parent = formats::owner::owner(&found).filter(|parent| parent.kind == OwnerKind::Kustomization);
            facts.consumer = kustomization(reader, parent.as_ref()).await;
            facts.undone = above::climb(reader, target, &mut facts.marks, found).await;
        }
        OwnerKind::Application => {
            let Some(found) = application else {
                facts.undone.push(format!("{owner} is not in this cluster, or may not be read: it is not held off"));
                return Some(facts);
            };
            facts.consumer = Some((name(Kind::Application), None));
            // What was turned off by an earlier hold is to be let go.
            if application::syncs(&found) != Syncs::ByHand || !hold::written(&found).is_empty() {
                facts.marks.push(mark::application(reader, target, &found, target).await);
                facts.undone = above::climb(reader, target, &mut facts.marks, found).await;
            }
        }
        OwnerKind::Helm => return None,
    }
    if let Some((_, Some(source))) = &facts.consumer {
        facts.left = left(reader, target, source).await;
    }
    Some(facts)
}

/// Whether an object is held by a mark that no record tells of.
pub(super) fn is_by_hand(object: &Value, mark: &Mark) -> bool {
    hold::is_marked(object, mark) && hold::records(object, mark).is_empty()
}

/// A Kustomization, and the GitRepository that it applies.
async fn kustomization(reader: &Reader, owner: Option<&Owner>) -> Option<(ObjectRef, Option<ObjectRef>)> {
    let owner = owner?;
    let (source, ..) = repository::source(reader, Some(owner)).await?;
    Some((ObjectRef::new(Kind::Kustomization, owner.namespace.clone(), owner.name.clone()), Some(source)))
}

/// Image automations that are still held for this workload: they outlive the hold on its owner.
async fn left(reader: &Reader, target: &ObjectRef, source: &ObjectRef) -> Vec<Holdable> {
    let mut left = Vec::new();
    for (found, object) in automations(reader, source).await {
        let held = automation(reader, target, &object, &found).await;
        if held.hold.is_some() {
            left.push(held);
        }
    }
    left
}

/// The image automations beside a GitRepository that write to it.
pub(super) async fn automations(reader: &Reader, source: &ObjectRef) -> Vec<(Value, ObjectRef)> {
    let kind = Kind::ImageUpdateAutomation;
    let all = reader.list(kind, Some(&source.namespace), None).await.unwrap_or_default();
    let writes = all.into_iter().filter(|found| {
        let reference = &found["spec"]["sourceRef"];
        let elsewhere = reference["namespace"].as_str().is_some_and(|namespace| namespace != &*source.namespace);
        reference["kind"] == "GitRepository" && reference["name"] == *source.name && !elsewhere
    });
    writes
        .map(|found| {
            let name = found["metadata"]["name"].as_str().unwrap_or_default().to_owned();
            (found, ObjectRef::new(kind, source.namespace.clone(), name))
        })
        .collect()
}

/// An image automation, to be suspended.
pub(super) async fn automation(reader: &Reader, target: &ObjectRef, object: &ObjectRef, found: &Value) -> Holdable {
    let (owner, mark) = (format!("image automation {}", object.path()), Mark::by(Means::Suspend));
    let held = mark::of(reader, target, owner, (object, found), mark, Vec::new()).await;
    let mut marks = vec![held];
    // Whatever would stand above it and is no Kustomization takes its time.
    above::climb(reader, target, &mut marks, found.clone()).await;
    marks.swap_remove(0)
}
