//! The edit of a reference whose parts have keys of their own: a tag replaced, and the digest beside it replaced or emptied.
//!
//! A digest is emptied and not removed: a key that is missing would let the chart's own digest through.

use super::bump::{gone, identity, raw};
use super::{BumpError, Change, Found, Identity, Keys, NewVersion};
use crate::formats::yaml::{Pointer, Tree};

/// The changes that give the reference the version `to`.
pub(super) fn changes(
    found: &Found,
    document: usize,
    keys: &Keys,
    tree: &Tree<'_>,
    to: &NewVersion,
) -> Result<Vec<Change>, BumpError> {
    let beside = |pointer: &Pointer| -> Vec<Identity> {
        let repository = keys.repository.iter().filter(|place| *place != pointer);
        let named = repository
            .filter_map(|place| Some(Identity { pointer: place.clone(), value: raw(tree, document, place)? }));
        // Parameters are told apart by the name that stands beside their value.
        named.chain(identity(found, document, pointer, tree)).collect()
    };
    let replace = |pointer: &Pointer, from: String, to: String| Change::Replace {
        document,
        pointer: pointer.clone(),
        identity: beside(pointer),
        from,
        to,
    };
    let mut changes = Vec::new();
    let digest = keys.digest.as_ref().and_then(|pointer| Some((pointer, raw(tree, document, pointer)?)));
    let new_tag = match (&to.tag, &to.digest, &digest) {
        (Some(tag), Some(digest), None) => Some(format!("{tag}@{digest}")),
        (Some(tag), ..) => Some(tag.clone()),
        (None, Some(digest), None) => {
            let tag = found.image.tag.as_deref().unwrap_or_default();
            Some(format!("{tag}@{digest}"))
        }
        (None, ..) => None,
    };
    match (&keys.tag, new_tag) {
        (Some(pointer), Some(new)) => {
            let from = raw(tree, document, pointer).ok_or_else(|| gone(found))?;
            if from != new {
                changes.push(replace(pointer, from, new));
            }
        }
        (None, Some(new)) => changes.push(beside_repository(found, document, keys, tree, new)?),
        (_, None) => {}
    }
    if let Some((pointer, from)) = digest {
        let is_nothing = |text: &str| matches!(text, "" | "null" | "Null" | "NULL" | "~");
        let bare = !is_nothing(&from) && !from.contains(':');
        let new = match &to.digest {
            Some(digest) if bare => digest.rsplit(':').next().unwrap_or(digest).to_owned(),
            Some(digest) => digest.clone(),
            None => String::new(),
        };
        if from != new && !(is_nothing(&from) && is_nothing(&new)) {
            changes.push(replace(pointer, from, new));
        }
    }
    Ok(changes)
}

/// A new key for the tag, in the mapping that has the repository.
fn beside_repository(
    found: &Found,
    document: usize,
    keys: &Keys,
    tree: &Tree<'_>,
    to: String,
) -> Result<Change, BumpError> {
    let no_key = || BumpError::NoKey { file: found.file.clone(), pointer: found.pointer.to_string() };
    let repository = keys.repository.as_ref().or(keys.digest.as_ref()).ok_or_else(no_key)?;
    let (mapping, key) = repository.split_last().ok_or_else(no_key)?;
    // A parameter is an item of a list, not a key.
    let is_parameter = key == "value" && mapping.steps().iter().rev().nth(1).is_some_and(|step| step == "parameters");
    let name = match key {
        _ if is_parameter => return Err(no_key()),
        "repository" | "repo" | "image" | "name" | "digest" | "sha" => "tag".to_owned(),
        other if other.ends_with("Repository") => other.replace("Repository", "Tag"),
        other if other.ends_with("Image") => format!("{other}Tag"),
        _ => return Err(no_key()),
    };
    let pointer = mapping.child(name);
    let mut identity = identity(found, document, &pointer, tree);
    // A digest is no mark of identity: it changes with the tag.
    let named = keys.repository.as_ref().and_then(|place| Some((place, raw(tree, document, place)?)));
    identity.extend(named.map(|(place, value)| Identity { pointer: place.clone(), value }));
    Ok(Change::InsertKey { document, pointer, identity, to })
}
