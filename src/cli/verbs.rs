//! The verbs: arguments → intent → plan → confirmation → operation, printed as it goes.

use super::{
    args::{Bump, Command, Global, Lines, Migrate, Rollback, VerbOptions},
    confirm::{self, Answer},
    console::Console,
    failure::{Failure, Sort},
};
use crate::{
    app::{self, Interruptions, Session},
    model::{Control, Grounds, Intent, Outcome, Progress},
    operate::Running,
};
use std::{io::Write, process::ExitCode};

/// Carries a verb out.
///
/// # Errors
/// When there is no plan, the guard refuses, or printing fails; how the operation ends is in the exit code.
pub async fn run(global: &Global, command: Command, out: &mut impl Write) -> Result<ExitCode, Failure> {
    let (intent, options) = intent_of(global, command)?;
    let mut console = Console::new(out, options.output == Lines::Json);
    let ended = match intent {
        Ok(intent) => attempt(global, intent, &options, &mut console).await,
        Err(failure) => Err(failure),
    };
    let outcome = console.ended(None, ended)?;
    Ok(ExitCode::from(outcome.exit_code()))
}

async fn attempt<W: Write>(
    global: &Global,
    mut intent: Intent,
    options: &VerbOptions,
    console: &mut Console<W>,
) -> Result<Outcome, Failure> {
    let session = Session::open(&global.into()).await?;
    for complaint in &session.desk.complaints {
        eprintln!("pilothouse: {complaint}");
    }
    if global.namespace.is_none() {
        intent.target_mut().namespace = session.cluster.info().namespace.as_str().into();
    }
    let plan =
        match session.plan(&intent, Grounds { why: options.why.clone(), overriding: options.override_policy }).await {
            Ok(plan) => plan,
            Err(unplanned) => return nothing_to_do(unplanned, console),
        };
    console.plan(&plan)?;
    if options.dry_run {
        return Ok(Outcome::Done);
    }
    let consent = match confirm::ask(&plan, session.mode, options.yes, options.confirm.as_deref(), console)? {
        Answer::Yes(consent) => consent,
        Answer::No => {
            console.say("nothing was changed")?;
            return Ok(Outcome::Refused);
        }
    };
    let mut interruptions = Interruptions::listen();
    let running = tokio::select! {
        started = session.start(plan, &consent) => started?,
        _ = interruptions.next() => return interrupted(console),
    };
    follow(running, &mut interruptions, console).await
}

/// Asked to end before the operation began.
pub fn interrupted<W: Write>(console: &mut Console<W>) -> Result<Outcome, Failure> {
    console.result(None, Outcome::Interrupted, "asked to end before anything was changed")?;
    Ok(Outcome::Interrupted)
}

/// A plan that would change nothing is not a failure.
fn nothing_to_do<W: Write>(unplanned: app::Unplanned, console: &mut Console<W>) -> Result<Outcome, Failure> {
    if unplanned.outcome() != Outcome::Done {
        return Err(unplanned.into());
    }
    console.result(None, Outcome::Done, &unplanned.to_string())?;
    Ok(Outcome::Done)
}

/// Prints what an operation reports until it ends. Interrupting once leaves it, resumable, after the write under way; twice,
/// at once, which its journal survives.
///
/// # Errors
/// When it ends without a word, or printing fails.
pub async fn follow<W: Write>(
    mut running: Running,
    interruptions: &mut Interruptions,
    console: &mut Console<W>,
) -> Result<Outcome, Failure> {
    let id = running.id.clone();
    let mut leaving = false;
    let mut unheard = None;
    loop {
        let progress = tokio::select! {
            progress = running.progress.recv() => progress,
            _ = interruptions.next() => {
                if leaving {
                    let message = "asked to end twice: what became of a request under way is found out when it is resumed";
                    console.result(Some(&id), Outcome::Interrupted, message)?;
                    return Ok(Outcome::Interrupted);
                }
                leaving = true;
                running.control(Control::Leave);
                continue;
            }
        };
        let Some(progress) = progress else {
            return Err(Failure::new(Sort::Failed, format!("operation {id} ended without a result"), None));
        };
        // Nobody reads any more: the operation is left where it can be resumed before this process ends.
        if let Err(error) = console.progress(&id, &progress) {
            unheard.get_or_insert(error);
            running.control(Control::Leave);
        }
        if let Progress::Result { outcome, .. } = progress {
            return unheard.map_or(Ok(outcome), |error| Err(error.into()));
        }
    }
}

/// The intent of a verb (its target's namespace still to be filled in) or what is wrong with it, and the verb's options.
fn intent_of(global: &Global, command: Command) -> Result<(Result<Intent, Failure>, VerbOptions), Failure> {
    if let [first, _, ..] = global.namespaces().as_slice() {
        let hint = Some(format!("name one, such as -n {first}"));
        return Err(Failure::new(Sort::Usage, "a verb acts in one namespace", hint));
    }
    let namespace = global.namespace.as_deref().unwrap_or_default();
    Ok(match command {
        Command::Rollback(Rollback { target: Some(target), to_revision, options, .. }) => {
            (Ok(Intent::Rollback { target: target.within(namespace), revision: to_revision }), options)
        }
        Command::Restart(restart) => {
            (Ok(Intent::Restart { target: restart.target.within(namespace) }), restart.options)
        }
        Command::Shift(shift) => {
            let target = shift.target.within(namespace);
            (Ok(Intent::Shift { target, to: shift.to, steps: shift.steps, hold: shift.hold }), shift.options)
        }
        Command::Bump(Bump { target, tag, container, branch, repo, file, no_wait, options }) => {
            let target = target.within(namespace);
            (Ok(Intent::Bump { target, tag, container, repository: repo, branch, file, wait: !no_wait }), options)
        }
        Command::Migrate(mut migrate) => {
            let options = migrate.options.clone();
            let command = match migrate.command.take() {
                Some(command) => command.split_whitespace().map(str::to_owned).collect(),
                None => std::mem::take(&mut migrate.words),
            };
            (migration(namespace, migrate, command), options)
        }
        Command::Rollback(_)
        | Command::Demo(_)
        | Command::Config(_)
        | Command::Status(_)
        | Command::History(_)
        | Command::Tags(_)
        | Command::Operations(_)
        | Command::Journal(_)
        | Command::Reserve(_)
        | Command::Sim(_)
        | Command::Completions { .. }
        | Command::Man { .. } => return Err(Failure::new(Sort::Usage, "not a verb", None)),
    })
}

fn migration(namespace: &str, migrate: Migrate, command: Vec<String>) -> Result<Intent, Failure> {
    if command.is_empty() {
        let hint = "give --command \"bin/migrate up\", or the words of the command after --";
        return Err(Failure::new(Sort::Usage, "a migration needs the command to run", Some(hint.into())));
    }
    let target = migrate.target.within(namespace);
    Ok(Intent::Migrate { target, tag: migrate.tag, container: migrate.container, command })
}
