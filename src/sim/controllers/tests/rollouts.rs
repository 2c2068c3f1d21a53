//! Deployments: rolling, undo, pause, scale, failure.

use super::*;

fn sets(course: &Course) -> Vec<(String, i64, i64)> {
    let mut found: Vec<_> = course
        .list(&resources::REPLICA_SETS)
        .iter()
        .map(|s| {
            let revision = annotation(s, "deployment.kubernetes.io/revision").unwrap_or_default().to_owned();
            (revision, count(s, "/spec/replicas"), count(s, "/status/readyReplicas"))
        })
        .collect();
    found.sort();
    found
}

#[tokio::test(start_paused = true)]
async fn a_new_deployment_becomes_available_within_seconds() {
    let course = Course::start();
    course.create(&resources::DEPLOYMENTS, deployment("shop/web:1.0.0", 3));
    pass(4).await;
    let web = course.get(&resources::DEPLOYMENTS, "web");
    assert_eq!(count(&web, "/status/availableReplicas"), 3, "{web:#}");
    assert_eq!(reason(&web, "Progressing"), "NewReplicaSetAvailable");
    assert_eq!(annotation(&web, "deployment.kubernetes.io/revision"), Some("1"));
    assert_eq!(generation(&web), count(&web, "/status/observedGeneration"));
    let set = &course.list(&resources::REPLICA_SETS)[0];
    assert_eq!(annotation(set, "deployment.kubernetes.io/desired-replicas"), Some("3"));
    assert_eq!(annotation(set, "deployment.kubernetes.io/max-replicas"), Some("4"));
    assert_eq!(label(set, "pod-template-hash"), name(set).strip_prefix("web-"));
    assert!(course.told("web").contains(&"ScalingReplicaSet".to_owned()));
    let nodes: std::collections::BTreeSet<_> =
        course.pods().iter().map(|p| text(p, "/spec/nodeName").to_owned()).collect();
    assert_eq!(nodes.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_rolling_update_keeps_its_fenceposts() {
    let course = Course::start();
    course.create(&resources::DEPLOYMENTS, deployment("shop/web:1.0.0", 4));
    pass(5).await;
    let mut changes = course.store.subscribe();
    course.edit(&resources::DEPLOYMENTS, "web", |d| set_image(d, "shop/web:1.1.0"));
    pass(30).await;
    let web = course.get(&resources::DEPLOYMENTS, "web");
    assert_eq!((count(&web, "/status/updatedReplicas"), count(&web, "/status/replicas")), (4, 4));
    assert_eq!(sets(&course), [("1".into(), 0, 0), ("2".into(), 4, 4)]);
    let mut seen = 0;
    while let Some(change) = changes.try_next() {
        if change.resource == &resources::DEPLOYMENTS && change.object["status"]["observedGeneration"] == 2 {
            seen += 1;
            assert!(count(&change.object, "/status/availableReplicas") >= 3, "{:#}", change.object["status"]);
            assert!(count(&change.object, "/status/replicas") <= 5, "{:#}", change.object["status"]);
        }
    }
    assert!(seen > 3);
}

#[tokio::test(start_paused = true)]
async fn an_undo_renumbers_the_revision() {
    let course = Course::start();
    course.create(&resources::DEPLOYMENTS, deployment("shop/web:1.0.0", 2));
    pass(5).await;
    course.edit(&resources::DEPLOYMENTS, "web", |d| set_image(d, "shop/web:1.1.0"));
    pass(20).await;
    course.edit(&resources::DEPLOYMENTS, "web", |d| set_image(d, "shop/web:1.0.0"));
    pass(20).await;
    assert_eq!(sets(&course), [("2".into(), 0, 0), ("3".into(), 2, 2)]);
    let back = course.list(&resources::REPLICA_SETS).into_iter().find(|s| count(s, "/spec/replicas") == 2).unwrap();
    assert_eq!(annotation(&back, "deployment.kubernetes.io/revision-history"), Some("1"));
    assert_eq!(annotation(&course.get(&resources::DEPLOYMENTS, "web"), "deployment.kubernetes.io/revision"), Some("3"));
    course.edit(&resources::DEPLOYMENTS, "web", |d| set_image(d, "shop/web:1.1.0"));
    pass(20).await;
    course.edit(&resources::DEPLOYMENTS, "web", |d| set_image(d, "shop/web:1.0.0"));
    pass(20).await;
    let back = course.list(&resources::REPLICA_SETS).into_iter().find(|s| count(s, "/spec/replicas") == 2).unwrap();
    assert_eq!(annotation(&back, "deployment.kubernetes.io/revision-history"), Some("1,3"));
}

#[tokio::test(start_paused = true)]
async fn a_paused_deployment_does_not_roll_but_scales() {
    let course = Course::start();
    course.create(&resources::DEPLOYMENTS, deployment("shop/web:1.0.0", 2));
    pass(5).await;
    course.edit(&resources::DEPLOYMENTS, "web", |d| {
        d["spec"]["paused"] = true.into();
        set_image(d, "shop/web:1.1.0");
    });
    pass(20).await;
    let web = course.get(&resources::DEPLOYMENTS, "web");
    assert_eq!(reason(&web, "Progressing"), "DeploymentPaused");
    assert_eq!(sets(&course), [("1".into(), 2, 2)]);
    course.edit(&resources::DEPLOYMENTS, "web", |d| d["spec"]["replicas"] = 3.into());
    pass(20).await;
    assert_eq!(sets(&course), [("1".into(), 3, 3)]);
    course.edit(&resources::DEPLOYMENTS, "web", |d| unset(d, &["spec", "paused"]));
    pass(20).await;
    assert_eq!(sets(&course), [("1".into(), 0, 0), ("2".into(), 3, 3)]);
    assert_eq!(reason(&course.get(&resources::DEPLOYMENTS, "web"), "Progressing"), "NewReplicaSetAvailable");
}

#[tokio::test(start_paused = true)]
async fn a_crash_loop_stops_the_rollout_and_the_deadline_says_so() {
    let course = Course::start();
    course.create(&resources::DEPLOYMENTS, deployment("shop/web:1.0.0", 4));
    pass(5).await;
    course.edit(&resources::DEPLOYMENTS, "web", |d| set_image(d, "shop/web:1.1.0-broken"));
    pass(60).await;
    let web = course.get(&resources::DEPLOYMENTS, "web");
    assert_eq!(reason(&web, "Progressing"), "ReplicaSetUpdated");
    assert_eq!(count(&web, "/status/readyReplicas"), 3);
    assert!(is_true(&web["status"], "Available"));
    assert_eq!(sets(&course), [("1".into(), 3, 3), ("2".into(), 2, 0)]);
    pass(700).await;
    let web = course.get(&resources::DEPLOYMENTS, "web");
    assert_eq!(reason(&web, "Progressing"), "ProgressDeadlineExceeded");
    assert!(is_true(&web["status"], "Available"));
    course.edit(&resources::DEPLOYMENTS, "web", |d| set_image(d, "shop/web:1.0.0"));
    pass(30).await;
    let web = course.get(&resources::DEPLOYMENTS, "web");
    assert_eq!(reason(&web, "Progressing"), "NewReplicaSetAvailable");
    assert_eq!(sets(&course), [("2".into(), 0, 0), ("3".into(), 4, 4)]);
}

#[tokio::test(start_paused = true)]
async fn recreate_has_no_two_versions_at_once() {
    let course = Course::start();
    let mut web = deployment("shop/web:1.0.0", 3);
    web["spec"]["strategy"] = json!({"type": "Recreate"});
    course.create(&resources::DEPLOYMENTS, web);
    pass(5).await;
    let mut changes = course.store.subscribe();
    course.edit(&resources::DEPLOYMENTS, "web", |d| set_image(d, "shop/web:1.1.0"));
    pass(20).await;
    assert_eq!(sets(&course), [("1".into(), 0, 0), ("2".into(), 3, 3)]);
    let (mut old, mut news) = (3, 0);
    while let Some(change) = changes.try_next() {
        if change.resource != &resources::PODS {
            continue;
        }
        let is_new = text(&change.object, "/spec/containers/0/image").ends_with("1.1.0");
        match change.kind {
            crate::sim::store::ChangeKind::Deleted if !is_new => old -= 1,
            crate::sim::store::ChangeKind::Added => {
                news += 1;
                assert_eq!(old, 0);
            }
            _ => {}
        }
    }
    assert_eq!((old, news), (0, 3));
}

#[tokio::test(start_paused = true)]
async fn scaling_in_the_middle_of_a_rollout_is_proportional() {
    let course = Course::start();
    course.create(&resources::DEPLOYMENTS, deployment("shop/web:1.0.0", 10));
    pass(8).await;
    course.edit(&resources::DEPLOYMENTS, "web", |d| set_image(d, "shop/web:1.1.0-broken"));
    pass(20).await;
    assert_eq!(sets(&course), [("1".into(), 8, 8), ("2".into(), 5, 0)]);
    course.edit(&resources::DEPLOYMENTS, "web", |d| d["spec"]["replicas"] = 20.into());
    pass(20).await;
    let found = sets(&course);
    assert_eq!(found.iter().map(|s| s.1).sum::<i64>(), 25, "{found:?}");
    assert!(found[0].1 > 8 && found[1].1 > 5, "{found:?}");
}

#[tokio::test(start_paused = true)]
async fn old_replica_sets_are_kept_up_to_the_limit() {
    let course = Course::start();
    let mut web = deployment("shop/web:1.0.0", 1);
    web["spec"]["revisionHistoryLimit"] = 2.into();
    course.create(&resources::DEPLOYMENTS, web);
    for minor in 1..6 {
        pass(20).await;
        course.edit(&resources::DEPLOYMENTS, "web", |d| set_image(d, &format!("shop/web:1.{minor}.0")));
    }
    pass(20).await;
    let revisions: Vec<_> = sets(&course).into_iter().map(|s| s.0).collect();
    assert_eq!(revisions, ["4", "5", "6"]);
}

#[tokio::test(start_paused = true)]
async fn a_quota_shows_as_replica_failure() {
    let course = Course::start();
    let quota = json!({"metadata": {"name": "pods", "namespace": "shop"}, "spec": {"hard": {"pods": "2"}}});
    course.create(&resources::RESOURCE_QUOTAS, quota);
    course.create(&resources::DEPLOYMENTS, deployment("shop/web:1.0.0", 3));
    pass(10).await;
    let web = course.get(&resources::DEPLOYMENTS, "web");
    assert_eq!(reason(&web, "ReplicaFailure"), "FailedCreate", "{web:#}");
    assert_eq!(count(&web, "/status/readyReplicas"), 2);
    assert_eq!(text(&course.get(&resources::RESOURCE_QUOTAS, "pods"), "/status/used/pods"), "2");
    course.edit(&resources::RESOURCE_QUOTAS, "pods", |q| q["spec"]["hard"]["pods"] = "5".into());
    pass(90).await;
    let web = course.get(&resources::DEPLOYMENTS, "web");
    assert_eq!((reason(&web, "ReplicaFailure").as_str(), count(&web, "/status/readyReplicas")), ("", 3));
}
