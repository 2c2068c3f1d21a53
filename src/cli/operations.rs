//! `pilothouse operations`: what runs, what was interrupted, what was; and taking one in hand again.

use super::{
    args::{Global, Lines, OperationChange, Operations, OperationsAction},
    confirm::{self, Answer},
    console::Console,
    failure::{Failure, Sort},
    table::Table,
    verbs,
};
use crate::{
    app::{self, Interruptions, Session, SessionError},
    config::Paths,
    model::{Control, OperationId, OperationState, OperationView, Outcome},
    operate::{History, JournalError, Journals, StartError},
    time::Clock,
};
use serde_json::json;
use std::{
    io::{self, Write},
    process::ExitCode,
};

/// Carries the subcommand out. Listing and showing need no cluster.
///
/// # Errors
/// When the operation is unknown or cannot be taken in hand.
pub async fn run(global: &Global, arguments: Operations, out: &mut impl Write) -> Result<ExitCode, Failure> {
    let mut console = Console::new(out, arguments.output == Lines::Json);
    let ended = attempt(global, arguments, &mut console).await;
    console.ended(None, ended).map(|outcome| ExitCode::from(outcome.exit_code()))
}

async fn attempt<W: Write>(
    global: &Global,
    arguments: Operations,
    console: &mut Console<W>,
) -> Result<Outcome, Failure> {
    let journals = app::journals(&Paths::find().ok_or(SessionError::NoHome)?);
    match arguments.action.unwrap_or(OperationsAction::List) {
        OperationsAction::List => list(&journals, console)?,
        OperationsAction::Show(argument) => show(&journals, &argument.id, console)?,
        OperationsAction::Pause(argument) => {
            let (id, history) = find(&journals, &argument.id)?;
            journals.control(&id, Control::Pause)?;
            let how = if history.state(true) == OperationState::Paused { "is paused" } else { "pauses" };
            told(&id, how, console)?;
        }
        OperationsAction::Resume(change) => return take(global, &journals, change, Control::Next, console).await,
        OperationsAction::StepBack(change) => {
            return take(global, &journals, change, Control::StepBack, console).await;
        }
        OperationsAction::Abort(change) => return take(global, &journals, change, Control::Abort, console).await,
    }
    Ok(Outcome::Done)
}

/// An operation that has not ended, by the beginning of its name.
fn find(journals: &Journals, text: &str) -> Result<(OperationId, History), Failure> {
    let id = journals.find(text)?;
    let history = journals.read(&id)?;
    let state = history.state(false);
    if state.is_final() {
        return Err(StartError::Ended { id, state: state.to_string() }.into());
    }
    Ok((id, history))
}

/// Says what the process that carries the operation out was told.
fn told<W: Write>(id: &OperationId, what: &str, console: &mut Console<W>) -> io::Result<()> {
    if console.is_json() {
        return console.result(Some(id), Outcome::Done, &format!("told the process that carries {id} out: it {what}"));
    }
    console.say(&format!("{id} {what}, after the write under way if there is one"))
}

/// Tells the process that carries the operation out; where there is none, becomes it.
async fn take<W: Write>(
    global: &Global,
    journals: &Journals,
    change: OperationChange,
    control: Control,
    console: &mut Console<W>,
) -> Result<Outcome, Failure> {
    let (id, history) = find(journals, &change.id)?;
    if journals.is_held(&id) {
        if global.read_only {
            return Err(Failure::new(
                Sort::Refused,
                "this is read-only mode",
                Some("start without --read-only".into()),
            ));
        }
        let what = match control {
            // To one that runs it would mean to end its hold early, and two who resume at once do not mean that.
            Control::Next if history.state(true) != OperationState::Paused => {
                return Err(JournalError::Held { id }.into());
            }
            Control::Next => "goes on",
            Control::StepBack => "takes its last increment back",
            _ => "is taken back",
        };
        journals.control(&id, control)?;
        told(&id, what, console)?;
        return Ok(Outcome::Done);
    }
    let mut options: app::Options = global.into();
    if options.connect.context.is_none() && options.connect.kubeconfig.is_none() {
        options.connect.context = Some(history.plan.context.clone());
    }
    let session = Session::open(&options).await?;
    console.say(&format!("{}  {} {}  {}", id, history.plan.verb, history.plan.target, history.plan.summary))?;
    console.expect_steps(&history.plan);
    let answer = confirm::ask(&history.plan, session.mode, change.yes, change.confirm.as_deref(), console)?;
    let consent = match answer {
        Answer::Yes(consent) => consent,
        Answer::No => {
            console.say("nothing was changed")?;
            return Ok(Outcome::Refused);
        }
    };
    let mut interruptions = Interruptions::listen();
    let running = tokio::select! {
        resumed = session.resume(&id, control, &consent) => resumed?,
        _ = interruptions.next() => return verbs::interrupted(console),
    };
    verbs::follow(running, &mut interruptions, console).await
}

fn list<W: Write>(journals: &Journals, console: &mut Console<W>) -> Result<(), Failure> {
    let listing = journals.list();
    let (json, out) = console.output();
    for unreadable in &listing.unreadable {
        eprintln!("pilothouse: {unreadable}");
    }
    if json {
        let rows: Vec<_> = listing.operations.iter().map(row).collect();
        writeln!(out, "{}", json!({"apiVersion": super::report::API_VERSION, "operations": rows}))?;
        return Ok(());
    }
    if listing.operations.is_empty() {
        writeln!(out, "no operations")?;
        return Ok(());
    }
    let now = Clock::System.now();
    let mut table = Table::new(["OPERATION", "VERB", "TARGET", "STATE", "STEP", "AGE", "HOLDER"]);
    for view in &listing.operations {
        table.row([
            view.id.to_string(),
            view.verb.to_string(),
            view.target.to_string(),
            view.state.to_string(),
            format!("{}/{}", view.step, view.steps.len()),
            crate::time::age(view.started, now),
            view.holder.clone(),
        ]);
    }
    table.write(out)?;
    let open = |v: &&OperationView| matches!(v.state, OperationState::Interrupted | OperationState::Paused);
    if let Some(view) = listing.operations.iter().find(open) {
        writeln!(out, "\ngo on with: pilothouse operations resume {}", view.id)?;
    }
    Ok(())
}

/// One operation of the JSON contract.
fn row(view: &OperationView) -> serde_json::Value {
    json!({
        "id": view.id, "verb": view.verb, "target": view.target, "context": view.context, "state": view.state,
        "step": view.step, "steps": view.steps.len(), "holder": view.holder, "started": view.started,
        "message": view.message,
    })
}

fn show<W: Write>(journals: &Journals, id: &str, console: &mut Console<W>) -> Result<(), Failure> {
    let id = journals.find(id)?;
    let live = journals.is_held(&id);
    let view = journals.read(&id)?.view(live);
    let (json, out) = console.output();
    if json {
        writeln!(out, "{}", serde_json::to_string(&view)?)?;
        return Ok(());
    }
    writeln!(out, "{}  {} {}  {}", view.id, view.verb, view.target, view.summary)?;
    writeln!(out, "  context   {}", view.context)?;
    writeln!(out, "  state     {}", view.state)?;
    writeln!(out, "  holder    {}", view.holder)?;
    writeln!(out, "  started   {}", view.started)?;
    for (index, step) in view.steps.iter().enumerate() {
        let state = serde_json::to_value(step.state)?;
        let note = step.note.as_deref().map_or_else(String::new, |n| format!("  ({n})"));
        writeln!(
            out,
            "  {} {:<9} {:<9} {}{note}",
            index + 1,
            state.as_str().unwrap_or_default(),
            step.step,
            step.detail
        )?;
    }
    if let Some(message) = &view.message {
        writeln!(out, "  ended     {message}")?;
    }
    Ok(())
}
