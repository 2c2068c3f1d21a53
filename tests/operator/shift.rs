//! Shifting traffic: in steps, killed and resumed, stepped back, and by two operators at once.

use crate::{
    pilothouse::Operator,
    world::{Behaviour, World, deployment},
};
use futures::{FutureExt, StreamExt};
use kube::{api::DynamicObject, runtime::watcher};
use serde_json::{Value, json};

pub const ALL: &[(&str, Behaviour)] = &[
    ("shift::weights_move_in_steps", |w| weights_move_in_steps(w).boxed_local()),
    ("shift::killed_it_is_found_and_resumed", |w| killed_it_is_resumed(w).boxed_local()),
    ("shift::aborted_it_goes_back", |w| aborted_it_goes_back(w).boxed_local()),
    ("shift::two_operators_one_lease", |w| two_operators(w).boxed_local()),
    ("shift::killed_it_can_be_found_by_colleagues", |w| found_by_colleagues(w).boxed_local()),
    ("shift::somebody_elses_weights_stop_it", |w| somebody_elses_weights(w).boxed_local()),
    ("shift::a_backend_that_does_not_exist_is_refused", |w| a_backend_that_does_not_exist(w).boxed_local()),
];

const ROUTE: &str = "gateway.networking.k8s.io/v1";

/// A route with all traffic on `blue`, and `green` ready beside it.
pub async fn blue_and_green(w: &World) {
    for name in ["blue", "green"] {
        w.create(deployment(name, 2, "1.0")).await;
        let ports = json!([{"port": 80, "targetPort": 8080}]);
        w.create(json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": {"selector": {"app": name}, "ports": ports}})).await;
    }
    w.create(json!({
        "apiVersion": ROUTE, "kind": "HTTPRoute", "metadata": {"name": "web"},
        "spec": {"rules": [{"backendRefs": [{"name": "blue", "port": 80, "weight": 100}, {"name": "green", "port": 80, "weight": 0}]}]},
    }))
    .await;
    for name in ["blue", "green"] {
        w.rolled_out(name).await;
    }
}

pub fn weights(o: &Value) -> (i64, i64) {
    let refs = &o["spec"]["rules"][0]["backendRefs"];
    (refs[0]["weight"].as_i64().unwrap(), refs[1]["weight"].as_i64().unwrap())
}

pub async fn current(w: &World) -> (i64, i64) {
    weights(&serde_json::to_value(w.api(ROUTE, "HTTPRoute").get("web").await.unwrap()).unwrap())
}

/// Follows the route while `work` runs; every pair of weights that was ever there, in order.
pub async fn watched<T>(w: &World, work: impl Future<Output = T>) -> (T, Vec<(i64, i64)>) {
    let mut seen: Vec<(i64, i64)> = Vec::new();
    let mut note = |o: &DynamicObject| {
        let pair = weights(&serde_json::to_value(o).unwrap());
        assert_eq!(pair.0 + pair.1, 100, "the sum never changes");
        if seen.last() != Some(&pair) {
            seen.push(pair);
        }
    };
    let mut events = watcher::watch_object(w.api(ROUTE, "HTTPRoute"), "web").boxed();
    let mut work = std::pin::pin!(work);
    let done = loop {
        tokio::select! {
            done = &mut work => break done,
            Some(Ok(Some(object))) = events.next() => note(&object),
        }
    };
    note(&w.api(ROUTE, "HTTPRoute").get("web").await.unwrap());
    (done, seen)
}

async fn weights_move_in_steps(w: World) {
    blue_and_green(&w).await;
    let operator = Operator::new(&w);
    let run = operator.run(&["shift", "httproute/web", "--to", "green", "--hold", "1s", "--yes", "-o", "json"]);
    let (done, seen) = watched(&w, run).await;
    assert_eq!(done.assert(0).result()["outcome"], "done");
    assert_eq!(seen, [(100, 0), (75, 25), (50, 50), (25, 75), (0, 100)]);
    let back = operator
        .run(&["shift", "httproute/web", "--to", "blue", "--steps", "37", "--hold", "0s", "--yes", "-o", "json"])
        .await;
    back.assert(0);
    assert_eq!(current(&w).await, (37, 63));
}

async fn killed_it_is_resumed(w: World) {
    blue_and_green(&w).await;
    let operator = Operator::new(&w);
    let story = async {
        let run = operator.start(&["shift", "httproute/web", "--to", "green", "--hold", "1s", "--yes", "-o", "json"]);
        let half = |l: &Value| {
            l["event"] == "step" && l["state"] == "done" && l["detail"].as_str().is_some_and(|d| d.contains("50"))
        };
        run.until(half).await.kill();
        let listed: Value =
            serde_json::from_str(&operator.run(&["operations", "-o", "json"]).await.assert(0).out).unwrap();
        let operation = &listed["operations"][0];
        assert_eq!((&operation["state"], &operation["verb"]), (&json!("interrupted"), &json!("shift")));
        let id = operation["id"].as_str().unwrap();
        let resumed = operator.run(&["operations", "resume", id, "--yes", "-o", "json"]).await;
        assert_eq!(resumed.assert(0).result()["outcome"], "done");
        let listed: Value = serde_json::from_str(&operator.run(&["operations", "-o", "json"]).await.out).unwrap();
        assert_eq!(listed["operations"][0]["state"], "done");
    };
    let ((), seen) = watched(&w, story).await;
    assert_eq!(seen, [(100, 0), (75, 25), (50, 50), (25, 75), (0, 100)], "no step twice, none left out");
}

async fn aborted_it_goes_back(w: World) {
    blue_and_green(&w).await;
    let operator = Operator::new(&w);
    let run = operator.start(&["shift", "httproute/web", "--to", "green", "--hold", "10m", "--yes", "-o", "json"]);
    let quarter = |l: &Value| {
        l["event"] == "step" && l["state"] == "done" && l["detail"].as_str().is_some_and(|d| d.contains("25"))
    };
    let run = run.until(quarter).await;
    let listed: Value = serde_json::from_str(&operator.run(&["operations", "-o", "json"]).await.assert(0).out).unwrap();
    assert_eq!(listed["operations"][0]["state"], "running");
    let id = listed["operations"][0]["id"].as_str().unwrap();
    operator.run(&["operations", "abort", id, "--yes"]).await.assert(0);
    assert_eq!(run.end().await.assert(5).result()["outcome"], "stepped-back");
    assert_eq!(current(&w).await, (100, 0));
}

async fn two_operators(w: World) {
    blue_and_green(&w).await;
    let (ana, ben) = (Operator::new(&w), Operator::new(&w));
    let run = ana.start(&["shift", "httproute/web", "--to", "green", "--hold", "10m", "--yes", "-o", "json"]);
    let run = run.until(|l| l["event"] == "step" && l["state"] == "done" && l["step"] != "ready").await;
    let refused = ben.run(&["shift", "httproute/web", "--to", "blue", "--hold", "0s", "--yes", "-o", "json"]).await;
    assert_eq!(refused.assert(3).result()["outcome"], "refused");
    assert!(refused.result()["message"].as_str().unwrap().contains('@'), "who holds it is said: {}", refused.out);
    run.kill();
}

/// What a colleague's cockpit watches: the Leases with our label, and what stands on them.
async fn found_by_colleagues(w: World) {
    blue_and_green(&w).await;
    let lease = json!({
        "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
        "metadata": {"name": "pilothouse-httproute-web", "labels": {"team": "shop"}}, "spec": {"holderIdentity": ""},
    });
    w.create(lease).await;
    let mut arguments = vec!["shift", "httproute/web", "--to", "green", "--hold", "10m", "--yes", "-o", "json"];
    arguments.extend(["--why", "release 3.0"]);
    let run = Operator::new(&w).start(&arguments);
    run.until(|l| l["event"] == "step" && l["state"] == "started" && l["step"] == "hold").await.kill();
    let ours = kube::api::ListParams::default().labels("app.kubernetes.io/managed-by=pilothouse");
    let found = w.api("coordination.k8s.io/v1", "Lease").list(&ours).await.unwrap().items;
    let [lease] = found.as_slice() else { panic!("one that had no label got it: {found:?}") };
    assert_eq!(lease.metadata.labels.as_ref().unwrap()["team"], "shop", "other labels stay");
    let said = |key: &str| lease.metadata.annotations.as_ref().unwrap()[&format!("pilothouse.io/{key}")].clone();
    assert_eq!((said("target").as_str(), said("reason").as_str()), ("HTTPRoute/web", "release 3.0"));
    assert!(said("summary").starts_with("shift ") && said("step").starts_with("step "), "{:?}", lease.metadata);
    assert!(lease.data["spec"]["holderIdentity"].as_str().unwrap().starts_with(&said("actor")), "{}", lease.data);
}

async fn somebody_elses_weights(w: World) {
    blue_and_green(&w).await;
    let operator = Operator::new(&w);
    let run = operator.start(&["shift", "httproute/web", "--to", "green", "--hold", "3s", "--yes", "-o", "json"]);
    let quarter = |l: &Value| {
        l["event"] == "step" && l["state"] == "done" && l["detail"].as_str().is_some_and(|d| d.contains("25"))
    };
    let run = run.until(quarter).await;
    let patch: json_patch::Patch = serde_json::from_value(json!([
        {"op": "replace", "path": "/spec/rules/0/backendRefs/0/weight", "value": 90},
        {"op": "replace", "path": "/spec/rules/0/backendRefs/1/weight", "value": 10},
    ]))
    .unwrap();
    let api = w.api(ROUTE, "HTTPRoute");
    api.patch("web", &Default::default(), &kube::api::Patch::Json::<Value>(patch)).await.unwrap();
    assert_eq!(run.end().await.assert(4).result()["outcome"], "conflict");
    assert_eq!(current(&w).await, (90, 10), "what somebody else set is left alone");
}

async fn a_backend_that_does_not_exist(w: World) {
    blue_and_green(&w).await;
    let refused = Operator::new(&w).run(&["shift", "httproute/web", "--to", "red", "--yes"]).await;
    assert_ne!(refused.code, 0);
    assert!(refused.err.contains("red") && refused.err.contains("green"), "{}", refused.err);
    assert_eq!(current(&w).await, (100, 0));
}
