//! What deploys a chart or a folder: Flux HelmReleases and Kustomizations, Argo CD Applications and ApplicationSets.

use crate::formats::images::{Document, identity, is_argo, objects, sources};
use crate::formats::yaml::{NodeId, Pointer, Tree};

/// Which object it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReleaseKind {
    /// A Flux HelmRelease.
    HelmRelease,
    /// An Argo CD Application.
    Application,
    /// What an Argo CD ApplicationSet generates.
    ApplicationSet,
    /// A Flux Kustomization.
    Kustomization,
    /// No object: values for whoever runs helm with them.
    Values,
}

impl ReleaseKind {
    /// The kind's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::HelmRelease => "HelmRelease",
            Self::Application => "Application",
            Self::ApplicationSet => "ApplicationSet",
            Self::Kustomization => "Kustomization",
            Self::Values => "values",
        }
    }
}

/// An object that deploys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// Which object.
    pub kind: ReleaseKind,
    /// Its document in the file.
    pub document: usize,
    /// Where it stands in the document.
    pub at: Pointer,
    /// Its name.
    pub name: String,
    /// Its namespace, where written.
    pub namespace: Option<String>,
    /// The release's name, where it is not the object's.
    pub release_name: Option<String>,
    /// Where its workloads go, where that is not its own namespace.
    pub target_namespace: Option<String>,
    /// What it deploys.
    pub sources: Vec<ReleaseSource>,
}

impl Release {
    /// An application of which only this folder and its name are known.
    pub(super) fn generated(name: &str, folder: &str) -> Self {
        let source = ReleaseSource { path: Some(folder.to_owned()), ..ReleaseSource::default() };
        Self {
            kind: ReleaseKind::Application,
            document: 0,
            at: Pointer::root(),
            name: name.to_owned(),
            namespace: None,
            release_name: None,
            target_namespace: None,
            sources: vec![source],
        }
    }
}

/// One thing that a release deploys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReleaseSource {
    /// The source's place in the document.
    pub at: Pointer,
    /// The folder of a chart or of manifests, if it is one of a Git repository.
    pub path: Option<String>,
    /// The name of a chart from a chart repository.
    pub chart: Option<String>,
    /// Values files as they are written: relative to the folder, to the top (`/…`), or to another source (`$name/…`).
    pub value_files: Vec<String>,
    /// ConfigMaps that hold values.
    pub value_maps: Vec<String>,
    /// Whether the object has a place for values of its own.
    pub values: Option<Pointer>,
}

/// The objects that deploy in a file.
pub(super) fn releases(path: &str, tree: &Tree<'_>) -> Vec<Release> {
    let source = tree.source();
    if !["HelmRelease", "argoproj.io/", "kustomize.toolkit"].iter().any(|word| source.contains(word)) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for document in 0..tree.documents() {
        let Some(root) = tree.root(document) else { continue };
        let place = Document { path, tree, document };
        let all = objects(&place, root);
        found.extend(all.into_iter().filter_map(|(id, kind, at)| release(&place, id, kind, at)));
    }
    found
}

fn release(place: &Document<'_, '_>, id: NodeId, kind: &str, at: Pointer) -> Option<Release> {
    let tree = place.tree;
    let object = identity(place, id, kind);
    let spec = tree.get(id, "spec");
    let text = |id: Option<NodeId>, key: &str| {
        id.and_then(|id| tree.get_scalar(id, key)).filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let into = |steps: &[&str]| steps.iter().try_fold(id, |id, step| tree.get(id, step));
    let named = |kind, release_name, target_namespace, sources| Release {
        kind,
        document: place.document,
        at: at.clone(),
        name: object.name.clone(),
        namespace: object.namespace.clone(),
        release_name,
        target_namespace,
        sources,
    };
    match kind {
        "HelmRelease" => {
            let chart = into(&["spec", "chart", "spec"]);
            let name = text(chart, "chart");
            let of_git = chart
                .and_then(|chart| tree.get(chart, "sourceRef"))
                .and_then(|source| tree.get_scalar(source, "kind"))
                .is_some_and(|kind| kind == "GitRepository");
            let source = ReleaseSource {
                at: at.child("spec"),
                path: name.clone().filter(|_| of_git),
                chart: name.as_deref().and_then(|name| name.rsplit('/').next()).map(str::to_owned),
                value_files: chart.map(|chart| texts(tree, chart, "valuesFiles")).unwrap_or_default(),
                value_maps: config_maps(tree, spec),
                values: Some(at.child("spec").child("values")),
            };
            Some(named(
                ReleaseKind::HelmRelease,
                text(spec, "releaseName"),
                text(spec, "targetNamespace"),
                vec![source],
            ))
        }
        "Application" | "ApplicationSet" if is_argo(place, id) => {
            let is_set = kind == "ApplicationSet";
            let deployed = if is_set { into(&["spec", "template", "spec"]) } else { spec };
            let destination = deployed.and_then(|spec| tree.get(spec, "destination"));
            let sources: Vec<_> =
                sources(place, id, kind, &at).into_iter().map(|(id, at)| argo_source(tree, id, at)).collect();
            let helm =
                |source: &NodeId| tree.get(*source, "helm").and_then(|helm| tree.get_scalar(helm, "releaseName"));
            let release_name =
                self::sources(place, id, kind, &at).iter().find_map(|(id, _)| helm(id).map(str::to_owned));
            let kind = if is_set { ReleaseKind::ApplicationSet } else { ReleaseKind::Application };
            let namespace = text(destination, "namespace").filter(|text| !text.contains("{{"));
            Some(named(kind, release_name, namespace, sources))
        }
        "Kustomization" => {
            let version = tree.get_scalar(id, "apiVersion")?;
            version.starts_with("kustomize.toolkit.fluxcd.io/").then_some(())?;
            let path = text(spec, "path");
            let source = ReleaseSource { at: at.child("spec"), path, ..ReleaseSource::default() };
            Some(named(ReleaseKind::Kustomization, None, text(spec, "targetNamespace"), vec![source]))
        }
        _ => None,
    }
}

fn argo_source(tree: &Tree<'_>, id: NodeId, at: Pointer) -> ReleaseSource {
    let text = |key: &str| tree.get_scalar(id, key).map(str::to_owned);
    let helm = tree.get(id, "helm");
    let values = helm.and_then(|helm| tree.get(helm, "valuesObject")).map(|_| at.child("helm").child("valuesObject"));
    ReleaseSource {
        path: text("path"),
        chart: text("chart"),
        value_files: helm.map(|helm| texts(tree, helm, "valueFiles")).unwrap_or_default(),
        value_maps: Vec::new(),
        values,
        at,
    }
}

fn texts(tree: &Tree<'_>, id: NodeId, key: &str) -> Vec<String> {
    let items = tree.get(id, key).map(|id| tree.items(id)).unwrap_or_default();
    items.iter().filter_map(|item| tree.scalar(*item).map(str::to_owned)).collect()
}

/// ConfigMaps under `spec.valuesFrom`.
fn config_maps(tree: &Tree<'_>, spec: Option<NodeId>) -> Vec<String> {
    let items = spec.and_then(|spec| tree.get(spec, "valuesFrom")).map(|id| tree.items(id)).unwrap_or_default();
    let map = |item: &NodeId| {
        let is_map = tree.get_scalar(*item, "kind").is_some_and(|kind| kind == "ConfigMap");
        is_map.then(|| tree.get_scalar(*item, "name").map(str::to_owned)).flatten()
    };
    items.iter().filter_map(map).collect()
}
