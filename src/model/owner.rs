//! Who else writes an object: the reconciler or release manager that would undo a direct change.

use serde::{Deserialize, Serialize};
use std::{fmt, sync::Arc};

/// What kind of owner it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum OwnerKind {
    /// A Flux Kustomization.
    Kustomization,
    /// A Flux HelmRelease.
    HelmRelease,
    /// An Argo CD Application.
    Application,
    /// A Helm release that nothing reconciles.
    Helm,
}

impl OwnerKind {
    /// The short badge shown beside a workload.
    pub const fn badge(self) -> &'static str {
        match self {
            Self::Kustomization | Self::HelmRelease => "flux",
            Self::Application => "argo",
            Self::Helm => "helm",
        }
    }

    /// Whether it writes the object again by itself.
    pub const fn reconciles(self) -> bool {
        !matches!(self, Self::Helm)
    }
}

/// When an Argo CD Application writes its objects again by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Syncs {
    /// Whenever they differ from its source.
    Heals,
    /// Once its source has a commit that it has not synced.
    OnCommit,
    /// Never: somebody has to begin a sync.
    ByHand,
}

/// The owner found on an object's labels and annotations.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Owner {
    /// What kind of owner.
    pub kind: OwnerKind,
    /// The owner's namespace; empty when the object does not tell.
    pub namespace: Arc<str>,
    /// The owner's name.
    pub name: Arc<str>,
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.kind.badge())?;
        if !self.namespace.is_empty() {
            write!(f, "{}/", self.namespace)?;
        }
        f.write_str(&self.name)
    }
}
