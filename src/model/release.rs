//! Helm releases.

use super::{Health, ObjectRef};
use jiff::Timestamp;
use std::{fmt, sync::Arc};

/// What Helm says of one revision of a release, in its own words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReleaseStatus {
    /// The upgrade or installation failed.
    Failed,
    /// An installation is under way, or was given up without a word.
    PendingInstall,
    /// An upgrade is under way, or was given up without a word.
    PendingUpgrade,
    /// A rollback is under way, or was given up without a word.
    PendingRollback,
    /// It is being removed.
    Uninstalling,
    /// Helm itself does not know.
    Unknown,
    /// It is what is installed.
    Deployed,
    /// A later revision took its place.
    Superseded,
    /// It was removed and its history kept.
    Uninstalled,
}

impl ReleaseStatus {
    const ALL: [Self; 9] = [
        Self::Failed,
        Self::PendingInstall,
        Self::PendingUpgrade,
        Self::PendingRollback,
        Self::Uninstalling,
        Self::Unknown,
        Self::Deployed,
        Self::Superseded,
        Self::Uninstalled,
    ];

    /// The status of this name; [`Self::Unknown`] where it is none of Helm's.
    pub fn parse(name: &str) -> Self {
        Self::ALL.into_iter().find(|status| status.as_str() == name).unwrap_or(Self::Unknown)
    }

    /// As Helm writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::PendingInstall => "pending-install",
            Self::PendingUpgrade => "pending-upgrade",
            Self::PendingRollback => "pending-rollback",
            Self::Uninstalling => "uninstalling",
            Self::Unknown => "unknown",
            Self::Deployed => "deployed",
            Self::Superseded => "superseded",
            Self::Uninstalled => "uninstalled",
        }
    }

    /// How much it matters.
    pub const fn health(self) -> Health {
        match self {
            Self::Failed => Health::Broken,
            Self::PendingInstall | Self::PendingUpgrade | Self::PendingRollback | Self::Uninstalling => {
                Health::Progressing
            }
            Self::Unknown | Self::Uninstalled => Health::Unknown,
            Self::Deployed | Self::Superseded => Health::Healthy,
        }
    }
}

impl fmt::Display for ReleaseStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One revision of a Helm release. Of what Helm keeps, only what names and dates it: never a value, never a manifest.
#[derive(Clone, Debug, PartialEq)]
pub struct Release {
    /// The Secret that Helm keeps it in.
    pub object: ObjectRef,
    /// The release's name.
    pub name: Arc<str>,
    /// Its revision.
    pub revision: u32,
    /// What Helm says of it.
    pub status: ReleaseStatus,
    /// The chart and the version of it: `ingress-nginx 4.11.3`. Empty where the Secret cannot be read.
    pub chart: Arc<str>,
    /// The version of what the chart installs.
    pub app_version: Option<Arc<str>>,
    /// What Helm said last about it: `Upgrade complete`, or why it failed. Where the Secret cannot be read: why.
    pub description: Box<str>,
    /// When this revision was made.
    pub updated: Option<Timestamp>,
}
