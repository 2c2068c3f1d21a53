//! What a service writes while it serves: a line every few seconds, made up when somebody reads its log.
//!
//! Invariant: the lines depend on the pod and the time only, so that whoever reads them, and however often, reads the same ones.
//! Nothing happens while nobody reads.

use crate::sim::store::Store;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::time::Duration;

/// Milliseconds from one line to the next.
const EVERY: i64 = 2_000;
/// How far back a log that nobody has read begins.
const MEMORY: SignedDuration = SignedDuration::from_mins(10);

const PATHS: [&str; 6] = ["/orders", "/orders/4711", "/cart", "/healthz", "/search?q=lamp", "/prices"];

/// Adds what the container has written up to now.
pub(super) fn catch_up(store: &Store, pod: &Value, container: &str) {
    let Some(started) = serves(pod, container) else { return };
    let (namespace, name) = (text(&pod["metadata"]["namespace"]), text(&pod["metadata"]["name"]));
    let now = store.clock().now();
    store.append_logs(namespace, name, container, |last| {
        let from = now.saturating_sub(MEMORY).unwrap_or(started).max(started);
        let from = last.map_or(from, |last| last.max(from));
        let first = from.duration_since(started).as_millis() as i64 / EVERY + 1;
        let last = now.duration_since(started).as_millis() as i64 / EVERY;
        (first..=last)
            .filter_map(|n| Some((started.checked_add(ago(n)).ok()?, line(name, container, started, n))))
            .collect()
    });
}

/// When the container writes its next line; None where it writes none.
pub(super) fn next(store: &Store, pod: &Value, container: &str) -> Option<Duration> {
    let since = store.clock().now().duration_since(serves(pod, container)?).as_millis() as i64;
    Some(Duration::from_millis((EVERY - since.rem_euclid(EVERY)).unsigned_abs()))
}

fn ago(n: i64) -> SignedDuration {
    SignedDuration::from_millis(n * EVERY)
}

/// Since when the container serves; None where it does not, or does something else.
fn serves(pod: &Value, container: &str) -> Option<Timestamp> {
    let spec = pod["spec"]["containers"].as_array()?.iter().find(|c| c["name"] == container)?;
    let status = pod["status"]["containerStatuses"].as_array()?.iter().find(|c| c["name"] == container)?;
    let image = text(&spec["image"]);
    if text(&pod["spec"]["restartPolicy"]) != "Always" || image.ends_with("-broken") || status["ready"] != true {
        return None;
    }
    text(&status["state"]["running"]["startedAt"]).parse().ok()
}

fn line(pod: &str, container: &str, started: Timestamp, n: i64) -> String {
    let chance = crate::sim::controllers::fnv(&[pod, container, &n.to_string()]);
    let at = started.checked_add(ago(n)).unwrap_or(started).strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string();
    let path = PATHS[(chance % PATHS.len() as u64) as usize];
    let took = 2 + chance / 7 % 90;
    match chance / 11 % 41 {
        0 => format!("{at} ERROR GET {path} status=502 duration={took}ms error=\"upstream reset the connection\""),
        1 | 2 => format!("{at} WARN  GET {path} status=200 duration={}ms slow", took + 900),
        _ => format!("{at} INFO  GET {path} status=200 duration={took}ms"),
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
