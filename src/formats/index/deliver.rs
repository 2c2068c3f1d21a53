//! Releases laid out: each with the values that reach it, and the images that those make.
//!
//! A chart's own values lie lowest, then those of files, then what the object says itself, as helm, Flux and Argo CD have it.
//! What a chart from elsewhere has in its values is not known; a tag alone then stands without a repository.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::chart::Chart;
use super::folder_of;
use super::kustomization::join;
use super::layers::{Layer, laid};
use super::release::{Release, ReleaseKind, ReleaseSource};
use super::render::{Files, Instance, Source};
use crate::formats::images::{Format, Found, ObjectContainer, overrides};
use crate::formats::yaml::Pointer;
use crate::model::image::ImageReference;

/// A release, or values that nothing in the repository deploys.
#[derive(Debug)]
pub(super) struct Delivered {
    /// What deploys it.
    pub kind: ReleaseKind,
    /// Namespace and name of the object that does.
    pub object: Option<(Option<String>, String)>,
    /// The release's name, as far as it is known.
    pub name: Option<String>,
    /// Where its workloads go, if that is said.
    pub namespace: Option<String>,
    /// The chart's name.
    pub chart: Option<String>,
    /// Words of files and folders that may name the environment.
    pub environment: String,
    /// Where values only of this release are written: file, document, the mapping.
    pub own: Option<(String, usize, Pointer)>,
}

/// How an image of a release is written.
#[derive(Debug)]
pub(super) struct Valued {
    /// The release.
    pub release: Arc<Delivered>,
    /// The keys of the scalar with the version.
    pub leaf: Vec<String>,
    /// Whether that scalar has the repository as well.
    pub whole: bool,
    /// Whether a digest from below would win over a new tag.
    pub shadowed: bool,
}

/// What an object says of images, and the object.
type Group<'i> = (Vec<&'i Instance>, Option<&'i Instance>);

/// Deeper dependencies of dependencies than this are a circle.
const MAX_CHART_DEPTH: usize = 4;

/// Puts what is delivered by values in the place of the objects that deliver it.
pub(super) fn deliver(files: &Files, charts: &BTreeMap<String, Arc<Chart>>, built: Vec<Instance>) -> Vec<Instance> {
    let mut delivery = Delivery { files, charts, used: BTreeSet::new(), results: Vec::new() };
    let is_part = |instance: &Instance| {
        let kinds = ["HelmRelease", "Application", "ApplicationSet"];
        matches!(instance.source, Source::Release(..))
            || instance.object.as_ref().is_some_and(|object| kinds.contains(&object.kind.as_str()))
    };
    let (parts, mut instances): (Vec<_>, Vec<_>) = built.into_iter().partition(is_part);
    let mut groups: HashMap<(ObjectContainer, Vec<String>), Group<'_>> = HashMap::new();
    let mut order = Vec::new();
    for part in &parts {
        let Some(object) = part.object.clone() else { continue };
        // What no kustomization builds is told apart by its file.
        let file = match &part.source {
            Source::Found(file, _) | Source::Release(file, _) if part.chain.is_empty() => Some(file.clone()),
            _ => None,
        };
        let way = part.chain.iter().map(|(folder, _)| folder.clone()).chain(file).collect();
        let key = (ObjectContainer { container: String::new(), ..object }, way);
        let group = groups.entry(key.clone()).or_insert_with(|| {
            order.push(key);
            Default::default()
        });
        match part.source {
            Source::Release(..) => group.1 = Some(part),
            Source::Found(..) | Source::Inline(_) => group.0.push(part),
        }
    }
    let generated = generated(files, &parts);
    let applied = super::applied::Applied::of(files, &parts, &generated);
    for key in &order {
        let Some((own, Some(anchor))) = groups.get(key) else { continue };
        let Source::Release(file, number) = &anchor.source else { continue };
        let Some(release) = files.get(file).and_then(|reading| reading.releases.get(*number)) else { continue };
        if release.kind != ReleaseKind::Kustomization {
            delivery.release(file, release, anchor, own);
        }
    }
    for (file, release) in &generated {
        delivery.release(file, release, &anchor_of(release), &[]);
    }
    delivery.values_alone();
    applied.to(files, &mut instances);
    instances.extend(delivery.results);
    instances
}

/// Applications that only their overrides tell of: what generates them is not in this repository, or names them by a template.
fn generated(files: &Files, parts: &[Instance]) -> Vec<(String, Release)> {
    let mut known: BTreeSet<(String, &str)> = BTreeSet::new();
    for part in parts {
        let Source::Release(file, number) = &part.source else { continue };
        let Some(release) = files.get(file).and_then(|reading| reading.releases.get(*number)) else { continue };
        let folders =
            release.sources.iter().filter_map(|source| join("", source.path.as_deref()?.trim_start_matches('/')));
        known.extend(folders.map(|folder| (folder, release.name.as_str())));
    }
    let told = files.iter().filter_map(|(path, reading)| {
        let name = overrides(path).flatten().filter(|_| !reading.found.is_empty())?;
        let folder = folder_of(path);
        let is_known =
            known.iter().any(|(of, named)| of == folder && (name == *named || name.ends_with(&format!("_{named}"))));
        (!is_known).then(|| (path.clone(), Release::generated(name, folder)))
    });
    told.collect()
}

fn anchor_of(release: &Release) -> Instance {
    Instance {
        object: Some(ObjectContainer {
            kind: release.kind.as_str().to_owned(),
            namespace: None,
            name: release.name.clone(),
            container: String::new(),
        }),
        original_name: release.name.clone(),
        place: Pointer::root(),
        image: ImageReference { repository: String::new(), tag: None, digest: None },
        source: Source::Release(String::new(), 0),
        chain: Vec::new(),
        slot: Vec::new(),
        values: None,
    }
}

struct Delivery<'i> {
    files: &'i Files,
    charts: &'i BTreeMap<String, Arc<Chart>>,
    /// Values files that a release names, and folders of charts that one deploys.
    used: BTreeSet<String>,
    results: Vec<Instance>,
}

impl<'i> Delivery<'i> {
    fn release(&mut self, file: &str, release: &Release, anchor: &Instance, own: &[&Instance]) {
        let object = anchor.object.as_ref();
        let namespace = object.and_then(|object| object.namespace.clone());
        let of_helm = release.kind == ReleaseKind::HelmRelease;
        let target = release.target_namespace.clone().or_else(|| namespace.clone().filter(|_| of_helm));
        for source in &release.sources {
            let folder = source.path.as_deref().and_then(|path| join("", path.trim_start_matches('/')));
            let chart = folder.as_ref().and_then(|folder| self.charts.get(folder)).cloned();
            let mut lowest = Vec::new();
            if let Some(chart) = &chart {
                self.used.insert(chart.folder.clone());
                lowest = self.chart(chart, &[], MAX_CHART_DEPTH);
            }
            lowest.extend(self.maps(&source.value_maps));
            for variant in self.variants(source, folder.as_deref().unwrap_or_default()) {
                // Where a template names the folder, the file lies in the chart's, or is named as it is.
                let beside = variant.last().filter(|_| chart.is_none() && source.chart.is_none());
                let chart = chart.clone().or_else(|| beside.and_then(|path| self.chart_of(path)));
                let lowest = match &chart {
                    Some(chart) if beside.is_some() => {
                        self.used.insert(chart.folder.clone());
                        self.chart(chart, &[], MAX_CHART_DEPTH)
                    }
                    _ => lowest
                        .iter()
                        .map(|layer| Layer { prefix: layer.prefix.clone(), pieces: layer.pieces.clone() })
                        .collect(),
                };
                let mut layers: Vec<Layer<'i>> = lowest;
                layers.extend(variant.iter().map(|path| self.file(path)));
                layers.push(self.own(own, source, files_of(own)));
                layers.extend(self.overrides(folder.as_deref(), &release.name));
                let is_shared = anchor.chain.len() > 1;
                let own_file = match (&source.values, variant.last(), release.kind) {
                    (_, Some(last), ReleaseKind::Application | ReleaseKind::ApplicationSet) => {
                        Some((last.clone(), 0, Pointer::root()))
                    }
                    (Some(values), ..) => Some((file.to_owned(), release.document, values.clone())),
                    (None, ..) => None,
                };
                let template = release.name.contains("{{");
                let release_name = release.release_name.clone().or_else(|| {
                    let name = object.map(|object| object.name.clone()).filter(|_| !template);
                    let prefix =
                        release.target_namespace.as_ref().filter(|_| of_helm).map(|namespace| format!("{namespace}-"));
                    name.map(|name| format!("{}{name}", prefix.unwrap_or_default()))
                });
                let place = variant.last().map_or(file, String::as_str);
                self.emit(
                    Delivered {
                        kind: release.kind,
                        object: object.map(|object| (object.namespace.clone(), object.name.clone())),
                        name: release_name,
                        namespace: target.clone(),
                        chart: chart.as_ref().map(|chart| chart.name.clone()).or_else(|| source.chart.clone()),
                        environment: words(place),
                        own: own_file.filter(|_| !is_shared),
                    },
                    &layers,
                    &anchor.chain,
                    chart.as_deref(),
                );
            }
        }
    }

    /// The values of a chart with those of its dependencies below.
    fn chart(&self, chart: &Chart, prefix: &[String], depth: usize) -> Vec<Layer<'i>> {
        let mut layers = Vec::new();
        let Some(depth) = depth.checked_sub(1) else { return layers };
        for dependency in &chart.dependencies {
            let Some(inner) = dependency.folders.iter().find_map(|folder| self.charts.get(folder)) else { continue };
            let prefix = [prefix, std::slice::from_ref(&dependency.key)].concat();
            layers.extend(self.chart(inner, &prefix, depth));
        }
        for name in ["values.yaml", "values.yml"] {
            let path = if chart.folder.is_empty() { name.to_owned() } else { format!("{}/{name}", chart.folder) };
            let mut layer = self.file(&path);
            layer.prefix = prefix.to_vec();
            layers.push(layer);
        }
        layers
    }

    fn file(&self, path: &str) -> Layer<'i> {
        let read = self.files.get_key_value(path);
        let pieces = read.into_iter().flat_map(|(path, reading)| {
            let of_file = |found: &&Found| found.format == Format::Values && found.object.is_none();
            reading
                .found
                .iter()
                .enumerate()
                .filter(move |(_, found)| of_file(found))
                .map(move |(n, found)| (path.as_str(), n, found))
        });
        Layer { prefix: Vec::new(), pieces: pieces.collect() }
    }

    /// Values in ConfigMaps of these names.
    fn maps(&mut self, names: &[String]) -> Vec<Layer<'i>> {
        if names.is_empty() {
            return Vec::new();
        }
        let of_map = |found: &Found| {
            found.format == Format::Values && found.object.as_ref().is_some_and(|object| names.contains(&object.name))
        };
        let mut pieces: Vec<(&'i str, usize, &'i Found)> = Vec::new();
        for (path, reading) in self.files {
            let found = reading.found.iter().enumerate().filter(|(_, found)| of_map(found));
            pieces.extend(found.map(|(number, found)| (path.as_str(), number, found)));
        }
        self.used.extend(pieces.iter().map(|(path, ..)| (*path).to_owned()));
        vec![Layer { prefix: Vec::new(), pieces }]
    }

    /// What the object says itself, of one of its sources.
    fn own(&self, own: &[&Instance], source: &ReleaseSource, files: BTreeSet<String>) -> Layer<'i> {
        let mut pieces = Vec::new();
        for path in files {
            let Some((path, reading)) = self.files.get_key_value(&path) else { continue };
            for (number, found) in reading.found.iter().enumerate() {
                let is_own = own.iter().any(|part| part.source == Source::Found(path.clone(), number));
                let at =
                    found.within.as_ref().filter(|_| found.format == Format::Application).unwrap_or(&found.pointer);
                if is_own && found.matches.is_none() && at.steps().starts_with(source.at.steps()) {
                    pieces.push((path.as_str(), number, found));
                }
            }
        }
        // Parameters beat values, which they are read after.
        Layer { prefix: Vec::new(), pieces }
    }

    /// What Argo CD's Image Updater wrote beside what is deployed: for all applications, then for this one.
    fn overrides(&self, folder: Option<&str>, name: &str) -> Vec<Layer<'i>> {
        let Some(folder) = folder else { return Vec::new() };
        let beside = self.files.range(format!("{folder}/.argocd-source")..=format!("{folder}/.argocd-source~"));
        let mut layers: Vec<(bool, Layer<'i>)> = Vec::new();
        for (path, reading) in beside {
            let own = match overrides(path) {
                Some(None) => false,
                Some(Some(named)) if named == name || named.ends_with(&format!("_{name}")) => true,
                _ => continue,
            };
            let pieces = reading.found.iter().enumerate().filter(|(_, found)| found.matches.is_none());
            let pieces = pieces.map(|(number, found)| (path.as_str(), number, found)).collect();
            layers.push((own, Layer { prefix: Vec::new(), pieces }));
        }
        layers.sort_by_key(|(own, _)| *own);
        layers.into_iter().map(|(_, layer)| layer).collect()
    }

    /// The values files that a source names, once for each environment that a template in their names stands for.
    fn variants(&mut self, source: &ReleaseSource, folder: &str) -> Vec<Vec<String>> {
        let (mut fixed, mut open) = (Vec::new(), Vec::new());
        for named in &source.value_files {
            if named.contains("://") {
                continue;
            }
            let path = match (named.strip_prefix('$'), named.strip_prefix('/')) {
                (Some(of_source), _) => of_source.split_once('/').and_then(|(_, path)| join("", path)),
                (None, Some(from_top)) => join("", from_top),
                (None, None) => join(folder, named),
            };
            let Some(path) = path else { continue };
            if path.contains("{{") {
                open.extend(self.like(&path));
            } else if self.files.contains_key(&path) {
                fixed.push(path);
            }
        }
        self.used.extend(fixed.iter().chain(&open).cloned());
        if open.is_empty() {
            return vec![fixed];
        }
        open.into_iter().map(|path| fixed.iter().cloned().chain([path]).collect()).collect()
    }

    /// Values files whose path is like one with templates in it.
    fn like(&self, pattern: &str) -> Vec<String> {
        let mut parts = Vec::new();
        let mut rest = pattern;
        while let Some((before, after)) = rest.split_once("{{") {
            parts.push(before);
            rest = after.split_once("}}").map_or("", |(_, after)| after);
        }
        parts.push(rest);
        self.files.keys().filter(|path| super::render::is_like(&parts, path)).cloned().collect()
    }

    /// Values that no object of the repository names: for whoever runs helm with them.
    fn values_alone(&mut self) {
        let alone = |reading: &super::Reading| reading.found.iter().any(|found| found.format == Format::Values);
        let paths: Vec<&'i String> =
            self.files.iter().filter(|(_, reading)| alone(reading)).map(|(path, _)| path).collect();
        let inner: BTreeSet<&String> =
            self.charts.values().flat_map(|chart| &chart.dependencies).flat_map(|d| &d.folders).collect();
        let (defaults, others): (Vec<_>, Vec<_>) = paths.into_iter().partition(|path| {
            path.rsplit('/').next().is_some_and(|name| matches!(name, "values.yaml" | "values.yml"))
                && self.charts.contains_key(folder_of(path))
        });
        for path in others {
            if self.used.contains(path) {
                continue;
            }
            let chart = self.chart_of(path);
            let mut layers = Vec::new();
            if let Some(chart) = &chart {
                self.used.insert(chart.folder.clone());
                layers = self.chart(chart, &[], MAX_CHART_DEPTH);
            }
            let mut own = self.file(path);
            let reading = self.files.get(path);
            let maps = reading.into_iter().flat_map(|reading| reading.found.iter().enumerate());
            let maps = maps.filter(|(_, found)| found.format == Format::Values && found.object.is_some());
            own.pieces.extend(maps.map(|(number, found)| (path.as_str(), number, found)));
            layers.push(own);
            let own = Some((path.clone(), 0, Pointer::root()));
            self.emit(self.nameless(path, chart.as_deref(), own), &layers, &[], chart.as_deref());
        }
        for path in defaults {
            let folder = folder_of(path);
            let Some(chart) = self.charts.get(folder).cloned() else { continue };
            if !self.used.contains(folder) && !inner.contains(&chart.folder) {
                let layers = self.chart(&chart, &[], MAX_CHART_DEPTH);
                self.emit(self.nameless(path, Some(&chart), None), &layers, &[], Some(&chart));
            }
        }
    }

    fn nameless(&self, path: &str, chart: Option<&Chart>, own: Option<(String, usize, Pointer)>) -> Delivered {
        Delivered {
            kind: ReleaseKind::Values,
            object: None,
            name: None,
            namespace: None,
            chart: chart.map(|chart| chart.name.clone()),
            environment: words(path),
            own,
        }
    }

    /// The chart that a values file is for: the one in whose folder it lies, or one whose name is the file's or its folder's.
    fn chart_of(&self, path: &str) -> Option<Arc<Chart>> {
        let mut folder = folder_of(path);
        loop {
            if let Some(chart) = self.charts.get(folder) {
                return Some(Arc::clone(chart));
            }
            if folder.is_empty() {
                break;
            }
            folder = folder_of(folder);
        }
        let words = words(path);
        let mut named = self.charts.values().filter(|chart| words.split('/').any(|word| word == chart.name));
        named.next().filter(|_| named.next().is_none()).map(Arc::clone)
    }

    fn emit(&mut self, release: Delivered, layers: &[Layer<'_>], chain: &[(String, String)], chart: Option<&Chart>) {
        let release = Arc::new(release);
        for (key, slot) in laid(layers) {
            let mut image = slot.image;
            if image.repository.is_empty() && image.tag.is_none() {
                continue;
            }
            if image.tag.is_none() && image.digest.is_none() {
                image.tag = chart.and_then(|chart| chart.app_version.clone()).filter(|_| !slot.whole);
            }
            self.results.push(Instance {
                object: Some(ObjectContainer {
                    kind: release.kind.as_str().to_owned(),
                    namespace: release.namespace.clone(),
                    name: release.name.clone().or_else(|| release.chart.clone()).unwrap_or_default(),
                    container: key.join("."),
                }),
                original_name: String::new(),
                place: Pointer::root(),
                image: ImageReference { ..image },
                source: Source::Found(slot.source.0, slot.source.1),
                chain: chain.to_vec(),
                slot: key,
                values: Some(Arc::new(Valued {
                    release: Arc::clone(&release),
                    leaf: slot.leaf,
                    whole: slot.whole,
                    shadowed: slot.shadowed,
                })),
            });
        }
    }
}

fn files_of(own: &[&Instance]) -> BTreeSet<String> {
    let file = |instance: &&Instance| match &instance.source {
        Source::Found(file, _) => Some(file.clone()),
        Source::Inline(_) | Source::Release(..) => None,
    };
    own.iter().filter_map(file).collect()
}

/// The words of a path, as folders: `charts/web/values-prod.yaml` is `charts/web/prod`.
pub(super) fn words(path: &str) -> String {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let told = stem.split(['-', '_', '.']).filter(|word| !matches!(*word, "values" | "helm" | "release" | "yaml" | ""));
    let mut words = folder.to_owned();
    // The whole stem first: a chart or an environment may have several words.
    for word in std::iter::once(stem).filter(|stem| *stem != "values").chain(told.filter(|word| *word != stem)) {
        if !words.is_empty() {
            words.push('/');
        }
        words.push_str(word);
    }
    words
}

#[cfg(test)]
#[path = "deliver_tests.rs"]
mod tests;
