//! Why there is no plan to show, and what to do about it.

use crate::formats::FormatError;
use crate::model::{KnownGood, ObjectRef, Outcome};
use std::fmt::Write as _;

/// A revision that an operator may choose, with what is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Its number.
    pub revision: u64,
    /// Whether it is known to work.
    pub known_good: KnownGood,
    /// What tells.
    pub evidence: String,
    /// Its images.
    pub images: Vec<String>,
}

/// Why an intent cannot become a plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// The world is already as asked.
    #[error("nothing to do: {0}")]
    NothingToDo(String),
    /// Several things fit what was asked.
    #[error("{what}; {hint}: {}", candidates.join(", "))]
    Ambiguous {
        /// What is ambiguous or unknown.
        what: String,
        /// What fits.
        candidates: Vec<String>,
        /// How to choose.
        hint: String,
    },
    /// No earlier revision is known to have worked: the operator has to choose.
    #[error(
        "nothing proves that an earlier revision of {target} worked; choose one with --to-revision N:{}",
        list(revisions)
    )]
    Unproven {
        /// The workload.
        target: ObjectRef,
        /// The revisions it could go back to, newest first.
        revisions: Vec<Choice>,
    },
    /// What was asked makes no sense for this target.
    #[error("{what}; {hint}")]
    Invalid {
        /// What is wrong.
        what: String,
        /// What to do.
        hint: String,
    },
    /// It could be done, but must not.
    #[error("refused: {what}; {hint}")]
    Refused {
        /// What stands against it.
        what: String,
        /// What to do.
        hint: String,
    },
    /// The target cannot be read or edited.
    #[error(transparent)]
    Format(#[from] FormatError),
}

impl PlanError {
    /// How a verb that ends here ended: there being nothing to do is no failure.
    pub const fn outcome(&self) -> Outcome {
        match self {
            Self::NothingToDo(_) => Outcome::Done,
            Self::Format(_) => Outcome::Failed,
            Self::Ambiguous { .. } | Self::Unproven { .. } | Self::Invalid { .. } | Self::Refused { .. } => {
                Outcome::Refused
            }
        }
    }
}

fn list(revisions: &[Choice]) -> String {
    revisions.iter().fold(String::new(), |mut text, choice| {
        let _ = write!(text, "\n  {}  {}  {}", choice.revision, choice.images.join(", "), choice.evidence);
        text
    })
}
