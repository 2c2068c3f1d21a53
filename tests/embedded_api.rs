//! The embedded API server as a client sees it: a real `kube::Client`, in process.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails by panicking")]

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, pin_mut};
use http_body_util::{BodyExt, Full};
use k8s_openapi::api::{
    apps::v1::Deployment,
    core::v1::{ConfigMap, Pod},
};
use kube::{
    Api, Client, ResourceExt,
    api::{DeleteParams, ListParams, Patch, PatchParams, PostParams, WatchEvent, WatchParams},
    core::Status,
    runtime::watcher,
};
use pilothouse::{
    sim::{
        World,
        access::Rule,
        api::path::Verb,
        faults::Failure,
        resource::resources::{CONFIG_MAPS, DEPLOYMENTS, PODS},
    },
    time::Clock,
};
use rstest::rstest;
use serde_json::{Value, json};
use std::time::Duration;

fn world() -> World {
    World::empty(Clock::starting_at("2026-03-01T08:00:00Z".parse().unwrap()), 7)
}

fn client(world: &World) -> Client {
    Client::new(world.service(), "default")
}

fn config_map(name: &str) -> ConfigMap {
    serde_json::from_value(json!({ "metadata": { "name": name, "labels": { "n": name } } })).unwrap()
}

fn deployment(name: &str) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": name, "namespace": "default" },
        "spec": {
            "selector": { "matchLabels": { "app": name } },
            "template": {
                "metadata": { "labels": { "app": name } },
                "spec": { "containers": [{ "name": "app", "image": "registry.test/app:1", "env": [{ "name": "A", "value": "1" }] }] },
            },
        },
    })
}

/// A plain request; the status and the body as JSON.
async fn request(world: &World, method: &str, path: &str, content: &str, body: &Value) -> (u16, Value) {
    let bytes = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
    let request = http::Request::builder().method(method).uri(path).header("content-type", content);
    let response = world.server.trusting().handle(request.body(Full::new(bytes)).unwrap()).await;
    let code = response.status().as_u16();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (code, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
}

async fn get(world: &World, path: &str) -> (u16, Value) {
    request(world, "GET", path, "", &Value::Null).await
}

fn refusal(error: kube::Error) -> Status {
    match error {
        kube::Error::Api(status) => *status,
        other => panic!("not an answer of the API server: {other}"),
    }
}

#[tokio::test(start_paused = true)]
async fn objects_are_created_read_changed_and_deleted() {
    let world = world();
    let api: Api<Deployment> = Api::default_namespaced(client(&world));
    let made = api.create(&PostParams::default(), &serde_json::from_value(deployment("web")).unwrap()).await.unwrap();
    assert_eq!(made.spec.replicas, Some(1));
    assert_eq!(made.metadata.generation, Some(1));
    let again =
        api.create(&PostParams::default(), &serde_json::from_value(deployment("web")).unwrap()).await.unwrap_err();
    assert_eq!(refusal(again).reason, "AlreadyExists");
    let mut stale = made.clone();
    let image = json!({ "spec": { "template": { "spec": { "containers": [{ "name": "app", "image": "registry.test/app:2" }] } } } });
    let changed = api.patch("web", &PatchParams::default(), &Patch::Strategic(&image)).await.unwrap();
    let container = &changed.spec.template.spec.as_ref().unwrap().containers[0];
    assert_eq!((container.image.as_deref(), container.env.as_ref().unwrap().len()), (Some("registry.test/app:2"), 1));
    assert_eq!(changed.metadata.generation, Some(2));
    stale.spec.replicas = Some(9);
    let conflict = api.replace("web", &PostParams::default(), &stale).await.unwrap_err();
    assert_eq!(refusal(conflict).code, 409);
    assert_eq!(api.get_scale("web").await.unwrap().spec.unwrap().replicas, Some(1));
    api.delete("web", &DeleteParams::default()).await.unwrap();
    assert!(api.get_opt("web").await.unwrap().is_none());
}

#[rstest]
#[case::same_value("application/merge-patch+json", json!({ "spec": { "replicas": 1 } }), 200, Some(1))]
#[case::merge_replaces_lists("application/merge-patch+json", json!({ "spec": { "template": { "spec": { "containers": [{ "name": "app" }] } } } }), 422, None)]
#[case::test_holds("application/json-patch+json", json!([{ "op": "test", "path": "/spec/replicas", "value": 1 }, { "op": "replace", "path": "/spec/replicas", "value": 3 }]), 200, Some(2))]
#[case::test_fails("application/json-patch+json", json!([{ "op": "test", "path": "/spec/replicas", "value": 7 }]), 422, None)]
#[case::selector_is_immutable("application/merge-patch+json", json!({ "spec": { "selector": { "matchLabels": { "app": "x" } } } }), 422, None)]
#[case::stale_version("application/merge-patch+json", json!({ "metadata": { "resourceVersion": "1" }, "spec": { "replicas": 2 } }), 409, None)]
#[case::wrong_type("application/merge-patch+json", json!({ "spec": { "replicas": "2" } }), 422, None)]
#[case::unknown_media("text/plain", json!({}), 415, None)]
#[tokio::test(start_paused = true)]
async fn patches(#[case] media: &str, #[case] patch: Value, #[case] code: u16, #[case] generation: Option<i64>) {
    let world = world();
    let before = world.store.create(&DEPLOYMENTS, deployment("web")).unwrap();
    let path = "/apis/apps/v1/namespaces/default/deployments/web";
    let (dry, _) = request(&world, "PATCH", &format!("{path}?dryRun=All"), media, &patch).await;
    assert_eq!(world.store.get(&DEPLOYMENTS, "default", "web").unwrap(), before, "a dry run keeps nothing");
    let (status, body) = request(&world, "PATCH", path, media, &patch).await;
    assert_eq!((status, dry), (code, code), "{body}");
    let after = world.store.get(&DEPLOYMENTS, "default", "web").unwrap();
    assert_eq!(after["metadata"]["generation"].as_i64(), generation.or(Some(1)));
    let silent = generation.is_none_or(|g| g == 1);
    assert_eq!(after["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"], silent);
}

#[tokio::test(start_paused = true)]
async fn a_list_comes_in_pages_of_one_version_until_it_expires() {
    let world = world();
    let api: Api<ConfigMap> = Api::default_namespaced(client(&world));
    for name in ["a", "b", "c"] {
        api.create(&PostParams::default(), &config_map(name)).await.unwrap();
    }
    let first = api.list(&ListParams::default().limit(2)).await.unwrap();
    assert_eq!((first.items.len(), first.metadata.remaining_item_count), (2, Some(1)));
    let token = first.metadata.continue_.unwrap();
    api.delete("c", &DeleteParams::default()).await.unwrap();
    let second = api.list(&ListParams::default().limit(2).continue_token(&token)).await.unwrap();
    assert_eq!(
        second.items.iter().map(ResourceExt::name_any).collect::<Vec<_>>(),
        ["c"],
        "as it was at the first page"
    );
    assert_eq!(second.metadata.resource_version, first.metadata.resource_version);
    world.store.compact();
    let error = api.list(&ListParams::default().limit(2).continue_token(&token)).await.unwrap_err();
    assert_eq!(refusal(error).code, 410);
    let (_, list) = get(&world, "/api/v1/configmaps?resourceVersion=0&limit=1").await;
    assert_eq!(list["items"].as_array().unwrap().len(), 2, "version 0 knows no pages");
    assert!(list["items"][0].get("kind").is_none());
}

#[tokio::test(start_paused = true)]
async fn a_watch_tells_every_change_as_its_selection_sees_it() {
    let world = world();
    let api: Api<ConfigMap> = Api::default_namespaced(client(&world));
    let version = world.store.resource_version().to_string();
    let watch = api.watch(&WatchParams::default().labels("n=a"), &version).await.unwrap();
    pin_mut!(watch);
    api.create(&PostParams::default(), &config_map("a")).await.unwrap();
    api.create(&PostParams::default(), &config_map("b")).await.unwrap();
    let relabel = json!({ "metadata": { "labels": { "n": "z" } } });
    api.patch("a", &PatchParams::default(), &Patch::Merge(&relabel)).await.unwrap();
    let told = |event: WatchEvent<ConfigMap>| match event {
        WatchEvent::Added(o) => format!("added {} {:?}", o.name_any(), o.labels()["n"]),
        WatchEvent::Deleted(o) => format!("deleted {} {:?}", o.name_any(), o.labels()["n"]),
        other => format!("{other:?}"),
    };
    assert_eq!(told(watch.try_next().await.unwrap().unwrap()), "added a \"a\"");
    assert_eq!(told(watch.try_next().await.unwrap().unwrap()), "deleted a \"a\"", "it left with its old labels");
    world.store.compact();
    let old = api.watch(&WatchParams::default(), &version).await.unwrap();
    pin_mut!(old);
    assert!(matches!(old.try_next().await.unwrap(), Some(WatchEvent::Error(status)) if status.code == 410));
}

#[tokio::test(start_paused = true)]
async fn bookmarks_come_each_minute_and_end_the_initial_events() {
    let world = world();
    let api: Api<ConfigMap> = Api::default_namespaced(client(&world));
    api.create(&PostParams::default(), &config_map("a")).await.unwrap();
    let start = tokio::time::Instant::now();
    let watch = api.watch(&WatchParams::default().initial_events(), "0").await.unwrap();
    pin_mut!(watch);
    assert!(matches!(watch.try_next().await.unwrap(), Some(WatchEvent::Added(_))));
    let Some(WatchEvent::Bookmark(end)) = watch.try_next().await.unwrap() else { panic!("no bookmark") };
    assert_eq!(end.metadata.annotations["k8s.io/initial-events-end"], "true");
    world.store.create(&PODS, json!({ "metadata": { "name": "p", "namespace": "default" }, "spec": { "containers": [{ "name": "a", "image": "a:1" }] } })).unwrap();
    let Some(WatchEvent::Bookmark(tick)) = watch.try_next().await.unwrap() else { panic!("no bookmark") };
    assert_eq!(tick.metadata.resource_version, world.store.resource_version().to_string());
    assert_eq!(start.elapsed().as_secs(), 60, "virtual seconds");
}

#[tokio::test(start_paused = true)]
async fn kubes_own_watcher_survives_dropped_watches_and_compaction() {
    let world = world();
    let api: Api<ConfigMap> = Api::default_namespaced(client(&world));
    let watch = watcher(api.clone(), watcher::Config::default()).filter_map(|event| async move {
        match event {
            Ok(watcher::Event::Apply(o) | watcher::Event::InitApply(o)) => Some(o.name_any()),
            _ => None,
        }
    });
    pin_mut!(watch);
    api.create(&PostParams::default(), &config_map("a")).await.unwrap();
    assert_eq!(watch.next().await.unwrap(), "a");
    world.faults.drop_watches();
    api.create(&PostParams::default(), &config_map("b")).await.unwrap();
    assert_eq!(watch.next().await.unwrap(), "b");
    world.faults.drop_watches();
    api.create(&PostParams::default(), &config_map("c")).await.unwrap();
    world.store.compact();
    let mut seen = Vec::new();
    while !seen.contains(&"c".to_owned()) {
        seen.push(watch.next().await.unwrap());
    }
}

#[tokio::test(start_paused = true)]
async fn a_silenced_watch_stays_open_and_says_nothing() {
    let world = world();
    let api: Api<ConfigMap> = Api::default_namespaced(client(&world));
    let watch = api.watch(&WatchParams::default(), "0").await.unwrap();
    pin_mut!(watch);
    world.faults.silence_watches(true);
    api.create(&PostParams::default(), &config_map("a")).await.unwrap();
    assert!(tokio::time::timeout(Duration::from_secs(7200), watch.next()).await.is_err(), "not even its end");
    world.faults.silence_watches(false);
    assert!(matches!(watch.try_next().await.unwrap(), Some(WatchEvent::Added(_))));
}

#[tokio::test(start_paused = true)]
async fn rules_are_honoured_by_requests_and_reviews_alike() {
    let world = world();
    world.set_rules("dev", vec![Rule::cluster(&["get", "list"], &[""], &["pods", "pods/log"]).within("default")]);
    let api: Api<Pod> = Api::default_namespaced(Client::new(world.service_as("dev"), "default"));
    assert!(api.list(&ListParams::default()).await.is_ok());
    let error = refusal(api.delete("p", &DeleteParams::default()).await.unwrap_err());
    let wanted = "pods \"p\" is forbidden: User \"dev\" cannot delete resource \"pods\" in API group \"\" in the namespace \"default\"";
    assert_eq!((error.code, error.message.as_str()), (403, wanted));
    let everywhere: Api<Pod> = Api::all(Client::new(world.service_as("dev"), "default"));
    let error = refusal(everywhere.list(&ListParams::default()).await.unwrap_err());
    assert!(error.message.ends_with("at the cluster scope"), "{}", error.message);
    world.set_rules("dev", Vec::new());
    assert_eq!(refusal(api.list(&ListParams::default()).await.unwrap_err()).code, 403, "forbidden midway");
}

#[tokio::test(start_paused = true)]
async fn tokens_expire() {
    let world = world();
    let now = world.store.clock().now();
    world.access.set_token("t", "dev", Some(now + jiff::SignedDuration::from_secs(60)));
    let list = |token: &'static str| {
        let server = world.server.clone();
        async move {
            let request = http::Request::get("/api/v1/pods").header("authorization", format!("Bearer {token}"));
            server.handle(request.body(Full::new(Bytes::new())).unwrap()).await.status().as_u16()
        }
    };
    assert_eq!((list("t").await, list("wrong").await), (200, 401));
    tokio::time::advance(Duration::from_secs(61)).await;
    assert_eq!(list("t").await, 401);
    let anonymous = http::Request::get("/api/v1/pods").body(Full::new(Bytes::new())).unwrap();
    assert_eq!(world.server.handle(anonymous).await.status().as_u16(), 403);
}

#[tokio::test(start_paused = true)]
async fn planned_faults_strike_and_then_are_over() {
    let world = world();
    let api: Api<ConfigMap> = Api::default_namespaced(client(&world));
    world.faults.fail_next(1, Some(Verb::Create), Some(&CONFIG_MAPS), Failure::timeout_after_applying());
    let error = refusal(api.create(&PostParams::default(), &config_map("a")).await.unwrap_err());
    assert_eq!(error.code, 504);
    assert!(world.store.get(&CONFIG_MAPS, "default", "a").is_some(), "it was made all the same");
    world.faults.fail_next(1, Some(Verb::Create), Some(&CONFIG_MAPS), Failure::conflict());
    assert_eq!(refusal(api.create(&PostParams::default(), &config_map("b")).await.unwrap_err()).code, 409);
    assert!(world.store.get(&CONFIG_MAPS, "default", "b").is_none());
    assert!(api.create(&PostParams::default(), &config_map("b")).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn evictions_respect_budgets() {
    let world = world();
    let pod = json!({
        "metadata": { "name": "p", "namespace": "default", "labels": { "app": "web" } },
        "spec": { "nodeName": "n", "containers": [{ "name": "a", "image": "a:1" }] },
    });
    world.store.create(&PODS, pod).unwrap();
    let ready = json!({ "status": { "phase": "Running", "conditions": [{ "type": "Ready", "status": "True" }] } });
    let path = "/api/v1/namespaces/default/pods/p";
    assert_eq!(
        request(&world, "PATCH", &format!("{path}/status"), "application/merge-patch+json", &ready).await.0,
        200
    );
    let budget = json!({ "metadata": { "name": "web" }, "spec": { "minAvailable": 1, "selector": { "matchLabels": { "app": "web" } } } });
    let budgets = "/apis/policy/v1/namespaces/default/poddisruptionbudgets";
    assert_eq!(request(&world, "POST", budgets, "application/json", &budget).await.0, 201);
    let eviction = json!({ "apiVersion": "policy/v1", "kind": "Eviction", "metadata": { "name": "p" } });
    let (code, body) = request(&world, "POST", &format!("{path}/eviction"), "application/json", &eviction).await;
    assert_eq!((code, body["details"]["causes"][0]["reason"].as_str()), (429, Some("DisruptionBudget")));
    assert_eq!(request(&world, "DELETE", &format!("{budgets}/web"), "", &Value::Null).await.0, 200);
    assert_eq!(request(&world, "POST", &format!("{path}/eviction"), "application/json", &eviction).await.0, 201);
    let left = world.store.get(&PODS, "default", "p").unwrap();
    assert_eq!(left["metadata"]["deletionGracePeriodSeconds"], 30, "a scheduled pod gets its grace");
}

#[tokio::test(start_paused = true)]
async fn a_followed_log_ends_with_its_container() {
    let world = world();
    let pod = json!({ "metadata": { "name": "p", "namespace": "default" }, "spec": { "nodeName": "n", "containers": [{ "name": "a", "image": "a:1" }] } });
    world.store.create(&PODS, pod).unwrap();
    let (code, body) = get(&world, "/api/v1/namespaces/default/pods/p/log").await;
    assert_eq!(
        (code, body["message"].as_str()),
        (400, Some("container \"a\" in pod \"p\" is waiting to start: ContainerCreating"))
    );
    world.store.append_log("default", "p", "a", "one".into());
    world.store.append_log("default", "p", "a", "two".into());
    let request = http::Request::get("/api/v1/namespaces/default/pods/p/log?follow=true&tailLines=1")
        .body(Full::new(Bytes::new()))
        .unwrap();
    let response = world.server.trusting().handle(request).await;
    let rest = tokio::spawn(async move { response.into_body().collect().await.unwrap().to_bytes() });
    tokio::task::yield_now().await;
    world.store.append_log("default", "p", "a", "three".into());
    let ended = json!({ "status": { "phase": "Succeeded" } });
    request_ended(&world, &ended).await;
    assert_eq!(rest.await.unwrap(), "two\nthree\n");
}

async fn request_ended(world: &World, status: &Value) {
    let path = "/api/v1/namespaces/default/pods/p/status";
    assert_eq!(request(world, "PATCH", path, "application/merge-patch+json", status).await.0, 200);
}

#[tokio::test(start_paused = true)]
async fn server_side_apply_owns_what_it_said_and_lets_go_of_the_rest() {
    let world = world();
    let path = "/apis/apps/v1/namespaces/default/deployments/web";
    let apply = |manager: &str, force: bool, labels: Value, image: &str| {
        let mut wanted = deployment("web");
        wanted["metadata"]["labels"] = labels;
        wanted["spec"]["template"]["spec"]["containers"][0]["image"] = json!(image);
        let path = format!("{path}?fieldManager={manager}&force={force}");
        let world = world.clone();
        async move { request(&world, "PATCH", &path, "application/apply-patch+yaml", &wanted).await }
    };
    assert_eq!(apply("one", false, json!({ "x": "1", "y": "1" }), "a:1").await.0, 201);
    let (code, first) = apply("one", false, json!({ "x": "1" }), "a:1").await;
    assert_eq!((code, &first["metadata"]["labels"]), (200, &json!({ "x": "1" })));
    let (_, same) = apply("one", false, json!({ "x": "1" }), "a:1").await;
    assert_eq!(same["metadata"]["resourceVersion"], first["metadata"]["resourceVersion"]);
    let (code, refused) = apply("two", false, json!({}), "a:2").await;
    assert_eq!(code, 409, "{refused}");
    assert!(refused["message"].as_str().unwrap().contains("conflict with \"one\""), "{refused}");
    let (code, taken) = apply("two", true, json!({}), "a:2").await;
    assert_eq!((code, &taken["spec"]["template"]["spec"]["containers"][0]["image"]), (200, &json!("a:2")));
    assert_eq!(taken["metadata"]["labels"], json!({ "x": "1" }), "the other manager still wants it");
}

#[tokio::test(start_paused = true)]
async fn strict_validation_refuses_what_a_warning_would_tell() {
    let world = world();
    let mut object = deployment("web");
    object["spec"]["replica"] = json!(2);
    let path = "/apis/apps/v1/namespaces/default/deployments";
    let (code, body) =
        request(&world, "POST", &format!("{path}?fieldValidation=Strict"), "application/json", &object).await;
    assert_eq!(code, 400);
    assert!(
        body["message"].as_str().unwrap().ends_with("strict decoding error: unknown field \"spec.replica\""),
        "{body}"
    );
    let (code, body) = request(&world, "POST", path, "application/json", &object).await;
    assert_eq!((code, body["spec"].get("replica")), (201, None));
}

#[tokio::test(start_paused = true)]
async fn a_terminating_namespace_takes_nothing_new() {
    let world = world();
    let create = |name: &str| json!({ "metadata": { "name": name } });
    assert_eq!(request(&world, "POST", "/api/v1/namespaces", "application/json", &create("shop")).await.0, 201);
    let maps = "/api/v1/namespaces/shop/configmaps";
    assert_eq!(request(&world, "POST", maps, "application/json", &create("a")).await.0, 201);
    let (_, gone) = request(&world, "DELETE", "/api/v1/namespaces/shop", "", &Value::Null).await;
    assert_eq!(gone["status"]["phase"], "Terminating");
    assert_eq!(request(&world, "POST", maps, "application/json", &create("b")).await.0, 403);
    assert_eq!(
        request(&world, "POST", "/api/v1/namespaces/none/configmaps", "application/json", &create("b")).await.0,
        404
    );
}
