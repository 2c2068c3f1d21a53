//! Places in the repository where a workload's image can be set, with the reason and the reach of each.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::environment::{folder_fit, is_base, same_folders};
use super::mapping::Target;
use super::render::{Instance, Source};
use super::{Index, folder_of};
use crate::formats::images::{BumpError, Edit, Format, Found, NewVersion, bump, insert_override};
use crate::formats::yaml::{Refusal, Tree};
use crate::model::image::ImageReference;

/// A place where the image of a workload can be set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
}

/// What to edit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
}

/// A container that an edit reaches.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Reach {
    /// Folder that stands for the environment; empty at the top of the repository.
    pub environment: String,
    /// The namespace, where the repository says it.
    pub namespace: Option<String>,
    /// The object's kind; empty where only an `images:` entry is known.
    pub kind: String,
    /// The object's name.
    pub name: String,
    /// The container's name.
    pub container: String,
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
            Place::Insert { path, .. } => format!("{path}  {}", self.reason),
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
            Place::Insert { path, .. } => path,
        }
    }

    /// The edit that sets another version here. `bytes` are the file's at the commit that the index was built from.
    pub fn edit(&self, bytes: &[u8], to: &NewVersion) -> Result<Edit, EditError> {
        match &self.place {
            Place::Set(found) => Ok(bump(found, &Tree::parse(bytes)?, to)?),
            Place::Insert { path, name } => Ok(insert_override(path, 0, name, to)?),
        }
    }
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

    /// How well a container of the repository fits the running one; `None` when it is another one.
    fn score(&self, instance: &Instance, target: &Target) -> Option<u32> {
        if !instance.image.same_repository(&target.image) {
            return None;
        }
        let by_name = match &instance.object {
            Some(object) if object.name != target.name => return None,
            Some(object) if !object.container.is_empty() && object.container != target.container => return None,
            Some(object) if object.kind == target.kind => 3,
            Some(_) => 2,
            None => 1,
        };
        let by_namespace = match self.namespace(instance) {
            Some(namespace) if namespace == target.namespace => 2,
            Some(_) => return None,
            None => 1,
        };
        let (by_folder, _) = folder_fit(&self.path_of(instance), &target.environment_names());
        // What a reconciler applies is told, not guessed.
        let by_path = u32::from(target.path.as_deref().is_some_and(|path| applies(path, instance)));
        Some(by_path * 1000 + by_name * 100 + by_namespace * 10 + u32::from(by_folder))
    }

    fn namespace<'i>(&'i self, instance: &'i Instance) -> Option<&'i str> {
        match &instance.object {
            Some(object) => object.namespace.as_deref(),
            None => self.kustomizations.get(&instance.chain.first()?.0)?.namespace.as_deref(),
        }
    }

    /// The folder whose name may tell the environment: that of the outermost place which is only this environment's.
    fn path_of(&self, instance: &Instance) -> String {
        match (&instance.source, instance.chain.is_empty()) {
            (Source::Found(file, _), true) => folder_of(file).to_owned(),
            _ => self.environment(instance),
        }
    }

    fn found(&self, source: &Source) -> Option<&Found> {
        match source {
            Source::Found(file, number) => self.files.get(file)?.get(*number),
            Source::Inline(_) => None,
        }
    }

    fn candidate(&self, instance: &Instance, target: &Target, score: u32) -> Option<Candidate> {
        let found = self.found(&instance.source);
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
        Some(Candidate { place, image: instance.image.clone(), reason, score, reaches })
    }

    fn reaches(&self, place: &Place, instance: &Instance) -> Vec<Reach> {
        let is_reached = |other: &Instance| match place {
            Place::Set(_) => other.source == instance.source,
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
            });
        }
        reaches.sort();
        reaches.dedup();
        reaches
    }

    fn reason(&self, place: &Place, instance: &Instance, target: &Target) -> String {
        let mut reason = match place {
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
                    Source::Inline(_) => "a patch inside it".to_owned(),
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
        if instance.object.is_none() {
            reason.push_str("; what it builds is not in this repository");
        }
        if instance.image != target.image {
            let (git, cluster) = (instance.image.version(), target.image.version());
            reason.push_str(&format!("; Git says {git}, the cluster runs {cluster}"));
        }
        reason
    }
}

/// Whether a folder of the repository, applied, brings this container.
fn applies(path: &str, instance: &Instance) -> bool {
    let is_below = |folder: &str| {
        path.is_empty() || folder.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    match &instance.source {
        Source::Found(file, _) if instance.chain.is_empty() => is_below(folder_of(file)),
        _ => instance.chain.iter().any(|(folder, _)| is_below(folder)),
    }
}
