//! A hold: a reconciler kept from writing one object for as long as its source still says what was undone, and what the held
//! object itself tells of that.
//!
//! Invariant: a hold and its record are one write, so that no object is ever held without saying by whom, why and until when.
//! Several operations may hold one object, each by a record of its own: the last to let go puts back what was there before.

use super::{ObjectRef, OperationId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How an owner is kept from writing, the narrowest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Means {
    /// The workload tells its Flux Kustomization to leave it alone; everything else goes on.
    LeaveAlone,
    /// An Argo CD ApplicationSet leaves the auto-sync of one Application as it is; everything else of it goes on.
    IgnoreSync,
    /// An Argo CD Application does not sync by itself: `spec.syncPolicy.automated.enabled` is false.
    SyncDisabled,
    /// The same where the cluster's Applications have no such field: `spec.syncPolicy.automated` is gone.
    SyncRemoved,
    /// The owner is suspended as a whole: a HelmRelease knows nothing narrower.
    Suspend,
}

/// What is written on an object to hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// How.
    pub means: Means,
    /// Whether the object also tells the Kustomization that applies it to leave it alone, which would take the mark off.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub aside: bool,
    /// The part that is held, where that is not all of the object: the Application, for an ApplicationSet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<String>,
}

impl Mark {
    /// The mark of these means alone.
    pub const fn by(means: Means) -> Self {
        Self { means, aside: false, part: None }
    }
}

/// One hold, as a plan asks for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnerHold {
    /// Who is held off, in words: `flux apps/shop`.
    pub owner: String,
    /// The object that is asked to look at its source once it is let go.
    pub asked: Option<ObjectRef>,
    /// What is marked, and how.
    #[serde(flatten)]
    pub mark: Mark,
    /// The object that is marked for it: the workload, or the owner.
    pub object: ObjectRef,
    /// Its UID.
    pub uid: String,
    /// What the mark said before; None where there was none.
    pub original: Option<String>,
    /// What must not come back: container and image, of the template that is undone.
    pub bad: Vec<(String, String)>,
    /// When it should be over; then it is late.
    pub until: Timestamp,
    /// The operation whose hold this one takes over, where there is one already.
    pub adopts: Option<OperationId>,
}

/// What a held object says of one hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldRecord {
    /// The operation that holds.
    pub operation: OperationId,
    /// Who began it, as `user@host`.
    pub actor: String,
    /// The workload for which it is held, as `Kind/name`.
    pub workload: String,
    /// The workload's namespace; empty where it is the held object's own.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// The part that is held, where that is not all of the object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<String>,
    /// Whether the object is told to be left alone for it as well.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub aside: bool,
    /// Since when.
    pub since: Timestamp,
    /// Until when it was meant to last.
    pub until: Timestamp,
    /// What the mark said before; None where there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original: Option<String>,
    /// What must not come back: container and image.
    pub bad: Vec<(String, String)>,
    /// The operator's reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

impl HoldRecord {
    /// Whether an object of this namespace is held for this workload.
    pub fn is_for(&self, workload: &ObjectRef, namespace: &str) -> bool {
        let theirs = if self.namespace.is_empty() { namespace } else { &self.namespace };
        self.workload == format!("{}/{}", workload.kind, workload.name) && *theirs == *workload.namespace
    }
}
