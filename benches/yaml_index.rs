//! How long it takes to index a repository of generated files, cold and after a new commit, to map a workload, and to make one edit.
#![allow(clippy::unwrap_used, missing_docs)]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use pilothouse::formats::index::{Index, Reading, Target};
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
        if n % 10 == 0 {
            let values = format!("replicas: 2\nimage:\n  repository: registry.example:5000/team/{name}\n  tag: \"\"\n");
            files
                .push((format!("charts/{name}/Chart.yaml"), format!("name: {name}\nversion: 0.1.0\nappVersion: v1\n")));
            files.push((format!("charts/{name}/values.yaml"), values));
            for stage in ["staging", "production"] {
                let text = format!("image:\n  tag: v1.2.{n}\n");
                files.push((format!("charts/{name}/values-{stage}.yaml"), text));
            }
        }
        files.push((
            format!("apps/{name}/base/config.yaml"),
            format!("kind: ConfigMap\ndata:\n{}", "  key: value\n".repeat(40)),
        ));
    }
    files
}

fn benches(criterion: &mut Criterion) {
    let files = repository(755);
    let bytes: usize = files.iter().map(|(_, text)| text.len()).sum();
    let mut group = criterion.benchmark_group("repository of 4079 files");
    group.sample_size(10).throughput(Throughput::Bytes(bytes as u64));
    group.bench_function("index", |bencher| {
        bencher.iter(|| Index::build(files.iter().map(|(path, text)| (path, text))));
    });
    let readings: Vec<(String, Arc<Reading>)> =
        files.iter().map(|(path, text)| (path.clone(), Arc::new(Reading::of(path, text.as_bytes())))).collect();
    group.bench_function("index after a new commit of one file", |bencher| {
        bencher.iter(|| {
            let mut readings = readings.clone();
            let (path, text) = &files[3];
            readings[3].1 = Arc::new(Reading::of(path, text.as_bytes()));
            Index::of(readings)
        });
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
