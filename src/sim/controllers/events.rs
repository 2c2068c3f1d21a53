//! Events: told once, counted up when they repeat, gone after an hour.
//!
//! Invariant: the scheduler tells them in the newer form (`eventTime`, no counts), everybody else in the older one, as in
//! Kubernetes. Their number is bounded; when it is reached the oldest go first.

use super::{
    cluster::{Cluster, after, reference},
    object::{micro_time, name, namespace, set, time, uid},
    queue::{Controller, Key},
};
use crate::sim::{
    resource::resources,
    store::{DeleteOptions, Part},
};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::{HashMap, VecDeque};

/// Seconds that an Event lives after it was last told.
const LIFE: f64 = 3600.0;
/// Events that are kept at once.
const KEEP: usize = 2_000;

/// What was told lately.
#[derive(Default)]
pub struct Recorder {
    told: HashMap<u64, Told>,
    /// In the order in which they were last told; a key that was told again is here twice.
    order: VecDeque<(Timestamp, u64)>,
    number: u64,
}

struct Told {
    namespace: String,
    name: String,
    last: Timestamp,
}

impl Recorder {
    /// Tells an Event about an object, or counts up the same one.
    pub fn tell(&mut self, cluster: &Cluster, about: &Value, kind: &str, reason: &str, message: &str, component: &str) {
        let now = cluster.now();
        let key = super::object::fnv(&[uid(about), kind, reason, message, component]);
        let place = if namespace(about).is_empty() { "default" } else { namespace(about) };
        if component != "default-scheduler"
            && let Some(told) = self.told.get_mut(&key)
        {
            let counted = cluster.store.update(&resources::EVENTS, &told.namespace, &told.name, Part::Any, None, |e| {
                let count = e["count"].as_i64().unwrap_or(1);
                set(e, &["count"], count + 1);
                set(e, &["lastTimestamp"], time(now));
                Ok(())
            });
            if counted.is_ok() {
                told.last = now;
                self.order.push_back((now, key));
                return;
            }
        }
        self.number += 1;
        // The real name ends in nanoseconds; the number keeps two of one instant apart.
        let nanoseconds = u64::try_from(now.as_nanosecond()).unwrap_or(0).wrapping_add(self.number);
        let event = format!("{}.{nanoseconds:016x}", name(about));
        let object = build(about, &event, place, now, kind, reason, message, component);
        if cluster.store.create(&resources::EVENTS, object).is_ok() {
            self.told.insert(key, Told { namespace: place.to_owned(), name: event, last: now });
            self.order.push_back((now, key));
        }
        while self.told.len() > KEEP {
            self.drop_oldest(cluster);
        }
    }

    /// Deletes the oldest Event, unless its entry is out of date.
    fn drop_oldest(&mut self, cluster: &Cluster) {
        let Some((at, key)) = self.order.pop_front() else { return };
        if self.told.get(&key).is_some_and(|t| t.last == at)
            && let Some(told) = self.told.remove(&key)
        {
            let _ = cluster.store.delete(&resources::EVENTS, &told.namespace, &told.name, DeleteOptions::default());
        }
    }
}

#[expect(clippy::too_many_arguments, reason = "an Event has that many parts")]
fn build(
    about: &Value,
    event: &str,
    place: &str,
    now: Timestamp,
    kind: &str,
    reason: &str,
    message: &str,
    component: &str,
) -> Value {
    let mut object = json!({
        "metadata": { "name": event, "namespace": place },
        "involvedObject": reference(about),
        "reason": reason, "message": message, "type": kind,
        "reportingComponent": component, "reportingInstance": "",
    });
    if component == "default-scheduler" {
        set(&mut object, &["eventTime"], micro_time(now));
        set(&mut object, &["action"], "Binding");
        set(&mut object, &["reportingInstance"], "default-scheduler-control-plane");
        for field in ["firstTimestamp", "lastTimestamp"] {
            set(&mut object, &[field], Value::Null);
        }
        set(&mut object, &["source"], json!({}));
    } else {
        set(&mut object, &["eventTime"], Value::Null);
        set(&mut object, &["firstTimestamp"], time(now));
        set(&mut object, &["lastTimestamp"], time(now));
        set(&mut object, &["count"], 1);
        let host = about["spec"].get("nodeName").filter(|_| component == "kubelet");
        let source =
            host.map_or_else(|| json!({ "component": component }), |h| json!({ "component": component, "host": h }));
        if let Some(host) = host {
            set(&mut object, &["reportingInstance"], host.clone());
        }
        set(&mut object, &["source"], source);
    }
    object
}

/// Deletes what is older than an hour; answers when the next one is.
pub fn expire(cluster: &mut Cluster) -> Option<Timestamp> {
    let now = cluster.now();
    let mut recorder = cluster.recorder.take();
    while recorder.order.front().is_some_and(|(at, _)| after(*at, LIFE) <= now) {
        recorder.drop_oldest(cluster);
    }
    // A whole minute's worth is deleted at once, so that a quiet world is seldom woken.
    let next = recorder.order.front().map(|(at, _)| after(*at, LIFE + 60.0));
    cluster.recorder.replace(recorder);
    next.or_else(|| Some(after(now, LIFE)))
}

/// The key under which expiry is asked for.
pub fn expiry() -> Key {
    Key::new(Controller::EventExpiry, "", "")
}
