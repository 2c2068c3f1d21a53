//! The journal: what every operation is about to do and did, on disk before it is done.
//!
//! One JSONL file per operation in one folder, readable by its user only, locked by the process that carries the operation out.
//! A crash at any moment leaves a journal from which the operation is taken up again. Replaying it never touches the world.

mod account;
mod error;
mod file;
mod history;
mod incident;
mod markdown;
mod record;
#[cfg(test)]
mod tests;

pub use error::JournalError;
pub use file::Journal;
pub use history::{GoingBack, History, StepHistory};
pub use markdown::markdown;
pub use record::{Entry, Record};

use crate::model::{Account, Control, Intent, ObjectRef, OperationId, OperationView, Plan, Served, Verb};
use jiff::Timestamp;
use std::{
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
};

/// The journals of this user on this machine. Cheap to clone; does no I/O by itself.
#[derive(Clone, Debug)]
pub struct Journals {
    folder: PathBuf,
}

/// All operations that the journals know, and the files that cannot be read.
#[derive(Debug, Default)]
pub struct Listing {
    /// Operations, newest first.
    pub operations: Vec<OperationView>,
    /// What is told of each, newest first.
    pub accounts: Vec<Account>,
    /// Journals that are damaged or may not be read.
    pub unreadable: Vec<JournalError>,
}

/// What the operations of this machine saw of templates, by the templates' hashes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Those whose rollout ended well, each with the last time.
    pub proven: HashMap<String, Timestamp>,
    /// Those that a bump brought, each with the first time that they served.
    pub served: HashMap<String, Served>,
}

impl Journals {
    /// The journals in `folder`, which is created with the first one.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// Where they are; the folder is created with the first one.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn path(&self, id: &OperationId, extension: &str) -> Result<PathBuf, JournalError> {
        let safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if id.0.is_empty() || id.0.len() > 128 || id.0.starts_with('.') || !id.0.chars().all(safe) {
            return Err(JournalError::Unknown { id: id.0.clone() });
        }
        Ok(self.folder.join(format!("{}.{extension}", id.0)))
    }

    /// Begins a journal with its plan. The file and its entry in the folder are on disk when this returns.
    pub fn create(&self, plan: &Plan, now: Timestamp) -> Result<(Journal, History), JournalError> {
        private_folder(&self.folder).map_err(|source| JournalError::Io {
            action: "create the folder",
            path: self.folder.clone(),
            source,
        })?;
        let mut journal = Journal::create(self.path(&plan.operation, "jsonl")?, &plan.operation)?;
        let entry = journal.append(Record::Planned { plan: Box::new(plan.clone()) }, now)?;
        let path = journal.path().to_owned();
        let history = History::replay(&[entry]).ok_or(JournalError::Empty { path })?;
        Ok((journal, history))
    }

    /// Opens a journal to go on with its operation: takes its lock, cuts a torn last line off.
    pub fn open(&self, id: &OperationId) -> Result<(Journal, History), JournalError> {
        Journal::open(self.path(id, "jsonl")?, id)
    }

    /// Reads a journal without holding it.
    pub fn read(&self, id: &OperationId) -> Result<History, JournalError> {
        let path = self.path(id, "jsonl")?;
        History::replay(&self.entries(id)?).ok_or(JournalError::Empty { path })
    }

    fn entries(&self, id: &OperationId) -> Result<Vec<Entry>, JournalError> {
        let path = self.path(id, "jsonl")?;
        let unknown = |source: io::Error| match source.kind() {
            io::ErrorKind::NotFound => JournalError::Unknown { id: id.0.clone() },
            _ => JournalError::Io { action: "read", path: path.clone(), source },
        };
        Ok(file::read(&fs::read(&path).map_err(unknown)?, &path)?.entries)
    }

    /// Whether a live process carries the operation out.
    pub fn is_held(&self, id: &OperationId) -> bool {
        self.path(id, "jsonl").is_ok_and(|path| file::is_held(&path))
    }

    /// Whether an operation of this machine is known to be carried out by nobody: its journal is here, and nobody locks it.
    pub fn is_abandoned(&self, id: &OperationId) -> bool {
        self.path(id, "jsonl").is_ok_and(|path| file::is_free(&path))
    }

    /// The operation whose name begins with `text`.
    pub fn find(&self, text: &str) -> Result<OperationId, JournalError> {
        let mut candidates: Vec<String> =
            self.ids().into_iter().map(|id| id.0).filter(|id| id.starts_with(text)).collect();
        if candidates.iter().any(|id| id == text) {
            return Ok(OperationId(text.to_owned()));
        }
        match candidates.len() {
            1 => Ok(OperationId(candidates.remove(0))),
            0 => Err(JournalError::Unknown { id: text.to_owned() }),
            _ => Err(JournalError::Ambiguous { id: text.to_owned(), candidates }),
        }
    }

    /// Names of all journals, oldest first. Other files in the folder are none of ours.
    fn ids(&self) -> Vec<OperationId> {
        let Ok(entries) = fs::read_dir(&self.folder) else { return Vec::new() };
        let mut ids: Vec<OperationId> = entries
            .filter_map(Result::ok)
            .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()))
            .filter_map(|entry| entry.file_name().to_str()?.strip_suffix(".jsonl").map(|id| OperationId(id.to_owned())))
            .filter(|id| self.path(id, "jsonl").is_ok())
            .collect();
        ids.sort();
        ids
    }

    /// Every operation, newest first.
    pub fn list(&self) -> Listing {
        let mut listing = Listing::default();
        for id in self.ids() {
            // Held or not is asked first: an operation that ends in between then shows as ended, not as interrupted.
            let live = self.is_held(&id);
            match self.entries(&id) {
                Ok(entries) => {
                    listing.operations.extend(History::replay(&entries).map(|history| history.view(live)));
                    listing.accounts.extend(account::account(&entries, live));
                }
                Err(JournalError::Empty { .. }) => {}
                Err(error) => listing.unreadable.push(error),
            }
        }
        listing.operations.sort_by(|a, b| b.started.cmp(&a.started).then_with(|| b.id.cmp(&a.id)));
        listing.accounts.sort_by(|a, b| b.started.cmp(&a.started).then_with(|| b.id.cmp(&a.id)));
        listing
    }

    /// The template hashes whose rollout was seen to end well, each with the last time.
    pub fn proven(&self) -> HashMap<String, Timestamp> {
        self.seen().proven
    }

    /// What the operations saw of templates.
    pub fn seen(&self) -> Seen {
        let mut seen = Seen::default();
        for history in self.ids().iter().filter_map(|id| self.read(id).ok()) {
            for (hash, at) in history.proven() {
                let last = seen.proven.entry(hash.to_owned()).or_insert(at);
                *last = at.max(*last);
                if history.plan.verb == Verb::Bump {
                    let served = Served { at, built: history.plan.built };
                    let first = seen.served.entry(hash.to_owned()).or_insert(served);
                    *first = if served.at < first.at { served } else { *first };
                }
            }
        }
        seen
    }

    /// The files that operators named for the image of a workload's container in a context, the last word of each. The container is
    /// empty where the workload has but one.
    pub fn chosen(&self, context: &str) -> HashMap<(ObjectRef, String), String> {
        let mut told: Vec<_> =
            self.ids().iter().filter_map(|id| self.read(id).ok()).map(|history| history.plan).collect();
        told.retain(|plan| plan.context == context);
        told.sort_by_key(|plan| plan.created);
        told.iter().filter_map(chosen).collect()
    }

    /// Tells the process that carries the operation out what to do. It looks twice a second.
    pub fn control(&self, id: &OperationId, control: Control) -> Result<(), JournalError> {
        let path = self.path(id, "control")?;
        if !self.path(id, "jsonl")?.exists() {
            return Err(JournalError::Unknown { id: id.0.clone() });
        }
        if !self.is_held(id) {
            return Err(JournalError::NotHeld { id: id.clone() });
        }
        let word = serde_json::to_string(&control).unwrap_or_default();
        let written = tempfile::NamedTempFile::new_in(&self.folder)
            .and_then(|file| fs::write(file.path(), word).map(|()| file))
            .and_then(|file| file.persist(&path).map_err(io::Error::from));
        written.map(drop).map_err(|source| JournalError::Io { action: "write", path, source })
    }

    /// What another process asked for since the last look.
    pub(super) fn take_control(&self, id: &OperationId) -> Option<Control> {
        let path = self.path(id, "control").ok()?;
        let word = fs::read_to_string(&path).ok()?;
        fs::remove_file(&path).ok()?;
        serde_json::from_str(word.trim()).ok()
    }

    /// Where the log of the operation's Job is saved.
    pub fn log_path(&self, id: &OperationId) -> Result<PathBuf, JournalError> {
        self.path(id, "log")
    }
}

/// What a plan was told of the place that sets the image.
fn chosen(plan: &Plan) -> Option<((ObjectRef, String), String)> {
    let Intent::Bump { target, container, file: Some(file), .. } = &plan.intent else { return None };
    Some(((target.clone(), container.clone().unwrap_or_default()), file.clone()))
}

#[cfg(unix)]
fn private_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(not(unix))]
fn private_folder(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}
