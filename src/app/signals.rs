//! Being asked to end: by ctrl-c, by the system, by a terminal that is gone.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Being asked to end, again and again. From its making on no such request ends the process by itself or is lost.
#[derive(Debug)]
pub struct Interruptions([Option<Signal>; 3]);

impl Interruptions {
    /// Listens from now on.
    pub fn listen() -> Self {
        // Without a handler the signal ends the process, which journals survive.
        Self([SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()].map(|kind| signal(kind).ok()))
    }

    /// Returns when the process is asked to end once more.
    pub async fn next(&mut self) {
        let [interrupt, terminate, hangup] = &mut self.0;
        tokio::select! {
            () = arrival(interrupt) => {}
            () = arrival(terminate) => {}
            () = arrival(hangup) => {}
        }
    }
}

async fn arrival(signal: &mut Option<Signal>) {
    match signal {
        Some(signal) => drop(signal.recv().await),
        None => std::future::pending().await,
    }
}

/// Returns when the process is asked to end.
pub async fn interruption() {
    Interruptions::listen().next().await;
}

/// Stops this process as ctrl-z does, and returns when the shell continues it.
pub fn stop_this_process() {
    // A process that cannot be stopped goes on; there is nothing else to do about it.
    let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::TSTP);
}
