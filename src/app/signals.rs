//! Being asked to end: by ctrl-c, by the system, by a terminal that is gone.

use tokio::signal::unix::{SignalKind, signal};

/// Returns when the process is asked to end.
pub async fn interruption() {
    tokio::select! {
        () = arrival(SignalKind::interrupt()) => {}
        () = arrival(SignalKind::terminate()) => {}
        () = arrival(SignalKind::hangup()) => {}
    }
}

async fn arrival(kind: SignalKind) {
    match signal(kind) {
        Ok(mut signal) => drop(signal.recv().await),
        // Without a handler the signal ends the process, which journals survive.
        Err(_) => std::future::pending().await,
    }
}

/// Stops this process as ctrl-z does, and returns when the shell continues it.
pub fn stop_this_process() {
    // A process that cannot be stopped goes on; there is nothing else to do about it.
    let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::TSTP);
}
