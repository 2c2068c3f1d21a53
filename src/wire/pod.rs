//! Pods, their templates, and Events.

use super::{Condition, Metadata, lenient_time, nullable};
use jiff::Timestamp;
use serde::Deserialize;

/// A pod template.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct PodTemplate {
    /// `spec`.
    #[serde(deserialize_with = "nullable")]
    pub spec: PodSpec,
}

/// The part of a pod's `spec` that is shown.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PodSpec {
    /// `containers`.
    #[serde(deserialize_with = "nullable")]
    pub containers: Vec<Container>,
    /// `nodeName`.
    pub node_name: Option<Box<str>>,
}

/// One of `containers`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Container {
    /// `name`.
    #[serde(deserialize_with = "nullable")]
    pub name: Box<str>,
    /// `image`.
    #[serde(deserialize_with = "nullable")]
    pub image: Box<str>,
}

/// A Pod.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Pod {
    /// `metadata`.
    #[serde(deserialize_with = "nullable")]
    pub metadata: Metadata,
    /// `spec`.
    #[serde(deserialize_with = "nullable")]
    pub spec: PodSpec,
    /// `status`.
    #[serde(deserialize_with = "nullable")]
    pub status: PodStatus,
}

/// `status` of a pod.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PodStatus {
    /// `Pending`, `Running`, `Succeeded`, `Failed` or `Unknown`.
    #[serde(deserialize_with = "nullable")]
    pub phase: Box<str>,
    /// `reason`, such as `Evicted`.
    #[serde(deserialize_with = "nullable")]
    pub reason: Box<str>,
    /// `message`.
    #[serde(deserialize_with = "nullable")]
    pub message: Box<str>,
    /// `podIP`.
    #[serde(rename = "podIP")]
    pub pod_ip: Option<Box<str>>,
    /// `qosClass`.
    #[serde(deserialize_with = "nullable")]
    pub qos_class: Box<str>,
    /// `conditions`.
    #[serde(deserialize_with = "nullable")]
    pub conditions: Vec<Condition>,
    /// `initContainerStatuses`.
    #[serde(deserialize_with = "nullable")]
    pub init_container_statuses: Vec<ContainerStatus>,
    /// `containerStatuses`.
    #[serde(deserialize_with = "nullable")]
    pub container_statuses: Vec<ContainerStatus>,
}

/// The status of one container.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ContainerStatus {
    /// `name`.
    #[serde(deserialize_with = "nullable")]
    pub name: Box<str>,
    /// `image`.
    #[serde(deserialize_with = "nullable")]
    pub image: Box<str>,
    /// `ready`.
    #[serde(deserialize_with = "nullable")]
    pub ready: bool,
    /// `started`.
    pub started: Option<bool>,
    /// `restartCount`.
    #[serde(deserialize_with = "nullable")]
    pub restart_count: u32,
    /// `state`.
    #[serde(deserialize_with = "nullable")]
    pub state: ContainerState,
    /// `lastState`.
    #[serde(deserialize_with = "nullable")]
    pub last_state: ContainerState,
}

/// `state` or `lastState`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ContainerState {
    /// `waiting`.
    pub waiting: Option<Waiting>,
    /// `running`.
    pub running: Option<Running>,
    /// `terminated`.
    pub terminated: Option<Terminated>,
}

/// Why a container waits.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Waiting {
    /// `reason`, such as `CrashLoopBackOff`.
    #[serde(deserialize_with = "nullable")]
    pub reason: Box<str>,
    /// `message`.
    #[serde(deserialize_with = "nullable")]
    pub message: Box<str>,
}

/// Since when a container runs.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Running {
    /// `startedAt`.
    #[serde(deserialize_with = "lenient_time")]
    pub started_at: Option<Timestamp>,
}

/// How a container ended.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Terminated {
    /// `exitCode`.
    #[serde(deserialize_with = "nullable")]
    pub exit_code: i32,
    /// `signal`.
    #[serde(deserialize_with = "nullable")]
    pub signal: i32,
    /// `reason`, such as `OOMKilled`.
    #[serde(deserialize_with = "nullable")]
    pub reason: Box<str>,
    /// `message`: the termination message, where the container wrote one.
    #[serde(deserialize_with = "nullable")]
    pub message: Box<str>,
    /// `startedAt`.
    #[serde(deserialize_with = "lenient_time")]
    pub started_at: Option<Timestamp>,
    /// `finishedAt`.
    #[serde(deserialize_with = "lenient_time")]
    pub finished_at: Option<Timestamp>,
}

/// An Event. Newer ones have only `eventTime` and `series`, older ones only `lastTimestamp` and `count`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Event {
    /// `metadata`.
    #[serde(deserialize_with = "nullable")]
    pub metadata: Metadata,
    /// `reason`, one word.
    #[serde(deserialize_with = "nullable")]
    pub reason: Box<str>,
    /// `message`.
    #[serde(deserialize_with = "nullable")]
    pub message: Box<str>,
    /// `Normal` or `Warning`.
    #[serde(rename = "type", deserialize_with = "nullable")]
    pub kind: Box<str>,
    /// What it is about.
    #[serde(deserialize_with = "nullable")]
    pub involved_object: ObjectReference,
    count: Option<u32>,
    #[serde(deserialize_with = "lenient_time")]
    first_timestamp: Option<Timestamp>,
    #[serde(deserialize_with = "lenient_time")]
    last_timestamp: Option<Timestamp>,
    #[serde(deserialize_with = "lenient_time")]
    event_time: Option<Timestamp>,
    series: Option<Series>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Series {
    count: Option<u32>,
    #[serde(deserialize_with = "lenient_time")]
    last_observed_time: Option<Timestamp>,
}

impl Event {
    /// When it was last seen, whichever of its three clocks is set.
    pub fn seen(&self) -> Option<Timestamp> {
        let series = self.series.as_ref().and_then(|series| series.last_observed_time);
        series.or(self.last_timestamp).or(self.event_time)
    }

    /// When it was seen first.
    pub fn began(&self) -> Option<Timestamp> {
        self.first_timestamp.or(self.event_time).or(self.metadata.creation_timestamp)
    }

    /// How often it was seen. A newer event that was seen once has neither of the two counts.
    pub fn times(&self) -> u32 {
        let series = self.series.as_ref().and_then(|series| series.count);
        series.or(self.count).unwrap_or(1).max(1)
    }
}

/// What an Event is about.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ObjectReference {
    /// `kind`.
    #[serde(deserialize_with = "nullable")]
    pub kind: Box<str>,
    /// `name`.
    #[serde(deserialize_with = "nullable")]
    pub name: Box<str>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_event_has_no_old_clock() {
        let event: Event = serde_json::from_str(
            r#"{"reason":"FailedScheduling","message":"0/3 nodes","type":"Warning","firstTimestamp":null,"lastTimestamp":null,"count":null,
                "eventTime":"2026-08-01T10:00:00.123456Z","series":null,"involvedObject":{"kind":"Pod","name":"a"}}"#,
        )
        .unwrap();
        assert_eq!(event.seen().unwrap().to_string(), "2026-08-01T10:00:00.123456Z");
        assert_eq!((event.times(), event.began()), (1, event.seen()));
        let repeated: Event = serde_json::from_str(
            r#"{"eventTime":"2026-08-01T10:00:00Z","series":{"count":7,"lastObservedTime":"2026-08-01T10:05:00.5Z"}}"#,
        )
        .unwrap();
        assert_eq!((repeated.times(), repeated.seen().unwrap().to_string()), (7, "2026-08-01T10:05:00.5Z".into()));
    }
}
