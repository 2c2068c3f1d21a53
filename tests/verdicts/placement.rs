//! Where pods cannot go: too little room, no such node, claims that are not bound.

use crate::{
    observed::{verdict, with_container, with_spec},
    world::{Behaviour, World, resource},
};
use futures::FutureExt;
use kube::{
    Api,
    api::{DeleteParams, DynamicObject, PostParams},
};
use pilothouse::model::{BlockerKind, Health, Kind};
use serde_json::json;

pub const ALL: &[(&str, Behaviour)] = &[
    ("placement::no_node_has_enough_cpu", |w| no_cpu(w).boxed_local()),
    ("placement::no_node_has_the_label", |w| no_label(w).boxed_local()),
    ("placement::a_claim_without_its_storage_class", |w| unbound(w).boxed_local()),
    ("placement::a_claim_that_does_not_exist", |w| no_claim(w).boxed_local()),
];

/// What only a real scheduler does: wait without a word, leave pods to others, take part in binding.
pub const REAL: &[(&str, Behaviour)] = &[
    ("placement::a_volume_that_is_made_for_its_first_consumer", |w| first_consumer(w).boxed_local()),
    ("placement::a_scheduler_that_does_not_run", |w| no_scheduler(w).boxed_local()),
    ("placement::a_resource_claim_that_does_not_exist", |w| no_resource(w).boxed_local()),
];

async fn first_consumer(w: World) {
    let class = format!("late-{}", w.namespace);
    let object = json!({"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": class},
        "provisioner": "csi.example.com", "volumeBindingMode": "WaitForFirstConsumer"});
    let mut resource = resource("storage.k8s.io/v1", "StorageClass");
    resource.plural = "storageclasses".into();
    let classes: Api<DynamicObject> = Api::all_with(w.client.clone(), &resource);
    classes.create(&PostParams::default(), &serde_json::from_value(object).unwrap()).await.unwrap();
    w.create(json!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": class, "resources": {"requests": {"storage": "1Gi"}}},
    }))
    .await;
    let volumes = json!([{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]);
    w.create(with_spec("web", 1, "1.0", json!({ "volumes": volumes }))).await;
    let words = format!(
        "claim data is not bound (storage class {class}): provisioner csi.example.com has not made a volume for it, does it run?"
    );
    verdict(&w, Kind::Deployment, "web", &words).await;
    classes.delete(&class, &DeleteParams::default()).await.unwrap();
}

async fn no_scheduler(w: World) {
    w.create(with_spec("web", 1, "1.0", json!({"schedulerName": "batch"}))).await;
    let words = "unschedulable: scheduler batch has not looked at the pods, does it run?";
    verdict(&w, Kind::Deployment, "web", words).await;
}

async fn no_resource(w: World) {
    let claims = json!([{"name": "gpu", "resourceClaimName": "shared-gpu"}]);
    w.create(with_spec("web", 1, "1.0", json!({ "resourceClaims": claims }))).await;
    let words = "unschedulable: waits for its ResourceClaim shared-gpu, does it exist?";
    verdict(&w, Kind::Deployment, "web", words).await;
}

async fn no_cpu(w: World) {
    let requests = json!({"resources": {"requests": {"cpu": "5000"}}});
    w.create(with_container("web", 2, "1.0", requests)).await;
    let words = "unschedulable: all 3 nodes lack cpu (the pod asks for 5k) (both pods";
    let found = verdict(&w, Kind::Deployment, "web", words).await;
    assert_eq!((found.health, found.blocker.unwrap().kind()), (Health::Broken, BlockerKind::Unschedulable));
}

async fn no_label(w: World) {
    w.create(with_spec("web", 1, "1.0", json!({"nodeSelector": {"verdict.example/disk": "ssd"}}))).await;
    let words = "unschedulable: no node matches its node selector (verdict.example/disk=ssd)";
    verdict(&w, Kind::Deployment, "web", words).await;
}

async fn unbound(w: World) {
    w.create(json!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "fast", "resources": {"requests": {"storage": "1Gi"}}},
    }))
    .await;
    let volumes = json!([{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]);
    w.create(with_spec("web", 1, "1.0", json!({ "volumes": volumes }))).await;
    let words = "claim data is not bound (storage class fast): storageclass.storage.k8s.io \"fast\" not found";
    let found = verdict(&w, Kind::Deployment, "web", words).await;
    assert_eq!(found.blocker.unwrap().kind(), BlockerKind::Claim);
}

async fn no_claim(w: World) {
    let volumes = json!([{"name": "data", "persistentVolumeClaim": {"claimName": "nobody-made-it"}}]);
    w.create(with_spec("web", 1, "1.0", json!({ "volumes": volumes }))).await;
    let words = "PersistentVolumeClaim nobody-made-it does not exist, and the pods need it";
    verdict(&w, Kind::Deployment, "web", words).await;
}
