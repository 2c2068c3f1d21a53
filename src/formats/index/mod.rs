//! The image references of a repository, and the way from a running workload to the one that sets its image.
//!
//! Built from the files of one commit. The kustomization graph is followed as kustomize would, for images only: which base,
//! patch or `images:` entry the image of each container finally comes from, and which other environments share that source.
//! Nothing is guessed silently: every [`Candidate`] says why, and equals are handed back for the operator to choose.

mod candidates;
mod environment;
mod kustomization;
mod mapping;
mod render;

use std::collections::BTreeMap;

use crate::formats::images::{Found, find, is_kustomization};
use crate::formats::yaml::{Reason, Refusal, Tree};

pub use candidates::{Candidate, EditError, Place, Reach};
pub use kustomization::Kustomization;
pub use mapping::{MappingError, Target};
use render::Instance;

/// Files larger than this are data, not configuration.
const MAX_FILE_BYTES: usize = 8 << 20;

/// Everything that one commit says about images.
#[derive(Debug, Default)]
pub struct Index {
    files: BTreeMap<String, Vec<Found>>,
    kustomizations: BTreeMap<String, Kustomization>,
    unreadable: Vec<(String, Refusal)>,
    searched: usize,
    instances: Vec<Instance>,
}

impl Index {
    /// Reads the files of a commit, given as path (with `/`) and bytes. Files that cannot hold a reference are not parsed;
    /// those that look as if they did and do not parse are kept in [`Index::unreadable`].
    pub fn build<P: AsRef<str>, B: AsRef<[u8]>>(files: impl IntoIterator<Item = (P, B)>) -> Self {
        let mut index = Self::default();
        for (path, bytes) in files {
            index.read(path.as_ref(), bytes.as_ref());
        }
        index.instances = render::all(&index.kustomizations, &index.files);
        index
    }

    /// Whether a file of this name can be of interest, so that its bytes are worth loading.
    pub fn wants(path: &str) -> bool {
        is_kustomization(path) || [".yaml", ".yml", ".json"].iter().any(|ending| path.ends_with(ending))
    }

    fn read(&mut self, path: &str, bytes: &[u8]) {
        self.searched += 1;
        let is_kustomization = is_kustomization(path);
        if !Self::wants(path) || !(is_kustomization || might_hold_images(bytes)) {
            return;
        }
        if bytes.len() > MAX_FILE_BYTES {
            self.unreadable.push((path.to_owned(), Refusal::of_file(Reason::NotYaml("larger than 8 MiB".into()))));
            return;
        }
        match Tree::parse(bytes) {
            Ok(tree) => {
                let found = find(path, &tree);
                if is_kustomization {
                    let kustomization = Kustomization::read(path, &tree, found.len());
                    self.kustomizations.insert(kustomization.folder.clone(), kustomization);
                }
                if !found.is_empty() {
                    self.files.insert(path.to_owned(), found);
                }
            }
            Err(refusal) => self.unreadable.push((path.to_owned(), refusal)),
        }
    }

    /// Every reference, in the order of paths.
    pub fn references(&self) -> impl Iterator<Item = &Found> {
        self.files.values().flatten()
    }

    /// The kustomizations by folder.
    pub fn kustomizations(&self) -> impl Iterator<Item = &Kustomization> {
        self.kustomizations.values()
    }

    /// Files that look as if they held references but could not be read, and why.
    pub fn unreadable(&self) -> &[(String, Refusal)] {
        &self.unreadable
    }

    /// How many files were looked at.
    pub fn searched(&self) -> usize {
        self.searched
    }
}

/// A cheap test before parsing: both words stand in every manifest that has containers.
fn might_hold_images(bytes: &[u8]) -> bool {
    contains(bytes, b"image") && contains(bytes, b"kind")
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    let Some((first, rest)) = needle.split_first() else { return true };
    let mut from = 0;
    while let Some(at) = haystack[from..].iter().position(|byte| byte == first) {
        from += at + 1;
        if haystack[from..].starts_with(rest) {
            return true;
        }
    }
    false
}

/// The folder of a path; empty at the top of the repository.
fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::images::NewVersion;
    use crate::model::image::ImageReference;

    fn deployment(name: &str, image: &str) -> String {
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}\nspec:\n  template:\n    spec:\n      containers:\n      - name: app\n        image: {image}\n"
        )
    }

    fn target(namespace: &str, name: &str, image: &str) -> Target {
        Target {
            kind: "Deployment".into(),
            namespace: namespace.into(),
            name: name.into(),
            container: "app".into(),
            image: ImageReference::parse(image).unwrap(),
            environments: Vec::new(),
        }
    }

    fn index(files: &[(&str, &str)]) -> Index {
        Index::build(files.iter().copied())
    }

    fn bumped(index: &Index, target: &Target, files: &[(&str, &str)]) -> (String, String) {
        let candidate = index.place(target).unwrap();
        let bytes = files.iter().find(|(path, _)| *path == candidate.file()).unwrap().1.as_bytes();
        let edit = candidate.edit(bytes, &NewVersion::parse("v2").unwrap()).unwrap();
        (edit.path.clone(), String::from_utf8(edit.apply(bytes).unwrap().bytes).unwrap())
    }

    #[test]
    fn the_overlay_of_the_namespace_sets_it() {
        let base = deployment("checkout", "shop/checkout");
        let files = [
            ("base/deployment.yaml", base.as_str()),
            ("base/kustomization.yaml", "resources: [deployment.yaml]\n"),
            (
                "environments/staging/kustomization.yaml",
                "namespace: shop-staging\nresources: [../../base]\nimages:\n- name: shop/checkout\n  newTag: v1\n",
            ),
            (
                "environments/production/kustomization.yaml",
                "namespace: shop\nresources: [../../base]\nimages:\n- name: shop/checkout\n  newTag: v1\n",
            ),
        ];
        let index = index(&files);
        let target = target("shop", "checkout", "docker.io/shop/checkout:v1");
        let candidate = index.place(&target).unwrap();
        assert!(
            candidate.reason.starts_with(
                "environments/production/kustomization.yaml sets images[shop/checkout] and namespace shop"
            ),
            "{}",
            candidate.reason
        );
        assert_eq!(candidate.reaches.len(), 1);
        assert_eq!(candidate.reaches[0].environment, "environments/production");
        let (path, text) = bumped(&index, &target, &files);
        assert_eq!(path, "environments/production/kustomization.yaml");
        assert_eq!(text, files[3].1.replace("v1", "v2"));
    }

    #[test]
    fn an_overlay_without_an_entry_gets_one() {
        let base = deployment("checkout", "shop/checkout:v1");
        let files = [
            ("base/deployment.yaml", base.as_str()),
            ("base/kustomization.yaml", "resources: [deployment.yaml]\n"),
            ("staging/kustomization.yaml", "namespace: shop-staging\nresources:\n  - ../base\n"),
            ("production/kustomization.yaml", "namespace: shop\nresources:\n  - ../base\n"),
        ];
        let index = index(&files);
        let (path, text) = bumped(&index, &target("shop", "checkout", "shop/checkout:v1"), &files);
        assert_eq!(path, "production/kustomization.yaml");
        assert_eq!(text, format!("{}images:\n  - name: shop/checkout\n    newTag: v2\n", files[3].1));
    }

    #[test]
    fn plain_manifests_by_namespace_folder_and_name() {
        let (a, b) = (deployment("api", "r:5000/api:v1"), deployment("worker", "r:5000/api:v1"));
        let files = [
            ("clusters/staging/api.yaml", a.as_str()),
            ("clusters/production/api.yaml", a.as_str()),
            ("clusters/production/worker.yaml", b.as_str()),
        ];
        let index = index(&files);
        let mut wanted = target("shop-production", "api", "r:5000/api:v1");
        assert_eq!(index.place(&wanted).unwrap().file(), "clusters/production/api.yaml");
        wanted.namespace = "shop".into();
        let error = index.place(&wanted).unwrap_err();
        assert!(matches!(&error, MappingError::Ambiguous { candidates, .. } if candidates.len() == 2));
        assert!(error.to_string().contains("clusters/staging/api.yaml"), "{error}");
        wanted.environments = vec!["prod-eu".into()];
        assert_eq!(index.place(&wanted).unwrap().file(), "clusters/production/api.yaml");
    }

    #[test]
    fn nothing_found_says_what_was_searched() {
        let files =
            [("a.yaml", deployment("api", "a/api:v1")), ("broken.yaml", "{{ if .x }}\nkind: x\nimage: y\n".to_owned())];
        let index = Index::build(files.iter().map(|(path, text)| (*path, text)));
        let error = index.place(&target("shop", "web", "a/api:v1")).unwrap_err().to_string();
        assert!(error.contains("2 files searched, 1 references found"), "{error}");
        assert!(error.contains("Deployment api in any namespace"), "{error}");
        assert!(error.contains("1 files could not be read"), "{error}");
    }

    #[test]
    fn one_entry_reaches_several_workloads() {
        let (web, worker) = (deployment("web", "app:v1"), deployment("worker", "app:v1"));
        let files = [
            ("production/web.yaml", web.as_str()),
            ("production/worker.yaml", worker.as_str()),
            (
                "production/kustomization.yaml",
                "resources: [web.yaml, worker.yaml]\nimages:\n- {name: app, newName: r/app, newTag: v1}\n",
            ),
        ];
        let candidate = index(&files).place(&target("shop", "web", "r/app:v1")).unwrap();
        let names: Vec<&str> = candidate.reaches.iter().map(|reach| reach.name.as_str()).collect();
        assert_eq!(names, ["web", "worker"]);
    }

    #[test]
    fn patches_components_prefixes_and_remote_bases() {
        let base = deployment("api", "api:v1");
        let files = [
            ("base/api.yaml", base.as_str()),
            ("base/kustomization.yaml", "resources: [api.yaml]\n"),
            ("mirror/kustomization.yaml", "kind: Component\nimages:\n- name: api\n  newName: mirror/api\n"),
            (
                "one/kustomization.yaml",
                "namespace: one\nnamePrefix: x-\nresources: [../base]\ncomponents: [../mirror]\n",
            ),
            ("two/kustomization.yaml", "namespace: two\nresources: [../base]\npatches:\n- path: patch.yaml\n"),
            (
                "two/patch.yaml",
                "kind: Deployment\nmetadata: {name: api}\nspec: {template: {spec: {containers: [{name: app, image: 'api:v7'}]}}}\n",
            ),
            (
                "three/kustomization.yaml",
                "namespace: three\nresources: [\"https://example.com/base?ref=v1\"]\nimages:\n- name: api\n  newTag: v1\n",
            ),
            (
                "four/kustomization.yaml",
                "namespace: four\nresources: [../base]\npatches:\n- patch: |-\n    kind: Deployment\n    metadata: {name: api}\n    spec: {template: {spec: {containers: [{name: app, image: 'api:v7'}]}}}\n",
            ),
        ];
        let index = index(&files);
        let one = index.place(&target("one", "x-api", "mirror/api:v1")).unwrap();
        assert!(
            matches!(&one.place, Place::Insert { path, name } if path == "one/kustomization.yaml" && name == "mirror/api"),
            "{one:?}"
        );
        assert_eq!(index.place(&target("two", "api", "api:v7")).unwrap().file(), "two/patch.yaml");
        let three = index.place(&target("three", "api", "api:v1")).unwrap();
        assert!(three.reason.contains("what it builds is not in this repository"), "{}", three.reason);
        let four = index.place(&target("four", "api", "api:v7")).unwrap();
        assert!(matches!(&four.place, Place::Insert { path, .. } if path == "four/kustomization.yaml"), "{four:?}");
    }

    #[test]
    fn kustomizations_that_use_each_other_end() {
        let files = [
            ("a/kustomization.yaml", "resources: [../b]\nimages: [{name: x, newTag: v1}]\n"),
            ("b/kustomization.yaml", "resources: [../a, ../b, ../c]\ncomponents: [../a]\n"),
        ];
        assert_eq!(index(&files).references().count(), 1);
    }
}
