//! Revisions: what a workload ran before, and how sure we are that it worked.

use super::{Container, Kind, ObjectRef};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Whether a revision is known to have served well. Kubernetes does not record it, so it needs evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KnownGood {
    /// There is evidence that it serves or served.
    Yes,
    /// Nothing tells.
    Unknown,
    /// There is evidence that it failed.
    No,
}

/// The object that keeps a revision's template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevisionSource {
    /// ReplicaSet or ControllerRevision.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// Its UID.
    pub uid: String,
}

/// One revision of a workload, as gathered for a decision.
#[derive(Clone, Debug, PartialEq)]
pub struct Revision {
    /// Its number; it changes when the revision is rolled back to.
    pub revision: u64,
    /// Whether it is the workload's current template.
    pub current: bool,
    /// Where it is kept.
    pub source: RevisionSource,
    /// When it was first created.
    pub created: Option<Timestamp>,
    /// Its pod template, without `pod-template-hash`.
    pub template: Value,
    /// Annotations of the object that keeps it.
    pub annotations: Vec<(String, String)>,
    /// Containers of the template.
    pub containers: Vec<Container>,
    /// `kubernetes.io/change-cause`, where set.
    pub cause: Option<String>,
    /// Its pods that exist.
    pub replicas: u32,
    /// Its pods that are ready.
    pub ready: u32,
    /// What its pods say is wrong, where they fail.
    pub failing: Option<String>,
    /// When this program's own journal saw a rollout to this template end well.
    pub proven: Option<Timestamp>,
    /// ConfigMaps, Secrets and PersistentVolumeClaims it names that do not exist (any more).
    pub missing: Vec<ObjectRef>,
}

impl Revision {
    /// The images of the template, in order.
    pub fn images(&self) -> impl Iterator<Item = &str> {
        self.containers.iter().map(|c| &*c.image)
    }
}
