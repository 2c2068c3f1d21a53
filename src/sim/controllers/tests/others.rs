//! Autoscalers, garbage, namespaces, endpoints, budgets, routes, and the same course for the same seed.

use super::*;
use crate::sim::resource::Propagation;

fn scaler(min: i64, max: i64) -> Value {
    json!({
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"minReplicas": min, "maxReplicas": max, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}}}]},
    })
}

fn steady(millicores: f64) -> Loads {
    let curve = Curve { mean: millicores, swing: 0.0, period: 600.0 };
    Loads([(("shop".to_owned(), "web".to_owned()), curve)].into())
}

#[tokio::test(start_paused = true)]
async fn an_autoscaler_meets_the_demand_within_its_limits() {
    let course = Course::with_loads(steady(420.0));
    course.create(&resources::DEPLOYMENTS, deployment("shop/web:1", 2));
    pass(5).await;
    course.create(&resources::HORIZONTAL_POD_AUTOSCALERS, scaler(2, 10));
    pass(120).await;
    let hpa = course.get(&resources::HORIZONTAL_POD_AUTOSCALERS, "web");
    assert_eq!(count(&course.get(&resources::DEPLOYMENTS, "web"), "/spec/replicas"), 6, "{hpa:#}");
    assert_eq!(int(&hpa, "/status/currentMetrics/0/resource/current/averageUtilization"), Some(70));
    assert_eq!(reason(&hpa, "ScalingActive"), "ValidMetricFound");
    assert!(course.told("web").contains(&"SuccessfulRescale".to_owned()));
    course.edit(&resources::HORIZONTAL_POD_AUTOSCALERS, "web", |h| h["spec"]["maxReplicas"] = 3.into());
    pass(60).await;
    let hpa = course.get(&resources::HORIZONTAL_POD_AUTOSCALERS, "web");
    assert_eq!(count(&course.get(&resources::DEPLOYMENTS, "web"), "/spec/replicas"), 3);
    assert_eq!(reason(&hpa, "ScalingLimited"), "TooManyReplicas", "{hpa:#}");
}

#[tokio::test(start_paused = true)]
async fn scaling_down_waits_five_minutes() {
    let course = Course::with_loads(steady(100.0));
    course.create(&resources::DEPLOYMENTS, deployment("shop/web:1", 6));
    pass(5).await;
    course.create(&resources::HORIZONTAL_POD_AUTOSCALERS, scaler(1, 10));
    pass(400).await;
    assert_eq!(count(&course.get(&resources::DEPLOYMENTS, "web"), "/spec/replicas"), 2);
}

#[tokio::test(start_paused = true)]
async fn an_autoscaler_without_requests_says_why_it_is_blind() {
    let course = Course::start();
    let mut web = deployment("shop/web:1", 2);
    unset(&mut web, &["spec", "template", "spec"]);
    web["spec"]["template"]["spec"] = json!({"containers": [{"name": "app", "image": "shop/web:1"}]});
    course.create(&resources::DEPLOYMENTS, web);
    pass(5).await;
    course.create(&resources::HORIZONTAL_POD_AUTOSCALERS, scaler(2, 10));
    pass(60).await;
    let hpa = course.get(&resources::HORIZONTAL_POD_AUTOSCALERS, "web");
    assert_eq!(reason(&hpa, "ScalingActive"), "FailedGetResourceMetric");
    assert!(
        text(condition(&hpa["status"], "ScalingActive").unwrap(), "/message")
            .contains("missing request for cpu in container app")
    );
    assert_eq!((count(&hpa, "/status/desiredReplicas"), text(&hpa, "/status/currentMetrics/0/type")), (0, ""));
}

async fn deleted(propagation: Propagation) -> Course {
    let course = Course::start();
    course.create(&resources::DEPLOYMENTS, deployment("shop/web:1", 2));
    pass(5).await;
    let options = DeleteOptions { propagation: Some(propagation), ..DeleteOptions::default() };
    course.store.delete(&resources::DEPLOYMENTS, "shop", "web", options).unwrap();
    pass(10).await;
    assert!(course.store.get(&resources::DEPLOYMENTS, "shop", "web").is_none());
    course
}

#[tokio::test(start_paused = true)]
async fn what_an_owner_leaves_is_collected() {
    for propagation in [Propagation::Background, Propagation::Foreground] {
        let course = deleted(propagation).await;
        assert!(course.list(&resources::REPLICA_SETS).is_empty() && course.pods().is_empty(), "{propagation:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn orphans_stay_and_are_adopted() {
    let course = deleted(Propagation::Orphan).await;
    assert_eq!((course.list(&resources::REPLICA_SETS).len(), course.pods().len()), (1, 2));
    let uid_of = |c: &Course| uid(&c.list(&resources::REPLICA_SETS)[0]).to_owned();
    let before = uid_of(&course);
    course.create(&resources::DEPLOYMENTS, deployment("shop/web:1", 2));
    pass(10).await;
    assert_eq!((course.list(&resources::REPLICA_SETS).len(), course.pods().len()), (1, 2));
    assert_eq!(uid_of(&course), before);
    assert_eq!(count(&course.get(&resources::DEPLOYMENTS, "web"), "/status/readyReplicas"), 2);
}

#[tokio::test(start_paused = true)]
async fn a_deleted_namespace_empties_itself() {
    let course = Course::start();
    course.create(&resources::DEPLOYMENTS, deployment("shop/web:1", 2));
    pass(5).await;
    course.store.delete(&resources::NAMESPACES, "", "shop", DeleteOptions::default()).unwrap();
    pass(30).await;
    assert!(course.store.get(&resources::NAMESPACES, "", "shop").is_none());
    assert!(course.pods().is_empty() && course.list(&resources::DEPLOYMENTS).is_empty());
}

#[tokio::test(start_paused = true)]
async fn services_budgets_and_routes_follow_the_pods() {
    let course = Course::start();
    course.create(&resources::DEPLOYMENTS, deployment("shop/web:1", 3));
    let service = json!({"metadata": {"name": "web", "namespace": "shop"}, "spec": {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}]}});
    course.create(&resources::SERVICES, service);
    let budget = json!({"metadata": {"name": "web", "namespace": "shop"}, "spec": {"minAvailable": 2, "selector": {"matchLabels": {"app": "web"}}}});
    course.create(&resources::POD_DISRUPTION_BUDGETS, budget);
    let gateway = json!({"metadata": {"name": "edge", "namespace": "shop"}, "spec": {"gatewayClassName": "sim",
        "listeners": [{"name": "http", "port": 80, "protocol": "HTTP"}]}});
    course.create(&resources::GATEWAYS, gateway);
    let route = json!({"metadata": {"name": "web", "namespace": "shop"}, "spec": {"parentRefs": [{"name": "edge"}],
        "rules": [{"backendRefs": [{"name": "web", "port": 80, "weight": 100}, {"name": "web-v2", "port": 80, "weight": 0}]}]}});
    course.create(&resources::HTTP_ROUTES, route);
    pass(6).await;
    let slice = &course.list(&resources::ENDPOINT_SLICES)[0];
    let ready = items(slice, "/endpoints").iter().filter(|e| flag(e, "/conditions/ready")).count();
    assert_eq!((ready, int(slice, "/ports/0/port")), (3, Some(8080)));
    assert_eq!(count(&course.get(&resources::POD_DISRUPTION_BUDGETS, "web"), "/status/disruptionsAllowed"), 1);
    let parent = |c: &Course| c.get(&resources::HTTP_ROUTES, "web")["status"]["parents"][0].clone();
    assert!(is_true(&parent(&course), "Accepted"));
    assert_eq!(text(condition(&parent(&course), "ResolvedRefs").unwrap(), "/reason"), "BackendNotFound");
    let second = json!({"metadata": {"name": "web-v2", "namespace": "shop"}, "spec": {"selector": {"app": "web-v2"}, "ports": [{"port": 80}]}});
    course.create(&resources::SERVICES, second);
    pass(1).await;
    assert!(is_true(&parent(&course), "ResolvedRefs"));
    assert!(is_true(&course.get(&resources::GATEWAYS, "edge")["status"], "Programmed"));
}

async fn course_of_a_day() -> Vec<String> {
    let course = Course::start();
    let mut changes = course.store.subscribe();
    course.create(&resources::DEPLOYMENTS, deployment("shop/web:1", 3));
    course.create(&resources::HORIZONTAL_POD_AUTOSCALERS, scaler(2, 8));
    pass(3600).await;
    course.edit(&resources::DEPLOYMENTS, "web", |d| set_image(d, "shop/web:2-broken"));
    pass(3600).await;
    let mut seen = Vec::new();
    while let Some(change) = changes.try_next() {
        seen.push(format!("{:?} {}", change.kind, change.object));
    }
    seen
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_gives_the_same_course() {
    let first = course_of_a_day().await;
    let second = course_of_a_day().await;
    assert!(first.len() > 200);
    for (a, b) in first.iter().zip(&second) {
        assert_eq!(a, b);
    }
    assert_eq!(first.len(), second.len());
}

#[tokio::test(start_paused = true)]
async fn a_world_at_rest_writes_nothing() {
    let course = Course::start();
    course.create(&resources::DEPLOYMENTS, deployment("shop/web:1", 3));
    pass(3600 * 3).await;
    let before = course.store.resource_version();
    pass(3600 * 24).await;
    assert_eq!(course.store.resource_version(), before);
}
