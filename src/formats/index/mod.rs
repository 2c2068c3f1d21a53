//! The image references of a repository, and the way from a running workload to the one that sets its image.
//!
//! Built from the files of one commit. The kustomization graph is followed as kustomize would, for images only: which base,
//! patch or `images:` entry the image of each container finally comes from, and which other environments share that source.
//! Nothing is guessed silently: every [`Candidate`] says why, and equals are handed back for the operator to choose.

mod applied;
mod candidates;
mod chart;
mod deliver;
mod environment;
mod kustomization;
mod layers;
mod mapping;
mod reading;
mod release;
mod render;
mod score;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::formats::images::{ChartVersion, Found, is_chart_file, is_kustomization};
use crate::formats::yaml::Refusal;
use chart::Chart;

pub use candidates::{Candidate, EditError, Place, Reach};
pub use environment::is_production;
pub use kustomization::Kustomization;
pub use mapping::{MappingError, Target};
pub use reading::Reading;
use render::{Files, Instance, Kustomizations};

/// Everything that one commit says about images.
#[derive(Debug, Default)]
pub struct Index {
    files: Files,
    kustomizations: Kustomizations,
    unreadable: Vec<(String, Refusal)>,
    searched: usize,
    instances: Vec<Instance>,
}

/// Fewer files than these are read on one thread.
const WORTH_A_THREAD: usize = 64;

impl Index {
    /// Reads the files of a commit, given as path (with `/`) and bytes. Files that cannot hold a reference are not parsed;
    /// those that look as if they did and do not parse are kept in [`Index::unreadable`].
    pub fn build<P: AsRef<str> + Sync, B: AsRef<[u8]> + Sync>(files: impl IntoIterator<Item = (P, B)>) -> Self {
        let files: Vec<(P, B)> = files.into_iter().collect();
        let read = |files: &[(P, B)]| -> Vec<(String, Arc<Reading>)> {
            let reading =
                |(path, bytes): &(P, B)| (path.as_ref().to_owned(), Reading::of(path.as_ref(), bytes.as_ref()));
            files.iter().map(reading).map(|(path, reading)| (path, Arc::new(reading))).collect()
        };
        let threads = std::thread::available_parallelism().map_or(1, usize::from).min(8);
        if threads == 1 || files.len() < WORTH_A_THREAD {
            return Self::of(read(&files));
        }
        // Large files stand beside each other: shares are dealt out finely and taken by who is free.
        let next = std::sync::atomic::AtomicUsize::new(0);
        let shares: Vec<&[(P, B)]> = files.chunks(WORTH_A_THREAD / 2).collect();
        let take = || {
            let mut readings = Vec::new();
            while let Some(share) = shares.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed)) {
                readings.extend(read(share));
            }
            readings
        };
        let all = std::thread::scope(|scope| {
            let others: Vec<_> = (1..threads).map(|_| scope.spawn(take)).collect();
            let mut all = take();
            for other in others {
                // Reading does not panic; if it did, the files would only be missing here.
                all.extend(other.join().unwrap_or_default());
            }
            all
        });
        Self::of(all)
    }

    /// Puts together what was read of each file of a commit, now or before.
    pub fn of(readings: impl IntoIterator<Item = (String, Arc<Reading>)>) -> Self {
        let mut index = Self::default();
        let mut charts: BTreeMap<String, Arc<Chart>> = BTreeMap::new();
        for (path, reading) in readings {
            index.searched += 1;
            if reading.is_empty() {
                continue;
            }
            if let Some(refusal) = &reading.refusal {
                index.unreadable.push((path.clone(), refusal.clone()));
            }
            if let Some(kustomization) = &reading.kustomization {
                index.kustomizations.insert(kustomization.folder.clone(), Arc::clone(kustomization));
            }
            if let Some(chart) = &reading.chart {
                charts.insert(chart.folder.clone(), Arc::clone(chart));
            }
            index.files.insert(path, reading);
        }
        index.unreadable.sort_by(|(left, _), (right, _)| left.cmp(right));
        let built = render::all(&index.kustomizations, &index.files);
        index.instances = deliver::deliver(&index.files, &charts, built);
        index
    }

    /// Whether a file of this name can be of interest, so that its bytes are worth loading.
    pub fn wants(path: &str) -> bool {
        is_kustomization(path)
            || is_chart_file(path)
            || [".yaml", ".yml", ".json"].iter().any(|ending| path.ends_with(ending))
    }

    /// Every reference, in the order of paths.
    pub fn references(&self) -> impl Iterator<Item = &Found> {
        self.files.values().flat_map(|reading| reading.found.iter())
    }

    /// The kustomizations by folder.
    pub fn kustomizations(&self) -> impl Iterator<Item = &Kustomization> {
        self.kustomizations.values().map(AsRef::as_ref)
    }

    /// The versions of charts, in the order of paths.
    pub fn charts(&self) -> impl Iterator<Item = &ChartVersion> {
        self.files.values().flat_map(|reading| reading.charts.iter())
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

    pub(super) fn target(namespace: &str, name: &str, image: &str) -> Target {
        Target {
            kind: "Deployment".into(),
            namespace: namespace.into(),
            name: name.into(),
            container: "app".into(),
            image: ImageReference::parse(image).unwrap(),
            environments: Vec::new(),
            path: None,
            release: None,
            chosen: None,
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
    fn several_places_are_chosen_from_by_what_flux_applies_or_by_file_and_line() {
        let one = deployment("api", "r/api:v1");
        let two = format!("{one}---\n{one}");
        let files = [("clusters/eu/api.yaml", one.as_str()), ("clusters/us/api.yaml", two.as_str())];
        let index = index(&files);
        let mut wanted = target("shop", "api", "r/api:v1");
        let error = index.place(&wanted).unwrap_err().to_string();
        let told = ["clusters/eu/api.yaml:10", "clusters/us/api.yaml:10", "clusters/us/api.yaml:21"];
        assert!(told.iter().all(|place| error.contains(&format!("\n  {place}  "))), "{error}");
        for place in told {
            let candidate = index.place_in(&wanted, place).unwrap();
            assert_eq!(place, format!("{}:{}", candidate.file(), if place.ends_with("21") { 21 } else { 10 }));
        }
        assert_eq!(index.place_in(&wanted, "./clusters/eu/api.yaml").unwrap().file(), "clusters/eu/api.yaml");
        assert!(matches!(index.place_in(&wanted, "clusters/us/api.yaml"), Err(MappingError::Ambiguous { .. })));
        assert!(matches!(index.place_in(&wanted, "clusters/us/api.yaml:11"), Err(MappingError::NotFound { .. })));
        wanted.path = Some("clusters/eu".into());
        assert_eq!(index.place(&wanted).unwrap().file(), "clusters/eu/api.yaml");
        wanted.path = Some("clusters/e".into());
        assert!(index.place(&wanted).is_err(), "a folder is not the beginning of a name");
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
    fn entries_of_one_name_apply_one_after_the_other() {
        let web = deployment("web", "app:v1");
        for (images, expected) in [
            (
                "- {name: app, newTag: v1}\n- {name: app, newTag: v3}\n",
                "- {name: app, newTag: v1}\n- {name: app, newTag: v2}\n",
            ),
            (
                "- {name: app, newName: x, newTag: v3}\n- {name: x, newName: r/app}\n",
                "- {name: app, newName: x, newTag: v2}\n- {name: x, newName: r/app}\n",
            ),
            (
                "- {name: app, newName: r/app}\n- {name: r/app, newTag: v3}\n",
                "- {name: app, newName: r/app}\n- {name: r/app, newTag: v2}\n",
            ),
        ] {
            let overlay = |images: &str| format!("namespace: shop\nresources: [web.yaml]\nimages:\n{images}");
            let text = overlay(images);
            let files = [("web.yaml", web.as_str()), ("kustomization.yaml", text.as_str())];
            let image = if images.contains("r/") { "r/app:v3" } else { "app:v3" };
            let (_, after) = bumped(&index(&files), &target("shop", "web", image), &files);
            assert_eq!(after, overlay(expected), "{images}");
        }
    }

    #[test]
    fn json_patches_set_images_too() {
        let web = deployment("web", "app:v1");
        let operations = "- op: replace\n  path: /spec/template/spec/containers/0/image\n  value: r/app:v7\n";
        let inline = format!(
            "namespace: shop\nresources: [../base]\npatches:\n- target: {{kind: Deployment, name: w.*}}\n  patch: |-\n    {}\n",
            operations.trim_end().replace('\n', "\n    ")
        );
        let by_file =
            "namespace: shop\nresources: [../base]\npatches:\n- target: {kind: Deployment}\n  path: image.json\n";
        for overlay in [inline.as_str(), by_file] {
            let files = [
                ("base/web.yaml", web.as_str()),
                ("base/kustomization.yaml", "resources: [web.yaml]\n"),
                ("production/kustomization.yaml", overlay),
                ("production/image.json", operations),
            ];
            let (path, after) = bumped(&index(&files), &target("shop", "web", "r/app:v7"), &files);
            assert_eq!(path, "production/kustomization.yaml");
            assert_eq!(after, format!("{overlay}images:\n- name: r/app\n  newTag: v2\n"));
        }
    }

    #[test]
    fn what_others_build_upon_is_an_environment_where_its_namespace_is_its_own() {
        let web = deployment("web", "app:v1");
        let production = "namespace: shop\nresources: [web.yaml]\nimages:\n- name: app\n  newTag: v1\n";
        let canary = "namespace: shop-canary\nresources: [../production]\n";
        let files = [
            ("production/web.yaml", web.as_str()),
            ("production/kustomization.yaml", production),
            ("canary/kustomization.yaml", canary),
        ];
        let index = index(&files);
        let candidate = index.place(&target("shop", "web", "app:v1")).unwrap();
        assert_eq!((candidate.file(), candidate.reaches.len()), ("production/kustomization.yaml", 2), "{candidate:?}");
        let (path, _) = bumped(&index, &target("shop-canary", "web", "app:v1"), &files);
        assert_eq!(path, "canary/kustomization.yaml", "the other one is left alone");
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
