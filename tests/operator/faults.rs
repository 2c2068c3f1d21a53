//! What goes wrong around an operation: processes killed again and again, two hands on one operation, being asked to end, a
//! colleague who is faster, a StatefulSet that does not move. And how the program speaks of it.

use crate::{
    pilothouse::Operator,
    shift,
    world::{Behaviour, World, deployment, image},
};
use futures::FutureExt;
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};

pub const ALL: &[(&str, Behaviour)] = &[
    ("faults::killed_again_and_again_each_weight_is_written_once", |w| killed_again_and_again(w).boxed_local()),
    ("faults::a_second_resume_is_refused_and_hurries_nothing", |w| a_second_resume(w).boxed_local()),
    ("faults::asked_to_end_it_stays_resumable", |w| asked_to_end(w).boxed_local()),
    ("faults::a_template_changed_during_the_wait_is_no_success", |w| overtaken(w).boxed_local()),
    ("faults::a_stateful_set_that_waits_for_its_pod_is_freed", |w| a_stuck_stateful_set(w).boxed_local()),
    ("faults::a_stateful_set_that_was_undone_stays_stuck_until_its_pod_goes", |w| {
        a_stateful_set_that_was_undone_stays_stuck(w).boxed_local()
    }),
    ("faults::a_protected_context_wants_the_name", |w| a_protected_context(w).boxed_local()),
    ("faults::json_ends_with_a_result_whatever_fails", |w| json_ends_with_a_result(w).boxed_local()),
];

const SHIFT: [&str; 7] = ["shift", "httproute/web", "--to", "green", "--yes", "-o", "json"];

fn with<'a>(arguments: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    [arguments, more].concat()
}

/// A line that says that a step of this name is in this state.
fn step(name: &'static str, state: &'static str) -> impl Fn(&Value) -> bool + Send + 'static {
    move |line| line["event"] == "step" && line["step"] == name && line["state"] == state
}

/// The one operation that this operator's journals know.
async fn operation(operator: &Operator) -> (String, Value) {
    let listed: Value = serde_json::from_str(&operator.run(&["operations", "-o", "json"]).await.assert(0).out).unwrap();
    let operations = listed["operations"].as_array().unwrap();
    assert_eq!(operations.len(), 1, "{listed}");
    (operations[0]["id"].as_str().unwrap().to_owned(), operations[0]["state"].clone())
}

async fn killed_again_and_again(w: World) {
    shift::blue_and_green(&w).await;
    let operator = Operator::new(&w);
    let story = async {
        let mut kills = 0;
        let mut run = operator.start(&with(&SHIFT, &["--hold", "0s"]));
        // Each process lives until it has finished one step more.
        while let Some(reached) = run.reaches(|line| line["event"] == "step" && line["state"] == "done").await {
            reached.kill();
            kills += 1;
            let (id, state) = operation(&operator).await;
            if state == "done" {
                break;
            }
            assert_eq!(state, "interrupted");
            run = operator.start(&["operations", "resume", &id, "--yes", "-o", "json"]);
        }
        let (id, state) = operation(&operator).await;
        if state != "done" {
            operator.run(&["operations", "resume", &id, "--yes", "-o", "json"]).await.assert(0);
        }
        kills
    };
    let (kills, seen) = shift::watched(&w, story).await;
    assert!(kills >= 4, "killed {kills} times only");
    assert_eq!(seen, [(100, 0), (75, 25), (50, 50), (25, 75), (0, 100)], "no step twice, none left out");
}

async fn a_second_resume(w: World) {
    shift::blue_and_green(&w).await;
    let operator = Operator::new(&w);
    let run = operator.start(&with(&SHIFT, &["--hold", "10m"])).until(step("hold", "started")).await;
    let (id, state) = operation(&operator).await;
    assert_eq!(state, "running");
    let second = operator.run(&["operations", "resume", &id, "--yes", "-o", "json"]).await;
    assert_eq!(second.assert(3).result()["outcome"], "refused");
    assert!(second.result()["message"].as_str().unwrap().contains("another process"), "{}", second.out);
    let read_only = operator.run(&["--read-only", "operations", "abort", &id, "--yes"]).await;
    read_only.assert(3);
    let back = operator.run(&["operations", "step-back", &id, "--yes", "-o", "json"]).await;
    assert_eq!(back.assert(0).result()["outcome"], "done", "an order is passed on");
    w.until("gateway.networking.k8s.io/v1", "HTTPRoute", "web", "back", |o| shift::weights(o) == (100, 0)).await;
    run.kill();
}

async fn asked_to_end(w: World) {
    shift::blue_and_green(&w).await;
    let operator = Operator::new(&w);
    let run = operator.start(&with(&SHIFT, &["--hold", "10m"])).until(step("hold", "started")).await;
    run.signal("TERM");
    assert_eq!(run.end().await.assert(130).result()["outcome"], "interrupted");
    let (id, state) = operation(&operator).await;
    assert_eq!(state, "interrupted");
    let lease = w.api("coordination.k8s.io/v1", "Lease").get("pilothouse-httproute-web").await.unwrap();
    assert!(lease.data["spec"]["holderIdentity"].is_null(), "the Lease is given back: {}", lease.data);
    let aborted = operator.run(&["operations", "abort", &id, "--yes", "-o", "json"]).await;
    assert_eq!(aborted.assert(5).result()["outcome"], "stepped-back");
    assert_eq!(shift::current(&w).await, (100, 0));
}

async fn overtaken(w: World) {
    w.create(deployment("web", 1, "1.0")).await;
    w.rolled_out("web").await;
    let api = w.deployments();
    let patch = async |patch: Value| {
        api.patch("web", &PatchParams::default(), &Patch::Strategic(patch)).await.unwrap();
    };
    patch(image("2.0")).await;
    w.rolled_out("web").await;
    // So slow that there is time to be overtaken.
    patch(json!({"spec": {"minReadySeconds": 600, "progressDeadlineSeconds": 1200}})).await;
    let operator = Operator::new(&w);
    let run = operator.start(&["rollback", "deploy/web", "--to-revision", "1", "--yes", "-o", "json"]);
    let run = run.until(step("undo", "done")).await;
    patch(image("3.0")).await;
    assert_eq!(run.end().await.assert(4).result()["outcome"], "conflict");
}

/// A StatefulSet whose second pod crashes after an update; the UID of that pod.
async fn stuck(w: &World) -> String {
    let mut object = deployment("db", 2, "1.0");
    object["kind"] = "StatefulSet".into();
    object["spec"]["serviceName"] = "db".into();
    w.create(object).await;
    let ready = |count: i64| move |o: &Value| o["status"]["readyReplicas"].as_i64() == Some(count);
    w.until("apps/v1", "StatefulSet", "db", "ready", ready(2)).await;
    let api = w.api("apps/v1", "StatefulSet");
    api.patch("db", &PatchParams::default(), &Patch::Strategic(image("1.1-broken"))).await.unwrap();
    let pod = w.until("v1", "Pod", "db-1", "broken", crashed(1)).await;
    pod["metadata"]["uid"].as_str().unwrap().to_owned()
}

/// The pod runs the broken image and crashed this often at least.
fn crashed(times: i64) -> impl Fn(&Value) -> bool {
    move |o| {
        let status = &o["status"]["containerStatuses"][0];
        status["image"].as_str().is_some_and(|i| i.ends_with("-broken"))
            && status["restartCount"].as_i64() >= Some(times)
            && status["state"]["waiting"]["reason"] == "CrashLoopBackOff"
    }
}

fn planned(plan: &Value) -> Vec<&str> {
    plan["steps"].as_array().unwrap().iter().filter_map(|step| step["step"].as_str()).collect()
}

async fn a_stuck_stateful_set(w: World) {
    stuck(&w).await;
    let run = Operator::new(&w).run(&["rollback", "sts/db", "--to-revision", "1", "--yes", "-o", "json"]).await;
    assert_eq!(planned(&run.assert(0).plan()), ["undo", "delete", "wait"]);
    let pod = w.api("v1", "Pod").get("db-1").await.unwrap();
    assert!(pod.data["spec"]["containers"][0]["image"].as_str().unwrap().ends_with(":1.0"));
}

async fn a_stateful_set_that_was_undone_stays_stuck(w: World) {
    let uid = stuck(&w).await;
    let api = w.api("apps/v1", "StatefulSet");
    api.patch("db", &PatchParams::default(), &Patch::Strategic(image("1.0"))).await.unwrap();
    let taken_up = |o: &Value| {
        o["status"]["observedGeneration"] == 3 && o["status"]["updateRevision"] == o["status"]["currentRevision"]
    };
    w.until("apps/v1", "StatefulSet", "db", "undone", taken_up).await;
    // The controller has long seen it, and the broken pod is let to crash on and on.
    let pod = w.until("v1", "Pod", "db-1", "broken still", crashed(4)).await;
    assert_eq!(pod["metadata"]["uid"], *uid, "it is the same pod: nobody replaces it");

    let run = Operator::new(&w).run(&["rollback", "sts/db", "--yes", "-o", "json"]).await;
    assert_eq!(planned(&run.assert(0).plan()), ["delete", "wait"]);
    w.until("apps/v1", "StatefulSet", "db", "ready", |o| o["status"]["readyReplicas"] == 2).await;
}

async fn a_protected_context(w: World) {
    w.create(deployment("web", 1, "1.0")).await;
    let before = w.rolled_out("web").await["metadata"]["generation"].clone();
    let operator = Operator::new(&w);
    let context = operator.run(&["restart", "deploy/web", "--dry-run", "-o", "json"]).await.assert(0).plan()["context"]
        .as_str()
        .unwrap()
        .to_owned();
    operator.configure(&format!("[contexts.\"{context}\"]\nprotected = true\n"));
    let restart = ["restart", "deploy/web", "-o", "json"];
    let refused = operator.run(&with(&restart, &["--yes"])).await;
    let right = format!("{context}/web");
    assert!(refused.assert(3).result()["message"].as_str().unwrap().contains(&right), "it says how: {}", refused.out);
    let wrong = format!("{context}/ledger");
    operator.run(&with(&restart, &["--yes", "--confirm", &wrong])).await.assert(3);
    operator.run(&restart).await.assert(3);
    let now = w.deployments().get("web").await.unwrap();
    assert_eq!(json!(now.metadata.generation), before, "nothing was written");
    operator.run(&with(&restart, &["--yes", "--confirm", &right])).await.assert(0);
}

async fn json_ends_with_a_result(w: World) {
    let operator = Operator::new(&w);
    for (arguments, code, outcome) in [
        (&["migrate", "deploy/web", "-o", "json"][..], 2, "failed"),
        (&["restart", "deploy/nobody", "--yes", "-o", "json"], 1, "failed"),
        (&["restart", "deploy/web", "--context", "nowhere", "-o", "json"], 1, "failed"),
        (&["operations", "resume", "nothing", "--yes", "-o", "json"], 1, "failed"),
        (&["operations", "show", "nothing", "-o", "json"], 1, "failed"),
        (&["operations", "pause", "nothing", "-o", "json"], 1, "failed"),
    ] {
        let run = operator.run(arguments).await;
        assert_eq!(run.assert(code).result()["outcome"], outcome, "{arguments:?}");
        assert!(run.err.starts_with("pilothouse: "), "and it is told to people: {}", run.err);
    }
}
