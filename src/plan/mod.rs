//! Plans: what will be done for an intent, exactly, decided from facts alone.
//!
//! [`plan`] is a pure function. It performs no I/O and reads no clock, so that every decision can be tested by a table of
//! facts. A plan says what was checked and found wanting instead of failing; an error means that there is no plan to show.
//! No environment value and no Secret's data ever enters a plan.

mod argo;
mod bump;
mod changed;
mod checks;
mod disruption;
mod durability;
mod error;
mod finish;
mod known_good;
mod message;
mod migrate;
mod policy;
mod release;
mod restart;
mod restore;
mod rollback;
mod shift;
mod span;
mod stick;
mod stuck;

#[cfg(test)]
mod fixtures;

pub use error::{Choice, PlanError};
pub use known_good::{Assessment, assess};
pub use message::because;
pub use policy::{moving_tag, tag_rules};

use crate::model::{
    Access, Action, Durability, Facts, Grounds, Incident, Intent, OperationId, Plan, Precondition, Risk, Ruling, Step,
};
use jiff::Timestamp;

/// What a verb's planner decides; [`plan`] adds what all plans have.
struct Sheet {
    summary: String,
    reasons: Vec<String>,
    durability: Durability,
    risk: Risk,
    preconditions: Vec<Precondition>,
    needs: Vec<Access>,
    steps: Vec<Step>,
    diff: String,
}

/// What a planner is told besides its facts.
struct Asked<'a> {
    intent: &'a Intent,
    operation: &'a OperationId,
    why: Option<&'a str>,
    now: Timestamp,
}

/// The plan for an intent. `now` is the time it is made at: commits, restarts and the judgement of Leases use it.
pub fn plan(
    intent: &Intent,
    facts: &Facts,
    operation: OperationId,
    grounds: impl Into<Grounds>,
    now: Timestamp,
) -> Result<Plan, PlanError> {
    let Grounds { why, overriding } = grounds.into();
    let why = why.map(|why| why.trim().to_owned()).filter(|why| !why.is_empty());
    let asked = Asked { intent, operation: &operation, why: why.as_deref(), now };
    let mut sheet = match facts {
        Facts::Rollback(facts) => rollback::plan(&asked, facts)?,
        Facts::Release(facts) => release::plan(&asked, &facts.0, &facts.1)?,
        Facts::Restart(facts) => restart::plan(&asked, facts)?,
        Facts::Shift(facts) => shift::plan(&asked, facts)?,
        Facts::Bump(facts) => bump::plan(&asked, facts)?,
        Facts::Migrate(facts) => migrate::plan(&asked, facts)?,
    };
    let (checks, policy) = policy::judge(&asked, facts, overriding);
    sheet.preconditions.extend(checks);
    tell_commits(&mut sheet.steps, policy.as_ref());
    let common = facts.common();
    Ok(Plan {
        operation,
        verb: intent.verb(),
        target: intent.target().clone(),
        context: common.context.clone(),
        cluster: common.cluster.clone(),
        actor: common.actor.clone(),
        created: now,
        summary: sheet.summary,
        reasons: sheet.reasons,
        durability: sheet.durability,
        risk: sheet.risk,
        preconditions: sheet.preconditions,
        needs: sheet.needs,
        steps: sheet.steps,
        diff: sheet.diff,
        why,
        intent: intent.clone(),
        incident: incident(facts),
        policy,
        built: match facts {
            Facts::Bump(facts) => facts.built,
            Facts::Rollback(_) | Facts::Release(_) | Facts::Restart(_) | Facts::Shift(_) | Facts::Migrate(_) => None,
        },
    })
}

/// A commit against the team's rules says so.
fn tell_commits(steps: &mut [Step], policy: Option<&Ruling>) {
    let overrides = policy.map(Ruling::overrides).unwrap_or_default();
    for step in steps {
        if let Action::Commit(commit) = &mut step.action {
            message::overrides(&mut commit.message, overrides);
        }
    }
}

/// The breakage that a rollback answers, as the current revision tells it.
fn incident(facts: &Facts) -> Option<Incident> {
    let Facts::Rollback(facts) = facts else { return None };
    let current = facts.revisions.iter().find(|revision| revision.current)?;
    let cause = current.failing.as_deref().map(crate::formats::redact::text)?;
    Some(Incident { changed: current.created, cause: Some(cause), ..Incident::default() })
}

impl Asked<'_> {
    /// Facts that were gathered for another verb than the intent's: a fault of the caller, told instead of guessed about.
    fn mismatch(&self, facts: &str) -> PlanError {
        PlanError::Invalid {
            what: format!("a {} cannot be planned from the facts of a {facts}", self.intent.verb()),
            hint: "gather the facts for this intent".into(),
        }
    }
}

/// A step from its word, its line and the machine's part.
fn step(word: &str, detail: impl Into<String>, action: crate::model::Action) -> Step {
    Step { step: word.into(), detail: detail.into(), action }
}
