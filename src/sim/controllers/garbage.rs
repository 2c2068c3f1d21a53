//! Garbage collection by owner references: background, foreground and orphan.
//!
//! Invariant: an object goes only when every owner that it names is gone; one that still has an owner only loses the reference.

use super::{
    cluster::Cluster,
    index::Place,
    object::{flag, items, terminating, text},
    queue::{Controller, Key},
};
use crate::sim::{
    resource::Propagation,
    store::{Change, ChangeKind, DeleteOptions, Part},
};
use jiff::Timestamp;
use serde_json::Value;

const FOREGROUND: &str = "foregroundDeletion";
const ORPHAN: &str = "orphan";

/// Asks for the collection that a change may need; keys carry the owner's uid.
pub fn enqueue(cluster: &mut Cluster, change: &Change) {
    let object = &*change.object;
    let mut ask = |uid: &str| cluster.queue.push(Key::new(Controller::Garbage, "", uid));
    match change.kind {
        ChangeKind::Deleted => {
            ask(text(object, "/metadata/uid"));
            // An owner that waits for what it owns looks again.
            items(object, "/metadata/ownerReferences").iter().for_each(|r| ask(text(r, "/uid")));
        }
        ChangeKind::Modified if terminating(object) => ask(text(object, "/metadata/uid")),
        ChangeKind::Modified => {}
        ChangeKind::Added => {
            let owners = items(object, "/metadata/ownerReferences");
            let absent: Vec<_> =
                owners.iter().map(|r| text(r, "/uid")).filter(|u| cluster.index.place(u).is_none()).collect();
            absent.into_iter().for_each(|uid| cluster.queue.push(Key::new(Controller::Garbage, "", uid)));
        }
    }
}

/// Collects what the owner of that uid leaves behind, or lets a waiting owner go.
pub fn reconcile(cluster: &mut Cluster, owner: &str) -> Option<Timestamp> {
    let owned = cluster.index.owned_by(owner);
    let Some(place) = cluster.index.place(owner).cloned() else {
        for place in owned {
            collect(cluster, &place, None);
        }
        return None;
    };
    let object = cluster.read(&place)?;
    if !terminating(&object) {
        return None;
    }
    let waits_for = |finalizer: &str| items(&object, "/metadata/finalizers").iter().any(|f| f == finalizer);
    if waits_for(ORPHAN) {
        for place in &owned {
            release(cluster, place, owner);
        }
        finish(cluster, &place, ORPHAN);
    } else if waits_for(FOREGROUND) {
        let blocking = |p: &Place| cluster.read(p).is_some_and(|o| blocks(&o, owner));
        if owned.iter().any(blocking) {
            for place in &owned {
                collect(cluster, place, Some(Propagation::Foreground));
            }
        } else {
            finish(cluster, &place, FOREGROUND);
        }
    }
    None
}

fn blocks(object: &Value, owner: &str) -> bool {
    items(object, "/metadata/ownerReferences").iter().any(|r| r["uid"] == owner && flag(r, "/blockOwnerDeletion"))
}

/// Deletes a dependent, or only cuts its dead references when another owner lives.
fn collect(cluster: &Cluster, place: &Place, propagation: Option<Propagation>) {
    let Some(object) = cluster.read(place) else { return };
    let lives = |r: &Value| {
        let owner = cluster.index.place(text(r, "/uid")).and_then(|p| cluster.read(p));
        owner.is_some_and(|o| !(terminating(&o) && items(&o, "/metadata/finalizers").iter().any(|f| f == FOREGROUND)))
    };
    let references = items(&object, "/metadata/ownerReferences");
    if references.iter().any(lives) {
        let kept: Vec<Value> = references.iter().filter(|r| lives(r)).cloned().collect();
        let _ = cluster.edit(place.resource, &object, Part::Any, |o| o["metadata"]["ownerReferences"] = kept.into());
    } else if !terminating(&object) {
        // Nothing waits below a pod: its foreground deletion would only add a finalizer.
        let leaf = cluster.index.owned_by(text(&object, "/metadata/uid")).is_empty();
        let propagation = if leaf { Propagation::Background } else { propagation.unwrap_or(Propagation::Background) };
        let options = DeleteOptions { propagation: Some(propagation), ..DeleteOptions::default() };
        let _ = cluster.store.delete(place.resource, &place.namespace, &place.name, options);
    }
}

/// Cuts one owner from a dependent.
fn release(cluster: &Cluster, place: &Place, owner: &str) {
    let Some(object) = cluster.read(place) else { return };
    let _ = cluster.edit(place.resource, &object, Part::Any, |o| {
        if let Some(list) = o["metadata"]["ownerReferences"].as_array_mut() {
            list.retain(|r| r["uid"] != owner);
            if list.is_empty() {
                super::object::unset(o, &["metadata", "ownerReferences"]);
            }
        }
    });
}

fn finish(cluster: &Cluster, place: &Place, finalizer: &str) {
    let Some(object) = cluster.read(place) else { return };
    let _ = cluster.edit(place.resource, &object, Part::Any, |o| {
        if let Some(list) = o["metadata"]["finalizers"].as_array_mut() {
            list.retain(|f| f != finalizer);
            if list.is_empty() {
                super::object::unset(o, &["metadata", "finalizers"]);
            }
        }
    });
}
