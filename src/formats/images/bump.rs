//! The edit that gives a found reference another version.

use super::edit::{Change, Edit, Identity};
use super::{Format, Found, is_kustomization};
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

    fn on(&self, repository: &str) -> ImageReference {
        ImageReference { repository: repository.to_owned(), tag: self.tag.clone(), digest: self.digest.clone() }
    }
}

/// The edit that gives `found` the version `to`. `tree` is the file it was found in.
///
/// A digest that `to` does not have is removed, because it would win over the new tag.
pub fn bump(found: &Found, tree: &Tree<'_>, to: &NewVersion) -> Result<Edit, BumpError> {
    let changes = match found.format {
        Format::Kustomize => kustomize_changes(found, tree, to)?,
        Format::Manifest => vec![manifest_change(found, tree, to)?],
    };
    if changes.is_empty() {
        return Err(BumpError::Already { file: found.file.clone(), version: to.on("").version() });
    }
    Ok(Edit { path: found.file.clone(), changes })
}

/// The edit that inserts an entry for `name` into the kustomization at `path`.
pub fn insert_override(path: &str, document: usize, name: &str, to: &NewVersion) -> Result<Edit, BumpError> {
    if !is_kustomization(path) {
        return Err(BumpError::NoKustomization(path.to_owned()));
    }
    let image = NewImage { name: name.to_owned(), new_tag: to.tag.clone(), digest: to.digest.clone() };
    Ok(Edit { path: path.to_owned(), changes: vec![Change::InsertImage { document, image }] })
}

fn gone(found: &Found) -> BumpError {
    BumpError::Gone { file: found.file.clone(), pointer: found.pointer.to_string() }
}

fn raw(tree: &Tree<'_>, document: usize, pointer: &Pointer) -> Option<String> {
    let mut id = tree.root(document)?;
    for step in pointer.steps() {
        let item = step.parse::<usize>().ok().and_then(|index| tree.items(id).get(index).copied());
        id = item.or_else(|| tree.get(id, step))?;
    }
    tree.scalar(id).map(str::to_owned)
}

fn manifest_change(found: &Found, tree: &Tree<'_>, to: &NewVersion) -> Result<Change, BumpError> {
    let from = raw(tree, found.document, &found.pointer).ok_or_else(|| gone(found))?;
    let new = to.on(&found.image.repository).to_string();
    if new == from {
        return Err(BumpError::Already { file: found.file.clone(), version: found.image.version() });
    }
    Ok(Change::Replace {
        document: found.document,
        pointer: found.pointer.clone(),
        identity: manifest_identity(found, tree),
        from,
        to: new,
    })
}

/// The container's name and its object's kind, name and namespace.
fn manifest_identity(found: &Found, tree: &Tree<'_>) -> Vec<Identity> {
    let mut places = Vec::new();
    if let Some((container, _)) = found.pointer.split_last() {
        places.push(container.child("name"));
    }
    let steps = found.pointer.steps();
    let mut object = Pointer::root();
    for pair in steps.chunks_exact(2).take_while(|pair| pair[0] == "items") {
        object = object.child(&pair[0]).child(&pair[1]);
    }
    let metadata = object.child("metadata");
    places.extend([object.child("kind"), metadata.child("name"), metadata.child("namespace")]);
    places
        .into_iter()
        .filter_map(|pointer| raw(tree, found.document, &pointer).map(|value| Identity { pointer, value }))
        .collect()
}

fn kustomize_changes(found: &Found, tree: &Tree<'_>, to: &NewVersion) -> Result<Vec<Change>, BumpError> {
    let name = found.matches.clone().ok_or_else(|| gone(found))?;
    let identity = vec![Identity { pointer: found.pointer.child("name"), value: name }];
    let mut removals = Vec::new();
    let mut changes = Vec::new();
    for (key, new) in [("newTag", &to.tag), ("digest", &to.digest)] {
        let (document, pointer, identity) = (found.document, found.pointer.child(key), identity.clone());
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
