//! Why carrying out ends before the last step, and the boundaries at which a test may end it as a crash would.

use super::journal::JournalError;
use std::{fmt, sync::Arc};

/// Why the executor leaves a step. Everything that waits or writes returns one.
#[derive(Debug)]
pub(super) enum Stop {
    /// The step failed, for this reason.
    Failed(String),
    /// The world is not what was confirmed.
    Conflict(String),
    /// The target may not be had; nothing was changed.
    Refused(String),
    /// A right is missing, for this reason. It may have been there a step ago, and may come back.
    Forbidden(String),
    /// It cannot go on now, and stays to be resumed.
    Interrupted(String),
    /// The journal takes no more records.
    Journal(JournalError),
    /// The operator wants the last increment taken back.
    Back,
    /// The operator wants everything taken back.
    Abort,
    /// The operator wants it left as it stands.
    Leave,
    /// A test ended it here.
    Crashed,
}

impl From<JournalError> for Stop {
    fn from(error: JournalError) -> Self {
        Self::Journal(error)
    }
}

/// A place at which a crash would be worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Boundary {
    /// Something is about to be journaled.
    BeforeRecord,
    /// It is on disk.
    AfterRecord,
    /// A write is about to be sent.
    BeforeWrite,
    /// It was answered, and nobody has noted it yet.
    AfterWrite,
}

/// What strikes at a boundary.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strike {
    /// Nothing.
    #[default]
    None,
    /// The process ends there without another word, as by `kill -9`.
    Crash,
    /// The disk takes no more records; of writes to the world it means nothing.
    DiskFull,
}

/// Told each boundary as it is reached; answers what strikes there.
pub type Fault = dyn Fn(Boundary) -> Strike + Send + Sync;

/// The fault that a test injected, if any.
#[derive(Clone, Default)]
pub(super) struct Faults(pub(super) Option<Arc<Fault>>);

impl Faults {
    pub(super) fn reach(&self, boundary: Boundary) -> Result<(), Stop> {
        match self.0.as_ref().map(|fault| fault(boundary)) {
            Some(Strike::Crash) => Err(Stop::Crashed),
            Some(Strike::DiskFull) if boundary == Boundary::BeforeRecord => Err(Stop::Journal(JournalError::Io {
                action: "write to",
                path: "the journal".into(),
                source: std::io::ErrorKind::StorageFull.into(),
            })),
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Faults(injected)" } else { "Faults(none)" })
    }
}
