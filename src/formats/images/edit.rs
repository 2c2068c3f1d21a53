//! An edit as data: what to change in one file, made once and applied to whatever the branch holds by then.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::locate::located;
use crate::formats::yaml::{
    Edited, NewImage, Pointer, Reason, Refusal, Tree, Warning, edit_nested, insert_image_entry, insert_key,
    insert_value, remove_entry, replace_scalar,
};

/// Changes to one file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edit {
    /// Path of the file in the repository.
    pub path: String,
    /// The changes, applied in this order.
    pub changes: Vec<Change>,
}

/// A value that must be found beside a change for it to mean the same thing: the entry's name, the object's kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Where, in the document of the change.
    pub pointer: Pointer,
    /// What must be there.
    pub value: String,
}

/// One change. Positions in lists and the number of the document are where the value was when the edit was made; if its
/// identity has moved since, the change follows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Change {
    /// Replace a scalar.
    Replace {
        /// Document, counted from 0.
        document: usize,
        /// The scalar.
        pointer: Pointer,
        /// What tells it apart from its neighbours.
        identity: Vec<Identity>,
        /// The value it must have.
        from: String,
        /// The value to give it.
        to: String,
    },
    /// Remove an entry of a mapping.
    Remove {
        /// Document, counted from 0.
        document: usize,
        /// The entry's value.
        pointer: Pointer,
        /// What tells it apart from its neighbours.
        identity: Vec<Identity>,
        /// The value it must have.
        from: String,
    },
    /// Insert a key that is not there.
    InsertKey {
        /// Document, counted from 0.
        document: usize,
        /// The mapping and the new key.
        pointer: Pointer,
        /// What tells it apart from its neighbours.
        identity: Vec<Identity>,
        /// The value of the new key.
        to: String,
    },
    /// Insert an entry into a kustomization's `images:`.
    InsertImage {
        /// Document, counted from 0.
        document: usize,
        /// The entry.
        image: NewImage,
    },
    /// Insert a scalar into values, with the mappings that lead to it where they are missing.
    InsertValue {
        /// Document, counted from 0.
        document: usize,
        /// The values.
        pointer: Pointer,
        /// The keys that lead to the scalar.
        keys: Vec<String>,
        /// The scalar.
        to: String,
    },
    /// Change the document that stands inside a scalar.
    Within {
        /// Document, counted from 0.
        document: usize,
        /// The scalar.
        pointer: Pointer,
        /// What tells it apart from its neighbours.
        identity: Vec<Identity>,
        /// The change of the inner document.
        inner: Box<Change>,
    },
}

/// A file after an edit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// What the operator should know before confirming.
    pub warnings: Vec<Warning>,
}

impl Edit {
    /// Applies the edit to the file's bytes, at any commit: each value must still be what it was when the edit was made.
    ///
    /// Errors: a [`Refusal`], with [`Reason::Changed`] where somebody else changed the value meanwhile. Then nothing is applied.
    pub fn apply(&self, bytes: &[u8]) -> Result<Applied, Refusal> {
        let mut applied = Applied { bytes: bytes.to_vec(), warnings: Vec::new() };
        for change in &self.changes {
            let edited = change.apply(&applied.bytes)?;
            applied.bytes = edited.bytes;
            for warning in edited.warnings {
                if !applied.warnings.contains(&warning) {
                    applied.warnings.push(warning);
                }
            }
        }
        Ok(applied)
    }

    /// Whether the file already says what the edit would make it say, as after a colleague did the same.
    pub fn is_applied(&self, bytes: &[u8]) -> bool {
        let Ok(tree) = Tree::parse(bytes) else { return false };
        self.changes.iter().all(|change| change.is_applied(&tree))
    }
}

impl Change {
    fn apply(&self, bytes: &[u8]) -> Result<Edited, Refusal> {
        let tree = Tree::parse(bytes)?;
        match self {
            Self::Replace { document, pointer, identity, from, to } => {
                let (document, pointer) = located(&tree, *document, pointer, identity)?;
                must_be(&tree, document, &pointer, from)?;
                replace_scalar(bytes, document, &pointer, to)
            }
            Self::Remove { document, pointer, identity, from } => {
                let (document, pointer) = located(&tree, *document, pointer, identity)?;
                must_be(&tree, document, &pointer, from)?;
                remove_entry(bytes, document, &pointer)
            }
            Self::InsertKey { document, pointer, identity, to } => {
                let (document, pointer) = located(&tree, *document, pointer, identity)?;
                let layout = || Refusal::of_file(Reason::Layout("a document is no key".into()));
                let (mapping, key) = pointer.split_last().ok_or_else(layout)?;
                insert_key(bytes, document, &mapping, key, to)
            }
            Self::InsertImage { document, image } => insert_image_entry(bytes, *document, image),
            Self::InsertValue { document, pointer, keys, to } => insert_value(bytes, *document, pointer, keys, to),
            Self::Within { document, pointer, identity, inner } => {
                let (document, pointer) = located(&tree, *document, pointer, identity)?;
                edit_nested(bytes, document, &pointer, |text| inner.apply(text))
            }
        }
    }

    fn is_applied(&self, tree: &Tree<'_>) -> bool {
        let value_at = |document: usize, pointer: &Pointer, identity: &[Identity]| {
            let (document, pointer) = located(tree, document, pointer, identity).ok()?;
            tree.resolve(document, &pointer).ok().map(|id| tree.scalar(id).map(str::to_owned))
        };
        match self {
            Self::Replace { document, pointer, identity, to, .. }
            | Self::InsertKey { document, pointer, identity, to } => {
                value_at(*document, pointer, identity) == Some(Some(to.clone()))
            }
            Self::Remove { document, pointer, identity, .. } => {
                located(tree, *document, pointer, identity).is_ok() && value_at(*document, pointer, identity).is_none()
            }
            Self::InsertImage { document, image } => {
                let images = tree.root(*document).and_then(|root| tree.get(root, "images"));
                images.is_some_and(|images| {
                    tree.items(images).iter().any(|item| {
                        let text = |key: &str| tree.get_scalar(*item, key);
                        text("name") == Some(&image.name)
                            && text("newTag") == image.new_tag.as_deref()
                            && text("digest") == image.digest.as_deref()
                    })
                })
            }
            Self::InsertValue { document, pointer, keys, to } => {
                let pointer = keys.iter().fold(pointer.clone(), |pointer, key| pointer.child(key));
                value_at(*document, &pointer, &[]) == Some(Some(to.clone()))
            }
            Self::Within { document, pointer, identity, inner } => {
                let text = value_at(*document, pointer, identity).flatten();
                text.is_some_and(|text| Tree::parse(text.as_bytes()).is_ok_and(|tree| inner.is_applied(&tree)))
            }
        }
    }
}

fn must_be(tree: &Tree<'_>, document: usize, pointer: &Pointer, from: &str) -> Result<(), Refusal> {
    let id = tree.resolve(document, pointer)?;
    match tree.scalar(id) {
        Some(value) if value == from => Ok(()),
        found => Err(Refusal {
            reason: Reason::Changed {
                expected: from.to_owned(),
                found: found.unwrap_or("a mapping or a sequence").to_owned(),
            },
            document,
            pointer: pointer.to_string(),
            line: Some(tree.node(id).line),
        }),
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Replace { pointer, from, to, .. } => write!(f, "{pointer}: {from} → {to}"),
            Self::Remove { pointer, from, .. } => write!(f, "{pointer}: {from} removed"),
            Self::InsertKey { pointer, to, .. } => write!(f, "{pointer}: {to} added"),
            Self::InsertImage { image, .. } => {
                let version = image.new_tag.as_ref().or(image.digest.as_ref()).map_or("", String::as_str);
                write!(f, "/images: {} {version} added", image.name)
            }
            Self::InsertValue { pointer, keys, to, .. } => write!(f, "{pointer}/{}: {to} added", keys.join("/")),
            Self::Within { pointer, inner, .. } => write!(f, "{pointer} {inner}"),
        }
    }
}
