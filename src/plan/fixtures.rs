//! Facts for tests: a Deployment `shop/checkout` on a cluster where everything is allowed.

use crate::formats::template;
use crate::model::*;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

pub(super) fn now() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

pub(super) fn ago(seconds: i64) -> Timestamp {
    now() - SignedDuration::from_secs(seconds)
}

pub(super) fn operation() -> OperationId {
    OperationId("20260301-120000-ab12".into())
}

pub(super) fn checkout() -> ObjectRef {
    ObjectRef::new(Kind::Deployment, "shop", "checkout")
}

pub(super) fn owner(kind: OwnerKind) -> Owner {
    Owner { kind, namespace: "apps".into(), name: "shop".into() }
}

/// A template whose environment holds `hunter2`, which must never be seen in a plan.
pub(super) fn pod_template(image: &str) -> Value {
    json!({"metadata": {"labels": {"app": "checkout"}}, "spec": {"containers": [
        {"name": "app", "image": image, "readinessProbe": {"httpGet": {"path": "/"}},
         "env": [{"name": "DB_URL", "value": format!("postgres://hunter2-{image}")}]}]}})
}

pub(super) fn deployment(image: &str) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "checkout", "namespace": "shop", "uid": "u1", "resourceVersion": "9", "generation": 4},
        "spec": {"replicas": 4, "template": pod_template(image)}})
}

pub(super) fn revision(number: u64, image: &str, ready: u32) -> Revision {
    Revision {
        revision: number,
        current: false,
        source: RevisionSource {
            kind: Kind::ReplicaSet,
            name: format!("checkout-{number}"),
            uid: format!("r{number}"),
        },
        created: None,
        template: pod_template(image),
        annotations: Vec::new(),
        containers: vec![Container { name: "app".into(), image: image.into() }],
        cause: None,
        replicas: ready,
        ready,
        failing: None,
        proven: None,
        missing: Vec::new(),
    }
}

/// Common facts in which nothing stands against anything. Permissions cover every verb on the object's kind.
pub(super) fn common(object: Value) -> CommonFacts {
    let kind = Kind::from_name(object["kind"].as_str().unwrap()).unwrap();
    let target = ObjectRef::new(kind, "shop", "checkout");
    let every = [
        Intent::Rollback { target: target.clone(), revision: None },
        Intent::Shift { target: target.clone(), to: String::new(), steps: vec![], hold: 0 },
        Intent::Migrate { target, tag: None, container: None, command: vec![] },
    ];
    let permissions = every
        .iter()
        .flat_map(|intent| [intent.needs(), intent.may_need()].concat())
        .map(|access| Permission { access, allowed: Some(true) });
    CommonFacts {
        cluster: ClusterIdentity { server: "https://api.example:6443".into(), uid: Some("c1".into()) },
        context: "prod-eu".into(),
        actor: "ana@desk".into(),
        owner: None,
        owner_interval: None,
        owner_suspended: false,
        owner_syncs: None,
        autoscaler: None,
        permissions: permissions.collect(),
        holder: None,
        reservation: None,
        may_lease: Some(true),
        agreed: Agreed::Nowhere,
        object,
    }
}

/// Every precondition of a plan as `what: holds|warns|stops`.
pub(super) fn verdicts(plan: &Plan) -> Vec<String> {
    let verdict = |p: &Precondition| {
        if p.ok {
            "holds"
        } else if p.warning {
            "warns"
        } else {
            "stops"
        }
    };
    plan.preconditions.iter().map(|p| format!("{}: {}", p.what, verdict(p))).collect()
}

/// The details of the preconditions of this name.
pub(super) fn details<'a>(plan: &'a Plan, what: &str) -> Vec<&'a str> {
    plan.preconditions.iter().filter(|p| p.what == what).map(|p| p.detail.as_str()).collect()
}

/// The plan as an operator reads it, for snapshots.
pub(super) fn sheet(plan: &Plan) -> String {
    let mut text = format!("{} {}  {}  risk: {}\n", plan.verb, plan.target, plan.summary, plan.risk);
    plan.reasons.iter().for_each(|reason| text += &format!("  {reason}\n"));
    text += &format!("lasts: {}\n", plan.durability);
    for p in &plan.preconditions {
        let mark = if p.ok {
            "✓"
        } else if p.warning {
            "!"
        } else {
            "✗"
        };
        text += &format!("{mark} {}: {}\n", p.what, p.detail);
    }
    for (at, step) in plan.steps.iter().enumerate() {
        text += &format!("{} {:<7} {}\n", at + 1, step.step, step.detail);
    }
    text + &plan.diff
}

/// Checks what holds for every plan: it survives JSON, carries the contract's keys, is readable, and tells no secret.
pub(super) fn sound(plan: &Plan) {
    let json = serde_json::to_value(plan).unwrap();
    for key in ["verb", "target", "context", "durability", "risk", "preconditions", "steps", "diff"] {
        assert!(!json[key].is_null(), "the contract's {key} is missing");
    }
    assert!(json["preconditions"].as_array().unwrap().iter().all(|p| p["what"].is_string() && p["ok"].is_boolean()));
    assert!(json["steps"].as_array().unwrap().iter().all(|s| s["step"].is_string() && s["detail"].is_string()));
    assert!(!json.to_string().contains("hunter2"), "a secret is in the plan: {json:#}");
    assert_eq!(&serde_json::from_value::<Plan>(json).unwrap(), plan);
    assert!(plan.summary.chars().count() <= 76, "{} is too long for a sheet", plan.summary);
    let lines =
        plan.preconditions.iter().map(|p| &p.detail).chain(&plan.reasons).chain(plan.steps.iter().map(|s| &s.detail));
    for line in lines {
        assert!(line.chars().count() <= 2 * 76, "{line} is too long for a sheet");
        assert!(!line.contains('\n'));
    }
    let mut known = [plan.intent.needs(), plan.intent.may_need()].concat();
    known.extend(Intent::Rollback { target: ObjectRef::new(Kind::Release, "shop", "shop"), revision: None }.needs());
    assert!(plan.needs.iter().all(|access| known.contains(access)));
    let template = template::of(&deployment("app:2")).to_string();
    assert!(template.contains("hunter2"), "the fixture has something to hide");
}

/// Whether nothing stands against a plan.
pub(super) trait CanRun {
    fn can_run(&self) -> bool;
}

impl CanRun for Plan {
    fn can_run(&self) -> bool {
        self.blocked_by().next().is_none()
    }
}
