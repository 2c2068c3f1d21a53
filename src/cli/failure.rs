//! How a command line run fails: what failed, why, what to do, and the exit code that says which sort it is.

use crate::{
    app::{AppError, SessionError, Unplanned},
    model::Outcome,
    observe::ObserveError,
    operate::{JournalError, StartError},
};
use std::{error::Error, fmt};

/// The sort of failure, each with its exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// It did not work: 1.
    Failed,
    /// What was asked makes no sense: 2.
    Usage,
    /// The guard, policy or RBAC refused: 3.
    Refused,
    /// Whoever read the output is gone: 141, as a shell reports a broken pipe. There is nobody to tell.
    Unheard,
}

impl Sort {
    /// The exit code.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Refused => 3,
            Self::Unheard => 141,
        }
    }
}

/// A failure as it is printed.
#[derive(Debug)]
pub struct Failure {
    /// Which sort.
    pub sort: Sort,
    /// What failed, on what and why.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}

impl Sort {
    /// The outcome that JSON lines end with.
    pub const fn outcome(self) -> Outcome {
        match self {
            Self::Failed | Self::Usage | Self::Unheard => Outcome::Failed,
            Self::Refused => Outcome::Refused,
        }
    }
}

impl Failure {
    /// A failure of this sort.
    pub fn new(sort: Sort, message: impl Into<String>, hint: Option<String>) -> Self {
        Self { sort, message: message.into(), hint }
    }

    /// Something that should not happen.
    pub fn internal(action: &str, error: impl fmt::Display) -> Self {
        Self::new(Sort::Failed, format!("cannot {action}: {error}"), None)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.message)?;
        if let Some(hint) = &self.hint {
            write!(f, "\n  → {hint}")?;
        }
        Ok(())
    }
}

impl Error for Failure {}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        let sort = if error.kind() == std::io::ErrorKind::BrokenPipe { Sort::Unheard } else { Sort::Failed };
        Self::new(sort, format!("cannot write the output: {error}"), None)
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        match error.io_error_kind() {
            Some(kind) => std::io::Error::from(kind).into(),
            None => Self::internal("write the output as JSON", error),
        }
    }
}

impl From<SessionError> for Failure {
    fn from(error: SessionError) -> Self {
        let hint = match &error {
            SessionError::Connect(error) => error.hint(),
            SessionError::NoHome => None,
        };
        Self::new(Sort::Failed, error.to_string(), hint)
    }
}

impl From<AppError> for Failure {
    fn from(error: AppError) -> Self {
        match error {
            AppError::Session(error) => error.into(),
            other => Self::new(Sort::Failed, other.to_string(), None),
        }
    }
}

impl From<ObserveError> for Failure {
    fn from(error: ObserveError) -> Self {
        Self::new(Sort::Failed, error.to_string(), error.hint())
    }
}

impl From<Unplanned> for Failure {
    fn from(error: Unplanned) -> Self {
        let sort = if error.outcome() == Outcome::Refused { Sort::Refused } else { Sort::Failed };
        Self::new(sort, error.to_string(), error.hint())
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        match error {
            StartError::Journal(error) => error.into(),
            StartError::Refused(_) => Self::new(Sort::Refused, error.to_string(), error.hint()),
            StartError::Ended { .. } => Self::new(Sort::Failed, error.to_string(), error.hint()),
        }
    }
}

impl From<JournalError> for Failure {
    fn from(error: JournalError) -> Self {
        let sort = if matches!(error, JournalError::Held { .. }) { Sort::Refused } else { Sort::Failed };
        Self::new(sort, error.to_string(), None)
    }
}
