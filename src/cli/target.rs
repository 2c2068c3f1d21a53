//! What the command line's words mean: targets and lengths of time.

use crate::model::{Kind, ObjectRef};

/// `TYPE/NAME` as typed: the namespace comes from elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The kind.
    pub kind: Kind,
    /// The name.
    pub name: String,
}

impl Target {
    /// The object in `namespace`.
    pub fn within(&self, namespace: &str) -> ObjectRef {
        ObjectRef::new(self.kind, namespace, self.name.as_str())
    }
}

pub(super) fn workload(text: &str) -> Result<Target, String> {
    target(text, Kind::is_workload, "deploy/NAME, sts/NAME, ds/NAME or rollout/NAME")
}

/// What can be rolled back.
pub(super) fn undoable(text: &str) -> Result<Target, String> {
    target(text, |kind| kind.is_workload() || kind == Kind::Release, "deploy/NAME, release/NAME or another workload")
}

pub(super) fn route(text: &str) -> Result<Target, String> {
    target(text, |kind| kind == Kind::HttpRoute, "httproute/NAME")
}

fn target(text: &str, fits: impl Fn(Kind) -> bool, expected: &str) -> Result<Target, String> {
    let (kind, name) = text.split_once('/').ok_or_else(|| format!("expected {expected}"))?;
    match Kind::parse(kind) {
        Some(kind) if fits(kind) && !name.is_empty() && !name.contains('/') => Ok(Target { kind, name: name.into() }),
        _ => Err(format!("expected {expected}")),
    }
}

/// A duration in seconds from `90`, `90s`, `5m`, `1h30m`.
pub(super) fn duration(text: &str) -> Result<u64, String> {
    let wrong = || "expected a duration such as 90s, 5m or 1h".to_owned();
    if let Ok(seconds) = text.parse() {
        return Ok(seconds);
    }
    let span: jiff::SignedDuration = text.parse().map_err(|_| wrong())?;
    u64::try_from(span.as_secs()).map_err(|_| wrong())
}

/// A duration in seconds that may be days: `7d`, `24h`.
pub(super) fn span(text: &str) -> Result<u64, String> {
    match text.strip_suffix('d').and_then(|days| days.parse::<u64>().ok()) {
        Some(days) => Ok(days.saturating_mul(86_400)),
        None => duration(text).map_err(|_| "expected a duration such as 90m, 24h or 7d".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_and_durations() {
        assert_eq!(workload("deployments.apps/web").unwrap(), Target { kind: Kind::Deployment, name: "web".into() });
        assert!(workload("pod/web").is_err());
        assert!(workload("deploy/").is_err());
        assert!(route("deploy/web").is_err());
        assert_eq!(duration("5m").unwrap(), 300);
        assert_eq!(duration("1h30m").unwrap(), 5400);
        assert_eq!(duration("90").unwrap(), 90);
        assert!(duration("soon").is_err());
        assert!(duration("-5s").is_err());
        assert_eq!((span("7d"), span("24h")), (Ok(604_800), Ok(86_400)));
        assert!(span("a week").is_err());
    }
}
