//! Several workloads are planned at once while much of the API is forbidden or does not answer.

use crate::stage::{Stage, deployment};
use pilothouse::{
    app::{Desk, Group, Session, Unplanned, Wanted},
    config::Paths,
    model::{Incident, Intent, ObjectRef, Plan},
    sim::{access::Rule, faults::Failure, resource::resources},
};
use std::{collections::BTreeMap, future::ready, sync::Arc, time::Duration};

/// Both services run a tag that crashes beside what serves.
async fn broken() -> Stage {
    let stage = Stage::new().await;
    for name in ["checkout", "checkout-v2"] {
        stage.edit(&resources::DEPLOYMENTS, name, |object| {
            let image = "registry.example/shop/checkout:2.4.1-broken";
            object["spec"]["template"]["spec"]["containers"][0]["image"] = image.into();
        });
    }
    tokio::time::sleep(Duration::from_secs(60)).await;
    stage
}

async fn planned(stage: &Stage) -> BTreeMap<String, Result<Plan, Unplanned>> {
    let paths = Paths::under(stage.folder.path());
    let desk = Arc::new(Desk::set_up(&paths, stage.cluster.clock().clone(), false));
    let session = Session::on(stage.cluster.clone(), &desk);
    let group = Group::begun(stage.cluster.clock().now());
    let wanted = ["checkout", "checkout-v2", "ghost"].map(|name| Wanted {
        intent: Intent::Rollback { target: deployment(name), revision: None },
        incident: Incident::default(),
    });
    let mut plans = BTreeMap::new();
    let take = |object: ObjectRef, plan| {
        plans.insert(object.name.to_string(), plan);
        ready(())
    };
    session.muster(&group, wanted.to_vec(), Some("errors"), take).await;
    for plan in plans.values().flatten() {
        assert_eq!((plan.group(), plan.why.as_deref()), (Some(group.id()), Some("errors")));
        assert!(plan.operation.0.starts_with(group.id()), "{}", plan.operation);
    }
    plans
}

#[tokio::test(start_paused = true)]
async fn what_one_of_them_lacks_keeps_no_other_back() {
    let stage = broken().await;
    let plans = planned(&stage).await;
    assert!(plans["checkout"].is_ok() && plans["checkout-v2"].is_ok(), "{plans:?}");
    assert!(plans["ghost"].as_ref().unwrap_err().to_string().contains("there is no Deployment"), "{plans:?}");
    let names: Vec<&str> = plans.values().flatten().map(|plan| &*plan.operation.0).collect();
    assert_ne!(names[0], names[1], "each is an operation of its own");
}

#[tokio::test(start_paused = true)]
async fn a_part_of_the_api_that_fails_takes_no_plan_away() {
    let mut stage = broken().await;
    for resource in [&resources::HORIZONTAL_POD_AUTOSCALERS, &resources::LEASES] {
        stage.world.faults.fail_next(10_000, None, Some(resource), Failure::internal());
    }
    let plans = planned(&stage).await;
    assert!(plans["checkout"].is_ok() && plans["checkout-v2"].is_ok(), "{plans:?}");

    // And with no right but to what is written and its history.
    let rule = |verbs: &[&str], resource| Rule::cluster(verbs, &["apps"], &[resource]);
    stage.act_as("pilot", vec![rule(&["get", "patch"], "deployments"), rule(&["get", "list"], "replicasets")]);
    let plans = planned(&stage).await;
    let plan = plans["checkout"].as_ref().unwrap();
    assert!(plan.blocked_by().next().is_none(), "{:?}", plan.preconditions);
}

#[tokio::test(start_paused = true)]
async fn who_does_not_answer_in_time_is_said_to_be_late() {
    let stage = broken().await;
    stage.world.faults.set_latency(Duration::from_secs(20));
    let plans = planned(&stage).await;
    let late = |plan: &Result<Plan, Unplanned>| matches!(plan, Err(Unplanned::Late { .. }));
    assert_eq!(plans.values().filter(|plan| late(plan)).count(), 3, "{plans:?}");
}
