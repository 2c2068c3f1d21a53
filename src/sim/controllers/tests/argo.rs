//! Courses of canaries.

use super::*;

fn rollout(replicas: i64, steps: Value) -> Value {
    json!({
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": "web"}}, "template": template("web:1"),
            "strategy": {"canary": {"steps": steps}}},
    })
}

async fn rolled_out(replicas: i64, steps: Value) -> Course {
    let course = Course::start();
    course.create(&resources::ROLLOUTS, rollout(replicas, steps));
    pass(30).await;
    assert_eq!(phase(&course), "Healthy");
    course
}

fn phase(course: &Course) -> String {
    text(&course.get(&resources::ROLLOUTS, "web"), "/status/phase").to_owned()
}

/// Pods of each image that are ready.
fn ready(course: &Course) -> (usize, usize) {
    let of = |image: &str| {
        let ours =
            |pod: &&Arc<Value>| pod["spec"]["containers"][0]["image"] == image && is_true(&pod["status"], "Ready");
        course.pods().iter().filter(ours).count()
    };
    (of("web:1"), of("web:2"))
}

fn status(course: &Course, edit: impl FnOnce(&mut Value)) {
    let edited = course.store.update(&resources::ROLLOUTS, "shop", "web", Part::Status, None, |o| {
        edit(&mut o["status"]);
        Ok(())
    });
    edited.unwrap();
}

#[tokio::test(start_paused = true)]
async fn weights_are_made_of_pods_and_never_cost_availability() {
    let steps =
        json!([{"setWeight": 30}, {"pause": {"duration": "1m"}}, {"setWeight": 60}, {"pause": {"duration": 60}}]);
    let course = rolled_out(5, steps).await;
    course.edit(&resources::ROLLOUTS, "web", |o| set_image(o, "web:2"));
    let mut seen = Vec::new();
    for _ in 0..200 {
        pass(1).await;
        let (old, new) = ready(&course);
        // A quarter of five may be missing, rounded down.
        assert!(old + new >= 4, "{old} and {new} of 5 serve");
        if seen.last() != Some(&(old, new)) {
            seen.push((old, new));
        }
    }
    assert!(seen.contains(&(3, 2)) && seen.contains(&(2, 3)), "{seen:?}");
    assert_eq!((seen.last(), phase(&course).as_str()), (Some(&(0, 5)), "Healthy"));
    assert_eq!(
        text(&course.get(&resources::ROLLOUTS, "web"), "/metadata/annotations/rollout.argoproj.io~1revision"),
        ""
    );
    assert_eq!(annotation(&course.get(&resources::ROLLOUTS, "web"), "rollout.argoproj.io/revision"), Some("2"));
}

#[tokio::test(start_paused = true)]
async fn a_single_replica_has_its_canary_beside_it() {
    let course = rolled_out(1, json!([{"setWeight": 50}, {"pause": {}}])).await;
    course.edit(&resources::ROLLOUTS, "web", |o| set_image(o, "web:2"));
    pass(60).await;
    assert_eq!((ready(&course), phase(&course).as_str()), ((1, 1), "Paused"));
    status(&course, |s| set(s, &["promoteFull"], true));
    pass(60).await;
    assert_eq!((ready(&course), phase(&course).as_str()), ((0, 1), "Healthy"));
}

#[tokio::test(start_paused = true)]
async fn what_was_aborted_is_retried_from_the_first_step() {
    let course = rolled_out(4, json!([{"setWeight": 25}, {"pause": {}}, {"setWeight": 50}, {"pause": {}}])).await;
    course.edit(&resources::ROLLOUTS, "web", |o| set_image(o, "web:2"));
    pass(60).await;
    status(&course, |s| unset(s, &["pauseConditions"]));
    pass(60).await;
    assert_eq!(ready(&course), (2, 2));
    status(&course, |s| set(s, &["abort"], true));
    pass(60).await;
    assert_eq!((ready(&course), phase(&course).as_str()), ((4, 0), "Degraded"));
    status(&course, |s| set(s, &["abort"], false));
    pass(60).await;
    assert_eq!((ready(&course), phase(&course).as_str()), ((3, 1), "Paused"));
    assert!(text(&course.get(&resources::ROLLOUTS, "web"), "/status/abortedAt").is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_carried_out_is_refused_and_nothing_is_touched() {
    let course = rolled_out(2, json!([])).await;
    for (path, value) in [
        (vec!["strategy", "blueGreen"], json!({"activeService": "web"})),
        (vec!["strategy", "canary", "trafficRouting"], json!({"nginx": {}})),
        (vec!["strategy", "canary", "steps"], json!([{"analysis": {}}])),
        (vec!["workloadRef"], json!({"kind": "PodTemplate", "name": "web"})),
        (vec!["restartAt"], json!("2026-01-01T00:00:00Z")),
    ] {
        let before = course.get(&resources::ROLLOUTS, "web")["spec"].clone();
        course.edit(&resources::ROLLOUTS, "web", |o| {
            set_image(o, "web:2");
            set(&mut o["spec"], &path, value);
        });
        pass(60).await;
        let refused = course.get(&resources::ROLLOUTS, "web");
        let message = text(&refused, "/status/message");
        assert!(message.starts_with("InvalidSpec: ") && message.contains(path[path.len() - 1]), "{message}");
        assert_eq!((phase(&course).as_str(), ready(&course)), ("Degraded", (2, 0)));
        course.edit(&resources::ROLLOUTS, "web", |o| o["spec"] = before);
        pass(60).await;
        assert_eq!(phase(&course), "Healthy");
    }
}
