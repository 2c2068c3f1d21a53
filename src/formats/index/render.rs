//! What kustomize would build, for images only: each container with the reference that finally sets its image.
//!
//! Bases are built before overlays; within one kustomization components and patches come before its own `images:`.
//! Cycles end where they close, and the number of results is bounded, so that no repository can exhaust memory.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::rc::Rc;

use super::kustomization::{Kustomization, Operation, Patch, PatchContent};
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
    place: Pointer,
    /// The image that results.
    pub image: ImageReference,
    /// What sets it.
    pub source: Source,
    /// The kustomizations it passes through, from the one that holds it outwards, each with the image's name on arrival.
    pub chain: Vec<(String, String)>,
}

/// What sets an image.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Source {
    /// A reference of the index: its file and its number there.
    Found(String, usize),
    /// A patch written inside the kustomization of this folder.
    Inline(String),
}

/// More containers than any real repository builds.
const MAX_INSTANCES: usize = 200_000;

type Files = BTreeMap<String, Vec<Found>>;
type Patches = BTreeMap<String, Vec<Operation>>;

/// Builds every environment: the kustomizations that no other one uses, and the manifests that none uses.
pub(super) fn all(kustomizations: &BTreeMap<String, Kustomization>, files: &Files, patches: &Patches) -> Vec<Instance> {
    let mut builder =
        Builder { kustomizations, files, patches, built: HashMap::new(), open: BTreeSet::new(), count: 0 };
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
            Source::Inline(_) => None,
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
    fn is_like(parts: &[&str], name: &str) -> bool {
        match parts {
            [] => name.is_empty(),
            [only] => *only == name,
            [first, rest @ ..] => {
                let Some(tail) = name.strip_prefix(first) else { return false };
                (0..=tail.len()).any(|skip| tail.get(skip..).is_some_and(|tail| is_like(rest, tail)))
            }
        }
    }
    let bare = pattern.trim_start_matches('^').trim_end_matches('$');
    bare.split('|').any(|one| is_like(&one.trim_matches(['(', ')']).split(".*").collect::<Vec<_>>(), name))
}

struct Builder<'i> {
    kustomizations: &'i BTreeMap<String, Kustomization>,
    files: &'i Files,
    patches: &'i Patches,
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
        let entries = self.files.get(&kustomization.path).map(Vec::as_slice).unwrap_or_default();
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
                if entry.matches.as_deref() == Some(instance.image.repository.as_str()) {
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

    fn patch(&self, kustomization: &Kustomization, patch: &Patch, instances: &mut [Instance]) {
        let (found, operations): (&[Found], &[Operation]) = match &patch.content {
            PatchContent::File(path) => (
                self.files.get(path).map(Vec::as_slice).unwrap_or_default(),
                self.patches.get(path).map(Vec::as_slice).unwrap_or_default(),
            ),
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
            for instance in instances.iter_mut() {
                let Some(object) = &instance.object else { continue };
                let named = name.is_none_or(|name| names(name, &object.name) || names(name, &instance.original_name));
                if named && kind.is_none_or(|kind| kind == object.kind) && part.container == object.container {
                    instance.image = reference.image.clone();
                    instance.source = match &patch.content {
                        PatchContent::File(path) => Source::Found(path.clone(), number),
                        PatchContent::Inline(_) | PatchContent::Operations(_) => {
                            Source::Inline(kustomization.folder.clone())
                        }
                    };
                }
            }
        }
    }

    /// The containers of a manifest.
    fn file(&self, path: &str) -> Vec<Instance> {
        let found = self.files.get(path).map(Vec::as_slice).unwrap_or_default();
        let manifests = found.iter().enumerate().filter(|(_, found)| found.format == Format::Manifest);
        manifests
            .map(|(number, found)| Instance {
                object: found.object.clone(),
                original_name: found.object.as_ref().map(|object| object.name.clone()).unwrap_or_default(),
                place: within_object(&found.pointer),
                image: found.image.clone(),
                source: Source::Found(path.to_owned(), number),
                chain: Vec::new(),
            })
            .collect()
    }

    /// An `images:` entry that nothing in the repository matches: its resources are elsewhere.
    fn entry_alone(&self, kustomization: &Kustomization, number: usize) -> Option<Instance> {
        let found = self.files.get(&kustomization.path)?.get(number)?;
        Some(Instance {
            object: None,
            original_name: String::new(),
            place: Pointer::root(),
            image: found.image.clone(),
            source: Source::Found(kustomization.path.clone(), number),
            chain: vec![(kustomization.folder.clone(), found.matches.clone()?)],
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
