//! The command line: arguments become the same intents that the screen makes, and take the same path.
//!
//! Standard output carries what was asked for; failures go to standard error with their reason and what to do, and end with
//! the exit code of their sort. Nothing is decided here that the screen would decide differently.

mod args;
mod configuration;
mod confirm;
mod console;
mod demo;
mod failure;
mod history;
mod journal;
mod operations;
mod report;
mod rescue;
mod reserve;
mod sim;
mod status;
mod table;
mod tags;
mod target;
mod verbs;

use args::{Arguments, Command};
use clap::{CommandFactory, Parser};
use failure::{Failure, Sort};
use std::{
    io::{self, Write as _},
    process::ExitCode,
};

/// Runs the program on its arguments.
pub fn run() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = match arguments.command {
        Some(Command::Completions { shell }) => {
            clap_complete::generate(shell, &mut Arguments::command(), "pilothouse", &mut io::stdout());
            Ok(ExitCode::SUCCESS)
        }
        Some(Command::Man { command }) => manual(command.as_deref()),
        Some(Command::Config(arguments)) => configuration::run(arguments, &mut io::stdout()),
        command => connected(&arguments.global, command),
    };
    outcome.unwrap_or_else(|failure| {
        if failure.sort != Sort::Unheard {
            // The terminal may be gone, and then nobody hears it; the exit code says it too.
            let _ = writeln!(io::stderr(), "pilothouse: {failure}");
        }
        ExitCode::from(failure.sort.exit_code())
    })
}

/// Everything that needs the network runs on one runtime.
fn connected(global: &args::Global, command: Option<Command>) -> Result<ExitCode, Failure> {
    // One process, one cryptography provider; a second installation would be the only error.
    let _ = rustls::crypto::ring::default_provider().install_default();
    crate::connect::allow_many_connections();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        // Gathering the facts of a rollback is one large future, which an unoptimised build keeps on the stack several times over.
        .thread_stack_size(8 << 20)
        .enable_all()
        .build()
        .map_err(|e| Failure::internal("start the runtime", e))?;
    let outcome = runtime.block_on(async {
        let mut out = io::stdout().lock();
        match command {
            None => crate::app::cockpit(&global.into()).await.map_err(Failure::from),
            Some(Command::Demo(arguments)) => demo::run(global, &arguments).await,
            Some(Command::Sim(arguments)) => sim::run(global, &arguments, &mut out).await,
            Some(Command::Status(arguments)) => status::run(global, &arguments, &mut out).await,
            Some(Command::History(arguments)) => history::run(global, &arguments, &mut out).await,
            Some(Command::Tags(arguments)) => tags::run(global, &arguments, &mut out).await,
            Some(Command::Journal(arguments)) => journal::run(&arguments, &mut out),
            Some(Command::Operations(arguments)) => operations::run(global, arguments, &mut out).await,
            Some(Command::Rollback(arguments)) if arguments.panic => rescue::run(global, arguments, &mut out).await,
            Some(Command::Reserve(arguments)) => reserve::run(global, arguments, &mut out).await,
            Some(verb) => verbs::run(global, verb, &mut out).await,
        }
    });
    // A blocking Git call may still wait on the network; leaving does not wait for it.
    runtime.shutdown_background();
    outcome
}

fn manual(command: Option<&str>) -> Result<ExitCode, Failure> {
    let mut page = Arguments::command();
    page.build();
    if let Some(name) = command {
        let found = page.find_subcommand(name).cloned();
        let known = || page.get_subcommands().map(|c| c.get_name()).collect::<Vec<_>>().join(", ");
        page = found.ok_or_else(|| {
            Failure::new(Sort::Usage, format!("there is no command `{name}`"), Some(format!("there are: {}", known())))
        })?;
    }
    clap_mangen::Man::new(page).render(&mut io::stdout())?;
    Ok(ExitCode::SUCCESS)
}
