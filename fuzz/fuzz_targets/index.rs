//! A repository of files cut from one input: indexed, and a workload mapped into it, without a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pilothouse::formats::index::{Index, Target};
use pilothouse::model::image::ImageReference;

const PATHS: [&str; 8] = [
    "charts/web/Chart.yaml",
    "charts/web/values.yaml",
    "charts/web/values-prod.yaml",
    "apps/web.yaml",
    "base/kustomization.yaml",
    "base/web.yaml",
    "production/kustomization.yaml",
    "charts/web/.argocd-source-web.yaml",
];

fuzz_target!(|bytes: &[u8]| {
    let files: Vec<(&str, &[u8])> = PATHS.into_iter().zip(bytes.split(|byte| *byte == 0)).collect();
    let index = Index::build(files);
    let image = ImageReference::parse("r/web:v1").expect("an image");
    let target = Target {
        kind: "Deployment".into(),
        namespace: "shop".into(),
        name: "web".into(),
        container: "web".into(),
        image,
        environments: vec!["production".into()],
        path: Some("apps".into()),
        release: None,
        chosen: None,
    };
    let _ = index.place(&target);
});
