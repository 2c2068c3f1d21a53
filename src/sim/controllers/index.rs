//! Who owns what: kept from the store's changes, so that no controller has to read a whole namespace.
//!
//! Invariant: it holds exactly what the changes noticed so far say. It never reads the store.

use super::object::{items, name, namespace, text, uid};
use crate::sim::resource::Resource;
use serde_json::Value;
use std::{
    cmp::Ordering,
    collections::{BTreeSet, HashMap},
};

/// Where an object is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its resource.
    pub resource: &'static Resource,
    /// Its namespace, empty for cluster-wide objects.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl Place {
    /// The place of an object.
    pub fn of(resource: &'static Resource, object: &Value) -> Self {
        Self { resource, namespace: namespace(object).to_owned(), name: name(object).to_owned() }
    }

    fn order(&self) -> (&str, &str, &str, &str) {
        (self.resource.group, self.resource.plural, &self.namespace, &self.name)
    }
}

impl PartialOrd for Place {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Place {
    fn cmp(&self, other: &Self) -> Ordering {
        self.order().cmp(&other.order())
    }
}

/// Owners and what they own, both by uid.
#[derive(Default)]
pub struct Index {
    places: HashMap<String, Place>,
    owned: HashMap<String, BTreeSet<Place>>,
    /// Objects that a controller could adopt: they have no controller.
    orphans: BTreeSet<Place>,
}

impl Index {
    /// An object came or changed.
    pub fn put(&mut self, resource: &'static Resource, old: Option<&Value>, new: &Value) {
        let place = Place::of(resource, new);
        if let Some(old) = old {
            if old["metadata"]["ownerReferences"] == new["metadata"]["ownerReferences"] {
                return;
            }
            self.unlink(&place, old);
        }
        self.places.insert(uid(new).to_owned(), place.clone());
        let mut controlled = false;
        for reference in items(new, "/metadata/ownerReferences") {
            controlled |= reference["controller"] == true;
            self.owned.entry(text(reference, "/uid").to_owned()).or_default().insert(place.clone());
        }
        if !controlled && adoptable(resource) {
            self.orphans.insert(place);
        }
    }

    /// An object is gone.
    pub fn remove(&mut self, resource: &'static Resource, object: &Value) {
        let place = Place::of(resource, object);
        self.unlink(&place, object);
        self.places.remove(uid(object));
    }

    fn unlink(&mut self, place: &Place, object: &Value) {
        for reference in items(object, "/metadata/ownerReferences") {
            let owner = text(reference, "/uid");
            if let Some(owned) = self.owned.get_mut(owner) {
                owned.remove(place);
                if owned.is_empty() {
                    self.owned.remove(owner);
                }
            }
        }
        self.orphans.remove(place);
    }

    /// Where the object of that uid is.
    pub fn place(&self, uid: &str) -> Option<&Place> {
        self.places.get(uid)
    }

    /// What refers to that uid as an owner, sorted.
    pub fn owned_by(&self, uid: &str) -> Vec<Place> {
        self.owned.get(uid).into_iter().flatten().cloned().collect()
    }

    /// Objects of a resource in a namespace that nobody controls.
    pub fn orphans(&self, resource: &'static Resource, namespace: &str) -> Vec<Place> {
        let first = Place { resource, namespace: namespace.to_owned(), name: String::new() };
        let here = |p: &&Place| p.resource == resource && p.namespace == namespace;
        self.orphans.range(first..).take_while(here).cloned().collect()
    }
}

fn adoptable(resource: &Resource) -> bool {
    matches!(resource.kind, "Pod" | "ReplicaSet" | "ControllerRevision")
}
