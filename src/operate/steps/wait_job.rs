//! Waits for a Job's final condition, with its log followed and what keeps its pod from starting said early.
//!
//! Invariant: only the conditions `Complete` and `Failed` end a Job; neither numbers nor a missing pod do.

use super::{
    Ended,
    follow::Follower,
    record::{self, Mark},
};
use crate::{
    connect::kube::Reader,
    model::{Kind, ObjectRef},
    operate::{run::Run, stop::Stop},
    wire::{Job, Pod},
};
use serde::Deserialize as _;
use std::time::Duration;
use tokio::time::Instant;

/// How often the Job is looked at.
const LOOK: Duration = Duration::from_secs(2);
/// How long an image may fail to be pulled before this gives up waiting.
const PULLING: Duration = Duration::from_secs(300);
/// How long the last log lines are waited for.
const LAST_LINES: Duration = Duration::from_secs(5);

pub(super) async fn run(run: &mut Run, index: usize, object: &ObjectRef) -> Result<Ended, Stop> {
    let mut follower: Option<Follower> = None;
    let mut said = String::new();
    let mut pulling: Option<Instant> = None;
    loop {
        let Some(found) = run.find(index, object).await? else {
            return gone(run, index, object).await;
        };
        let state = Job::deserialize(&found)
            .map_err(|error| Stop::Failed(format!("{object} is not what the API promises: {error}")))?;
        let is = |kind: &str| state.status.conditions.iter().find(|c| &*c.kind == kind && &*c.status == "True");
        if let Some(last) = is("Complete").map(|_| Ok(())).or_else(|| is("Failed").map(Err)) {
            if let Some(pod) = newest_pod(run, index, object).await? {
                follow(run, object, &state, &pod, &mut follower);
            }
            if let Some(follower) = &mut follower {
                follower.finish(LAST_LINES).await;
            }
            return match last {
                Ok(()) => {
                    record::write(run, index, &found, Mark::Complete, "").await?;
                    Ok(Ended::done(format!("{object} is complete")))
                }
                Err(condition) => {
                    let reason = format!("{}: {}", condition.reason, condition.message);
                    record::write(run, index, &found, Mark::Failed, &reason).await?;
                    Err(Stop::Failed(format!(
                        "{object} failed ({reason}); a migration never runs twice: read its log, mend it, release another image"
                    )))
                }
            };
        }
        let word = match newest_pod(run, index, object).await? {
            Some(pod) => {
                follow(run, object, &state, &pod, &mut follower);
                trouble(&pod).unwrap_or_else(|| (false, format!("pod {} is {}", pod.metadata.name, pod.status.phase)))
            }
            None if state.spec.suspend => (false, "the Job is suspended".into()),
            None => (false, "no pod yet".into()),
        };
        pulling = word.0.then(|| pulling.unwrap_or_else(Instant::now));
        if pulling.is_some_and(|since| since.elapsed() >= PULLING) {
            let why = format!("{}; {object} is left as it is, and would still run if the image appeared", word.1);
            return Err(Stop::Failed(why));
        }
        if word.1 != said {
            run.note(index, word.1.clone()).await;
            said = word.1;
        }
        run.wait(LOOK).await?;
    }
}

/// The Job vanished: its record may know how it ended.
async fn gone(run: &mut Run, index: usize, object: &ObjectRef) -> Result<Ended, Stop> {
    match run.find(index, &record::beside(object)).await?.as_ref().and_then(record::read) {
        Some((Mark::Complete, _)) => Ok(Ended::Skipped(format!("{object} ended well before"))),
        Some((Mark::Failed, reason)) => Err(Stop::Failed(format!("{object} failed: {reason}"))),
        Some((Mark::Started, _)) | None => {
            Err(Stop::Failed(format!("{object} was deleted while it was waited for: how it ended is not known")))
        }
    }
}

/// The Job's newest pod. That pods may not be read is no reason to stop waiting for the Job.
async fn newest_pod(run: &mut Run, index: usize, object: &ObjectRef) -> Result<Option<Pod>, Stop> {
    let (namespace, labels) = (object.namespace.to_string(), format!("batch.kubernetes.io/job-name={}", object.name));
    let question = move |reader: Reader| {
        let (namespace, labels) = (namespace.clone(), labels.clone());
        async move { reader.list_as::<Pod>(Kind::Pod, Some(&namespace), Some(&labels), None).await }
    };
    let pods = run.ask(index, question).await?.unwrap_or_default();
    Ok(pods.into_iter().max_by(|a, b| {
        let key = |pod: &Pod| (pod.metadata.creation_timestamp, pod.metadata.name.clone());
        key(a).cmp(&key(b))
    }))
}

/// Follows the pod's log, unless it is being followed.
fn follow(run: &Run, object: &ObjectRef, job: &Job, pod: &Pod, follower: &mut Option<Follower>) {
    if follower.as_ref().is_some_and(|follower| follower.pod == *pod.metadata.name) {
        return;
    }
    let Some(container) = job.spec.template.spec.containers.first() else { return };
    let place = (object.namespace.to_string(), pod.metadata.name.to_string(), container.name.to_string());
    let file = run.journals.log_path(&run.plan().operation).ok();
    *follower = Some(Follower::start(run.cluster.reader().clone(), place, file, run.progress.clone()));
}

/// What keeps a pod from starting, and whether it is its image.
fn trouble(pod: &Pod) -> Option<(bool, String)> {
    let statuses = pod.status.init_container_statuses.iter().chain(&pod.status.container_statuses);
    for status in statuses {
        let Some(waiting) = &status.state.waiting else { continue };
        let pulls = matches!(&*waiting.reason, "ErrImagePull" | "ImagePullBackOff" | "InvalidImageName");
        if pulls || matches!(&*waiting.reason, "CreateContainerConfigError" | "CreateContainerError") {
            return Some((pulls, format!("{} of container {}: {}", waiting.reason, status.name, waiting.message)));
        }
    }
    let scheduled = pod.status.conditions.iter().find(|c| &*c.kind == "PodScheduled" && &*c.status == "False")?;
    Some((false, format!("no node takes pod {}: {}", pod.metadata.name, scheduled.message)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn trouble_is_said_early() {
        let pod =
            |status: serde_json::Value| Pod::deserialize(json!({"metadata": {"name": "p"}, "status": status})).unwrap();
        let waiting = |reason: &str| json!({"containerStatuses": [{"name": "app", "state": {"waiting": {"reason": reason, "message": "m"}}}]});
        assert_eq!(
            trouble(&pod(waiting("ImagePullBackOff"))).unwrap(),
            (true, "ImagePullBackOff of container app: m".into())
        );
        assert_eq!(trouble(&pod(waiting("CreateContainerConfigError"))).map(|t| t.0), Some(false));
        assert_eq!(trouble(&pod(waiting("ContainerCreating"))), None);
        let unscheduled = json!({"conditions": [{"type": "PodScheduled", "status": "False", "message": "0/3 nodes"}]});
        assert_eq!(trouble(&pod(unscheduled)).unwrap().1, "no node takes pod p: 0/3 nodes");
    }
}
