//! Bumping image tags in Git: byte for byte, from objects, past somebody else's push.

use crate::{
    pilothouse::Operator,
    world::{Behaviour, IMAGE, World, deployment},
};
use futures::FutureExt;
use serde_json::json;
use std::{
    path::{Path, PathBuf},
    process::Command,
};
use tempfile::TempDir;

pub const ALL: &[(&str, Behaviour)] = &[
    ("bump::only_the_tag_changes", |w| only_the_tag_changes(w).boxed_local()),
    ("bump::a_dirty_clone_is_not_touched", |w| a_dirty_clone_is_not_touched(w).boxed_local()),
    ("bump::a_plain_manifest_is_edited", |w| a_plain_manifest_is_edited(w).boxed_local()),
    ("bump::a_hook_that_refuses_is_heard", |w| a_hook_that_refuses_is_heard(w).boxed_local()),
    ("bump::what_is_not_found_is_said", |w| what_is_not_found_is_said(w).boxed_local()),
];

/// A bare repository with a kustomize overlay for this world's namespace.
struct Remote {
    folder: TempDir,
}

fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .current_dir(folder)
        .args(["-c", "user.name=Ben", "-c", "user.email=ben@example.org"])
        .args(arguments)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()
        .unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

impl Remote {
    fn new(files: &[(&str, String)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        git(folder.path(), &["init", "--quiet", "--bare", "--initial-branch=main", "remote.git"]);
        git(folder.path(), &["clone", "--quiet", "remote.git", "clone"]);
        let remote = Self { folder };
        let clone = remote.clone();
        git(&clone, &["checkout", "--quiet", "-B", "main"]);
        for (path, text) in files {
            std::fs::create_dir_all(clone.join(path).parent().unwrap()).unwrap();
            std::fs::write(clone.join(path), text).unwrap();
        }
        git(&clone, &["add", "."]);
        git(&clone, &["commit", "--quiet", "-m", "start"]);
        git(&clone, &["push", "--quiet", "origin", "HEAD:main"]);
        remote
    }

    fn bare(&self) -> PathBuf {
        self.folder.path().join("remote.git")
    }

    fn clone(&self) -> PathBuf {
        self.folder.path().join("clone")
    }

    fn show(&self, path: &str) -> String {
        git(&self.bare(), &["show", &format!("main:{path}")])
    }

    fn commits(&self) -> usize {
        git(&self.bare(), &["rev-list", "--count", "main"]).trim().parse().unwrap()
    }
}

/// An overlay that sets the tag, with everything in it that an edit could spoil.
fn overlay(namespace: &str) -> String {
    format!(
        "# production\r\napiVersion: kustomize.config.k8s.io/v1beta1\r\nkind: Kustomization\r\nnamespace: {namespace}\r\nresources:\r\n- ../../base\r\n\
         images:\r\n  - name: {IMAGE}   # the web\r\n    newTag:   '1.0' # keep me\r\n\r\n  - name: other/app\r\n    newTag: \"1.0\"  "
    )
}

fn manifest() -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec:\n  selector: {{matchLabels: {{app: web}}}}\n  template:\n    \
         metadata: {{labels: {{app: web}}}}\n    spec:\n      containers:\n      - {{name: web, image: {IMAGE}}}\n"
    )
}

fn kustomized(w: &World) -> Remote {
    Remote::new(&[
        ("base/kustomization.yaml", "resources: [web.yaml]\n".to_owned()),
        ("base/web.yaml", manifest()),
        ("environments/production/kustomization.yaml", overlay(&w.namespace)),
    ])
}

async fn web(w: &World) {
    w.create(deployment("web", 1, "1.0")).await;
    w.rolled_out("web").await;
}

async fn only_the_tag_changes(w: World) {
    web(&w).await;
    let remote = kustomized(&w);
    let operator = Operator::new(&w);
    let repository = remote.bare().display().to_string();
    let done = operator
        .run(&["bump", "deploy/web", "1.10", "--repo", &repository, "--why", "hotfix", "--yes", "-o", "json"])
        .await;
    assert_eq!(done.assert(0).result()["outcome"], "done");
    let path = "environments/production/kustomization.yaml";
    assert_eq!(
        remote.show(path),
        overlay(&w.namespace).replace("newTag:   '1.0'", "newTag:   '1.10'"),
        "byte for byte"
    );
    assert_eq!(remote.commits(), 2);
    let shown = git(&remote.bare(), &["log", "-1", "--format=%an <%ae>%n%B", "main"]);
    assert!(shown.starts_with("Ana Pilot <ana@example.org>"), "{shown}");
    assert!(shown.contains("1.0") && shown.contains("1.10") && shown.contains("hotfix"), "{shown}");
    let operation = done.result()["operation"].as_str().unwrap().to_owned();
    assert!(shown.contains(&format!("Pilothouse-Operation: {operation}")), "{shown}");
    assert!(done.plan()["diff"].as_str().unwrap().contains("+    newTag:   '1.10'"), "{}", done.plan()["diff"]);
    let said = done.result()["message"].as_str().unwrap().to_lowercase();
    assert!(
        said.contains("push") || said.contains("reconciler"),
        "no reconciler is in sight, and that is said: {said}"
    );
    let same = operator.run(&["bump", "deploy/web", "1.10", "--repo", &repository, "--yes", "-o", "json"]).await;
    assert_eq!((same.code, remote.commits()), (0, 2), "nothing to do: {}{}", same.out, same.err);
}

async fn a_dirty_clone_is_not_touched(w: World) {
    web(&w).await;
    let remote = kustomized(&w);
    let clone = remote.clone();
    std::fs::write(clone.join("base/web.yaml"), "half-finished: work\n").unwrap();
    std::fs::write(clone.join("notes.txt"), "mine\n").unwrap();
    let state = || {
        (
            git(&clone, &["--no-optional-locks", "status", "--porcelain", "--branch"]),
            git(&clone, &["rev-parse", "HEAD"]),
            std::fs::read(clone.join(".git/index")).unwrap(),
        )
    };
    git(&clone, &["status"]);
    let before = state();
    let repository = clone.display().to_string();
    Operator::new(&w).run(&["bump", "deploy/web", "2.0", "--repo", &repository, "--yes", "-o", "json"]).await.assert(0);
    assert_eq!(state(), before);
    assert!(remote.show("environments/production/kustomization.yaml").contains("newTag:   '2.0'"));
}

async fn a_plain_manifest_is_edited(w: World) {
    web(&w).await;
    let text = json!({"apiVersion": "apps/v1", "kind": "Deployment"});
    let plain = manifest()
        .replace(IMAGE, &format!("\"{IMAGE}:1.0\""))
        .replace("{name: web}\n", &format!("{{name: web, namespace: {}}}\n", w.namespace));
    let remote = Remote::new(&[("apps/web.yaml", plain.clone()), ("apps/other.json", text.to_string())]);
    let repository = remote.bare().display().to_string();
    Operator::new(&w).run(&["bump", "deploy/web", "2.0", "--repo", &repository, "--yes", "-o", "json"]).await.assert(0);
    assert_eq!(remote.show("apps/web.yaml"), plain.replace(":1.0\"", ":2.0\""));
}

async fn a_hook_that_refuses_is_heard(w: World) {
    web(&w).await;
    let remote = kustomized(&w);
    let hook = remote.bare().join("hooks/pre-receive");
    std::fs::write(&hook, "#!/bin/sh\necho 'the freeze ends on Monday' >&2\nexit 1\n").unwrap();
    let mut permissions = std::fs::metadata(&hook).unwrap().permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o755);
    std::fs::set_permissions(&hook, permissions).unwrap();
    let repository = remote.bare().display().to_string();
    let refused =
        Operator::new(&w).run(&["bump", "deploy/web", "2.0", "--repo", &repository, "--yes", "-o", "json"]).await;
    refused.assert(1);
    assert!(refused.out.contains("the freeze ends on Monday"), "{}", refused.out);
    assert_eq!(remote.commits(), 1);
}

async fn what_is_not_found_is_said(w: World) {
    web(&w).await;
    let remote = Remote::new(&[("readme.yaml", "nothing: here\n".to_owned())]);
    let repository = remote.bare().display().to_string();
    let missing = Operator::new(&w).run(&["bump", "deploy/web", "2.0", "--repo", &repository, "--yes"]).await;
    assert_ne!(missing.code, 0);
    assert!(missing.err.contains(IMAGE), "what was searched for is said: {}", missing.err);
    let nowhere = Operator::new(&w).run(&["bump", "deploy/web", "2.0", "--repo", "/nonexistent", "--yes"]).await;
    assert_ne!(nowhere.code, 0);
    assert!(nowhere.err.contains("/nonexistent"), "{}", nowhere.err);
}
