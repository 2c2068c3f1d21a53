//! A tag is bumped in a real repository, by the real `git`, and things happen.

use crate::stage::{ALL, Stage, deployment, ended, striking};
use pilothouse::{
    formats::{
        images::{Change, Edit, Identity},
        yaml::Pointer,
    },
    model::{Action, CommitPlan, Intent, OperationState, Outcome, Plan},
    operate::Strike,
    sim::resource::resources,
};
use std::{
    path::{Path, PathBuf},
    process::Command,
};

const FILE: &str = "apps/shop/kustomization.yaml";
const TEXT: &str =
    "# ours\nresources: [../base]\nimages:\n  - name: shop/checkout   # the app\n    newTag: \"2.4.0\"\n";

fn git(folder: &Path, arguments: &[&str]) -> String {
    let mut git = Command::new("git");
    git.current_dir(folder).args(arguments).env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
    let output = git.output().unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// A bare remote and a clone of it that knows who commits.
struct Repositories(PathBuf);

impl Repositories {
    fn new(stage: &Stage) -> Self {
        let folder = stage.folder.path().join("repositories");
        std::fs::create_dir(&folder).unwrap();
        git(&folder, &["init", "--quiet", "--bare", "--initial-branch=main", "remote.git"]);
        git(&folder, &["clone", "--quiet", "remote.git", "clone"]);
        let repositories = Self(folder);
        for (key, value) in [("user.name", "Ana"), ("user.email", "ana@example.org"), ("commit.gpgsign", "false")] {
            git(&repositories.0.join("clone"), &["config", key, value]);
        }
        repositories.write(FILE, TEXT);
        repositories
    }

    /// Somebody writes a file and pushes it.
    fn write(&self, path: &str, text: &str) {
        let clone = self.0.join("clone");
        let file = clone.join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
        git(&clone, &["add", "--all"]);
        git(&clone, &["commit", "--quiet", "-m", "somebody's"]);
        git(&clone, &["push", "--quiet", "origin", "HEAD:refs/heads/main"]);
    }

    fn tip(&self) -> String {
        git(&self.0.join("remote.git"), &["rev-parse", "main"]).trim().to_owned()
    }

    fn text(&self) -> String {
        git(&self.0.join("remote.git"), &["show", &format!("main:{FILE}")])
    }

    /// Commits on the branch that carry the operation's trailer.
    fn ours(&self) -> usize {
        let log = git(&self.0.join("remote.git"), &["log", "--format=%(trailers:key=Pilothouse-Operation)", "main"]);
        log.matches("op-1").count()
    }

    fn hook(&self, script: &str) {
        let hook = self.0.join("remote.git/hooks/pre-receive");
        std::fs::write(&hook, script).unwrap();
        std::fs::set_permissions(&hook, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    }

    async fn bump(&self, stage: &Stage) -> Plan {
        let pointer = |text: &str| Pointer::parse(text);
        let edit = Edit {
            path: FILE.into(),
            changes: vec![Change::Replace {
                document: 0,
                pointer: pointer("/images/0/newTag"),
                identity: vec![Identity { pointer: pointer("/images/0/name"), value: "shop/checkout".into() }],
                from: "2.4.0".into(),
                to: "2.4.1".into(),
            }],
        };
        let repository = self.0.join("clone").to_str().unwrap().to_owned();
        let commit = CommitPlan {
            repository: repository.clone(),
            branch: "main".into(),
            base: self.tip(),
            edits: vec![edit.planned()],
            message: "shop/checkout: 2.4.0 → 2.4.1\n\nPilothouse-Operation: op-1\n".into(),
            time: stage.cluster.clock().now(),
        };
        let push = Action::Push { repository, branch: "main".into() };
        let intent = Intent::Bump {
            target: deployment("checkout"),
            tag: "2.4.1".into(),
            container: None,
            repository: None,
            branch: None,
            file: None,
            wait: false,
        };
        stage.plan("op-1", intent, vec![("commit", Action::Commit(commit)), ("push", push)]).await
    }
}

fn bumped() -> String {
    TEXT.replace("2.4.0", "2.4.1")
}

#[tokio::test(start_paused = true)]
async fn the_commit_arrives_and_the_clone_stays_as_it_is() {
    let stage = Stage::new().await;
    let repositories = Repositories::new(&stage);
    std::fs::write(repositories.0.join("clone").join(FILE), "dirty").unwrap();
    let plan = repositories.bump(&stage).await;
    let mut running = stage.start(&plan).await;
    let (outcome, message) = ended(&mut running).await.unwrap();
    assert_eq!(outcome, Outcome::Done, "{message}");
    assert_eq!((repositories.text(), repositories.ours()), (bumped(), 1));
    assert_eq!(std::fs::read_to_string(repositories.0.join("clone").join(FILE)).unwrap(), "dirty");
}

#[tokio::test(start_paused = true)]
async fn a_crash_anywhere_leaves_one_commit() {
    let mut crashes = 0;
    for n in 0.. {
        let stage = Stage::new().await;
        let repositories = Repositories::new(&stage);
        let plan = repositories.bump(&stage).await;
        let mut running = stage.start_on(&striking(n, Strike::Crash, ALL), &plan).await;
        if ended(&mut running).await.is_some() {
            break;
        }
        crashes += 1;
        if stage.state(&plan.operation) != OperationState::Done {
            let mut running = stage.resume(&plan.operation, None).await.unwrap();
            let (outcome, message) = ended(&mut running).await.unwrap();
            assert_eq!(outcome, Outcome::Done, "crash {n}: {message}");
        }
        assert_eq!((repositories.text(), repositories.ours()), (bumped(), 1), "crash {n}");
    }
    assert!(crashes > 10, "only {crashes} boundaries were met");
}

#[tokio::test(start_paused = true)]
async fn after_a_crash_somebody_may_have_built_on_our_push() {
    // The crash that comes right after the push, before anything is noted.
    let stage = Stage::new().await;
    let repositories = Repositories::new(&stage);
    let plan = repositories.bump(&stage).await;
    let pushed = striking(1, Strike::Crash, &[pilothouse::operate::Boundary::AfterWrite]);
    let mut running = stage.start_on(&pushed, &plan).await;
    assert!(ended(&mut running).await.is_none());
    assert_eq!(repositories.ours(), 1, "it had arrived");
    git(&repositories.0.join("clone"), &["pull", "--quiet", "--rebase", "origin", "main"]);
    repositories.write("README.md", "more\n");
    let mut running = stage.resume(&plan.operation, None).await.unwrap();
    assert_eq!(ended(&mut running).await.unwrap().0, Outcome::Done);
    assert_eq!((repositories.text(), repositories.ours()), (bumped(), 1));
}

#[tokio::test(start_paused = true)]
async fn somebody_elses_push_is_built_upon() {
    let stage = Stage::new().await;
    let repositories = Repositories::new(&stage);
    let plan = repositories.bump(&stage).await;
    // The same file, another line: the value that was confirmed is still there, two lines further down.
    let theirs = TEXT.replace("images:\n", "images:\n  - name: shop/other\n    newTag: v9\n");
    repositories.write(FILE, &theirs);
    let mut running = stage.start(&plan).await;
    let (outcome, message) = ended(&mut running).await.unwrap();
    assert_eq!(outcome, Outcome::Done, "{message}");
    assert_eq!(repositories.text(), theirs.replace("2.4.0", "2.4.1"));
}

#[tokio::test(start_paused = true)]
async fn a_push_between_commit_and_push_is_built_upon_too() {
    let stage = Stage::new().await;
    let repositories = Repositories::new(&stage);
    let plan = repositories.bump(&stage).await;
    let before_push = striking(1, Strike::Crash, &[pilothouse::operate::Boundary::BeforeWrite]);
    let mut running = stage.start_on(&before_push, &plan).await;
    assert!(ended(&mut running).await.is_none());
    repositories.write("README.md", "more\n");
    let mut running = stage.resume(&plan.operation, None).await.unwrap();
    assert_eq!(ended(&mut running).await.unwrap().0, Outcome::Done);
    assert_eq!((repositories.text(), repositories.ours()), (bumped(), 1));
}

#[tokio::test(start_paused = true)]
async fn a_value_that_somebody_else_changed_is_a_conflict() {
    let stage = Stage::new().await;
    let repositories = Repositories::new(&stage);
    let plan = repositories.bump(&stage).await;
    repositories.write(FILE, &TEXT.replace("2.4.0", "2.3.9"));
    let mut running = stage.start(&plan).await;
    let (outcome, message) = ended(&mut running).await.unwrap();
    assert_eq!(outcome, Outcome::Conflict);
    assert!(message.contains("2.3.9"), "{message}");
    assert_eq!(repositories.ours(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_refuses_is_heard() {
    let stage = Stage::new().await;
    let repositories = Repositories::new(&stage);
    let plan = repositories.bump(&stage).await;
    repositories.hook("#!/bin/sh\necho 'freeze until Monday' >&2\nexit 1\n");
    let mut running = stage.start(&plan).await;
    let (outcome, message) = ended(&mut running).await.unwrap();
    assert_eq!(outcome, Outcome::Failed);
    assert!(message.contains("freeze until Monday"), "{message}");
    assert_eq!(repositories.text(), TEXT);
}

#[tokio::test(start_paused = true)]
async fn it_is_followed_until_the_new_pods_serve() {
    let stage = Stage::new().await;
    let repositories = Repositories::new(&stage);
    let mut plan = repositories.bump(&stage).await;
    let image = "registry.example/shop/checkout:2.4.1";
    let step = |step: &str, action| pilothouse::model::Step { step: step.into(), detail: step.into(), action };
    let object = deployment("checkout");
    let uid = stage.uid(&resources::DEPLOYMENTS, "checkout");
    let reconciled =
        Action::WaitReconciled { object: object.clone(), container: "app".into(), image: image.to_owned() };
    plan.steps.extend([step("reconcile", reconciled), step("wait", Action::WaitRollout { object, uid })]);
    let mut running = stage.start(&plan).await;
    let waiting = |p: &pilothouse::model::Progress| matches!(p, pilothouse::model::Progress::Step { index: 2, detail, .. } if detail.contains("waiting for"));
    crate::stage::heard(&mut running, waiting).await;
    stage.edit(&resources::DEPLOYMENTS, "checkout", |object| {
        object["spec"]["template"]["spec"]["containers"][0]["image"] = image.into();
    });
    assert_eq!(ended(&mut running).await.unwrap().0, Outcome::Done);
    assert_eq!(stage.ready("checkout"), 2);
    assert_eq!(stage.journals.proven().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_remote_that_stays_away_leaves_the_operation_to_be_resumed() {
    let stage = Stage::new().await;
    let repositories = Repositories::new(&stage);
    let plan = repositories.bump(&stage).await;
    let (here, away) = (repositories.0.join("remote.git"), repositories.0.join("away.git"));
    std::fs::rename(&here, &away).unwrap();
    let mut running = stage.start(&plan).await;
    let (outcome, message) = ended(&mut running).await.unwrap();
    assert_eq!(outcome, Outcome::Interrupted, "{message}");
    assert!(message.contains("for 10 minutes now"), "{message}");
    std::fs::rename(&away, &here).unwrap();
    let mut running = stage.resume(&plan.operation, None).await.unwrap();
    assert_eq!(ended(&mut running).await.unwrap().0, Outcome::Done);
    assert_eq!((repositories.text(), repositories.ours()), (bumped(), 1));
}
