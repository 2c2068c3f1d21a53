//! `pilothouse status`: the JSON contract, and a verdict on what is broken.

use crate::{
    pilothouse::Operator,
    world::{Behaviour, IMAGE, World, deployment},
};
use futures::FutureExt;
use serde_json::{Value, json};

pub const ALL: &[(&str, Behaviour)] = &[
    ("status::the_contract_holds", |w| the_contract_holds(w).boxed_local()),
    ("status::what_is_broken_is_named", |w| what_is_broken_is_named(w).boxed_local()),
    ("status::tables_are_for_people", |w| tables_are_for_people(w).boxed_local()),
];

async fn the_contract_holds(w: World) {
    w.create(deployment("web", 2, "1.0")).await;
    w.create(json!({
        "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "web"},
        "spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}, "minReplicas": 2, "maxReplicas": 5,
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}}}]},
    }))
    .await;
    w.create(json!({
        "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": {"name": "web"},
        "spec": {"rules": [{"backendRefs": [{"name": "web", "port": 80, "weight": 3}, {"name": "web-v2", "port": 80, "weight": 1}]}]},
    }))
    .await;
    w.rolled_out("web").await;
    w.until("autoscaling/v2", "HorizontalPodAutoscaler", "web", "judged", |o| {
        let conditions = o["status"]["conditions"].as_array();
        conditions.is_some_and(|all| all.iter().any(|c| c["type"] == "ScalingActive" && c["status"] == "False"))
    })
    .await;
    let operator = Operator::new(&w);
    let seen = operator.run(&["status", "-o", "json"]).await;
    let report: Value = serde_json::from_str(&seen.assert(0).out).unwrap();
    assert_eq!(report["apiVersion"], "pilothouse/v1");
    let row = &report["workloads"][0];
    assert_eq!(
        (&row["kind"], &row["name"], &row["desired"], &row["ready"], &row["updated"], &row["available"]),
        (&json!("Deployment"), &json!("web"), &json!(2), &json!(2), &json!(2), &json!(2))
    );
    assert_eq!((&row["revision"], &row["rollout"], &row["health"]), (&json!(1), &json!("complete"), &json!("healthy")));
    // All its pods are ready; that its autoscaler has no numbers is to be known all the same.
    let reason = row["reason"].as_str().unwrap();
    assert!(reason.starts_with("autoscaler web cannot scale: "), "{reason}");
    assert_eq!(row["owner"], Value::Null);
    let container = &row["containers"][0];
    assert_eq!(
        container,
        &json!({"name": "web", "image": format!("{IMAGE}:1.0"), "repository": IMAGE, "tag": "1.0", "digest": null})
    );
    let scaler = &report["autoscalers"][0];
    assert_eq!(
        (&scaler["target"], &scaler["min"], &scaler["max"]),
        (&json!({"kind": "Deployment", "name": "web"}), &json!(2), &json!(5))
    );
    assert_eq!(scaler["metrics"][0]["type"], "Resource");
    assert_eq!(
        report["routes"][0]["backends"],
        json!([{"name": "web", "weight": 3, "percent": 75}, {"name": "web-v2", "weight": 1, "percent": 25}])
    );
    let namespace = report["namespaces"].as_array().unwrap().iter().find(|n| n["name"] == w.namespace).unwrap();
    assert_eq!((&namespace["phase"], &namespace["health"]), (&json!("Active"), &json!("healthy")));
    let yaml = operator.run(&["status", "-o", "yaml"]).await;
    let same: Value = serde_yaml::from_str(&yaml.assert(0).out).unwrap();
    assert_eq!(same["workloads"][0]["containers"], report["workloads"][0]["containers"]);
}

async fn what_is_broken_is_named(w: World) {
    w.create(deployment("crashing", 1, "1.0-broken")).await;
    w.create(deployment("unpullable", 1, "1.0-missing")).await;
    for name in ["crashing", "unpullable"] {
        let selected = |p: &Value| p["metadata"]["labels"]["app"] == name;
        w.until("apps/v1", "Deployment", name, "having a pod", |o| o["status"]["replicas"].as_i64() == Some(1)).await;
        let pod = w.list("v1", "Pod").await.into_iter().find(selected).unwrap();
        let stuck = |p: &Value| {
            let reason = p["status"]["containerStatuses"][0]["state"]["waiting"]["reason"].as_str();
            matches!(reason, Some("CrashLoopBackOff" | "ImagePullBackOff"))
        };
        w.until("v1", "Pod", pod["metadata"]["name"].as_str().unwrap(), "stuck", stuck).await;
    }
    let seen = Operator::new(&w).run(&["status", "-o", "json"]).await;
    let report: Value = serde_json::from_str(&seen.assert(0).out).unwrap();
    let row = |name: &str| report["workloads"].as_array().unwrap().iter().find(|r| r["name"] == name).unwrap().clone();
    let reason = |name: &str| row(name)["reason"].as_str().unwrap_or_default().to_lowercase();
    assert_eq!(row("crashing")["health"], "broken");
    assert!(reason("crashing").contains("crash") && reason("crashing").contains("exit"), "{}", reason("crashing"));
    assert_eq!(row("unpullable")["health"], "broken");
    assert!(
        reason("unpullable").contains("1.0-missing") && reason("unpullable").contains("pull"),
        "{}",
        reason("unpullable")
    );
    let namespace = report["namespaces"].as_array().unwrap().iter().find(|n| n["name"] == w.namespace).unwrap().clone();
    assert_eq!(namespace["health"], "broken");
}

async fn tables_are_for_people(w: World) {
    w.create(deployment("web", 1, "1.0")).await;
    w.rolled_out("web").await;
    let seen = Operator::new(&w).run(&["status"]).await;
    let path = format!("{}/web", w.namespace);
    let line = seen.assert(0).out.lines().find(|l| l.contains(&path)).unwrap_or_else(|| panic!("{}", seen.out));
    assert!(line.contains("1/1") && line.contains("complete") && line.contains("web:1.0"), "{line}");
}
