//! Versions of charts: `Chart.yaml`'s dependencies, a HelmRelease's chart, an Argo CD source of a chart, a kustomization's
//! `helmCharts`, a helmfile's releases, and an OCIRepository that holds a chart.
//!
//! Which versions a chart repository has is not asked here.

use super::{BumpError, Change, Document, Edit, Identity, ObjectContainer, application, is_kustomization, manifest};
use crate::formats::yaml::{NodeId, Pointer, Tree};

/// The version of a chart in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChartVersion {
    /// Path of the file in the repository.
    pub file: String,
    /// Document in the file, counted from 0.
    pub document: usize,
    /// The scalar.
    pub pointer: Pointer,
    /// Its line, counted from 1.
    pub line: usize,
    /// The chart's name; of a chart that only a URL names, the URL's last part.
    pub chart: String,
    /// Where the chart comes from: a URL, `alias:NAME`, or `Kind/name` of a Flux source; empty where it does not say.
    pub repository: String,
    /// The version, or a range of them.
    pub version: String,
    /// The object that it stands in; None for a `Chart.yaml` and the like.
    pub object: Option<ObjectContainer>,
    /// What must be found beside it for an edit to mean the same.
    beside: Vec<(Pointer, String)>,
}

/// Whether a file's name makes it a chart's own description.
pub fn is_chart_file(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    matches!(name, "Chart.yaml" | "Chart.yml" | "Chart.lock" | "requirements.yaml" | "requirements.lock")
}

/// All versions of charts in a file.
pub fn charts(path: &str, tree: &Tree<'_>) -> Vec<ChartVersion> {
    let mut found = Vec::new();
    let name = path.rsplit('/').next().unwrap_or(path);
    for document in 0..tree.documents() {
        let Some(root) = tree.root(document) else { continue };
        let place = Document { path, tree, document };
        let mut add = |list: &str, chart: &str, repository: &str| {
            let items = tree.get(root, list).map(|id| tree.items(id)).unwrap_or_default();
            for (index, item) in items.iter().enumerate() {
                let at = Pointer::root().child(list).child(index);
                found.extend(version(&place, *item, &at, ["version", chart, repository], None));
            }
        };
        match name {
            "Chart.yaml" | "Chart.yml" | "requirements.yaml" => add("dependencies", "name", "repository"),
            "Chart.lock" | "requirements.lock" => {}
            _ if is_kustomization(path) => add("helmCharts", "name", "repo"),
            _ if name.starts_with("helmfile") => add("releases", "chart", "chart"),
            _ => found.extend(manifest::objects(&place, root).into_iter().flat_map(|o| of_object(&place, &o))),
        }
    }
    found
}

fn of_object(place: &Document<'_, '_>, (id, kind, at): &(NodeId, &str, Pointer)) -> Vec<ChartVersion> {
    let tree = place.tree;
    let object = manifest::identity(place, *id, kind);
    let into = |id: NodeId, steps: &[&str]| steps.iter().try_fold(id, |id, step| tree.get(id, step));
    match *kind {
        "HelmRelease" => {
            let Some(spec) = into(*id, &["spec", "chart", "spec"]) else { return Vec::new() };
            let at = at.child("spec").child("chart").child("spec");
            let source = tree.get(spec, "sourceRef");
            let of_source = |key: &str| source.and_then(|source| tree.get_scalar(source, key)).unwrap_or_default();
            let named = format!("{}/{}", of_source("kind"), of_source("name"));
            let found = version(place, spec, &at, ["version", "chart", ""], Some(object));
            found.map(|found| ChartVersion { repository: named, ..found }).into_iter().collect()
        }
        "Application" | "ApplicationSet" if manifest::is_argo(place, *id) => {
            let sources = application::sources(place, *id, kind, at);
            let of_chart = sources.into_iter().filter(|(source, _)| tree.get(*source, "chart").is_some());
            of_chart
                .filter_map(|(source, at)| {
                    version(place, source, &at, ["targetRevision", "chart", "repoURL"], Some(object.clone()))
                })
                .collect()
        }
        "OCIRepository" => {
            let Some(spec) = into(*id, &["spec"]) else { return Vec::new() };
            let url = tree.get_scalar(spec, "url").unwrap_or_default();
            let Some(reference) = tree.get(spec, "ref") else { return Vec::new() };
            let at = at.child("spec").child("ref");
            let found = version(place, reference, &at, ["tag", "", ""], Some(object));
            let chart = url.rsplit('/').next().unwrap_or_default().to_owned();
            found.map(|found| ChartVersion { chart, repository: url.to_owned(), ..found }).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// The version in a mapping; `keys` name the version, the chart and its repository.
fn version(
    place: &Document<'_, '_>,
    mapping: NodeId,
    at: &Pointer,
    [key, chart, repository]: [&str; 3],
    object: Option<ObjectContainer>,
) -> Option<ChartVersion> {
    let tree = place.tree;
    let value = tree.get(mapping, key)?;
    let text = |key: &str| tree.get_scalar(mapping, key).unwrap_or_default().to_owned();
    let beside = ["name", "alias", "chart", "releaseName"]
        .into_iter()
        .filter_map(|key| Some((at.child(key), tree.get_scalar(mapping, key)?.to_owned())));
    Some(ChartVersion {
        file: place.path.to_owned(),
        document: place.document,
        pointer: at.child(key),
        line: tree.node(value).line,
        chart: text(chart),
        repository: text(repository),
        version: tree.scalar(value)?.to_owned(),
        object,
        beside: beside.collect(),
    })
}

/// The edit that gives `found` another version.
pub fn bump_chart(found: &ChartVersion, to: &str) -> Result<Edit, BumpError> {
    if found.version == to {
        return Err(BumpError::Already { file: found.file.clone(), version: to.to_owned() });
    }
    let mut identity: Vec<Identity> = found
        .beside
        .iter()
        .map(|(pointer, value)| Identity { pointer: pointer.clone(), value: value.clone() })
        .collect();
    if let Some(object) = &found.object {
        identity.extend(super::bump::of_object(object, &found.pointer));
    }
    let change = Change::Replace {
        document: found.document,
        pointer: found.pointer.clone(),
        identity,
        from: found.version.clone(),
        to: to.to_owned(),
    };
    Ok(Edit { path: found.file.clone(), changes: vec![change] })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(
        "charts/shop/Chart.yaml",
        "apiVersion: v2\nname: shop\nversion: 0.1.0\ndependencies:\n- name: redis # cache\n  alias: cache\n  version: V1 # pinned\n  repository: https://charts.example.com\n",
        "redis",
        "https://charts.example.com"
    )]
    #[case(
        "a.yaml",
        "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: web}\nspec:\n  chart:\n    spec:\n      chart: podinfo\n      version: V1\n      sourceRef: {kind: HelmRepository, name: podinfo}\n",
        "podinfo",
        "HelmRepository/podinfo"
    )]
    #[case(
        "a.yaml",
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: web}\nspec:\n  sources:\n  - repoURL: https://git.example.com/x\n    targetRevision: main\n    ref: values\n  - repoURL: registry.example.com/charts\n    chart: podinfo\n    targetRevision: V1\n",
        "podinfo",
        "registry.example.com/charts"
    )]
    #[case(
        "a.yaml",
        "apiVersion: source.toolkit.fluxcd.io/v1\nkind: OCIRepository\nmetadata: {name: web}\nspec:\n  url: oci://registry.example.com/charts/podinfo\n  ref:\n    tag: V1\n",
        "podinfo",
        "oci://registry.example.com/charts/podinfo"
    )]
    #[case(
        "kustomization.yaml",
        "helmCharts:\n- name: podinfo\n  repo: https://charts.example.com\n  version: V1\n",
        "podinfo",
        "https://charts.example.com"
    )]
    fn versions_of_charts(#[case] path: &str, #[case] text: &str, #[case] chart: &str, #[case] repository: &str) {
        let before = text.replace("V1", "6.5.0");
        let tree = Tree::parse(before.as_bytes()).unwrap();
        let all = charts(path, &tree);
        assert_eq!(all.len(), 1, "{all:#?}");
        assert_eq!((&*all[0].chart, &*all[0].repository, &*all[0].version), (chart, repository, "6.5.0"));
        let edit = bump_chart(&all[0], "6.5.1").unwrap();
        let applied = edit.apply(before.as_bytes()).unwrap();
        assert_eq!(String::from_utf8(applied.bytes).unwrap(), text.replace("V1", "6.5.1"));
        assert!(bump_chart(&all[0], "6.5.0").is_err());
    }

    #[test]
    fn an_edit_of_a_chart_follows_it() {
        let before = "dependencies:\n- name: redis\n  version: 1.0.0\n";
        let tree = Tree::parse(before.as_bytes()).unwrap();
        let edit = bump_chart(&charts("Chart.yaml", &tree)[0], "1.1.0").unwrap();
        let moved = "dependencies:\n- name: mysql\n  version: 1.0.0\n- name: redis\n  version: 1.0.0\n";
        let after = String::from_utf8(edit.apply(moved.as_bytes()).unwrap().bytes).unwrap();
        assert_eq!(after, "dependencies:\n- name: mysql\n  version: 1.0.0\n- name: redis\n  version: 1.1.0\n");
    }
}
