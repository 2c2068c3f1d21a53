//! What is written into the Lease of a target and read from it, and what follows from it. Pure.
//!
//! Beside the holder it carries, as annotations, what a colleague on another machine needs to take over: the operation, its
//! step, the reason and the original values.

use crate::{
    formats::{
        self,
        lease::{ANNOTATIONS, LABEL, OPERATION, STEP, SUMMARY},
    },
    model::{ObjectRef, OperationId},
};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::time::Duration;

pub use crate::formats::lease::{DURATION, RENEWAL};
/// The longest that a Lease is watched: another version may take longer ones.
const LONGEST: u64 = 120;

/// Who holds: `user@host/<operation id>`.
pub fn identity(actor: &str, operation: &OperationId) -> String {
    format!("{actor}/{operation}")
}

/// A Lease, as far as it matters here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The holder; None when it was given back.
    pub holder: Option<String>,
    /// When it was renewed, by the holder's clock.
    pub renewed: Option<Timestamp>,
    /// Its version: it changes with every renewal.
    pub version: String,
    /// The operation that holds it or left it unfinished.
    pub operation: Option<String>,
    /// Where that operation stood.
    pub step: Option<String>,
    /// What that operation does.
    pub summary: Option<String>,
    /// For how long it is good after it was renewed.
    pub good_for: Duration,
}

impl Seen {
    /// Reads a Lease object.
    pub fn read(lease: &Value) -> Self {
        let text = |pointer: &str| lease.pointer(pointer).and_then(Value::as_str).filter(|t| !t.is_empty());
        let note = |key: &str| {
            let notes = lease.pointer("/metadata/annotations")?;
            notes.get(key)?.as_str().filter(|t| !t.is_empty()).map(str::to_owned)
        };
        Self {
            holder: text("/spec/holderIdentity").map(str::to_owned),
            renewed: text("/spec/renewTime").and_then(|time| time.parse().ok()),
            version: text("/metadata/resourceVersion").unwrap_or_default().to_owned(),
            operation: note(OPERATION),
            step: note(STEP),
            summary: note(SUMMARY),
            good_for: lease["spec"]["leaseDurationSeconds"]
                .as_u64()
                .map_or(DURATION, |seconds| Duration::from_secs(seconds.clamp(DURATION.as_secs(), LONGEST))),
        }
    }

    /// Who holds it, with which operation, where that stands and since when it was last heard of.
    pub fn describe(&self, now: Timestamp) -> String {
        let mut text = self.holder.clone().or_else(|| self.operation.clone()).unwrap_or_else(|| "nobody".into());
        if let Some(summary) = &self.summary {
            text = format!("{text} ({summary})");
        }
        if let Some(step) = &self.step {
            text = format!("{text}, at {step}");
        }
        match self.renewed {
            Some(at) => format!("{text}, heard of {} ago", crate::time::age(at, now)),
            None => text,
        }
    }
}

/// What to do about a Lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Take it: nobody holds it, or this very operation does.
    Take,
    /// Another operation holds it, and its holder was heard of just now.
    Refuse,
    /// Its holder may be gone. Its clock is not ours, so watch for as long as it is good for whether it is renewed.
    Observe,
}

/// Decides from one look. `us` is our own identity.
pub fn decide(seen: &Seen, us: &str, now: Timestamp) -> Decision {
    match (&seen.holder, seen.renewed) {
        (None, _) => Decision::Take,
        (Some(holder), _) if holder == us => Decision::Take,
        (Some(_), Some(renewed)) => {
            // A renewal from the future is a clock that differs from ours: only watching tells.
            if formats::lease::is_fresh(renewed, now) { Decision::Refuse } else { Decision::Observe }
        }
        (Some(_), None) => Decision::Observe,
    }
}

/// What we write about ourselves.
#[derive(Clone, Debug)]
pub struct Claim {
    /// `user@host/<operation id>`.
    pub identity: String,
    /// The annotations.
    pub notes: Vec<(&'static str, String)>,
}

impl Claim {
    fn annotations(&self) -> Map<String, Value> {
        // Every key is written, so that nothing of an earlier holder stays.
        let of = |key: &str| self.notes.iter().find(|(k, _)| *k == key).map(|(_, v)| v.as_str());
        ANNOTATIONS.into_iter().map(|key| (key.to_owned(), of(key).map_or(Value::Null, Value::from))).collect()
    }

    /// A new Lease.
    pub fn create(&self, lease: &ObjectRef, now: Timestamp) -> Value {
        let mut annotations = self.annotations();
        annotations.retain(|_, value| !value.is_null());
        json!({
            "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
            "metadata": {
                "name": &*lease.name, "namespace": &*lease.namespace, "annotations": annotations,
                "labels": labels(),
            },
            "spec": {
                "holderIdentity": self.identity, "leaseDurationSeconds": DURATION.as_secs(),
                "acquireTime": micro(now), "renewTime": micro(now),
            },
        })
    }

    /// A merge patch that takes or renews the Lease, only if it is still at `version`.
    pub fn renew(&self, version: &str, taken: bool, now: Timestamp) -> Value {
        let mut spec = json!({
            "holderIdentity": self.identity, "leaseDurationSeconds": DURATION.as_secs(), "renewTime": micro(now),
        });
        if taken {
            spec["acquireTime"] = micro(now).into();
        }
        // The label is written again, as one that an earlier version created may have none.
        let metadata = json!({"resourceVersion": version, "labels": labels(), "annotations": self.annotations()});
        json!({"metadata": metadata, "spec": spec})
    }

    /// A merge patch that gives the Lease back; an unfinished operation leaves word of itself.
    pub fn release(&self, version: &str, unfinished: bool, now: Timestamp) -> Value {
        let annotations = if unfinished {
            self.annotations()
        } else {
            ANNOTATIONS.into_iter().map(|k| (k.to_owned(), Value::Null)).collect()
        };
        json!({
            "metadata": {"resourceVersion": version, "labels": labels(), "annotations": annotations},
            "spec": {"holderIdentity": Value::Null, "renewTime": micro(now)},
        })
    }
}

/// The label by which colleagues' cockpits find the Lease.
fn labels() -> Value {
    json!({ (LABEL.0): LABEL.1 })
}

/// A time as Kubernetes' MicroTime wants it.
pub(super) fn micro(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::lease;
    use crate::model::Kind;
    use crate::operate::fixtures::at;
    use rstest::rstest;

    fn seen(holder: Option<&str>, renewed: Option<i64>) -> Seen {
        Seen {
            holder: holder.map(Into::into),
            renewed: renewed.map(at),
            version: "1".into(),
            operation: None,
            step: None,
            summary: None,
            good_for: DURATION,
        }
    }

    #[rstest]
    #[case(None, Some(99), Decision::Take)]
    #[case(Some("a@b/op-1"), Some(99), Decision::Take)]
    #[case(Some("c@d/op-2"), Some(99), Decision::Refuse)]
    #[case(Some("c@d/op-2"), Some(89), Decision::Refuse)]
    #[case(Some("c@d/op-2"), Some(88), Decision::Observe)]
    #[case(Some("c@d/op-2"), Some(105), Decision::Refuse)]
    #[case(Some("c@d/op-2"), Some(106), Decision::Observe)]
    #[case(Some("c@d/op-2"), Some(4000), Decision::Observe)]
    #[case(Some("c@d/op-2"), None, Decision::Observe)]
    #[case(Some("a@b/op-2"), Some(99), Decision::Refuse)]
    fn decisions(#[case] holder: Option<&str>, #[case] renewed: Option<i64>, #[case] decision: Decision) {
        assert_eq!(decide(&seen(holder, renewed), "a@b/op-1", at(100)), decision);
    }

    #[test]
    fn what_is_written_is_read_back() {
        let claim = Claim {
            identity: identity("a@b", &OperationId("op-1".into())),
            notes: vec![(OPERATION, "op-1".into()), (STEP, "2 of 9, hold".into())],
        };
        let lease = lease::of(&ObjectRef::new(Kind::HttpRoute, "shop", "checkout"));
        let seen = Seen::read(&claim.create(&lease, at(7)));
        assert_eq!((seen.holder.as_deref(), seen.renewed), (Some("a@b/op-1"), Some(at(7))));
        assert_eq!(seen.describe(at(9)), "a@b/op-1, at 2 of 9, hold, heard of 2s ago");
        let renewed = claim.renew("3", false, at(8));
        assert_eq!(renewed["spec"]["renewTime"], "2026-01-01T00:00:08.000000Z");
        assert_eq!(renewed["metadata"]["labels"][LABEL.0], LABEL.1, "one without it gets it");
        assert_eq!(claim.release("3", false, at(8))["metadata"]["annotations"][STEP], Value::Null);
    }
}
