//! How long it takes to index a repository of generated files, to map a workload, and to make one edit.
#![allow(clippy::unwrap_used, missing_docs)]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use pilothouse::formats::index::{Index, Target};
use pilothouse::formats::yaml::{Pointer, replace_scalar};
use pilothouse::model::image::ImageReference;

/// A repository with `services` bases, two overlays each, and as many files that hold no image.
fn repository(services: usize) -> Vec<(String, String)> {
    let mut files = Vec::new();
    for n in 0..services {
        let name = format!("service-{n}");
        let environment: String =
            (0..20).map(|v| format!("        - name: VARIABLE_{v}\n          value: \"{v}\" # why\n")).collect();
        files.push((
            format!("apps/{name}/base/deployment.yaml"),
            format!("apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}\nspec:\n  template:\n    spec:\n      containers:\n      - name: app\n        image: registry.example:5000/team/{name}\n        env:\n{environment}"),
        ));
        files.push((format!("apps/{name}/base/kustomization.yaml"), "resources:\n- deployment.yaml\n".to_owned()));
        for stage in ["staging", "production"] {
            let text = format!(
                "namespace: {stage}\nresources:\n- ../base\nimages:\n- name: registry.example:5000/team/{name}\n  newTag: v1.2.{n}\n"
            );
            files.push((format!("apps/{name}/{stage}/kustomization.yaml"), text));
        }
        files.push((
            format!("apps/{name}/base/config.yaml"),
            format!("kind: ConfigMap\ndata:\n{}", "  key: value\n".repeat(40)),
        ));
    }
    files
}

fn benches(criterion: &mut Criterion) {
    let files = repository(800);
    let bytes: usize = files.iter().map(|(_, text)| text.len()).sum();
    let mut group = criterion.benchmark_group("repository of 4000 files");
    group.sample_size(10).throughput(Throughput::Bytes(bytes as u64));
    group.bench_function("index", |bencher| {
        bencher.iter(|| Index::build(files.iter().map(|(path, text)| (path, text))));
    });
    let index = Index::build(files.iter().map(|(path, text)| (path, text)));
    let target = Target {
        kind: "Deployment".into(),
        namespace: "production".into(),
        name: "service-400".into(),
        container: "app".into(),
        image: ImageReference::parse("registry.example:5000/team/service-400:v1").unwrap(),
        path: None,
        release: None,
        chosen: None,
        environments: Vec::new(),
    };
    assert!(index.place(&target).is_ok());
    group.bench_function("map one workload", |bencher| bencher.iter(|| index.place(black_box(&target))));
    group.finish();

    let (_, deployment) = &files[0];
    let pointer = Pointer::parse("/spec/template/spec/containers/0/image");
    criterion.bench_function("one edit", |bencher| {
        bencher
            .iter(|| replace_scalar(black_box(deployment.as_bytes()), 0, &pointer, "registry.example:5000/team/a:v2"));
    });
}

criterion_group!(all, benches);
criterion_main!(all);
