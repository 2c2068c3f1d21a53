//! Holds an owner off, and lets it go again.
//!
//! Invariant: a hold is taken off only where it is this operation's, or one that the plan takes over; what was there before comes
//! back. A hold of somebody else, or one that a hand put there, is left as it is.

use super::{Ended, ask};
use crate::{
    formats::hold,
    model::{HoldRecord, Means, OperationId, OwnerHold},
    operate::{
        run::Run,
        stop::Stop,
        write::{Effect, Patch, Probe},
    },
};
use serde_json::{Value, json};
use std::time::Duration;

/// How long an owner that was let go may take until it has written again; it does so by itself in any case.
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) async fn hold(run: &mut Run, index: usize, hold: &OwnerHold) -> Result<Ended, Stop> {
    let plan = run.plan();
    let record = HoldRecord {
        operation: plan.operation.clone(),
        actor: run.actor.clone(),
        workload: format!("{}/{}", plan.target.kind, plan.target.name),
        since: run.now(),
        until: hold.until,
        original: hold.original.clone(),
        bad: hold.bad.clone(),
        why: plan.why.clone(),
    };
    let ours = record.operation.clone();
    let judge = |found: &Value| holding(found, hold, &ours);
    let patch =
        |found: &Value| hold::mark(found, hold.means, &record).map(Patch::Json).map_err(|error| error.to_string());
    let effect = Effect {
        object: &hold.object,
        uid: &hold.uid,
        judge: &judge,
        patch: &patch,
        before: json!({"owner": hold.owner, "original": hold.original, "adopts": hold.adopts}),
        rehearse: true,
    };
    let applied = run.apply(index, &effect).await?;
    // A server whose definition does not know the field drops it without a word.
    if !hold::is_marked(&applied.object, hold.means) {
        return Err(Stop::Failed(format!("{} did not take the hold: nothing was undone", hold.object)));
    }
    Ok(Ended::done(format!("{} is held off {}", hold.owner, run.plan().target.type_name())))
}

fn holding(found: &Value, hold: &OwnerHold, ours: &OperationId) -> Probe {
    if !hold::is_marked(found, hold.means) {
        return Probe::NotDone;
    }
    match hold::record(found, hold.means) {
        Some(record) if record.operation == *ours => Probe::Done,
        Some(record) if Some(&record.operation) == hold.adopts.as_ref() => Probe::NotDone,
        Some(record) => Probe::Diverged(format!("{} holds it for {} now; plan again", record.operation, record.actor)),
        None => Probe::Diverged(format!("{} was held off by a hand meanwhile; plan again", hold.owner)),
    }
}

pub(super) async fn release(run: &mut Run, index: usize, hold: &OwnerHold) -> Result<Ended, Stop> {
    let taken_off = lift(run, index, hold).await?;
    let asks = ask::word(run, index);
    if let Some(owner) = &hold.asked
        && ask::now(run, index, owner, &asks).await?
    {
        ask::heard(run, index, owner, &asks, PATIENCE).await?;
    }
    let what = if taken_off { "is let go" } else { "was let go already" };
    Ok(Ended::done(format!("{} {what}", hold.owner)))
}

/// Takes the hold off; false where it was off already.
pub(in crate::operate) async fn lift(run: &mut Run, index: usize, hold: &OwnerHold) -> Result<bool, Stop> {
    let ours = run.plan().operation.clone();
    let judge = |found: &Value| held(found, hold, &ours);
    let patch = |found: &Value| hold::lift(found, hold).map(Patch::Json).map_err(|error| error.to_string());
    let effect = Effect {
        object: &hold.object,
        uid: &hold.uid,
        judge: &judge,
        patch: &patch,
        before: json!({"held": true}),
        rehearse: false,
    };
    Ok(run.apply(index, &effect).await?.ours)
}

fn held(found: &Value, hold: &OwnerHold, ours: &OperationId) -> Probe {
    if !hold::is_marked(found, hold.means) {
        return Probe::Done;
    }
    match hold::record(found, hold.means) {
        Some(record) if record.operation == *ours || Some(&record.operation) == hold.adopts.as_ref() => Probe::NotDone,
        Some(record) => {
            Probe::Diverged(format!("{} of {} holds it now, and lets it go", record.operation, record.actor))
        }
        None if hold.means == Means::LeaveAlone => {
            Probe::Diverged(format!("a hand holds {} off now: it is not let go from here", hold.owner))
        }
        None => Probe::Diverged(format!("{} was suspended by a hand: it is not resumed from here", hold.owner)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Kind, ObjectRef};

    #[test]
    fn only_our_own_hold_is_taken_off_and_nobody_elses_is_taken() {
        let hold = |adopts: Option<&str>| OwnerHold {
            owner: "flux apps/shop".into(),
            asked: None,
            means: Means::LeaveAlone,
            object: ObjectRef::new(Kind::Deployment, "shop", "web"),
            uid: "u".into(),
            original: None,
            bad: Vec::new(),
            until: jiff::Timestamp::UNIX_EPOCH,
            adopts: adopts.map(|id| OperationId(id.into())),
        };
        let of = |operation: &str| {
            let record = json!({"operation": operation, "actor": "ana@desk", "workload": "Deployment/web", "bad": [],
                "since": "2026-03-01T12:00:00Z", "until": "2026-03-01T13:00:00Z"});
            json!({"metadata": {"labels": {"kustomize.toolkit.fluxcd.io/reconcile": "disabled"},
                "annotations": {hold::RECORD: record.to_string()}}})
        };
        let (ours, free) = (OperationId("op-1".into()), json!({"metadata": {}}));
        let by_hand = json!({"metadata": {"labels": {"kustomize.toolkit.fluxcd.io/reconcile": "disabled"}}});
        assert_eq!(holding(&free, &hold(None), &ours), Probe::NotDone);
        assert_eq!(holding(&of("op-1"), &hold(None), &ours), Probe::Done);
        assert_eq!(holding(&of("op-0"), &hold(Some("op-0")), &ours), Probe::NotDone);
        assert!(matches!(holding(&of("op-0"), &hold(None), &ours), Probe::Diverged(why) if why.contains("ana@desk")));
        assert!(matches!(holding(&by_hand, &hold(None), &ours), Probe::Diverged(_)));
        assert_eq!(held(&free, &hold(None), &ours), Probe::Done);
        assert_eq!(held(&of("op-1"), &hold(None), &ours), Probe::NotDone);
        assert_eq!(held(&of("op-0"), &hold(Some("op-0")), &ours), Probe::NotDone);
        assert!(matches!(held(&of("op-0"), &hold(None), &ours), Probe::Diverged(_)));
        assert!(matches!(held(&by_hand, &hold(None), &ours), Probe::Diverged(_)));
    }
}
