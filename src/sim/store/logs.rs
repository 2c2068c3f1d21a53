//! What containers printed: bounded, with the time of each line, the run before the last restart kept apart.
//!
//! Invariant: a container keeps at most [`KEEP`] lines of a run, the newest ones; a reader is told when something was added.

use jiff::Timestamp;
use std::collections::{HashMap, VecDeque};
use tokio::sync::watch;

/// Lines kept of one run of a container.
const KEEP: usize = 1_000;

/// One line of a container's output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// When it was printed.
    pub at: Timestamp,
    /// The line without its line break.
    pub text: String,
    /// Counts the lines of this container since its pod began, so that a follower knows where it was.
    pub number: u64,
}

#[derive(Default)]
struct Output {
    current: VecDeque<LogLine>,
    previous: VecDeque<LogLine>,
    count: u64,
}

pub(super) struct Logs {
    /// By (namespace, pod), then by container.
    pods: HashMap<(String, String), HashMap<String, Output>>,
    pub added: watch::Sender<u64>,
}

impl Logs {
    pub fn new() -> Self {
        Self { pods: HashMap::new(), added: watch::Sender::new(0) }
    }

    fn output(&mut self, namespace: &str, pod: &str, container: &str) -> &mut Output {
        let pod = self.pods.entry((namespace.to_owned(), pod.to_owned())).or_default();
        pod.entry(container.to_owned()).or_default()
    }

    pub fn append(&mut self, namespace: &str, pod: &str, container: &str, at: Timestamp, text: String) {
        let output = self.output(namespace, pod, container);
        output.count += 1;
        output.current.push_back(LogLine { at, text, number: output.count });
        if output.current.len() > KEEP {
            output.current.pop_front();
        }
        self.added.send_modify(|n| *n += 1);
    }

    /// When the last line of the current run was printed.
    pub fn last(&self, namespace: &str, pod: &str, container: &str) -> Option<Timestamp> {
        let output = self.pods.get(&(namespace.to_owned(), pod.to_owned()))?.get(container)?;
        output.current.back().map(|line| line.at)
    }

    /// The container restarts: its output becomes the previous one.
    pub fn rotate(&mut self, namespace: &str, pod: &str, container: &str) {
        let output = self.output(namespace, pod, container);
        output.previous = std::mem::take(&mut output.current);
    }

    pub fn read(&self, namespace: &str, pod: &str, container: &str, previous: bool) -> Vec<LogLine> {
        let output = self.pods.get(&(namespace.to_owned(), pod.to_owned())).and_then(|p| p.get(container));
        let lines = output.map(|o| if previous { &o.previous } else { &o.current });
        lines.into_iter().flatten().cloned().collect()
    }

    /// The pod is gone, and with it what it printed.
    pub fn forget(&mut self, namespace: &str, pod: &str) {
        self.pods.remove(&(namespace.to_owned(), pod.to_owned()));
        self.added.send_modify(|n| *n += 1);
    }
}
