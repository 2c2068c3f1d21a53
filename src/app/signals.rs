//! Being asked to end: by ctrl-c, by the system, by a terminal that is gone.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// How the process is asked to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interruption {
    /// By ctrl-c, which goes to everybody on the terminal.
    Keyboard,
    /// By the system, or by a terminal that is gone.
    End,
}

/// Being asked to end, again and again. From its making on no such request ends the process by itself or is lost.
#[derive(Debug)]
pub struct Interruptions([Option<Signal>; 3]);

impl Interruptions {
    /// Listens from now on.
    pub fn listen() -> Self {
        let [interrupt, terminate, hangup] = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
        // Without a handler the signal ends the process, which journals survive. Only of SIGHUP does being ignored at the start
        // mean anything: shells start every background job of a script deaf to SIGINT, and whoever sends it one means it.
        let hangup = if is_ignored(hangup) { None } else { signal(hangup).ok() };
        Self([signal(interrupt).ok(), signal(terminate).ok(), hangup])
    }

    /// Returns when the process is asked to end once more.
    pub async fn next(&mut self) -> Interruption {
        let [interrupt, terminate, hangup] = &mut self.0;
        tokio::select! {
            () = arrival(interrupt) => Interruption::Keyboard,
            () = arrival(terminate) => Interruption::End,
            () = arrival(hangup) => Interruption::End,
        }
    }
}

/// Whether whoever started this process wants it deaf to this signal, as `nohup` does.
fn is_ignored(kind: SignalKind) -> bool {
    // Only Linux tells without a system call that changes what it asks for; elsewhere it counts as not ignored.
    std::fs::read_to_string("/proc/self/status").is_ok_and(|status| ignores(&status, kind.as_raw_value()))
}

/// What the line `SigIgn:` of `/proc/PID/status` says about a signal: a mask in hexadecimal, signal 1 its lowest bit.
fn ignores(status: &str, signal: i32) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    signal > 0 && mask.checked_shr(signal.unsigned_abs() - 1).is_some_and(|mask| mask & 1 == 1)
}

async fn arrival(signal: &mut Option<Signal>) {
    match signal {
        Some(signal) => drop(signal.recv().await),
        None => std::future::pending().await,
    }
}

/// Returns when the process is asked to end.
pub async fn interruption() {
    let _ = Interruptions::listen().next().await;
}

/// Stops this process as ctrl-z does, and returns when the shell continues it.
pub fn stop_this_process() {
    // A process that cannot be stopped goes on; there is nothing else to do about it.
    let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::TSTP);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nohup_is_told_from_the_mask_of_ignored_signals() {
        let status = "Name:\tpilothouse\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000001001\nSigCgt:\t0\n";
        assert!(ignores(status, 1) && ignores(status, 13));
        assert!(!ignores(status, 2) && !ignores(status, 15) && !ignores(status, 64) && !ignores(status, 65));
        assert!(!ignores("", 1) && !ignores("SigIgn:\tnone", 1));
    }
}
