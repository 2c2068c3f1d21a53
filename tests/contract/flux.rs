//! Flux: what its controllers write, what they leave alone when they are told to, and how Pilothouse reads them.

use crate::{
    argo::cluster,
    fleet::{FILE, Fleet, KUSTOMIZE, image},
    world::{Behaviour, IMAGE, World},
};
use futures::FutureExt;
use kube::api::{Patch, PatchParams};
use pilothouse::{
    model::{Intent, Kind, ObjectRef, Owner, OwnerKind, Sync},
    observe::{self, Scope, look},
};
use serde_json::{Value, json};
use std::collections::HashMap;

pub const ALL: &[(&str, Behaviour)] = &[
    ("flux::a_kustomization_owns_what_it_applies", |w| a_kustomization_owns(w).boxed_local()),
    ("flux::what_a_hand_writes_is_reverted_unless_it_says_disabled", |w| a_hand_is_reverted(w).boxed_local()),
    ("flux::commits_and_syncs_of_every_container_are_told", |w| commits_and_syncs(w).boxed_local()),
    ("flux::a_build_that_fails_is_told_with_its_revision", |w| a_build_that_fails(w).boxed_local()),
    ("flux::the_same_content_again_is_a_new_sync", |w| the_same_content_again(w).boxed_local()),
];

/// What only Flux's own helm-controller does.
pub const REAL: &[(&str, Behaviour)] =
    &[("flux::a_release_owns_and_tells_its_history", |w| a_release(w).boxed_local())];

const RECONCILE: &str = "kustomize.toolkit.fluxcd.io/reconcile";

fn web(w: &World) -> ObjectRef {
    ObjectRef::new(Kind::Deployment, w.namespace.as_str(), "web")
}

fn shop(w: &World) -> Owner {
    Owner { kind: OwnerKind::Kustomization, namespace: w.namespace.as_str().into(), name: "shop".into() }
}

fn looking(w: &World, cache: &tempfile::TempDir) -> observe::World {
    observe::World {
        cluster: cluster(w),
        git_cache: cache.path().to_owned(),
        actor: "ana@desk".into(),
        proven: HashMap::new(),
        chosen: HashMap::new(),
        repository: None,
    }
}

async fn now(w: &World) -> Value {
    serde_json::to_value(w.deployments().get("web").await.unwrap()).unwrap()
}

async fn a_kustomization_owns(w: World) {
    let fleet = Fleet::new(&w).await;
    let kustomization = fleet.reconcile(&w).await;
    let revision = format!("main@sha1:{}", fleet.tip());
    let status = &kustomization["status"];
    assert_eq!(
        (&status["lastAppliedRevision"], &status["lastAttemptedRevision"]),
        (&json!(revision), &json!(revision))
    );
    assert_eq!(
        status["inventory"]["entries"],
        json!([{"id": format!("{}_web_apps_Deployment", w.namespace), "v": "v1"}])
    );
    assert_eq!(status["history"][0]["metadata"]["revision"], revision);
    let rows = observe::snapshot(&cluster(&w), &Scope::Namespaces(vec![w.namespace.clone()])).await.unwrap();
    assert!(matches!(rows.sync_of(Kind::Deployment), Sync::Live { .. }));
    assert_eq!(rows.workloads.get(&web(&w)).unwrap().owner, Some(shop(&w)));
    let cache = tempfile::tempdir().unwrap();
    let intent = Intent::Rollback { target: web(&w), revision: None };
    let facts = observe::gather(&looking(&w, &cache), &intent).await.unwrap();
    let common = facts.common();
    assert_eq!((common.owner.clone(), common.owner_interval, common.owner_suspended), (Some(shop(&w)), Some(2), false));
}

async fn a_hand_is_reverted(w: World) {
    let fleet = Fleet::new(&w).await;
    let hand = |tag: &str| json!({"spec": {"template": {"spec": {"containers": [{"name": "web", "image": format!("{IMAGE}:{tag}")}]}}}});
    let params = PatchParams { field_manager: Some("pilothouse".into()), ..PatchParams::default() };
    w.deployments().patch("web", &params, &Patch::Strategic(hand("2.0"))).await.unwrap();
    w.until("apps/v1", "Deployment", "web", "put back", |o| image(o).ends_with(":1.0")).await;
    for place in ["labels", "annotations"] {
        let mark = |value: Value| Patch::Merge(json!({"metadata": {place: {RECONCILE: value}}}));
        w.deployments().patch("web", &params, &mark("disabled".into())).await.unwrap();
        w.deployments().patch("web", &params, &Patch::Strategic(hand("2.0"))).await.unwrap();
        fleet.reconcile(&w).await;
        let held = now(&w).await;
        assert!(image(&held).ends_with(":2.0"), "by {place}: {held}");
        assert_eq!(held["metadata"][place][RECONCILE], "disabled", "what Flux did not write, it does not take away");
        w.deployments().patch("web", &params, &mark(Value::Null)).await.unwrap();
        w.until("apps/v1", "Deployment", "web", "put back", |o| image(o).ends_with(":1.0")).await;
    }
    // A ReplicaSet keeps the annotations that its Deployment once had, and would give them back; labels it does not.
    w.until("apps/v1", "Deployment", "web", "settled", crate::world::complete).await;
    let kept = w.list("apps/v1", "ReplicaSet").await;
    assert!(kept.iter().any(|set| set["metadata"]["annotations"][RECONCILE] == "disabled"), "{kept:?}");
    assert!(kept.iter().all(|set| set["metadata"]["labels"][RECONCILE].is_null()), "{kept:?}");
}

async fn commits_and_syncs(w: World) {
    let fleet = Fleet::new(&w).await;
    fleet.tag("2.0", "Web 2.0");
    fleet.applied(&w).await;
    w.until("apps/v1", "Deployment", "web", "out", |o| image(o).ends_with(":2.0") && crate::world::complete(o)).await;
    let cache = tempfile::tempdir().unwrap();
    let origin = look::origin(&looking(&w, &cache), &web(&w), None).await.unwrap();
    assert_eq!(origin.found, format!("GitRepository {}/fleet", w.namespace));
    assert_eq!((origin.branch.as_str(), &origin.tip, origin.unplaced.len()), ("main", &fleet.tip(), 0));
    let told: Vec<_> = origin.places.iter().map(|p| (p.container.as_str(), p.place.clone(), p.commits.len())).collect();
    assert_eq!(told, [("proxy", format!("{FILE}:6"), 1), ("web", format!("{FILE}:4"), 2)]);
    assert_eq!(origin.places[1].commits[0].subject, "Web 2.0");

    let synced = look::reconciliations(&cluster(&w), &shop(&w)).await.unwrap();
    let of = |sha: &str| synced.iter().find(|done| done.revision.as_deref() == Some(&*format!("main@sha1:{sha}")));
    assert!(of(&fleet.tip()).is_some_and(|done| done.succeeded), "{synced:?}");
}

async fn a_build_that_fails(w: World) {
    let fleet = Fleet::new(&w).await;
    let good = fleet.tip();
    fleet.commit(FILE, "resources: [nowhere.yaml]\n", "Oops");
    let failed = w
        .until(KUSTOMIZE, "Kustomization", "shop", "failing", |o| {
            let ready = o["status"]["conditions"].as_array().into_iter().flatten().find(|c| c["type"] == "Ready");
            ready.is_some_and(|ready| ready["status"] == "False" && ready["reason"] == "BuildFailed")
        })
        .await;
    assert_eq!(failed["status"]["lastAppliedRevision"], format!("main@sha1:{good}"));
    assert_eq!(failed["status"]["lastAttemptedRevision"], format!("main@sha1:{}", fleet.tip()));
    let told = look::reconciliations(&cluster(&w), &shop(&w)).await.unwrap();
    let bad = told.iter().find(|done| !done.succeeded).expect("the failure is told");
    assert_eq!(bad.revision, Some(format!("main@sha1:{}", fleet.tip())));
    assert!(bad.message.contains("kustomize build failed") && bad.message.contains("nowhere.yaml"), "{}", bad.message);
}

async fn the_same_content_again(w: World) {
    let fleet = Fleet::new(&w).await;
    fleet.tag("2.0", "Web 2.0");
    fleet.applied(&w).await;
    fleet.tag("1.0", "Back to 1.0");
    let back = fleet.applied(&w).await;
    let entry = &back["status"]["history"][0];
    let revision = format!("main@sha1:{}", fleet.tip());
    assert_eq!(entry["metadata"]["revision"], revision, "{}", back["status"]["history"]);
    assert!(entry["totalReconciliations"].as_u64() > Some(1) && entry["firstReconciled"] != entry["lastReconciled"]);
    let told = look::reconciliations(&cluster(&w), &shop(&w)).await.unwrap();
    let of = |revision: &str| told.iter().find(|done| done.revision.as_deref() == Some(revision)).map(|done| done.at);
    let first: jiff::Timestamp = entry["firstReconciled"].as_str().unwrap().parse().unwrap();
    assert!(
        of(&revision).unwrap() > first,
        "when the old content was applied first is not when this commit was: {told:?}"
    );
}

async fn a_release(w: World) {
    let fleet = Fleet::new(&w).await;
    fleet.release(&w, "1.0").await;
    let object = w.until("apps/v1", "Deployment", "sold", "installed", crate::world::complete).await;
    let owner = Owner { kind: OwnerKind::HelmRelease, namespace: w.namespace.as_str().into(), name: "sold".into() };
    assert_eq!(pilothouse::formats::owner::owner(&object), Some(owner.clone()));
    fleet.release(&w, "2.0").await;
    w.until("apps/v1", "Deployment", "sold", "upgraded", |o| image(o).ends_with(":2.0")).await;
    w.until(crate::fleet::HELM, "HelmRelease", "sold", "told", |o| o["status"]["history"][0]["version"] == 2).await;
    let told = look::reconciliations(&cluster(&w), &owner).await.unwrap();
    let releases: Vec<_> = told.iter().filter(|done| done.message.starts_with("release ")).collect();
    assert!(releases.iter().any(|done| done.message == "release 2: deployed" && done.succeeded), "{told:?}");
    assert!(releases.iter().any(|done| done.message == "release 1: superseded"), "{told:?}");
}
