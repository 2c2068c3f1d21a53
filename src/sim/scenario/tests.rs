//! The demo as it opens, and that its seed decides it.

use super::*;
use crate::sim::{
    controllers::object::{annotation, condition, count, int, is_true, label, name, text},
    resource::resources,
};
use serde_json::Value;
use std::sync::Arc;

async fn demo(seed: u64) -> Demo {
    let clock = Clock::starting_at("2026-11-21T03:12:44Z".parse().unwrap());
    Demo::start(clock, seed).await.unwrap()
}

fn deployment(demo: &Demo, space: &str, name: &str) -> Arc<Value> {
    demo.world.store.get(&resources::DEPLOYMENTS, space, name).unwrap_or_else(|| panic!("no {space}/{name}"))
}

fn image(workload: &Value) -> &str {
    let image = text(workload, "/spec/template/spec/containers/0/image");
    image.rsplit(':').next().unwrap_or_default()
}

#[tokio::test(start_paused = true)]
async fn it_opens_settled_with_things_to_do() {
    let demo = demo(1).await;
    let store = &demo.world.store;
    for object in store.list(&resources::KUSTOMIZATIONS, None) {
        assert!(is_true(&object["status"], "Ready"), "{:#}", object["status"]);
    }
    let checkout = deployment(&demo, "shop", "checkout");
    assert_eq!(image(&checkout), "2.4.1-broken");
    assert!(count(&checkout, "/status/readyReplicas") >= 3, "{:#}", checkout["status"]);
    assert!(count(&checkout, "/status/unavailableReplicas") >= 1);
    assert_eq!(annotation(&checkout, "deployment.kubernetes.io/revision"), Some("5"));
    let sets = store.list(&resources::REPLICA_SETS, Some("shop"));
    assert_eq!(sets.iter().filter(|s| label(s, "app") == Some("checkout")).count(), 5);
    let crashing = store.list(&resources::PODS, Some("shop")).into_iter().filter(|p| {
        text(p, "/status/containerStatuses/0/image").ends_with("-broken")
            && count(p, "/status/containerStatuses/0/restartCount") >= 4
    });
    assert!(crashing.count() >= 1);
    assert_eq!(image(&deployment(&demo, "shop", "catalog")), "5.1.0");
    assert_eq!(image(&deployment(&demo, "shop-staging", "catalog")), "5.2.0");
    let ledger = deployment(&demo, "payments", "ledger");
    assert!((1..6).contains(&count(&ledger, "/status/updatedReplicas")), "{:#}", ledger["status"]);
    let search = store
        .list(&resources::PODS, Some("shop-dev"))
        .into_iter()
        .any(|p| text(&p, "/status/containerStatuses/0/state/waiting/reason") == "ImagePullBackOff");
    assert!(search);
    let route = store.get(&resources::HTTP_ROUTES, "shop", "checkout").unwrap();
    let parent = &route["status"]["parents"][0];
    assert!(is_true(parent, "Accepted") && is_true(parent, "ResolvedRefs"), "{route:#}");
    let job = store.get(&resources::JOBS, "shop", "checkout-migrate-2-4-0").unwrap();
    assert!(is_true(&job["status"], "Complete"));
    let mailer = store.get(&resources::HORIZONTAL_POD_AUTOSCALERS, "platform", "mailer").unwrap();
    assert_eq!(text(condition(&mailer["status"], "ScalingActive").unwrap(), "/reason"), "FailedGetResourceMetric");
    let reports = store.list(&resources::JOBS, Some("platform"));
    assert!(!reports.is_empty());
    assert!(reports.iter().all(|r| text(r, "/metadata/creationTimestamp").ends_with("T02:30:00Z")), "{reports:#?}");
    assert!(!store.list(&resources::EVENTS, Some("shop")).is_empty());
}

#[tokio::test(start_paused = true)]
async fn everything_else_is_healthy_and_old() {
    let demo = demo(2).await;
    let unhealthy: Vec<String> = demo
        .world
        .store
        .list(&resources::DEPLOYMENTS, None)
        .iter()
        .filter(|d| {
            count(d, "/status/unavailableReplicas") > 0 || int(d, "/status/updatedReplicas") != int(d, "/spec/replicas")
        })
        .map(|d| format!("{}/{}", text(d, "/metadata/namespace"), name(d)))
        .collect();
    for expected in ["shop/checkout", "payments/ledger", "shop-dev/search"] {
        assert!(unhealthy.contains(&expected.to_owned()), "{unhealthy:?}");
    }
    assert!(unhealthy.len() <= 4, "{unhealthy:?}");
    let db = demo.world.store.get(&resources::STATEFUL_SETS, "shop", "orders-db").unwrap();
    assert_eq!(count(&db, "/status/readyReplicas"), 3);
    assert!(text(&db, "/metadata/creationTimestamp") < "2026-11-01");
    let kube = demo.world.store.get(&resources::NAMESPACES, "", "kube-system").unwrap();
    assert!(text(&kube, "/metadata/creationTimestamp") < "2026-11-01");
}

#[tokio::test(start_paused = true)]
async fn autoscalers_breathe_and_git_repairs() {
    let demo = demo(3).await;
    let store = &demo.world.store;
    let mut sizes = std::collections::BTreeSet::new();
    for _ in 0..60 {
        tokio::time::sleep(Duration::from_secs(60)).await;
        sizes.insert(count(&deployment(&demo, "edge", "gateway"), "/spec/replicas"));
    }
    assert!(sizes.len() >= 3, "{sizes:?}");
    let stuck = deployment(&demo, "shop", "checkout");
    assert_eq!(text(condition(&stuck["status"], "Progressing").unwrap(), "/reason"), "ProgressDeadlineExceeded");
    let git = git2::Repository::open(&demo.repository).unwrap();
    let good =
        git.find_reference("refs/heads/main").unwrap().peel_to_commit().unwrap().parent(0).unwrap().parent(0).unwrap();
    git.reference("refs/heads/main", good.id(), true, "back to what worked").unwrap();
    tokio::time::sleep(Duration::from_secs(60)).await;
    let checkout = deployment(&demo, "shop", "checkout");
    assert_eq!(image(&checkout), "2.4.0");
    assert_eq!(checkout["status"]["readyReplicas"], checkout["spec"]["replicas"]);
    assert!(
        store
            .list(&resources::PODS, Some("shop"))
            .iter()
            .all(|p| !text(p, "/spec/containers/0/image").ends_with("-broken"))
    );
}

/// Everything in the store, but the name of the temporary folder.
fn everything(demo: &Demo) -> Vec<String> {
    let all = resources::ALL.iter().flat_map(|r| demo.world.store.list(r, None));
    let folder = demo.repository.display().to_string();
    all.map(|o| o.to_string().replace(&folder, "FOLDER")).collect()
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_is_the_same_world() {
    let (first, second, other) = (demo(4).await, demo(4).await, demo(5).await);
    let (a, b) = (everything(&first), everything(&second));
    assert!(a.len() > 300);
    for (left, right) in a.iter().zip(&b) {
        assert_eq!(left, right);
    }
    assert_eq!(a.len(), b.len());
    assert_ne!(a, everything(&other));
    let tip = |d: &Demo| git2::Repository::open(&d.repository).unwrap().refname_to_id("refs/heads/main").unwrap();
    assert_eq!(tip(&first), tip(&second));
}

#[tokio::test(start_paused = true)]
async fn its_folder_goes_with_it() {
    let demo = demo(6).await;
    let folder = demo.repository.clone();
    let git = git2::Repository::open(&folder).unwrap();
    let mut walk = git.revwalk().unwrap();
    walk.push_ref("refs/heads/main").unwrap();
    assert_eq!(walk.count(), 17);
    drop((git, demo));
    assert!(!folder.exists());
}
