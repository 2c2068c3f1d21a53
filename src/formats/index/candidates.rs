//! Places in the repository where a workload's image can be set, with the reason and the reach of each.

use std::collections::HashMap;
use std::sync::Arc;

use super::deliver::Valued;
use super::environment::{folder_fit, is_base, same_folders};
use super::mapping::Target;
use super::render::{Instance, Source};
use super::{Index, folder_of};
use crate::formats::images::{BumpError, Change, Edit, Format, Found, NewVersion, Written, bump, insert_override};
use crate::formats::yaml::{Pointer, Refusal, Tree};
use crate::model::image::ImageReference;

/// A place where the image of a workload can be set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// What to edit.
    pub place: Place,
    /// What the repository says now.
    pub image: ImageReference,
    /// Why this place, to be shown.
    pub reason: String,
    /// How well it fits; only candidates of the same score are alternatives.
    pub score: u32,
    /// Every container whose image the edit changes, the wanted one included where it is known.
    pub reaches: Vec<Reach>,
    /// Whether a chart's digest would win over a tag that is written here.
    shadowed: bool,
}

/// What to edit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A reference that is there.
    Set(Box<Found>),
    /// An entry to insert into the kustomization at `path` for images named `name`.
    Insert {
        /// The kustomization.
        path: String,
        /// The image's name before transformation.
        name: String,
    },
    /// A key to write into a release's own values, over what it shares with others.
    Override {
        /// The file.
        path: String,
        /// Its document.
        document: usize,
        /// The values in it; what is missing of the way to them is written as well.
        values: Pointer,
        /// The keys that lead to the scalar.
        keys: Vec<String>,
        /// The repository, where the scalar holds all of the reference.
        whole: Option<String>,
    },
}

/// A container that an edit reaches.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reach {
    /// Folder that stands for the environment; empty at the top of the repository.
    pub environment: String,
    /// The namespace, where the repository says it.
    pub namespace: Option<String>,
    /// The object's kind; empty where only an `images:` entry is known.
    pub kind: String,
    /// The object's name.
    pub name: String,
    /// The container's name; of a release, the key of the image.
    pub container: String,
    /// Whether it is the wanted one's own release and key.
    pub own: bool,
}

/// Why an edit cannot be made from a candidate.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// The file cannot be read any more.
    #[error(transparent)]
    Unreadable(#[from] Refusal),
    /// The reference cannot be given this version.
    #[error(transparent)]
    Bump(#[from] BumpError),
}

impl Candidate {
    /// The place as `--file` takes it, and why it is one.
    pub(super) fn choice(&self) -> String {
        match &self.place {
            Place::Set(found) => format!("{}:{}  {}", found.file, found.line, self.reason),
            Place::Insert { path, .. } | Place::Override { path, .. } => format!("{path}  {}", self.reason),
        }
    }

    /// Whether `PATH` or `PATH:LINE` names it.
    fn is_in(&self, file: &str) -> bool {
        let file = file.strip_prefix("./").unwrap_or(file);
        let line = || file.strip_prefix(self.file())?.strip_prefix(':')?.parse::<usize>().ok();
        let here = |line: usize| matches!(&self.place, Place::Set(found) if found.line == line);
        file == self.file() || line().is_some_and(here)
    }

    /// The file to edit.
    pub fn file(&self) -> &str {
        match &self.place {
            Place::Set(found) => &found.file,
            Place::Insert { path, .. } | Place::Override { path, .. } => path,
        }
    }

    /// The edit that sets another version here. `bytes` are the file's at the commit that the index was built from.
    pub fn edit(&self, bytes: &[u8], to: &NewVersion) -> Result<Edit, EditError> {
        match &self.place {
            Place::Set(found) => {
                let mut edit = bump(found, &Tree::parse(bytes)?, to)?;
                edit.changes.extend(self.shadowed.then(|| no_digest(found, to)).flatten());
                Ok(edit)
            }
            Place::Override { path, document, values, keys, whole } => {
                let change = Change::InsertValue {
                    document: *document,
                    pointer: values.clone(),
                    keys: keys.clone(),
                    to: to.written(whole.as_deref()),
                };
                Ok(Edit { path: path.clone(), changes: vec![change] })
            }
            Place::Insert { path, name } => Ok(insert_override(path, 0, name, to)?),
        }
    }
}

/// A digest that says nothing, beside a tag that a chart's own digest would beat.
fn no_digest(found: &Found, to: &NewVersion) -> Option<Change> {
    let Written::Keys(keys) = &found.written else { return None };
    let (mapping, _) = keys.tag.as_ref()?.split_last()?;
    let is_plain = to.digest.is_none() && keys.digest.is_none() && found.within.is_none();
    let (document, pointer) = (found.document, mapping.child("digest"));
    is_plain.then(|| Change::InsertKey { document, pointer, identity: Vec::new(), to: String::new() })
}

impl Index {
    /// The best places for a workload's image: one when the repository is clear about it, several that are equally good when
    /// it is not, none when nothing fits.
    pub fn candidates(&self, target: &Target) -> Vec<Candidate> {
        self.best(target, |_| true)
    }

    /// The best places for a workload's image in a file that the operator names.
    pub(super) fn candidates_in(&self, target: &Target, file: &str) -> Vec<Candidate> {
        self.best(target, |candidate| candidate.is_in(file))
    }

    fn best(&self, target: &Target, fits: impl Fn(&Candidate) -> bool) -> Vec<Candidate> {
        let mut scored: Vec<(u32, &Instance)> =
            self.instances.iter().filter_map(|instance| Some((self.score(instance, target)?, instance))).collect();
        scored.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
        let mut candidates: Vec<Candidate> = Vec::new();
        for (score, instance) in scored {
            if candidates.first().is_some_and(|best| best.score > score) {
                break;
            }
            let is_new = |new: &Candidate| candidates.iter().all(|known| known.place != new.place);
            candidates.extend(self.candidate(instance, target, score).filter(|new| is_new(new) && fits(new)));
        }
        candidates
    }

    pub(super) fn namespace<'i>(&'i self, instance: &'i Instance) -> Option<&'i str> {
        match &instance.object {
            Some(object) => object.namespace.as_deref(),
            None => self.kustomizations.get(&instance.chain.first()?.0)?.namespace.as_deref(),
        }
    }

    /// The folder whose name may tell the environment: that of the outermost place which is only this environment's.
    pub(super) fn path_of(&self, instance: &Instance) -> String {
        match (&instance.source, instance.chain.is_empty()) {
            _ if instance.values.is_some() && instance.chain.is_empty() => {
                instance.values.as_ref().map(|values| values.release.environment.clone()).unwrap_or_default()
            }
            (Source::Found(file, _), true) => folder_of(file).to_owned(),
            _ => self.environment(instance),
        }
    }

    fn found(&self, source: &Source) -> Option<&Found> {
        match source {
            Source::Found(file, number) => self.files.get(file)?.found.get(*number),
            Source::Inline(_) | Source::Release(..) => None,
        }
    }

    /// Where the image of a release is set: where it is now, or in the release's own values where others share that.
    fn valued(&self, instance: &Instance, values: &Valued, found: &Found) -> Place {
        let set = || Place::Set(Box::new(found.clone()));
        let is_shared = self.instances.iter().any(|other| {
            other.source == instance.source
                && other.values.as_ref().is_some_and(|other| !Arc::ptr_eq(&other.release, &values.release))
        });
        let Some((path, document, at)) = values.release.own.as_ref().filter(|_| is_shared) else { return set() };
        // A list is replaced as a whole by the layer above, so nothing is written into one.
        let in_list = values.leaf.iter().any(|key| key.bytes().all(|byte| byte.is_ascii_digit()));
        if values.leaf.is_empty() || in_list || *path == found.file {
            return set();
        }
        Place::Override {
            path: path.clone(),
            document: *document,
            values: at.clone(),
            keys: values.leaf.clone(),
            whole: values.whole.then(|| found.image.repository.clone()),
        }
    }

    fn candidate(&self, instance: &Instance, target: &Target, score: u32) -> Option<Candidate> {
        let found = self.found(&instance.source);
        if let Some(values) = &instance.values {
            let place = self.valued(instance, values, found?);
            let reaches = self.reaches(&place, instance);
            let reason = self.reason(&place, instance, target);
            return Some(Candidate {
                place,
                image: instance.image.clone(),
                reason,
                score,
                reaches,
                shadowed: values.shadowed,
            });
        }
        let is_shared = self
            .instances
            .iter()
            .any(|other| other.source == instance.source && !same_folders(&other.chain, &instance.chain));
        let own = self.own_kustomization(instance);
        // By its name or kind meant for several environments, even while only one uses it.
        let from_base = found.is_some_and(|found| match found.format {
            Format::Manifest | Format::HelmRelease | Format::Application | Format::Custom | Format::Marked => {
                is_base(folder_of(&found.file))
            }
            Format::Values | Format::Override | Format::Other => false,
            Format::Kustomize => self.kustomizations.get(folder_of(&found.file)).is_some_and(|k| k.is_component),
        });
        let override_in = match found {
            Some(_) if !is_shared && !from_base => None,
            _ => own.filter(|(folder, _)| found.is_none_or(|found| folder_of(&found.file) != folder)),
        };
        let place = match override_in {
            Some((folder, name)) => {
                Place::Insert { path: self.kustomizations.get(folder)?.path.clone(), name: name.clone() }
            }
            None => Place::Set(Box::new(found?.clone())),
        };
        let reaches = self.reaches(&place, instance);
        let reason = self.reason(&place, instance, target);
        Some(Candidate { place, image: instance.image.clone(), reason, score, reaches, shadowed: false })
    }

    fn reaches(&self, place: &Place, instance: &Instance) -> Vec<Reach> {
        let same_release = |other: &Instance| match (&other.values, &instance.values) {
            (Some(other), Some(own)) => Arc::ptr_eq(&other.release, &own.release),
            _ => false,
        };
        let is_reached = |other: &Instance| match place {
            Place::Set(_) => other.source == instance.source,
            Place::Override { .. } => other.source == instance.source && same_release(other),
            Place::Insert { path, name } => {
                other.chain.iter().any(|(f, arrives)| f == folder_of(path) && arrives == name)
            }
        };
        // Containers that come the same way share their environment, which takes a walk over all others to find.
        let mut environments: HashMap<Vec<&str>, String> = HashMap::new();
        let mut reaches = Vec::new();
        for other in self.instances.iter().filter(|other| is_reached(other)) {
            let way = other.chain.iter().map(|(folder, _)| folder.as_str()).collect();
            let environment = match other.chain.is_empty() {
                true => self.path_of(other),
                false => environments.entry(way).or_insert_with(|| self.path_of(other)).clone(),
            };
            let object = other.object.as_ref();
            reaches.push(Reach {
                environment,
                namespace: self.namespace(other).map(str::to_owned),
                kind: object.map(|object| object.kind.clone()).unwrap_or_default(),
                name: object.map(|object| object.name.clone()).unwrap_or_default(),
                container: object.map(|object| object.container.clone()).unwrap_or_default(),
                own: same_release(other) && other.slot == instance.slot,
            });
        }
        reaches.sort();
        reaches.dedup();
        reaches
    }

    fn reason(&self, place: &Place, instance: &Instance, target: &Target) -> String {
        let mut reason = match place {
            _ if instance.values.is_some() => self.release_reason(place, instance),
            Place::Override { path, .. } => format!("{path} builds {} {}", target.kind, target.name),
            Place::Set(found) => match &found.matches {
                Some(name) => format!("{} sets images[{name}]", found.file),
                None => {
                    let at = format!("{}:{}", found.file, found.line);
                    format!("{at} is {} {}, container {}", target.kind, target.name, target.container)
                }
            },
            Place::Insert { path, name } => {
                let origin = match &instance.source {
                    Source::Found(file, _) => file.clone(),
                    Source::Inline(_) | Source::Release(..) => "a patch inside it".to_owned(),
                };
                format!("{path} builds {} {} from {origin} and has no images[{name}] yet", target.kind, target.name)
            }
        };
        match self.namespace(instance) {
            Some(namespace) => reason.push_str(&format!(" and namespace {namespace}")),
            None => reason.push_str("; it names no namespace"),
        }
        if let (_, Some(folder)) = folder_fit(&self.path_of(instance), &target.environment_names()) {
            reason.push_str(&format!("; folder {folder} fits"));
        }
        if instance.image.repository.is_empty() {
            reason.push_str("; the repository is in the chart, which is not in this repository");
        } else if !instance.image.same_repository(&target.image) {
            reason.push_str(&format!("; {} differs from what runs in its registry only", instance.image.repository));
        }
        if instance.object.is_none() {
            reason.push_str("; what it builds is not in this repository");
        }
        if instance.image != target.image {
            let (git, cluster) = (instance.image.version(), target.image.version());
            reason.push_str(&format!("; Git says {git}, the cluster runs {cluster}"));
        }
        reason
    }

    /// What of a release is set where.
    fn release_reason(&self, place: &Place, instance: &Instance) -> String {
        let Some(release) = instance.values.as_ref().map(|values| &values.release) else { return String::new() };
        let key = match instance.slot.join(".") {
            key if key.is_empty() => "the image".to_owned(),
            key => key,
        };
        let of = match (&release.object, &release.chart) {
            (Some((Some(namespace), name)), _) => format!("{} {namespace}/{name}", release.kind.as_str()),
            (Some((None, name)), _) => format!("{} {name}", release.kind.as_str()),
            (None, Some(chart)) => format!("chart {chart}"),
            (None, None) => "a chart".to_owned(),
        };
        match place {
            Place::Set(found) => format!("{}:{} sets {key} of {of}", found.file, found.line),
            Place::Override { path, .. } | Place::Insert { path, .. } => {
                let shared = match &instance.source {
                    Source::Found(file, _) => file.as_str(),
                    Source::Inline(_) | Source::Release(..) => "elsewhere",
                };
                format!("{path} is {of}'s own; {shared}, which others share, sets {key} now")
            }
        }
    }
}
