//! A YAML file as a small tree of nodes with byte spans.
//!
//! Every node keeps the exact bytes it was read from; nothing is resolved, converted or merged. Reading through aliases is a
//! courtesy for those who look for values; [`Tree::resolve`], which edits use, refuses them.

use std::borrow::Cow;
use std::ops::Range;

use super::build;
use super::pointer::Pointer;
use super::refusal::{Reason, Refusal};

/// Position of a node in its [`Tree`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub(super) u32);

/// A parsed file.
#[derive(Debug)]
pub struct Tree<'a> {
    source: &'a str,
    nodes: Vec<Node<'a>>,
    documents: Vec<Option<NodeId>>,
}

/// One value, key or alias.
#[derive(Debug)]
pub struct Node<'a> {
    /// What it is.
    pub kind: Kind<'a>,
    /// The bytes it was read from: of a scalar with its quotes, of a flow collection with its brackets.
    pub span: Range<usize>,
    /// Line of its first byte, counted from 1.
    pub line: usize,
    /// Column of its first byte in characters, counted from 0.
    pub column: usize,
    /// Whether it carries an explicit tag.
    pub tagged: bool,
    /// How many aliases refer to it; `None` when it has no anchor.
    pub aliases: Option<usize>,
    /// Which anchor of the file it carries, counted in order of appearance.
    pub(super) anchor: Option<usize>,
}

/// What a node is.
#[derive(Debug)]
pub enum Kind<'a> {
    /// A scalar with its value after escapes and folding.
    Scalar(Cow<'a, str>, Style),
    /// A sequence; `true` for flow style.
    Sequence(Vec<NodeId>, bool),
    /// A mapping as pairs of key and value in the order written; `true` for flow style.
    Mapping(Vec<(NodeId, NodeId)>, bool),
    /// `*name`, and what it refers to.
    Alias(Option<NodeId>),
}

/// How a scalar is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Without quotes.
    Plain,
    /// In `'`.
    Single,
    /// In `"`.
    Double,
    /// After `|` or `>`.
    Block,
}

/// Deeper reading through aliases and merge keys than this is not a manifest.
const MAX_HOPS: usize = 8;

/// Checks the encoding. The parser works on text, and no other encoding could be spliced safely.
fn text(bytes: &[u8]) -> Result<&str, Refusal> {
    std::str::from_utf8(bytes).map_err(|_| Refusal::of_file(Reason::NotUtf8))
}

impl<'a> Tree<'a> {
    /// Parses a whole file. Errors: not UTF-8, or not YAML.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Refusal> {
        let source = text(bytes)?;
        let (nodes, documents) = build::nodes(source)?;
        Ok(Self { source, nodes, documents })
    }

    /// The text the tree was read from.
    pub fn source(&self) -> &'a str {
        self.source
    }

    /// How many documents the file has; one without content counts.
    pub fn documents(&self) -> usize {
        self.documents.len()
    }

    /// All nodes in the order of their first bytes.
    pub(super) fn nodes(&self) -> &[Node<'a>] {
        &self.nodes
    }

    /// The root value of a document; `None` when the document does not exist.
    pub fn root(&self, document: usize) -> Option<NodeId> {
        self.documents.get(document).copied().flatten()
    }

    /// A node of this tree.
    pub fn node(&self, id: NodeId) -> &Node<'a> {
        &self.nodes[id.0 as usize]
    }

    /// The node itself, or what the alias refers to.
    pub fn follow(&self, id: NodeId) -> Option<NodeId> {
        let mut id = id;
        for _ in 0..MAX_HOPS {
            match self.node(id).kind {
                Kind::Alias(target) => id = target?,
                _ => return Some(id),
            }
        }
        None
    }

    /// The value of a scalar, read through an alias.
    pub fn scalar(&self, id: NodeId) -> Option<&str> {
        match &self.node(self.follow(id)?).kind {
            Kind::Scalar(value, _) => Some(value),
            _ => None,
        }
    }

    /// The value of `key` in a mapping, read through aliases and merge keys; of a duplicate key the last, as most readers do.
    pub fn get(&self, mapping: NodeId, key: &str) -> Option<NodeId> {
        self.get_within(mapping, key, MAX_HOPS)
    }

    fn get_within(&self, mapping: NodeId, key: &str, hops: usize) -> Option<NodeId> {
        let hops = hops.checked_sub(1)?;
        let entries = self.entries(mapping);
        let own = entries.iter().rev().find(|(name, _)| self.is_key(*name, key));
        if let Some((_, value)) = own {
            return Some(*value);
        }
        let (_, merged) = entries.iter().find(|(name, _)| self.is_merge_key(*name))?;
        let merged = self.follow(*merged)?;
        match &self.node(merged).kind {
            Kind::Sequence(items, _) => items.iter().take(MAX_HOPS).find_map(|item| self.get_within(*item, key, hops)),
            _ => self.get_within(merged, key, hops),
        }
    }

    /// The scalar at `key` in a mapping.
    pub fn get_scalar(&self, mapping: NodeId, key: &str) -> Option<&str> {
        self.scalar(self.get(mapping, key)?)
    }

    /// The pairs of a mapping, read through an alias; empty for anything else.
    pub fn entries(&self, id: NodeId) -> &[(NodeId, NodeId)] {
        match self.follow(id).map(|id| &self.node(id).kind) {
            Some(Kind::Mapping(entries, _)) => entries,
            _ => &[],
        }
    }

    /// The items of a sequence, read through an alias; empty for anything else.
    pub fn items(&self, id: NodeId) -> &[NodeId] {
        match self.follow(id).map(|id| &self.node(id).kind) {
            Some(Kind::Sequence(items, _)) => items,
            _ => &[],
        }
    }

    fn is_key(&self, id: NodeId, key: &str) -> bool {
        matches!(&self.node(id).kind, Kind::Scalar(value, _) if value == key)
    }

    fn is_merge_key(&self, id: NodeId) -> bool {
        matches!(&self.node(id).kind, Kind::Scalar(value, Style::Plain) if value == "<<")
    }

    /// The node at a path, for an edit: refuses aliases, merge keys and duplicate keys on the way.
    pub fn resolve(&self, document: usize, pointer: &Pointer) -> Result<NodeId, Refusal> {
        let refuse = |reason, line| Refusal { reason, document, pointer: pointer.to_string(), line };
        if document >= self.documents.len() {
            return Err(refuse(Reason::NoSuchDocument, None));
        }
        let mut at = self.root(document).ok_or_else(|| refuse(Reason::NoSuchPath, None))?;
        for step in pointer.steps() {
            let node = self.node(at);
            let line = Some(node.line);
            at = match &node.kind {
                Kind::Alias(_) => return Err(refuse(Reason::Alias, line)),
                Kind::Scalar(..) => return Err(refuse(Reason::NoSuchPath, line)),
                Kind::Sequence(items, _) => {
                    let index = step.parse::<usize>().ok().filter(|_| step == "0" || !step.starts_with(['0', '+']));
                    *index.and_then(|i| items.get(i)).ok_or_else(|| refuse(Reason::NoSuchPath, line))?
                }
                Kind::Mapping(entries, _) => {
                    let mut with_key = entries.iter().filter(|(key, _)| self.scalar(*key) == Some(step));
                    let Some((_, value)) = with_key.next() else {
                        let merges = entries.iter().any(|(key, _)| self.is_merge_key(*key));
                        return Err(refuse(if merges { Reason::Alias } else { Reason::NoSuchPath }, line));
                    };
                    if let Some((key, _)) = with_key.next() {
                        return Err(refuse(Reason::DuplicateKey(step.clone()), Some(self.node(*key).line)));
                    }
                    *value
                }
            };
        }
        if matches!(self.node(at).kind, Kind::Alias(_)) {
            return Err(refuse(Reason::Alias, Some(self.node(at).line)));
        }
        Ok(at)
    }

    /// Whether a document has a top-level `sops` mapping whose checksum covers every value (unless `mac_only_encrypted`).
    pub fn is_encrypted(&self) -> bool {
        self.documents.iter().flatten().any(|root| match self.get(*root, "sops") {
            Some(sops) => !self.entries(sops).is_empty() && self.get_scalar(sops, "mac_only_encrypted") != Some("true"),
            None => false,
        })
    }
}
