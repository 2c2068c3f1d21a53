//! What stops a workload, with its evidence as data, the one sentence that says it, and what an operator may do about it.
//!
//! Invariant: a closed set. A sentence is made from the data when it is asked for; ages derive from the reader's `now`.

mod cause;
mod scaling;
mod words;

pub use cause::{
    AdmissionControl, Cause, ClaimState, Ending, Probe, PullFailure, QuotaLine, Referent, ScalingTrouble, Unfit,
};

use jiff::Timestamp;
use serde::Serialize;
use std::fmt;

macro_rules! kinds {
    ($($variant:ident = $name:literal, $words:literal, $doc:literal;)*) => {
        /// What kind of thing stops a workload: the cause without its evidence.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum BlockerKind { $(#[doc = $doc] $variant,)* }

        impl BlockerKind {
            /// Every kind. What explains the others comes first.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Its name in JSON and in filters.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The fewest words that say it, for a table: at most 13 characters.
            pub const fn words(self) -> &'static str {
                match self { $(Self::$variant => $words,)* }
            }
        }
    };
}

// In the order in which one explains the other: causes before their symptoms.
kinds! {
    Stale = "stale", "stale status", "The controller has not taken up the last change: whatever the status says is of the past.";
    NodeDown = "node-down", "node down", "The node under the pods is not ready.";
    Missing = "missing", "missing", "A ConfigMap, Secret, claim or service account that the pods need does not exist.";
    ImagePull = "image-pull", "image pull", "An image cannot be pulled.";
    Config = "config", "not created", "A container cannot be created or started.";
    OutOfMemory = "out-of-memory", "OOM killed", "A container is killed for using more memory than it may.";
    CrashLoop = "crash-loop", "crash loop", "A container ends again and again.";
    Liveness = "liveness", "liveness", "A container is killed because its liveness or startup probe fails.";
    Volume = "volume", "volume", "A volume cannot be attached or mounted.";
    Claim = "claim", "claim waits", "A PersistentVolumeClaim is not bound.";
    Unschedulable = "unschedulable", "unschedulable", "No node takes the pod.";
    Unstarted = "unstarted", "not started", "A node says nothing of a pod that it should start.";
    Quota = "quota", "quota", "A quota leaves no room for pods.";
    Limits = "limits", "limit range", "A LimitRange refuses the pods.";
    Admission = "admission", "refused", "A webhook, a policy or Pod Security refuses the pods.";
    Refused = "refused", "refused", "Pods cannot be created for another reason.";
    NotReady = "not-ready", "not ready", "A container runs but is not ready.";
    Initialising = "initialising", "init waits", "An init container has not come to its end.";
    Ordinal = "ordinal", "stuck pod", "A StatefulSet waits for one of its pods.";
    Terminating = "terminating", "terminating", "A pod that was told to go does not go.";
    Rejected = "rejected", "rejected", "Nodes turn pods away or evict them.";
    Paused = "paused", "paused", "Somebody paused the rollout.";
    OnDelete = "on-delete", "on delete", "Pods are replaced only once somebody deletes them.";
    Partition = "partition", "partition", "A partition keeps pods on the earlier template.";
    MinReady = "min-ready", "settling", "Pods are ready, but not yet for as long as they must be.";
    Budget = "budget", "budget", "A PodDisruptionBudget keeps pods on a node that is being emptied.";
    Deadline = "deadline", "deadline", "The controller's deadline has passed.";
    Scaling = "scaling", "cannot scale", "The autoscaler cannot scale, or not as far as it wants to.";
}

impl fmt::Display for BlockerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Which pods a cause is counted among.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Among {
    /// All pods of the workload: there is one template only.
    #[default]
    All,
    /// The pods of the current template, beside others of an earlier one.
    New,
    /// The pods of earlier templates.
    Old,
}

/// How many pods a cause holds for.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Share {
    /// Pods it holds for.
    pub count: u32,
    /// Pods there are.
    pub of: u32,
    /// Which pods these are.
    pub among: Among,
    /// Pods that fail for another reason, which is not told: how many, and the kind of it.
    pub beside: Vec<(u32, BlockerKind)>,
    /// The one node that all of these pods are on, where that tells something.
    pub node: Option<Box<str>>,
    /// Pods that are not created before these are ready.
    pub waiting: u32,
}

impl Share {
    /// Whether it says more than that there is one pod.
    fn tells(&self) -> bool {
        self.of > 1 || self.among != Among::All || self.waiting > 0 || !self.beside.is_empty()
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let which = match self.among {
            Among::All => "",
            Among::New => "new ",
            Among::Old => "old ",
        };
        match (self.count, self.of) {
            (1, 1) => write!(f, "the only {which}pod")?,
            (2, 2) => write!(f, "both {which}pods")?,
            (count, of) if count == of => write!(f, "all {of} {which}pods")?,
            (count, of) => write!(f, "{count} of {of} {which}pods")?,
        }
        if let Some(node) = &self.node {
            let all = if self.count > 1 { "all " } else { "" };
            write!(f, ", {all}on node {node}")?;
        }
        for (count, kind) in &self.beside {
            write!(f, "; {count} more: {}", kind.words())?;
        }
        match self.waiting {
            0 => Ok(()),
            1 => f.write_str("; 1 more waits for it"),
            many => write!(f, "; {many} more wait for it"),
        }
    }
}

/// What an operator may do about a blocker. Which key that is, the keymap knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Remedy {
    /// Return to an earlier revision.
    RollBack,
    /// Ask for another image.
    Bump,
    /// Replace the pods.
    Restart,
    /// Read the logs.
    Logs,
    /// Read the events.
    Events,
    /// Read the object.
    Yaml,
    /// Look at the autoscaler.
    Autoscaler,
}

impl Remedy {
    /// The name of the action that does it, as the keymap has it.
    pub const fn action(self) -> &'static str {
        match self {
            Self::RollBack => "rollback",
            Self::Bump => "bump",
            Self::Restart => "restart",
            Self::Logs => "logs",
            Self::Events => "tab-events",
            Self::Yaml => "tab-yaml",
            Self::Autoscaler => "tab-autoscaler",
        }
    }
}

/// The one thing to say about a workload that is not well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocker {
    /// What stops it.
    pub cause: Cause,
    /// How many pods it holds for, where it is about pods.
    pub share: Option<Share>,
    /// Since when, where that is known.
    pub since: Option<Timestamp>,
    /// The words of the cluster that prove it, oldest first: log lines, an event. A few lines at most.
    pub evidence: Vec<String>,
}

impl Blocker {
    /// A blocker that is not about single pods.
    pub const fn of(cause: Cause, since: Option<Timestamp>) -> Self {
        Self { cause, share: None, since, evidence: Vec::new() }
    }

    /// What kind of thing it is.
    pub const fn kind(&self) -> BlockerKind {
        self.cause.kind()
    }

    /// The sentence, without an age: what, where, for how many pods.
    pub fn message(&self) -> String {
        self.sentence(None)
    }

    /// The sentence with how long it has held: `age` is that of [`Self::since`], as it is written (`4m`).
    pub fn sentence(&self, age: Option<&str>) -> String {
        let share = self.share.as_ref().filter(|share| share.tells());
        match (share, age) {
            (None, None) => self.cause.to_string(),
            (Some(share), None) => format!("{} ({share})", self.cause),
            (None, Some(age)) => format!("{} (for {age})", self.cause),
            (Some(share), Some(age)) => format!("{} ({share}, for {age})", self.cause),
        }
    }

    /// What may help, what helps most first.
    pub fn remedies(&self) -> &'static [Remedy] {
        let new = self.share.as_ref().is_some_and(|share| share.among == Among::New);
        self.kind().remedies(new)
    }
}

impl BlockerKind {
    /// What may help, what helps most first; `new` is whether only the current template is concerned, so that an earlier
    /// one serves.
    pub const fn remedies(self, new: bool) -> &'static [Remedy] {
        use Remedy::{Autoscaler, Bump, Events, Logs, Restart, RollBack, Yaml};
        match self {
            Self::ImagePull if new => &[RollBack, Bump],
            Self::ImagePull => &[Bump, Events],
            Self::CrashLoop | Self::OutOfMemory | Self::Liveness if new => &[RollBack, Logs],
            Self::CrashLoop | Self::OutOfMemory | Self::Liveness => &[Logs, RollBack],
            Self::NotReady if new => &[Logs, RollBack],
            Self::NotReady | Self::Initialising => &[Logs, Events],
            Self::Missing | Self::Config | Self::Unschedulable if new => &[RollBack, Events],
            Self::Missing | Self::Config | Self::Unschedulable | Self::Deadline => &[Events, RollBack],
            Self::Volume
            | Self::Claim
            | Self::Quota
            | Self::Limits
            | Self::Admission
            | Self::Refused
            | Self::Rejected
            | Self::Unstarted
            | Self::NodeDown => &[Events],
            Self::Ordinal | Self::Stale => &[Events, Yaml],
            Self::OnDelete => &[Restart, Yaml],
            Self::Terminating | Self::Paused | Self::Partition | Self::MinReady | Self::Budget => &[Yaml],
            Self::Scaling => &[Autoscaler, Events],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_counts_pods_and_says_how_long() {
        let cause = Cause::Deadline { seconds: Some(600) };
        let mut blocker = Blocker::of(cause, Some(Timestamp::UNIX_EPOCH));
        assert_eq!(blocker.sentence(Some("4m")), format!("{} (for 4m)", blocker.cause));
        blocker.share = Some(Share {
            count: 3,
            of: 5,
            among: Among::New,
            beside: vec![(1, BlockerKind::Unschedulable)],
            ..Share::default()
        });
        let counted = "(3 of 5 new pods; 1 more: unschedulable, for 4m)";
        let sentence = blocker.sentence(Some("4m"));
        assert!(sentence.ends_with(counted), "{sentence}");
        assert!(!blocker.message().contains("4m"), "a message does not age");
    }

    #[test]
    fn the_words_fit_a_narrow_table_and_every_kind_has_a_remedy() {
        for kind in BlockerKind::ALL {
            assert!(kind.words().len() <= 13, "{kind}");
            assert!(!kind.remedies(false).is_empty() && !kind.remedies(true).is_empty(), "{kind}");
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        }
    }
}
