//! How well something serves, in the order in which it asks for attention.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The health of a workload, a namespace or a route. Ordered: what needs attention most comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// Something fails and will not mend itself.
    Broken,
    /// It serves with less than it should.
    Degraded,
    /// It is on its way to what was asked.
    Progressing,
    /// Not known (yet), which is not the same as healthy.
    #[default]
    Unknown,
    /// It is what was asked.
    Healthy,
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Broken => "broken",
            Self::Degraded => "degraded",
            Self::Progressing => "progressing",
            Self::Unknown => "unknown",
            Self::Healthy => "healthy",
        })
    }
}
