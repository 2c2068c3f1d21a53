//! The plan: one serialisable value that the sheet, `--dry-run`, the journal and the executor all read.

use super::{
    Access, ClusterIdentity, Incident, Intent, ObjectRef, OperationId, Ruling, Step, Verb, image::ImageReference,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Whether a change will last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", from = "String")]
pub enum Durability {
    /// Nothing known would undo it.
    Sticks,
    /// It will be undone: by whom and how soon, as a sentence.
    Reverted(String),
    /// Nothing can be said, and why.
    Unknown(String),
}

impl From<Durability> for String {
    fn from(durability: Durability) -> Self {
        durability.to_string()
    }
}

impl From<String> for Durability {
    fn from(text: String) -> Self {
        if text == "sticks" {
            Self::Sticks
        } else if let Some(why) = text.strip_prefix("unknown: ") {
            Self::Unknown(why.into())
        } else {
            Self::Reverted(text)
        }
    }
}

impl Durability {
    /// Whether it lasts, in one or two words; the sentence is for where there is room.
    pub const fn badge(&self) -> &'static str {
        match self {
            Self::Sticks => "sticks",
            Self::Reverted(_) => "comes back",
            Self::Unknown(_) => "may come back",
        }
    }
}

impl fmt::Display for Durability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sticks => f.write_str("sticks"),
            Self::Reverted(how) => f.write_str(how),
            Self::Unknown(why) => write!(f, "unknown: {why}"),
        }
    }
}

/// How much can go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Risk {
    /// It can be put back at once, and nobody should notice.
    Low,
    /// Something deserves a second look.
    Medium,
    /// Users will or may notice.
    High,
}

impl fmt::Display for Risk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        })
    }
}

/// Something checked before a plan may run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Precondition {
    /// What was checked.
    pub what: String,
    /// Whether it holds. A plan with one that does not hold cannot run, unless it is only a `warning`.
    pub ok: bool,
    /// What was found.
    pub detail: String,
    /// Whether the plan may run although it does not hold.
    #[serde(default)]
    pub warning: bool,
}

impl Precondition {
    /// A check that must hold.
    pub fn require(what: impl Into<String>, ok: bool, detail: impl Into<String>) -> Self {
        Self { what: what.into(), ok, detail: detail.into(), warning: false }
    }

    /// Something to know that does not stop the plan.
    pub fn warn(what: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { what: what.into(), ok: false, detail: detail.into(), warning: true }
    }
}

/// A plan. Nothing has changed yet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The operation it becomes when it runs.
    pub operation: OperationId,
    /// Its verb.
    pub verb: Verb,
    /// What it acts on.
    pub target: ObjectRef,
    /// The kubeconfig context it was made in.
    pub context: String,
    /// The cluster it was made for.
    pub cluster: ClusterIdentity,
    /// Who made it, as `user@host`.
    pub actor: String,
    /// When.
    pub created: Timestamp,
    /// One line: what happens, such as `41 → 40`.
    pub summary: String,
    /// Why this is what was chosen, one line each.
    pub reasons: Vec<String>,
    /// Whether it will last.
    pub durability: Durability,
    /// How much can go wrong.
    pub risk: Risk,
    /// What was checked.
    pub preconditions: Vec<Precondition>,
    /// What it needs to be allowed to do; the guard asks again when it runs.
    pub needs: Vec<Access>,
    /// What will be done, in order.
    pub steps: Vec<Step>,
    /// What changes, as a unified diff with values that may be secret left out.
    pub diff: String,
    /// The operator's reason.
    pub why: Option<String>,
    /// What was asked for.
    pub intent: Intent,
    /// The breakage that it answers, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident: Option<Incident>,
    /// What the team's rules say to it, where they say something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Ruling>,
    /// When the image that it brings was built, where the registry tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub built: Option<Timestamp>,
}

/// How the word on Git begins in a plan that was made while Git was still being read.
pub const OUTSTANDING: &str = "is being read";

impl Plan {
    /// Whether Git was still being read when it was made: it is then what is done without, and another one comes.
    pub fn awaits_git(&self) -> bool {
        self.preconditions.iter().any(|check| check.what == "git" && check.detail.starts_with(OUTSTANDING))
    }

    /// The preconditions that keep it from running.
    pub fn blocked_by(&self) -> impl Iterator<Item = &Precondition> {
        self.preconditions.iter().filter(|p| !p.ok && !p.warning)
    }

    /// What tells that what it goes back to is good, where it goes back to something.
    pub fn evidence(&self) -> &str {
        self.preconditions.iter().find(|check| check.what == "known good").map_or("", |check| &check.detail)
    }

    /// What becomes of an image, of the first container whose image changes: both versions.
    pub fn versions(&self) -> Option<(String, String)> {
        self.reasons.iter().find_map(|reason| {
            let (_, change) = reason.split_once(": ")?;
            let (from, to) = change.split_once(" → ")?;
            let version = |image: &str| Some(ImageReference::parse(image).ok()?.version());
            Some((version(from)?, version(to)?))
        })
    }

    /// The index of the step whose write is waited for most: the one that puts the target back, else the first.
    pub fn write(&self) -> Option<usize> {
        let undo = self.steps.iter().position(|step| step.step == "undo");
        undo.or(Some(0)).filter(|at| *at < self.steps.len())
    }

    /// Whether the target's name must be typed, whatever the context.
    pub fn asks_name(&self) -> bool {
        self.policy.as_ref().is_some_and(|ruling| ruling.asks_name)
    }

    /// Whether nothing but the team's rules keeps it from running: these may be overridden.
    pub fn is_refused_by_policy_only(&self) -> bool {
        let stands = self.policy.as_ref().is_some_and(|ruling| !ruling.against.is_empty() && !ruling.overridden);
        stands && self.blocked_by().all(|check| check.what == "policy") && self.blocked_by().next().is_some()
    }

    /// Names the plans that were shown together with it, to be confirmed at once.
    pub fn group(&self) -> Option<&str> {
        self.incident.as_ref()?.group.as_deref()
    }

    /// Whether running it would change nothing.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }
}
