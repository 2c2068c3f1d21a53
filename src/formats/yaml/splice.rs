//! Replacing one scalar.

use std::ops::Range;

use super::pointer::Pointer;
use super::quote::written;
use super::refusal::{Reason, Refusal, Warning};
use super::tree::{Kind, NodeId, Style, Tree};
use super::verify::{differing, shapes};

/// The result of an edit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edited {
    /// The whole file afterwards.
    pub bytes: Vec<u8>,
    /// The bytes of the original file that were replaced; empty for an insertion.
    pub replaced: Range<usize>,
    /// What stands there instead.
    pub replacement: String,
    /// What the operator should know before confirming.
    pub warnings: Vec<Warning>,
}

/// Replaces the scalar at `pointer` by the string `new_value`, keeping its quotes and quoting a plain one only when needed.
///
/// Errors: a [`Refusal`] with reason and place; then nothing was changed.
pub fn replace_scalar(bytes: &[u8], document: usize, pointer: &Pointer, new_value: &str) -> Result<Edited, Refusal> {
    let tree = Tree::parse(bytes)?;
    let target = Target::at(&tree, document, pointer)?;
    let replacement = written(new_value, target.style, target.flow).ok_or_else(|| target.refuse(Reason::Unwritable))?;
    splice(&tree, &target, replacement, new_value)
}

/// The scalar to be replaced.
pub(super) struct Target<'p> {
    document: usize,
    pointer: &'p Pointer,
    line: usize,
    span: Range<usize>,
    style: Style,
    flow: bool,
    aliases: Option<usize>,
}

impl<'p> Target<'p> {
    /// Finds the scalar and refuses all that cannot be replaced safely.
    pub(super) fn at(tree: &Tree<'_>, document: usize, pointer: &'p Pointer) -> Result<Self, Refusal> {
        if tree.is_encrypted() {
            return Err(Refusal::of_file(Reason::Encrypted));
        }
        let id = tree.resolve(document, pointer)?;
        let node = tree.node(id);
        let mut target = Self {
            document,
            pointer,
            line: node.line,
            span: node.span.clone(),
            style: Style::Plain,
            flow: within_flow(tree, document, pointer),
            aliases: node.aliases,
        };
        let Kind::Scalar(value, style) = &node.kind else { return Err(target.refuse(Reason::NotAScalar)) };
        target.style = *style;
        let written = tree.source().get(target.span.clone()).unwrap_or_default();
        if node.tagged {
            return Err(target.refuse(Reason::ExplicitTag));
        }
        if value.contains("{{") {
            return Err(target.refuse(Reason::Template));
        }
        if value.contains("${") {
            return Err(target.refuse(Reason::Variable));
        }
        match style {
            Style::Block => {
                target.span = only_content_line(tree, id).ok_or_else(|| target.refuse(Reason::BlockScalar))?;
            }
            _ if written.is_empty() => return Err(target.refuse(Reason::ImplicitNull)),
            _ if written.contains(['\n', '\r']) => return Err(target.refuse(Reason::MultiLine)),
            _ => {}
        }
        Ok(target)
    }

    pub(super) fn refuse(&self, reason: Reason) -> Refusal {
        Refusal { reason, document: self.document, pointer: self.pointer.to_string(), line: Some(self.line) }
    }

    /// Whether the scalar is written without quotes.
    pub(super) fn is_plain(&self) -> bool {
        self.style == Style::Plain
    }
}

/// Puts `replacement` in the target's place and requires that the scalar now reads as `new_value` and nothing else differs.
pub(super) fn splice(
    tree: &Tree<'_>,
    target: &Target<'_>,
    replacement: String,
    new_value: &str,
) -> Result<Edited, Refusal> {
    let source = tree.source();
    let mut bytes = Vec::with_capacity(source.len() + replacement.len());
    bytes.extend_from_slice(&source.as_bytes()[..target.span.start]);
    bytes.extend_from_slice(replacement.as_bytes());
    bytes.extend_from_slice(&source.as_bytes()[target.span.end..]);

    let changes_more = || target.refuse(Reason::WouldChangeMore);
    let edited = Tree::parse(&bytes).map_err(|_| changes_more())?;
    let (before, after) = (shapes(tree), shapes(&edited));
    let only_this = match differing(&before, &after) {
        ([], []) => true,
        ([old], [new]) => old.anchor() == new.anchor() && new.scalar() == Some(new_value),
        _ => false,
    };
    let reads_as_new =
        edited.resolve(target.document, target.pointer).is_ok_and(|id| edited.scalar(id) == Some(new_value));
    if !(only_this && reads_as_new) {
        return Err(changes_more());
    }
    let mut warnings = Vec::new();
    if let Some(aliases @ 1..) = target.aliases {
        warnings.push(Warning::Anchored { pointer: target.pointer.to_string(), aliases });
    }
    if let Some(policy) = marker(source, target.span.end) {
        warnings.push(Warning::SetterMarker { pointer: target.pointer.to_string(), policy });
    }
    Ok(Edited { bytes, replaced: target.span.clone(), replacement, warnings })
}

/// The content of a block scalar when it is one line and the value ends without a line break.
fn only_content_line(tree: &Tree<'_>, id: NodeId) -> Option<Range<usize>> {
    let node = tree.node(id);
    let Kind::Scalar(value, _) = &node.kind else { return None };
    if value.is_empty() || value.contains(['\n', '\r']) || value.trim() != value.as_ref() {
        return None;
    }
    let source = tree.source();
    let header_end = node.span.start + source.get(node.span.start..)?.find('\n')? + 1;
    // Whether the span starts at the header or at the content, the content is the only line in it with the value.
    let from = if source.get(node.span.clone())?.starts_with(['|', '>']) { header_end } else { node.span.start };
    let start = from + source.get(from..)?.find(value.as_ref())?;
    let blank = |text: &str| text.chars().all(|c| c.is_whitespace());
    blank(source.get(from..start)?).then_some(start..start + value.len())
}

/// Whether the value stands inside brackets.
fn within_flow(tree: &Tree<'_>, document: usize, pointer: &Pointer) -> bool {
    let mut above = pointer.split_last().map(|(parent, _)| parent);
    while let Some(parent) = above {
        let flow = tree.resolve(document, &parent).map(|id| match tree.node(id).kind {
            Kind::Sequence(_, flow) | Kind::Mapping(_, flow) => flow,
            _ => false,
        });
        if flow.unwrap_or(false) {
            return true;
        }
        above = parent.split_last().map(|(parent, _)| parent);
    }
    false
}

/// The policy of a Flux setter marker in the comment behind a value: `# {"$imagepolicy": "namespace:name:tag"}`.
pub fn marker(source: &str, value_end: usize) -> Option<String> {
    let line = source.get(value_end..)?.lines().next()?;
    let comment = line.split_once('#')?.1.trim();
    let marker: serde_json::Value = serde_json::from_str(comment).ok()?;
    Some(marker.get("$imagepolicy")?.as_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    fn replaced(before: &str, pointer: &str, value: &str) -> Result<(String, Vec<Warning>), Reason> {
        let edited =
            replace_scalar(before.as_bytes(), 0, &Pointer::parse(pointer), value).map_err(|refusal| refusal.reason)?;
        Ok((String::from_utf8(edited.bytes).unwrap(), edited.warnings))
    }

    #[rstest]
    #[case::crlf("a: v1 # x\r\nb: 2\r\n", "/a", "1.10", "a: \"1.10\" # x\r\nb: 2\r\n")]
    #[case::mark("\u{feff}a: v1", "/a", "v2", "\u{feff}a: v2")]
    #[case::single("a: 'v1'\n", "/a", "1e3", "a: '1e3'\n")]
    #[case::flow("{a: v1, b: [x, 'y']}", "/b/0", "z,z", "{a: v1, b: [\"z,z\", 'y']}")]
    #[case::folded("a: >-\n    x/y:v1\n\nb: 1\n", "/a", "x/y:v2", "a: >-\n    x/y:v2\n\nb: 1\n")]
    #[case::folded_with_comment("a: >- # note\n  x/y:v1\n", "/a", "x/y:v2", "a: >- # note\n  x/y:v2\n")]
    #[case::literal("a: |-\n  x:1\nb: 1\n", "/a", "x:2", "a: |-\n  x:2\nb: 1\n")]
    #[case::escaped_key("a/b: v1\n", "/a~1b", "v2", "a/b: v2\n")]
    #[case::null("a: ~\n", "/a", "v2", "a: v2\n")]
    fn only_the_scalar(#[case] before: &str, #[case] pointer: &str, #[case] value: &str, #[case] after: &str) {
        assert_eq!(replaced(before, pointer, value).unwrap().0, after);
    }

    #[rstest]
    #[case("a: |\n  v1\n", Reason::BlockScalar)]
    #[case("a: >-\n  v1\n  v2\n", Reason::BlockScalar)]
    #[case("a: v1\n  v2\n", Reason::MultiLine)]
    #[case("a: 'v1\n\n  v2'\n", Reason::MultiLine)]
    #[case("a:\n", Reason::ImplicitNull)]
    #[case("a: !!str v1\n", Reason::ExplicitTag)]
    #[case("a: '{{ x }}'\n", Reason::Template)]
    #[case("a: \"${X}\"\n", Reason::Variable)]
    #[case("a: v1\na: v2\n", Reason::DuplicateKey("a".into()))]
    #[case("b: &b v1\na: *b\n", Reason::Alias)]
    #[case("b: &b {a: v1}\n<<: *b\n", Reason::Alias)]
    #[case("a: [v1]\n", Reason::NotAScalar)]
    #[case("b: v1\n", Reason::NoSuchPath)]
    #[case("a: v1\nsops:\n  mac: ENC\n", Reason::Encrypted)]
    #[case("{{ if }}\na: v1\n", Reason::TemplatedFile)]
    fn refused(#[case] before: &str, #[case] reason: Reason) {
        assert_eq!(replaced(before, "/a", "v2").unwrap_err(), reason);
    }

    #[test]
    fn not_utf8_or_not_writable() {
        let pointer = Pointer::parse("/a");
        assert_eq!(replace_scalar(b"a: \xff", 0, &pointer, "b").unwrap_err().reason, Reason::NotUtf8);
        assert_eq!(replace_scalar(b"a: b", 0, &pointer, "b\nc").unwrap_err().reason, Reason::Unwritable);
        assert_eq!(replace_scalar(b"a: b", 3, &pointer, "c").unwrap_err().reason, Reason::NoSuchDocument);
    }

    #[test]
    fn warns_of_aliases_and_automation() {
        let (after, warnings) = replaced("a: &t v1\nb: *t\nc: *t\n", "/a", "v2").unwrap();
        assert_eq!(after, "a: &t v2\nb: *t\nc: *t\n");
        assert_eq!(warnings, [Warning::Anchored { pointer: "/a".into(), aliases: 2 }]);
        let (_, warnings) = replaced("a: v1 # {\"$imagepolicy\": \"flux-system:app:tag\"}\n", "/a", "v2").unwrap();
        assert_eq!(warnings, [Warning::SetterMarker { pointer: "/a".into(), policy: "flux-system:app:tag".into() }]);
    }

    /// A file made of lines that are easy to damage, with one scalar to change.
    fn file() -> impl Strategy<Value = (String, String)> {
        let line = prop_oneof![
            Just("# comment: x".to_owned()),
            Just(String::new()),
            "[a-e]{1,3}[0-9]{1,4}: [a-z0-9:/.-]{0,8}[a-z0-9]",
            "[f-j]{1,3}[0-9]{1,4}: '[ -&(-~]{0,9}'  # [a-z ]{0,5}",
            "[k-o]{1,3}[0-9]{1,4}: \"[a-z ]{0,9}\"\t",
            "[p-s]{1,3}[0-9]{1,4}: &x[0-9] [a-z]{1,5}",
            "[t-w]{1,3}[0-9]{1,4}: \\|\n  [a-z]{1,5}\n\n  [a-z]{1,5}",
            "[t-w]{1,3}[0-9]{1,4}:\n-   [a-z]{1,5}\n-   \\[a, \\{b: c\\}\\]",
        ];
        let style = prop_oneof![Just(""), Just("'"), Just("\"")];
        let lines = (proptest::collection::vec(line.clone(), 0..8), proptest::collection::vec(line, 0..8));
        (lines, style, any::<bool>(), any::<bool>()).prop_map(|((above, below), quote, crlf, last_newline)| {
            let target = format!("zz: {quote}v1{quote}");
            let lines: Vec<String> = above.into_iter().chain([target]).chain(below).collect();
            let text = format!("{}{}", lines.join("\n"), if last_newline { "\n" } else { "" });
            (if crlf { text.replace('\n', "\r\n") } else { text }, quote.to_owned())
        })
    }

    proptest! {
        #[test]
        fn only_the_intended_bytes_change((before, quote) in file(), value in "[ -~]{1,20}") {
            let result = replace_scalar(before.as_bytes(), 0, &Pointer::parse("/zz"), &value);
            match result {
                Ok(edited) => {
                    let old = format!("{quote}v1{quote}");
                    prop_assert_eq!(&before[edited.replaced.clone()], old);
                    let after = format!("{}{}{}", &before[..edited.replaced.start], edited.replacement, &before[edited.replaced.end..]);
                    prop_assert_eq!(&edited.bytes, after.as_bytes());
                    let tree = Tree::parse(&edited.bytes).unwrap();
                    let id = tree.resolve(0, &Pointer::parse("/zz")).unwrap();
                    prop_assert_eq!(tree.scalar(id), Some(value.as_str()));
                }
                // Two equal keys among the generated lines make no difference here; nothing else may be refused.
                Err(refusal) => prop_assert!(matches!(refusal.reason, Reason::NotYaml(_) | Reason::TemplatedFile), "{}", refusal),
            }
        }

        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60), text in "[-:?\\[\\]{},&*!|>'\"%@`#a1~\n \t]{0,40}") {
            for input in [bytes.as_slice(), text.as_bytes()] {
                let _ = replace_scalar(input, 0, &Pointer::parse("/a"), "v2");
                let _ = super::super::remove_entry(input, 0, &Pointer::parse("/a"));
                let _ = super::super::insert_key(input, 0, &Pointer::root(), "zz", "v2");
                let image = super::super::NewImage { name: "a".into(), new_tag: Some("b".into()), digest: None };
                let _ = super::super::insert_image_entry(input, 0, &image);
            }
        }
    }
}
