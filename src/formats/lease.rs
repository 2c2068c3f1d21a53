//! The Lease that stands for a target: its name, its label, the annotations on it, and who holds it.

use crate::model::{Holder, Kind, ObjectRef};
use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::time::Duration;

/// How long a Lease is good for after it was renewed.
pub const DURATION: Duration = Duration::from_secs(24);
/// How often it is renewed: three times are missed before it is at an end.
pub const RENEWAL: Duration = Duration::from_secs(6);
/// How long after a renewal its holder counts as there, by clocks that may differ a little: two renewals. Later, only watching it
/// for as long as it is good for tells.
pub const FRESH: Duration = Duration::from_secs(12);
/// By how many seconds a holder's clock may be ahead and still be believed.
const AHEAD: i64 = 5;

/// Whether a Lease renewed at this time says that its holder is there.
pub fn is_fresh(renewed: Timestamp, now: Timestamp) -> bool {
    let fresh = i64::try_from(FRESH.as_secs()).unwrap_or(i64::MAX);
    (-AHEAD..fresh).contains(&now.duration_since(renewed).as_secs())
}

/// The host of a holder, `user@host/<operation>`, or of an operator, `user@host`.
pub fn host(identity: &str) -> Option<&str> {
    identity.split('/').next()?.rsplit_once('@').map(|(_, host)| host)
}

/// The label, with its value, of every Lease that is ours: those of nodes and controllers, which are many, are told apart by it.
pub const LABEL: (&str, &str) = ("app.kubernetes.io/managed-by", "pilothouse");
/// The same as a selector.
pub const SELECTOR: &str = "app.kubernetes.io/managed-by=pilothouse";
/// The annotation that names the operation a Lease was taken for.
pub const OPERATION: &str = "pilothouse.io/operation";
/// Who carries it out, as `user@host`: the holder says that too, but not once the Lease is given back.
pub const ACTOR: &str = "pilothouse.io/actor";
/// What it acts on, as `Kind/name`; the namespace is the Lease's.
pub const TARGET: &str = "pilothouse.io/target";
/// What it does, in one line that begins with its verb.
pub const SUMMARY: &str = "pilothouse.io/summary";
/// Where it stands.
pub const STEP: &str = "pilothouse.io/step";
/// Why the operator does it.
pub const REASON: &str = "pilothouse.io/reason";
/// What was there before, as JSON.
pub const ORIGINAL: &str = "pilothouse.io/original";
/// All of them.
pub const ANNOTATIONS: [&str; 7] = [OPERATION, ACTOR, TARGET, SUMMARY, STEP, REASON, ORIGINAL];
/// The longest name a Lease gets: some tools carry it in a label.
const LONGEST: usize = 63;

/// The Lease of a target: `pilothouse-<kind>-<name>` in its namespace; where that is no valid name, or too long, what fits of
/// it with a hash of the whole.
pub fn of(target: &ObjectRef) -> ObjectRef {
    let plain = format!("pilothouse-{}-{}", target.kind.as_str().to_lowercase(), target.name);
    let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let name = if plain.len() <= LONGEST && plain.chars().all(legal) {
        plain
    } else {
        let digest = Sha256::digest(plain.as_bytes());
        let hash: String = digest.iter().take(5).map(|byte| format!("{byte:02x}")).collect();
        let start: String = plain.chars().map(|c| if legal(c) { c } else { '-' }).take(LONGEST - 11).collect();
        format!("{}-{hash}", start.trim_end_matches('-'))
    };
    ObjectRef::new(Kind::Lease, target.namespace.clone(), name)
}

/// The target as [`TARGET`] says it.
pub fn target(target: &ObjectRef) -> String {
    format!("{}/{}", target.kind, target.name)
}

/// The target of a Lease: what its annotation says, else its name, as an earlier version wrote no such annotation.
pub fn target_of(lease: &ObjectRef, annotation: Option<&str>) -> Option<ObjectRef> {
    let (kind, name) = match annotation {
        Some(said) => said.split_once('/').and_then(|(kind, name)| Some((Kind::from_name(kind)?, name)))?,
        None => {
            let (kind, name) = lease.name.strip_prefix("pilothouse-")?.split_once('-')?;
            (Kind::parse(kind)?, name)
        }
    };
    Some(ObjectRef::new(kind, lease.namespace.clone(), name))
}

/// Who holds a Lease; None where it was given back. Whether its process is gone only a journal tells.
pub fn holder(lease: &Value) -> Option<Holder> {
    let text = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    Some(Holder {
        identity: text(&lease["spec"]["holderIdentity"])?,
        operation: text(&lease["metadata"]["annotations"][OPERATION]),
        renewed: text(&lease["spec"]["renewTime"]).and_then(|time| time.parse().ok()),
        gone: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_target_has_one_valid_name() {
        let name = |kind, name: &str| of(&ObjectRef::new(kind, "shop", name)).name.to_string();
        assert_eq!(name(Kind::Deployment, "checkout"), "pilothouse-deployment-checkout");
        assert_eq!(name(Kind::HttpRoute, "web"), "pilothouse-httproute-web");
        let (long, other) = (name(Kind::StatefulSet, &"a".repeat(100)), name(Kind::StatefulSet, &"a".repeat(101)));
        assert!(long.len() <= LONGEST && long != other);
        assert_ne!(name(Kind::HttpRoute, "a.b"), name(Kind::HttpRoute, "a-b"));
    }

    #[test]
    fn a_lease_tells_its_target() {
        let route = ObjectRef::new(Kind::HttpRoute, "shop", "web-a");
        assert_eq!(target_of(&of(&route), Some(&target(&route))), Some(route.clone()));
        assert_eq!(target_of(&of(&route), None), Some(route.clone()));
        assert_eq!(target_of(&ObjectRef::new(Kind::Lease, "shop", "node-7"), None), None);
        assert_eq!(target_of(&of(&route), Some("Oddity/web")), None);
        assert_eq!(SELECTOR, format!("{}={}", LABEL.0, LABEL.1));
    }

    #[test]
    fn a_lease_given_back_is_held_by_nobody() {
        let lease = |holder: &str| {
            json!({"metadata": {"annotations": {OPERATION: "op"}},
            "spec": {"holderIdentity": holder, "renewTime": "2026-08-01T10:00:00.000000Z"}})
        };
        assert_eq!(holder(&lease("")), None);
        let held = holder(&lease("me@here/op")).unwrap();
        assert_eq!((held.identity.as_str(), held.operation.as_deref()), ("me@here/op", Some("op")));
        assert!(held.renewed.is_some());
    }
}
