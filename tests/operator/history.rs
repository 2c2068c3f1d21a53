//! `pilothouse history`: the JSON contract, and a line of time for people.

use crate::{
    bump::{Remote, commit_tag, overlay},
    pilothouse::Operator,
    world::{Behaviour, IMAGE, World, deployment, image},
};
use futures::FutureExt;
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};

pub const ALL: &[(&str, Behaviour)] = &[
    ("history::the_contract_holds", |w| the_contract_holds(w).boxed_local()),
    ("history::a_commit_explains_its_revision", |w| a_commit_explains_its_revision(w).boxed_local()),
];

async fn two_revisions(w: &World) {
    w.create(deployment("web", 2, "1.0")).await;
    w.rolled_out("web").await;
    let mut patch = image("1.1");
    patch["metadata"] = json!({"annotations": {"kubernetes.io/change-cause": "because of ana TOKEN=hunter2"}});
    w.deployments().patch("web", &PatchParams::default(), &Patch::Strategic(patch)).await.unwrap();
    w.rolled_out("web").await;
}

async fn the_contract_holds(w: World) {
    two_revisions(&w).await;
    let operator = Operator::new(&w);
    let seen = operator.run(&["history", "deploy/web", "-o", "json"]).await;
    let history: Value = serde_json::from_str(&seen.assert(0).out).unwrap();
    assert_eq!(history["apiVersion"], "pilothouse/v1");
    let rows = history["revisions"].as_array().unwrap();
    let told: Vec<_> = rows.iter().map(|row| (&row["revision"], &row["current"], &row["images"])).collect();
    let images = |tag: &str| json!([format!("{IMAGE}:{tag}")]);
    assert_eq!(
        told,
        [(&json!(2), &json!(true), &images("1.1")), (&json!(1), &json!(false), &images("1.0"))],
        "newest first"
    );
    assert_eq!(
        (&rows[0]["known_good"], &rows[0]["ready"], &rows[0]["commit"]),
        (&json!("yes"), &json!(2), &Value::Null)
    );
    assert_eq!((&rows[1]["known_good"], &rows[1]["ready"]), (&json!("unknown"), &json!(0)));
    assert_eq!(rows[0]["cause"], "because of ana TOKEN=«…»");
    assert!(rows.iter().all(|row| row["created"].is_string() && row["evidence"].is_string()), "{rows:?}");
    assert!(history["unknown"][0].as_str().unwrap().starts_with("commits: "), "what is missing is said: {history}");

    let yaml = operator.run(&["history", "deploy/web", "-o", "yaml"]).await;
    let same: Value = serde_yaml::from_str(&yaml.assert(0).out).unwrap();
    assert_eq!(same["revisions"][1]["revision"], history["revisions"][1]["revision"]);

    operator.run(&["history", "deploy/nobody"]).await.assert(1);
    operator.run(&["history", "pod/web"]).await.assert(2);
}

async fn a_commit_explains_its_revision(w: World) {
    let remote = Remote::new(&[("apps/web/kustomization.yaml", overlay(&w.namespace))]);
    commit_tag(&remote, "apps/web/kustomization.yaml", "1.1", "web 1.1: faster");
    two_revisions(&w).await;
    let operator = Operator::new(&w);
    let bare = remote.bare().display().to_string();
    let seen = operator.run(&["history", "deploy/web", "--repo", &bare, "-o", "json"]).await;
    let history: Value = serde_json::from_str(&seen.assert(0).out).unwrap();
    let commit = &history["revisions"][0]["commit"];
    assert_eq!((&commit["author"], &commit["message"]), (&json!("Ben"), &json!("web 1.1: faster")), "{history}");
    assert_eq!(commit["sha"].as_str().map(str::len), Some(40));
    assert_eq!(history["revisions"][1]["commit"]["message"], "start");
    let lead = &history["revisions"][0]["lead"];
    assert!(lead["serving"].is_string() && lead["seconds_from_commit"].as_i64() >= Some(0), "{history}");
    assert_eq!(lead["seconds_from_image"], Value::Null, "{lead}");
    assert_eq!(history["revisions"][1]["lead"], Value::Null, "nothing tells when an earlier one served");
    let table = operator.run(&["history", "deploy/web", "--repo", &bare]).await;
    let line = table.assert(0).out.lines().find(|line| line.contains("web 1.1: faster")).unwrap().to_owned();
    assert!(line.starts_with('▸') && line.contains("2/2") && line.contains("(Ben)"), "{line}");
}
