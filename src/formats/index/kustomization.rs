//! What a kustomization says that decides where an image comes from: its resources, components, patches, namespace, names.

use crate::formats::images::{Found, find};
use crate::formats::yaml::{NodeId, Pointer, Tree};
use crate::model::image::ImageReference;

/// A kustomization's part in the graph. Paths are relative to the top of the repository; remote resources are left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kustomization {
    /// The file.
    pub path: String,
    /// Its folder; empty at the top.
    pub folder: String,
    /// The namespace it gives to everything.
    pub namespace: Option<String>,
    /// `namePrefix`.
    pub name_prefix: String,
    /// `nameSuffix`.
    pub name_suffix: String,
    /// Files and folders under `resources` and `bases`.
    pub resources: Vec<String>,
    /// Folders under `components`.
    pub components: Vec<String>,
    /// Patches that may set an image.
    pub patches: Vec<Patch>,
    /// Whether it is a Component, which only works inside others.
    pub is_component: bool,
    /// How many references its own `images:` has.
    pub images: usize,
}

/// A patch, by file or inline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patch {
    /// Where the patch is written.
    pub content: PatchContent,
    /// Kind and name that it is for, where written apart from its content.
    pub target: Option<(Option<String>, Option<String>)>,
}

/// Where a patch is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PatchContent {
    /// In a file of the repository.
    File(String),
    /// Inside the kustomization; these are the references in it, which cannot be edited there.
    Inline(Vec<Found>),
    /// The same as a JSON patch.
    Operations(Vec<Operation>),
}

/// The part of a JSON patch that sets an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// The image within its object.
    pub path: Pointer,
    /// What it becomes.
    pub image: ImageReference,
}

impl Kustomization {
    /// Reads the first document of a kustomization file.
    pub(super) fn read(path: &str, tree: &Tree<'_>, images: usize) -> Self {
        let folder = super::folder_of(path).to_owned();
        let root = tree.root(0);
        let text = |key: &str| root.and_then(|root| tree.get_scalar(root, key)).unwrap_or_default().to_owned();
        let list = |key: &str| root.and_then(|root| tree.get(root, key)).map(|id| tree.items(id)).unwrap_or_default();
        let paths = |key: &str| -> Vec<String> {
            list(key).iter().filter_map(|item| join(&folder, tree.scalar(*item)?)).collect()
        };
        let mut patches: Vec<Patch> = list("patches").iter().filter_map(|item| patch(tree, *item, &folder)).collect();
        for item in list("patchesStrategicMerge") {
            let Some(text) = tree.scalar(*item) else { continue };
            let content = if text.contains('\n') { inline(text) } else { join(&folder, text).map(PatchContent::File) };
            patches.extend(content.map(|content| Patch { content, target: None }));
        }
        Self {
            path: path.to_owned(),
            namespace: Some(text("namespace")).filter(|namespace| !namespace.is_empty()),
            name_prefix: text("namePrefix"),
            name_suffix: text("nameSuffix"),
            resources: [paths("resources"), paths("bases")].concat(),
            components: paths("components"),
            patches,
            is_component: text("kind") == "Component",
            images,
            folder,
        }
    }
}

fn patch(tree: &Tree<'_>, item: NodeId, folder: &str) -> Option<Patch> {
    let target = tree.get(item, "target").map(|target| {
        let text = |key: &str| tree.get_scalar(target, key).map(str::to_owned);
        (text("kind"), text("name"))
    });
    let content = match (tree.get_scalar(item, "path"), tree.get_scalar(item, "patch")) {
        (Some(path), _) => PatchContent::File(join(folder, path)?),
        (None, Some(text)) => inline(text)?,
        (None, None) => return None,
    };
    Some(Patch { content, target })
}

fn inline(text: &str) -> Option<PatchContent> {
    let tree = Tree::parse(text.as_bytes()).ok()?;
    let (found, operations) = (find("", &tree), operations(&tree));
    if operations.is_empty() {
        (!found.is_empty()).then_some(PatchContent::Inline(found))
    } else {
        Some(PatchContent::Operations(operations))
    }
}

/// What a JSON patch (RFC 6902) does to images. Empty for everything else.
pub(super) fn operations(tree: &Tree<'_>) -> Vec<Operation> {
    let items = tree.root(0).map(|root| tree.items(root)).unwrap_or_default();
    let operation = |item: &NodeId| {
        let path = tree.get_scalar(*item, "path").filter(|path| path.ends_with("/image"))?;
        tree.get_scalar(*item, "op").filter(|op| matches!(*op, "add" | "replace"))?;
        let image = ImageReference::parse(tree.get_scalar(*item, "value")?).ok()?;
        Some(Operation { path: Pointer::parse(path), image })
    };
    items.iter().filter_map(operation).collect()
}

/// A path in a kustomization, from its folder to the top of the repository. `None` for URLs and for paths that leave it.
pub(super) fn join(folder: &str, path: &str) -> Option<String> {
    if path.contains("://") || path.contains('?') || path.starts_with("git@") || path.starts_with('/') {
        return None;
    }
    let mut steps: Vec<&str> = folder.split('/').filter(|step| !step.is_empty()).collect();
    for step in path.split('/') {
        match step {
            "" | "." => {}
            ".." => {
                steps.pop()?;
            }
            name => steps.push(name),
        }
    }
    Some(steps.join("/"))
}

#[cfg(test)]
mod tests {
    use super::join;

    #[test]
    fn paths_stay_in_the_repository() {
        assert_eq!(join("overlays/prod", "../../base").as_deref(), Some("base"));
        assert_eq!(join("", "./a/").as_deref(), Some("a"));
        assert_eq!(join("a", "../../etc"), None);
        assert_eq!(join("a", "https://github.com/x/y"), None);
        assert_eq!(join("a", "github.com/x/y?ref=v1"), None);
    }
}
