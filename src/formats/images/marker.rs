//! Flux setter markers in any file: `# {"$imagepolicy": "namespace:name[:tag|:name|:digest]"}` behind a scalar.
//!
//! Most marked scalars are parts of references that other formats read; what is left is found here, one reference for each mapping.

use super::{Document, Format, Found, Keys, MAX_PER_FILE, Written};
use crate::formats::images::parts;
use crate::formats::yaml::{Kind, NodeId, Pointer, marker};

/// Deeper documents than these are not written by anybody.
const MAX_DEPTH: usize = 48;

/// Which part of an image a marker sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sets {
    Whole,
    Name,
    Tag,
    Digest,
}

/// Reads the marked scalars that no reference in `found` covers.
pub(super) fn find(place: &Document<'_, '_>, root: NodeId, found: &mut Vec<Found>) {
    if place.tree.source().contains("$imagepolicy") {
        walk(place, root, &Pointer::root(), MAX_DEPTH, found);
    }
}

fn walk(place: &Document<'_, '_>, id: NodeId, at: &Pointer, depth: usize, found: &mut Vec<Found>) {
    let tree = place.tree;
    let Some(depth) = depth.checked_sub(1).filter(|_| found.len() < MAX_PER_FILE) else { return };
    match &tree.node(id).kind {
        Kind::Mapping(entries, _) => {
            let named = entries.iter().filter_map(|(key, value)| Some((at.child(tree.scalar(*key)?), *value)));
            let children: Vec<(Pointer, NodeId)> = named.collect();
            marked(place, at, &children, found);
            children.iter().for_each(|(pointer, child)| walk(place, *child, pointer, depth, found));
        }
        Kind::Sequence(items, _) => {
            let children = items.iter().enumerate().map(|(index, item)| (at.child(index), *item));
            for (pointer, child) in children {
                marked(place, &pointer, &[(pointer.clone(), child)], found);
                walk(place, child, &pointer, depth, found);
            }
        }
        Kind::Scalar(..) | Kind::Alias(_) => {}
    }
}

/// The marked scalars among children, as one reference.
fn marked(place: &Document<'_, '_>, at: &Pointer, children: &[(Pointer, NodeId)], found: &mut Vec<Found>) {
    let tree = place.tree;
    let (mut keys, mut line) = (Keys::default(), 0);
    let mut text = [""; 3];
    for (pointer, id) in children {
        let node = tree.node(*id);
        let Kind::Scalar(value, _) = &node.kind else { continue };
        let Some(policy) = marker(tree.source(), node.span.end) else { continue };
        if found.iter().any(|known| known.document == place.document && known.covers(pointer)) {
            continue;
        }
        match sets(&policy) {
            Sets::Whole => {
                let Some(image) = parts::read(value) else { continue };
                found.push(reference(place, pointer.clone(), image, Written::Scalar(pointer.clone()), node.line));
                continue;
            }
            Sets::Name => (keys.repository, text[0]) = (Some(pointer.clone()), value),
            Sets::Tag => (keys.tag, text[1]) = (Some(pointer.clone()), value),
            Sets::Digest => (keys.digest, text[2]) = (Some(pointer.clone()), value),
        }
        if line == 0 || keys.tag.as_ref() == Some(pointer) {
            line = node.line;
        }
    }
    if keys != Keys::default() {
        let image = parts::joined_image("", text[0], text[1], text[2]);
        found.push(reference(place, at.clone(), image, Written::Keys(keys), line));
    }
}

fn reference(
    place: &Document<'_, '_>,
    pointer: Pointer,
    image: crate::model::image::ImageReference,
    written: Written,
    line: usize,
) -> Found {
    Found {
        file: place.path.to_owned(),
        document: place.document,
        slot: pointer.steps().to_vec(),
        pointer,
        format: Format::Marked,
        image,
        matches: None,
        object: None,
        line,
        written,
        within: None,
    }
}

fn sets(policy: &str) -> Sets {
    match policy.rsplit(':').next() {
        Some("tag") => Sets::Tag,
        Some("name") => Sets::Name,
        Some("digest") => Sets::Digest,
        _ => Sets::Whole,
    }
}

#[cfg(test)]
mod tests {
    use crate::formats::images::{Format, NewVersion, bump, find};
    use crate::formats::yaml::{Tree, Warning};

    #[test]
    fn a_marker_makes_any_scalar_a_reference() {
        let text = "apiVersion: example.org/v1\nkind: Thing\nspec:\n  software: r/a:v1 # {\"$imagepolicy\": \"flux-system:a\"}\n  build:\n    where: r/b # {\"$imagepolicy\": \"flux-system:b:name\"}\n    what: v1 # {\"$imagepolicy\": \"flux-system:b:tag\"}\n  list:\n  - r/c:v1 # {\"$imagepolicy\": \"flux-system:c\"}\n";
        let tree = Tree::parse(text.as_bytes()).unwrap();
        let all = find("thing.yaml", &tree);
        let told: Vec<_> = all.iter().map(|found| (found.image.to_string(), found.line, found.format)).collect();
        assert_eq!(
            told,
            [
                ("r/a:v1".into(), 4, Format::Marked),
                ("r/b:v1".into(), 7, Format::Marked),
                ("r/c:v1".into(), 9, Format::Marked)
            ]
        );
        for found in &all {
            let edit = bump(found, &tree, &NewVersion::parse("v2").unwrap()).unwrap();
            let applied = edit.apply(text.as_bytes()).unwrap();
            assert!(matches!(applied.warnings.as_slice(), [Warning::SetterMarker { .. }]), "{:?}", applied.warnings);
        }
    }

    #[test]
    fn what_is_read_already_is_not_read_twice() {
        let text = "images:\n- name: a\n  newName: r/a # {\"$imagepolicy\": \"x:a:name\"}\n  newTag: v1 # {\"$imagepolicy\": \"x:a:tag\"}\n";
        assert_eq!(find("kustomization.yaml", &Tree::parse(text.as_bytes()).unwrap()).len(), 1);
    }
}
