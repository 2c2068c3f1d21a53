//! The verdict on a rollout, from the numbers an object's status carries, as `kubectl rollout status` judges them.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Where a rollout stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RolloutState {
    /// The controller gave up, or something outside the rollout stops it.
    Failed,
    /// Paused by its owner.
    Paused,
    /// On its way.
    Progressing,
    /// Cannot be told: the strategy has no rollout that ends.
    #[default]
    Unknown,
    /// Every replica runs the current template and is available.
    Complete,
}

impl fmt::Display for RolloutState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Failed => "failed",
            Self::Paused => "paused",
            Self::Progressing => "progressing",
            Self::Unknown => "unknown",
            Self::Complete => "complete",
        })
    }
}

/// A state with the sentence that explains it.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Rollout {
    /// Where it stands.
    pub state: RolloutState,
    /// Why, when there is more to say than the state: `2 of 4 new pods are ready`.
    pub reason: Option<String>,
}

impl Rollout {
    /// A state that needs no explanation.
    pub const fn plain(state: RolloutState) -> Self {
        Self { state, reason: None }
    }

    /// A state with its reason.
    pub fn because(state: RolloutState, reason: impl Into<String>) -> Self {
        Self { state, reason: Some(reason.into()) }
    }
}
