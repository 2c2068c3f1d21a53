//! Inserting what an overlay does not say yet: a key beside its siblings, or an entry under `images:`.
//!
//! The insertion is the smallest one, in the file's own style: its line breaks, the indentation of its sequences, brackets
//! where the file has brackets; a missing final newline stays missing.

use serde::{Deserialize, Serialize};

use super::layout::{LineBreak, dash_column, end_of_content, line_end};
use super::pointer::Pointer;
use super::quote::as_plain_or_quoted;
use super::refusal::{Reason, Refusal};
use super::splice::Edited;
use super::tree::{Kind, NodeId, Tree};
use super::verify::{differing, shapes};

/// An entry for a kustomization's `images:`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewImage {
    /// The image's name before transformation.
    pub name: String,
    /// The tag to set.
    pub new_tag: Option<String>,
    /// The digest to set.
    pub digest: Option<String>,
}

impl NewImage {
    fn pairs(&self) -> Vec<(&'static str, &str)> {
        let optional = [("newTag", self.new_tag.as_deref()), ("digest", self.digest.as_deref())];
        let mut pairs = vec![("name", self.name.as_str())];
        pairs.extend(optional.into_iter().filter_map(|(key, value)| Some((key, value?))));
        pairs
    }
}

/// Inserts `key: value` at the end of the mapping at `pointer`.
pub fn insert_key(bytes: &[u8], document: usize, pointer: &Pointer, key: &str, value: &str) -> Result<Edited, Refusal> {
    let tree = Tree::parse(bytes)?;
    let place = Place::of(&tree, document, pointer)?;
    let id = tree.resolve(document, pointer)?;
    place.must_lack(&tree, id, key)?;
    let (at, inserted) = match &tree.node(id).kind {
        Kind::Mapping(entries, true) => {
            let pair = place.flow_pair(&tree, id, key, value)?;
            place.into_brackets(&tree, id, entries.last().map(|(_, value)| *value), &pair)?
        }
        Kind::Mapping(_, false) => {
            let line = format!("{key}: {}", place.scalar(value, false)?);
            place.line_after(&tree, id, tree.node(id).column, &[line])?
        }
        _ => return Err(place.refuse(Reason::Layout("the place for the new key is no mapping".into()))),
    };
    place.finish(&tree, at, inserted, &[(&pointer.child(key), value)])
}

/// Inserts an entry into a kustomization's `images:`, with the key itself where the file has none.
///
/// Errors: a [`Refusal`]; also where an entry of that name is already there.
pub fn insert_image_entry(bytes: &[u8], document: usize, image: &NewImage) -> Result<Edited, Refusal> {
    let tree = Tree::parse(bytes)?;
    let images = Pointer::root().child("images");
    let place = Place::of(&tree, document, &images)?;
    let root = tree.resolve(document, &Pointer::root())?;
    let Kind::Mapping(entries, root_flow) = &tree.node(root).kind else {
        return Err(place.refuse(Reason::Layout("the document is no mapping".into())));
    };
    let existing = match tree.resolve(document, &images) {
        Ok(id) => Some(id),
        Err(refusal) if refusal.reason == Reason::NoSuchPath => None,
        Err(refusal) => return Err(refusal),
    };
    let items = existing.map(|id| tree.items(id)).unwrap_or_default();
    if items.iter().any(|item| tree.get_scalar(*item, "name") == Some(image.name.as_str())) {
        return Err(place.refuse(Reason::AlreadyThere));
    }
    let (at, inserted) = match existing.map(|id| (id, &tree.node(id).kind)) {
        None if *root_flow => {
            let entry = place.flow_entry(&tree, root, image)?;
            let key = if quoted_keys(&tree, root) { "\"images\"" } else { "images" };
            place.into_brackets(&tree, root, entries.last().map(|(_, value)| *value), &format!("{key}: [{entry}]"))?
        }
        None => {
            let mut lines = vec!["images:".to_owned()];
            lines.extend(place.block_entry(image, place.dash_offset(&tree, root), 2)?);
            place.line_after(&tree, root, tree.node(root).column, &lines)?
        }
        Some((id, Kind::Sequence(items, true))) => {
            let entry = place.flow_entry(&tree, id, image)?;
            place.into_brackets(&tree, id, items.last().copied(), &entry)?
        }
        Some((id, Kind::Sequence(items, false))) => {
            let unusual = || place.refuse(Reason::Layout("the list's dashes stand alone on their lines".into()));
            let dash = dash_column(&tree, id).ok_or_else(unusual)?;
            let gap = items.first().map_or(2, |item| tree.node(*item).column.saturating_sub(dash).max(2));
            place.line_after(&tree, id, dash, &place.block_entry(image, 0, gap)?)?
        }
        Some((id, Kind::Scalar(..))) if tree.node(id).span.is_empty() && !root_flow => {
            let lines = place.block_entry(image, place.dash_offset(&tree, root), 2)?;
            let key_end = entries.iter().find(|(_, value)| *value == id).map_or(0, |(key, _)| tree.node(*key).span.end);
            place.line_at(&tree, line_end(tree.source(), key_end), tree.node(root).column, &lines)
        }
        Some(_) => return Err(place.refuse(Reason::Layout("`images` is no list".into()))),
    };
    let item = images.child(items.len());
    let expected: Vec<(Pointer, &str)> =
        image.pairs().into_iter().map(|(key, value)| (item.child(key), value)).collect();
    let expected: Vec<(&Pointer, &str)> = expected.iter().map(|(pointer, value)| (pointer, *value)).collect();
    place.finish(&tree, at, inserted, &expected)
}

/// Where an insertion goes, for messages and checks.
pub(super) struct Place<'p> {
    document: usize,
    pointer: &'p Pointer,
    line_break: LineBreak,
}

impl<'p> Place<'p> {
    pub(super) fn of(tree: &Tree<'_>, document: usize, pointer: &'p Pointer) -> Result<Self, Refusal> {
        if tree.is_encrypted() {
            return Err(Refusal::of_file(Reason::Encrypted));
        }
        Ok(Self { document, pointer, line_break: LineBreak::of(tree.source()) })
    }

    pub(super) fn refuse(&self, reason: Reason) -> Refusal {
        Refusal { reason, document: self.document, pointer: self.pointer.to_string(), line: None }
    }

    fn must_lack(&self, tree: &Tree<'_>, mapping: NodeId, key: &str) -> Result<(), Refusal> {
        if tree.get(mapping, key).is_some() { Err(self.refuse(Reason::AlreadyThere)) } else { Ok(()) }
    }

    pub(super) fn scalar(&self, value: &str, flow: bool) -> Result<String, Refusal> {
        as_plain_or_quoted(value, flow).ok_or_else(|| self.refuse(Reason::Unwritable))
    }

    /// `key: value` inside brackets; in the style of JSON where the keys beside it are.
    fn flow_pair(&self, tree: &Tree<'_>, near: NodeId, key: &str, value: &str) -> Result<String, Refusal> {
        if quoted_keys(tree, near) {
            let quote = |text: &str| serde_json::Value::from(text).to_string();
            return Ok(format!("{}: {}", quote(key), quote(value)));
        }
        Ok(format!("{key}: {}", self.scalar(value, true)?))
    }

    fn flow_entry(&self, tree: &Tree<'_>, near: NodeId, image: &NewImage) -> Result<String, Refusal> {
        let pairs: Result<Vec<_>, _> =
            image.pairs().into_iter().map(|(key, value)| self.flow_pair(tree, near, key, value)).collect();
        let inner = pairs?.join(", ");
        Ok(format!("{{{inner}}}"))
    }

    /// Lines of a sequence item: `dash` blanks before the dash, keys `gap` columns behind it.
    fn block_entry(&self, image: &NewImage, dash: usize, gap: usize) -> Result<Vec<String>, Refusal> {
        let mut lines = Vec::new();
        for (n, (key, value)) in image.pairs().into_iter().enumerate() {
            let value = self.scalar(value, false)?;
            let lead = if n == 0 { format!("-{}", " ".repeat(gap - 1)) } else { " ".repeat(gap) };
            lines.push(format!("{}{lead}{key}: {value}", " ".repeat(dash)));
        }
        Ok(lines)
    }

    /// How far the file indents the dashes of a sequence below its key: as its first block sequence does, else not at all.
    fn dash_offset(&self, tree: &Tree<'_>, root: NodeId) -> usize {
        let root_column = tree.node(root).column;
        let in_block = |value: NodeId| match tree.node(value).kind {
            Kind::Sequence(_, false) => Some(dash_column(tree, value)?.saturating_sub(root_column)),
            _ => None,
        };
        tree.entries(root).iter().find_map(|(_, value)| in_block(*value)).unwrap_or(0)
    }

    /// Where and what to insert so that `lines` follow the last content of a block collection, indented to `column`.
    pub(super) fn line_after(
        &self,
        tree: &Tree<'_>,
        id: NodeId,
        column: usize,
        lines: &[String],
    ) -> Result<(usize, String), Refusal> {
        let no_place = || self.refuse(Reason::Layout("no line found which a new one could follow".into()));
        let at = end_of_content(tree, id).ok_or_else(no_place)?;
        Ok(self.line_at(tree, at, column, lines))
    }

    /// The lines as inserted at the end of a line, or at the start of one (behind a block scalar).
    fn line_at(&self, tree: &Tree<'_>, at: usize, column: usize, lines: &[String]) -> (usize, String) {
        let indent = " ".repeat(column);
        let line_break = self.line_break.as_str();
        let text = lines.join(&format!("{line_break}{indent}"));
        let starts_line = tree.source()[..at].ends_with('\n');
        (at, if starts_line { format!("{indent}{text}{line_break}") } else { format!("{line_break}{indent}{text}") })
    }

    /// Where and what to insert behind the last item inside brackets.
    #[expect(clippy::wrong_self_convention, reason = "names where the text goes")]
    pub(super) fn into_brackets(
        &self,
        tree: &Tree<'_>,
        collection: NodeId,
        last: Option<NodeId>,
        text: &str,
    ) -> Result<(usize, String), Refusal> {
        match last {
            Some(last) => Ok((tree.node(last).span.end, format!(", {text}"))),
            None => {
                let start = tree.node(collection).span.start;
                let opened = tree.source()[start..].starts_with(['[', '{']);
                let bracket = || self.refuse(Reason::Layout("no opening bracket found".into()));
                opened.then(|| (start + 1, text.to_owned())).ok_or_else(bracket)
            }
        }
    }

    /// Inserts, parses again, and requires that nothing but the expected values came in.
    pub(super) fn finish(
        &self,
        tree: &Tree<'_>,
        at: usize,
        inserted: String,
        expected: &[(&Pointer, &str)],
    ) -> Result<Edited, Refusal> {
        // A key and a value each, and at most a key for the list, the list and its item with their ends.
        self.finish_within(tree, at, inserted, expected, 2 * expected.len() + 5)
    }

    /// The same, where at most so many keys, values and ends come in.
    pub(super) fn finish_within(
        &self,
        tree: &Tree<'_>,
        at: usize,
        inserted: String,
        expected: &[(&Pointer, &str)],
        most: usize,
    ) -> Result<Edited, Refusal> {
        let source = tree.source();
        let mut bytes = source.as_bytes()[..at].to_vec();
        bytes.extend_from_slice(inserted.as_bytes());
        bytes.extend_from_slice(&source.as_bytes()[at..]);
        let changes_more = || self.refuse(Reason::WouldChangeMore);
        let result = Tree::parse(&bytes).map_err(|_| changes_more())?;
        let (before, after) = (shapes(tree), shapes(&result));
        let (gone, _) = differing(&before, &after);
        // Where `images:` had no value, that nothing is replaced.
        let nothing_gone = gone.iter().all(|shape| shape.scalar() == Some(""));
        let reads = |(pointer, value): &(&Pointer, &str)| {
            result.resolve(self.document, pointer).is_ok_and(|id| result.scalar(id) == Some(value))
        };
        if !nothing_gone || after.len() > before.len() + most || !expected.iter().all(reads) {
            return Err(changes_more());
        }
        Ok(Edited { bytes, replaced: at..at, replacement: inserted, warnings: Vec::new() })
    }
}

/// Whether the first key of a mapping (or of its first item) is in double quotes, as in JSON.
fn quoted_keys(tree: &Tree<'_>, id: NodeId) -> bool {
    let mapping = tree.items(id).first().copied().unwrap_or(id);
    let first = tree.entries(mapping).first();
    first.is_some_and(|(key, _)| matches!(tree.node(*key).kind, Kind::Scalar(_, super::tree::Style::Double)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn entry() -> NewImage {
        NewImage { name: "shop/checkout".into(), new_tag: Some("1.10".into()), digest: None }
    }

    #[rstest]
    #[case::after_a_list_without_indentation(
        "resources:\n- ../base\n",
        "resources:\n- ../base\nimages:\n- name: shop/checkout\n  newTag: \"1.10\"\n"
    )]
    #[case::after_an_indented_list(
        "resources:\n  - ../base # the base\n\n# the end\n",
        "resources:\n  - ../base # the base\nimages:\n  - name: shop/checkout\n    newTag: \"1.10\"\n\n# the end\n"
    )]
    #[case::crlf(
        "namespace: shop\r\n",
        "namespace: shop\r\nimages:\r\n- name: shop/checkout\r\n  newTag: \"1.10\"\r\n"
    )]
    #[case::no_final_newline("namespace: shop", "namespace: shop\nimages:\n- name: shop/checkout\n  newTag: \"1.10\"")]
    #[case::one_more(
        "images:\n  - name: a\n    newTag: v1\nnamespace: b\n",
        "images:\n  - name: a\n    newTag: v1\n  - name: shop/checkout\n    newTag: \"1.10\"\nnamespace: b\n"
    )]
    #[case::wide_dash(
        "images:\n-   name: a\n    newTag: v1\n",
        "images:\n-   name: a\n    newTag: v1\n-   name: shop/checkout\n    newTag: \"1.10\"\n"
    )]
    #[case::empty_brackets(
        "images: [] # none\nx: 1\n",
        "images: [{name: shop/checkout, newTag: \"1.10\"}] # none\nx: 1\n"
    )]
    #[case::brackets(
        "images: [{name: a, newTag: b}]\n",
        "images: [{name: a, newTag: b}, {name: shop/checkout, newTag: \"1.10\"}]\n"
    )]
    #[case::nothing_written(
        "images: # soon\nx: 1\n",
        "images: # soon\n- name: shop/checkout\n  newTag: \"1.10\"\nx: 1\n"
    )]
    #[case::json(
        "{\"resources\": [\"../base\"]}",
        "{\"resources\": [\"../base\"], \"images\": [{\"name\": \"shop/checkout\", \"newTag\": \"1.10\"}]}"
    )]
    #[case::block_scalar_last(
        "patches:\n- patch: |-\n    a: b\n\n    c: d\n",
        "patches:\n- patch: |-\n    a: b\n\n    c: d\nimages:\n- name: shop/checkout\n  newTag: \"1.10\"\n"
    )]
    #[case::block_scalar_last_without_newline(
        "patches:\n- patch: |\n    a: b",
        "patches:\n- patch: |\n    a: b\nimages:\n- name: shop/checkout\n  newTag: \"1.10\""
    )]
    #[case::before_the_document_end(
        "namespace: a\n...\n",
        "namespace: a\nimages:\n- name: shop/checkout\n  newTag: \"1.10\"\n...\n"
    )]
    fn an_images_entry(#[case] before: &str, #[case] after: &str) {
        let edited = insert_image_entry(before.as_bytes(), 0, &entry()).unwrap();
        assert_eq!(String::from_utf8(edited.bytes).unwrap(), after);
    }

    #[rstest]
    #[case("images:\n- name: shop/checkout\n  newTag: v1\n", Reason::AlreadyThere)]
    #[case("images: &a\n- name: x\nimages: []\n", Reason::DuplicateKey("images".into()))]
    #[case("a: &a []\nimages: *a\n", Reason::Alias)]
    #[case("images: text\n", Reason::Layout("`images` is no list".into()))]
    #[case("a: 1\nsops: {mac: x}\n", Reason::Encrypted)]
    fn refused(#[case] before: &str, #[case] reason: Reason) {
        assert_eq!(insert_image_entry(before.as_bytes(), 0, &entry()).unwrap_err().reason, reason);
    }

    #[rstest]
    #[case(
        "images:\n- name: a\n  digest: x # c\n- name: b\n",
        "images:\n- name: a\n  digest: x # c\n  newTag: v2\n- name: b\n"
    )]
    #[case("images:\n- {name: a}\n", "images:\n- {name: a, newTag: v2}\n")]
    #[case("images:\r\n  - name: a", "images:\r\n  - name: a\r\n    newTag: v2")]
    fn a_key(#[case] before: &str, #[case] after: &str) {
        let edited = insert_key(before.as_bytes(), 0, &Pointer::parse("/images/0"), "newTag", "v2").unwrap();
        assert_eq!(String::from_utf8(edited.bytes).unwrap(), after);
    }
}
