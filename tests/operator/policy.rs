//! What a team agreed on, in the way of what an operator does: freezes, versions, reasons; overridden, and written down.

use crate::{
    bump::{Remote, kustomized},
    fleet::git,
    pilothouse::{Finished, Operator},
    world::{Behaviour, World, deployment},
};
use futures::FutureExt;

pub const ALL: &[(&str, Behaviour)] = &[
    ("policy::a_freeze_refuses_until_it_is_overridden", |w| a_freeze(w).boxed_local()),
    ("policy::a_freeze_never_keeps_a_rollback_waiting", |w| a_rollback_in_a_freeze(w).boxed_local()),
    ("policy::an_environment_accepts_some_versions", |w| versions(w).boxed_local()),
    ("policy::a_mistake_in_the_file_is_not_guessed_over", |w| a_mistake(w).boxed_local()),
    ("policy::the_remotes_tip_counts_and_no_clone", |w| the_tip(w).boxed_local()),
];

const FILE: &str = ".pilothouse.yaml";
const EVERY_DAY: &str = "\
freezes:
- reason: the sale of the year
  days: [mon, tue, wed, thu, fri, sat, sun]
  zone: UTC
";

async fn web(w: &World) {
    w.create(deployment("web", 1, "1.0")).await;
    w.rolled_out("web").await;
}

/// Somebody agrees on something, and pushes it.
fn agree(remote: &Remote, text: &str) {
    let clone = remote.clone();
    std::fs::write(clone.join(FILE), text).unwrap();
    git(&clone, &["add", "."]);
    git(&clone, &["commit", "--quiet", "-m", "agreed"]);
    git(&clone, &["push", "--quiet", "origin", "HEAD:main"]);
}

async fn context(operator: &Operator) -> String {
    let dry = operator.run(&["restart", "deploy/web", "--dry-run", "-o", "json"]).await;
    dry.assert(0).plan()["context"].as_str().unwrap().to_owned()
}

fn refusal(run: &Finished) -> String {
    run.assert(3).result()["message"].as_str().unwrap().to_owned()
}

fn head(remote: &Remote) -> String {
    git(&remote.bare(), &["rev-parse", "--short=7", "main"]).trim().to_owned()
}

async fn a_freeze(w: World) {
    web(&w).await;
    let remote = kustomized(&w);
    let repository = remote.bare().display().to_string();
    let operator = Operator::new(&w);
    let confirm = format!("{}/web", context(&operator).await);
    let bump = |more: &[&str]| {
        let mut all = vec!["bump", "deploy/web", "2.0", "--repo", &repository, "--yes", "-o", "json"];
        all.extend(more.iter().copied());
        all.into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let run = async |more: &[&str]| {
        let arguments = bump(more);
        operator.run(&arguments.iter().map(String::as_str).collect::<Vec<_>>()).await
    };
    agree(&remote, EVERY_DAY);
    let place = format!("{FILE}:2 @ {} of main", head(&remote));
    let said = refusal(&run(&[]).await);
    assert!(said.contains("the sale of the year") && said.contains(&place), "{said}");
    assert!(said.contains("--override-policy"), "what to do is said: {said}");
    run(&["--override-policy"]).await.assert(2);
    let unnamed = refusal(&run(&["--override-policy", "--why", "a hole in the shop"]).await);
    assert!(unnamed.contains(&confirm), "an override asks for the name: {unnamed}");
    assert_eq!(remote.commits(), 2, "nothing was committed but what was agreed");

    let done = run(&["--override-policy", "--why", "a hole in the shop", "--confirm", &confirm]).await;
    assert_eq!(done.assert(0).result()["outcome"], "done");
    let message = git(&remote.bare(), &["log", "-1", "--format=%B", "main"]);
    assert!(message.contains("a hole in the shop"), "{message}");
    assert!(message.contains("Pilothouse-Overrides: frozen until ") && message.contains(&place), "{message}");
    let trailers = git(&remote.bare(), &["log", "-1", "--format=%(trailers:only)", "main"]);
    assert!(trailers.contains("Pilothouse-Operation: ") && trailers.contains("Pilothouse-Overrides: "), "{trailers}");
    let report = operator.run(&["journal", "-o", "markdown"]).await;
    let told = report.assert(0).out.lines().find(|line| line.starts_with("- **overrides**")).unwrap_or_default();
    assert!(told.contains("the sale of the year") && told.contains(&place), "{}", report.out);
}

/// In a freeze and with Git out of reach: a change is refused, a rollback goes on once its name is typed.
async fn a_rollback_in_a_freeze(w: World) {
    web(&w).await;
    let remote = kustomized(&w);
    agree(&remote, EVERY_DAY);
    let operator = Operator::new(&w);
    let confirm = format!("{}/web", context(&operator).await);
    operator.configure(&format!("repository = '{}'\n", remote.bare().display()));
    let restart = ["restart", "deploy/web", "--yes", "-o", "json"];
    let said = refusal(&operator.run(&restart).await);
    assert!(said.contains("the sale of the year"), "{said}");

    let moved = remote.bare().with_file_name("away.git");
    std::fs::rename(remote.bare(), &moved).unwrap();
    let said = refusal(&operator.run(&restart).await);
    assert!(said.contains("what holds now is not known") && said.contains("the sale of the year"), "{said}");

    operator.configure(&format!("repository = '{}'\n", moved.display()));
    let api = w.deployments();
    let patch =
        serde_json::json!({"spec": {"template": crate::world::deployment("web", 1, "2.0")["spec"]["template"]}});
    let merge = kube::api::Patch::Merge(&patch);
    api.patch("web", &kube::api::PatchParams::default(), &merge).await.unwrap();
    w.rolled_out("web").await;
    // Read once where it now is, then out of reach again.
    operator.run(&restart).await.assert(3);
    std::fs::rename(&moved, remote.bare()).unwrap();
    let rollback = ["rollback", "deploy/web", "--to-revision", "1", "--yes", "-o", "json"];
    let said = refusal(&operator.run(&rollback).await);
    assert!(said.contains(&confirm), "the name is asked for: {said}");
    let typed = [&rollback[..], &["--confirm", &confirm]].concat();
    let done = operator.run(&typed).await;
    assert_eq!(done.assert(0).result()["outcome"], "done");
    let warned = done.plan()["preconditions"].to_string();
    assert!(warned.contains("the sale of the year") && warned.contains("a rollback goes on"), "{warned}");
    let read_only = [&typed[..], &["--read-only"]].concat();
    operator.run(&read_only).await.assert(3);
}

async fn versions(w: World) {
    web(&w).await;
    let remote = kustomized(&w);
    let repository = remote.bare().display().to_string();
    let operator = Operator::new(&w);
    let name = &w.namespace;
    agree(
        &remote,
        &format!(
            "environments:\n  other:\n    namespaces: [not-{name}]\n    accepts: [major]\n  here:\n    namespaces: ['{name}']\n    \
             accepts: [patch]\n    tags: ['*.*.*']\n    reason: required\n"
        ),
    );
    let bump = async |tag: &str, more: &[&str]| {
        let arguments = [&["bump", "deploy/web", tag, "--repo", &repository, "--yes", "-o", "json"], more].concat();
        operator.run(&arguments).await
    };
    let said = refusal(&bump("1.1.0", &["--why", "a fix"]).await);
    assert!(said.contains("here accepts patch only: 1.0 → 1.1.0 is minor") && said.contains(".yaml:7 @ "), "{said}");
    let said = refusal(&bump("1.0-1", &["--why", "a fix"]).await);
    assert!(said.contains("here wants tags like *.*.*") && said.contains(".yaml:8 @ "), "{said}");
    let said = refusal(&bump("1.0.1", &[]).await);
    assert!(said.contains("here wants a reason"), "{said}");
    let done = bump("1.0.1", &["--why", "a fix"]).await;
    assert_eq!(done.assert(0).result()["outcome"], "done");
    assert!(done.plan()["preconditions"].to_string().contains("here allows it"), "{}", done.out);
}

async fn a_mistake(w: World) {
    web(&w).await;
    let remote = kustomized(&w);
    let repository = remote.bare().display().to_string();
    let operator = Operator::new(&w);
    agree(&remote, "freezs: []\n");
    let said =
        refusal(&operator.run(&["bump", "deploy/web", "2.0", "--repo", &repository, "--yes", "-o", "json"]).await);
    assert!(said.contains(".pilothouse.yaml:1:1: unknown key `freezs`") && said.contains("`freezes`?"), "{said}");
    let file = remote.clone().join(FILE).display().to_string();
    let checked = operator.run(&["config", "check", &file]).await;
    assert!(checked.assert(1).out.contains(&format!("{file}:1:1: unknown key `freezs`")), "{}", checked.out);
    std::fs::write(&file, EVERY_DAY).unwrap();
    let checked = operator.run(&["config", "check", &file]).await;
    assert!(checked.assert(0).out.contains("nothing is wrong (0 environments, 1 freezes)"), "{}", checked.out);
    let schema = operator.run(&["config", "schema"]).await;
    assert!(serde_json::from_str::<serde_json::Value>(&schema.assert(0).out).unwrap()["properties"].is_object());
}

/// The clone that is named lags behind what was agreed since.
async fn the_tip(w: World) {
    web(&w).await;
    let remote = kustomized(&w);
    let lagging = remote.bare().with_file_name("lagging");
    git(remote.bare().parent().unwrap(), &["clone", "--quiet", "remote.git", "lagging"]);
    agree(&remote, EVERY_DAY);
    let operator = Operator::new(&w);
    let repository = lagging.display().to_string();
    let bump = ["bump", "deploy/web", "2.0", "--repo", &repository, "--yes", "-o", "json"];
    let said = refusal(&operator.run(&bump).await);
    assert!(said.contains("the sale of the year"), "{said}");
    std::fs::remove_file(remote.clone().join(FILE)).unwrap();
    git(&remote.clone(), &["commit", "--quiet", "--all", "-m", "the sale is over"]);
    git(&remote.clone(), &["push", "--quiet", "origin", "HEAD:main"]);
    operator.run(&bump).await.assert(0);
}
