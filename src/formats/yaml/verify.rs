//! The check behind every edit: parse the result and compare it with what was there, value by value.

use super::tree::{Kind, Node, NodeId, Style, Tree};

/// One value without its place. Anchors are numbered, so that an alias cannot start to mean something else unnoticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape<'t> {
    /// A document begins.
    Document,
    /// A scalar with its style, whether it is tagged, and its anchor.
    Scalar(&'t str, Style, bool, Option<usize>),
    /// A collection begins: whether it is a mapping, in flow style, tagged, and its anchor.
    Start(bool, bool, bool, Option<usize>),
    /// A collection ends.
    End,
    /// An alias of an anchor.
    Alias(Option<usize>),
}

impl<'t> Shape<'t> {
    /// The value of a scalar.
    pub(super) fn scalar(&self) -> Option<&'t str> {
        match self {
            Self::Scalar(value, ..) => Some(value),
            _ => None,
        }
    }

    /// The anchor carried.
    pub(super) fn anchor(&self) -> Option<usize> {
        match self {
            Self::Scalar(.., anchor) | Self::Start(.., anchor) => *anchor,
            _ => None,
        }
    }
}

/// Everything a file says, in order. Not recursive: nodes are already in order, only the ends of collections are missing.
pub(super) fn shapes<'t>(tree: &'t Tree<'_>) -> Vec<Shape<'t>> {
    let mut shapes = Vec::with_capacity(tree.nodes().len() * 2);
    // Children left in each open collection.
    let mut open: Vec<usize> = Vec::new();
    let mut document = 0;
    for (position, node) in tree.nodes().iter().enumerate() {
        if open.is_empty() {
            while document < tree.documents()
                && tree.root(document).is_none_or(|NodeId(root)| root as usize <= position)
            {
                shapes.push(Shape::Document);
                document += 1;
            }
        }
        if let Some(left) = open.last_mut() {
            *left -= 1;
        }
        shapes.push(shape(tree, node));
        match &node.kind {
            Kind::Sequence(items, _) => open.push(items.len()),
            Kind::Mapping(entries, _) => open.push(2 * entries.len()),
            Kind::Scalar(..) | Kind::Alias(_) => {}
        }
        while open.last() == Some(&0) {
            open.pop();
            shapes.push(Shape::End);
        }
    }
    shapes.extend((document..tree.documents()).map(|_| Shape::Document));
    shapes
}

fn shape<'t>(tree: &'t Tree<'_>, node: &'t Node<'_>) -> Shape<'t> {
    match &node.kind {
        Kind::Scalar(value, style) => Shape::Scalar(value, *style, node.tagged, node.anchor),
        Kind::Sequence(_, flow) => Shape::Start(false, *flow, node.tagged, node.anchor),
        Kind::Mapping(_, flow) => Shape::Start(true, *flow, node.tagged, node.anchor),
        Kind::Alias(target) => Shape::Alias(target.and_then(|id| tree.node(id).anchor)),
    }
}

/// The two lists without what they share at the start and at the end.
pub(super) fn differing<'s, T: PartialEq>(before: &'s [T], after: &'s [T]) -> (&'s [T], &'s [T]) {
    let prefix = before.iter().zip(after).take_while(|(b, a)| b == a).count();
    let (before, after) = (&before[prefix..], &after[prefix..]);
    let suffix = before.iter().rev().zip(after.iter().rev()).take_while(|(b, a)| b == a).count();
    (&before[..before.len() - suffix], &after[..after.len() - suffix])
}
