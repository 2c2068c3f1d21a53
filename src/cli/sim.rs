//! `pilothouse sim`: the embedded world behind a port, for kubectl and for tests.

use super::{
    args::Sim,
    failure::{Failure, Sort},
};
use crate::{
    sim::{scenario::Demo, serve},
    time::Clock,
};
use std::{io::Write, process::ExitCode};
use tokio::net::TcpListener;

/// Serves until it is interrupted.
///
/// # Errors
/// When the address is not on loopback or cannot be listened on.
pub async fn run(arguments: &Sim, out: &mut impl Write) -> Result<ExitCode, Failure> {
    if !arguments.listen.ip().is_loopback() {
        let message = format!("{} is not on loopback: the embedded cluster is for this machine only", arguments.listen);
        return Err(Failure::new(Sort::Usage, message, Some("use 127.0.0.1 or [::1]".into())));
    }
    let listener = TcpListener::bind(arguments.listen)
        .await
        .map_err(|e| Failure::internal(&format!("listen on {}", arguments.listen), e))?;
    let address = listener.local_addr()?;
    let wrong = |error: serve::ServeError| Failure::internal("serve the embedded cluster", error);
    let demo = Demo::start(Clock::System, arguments.seed)
        .await
        .map_err(|e| Failure::internal("start the embedded cluster", e))?;
    let identity = serve::Identity::generate().map_err(wrong)?;
    let kubeconfig = arguments.kubeconfig.clone().unwrap_or_else(|| demo.folder().join("kubeconfig"));
    serve::write_kubeconfig(&demo.world, &identity, address, &kubeconfig).map_err(wrong)?;
    writeln!(out, "serving https://{address} until it is interrupted")?;
    writeln!(out, "  export KUBECONFIG={}", kubeconfig.display())?;
    writeln!(out, "  Git repository: {}", demo.repository.display())?;
    out.flush()?;
    tokio::select! {
        never = serve::serve(&demo.world, listener, &identity) => match never {},
        () = crate::app::interruption() => Ok(ExitCode::SUCCESS),
    }
}
