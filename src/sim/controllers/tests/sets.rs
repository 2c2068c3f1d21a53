//! StatefulSets and DaemonSets.

use super::*;

fn stateful(image: &str, replicas: i64) -> Value {
    json!({
        "metadata": {"name": "db", "namespace": "shop"},
        "spec": {"replicas": replicas, "serviceName": "db", "selector": {"matchLabels": {"app": "web"}}, "template": template(image),
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}},
    })
}

fn images(course: &Course) -> Vec<String> {
    course.pods().iter().map(|p| text(p, "/spec/containers/0/image").to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_stateful_set_starts_in_order_and_rolls_backwards() {
    let course = Course::start();
    course.create(&resources::STATEFUL_SETS, stateful("shop/db:1", 3));
    pass(1).await;
    assert_eq!(course.pods().len(), 1);
    pass(10).await;
    let names: Vec<_> = course.pods().iter().map(|p| name(p).to_owned()).collect();
    assert_eq!(names, ["db-0", "db-1", "db-2"]);
    let db = course.get(&resources::STATEFUL_SETS, "db");
    assert_eq!(count(&db, "/status/readyReplicas"), 3);
    assert_eq!(db["status"]["currentRevision"], db["status"]["updateRevision"]);
    course.edit(&resources::STATEFUL_SETS, "db", |s| {
        set_image(s, "shop/db:2");
        s["spec"]["updateStrategy"]["rollingUpdate"]["partition"] = 2.into();
    });
    pass(20).await;
    assert_eq!(images(&course), ["shop/db:1", "shop/db:1", "shop/db:2"]);
    let db = course.get(&resources::STATEFUL_SETS, "db");
    assert_eq!(count(&db, "/status/updatedReplicas"), 1);
    assert_ne!(db["status"]["currentRevision"], db["status"]["updateRevision"]);
    course.delete(&resources::PODS, "db-0");
    pass(10).await;
    assert_eq!(images(&course)[0], "shop/db:1");
    course.edit(&resources::STATEFUL_SETS, "db", |s| {
        s["spec"]["updateStrategy"]["rollingUpdate"]["partition"] = 0.into()
    });
    pass(30).await;
    assert_eq!(images(&course), ["shop/db:2"; 3]);
    let db = course.get(&resources::STATEFUL_SETS, "db");
    assert_eq!(db["status"]["currentRevision"], db["status"]["updateRevision"]);
}

#[tokio::test(start_paused = true)]
async fn a_broken_pod_keeps_a_stateful_set_stuck_until_it_is_deleted() {
    let course = Course::start();
    course.create(&resources::STATEFUL_SETS, stateful("shop/db:1", 2));
    pass(10).await;
    course.edit(&resources::STATEFUL_SETS, "db", |s| set_image(s, "shop/db:2-broken"));
    pass(60).await;
    assert_eq!(images(&course), ["shop/db:1", "shop/db:2-broken"]);
    course.edit(&resources::STATEFUL_SETS, "db", |s| set_image(s, "shop/db:1"));
    pass(120).await;
    assert_eq!(images(&course), ["shop/db:1", "shop/db:2-broken"]);
    course.delete(&resources::PODS, "db-1");
    pass(10).await;
    assert_eq!(images(&course), ["shop/db:1", "shop/db:1"]);
    let revisions = course.list(&resources::CONTROLLER_REVISIONS);
    let numbers: std::collections::BTreeSet<_> = revisions.iter().map(|r| count(r, "/revision")).collect();
    assert_eq!(numbers, [2, 3].into());
}

#[tokio::test(start_paused = true)]
async fn a_daemon_set_has_a_pod_on_each_node_and_rolls_one_by_one() {
    let course = Course::start();
    let agent = json!({
        "metadata": {"name": "agent", "namespace": "shop"},
        "spec": {"selector": {"matchLabels": {"app": "web"}}, "template": template("shop/agent:1")},
    });
    course.create(&resources::DAEMON_SETS, agent);
    pass(5).await;
    let agent = course.get(&resources::DAEMON_SETS, "agent");
    assert_eq!(count(&agent, "/status/numberAvailable"), 3);
    let nodes: std::collections::BTreeSet<_> =
        course.pods().iter().map(|p| text(p, "/spec/nodeName").to_owned()).collect();
    assert_eq!(nodes.len(), 3);
    let mut changes = course.store.subscribe();
    course.edit(&resources::DAEMON_SETS, "agent", |d| set_image(d, "shop/agent:2"));
    pass(30).await;
    assert_eq!(images(&course), ["shop/agent:2"; 3]);
    while let Some(change) = changes.try_next() {
        if change.resource == &resources::DAEMON_SETS {
            assert!(count(&change.object, "/status/numberUnavailable") <= 1, "{:#}", change.object["status"]);
        }
    }
    let agent = course.get(&resources::DAEMON_SETS, "agent");
    assert_eq!(count(&agent, "/status/updatedNumberScheduled"), 3);
    assert_eq!(course.list(&resources::CONTROLLER_REVISIONS).len(), 2);
}
