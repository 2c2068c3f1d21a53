//! Rollouts in trouble and at their edges: stuck ones, history that is cleaned up, what clients see meanwhile.

use crate::world::{Behaviour, IMAGE, World, complete, deployment, image};
use futures::{AsyncBufReadExt, FutureExt, TryStreamExt};
use kube::{
    Api, Error,
    api::{DeleteParams, DynamicObject, LogParams, Patch, PatchParams, PostParams, WatchEvent, WatchParams},
};
use serde_json::{Value, json};

pub const ALL: &[(&str, Behaviour)] = &[
    ("rollouts::a_stuck_one_is_undone_after_its_deadline", |w| a_stuck_one_is_undone(w).boxed_local()),
    ("rollouts::old_revisions_are_cleaned_up", |w| old_revisions_are_cleaned_up(w).boxed_local()),
    ("rollouts::what_was_observed_is_never_ahead", |w| what_was_observed(w).boxed_local()),
    ("rollouts::a_stateful_set_stays_stuck_on_a_broken_pod", |w| a_stuck_stateful_set(w).boxed_local()),
    ("rollouts::a_daemon_set_replaces_its_pods", |w| a_daemon_set_replaces(w).boxed_local()),
    ("rollouts::an_endpoint_is_ready_when_its_pod_is", |w| an_endpoint_is_ready(w).boxed_local()),
    ("rollouts::failures_are_told_as_events", |w| failures_are_told(w).boxed_local()),
    ("rollouts::a_followed_log_ends_with_its_job", |w| a_followed_log_ends(w).boxed_local()),
    ("rollouts::a_budget_refuses_an_eviction", |w| a_budget_refuses(w).boxed_local()),
    ("rollouts::a_terminating_namespace_takes_nothing_new", |w| a_terminating_namespace(w).boxed_local()),
    ("rollouts::an_autoscaler_obeys_its_maximum", |w| an_autoscaler_obeys(w).boxed_local()),
    ("rollouts::weights_move_only_from_what_was_read", |w| weights_move(w).boxed_local()),
    ("rollouts::directives_of_a_strategic_patch", |w| directives(w).boxed_local()),
    ("rollouts::writers_in_a_race_lose_nothing", |w| writers_in_a_race(w).boxed_local()),
];

fn reason<'a>(o: &'a Value, kind: &str) -> &'a str {
    let conditions = o["status"]["conditions"].as_array().into_iter().flatten();
    conditions.filter(|c| c["type"] == kind).find_map(|c| c["reason"].as_str()).unwrap_or_default()
}

/// The first object that a watch shows.
async fn first(api: Api<DynamicObject>, params: WatchParams) -> DynamicObject {
    let mut events = std::pin::pin!(api.watch(&params.timeout(60), "0").await.unwrap());
    loop {
        if let WatchEvent::Added(object) = events.try_next().await.unwrap().expect("an object within a minute") {
            return object;
        }
    }
}

async fn set_image(w: &World, kind: &str, name: &str, tag: &str) {
    let api = w.api("apps/v1", kind);
    api.patch(name, &PatchParams::default(), &Patch::Strategic(image(tag))).await.unwrap();
}

fn of_kind(kind: &str, name: &str, replicas: u32) -> Value {
    let mut object = deployment(name, replicas, "1.0");
    object["kind"] = kind.into();
    match kind {
        "StatefulSet" => object["spec"]["serviceName"] = name.into(),
        _ => drop(object["spec"].as_object_mut().unwrap().remove("replicas")),
    }
    object
}

async fn a_stuck_one_is_undone(w: World) {
    let mut object = deployment("web", 1, "1.0");
    object["spec"]["progressDeadlineSeconds"] = 3.into();
    w.create(object).await;
    w.rolled_out("web").await;
    set_image(&w, "Deployment", "web", "2.0-missing").await;
    let failed = |o: &Value| reason(o, "Progressing") == "ProgressDeadlineExceeded";
    let stuck = w.until("apps/v1", "Deployment", "web", "past its deadline", failed).await;
    assert_eq!(stuck["status"]["availableReplicas"], 1, "the old pod serves");
    set_image(&w, "Deployment", "web", "1.0").await;
    let back = w
        .until("apps/v1", "Deployment", "web", "back", |o| {
            complete(o) && reason(o, "Progressing") == "NewReplicaSetAvailable"
        })
        .await;
    assert_eq!(back["metadata"]["annotations"]["deployment.kubernetes.io/revision"], "3");
    let running: Vec<Value> = w
        .list("apps/v1", "ReplicaSet")
        .await
        .into_iter()
        .filter(|s| s["spec"]["replicas"].as_i64() > Some(0))
        .map(|s| s["spec"]["template"]["spec"]["containers"][0]["image"].clone())
        .collect();
    assert_eq!(running, [format!("{IMAGE}:1.0")]);
}

async fn old_revisions_are_cleaned_up(w: World) {
    let mut object = deployment("web", 0, "1.0");
    object["spec"]["revisionHistoryLimit"] = 2.into();
    w.create(object).await;
    for (tag, revision) in [("2.0", "2"), ("3.0", "3"), ("4.0", "4"), ("5.0", "5")] {
        set_image(&w, "Deployment", "web", tag).await;
        w.until("apps/v1", "Deployment", "web", "rolled", |o| {
            complete(o) && o["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == revision
        })
        .await;
    }
    let oldest = |sets: &[Value]| {
        sets.iter().find(|s| s["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "2").cloned()
    };
    if let Some(set) = oldest(&w.list("apps/v1", "ReplicaSet").await) {
        w.until_gone("apps/v1", "ReplicaSet", set["metadata"]["name"].as_str().unwrap()).await;
    }
    let mut left: Vec<String> = w
        .list("apps/v1", "ReplicaSet")
        .await
        .iter()
        .map(|s| s["metadata"]["annotations"]["deployment.kubernetes.io/revision"].as_str().unwrap().to_owned())
        .collect();
    left.sort();
    assert_eq!(left, ["3", "4", "5"], "the current one and two before it");
}

async fn what_was_observed(w: World) {
    w.create(deployment("web", 1, "1.0")).await;
    let api = w.deployments();
    for n in 0..5 {
        let patch = Patch::Merge(json!({"spec": {"minReadySeconds": 0, "paused": n % 2 == 0}}));
        let now = api.patch("web", &PatchParams::default(), &patch).await.unwrap();
        let generation = now.metadata.generation.unwrap();
        assert_eq!(generation, i64::from(n) + 2);
        assert!(now.data["status"]["observedGeneration"].as_i64().unwrap_or(0) < generation);
    }
    let resume = Patch::Merge(json!({"spec": {"paused": false}}));
    api.patch("web", &PatchParams::default(), &resume).await.unwrap();
    w.rolled_out("web").await;
}

async fn a_stuck_stateful_set(w: World) {
    w.create(of_kind("StatefulSet", "db", 2)).await;
    w.until("apps/v1", "StatefulSet", "db", "ready", |o| o["status"]["readyReplicas"].as_i64() == Some(2)).await;
    set_image(&w, "StatefulSet", "db", "2.0-missing").await;
    let pulls = |p: &Value| {
        let waiting = &p["status"]["containerStatuses"][0]["state"]["waiting"]["reason"];
        waiting == "ErrImagePull" || waiting == "ImagePullBackOff"
    };
    w.until("v1", "Pod", "db-1", "unable to pull", pulls).await;
    let first = w.api("v1", "Pod").get("db-0").await.unwrap();
    assert_eq!(first.data["spec"]["containers"][0]["image"], format!("{IMAGE}:1.0"), "it goes on after db-1 only");
    set_image(&w, "StatefulSet", "db", "1.0").await;
    // The template is right again, yet the broken pod is left to somebody who deletes it.
    w.until("apps/v1", "StatefulSet", "db", "observed", |o| {
        o["status"]["observedGeneration"] == o["metadata"]["generation"]
    })
    .await;
    let stuck = w.api("v1", "Pod").get("db-1").await.unwrap();
    assert_eq!(stuck.data["spec"]["containers"][0]["image"], format!("{IMAGE}:2.0-missing"));
    w.api("v1", "Pod").delete("db-1", &DeleteParams::default()).await.unwrap();
    w.until("apps/v1", "StatefulSet", "db", "ready again", |o| o["status"]["readyReplicas"].as_i64() == Some(2)).await;
}

async fn a_daemon_set_replaces(w: World) {
    w.create(of_kind("DaemonSet", "agent", 0)).await;
    let done = |o: &Value| {
        let n = |field: &str| o["status"][field].as_i64().unwrap_or(0);
        n("desiredNumberScheduled") > 0
            && o["status"]["observedGeneration"] == o["metadata"]["generation"]
            && n("updatedNumberScheduled") == n("desiredNumberScheduled")
            && n("numberAvailable") == n("desiredNumberScheduled")
    };
    w.until("apps/v1", "DaemonSet", "agent", "out", done).await;
    set_image(&w, "DaemonSet", "agent", "2.0").await;
    w.until("apps/v1", "DaemonSet", "agent", "out again", |o| o["metadata"]["generation"] == 2 && done(o)).await;
    let revisions = w.list("apps/v1", "ControllerRevision").await;
    let mut numbers: Vec<i64> = revisions.iter().filter_map(|r| r["revision"].as_i64()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [1, 2]);
}

async fn an_endpoint_is_ready(w: World) {
    let ports = json!([{"port": 80}]);
    w.create(json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": {"selector": {"app": "web"}, "ports": ports}})).await;
    w.create(deployment("web", 1, "1.0-slow")).await;
    let own = WatchParams::default().labels("kubernetes.io/service-name=web");
    let name = first(w.api("discovery.k8s.io/v1", "EndpointSlice"), own).await.metadata.name.unwrap();
    let ready = |o: &Value, is: bool| {
        let endpoints = o["endpoints"].as_array().map(Vec::as_slice).unwrap_or_default();
        endpoints.len() == 1 && endpoints[0]["conditions"]["ready"] == is
    };
    w.until("discovery.k8s.io/v1", "EndpointSlice", &name, "not ready", |o| ready(o, false)).await;
    w.until("discovery.k8s.io/v1", "EndpointSlice", &name, "ready", |o| ready(o, true)).await;
    w.rolled_out("web").await;
}

async fn failures_are_told(w: World) {
    w.create(json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "pods"}, "spec": {"hard": {"pods": "0"}}})).await;
    w.until("v1", "ResourceQuota", "pods", "counted", |o| o["status"]["hard"]["pods"] == "0").await;
    w.create(deployment("web", 1, "1.0")).await;
    w.until("apps/v1", "Deployment", "web", "refused", |o| reason(o, "ReplicaFailure") == "FailedCreate").await;
    let event = first(w.api("v1", "Event"), WatchParams::default().fields("reason=FailedCreate")).await;
    assert_eq!(event.data["type"], "Warning");
    assert_eq!(event.data["involvedObject"]["kind"], "ReplicaSet");
    assert!(event.data["message"].as_str().unwrap().contains("exceeded quota"), "{}", event.data["message"]);
}

async fn a_followed_log_ends(w: World) {
    let template = json!({"spec": {"restartPolicy": "Never", "containers": [{"name": "migrate", "image": format!("{IMAGE}:1.0")}]}});
    w.create(json!({
        "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "migrate"}, "spec": {"backoffLimit": 0, "template": template},
    }))
    .await;
    w.until("batch/v1", "Job", "migrate", "started", |o| {
        o["status"]["active"].as_i64().is_some() || o["status"]["succeeded"].as_i64().is_some()
    })
    .await;
    let pod = w.list("v1", "Pod").await[0]["metadata"]["name"].as_str().unwrap().to_owned();
    w.until("v1", "Pod", &pod, "started", |p| matches!(p["status"]["phase"].as_str(), Some("Running" | "Succeeded")))
        .await;
    let pods: Api<k8s_openapi::api::core::v1::Pod> = Api::namespaced(w.client.clone(), &w.namespace);
    let params = LogParams { follow: true, ..LogParams::default() };
    let followed: Vec<String> = pods.log_stream(&pod, &params).await.unwrap().lines().try_collect().await.unwrap();
    assert!(!followed.is_empty());
    w.until("batch/v1", "Job", "migrate", "complete", |o| o["status"]["succeeded"] == 1).await;
    let whole = pods.logs(&pod, &LogParams::default()).await.unwrap();
    assert_eq!(whole.lines().collect::<Vec<_>>(), followed);
    let last = pods.logs(&pod, &LogParams { tail_lines: Some(1), ..LogParams::default() }).await.unwrap();
    assert_eq!(last.trim_end(), followed.last().unwrap());
}

async fn a_budget_refuses(w: World) {
    w.create(deployment("web", 1, "1.0")).await;
    w.rolled_out("web").await;
    let selector = json!({"matchLabels": {"app": "web"}});
    w.create(json!({
        "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "web"},
        "spec": {"minAvailable": 1, "selector": selector},
    }))
    .await;
    w.until("policy/v1", "PodDisruptionBudget", "web", "counted", |o| o["status"]["currentHealthy"] == 1).await;
    let pods: Api<k8s_openapi::api::core::v1::Pod> = Api::namespaced(w.client.clone(), &w.namespace);
    let pod = w.list("v1", "Pod").await[0]["metadata"]["name"].as_str().unwrap().to_owned();
    match pods.evict(&pod, &Default::default()).await {
        Err(Error::Api(status)) => {
            assert_eq!((status.code, status.reason.as_str()), (429, "TooManyRequests"));
            assert!(status.message.contains("disruption budget"), "{}", status.message);
        }
        other => panic!("{other:?}"),
    }
    w.api("policy/v1", "PodDisruptionBudget").delete("web", &DeleteParams::default()).await.unwrap();
    pods.evict(&pod, &Default::default()).await.unwrap();
    w.until_gone("v1", "Pod", &pod).await;
}

async fn a_terminating_namespace(w: World) {
    let name = format!("{}-going", w.namespace);
    let namespaces: Api<DynamicObject> = Api::all_with(w.client.clone(), &crate::world::resource("v1", "Namespace"));
    let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
    namespaces.create(&PostParams::default(), &serde_json::from_value(object).unwrap()).await.unwrap();
    let inside: Api<DynamicObject> =
        Api::namespaced_with(w.client.clone(), &name, &crate::world::resource("v1", "ConfigMap"));
    let held = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "held", "finalizers": ["pilothouse.example/held"]},
    });
    inside.create(&PostParams::default(), &serde_json::from_value(held).unwrap()).await.unwrap();
    namespaces.delete(&name, &DeleteParams::default()).await.unwrap();
    let going = namespaces.get(&name).await.unwrap();
    assert_eq!(going.data["status"]["phase"], "Terminating");
    let late = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "late"}});
    let answer = inside.create(&PostParams::default(), &serde_json::from_value(late).unwrap()).await;
    let Err(Error::Api(status)) = answer else { panic!("{answer:?}") };
    assert_eq!((status.code, status.reason.as_str()), (403, "Forbidden"));
    let causes = &status.details.as_ref().unwrap().causes;
    assert!(causes.iter().any(|c| c.reason == "NamespaceTerminating"), "{causes:?}");
    let free = Patch::Merge(json!({"metadata": {"finalizers": null}}));
    inside.patch("held", &PatchParams::default(), &free).await.unwrap();
    crate::world::until_gone(namespaces, &name).await;
}

async fn an_autoscaler_obeys(w: World) {
    w.create(deployment("web", 4, "1.0")).await;
    w.create(json!({
        "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "web"},
        "spec": {"minReplicas": 1, "maxReplicas": 2, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}},
    }))
    .await;
    w.until("apps/v1", "Deployment", "web", "scaled to the maximum", |o| o["spec"]["replicas"] == 2).await;
    let old = w.api("autoscaling/v1", "HorizontalPodAutoscaler").get("web").await.unwrap();
    assert_eq!(old.data["spec"]["targetCPUUtilizationPercentage"], 80, "the default, in the older spelling");
    let odd = Patch::Merge(json!({"spec": {"minReplicas": 3}}));
    let api = w.api("autoscaling/v2", "HorizontalPodAutoscaler");
    let answer = api.patch("web", &PatchParams::default(), &odd).await;
    assert!(matches!(&answer, Err(Error::Api(status)) if status.code == 422), "{answer:?}");
}

async fn weights_move(w: World) {
    let refs = json!([{"name": "web", "port": 80, "weight": 90}, {"name": "web-v2", "port": 80, "weight": 10}]);
    w.create(json!({
        "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": {"name": "web"},
        "spec": {"hostnames": ["shop.example"], "rules": [{"backendRefs": refs}]},
    }))
    .await;
    let api = w.api("gateway.networking.k8s.io/v1", "HTTPRoute");
    let at = |i: usize| format!("/spec/rules/0/backendRefs/{i}/weight");
    let shift = |from: [i64; 2], to: [i64; 2]| {
        let patch: json_patch::Patch = serde_json::from_value(json!([
            {"op": "test", "path": at(0), "value": from[0]}, {"op": "test", "path": at(1), "value": from[1]},
            {"op": "replace", "path": at(0), "value": to[0]}, {"op": "replace", "path": at(1), "value": to[1]},
        ]))
        .unwrap();
        Patch::Json::<Value>(patch)
    };
    let moved = api.patch("web", &PatchParams::default(), &shift([90, 10], [50, 50])).await.unwrap();
    assert_eq!(moved.metadata.generation, Some(2));
    let late = api.patch("web", &PatchParams::default(), &shift([90, 10], [0, 100])).await;
    assert!(matches!(&late, Err(Error::Api(status)) if status.code == 422), "{late:?}");
    let weights = |o: &Value| [o[0]["weight"].as_i64(), o[1]["weight"].as_i64()];
    let now = api.get("web").await.unwrap();
    assert_eq!(weights(&now.data["spec"]["rules"][0]["backendRefs"]), [Some(50), Some(50)], "all or nothing");
    let odd = Patch::Merge(json!({"spec": {"hostnames": ["Not_A_Host"]}}));
    let answer = api.patch("web", &PatchParams::default(), &odd).await;
    assert!(matches!(&answer, Err(Error::Api(status)) if status.code == 422), "{answer:?}");
    let strategic = api.patch("web", &PatchParams::default(), &Patch::Strategic(json!({"spec": {}}))).await;
    assert!(matches!(&strategic, Err(Error::Api(status)) if status.code == 415), "{strategic:?}");
}

async fn directives(w: World) {
    w.create(deployment("web", 0, "1.0")).await;
    let api = w.deployments();
    let patch = async |spec: Value| {
        let answer = api.patch("web", &PatchParams::default(), &Patch::Strategic(json!({ "spec": spec }))).await;
        answer.unwrap().data["spec"].clone()
    };
    let recreate = patch(json!({"strategy": {"$retainKeys": ["type"], "type": "Recreate"}})).await;
    assert_eq!(recreate["strategy"], json!({"type": "Recreate"}));
    let side = json!([{"name": "side", "image": format!("{IMAGE}:9.0")}]);
    let order = json!([{"name": "side"}, {"name": "web"}]);
    let two = patch(json!({"template": {"spec": {"$setElementOrder/containers": order, "containers": side}}})).await;
    let names: Vec<&Value> =
        two["template"]["spec"]["containers"].as_array().unwrap().iter().map(|c| &c["name"]).collect();
    assert_eq!(names, ["side", "web"]);
    let gone = json!([{"$patch": "delete", "name": "side"}]);
    let one = patch(json!({"template": {"spec": {"containers": gone}}})).await;
    assert_eq!(one["template"]["spec"]["containers"].as_array().map(Vec::len), Some(1));
    let all = json!([{"$patch": "replace"}, {"name": "only", "image": format!("{IMAGE}:3.0")}]);
    let only = patch(json!({"template": {"spec": {"containers": all}}})).await;
    assert_eq!(only["template"]["spec"]["containers"][0]["name"], "only");
}

async fn writers_in_a_race(w: World) {
    w.create(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "count"}, "data": {"n": "0"}})).await;
    let add = async || {
        let api = w.api("v1", "ConfigMap");
        let mut conflicts = 0;
        for _ in 0..5 {
            loop {
                let mut object = api.get("count").await.unwrap();
                let n: u32 = object.data["data"]["n"].as_str().unwrap().parse().unwrap();
                object.data["data"]["n"] = json!((n + 1).to_string());
                match api.replace("count", &PostParams::default(), &object).await {
                    Ok(_) => break,
                    Err(Error::Api(status)) if status.code == 409 => conflicts += 1,
                    Err(other) => panic!("{other}"),
                }
            }
        }
        conflicts
    };
    futures::future::join_all((0..4).map(|_| add())).await;
    assert_eq!(w.api("v1", "ConfigMap").get("count").await.unwrap().data["data"]["n"], "20");
}
