//! What proves a finding, fetched: the end of a log, the newest event, what a node or a claim says.
//!
//! Bounded: for one workload at most one log, one list of events about one pod, and either one node or three claims with the
//! events of one. Each has a short time limit; what is not answered, or may not be read, is left out: the sentence is worth more
//! than its proof.

use super::{
    diagnosis::{Evidence, Finding, container::FOREIGN, missing, pull},
    sentence,
};
use crate::{
    connect::kube::{LogOptions, Reader},
    model::{Blocker, Cause, ClaimState, Kind, ObjectRef, Probe, PullFailure},
    wire::{Claim, Event, Node},
};
use serde::de::DeserializeOwned;
use std::time::Duration;
use tokio::time::timeout;

/// How long a log, events or an object may take.
const SIDE: Duration = Duration::from_secs(2);
/// Lines of a log that are asked for, and that are kept.
const LINES: (i64, usize) = (10, 3);
/// Claims of one pod that are asked about.
const CLAIMS: usize = 3;

/// The blocker that a finding becomes once what else there is has been read.
pub(super) async fn blocker(reader: &Reader, namespace: &str, finding: Finding) -> Blocker {
    let Finding { mut cause, evidence, since, pod, share } = finding;
    let words = match evidence {
        Evidence::None => Vec::new(),
        Evidence::Told(text) => {
            if let Cause::ImagePull { why: PullFailure::Unauthorized { unread }, .. } = &mut cause {
                *unread = unread_secrets(reader, namespace, &pod).await;
            }
            vec![text]
        }
        Evidence::Log { container, previous, probed } => {
            match if probed { killed_by(reader, namespace, &pod, &container).await } else { None } {
                Some((probe, told)) => {
                    cause = blame(cause, probe, told);
                    Vec::new()
                }
                None => {
                    let words = last_words(reader, namespace, &pod, &container, previous).await;
                    if let Cause::CrashLoop { ending: Some(ending), .. } = &mut cause {
                        ending.foreign |= words.last().is_some_and(|line| line.ends_with(FOREIGN));
                    }
                    words
                }
            }
        }
        Evidence::Events => {
            let (better, words) = told_by_events(reader, namespace, &pod, cause).await;
            cause = better;
            words
        }
        Evidence::Node => {
            match &mut cause {
                Cause::NodeDown { node, told } => match self::node(reader, node).await {
                    Some(Err(words)) => *told = Some(words.into()),
                    Some(Ok(())) => cause = Cause::Unconfirmed { node: node.clone() },
                    None => {}
                },
                Cause::Unstarted { node } => {
                    if let Some(told) = node_says(reader, node).await {
                        cause = Cause::NodeDown { node: node.clone(), told: Some(told.into()) };
                    }
                }
                _ => {}
            }
            Vec::new()
        }
        Evidence::Claims(names) => {
            cause = claim(reader, namespace, &names).await.unwrap_or(cause);
            Vec::new()
        }
    };
    Blocker { cause, share: Some(share), since, evidence: words }
}

/// The last lines that a container wrote.
async fn last_words(reader: &Reader, namespace: &str, pod: &str, container: &str, previous: bool) -> Vec<String> {
    let options =
        LogOptions { container: Some(container.to_owned()), tail: Some(LINES.0), previous, ..LogOptions::default() };
    let Ok(Ok(lines)) = timeout(SIDE, reader.log(namespace, pod, &options)).await else { return Vec::new() };
    let told: Vec<String> = lines.iter().map(|line| sentence(line)).filter(|line| !line.is_empty()).collect();
    told[told.len().saturating_sub(LINES.1)..].to_vec()
}

/// The liveness or startup probe for which a container was killed, with its last words.
async fn killed_by(reader: &Reader, namespace: &str, pod: &str, container: &str) -> Option<(Probe, Option<Box<str>>)> {
    let events = about_pod(reader, namespace, pod).await;
    let told = |event: &&Event| &*event.reason == "Unhealthy" && event.is_about(container);
    let newest =
        events.iter().filter(told).filter(|e| !matches!(probe(&e.message), Some((Probe::Readiness, _)) | None));
    let (probe, told) = probe(&newest.max_by_key(|event| event.seen())?.message)?;
    Some((probe, told))
}

/// A crash that is a probe's doing.
fn blame(cause: Cause, probe: Probe, told: Option<Box<str>>) -> Cause {
    match cause {
        Cause::CrashLoop { container, restarts, .. } => Cause::Liveness { container, probe, told, restarts },
        other => other,
    }
}

/// Which probe an event is about, and what it said: `Readiness probe failed: HTTP probe failed with statuscode: 503`.
fn probe(message: &str) -> Option<(Probe, Option<Box<str>>)> {
    let (which, rest) = message.split_once(" probe ")?;
    let probe = match which {
        "Readiness" => Probe::Readiness,
        "Liveness" => Probe::Liveness,
        "Startup" => Probe::Startup,
        _ => return None,
    };
    // `failed`, `errored`, `warning`, each with its words behind a colon.
    let told = rest.split_once(": ").map(|(_, told)| sentence(told)).filter(|told| !told.is_empty());
    Some((probe, told.map(Into::into)))
}

/// The newest warnings about a pod make a vague cause a precise one.
async fn told_by_events(reader: &Reader, namespace: &str, pod: &str, cause: Cause) -> (Cause, Vec<String>) {
    let events = about_pod(reader, namespace, pod).await;
    let newest = |reasons: &[&str]| {
        let these = events.iter().filter(|event| reasons.contains(&&*event.reason));
        these.max_by_key(|event| event.seen()).map(|event| &*event.message)
    };
    match cause {
        Cause::NotReady { container, probe: asked, .. } => {
            let failed = events.iter().filter(|e| &*e.reason == "Unhealthy" && e.is_about(&container));
            match failed.max_by_key(|event| event.seen()).and_then(|event| self::probe(&event.message)) {
                // A liveness probe that fails now and then does not explain why it is not ready.
                Some((probe, told)) if Some(probe) == asked || asked.is_none() => {
                    (Cause::NotReady { container, probe: Some(probe), told }, Vec::new())
                }
                _ => (Cause::NotReady { container, probe: asked, told: None }, Vec::new()),
            }
        }
        Cause::ImagePull { container, image, .. } => {
            let message = events.iter().filter(|event| event.message.starts_with("Failed to pull image"));
            let message = message.max_by_key(|event| event.seen()).map_or("", |event| &*event.message);
            let why = pull::failure("ErrImagePull", message, &image);
            let words = if message.is_empty() { Vec::new() } else { vec![sentence(message)] };
            // The event repeats the image before it says why.
            let why = if matches!(why, PullFailure::Other(_)) { PullFailure::Other(None) } else { why };
            (Cause::ImagePull { container, image, why }, words)
        }
        Cause::NotCreated { container, .. } => {
            let told = newest(&["Failed", "FailedPostStartHook", "FailedPreStopHook"]);
            let told = told.map(|told| sentence(told.strip_prefix("Error: ").unwrap_or(told)));
            (Cause::NotCreated { container, told: told.map(Into::into) }, Vec::new())
        }
        Cause::Volume { .. } => {
            let reasons = ["FailedMount", "FailedAttachVolume", "FailedMapVolume", "FailedCreatePodSandBox"];
            match newest(&reasons) {
                Some(told) => match missing::cause(told) {
                    Some(missing) => (missing, Vec::new()),
                    None => (Cause::Volume { told: Some(sentence(told).into()) }, Vec::new()),
                },
                None => (Cause::Volume { told: None }, Vec::new()),
            }
        }
        other => {
            let words = newest(&["Failed"]).map(sentence).into_iter().collect();
            (other, words)
        }
    }
}

/// The Secrets for pulling images that a pod's kubelet could not read: `Unable to retrieve some image pull secrets (a, b); …`
async fn unread_secrets(reader: &Reader, namespace: &str, pod: &str) -> Option<Box<str>> {
    let events = about_pod(reader, namespace, pod).await;
    let told = events.iter().find(|event| &*event.reason == "FailedToRetrieveImagePullSecret")?;
    let (_, rest) = told.message.split_once("secrets (")?;
    let (names, _) = rest.split_once(')')?;
    (!names.is_empty()).then(|| names.into())
}

/// Why a node is not ready, in its own words; None where it is, or may not be read.
pub(super) async fn node_says(reader: &Reader, node: &str) -> Option<String> {
    self::node(reader, node).await?.err()
}

/// Whether a node is ready, and where it is not, its own words; None where it is gone, or may not be read.
async fn node(reader: &Reader, node: &str) -> Option<Result<(), String>> {
    let node: Node = get(reader, &ObjectRef::new(Kind::Node, "", node)).await?;
    let ready = node.status.conditions.iter().find(|c| &*c.kind == "Ready")?;
    let told = sentence(&ready.message);
    Some(match (&*ready.status, told.is_empty()) {
        ("True", _) => Ok(()),
        (_, true) => Err(ready.reason.to_string()),
        (_, false) => Err(told),
    })
}

/// The first of these claims that is not bound, with the provisioner's words.
async fn claim(reader: &Reader, namespace: &str, names: &[Box<str>]) -> Option<Cause> {
    for name in names.iter().take(CLAIMS) {
        let object = ObjectRef::new(Kind::PersistentVolumeClaim, namespace, &**name);
        let Some(claim) = get::<Claim>(reader, &object).await else { continue };
        let state = match &*claim.status.phase {
            "Bound" => continue,
            "Lost" => ClaimState::Lost,
            _ => {
                let events = events(reader, &object, "").await;
                let told = events.into_iter().max_by_key(Event::seen).map(|event| provisioner(&event.message));
                ClaimState::Pending { class: claim.spec.storage_class_name, told }
            }
        };
        return Some(Cause::Claim { name: name.clone(), state });
    }
    None
}

/// What the provisioner of a claim says; where it says nothing, who is waited for.
fn provisioner(message: &str) -> Box<str> {
    let waits = message.split_once("external provisioner '").and_then(|(_, rest)| rest.split_once('\''));
    match waits.filter(|_| message.starts_with("Waiting for a volume to be created")) {
        Some((name, _)) => format!("provisioner {name} has not made a volume for it, does it run?").into(),
        None => sentence(message).into(),
    }
}

/// An object, where it is there, may be read and comes in time.
pub(super) async fn get<T: DeserializeOwned>(reader: &Reader, object: &ObjectRef) -> Option<T> {
    timeout(SIDE, reader.get_as(object)).await.ok()?.ok()
}

async fn about_pod(reader: &Reader, namespace: &str, pod: &str) -> Vec<Event> {
    events(reader, &ObjectRef::new(Kind::Pod, namespace, pod), ",type=Warning").await
}

/// The events about an object, one page of them.
async fn events(reader: &Reader, about: &ObjectRef, more: &str) -> Vec<Event> {
    let fields = format!("involvedObject.name={},involvedObject.kind={}{more}", about.name, about.kind);
    let page = reader.page::<Event>(Kind::Event, Some(&about.namespace), None, Some(&fields), None);
    timeout(SIDE, page).await.ok().and_then(Result::ok).map(|page| page.items).unwrap_or_default()
}

/// The newest warning about an object that counts.
pub(super) async fn newest_warning(
    reader: &Reader,
    about: &ObjectRef,
    counts: impl Fn(&Event) -> bool,
) -> Option<Event> {
    events(reader, about, ",type=Warning").await.into_iter().filter(counts).max_by_key(Event::seen)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("Readiness probe failed: HTTP probe failed with statuscode: 503", Some((Probe::Readiness, Some("HTTP probe failed with statuscode: 503".into()))))]
    #[case("Liveness probe failed: ", Some((Probe::Liveness, None)))]
    #[case("Startup probe errored and resulted in unknown state: rpc error: timed out", Some((Probe::Startup, Some("rpc error: timed out".into()))))]
    #[case("Container web failed liveness probe, will be restarted", None)]
    #[case("", None)]
    fn events_tell_the_probe(#[case] message: &str, #[case] expected: Option<(Probe, Option<Box<str>>)>) {
        assert_eq!(probe(message), expected);
    }
}
