//! What a team agreed on, as its `.pilothouse.yaml` says, and how that is known. Whether it stands against a plan is decided in
//! `plan`; this is only what was read.

use super::{Freeze, Jump, Wildcard};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The file at the top of a GitOps repository.
pub const TEAM_FILE: &str = ".pilothouse.yaml";

/// What the file says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Team {
    /// Environments, in the order of the file.
    pub environments: Vec<Environment>,
    /// When nothing is changed.
    pub freezes: Vec<Freeze>,
    /// Which tags count as certified.
    pub certified: Certified,
}

/// A part of the clusters with rules of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct Environment {
    /// Its name.
    pub name: String,
    /// The line of the file where it begins.
    pub line: usize,
    /// Names of kubeconfig contexts that belong to it.
    pub contexts: Vec<Wildcard>,
    /// Addresses of API servers that belong to it, whatever an operator calls their contexts.
    pub servers: Vec<Wildcard>,
    /// Namespaces that belong to it; all where none is named.
    pub namespaces: Vec<Wildcard>,
    /// Which versions it accepts; any where None.
    pub accepts: Option<Lined<Vec<Accept>>>,
    /// Patterns of which a tag must fit one; any where None.
    pub tags: Option<Lined<Vec<Wildcard>>>,
    /// The line that demands a reason for each change.
    pub reason: Option<usize>,
    /// The line that demands the target's name for each change.
    pub protected: Option<usize>,
}

impl Environment {
    /// Whether a namespace of a context, on this server, belongs to it.
    pub fn has(&self, context: &str, server: &str, namespace: &str) -> bool {
        let anywhere = self.contexts.is_empty() && self.servers.is_empty();
        let here = anywhere
            || self.contexts.iter().any(|pattern| pattern.fits(context))
            || self.servers.iter().any(|pattern| pattern.fits(server));
        here && (self.namespaces.is_empty() || self.namespaces.iter().any(|pattern| pattern.fits(namespace)))
    }
}

/// A value, and the line of the file that says it.
#[derive(Clone, Debug, PartialEq)]
pub struct Lined<T> {
    /// The line, counted from 1.
    pub line: usize,
    /// The value.
    pub value: T,
}

/// What an environment accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accept {
    /// A version that is so far from the one before.
    Jump(Jump),
    /// A certified tag, however far.
    Certified,
}

impl Accept {
    /// Every word that a file may say.
    pub const ALL: [Self; 4] =
        [Self::Jump(Jump::Patch), Self::Jump(Jump::Minor), Self::Jump(Jump::Major), Self::Certified];

    /// As the file says it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Jump(jump) => jump.as_str(),
            Self::Certified => "certified",
        }
    }
}

/// Which tags count as certified: those that fit a pattern, and the one whose image a moving tag points to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Certified {
    /// Patterns, of which one must fit.
    pub tags: Vec<Wildcard>,
    /// A tag that is moved to what was certified last, such as `production`.
    pub moving: Option<String>,
}

/// A mistake in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The line, counted from 1.
    pub line: usize,
    /// The column, counted from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub hint: Option<String>,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{TEAM_FILE}:{}:{}: {}", self.line, self.column, self.message)?;
        match &self.hint {
            Some(hint) => write!(f, " ({hint})"),
            None => Ok(()),
        }
    }
}

/// What is known of what the team agreed on.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Agreed {
    /// No repository is known that could say something.
    #[default]
    Nowhere,
    /// The repository could not be asked, and never was before.
    Unknown {
        /// The repository.
        repository: String,
        /// Why not.
        why: String,
    },
    /// What a branch's tip says.
    Read(Box<Reading>),
}

/// A branch's tip, read for the file.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// The repository, as it may be shown.
    pub repository: String,
    /// The branch.
    pub branch: String,
    /// The commit.
    pub commit: String,
    /// When it was the tip.
    pub at: Timestamp,
    /// Why the remote could not be asked for its tip now; None where this is it.
    pub unreached: Option<String>,
    /// What the file says; None where there is no such file; the mistakes where it cannot be followed.
    pub team: Result<Option<Team>, Vec<Mistake>>,
}

impl Reading {
    /// The commit in short.
    pub fn short(&self) -> &str {
        self.commit.get(..7).unwrap_or(&self.commit)
    }
}

/// What the team's rules say to a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ruling {
    /// Where the rules were read: repository, branch and commit; empty where they could not be.
    pub source: String,
    /// The rules that stand against it, each with its place.
    pub against: Vec<String>,
    /// Whether the operator overrides them; why is the plan's reason.
    #[serde(default)]
    pub overridden: bool,
    /// Whether the target's name must be typed whatever the context.
    #[serde(default)]
    pub asks_name: bool,
}

impl Ruling {
    /// The rules that are overridden.
    pub fn overrides(&self) -> &[String] {
        if self.overridden { &self.against } else { &[] }
    }
}

/// What an operator says beside what is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grounds {
    /// Why.
    pub why: Option<String>,
    /// Whether the team's rules are overridden. It takes a reason.
    pub overriding: bool,
}

impl From<Option<String>> for Grounds {
    fn from(why: Option<String>) -> Self {
        Self { why, overriding: false }
    }
}
