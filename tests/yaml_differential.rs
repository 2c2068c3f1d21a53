//! Random files of every format, edited at random: no byte outside the scalars changes, and another YAML engine reads the same
//! document but for them.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod oracle;

use oracle::through_the_oracle;
use pilothouse::formats::images::{NewVersion, bump, bump_chart, charts, find};
use pilothouse::formats::index::Index;
use pilothouse::formats::yaml::Tree;
use proptest::prelude::*;

/// A scalar as people write it.
fn written(value: &'static str) -> BoxedStrategy<String> {
    let end = prop_oneof![Just(""), Just(" # note: keep"), Just("   "), Just(" # {\"$imagepolicy\": \"ns:app:tag\"}")];
    (prop_oneof![Just("\"V\""), Just("'V'"), Just("V")], end)
        .prop_map(move |(quotes, end)| format!("{}{end}", quotes.replace('V', value)))
        .boxed()
}

/// Lines that have nothing to do with it.
fn noise() -> BoxedStrategy<String> {
    prop_oneof![
        Just(String::new()),
        Just("# a comment: here".to_owned()),
        "[a-e][a-z]{2,4}[0-9]{1,3}: [a-z0-9]{1,6}",
        "[a-e][a-z]{2,4}[0-9]{1,3}: \"[a-z ]{0,6}\"  # x",
        "[a-e][a-z]{2,4}[0-9]{1,3}: \\|\n  [a-z]{1,5}\n\n   [a-z]{1,5}",
        "[a-e][a-z]{2,4}[0-9]{1,3}:\n- [a-z]{1,4}\n-   [a-z]{1,4}: 1",
        "[a-e][a-z]{2,4}[0-9]{1,3}: &x[0-9] [a-z]{1,5}",
    ]
    .boxed()
}

/// Values with images in several shapes, as lines without indentation.
fn values() -> BoxedStrategy<String> {
    let image = prop_oneof![
        (written("reg/app"), written("v1"))
            .prop_map(|(name, tag)| format!("image:\n  repository: {name}\n  tag: {tag}")),
        written("reg/app:v1").prop_map(|image| format!("web:\n  image: {image}")),
        (written("v1"), written(""))
            .prop_map(|(tag, digest)| format!("main:\n    image:\n        tag: {tag}\n        digest: {digest}")),
        (written("reg/app"), written("v1")).prop_map(|(name, tag)| format!("sideImage: {name}\nsideImageTag: {tag}")),
        Just("flow: {image: {repository: reg/app, tag: v1}}".to_owned()),
        written("reg/app:v1").prop_map(|image| format!("images:\n- {image}\n-   reg/other:v3")),
    ];
    (proptest::collection::vec(noise(), 0..4), image, proptest::collection::vec(noise(), 0..4))
        .prop_map(|(above, image, below)| above.into_iter().chain([image]).chain(below).collect::<Vec<_>>().join("\n"))
        .boxed()
}

fn indented(text: &str, by: usize) -> String {
    let lead = " ".repeat(by);
    let line = |line: &str| if line.is_empty() { String::new() } else { format!("{lead}{line}") };
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

const ARGO: &str = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata:\n  name: web\nspec:\n  source:\n    chart: web\n    targetRevision: 1.0.0\n    helm:\n";

/// A file: its path and its text.
fn file() -> BoxedStrategy<(&'static str, String)> {
    let release = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata:\n  name: web\nspec:\n  chart:\n    spec:\n      chart: web\n      version: 1.0.0\n  values:\n";
    let in_block = |header: &'static str| {
        values().prop_map(move |text| ("app.yaml", format!("{ARGO}      values: {header}\n{}", indented(&text, 8))))
    };
    prop_oneof![
        values().prop_map(|text| ("charts/web/values-prod.yaml", text)),
        values().prop_map(move |text| ("release.yaml", format!("{release}{}", indented(&text, 4)))),
        in_block("|"),
        in_block("|-"),
        in_block("|+"),
        values().prop_map(|text| ("app.yaml", format!("{ARGO}      valuesObject:\n{}", indented(&text, 8)))),
        written("v1").prop_map(|tag| ("app.yaml", format!("{ARGO}      parameters:\n      - name: image.tag\n        value: {tag}\n      - name: a\n        value: b"))),
        written("old=reg/app:v1").prop_map(|image| (".argocd-source-web.yaml", format!("kustomize:\n  images:\n    - {image}"))),
        values().prop_map(|text| ("map.yaml", format!("kind: ConfigMap\nmetadata: {{name: m}}\ndata:\n  values.yaml: |\n{}", indented(&text, 4)))),
        written("reg/app:v1").prop_map(|image| ("thing.yaml", format!("apiVersion: x.y/v1\nkind: Thing\nmetadata: {{name: t}}\nspec:\n  deep:\n  - image: {image}"))),
    ]
    .boxed()
}

fn finished() -> BoxedStrategy<(&'static str, String)> {
    (file(), any::<bool>(), any::<bool>(), any::<bool>())
        .prop_map(|((path, text), crlf, newline, mark)| {
            let text = if newline { format!("{text}\n") } else { text };
            let text = if crlf { text.replace('\n', "\r\n") } else { text };
            (path, if mark { format!("\u{feff}{text}") } else { text })
        })
        .boxed()
}

fn spelled(text: &str) -> Option<oracle::Spelling> {
    through_the_oracle(text.trim_start_matches('\u{feff}'))
}

/// The lines of two texts that differ.
fn changed<'t>(before: &'t str, after: &'t str) -> Vec<(&'t str, &'t str)> {
    before.split('\n').zip(after.split('\n')).filter(|(before, after)| before != after).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, ..ProptestConfig::default() })]

    #[test]
    fn only_the_scalars_change((path, text) in finished(), tag in "(v2|1\\.10|1e3|0x10|null|sha-[0-9a-f]{7}|v2@sha256:[0-9a-f]{64})") {
        let Ok(tree) = Tree::parse(text.as_bytes()) else { return Ok(()) };
        let (to, before) = (NewVersion::parse(&tag).unwrap(), spelled(&text));
        let all = find(path, &tree);
        prop_assert!(!all.is_empty(), "a reference was missed in\n{}", text);
        for found in &all {
            let edit = bump(found, &tree, &to).unwrap();
            let Ok(applied) = edit.apply(text.as_bytes()) else { continue };
            let after = String::from_utf8(applied.bytes.clone()).unwrap();
            prop_assert!(edit.is_applied(&applied.bytes));
            let inserts = edit.changes.iter().any(|change| format!("{change:?}").contains("InsertKey"));
            if inserts {
                continue;
            }
            let lines = changed(&text, &after);
            prop_assert_eq!(text.matches('\n').count(), after.matches('\n').count());
            prop_assert!(!lines.is_empty() && lines.len() <= edit.changes.len(), "{:?}", lines);
            for (old, new) in lines {
                let comment = |line: &str| line.find(" #").map(|at| line[at..].to_owned());
                prop_assert_eq!(comment(old), comment(new));
                let lead = |line: &str| line.len() - line.trim_start().len();
                prop_assert_eq!(lead(old), lead(new));
                prop_assert_eq!(old.ends_with('\r'), new.ends_with('\r'));
            }
            let (Some(before), Some(after)) = (&before, spelled(&after)) else { continue };
            prop_assert_eq!(before.len(), after.len());
            let differ = before.iter().zip(&after).filter(|(before, after)| before != after).count();
            prop_assert!((1..=edit.changes.len()).contains(&differ), "{} differ", differ);
        }
        for found in charts(path, &tree) {
            let applied = bump_chart(&found, "1.10").unwrap().apply(text.as_bytes()).unwrap();
            prop_assert_eq!(changed(&text, &String::from_utf8(applied.bytes).unwrap()).len(), 1);
        }
    }

    #[test]
    fn nothing_panics(path in "(values.yaml|Chart.yaml|kustomization.yaml|a/.argocd-source-x.yaml|app.yaml|b.json)", text in "(kind: (Application|HelmRelease|ConfigMap|Kustomization|ApplicationSet)\n|apiVersion: (argoproj.io/v1|helm.toolkit.fluxcd.io/v2|kustomize.toolkit.fluxcd.io/v1)\n|metadata: \\{name: x\\}\n|spec:\n|  source:\n|    helm:\n|      values: \\|\n|        image: a/b:v1\n|      parameters:\n|      - name: image.tag\n|        value: v1\n|    path: (charts/web|\\.\\.|/)\n|dependencies:\n|- name: a\n|  version: 1\n|image:\n|  repository: a/b\n|  tag: v1\n|  digest: ~\n|data:\n|  values.yaml: \\|\n|    image: a:1\n|&x |\\*x|[\\[\\]{},\"'#]|\r|\t|é){0,24}") {
        let index = Index::build([(path.as_str(), text.as_bytes()), ("charts/web/Chart.yaml", b"name: web\ndependencies: [{name: web, repository: 'file://../web'}]\n"), ("charts/web/values.yaml", text.as_bytes())]);
        let Ok(tree) = Tree::parse(text.as_bytes()) else { return Ok(()) };
        for found in index.references().filter(|found| found.file == path) {
            let Ok(edit) = bump(found, &tree, &NewVersion::parse("v2").unwrap()) else { continue };
            if let Ok(applied) = edit.apply(text.as_bytes()) {
                prop_assert!(edit.is_applied(&applied.bytes), "{:?}\n{}", edit, text);
            }
        }
    }
}
