//! Flux HelmReleases: `spec.values` read as Helm values, and the images of `spec.postRenderers`. What `valuesFrom` names lives
//! elsewhere and is not read here.

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
    post_renderers(place, root, object, at, found);
    let values = tree.get(root, "spec").and_then(|spec| tree.get(spec, "values"));
    let Some(values) = values.and_then(|values| tree.follow(values)) else { return };
    let base = at.child("spec").child("values");
    let scope = Scope { format: Format::HelmRelease, base, object: Some(object), lone_tags: true };
    values::find(place, values, &scope, found);
}

/// What kustomize makes of the images that the chart rendered.
fn post_renderers(
    place: &Document<'_, '_>,
    root: NodeId,
    object: &ObjectContainer,
    at: &Pointer,
    found: &mut Vec<Found>,
) {
    let tree = place.tree;
    let renderers = tree.get(root, "spec").and_then(|spec| tree.get(spec, "postRenderers"));
    for (index, item) in renderers.map(|list| tree.items(list)).unwrap_or_default().iter().enumerate() {
        let images = tree.get(*item, "kustomize").and_then(|kustomize| tree.get(kustomize, "images"));
        let at = at.child("spec").child("postRenderers").child(index).child("kustomize").child("images");
        if let Some(images) = images {
            super::kustomize::entries(place, images, &at, Some(object), found);
        }
    }
}
