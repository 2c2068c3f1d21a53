//! Reading the team's file value by value, with a complaint for each that is not understood.

use crate::{
    formats::yaml::{Kind, NodeId, Style, Tree},
    model::{Mistake, Wildcard, suggestion},
};

/// A file being read, with what was wrong so far.
pub(super) struct Reader<'t> {
    tree: &'t Tree<'t>,
    mistakes: Vec<Mistake>,
}

impl<'t> Reader<'t> {
    pub(super) fn new(tree: &'t Tree<'t>) -> Self {
        Self { tree, mistakes: Vec::new() }
    }

    pub(super) fn finish(self) -> Vec<Mistake> {
        self.mistakes
    }

    /// The value of the only document; None where there is nothing in it.
    pub(super) fn root(&mut self) -> Option<NodeId> {
        if let Some(second) = (1..self.tree.documents()).find_map(|document| self.tree.root(document)) {
            self.complain(second, "a second document, where one is read".into(), None);
        }
        self.tree.root(0).filter(|root| !self.is_empty(*root))
    }

    /// The line of a value.
    pub(super) fn line(&self, node: NodeId) -> usize {
        self.tree.node(node).line
    }

    /// Notes that something about a value is wrong.
    pub(super) fn complain(&mut self, node: NodeId, message: String, hint: Option<String>) {
        let node = self.tree.node(node);
        self.mistakes.push(Mistake { line: node.line, column: node.column + 1, message, hint });
    }

    /// The same where only the line is known.
    pub(super) fn complain_at(&mut self, line: usize, message: String, hint: Option<String>) {
        self.mistakes.push(Mistake { line, column: 1, message, hint });
    }

    fn is_empty(&self, node: NodeId) -> bool {
        matches!(&self.tree.node(node).kind, Kind::Scalar(value, Style::Plain) if matches!(&**value, "" | "~" | "null"))
    }

    fn kind_of(&self, node: NodeId) -> &'static str {
        match self.tree.follow(node).map(|node| &self.tree.node(node).kind) {
            Some(Kind::Sequence(..)) => "a list",
            Some(Kind::Mapping(..)) => "a mapping",
            Some(Kind::Scalar(..)) if self.is_empty(node) => "empty",
            Some(Kind::Scalar(..)) => "a text",
            Some(Kind::Alias(_)) | None => "an alias that leads nowhere",
        }
    }

    fn expected(&mut self, what: &str, wanted: &str, node: NodeId) {
        let message = format!("{what} must be {wanted}, and is {}", self.kind_of(node));
        self.complain(node, message, None);
    }

    /// Keys and values of a mapping; what is none, and keys that come twice, are complained about.
    pub(super) fn pairs(&mut self, node: NodeId, what: &str) -> Vec<(NodeId, &'t str, NodeId)> {
        let tree = self.tree;
        let followed = tree.follow(node).unwrap_or(node);
        if !matches!(tree.node(followed).kind, Kind::Mapping(..)) {
            self.expected(what, "a mapping", node);
            return Vec::new();
        }
        let mut pairs: Vec<(NodeId, &str, NodeId)> = Vec::new();
        for (key, value) in tree.entries(followed) {
            match tree.scalar(*key) {
                None => self.complain(*key, "a key must be a text".into(), None),
                Some(name) if pairs.iter().any(|(_, known, _)| *known == name) => {
                    self.complain(*key, format!("`{name}` is written twice"), None);
                }
                Some(name) => pairs.push((*key, name, *value)),
            }
        }
        pairs
    }

    /// The same where the keys are known; others are complained about and left out.
    pub(super) fn mapping(&mut self, node: NodeId, what: &str, known: &[&str]) -> Vec<(&'t str, NodeId)> {
        let mut pairs = Vec::new();
        for (key, name, value) in self.pairs(node, what) {
            if known.contains(&name) {
                pairs.push((name, value));
            } else {
                let hint = suggestion(name, known.iter().copied());
                self.complain(key, format!("unknown key `{name}` in {what}"), Some(hint));
            }
        }
        pairs
    }

    /// The items of a list.
    pub(super) fn list(&mut self, key: &str, node: NodeId) -> Vec<NodeId> {
        match self.tree.follow(node).map(|node| &self.tree.node(node).kind) {
            Some(Kind::Sequence(items, _)) => items.clone(),
            _ => {
                self.expected(&format!("`{key}`"), "a list", node);
                Vec::new()
            }
        }
    }

    /// A text that is not empty.
    pub(super) fn text(&mut self, key: &str, node: NodeId) -> Option<&'t str> {
        let text = self.tree.scalar(node).filter(|text| !text.trim().is_empty() && !self.is_empty(node));
        if text.is_none() {
            self.expected(&format!("`{key}`"), "a text", node);
        }
        text
    }

    /// Texts with their places; one alone may be written without a list.
    pub(super) fn texts(&mut self, key: &str, node: NodeId) -> Vec<(NodeId, &'t str)> {
        if self.kind_of(node) == "a text" {
            return self.text(key, node).map(|text| (node, text)).into_iter().collect();
        }
        let items = self.list(key, node);
        if items.is_empty() && self.kind_of(node) == "a list" {
            self.complain(node, format!("`{key}` is an empty list, which fits nothing"), Some("leave it out".into()));
        }
        items.into_iter().filter_map(|item| Some((item, self.text(key, item)?))).collect()
    }

    /// Patterns.
    pub(super) fn wildcards(&mut self, key: &str, node: NodeId) -> Vec<Wildcard> {
        let mut patterns = Vec::new();
        for (at, text) in self.texts(key, node) {
            match Wildcard::parse(text) {
                Ok(pattern) => patterns.push(pattern),
                Err(why) => self.complain(at, format!("`{text}` is no pattern: {why}"), None),
            }
        }
        patterns
    }

    /// One of several words; another one is complained about with the one that was probably meant.
    pub(super) fn word(&mut self, key: &str, node: NodeId, text: &str, known: &[&str]) -> Option<usize> {
        let found = known.iter().position(|word| *word == text);
        if found.is_none() {
            let hint = suggestion(text, known.iter().copied());
            self.complain(node, format!("`{key}` does not know `{text}`"), Some(hint));
        }
        found
    }

    /// `true` or `false`, unquoted; the line where it is true.
    pub(super) fn flag(&mut self, key: &str, node: NodeId) -> Option<usize> {
        let written = self.tree.follow(node).map(|node| &self.tree.node(node).kind);
        match written {
            Some(Kind::Scalar(value, Style::Plain)) if value == "true" => Some(self.line(node)),
            Some(Kind::Scalar(value, Style::Plain)) if value == "false" => None,
            _ => {
                self.expected(&format!("`{key}`"), "true or false", node);
                None
            }
        }
    }
}
