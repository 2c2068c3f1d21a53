//! From the Leases that operations hold to what they tell of them. Pure.

use super::rows::Interner;
use crate::{
    formats::{lease, reservation},
    model::{Change, Claim, Kind, OperationId, Verb},
    wire,
};
use jiff::{SignedDuration, Timestamp};

/// For how long a Lease that does not say is good after it was renewed, in seconds.
const USUAL: u32 = 60;

/// The operation that holds a Lease or was left in it. One that was given back at the end tells of none, as does one in words
/// that are not ours.
pub(super) fn of(wire: &wire::Lease, interner: &mut Interner) -> Change {
    let object = interner.object(Kind::Lease, &wire.metadata);
    if reservation::is(&wire.metadata) {
        return reservation::read(wire).map_or(Change::Gone(object), Change::Reservation);
    }
    match claim(wire, interner) {
        Some(claim) => Change::Claim(claim),
        None => Change::Gone(object),
    }
}

fn claim(wire: &wire::Lease, interner: &mut Interner) -> Option<Claim> {
    let lease = interner.object(Kind::Lease, &wire.metadata);
    let note = |key: &str| wire.metadata.annotations.get(key).filter(|text| !text.is_empty()).map(|text| &**text);
    let spec = &wire.spec;
    let held = !spec.holder_identity.is_empty();
    let by_identity = spec.holder_identity.rsplit_once('/');
    let operation = note(lease::OPERATION).or(by_identity.map(|(_, operation)| operation))?;
    let summary = note(lease::SUMMARY)?;
    let (verb, summary) = summary.split_once(' ').unwrap_or((summary, ""));
    let seconds = if spec.lease_duration_seconds == 0 { USUAL } else { spec.lease_duration_seconds };
    Some(Claim {
        target: lease::target_of(&lease, note(lease::TARGET))?,
        version: wire.metadata.resource_version.clone(),
        operation: OperationId(operation.to_owned()),
        verb: Verb::from_name(verb)?,
        summary: summary.to_owned(),
        step: note(lease::STEP).map(str::to_owned),
        reason: note(lease::REASON).map(str::to_owned),
        original: note(lease::ORIGINAL).map(str::to_owned),
        actor: by_identity.map(|(actor, _)| actor).or(note(lease::ACTOR)).map(str::to_owned),
        held,
        good_for: SignedDuration::from_secs(seconds.into()),
        acquired: spec.acquire_time,
        renewed: spec.renew_time,
        unchanged: Timestamp::UNIX_EPOCH,
        witnessed: false,
        lease,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn read(holder: Value, annotations: Value) -> Change {
        let wire = serde_json::from_value(json!({
            "metadata": {"name": "pilothouse-httproute-checkout", "namespace": "shop", "resourceVersion": "7", "annotations": annotations},
            "spec": {"holderIdentity": holder, "leaseDurationSeconds": 60, "renewTime": "2026-08-01T10:00:00.000000Z"}
        }));
        of(&wire.unwrap(), &mut Interner::default())
    }

    fn notes() -> Value {
        json!({
            lease::OPERATION: "op-1", lease::ACTOR: "ana@laptop", lease::TARGET: "HTTPRoute/checkout",
            lease::SUMMARY: "shift checkout-v2 in 4 steps", lease::STEP: "step 3 of 9, hold", lease::REASON: null,
        })
    }

    #[test]
    fn a_lease_tells_of_the_operation_that_holds_it_or_was_left_in_it() {
        for (holder, held) in [(json!("ana@laptop/op-1"), true), (json!(null), false)] {
            let Change::Claim(claim) = read(holder, notes()) else { panic!("it tells of one") };
            assert_eq!((claim.held, claim.who(), claim.verb), (held, "ana@laptop", Verb::Shift));
            assert_eq!(
                (claim.summary.as_str(), claim.target.to_string().as_str()),
                ("checkout-v2 in 4 steps", "HTTPRoute shop/checkout")
            );
            assert_eq!((claim.position(), claim.reason), (Some((3, 9)), None));
        }
    }

    #[test]
    fn one_that_was_given_back_at_the_end_tells_of_none() {
        assert!(matches!(read(json!(null), json!(null)), Change::Gone(_)));
        assert!(matches!(read(json!("controller-7"), json!({"x": "y"})), Change::Gone(_)));
    }
}
