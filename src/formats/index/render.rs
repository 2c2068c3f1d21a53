//! What kustomize would build, for images only: each container with the reference that finally sets its image.
//!
//! Bases are built before overlays; within one kustomization components and patches come before its own `images:`.
//! Cycles end where they close, and the number of results is bounded, so that no repository can exhaust memory.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

use super::deliver::Valued;
use super::kustomization::{Kustomization, Operation, Patch, PatchContent};
use super::layers;
use super::reading::Reading;
use crate::formats::images::{Format, Found, ObjectContainer};
use crate::formats::yaml::Pointer;
use crate::model::image::ImageReference;

/// A container as one environment builds it.
#[derive(Clone, Debug)]
pub(super) struct Instance {
    /// The container; `None` for an `images:` entry whose resources are not in the repository.
    pub object: Option<ObjectContainer>,
    /// The name of the object before prefixes and suffixes.
    pub original_name: String,
    /// The image within the object.
    pub place: Pointer,
    /// The image that results.
    pub image: ImageReference,
    /// What sets it.
    pub source: Source,
    /// The kustomizations it passes through, from the one that holds it outwards, each with the image's name on arrival.
    pub chain: Vec<(String, String)>,
    /// The key of the image, where values set it.
    pub slot: Vec<String>,
    /// How values set it, once they are laid out.
    pub values: Option<Arc<Valued>>,
}

/// What sets an image.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Source {
    /// A reference of the index: its file and its number there.
    Found(String, usize),
    /// A patch written inside the kustomization of this folder.
    Inline(String),
    /// None: an object that deploys, by its file and its number there. It is laid out after everything is built.
    Release(String, usize),
}

/// More containers than any real repository builds.
const MAX_INSTANCES: usize = 200_000;

pub(super) type Files = BTreeMap<String, Arc<Reading>>;
pub(super) type Kustomizations = BTreeMap<String, Arc<Kustomization>>;

/// Builds every environment: the kustomizations that no other one uses, and the manifests that none uses.
pub(super) fn all(kustomizations: &Kustomizations, files: &Files) -> Vec<Instance> {
    let mut builder = Builder { kustomizations, files, built: HashMap::new(), open: BTreeSet::new(), count: 0 };
    let used: BTreeSet<&str> = kustomizations
        .values()
        .flat_map(|k| {
            k.resources.iter().chain(&k.components).map(String::as_str).chain(k.patches.iter().filter_map(file_of))
        })
        .collect();
    let mut instances = Vec::new();
    for (folder, kustomization) in kustomizations {
        if !kustomization.is_component && !used.contains(folder.as_str()) {
            instances.extend(builder.build(folder).iter().cloned());
        }
    }
    let passes = |instance: &Instance| {
        let namespace = instance.object.as_ref()?.namespace.clone()?;
        Some(instance.chain.iter().map(move |(folder, _)| (folder.clone(), namespace.clone())).collect::<Vec<_>>())
    };
    let seen: HashSet<(String, String)> = instances.iter().filter_map(passes).flatten().collect();
    // One that others build upon may be applied itself as well: when its namespace is nobody else's.
    for (folder, kustomization) in kustomizations {
        let Some(namespace) = kustomization.namespace.as_deref().filter(|_| used.contains(folder.as_str())) else {
            continue;
        };
        if !kustomization.is_component && !seen.contains(&(folder.clone(), namespace.to_owned())) {
            instances.extend(builder.build(folder).iter().cloned());
        }
    }
    let plain = files.keys().filter(|path| !used.contains(path.as_str()));
    instances.extend(plain.flat_map(|path| builder.file(path)));
    let sources: BTreeSet<(String, usize)> = instances
        .iter()
        .filter_map(|instance| match &instance.source {
            Source::Found(file, number) => Some((file.clone(), *number)),
            Source::Inline(_) | Source::Release(..) => None,
        })
        .collect();
    for kustomization in kustomizations.values() {
        for number in 0..kustomization.images {
            if !sources.contains(&(kustomization.path.clone(), number)) {
                instances.extend(builder.entry_alone(kustomization, number));
            }
        }
    }
    instances
}

fn file_of(patch: &Patch) -> Option<&str> {
    match &patch.content {
        PatchContent::File(path) => Some(path),
        PatchContent::Inline(_) | PatchContent::Operations(_) => None,
    }
}

/// Whether a patch is for an object of this name: kustomize reads the target's name as a regular expression. Alternatives and
/// `.*` are understood, which is what people write.
fn names(pattern: &str, name: &str) -> bool {
    let bare = pattern.trim_start_matches('^').trim_end_matches('$');
    bare.split('|').any(|one| is_like(&one.trim_matches(['(', ')']).split(".*").collect::<Vec<_>>(), name))
}

/// Whether a name has these parts in this order, with anything between them.
pub(super) fn is_like(parts: &[&str], name: &str) -> bool {
    match parts {
        [] => name.is_empty(),
        [only] => *only == name,
        [first, rest @ ..] => {
            let Some(tail) = name.strip_prefix(first) else { return false };
            (0..=tail.len()).any(|skip| tail.get(skip..).is_some_and(|tail| is_like(rest, tail)))
        }
    }
}

struct Builder<'i> {
    kustomizations: &'i Kustomizations,
    files: &'i Files,
    built: HashMap<String, Rc<Vec<Instance>>>,
    open: BTreeSet<String>,
    count: usize,
}

impl Builder<'_> {
    fn build(&mut self, folder: &str) -> Rc<Vec<Instance>> {
        if let Some(built) = self.built.get(folder) {
            return Rc::clone(built);
        }
        let Some(kustomization) = self.kustomizations.get(folder) else { return Rc::default() };
        if self.count >= MAX_INSTANCES || !self.open.insert(folder.to_owned()) {
            return Rc::default();
        }
        let mut instances = Vec::new();
        self.accumulate(kustomization, &mut instances);
        self.open.remove(folder);
        self.count += instances.len();
        let built = Rc::new(instances);
        self.built.insert(folder.to_owned(), Rc::clone(&built));
        built
    }

    /// Adds the resources of a kustomization and applies what it changes to everything so far.
    fn accumulate(&mut self, kustomization: &Kustomization, instances: &mut Vec<Instance>) {
        for resource in &kustomization.resources {
            if self.count + instances.len() >= MAX_INSTANCES {
                return;
            }
            if self.kustomizations.contains_key(resource) {
                instances.extend(self.build(resource).iter().cloned());
            } else {
                instances.extend(self.file(resource));
            }
        }
        for component in &kustomization.components {
            let Some(inner) = self.kustomizations.get(component) else { continue };
            if self.open.insert(component.clone()) {
                self.accumulate(inner, instances);
                self.open.remove(component);
            }
        }
        for patch in &kustomization.patches {
            self.patch(kustomization, patch, instances);
        }
        let entries = self.found(&kustomization.path);
        for instance in instances.iter_mut() {
            if !kustomization.is_component {
                instance.chain.push((kustomization.folder.clone(), instance.image.repository.clone()));
            }
            if let Some(object) = &mut instance.object {
                object.name = format!("{}{}{}", kustomization.name_prefix, object.name, kustomization.name_suffix);
                if let Some(namespace) = &kustomization.namespace {
                    object.namespace = Some(namespace.clone());
                }
            }
            // Each entry is a transformer of its own: a later one sees what an earlier one made of the image, and wins.
            let mut sets_version = false;
            for (number, entry) in entries.iter().enumerate() {
                if instance.slot.is_empty() && entry.matches.as_deref() == Some(instance.image.repository.as_str()) {
                    let keeps = entry.image.tag.is_none() && entry.image.digest.is_none();
                    let version = if keeps { instance.image.clone() } else { entry.image.clone() };
                    instance.image = ImageReference { repository: entry.image.repository.clone(), ..version };
                    if !(keeps && sets_version) {
                        instance.source = Source::Found(kustomization.path.clone(), number);
                    }
                    sets_version |= !keeps;
                }
            }
        }
    }

    fn found(&self, path: &str) -> &[Found] {
        self.files.get(path).map(|reading| &*reading.found).unwrap_or_default()
    }

    fn patch(&self, kustomization: &Kustomization, patch: &Patch, instances: &mut Vec<Instance>) {
        let (found, operations): (&[Found], &[Operation]) = match &patch.content {
            PatchContent::File(path) => {
                (self.found(path), self.files.get(path).map(|reading| &*reading.operations).unwrap_or_default())
            }
            PatchContent::Inline(found) => (found, &[]),
            PatchContent::Operations(operations) => (&[], operations),
        };
        let (kind, name) =
            patch.target.as_ref().map_or((None, None), |(kind, name)| (kind.as_deref(), name.as_deref()));
        for operation in operations {
            for instance in instances.iter_mut() {
                let Some(object) = &instance.object else { continue };
                let named = name.is_none_or(|name| names(name, &object.name) || names(name, &instance.original_name));
                if named && kind.is_none_or(|kind| kind == object.kind) && instance.place == operation.path {
                    instance.image = operation.image.clone();
                    // An `images:` entry beside it, applied after it, is the simpler place to edit.
                    instance.source = Source::Inline(kustomization.folder.clone());
                }
            }
        }
        for (number, reference) in found.iter().enumerate() {
            let Some(part) = &reference.object else { continue };
            let (kind, name) = match &patch.target {
                Some((kind, name)) => (kind.as_deref(), name.as_deref()),
                None => (Some(part.kind.as_str()), Some(part.name.as_str())),
            };
            let is_for = |instance: &Instance| {
                let Some(object) = &instance.object else { return false };
                let named = name.is_none_or(|name| names(name, &object.name) || names(name, &instance.original_name));
                named && kind.is_none_or(|kind| kind == object.kind)
            };
            let source = match &patch.content {
                PatchContent::File(path) => Source::Found(path.clone(), number),
                PatchContent::Inline(_) | PatchContent::Operations(_) => self.inline(kustomization, reference),
            };
            let mut is_new = true;
            for instance in instances.iter_mut().filter(|instance| is_for(instance)) {
                if instance.object.as_ref().is_some_and(|object| object.container == part.container) {
                    instance.image = layers::over(&instance.image, reference);
                    instance.source = source.clone();
                    is_new = false;
                }
            }
            // Values that only the patch has.
            let anchors = instances.iter().filter(|instance| matches!(instance.source, Source::Release(..)));
            let anchored: Vec<Instance> =
                anchors.filter(|instance| is_new && !reference.slot.is_empty() && is_for(instance)).cloned().collect();
            for mut instance in anchored {
                instance.object.iter_mut().for_each(|object| object.container.clone_from(&part.container));
                instance.slot.clone_from(&reference.slot);
                instance.image = reference.image.clone();
                instance.source = source.clone();
                instances.push(instance);
            }
        }
    }

    /// A reference in a patch that is written inside a kustomization: its own where the kustomization's reading has it.
    fn inline(&self, kustomization: &Kustomization, part: &Found) -> Source {
        let same = |own: &Found| own.within.is_some() && own.object == part.object && own.pointer == part.pointer;
        match self.found(&kustomization.path).iter().position(same) {
            Some(number) => Source::Found(kustomization.path.clone(), number),
            None => Source::Inline(kustomization.folder.clone()),
        }
    }

    /// The containers of a manifest, and what deploys in it with the images that it sets by itself.
    fn file(&self, path: &str) -> Vec<Instance> {
        let Some(reading) = self.files.get(path) else { return Vec::new() };
        let is_object =
            |found: &Found| found.object.is_some() && found.matches.is_none() && found.format != Format::Values;
        let objects = reading.found.iter().enumerate().filter(|(_, found)| is_object(found));
        let releases = reading.releases.iter().enumerate().map(|(number, release)| Instance {
            object: Some(ObjectContainer {
                kind: release.kind.as_str().to_owned(),
                namespace: release.namespace.clone(),
                name: release.name.clone(),
                container: String::new(),
            }),
            original_name: release.name.clone(),
            place: Pointer::root(),
            image: ImageReference { repository: String::new(), tag: None, digest: None },
            source: Source::Release(path.to_owned(), number),
            chain: Vec::new(),
            slot: Vec::new(),
            values: None,
        });
        objects
            .map(|(number, found)| Instance {
                object: found.object.clone(),
                original_name: found.object.as_ref().map(|object| object.name.clone()).unwrap_or_default(),
                place: within_object(&found.pointer),
                image: found.image.clone(),
                source: Source::Found(path.to_owned(), number),
                chain: Vec::new(),
                slot: found.slot.clone(),
                values: None,
            })
            .chain(releases)
            .collect()
    }

    /// An `images:` entry that nothing in the repository matches: its resources are elsewhere.
    fn entry_alone(&self, kustomization: &Kustomization, number: usize) -> Option<Instance> {
        let found = self.found(&kustomization.path).get(number)?;
        Some(Instance {
            object: None,
            original_name: String::new(),
            place: Pointer::root(),
            image: found.image.clone(),
            source: Source::Found(kustomization.path.clone(), number),
            chain: vec![(kustomization.folder.clone(), found.matches.clone()?)],
            slot: Vec::new(),
            values: None,
        })
    }
}

/// A pointer without the list that its object stands in.
fn within_object(pointer: &Pointer) -> Pointer {
    let mut steps = pointer.steps();
    while let ["items", _, rest @ ..] = steps.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        steps = &steps[steps.len() - rest.len()..];
    }
    steps.iter().fold(Pointer::root(), |pointer, step| pointer.child(step))
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn a_target_is_a_pattern() {
        for (pattern, name) in [
            ("web", "web"),
            ("web|api", "api"),
            ("(web|api)", "api"),
            (".*", "web"),
            ("^web-.*$", "web-2"),
            ("w.*b", "web"),
        ] {
            assert!(names(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [("web", "web-2"), ("w.*b", "we"), ("", "web")] {
            assert!(!names(pattern, name), "{pattern} {name}");
        }
    }
}
