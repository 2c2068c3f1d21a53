//! Half of the API is silent, or refuses: what puts a service back waits for nothing that it can do without.

use crate::{
    front::{Deed, Front},
    on_both,
    place::Place,
    terminal::Terminal,
};
use serde_json::{Value, json};

/// Everything but Deployments and ReplicaSets.
const BESIDE: [&str; 15] = [
    "/pods",
    "/events",
    "/leases",
    "/configmaps",
    "/secrets",
    "/jobs",
    "/cronjobs",
    "/statefulsets",
    "/daemonsets",
    "/rollouts",
    "/horizontalpodautoscalers",
    "/poddisruptionbudgets",
    "/nodes",
    "/selfsubjectaccessreviews",
    "/httproutes",
];
const IMAGE: &str = "registry.example/shop/web";

fn template(tag: &str) -> Value {
    json!({"metadata": {"labels": {"app": "web"}},
        "spec": {"containers": [{"name": "web", "image": format!("{IMAGE}:{tag}")}]}})
}

/// A rollout that the controller gave up: nobody has to see a pod to know.
fn given_up(place: &Place) {
    place.make(json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {
        "replicas": 2, "progressDeadlineSeconds": 2, "selector": {"matchLabels": {"app": "web"}}, "template": template("1.0")}}));
    place.until("apps/v1", "Deployment", "web", |o| o["status"]["availableReplicas"] == 2);
    place.change("apps/v1", "Deployment", "web", &json!({"spec": {"template": template("1.1-unready")}}));
    place.until("apps/v1", "Deployment", "web", |o| {
        let conditions = o["status"]["conditions"].as_array();
        conditions.is_some_and(|all| all.iter().any(|c| c["reason"] == "ProgressDeadlineExceeded"))
    });
}

/// With the keys that are pressed when all is well.
fn goes_back(place: &Place, deed: &Deed, keys: [&str; 3]) {
    given_up(place);
    let front = Front::before(&place.kubeconfig);
    front.always(&BESIDE, deed);
    let arguments = ["--kubeconfig", &front.kubeconfig(), "--namespace", &place.namespace];
    let mut terminal = Terminal::start(80, 24, &arguments);
    terminal
        .until("what broke", |s| s.contains("1 broken") && s.contains(&format!("\u{2717} {}/web", place.namespace)));
    let [ask, choose, confirm] = keys;
    terminal.press(ask);
    if !choose.is_empty() {
        terminal.until("the plans", |s| s.contains("1 to roll back"));
        terminal.press(choose);
        terminal.until("the confirmation", |s| s.contains("Roll back one workload"));
    } else {
        terminal.until("the plan", |s| s.contains("enter run"));
    }
    terminal.press(confirm);
    place.until("apps/v1", "Deployment", "web", |o| {
        o["spec"]["template"]["spec"]["containers"][0]["image"] == format!("{IMAGE}:1.0")
    });
}

#[test]
fn what_never_answers_keeps_nobody_from_putting_it_back() {
    on_both(|place| goes_back(&place, &Deed::Silence, ["!", "r", "\r"]));
}

#[test]
fn one_plan_by_itself_does_not_wait_either() {
    on_both(|place| goes_back(&place, &Deed::Silence, ["r", "", "\r"]));
}

#[test]
fn what_is_forbidden_keeps_nobody_from_putting_it_back() {
    let status = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Forbidden", "code": 403,
        "message": "User \"ana\" cannot do that"});
    on_both(|place| goes_back(&place, &Deed::Refuse(403, None, status.clone()), ["!", "r", "\r"]));
}
