//! Flux HelmReleases: `spec.values` read as Helm values. What `valuesFrom` names lives elsewhere and is not read here.

use super::values::{self, Scope};
use super::{Document, Format, Found, ObjectContainer};
use crate::formats::yaml::{NodeId, Pointer};

/// Reads the values written inside the object.
pub(super) fn find(
    place: &Document<'_, '_>,
    root: NodeId,
    object: &ObjectContainer,
    at: &Pointer,
    found: &mut Vec<Found>,
) {
    let tree = place.tree;
    let values = tree.get(root, "spec").and_then(|spec| tree.get(spec, "values"));
    let Some(values) = values.and_then(|values| tree.follow(values)) else { return };
    let base = at.child("spec").child("values");
    let scope = Scope { format: Format::HelmRelease, base, object: Some(object), lone_tags: true };
    values::find(place, values, &scope, found);
}
