//! Kubelets: crash loops, missing images, slow starts, graceful ends.

use super::*;

fn only_pod(course: &Course) -> Arc<Value> {
    let pods = course.pods();
    assert_eq!(pods.len(), 1);
    Arc::clone(&pods[0])
}

#[tokio::test(start_paused = true)]
async fn a_crash_loop_backs_off_and_explains_itself() {
    let course = Course::start();
    course.create(&resources::DEPLOYMENTS, deployment("shop/web:1.0.0-broken", 1));
    pass(10).await;
    let pod = only_pod(&course);
    let status = &pod["status"]["containerStatuses"][0];
    assert_eq!(text(status, "/state/waiting/reason"), "CrashLoopBackOff", "{status:#}");
    assert!(
        text(status, "/state/waiting/message").starts_with("back-off 10s restarting failed container=app pod=web-")
    );
    assert_eq!(count(status, "/restartCount"), 1);
    assert_eq!(int(status, "/lastState/terminated/exitCode"), Some(1));
    assert_eq!(text(&pod, "/status/phase"), "Running");
    let lines = course.store.logs("shop", name(&pod), "app", false);
    assert!(lines.iter().any(|l| l.text.contains("missing environment variable DB_URL")), "{lines:?}");
    assert!(!course.store.logs("shop", name(&pod), "app", true).is_empty());
    pass(600).await;
    let pod = only_pod(&course);
    let restarts = count(&pod, "/status/containerStatuses/0/restartCount");
    assert!((5..9).contains(&restarts), "{restarts}");
    assert!(course.told(name(&pod)).contains(&"BackOff".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_missing_image_is_tried_again_and_again() {
    let course = Course::start();
    course.create(&resources::DEPLOYMENTS, deployment("registry.example/shop/web:9-missing", 1));
    pass(1).await;
    let waiting = |p: &Value| text(p, "/status/containerStatuses/0/state/waiting/reason").to_owned();
    assert_eq!(waiting(&only_pod(&course)), "ErrImagePull");
    pass(4).await;
    let pod = only_pod(&course);
    assert_eq!(waiting(&pod), "ImagePullBackOff");
    assert_eq!(text(&pod, "/status/phase"), "Pending");
    let message = text(&pod, "/status/containerStatuses/0/state/waiting/message");
    assert!(message.contains("registry.example/shop/web:9-missing: not found"), "{message}");
    pass(120).await;
    let events = course.list(&resources::EVENTS);
    let pulling = events.iter().find(|e| e["reason"] == "Pulling").unwrap();
    assert!(count(pulling, "/count") >= 3, "{pulling:#}");
}

#[tokio::test(start_paused = true)]
async fn a_slow_image_is_ready_after_twenty_seconds() {
    let course = Course::start();
    course.create(&resources::DEPLOYMENTS, deployment("shop/web:1.0.0-slow", 1));
    pass(15).await;
    assert!(!is_true(&only_pod(&course)["status"], "Ready"));
    pass(8).await;
    assert!(is_true(&only_pod(&course)["status"], "Ready"));
}

#[tokio::test(start_paused = true)]
async fn a_pod_without_its_config_map_waits_for_it() {
    let course = Course::start();
    let mut web = deployment("shop/web:1.0.0", 1);
    web["spec"]["template"]["spec"]["containers"][0]["envFrom"] = json!([{"configMapRef": {"name": "settings"}}]);
    course.create(&resources::DEPLOYMENTS, web);
    pass(5).await;
    let state = &only_pod(&course)["status"]["containerStatuses"][0]["state"]["waiting"];
    assert_eq!(text(state, "/reason"), "CreateContainerConfigError");
    course.create(&resources::CONFIG_MAPS, json!({"metadata": {"name": "settings", "namespace": "shop"}, "data": {}}));
    pass(15).await;
    assert!(is_true(&only_pod(&course)["status"], "Ready"));
}

#[tokio::test(start_paused = true)]
async fn without_nodes_a_pod_says_why_it_waits() {
    let course = Course::start();
    for node in ["node-1", "node-2", "node-3"] {
        course.store.delete(&resources::NODES, "", node, DeleteOptions::default()).unwrap();
    }
    course.create(&resources::DEPLOYMENTS, deployment("shop/web:1.0.0", 1));
    pass(2).await;
    assert_eq!(reason(&only_pod(&course), "PodScheduled"), "Unschedulable");
    let node = json!({"metadata": {"name": "node-9"}, "status": {"conditions": [{"type": "Ready", "status": "True"}],
        "allocatable": {"cpu": "16", "memory": "64Gi"}}});
    course.store.create(&resources::NODES, node).unwrap();
    pass(4).await;
    assert!(is_true(&only_pod(&course)["status"], "Ready"));
}

#[tokio::test(start_paused = true)]
async fn init_containers_run_first() {
    let course = Course::start();
    let mut web = deployment("shop/web:1.0.0", 1);
    web["spec"]["template"]["spec"]["initContainers"] = json!([{"name": "prepare", "image": "shop/tool:1"}]);
    course.create(&resources::DEPLOYMENTS, web);
    pass(1).await;
    let pod = only_pod(&course);
    assert_eq!(text(&pod, "/status/containerStatuses/0/state/waiting/reason"), "PodInitializing");
    pass(5).await;
    let pod = only_pod(&course);
    assert!(is_true(&pod["status"], "Ready"), "{:#}", pod["status"]);
    assert_eq!(int(&pod, "/status/initContainerStatuses/0/state/terminated/exitCode"), Some(0));
}

#[tokio::test(start_paused = true)]
async fn events_are_counted_and_expire() {
    let course = Course::start();
    course.create(&resources::DEPLOYMENTS, deployment("shop/web:1.0.0", 1));
    pass(10).await;
    let events = course.list(&resources::EVENTS);
    let scheduled = events.iter().find(|e| e["reason"] == "Scheduled").unwrap();
    assert!(!text(scheduled, "/eventTime").is_empty() && scheduled["firstTimestamp"].is_null());
    let started = events.iter().find(|e| e["reason"] == "Started").unwrap();
    assert!(started["eventTime"].is_null() && !text(started, "/firstTimestamp").is_empty());
    pass(3800).await;
    assert!(course.list(&resources::EVENTS).is_empty());
}
