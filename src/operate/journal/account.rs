//! A journal as it is told afterwards. Everything that an operator or a repository wrote passes the redaction once more: an
//! account is made to be pasted where more people read it than the journal.

use super::{Entry, History, Record, history::StepHistory};
use crate::{
    formats::redact,
    model::{Account, Action, Durability, Happening, Incident, Intent, OperationState, Plan, StepState},
    operate::lock::OURS,
};
use jiff::Timestamp;

/// The account of an operation from its journal's entries; `live` tells whether a process holds the journal. None where the
/// entries do not begin with a plan.
pub fn account(entries: &[Entry], live: bool) -> Option<Account> {
    let history = History::replay(entries)?;
    let mut who = Vec::new();
    let mut ended = None;
    for entry in entries {
        match &entry.record {
            Record::Confirmed { actor } | Record::Resumed { actor } => {
                if who.last() != Some(actor) {
                    who.push(actor.clone());
                }
                ended = None;
            }
            Record::Result { .. } => ended = Some(entry.time),
            _ => {}
        }
    }
    let plan = &history.plan;
    if who.is_empty() {
        who.push(plan.actor.clone());
    }
    let happened = |entry: &Entry| {
        let what = redact::text(&words(&entry.record, plan)?);
        Some(Happening { at: entry.time, what, routine: is_routine(&entry.record) })
    };
    Some(Account {
        id: plan.operation.clone(),
        verb: plan.verb,
        target: plan.target.clone(),
        context: plan.context.clone(),
        summary: redact::text(&plan.summary),
        versions: plan.versions().map(|(from, to)| format!("{from} → {to}")),
        who,
        incident: plan
            .incident
            .clone()
            .map(|incident| Incident { cause: incident.cause.as_deref().map(redact::text), ..incident }),
        evidence: redact::text(plan.evidence()),
        written: written(plan, entries),
        healthy: healthy(&history),
        left: left(&history, live).iter().map(|text| redact::text(text)).collect(),
        why: plan.why.as_deref().map(redact::text),
        overridden: plan.policy.iter().flat_map(|ruling| ruling.overrides()).map(|rule| redact::text(rule)).collect(),
        started: history.confirmed.unwrap_or(plan.created),
        ended,
        state: history.state(live),
        result: history
            .result
            .as_ref()
            .map(|(_, message)| message)
            .or(history.paused.as_ref())
            .map(|text| redact::text(text)),
        durability: redact::text(&plan.durability.to_string()),
        timeline: entries.iter().filter_map(happened).collect(),
        diff: plan.diff.lines().map(redact::text).collect::<Vec<_>>().join("\n"),
        commands: commands(plan),
    })
}

/// When the write that is waited for most is known to have been accepted.
fn written(plan: &Plan, entries: &[Entry]) -> Option<Timestamp> {
    let of = |entry: &&Entry| matches!(entry.record, Record::Wrote { step, .. } if Some(step) == plan.write());
    entries.iter().find(of).map(|entry| entry.time)
}

/// When the last rollout that was waited for was complete.
fn healthy(history: &History) -> Option<Timestamp> {
    let steps = history.plan.steps.iter().zip(&history.steps).rev();
    let waits = steps.filter(|(step, _)| matches!(step.action, Action::WaitRollout { .. }));
    let done = |told: &StepHistory| told.finished.filter(|_| told.state == StepState::Done);
    waits.filter_map(|(_, told)| done(told)).next()
}

/// What the operation leaves to somebody: what would undo it, what it could not do, and what it was warned of.
fn left(history: &History, live: bool) -> Vec<String> {
    let plan = &history.plan;
    let mut left = Vec::new();
    match history.state(live) {
        OperationState::Interrupted | OperationState::Paused => {
            left.push(format!("it has not ended: `pilothouse operations resume {}` goes on", plan.operation));
        }
        OperationState::Failed => {
            let why = history.result.as_ref().map_or("", |(_, message)| message.as_str());
            left.push(format!("it failed, look what is so now: {why}"));
        }
        OperationState::Running | OperationState::Done | OperationState::SteppedBack => {}
    }
    if !history.has_written() {
        return left;
    }
    match &plan.durability {
        Durability::Sticks => {}
        Durability::Reverted(how) | Durability::Unknown(how) => left.push(how.clone()),
    }
    let standing = plan.preconditions.iter().filter(|check| check.warning);
    let after = standing.filter(|check| matches!(&*check.what, "migration" | "replicas" | "annotations" | "strategy"));
    left.extend(after.map(|check| format!("{}: {}", check.what, check.detail)));
    left
}

/// The same by hand: this program's own command first, then one step after the other.
fn commands(plan: &Plan) -> Vec<String> {
    let mut intent = plan.intent.clone();
    if let Intent::Migrate { command, .. } = &mut intent {
        *command = redact::words(command);
    }
    let mut commands = vec![intent.command(&plan.context)];
    for step in &plan.steps {
        let mut action = step.action.clone();
        if let Action::CreateJob { recipe, .. } = &mut action {
            recipe.command = redact::words(&recipe.command);
        }
        commands.extend(action.commands(&plan.context));
    }
    commands.iter().map(|command| redact::text(command)).collect()
}

/// What happens in every operation, and is followed by what came of it.
fn is_routine(record: &Record) -> bool {
    match record {
        Record::Planned { .. } | Record::Started { .. } | Record::Wrote { .. } => true,
        Record::Locked { note } => note == OURS,
        _ => false,
    }
}

/// A record as a sentence; None for what only the executor needs.
fn words(record: &Record, plan: &Plan) -> Option<String> {
    let name = |index: usize| match plan.steps.get(index) {
        Some(step) => format!("step {} of {}, {}", index + 1, plan.steps.len(), step.step),
        None => format!("step {}", index + 1),
    };
    let said = |how: &str, index: usize, detail: &str| match detail {
        "" => format!("{}: {how}", name(index)),
        detail => format!("{}: {how}: {detail}", name(index)),
    };
    Some(match record {
        Record::Planned { .. } => format!("planned by {}", plan.actor),
        Record::Confirmed { actor } => format!("confirmed by {actor}"),
        Record::Resumed { actor } => format!("taken up by {actor}"),
        Record::Locked { note } => format!("lock: {note}"),
        Record::Started { step } => match plan.steps.get(*step) {
            Some(told) => said("begun", *step, &told.detail),
            None => said("begun", *step, ""),
        },
        Record::Wrote { step, .. } => said("written", *step, ""),
        Record::Done { step, detail, .. } => said("done", *step, detail),
        Record::Skipped { step, detail } => said("skipped", *step, detail),
        Record::Failed { step, detail } => said("failed", *step, detail),
        Record::Paused { why } => format!("paused: {why}"),
        Record::Continued => "continued".into(),
        Record::SteppingBack { step } => said("being taken back", *step, ""),
        Record::SteppedBack { step } => said("taken back", *step, ""),
        Record::Aborting => "aborted: everything that can be is taken back".into(),
        Record::Result { outcome, message } => {
            let outcome = serde_json::to_value(outcome).ok()?;
            format!("ended: {}: {message}", outcome.as_str().unwrap_or_default())
        }
        Record::Intent { .. } | Record::Holding { .. } => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::Outcome,
        operate::fixtures::{at, shift},
    };

    fn entries(records: Vec<Record>) -> Vec<Entry> {
        let numbered = records.into_iter().enumerate();
        numbered.map(|(number, record)| Entry::new(number as u64, at(number as i64 * 10), record)).collect()
    }

    #[test]
    fn an_account_tells_who_what_why_when_and_how_it_ended() {
        let mut plan = shift("op-1");
        plan.why = Some("the old gateway retires".into());
        let told = account(
            &entries(vec![
                Record::Planned { plan: Box::new(plan) },
                Record::Confirmed { actor: "ana@bridge".into() },
                Record::Started { step: 0 },
                Record::Holding { step: 0, held: 5 },
                Record::Resumed { actor: "bo@desk".into() },
                Record::Done { step: 0, detail: "3 ready".into(), result: serde_json::Value::Null },
                Record::Result { outcome: Outcome::Done, message: "all is well".into() },
            ]),
            false,
        )
        .unwrap();
        assert_eq!((told.state, told.who.join(" ").as_str()), (OperationState::Done, "ana@bridge bo@desk"));
        assert_eq!((told.started, told.ended), (at(10), Some(at(60))));
        assert_eq!(told.timeline.len(), 6, "{:?}", told.timeline);
        assert!(told.timeline[4].what.ends_with("done: 3 ready"), "{:?}", told.timeline);
        assert_eq!(told.timeline[5].what, "ended: done: all is well");
        assert!(told.commands[0].starts_with("pilothouse shift"), "{:?}", told.commands);
        assert!(told.commands.iter().any(|c| c.starts_with("kubectl patch httproute/")), "{:?}", told.commands);
    }

    #[test]
    fn secrets_in_reasons_results_and_commands_are_hidden() {
        let mut plan = shift("op-1");
        plan.why = Some("try with TOKEN=hunter2".into());
        plan.intent = Intent::Migrate {
            target: plan.target.clone(),
            tag: None,
            container: None,
            command: vec![
                "migrate".into(),
                "--password".into(),
                "hunter2".into(),
                "postgres://app:hunter2@db/x".into(),
            ],
        };
        plan.diff = "+ password=hunter2".into();
        let message = "connect to https://bo:hunter2@git.example failed".to_owned();
        let told = account(
            &entries(vec![
                Record::Planned { plan: Box::new(plan) },
                Record::Failed { step: 0, detail: message.clone() },
                Record::Result { outcome: Outcome::Failed, message },
            ]),
            false,
        );
        let text = serde_json::to_string(&told).unwrap();
        assert!(!text.contains("hunter2") && text.contains("git.example"), "{text}");
    }
}
