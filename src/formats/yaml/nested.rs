//! A document inside a scalar: Argo CD's `helm.values`, the `values.yaml` of a ConfigMap.
//!
//! Invariant: each character of the inner text is one that stands in the file, so that an edit of the inner document is an edit of
//! the file's bytes and of nothing else. Text that was folded or has escapes is refused; afterwards the whole file is compared.

use std::ops::Range;

use super::layout::{LineBreak, line_start};
use super::pointer::Pointer;
use super::refusal::{Reason, Refusal};
use super::splice::Edited;
use super::tree::{Kind, NodeId, Style, Tree};
use super::verify::{differing, shapes};

/// The text of an inner document, and where its lines stand in the file.
#[derive(Debug)]
pub struct Nested {
    text: String,
    /// Where each line begins: in the text, and in the file.
    lines: Vec<(usize, usize)>,
    /// What stands before a new line: nothing where all is on one.
    indent: Option<String>,
    line_break: LineBreak,
}

impl Nested {
    /// The text of a scalar, where it stands in the file as it reads; None where it does not.
    pub fn read(tree: &Tree<'_>, id: NodeId) -> Option<Self> {
        let node = tree.node(id);
        let Kind::Scalar(value, style) = &node.kind else { return None };
        let line_break = LineBreak::of(tree.source());
        match style {
            Style::Block => Self::lines_of(tree.source(), value, node.span.start, line_break),
            Style::Plain | Style::Single | Style::Double => {
                let within = match style {
                    Style::Plain => node.span.clone(),
                    _ => node.span.start + 1..node.span.end.checked_sub(1)?,
                };
                let same = tree.source().get(within.clone())? == value.as_ref() && !value.contains(['\n', '\r']);
                let lines = vec![(0, within.start)];
                same.then(|| Self { text: value.to_string(), lines, indent: None, line_break })
            }
        }
    }

    /// Lines of a literal block scalar, whose first line with content stands at `first`.
    fn lines_of(source: &str, value: &str, first: usize, line_break: LineBreak) -> Option<Self> {
        let indent = source.get(line_start(source, first)..first)?;
        if !indent.bytes().all(|byte| byte == b' ') {
            return None;
        }
        let (mut lines, mut inner) = (Vec::new(), 0);
        let blank = value.len() - value.trim_start_matches('\n').len();
        // Blank lines before the content hold nothing to be edited.
        lines.extend((0..blank).map(|at| (at, first)));
        inner += blank;
        let mut outer = line_start(source, first);
        for line in value.get(blank..)?.split_inclusive('\n') {
            let rest = source.get(outer..)?;
            let end = rest.find('\n').map_or(rest.len(), |newline| newline + 1);
            let written = rest.get(..end)?.trim_end_matches(['\n', '\r']);
            let bare = line.trim_end_matches('\n');
            let start = match written.strip_prefix(indent) {
                Some(content) if content == bare => outer + indent.len(),
                _ if bare.is_empty() && written.trim().is_empty() => outer + written.len(),
                _ => return None,
            };
            lines.push((inner, start));
            inner += line.len();
            outer += end;
        }
        Some(Self { text: value.to_owned(), lines, indent: Some(indent.to_owned()), line_break })
    }

    /// The inner text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where a place of the text stands in the file. The end of the text is the end of its last line.
    fn outer(&self, at: usize) -> Option<usize> {
        let line = self.lines.partition_point(|(inner, _)| *inner <= at).checked_sub(1)?;
        let (inner, outer) = *self.lines.get(line)?;
        // Behind the last line break there is no line of the text any more.
        let is_after = at > inner && self.text.get(..at)?.ends_with('\n');
        (!is_after).then_some(outer + (at - inner))
    }

    /// The line of the file on which a place of the text stands, as lines to add to the scalar's own first one.
    pub fn line_of(&self, source: &str, inner_line: usize) -> usize {
        let outer = inner_line.checked_sub(1).and_then(|line| self.lines.get(line)).map_or(0, |(_, outer)| *outer);
        source.get(..outer).map_or(1, |before| before.matches('\n').count() + 1)
    }
}

/// Carries out `edit` on the document inside the scalar at `pointer`.
///
/// Errors: those of the inner edit, and where the inner text does not stand in the file as it reads.
pub fn edit_nested(
    bytes: &[u8],
    document: usize,
    pointer: &Pointer,
    edit: impl FnOnce(&[u8]) -> Result<Edited, Refusal>,
) -> Result<Edited, Refusal> {
    let tree = Tree::parse(bytes)?;
    if tree.is_encrypted() {
        return Err(Refusal::of_file(Reason::Encrypted));
    }
    let id = tree.resolve(document, pointer)?;
    let line = Some(tree.node(id).line);
    let refuse = |reason| Refusal { reason, document, pointer: pointer.to_string(), line };
    if tree.node(id).tagged {
        return Err(refuse(Reason::ExplicitTag));
    }
    let nested = Nested::read(&tree, id).ok_or_else(|| refuse(Reason::NotEmbedded))?;
    let placed = |refusal: Refusal| Refusal {
        pointer: format!("{pointer} {}", refusal.pointer).trim_end().to_owned(),
        line: refusal.line.map(|line| nested.line_of(tree.source(), line)),
        document,
        ..refusal
    };
    let inner = edit(nested.text.as_bytes()).map_err(placed)?;
    let (replaced, replacement) = outward(&nested, &inner).ok_or_else(|| refuse(Reason::NotEmbedded))?;
    let source = tree.source();
    let (before, after) = (source.get(..replaced.start), source.get(replaced.end..));
    let (Some(before), Some(after)) = (before, after) else { return Err(refuse(Reason::NotEmbedded)) };
    let result = [before.as_bytes(), replacement.as_bytes(), after.as_bytes()].concat();
    let changes_more = || refuse(Reason::WouldChangeMore);
    let edited = Tree::parse(&result).map_err(|_| changes_more())?;
    let only_this = match differing(&shapes(&tree), &shapes(&edited)) {
        ([old], [new]) => {
            old.anchor() == new.anchor() && new.scalar().map(str::as_bytes) == Some(inner.bytes.as_slice())
        }
        _ => false,
    };
    let reads =
        edited.resolve(document, pointer).is_ok_and(|id| edited.scalar(id).map(str::as_bytes) == Some(&inner.bytes));
    if !(only_this && reads) {
        return Err(changes_more());
    }
    Ok(Edited { bytes: result, replaced, replacement, warnings: inner.warnings })
}

/// An inner replacement as one of the file's bytes: each new line gets the indentation of the others.
fn outward(nested: &Nested, inner: &Edited) -> Option<(Range<usize>, String)> {
    let Range { start, end } = inner.replaced.clone();
    // What starts a line of its own is put behind the break of the line before it, which is surely there.
    let (replaced, replacement) = match (nested.outer(start), nested.outer(end)) {
        (Some(from), Some(to)) => (from..to, inner.replacement.clone()),
        _ => {
            let text = inner.replacement.strip_suffix('\n')?;
            let at = start.checked_sub(1).filter(|_| start == end)?;
            let at = nested.outer(at)?;
            (at..at, format!("\n{text}"))
        }
    };
    if !replacement.contains('\n') {
        return Some((replaced, replacement));
    }
    let lead = format!("{}{}", nested.line_break.as_str(), nested.indent.as_ref()?);
    Some((replaced, replacement.replace('\n', &lead)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::yaml::{insert_key, replace_scalar};
    use proptest::prelude::*;
    use rstest::rstest;

    fn replaced(before: &str, inner: &str, value: &str) -> Result<String, Reason> {
        let pointer = Pointer::parse("/values");
        let edit = |bytes: &[u8]| replace_scalar(bytes, 0, &Pointer::parse(inner), value);
        let edited = edit_nested(before.as_bytes(), 0, &pointer, edit).map_err(|refusal| refusal.reason)?;
        Ok(String::from_utf8(edited.bytes).unwrap())
    }

    #[rstest]
    #[case::literal("values: |\n  # note\n  a:\n    tag: v1 # c\n\n  b: 1\nc: 2\n")]
    #[case::chomped("values: |-\n    a:\n      tag: 'v1'")]
    #[case::kept("values: |+\n\n  a: {tag: v1}\n\n\nc: 2\n")]
    #[case::deeper("values: |2-\n    z: 1\n    a:\n      tag: \"v1\"\n")]
    #[case::crlf("values: |\r\n  a:\r\n    tag: v1\r\n\r\n  b: 1\r\nc: 2\r\n")]
    #[case::trailing("values: |\n  a:   \n    tag: v1\t\n")]
    #[case::one_line("values: 'a: {tag: v1}'\n")]
    #[case::json("values: |\n  {\"a\": {\"tag\": \"v1\"}}\n")]
    #[case::anchored("values: &v |\n  a:\n    tag: v1\nd: *v\n")]
    fn only_the_inner_scalar(#[case] before: &str) {
        assert_eq!(replaced(before, "/a/tag", "v2").unwrap(), before.replace("v1", "v2"));
    }

    #[rstest]
    #[case::folded("values: >-\n  {a:\n  {tag: v1}}\n", Reason::NotEmbedded)]
    #[case::escaped("values: \"a:\\n  tag: v1\\n\"\n", Reason::NotEmbedded)]
    #[case::quoted("values: 'a: {tag: ''v1''}'\n", Reason::NotEmbedded)]
    #[case::mapping("values: {a: {tag: v1}}\n", Reason::NotEmbedded)]
    #[case::tagged("values: !!str |\n  a:\n    tag: v1\n", Reason::ExplicitTag)]
    #[case::encrypted("values: |\n  a:\n    tag: v1\nsops: {mac: x}\n", Reason::Encrypted)]
    #[case::template("values: |\n  a:\n    tag: '{{ v1 }}'\n", Reason::Template)]
    fn refused(#[case] before: &str, #[case] reason: Reason) {
        assert_eq!(replaced(before, "/a/tag", "v2").unwrap_err(), reason);
    }

    #[test]
    fn a_value_that_would_end_the_quotes_is_refused() {
        assert_eq!(replaced("values: 'a: {tag: v1}'\n", "/a/tag", "it's").unwrap_err(), Reason::WouldChangeMore);
        assert_eq!(replaced("values: \"a: {tag: v1}\"\n", "/a/tag", "1.10").unwrap_err(), Reason::WouldChangeMore);
    }

    #[rstest]
    #[case("values: |\n  a:\n    tag: v1\nc: 2\n", "values: |\n  a:\n    tag: v1\n    digest: x\nc: 2\n")]
    #[case("values: |-\n  a:\n    tag: v1", "values: |-\n  a:\n    tag: v1\n    digest: x")]
    #[case(
        "values: |\r\n  a:\r\n    tag: v1\r\n  b: 1\r\n",
        "values: |\r\n  a:\r\n    tag: v1\r\n    digest: x\r\n  b: 1\r\n"
    )]
    #[case("values: |\n  a: {tag: v1}\n", "values: |\n  a: {tag: v1, digest: x}\n")]
    fn a_key_beside_it(#[case] before: &str, #[case] after: &str) {
        let edit = |bytes: &[u8]| insert_key(bytes, 0, &Pointer::parse("/a"), "digest", "x");
        let edited = edit_nested(before.as_bytes(), 0, &Pointer::parse("/values"), edit).unwrap();
        assert_eq!(String::from_utf8(edited.bytes).unwrap(), after);
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "(values: |[|>][-+2]?\n|  a:\n|    tag: v1\n|\r\n| \n|'|\"|\\\\n|é|\t){0,12}") {
            for value in ["v2", "", "1.10", "a\nb"] {
                let _ = replaced(&text, "/a/tag", value);
            }
            let edit = |bytes: &[u8]| insert_key(bytes, 0, &Pointer::parse("/a"), "digest", "x");
            let _ = edit_nested(text.as_bytes(), 0, &Pointer::parse("/values"), edit);
        }
    }
}
