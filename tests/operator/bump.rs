//! Bumping image tags in Git: byte for byte, from objects, past somebody else's push.

use crate::{
    fleet::git,
    pilothouse::{Finished, Operator},
    world::{Behaviour, IMAGE, World, deployment},
};
use futures::FutureExt;
use serde_json::json;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

pub const ALL: &[(&str, Behaviour)] = &[
    ("bump::only_the_tag_changes", |w| only_the_tag_changes(w).boxed_local()),
    ("bump::a_dirty_clone_is_not_touched", |w| a_dirty_clone_is_not_touched(w).boxed_local()),
    ("bump::a_plain_manifest_is_edited", |w| a_plain_manifest_is_edited(w).boxed_local()),
    ("bump::a_hook_that_refuses_is_heard", |w| a_hook_that_refuses_is_heard(w).boxed_local()),
    ("bump::what_is_not_found_is_said", |w| what_is_not_found_is_said(w).boxed_local()),
    ("bump::several_places_are_chosen_from", |w| several_places_are_chosen_from(w).boxed_local()),
    ("bump::a_lost_race", |w| a_lost_race(w).boxed_local()),
    ("bump::killed_around_the_push", |w| killed_around_the_push(w).boxed_local()),
    ("bump::nobody_commits_without_a_name", |w| nobody_commits_without_a_name(w).boxed_local()),
    ("bump::ssh_is_the_operators_and_never_asks", |w| ssh_is_the_operators_and_never_asks(w).boxed_local()),
];

/// Stories of the embedded cluster's own repository and reconciler.
pub const SERVED: &[(&str, Behaviour)] =
    &[("bump::the_reconciler_is_followed", |w| the_reconciler_is_followed(w).boxed_local())];

/// Stories that need the real kubectl as well.
pub const REAL: &[(&str, Behaviour)] =
    &[("bump::a_reconciler_out_of_sight_is_followed", |w| a_reconciler_out_of_sight_is_followed(w).boxed_local())];

/// A bare repository with a kustomize overlay for this world's namespace.
pub struct Remote {
    folder: TempDir,
}

impl Remote {
    pub fn new(files: &[(&str, String)]) -> Self {
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

    pub fn bare(&self) -> PathBuf {
        self.folder.path().join("remote.git")
    }

    pub fn clone(&self) -> PathBuf {
        self.folder.path().join("clone")
    }

    pub fn show(&self, path: &str) -> String {
        git(&self.bare(), &["show", &format!("main:{path}")])
    }

    /// A hook of the server.
    pub fn hook(&self, name: &str, script: &str) {
        executable(&self.bare().join("hooks").join(name), script);
    }

    pub fn commits(&self) -> usize {
        git(&self.bare(), &["rev-list", "--count", "main"]).trim().parse().unwrap()
    }
}

/// Somebody commits another tag in place of 1.0, and pushes.
pub fn commit_tag(remote: &Remote, path: &str, tag: &str, message: &str) {
    let file = remote.clone().join(path);
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replacen("'1.0'", &format!("'{tag}'"), 1)).unwrap();
    git(&remote.clone(), &["commit", "--quiet", "-a", "-m", message]);
    git(&remote.clone(), &["push", "--quiet", "origin", "HEAD:main"]);
}

pub fn executable(path: &Path, script: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
}

/// An overlay that sets the tag, with everything in it that an edit could spoil.
pub fn overlay(namespace: &str) -> String {
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

pub fn kustomized(w: &World) -> Remote {
    Remote::new(&[
        ("base/kustomization.yaml", "resources: [web.yaml]\n".to_owned()),
        ("base/web.yaml", manifest()),
        ("environments/production/kustomization.yaml", overlay(&w.namespace)),
    ])
}

pub async fn web(w: &World) {
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
    remote.hook("pre-receive", "echo 'the freeze ends on Monday' >&2; exit 1");
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

async fn several_places_are_chosen_from(w: World) {
    web(&w).await;
    let plain = manifest().replace(IMAGE, &format!("'{IMAGE}:1.0'"));
    let remote = Remote::new(&[("eu/web.yaml", plain.clone()), ("us/web.yaml", plain.clone())]);
    let repository = remote.bare().display().to_string();
    let operator = Operator::new(&w);
    let asked = operator.run(&["bump", "deploy/web", "2.0", "--repo", &repository, "--yes"]).await;
    assert_ne!(asked.code, 0);
    for told in ["eu/web.yaml:10", "us/web.yaml:10", "--file"] {
        assert!(asked.err.contains(told), "{told} in {}", asked.err);
    }
    let chosen =
        ["bump", "deploy/web", "2.0", "--repo", &repository, "--file", "us/web.yaml:10", "--yes", "-o", "json"];
    operator.run(&chosen).await.assert(0);
    assert_eq!(
        (remote.show("eu/web.yaml"), remote.show("us/web.yaml")),
        (plain.clone(), plain.replace(":1.0", ":2.0"))
    );
    let again = operator.run(&["bump", "deploy/web", "3.0", "--repo", &repository, "--yes", "-o", "json"]).await;
    again.assert(0);
    assert!(again.out.contains("chosen before"), "asked once: {}", again.out);
    assert_eq!(remote.show("us/web.yaml"), plain.replace(":1.0", ":3.0"));
}

/// Somebody else's push arrives while ours is under way.
async fn a_lost_race(w: World) {
    web(&w).await;
    let path = "environments/production/kustomization.yaml";
    for (theirs, code) in [
        (overlay(&w.namespace).replace("# production", "# theirs"), 0),
        (overlay(&w.namespace).replace("'1.0'", "'7.7'"), 4),
    ] {
        let remote = kustomized(&w);
        std::fs::write(remote.clone().join(path), &theirs).unwrap();
        git(&remote.clone(), &["commit", "--quiet", "--all", "-m", "theirs"]);
        git(&remote.clone(), &["push", "--quiet", "origin", "HEAD:side"]);
        let once = remote.folder.path().join("once").display().to_string();
        remote.hook(
            "pre-receive",
            &format!("[ -e '{once}' ] || {{ touch '{once}'; unset GIT_QUARANTINE_PATH; git update-ref refs/heads/main side; }}"),
        );
        let repository = remote.bare().display().to_string();
        let run =
            Operator::new(&w).run(&["bump", "deploy/web", "2.0", "--repo", &repository, "--yes", "-o", "json"]).await;
        run.assert(code);
        if code == 0 {
            assert_eq!((remote.show(path), remote.commits()), (theirs.replace("'1.0'", "'2.0'"), 3));
        } else {
            assert_eq!((remote.show(path), remote.commits()), (theirs, 2), "what somebody else set stays");
            let said = run.result()["message"].as_str().unwrap().to_owned();
            assert!(said.contains("1.0") && said.contains("7.7") && said.contains(path), "{said}");
        }
    }
}

async fn killed_around_the_push(w: World) {
    web(&w).await;
    for (call, is_before) in [("commit-tree", false), ("push", true), ("push", false)] {
        let remote = kustomized(&w);
        let operator = Operator::new(&w);
        let wrapper = operator.home().join("bin/git");
        let path = std::env::var("PATH").unwrap();
        // Stands before git, and kills what called it once.
        let kill = format!(
            "rm \"$HOME/armed\" 2>&- && {{ {} kill -9 $PPID; }}",
            if is_before { "" } else { "command git \"$@\";" }
        );
        executable(&wrapper, &format!("PATH='{path}'; case \" $* \" in *' {call} '*) {kill};; esac; exec git \"$@\""));
        std::fs::write(operator.home().join("armed"), "").unwrap();
        let repository = remote.bare().display().to_string();
        let mut command =
            operator.command(&["bump", "deploy/web", "2.0", "--repo", &repository, "--yes", "-o", "json"]);
        command.env("PATH", format!("{}:{path}", wrapper.parent().unwrap().display()));
        let killed = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        assert_eq!(killed.status.code(), None, "killed: {}", String::from_utf8_lossy(&killed.stderr));
        let listed = operator.run(&["operations", "-o", "json"]).await;
        let listed: serde_json::Value = serde_json::from_str(&listed.assert(0).out).unwrap();
        assert_eq!(listed["operations"][0]["state"], "interrupted", "{listed}");
        let id = listed["operations"][0]["id"].as_str().unwrap();
        operator.run(&["operations", "resume", id, "--yes", "-o", "json"]).await.assert(0);
        assert_eq!(remote.commits(), 2, "one commit, killed at {call}");
        let message = git(&remote.bare(), &["log", "-1", "--format=%B", "main"]);
        assert!(message.contains(&format!("Pilothouse-Operation: {id}")), "{message}");
    }
}

async fn nobody_commits_without_a_name(w: World) {
    web(&w).await;
    let remote = kustomized(&w);
    let operator = Operator::new(&w);
    std::fs::remove_file(operator.home().join(".gitconfig")).unwrap();
    let repository = remote.bare().display().to_string();
    let refused = operator.run(&["bump", "deploy/web", "2.0", "--repo", &repository, "--yes"]).await;
    assert!(refused.assert(3).err.contains("git config --global user.name"), "{}", refused.err);
    assert_eq!(remote.commits(), 1);
}

async fn ssh_is_the_operators_and_never_asks(w: World) {
    web(&w).await;
    let remote = kustomized(&w);
    let operator = Operator::new(&w);
    // Stands for ssh: notes its options and runs the server's side here.
    let (ssh, log) = (operator.home().join("bin/ssh"), operator.home().join("log"));
    executable(&ssh, &format!("echo \"$@\" >> '{}'; for last; do :; done; eval \"$last\"", log.display()));
    git(&remote.clone(), &["remote", "set-url", "origin", &format!("alias:{}", remote.bare().display())]);
    let said = std::fs::read_to_string(operator.home().join(".gitconfig")).unwrap();
    let said = format!("{said}[core]\n\tsshCommand = {} -p 2222\n[ssh]\n\tvariant = ssh\n", ssh.display());
    std::fs::write(operator.home().join(".gitconfig"), said).unwrap();
    let repository = remote.clone().display().to_string();
    operator.run(&["bump", "deploy/web", "2.0", "--repo", &repository, "--yes", "-o", "json"]).await.assert(0);
    assert_eq!(remote.commits(), 2);
    let log = std::fs::read_to_string(log).unwrap();
    let all = ["-p 2222", "-o BatchMode=yes", " alias "];
    assert!(log.lines().count() >= 3 && log.lines().all(|line| all.iter().all(|word| line.contains(word))), "{log}");
}

/// Whether the steps of a run are these, each at its time, and all done or the last one failed.
fn steps(run: &Finished, last: &str) {
    let lines = run.lines();
    let ended: Vec<(&str, &str)> = lines
        .iter()
        .filter(|line| line["event"] == "step" && !matches!(line["state"].as_str(), Some("started" | "progress")))
        .map(|line| (line["step"].as_str().unwrap(), line["state"].as_str().unwrap()))
        .collect();
    assert_eq!(ended, [("commit", "done"), ("push", "done"), ("applied", "done"), ("wait", last)], "{}", run.out);
    let times = lines
        .iter()
        .filter(|line| line["event"] == "step")
        .map(|line| line["at"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap());
    assert!(times.is_sorted(), "{}", run.out);
}

/// Found through Kustomization and GitRepository, followed to the verdict, and put back.
async fn the_reconciler_is_followed(w: World) {
    let w = World { namespace: "shop".into(), ..w };
    // The verdict of a rollout that does not come up is otherwise waited for.
    let hurry = json!({"spec": {"progressDeadlineSeconds": 8}});
    let api = w.api("apps/v1", "Deployment");
    api.patch("recommendations", &kube::api::PatchParams::default(), &kube::api::Patch::Merge(hurry)).await.unwrap();
    let operator = Operator::new(&w);
    let bump = async |tag| operator.run(&["bump", "deploy/recommendations", tag, "--yes", "-o", "json"]).await;
    let done = bump("0.15.0").await;
    steps(done.assert(0), "done");
    let said = done.result()["message"].as_str().unwrap().to_owned();
    assert!(said.contains("serves 0.15.0") && said.contains(" after its commit"), "{said}");
    assert!(
        done.plan()["reasons"][0].as_str().unwrap().contains("(GitRepository flux-system/fleet)"),
        "{}",
        done.plan()
    );
    let failed = bump("0.16.0-broken").await;
    steps(failed.assert(1), "failed");
    let verdict = failed.result()["message"].as_str().unwrap().to_owned();
    assert!(verdict.contains("crash"), "{verdict}");
    steps(bump("0.15.0").await.assert(0), "done");
    let now = w.rolled_out("recommendations").await;
    assert!(now["spec"]["template"]["spec"]["containers"][0]["image"].as_str().unwrap().ends_with(":0.15.0"), "{now}");
}

/// What applies the repository is told by the workload's labels only: its own objects are not in this cluster.
async fn a_reconciler_out_of_sight_is_followed(w: World) {
    let Some(kubectl) = std::env::var_os("PILOTHOUSE_TEST_KUBECTL") else { return };
    let mut object = deployment("web", 1, "1.0");
    object["metadata"]["labels"] = json!({
        "kustomize.toolkit.fluxcd.io/name": "web", "kustomize.toolkit.fluxcd.io/namespace": w.namespace,
    });
    object["spec"]["progressDeadlineSeconds"] = json!(5);
    w.create(object).await;
    w.rolled_out("web").await;
    let remote = kustomized(&w);
    let tree = remote.folder.path().join("applied");
    std::fs::create_dir(&tree).unwrap();
    // In the background: the push does not wait for what is applied.
    remote.hook(
        "post-receive",
        &format!(
            "( git --work-tree='{tree}' checkout --force main -- . && '{kubectl}' --kubeconfig '{kubeconfig}' apply \
             -k '{tree}/environments/production' ) > '{tree}/log' 2>&1 &",
            tree = tree.display(),
            kubectl = Path::new(&kubectl).display(),
            kubeconfig = w.kubeconfig.display(),
        ),
    );
    let repository = remote.bare().display().to_string();
    let operator = Operator::new(&w);
    let bump =
        async |tag| operator.run(&["bump", "deploy/web", tag, "--repo", &repository, "--yes", "-o", "json"]).await;
    let done = bump("2.0").await;
    steps(done.assert(0), "done");
    let warned = done.plan()["preconditions"].to_string();
    assert!(warned.contains("cannot be read"), "that nothing will be heard from it is said: {warned}");
    let failed = bump("3.0-broken").await;
    steps(failed.assert(1), "failed");
}
