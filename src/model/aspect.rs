//! The sides from which one workload can be looked at, and what is then seen.
//!
//! Each aspect is fetched by itself, when somebody looks, so that what one may not see hides nothing else.

use super::{EventLine, History, Manifest, Origin, Overview, Pods, Scaling, Traffic, Usages};

/// One side of a workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Aspect {
    /// Containers, conditions, budgets.
    Overview,
    /// What it ran before, and what the reconciler did.
    Revisions,
    /// Its pods by revision.
    Pods,
    /// What its pods use.
    Usage,
    /// Events about it, its revisions and its pods.
    Events,
    /// What scales it.
    Autoscaler,
    /// The object as YAML.
    Manifest,
    /// The Services that select its pods.
    Traffic,
    /// Where Git sets its image.
    Git,
}

/// What was seen of one side of a workload.
#[derive(Clone, Debug, PartialEq)]
pub enum Sight {
    /// Containers, conditions, budgets.
    Overview(Overview),
    /// What it ran before, and what the reconciler did.
    Revisions(History),
    /// Its pods by revision.
    Pods(Pods),
    /// What its pods use; None where the metrics API is not served.
    Usage(Option<Usages>),
    /// Events about it, its revisions and its pods, newest first, and whether older ones were left out.
    Events(Vec<EventLine>, bool),
    /// What scales it, if anything does.
    Autoscaler(Option<Scaling>),
    /// The object as YAML.
    Manifest(Manifest),
    /// The Services that select its pods.
    Traffic(Traffic),
    /// Where Git sets its image.
    Git(Box<Origin>),
}

impl Sight {
    /// Which side this is.
    pub const fn aspect(&self) -> Aspect {
        match self {
            Self::Overview(_) => Aspect::Overview,
            Self::Revisions(_) => Aspect::Revisions,
            Self::Pods(_) => Aspect::Pods,
            Self::Usage(_) => Aspect::Usage,
            Self::Events(..) => Aspect::Events,
            Self::Autoscaler(_) => Aspect::Autoscaler,
            Self::Manifest(_) => Aspect::Manifest,
            Self::Traffic(_) => Aspect::Traffic,
            Self::Git(_) => Aspect::Git,
        }
    }
}

/// Why one side of a workload cannot be seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unseen {
    /// Whether RBAC is the reason.
    pub forbidden: bool,
    /// What failed, on what, why.
    pub why: String,
    /// What to do about it.
    pub hint: Option<String>,
}
