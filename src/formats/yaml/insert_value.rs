//! Inserting a scalar with the mappings that lead to it: an override in a release's own values.

use super::insert::Place;
use super::pointer::Pointer;
use super::refusal::{Reason, Refusal};
use super::splice::Edited;
use super::tree::{Kind, NodeId, Tree};

/// Inserts `value` at the end of `keys`, below the mapping at `pointer`; what is missing of the way is written as well.
///
/// Errors: a [`Refusal`]; also where a value is there already, or something that is no mapping is in the way.
pub fn insert_value(
    bytes: &[u8],
    document: usize,
    pointer: &Pointer,
    keys: &[String],
    value: &str,
) -> Result<Edited, Refusal> {
    let tree = Tree::parse(bytes)?;
    let full = keys.iter().fold(pointer.clone(), |pointer, key| pointer.child(key));
    let place = Place::of(&tree, document, &full)?;
    let (mapping, depth) = deepest(&tree, document, &full)?;
    let missing = &full.steps()[depth..];
    let Some((last, above)) = missing.split_last() else { return Err(place.refuse(Reason::AlreadyThere)) };
    let mut written = Vec::new();
    for key in missing {
        written.push(place.scalar(key, true)?);
    }
    let (at, inserted) = match &tree.node(mapping).kind {
        Kind::Mapping(entries, true) => {
            let quoted =
                entries.first().is_some_and(|(key, _)| tree.source()[tree.node(*key).span.start..].starts_with('"'));
            let json = |text: &str| serde_json::Value::from(text).to_string();
            let scalar = if quoted { json(value) } else { place.scalar(value, true)? };
            let key = |at: usize| if quoted { json(&missing[at]) } else { written[at].clone() };
            let inner = (0..above.len())
                .rev()
                .fold(format!("{}: {scalar}", key(above.len())), |inner, at| format!("{}: {{{inner}}}", key(at)));
            place.into_brackets(&tree, mapping, entries.last().map(|(_, value)| *value), &inner)?
        }
        Kind::Mapping(entries, false) => {
            let (column, step) = (tree.node(mapping).column, step(&tree, document));
            let mut lines: Vec<String> =
                (0..above.len()).map(|at| format!("{}{}:", " ".repeat(at * step), written[at])).collect();
            let lead = " ".repeat(above.len() * step);
            lines.push(format!("{lead}{}: {}", written[above.len()], place.scalar(value, false)?));
            if entries.is_empty() {
                return Err(place.refuse(Reason::Layout("the values are empty".into())));
            }
            place.line_after(&tree, mapping, column, &lines)?
        }
        _ => return Err(place.refuse(Reason::Layout(format!("what stands above `{last}` is no mapping")))),
    };
    // A key, and a mapping with its end, for each step; a key and a value at last.
    place.finish_within(&tree, at, inserted, &[(&full, value)], 3 * above.len() + 2)
}

/// The deepest mapping on the way that is there, and how many steps lead to it.
fn deepest(tree: &Tree<'_>, document: usize, full: &Pointer) -> Result<(NodeId, usize), Refusal> {
    let mut at = (tree.resolve(document, &Pointer::root())?, 0);
    let mut pointer = Pointer::root();
    for (index, step) in full.steps().iter().enumerate() {
        pointer = pointer.child(step);
        match tree.resolve(document, &pointer) {
            Ok(id) => at = (id, index + 1),
            Err(refusal) if refusal.reason == Reason::NoSuchPath => break,
            Err(refusal) => return Err(refusal),
        }
    }
    Ok(at)
}

/// By how many columns the document indents a mapping in a mapping; 2 where it has none.
fn step(tree: &Tree<'_>, document: usize) -> usize {
    let Some(root) = tree.root(document) else { return 2 };
    let column = tree.node(root).column;
    let inner = tree.entries(root).iter().find_map(|(_, value)| match tree.node(*value).kind {
        Kind::Mapping(_, false) => tree.node(*value).column.checked_sub(column).filter(|step| *step > 0),
        _ => None,
    });
    inner.unwrap_or(2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    fn inserted(before: &str, at: &str, keys: &[&str]) -> Result<String, Reason> {
        let keys: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
        let edited = insert_value(before.as_bytes(), 0, &Pointer::parse(at), &keys, "1.10").map_err(|r| r.reason)?;
        Ok(String::from_utf8(edited.bytes).unwrap())
    }

    #[rstest]
    #[case("a: 1 # c\n\n# end\n", "", "a: 1 # c\nimage:\n  tag: \"1.10\"\n\n# end\n")]
    #[case("image:\n    name: x\nb: 1\n", "", "image:\n    name: x\n    tag: \"1.10\"\nb: 1\n")]
    #[case("web:\r\n    a: 1\r\n", "", "web:\r\n    a: 1\r\nimage:\r\n    tag: \"1.10\"\r\n")]
    #[case("spec:\n  chart: x\n", "/spec/values", "spec:\n  chart: x\n  values:\n    image:\n      tag: \"1.10\"\n")]
    #[case("{\"a\": 1}", "", "{\"a\": 1, \"image\": {\"tag\": \"1.10\"}}")]
    #[case("spec: {a: 1}\n", "/spec", "spec: {a: 1, image: {tag: \"1.10\"}}\n")]
    fn the_way_is_written(#[case] before: &str, #[case] at: &str, #[case] after: &str) {
        assert_eq!(inserted(before, at, &["image", "tag"]).unwrap(), after);
    }

    #[rstest]
    #[case("image: {tag: v1}\n", Reason::AlreadyThere)]
    #[case("image: r/a:v1\n", Reason::Layout("what stands above `tag` is no mapping".into()))]
    #[case("a: &i {x: 1}\nimage: *i\n", Reason::Alias)]
    #[case("# nothing\n", Reason::NoSuchDocument)]
    #[case("a: 1\nsops: {mac: x}\n", Reason::Encrypted)]
    fn refused(#[case] before: &str, #[case] reason: Reason) {
        assert_eq!(inserted(before, "", &["image", "tag"]).unwrap_err(), reason);
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "(image:|  tag: v1|a: |\\{|\\}|\"|\n| |- |x){0,12}") {
            let _ = inserted(&text, "", &["image", "tag"]);
        }
    }
}
