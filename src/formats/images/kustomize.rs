//! `images:` of a kustomization: `name` is matched, `newName`, `newTag` and `digest` are set. A digest wins over a tag.
//!
//! Flux's Kustomization objects have the same list in `spec.images`.

use super::values::{self, Scope};
use super::{Document, Format, Found, ObjectContainer, Written};
use crate::formats::yaml::{NodeId, Pointer, Tree};
use crate::model::image::ImageReference;

/// Whether a file's name makes it a kustomization.
pub fn is_kustomization(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    matches!(name, "kustomization.yaml" | "kustomization.yml" | "Kustomization")
}

/// Reads the entries, and the values of charts that it inflates.
pub(super) fn find(place: &Document<'_, '_>, root: NodeId, found: &mut Vec<Found>) {
    let tree = place.tree;
    if let Some(images) = tree.get(root, "images") {
        entries(place, images, &Pointer::root().child("images"), None, found);
    }
    let charts = tree.get(root, "helmCharts").map(|charts| tree.items(charts)).unwrap_or_default();
    for (index, chart) in charts.iter().enumerate() {
        let Some(values) = tree.get(*chart, "valuesInline").and_then(|values| tree.follow(values)) else { continue };
        let base = Pointer::root().child("helmCharts").child(index).child("valuesInline");
        let scope = Scope { format: Format::Values, base, object: None, lone_tags: true };
        values::find(place, values, &scope, found);
    }
    patches(place, root, found);
}

/// Releases that patches written inside the kustomization change: their values are edited where they stand.
fn patches(place: &Document<'_, '_>, root: NodeId, found: &mut Vec<Found>) {
    let tree = place.tree;
    let of_key = |key: &str| tree.get(root, key).map(|list| tree.items(list)).unwrap_or_default();
    let at = |key: &str, index: usize| Pointer::root().child(key).child(index);
    let named = of_key("patches").iter().enumerate();
    let named = named.filter_map(|(n, item)| Some((tree.get(*item, "patch")?, at("patches", n).child("patch"))));
    let merged =
        of_key("patchesStrategicMerge").iter().enumerate().map(|(n, item)| (*item, at("patchesStrategicMerge", n)));
    for (scalar, pointer) in named.chain(merged) {
        let Some(scalar) = tree.follow(scalar) else { continue };
        let text = tree.scalar(scalar).filter(|text| text.contains("HelmRelease")).unwrap_or_default();
        let Ok(inner) = Tree::parse(text.as_bytes()) else { continue };
        let Some(root) = inner.root(0) else { continue };
        let from = found.len();
        super::manifest::find(&Document { path: place.path, tree: &inner, document: 0 }, root, found);
        values::embedded(place, scalar, &pointer, found, from);
    }
}

/// Reads a list of entries. One without a name, or whose parts make no image reference, sets nothing.
pub(super) fn entries(
    place: &Document<'_, '_>,
    images: NodeId,
    at: &Pointer,
    object: Option<&ObjectContainer>,
    found: &mut Vec<Found>,
) {
    let tree = place.tree;
    for (index, item) in tree.items(images).iter().enumerate() {
        let Some(name) = tree.get_scalar(*item, "name").filter(|name| !name.is_empty()) else { continue };
        let text = |key: &str| tree.get_scalar(*item, key).filter(|text| !text.is_empty());
        let Ok(named) = ImageReference::parse(text("newName").unwrap_or(name)) else { continue };
        let image = ImageReference {
            repository: named.repository,
            tag: text("newTag").map(str::to_owned).or(named.tag),
            digest: text("digest").map(str::to_owned).or(named.digest),
        };
        let line_of = |key: &str| tree.get(*item, key).map(|id| tree.node(id).line);
        let line = line_of("newTag").or_else(|| line_of("digest")).unwrap_or(tree.node(*item).line);
        found.push(Found {
            file: place.path.to_owned(),
            document: place.document,
            pointer: at.child(index),
            format: Format::Kustomize,
            image,
            matches: Some(name.to_owned()),
            object: object.cloned(),
            line,
            written: Written::Entry,
            slot: Vec::new(),
            within: None,
        });
    }
}
