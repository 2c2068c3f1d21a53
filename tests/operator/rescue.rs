//! Several workloads that broke at once: listed, confirmed once, rolled back side by side.

use crate::{
    front::{Deed, Front},
    pilothouse::{Finished, Operator},
    world::{Behaviour, IMAGE, World, deployment, image},
};
use futures::FutureExt;
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};

pub const ALL: &[(&str, Behaviour)] = &[
    ("panic::what_broke_goes_back_side_by_side", |w| side_by_side(w).boxed_local()),
    ("panic::the_contexts_name_confirms_and_nothing_else_does", |w| the_contexts_name(w).boxed_local()),
    ("panic::a_target_that_is_held_keeps_no_other_back", |w| one_is_held(w).boxed_local()),
    ("panic::what_never_answers_keeps_nothing_back", |w| half_is_silent(w).boxed_local()),
    ("panic::what_is_refused_keeps_nothing_back", |w| half_is_refused(w).boxed_local()),
];

/// Only a real API server has users whose rights are rules.
pub const REAL: &[(&str, Behaviour)] =
    &[("panic::with_the_fewest_rights_it_still_works", |w| fewest_rights(w).boxed_local())];

/// Each of these runs 1.0 with two pods, and a rollout to 1.1-broken is under way.
async fn botched(w: &World, names: &[&str]) {
    for name in names {
        w.create(deployment(name, 2, "1.0")).await;
    }
    for name in names {
        w.rolled_out(name).await;
        w.deployments().patch(name, &PatchParams::default(), &Patch::Strategic(image("1.1-broken"))).await.unwrap();
    }
    for name in names {
        crashing(w, name).await;
    }
}

/// Waits until the pods of `name` fail for everybody to see.
async fn crashing(w: &World, name: &str) {
    let api = w.api("v1", "Pod");
    let params = kube::api::ListParams::default().labels(&format!("app={name}"));
    let mut events = std::pin::pin!(kube::runtime::watcher(
        api,
        kube::runtime::watcher::Config::default().labels(params.label_selector.as_deref().unwrap())
    ));
    let waiting = async {
        use futures::TryStreamExt;
        while let Ok(Some(event)) = events.try_next().await {
            use kube::runtime::watcher::Event;
            let (Event::Apply(pod) | Event::InitApply(pod)) = event else { continue };
            if pod.data["status"]["containerStatuses"][0]["state"]["waiting"]["reason"] == "CrashLoopBackOff" {
                return;
            }
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(90), waiting).await.expect("its pods crash");
}

async fn image_of(w: &World, name: &str) -> Value {
    let found = w.deployments().get(name).await.unwrap();
    found.data["spec"]["template"]["spec"]["containers"][0]["image"].clone()
}

fn tag(tag: &str) -> Value {
    format!("{IMAGE}:{tag}").into()
}

/// What the first line says is broken, and whether it is to be rolled back.
fn listed(run: &Finished) -> Vec<(String, bool)> {
    let first = run.lines().first().cloned().unwrap_or_else(|| panic!("nothing printed; {}", run.err));
    assert_eq!(first["event"], "panic", "{}", run.out);
    let rows = first["workloads"].as_array().unwrap().iter();
    let mut rows: Vec<_> = rows
        .map(|row| (row["target"]["name"].as_str().unwrap().to_owned(), row["selected"].as_bool().unwrap()))
        .collect();
    rows.sort();
    rows
}

fn chosen(names: &[(&str, bool)]) -> Vec<(String, bool)> {
    names.iter().map(|(name, chosen)| ((*name).to_owned(), *chosen)).collect()
}

async fn side_by_side(w: World) {
    w.create(deployment("fine", 1, "1.0")).await;
    w.create(deployment("new", 1, "1.0-broken")).await;
    botched(&w, &["api", "shop", "web"]).await;
    crashing(&w, "new").await;
    let operator = Operator::new(&w);
    let expected = chosen(&[("api", true), ("new", false), ("shop", true), ("web", true)]);

    let dry = operator.run(&["rollback", "--panic", "--dry-run", "-o", "json"]).await;
    assert_eq!(listed(dry.assert(0)), expected, "{}", dry.out);
    assert_eq!(image_of(&w, "web").await, tag("1.1-broken"), "nothing was changed");
    let alone =
        &dry.lines()[0]["workloads"].as_array().unwrap().iter().find(|row| row["target"]["name"] == "new").cloned();
    assert!(alone.as_ref().unwrap()["problem"].as_str().unwrap().contains("no earlier revision"), "{alone:?}");
    let text = operator.run(&["rollback", "--panic", "--dry-run"]).await;
    assert!(text.assert(0).out.contains("left alone: ") && text.out.contains("2 → 1"), "{}", text.out);

    let except = format!("{}/api", w.namespace);
    let run =
        operator.run(&["rollback", "--panic", "--except", &except, "--yes", "--why", "errors", "-o", "json"]).await;
    assert_eq!(listed(run.assert(0)), chosen(&[("api", false), ("new", false), ("shop", true), ("web", true)]));
    let result = run.result();
    assert_eq!((&result["outcome"], result["operations"].as_array().unwrap().len()), (&json!("done"), 2), "{result}");
    let ended: Vec<Value> = run.lines().into_iter().filter(|line| line["event"] == "ended").collect();
    assert!(ended.iter().all(|line| line["accepted_seconds"].is_number()), "{ended:?}");
    assert_eq!([image_of(&w, "web").await, image_of(&w, "shop").await], [tag("1.0"), tag("1.0")]);
    assert_eq!([image_of(&w, "api").await, image_of(&w, "new").await], [tag("1.1-broken"), tag("1.0-broken")]);

    // Each is an operation of its own, and together they are one incident.
    let all: Value = serde_json::from_str(&operator.run(&["operations", "-o", "json"]).await.assert(0).out).unwrap();
    let states: Vec<&Value> = all["operations"].as_array().unwrap().iter().map(|one| &one["state"]).collect();
    assert_eq!(states, ["done", "done"], "{all}");
    let group = result["group"].as_str().unwrap();
    let report = operator.run(&["journal", group, "-o", "markdown"]).await;
    for part in
        ["# Incident", "/web", "/shop", "kubectl rollout undo", "errors", "## Timeline", "## What is left to do"]
    {
        assert!(report.assert(0).out.contains(part), "{part} in:\n{}", report.out);
    }
    assert!(!report.out.contains("/api"), "{}", report.out);
}

async fn the_contexts_name(w: World) {
    botched(&w, &["web"]).await;
    let operator = Operator::new(&w);
    let dry = operator.run(&["rollback", "--panic", "--dry-run", "-o", "json"]).await;
    let context = dry.assert(0).lines()[0]["context"].as_str().unwrap().to_owned();
    let panic = |more: &[&'static str]| [&["rollback", "--panic", "-o", "json"], more].concat();
    operator.run(&panic(&["--yes", "--read-only"])).await.assert(3);
    operator.configure(&format!("[contexts.\"{context}\"]\nprotected = true\n"));
    for refused in [&["--yes"][..], &[], &["--yes", "--confirm", "web"]] {
        let run = operator.run(&panic(refused)).await;
        assert_eq!(run.assert(3).result()["outcome"], "refused", "{}", run.out);
    }
    assert_eq!(image_of(&w, "web").await, tag("1.1-broken"), "nothing was changed");
    // And it says yes to nothing but what was shown together.
    operator.run(&["rollback", "deploy/web", "--yes", "--confirm", &context]).await.assert(3);
    let run = operator.run(&["rollback", "--panic", "-o", "json", "--yes", "--confirm", &context]).await;
    assert_eq!(run.assert(0).result()["outcome"], "done");
    assert_eq!(image_of(&w, "web").await, tag("1.0"));
    let nothing = operator.run(&["rollback", "--panic", "--yes", "--confirm", &context, "-o", "json"]).await;
    assert_eq!(listed(nothing.assert(0)), chosen(&[]));
    operator.run(&["rollback", "--panic", "deploy/web"]).await.assert(2);
    operator.run(&["rollback"]).await.assert(2);
}

async fn one_is_held(w: World) {
    botched(&w, &["api", "web"]).await;
    let now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string();
    w.create(json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
        "metadata": {"name": "pilothouse-deployment-web"},
        "spec": {"holderIdentity": "bo@desk/op-9", "leaseDurationSeconds": 60, "renewTime": now}}))
        .await;
    let operator = Operator::new(&w);
    let run = operator.run(&["rollback", "--panic", "--yes", "-o", "json"]).await;
    // The plan knows of the colleague already, and the other goes its way.
    assert_eq!(listed(run.assert(0)), chosen(&[("api", true), ("web", false)]), "{}", run.out);
    assert_eq!([image_of(&w, "api").await, image_of(&w, "web").await], [tag("1.0"), tag("1.1-broken")]);
}

/// What a rollback of a Deployment can do without: everything but Deployments and ReplicaSets.
const BESIDE: [&str; 14] = [
    "/pods",
    "/events",
    "/leases",
    "/configmaps",
    "/secrets",
    "/jobs",
    "/statefulsets",
    "/daemonsets",
    "/rollouts",
    "/horizontalpodautoscalers",
    "/poddisruptionbudgets",
    "/nodes",
    "/selfsubjectaccessreviews",
    "/kube-system",
];

/// A rollout that the controller itself gave up, so that nobody has to see a pod to know.
async fn given_up(w: &World) {
    let mut object = deployment("web", 2, "1.0");
    object["spec"]["progressDeadlineSeconds"] = 2.into();
    w.create(object).await;
    w.rolled_out("web").await;
    w.deployments().patch("web", &PatchParams::default(), &Patch::Strategic(image("1.1-unready"))).await.unwrap();
    w.until("apps/v1", "Deployment", "web", "given up", |o| {
        let conditions = o["status"]["conditions"].as_array();
        conditions.is_some_and(|all| all.iter().any(|c| c["reason"] == "ProgressDeadlineExceeded"))
    })
    .await;
}

async fn half_is_silent(w: World) {
    given_up(&w).await;
    let front = Front::before(&w.kubeconfig);
    front.always(&BESIDE, &Deed::Silence);
    let operator = Operator::new(&w).through(front.kubeconfig());
    let run = operator.start(&["rollback", "--panic", "--yes", "-o", "json"]);
    run.until(|line| line["event"] == "step" && line["step"] == "undo" && line["state"] == "done").await.kill();
    assert_eq!(image_of(&w, "web").await, tag("1.0"));
}

async fn half_is_refused(w: World) {
    given_up(&w).await;
    let front = Front::before(&w.kubeconfig);
    let status = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 503,
        "reason": "ServiceUnavailable", "message": "the server is currently unable to handle the request"});
    front.always(&BESIDE, &Deed::Refuse(503, None, status));
    let operator = Operator::new(&w).through(front.kubeconfig());
    let run = operator.start(&["rollback", "--panic", "--yes", "-o", "json"]);
    run.until(|line| line["event"] == "step" && line["step"] == "undo" && line["state"] == "done").await.kill();
    assert_eq!(image_of(&w, "web").await, tag("1.0"));
}

async fn fewest_rights(w: World) {
    given_up(&w).await;
    w.create(json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "pilot"}})).await;
    let rule = |groups: &[&str], resources: &[&str], verbs: &[&str]| json!({"apiGroups": groups, "resources": resources, "verbs": verbs});
    w.create(
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "pilot"}, "rules": [
            rule(&["apps"], &["deployments"], &["get", "list", "patch"]),
            rule(&["apps"], &["replicasets"], &["list"]),
        ]}),
    )
    .await;
    w.create(
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": "pilot"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "pilot"},
        "subjects": [{"kind": "ServiceAccount", "name": "pilot", "namespace": w.namespace}]}),
    )
    .await;
    let path = format!("/api/v1/namespaces/{}/serviceaccounts/pilot/token", w.namespace);
    let asked = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}});
    let request = http::Request::post(path).header("content-type", "application/json");
    let given: Value = w.client.request(request.body(asked.to_string().into_bytes()).unwrap()).await.unwrap();
    let operator = Operator::new(&w).with_token(given["status"]["token"].as_str().unwrap());
    let run = operator.run(&["rollback", "--panic", "--yes", "-o", "json"]).await;
    assert_eq!(listed(run.assert(0)), chosen(&[("web", true)]), "{}", run.out);
    let unknown = run.lines()[0]["unknown"].as_array().unwrap().clone();
    assert!(unknown.iter().any(|row| row["kind"] == "StatefulSet"), "what is not seen is said: {unknown:?}");
    assert_eq!(image_of(&w, "web").await, tag("1.0"));
}
