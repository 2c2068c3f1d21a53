//! What `connect` and `observe` claim, judged by a real API server with real controllers: `tests/control-plane/with -- cargo test`.
//! Without one (no `PILOTHOUSE_TEST_KUBECONFIG`) each test says so in one line and is left out.

use pilothouse::{
    connect::kube::{ApiErrorKind, Cluster, ConnectOptions},
    model::{Access, Batch, BlockerKind, Health, Kind, ObjectRef, RolloutState, Rows, Sync},
    observe::{Scope, inspect, snapshot, watch},
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
        let kind = |o: &ObjectRef| rows.inspections.get(o).and_then(|i| i.blocker.as_ref()).map(|b| b.kind);
        kind(&crash) == Some(BlockerKind::CrashLoop) && kind(&absent) == Some(BlockerKind::ImagePull)
    })
    .await;
    assert_eq!(health(&rows, &crash), Some(Health::Broken));
    let reason = |rows: &Rows, object: &ObjectRef| rows.reason_of(rows.workloads.get(object).unwrap()).unwrap();
    assert!(reason(&rows, &crash).contains("exit code 1"), "{}", reason(&rows, &crash));
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
    assert!(inspect(&cluster, &crash).await.unwrap().blocker.unwrap().evidence.is_some(), "the log's last words");

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
