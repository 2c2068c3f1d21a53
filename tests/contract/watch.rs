//! Watches: what they send, in which order, and how they end.

use crate::world::{Behaviour, World};
use futures::{FutureExt, StreamExt, TryStreamExt};
use kube::{
    api::{ListParams, Patch, PatchParams, WatchEvent, WatchParams},
    core::DynamicObject,
};
use serde_json::json;

pub const ALL: &[(&str, Behaviour)] = &[
    ("watch::changes_arrive_in_order", |w| changes_arrive_in_order(w).boxed_local()),
    ("watch::leaving_the_selection_is_a_deletion", |w| leaving_the_selection(w).boxed_local()),
    ("watch::a_streamed_list_ends_with_a_bookmark", |w| a_streamed_list(w).boxed_local()),
    ("watch::the_server_ends_a_watch_at_its_timeout", |w| the_server_ends_a_watch(w).boxed_local()),
];

fn config_map(name: &str, tier: &str) -> serde_json::Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "labels": {"tier": tier}}})
}

fn describe(event: &WatchEvent<DynamicObject>) -> String {
    let name = |o: &DynamicObject| o.metadata.name.clone().unwrap_or_default();
    match event {
        WatchEvent::Added(o) => format!("added {}", name(o)),
        WatchEvent::Modified(o) => format!("modified {}", name(o)),
        WatchEvent::Deleted(o) => {
            format!("deleted {} {}", name(o), o.metadata.labels.as_ref().map_or("", |l| &l["tier"]))
        }
        WatchEvent::Bookmark(b) => format!("bookmark {:?}", b.metadata.annotations.keys().collect::<Vec<_>>()),
        WatchEvent::Error(status) => format!("error {}", status.code),
    }
}

async fn changes_arrive_in_order(w: World) {
    let api = w.api("v1", "ConfigMap");
    let version = api.list(&ListParams::default()).await.unwrap().metadata.resource_version.unwrap();
    let params = WatchParams::default().labels("tier").timeout(20);
    w.create(config_map("one", "a")).await;
    api.patch("one", &PatchParams::default(), &Patch::Merge(json!({"data": {"k": "v"}}))).await.unwrap();
    w.create(config_map("two", "a")).await;
    api.delete("one", &Default::default()).await.unwrap();
    let events: Vec<_> = api.watch(&params, &version).await.unwrap().take(4).try_collect().await.unwrap();
    let seen: Vec<String> = events.iter().map(describe).collect();
    assert_eq!(seen, ["added one", "modified one", "added two", "deleted one a"]);
    let versions: Vec<u64> = events
        .iter()
        .filter_map(|e| match e {
            WatchEvent::Added(o) | WatchEvent::Modified(o) | WatchEvent::Deleted(o) => {
                o.metadata.resource_version.as_ref()?.parse().ok()
            }
            _ => None,
        })
        .collect();
    assert!(versions.is_sorted() && versions.len() == 4, "{versions:?}");
}

async fn leaving_the_selection(w: World) {
    let api = w.api("v1", "ConfigMap");
    let version = api.list(&ListParams::default()).await.unwrap().metadata.resource_version.unwrap();
    w.create(config_map("one", "a")).await;
    api.patch("one", &PatchParams::default(), &Patch::Merge(json!({"metadata": {"labels": {"tier": "b"}}})))
        .await
        .unwrap();
    let params = WatchParams::default().labels("tier=a").timeout(20);
    let events: Vec<_> = api.watch(&params, &version).await.unwrap().take(2).try_collect().await.unwrap();
    assert_eq!(events.iter().map(describe).collect::<Vec<_>>(), ["added one", "deleted one a"], "with its old labels");
    assert!(api.get_opt("one").await.unwrap().is_some(), "though it lives");
}

async fn a_streamed_list(w: World) {
    w.create(config_map("one", "a")).await;
    w.create(config_map("two", "a")).await;
    let params = WatchParams::default().labels("tier").timeout(20).initial_events();
    let api = w.api("v1", "ConfigMap");
    // "0" would be content with a cache that has not heard of the second one yet.
    let version = api.list(&ListParams::default()).await.unwrap().metadata.resource_version.unwrap();
    let events: Vec<_> = api.watch(&params, &version).await.unwrap().take(3).try_collect().await.unwrap();
    let mut seen: Vec<String> = events.iter().map(describe).collect();
    seen[..2].sort();
    assert_eq!(seen, ["added one", "added two", "bookmark [\"k8s.io/initial-events-end\"]"]);
}

async fn the_server_ends_a_watch(w: World) {
    let api = w.api("v1", "Secret");
    let version = api.list(&ListParams::default()).await.unwrap().metadata.resource_version.unwrap();
    let events: Vec<_> =
        api.watch(&WatchParams::default().timeout(1), &version).await.unwrap().try_collect().await.unwrap();
    assert!(events.iter().all(|e| matches!(e, WatchEvent::Bookmark(_))), "{events:?}");
}
