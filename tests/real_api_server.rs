//! What `connect` and `observe` claim, judged by a real API server with real controllers: `tests/control-plane/with -- cargo test`.
//! Without one (no `PILOTHOUSE_TEST_KUBECONFIG`) each test says so in one line and is left out.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a test that cannot go on panics, and drives kubectl and git"
)]

use pilothouse::{
    connect::kube::{ApiErrorKind, Cluster, ConnectOptions},
    model::{Access, Batch, BlockerKind, Facts, Health, Intent, Kind, ObjectRef, RolloutState, Rows, Sync},
    observe::{Scope, World, gather, inspect, snapshot, watch},
    time::Clock,
};
use std::{path::PathBuf, process::Command, time::Duration};
use tokio::sync::mpsc;

const PATIENCE: Duration = Duration::from_secs(90);

/// The kubeconfig in this variable; None where there is no control plane.
fn kubeconfig(variable: &str) -> Option<PathBuf> {
    let path = std::env::var_os(variable).map(PathBuf::from);
    if path.is_none() {
        eprintln!("left out: {variable} names no control plane (see tests/control-plane)");
    }
    path
}

async fn connect(kubeconfig: PathBuf) -> Cluster {
    let options = ConnectOptions { kubeconfig: Some(kubeconfig), ..ConnectOptions::default() };
    Cluster::connect(&options, Clock::System).await.unwrap()
}

/// Runs kubectl as the administrator.
fn kubectl(arguments: &[&str]) {
    let kubectl = std::env::var("PILOTHOUSE_TEST_KUBECTL").unwrap_or_else(|_| "kubectl".into());
    let config = std::env::var("PILOTHOUSE_TEST_KUBECONFIG").unwrap();
    let output = Command::new(kubectl).arg("--kubeconfig").arg(config).args(arguments).output().unwrap();
    assert!(output.status.success(), "kubectl {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A namespace of one test, deleted when it ends.
struct Namespace(String);

impl Namespace {
    fn new(name: &str) -> Self {
        let name = format!("{name}-{}", std::process::id());
        kubectl(&["create", "namespace", &name]);
        Self(name)
    }

    fn deployment(&self, name: &str, image: &str, replicas: u32) -> ObjectRef {
        let replicas = format!("--replicas={replicas}");
        kubectl(&["-n", &self.0, "create", "deployment", name, &format!("--image={image}"), &replicas]);
        ObjectRef::new(Kind::Deployment, self.0.as_str(), name)
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        kubectl(&["delete", "namespace", &self.0, "--wait=false"]);
    }
}

/// Takes in batches until the rows are as wanted.
async fn until(rows: &mut Rows, batches: &mut mpsc::Receiver<Batch>, what: &str, wanted: impl Fn(&Rows) -> bool) {
    let waiting = async {
        while !wanted(rows) {
            let batch = batches.recv().await.unwrap();
            rows.apply(batch, Clock::System.now());
        }
    };
    if tokio::time::timeout(PATIENCE, waiting).await.is_err() {
        let syncs: Vec<_> = rows.syncs().collect();
        panic!("never seen: {what}\n{syncs:#?}\n{:#?}\n{:#?}", rows.news, rows.inspections);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_follow_the_cluster_and_name_what_is_wrong() {
    let Some(admin) = kubeconfig("PILOTHOUSE_TEST_KUBECONFIG") else { return };
    let cluster = connect(admin).await;
    assert!(cluster.identity().await.uid.is_some());
    let namespace = Namespace::new("observe");
    let good = namespace.deployment("good", "registry.example/web:v1", 2);
    let crash = namespace.deployment("crash", "registry.example/web:v1-broken", 1);
    let absent = namespace.deployment("absent", "registry.example/web:v1-missing", 1);

    let (sender, mut batches) = mpsc::channel(8);
    let mut rows = Rows::default();
    let watches = watch(&cluster, Scope::All, 1, sender);
    let health = |rows: &Rows, object: &ObjectRef| rows.workloads.get(object).map(|row| rows.health_of(row));
    until(&mut rows, &mut batches, "a complete rollout", |rows| health(rows, &good) == Some(Health::Healthy)).await;
    until(&mut rows, &mut batches, "both failures named", |rows| {
        let kind = |o: &ObjectRef| rows.inspections.get(o).and_then(|i| i.blocker.as_ref()).map(|b| b.kind());
        kind(&crash) == Some(BlockerKind::CrashLoop) && kind(&absent) == Some(BlockerKind::ImagePull)
    })
    .await;
    assert_eq!(health(&rows, &crash), Some(Health::Broken));
    let reason = |rows: &Rows, object: &ObjectRef| rows.reason_of(rows.workloads.get(object).unwrap()).unwrap();
    assert!(reason(&rows, &crash).contains("exits with code 1"), "{}", reason(&rows, &crash));
    assert!(reason(&rows, &absent).contains("web:v1-missing"), "{}", reason(&rows, &absent));
    for kind in [Kind::Deployment, Kind::Namespace, Kind::Job, Kind::HttpRoute, Kind::HorizontalPodAutoscaler] {
        assert!(matches!(rows.sync_of(kind), Sync::Live { .. }), "{kind}: {:?}", rows.sync_of(kind));
    }

    // A bad rollout of a good workload: the old pods serve on, and that is said too.
    kubectl(&["-n", &namespace.0, "set", "image", "deployment/good", "web=registry.example/web:v2-missing"]);
    until(&mut rows, &mut batches, "the bad rollout", |rows| health(rows, &good) == Some(Health::Broken)).await;
    let inspection = &rows.inspections[&good];
    assert_eq!(inspection.serving_before, [Box::from("registry.example/web:v1")]);

    // Undone: the inspection goes with the trouble.
    kubectl(&["-n", &namespace.0, "rollout", "undo", "deployment/good"]);
    until(&mut rows, &mut batches, "the undo", |rows| {
        health(rows, &good) == Some(Health::Healthy) && !rows.inspections.contains_key(&good)
    })
    .await;

    // One shot agrees with the watch.
    let shot = snapshot(&cluster, &Scope::Namespaces(vec![namespace.0.clone()])).await.unwrap();
    assert_eq!(shot.workloads.len(), 3);
    assert_eq!(shot.workloads.get(&good).unwrap().rollout.state, RolloutState::Complete);
    assert_eq!(shot.health_of(shot.workloads.get(&crash).unwrap()), Health::Broken);
    assert!(!inspect(&cluster, &crash).await.unwrap().blocker.unwrap().evidence.is_empty(), "the log's last words");

    kubectl(&["-n", &namespace.0, "delete", "deployment", "crash"]);
    until(&mut rows, &mut batches, "the deletion", |rows| rows.workloads.get(&crash).is_none()).await;
    drop(watches);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_may_see_one_namespace_sees_that_one() {
    let Some(restricted) = kubeconfig("PILOTHOUSE_TEST_RESTRICTED_KUBECONFIG") else { return };
    let cluster = connect(restricted).await;
    assert_eq!(cluster.info().namespace, "shop");
    assert_eq!(cluster.identity().await.uid, None, "kube-system is not readable, which is no error");

    let reader = cluster.reader();
    assert_eq!(reader.may(&Access::new("patch", Kind::Deployment, "shop")).await, Some(true));
    assert_eq!(reader.may(&Access::new("create", Kind::Lease, "shop")).await, Some(false));
    let secret = ObjectRef::new(Kind::Secret, "shop", "any");
    assert_eq!(reader.get(&secret).await.unwrap_err().kind, ApiErrorKind::Forbidden);
    let gone = ObjectRef::new(Kind::Deployment, "shop", "no-such");
    assert_eq!(reader.find(&gone).await.unwrap(), None);

    let (sender, mut batches) = mpsc::channel(8);
    let mut rows = Rows::default();
    let _watches = watch(&cluster, Scope::All, 1, sender);
    until(&mut rows, &mut batches, "the namespace's own watch", |rows| {
        rows.syncs().any(|(kind, namespace, sync)| {
            (kind, namespace) == (Kind::Deployment, Some("shop")) && matches!(sync, Sync::Live { .. })
        })
    })
    .await;
    assert!(rows.syncs().any(|(kind, namespace, sync)| {
        (kind, namespace) == (Kind::Deployment, None) && matches!(sync, Sync::Forbidden { .. })
    }));
    assert!(rows.namespaces.iter().any(|row| &*row.name == "shop"));

    let shot = snapshot(&cluster, &Scope::All).await.unwrap();
    assert!(shot.workloads.iter().all(|row| &*row.object.namespace == "shop"));
}

fn world(cluster: Cluster, cache: &std::path::Path) -> World {
    let git_cache = cache.join("git");
    World { cluster, git_cache, actor: "me@here".into(), proven: [].into(), chosen: [].into(), repository: None }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn facts_for_a_rollback_know_every_revision() {
    let Some(admin) = kubeconfig("PILOTHOUSE_TEST_KUBECONFIG") else { return };
    let folder = tempfile::tempdir().unwrap();
    let world = world(connect(admin).await, folder.path());
    let namespace = Namespace::new("gather");
    let ns = namespace.0.as_str();
    kubectl(&["-n", ns, "create", "configmap", "settings"]);
    let web = namespace.deployment("web", "registry.example/web:v1", 2);
    kubectl(&["-n", ns, "set", "env", "deployment/web", "--from=configmap/settings"]);
    kubectl(&[
        "-n",
        ns,
        "patch",
        "deployment",
        "web",
        "--type=json",
        "-p",
        r#"[{"op": "add", "path": "/spec/template/spec/containers/0/envFrom", "value": [{"configMapRef": {"name": "settings"}}]}]"#,
    ]);
    kubectl(&["-n", ns, "rollout", "status", "deployment/web", "--timeout=60s"]);
    kubectl(&["-n", ns, "delete", "configmap", "settings"]);
    kubectl(&[
        "-n",
        ns,
        "patch",
        "deployment",
        "web",
        "--type=json",
        "-p",
        r#"[{"op": "remove", "path": "/spec/template/spec/containers/0/envFrom"}, {"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "registry.example/web:v2-missing"}]"#,
    ]);

    let intent = Intent::Rollback { target: web.clone(), revision: None };
    // The kubelet needs a moment to say that there is no such image.
    let failing = async {
        loop {
            let Facts::Rollback(facts) = gather(&world, &intent).await.unwrap() else {
                panic!("facts of another verb")
            };
            if facts.revisions.first().is_some_and(|r| r.failing.is_some()) {
                return facts;
            }
        }
    };
    let facts = tokio::time::timeout(PATIENCE, failing).await.expect("the bad revision is seen to fail");
    let (current, previous) = (&facts.revisions[0], &facts.revisions[1]);
    assert!(current.current && !previous.current);
    assert!(current.failing.as_ref().unwrap().contains("web:v2-missing"), "{:?}", current.failing);
    assert!(previous.ready > 0 && previous.failing.is_none(), "old pods serve on: {previous:?}");
    let missing: Vec<String> = previous.missing.iter().map(ObjectRef::to_string).collect();
    assert_eq!(missing, [format!("ConfigMap {ns}/settings")]);
    assert!(current.missing.is_empty());
    assert!(facts.common.cluster.uid.is_some());
    assert!(facts.common.permissions.iter().all(|p| p.allowed == Some(true)), "{:?}", facts.common.permissions);
    assert_eq!(facts.common.may_lease, Some(true));
    assert_eq!(facts.common.holder, None);

    // A StatefulSet keeps its history elsewhere.
    let manifest = format!(
        r#"{{"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {{"name": "db", "namespace": "{ns}"}}, "spec": {{"replicas": 1,
        "selector": {{"matchLabels": {{"app": "db"}}}}, "template": {{"metadata": {{"labels": {{"app": "db"}}}}, "spec": {{"containers": [{{"name": "db", "image": "db:v1"}}]}}}}}}}}"#
    );
    let file = folder.path().join("db.json");
    std::fs::write(&file, manifest).unwrap();
    kubectl(&["apply", "-f", file.to_str().unwrap()]);
    kubectl(&["-n", ns, "rollout", "status", "statefulset/db", "--timeout=60s"]);
    kubectl(&["-n", ns, "set", "image", "statefulset/db", "db=db:v2"]);
    kubectl(&["-n", ns, "rollout", "status", "statefulset/db", "--timeout=60s"]);
    let target = ObjectRef::new(Kind::StatefulSet, ns, "db");
    let Facts::Rollback(facts) = gather(&world, &Intent::Rollback { target, revision: None }).await.unwrap() else {
        panic!("facts of another verb")
    };
    let seen: Vec<_> =
        facts.revisions.iter().map(|r| (r.revision, r.current, r.ready, r.images().next().unwrap())).collect();
    assert_eq!(seen, [(2, true, 1, "db:v2"), (1, false, 0, "db:v1")]);

    let gone = ObjectRef::new(Kind::Deployment, ns, "no-such");
    let error = gather(&world, &Intent::Restart { target: gone }).await.map(|_| ()).unwrap_err();
    assert!(error.to_string().contains(&format!("no Deployment {ns}/no-such")), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn facts_for_a_bump_find_the_place_in_git() {
    let Some(admin) = kubeconfig("PILOTHOUSE_TEST_KUBECONFIG") else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut world = world(connect(admin).await, folder.path());
    let namespace = Namespace::new("bump");
    let web = namespace.deployment("web", "127.0.0.1:1/shop/web:v1", 1);

    let repository = folder.path().join("repository");
    let git = |arguments: &[&str]| {
        let output = Command::new("git")
            .arg("-C")
            .arg(&repository)
            .args(["-c", "user.name=n", "-c", "user.email=e@x"])
            .args(arguments)
            .output();
        assert!(output.unwrap().status.success(), "git {arguments:?}");
    };
    std::fs::create_dir_all(repository.join("apps")).unwrap();
    git(&["init", "-q", "-b", "main"]);
    let manifest = format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n  namespace: {}\nspec:\n  template:\n    spec:\n      containers:\n      - name: web\n        image: 127.0.0.1:1/shop/web:v1 # keep\n",
        namespace.0
    );
    std::fs::write(repository.join("apps/web.yaml"), manifest).unwrap();
    git(&["add", "."]);
    git(&["commit", "-q", "-m", "first"]);
    git(&["clone", "-q", "--bare", ".", "../bare.git"]);
    world.repository = Some(folder.path().join("bare.git").display().to_string());

    let intent = Intent::Bump {
        target: web,
        tag: "v2".into(),
        container: None,
        repository: None,
        branch: None,
        file: None,
        wait: true,
    };
    let Facts::Bump(facts) = gather(&world, &intent).await.unwrap() else { panic!("facts of another verb") };
    assert_eq!((facts.site.from.as_str(), facts.site.image.as_str()), ("v1", "127.0.0.1:1/shop/web:v2"));
    assert_eq!(facts.site.place, "apps/web.yaml:11");
    assert!(facts.site.diff.contains("+        image: 127.0.0.1:1/shop/web:v2 # keep"), "{}", facts.site.diff);
    assert_eq!((facts.repository.branch.as_str(), facts.repository.found.as_str()), ("main", "the configuration"));
    assert!(facts.registry.unwrap_err().contains("127.0.0.1:1"), "an unreachable registry is advice, not an error");
}

/// A credential plugin whose first token is refused: the second one is asked for once, and used.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_token_is_renewed_once() {
    let Some(restricted) = kubeconfig("PILOTHOUSE_TEST_RESTRICTED_KUBECONFIG") else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut config: serde_json::Value = serde_yaml::from_slice(&std::fs::read(restricted).unwrap()).unwrap();
    let token = config["users"][0]["user"]["token"].as_str().unwrap().to_owned();
    let plugin = folder.path().join("plugin");
    let script = "#!/bin/sh\ncd $(dirname $0); echo run >>runs\nif [ $(wc -l <runs) -gt 1 ]; then t=$TOKEN; else t=expired; fi\necho '{\"status\":{\"token\":\"'$t'\"}}'\n";
    std::fs::write(&plugin, script).unwrap();
    config["users"][0]["user"] = serde_json::json!({"exec": {
        "apiVersion": "client.authentication.k8s.io/v1", "command": "sh", "args": [plugin.display().to_string()],
        "interactiveMode": "IfAvailable", "env": [{"name": "TOKEN", "value": token}]
    }});
    let file = folder.path().join("config");
    std::fs::write(&file, config.to_string()).unwrap();
    let cluster = connect(file).await;
    let runs = || std::fs::read_to_string(folder.path().join("runs")).unwrap().lines().count();
    assert_eq!(runs(), 1, "three clients, one run");
    let (one, two, three) = tokio::join!(
        cluster.reader().list(Kind::Deployment, Some("shop"), None),
        cluster.reader().list(Kind::Deployment, Some("shop"), None),
        cluster.reader().list(Kind::HttpRoute, Some("shop"), None),
    );
    assert!(one.is_ok() && two.is_ok() && three.is_ok(), "{one:?} {two:?} {three:?}");
    assert_eq!(runs(), 2, "one renewal for all that were refused");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told_with_its_address() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config");
    std::fs::write(
        &file,
        "clusters: [{name: a, cluster: {server: 'https://127.0.0.1:1'}}]\ncontexts: [{name: a, context: {cluster: a}}]\ncurrent-context: a\n",
    )
    .unwrap();
    let cluster = connect(file).await;
    let error = snapshot(&cluster, &Scope::All).await.map(|_| ()).unwrap_err();
    assert!(error.to_string().contains("https://127.0.0.1:1 cannot be reached"), "{error}");
    assert!(error.hint().is_some());
}
