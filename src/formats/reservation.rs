//! The Lease by which a whole cluster is reserved: where it is, and what it tells.

use super::lease::REASON;
use crate::{
    model::{Kind, ObjectRef, Reservation},
    wire,
};
use jiff::SignedDuration;

/// Its name. It is no target's: those name a kind.
const NAME: &str = "pilothouse-reservation";
/// Its namespace: every cluster has this one, and whoever works with a test cluster may usually write there.
const NAMESPACE: &str = "default";

/// The Lease.
pub fn lease() -> ObjectRef {
    ObjectRef::new(Kind::Lease, NAMESPACE, NAME)
}

/// Whether this is the Lease of a reservation.
pub fn is(metadata: &wire::Metadata) -> bool {
    *metadata.name == *NAME && *metadata.namespace == *NAMESPACE
}

/// The reservation, which may have ended by itself; None where it was given back, or does not say for how long it is.
pub fn read(wire: &wire::Lease) -> Option<Reservation> {
    let spec = &wire.spec;
    let renewed = spec.renew_time.filter(|_| !spec.holder_identity.is_empty() && spec.lease_duration_seconds > 0)?;
    Some(Reservation {
        lease: lease(),
        holder: spec.holder_identity.clone(),
        reason: wire.metadata.annotations.get(REASON).filter(|why| !why.is_empty()).cloned(),
        since: spec.acquire_time,
        renewed,
        until: renewed.checked_add(SignedDuration::from_secs(spec.lease_duration_seconds.into())).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn one_that_was_given_back_is_none() {
        let read = |holder: Value, seconds: u32| {
            let wire: wire::Lease = serde_json::from_value(json!({
                "metadata": {"name": NAME, "namespace": NAMESPACE, "annotations": {REASON: "load test"}},
                "spec": {"holderIdentity": holder, "leaseDurationSeconds": seconds, "renewTime": "2026-08-01T10:00:00.000000Z"}
            }))
            .unwrap();
            assert!(is(&wire.metadata));
            super::read(&wire)
        };
        let held = read(json!("ana@laptop"), 7200).unwrap();
        assert_eq!((held.who(), held.until.to_string().as_str()), ("ana", "2026-08-01T12:00:00Z"));
        assert_eq!(held.reason.as_deref(), Some("load test"));
        assert_eq!((read(json!(null), 7200), read(json!("ana@laptop"), 0)), (None, None));
    }
}
