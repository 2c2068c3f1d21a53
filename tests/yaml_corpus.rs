//! YAML edits on real GitOps files: every listed edit must give exactly the listed bytes, or be refused.
//!
//! The corpus is found through `PILOTHOUSE_CORPUS`, or beside the checkout in `../shared/corpus`; without it these tests say so
//! and check nothing more than the project's own fixtures do elsewhere.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod oracle;

use oracle::{Spelling, through_the_oracle};
use std::path::PathBuf;

use pilothouse::formats::images::{NewVersion, bump, bump_chart, find};
use pilothouse::formats::index::Index;
use pilothouse::formats::yaml::{Kind, NodeId, Pointer, Style, Tree, replace_integer, replace_scalar};
use serde_json::Value;
use sha2::{Digest, Sha256};

fn corpus() -> Option<PathBuf> {
    let named = std::env::var_os("PILOTHOUSE_CORPUS").map(PathBuf::from);
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    let folder = named.or_else(|| beside.is_dir().then_some(beside));
    if folder.is_none() {
        println!("skipped: no corpus (set PILOTHOUSE_CORPUS to its folder)");
    }
    folder
}

fn cases(list: &str) -> Vec<(PathBuf, Value)> {
    let Some(folder) = corpus() else { return Vec::new() };
    let text = std::fs::read_to_string(folder.join(list)).unwrap();
    let parse = |line: &str| -> Value { serde_json::from_str(line).unwrap() };
    text.lines().map(parse).map(|case| (folder.join(case["file"].as_str().unwrap()), case)).collect()
}

fn check(list: &str, at_least: usize) {
    let cases = cases(list);
    if cases.is_empty() {
        return;
    }
    assert!(cases.len() >= at_least, "only {} cases in {list}", cases.len());
    let mut failures = Vec::new();
    for (file, case) in &cases {
        let bytes = std::fs::read(file).unwrap();
        let text = |key: &str| case[key].as_str().unwrap_or_default();
        let pointer = Pointer::parse(text("path"));
        let document = case["doc"].as_u64().unwrap() as usize;
        let is_weight = text("path").ends_with("/weight");
        let edited = match text("new").parse() {
            Ok(weight) if is_weight => replace_integer(&bytes, document, &pointer, weight),
            _ => replace_scalar(&bytes, document, &pointer, text("new")),
        };
        let outcome = match (&edited, case.get("expect")) {
            (Ok(_), Some(expected)) => Some(format!("accepted, expected {expected}")),
            (Err(_), Some(_)) => None,
            (Err(refusal), None) => Some(format!("refused: {refusal}")),
            (Ok(edited), None) => {
                let hash = format!("{:x}", HexDigest(Sha256::digest(&edited.bytes).to_vec()));
                let span_fits = case.get("start").is_none_or(|start| {
                    // The list's spans lie within the quotes, ours include them.
                    let quotes = u64::from(text("style") != "P" && edited.replacement.starts_with(['"', '\'']));
                    let (from, to) = (edited.replaced.start as u64 + quotes, edited.replaced.end as u64 - quotes);
                    start.as_u64() == Some(from) && case["end"].as_u64() == Some(to)
                });
                let fits = hash == text("sha256_after") && span_fits;
                (!fits).then(|| format!("other bytes: {:?} at {:?}", edited.replacement, edited.replaced))
            }
        };
        failures.extend(outcome.map(|outcome| format!("{} {}: {outcome}", text("file"), text("path"))));
    }
    assert!(failures.is_empty(), "{} of {} cases:\n{}", failures.len(), cases.len(), failures.join("\n"));
}

struct HexDigest(Vec<u8>);

impl std::fmt::LowerHex for HexDigest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[test]
fn real_files() {
    check("expected.jsonl", 84);
}

#[test]
fn edge_cases() {
    check("edge/expected.jsonl", 32);
}

fn through_the_tree(tree: &Tree<'_>) -> Spelling {
    fn walk(tree: &Tree<'_>, id: NodeId, out: &mut Spelling) {
        match &tree.node(id).kind {
            Kind::Scalar(value, style) => {
                let kind = match style {
                    Style::Plain => 'p',
                    Style::Single => 's',
                    Style::Double => 'q',
                    Style::Block => 'b',
                };
                let value = if kind == 'b' { value.trim_end_matches('\n') } else { value };
                out.push((kind, value.to_owned()));
            }
            Kind::Sequence(items, _) => {
                out.push(('[', String::new()));
                items.iter().for_each(|item| walk(tree, *item, out));
            }
            Kind::Mapping(entries, _) => {
                out.push(('{', String::new()));
                for (key, value) in entries {
                    walk(tree, *key, out);
                    walk(tree, *value, out);
                }
            }
            Kind::Alias(_) => out.push(('*', String::new())),
        }
    }
    let mut out = Vec::new();
    for document in 0..tree.documents() {
        out.push(('d', String::new()));
        if let Some(root) = tree.root(document) {
            walk(tree, root, &mut out);
        }
    }
    out
}

/// Quoted values with their runs of blanks as one: how an under-indented line is folded is not what an edit depends on.
fn folded(spelling: Spelling) -> Spelling {
    let fold = |(kind, value): (char, String)| match kind {
        'q' | 's' => (kind, value.split_whitespace().collect::<Vec<_>>().join(" ")),
        _ => (kind, value),
    };
    spelling.into_iter().map(fold).collect()
}

/// Two independent parsers agree on what every file of the corpus says.
#[test]
fn agrees_with_a_second_parser() {
    let files = files();
    let mut compared = 0;
    for (file, bytes) in &files {
        let text = std::str::from_utf8(bytes).unwrap();
        let (Ok(tree), Some(oracle)) = (Tree::parse(bytes), through_the_oracle(text.trim_start_matches('\u{feff}')))
        else {
            continue;
        };
        assert_eq!(folded(through_the_tree(&tree)), folded(oracle), "{}", file.display());
        compared += 1;
    }
    assert!(files.is_empty() || compared > 60, "only {compared} of {} files compared", files.len());
}

/// Every file of the corpus, with its path.
fn files() -> Vec<(PathBuf, Vec<u8>)> {
    let mut paths: Vec<PathBuf> = cases("expected.jsonl").into_iter().map(|(file, _)| file).collect();
    paths.extend(cases("edge/expected.jsonl").into_iter().map(|(file, _)| file));
    paths.sort();
    paths.dedup();
    paths.into_iter().map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
}

/// Pointers of all scalars of a document that are values.
fn scalars(tree: &Tree<'_>, id: NodeId, at: &Pointer, out: &mut Vec<Pointer>) {
    match &tree.node(id).kind {
        Kind::Scalar(..) => out.push(at.clone()),
        Kind::Sequence(items, _) => {
            items.iter().enumerate().for_each(|(n, item)| scalars(tree, *item, &at.child(n), out));
        }
        Kind::Mapping(entries, _) => entries.iter().for_each(|(key, value)| {
            scalars(tree, *value, &at.child(tree.scalar(*key).unwrap_or_default()), out);
        }),
        Kind::Alias(_) => {}
    }
}

/// Each scalar of each file replaced in turn: the bytes around it stay, and the second parser sees one value changed, no more.
#[test]
fn every_scalar_of_every_file() {
    let files = files();
    let (mut edited_count, mut refused) = (0, 0);
    for (path, bytes) in &files {
        let Ok(tree) = Tree::parse(bytes) else { continue };
        let text = std::str::from_utf8(bytes).unwrap().trim_start_matches('\u{feff}');
        let before = through_the_oracle(text);
        for document in 0..tree.documents() {
            let mut pointers = Vec::new();
            tree.root(document).into_iter().for_each(|root| scalars(&tree, root, &Pointer::root(), &mut pointers));
            for pointer in pointers.iter().step_by(1 + pointers.len() / 100) {
                let Ok(edited) = replace_scalar(bytes, document, pointer, "1.10") else {
                    refused += 1;
                    continue;
                };
                let around =
                    [&bytes[..edited.replaced.start], edited.replacement.as_bytes(), &bytes[edited.replaced.end..]];
                assert_eq!(edited.bytes, around.concat(), "{} {pointer}", path.display());
                edited_count += 1;
                let after =
                    through_the_oracle(std::str::from_utf8(&edited.bytes).unwrap().trim_start_matches('\u{feff}'));
                let (Some(before), Some(after)) = (&before, after) else { continue };
                assert_eq!(before.len(), after.len(), "{} {pointer}", path.display());
                let changed: Vec<_> = before.iter().zip(&after).filter(|(before, after)| before != after).collect();
                assert!(changed.len() <= 1, "{} {pointer}: {changed:?}", path.display());
                assert!(
                    changed.iter().all(|(_, after)| after.1 == "1.10"),
                    "{} {pointer}: {changed:?}",
                    path.display()
                );
            }
        }
    }
    assert!(files.is_empty() || edited_count > 1_000, "only {edited_count} edits, {refused} refused");
}

/// Places that the list names and that are no references: what an object's status reports, the image in a patch's target, a
/// switch of a chart whose name has `Images` in it.
const NO_REFERENCES: [&str; 3] = ["/status/", "/patches/0/target/image", "/spec/source/helm/parameters/25/value"];

/// Every reference that the list names is found, of every kind, and each that can be edited gets its version.
#[test]
fn finds_the_listed_references() {
    let cases = cases("expected.jsonl");
    let mut found_count = 0;
    let mut missing = Vec::new();
    for (file, case) in &cases {
        let pointer = case["path"].as_str().unwrap();
        if case["kind"] == "weight" || NO_REFERENCES.iter().any(|place| pointer.starts_with(place)) {
            continue;
        }
        let document = case["doc"].as_u64().unwrap() as usize;
        let bytes = std::fs::read(file).unwrap();
        let tree = Tree::parse(&bytes).unwrap();
        let found = find(&file.display().to_string(), &tree);
        match found.iter().find(|f| f.document == document && f.covers(&Pointer::parse(pointer))) {
            None => missing.push(format!("{} {document} {pointer} ({})", file.display(), case["kind"])),
            Some(found) => {
                let edited = bump(found, &tree, &NewVersion::parse("v2").unwrap());
                let applied = edited.map(|edit| edit.apply(&bytes));
                let refused = case.get("expect").is_some();
                assert_eq!(refused, matches!(applied, Ok(Err(_))), "{} {pointer}: {applied:?}", file.display());
                found_count += 1;
            }
        }
    }
    assert!(missing.is_empty(), "{} not found:\n{}", missing.len(), missing.join("\n"));
    assert!(cases.is_empty() || found_count > 65, "only {found_count} references looked for");
}

/// Files cut, doubled and with bytes changed: nothing panics, and no edit changes bytes outside its scalar.
#[test]
fn damaged_files_never_panic() {
    // More by hand: PILOTHOUSE_MUTATIONS=3000 cargo test --release --test yaml_corpus damaged
    let times = std::env::var("PILOTHOUSE_MUTATIONS").ok().and_then(|times| times.parse().ok()).unwrap_or(30);
    let mut random: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut next = |below: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        (random % below.max(1) as u64) as usize
    };
    let alphabet = b" \n\r\t-:?#&*!|>'\"%@`{}[],a1~<\xff\xef\xbb\xbf";
    for (path, bytes) in files() {
        if bytes.len() > 20_000 {
            continue;
        }
        for _ in 0..times {
            let mut damaged = bytes.clone();
            for _ in 0..=next(4) {
                let at = next(damaged.len());
                match next(4) {
                    0 => damaged.truncate(at),
                    1 => damaged.insert(at, alphabet[next(alphabet.len())]),
                    2 if !damaged.is_empty() => damaged[at] = alphabet[next(alphabet.len())],
                    _ => damaged.extend_from_within(at..),
                }
            }
            let name = path.display().to_string();
            let index = Index::build([(name.as_str(), damaged.as_slice())]);
            let Ok(tree) = Tree::parse(&damaged) else { continue };
            for found in index.references() {
                let Ok(edit) = bump(found, &tree, &NewVersion::parse("v2").unwrap()) else { continue };
                if let Ok(applied) = edit.apply(&damaged) {
                    assert!(edit.is_applied(&applied.bytes), "{name}");
                }
            }
            for found in index.charts() {
                let edited = bump_chart(found, "1.10").map(|edit| edit.apply(&damaged));
                assert!(!matches!(edited, Ok(Ok(ref applied)) if applied.bytes == damaged), "{name}");
            }
        }
    }
}
