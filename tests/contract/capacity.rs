//! What is used and who has the cluster: usage that the metrics API samples, an autoscaler that scales on it, nodes with their
//! conditions, and the reservation of a cluster, in both worlds.

use crate::world::{Behaviour, World, deployment};
use futures::FutureExt;
use kube::api::{DeleteParams, Patch, PatchParams};
use pilothouse::{
    connect::kube::{Cluster, ContextInfo},
    model::{Health, Kind, Node, ObjectRef, Readiness, Rows},
    observe::{self, Scope, look},
    operate::{Mode, RefusalKind, ReserveError, Wish, reserve, reserved},
};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::sync::mpsc;

/// Behaviours that need a metrics API: `capacity::measured` in their names.
pub const ALL: &[(&str, Behaviour)] = &[
    ("capacity::measured_usage_beside_requests_and_limits", |w| usage_beside_requests(w).boxed_local()),
    ("capacity::measured_usage_is_what_an_autoscaler_scales_on", |w| autoscaler_scales(w).boxed_local()),
    ("capacity::measured_nodes_are_seen_once_somebody_wants_to", |w| nodes_are_seen(w).boxed_local()),
    ("capacity::a_cluster_is_reserved_by_one_at_a_time", |w| reserved_by_one(w).boxed_local()),
];

fn cluster(w: &World) -> Cluster {
    let info = ContextInfo {
        name: "contract".into(),
        server: "https://cluster.example".into(),
        namespace: w.namespace.clone(),
        user: "me".into(),
        loopback: true,
    };
    Cluster::in_process(w.client.clone(), info, w.clock.clone())
}

/// Pods that each use 400m of the 500m and 480Mi of the 256Mi that they asked for, of 512Mi at most.
fn busy(replicas: u32) -> Value {
    let mut object = deployment("web", replicas, "1.0");
    let template = &mut object["spec"]["template"];
    template["metadata"]["labels"]["pilothouse.test/cpu"] = "400m".into();
    template["metadata"]["labels"]["pilothouse.test/memory"] = "480Mi".into();
    template["spec"]["containers"][0]["resources"] =
        json!({"requests": {"cpu": "500m", "memory": "256Mi"}, "limits": {"memory": "512Mi"}});
    object
}

fn autoscaler(percent: u32, max: u32) -> Value {
    json!({
        "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "web"},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}, "minReplicas": 2, "maxReplicas": max,
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": percent}}}],
        },
    })
}

/// Waits until the autoscaler has read what the pods use: then everybody can.
async fn measured(w: &World) -> Value {
    w.until("autoscaling/v2", "HorizontalPodAutoscaler", "web", "measured", |o| {
        let current = &o["status"]["currentMetrics"][0]["resource"]["current"];
        current["averageUtilization"].as_i64().is_some_and(|percent| (79..=81).contains(&percent))
    })
    .await
}

async fn usage_beside_requests(w: World) {
    let target = ObjectRef::new(Kind::Deployment, w.namespace.as_str(), "web");
    w.create(busy(2)).await;
    let fresh = look::usage(&cluster(&w), &target).await.unwrap().expect("the metrics API is served");
    assert_eq!(fresh.0.len(), 0, "what has just been created has no sample, which is not zero");
    w.rolled_out("web").await;
    w.create(autoscaler(80, 2)).await;
    measured(&w).await;
    let pods = look::pods(&cluster(&w), &target).await.unwrap();
    let usages = look::usage(&cluster(&w), &target).await.unwrap().unwrap();
    let total = usages.total(&pods);
    assert_eq!((total.sampled, total.running), (2, 2));
    assert_eq!((total.requests.cpu, total.limits.cpu), (Some(1000), None), "no limit is not a limit of nothing");
    assert_eq!((total.used.memory, total.limits.memory), (Some(960 << 20), Some(1024 << 20)));
    assert!((790..=810).contains(&total.used.cpu.unwrap()), "{total:?}");
    let warnings = usages.warnings(&pods);
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(warnings[0].ends_with(": memory 480Mi of 512Mi, 93 % of the limit, killed at 100 %"), "{warnings:?}");
    assert_eq!(pods.by_quality(), ["Burstable (evicted early once it uses more than it requested)"]);
    let missing = ObjectRef::new(Kind::Deployment, w.namespace.as_str(), "nobody");
    assert!(look::usage(&cluster(&w), &missing).await.is_err());
}

async fn autoscaler_scales(w: World) {
    w.create(busy(2)).await;
    w.rolled_out("web").await;
    w.create(autoscaler(40, 3)).await;
    measured(&w).await;
    w.until("apps/v1", "Deployment", "web", "scaled up", |o| o["spec"]["replicas"] == 3).await;
}

async fn nodes_are_seen(w: World) {
    let (sender, mut batches) = mpsc::channel(64);
    let watches = observe::watch(&cluster(&w), Scope::Namespaces(vec![w.namespace.clone()]), 1, sender);
    watches.want(Kind::Node);
    let mut rows = Rows::default();
    let measured = |rows: &Rows| {
        let sampled =
            |node: &Node| rows.capacity.as_ref().is_some_and(|capacity| capacity.of(&node.object.name).is_some());
        rows.nodes.len() >= 3 && rows.nodes.iter().all(sampled)
    };
    let waiting = async {
        while !measured(&rows) {
            watches.sample();
            let batch = batches.recv().await.expect("the watches go on");
            rows.apply(batch, w.clock.now());
        }
    };
    tokio::time::timeout(Duration::from_secs(90), waiting).await.expect("nodes with a sample each");
    for node in rows.nodes.iter() {
        assert_eq!((node.readiness, node.pressed.len()), (Readiness::Ready, 0), "{node:?}");
        let (used, all) = (rows.capacity.as_ref().unwrap().of(&node.object.name).unwrap(), node.allocatable);
        assert!(used.cpu < all.cpu && used.memory < all.memory, "{used:?} of {all:?}");
    }
    let told = rows.roll_up();
    let size =
        told.iter().find(|(_, sentence)| sentence.contains(" nodes ready, cpu ")).expect("a sentence of its size");
    assert!(size.0 == Health::Healthy && size.1.contains(" %)"), "{told:?}");
}

async fn reserved_by_one(w: World) {
    let cluster = cluster(&w);
    let open = Mode { read_only: false, protected: true };
    let hold = |seconds| Wish::Hold { seconds, why: Some("load test".into()) };
    let closed = reserve(&hold(60), "ana@desk", Mode { read_only: true, protected: false }, &cluster, false).await;
    assert!(matches!(closed, Err(ReserveError::Refused(refused)) if refused.kind == RefusalKind::ReadOnly));
    let tried = reserve(&hold(60), "ana@desk", open, &cluster, true).await.unwrap();
    assert_eq!((&*tried.now.unwrap().holder, reserved(&cluster).await.unwrap()), ("ana@desk", None), "a dry run");

    let taken = reserve(&hold(7200), "ana@desk", open, &cluster, false).await.unwrap().now.unwrap();
    let now = w.clock.now();
    assert!(taken.stands(now) && taken.concerns("ben@laptop", now) && !taken.concerns("ana@desk", now));
    let ReserveError::Held(held, _) = reserve(&hold(60), "ben@laptop", open, &cluster, false).await.unwrap_err() else {
        panic!("it is held by somebody else");
    };
    assert_eq!((&*held.holder, held.until), ("ana@desk", taken.until));
    assert!(matches!(reserve(&Wish::Release, "ben@laptop", open, &cluster, false).await, Err(ReserveError::Held(..))));
    let prolonged = Wish::Hold { seconds: 9000, why: None };
    let prolonged = reserve(&prolonged, "ana@desk", open, &cluster, false).await.unwrap().now.unwrap();
    assert_eq!((prolonged.since, prolonged.reason.as_deref()), (taken.since, Some("load test")));
    assert!(prolonged.until > taken.until);

    // Its time is over: it has ended by itself, and whoever comes next may have it.
    let past = json!({"spec": {"renewTime": "2026-01-01T00:00:00.000000Z", "leaseDurationSeconds": 60}});
    let leases = kube::Api::<kube::api::DynamicObject>::namespaced_with(
        w.client.clone(),
        "default",
        &crate::world::resource("coordination.k8s.io/v1", "Lease"),
    );
    leases.patch("pilothouse-reservation", &PatchParams::default(), &Patch::Merge(past)).await.unwrap();
    let other = reserve(&hold(60), "ben@laptop", open, &cluster, false).await.unwrap();
    assert_eq!((&*other.now.unwrap().holder, &*other.before.unwrap().holder), ("ben@laptop", "ana@desk"));
    reserve(&Wish::Release, "ben@laptop", open, &cluster, false).await.unwrap();
    assert_eq!(reserved(&cluster).await.unwrap(), None);
    leases.delete("pilothouse-reservation", &DeleteParams::default()).await.unwrap();
}
