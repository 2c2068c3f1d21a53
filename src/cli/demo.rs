//! `pilothouse demo`: the cockpit on the embedded world, with every file in a temporary folder.

use super::{
    args::{self, Global},
    failure::Failure,
};
use crate::{
    app::{self, Session},
    config::Paths,
    connect::kube::ContextInfo,
    observe::Scope,
    sim::scenario::Demo,
    time::Clock,
};
use std::process::ExitCode;

/// Opens the cockpit.
///
/// # Errors
/// When the embedded world cannot be set up or there is no terminal.
pub async fn run(global: &Global, arguments: &args::Demo) -> Result<ExitCode, Failure> {
    let clock = Clock::System;
    let demo = tokio::select! {
        demo = Demo::start(clock.clone(), arguments.seed) => {
            demo.map_err(|e| Failure::internal("start the embedded cluster", e))?
        }
        // Its folder goes with what was begun.
        () = app::interruption() => return Ok(ExitCode::from(130)),
    };
    let client = kube::Client::new(demo.world.service(), "default");
    let info = ContextInfo {
        name: "demo".into(),
        server: "https://demo.invalid".into(),
        namespace: global.namespace.clone().unwrap_or_else(|| "default".into()),
        user: "admin".into(),
        loopback: true,
    };
    let session = Session::embedded(client, info, clock, &Paths::under(demo.folder()), global.read_only);
    let session = match Paths::find() {
        Some(paths) => session.looking_like(&paths.config),
        None => session,
    };
    let session = session.on_terminal(global.ascii, global.no_mouse);
    let scope = global.namespace.clone().map_or(Scope::All, |namespace| Scope::Namespaces(vec![namespace]));
    Ok(app::open(session, scope).await?)
}
