//! A hold: a reconciler kept from writing one object for as long as its source still says what was undone, and what the held
//! object itself tells of that.
//!
//! Invariant: a hold and its record are one write, so that no object is ever held without saying by whom, why and until when.

use super::{ObjectRef, OperationId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How an owner is kept from writing, the narrowest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Means {
    /// The workload tells its Flux Kustomization to leave it alone; everything else goes on.
    LeaveAlone,
    /// The owner is suspended as a whole: a HelmRelease knows nothing narrower.
    Suspend,
}

/// One hold, as a plan asks for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnerHold {
    /// Who is held off, in words: `flux apps/shop`.
    pub owner: String,
    /// The Flux object that is asked to reconcile once it is let go.
    pub asked: Option<ObjectRef>,
    /// How.
    pub means: Means,
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

/// What a held object says of its hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldRecord {
    /// The operation that holds.
    pub operation: OperationId,
    /// Who began it, as `user@host`.
    pub actor: String,
    /// The workload for which it is held, as `Kind/name`.
    pub workload: String,
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
