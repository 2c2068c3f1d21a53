//! Holds an owner off, and lets it go again.
//!
//! Invariant: a hold is taken off only where it is this operation's, or one that the plan takes over; what was there before comes
//! back. A hold of somebody else, or one that a hand put there, is left as it is.

use super::{Ended, ask};
use crate::{
    formats::hold,
    model::{HoldRecord, Means, ObjectRef, OperationId, OwnerHold},
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
    let target = &plan.target;
    let elsewhere = target.namespace != hold.object.namespace;
    let record = HoldRecord {
        operation: plan.operation.clone(),
        actor: run.actor.clone(),
        workload: format!("{}/{}", target.kind, target.name),
        namespace: if elsewhere { target.namespace.to_string() } else { String::new() },
        part: hold.mark.part.clone(),
        aside: hold.mark.aside,
        since: run.now(),
        until: hold.until,
        original: hold.original.clone(),
        bad: hold.bad.clone(),
        why: plan.why.clone(),
    };
    let (ours, target) = (record.operation.clone(), target.clone());
    let judge = |found: &Value| holding(found, hold, &ours, &target);
    let patch = |found: &Value| hold::mark(found, hold, &record).map(Patch::Json).map_err(|error| error.to_string());
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
    if !hold::is_marked(&applied.object, &hold.mark) {
        return Err(Stop::Failed(format!("{} did not take the hold: nothing was undone", hold.object)));
    }
    Ok(Ended::done(format!("{} is held off {}", hold.owner, run.plan().target.type_name())))
}

fn holding(found: &Value, hold: &OwnerHold, ours: &OperationId, workload: &ObjectRef) -> Probe {
    if !hold::is_marked(found, &hold.mark) {
        return Probe::NotDone;
    }
    let records = hold::records(found, &hold.mark);
    if records.iter().any(|record| record.operation == *ours) {
        return Probe::Done;
    }
    let namespace = hold.object.namespace.as_ref();
    let theirs = records.iter().find(|r| r.is_for(workload, namespace) && Some(&r.operation) != hold.adopts.as_ref());
    match theirs {
        Some(record) => Probe::Diverged(format!("{} holds it for {} now; plan again", record.operation, record.actor)),
        None if records.is_empty() => {
            Probe::Diverged(format!("{} was held off by a hand meanwhile; plan again", hold.owner))
        }
        // Taken over, or held for another workload too.
        None => Probe::NotDone,
    }
}

pub(super) async fn release(run: &mut Run, index: usize, hold: &OwnerHold) -> Result<Ended, Stop> {
    let taken_off = lift(run, index, hold).await?;
    if let Some(owner) = &hold.asked
        && ask::now(run, index, owner).await?
    {
        ask::heard(run, index, owner, PATIENCE).await?;
    }
    let what = if taken_off { "is let go" } else { "was let go already" };
    Ok(Ended::done(format!("{} {what}", hold.owner)))
}

/// Takes the hold off; false where it was off already.
pub(in crate::operate) async fn lift(run: &mut Run, index: usize, hold: &OwnerHold) -> Result<bool, Stop> {
    let ours = run.plan().operation.clone();
    let target = run.plan().target.clone();
    let judge = |found: &Value| held(found, hold, &ours, &target);
    let patch = |found: &Value| hold::lift(found, hold, &ours).map(Patch::Json).map_err(|error| error.to_string());
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

fn held(found: &Value, hold: &OwnerHold, ours: &OperationId, workload: &ObjectRef) -> Probe {
    // Our record goes, also where the mark beside it was taken off by somebody else.
    let is_ours = |operation: &OperationId| operation == ours || Some(operation) == hold.adopts.as_ref();
    if hold::written(found).iter().any(|record| record.part == hold.mark.part && is_ours(&record.operation)) {
        return Probe::NotDone;
    }
    if !hold::is_marked(found, &hold.mark) {
        return Probe::Done;
    }
    let records = hold::records(found, &hold.mark);
    let namespace = hold.object.namespace.as_ref();
    match records.iter().find(|record| record.is_for(workload, namespace)) {
        Some(record) => {
            Probe::Diverged(format!("{} of {} holds it now, and lets it go", record.operation, record.actor))
        }
        // Held for another workload: whoever does so lets it go.
        None if !records.is_empty() => Probe::Done,
        None => Probe::Diverged(match hold.mark.means {
            Means::LeaveAlone => format!("a hand holds {} off now: it is not let go from here", hold.owner),
            Means::Suspend => format!("{} was suspended by a hand: it is not resumed from here", hold.owner),
            Means::SyncDisabled | Means::SyncRemoved | Means::IgnoreSync => {
                format!("a hand keeps {} from syncing: it is not let go from here", hold.owner)
            }
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Kind, Mark};

    #[test]
    fn only_our_own_hold_is_taken_off_and_nobody_elses_is_taken() {
        let web = ObjectRef::new(Kind::Deployment, "shop", "web");
        let hold = |adopts: Option<&str>| OwnerHold {
            owner: "flux apps/shop".into(),
            asked: None,
            mark: Mark::by(Means::Suspend),
            object: ObjectRef::new(Kind::HelmRelease, "shop", "web"),
            uid: "u".into(),
            original: None,
            bad: Vec::new(),
            until: jiff::Timestamp::UNIX_EPOCH,
            adopts: adopts.map(|id| OperationId(id.into())),
        };
        let record = |operation: &str, workload: &str| {
            json!({"operation": operation, "actor": "ana@desk", "workload": workload, "bad": [],
                "since": "2026-03-01T12:00:00Z", "until": "2026-03-01T13:00:00Z"})
        };
        let with = |records: Vec<Value>, suspend: bool| {
            json!({"metadata": {"annotations": {hold::RECORD: Value::from(records).to_string()}},
                "spec": {"suspend": suspend}})
        };
        let of = |operation: &str| with(vec![record(operation, "Deployment/web")], true);
        let ours = OperationId("op-1".into());
        let (free, by_hand) = (json!({"metadata": {}}), json!({"metadata": {}, "spec": {"suspend": true}}));
        let holding = |found: &Value, hold: &OwnerHold| holding(found, hold, &ours, &web);
        let held = |found: &Value, hold: &OwnerHold| held(found, hold, &ours, &web);
        assert_eq!(holding(&free, &hold(None)), Probe::NotDone);
        assert_eq!(holding(&of("op-1"), &hold(None)), Probe::Done);
        assert_eq!(holding(&of("op-0"), &hold(Some("op-0"))), Probe::NotDone);
        assert!(matches!(holding(&of("op-0"), &hold(None)), Probe::Diverged(why) if why.contains("ana@desk")));
        assert!(matches!(holding(&by_hand, &hold(None)), Probe::Diverged(_)));
        assert_eq!(held(&free, &hold(None)), Probe::Done);
        assert_eq!(held(&of("op-1"), &hold(None)), Probe::NotDone);
        assert_eq!(held(&of("op-0"), &hold(Some("op-0"))), Probe::NotDone);
        assert!(matches!(held(&of("op-0"), &hold(None)), Probe::Diverged(_)));
        assert!(matches!(held(&by_hand, &hold(None)), Probe::Diverged(_)));
        // For another workload: joined, and left to whoever holds it.
        let others = with(vec![record("op-7", "Deployment/cart")], true);
        assert_eq!((holding(&others, &hold(None)), held(&others, &hold(None))), (Probe::NotDone, Probe::Done));
        let both = with(vec![record("op-7", "Deployment/cart"), record("op-1", "Deployment/web")], true);
        assert_eq!((holding(&both, &hold(None)), held(&both, &hold(None))), (Probe::Done, Probe::NotDone));
        let taken_off = with(vec![record("op-1", "Deployment/web")], false);
        assert_eq!(held(&taken_off, &hold(None)), Probe::NotDone, "its record is to go");
    }
}
