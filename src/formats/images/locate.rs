//! Finding an edit's value again in another version of the file, where entries before it may have come or gone.

use super::edit::Identity;
use crate::formats::yaml::{Kind, NodeId, Pointer, Reason, Refusal, Tree};

/// Where the value with this identity is now: at its own place if the identity holds there, else at the only other place in
/// the file where it does. Errors: it is nowhere any more, or in several places.
pub(super) fn located(
    tree: &Tree<'_>,
    document: usize,
    pointer: &Pointer,
    identity: &[Identity],
) -> Result<(usize, Pointer), Refusal> {
    if holds(tree, document, pointer, pointer, identity) {
        return Ok((document, pointer.clone()));
    }
    let mut places = Vec::new();
    for document in 0..tree.documents() {
        let Some(root) = tree.root(document) else { continue };
        let mut paths = Vec::new();
        expand(tree, root, pointer.steps(), Pointer::root(), &mut paths);
        let holding = paths.into_iter().filter(|path| holds(tree, document, path, pointer, identity));
        places.extend(holding.map(|path| (document, path)));
    }
    match (places.pop(), places.is_empty()) {
        (Some(only), true) => Ok(only),
        (found, _) => {
            let identity: Vec<&str> = identity.iter().map(|identity| identity.value.as_str()).collect();
            let now = if found.is_some() { "it stands there several times" } else { "it is no longer there" };
            let reason = Reason::Changed { expected: identity.join(" "), found: now.to_owned() };
            Err(Refusal { reason, document, pointer: pointer.to_string(), line: None })
        }
    }
}

/// Whether every identity of `original` is found beside `path`, which differs from it in list positions only.
fn holds(tree: &Tree<'_>, document: usize, path: &Pointer, original: &Pointer, identity: &[Identity]) -> bool {
    identity.iter().all(|identity| {
        let mut moved = identity.pointer.clone();
        let shared = identity.pointer.steps().iter().zip(original.steps()).take_while(|(a, b)| a == b).count();
        for (position, step) in path.steps().iter().enumerate().take(shared) {
            moved = moved.with_step(position, step);
        }
        value(tree, document, &moved) == Some(&identity.value)
    }) && value_exists_up_to_last(tree, document, path)
}

/// The scalar at a path, read as the formats read: through aliases and merge keys.
fn value<'t>(tree: &'t Tree<'_>, document: usize, pointer: &Pointer) -> Option<&'t str> {
    let id = pointer.steps().iter().try_fold(tree.root(document)?, |id, step| step_into(tree, id, step))?;
    tree.scalar(id)
}

/// A key to insert has no value yet, so only what holds it must exist.
fn value_exists_up_to_last(tree: &Tree<'_>, document: usize, pointer: &Pointer) -> bool {
    let Some(root) = tree.root(document) else { return false };
    let above = pointer.steps().split_last().map_or(&[][..], |(_, above)| above);
    above.iter().try_fold(root, |id, step| step_into(tree, id, step)).is_some()
}

fn step_into(tree: &Tree<'_>, id: NodeId, step: &str) -> Option<NodeId> {
    match tree.node(tree.follow(id)?).kind {
        Kind::Sequence(..) => tree.items(id).get(step.parse::<usize>().ok()?).copied(),
        Kind::Mapping(..) => tree.get(id, step),
        Kind::Scalar(..) | Kind::Alias(_) => None,
    }
}

/// Every path that differs from `steps` in list positions only; the last step need not exist.
fn expand(tree: &Tree<'_>, id: NodeId, steps: &[String], path: Pointer, paths: &mut Vec<Pointer>) {
    let Some((step, rest)) = steps.split_first() else {
        paths.push(path);
        return;
    };
    if paths.len() >= super::MAX_PER_FILE {
        return;
    }
    let items = tree.items(id);
    if !items.is_empty() {
        for (index, item) in items.iter().enumerate() {
            expand(tree, *item, rest, path.child(index), paths);
        }
        return;
    }
    match tree.get(id, step) {
        Some(next) => expand(tree, next, rest, path.child(step), paths),
        None if rest.is_empty() => paths.push(path.child(step)),
        None => {}
    }
}
