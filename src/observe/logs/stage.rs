//! What a pod's status says of one container, as far as its log is concerned. Pure.

use crate::wire::{ContainerStatus, Pod, Terminated};
use jiff::Timestamp;

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct End {
    /// `exit 1 (Error)`, `completed`.
    pub how: String,
    /// When.
    pub at: Option<Timestamp>,
}

/// Where the current run stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// It has not written anything, and why.
    Unstarted(String),
    /// It runs.
    Running,
    /// It has ended.
    Ended(End),
}

/// One container now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Now {
    /// How many runs came before this one.
    pub run: u32,
    /// Where it stands.
    pub stage: Stage,
    /// Why it is not started again yet, where it ended and will be.
    pub rests: Option<String>,
    /// How the run before ended; None where there was none.
    pub previous: Option<End>,
    /// Whether it will never be started again.
    pub over: bool,
    /// Whether the pod is gone, and its logs with it.
    pub gone: bool,
    /// Counts the times that the connection was found broken.
    pub outages: u64,
}

/// Whether a container waits for nothing that is worth a word.
pub(super) fn is_routine(why: &str) -> bool {
    matches!(why, "ContainerCreating" | "PodInitializing" | "to be created" | "to be started")
}

/// The containers of a pod: name, whether it runs before the others, where it stands.
pub(super) fn containers(pod: &Pod) -> Vec<(Box<str>, bool, Now)> {
    let status = &pod.status;
    let over = matches!(&*status.phase, "Succeeded" | "Failed");
    let init = status.init_container_statuses.iter().map(|c| {
        let through = c.state.terminated.as_ref().is_some_and(|ended| ended.exit_code == 0);
        (c.name.clone(), true, Now { over: over || through, ..now(pod, Some(c)) })
    });
    let main = pod.spec.containers.iter().map(|container| {
        let status = status.container_statuses.iter().find(|c| c.name == container.name);
        (container.name.clone(), false, Now { over, ..now(pod, status) })
    });
    init.chain(main).collect()
}

fn now(pod: &Pod, status: Option<&ContainerStatus>) -> Now {
    let Some(status) = status else {
        let stage = Stage::Unstarted(unscheduled(pod));
        return Now { run: 0, stage, rests: None, previous: None, over: false, gone: false, outages: 0 };
    };
    let last = status.last_state.terminated.as_ref().map(end);
    let waits = status.state.waiting.as_ref();
    let mut run = status.restart_count;
    let (stage, rests) = match (&status.state.running, &status.state.terminated, waits, &last) {
        (Some(_), ..) => (Stage::Running, None),
        (None, Some(ended), ..) => (Stage::Ended(end(ended)), None),
        (None, None, waits, Some(last)) => {
            let why = waits.map(|waits| waits.reason.to_string()).filter(|why| !why.is_empty());
            // The next run counts already while it is prepared, but what there is to read is the one before.
            run = run.saturating_sub(u32::from(why.as_deref().is_some_and(is_routine)));
            (Stage::Ended(last.clone()), Some(why.unwrap_or_else(|| "waiting".into())))
        }
        (None, None, Some(waits), None) => {
            let why = match (&*waits.reason, super::super::sentence(&waits.message)) {
                ("", _) => "to be created".to_owned(),
                (reason, message) if message.is_empty() => reason.to_owned(),
                (reason, message) => format!("{reason}: {message}"),
            };
            (Stage::Unstarted(why), None)
        }
        (None, None, None, None) => (Stage::Unstarted(unscheduled(pod)), None),
    };
    Now { run, stage, rests, previous: last, over: false, gone: false, outages: 0 }
}

/// Why nothing of a pod runs yet.
fn unscheduled(pod: &Pod) -> String {
    let condition = pod.status.conditions.iter().find(|c| &*c.kind == "PodScheduled" && &*c.status == "False");
    match condition {
        Some(condition) => format!("{}: {}", condition.reason, super::super::sentence(&condition.message)),
        None if !pod.status.reason.is_empty() => pod.status.reason.to_string(),
        None => "to be started".into(),
    }
}

fn end(ended: &Terminated) -> End {
    let how = match (ended.exit_code, ended.signal, &*ended.reason) {
        (0, 0, _) => "completed".to_owned(),
        (_, signal, reason) if signal != 0 => format!("signal {signal}{}", in_brackets(reason)),
        (code, _, reason) => format!("exit {code}{}", in_brackets(reason)),
    };
    End { how, at: ended.finished_at }
}

fn in_brackets(reason: &str) -> String {
    if reason.is_empty() { String::new() } else { format!(" ({reason})") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::{Value, json};

    fn of(status: Value) -> Now {
        let status: ContainerStatus = serde_json::from_value(status).unwrap();
        now(&Pod::default(), Some(&status))
    }

    #[rstest]
    #[case(json!({"state": {"running": {}}, "restartCount": 2}), Stage::Running, None)]
    #[case(json!({"state": {"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling image"}}}),
        Stage::Unstarted("ImagePullBackOff: Back-off pulling image".into()), None)]
    #[case(json!({"state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}}),
        Stage::Ended(End { how: "exit 137 (OOMKilled)".into(), at: None }), Some("CrashLoopBackOff"))]
    #[case(json!({"state": {"terminated": {"exitCode": 0, "reason": "Completed"}}}),
        Stage::Ended(End { how: "completed".into(), at: None }), None)]
    #[case(json!({"state": {"terminated": {"exitCode": 0, "signal": 9}}}),
        Stage::Ended(End { how: "signal 9".into(), at: None }), None)]
    fn what_a_status_says(#[case] status: Value, #[case] stage: Stage, #[case] rests: Option<&str>) {
        let now = of(status);
        assert_eq!((now.stage, now.rests.as_deref()), (stage, rests));
    }

    #[test]
    fn a_run_that_is_prepared_is_not_the_one_there_is_to_read() {
        let last = json!({"terminated": {"exitCode": 1}});
        let run = |reason: &str| {
            of(json!({"state": {"waiting": {"reason": reason}}, "lastState": last, "restartCount": 3})).run
        };
        assert_eq!((run("ContainerCreating"), run("CrashLoopBackOff")), (2, 3));
    }

    #[test]
    fn a_pod_without_a_node_says_why() {
        let pod: Pod = serde_json::from_value(json!({
            "spec": {"containers": [{"name": "app"}]},
            "status": {"conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable",
                "message": "0/3 nodes are available"}]}}))
        .unwrap();
        let (name, init, now) = containers(&pod).remove(0);
        assert_eq!((&*name, init), ("app", false));
        assert_eq!(now.stage, Stage::Unstarted("Unschedulable: 0/3 nodes are available".into()));
    }
}
