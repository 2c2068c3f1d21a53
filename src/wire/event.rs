//! Events.

use super::{Metadata, lenient_time, nullable};
use jiff::Timestamp;
use serde::Deserialize;

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

    /// Whether it is about this container of its pod, or about no container in particular.
    pub fn is_about(&self, container: &str) -> bool {
        let path = &*self.involved_object.field_path;
        path.split_once('{').is_none_or(|(_, name)| name.trim_end_matches('}') == container)
    }
}

/// What an Event is about.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ObjectReference {
    /// `kind`.
    #[serde(deserialize_with = "nullable")]
    pub kind: Box<str>,
    /// `name`.
    #[serde(deserialize_with = "nullable")]
    pub name: Box<str>,
    /// `fieldPath`, as `spec.containers{web}`.
    #[serde(deserialize_with = "nullable")]
    pub field_path: Box<str>,
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

    #[test]
    fn a_field_path_names_the_container() {
        let event = |path: &str| -> Event {
            serde_json::from_value(serde_json::json!({"involvedObject": {"fieldPath": path}})).unwrap()
        };
        assert!(event("spec.containers{web}").is_about("web") && !event("spec.containers{web}").is_about("side"));
        assert!(event("").is_about("web"));
    }
}
