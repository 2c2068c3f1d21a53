//! A workload's verdict as it is observed: by the watches, and by `pilothouse status -o json`.

use crate::world::{IMAGE, World, deployment};
use kube::api::{Patch, PatchParams};
use pilothouse::{
    connect::kube::{Cluster, ContextInfo},
    model::{Blocker, Health, Kind, ObjectRef, Rows},
    observe::{Scope, snapshot, watch},
};
use serde_json::{Value, json};
use std::{process::Stdio, time::Duration};

/// What was observed.
pub struct Observed {
    pub reason: String,
    pub health: Health,
    pub blocker: Option<Blocker>,
}

/// How long a verdict may take: a pod may be unready for half a minute before anything is said, and looks grow rare.
const PATIENCE: Duration = Duration::from_secs(240);

fn cluster(w: &World) -> Cluster {
    let info = ContextInfo {
        name: "verdicts".into(),
        server: "https://test.invalid".into(),
        namespace: w.namespace.clone(),
        user: "admin".into(),
        loopback: true,
    };
    Cluster::in_process(w.client.clone(), info, w.clock.clone())
}

/// Watches until the workload's blocker has `words` in its sentence, then reads the same from `status`.
pub async fn verdict(w: &World, kind: Kind, name: &str, words: &str) -> Observed {
    reason(w, kind, name, words, true).await
}

/// As [`verdict`], where nothing stops the workload, but there is something to say.
pub async fn remark(w: &World, kind: Kind, name: &str, words: &str) -> Observed {
    reason(w, kind, name, words, false).await
}

async fn reason(w: &World, kind: Kind, name: &str, words: &str, blocked: bool) -> Observed {
    let cluster = cluster(w);
    let object = ObjectRef::new(kind, w.namespace.as_str(), name);
    let mut rows = Rows::default();
    let (sender, mut batches) = tokio::sync::mpsc::channel(8);
    let watches = watch(&cluster, Scope::Namespaces(vec![w.namespace.as_str().into()]), 7, sender);
    watches.visible([object.clone()]);
    let mut last = String::new();
    let waiting = async {
        while let Some(batch) = batches.recv().await {
            rows.apply(batch, w.clock.now());
            if let Some(found) = observed(&rows, &object) {
                last.clone_from(&found.reason);
                if found.reason.contains(words) && found.blocker.is_some() == blocked {
                    return found;
                }
            }
        }
        panic!("the watches ended");
    };
    let found = tokio::time::timeout(PATIENCE, waiting).await;
    let found = found.unwrap_or_else(|_| panic!("{object} is never said to be\n  {words}\nbut last\n  {last}"));
    let reported = if w.is_embedded() { by_snapshot(w, &object).await } else { by_status(w, &object).await };
    assert!(reported.contains(words), "status says\n  {reported}\ninstead of\n  {words}");
    found
}

/// As [`verdict`], of a Job.
pub async fn of_job(w: &World, name: &str, words: &str) -> Blocker {
    let cluster = cluster(w);
    let object = ObjectRef::new(Kind::Job, w.namespace.as_str(), name);
    let mut rows = Rows::default();
    let (sender, mut batches) = tokio::sync::mpsc::channel(8);
    let _watches = watch(&cluster, Scope::Namespaces(vec![w.namespace.as_str().into()]), 7, sender);
    let waiting = async {
        loop {
            rows.apply(batches.recv().await.expect("the watches run"), w.clock.now());
            let blocker = rows.jobs.get(&object).and_then(|row| rows.blocker_of_job(row));
            if let Some(blocker) = blocker.filter(|blocker| blocker.message().contains(words)) {
                return blocker.clone();
            }
        }
    };
    let found = tokio::time::timeout(PATIENCE, waiting).await;
    found.unwrap_or_else(|_| panic!("{object} is never said to be\n  {words}"))
}

fn observed(rows: &Rows, object: &ObjectRef) -> Option<Observed> {
    let row = rows.workloads.get(object)?;
    let blocker = rows.blocker_of(row).map(std::borrow::Cow::into_owned);
    let reason = rows.reason_with_age(row, |_| "a while".into())?;
    Some(Observed { reason, health: rows.health_of(row), blocker })
}

async fn by_snapshot(w: &World, object: &ObjectRef) -> String {
    let scope = Scope::Namespaces(vec![w.namespace.as_str().into()]);
    let rows = snapshot(&cluster(w), &scope).await.unwrap();
    observed(&rows, object).map(|found| found.reason).unwrap_or_default()
}

async fn by_status(w: &World, object: &ObjectRef) -> String {
    let home = tempfile::tempdir().unwrap();
    let output = tokio::process::Command::new(env!("CARGO_BIN_EXE_pilothouse"))
        .args(["status", "-o", "json", "--namespace", &w.namespace, "--kubeconfig"])
        .arg(&w.kubeconfig)
        .env("HOME", home.path())
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let rows = report["workloads"].as_array().unwrap();
    let row = rows.iter().find(|row| row["name"] == *object.name && row["kind"] == object.kind.as_str()).unwrap();
    row["reason"].as_str().unwrap_or_default().to_owned()
}

/// A Deployment whose container is merged with `container`.
pub fn with_container(name: &str, replicas: u32, tag: &str, container: Value) -> Value {
    let mut object = deployment(name, replicas, tag);
    merge(&mut object["spec"]["template"]["spec"]["containers"][0], container);
    object
}

/// A Deployment whose pod spec is merged with `spec`.
pub fn with_spec(name: &str, replicas: u32, tag: &str, spec: Value) -> Value {
    let mut object = deployment(name, replicas, tag);
    merge(&mut object["spec"]["template"]["spec"], spec);
    object
}

/// A StatefulSet whose spec is merged with `spec`.
pub fn stateful_set(name: &str, replicas: u32, tag: &str, spec: Value) -> Value {
    let mut object = deployment(name, replicas, tag);
    object["kind"] = "StatefulSet".into();
    object["spec"]["serviceName"] = name.into();
    merge(&mut object["spec"], spec);
    object
}

pub fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from,
    }
}

/// Sets the image of the container `web`.
pub async fn set_tag(w: &World, kind: &str, name: &str, tag: &str) {
    let containers = json!([{"name": "web", "image": format!("{IMAGE}:{tag}")}]);
    let patch = json!({"spec": {"template": {"spec": {"containers": containers}}}});
    w.api("apps/v1", kind).patch(name, &PatchParams::default(), &Patch::Strategic(patch)).await.unwrap();
}

/// Changes the spec of an object.
pub async fn set_spec(w: &World, kind: &str, name: &str, spec: Value) {
    let patch = Patch::Merge(json!({ "spec": spec }));
    w.api("apps/v1", kind).patch(name, &PatchParams::default(), &patch).await.unwrap();
}
