//! What can be wrong with a journal.

use crate::model::OperationId;
use std::{io, path::PathBuf};

/// Why a journal cannot be used. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The file system refuses.
    #[error(
        "{action} {path}: {source}; nothing was changed in the cluster or in Git after this: make room or give this user the right to write there"
    )]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A line before the last is not what was written.
    #[error("{path}:{line}: {why}; the journal was damaged or edited: restore it from a backup, or look at the target and act with a new plan", path = path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// Which line, from 1.
        line: usize,
        /// What is wrong with it.
        why: String,
    },
    /// There is no plan in it: the process ended before it began.
    #[error("{path} holds no plan: the operation never began, and the file may be removed", path = path.display())]
    Empty {
        /// Which file.
        path: PathBuf,
    },
    /// Another process carries the operation out.
    #[error(
        "operation {id} is carried out by another process: control it with `pilothouse operations pause|step-back|abort {id}`"
    )]
    Held {
        /// Which operation.
        id: OperationId,
    },
    /// No process carries the operation out.
    #[error("operation {id} is not carried out by any process: resume it with `pilothouse operations resume {id}`")]
    NotHeld {
        /// Which operation.
        id: OperationId,
    },
    /// There is no such operation.
    #[error("there is no operation {id} here: `pilothouse operations` lists those that this machine knows")]
    Unknown {
        /// What was asked for.
        id: String,
    },
    /// The beginning of a name fits several operations.
    #[error("{id} may be {}: give more of its name", candidates.join(" or "))]
    Ambiguous {
        /// What was asked for.
        id: String,
        /// What it may be.
        candidates: Vec<String>,
    },
    /// An earlier append failed, so the end of the file is not known.
    #[error("{path} could not be written before, so nothing more is added: resume the operation once there is room", path = path.display())]
    Broken {
        /// Which file.
        path: PathBuf,
    },
}
