//! Tests of releases laid out: each way to write an image, from a workload to the line that is edited.

use super::super::tests::target;
use super::super::{Candidate, Index, MappingError, Place, Target};
use crate::formats::images::NewVersion;
use crate::model::{Owner, OwnerKind};

fn owned(target: Target, kind: OwnerKind, namespace: &str, name: &str) -> Target {
    Target { release: Some(Owner { kind, namespace: namespace.into(), name: name.into() }), ..target }
}

/// The file that is bumped to v2, and the lines that came into it.
fn bumped(files: &[(&str, &str)], target: &Target) -> (Candidate, String) {
    let index = Index::build(files.iter().copied());
    let candidate = index.place(target).unwrap_or_else(|error| panic!("{error}"));
    let bytes = files.iter().find(|(path, _)| *path == candidate.file()).unwrap().1.as_bytes();
    let edit = candidate.edit(bytes, &NewVersion::parse("v2").unwrap()).unwrap();
    let after = edit.apply(bytes).unwrap().bytes;
    assert!(edit.is_applied(&after));
    let before = std::str::from_utf8(bytes).unwrap();
    let after = String::from_utf8(after).unwrap();
    let new: Vec<&str> = after.lines().filter(|line| !before.lines().any(|known| known == *line)).collect();
    (candidate.clone(), format!("{}: {}", candidate.file(), new.join(" | ")))
}

const CHART: &str = "apiVersion: v2\nname: web\nversion: 0.1.0\nappVersion: v1\n";
const DEFAULTS: &str = "image:\n  registry: r.example.com\n  repository: shop/web\n  tag: \"\"\nworker:\n  image:\n    repository: shop/worker\n    tag: v1\n";

#[test]
fn the_values_file_of_the_environment_whose_repository_is_the_charts() {
    let files = [
        ("charts/web/Chart.yaml", CHART),
        ("charts/web/values.yaml", DEFAULTS),
        ("charts/web/values-staging.yaml", "image:\n  tag: v1\n"),
        ("charts/web/values-production.yaml", "replicas: 3\nimage:\n  tag: v1\n"),
    ];
    let (candidate, edit) = bumped(&files, &target("shop-production", "web", "r.example.com/shop/web:v1"));
    assert_eq!(edit, "charts/web/values-production.yaml:   tag: v2");
    assert!(candidate.reason.contains("values-production.yaml:3 sets image of chart web"), "{}", candidate.reason);
    assert!(candidate.reason.contains("folder production fits"), "{}", candidate.reason);
    let index = Index::build(files);
    let error = index.place(&target("shop", "web", "r.example.com/shop/web:v1")).unwrap_err();
    assert!(matches!(error, MappingError::Ambiguous { ref candidates, .. } if candidates.len() == 2), "{error}");
    // Asked once: the choice serves again, also when its line has moved.
    for chosen in ["charts/web/values-staging.yaml", "charts/web/values-staging.yaml:9"] {
        let again = Target { chosen: Some(chosen.into()), ..target("shop", "web", "r.example.com/shop/web:v1") };
        let candidate = index.place(&again).unwrap();
        assert_eq!(candidate.file(), "charts/web/values-staging.yaml");
        assert!(candidate.reason.ends_with("; chosen before"), "{}", candidate.reason);
    }
    let gone = Target { chosen: Some("gone.yaml".into()), ..target("shop", "web", "r.example.com/shop/web:v1") };
    assert!(index.place(&gone).is_err());
}

#[test]
fn what_others_share_is_overridden_in_the_own_values() {
    let files = [
        ("charts/web/Chart.yaml", CHART),
        ("charts/web/values.yaml", DEFAULTS),
        ("charts/web/values-staging.yaml", "replicas: 1\n# tag: x\n"),
        ("charts/web/values-prod.yaml", "replicas: 3\nimage:\n  tag: v1\n"),
    ];
    let (candidate, edit) = bumped(&files, &target("production", "web-worker", "shop/worker:v1"));
    assert!(matches!(candidate.place, Place::Set(_)), "only one file of values has references: {candidate:?}");
    assert_eq!(edit, "charts/web/values.yaml:     tag: v2");
    let both = [files[0], files[1], ("charts/web/values-staging.yaml", "image: {tag: v1}\n"), files[3]];
    let (candidate, edit) = bumped(&both, &target("production", "web-worker", "shop/worker:v1"));
    assert!(candidate.reason.contains("which others share"), "{}", candidate.reason);
    assert_eq!(edit, "charts/web/values-prod.yaml: worker: |   image: |     tag: v2");
    assert_eq!(candidate.reaches.len(), 1, "{:?}", candidate.reaches);
}

#[test]
fn one_environment_and_no_file_of_its_own() {
    let files = [("charts/web/Chart.yaml", CHART), ("charts/web/values.yaml", DEFAULTS)];
    let (_, edit) = bumped(&files, &target("shop", "web", "r.example.com/shop/web:v1"));
    assert_eq!(edit, "charts/web/values.yaml:   tag: \"v2\"");
}

#[test]
fn values_below_the_key_of_a_dependency() {
    let umbrella =
        "apiVersion: v2\nname: shop\ndependencies:\n- name: web\n  alias: front\n  repository: file://../web\n";
    let files = [
        ("charts/web/Chart.yaml", CHART),
        ("charts/web/values.yaml", DEFAULTS),
        ("charts/shop/Chart.yaml", umbrella),
        ("charts/shop/values.yaml", "front:\n  image:\n    tag: v1\n"),
    ];
    let (candidate, edit) = bumped(&files, &target("shop", "shop-front", "r.example.com/shop/web:v1"));
    assert_eq!(edit, "charts/shop/values.yaml:     tag: v2");
    assert!(candidate.reason.contains("front.image"), "{}", candidate.reason);
}

#[test]
fn a_digest_of_the_chart_would_win_and_is_emptied() {
    let digest = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
    let defaults = format!("image:\n  repository: shop/web\n  tag: v0\n  digest: {digest}\n");
    let files =
        [("web/Chart.yaml", CHART), ("web/values.yaml", &defaults), ("web/values-prod.yaml", "image:\n  tag: v1\n")];
    let (_, edit) = bumped(&files, &target("prod", "web", &format!("shop/web:v1@{digest}")));
    assert_eq!(edit, "web/values-prod.yaml:   tag: v2 |   digest: \"\"");
}

const RELEASE: &str = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata:\n  name: web\n  namespace: flux-system\nspec:\n  releaseName: web\n  targetNamespace: shop\n  chart:\n    spec:\n      chart: web\n      sourceRef: {kind: HelmRepository, name: shop}\n  values:\n    image:\n      tag: v1\n";

#[test]
fn a_helm_release_by_its_owner_or_by_its_name() {
    let staging = RELEASE.replace("targetNamespace: shop", "targetNamespace: staging");
    let files = [("staging/web.yaml", staging.as_str()), ("production/web.yaml", RELEASE)];
    let running = target("shop", "web", "r/shop/web:v1");
    let (candidate, edit) = bumped(&files, &owned(running.clone(), OwnerKind::HelmRelease, "flux-system", "web"));
    assert_eq!(edit, "production/web.yaml:       tag: v2");
    assert!(
        candidate.reason.contains("image of HelmRelease flux-system/web and namespace shop"),
        "{}",
        candidate.reason
    );
    assert!(candidate.reason.contains("the repository is in the chart"), "{}", candidate.reason);
    assert_eq!(bumped(&files, &running).1, edit, "by name and namespace");
    let index = Index::build(files);
    assert!(index.place(&owned(running, OwnerKind::HelmRelease, "flux-system", "other")).is_err());
    assert!(index.place(&target("shop", "web", "r/shop/web:v9")).is_err(), "another tag and no repository is no match");
}

#[test]
fn a_helm_release_through_kustomize() {
    let base = RELEASE.replace("  targetNamespace: shop\n", "").replace("  namespace: flux-system\n", "");
    let base = base.replace("      tag: v1\n", "      repository: r/web\n      tag: v0\n");
    let patch = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata:\n  name: web\nspec:\n  values:\n    image:\n      tag: v1\n";
    let overlay = |stage: &str| format!("namespace: {stage}\nresources: [../base]\npatches:\n- path: values.yaml\n");
    let inline = format!(
        "namespace: canary\nresources: [../base]\npatches:\n- patch: |-\n    {}\n",
        patch.trim_end().replace('\n', "\n    ")
    );
    let (staging, production) = (overlay("staging"), overlay("production"));
    let files = [
        ("base/release.yaml", base.as_str()),
        ("base/kustomization.yaml", "resources: [release.yaml]\n"),
        ("staging/kustomization.yaml", staging.as_str()),
        ("staging/values.yaml", patch),
        ("production/kustomization.yaml", production.as_str()),
        ("production/values.yaml", patch),
        ("canary/kustomization.yaml", inline.as_str()),
    ];
    let running = |namespace: &str| target(namespace, "web", "r/web:v1");
    assert_eq!(bumped(&files, &running("production")).1, "production/values.yaml:       tag: v2");
    assert_eq!(bumped(&files, &running("canary")).1, "canary/kustomization.yaml:           tag: v2");
}

fn application(source: &str) -> String {
    format!(
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata:\n  name: web-prod\n  namespace: argocd\nspec:\n  destination:\n    namespace: shop\n  source:\n    repoURL: https://git.example.com/shop\n{source}"
    )
}

#[test]
fn an_application_with_its_values_files_parameters_and_overrides() {
    let charts = [("charts/web/Chart.yaml", CHART), ("charts/web/values.yaml", DEFAULTS)];
    let running = target("shop", "web-prod", "r.example.com/shop/web:v1");
    let running = owned(running, OwnerKind::Application, "", "web-prod");
    let by_file =
        application("    path: charts/web\n    helm:\n      valueFiles: [values.yaml, ../../env/prod.yaml]\n");
    let files = [charts[0], charts[1], ("apps/web.yaml", &by_file), ("env/prod.yaml", "image:\n  tag: v1\n")];
    assert_eq!(bumped(&files, &running).1, "env/prod.yaml:   tag: v2");
    let inside = application("    path: charts/web\n    helm:\n      values: |\n        image:\n          tag: v1\n");
    let files = [charts[0], charts[1], ("apps/web.yaml", &inside)];
    assert_eq!(bumped(&files, &running).1, "apps/web.yaml:           tag: v2");
    let parameters =
        application("    path: charts/web\n    helm:\n      parameters:\n      - name: image.tag\n        value: v1\n");
    let files = [charts[0], charts[1], ("apps/web.yaml", &parameters)];
    assert_eq!(bumped(&files, &running).1, "apps/web.yaml:         value: v2");
    let over = "helm:\n  parameters:\n  - name: image.tag\n    value: v1\n    forcestring: true\n";
    let generic = over.replace("v1", "v0");
    let files = [
        charts[0],
        charts[1],
        ("apps/web.yaml", &parameters),
        ("charts/web/.argocd-source-web-prod.yaml", over),
        ("charts/web/.argocd-source.yaml", &generic),
    ];
    assert_eq!(bumped(&files, &running).1, "charts/web/.argocd-source-web-prod.yaml:     value: v2");
}

#[test]
fn images_that_an_application_gives_to_a_kustomization() {
    let app = application("    path: web/overlay\n    kustomize:\n      images:\n      - shop/web=r/shop/web:v1\n");
    let deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  template:\n    spec:\n      containers:\n      - {name: app, image: shop/web}\n";
    let files = [
        ("apps/web.yaml", app.as_str()),
        ("web/overlay/kustomization.yaml", "resources: [web.yaml]\n"),
        ("web/overlay/web.yaml", deployment),
    ];
    let (candidate, edit) = bumped(&files, &target("shop", "web", "r/shop/web:v1"));
    assert_eq!(edit, "apps/web.yaml:       - shop/web=r/shop/web:v2");
    assert!(candidate.reason.contains("namespace shop"), "{}", candidate.reason);
    let elsewhere = owned(target("shop", "web", "r/shop/web:v1"), OwnerKind::Application, "", "web-prod");
    assert_eq!(bumped(&files[..1], &elsewhere).1, edit, "what it builds may be in another repository");
}

#[test]
fn sets_of_applications_by_the_files_that_their_names_stand_for() {
    let set = "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: web}\nspec:\n  template:\n    metadata: {name: 'web-{{env}}'}\n    spec:\n      source:\n        path: charts/web\n        helm:\n          valueFiles: ['envs/{{env}}.yaml']\n";
    let files = [
        ("charts/web/Chart.yaml", CHART),
        ("charts/web/values.yaml", DEFAULTS),
        ("charts/web/envs/staging.yaml", "image: {tag: v1}\n"),
        ("charts/web/envs/production.yaml", "image: {tag: v1}\n"),
        ("set.yaml", set),
    ];
    let running =
        owned(target("production", "web", "r.example.com/shop/web:v1"), OwnerKind::Application, "", "web-production");
    assert_eq!(bumped(&files, &running).1, "charts/web/envs/production.yaml: image: {tag: v2}");
}

#[test]
fn one_tag_for_several_images_says_whom_it_reaches() {
    let values = "global:\n  image:\n    tag: v1\nweb:\n  image: {repository: r/web}\nworker:\n  image: {repository: r/worker}\n";
    let files = [("prod/shop.yaml", values)];
    let (candidate, edit) = bumped(&files, &target("prod", "shop-web", "r/web:v1"));
    assert_eq!(edit, "prod/shop.yaml:     tag: v2");
    assert_eq!(candidate.reaches.len(), 2, "{:?}", candidate.reaches);
    assert_eq!(candidate.reaches.iter().filter(|reach| reach.own).count(), 1);
}

#[test]
fn pipelines_are_never_edited_for_a_workload() {
    let files = [
        (".github/workflows/ci.yaml", "jobs: {a: {container: {image: r/web:v1}}}\n"),
        ("compose.yaml", "services: {web: {image: 'r/web:v1'}}\n"),
    ];
    let index = Index::build(files);
    assert_eq!(index.references().count(), 2);
    assert!(matches!(index.place(&target("shop", "web", "r/web:v1")), Err(MappingError::NotFound { .. })));
}

#[test]
fn values_in_a_config_map_that_a_release_names() {
    let release = RELEASE.replace(
        "  values:\n    image:\n      tag: v1\n",
        "  valuesFrom:\n  - kind: ConfigMap\n    name: web-values\n",
    );
    let map = "kind: ConfigMap\nmetadata: {name: web-values}\ndata:\n  values.yaml: |\n    image:\n      repository: r/web\n      tag: v1\n";
    let files = [("release.yaml", release.as_str()), ("map.yaml", map)];
    let running = owned(target("shop", "web", "r/web:v1"), OwnerKind::HelmRelease, "flux-system", "web");
    assert_eq!(bumped(&files, &running).1, "map.yaml:       tag: v2");
}

#[test]
fn overrides_of_an_application_that_is_generated_elsewhere() {
    let over = "helm:\n  parameters:\n  - name: image.tag\n    value: v1\n";
    let files = [
        ("prod/web/Chart.yaml", CHART),
        ("prod/web/values.yaml", DEFAULTS),
        ("prod/web/.argocd-source-web-prod.yaml", over),
    ];
    let running = target("shop", "web", "r.example.com/shop/web:v1");
    assert_eq!(bumped(&files, &running).1, "prod/web/.argocd-source-web-prod.yaml:     value: v2");
    let running = owned(running, OwnerKind::Application, "", "web-prod");
    assert_eq!(bumped(&files, &running).1, "prod/web/.argocd-source-web-prod.yaml:     value: v2");
    let deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  template:\n    spec:\n      containers:\n      - {name: app, image: r/shop/web}\n";
    let files = [
        ("overlays/prod/kustomization.yaml", "namespace: shop\nresources: [web.yaml]\n"),
        ("overlays/prod/web.yaml", deployment),
        ("overlays/prod/.argocd-source-web-prod.yaml", "kustomize:\n  images:\n  - r/shop/web:v1\n"),
    ];
    let running = target("shop", "web", "r/shop/web:v1");
    assert_eq!(bumped(&files, &running).1, "overlays/prod/.argocd-source-web-prod.yaml:   - r/shop/web:v2");
}

#[test]
fn values_files_beside_charts_that_a_template_names() {
    let set = "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: all}\nspec:\n  template:\n    metadata: {name: '{{path.basename}}'}\n    spec:\n      source:\n        path: '{{path}}'\n        helm:\n          valueFiles: [values-prod.yaml]\n";
    let files = [
        ("charts/web/Chart.yaml", CHART),
        ("charts/web/values.yaml", DEFAULTS),
        ("charts/web/values-prod.yaml", "image: {tag: v1}\n"),
        ("set.yaml", set),
    ];
    assert_eq!(
        bumped(&files, &target("shop", "web", "r.example.com/shop/web:v1")).1,
        "charts/web/values-prod.yaml: image: {tag: v2}"
    );
}

#[test]
fn images_that_a_helm_release_changes_after_rendering() {
    let release = RELEASE.replace(
        "  values:\n    image:\n      tag: v1\n",
        "  postRenderers:\n  - kustomize:\n      images:\n      - name: r/web\n        newName: m/web\n        newTag: v1\n",
    );
    let files = [("release.yaml", release.as_str())];
    let running = owned(target("shop", "web", "m/web:v1"), OwnerKind::HelmRelease, "flux-system", "web");
    assert_eq!(bumped(&files, &running).1, "release.yaml:         newTag: v2");
}
