//! Plans for this room's tests, as the planner would make them.

use crate::model::{
    Action, ClusterIdentity, Durability, Intent, Kind, ObjectRef, OperationId, Plan, RevisionSource, Risk, Step, Weight,
};
use jiff::Timestamp;

/// A time, in seconds since the epoch that tests begin at.
pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_767_225_600 + seconds).unwrap()
}

/// A plan with these steps.
pub fn plan(id: &str, intent: Intent, steps: Vec<(&str, Action)>) -> Plan {
    Plan {
        operation: OperationId(id.into()),
        verb: intent.verb(),
        target: intent.target().clone(),
        context: "bench".into(),
        cluster: ClusterIdentity { server: "https://127.0.0.1:6443/".into(), uid: None },
        actor: "ana@bridge".into(),
        created: at(0),
        summary: "a test".into(),
        reasons: Vec::new(),
        durability: Durability::Sticks,
        risk: Risk::Low,
        preconditions: Vec::new(),
        needs: Vec::new(),
        steps: steps
            .into_iter()
            .map(|(step, action)| Step { step: step.into(), detail: String::new(), action })
            .collect(),
        diff: String::new(),
        incident: None,
        why: None,
        policy: None,
        built: None,
        intent,
    }
}

/// The route that the shift below moves.
pub fn route() -> ObjectRef {
    ObjectRef::new(Kind::HttpRoute, "shop", "checkout")
}

/// Weights of the two backends of [`route`].
pub fn weights(old: u32, new: u32) -> Vec<Weight> {
    let weight = |backend, name: &str, weight| Weight { rule: 0, backend, name: name.into(), weight };
    vec![weight(0, "checkout", old), weight(1, "checkout-v2", new)]
}

/// A shift in four increments, each held for a minute.
pub fn shift(id: &str) -> Plan {
    let intent = Intent::Shift { target: route(), to: "checkout-v2".into(), steps: vec![25, 50, 75, 100], hold: 60 };
    let ready = Action::WaitReady { namespace: "shop".into(), service: "checkout-v2".into(), ready: 1 };
    let mut steps = vec![("ready", ready)];
    for percent in [25, 50, 75, 100] {
        let (before, after) = (weights(125 - percent, percent - 25), weights(100 - percent, percent));
        steps.push(("weights", Action::SetWeights { object: route(), uid: "uid-route".into(), before, after }));
        steps.push(("hold", Action::Hold { seconds: 60, namespace: "shop".into(), service: "checkout-v2".into() }));
    }
    plan(id, intent, steps)
}

/// The workload that the rollback below returns.
pub fn workload() -> ObjectRef {
    ObjectRef::new(Kind::Deployment, "shop", "checkout")
}

/// A rollback of [`workload`] from template `before` to `after`.
pub fn rollback(id: &str) -> Plan {
    let source = RevisionSource { kind: Kind::ReplicaSet, name: "checkout-1".into(), uid: "uid-rs".into() };
    let undo = Action::RestoreTemplate {
        object: workload(),
        uid: "uid-workload".into(),
        revision: 1,
        source,
        before: "before".into(),
        after: "after".into(),
        unpause: false,
    };
    let wait = Action::WaitRollout { object: workload(), uid: "uid-workload".into() };
    plan(id, Intent::Rollback { target: workload(), revision: Some(1) }, vec![("undo", undo), ("wait", wait)])
}
