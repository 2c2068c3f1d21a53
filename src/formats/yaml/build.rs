//! From the parser's events to nodes.

use std::borrow::Cow;
use std::collections::HashMap;

use granit_parser::{ErrorKind, Event, Options, Parser, ScalarStyle, ScanError, Span, StructureStyle};

use super::refusal::{Reason, Refusal};
use super::tree::{Kind, Node, NodeId, Style};

/// The nodes of a file and the root of each document.
pub(super) type Nodes<'a> = (Vec<Node<'a>>, Vec<Option<NodeId>>);

/// So many under-indented lines are bridged before a file counts as broken; each costs another pass.
const MAX_BRIDGES: usize = 16;

/// Parses a text.
///
/// Quoted scalars whose continuation lines are indented too little for YAML 1.2 are common and read by everything built on
/// libyaml, but our parser refuses them. Such a line break is bridged with a blank in a copy of the same length, so that all
/// spans still fit; the scalar itself stays uneditable, because its bytes hold a line break.
pub(super) fn nodes(source: &str) -> Result<Nodes<'_>, Refusal> {
    let mut error = match build(source) {
        Ok(nodes) => return Ok(nodes),
        Err(error) => error,
    };
    let mut bridged = source.to_owned();
    for _ in 0..MAX_BRIDGES {
        let line_start = match (error.kind(), error.marker().byte_offset()) {
            (ErrorKind::InvalidQuotedScalarIndent, Some(at)) => bridged.get(..at).and_then(|text| text.rfind('\n')),
            _ => None,
        };
        let Some(newline) = line_start else { break };
        let from = if bridged[..newline].ends_with('\r') { newline - 1 } else { newline };
        bridged.replace_range(from..=newline, &" ".repeat(newline + 1 - from));
        error = match build(&bridged) {
            Ok((nodes, documents)) => return Ok((owned(nodes, source), documents)),
            Err(error) => error,
        };
    }
    Err(not_yaml(source, &error))
}

/// Nodes of a bridged copy for the original: own values, and lines as the original counts them.
fn owned<'a>(nodes: Vec<Node<'_>>, source: &'a str) -> Vec<Node<'a>> {
    let starts: Vec<usize> = source.match_indices('\n').map(|(at, _)| at + 1).collect();
    let own = |node: Node<'_>| {
        let line = starts.partition_point(|start| *start <= node.span.start);
        let start = line.checked_sub(1).and_then(|line| starts.get(line)).copied().unwrap_or(0);
        let column = source.get(start..node.span.start).map_or(node.column, |lead| lead.chars().count());
        let kind = match node.kind {
            Kind::Scalar(value, style) => Kind::Scalar(Cow::Owned(value.into_owned()), style),
            Kind::Sequence(items, flow) => Kind::Sequence(items, flow),
            Kind::Mapping(entries, flow) => Kind::Mapping(entries, flow),
            Kind::Alias(target) => Kind::Alias(target),
        };
        Node {
            kind,
            line: line + 1,
            column,
            span: node.span,
            tagged: node.tagged,
            aliases: node.aliases,
            anchor: node.anchor,
        }
    };
    nodes.into_iter().map(own).collect()
}

/// A collection that is still open while events arrive.
struct Open {
    id: NodeId,
    key: Option<NodeId>,
}

fn build(source: &str) -> Result<Nodes<'_>, ScanError> {
    let mut options = Options::default();
    options.set_emit_comments(false);
    let mut nodes: Vec<Node<'_>> = Vec::new();
    let mut documents = Vec::new();
    let mut anchors: HashMap<usize, NodeId> = HashMap::new();
    let mut anchor_count = 0;
    let mut open: Vec<Open> = Vec::new();
    for event in Parser::new_from_str_with_options(source, options) {
        let (event, span) = event?;
        let (kind, anchor, tagged) = match event {
            Event::DocumentStart(..) => {
                documents.push(None);
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(node) = open.pop().and_then(|closed| nodes.get_mut(closed.id.0 as usize)) {
                    node.span.end = span.byte_range().unwrap_or_default().end.max(node.span.start);
                }
                continue;
            }
            // An implicit null is reported as `~` without bytes; what is not written has no value here.
            Event::Scalar(_, ScalarStyle::Plain, anchor, tag) if span.is_empty() => {
                (Kind::Scalar(Cow::Borrowed(""), Style::Plain), anchor, tag.is_some())
            }
            Event::Scalar(value, style, anchor, tag) => (Kind::Scalar(value, style_of(style)), anchor, tag.is_some()),
            Event::SequenceStart(style, anchor, tag) => {
                (Kind::Sequence(Vec::new(), style == StructureStyle::Flow), anchor, tag.is_some())
            }
            Event::MappingStart(style, anchor, tag) => {
                (Kind::Mapping(Vec::new(), style == StructureStyle::Flow), anchor, tag.is_some())
            }
            Event::Alias(anchor) => {
                let target = anchors.get(&anchor).copied();
                if let Some(node) = target.and_then(|id| nodes.get_mut(id.0 as usize)) {
                    node.aliases = node.aliases.map(|count| count + 1);
                }
                (Kind::Alias(target), 0, false)
            }
            _ => continue,
        };
        let is_collection = matches!(kind, Kind::Sequence(..) | Kind::Mapping(..));
        let id = NodeId(u32::try_from(nodes.len()).unwrap_or(u32::MAX));
        let is_anchor = anchor != 0;
        if is_anchor {
            anchors.insert(anchor, id);
            anchor_count += 1;
        }
        nodes.push(new_node(kind, &span, tagged, is_anchor.then_some(anchor_count)));
        attach(id, open.last_mut(), &mut nodes, &mut documents);
        if is_collection {
            open.push(Open { id, key: None });
        }
    }
    Ok((nodes, documents))
}

fn new_node<'a>(kind: Kind<'a>, span: &Span, tagged: bool, anchor: Option<usize>) -> Node<'a> {
    Node {
        kind,
        span: span.byte_range().unwrap_or_default(),
        line: span.start.line(),
        column: span.start.col(),
        tagged,
        aliases: anchor.map(|_| 0),
        anchor,
    }
}

fn attach(id: NodeId, parent: Option<&mut Open>, nodes: &mut [Node<'_>], documents: &mut [Option<NodeId>]) {
    let Some(parent) = parent else {
        if let Some(root @ None) = documents.last_mut() {
            *root = Some(id);
        }
        return;
    };
    match nodes.get_mut(parent.id.0 as usize).map(|node| &mut node.kind) {
        Some(Kind::Sequence(items, _)) => items.push(id),
        Some(Kind::Mapping(entries, _)) => match parent.key.take() {
            None => parent.key = Some(id),
            Some(key) => entries.push((key, id)),
        },
        _ => {}
    }
}

fn style_of(style: ScalarStyle) -> Style {
    match style {
        ScalarStyle::Plain => Style::Plain,
        ScalarStyle::SingleQuoted => Style::Single,
        ScalarStyle::DoubleQuoted => Style::Double,
        ScalarStyle::Literal | ScalarStyle::Folded => Style::Block,
    }
}

fn not_yaml(source: &str, error: &ScanError) -> Refusal {
    let reason = if source.contains("{{") { Reason::TemplatedFile } else { Reason::NotYaml(error.info()) };
    Refusal { line: Some(error.marker().line()), ..Refusal::of_file(reason) }
}
