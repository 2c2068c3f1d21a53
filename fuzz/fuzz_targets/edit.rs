//! Every reference and every chart version of any file, edited: no panic, and what was edited reads as edited.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pilothouse::formats::images::{NewVersion, bump, bump_chart, charts, find};
use pilothouse::formats::yaml::Tree;

const PATHS: [&str; 6] =
    ["values.yaml", "kustomization.yaml", "app.yaml", "Chart.yaml", "a/.argocd-source-x.yaml", "patch.json"];

fuzz_target!(|input: (u8, &[u8])| {
    let (which, bytes) = input;
    let path = PATHS[usize::from(which) % PATHS.len()];
    let Ok(tree) = Tree::parse(bytes) else { return };
    for version in ["v2", "1.10", "v2@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"] {
        let to = NewVersion::parse(version).expect("a version");
        for found in find(path, &tree) {
            let Ok(edit) = bump(&found, &tree, &to) else { continue };
            if let Ok(applied) = edit.apply(bytes) {
                assert!(edit.is_applied(&applied.bytes));
            }
        }
    }
    for found in charts(path, &tree) {
        if let Ok(edit) = bump_chart(&found, "1.10") {
            let _ = edit.apply(bytes);
        }
    }
});
