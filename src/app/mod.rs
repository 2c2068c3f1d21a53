//! The event loop and the wiring: connects the rooms, owns the screen's state and the rows, carries effects out.
//!
//! One task owns everything that is drawn. It never waits for the network: what takes time runs in tasks of its own and comes
//! back as a message. Nothing is decided here that a planner, the guard or the screen's update decides.

mod appearance;
mod clipboard;
mod cockpit;
mod effects;
mod export;
mod session;
mod signals;
mod terminal;

pub use session::{Options, Session, SessionError, Unplanned, journals};
pub use signals::{Interruptions, interruption};

use crate::observe::Scope;
use std::{io::IsTerminal, process::ExitCode};

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

/// Opens the cockpit on a cluster.
///
/// # Errors
/// When there is no session or no terminal.
pub async fn cockpit(options: &Options) -> Result<ExitCode, AppError> {
    let session = Session::open(options).await?;
    let scope = match (&options.connect.namespace, options.all_namespaces) {
        (Some(namespace), false) => Scope::Namespaces(vec![namespace.clone()]),
        _ => Scope::All,
    };
    open(session, scope).await
}

/// Opens the cockpit on a session.
///
/// # Errors
/// When there is no terminal.
pub async fn open(session: Session, scope: Scope) -> Result<ExitCode, AppError> {
    if !std::io::stdout().is_terminal() || !std::io::stdin().is_terminal() {
        return Err(AppError::NoTerminal);
    }
    cockpit::run(session, scope).await?;
    Ok(ExitCode::SUCCESS)
}
