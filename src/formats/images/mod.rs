//! Image references in files: where they are, what they say, and the edit that bumps one.
//!
//! Each [`Format`] has one file here. Reading follows aliases and keeps what it cannot edit, so that a later refusal can name
//! the place; an [`Edit`] is data that is applied to the bytes of any commit and checks that it still means the same there.

mod application;
mod bump;
mod chart;
mod edit;
mod helm_release;
mod keys;
mod kustomize;
mod locate;
mod manifest;
mod marker;
mod parts;
mod planned;
mod values;

use serde::{Deserialize, Serialize};

use crate::formats::yaml::{NodeId, Pointer, Tree};
use crate::model::image::ImageReference;

pub use application::overrides;
pub(in crate::formats) use application::sources;
pub use bump::{BumpError, NewVersion, bump, insert_override};
pub use chart::{ChartVersion, bump_chart, charts, is_chart_file};
pub use edit::{Applied, Change, Edit, Identity};
pub use kustomize::is_kustomization;
pub(in crate::formats) use manifest::{identity, is_argo, objects};

/// The kind of file that a reference was found in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Format {
    /// An entry of a kustomization's `images:`, or of the same list in Flux's Kustomization.
    Kustomize,
    /// A container of a plain manifest.
    Manifest,
    /// Helm values in a file of their own, or in a ConfigMap.
    Values,
    /// The values in a Flux HelmRelease.
    HelmRelease,
    /// A source of an Argo CD Application.
    Application,
    /// `.argocd-source-*.yaml`, which Argo CD's Image Updater writes.
    Override,
    /// A custom resource.
    Custom,
    /// A scalar with a Flux setter marker that no other format reads.
    Marked,
    /// A file that has nothing to do with a cluster: a pipeline, a compose file. Never edited for a workload.
    Other,
}

/// An image reference in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// Path of the file in the repository, with `/` and without a leading one.
    pub file: String,
    /// Document in the file, counted from 0.
    pub document: usize,
    /// The entry: for kustomize the item under `images`, for parts with keys of their own the mapping, else the scalar.
    pub pointer: Pointer,
    /// What kind of file.
    pub format: Format,
    /// The image as it results: for kustomize `newName` (or `name`) with `newTag` and `digest`. The repository is empty where
    /// only a tag is written, and a mere registry where that stands alone.
    pub image: ImageReference,
    /// For kustomize: the name before transformation, which the entry matches.
    pub matches: Option<String>,
    /// For an object: the container, or the key of its values.
    pub object: Option<ObjectContainer>,
    /// Line of the reference, counted from 1.
    pub line: usize,
    /// Where its parts are written.
    pub written: Written,
    /// For values: the key of the image, `web.image`, by which several layers of values are laid on each other.
    pub slot: Vec<String>,
    /// The scalar that holds the document which `pointer` and `written` lead through, where it is one inside another.
    pub within: Option<Pointer>,
}

/// Where the parts of a reference are written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Written {
    /// The keys of a kustomization's entry.
    Entry,
    /// All in one scalar.
    Scalar(Pointer),
    /// In scalars of their own.
    Keys(Keys),
}

/// The scalars of a reference in parts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keys {
    /// The registry.
    pub registry: Option<Pointer>,
    /// The repository.
    pub repository: Option<Pointer>,
    /// The tag, or tag and digest.
    pub tag: Option<Pointer>,
    /// The digest.
    pub digest: Option<Pointer>,
}

impl Keys {
    /// Whether nothing but a registry is said.
    pub fn is_registry_only(&self) -> bool {
        self.registry.is_some() && self.repository.is_none() && self.tag.is_none() && self.digest.is_none()
    }
}

impl Found {
    /// Whether the scalar at `pointer` is a part of the reference.
    pub fn covers(&self, pointer: &Pointer) -> bool {
        match &self.written {
            _ if self.within.is_some() => self.within.as_ref() == Some(pointer),
            Written::Entry => pointer.steps().starts_with(self.pointer.steps()),
            Written::Scalar(scalar) => scalar == pointer,
            Written::Keys(keys) => [&keys.registry, &keys.repository, &keys.tag, &keys.digest]
                .into_iter()
                .flatten()
                .any(|key| key == pointer),
        }
    }
}

/// A container of an object in a file.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ObjectContainer {
    /// The object's kind, for example `Deployment`.
    pub kind: String,
    /// `metadata.namespace`, where written.
    pub namespace: Option<String>,
    /// `metadata.name`.
    pub name: String,
    /// The container's name; for values the key of the image.
    pub container: String,
}

/// A file of one repository can hold this many references; more is no file that people edit.
pub(crate) const MAX_PER_FILE: usize = 10_000;

/// All references of a file. `path` decides what kind of file it is where its content does not say.
pub fn find(path: &str, tree: &Tree<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for document in 0..tree.documents() {
        let Some(root) = tree.root(document) else { continue };
        let place = Document { path, tree, document };
        read(&place, root, &mut found);
        marker::find(&place, root, &mut found);
        if found.len() >= MAX_PER_FILE {
            found.truncate(MAX_PER_FILE);
            break;
        }
    }
    found
}

fn read(place: &Document<'_, '_>, root: NodeId, found: &mut Vec<Found>) {
    let (path, tree) = (place.path, place.tree);
    if is_kustomization(path) {
        kustomize::find(place, root, found);
    } else if overrides(path).is_some() {
        application::find_source(place, root, &Pointer::root(), None, Format::Override, found);
    } else if tree.get(root, "kind").is_some() {
        manifest::find(place, root, found);
    } else if !is_chart_file(path) {
        let format = if is_elsewhere(path) || !tree.items(root).is_empty() { Format::Other } else { Format::Values };
        let lone_tags = format == Format::Values;
        let scope = values::Scope { format, base: Pointer::root(), object: None, lone_tags };
        values::find(place, root, &scope, found);
    }
}

/// Whether a file is by its name no Helm values: pipelines, compose files, the tools' own configuration.
fn is_elsewhere(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    let folders =
        [".github", ".circleci", ".gitlab", ".tekton", ".woodpecker", ".azuredevops", "node_modules", ".vscode"];
    let names =
        ["docker-compose", "compose", ".gitlab-ci", ".travis", ".drone", "azure-pipelines", "taskfile", ".pre-commit"];
    path.split('/').any(|step| folders.contains(&step))
        || names.iter().any(|start| name.starts_with(start))
        || matches!(name.as_str(), "skaffold.yaml" | "tiltfile" | "mkdocs.yml" | "renovate.json" | "package.json")
}

/// A cheap test before parsing: whether bytes hold a word that every reference or version of a chart comes with.
pub(in crate::formats) fn might_hold(bytes: &[u8]) -> bool {
    const WORDS: [&[u8]; 5] = [b"mage", b"ag:", b"ag\":", b"epository", b"targetRevision"];
    WORDS.iter().any(|word| memchr::memmem::find(bytes, word).is_some())
}

/// One document of a file, as the formats read it.
pub(in crate::formats) struct Document<'t, 'a> {
    /// Path of the file.
    pub path: &'t str,
    /// The file.
    pub tree: &'t Tree<'a>,
    /// The document's number.
    pub document: usize,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::yaml::Reason;
    use proptest::prelude::*;
    use rstest::rstest;

    const DIGEST: &str = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

    fn all(path: &str, text: &str) -> Vec<Found> {
        find(path, &Tree::parse(text.as_bytes()).unwrap())
    }

    fn bumped(path: &str, before: &str, to: &str) -> (Edit, String) {
        let tree = Tree::parse(before.as_bytes()).unwrap();
        let edit = bump(&find(path, &tree)[0], &tree, &NewVersion::parse(to).unwrap()).unwrap();
        let applied = edit.apply(before.as_bytes()).unwrap();
        assert!(edit.is_applied(&applied.bytes) && !edit.is_applied(before.as_bytes()));
        (edit, String::from_utf8(applied.bytes).unwrap())
    }

    #[rstest]
    #[case("Deployment", "/spec/template/spec")]
    #[case("StatefulSet", "/spec/template/spec")]
    #[case("DaemonSet", "/spec/template/spec")]
    #[case("ReplicaSet", "/spec/template/spec")]
    #[case("Job", "/spec/template/spec")]
    #[case("Rollout", "/spec/template/spec")]
    #[case("CronJob", "/spec/jobTemplate/spec/template/spec")]
    #[case("Pod", "/spec")]
    fn every_kind_with_containers(#[case] kind: &str, #[case] path: &str) {
        let containers = "{initContainers: [{name: i, image: a:1}], containers: [{name: c, image: 'r:5000/b:2'}], ephemeralContainers: [{name: e, image: c}]}";
        let inner: Vec<&str> = path.split('/').skip(2).collect();
        let spec = inner.iter().rev().fold(containers.to_owned(), |spec, step| format!("{{{step}: {spec}}}"));
        let text = format!("kind: {kind}\nmetadata: {{name: n, namespace: s}}\nspec: {spec}\n");
        let found = all("a.yaml", &text);
        assert_eq!(found.len(), 3, "{text}");
        let container = found.iter().find(|f| f.pointer.to_string() == format!("{path}/containers/0/image")).unwrap();
        assert_eq!(container.image.to_string(), "r:5000/b:2");
        let object = container.object.clone().unwrap();
        assert_eq!(
            (object.kind.as_str(), object.namespace.as_deref(), object.name.as_str(), object.container.as_str()),
            (kind, Some("s"), "n", "c")
        );
    }

    #[test]
    fn lists_and_documents() {
        let text = "kind: List\nitems:\n- kind: Pod\n  metadata: {name: a}\n  spec: {containers: [{image: x:1}]}\n---\nkind: PodList\nitems:\n- kind: Pod\n  spec: {containers: [{image: y:1}]}\n---\nkind: ConfigMap\ndata: {image: z:1}\n";
        let found = all("a.yaml", text);
        let places: Vec<String> = found.iter().map(|f| format!("{}{}", f.document, f.pointer)).collect();
        assert_eq!(places, ["0/items/0/spec/containers/0/image", "1/items/0/spec/containers/0/image"]);
        assert_eq!(found[0].line, 5);
    }

    #[test]
    fn a_list_that_holds_itself_ends() {
        assert!(all("a.yaml", "&l\nkind: List\nitems: [*l, *l, *l]\n").is_empty());
    }

    #[rstest]
    #[case::tag("images:\n- name: a\n  newTag: v1 # c\n", "v2", "images:\n- name: a\n  newTag: v2 # c\n")]
    #[case::digest_goes(
        "images:\n- name: a\n  newTag: v1\n  digest: DIGEST\n",
        "v2",
        "images:\n- name: a\n  newTag: v2\n"
    )]
    #[case::digest_becomes_tag("images:\n- digest: DIGEST\n  name: a\n", "v2", "images:\n- name: a\n  newTag: v2\n")]
    #[case::name_only(
        "images:\n- name: a\n  newName: b\n",
        "1.10",
        "images:\n- name: a\n  newName: b\n  newTag: \"1.10\"\n"
    )]
    #[case::both(
        "images:\n- name: a\n  newTag: v1\n",
        "v2@DIGEST",
        "images:\n- name: a\n  newTag: v2\n  digest: DIGEST\n"
    )]
    fn kustomize_bumps(#[case] before: &str, #[case] to: &str, #[case] after: &str) {
        let full = |text: &str| text.replace("DIGEST", DIGEST);
        let (_, text) = bumped("x/kustomization.yaml", &full(before), &full(to));
        assert_eq!(text, full(after));
    }

    #[test]
    fn manifest_bump_drops_the_digest() {
        let before = format!("kind: Pod\r\nspec:\r\n  containers:\r\n  - image: \"r:5000/a:v1@{DIGEST}\" # x\r\n");
        let (_, after) = bumped("p.yaml", &before, "v2");
        assert_eq!(after, "kind: Pod\r\nspec:\r\n  containers:\r\n  - image: \"r:5000/a:v2\" # x\r\n");
    }

    #[test]
    fn an_edit_follows_its_entry() {
        let (edit, _) = bumped("kustomization.yaml", "images:\n- name: a\n  newTag: v1\n", "v2");
        let moved = "images:\n- name: z\n  newTag: v1\n- name: a\n  newTag: v1\n";
        let applied = String::from_utf8(edit.apply(moved.as_bytes()).unwrap().bytes).unwrap();
        assert_eq!(applied, "images:\n- name: z\n  newTag: v1\n- name: a\n  newTag: v2\n");

        let pod = "kind: Pod\nmetadata: {name: NAME}\nspec:\n  containers:\n  - {name: side, image: p:1}\n  - {name: app, image: a:v1}\n";
        let one = pod.replace("NAME", "one").replace("  - {name: side, image: p:1}\n", "");
        let (edit, _) = bumped("p.yaml", &one, "v2");
        let two = format!("{}---\n{}", pod.replace("NAME", "zero"), pod.replace("NAME", "one"));
        let applied = String::from_utf8(edit.apply(two.as_bytes()).unwrap().bytes).unwrap();
        assert_eq!(
            applied,
            format!("{}---\n{}", pod.replace("NAME", "zero"), pod.replace("NAME", "one").replace("a:v1", "a:v2"))
        );
    }

    #[rstest]
    #[case::other_value("images:\n- name: a\n  newTag: v9\n")]
    #[case::entry_gone("images:\n- name: b\n  newTag: v1\n")]
    #[case::twice("images:\n- name: x\n- name: a\n  newTag: v1\n- name: a\n  newTag: v1\n")]
    fn an_edit_refuses_what_changed(#[case] now: &str) {
        let (edit, _) = bumped("kustomization.yaml", "images:\n- name: a\n  newTag: v1\n", "v2");
        assert!(matches!(edit.apply(now.as_bytes()).unwrap_err().reason, Reason::Changed { .. }));
    }

    #[test]
    fn an_edit_survives_serialisation() {
        let (edit, _) = bumped("kustomization.yaml", "images:\n- name: a/b\n  newTag: v1\n", "v2");
        let text = serde_json::to_string(&edit).unwrap();
        assert_eq!(serde_json::from_str::<Edit>(&text).unwrap(), edit);
        assert_eq!(edit.changes[0].to_string(), "/images/0/newTag: v1 → v2");
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "(kind: (List|Pod)\n|items:\n|- |  |spec:|containers:|image: a:v1\n|&x |\\*x|images:\n|name: a\n|[\\[\\]{},])*") {
            if let Ok(tree) = Tree::parse(text.as_bytes()) {
                for path in ["a.yaml", "kustomization.yaml"] {
                    for found in find(path, &tree) {
                        if let Ok(edit) = bump(&found, &tree, &NewVersion::parse("v2").unwrap()) {
                            let _ = edit.apply(text.as_bytes());
                        }
                    }
                }
            }
        }
    }
}
