//! The log subresource: what a container printed, and, when followed, what it prints.
//!
//! Invariant: a followed log ends when its container has ended for good or its pod is gone, and not before.

use super::{Call, Response, chatter, reply};
use crate::sim::{
    resource::resources::PODS,
    status::Status,
    store::{LogLine, Store},
};
use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::time::Duration;
use tokio::sync::mpsc;

/// GET of a pod's log.
pub async fn log(call: &Call) -> Result<Response, Status> {
    let (namespace, name) = (call.target.namespace().to_owned(), call.target.name().to_owned());
    let pod = call.store.get(&PODS, &namespace, &name).ok_or_else(|| Status::not_found(&PODS, &name))?;
    let container = container(call, &pod, &name)?;
    if pod["spec"]["nodeName"].as_str().unwrap_or_default().is_empty() {
        return Ok(reply::bytes(204, "text/plain", ""));
    }
    let previous = call.query.flag("previous");
    chatter::catch_up(&call.store, &pod, &container);
    let mut lines = call.store.logs(&namespace, &name, &container, previous);
    if previous && !ran_before(&pod, &container) {
        return Err(Status::bad_request(format!(
            "previous terminated container {container:?} in pod {name:?} not found"
        )));
    }
    if let (false, Some(reason)) = (previous, waiting(&pod, &container))
        && lines.is_empty()
    {
        let why = match reason.as_str() {
            "ErrImagePull" => "image can't be pulled",
            "ImagePullBackOff" => "trying and failing to pull image",
            other => other,
        };
        return Err(Status::bad_request(format!("container {container:?} in pod {name:?} is waiting to start: {why}")));
    }
    let since = call
        .query
        .number("sinceSeconds")
        .map(|s| call.store.clock().now().saturating_sub(SignedDuration::from_secs(s)));
    let since = match since {
        Some(found) => found.ok(),
        None => call.query.get("sinceTime").and_then(|t| t.parse::<Timestamp>().ok()),
    };
    if let Some(since) = since {
        lines.retain(|line| line.at >= since);
    }
    if let Some(tail) = call.query.number("tailLines").and_then(|n| usize::try_from(n).ok()) {
        lines.drain(..lines.len().saturating_sub(tail));
    }
    let stamps = call.query.flag("timestamps");
    let mut text: String = lines.iter().map(|line| render(line, stamps)).collect();
    if let Some(limit) = call.query.number("limitBytes").and_then(|n| usize::try_from(n).ok()) {
        let end = (0..=limit.min(text.len())).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
        text.truncate(end);
    }
    if previous || !call.query.flag("follow") {
        return Ok(reply::bytes(200, "text/plain", text));
    }
    let (sender, receiver) = mpsc::channel(64);
    let after = call.store.logs(&namespace, &name, &container, false).last().map_or(0, |line| line.number);
    let follow = Follow { store: call.store.clone(), namespace, name, container, stamps, after, sender };
    tokio::spawn(follow.run(text));
    Ok(reply::stream("text/plain", receiver))
}

fn render(line: &LogLine, stamps: bool) -> String {
    let stamp = if stamps { format!("{} ", line.at.strftime("%Y-%m-%dT%H:%M:%S.%9fZ")) } else { String::new() };
    format!("{stamp}{}\n", line.text)
}

/// The container that is meant: the named one, or the only one.
fn container(call: &Call, pod: &Value, name: &str) -> Result<String, Status> {
    let all: Vec<&str> = ["containers", "initContainers"]
        .iter()
        .flat_map(|list| pod["spec"][list].as_array().into_iter().flatten())
        .filter_map(|c| c["name"].as_str())
        .collect();
    match call.query.get("container") {
        Some(wanted) if all.contains(&wanted) => Ok(wanted.to_owned()),
        Some(wanted) => Err(Status::bad_request(format!("container {wanted} is not valid for pod {name}"))),
        None if all.len() == 1 => Ok(all[0].to_owned()),
        None => {
            let list = all.join(" ");
            Err(Status::bad_request(format!(
                "a container name must be specified for pod {name}, choose one of: [{list}]"
            )))
        }
    }
}

fn state<'a>(pod: &'a Value, container: &str) -> Option<&'a Value> {
    let all = ["containerStatuses", "initContainerStatuses"].iter();
    all.flat_map(|list| pod["status"][list].as_array().into_iter().flatten()).find(|s| s["name"] == container)
}

fn ran_before(pod: &Value, container: &str) -> bool {
    state(pod, container).is_some_and(|s| s["lastState"]["terminated"].is_object())
}

/// Why the container has not started; `None` when it has.
fn waiting(pod: &Value, container: &str) -> Option<String> {
    match state(pod, container) {
        Some(state) if state["restartCount"].as_i64().unwrap_or(0) > 0 => None,
        Some(state) => state["state"]["waiting"]["reason"].as_str().map(str::to_owned),
        None => Some("ContainerCreating".to_owned()),
    }
}

/// Whether the container will print nothing more.
fn finished(pod: &Value, container: &str) -> bool {
    let ended = matches!(pod["status"]["phase"].as_str(), Some("Succeeded" | "Failed"));
    ended || state(pod, container).is_some_and(|s| s["state"]["terminated"].is_object())
}

struct Follow {
    store: Store,
    namespace: String,
    name: String,
    container: String,
    stamps: bool,
    /// The number of the last line that was sent.
    after: u64,
    sender: mpsc::Sender<Bytes>,
}

impl Follow {
    async fn run(mut self, first: String) {
        let mut lines = self.store.log_changes();
        let mut pods = match self.store.watch(&PODS, self.store.resource_version()) {
            Ok((_, pods)) => pods,
            Err(_) => return,
        };
        if !first.is_empty() && self.sender.send(first.into()).await.is_err() {
            return;
        }
        loop {
            lines.borrow_and_update();
            // The end is looked at before the lines: what is printed last is still sent.
            let pod = self.store.get(&PODS, &self.namespace, &self.name);
            let over = pod.as_ref().is_none_or(|pod| finished(pod, &self.container));
            let next = pod.as_ref().and_then(|pod| {
                chatter::catch_up(&self.store, pod, &self.container);
                chatter::next(&self.store, pod, &self.container)
            });
            for line in self.store.logs(&self.namespace, &self.name, &self.container, false) {
                if line.number > self.after {
                    self.after = line.number;
                    if self.sender.send(render(&line, self.stamps).into()).await.is_err() {
                        return;
                    }
                }
            }
            if over {
                return;
            }
            tokio::select! {
                () = self.sender.closed() => return,
                () = tokio::time::sleep(next.unwrap_or(Duration::MAX)), if next.is_some() => {}
                changed = lines.changed() => if changed.is_err() { return },
                pod = pods.next() => if pod.is_none() { return },
            }
        }
    }
}
