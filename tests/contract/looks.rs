//! What is seen of one workload from each side, in both worlds: the same look at the embedded cluster and at a real one.

use crate::world::{Behaviour, World, deployment, image};
use futures::FutureExt;
use kube::api::{Patch, PatchParams};
use pilothouse::{
    connect::kube::{Cluster, ContextInfo},
    model::{Kind, ObjectRef},
    observe::look,
    time::Clock,
};
use serde_json::{Value, json};

pub const ALL: &[(&str, Behaviour)] = &[
    ("looks::pods_are_grouped_and_tell_how_they_ended", |w| pods_are_grouped(w).boxed_local()),
    ("looks::events_of_workload_revisions_and_pods", |w| events_of_all(w).boxed_local()),
    ("looks::the_object_its_services_and_what_scales_it", |w| object_services_scaler(w).boxed_local()),
    ("looks::sets_and_daemons_have_revisions_too", |w| sets_and_daemons(w).boxed_local()),
];

pub fn cluster(w: &World) -> Cluster {
    let info = ContextInfo {
        name: "contract".into(),
        server: "https://cluster.example".into(),
        namespace: w.namespace.clone(),
        user: "me".into(),
        loopback: true,
    };
    Cluster::in_process(w.client.clone(), info, Clock::System)
}

fn web(w: &World, kind: Kind) -> ObjectRef {
    ObjectRef::new(kind, w.namespace.as_str(), "web")
}

/// A pod of `web` has ended at least once.
async fn crashed(w: &World) -> String {
    loop {
        let pods = w.list("v1", "Pod").await;
        let broken = pods.iter().find(|p| {
            let image = p["spec"]["containers"][0]["image"].as_str().unwrap_or_default();
            image.ends_with("-broken")
        });
        if let Some(pod) = broken {
            let name = pod["metadata"]["name"].as_str().unwrap().to_owned();
            let ended = |p: &Value| p["status"]["containerStatuses"][0]["lastState"]["terminated"].is_object();
            w.until("v1", "Pod", &name, "that has ended once", ended).await;
            return name;
        }
        tokio::task::yield_now().await;
        w.until("apps/v1", "Deployment", "web", "with a new pod", |o| {
            o["status"]["updatedReplicas"].as_i64() >= Some(1)
        })
        .await;
    }
}

async fn botched(w: &World) -> String {
    w.create(deployment("web", 2, "1.0")).await;
    w.rolled_out("web").await;
    w.deployments().patch("web", &PatchParams::default(), &Patch::Strategic(image("1.1-broken"))).await.unwrap();
    crashed(w).await
}

async fn pods_are_grouped(w: World) {
    let broken = botched(&w).await;
    let pods = look::pods(&cluster(&w), &web(&w, Kind::Deployment)).await.unwrap();
    let groups: Vec<_> = pods.groups.iter().map(|group| (group.revision, group.current)).collect();
    assert_eq!(groups, [(Some(2), Some(true)), (Some(1), Some(false))]);
    let pod = pods.iter().find(|pod| *pod.name == *broken).unwrap();
    assert!(!pod.ready && pod.containers_ready == (0, 1) && pod.restarts >= 1, "{pod:?}");
    let (container, end) = pod.last_end().unwrap();
    assert_eq!((&*container.name, end.exit_code), ("web", 1));
    assert!(end.at.is_some() && pod.node.is_some() && pod.created.is_some(), "{pod:?}");
    assert!(pods.groups[1].pods.iter().all(|pod| pod.ready && &*pod.status == "Running"), "{pods:?}");
    assert!(pod.conditions.iter().any(|condition| &*condition.kind == "Ready" && !condition.is_true()));
}

async fn events_of_all(w: World) {
    botched(&w).await;
    let target = web(&w, Kind::Deployment);
    // Events trail what they tell of.
    let events = loop {
        let (events, cut) = look::events(&cluster(&w), &target).await.unwrap();
        assert!(!cut);
        let of = |kind: Kind| events.iter().any(|event| event.about.kind == kind);
        if of(Kind::Deployment) && of(Kind::ReplicaSet) && of(Kind::Pod) {
            break events;
        }
        w.until("apps/v1", "Deployment", "web", "still there", |_| true).await;
    };
    assert!(events.iter().any(|event| &*event.reason == "ScalingReplicaSet" && event.about == target));
    assert!(events.iter().all(|event| event.at.is_some() && event.count >= 1), "{events:?}");
    assert!(events.windows(2).all(|pair| pair[0].at >= pair[1].at), "newest first");
    assert!(events.iter().all(|event| event.about.name.starts_with("web")), "{events:?}");
}

async fn object_services_scaler(w: World) {
    let mut object = deployment("web", 2, "1.0");
    object["spec"]["template"]["spec"]["containers"][0]["env"] = json!([{"name": "URL", "value": "hunter2"}]);
    object["spec"]["template"]["spec"]["containers"][0]["resources"] = json!({"requests": {"cpu": "50m"}});
    w.create(object).await;
    w.create(json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "front"},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}]}}))
        .await;
    w.create(json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "other"},
        "spec": {"selector": {"app": "other"}, "ports": [{"port": 80}]}}))
        .await;
    w.create(json!({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "guard"},
        "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "web"}}}}))
        .await;
    w.create(json!({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "by-cpu"},
        "spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}, "minReplicas": 2, "maxReplicas": 5,
            "behavior": {"scaleDown": {"stabilizationWindowSeconds": 60, "policies": [{"type": "Pods", "value": 1, "periodSeconds": 30}]}},
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}}}]}}))
        .await;
    w.rolled_out("web").await;
    w.until("policy/v1", "PodDisruptionBudget", "guard", "counted", |o| o["status"]["disruptionsAllowed"] == 1).await;
    let (cluster, target) = (cluster(&w), web(&w, Kind::Deployment));

    let overview = look::overview(&cluster, &target).await.unwrap();
    assert_eq!(overview.containers[0].resources[0], ("cpu".into(), Some("50m".into()), None));
    let budgets = overview.budgets.unwrap().unwrap();
    let told: Vec<_> = budgets.iter().map(|budget| (&*budget.name, &*budget.rule, budget.allowed)).collect();
    assert_eq!(told, [("guard", "minAvailable 1", 1)]);
    assert!(overview.conditions.iter().any(|condition| &*condition.kind == "Available" && condition.is_true()));

    let manifest = look::manifest(&cluster, &target).await.unwrap();
    let text = manifest.lines.join("\n");
    assert!(text.contains("name: URL") && !text.contains("hunter2"), "{text}");
    assert!(!manifest.managers.is_empty() && manifest.managed.len() > 1, "{text}");

    let traffic = look::traffic(&cluster, &target).await.unwrap();
    let names: Vec<&str> = traffic.services.iter().map(|service| &*service.name).collect();
    assert_eq!(names, ["front"]);

    let scaling = look::autoscaler(&cluster, &target).await.unwrap().unwrap();
    assert_eq!(&*scaling.object.name, "by-cpu");
    let down = scaling.behaviour.iter().find(|behaviour| behaviour.direction == "down").unwrap();
    assert!(down.rules.contains("1 pods in 30 s") && down.rules.contains("60 s counts"), "{}", down.rules);
    let nothing = look::autoscaler(&cluster, &ObjectRef::new(Kind::Deployment, w.namespace.as_str(), "nobody")).await;
    assert_eq!(nothing.unwrap(), None);
}

async fn sets_and_daemons(w: World) {
    for kind in [Kind::StatefulSet, Kind::DaemonSet] {
        let mut object = deployment("web", 1, "1.0");
        object["kind"] = kind.as_str().into();
        if kind == Kind::StatefulSet {
            object["spec"]["serviceName"] = "web".into();
        } else {
            object["spec"].as_object_mut().unwrap().remove("replicas");
        }
        object["spec"]["selector"]["matchLabels"]["app"] = kind.short().into();
        object["spec"]["template"]["metadata"]["labels"]["app"] = kind.short().into();
        w.create(object).await;
        let ready = |o: &Value| {
            o["status"]["readyReplicas"].as_i64() >= Some(1) || o["status"]["numberReady"].as_i64() >= Some(1)
        };
        w.until("apps/v1", kind.as_str(), "web", "ready", ready).await;
        let pods = look::pods(&cluster(&w), &web(&w, kind)).await.unwrap();
        let groups: Vec<_> = pods.groups.iter().map(|group| (group.revision, group.current)).collect();
        assert_eq!(groups, [(Some(1), Some(true))], "{kind}");
        assert!(pods.iter().any(|pod| pod.ready), "{pods:?}");
    }
}
