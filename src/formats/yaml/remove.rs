//! Removing one entry of a mapping: a `digest` that would win over the new tag.

use std::ops::Range;

use super::layout::{line_end, line_start};
use super::pointer::Pointer;
use super::refusal::{Reason, Refusal, Warning};
use super::splice::{Edited, Target, marker};
use super::tree::{Kind, NodeId, Tree};
use super::verify::{Shape, differing, shapes};

/// Removes the entry at `pointer`, key and one-line scalar value, from its mapping, with its line where it has one of its own.
///
/// Errors: as [`replace_scalar`](super::replace_scalar); also for the only entry of a mapping and for an anchor in use.
pub fn remove_entry(bytes: &[u8], document: usize, pointer: &Pointer) -> Result<Edited, Refusal> {
    let tree = Tree::parse(bytes)?;
    let target = Target::at(&tree, document, pointer)?;
    let layout = |detail: &str| target.refuse(Reason::Layout(detail.to_owned()));
    let (parent, key) = pointer.split_last().ok_or_else(|| layout("a whole document is no entry"))?;
    let mapping = tree.resolve(document, &parent)?;
    let Kind::Mapping(entries, flow) = &tree.node(mapping).kind else {
        return Err(layout("the entry is no key of a mapping"));
    };
    let at =
        entries.iter().position(|(name, _)| tree.scalar(*name) == Some(key)).ok_or_else(|| layout("no such key"))?;
    let value = tree.node(entries[at].1);
    if entries.len() == 1 {
        return Err(layout("it is the only entry of its mapping"));
    }
    if value.aliases.is_some_and(|aliases| aliases > 0) {
        return Err(layout("aliases refer to it"));
    }
    let removed = if *flow {
        in_brackets(&tree, entries, at)
    } else {
        let one_line = tree.node(entries[at].0).line == value.line;
        if !one_line {
            return Err(layout("key and value are on different lines"));
        }
        own_line(&tree, entries, at).ok_or_else(|| layout("it shares its line with something else"))?
    };
    let source = tree.source();
    let mut warnings = Vec::new();
    let comment = source.get(value.span.end..removed.end).and_then(|text| text.split_once('#'));
    if let Some((_, comment)) = comment.filter(|_| !flow) {
        warnings.push(Warning::CommentRemoved(format!("#{}", comment.lines().next().unwrap_or_default().trim_end())));
    }
    if let Some(policy) = marker(source, value.span.end) {
        warnings.push(Warning::SetterMarker { pointer: pointer.to_string(), policy });
    }
    let bytes = [&source.as_bytes()[..removed.start], &source.as_bytes()[removed.end..]].concat();
    if !only_entry_gone(&tree, &bytes) || still_there(&bytes, document, pointer) {
        return Err(target.refuse(Reason::WouldChangeMore));
    }
    Ok(Edited { bytes, replaced: removed, replacement: String::new(), warnings })
}

/// The entry with the comma before it, or behind it when it is the first.
fn in_brackets(tree: &Tree<'_>, entries: &[(NodeId, NodeId)], at: usize) -> Range<usize> {
    let (key, value) = entries[at];
    match at.checked_sub(1) {
        Some(before) => tree.node(entries[before].1).span.end..tree.node(value).span.end,
        None => tree.node(key).span.start..tree.node(entries[1].0).span.start,
    }
}

/// The line of an entry with its line break; of an entry behind a dash, up to the next key, which moves to its place.
fn own_line(tree: &Tree<'_>, entries: &[(NodeId, NodeId)], at: usize) -> Option<Range<usize>> {
    let source = tree.source();
    let (key, value) = entries[at];
    let key_start = tree.node(key).span.start;
    let start = line_start(source, key_start);
    if source.get(start..key_start)?.trim_matches([' ', '\u{feff}']).is_empty() {
        let end = line_end(source, tree.node(value).span.end);
        let after_break = end + source[end..].find('\n').map_or(0, |newline| newline + 1);
        if after_break == end && start > 0 {
            // The last line of a file without a final newline: the one before it becomes the last.
            let before = line_end(source, line_start(source, start - 1));
            return Some(before..end);
        }
        return Some(start..after_break);
    }
    let next = tree.node(entries.get(at + 1)?.0).span.start;
    let between = source.get(line_end(source, tree.node(value).span.end)..next)?;
    (at == 0 && between.trim().is_empty()).then_some(key_start..next)
}

/// Whether exactly one key and its scalar are missing from the result.
fn only_entry_gone(tree: &Tree<'_>, bytes: &[u8]) -> bool {
    let Ok(result) = Tree::parse(bytes) else { return false };
    let (before, after) = (shapes(tree), shapes(&result));
    matches!(differing(&before, &after), ([Shape::Scalar(..), Shape::Scalar(..)], []))
}

fn still_there(bytes: &[u8], document: usize, pointer: &Pointer) -> bool {
    Tree::parse(bytes).is_ok_and(|tree| tree.resolve(document, pointer).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::last("images:\n- name: a\n  digest: x\n", "images:\n- name: a\n", 0)]
    #[case::middle("images:\n- name: a\n  digest: 'x' # c\n  newTag: v1\n", "images:\n- name: a\n  newTag: v1\n", 1)]
    #[case::first("images:\n- digest: x\n  name: a\n", "images:\n- name: a\n", 0)]
    #[case::crlf(
        "images:\r\n- name: a\r\n  digest: x\r\n  newTag: v1\r\n",
        "images:\r\n- name: a\r\n  newTag: v1\r\n",
        0
    )]
    #[case::no_final_newline("images:\n- name: a\n  digest: x", "images:\n- name: a", 0)]
    #[case::no_final_newline_crlf("images:\r\n- name: a\r\n  digest: x", "images:\r\n- name: a", 0)]
    #[case::brackets("images: [{name: a, digest: x, newTag: v1}]\n", "images: [{name: a, newTag: v1}]\n", 0)]
    #[case::first_in_brackets("images: [{digest: x, name: a}]\n", "images: [{name: a}]\n", 0)]
    #[case::blank_line_stays("images:\n- name: a\n  digest: x\n\nx: 1\n", "images:\n- name: a\n\nx: 1\n", 0)]
    fn a_digest(#[case] before: &str, #[case] after: &str, #[case] warnings: usize) {
        let edited = remove_entry(before.as_bytes(), 0, &Pointer::parse("/images/0/digest")).unwrap();
        assert_eq!(String::from_utf8(edited.bytes).unwrap(), after);
        assert_eq!(edited.warnings.len(), warnings);
    }

    #[rstest]
    #[case("images:\n- digest: x\n")]
    #[case("images:\n- name: a\n  digest: &d x\nb: *d\n")]
    #[case("images:\n- name: a\n  digest:\n    x\n")]
    #[case("images:\n- digest: x\n  # about the name\n  name: a\n")]
    fn refused(#[case] before: &str) {
        assert!(remove_entry(before.as_bytes(), 0, &Pointer::parse("/images/0/digest")).is_err());
    }
}
