//! What an operator talks about: workloads and their rollouts, revisions, autoscalers, routes, jobs; and the intents, facts,
//! plans and operations that change them.
//!
//! Invariant: pure values and pure functions. Nothing here performs I/O, reads the clock or knows how anything is stored,
//! drawn or sent. This room imports no other room.

mod access;
mod account;
mod autoscaler;
mod cluster;
mod command;
mod equivalent;
mod facts;
mod health;
pub mod image;
mod inspection;
mod intent;
mod job;
mod kind;
mod labels;
mod log;
mod namespace;
mod object;
mod operation;
mod owner;
mod plan;
mod revision;
mod rollout;
mod route;
mod rows;
mod step;
mod table;
mod workload;

pub use access::{Access, Permission};
pub use account::{Account, Happening};
pub use autoscaler::{Autoscaler, AutoscalerCondition, Metric};
pub use cluster::ClusterIdentity;
pub use facts::{
    BumpFacts, CommonFacts, EditSite, Facts, Holder, MigrateFacts, PriorJob, Repository, RestartFacts, RollbackFacts,
    ShiftFacts,
};
pub use health::Health;
pub use inspection::{Blocker, BlockerKind, Inspection, PodSummary};
pub use intent::{Intent, Verb};
pub use job::{Job, JobState};
pub use kind::Kind;
pub use labels::Labels;
pub use log::{
    Held, LOG_COLOURS, LogBuffer, LogChoice, LogCursor, LogLine, LogName, LogNames, LogNews, LogRequest, LogSince,
    LogSource, LogSourceId, LogState, LogSubject, LogVoice, Pattern, Place, clean,
};
pub use namespace::Namespace;
pub use object::ObjectRef;
pub use operation::{Control, OperationId, OperationState, OperationView, Outcome, Progress, StepState, StepView};
pub use owner::{Owner, OwnerKind};
pub use plan::{Durability, Plan, Precondition, Risk};
pub use revision::{KnownGood, Revision, RevisionSource};
pub use rollout::{Rollout, RolloutState};
pub use route::{Backend, Route};
pub use rows::{Batch, Change, News, Rows};
pub use step::{Action, CommitPlan, FileEdit, JobRecipe, ScalarChange, Step, Weight};
pub use table::{Sync, Table};
pub use workload::{Container, Workload};
