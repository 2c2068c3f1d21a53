//! Bumping in every way to write an image: Helm values, HelmReleases, Argo CD, by the same command.

use crate::{
    bump::Remote,
    pilothouse::Operator,
    world::{Behaviour, IMAGE, World, deployment},
};
use futures::FutureExt;

pub const ALL: &[(&str, Behaviour)] = &[
    ("formats::the_same_command_for_each", |w| the_same_command_for_each(w).boxed_local()),
    ("formats::production_elsewhere_is_refused", |w| production_elsewhere_is_refused(w).boxed_local()),
];

const CHART: &str = "apiVersion: v2\nname: web\nversion: 0.1.0\n";

fn chart() -> Vec<(&'static str, String)> {
    let values = format!("# what all share\nimage:\n  repository: {IMAGE}\n  tag: '0.9'\n");
    vec![("charts/web/Chart.yaml", CHART.into()), ("charts/web/values.yaml", values)]
}

fn application(namespace: &str, source: &str) -> String {
    format!(
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata:\n  name: web\n  namespace: argocd\nspec:\n  destination: {{namespace: {namespace}}}\n  source:\n    repoURL: https://git.example.com/shop\n{source}"
    )
}

/// What stands in the repository, and the file whose tag is set.
fn repositories(namespace: &str) -> Vec<(Vec<(&'static str, String)>, &'static str)> {
    let tagged = "replicas: 2 # keep me\n\nimage:\n  tag: '1.0'   # and me";
    let with = |more: Vec<(&'static str, String)>| [chart(), more].concat();
    let release = format!(
        "apiVersion: helm.toolkit.fluxcd.io/v2\r\nkind: HelmRelease\r\nmetadata:\r\n  name: web\r\n  namespace: {namespace}\r\nspec:\r\n  chart: {{spec: {{chart: web, version: 0.1.0}}}}\r\n  values:\r\n    image: {{repository: {IMAGE}, tag: '1.0'}}\r\n"
    );
    let inside = "    path: charts/web\n    helm:\n      values: |\n        # by hand\n        image:\n          tag: '1.0'\n\n        replicas: 2\n";
    let parameters = "    path: charts/web\n    helm:\n      parameters:\n      - {name: replicas, value: '2'}\n      - name: image.tag\n        value: '1.0'\n";
    let images = format!("    path: elsewhere\n    kustomize:\n      images:\n      - web={IMAGE}:1.0\n");
    let over = "helm:\n  parameters:\n  - name: image.tag\n    value: '1.0'\n    forcestring: true\n";
    vec![
        (
            with(vec![
                ("charts/web/values-staging.yaml", tagged.replace("1.0", "0.8")),
                ("charts/web/values-production.yaml", tagged.into()),
            ]),
            "charts/web/values-production.yaml",
        ),
        (vec![("apps/web.yaml", release)], "apps/web.yaml"),
        (with(vec![("apps/web.yaml", application(namespace, inside))]), "apps/web.yaml"),
        (with(vec![("apps/web.yaml", application(namespace, parameters))]), "apps/web.yaml"),
        (vec![("apps/web.yaml", application(namespace, &images))], "apps/web.yaml"),
        (
            with(vec![
                ("apps/web.yaml", application(namespace, "    path: charts/web\n")),
                ("charts/web/.argocd-source-web.yaml", over.into()),
            ]),
            "charts/web/.argocd-source-web.yaml",
        ),
    ]
}

async fn the_same_command_for_each(w: World) {
    w.create(deployment("web", 1, "1.0")).await;
    w.rolled_out("web").await;
    for (files, path) in repositories(&w.namespace) {
        let remote = Remote::new(&files);
        let before = files.iter().find(|(file, _)| file == &path).unwrap().1.clone();
        let repository = remote.clone().display().to_string();
        let mut bump = vec!["bump", "deploy/web", "1.10", "--repo", &repository, "-o", "json"];
        // Values say no namespace, so the operator says which of the two is meant.
        if path.contains("production") {
            bump.extend(["--file", path]);
        }
        let operator = Operator::new(&w);
        let planned = operator.run(&[&bump[..], &["--dry-run"]].concat()).await;
        let diff = planned.assert(0).plan()["diff"].as_str().unwrap().to_owned();
        assert!(diff.contains(path) && diff.contains("1.10"), "{diff}");
        assert_eq!(remote.commits(), 1, "a dry run changes nothing");
        operator.run(&[&bump[..], &["--yes"]].concat()).await.assert(0);
        assert_eq!(
            remote.show(path),
            before.replace("1.0'", "1.10'").replace("web:1.0\n", "web:1.10\n"),
            "byte for byte"
        );
    }
}

/// One value for two environments, of which the other is production's.
async fn production_elsewhere_is_refused(w: World) {
    w.create(deployment("web", 1, "1.0")).await;
    w.rolled_out("web").await;
    let values = format!("image:\n  repository: {IMAGE}\n  tag: '1.0'\n");
    let release = |name: &str, namespace: &str| {
        format!(
            "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: {name}}}\nspec:\n  destination: {{namespace: {namespace}}}\n  source: {{path: charts/web, repoURL: 'https://git.example.com/shop'}}\n"
        )
    };
    let remote = Remote::new(&[
        ("charts/web/Chart.yaml", CHART.to_owned()),
        ("charts/web/values.yaml", values.clone()),
        ("staging/web.yaml", release("web", &w.namespace)),
        ("production/web.yaml", release("web-production", "production")),
    ]);
    let repository = remote.bare().display().to_string();
    let operator = Operator::new(&w);
    let bump = ["bump", "deploy/web", "2.0", "--repo", &repository, "--yes", "-o", "json"];
    let refused = operator.run(&bump).await;
    refused.assert(3);
    assert!(refused.out.contains("production") && refused.out.contains("--file"), "{}", refused.out);
    assert_eq!(remote.show("charts/web/values.yaml"), values);
    let meant = operator.run(&[&bump[..], &["--file", "charts/web/values.yaml"]].concat()).await;
    meant.assert(0);
    assert_eq!(remote.show("charts/web/values.yaml"), values.replace("1.0", "2.0"));
}
