//! Where lines begin and end around nodes: what insertions and removals need to keep a file's own style.

use super::tree::{Kind, NodeId, Style, Tree};

/// The line break that a file uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LineBreak {
    /// `\n`
    Lf,
    /// `\r\n`
    CrLf,
}

impl LineBreak {
    /// That of the first line.
    pub(super) fn of(source: &str) -> Self {
        match source.find('\n') {
            Some(at) if source[..at].ends_with('\r') => Self::CrLf,
            _ => Self::Lf,
        }
    }

    /// Its characters.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Lf => "\n",
            Self::CrLf => "\r\n",
        }
    }
}

/// The end of the line that `at` is on, before its line break.
pub(super) fn line_end(source: &str, at: usize) -> usize {
    let rest = &source[at..];
    let end = at + rest.find('\n').unwrap_or(rest.len());
    if source[at..end].ends_with('\r') { end - 1 } else { end }
}

/// Where the line of `at` starts.
pub(super) fn line_start(source: &str, at: usize) -> usize {
    source[..at].rfind('\n').map_or(0, |newline| newline + 1)
}

/// The column of the dashes of a block sequence; `None` when its first item does not share a line with its dash.
pub(super) fn dash_column(tree: &Tree<'_>, sequence: NodeId) -> Option<usize> {
    let first = tree.node(*tree.items(sequence).first()?);
    let source = tree.source();
    let lead = source.get(line_start(source, first.span.start)..first.span.start)?.trim_end();
    let lead = lead.strip_prefix('\u{feff}').unwrap_or(lead);
    // An anchor or tag may stand between the dash and the item.
    let dash = if lead.ends_with('-') {
        lead.rfind('-')
    } else {
        lead.find(|c| c != ' ').filter(|at| lead[*at..].starts_with("- "))
    };
    dash.map(|at| lead[..at].chars().count())
}

/// Where a new line can be put behind the last content of a node: the end of its last line with the comment on it, or the
/// start of the line after a block scalar (whose line breaks belong to its value).
pub(super) fn end_of_content(tree: &Tree<'_>, id: NodeId) -> Option<usize> {
    let node = tree.node(id);
    let source = tree.source();
    match &node.kind {
        Kind::Scalar(_, Style::Block) => {
            let end = node.span.end.min(source.len());
            let ends_line = source[..end].ends_with('\n');
            Some(if ends_line { end } else { line_end(source, end) })
        }
        Kind::Mapping(entries, false) => {
            let (key, value) = entries.last()?;
            let value_end = end_of_content(tree, *value)?;
            Some(value_end.max(line_end(source, tree.node(*key).span.end)))
        }
        Kind::Sequence(items, false) => end_of_content(tree, *items.last()?),
        _ => Some(line_end(source, node.span.end)),
    }
}
