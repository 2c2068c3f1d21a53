//! Migrations: once per image, with logs, failing loudly.

use crate::{
    pilothouse::Operator,
    world::{Behaviour, IMAGE, World, deployment},
};
use futures::FutureExt;
use serde_json::json;

pub const ALL: &[(&str, Behaviour)] = &[
    ("migrate::it_runs_once", |w| it_runs_once(w).boxed_local()),
    ("migrate::it_takes_no_traffic", |w| it_takes_no_traffic(w).boxed_local()),
    ("migrate::a_failure_is_a_failure", |w| a_failure_is_a_failure(w).boxed_local()),
];

async fn it_runs_once(w: World) {
    w.create(deployment("web", 1, "1.0")).await;
    w.rolled_out("web").await;
    let operator = Operator::new(&w);
    let arguments = ["migrate", "deploy/web", "--tag", "2.0", "--command", "bin/migrate up", "--yes", "-o", "json"];
    let first = operator.run(&arguments).await;
    assert_eq!(first.assert(0).result()["outcome"], "done");
    let again = operator.run(&arguments).await;
    assert_eq!(again.code, 0, "{}{}", again.out, again.err);
    let colleague = Operator::new(&w).run(&arguments).await;
    assert_eq!(colleague.code, 0, "{}{}", colleague.out, colleague.err);
    let jobs = w.list("batch/v1", "Job").await;
    assert_eq!(jobs.len(), 1, "one Job for one image");
    let name = jobs[0]["metadata"]["name"].as_str().unwrap();
    assert!(name.starts_with("web-migrate-") && name.len() == "web-migrate-".len() + 12, "{name}");
    let container = &jobs[0]["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(
        (&container["image"], &container["command"]),
        (&json!(format!("{IMAGE}:2.0")), &json!(["bin/migrate", "up"]))
    );
    assert_eq!(jobs[0]["spec"]["backoffLimit"], 0);
}

async fn it_takes_no_traffic(w: World) {
    let mut object = deployment("web", 1, "1.0");
    let pod = &mut object["spec"]["template"]["spec"];
    pod["containers"][0]["readinessProbe"] = json!({"httpGet": {"path": "/", "port": 8080}});
    pod["containers"][0]["env"] = json!([{"name": "DB", "value": "shop"}]);
    pod["containers"].as_array_mut().unwrap().push(json!({"name": "proxy", "image": format!("{IMAGE}:9.0")}));
    w.create(object).await;
    w.rolled_out("web").await;
    let done = Operator::new(&w)
        .run(&["migrate", "deploy/web", "--container", "web", "--command", "migrate", "--yes", "-o", "json"])
        .await;
    done.assert(0);
    let job = &w.list("batch/v1", "Job").await[0];
    let template = &job["spec"]["template"];
    assert!(template["metadata"]["labels"].get("app").is_none(), "no Service selects it: {}", template["metadata"]);
    assert_eq!(template["spec"]["containers"].as_array().map(Vec::len), Some(1), "no sidecar keeps it alive");
    assert!(template["spec"]["containers"][0].get("readinessProbe").is_none());
    assert_eq!(template["spec"]["containers"][0]["env"], json!([{"name": "DB", "value": "shop"}]));
}

async fn a_failure_is_a_failure(w: World) {
    w.create(deployment("web", 1, "1.0")).await;
    w.rolled_out("web").await;
    let operator = Operator::new(&w);
    let arguments = ["migrate", "deploy/web", "--tag", "2.0-broken", "--command", "migrate", "--yes", "-o", "json"];
    let failed = operator.run(&arguments).await;
    assert_eq!(failed.assert(1).result()["outcome"], "failed");
    assert_ne!(operator.run(&arguments).await.code, 0, "a failed migration is not run again");
    assert_eq!(w.list("batch/v1", "Job").await.len(), 1);
}
