//! What an operator asks for, before anything is known about whether and how it can be done.

use super::ObjectRef;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The verbs of this program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verb {
    /// Return a workload to an earlier revision.
    Rollback,
    /// Replace a workload's pods, a few at a time.
    Restart,
    /// Move weighted traffic between backends.
    Shift,
    /// Change an image tag in Git.
    Bump,
    /// Run a database migration as a Job.
    Migrate,
}

impl Verb {
    /// The verb as one word of the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rollback => "rollback",
            Self::Restart => "restart",
            Self::Shift => "shift",
            Self::Bump => "bump",
            Self::Migrate => "migrate",
        }
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// An intent: a verb on a target with its parameters. Screen and command line make the same ones.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "verb")]
pub enum Intent {
    /// Return `target` to `revision`, or to the best known-good one.
    Rollback {
        /// The workload.
        target: ObjectRef,
        /// The revision asked for by number.
        revision: Option<u64>,
    },
    /// Restart the pods of `target`.
    Restart {
        /// The workload.
        target: ObjectRef,
    },
    /// Move the traffic of `target` to backend `to`.
    Shift {
        /// The route.
        target: ObjectRef,
        /// The backend whose share grows.
        to: String,
        /// Its share after each step, in percent.
        steps: Vec<u32>,
        /// How long each step is held, in seconds.
        hold: u64,
    },
    /// Change the image tag of `target` in Git.
    Bump {
        /// The workload.
        target: ObjectRef,
        /// The new tag.
        tag: String,
        /// The container, where there are several.
        container: Option<String>,
        /// The repository: a path or a URL; discovered where None.
        repository: Option<String>,
        /// The branch; the repository's default where None.
        branch: Option<String>,
        /// Whether to follow the change until the new pods serve.
        wait: bool,
    },
    /// Run a migration with `target`'s own pod template.
    Migrate {
        /// The workload.
        target: ObjectRef,
        /// The tag of the image to run; the workload's current one where None.
        tag: Option<String>,
        /// The container, where there are several.
        container: Option<String>,
        /// The command and its arguments.
        command: Vec<String>,
    },
}

impl Intent {
    /// What it acts on.
    pub const fn target(&self) -> &ObjectRef {
        match self {
            Self::Rollback { target, .. }
            | Self::Restart { target }
            | Self::Shift { target, .. }
            | Self::Bump { target, .. }
            | Self::Migrate { target, .. } => target,
        }
    }

    /// Its verb.
    pub const fn verb(&self) -> Verb {
        match self {
            Self::Rollback { .. } => Verb::Rollback,
            Self::Restart { .. } => Verb::Restart,
            Self::Shift { .. } => Verb::Shift,
            Self::Bump { .. } => Verb::Bump,
            Self::Migrate { .. } => Verb::Migrate,
        }
    }
}
