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
    app::{self, Session, SessionError},
    config::Paths,
    model::{Control, OperationId, OperationState, OperationView, Outcome},
    operate::Journals,
    time::Clock,
};
use serde_json::json;
use std::{io::Write, process::ExitCode};

/// Carries the subcommand out. Listing and showing need no cluster.
///
/// # Errors
/// When the operation is unknown or cannot be taken in hand.
pub async fn run(global: &Global, arguments: Operations, out: &mut impl Write) -> Result<ExitCode, Failure> {
    let json = arguments.output == Lines::Json;
    let journals = app::journals(&Paths::find().ok_or(SessionError::NoHome)?);
    match arguments.action.unwrap_or(OperationsAction::List) {
        OperationsAction::List => list(&journals, json, out)?,
        OperationsAction::Show(argument) => show(&journals, &argument.id, json, out)?,
        OperationsAction::Pause(argument) => {
            let id = journals.find(&argument.id)?;
            if !journals.is_held(&id) {
                return Err(not_running(&id));
            }
            journals.control(&id, Control::Pause)?;
            writeln!(out, "{id} pauses after the write under way")?;
        }
        OperationsAction::Resume(change) => return take(global, &journals, change, Control::Next, json, out).await,
        OperationsAction::StepBack(change) => {
            return take(global, &journals, change, Control::StepBack, json, out).await;
        }
        OperationsAction::Abort(change) => return take(global, &journals, change, Control::Abort, json, out).await,
    }
    Ok(ExitCode::SUCCESS)
}

fn not_running(id: &OperationId) -> Failure {
    let hint = format!("go on with `pilothouse operations resume {id}`, or take it back with `abort`");
    Failure::new(Sort::Failed, format!("no process carries {id} out"), Some(hint))
}

/// Tells the process that carries the operation out; where there is none, becomes it.
async fn take(
    global: &Global,
    journals: &Journals,
    change: OperationChange,
    control: Control,
    json: bool,
    out: &mut impl Write,
) -> Result<ExitCode, Failure> {
    let id = journals.find(&change.id)?;
    if journals.is_held(&id) {
        journals.control(&id, control)?;
        let what = match control {
            Control::Next => "goes on",
            Control::StepBack => "takes its last increment back",
            _ => "is taken back",
        };
        writeln!(out, "{id} {what}")?;
        return Ok(ExitCode::SUCCESS);
    }
    let history = journals.read(&id)?;
    let mut options: app::Options = global.into();
    if options.connect.context.is_none() && options.connect.kubeconfig.is_none() {
        options.connect.context = Some(history.plan.context.clone());
    }
    let session = Session::open(&options).await?;
    let mut console = Console::new(out, json);
    console.say(&format!("{}  {} {}  {}", id, history.plan.verb, history.plan.target, history.plan.summary))?;
    console.expect_steps(&history.plan);
    let answer = confirm::ask(&history.plan, session.mode, change.yes, change.confirm.as_deref(), &mut console)?;
    let consent = match answer {
        Answer::Yes(consent) => consent,
        Answer::No => return Ok(ExitCode::from(Outcome::Refused.exit_code())),
    };
    let running = session.resume(&id, control, &consent).await?;
    let outcome = verbs::follow(running, &mut console).await?;
    Ok(ExitCode::from(outcome.exit_code()))
}

fn list(journals: &Journals, json: bool, out: &mut impl Write) -> Result<(), Failure> {
    let listing = journals.list();
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

fn show(journals: &Journals, id: &str, json: bool, out: &mut impl Write) -> Result<(), Failure> {
    let id = journals.find(id)?;
    let live = journals.is_held(&id);
    let view = journals.read(&id)?.view(live);
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
