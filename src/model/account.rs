//! What is told of one operation afterwards: who did what, why, when, with which result, and by which commands it could be done
//! by hand.

use super::{Incident, ObjectRef, OperationId, OperationState, Verb};
use jiff::Timestamp;
use serde::Serialize;

/// One thing that happened, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Happening {
    /// When, by the clock of the machine that carried it out.
    pub at: Timestamp,
    /// What.
    pub what: String,
    /// Whether only who looks into the operation itself wants to know.
    #[serde(skip)]
    pub routine: bool,
}

/// The account of one operation. It holds no secret and no environment value: whoever makes it hides them.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Account {
    /// The operation's name.
    pub id: OperationId,
    /// Its verb.
    pub verb: Verb,
    /// What it acted on.
    pub target: ObjectRef,
    /// The context it ran in.
    pub context: String,
    /// One line: what it did.
    pub summary: String,
    /// What became of the image: `2.4.1 → 2.4.0`; None where that is not what it was about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub versions: Option<String>,
    /// Who carried it out, as `user@host`: first who began it, then each who took it up.
    pub who: Vec<String>,
    /// The breakage that it answers, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub incident: Option<Incident>,
    /// What tells that what it went back to is good; empty where it went back to nothing.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub evidence: String,
    /// When the write that it is about was accepted.
    pub written: Option<Timestamp>,
    /// When the rollout that it waited for was complete.
    pub healthy: Option<Timestamp>,
    /// What is left to be done by somebody, a sentence each.
    pub left: Vec<String>,
    /// Why, in the operator's words.
    pub why: Option<String>,
    /// The team's rules that were overridden, each with its place.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub overridden: Vec<String>,
    /// When it was confirmed, or planned where it never was.
    pub started: Timestamp,
    /// When its last attempt ended; None while none has.
    pub ended: Option<Timestamp>,
    /// Where it stands.
    pub state: OperationState,
    /// How it ended, or why it stands.
    pub result: Option<String>,
    /// Whether it was thought to last.
    pub durability: String,
    /// What happened, in order.
    pub timeline: Vec<Happening>,
    /// What changed, as a unified diff.
    pub diff: String,
    /// The commands that do the same by hand, without the checks.
    pub commands: Vec<String>,
}

impl Account {
    /// Names the operations that were confirmed together with it.
    pub fn group(&self) -> Option<&str> {
        self.incident.as_ref()?.group.as_deref()
    }
}
