//! What an operator talks about: workloads and their rollouts, revisions, autoscalers, routes, jobs; and the intents, facts,
//! plans and operations that change them.
//!
//! Invariant: pure values and pure functions. Nothing here performs I/O, reads the clock or knows how anything is stored,
//! drawn or sent. This room imports no other room.

mod access;
mod account;
mod aspect;
mod autoscaler;
mod blocker;
mod capacity;
mod claim;
mod cluster;
mod command;
mod cron_job;
mod delivery;
mod equivalent;
mod event;
mod facts;
mod fleet;
mod freeze;
mod health;
mod history;
mod hold;
pub mod image;
mod incident;
mod inspection;
mod intent;
mod job;
mod kind;
mod labels;
mod lead;
mod log;
mod login;
mod manifest;
mod namespace;
mod node;
mod object;
mod operation;
mod origin;
mod overview;
mod owner;
mod placement;
mod plan;
mod pods;
pub mod quantity;
mod release;
mod reservation;
mod revision;
mod rollout;
mod route;
mod rows;
mod samples;
mod scaling;
mod spelling;
mod step;
mod suited;
mod table;
pub mod tag;
mod tags;
mod team;
mod traffic;
mod traits;
mod usage;
mod wildcard;
mod workload;

pub use access::{Access, Permission};
pub use account::{Account, Happening};
pub use aspect::{Aspect, Sight, Unseen};
pub use autoscaler::{Autoscaler, AutoscalerCondition, Metric};
pub use blocker::{
    AdmissionControl, Among, Blocker, BlockerKind, Cause, ClaimState, Ending, Probe, PullFailure, QuotaLine, Referent,
    Remedy, ScalingTrouble, Share, Unfit,
};
pub use capacity::{Capacity, DnsRule};
pub use claim::{Claim, Tenure};
pub use cluster::ClusterIdentity;
pub use cron_job::{CronJob, CronJobState};
pub use delivery::Delivery;
pub use event::EventLine;
pub use facts::{
    Automation, BumpFacts, CommonFacts, ConfigurationChange, DIGEST_TRAILER, Draft, EditSite, Facts, GitFacts,
    GitPlace, GitSight, Holdable, Holder, MigrateFacts, Policy, PriorJob, ReconcilerFacts, ReleaseFacts, ReleaseMember,
    Repository, RestartFacts, RollbackFacts, ShiftFacts, StuckPod, Surroundings,
};
pub use fleet::{ContextView, Fleet, SILENT, Standing, Summary, Tally, Troubled};
pub use freeze::{Freeze, Window};
pub use health::Health;
pub use history::{History, Moment, PastRevision, Reconciliation};
pub use hold::{HoldRecord, Mark, Means, OwnerHold};
pub use incident::{Casualty, Incident};
pub use inspection::{Inspection, PodSummary};
pub use intent::{Intent, Verb};
pub use job::{Job, JobState};
pub use kind::Kind;
pub use labels::Labels;
pub use lead::{Lead, Served};
pub use log::{
    Held, LOG_COLOURS, LogBuffer, LogChoice, LogCursor, LogLine, LogName, LogNames, LogNews, LogRequest, LogSince,
    LogSource, LogSourceId, LogState, LogSubject, LogVoice, Pattern, Place, clean,
};
pub use login::{Login, Urgency, Validity};
pub use manifest::Manifest;
pub use namespace::Namespace;
pub use node::{Node, Pressed, Pressure, Readiness};
pub use object::ObjectRef;
pub use operation::{Control, OperationId, OperationState, OperationView, Outcome, Progress, StepState, StepView};
pub use origin::{Commit, Origin, Placed, Reference};
pub use overview::{Budget, ContainerDetail, Overview};
pub use owner::{Owner, OwnerKind, Syncs};
pub use placement::{Applied, Astray, Domain, PlacedPod, Placement};
pub use plan::{Durability, OUTSTANDING, Plan, Precondition, Risk};
pub use pods::{Condition, PodContainer, PodDetail, PodGroup, Pods, Termination};
pub use release::{Release, ReleaseStatus};
pub use reservation::Reservation;
pub use revision::{KnownGood, Revision, RevisionSource};
pub use rollout::{Rollout, RolloutState};
pub use route::{Backend, Route};
pub use rows::{Batch, Change, News, Rows};
pub use samples::Samples;
pub use scaling::{Behaviour, Scaling};
pub use spelling::{nearest, suggestion};
pub use step::{Action, CommitPlan, FileEdit, JobRecipe, ScalarChange, Step, Weight};
pub use table::{Sync, Table};
pub use tag::Jump;
pub use tags::{Relation, TagDetail, TagNews, TagRow, TagRules, TagSource, Tags, TagsWanted};
pub use team::{Accept, Agreed, Certified, Environment, Grounds, Lined, Mistake, Reading, Ruling, TEAM_FILE, Team};
pub use traffic::{ServiceDetail, Traffic};
pub use traits::{Difference, Shown, Topic, Traits, differences};
pub use usage::{Amount, PodUsage, TotalUsage, Usages, bytes, cores, percent};
pub use wildcard::Wildcard;
pub use workload::{Container, Workload};
