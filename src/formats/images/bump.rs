//! The edit that gives a found reference another version.

use super::edit::{Change, Edit, Identity};
use super::{Found, Written, is_kustomization, parts};
use crate::formats::yaml::{NewImage, Pointer, Tree};
use crate::model::image::{ImageError, ImageReference};

/// The version to set: a tag, a digest, or both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewVersion {
    /// The tag.
    pub tag: Option<String>,
    /// The digest.
    pub digest: Option<String>,
}

/// Why there is no edit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BumpError {
    /// The new version is none.
    #[error(transparent)]
    Version(#[from] ImageError),
    /// The file no longer has the reference where the index found it.
    #[error("{file}: the image reference is no longer at {pointer}; read the repository again")]
    Gone {
        /// The file.
        file: String,
        /// Where the reference was.
        pointer: String,
    },
    /// The reference already has this version.
    #[error("{file} already sets {version}")]
    Already {
        /// The file.
        file: String,
        /// The version.
        version: String,
    },
    /// The reference has no key for a tag, and none can be put beside it.
    #[error("{file}: the reference at {pointer} has no key for a tag, and none can be put beside it")]
    NoKey {
        /// The file.
        file: String,
        /// Where the reference is.
        pointer: String,
    },
    /// An override can only be written to a kustomization.
    #[error("{0} is no kustomization")]
    NoKustomization(String),
}

impl NewVersion {
    /// Reads `tag`, `tag@digest` or `@digest`.
    pub fn parse(text: &str) -> Result<Self, ImageError> {
        let separator = if text.starts_with('@') { "" } else { ":" };
        let image = ImageReference::parse(&format!("image{separator}{text}"))?;
        Ok(Self { tag: image.tag, digest: image.digest })
    }

    /// The version as a scalar of values says it: alone, or behind its repository.
    pub fn written(&self, repository: Option<&str>) -> String {
        match repository {
            Some(repository) => self.on(repository).to_string(),
            None => self.on("").version(),
        }
    }

    pub(super) fn on(&self, repository: &str) -> ImageReference {
        ImageReference { repository: repository.to_owned(), tag: self.tag.clone(), digest: self.digest.clone() }
    }
}

/// The edit that gives `found` the version `to`. `tree` is the file it was found in.
///
/// A digest that `to` does not have is removed or emptied, because it would win over the new tag.
pub fn bump(found: &Found, tree: &Tree<'_>, to: &NewVersion) -> Result<Edit, BumpError> {
    let changes = match &found.within {
        None => changes(found, found.document, tree, to)?,
        Some(pointer) => within(found, pointer, tree, to)?,
    };
    if changes.is_empty() {
        return Err(BumpError::Already { file: found.file.clone(), version: to.on("").version() });
    }
    Ok(Edit { path: found.file.clone(), changes })
}

/// Changes of the document inside a scalar.
fn within(found: &Found, pointer: &Pointer, tree: &Tree<'_>, to: &NewVersion) -> Result<Vec<Change>, BumpError> {
    let text = raw(tree, found.document, pointer).ok_or_else(|| gone(found))?;
    let inner = Tree::parse(text.as_bytes()).map_err(|_| gone(found))?;
    // The object is the outer document, or the inner one where a kustomization patches it.
    let outer = found.object.as_ref().filter(|_| !is_kustomization(&found.file));
    let identity = outer.map(|object| of_object(object, pointer)).unwrap_or_default();
    let wrap = |inner| Change::Within {
        document: found.document,
        pointer: pointer.clone(),
        identity: identity.clone(),
        inner: Box::new(inner),
    };
    let inside = Found { object: found.object.clone().filter(|_| outer.is_none()), ..found.clone() };
    Ok(changes(&inside, 0, &inner, to)?.into_iter().map(wrap).collect())
}

fn changes(found: &Found, document: usize, tree: &Tree<'_>, to: &NewVersion) -> Result<Vec<Change>, BumpError> {
    match &found.written {
        Written::Entry => kustomize_changes(found, document, tree, to),
        Written::Scalar(pointer) => {
            scalar_change(found, document, pointer, tree, to).map(|change| change.into_iter().collect())
        }
        Written::Keys(keys) => super::keys::changes(found, document, keys, tree, to),
    }
}

/// The edit that inserts an entry for `name` into the kustomization at `path`.
pub fn insert_override(path: &str, document: usize, name: &str, to: &NewVersion) -> Result<Edit, BumpError> {
    if !is_kustomization(path) {
        return Err(BumpError::NoKustomization(path.to_owned()));
    }
    let image = NewImage { name: name.to_owned(), new_tag: to.tag.clone(), digest: to.digest.clone() };
    Ok(Edit { path: path.to_owned(), changes: vec![Change::InsertImage { document, image }] })
}

pub(super) fn gone(found: &Found) -> BumpError {
    BumpError::Gone { file: found.file.clone(), pointer: found.pointer.to_string() }
}

/// The scalar at a path, read as the formats read.
pub(super) fn raw(tree: &Tree<'_>, document: usize, pointer: &Pointer) -> Option<String> {
    let mut id = tree.root(document)?;
    for step in pointer.steps() {
        let item = step.parse::<usize>().ok().and_then(|index| tree.items(id).get(index).copied());
        id = item.or_else(|| tree.get(id, step))?;
    }
    tree.scalar(id).map(str::to_owned)
}

/// A reference in one scalar, whatever stands before it (`old=`) kept.
fn scalar_change(
    found: &Found,
    document: usize,
    pointer: &Pointer,
    tree: &Tree<'_>,
    to: &NewVersion,
) -> Result<Option<Change>, BumpError> {
    let from = raw(tree, document, pointer).ok_or_else(|| gone(found))?;
    let (before, written) = match from.split_once('=') {
        Some((old, new)) if found.matches.is_some() => (format!("{old}="), new),
        _ => (String::new(), from.as_str()),
    };
    let image = parts::read(written).ok_or_else(|| gone(found))?;
    let new = format!("{before}{}", to.on(&image.repository));
    if new == from {
        return Ok(None);
    }
    let identity = identity(found, document, pointer, tree);
    Ok(Some(Change::Replace { document, pointer: pointer.clone(), identity, from, to: new }))
}

/// What tells the scalar at `pointer` apart: the names of the list items that it stands in, and its object.
pub(super) fn identity(found: &Found, document: usize, pointer: &Pointer, tree: &Tree<'_>) -> Vec<Identity> {
    let mut places = Vec::new();
    let mut at = Pointer::root();
    for step in pointer.steps() {
        at = at.child(step);
        if step.bytes().all(|byte| byte.is_ascii_digit()) {
            places.push(at.child("name"));
        }
    }
    places.reverse();
    let in_place = |pointer: Pointer| raw(tree, document, &pointer).map(|value| Identity { pointer, value });
    let mut identity: Vec<Identity> =
        places.into_iter().filter(|place| place != pointer).filter_map(in_place).collect();
    identity.extend(found.object.iter().flat_map(|object| of_object(object, pointer)));
    identity
}

/// An object's kind, name and namespace; `pointer` tells in which list it stands.
pub(super) fn of_object(object: &super::ObjectContainer, pointer: &Pointer) -> Vec<Identity> {
    let mut at = Pointer::root();
    for pair in pointer.steps().chunks_exact(2).take_while(|pair| pair[0] == "items") {
        at = at.child(&pair[0]).child(&pair[1]);
    }
    let metadata = at.child("metadata");
    let told = [
        (at.child("kind"), Some(&object.kind)),
        (metadata.child("name"), Some(&object.name)),
        (metadata.child("namespace"), object.namespace.as_ref()),
    ];
    let of = |(pointer, value): (Pointer, Option<&String>)| {
        value.filter(|value| !value.is_empty()).map(|value| Identity { pointer, value: value.clone() })
    };
    told.into_iter().filter_map(of).collect()
}

fn kustomize_changes(
    found: &Found,
    document: usize,
    tree: &Tree<'_>,
    to: &NewVersion,
) -> Result<Vec<Change>, BumpError> {
    let name = found.matches.clone().ok_or_else(|| gone(found))?;
    let mut identity = vec![Identity { pointer: found.pointer.child("name"), value: name }];
    identity.extend(found.object.iter().flat_map(|object| of_object(object, &found.pointer)));
    let mut removals = Vec::new();
    let mut changes = Vec::new();
    for (key, new) in [("newTag", &to.tag), ("digest", &to.digest)] {
        let (pointer, identity) = (found.pointer.child(key), identity.clone());
        match (raw(tree, document, &pointer), new) {
            (Some(from), Some(new)) if from == *new => {}
            (Some(from), None) if from.is_empty() => {}
            (Some(from), Some(new)) => {
                changes.push(Change::Replace { document, pointer, identity, from, to: new.clone() });
            }
            // Removed last, so that an entry that only had a digest is never left without a version.
            (Some(from), None) => removals.push(Change::Remove { document, pointer, identity, from }),
            (None, Some(new)) => changes.push(Change::InsertKey { document, pointer, identity, to: new.clone() }),
            (None, None) => {}
        }
    }
    changes.extend(removals);
    Ok(changes)
}
