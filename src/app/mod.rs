//! The event loop and the wiring: connects the rooms, owns the screen's state and the rows, carries effects out.
//!
//! One task owns everything that is drawn. It never waits for the network: what takes time runs in tasks of its own and comes
//! back as a message. Nothing is decided here that a planner, the guard or the screen's update decides.

mod appearance;
mod between;
mod clipboard;
mod cockpit;
mod desk;
mod effects;
mod export;
mod fleet;
mod loan;
mod logs;
mod look;
mod rescue;
mod session;
mod several;
mod signals;
mod tags;
mod terminal;
mod views;

pub use desk::{Desk, journals};
pub use rescue::{Group, Wanted, Word};
pub use session::{Options, Session, SessionError, Unplanned};
pub use signals::{Interruptions, interruption};
pub use tags::described;

use crate::{
    config::Paths,
    connect::kube::{Cluster, ConnectOptions, KnownContexts},
    observe::Scope,
    time::Clock,
};
use fleet::Fleet;
use std::{io::IsTerminal, process::ExitCode, sync::Arc};

/// Why the cockpit could not be opened or had to close.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// No session.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// Standard output or input is not a terminal.
    #[error("the cockpit needs a terminal; `pilothouse status` prints the same to a pipe")]
    NoTerminal,
    /// The terminal failed.
    #[error("the terminal failed: {0}")]
    Terminal(#[from] std::io::Error),
}

/// Opens the cockpit on the contexts that `options` ask for.
///
/// # Errors
/// When the kubeconfig names no such cluster or there is no terminal.
pub async fn cockpit(options: &Options) -> Result<ExitCode, AppError> {
    let paths = Paths::find().ok_or(SessionError::NoHome)?;
    let desk = Desk::set_up(&paths, Clock::System, options.read_only);
    let desk = Arc::new(desk.on_terminal(options.ascii, options.no_mouse));
    let known = KnownContexts::read(&options.connect).map_err(SessionError::Connect)?;
    let names: Vec<String> = known.contexts.all.iter().map(|info| info.name.clone()).collect();
    let asked = asked(options, &names, known.contexts.current.as_deref());
    // The first is `--context` for everything that means one; what the file selects must not count beside it.
    let context = asked.first().cloned().filter(|_| options.connect.context.is_some());
    let connect = ConnectOptions { context, ..options.connect.clone() };
    let known = if connect == options.connect {
        known
    } else {
        KnownContexts::read(&connect).map_err(SessionError::Connect)?
    };
    let scope = match options.namespaces.as_slice() {
        [] => Scope::All,
        _ if options.all_namespaces => Scope::All,
        names => Scope::Namespaces(names.to_vec()),
    };
    let fleet = Fleet::of_kubeconfig(desk, connect, known, scope, &asked).map_err(SessionError::Connect)?;
    open(fleet, asked.len() > 1).await
}

/// The contexts to watch from the start, the one to act on first; none for the one that is selected.
fn asked(options: &Options, names: &[String], current: Option<&str>) -> Vec<String> {
    let listed: Vec<String> = match &options.connect.context {
        // A name may hold commas: it is one name then.
        Some(context) if names.contains(context) => vec![context.clone()],
        Some(contexts) => contexts.split(',').map(|name| name.trim().to_owned()).filter(|n| !n.is_empty()).collect(),
        None => Vec::new(),
    };
    if !options.fleet {
        return listed;
    }
    let first = listed.first().map(String::as_str).or(current).filter(|name| names.iter().any(|n| n == name));
    let rest = names.iter().filter(|name| Some(name.as_str()) != first);
    first.map(str::to_owned).into_iter().chain(rest.cloned()).collect()
}

/// Opens the cockpit on clusters inside this process; the first is acted on.
///
/// # Errors
/// When there is no terminal.
pub async fn embedded(desk: Arc<Desk>, clusters: Vec<Cluster>, scope: Scope) -> Result<ExitCode, AppError> {
    open(Fleet::of_clusters(desk, scope, clusters), false).await
}

async fn open(fleet: Fleet, together: bool) -> Result<ExitCode, AppError> {
    if !std::io::stdout().is_terminal() || !std::io::stdin().is_terminal() {
        return Err(AppError::NoTerminal);
    }
    cockpit::run(fleet, together).await?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked_for(context: Option<&str>, fleet: bool) -> Vec<String> {
        let connect = ConnectOptions { context: context.map(str::to_owned), ..ConnectOptions::default() };
        let names = ["a", "b", "a,b"].map(str::to_owned);
        asked(&Options { connect, fleet, ..Options::default() }, &names, Some("b"))
    }

    #[test]
    fn several_contexts_are_named_with_commas_and_all_of_them_by_fleet() {
        assert!(asked_for(None, false).is_empty());
        assert_eq!(asked_for(Some("b,a"), false), ["b", "a"]);
        assert_eq!(asked_for(Some("a,b"), false), ["a,b"], "a name that holds a comma is a name");
        assert_eq!(asked_for(None, true), ["b", "a", "a,b"], "what is selected is acted on");
        assert_eq!(asked_for(Some("a"), true), ["a", "b", "a,b"]);
    }
}
