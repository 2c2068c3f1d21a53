//! `pilothouse rollback --panic`: what broke lately and what it would go back to, one confirmation, and each as an operation of
//! its own.

use super::{
    args::{Global, Lines, Rollback, VerbOptions},
    confirm::{self, Answer},
    console::{Console, span},
    failure::Failure,
    report::{self, UnknownRow},
    table::Table,
};
use crate::{
    app::{Group, Interruptions, Session, Unplanned, Wanted, Word},
    model::{Casualty, Control, Intent, ObjectRef, OperationId, Outcome, Plan, Progress, Rows, StepState},
    observe::{self, Scope},
    time::age,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    io::{self, Write},
    process::ExitCode,
    sync::Arc,
    time::Instant,
};
use tokio::sync::mpsc;

/// A workload that broke, and what is to be done about it.
struct Entry {
    casualty: Casualty,
    /// The plan, and why it is not carried out unless asked for by itself.
    planned: Result<(Plan, Option<String>), Unplanned>,
}

impl Entry {
    fn is_chosen(&self) -> bool {
        matches!(&self.planned, Ok((_, None)))
    }
}

/// What was found.
struct Found {
    group: Group,
    since: Timestamp,
    now: Timestamp,
    entries: Vec<Entry>,
    older: usize,
    unknown: Vec<UnknownRow>,
}

/// Lists what broke, and rolls it back.
///
/// # Errors
/// When nothing can be listed, nobody can be asked, or printing fails; how the operations end is in the exit code.
pub async fn run(global: &Global, arguments: Rollback, out: &mut impl Write) -> Result<ExitCode, Failure> {
    let mut console = Console::new(out, arguments.options.output == Lines::Json);
    let ended = attempt(global, &arguments, &mut console).await;
    let outcome = console.ended(None, ended)?;
    Ok(ExitCode::from(outcome.exit_code()))
}

async fn attempt<W: Write>(
    global: &Global,
    arguments: &Rollback,
    console: &mut Console<W>,
) -> Result<Outcome, Failure> {
    let session = Arc::new(Session::open(&global.into()).await?);
    for complaint in &session.desk.complaints {
        eprintln!("pilothouse: {complaint}");
    }
    let options = &arguments.options;
    let scope = match global.namespaces() {
        _ if global.all_namespaces => Scope::All,
        names if names.is_empty() => Scope::Namespaces(vec![session.cluster.info().namespace.clone()]),
        names => Scope::Namespaces(names),
    };
    let found = find(&session, &scope, arguments).await?;
    told(&session, &found, options, console)?;
    let chosen: Vec<&Plan> =
        found.entries.iter().filter(|e| e.is_chosen()).filter_map(|e| Some(&e.planned.as_ref().ok()?.0)).collect();
    if options.dry_run {
        return Ok(Outcome::Done);
    }
    if chosen.is_empty() {
        let outcome = if found.entries.is_empty() { Outcome::Done } else { Outcome::Refused };
        console.result(None, outcome, "nothing was changed: there is nothing to roll back without being asked")?;
        return Ok(outcome);
    }
    let context = session.cluster.info().name.clone();
    let consent = match confirm::ask_all(&context, &chosen, session.mode, options, console)? {
        Answer::Yes(consent) => consent,
        Answer::No => {
            console.say("nothing was changed")?;
            return Ok(Outcome::Refused);
        }
    };
    let plans: Vec<Plan> = chosen.into_iter().cloned().collect();
    let words = session.begin(plans.clone(), &consent);
    Follow::new(&plans).until_over(found.group.id(), words, console).await
}

async fn find(session: &Arc<Session>, scope: &Scope, arguments: &Rollback) -> Result<Found, Failure> {
    let rows = observe::failing(&session.cluster, scope).await?;
    let now = session.clock.now();
    let since = now - SignedDuration::from_secs(i64::try_from(arguments.since).unwrap_or(i64::MAX / 4));
    let (recent, older): (Vec<Casualty>, Vec<Casualty>) =
        rows.casualties().into_iter().partition(|casualty| casualty.is_within(Some(since)));
    let group = Group::begun(now);
    let wanted = recent.iter().map(|casualty| Wanted {
        intent: Intent::Rollback { target: casualty.object.clone(), revision: None },
        incident: casualty.incident.clone(),
    });
    let mut plans: HashMap<ObjectRef, Result<Plan, Unplanned>> = HashMap::new();
    let take = |object, planned| {
        plans.insert(object, planned);
        std::future::ready(())
    };
    session.muster(&group, wanted.collect(), arguments.options.why.as_deref(), take).await;
    let excepted = |object: &ObjectRef| arguments.except.iter().any(|path| *path == object.path());
    let entries = recent.into_iter().filter_map(|casualty| {
        let planned = plans.remove(&casualty.object)?.map(|plan| {
            let left_out = excepted(&casualty.object).then(|| "left out with --except".to_owned());
            let doubt = left_out.or_else(|| casualty.doubt(&plan, Some(since)));
            (plan, doubt)
        });
        Some(Entry { casualty, planned })
    });
    Ok(Found { group, since, now, entries: entries.collect(), older: older.len(), unknown: unknown(&rows) })
}

fn unknown(rows: &Rows) -> Vec<UnknownRow> {
    rows.syncs().filter_map(|(kind, namespace, sync)| report::unknown(kind, namespace, sync)).collect()
}

/// Prints what was found.
fn told<W: Write>(
    session: &Session,
    found: &Found,
    options: &VerbOptions,
    console: &mut Console<W>,
) -> Result<(), Failure> {
    let (json, out) = console.output();
    if json {
        let line = json!({
            "event": "panic", "context": session.cluster.info().name, "group": found.group.id(), "since": found.since,
            "older": found.older, "unknown": found.unknown,
            "workloads": found.entries.iter().map(document).collect::<Vec<_>>(),
        });
        writeln!(out, "{line}")?;
        return Ok(out.flush()?);
    }
    let back = span(u64::try_from(found.now.duration_since(found.since).as_secs()).unwrap_or(0));
    let many = found.entries.len();
    writeln!(out, "{}: {many} broke within {back}", session.cluster.info().name)?;
    if many > 0 {
        let mut table = Table::new(["", "WORKLOAD", "BROKE", "BACK TO", "KNOWN GOOD", "STICKS", "LOOK AT"]);
        found.entries.iter().for_each(|entry| table.row(row(entry, found.now)));
        table.write(out)?;
    }
    for entry in &found.entries {
        let path = entry.casualty.object.path();
        if let Some(cause) = &entry.casualty.incident.cause {
            writeln!(out, "  {path}: {cause}")?;
        }
        match &entry.planned {
            Ok((_, Some(doubt))) => writeln!(out, "    left alone: {doubt}")?,
            Ok((plan, None)) if options.dry_run => {
                for check in plan.preconditions.iter().filter(|check| !check.ok) {
                    writeln!(out, "    ! {}: {}", check.what, check.detail)?;
                }
            }
            Ok(_) => {}
            Err(error) => {
                writeln!(out, "    left alone: {error}")?;
                if let Some(hint) = error.hint() {
                    writeln!(out, "    → {hint}")?;
                }
            }
        }
    }
    if found.older > 0 {
        writeln!(out, "  {} more broke before that: --since shows them", found.older)?;
    }
    for row in &found.unknown {
        let place = row.namespace.as_ref().map_or_else(String::new, |namespace| format!(" in {namespace}"));
        writeln!(out, "  not seen: {}{place}: {}", row.kind.plural(), row.reason)?;
    }
    Ok(writeln!(out)?)
}

fn document(entry: &Entry) -> Value {
    let casualty = &entry.casualty;
    let (plan, problem, hint) = match &entry.planned {
        Ok((plan, doubt)) => (Some(plan), doubt.clone(), None),
        Err(error) => (None, Some(error.to_string()), error.hint()),
    };
    json!({
        "target": casualty.object, "health": casualty.health, "broken": casualty.incident.began(),
        "cause": casualty.incident.cause, "selected": entry.is_chosen(), "plan": plan, "problem": problem, "hint": hint,
    })
}

fn row(entry: &Entry, now: Timestamp) -> [String; 7] {
    let casualty = &entry.casualty;
    let broke = casualty.incident.began().map_or_else(|| "?".into(), |at| format!("{} ago", age(at, now)));
    let mark = if entry.is_chosen() { "x" } else { "–" };
    let (to, good, sticks, look) = match &entry.planned {
        Ok((plan, _)) => {
            let warnings: Vec<&str> = plan.preconditions.iter().filter(|c| !c.ok).map(|c| c.what.as_str()).collect();
            (plan.summary.clone(), plan.evidence().to_owned(), plan.durability.badge().to_owned(), warnings.join(", "))
        }
        Err(_) => ("?".into(), "–".into(), "–".into(), String::new()),
    };
    [mark.into(), casualty.object.path(), broke, to, good, sticks, look]
}

/// Several operations, as they are told of while they run.
struct Follow {
    plans: HashMap<OperationId, Plan>,
    controls: Vec<mpsc::UnboundedSender<Control>>,
    begun: Instant,
    accepted: HashMap<OperationId, f64>,
    ended: Vec<(OperationId, Outcome)>,
}

impl Follow {
    fn new(plans: &[Plan]) -> Self {
        let plans = plans.iter().map(|plan| (plan.operation.clone(), plan.clone())).collect();
        Self { plans, controls: Vec::new(), begun: Instant::now(), accepted: HashMap::new(), ended: Vec::new() }
    }

    async fn until_over<W: Write>(
        mut self,
        group: &str,
        mut words: mpsc::Receiver<(OperationId, Word)>,
        console: &mut Console<W>,
    ) -> Result<Outcome, Failure> {
        let mut interruptions = Interruptions::listen();
        let mut leaving = false;
        let mut unheard = None;
        loop {
            let (id, word) = tokio::select! {
                word = words.recv() => match word {
                    Some(word) => word,
                    None => break,
                },
                _ = interruptions.next() => {
                    if leaving {
                        break;
                    }
                    leaving = true;
                    self.leave();
                    continue;
                }
            };
            // Nobody reads any more: what runs is left where it can be resumed before this process ends.
            if let Err(error) = self.take(&id, word, leaving || unheard.is_some(), console) {
                unheard.get_or_insert(error);
                self.leave();
            }
        }
        if let Some(error) = unheard {
            return Err(error.into());
        }
        self.over(group, console)
    }

    fn leave(&self) {
        for controls in &self.controls {
            let _ = controls.send(Control::Leave); // one that has ended hears nothing any more
        }
    }

    fn take<W: Write>(
        &mut self,
        id: &OperationId,
        word: Word,
        leaving: bool,
        console: &mut Console<W>,
    ) -> io::Result<()> {
        let Some(plan) = self.plans.get(id) else { return Ok(()) };
        let target = &plan.target;
        let path = target.path();
        match word {
            Word::Started(_, controls) => {
                if leaving {
                    let _ = controls.send(Control::Leave); // as above
                }
                self.controls.push(controls);
                console.event(
                    &json!({"event": "started", "operation": id, "target": target}),
                    &format!("◐ {path}  {}  ({id})", plan.summary),
                )
            }
            Word::Refused(error) => {
                let hint = error.hint().map_or_else(String::new, |hint| format!("; {hint}"));
                self.ended(id, Outcome::Refused, &format!("{error}{hint}"), console)
            }
            Word::Progress(Progress::Step { index, state, detail }) => {
                let step = plan.steps.get(index);
                if plan.write() == Some(index) && state == StepState::Done {
                    self.accepted.insert(id.clone(), self.begun.elapsed().as_secs_f64());
                }
                let word = step.map_or("step", |step| step.step.as_str());
                let line = json!({"event": "step", "operation": id, "target": target, "index": index, "step": word,
                    "state": state, "detail": detail, "at": Timestamp::now()});
                let glyph = match state {
                    StepState::Done => "✓",
                    StepState::Failed => "✗",
                    StepState::Skipped => "–",
                    StepState::Pending | StepState::Started | StepState::Progress => " ",
                };
                match detail.is_empty() && !console.is_json() {
                    true => Ok(()),
                    false => console.event(&line, &format!("{glyph} {path}  {word}: {detail}")),
                }
            }
            Word::Progress(Progress::Result { outcome, message }) => self.ended(id, outcome, &message, console),
            Word::Progress(Progress::Log(_) | Progress::State(_) | Progress::HoldUntil(_)) => Ok(()),
        }
    }

    fn ended<W: Write>(
        &mut self,
        id: &OperationId,
        outcome: Outcome,
        message: &str,
        console: &mut Console<W>,
    ) -> io::Result<()> {
        self.ended.push((id.clone(), outcome));
        let Some(plan) = self.plans.get(id) else { return Ok(()) };
        let accepted = self.accepted.get(id);
        let line = json!({"event": "ended", "operation": id, "target": plan.target, "outcome": outcome,
            "message": message, "accepted_seconds": accepted, "seconds": self.begun.elapsed().as_secs_f64()});
        let glyph = if outcome == Outcome::Done { "✓" } else { "✗" };
        let took = accepted.map_or_else(String::new, |seconds| format!("  (written after {seconds:.2} s)"));
        console.event(&line, &format!("{glyph} {}  {message}{took}", plan.target.path()))
    }

    /// The result of all of them.
    fn over<W: Write>(self, group: &str, console: &mut Console<W>) -> Result<Outcome, Failure> {
        let all = self.plans.len();
        let done = self.ended.iter().filter(|(_, outcome)| *outcome == Outcome::Done).count();
        let worst = self.ended.iter().map(|(_, outcome)| *outcome).find(|outcome| *outcome != Outcome::Done);
        let outcome = if self.ended.len() < all { Outcome::Interrupted } else { worst.unwrap_or(Outcome::Done) };
        let rest = if done == all { "" } else { "; `pilothouse operations` lists the others" };
        let message =
            format!("{done} of {all} done{rest}; `pilothouse journal {group} -o markdown` is the incident's report");
        if !console.is_json() {
            console.result(None, outcome, &message)?;
            return Ok(outcome);
        }
        let operations: Vec<&OperationId> = self.ended.iter().map(|(id, _)| id).collect();
        let line = json!({"event": "result", "outcome": outcome, "operation": null, "group": group,
            "operations": operations, "message": message});
        console.event(&line, "")?;
        Ok(outcome)
    }
}
