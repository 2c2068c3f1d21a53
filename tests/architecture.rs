//! Holds the code against the import table of `ARCHITECTURE.md`, and files against the lengths it allows.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, clippy::expect_used)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// Lines a source file may have before its inline tests.
const LONGEST: usize = 500;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The rooms of `ARCHITECTURE.md` with what each may import.
fn table() -> BTreeMap<String, BTreeSet<String>> {
    let page = fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md is readable");
    let section = page.split("## The rooms").nth(1).and_then(|s| s.split("\n## ").next()).expect("the rooms section");
    section
        .lines()
        .filter_map(|line| {
            let cells: Vec<&str> = line.trim().trim_matches('|').split('|').map(str::trim).collect();
            let room = cells.first()?.strip_prefix('`')?.strip_suffix('`')?;
            let imports = cells.last()?.split(',').map(|s| s.trim().to_owned()).filter(|s| s != "–").collect();
            Some((room.to_owned(), imports))
        })
        .collect()
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("a readable entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// The part of a source file before its inline tests, comments left out.
fn code(text: &str) -> String {
    let before_tests = text.split("\n#[cfg(test)]\nmod ").next().unwrap_or(text);
    before_tests.lines().filter(|l| !l.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// Rooms named after `crate::` in `code`, also in `use crate::{a::…, b}`.
fn imported(code: &str, rooms: &BTreeSet<&str>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        let names: Vec<String> = match rest.strip_prefix('{') {
            Some(group) => top_level_names(group),
            None => vec![rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()],
        };
        found.extend(names.into_iter().filter(|n| rooms.contains(n.as_str())));
    }
    found
}

/// First path segments of a brace group's entries.
fn top_level_names(group: &str) -> Vec<String> {
    let (mut depth, mut names, mut current) = (0, Vec::new(), String::new());
    for c in group.chars() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => names.push(std::mem::take(&mut current)),
            c if depth == 0 => current.push(c),
            _ => {}
        }
    }
    names.push(current);
    names.iter().map(|n| n.trim().split("::").next().unwrap_or_default().trim().to_owned()).collect()
}

#[test]
fn rooms_import_only_what_the_table_allows() {
    let table = table();
    let rooms: BTreeSet<&str> = table.keys().map(String::as_str).collect();
    assert_eq!(rooms.len(), 13, "the table of ARCHITECTURE.md was read: {rooms:?}");
    let mut wrong = Vec::new();
    for (room, allowed) in &table {
        let mut files = Vec::new();
        let folder = root().join("src").join(room);
        if folder.is_dir() {
            sources(&folder, &mut files);
        } else {
            files.push(folder.with_extension("rs"));
        }
        assert!(!files.is_empty(), "room {room} exists");
        for file in files {
            let text = fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
            for other in imported(&code(&text), &rooms) {
                if other != *room && !allowed.contains(&other) {
                    wrong.push(format!("{} imports {other}", file.strip_prefix(root()).unwrap().display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "against the table of ARCHITECTURE.md:\n{}", wrong.join("\n"));
}

#[test]
fn no_file_is_too_long_and_every_file_says_what_it_is_for() {
    let mut files = Vec::new();
    sources(&root().join("src"), &mut files);
    let mut lengths = Vec::new();
    let mut wrong = Vec::new();
    for file in &files {
        let text = fs::read_to_string(file).expect("a readable source file");
        let length = text.split("\n#[cfg(test)]\nmod ").next().unwrap_or_default().lines().count();
        lengths.push(length);
        let name = file.strip_prefix(root()).unwrap().display();
        if length > LONGEST {
            wrong.push(format!("{name}: {length} lines, more than {LONGEST}"));
        }
        if !text.starts_with("//!") {
            wrong.push(format!("{name}: does not open with module docs"));
        }
    }
    lengths.sort_unstable();
    let at = |percent: usize| lengths[(lengths.len() - 1) * percent / 100];
    if at(50) > 150 {
        wrong.push(format!("the median file has {} lines, more than 150", at(50)));
    }
    if at(90) > 350 {
        wrong.push(format!("nine files in ten have up to {} lines, more than 350", at(90)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_check_itself_sees_imports() {
    let rooms: BTreeSet<&str> = ["model", "operate", "ui"].into();
    let found = |code: &str| imported(code, &rooms).into_iter().collect::<Vec<_>>();
    assert_eq!(found("use crate::model::Kind;"), ["model"]);
    assert_eq!(found("use crate::{model::{Kind, ui}, operate};"), ["model", "operate"]);
    assert_eq!(found("fn f() { crate::ui::draw() }"), ["ui"]);
    assert_eq!(found("use std::fmt;"), Vec::<String>::new());
}
