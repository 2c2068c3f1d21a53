//! The world, read: rows for the screens by watches, one-shot snapshots, looks at a workload's pods, and the facts that a
//! planner needs.
//!
//! Invariant: nothing here writes. Rows are slim and only for drawing; whatever is decided on is fetched whole, for one
//! intent, by [`gather`]. The load on the API server is bounded: no list of pods or ReplicaSets wider than one workload.

mod amounts;
mod argo;
mod attention;
mod backoff;
mod capacity;
mod claims;
mod collect;
mod diagnosis;
mod drains;
mod error;
mod evidence;
mod failing;
mod follow;
mod gather;
mod inspect;
mod inspect_job;
mod inspector;
mod logs;
pub mod look;
mod owners;
mod pods;
mod pulse;
mod references;
mod releases;
mod revisions;
mod rights;
mod rollout;
mod rows;
mod scope;
mod snapshot;
mod watch;
mod within;

pub use error::{GatherError, ObserveError};
pub use failing::failing;
pub use gather::{Says, World, gather, says, sight};
pub use inspect::inspect;
pub use logs::follow_logs;
pub use references::references;
pub use releases::release_history;
pub use revisions::revisions;
pub use rollout::verdict;
pub use scope::Scope;
pub use snapshot::snapshot;
pub use watch::{Watches, watch};

/// One sentence of a message that may be a page: its first line, without dumps, at most 200 characters.
fn sentence(message: &str) -> String {
    let line = message.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    match line.char_indices().nth(200) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

/// Why pods are refused, without the pod that nobody knows: its name changes with every attempt.
fn refusal(message: &str) -> String {
    let text = sentence(message);
    let text = text.rsplit_once("Error creating: ").map_or(text.as_str(), |(_, why)| why);
    match text.strip_prefix("pods \"").and_then(|rest| rest.split_once(" is forbidden: ")) {
        Some((_, why)) => why.to_owned(),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::refusal;

    #[test]
    fn a_refusal_is_told_without_the_pod() {
        let told = "(combined from similar events): Error creating: pods \"a-x\" is forbidden: exceeded quota: few, used: pods=4";
        assert_eq!(refusal(told), "exceeded quota: few, used: pods=4");
        assert_eq!(refusal("admission webhook \"w\" denied the request"), "admission webhook \"w\" denied the request");
    }
}
