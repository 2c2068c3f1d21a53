//! The embedded world over TLS: a kube client from its kubeconfig always, and stock kubectl where there is one.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "a test that cannot go on fails by panicking")]

use k8s_openapi::api::core::v1::Namespace;
use kube::{
    Api, Client, Config,
    api::ListParams,
    config::{KubeConfigOptions, Kubeconfig},
};
use pilothouse::{
    sim::{World, controllers, resource::resources::NODES, serve},
    time::Clock,
};
use serde_json::json;
use std::{path::Path, process::Stdio};
use tokio::{net::TcpListener, process::Command, task::JoinHandle};

/// A world with three nodes and its controllers, on a port of its own.
struct Served {
    folder: tempfile::TempDir,
    server: JoinHandle<()>,
    _controllers: tokio_util::task::AbortOnDropHandle<()>,
}

impl Drop for Served {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Served {
    async fn start() -> Self {
        let world = World::empty(Clock::System, 7);
        for name in ["node-a", "node-b", "node-c"] {
            let room = json!({ "cpu": "8", "memory": "32Gi", "pods": "110" });
            let status =
                json!({ "allocatable": room, "capacity": room, "conditions": [{ "type": "Ready", "status": "True" }] });
            world.store.create(&NODES, json!({ "metadata": { "name": name }, "status": status })).unwrap();
        }
        let controllers = controllers::spawn(&world.store, 7);
        let folder = tempfile::tempdir().unwrap();
        let identity = serve::Identity::generate().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let path = folder.path().join("kubeconfig");
        serve::write_kubeconfig(&world, &identity, listener.local_addr().unwrap(), &path).unwrap();
        let server = tokio::spawn(async move { match serve::serve(&world, listener, &identity).await {} });
        Self { folder, server, _controllers: controllers }
    }

    fn kubeconfig(&self) -> std::path::PathBuf {
        self.folder.path().join("kubeconfig")
    }

    /// Runs kubectl with arguments as on a command line: its success and all that it printed.
    async fn kubectl(&self, kubectl: &Path, line: &str) -> (bool, String) {
        let mut command = Command::new(kubectl);
        command.arg("--kubeconfig").arg(self.kubeconfig()).arg("--cache-dir").arg(self.folder.path().join("cache"));
        command.args(line.split_whitespace()).current_dir(self.folder.path()).stdin(Stdio::null());
        let output = command.output().await.unwrap();
        let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        (output.status.success(), text)
    }
}

/// kubectl as the environment names it, or the first in `PATH`.
fn kubectl() -> Option<std::path::PathBuf> {
    let named = std::env::var_os("PILOTHOUSE_TEST_KUBECTL").map(Into::into);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = || std::env::split_paths(&path).map(|folder| folder.join("kubectl")).find(|file| file.is_file());
    named.or_else(found)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_with_the_kubeconfig_is_let_in_and_nobody_else() {
    // Another test of this binary may have been first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let served = Served::start().await;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(served.kubeconfig()).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let file = Kubeconfig::read_from(served.kubeconfig()).unwrap();
    let config = Config::from_custom_kubeconfig(file, &KubeConfigOptions::default()).await.unwrap();
    let api: Api<Namespace> = Api::all(Client::try_from(config.clone()).unwrap());
    assert_eq!(api.list(&ListParams::default()).await.unwrap().items.len(), 4);
    let mut stranger = config.clone();
    stranger.auth_info.token = Some("wrong".to_owned().into());
    let api: Api<Namespace> = Api::all(Client::try_from(stranger).unwrap());
    assert!(matches!(api.list(&ListParams::default()).await, Err(kube::Error::Api(status)) if status.code == 401));
    let mut nobody = config;
    nobody.auth_info.token = None;
    let api: Api<Namespace> = Api::all(Client::try_from(nobody).unwrap());
    assert!(matches!(api.list(&ListParams::default()).await, Err(kube::Error::Api(status)) if status.code == 403));
}

/// Each line: what to run, whether it succeeds, and what it prints.
const STORY: &[(&str, bool, &str)] = &[
    ("create ns shop", true, "namespace/shop created"),
    ("create ns shop", false, "(AlreadyExists)"),
    ("-n shop create deployment web --image=registry.test/web:1.0 --replicas=2", true, "deployment.apps/web created"),
    ("-n shop rollout status deploy/web --timeout=60s", true, "successfully rolled out"),
    ("-n shop get deploy", true, "NAME   READY   UP-TO-DATE   AVAILABLE   AGE"),
    ("-n shop get deploy -o wide -l app=web", true, "registry.test/web:1.0"),
    ("-n shop get pods -l app=nothing", true, "No resources found"),
    ("-n shop get deploy web -o yaml", true, "progressDeadlineSeconds: 600"),
    ("-n shop set image deploy/web web=registry.test/web:2.0", true, "image updated"),
    ("-n shop rollout status deploy/web --timeout=60s", true, "successfully rolled out"),
    ("-n shop rollout history deploy/web", true, "2         <none>"),
    ("-n shop rollout undo deploy/web", true, "rolled back"),
    ("-n shop rollout status deploy/web --timeout=60s", true, "successfully rolled out"),
    ("-n shop get deploy web -o jsonpath={..image}", true, "registry.test/web:1.0"),
    ("-n shop rollout pause deploy/web", true, "paused"),
    ("-n shop rollout undo deploy/web", false, "you cannot rollback a paused deployment"),
    ("-n shop rollout resume deploy/web", true, "resumed"),
    ("-n shop rollout restart deploy/web", true, "restarted"),
    ("-n shop scale deploy/web --replicas=3", true, "scaled"),
    ("-n shop wait --for=condition=Available deploy/web --timeout=60s", true, "condition met"),
    ("-n shop label deploy/web tier=front", true, "labeled"),
    (
        "-n shop patch deploy/web --type=json -p [{\"op\":\"test\",\"path\":\"/spec/replicas\",\"value\":9}]",
        false,
        "request is invalid",
    ),
    (
        "-n shop patch deploy/web --type=merge -p {\"spec\":{\"replicas\":-1}}",
        false,
        "must be greater than or equal to 0",
    ),
    ("-n shop patch deploy/web -p {\"spec\":{\"minReadySeconds\":1}} --dry-run=server", true, "patched"),
    ("-n shop get deploy web -o jsonpath={.spec.minReadySeconds}", true, ""),
    ("-n shop create job once --image=registry.test/tool:1", true, "job.batch/once created"),
    ("-n shop wait --for=condition=complete job/once --timeout=60s", true, "condition met"),
    ("-n shop logs job/once", true, "finished"),
    ("-n shop apply -f manifest.yaml", true, "configmap/conf created"),
    ("-n shop apply -f manifest.yaml", true, "configmap/conf unchanged"),
    ("-n shop apply --server-side --force-conflicts -f manifest.yaml", true, "serverside-applied"),
    ("-n shop create configmap dry --from-literal=a=b --dry-run=server", true, "created (server dry run)"),
    ("-n shop get configmap dry", false, "(NotFound)"),
    ("-n shop set env deploy/web A=b", true, "env updated"),
    ("-n shop get deploy web --subresource=scale", true, "NAME   DESIRED   AVAILABLE   AGE"),
    ("explain deploy.spec.strategy.rollingUpdate", true, "maxSurge\t<string>"),
    ("explain pods.spec.nothing", false, "does not exist"),
    ("-n shop create -f unknown.yaml", false, "no matches for kind \"Nothing\""),
    ("-n shop create cronjob odd --image=x:1 --schedule=x_*_*_*_*", false, "spec.schedule"),
    ("-n shop get pods --as=jane", false, "User \"jane\" cannot list resource \"pods\""),
    ("auth can-i create deployments -n shop --as=jane", false, "no"),
    ("-n shop create service nodeport open --tcp=80:8080", true, "created"),
    ("-n shop get svc open -o jsonpath={.spec.ports[0].nodePort}", true, "3"),
    ("-n shop get hpa.v1.autoscaling", true, "No resources found"),
    ("-n shop get events.events.k8s.io", true, "ScalingReplicaSet"),
    // Owners of fields: who applied from the client's side goes on from the server's, who changed a field keeps it.
    ("-n shop apply -f owned.yaml", true, "configmap/owned created"),
    ("-n shop patch cm owned -p {\"data\":{\"a\":\"2\"}} --field-manager=thief", true, "patched"),
    ("-n shop apply --server-side -f owned.yaml", false, "conflict with \"thief\" using v1: .data.a"),
    ("-n shop apply --server-side --force-conflicts -f owned.yaml", true, "serverside-applied"),
    ("-n shop get cm owned -o jsonpath={.data.a}", true, "1"),
    ("auth can-i create deployments -n shop", true, "yes"),
    ("-n shop delete deploy web --timeout=60s", true, "deleted"),
    ("delete ns shop --timeout=60s", true, "deleted"),
    ("get ns shop", false, "(NotFound)"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stock_kubectl_is_at_home() {
    let served = Served::start().await;
    let Some(kubectl) = kubectl() else {
        eprintln!("kubectl was not tried: put one into PATH, or name it in PILOTHOUSE_TEST_KUBECTL");
        assert!(served.kubeconfig().is_file());
        return;
    };
    let manifest = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: conf\ndata:\n  a: b\n";
    std::fs::write(served.folder.path().join("manifest.yaml"), manifest).unwrap();
    let owned = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: owned\ndata:\n  a: \"1\"\n";
    std::fs::write(served.folder.path().join("owned.yaml"), owned).unwrap();
    let unknown = "apiVersion: v1\nkind: Nothing\nmetadata:\n  name: x\n";
    std::fs::write(served.folder.path().join("unknown.yaml"), unknown).unwrap();
    for (line, success, wanted) in STORY {
        let (succeeded, text) = served.kubectl(&kubectl, line).await;
        assert_eq!(succeeded, *success, "kubectl {line}\n{text}");
        assert!(text.contains(wanted), "kubectl {line}\n{text}");
    }
}
