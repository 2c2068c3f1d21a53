//! A chart in the repository: its name, and under which keys of its values its dependencies have theirs.

use crate::formats::yaml::Tree;

/// A `Chart.yaml`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chart {
    /// Its folder; empty at the top.
    pub folder: String,
    /// `name`.
    pub name: String,
    /// `appVersion`, which many charts take for a tag that is not set.
    pub app_version: Option<String>,
    /// Dependencies.
    pub dependencies: Vec<Dependency>,
}

/// A dependency of a chart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dependency {
    /// The key of its values in its parent's: its alias, else its name.
    pub key: String,
    /// Folders in which it may be in this repository.
    pub folders: Vec<String>,
}

impl Chart {
    /// Reads a `Chart.yaml`; None for files that stand beside one.
    pub(super) fn read(path: &str, tree: &Tree<'_>) -> Option<Self> {
        if !path.ends_with("Chart.yaml") && !path.ends_with("Chart.yml") {
            return None;
        }
        let root = tree.root(0)?;
        let folder = super::folder_of(path).to_owned();
        let text = |key: &str| tree.get_scalar(root, key).map(str::to_owned);
        let items = tree.get(root, "dependencies").map(|id| tree.items(id)).unwrap_or_default();
        let dependency = |item: &crate::formats::yaml::NodeId| {
            let name = tree.get_scalar(*item, "name")?;
            let key = tree.get_scalar(*item, "alias").unwrap_or(name).to_owned();
            let beside = tree.get_scalar(*item, "repository").and_then(|url| url.strip_prefix("file://"));
            let vendored = super::kustomization::join(&folder, &format!("charts/{name}"));
            let folders = beside.and_then(|path| super::kustomization::join(&folder, path)).into_iter().chain(vendored);
            Some(Dependency { key, folders: folders.collect() })
        };
        let dependencies = items.iter().filter_map(dependency).collect();
        Some(Self { name: text("name").unwrap_or_default(), app_version: text("appVersion"), dependencies, folder })
    }
}
