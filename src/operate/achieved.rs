//! What an operation that ended as planned achieved, in one sentence: what is so now, not what was waited for last.

use super::journal::History;
use crate::model::{Action, Durability, Intent, Lead, Plan, Served, StepState, Verb};

/// The sentence for an operation whose steps are all over.
pub(super) fn sentence(history: &History) -> String {
    let plan = &history.plan;
    let steps = || plan.steps.iter().zip(&history.steps).rev();
    let took = took(history);
    let last = steps().map(|(_, told)| told.detail.as_str()).find(|detail| !detail.is_empty()).unwrap_or("done");
    let rolled_out = steps()
        .next()
        .is_some_and(|(step, told)| matches!(step.action, Action::WaitRollout { .. }) && told.state == StepState::Done);
    let path = plan.target.path();
    let achieved = match &plan.intent {
        Intent::Rollback { .. } if rolled_out => match restored(plan) {
            Some(revision) => format!("{path} runs the template of revision {revision} again: {last}{took}"),
            None => format!("{path}: {last}"),
        },
        Intent::Restart { .. } if rolled_out => format!("every pod of {path} was replaced: {last}{took}"),
        Intent::Bump { tag, .. } if rolled_out => format!("{path} serves {tag}: {last}{}", lead(history)),
        Intent::Shift { to, steps: shares, .. } => {
            // Where it arrived says more than that its last hold is over.
            let weights = steps().find(|(step, _)| matches!(step.action, Action::SetWeights { .. }));
            let arrived = weights.map_or(last, |(_, told)| told.detail.as_str());
            let share = shares.last().copied().unwrap_or_default();
            format!("{to} takes {share} % of {path}: {arrived}")
        }
        _ => format!("{} {path}: {last}", plan.verb),
    };
    match &plan.durability {
        Durability::Reverted(how) => format!("{achieved}; {how}"),
        // A commit that nothing applies is not what the operator came for.
        Durability::Unknown(why) if plan.verb == Verb::Bump => format!("{achieved}; {why}"),
        Durability::Sticks | Durability::Unknown(_) => achieved,
    }
}

/// How long it took from the confirmation until the last step was over, as a clause; nothing where it was paused meanwhile or took
/// no time.
fn took(history: &History) -> String {
    let ended = history.steps.iter().filter_map(|step| step.finished).max();
    let seconds = history.confirmed.zip(ended).map(|(begun, ended)| ended.duration_since(begun).as_secs());
    match seconds {
        Some(seconds @ 1..120) => format!(", {seconds} s after it was confirmed"),
        Some(seconds @ 120..) => format!(", {} min after it was confirmed", seconds / 60),
        Some(_) | None => String::new(),
    }
}

/// How long the change was on its way, as a clause; nothing where it is not known.
fn lead(history: &History) -> String {
    let plan = &history.plan;
    let committed = plan.steps.iter().find_map(|step| match &step.action {
        Action::Commit(commit) => Some(commit.time),
        _ => None,
    });
    let at = history.steps.last().and_then(|told| told.finished);
    let lead = at.and_then(|at| Lead::new(Served { at, built: plan.built }, committed, None));
    lead.map_or_else(String::new, |lead| format!(", {lead}"))
}

fn restored(plan: &Plan) -> Option<u64> {
    plan.steps.iter().find_map(|step| match &step.action {
        Action::RestoreTemplate { revision, .. } => Some(*revision),
        _ => None,
    })
}
