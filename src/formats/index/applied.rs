//! What deploys folders of manifests: the namespace and the images that a Flux Kustomization or an Argo CD Application gives them.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::deliver::{Delivered, Valued, words};
use super::folder_of;
use super::kustomization::join;
use super::release::{Release, ReleaseKind};
use super::render::{Files, Instance, Source};
use crate::formats::images::{Found, overrides};
use crate::formats::yaml::Pointer;

/// The objects that apply folders, by the folder.
pub(super) struct Applied<'i> {
    by_folder: HashMap<String, Vec<(String, &'i Release)>>,
}

impl<'i> Applied<'i> {
    /// Reads which folder each object applies.
    pub(super) fn of(files: &'i Files, parts: &[Instance], generated: &'i [(String, Release)]) -> Self {
        let mut by_folder: HashMap<String, Vec<(String, &Release)>> = HashMap::new();
        let mut known: BTreeSet<(&str, usize)> = BTreeSet::new();
        for part in parts {
            let Source::Release(file, number) = &part.source else { continue };
            let Some((file, reading)) = files.get_key_value(file) else { continue };
            let Some(release) = reading.releases.get(*number).filter(|_| known.insert((file, *number))) else {
                continue;
            };
            for source in &release.sources {
                let Some(folder) = source.path.as_deref().and_then(|path| join("", path.trim_start_matches('/')))
                else {
                    continue;
                };
                by_folder.entry(folder).or_default().push((file.clone(), release));
            }
        }
        for (file, release) in generated {
            for folder in release.sources.iter().filter_map(|source| source.path.clone()) {
                by_folder.entry(folder).or_default().push((file.clone(), release));
            }
        }
        Self { by_folder }
    }

    /// Gives instances what is applied to them.
    pub(super) fn to(&self, files: &Files, instances: &mut Vec<Instance>) {
        if self.by_folder.is_empty() {
            return;
        }
        let mut members: HashMap<&str, Vec<usize>> = HashMap::new();
        for (at, instance) in instances.iter().enumerate() {
            for folder in folders(instance) {
                if let Some((folder, _)) = self.by_folder.get_key_value(folder) {
                    members.entry(folder).or_default().push(at);
                }
            }
        }
        let mut namespaces: HashMap<usize, BTreeSet<&str>> = HashMap::new();
        let mut alone = Vec::new();
        let mut changes = Vec::new();
        for (folder, releases) in &self.by_folder {
            let inside = members.get(folder.as_str()).map(Vec::as_slice).unwrap_or_default();
            for (file, release) in releases {
                if let Some(namespace) = &release.target_namespace {
                    inside.iter().for_each(|at| {
                        namespaces.entry(*at).or_default().insert(namespace);
                    });
                }
                for (path, number, entry) in entries(files, file, release, folder) {
                    let hit: Vec<usize> = inside
                        .iter()
                        .copied()
                        .filter(|at| {
                            instances[*at].slot.is_empty()
                                && entry.matches.as_deref() == Some(&instances[*at].image.repository)
                        })
                        .collect();
                    if hit.is_empty() {
                        alone.push(entry_alone(file, release, path, number, entry));
                    }
                    // Where several apply the same folder, each builds it for itself.
                    let several = releases.len() > 1;
                    changes.extend(
                        hit.into_iter().map(|at| (at, several, (*release).clone(), path.to_owned(), number, entry)),
                    );
                }
            }
        }
        for (at, told) in namespaces {
            let mut told = told.into_iter();
            if let (Some(only), None, Some(object)) = (told.next(), told.next(), &mut instances[at].object) {
                object.namespace.get_or_insert_with(|| only.to_owned());
            }
        }
        for (at, several, release, path, number, entry) in changes {
            let mut instance = instances[at].clone();
            let keeps = entry.image.tag.is_none() && entry.image.digest.is_none();
            let version = if keeps { instance.image.clone() } else { entry.image.clone() };
            instance.image =
                crate::model::image::ImageReference { repository: entry.image.repository.clone(), ..version };
            instance.source = Source::Found(path, number);
            if several {
                if let (Some(object), Some(namespace)) = (&mut instance.object, release.target_namespace) {
                    object.namespace = Some(namespace);
                }
                instances.push(instance);
            } else {
                instances[at] = instance;
            }
        }
        instances.extend(alone);
    }
}

/// Folders from which an instance comes.
fn folders(instance: &Instance) -> Vec<&str> {
    match (&instance.source, instance.chain.is_empty()) {
        (Source::Found(file, _), true) => {
            let mut folders = vec![folder_of(file)];
            while let Some(folder) = folders.last().filter(|folder| !folder.is_empty()) {
                folders.push(folder_of(folder));
            }
            folders
        }
        _ => instance.chain.iter().map(|(folder, _)| folder.as_str()).collect(),
    }
}

/// The images that an object sets by itself, and those that Argo CD's Image Updater wrote for it: for this one alone last.
fn entries<'i>(files: &'i Files, file: &str, release: &Release, folder: &str) -> Vec<(&'i str, usize, &'i Found)> {
    let of_file = |path: &str, fits: &dyn Fn(&Found) -> bool| {
        let read = files.get_key_value(path);
        let found = read.into_iter().flat_map(|(path, reading)| {
            reading.found.iter().enumerate().map(move |(number, found)| (path.as_str(), number, found))
        });
        found.filter(|(_, _, found)| found.matches.is_some() && fits(found)).collect::<Vec<_>>()
    };
    let is_own = |found: &Found| {
        found.document == release.document && found.object.as_ref().is_some_and(|object| object.name == release.name)
    };
    let mut entries = of_file(file, &is_own);
    for (path, _) in files.range(format!("{folder}/.argocd-source")..=format!("{folder}/.argocd-source~")) {
        match overrides(path) {
            Some(None) => entries.extend(of_file(path, &|_| true)),
            Some(Some(named)) if named == release.name || named.ends_with(&format!("_{}", release.name)) => {
                entries.extend(of_file(path, &|_| true));
            }
            _ => {}
        }
    }
    entries
}

/// An image that an object sets for manifests which are not in this repository.
fn entry_alone(file: &str, release: &Release, path: &str, number: usize, entry: &Found) -> Instance {
    let delivered = Delivered {
        kind: release.kind,
        object: Some((release.namespace.clone(), release.name.clone())),
        name: None,
        namespace: release.target_namespace.clone(),
        chart: None,
        environment: words(file),
        own: None,
    };
    let is_flux = release.kind == ReleaseKind::Kustomization;
    Instance {
        object: entry.object.clone().map(|object| crate::formats::images::ObjectContainer {
            namespace: release.target_namespace.clone().filter(|_| !is_flux),
            ..object
        }),
        original_name: String::new(),
        place: Pointer::root(),
        image: entry.image.clone(),
        source: Source::Found(path.to_owned(), number),
        chain: Vec::new(),
        slot: Vec::new(),
        values: Some(Arc::new(Valued { release: Arc::new(delivered), leaf: Vec::new(), whole: true, shadowed: false })),
    }
}
