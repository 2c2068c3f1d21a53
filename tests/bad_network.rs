//! Watches over a bad line: a loopback proxy of the tests' own lies before the API server and pauses, cuts, delays and throttles.
//! Each test runs on the embedded world, served over TLS, and on a real API server where `tests/control-plane` provides one.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a test that cannot go on panics, and writes without a plan"
)]

use pilothouse::{
    connect::kube::{Cluster, ConnectOptions},
    model::{Batch, Kind, ObjectRef, Rows, Sync},
    observe::{Scope, Watches, snapshot, watch},
    sim::{World, serve},
    time::Clock,
};
use serde_json::{Value, json};
use std::{
    future::Future,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream, tcp},
    sync::{mpsc, watch as latest},
};

const PATIENCE: Duration = Duration::from_secs(120);

/// What the line does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Line {
    /// Nothing gets through, and nobody is told.
    paused: bool,
    /// Connections end, and new ones are refused.
    cut: bool,
    /// How long each piece takes.
    delay: Duration,
    /// How large a piece is at most.
    piece: usize,
}

const GOOD: Line = Line { paused: false, cut: false, delay: Duration::ZERO, piece: 64 * 1024 };

/// The line to an API server.
struct Proxy {
    address: SocketAddr,
    line: latest::Sender<Line>,
}

impl Proxy {
    async fn lay(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (line, seen) = latest::channel(GOOD);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if seen.borrow().cut {
                    continue;
                }
                let Ok(server) = TcpStream::connect(server).await else { continue };
                let ((a, b), (c, d)) = (client.into_split(), server.into_split());
                tokio::spawn(pass(a, d, seen.clone()));
                tokio::spawn(pass(c, b, seen.clone()));
            }
        });
        Self { address, line }
    }

    fn set(&self, line: Line) {
        self.line.send_replace(line);
    }
}

async fn pass(mut from: tcp::OwnedReadHalf, mut to: tcp::OwnedWriteHalf, mut line: latest::Receiver<Line>) {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let now = *line.borrow_and_update();
        let read = async {
            match now.paused {
                true => std::future::pending().await,
                false => from.read(&mut buffer[..now.piece]).await,
            }
        };
        let length = tokio::select! {
            read = read => match read {
                Ok(length @ 1..) => length,
                Ok(0) | Err(_) => return,
            },
            changed = line.changed() => match changed {
                Ok(()) if !line.borrow().cut => continue,
                Ok(()) | Err(_) => return,
            },
        };
        tokio::time::sleep(now.delay).await;
        if to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}

/// An API server behind a line, with the rows of its watches, and a way around the line.
struct Stage {
    proxy: Proxy,
    around: Cluster,
    namespace: String,
    rows: Rows,
    batches: mpsc::Receiver<Batch>,
    _watches: Watches,
    _folder: TempDir,
}

impl Stage {
    async fn on(kubeconfig: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config: Value = serde_yaml::from_slice(&std::fs::read(kubeconfig).unwrap()).unwrap();
        let server = config["clusters"][0]["cluster"]["server"].as_str().unwrap().to_owned();
        let proxy = Proxy::lay(server.trim_start_matches("https://").parse().unwrap()).await;
        config["clusters"][0]["cluster"]["server"] = format!("https://{}", proxy.address).into();
        let through = folder.path().join("through");
        std::fs::write(&through, config.to_string()).unwrap();
        let around = connect(kubeconfig).await;
        let namespace = format!("line-{}", std::process::id());
        let of = ObjectRef::new(Kind::Namespace, "", namespace.as_str());
        let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}});
        // Another test of this process may have made it.
        let _ = around.writer().create(&of, &object, false).await;
        let (sender, batches) = mpsc::channel(8);
        let scope = Scope::Namespaces(vec![namespace.clone()]);
        let watches = watch(&connect(&through).await, scope, 7, sender);
        Self { proxy, around, namespace, rows: Rows::default(), batches, _watches: watches, _folder: folder }
    }

    /// Makes a Deployment, around the line.
    async fn deployment(&self, name: &str) -> ObjectRef {
        let object = ObjectRef::new(Kind::Deployment, self.namespace.as_str(), name);
        let manifest = json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": self.namespace},
            "spec": {"replicas": 0, "selector": {"matchLabels": {"app": name}}, "template": {
                "metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "web", "image": "web:v1"}]}}},
        });
        self.around.writer().create(&object, &manifest, false).await.unwrap();
        object
    }

    /// Takes in batches until the rows are as wanted; what is `kept` never leaves them meanwhile.
    async fn until(&mut self, what: &str, kept: &[&ObjectRef], wanted: impl Fn(&Rows) -> bool) {
        let waiting = async {
            while !wanted(&self.rows) {
                let batch = self.batches.recv().await.expect("the watches run");
                self.rows.apply(batch, Clock::System.now());
                for object in kept {
                    assert!(self.rows.workloads.get(object).is_some(), "{object} flickered");
                }
            }
        };
        let ended = tokio::time::timeout(PATIENCE, waiting).await;
        assert!(ended.is_ok(), "never seen: {what}\n{:#?}", self.rows.syncs().collect::<Vec<_>>());
    }
}

async fn connect(kubeconfig: &Path) -> Cluster {
    let options = ConnectOptions { kubeconfig: Some(kubeconfig.to_owned()), ..ConnectOptions::default() };
    Cluster::connect(&options, Clock::System).await.unwrap()
}

fn sync(rows: &Rows) -> Sync {
    rows.sync_of(Kind::Deployment)
}

fn is_live(rows: &Rows) -> bool {
    matches!(sync(rows), Sync::Live { .. })
}

/// Runs a test on the embedded world and on the real API server, where there is one.
async fn on_both<F: Future<Output = ()>>(test: impl Fn(Stage) -> F) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().unwrap();
    let embedded = folder.path().join("embedded");
    let world = World::empty(Clock::System, 1);
    let identity = Arc::new(serve::Identity::generate().unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    serve::write_kubeconfig(&world, &identity, listener.local_addr().unwrap(), &embedded).unwrap();
    let serving = tokio::spawn(async move { serve::serve(&world, listener, &identity).await });
    let embedded = async { test(Stage::on(&embedded).await).await };
    let real = async {
        match std::env::var_os("PILOTHOUSE_TEST_KUBECONFIG") {
            Some(real) => test(Stage::on(&PathBuf::from(real)).await).await,
            None => eprintln!("on the embedded world only: PILOTHOUSE_TEST_KUBECONFIG names no control plane"),
        }
    };
    tokio::join!(embedded, real);
    serving.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_half_open_connection_is_noticed_by_its_silence() {
    on_both(|mut stage| async move {
        let kept = stage.deployment("half-open-kept").await;
        stage.until("the list", &[], |rows| rows.workloads.get(&kept).is_some() && is_live(rows)).await;
        stage.proxy.set(Line { paused: true, ..GOOD });
        let later = stage.deployment("half-open-later").await;
        let began = Instant::now();
        stage.until("the silence", &[&kept], |rows| matches!(sync(rows), Sync::Stale { .. })).await;
        let Sync::Stale { why, .. } = sync(&stage.rows) else { unreachable!("just seen") };
        // Nothing is heard for that long on what is open, or on what was just asked; or no new connection can be made before that.
        let silent =
            ["not said a word for 45 s", "did not answer within 45 s", "takes no new connections", "cannot be reached"];
        let noticed = silent.iter().any(|words| why.contains(words));
        assert!(noticed, "after {:?}: {why}", began.elapsed());
        stage.proxy.set(GOOD);
        stage
            .until("what came meanwhile", &[&kept], |rows| rows.workloads.get(&later).is_some() && is_live(rows))
            .await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_that_is_cut_is_told_at_once_and_mended_without_a_flicker() {
    on_both(|mut stage| async move {
        let kept = stage.deployment("cut-kept").await;
        stage.until("the list", &[], |rows| rows.workloads.get(&kept).is_some() && is_live(rows)).await;
        stage.proxy.set(Line { cut: true, ..GOOD });
        let later = stage.deployment("cut-later").await;
        stage.until("the cut", &[&kept], |rows| matches!(sync(rows), Sync::Stale { .. })).await;
        stage.proxy.set(GOOD);
        stage
            .until("what came meanwhile", &[&kept], |rows| rows.workloads.get(&later).is_some() && is_live(rows))
            .await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_line_is_slow_and_nothing_else() {
    on_both(|mut stage| async move {
        stage.proxy.set(Line { delay: Duration::from_millis(20), piece: 700, ..GOOD });
        let first = stage.deployment("slow-first").await;
        stage.until("the list", &[], |rows| rows.workloads.get(&first).is_some() && is_live(rows)).await;
        let later = stage.deployment("slow-later").await;
        let seen = |rows: &Rows| {
            assert!(!matches!(sync(rows), Sync::Stale { .. }), "slow is not gone: {:?}", sync(rows));
            rows.workloads.get(&later).is_some()
        };
        stage.until("the next", &[&first], seen).await;
    })
    .await;
}

/// Why nothing is read through a kubeconfig with this cluster.
async fn refusal(cluster: Value) -> String {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config");
    let config = json!({
        "clusters": [{"name": "a", "cluster": cluster}], "contexts": [{"name": "a", "context": {"cluster": "a"}}],
        "current-context": "a",
    });
    std::fs::write(&file, config.to_string()).unwrap();
    let error = snapshot(&connect(&file).await, &Scope::All).await.map(|_| ()).unwrap_err();
    error.to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_certificates_and_proxies_that_fail_are_told_in_words() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let world = World::empty(Clock::System, 1);
    let identity = serve::Identity::generate().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { serve::serve(&world, listener, &identity).await });
    let untrusted = refusal(json!({"server": format!("https://{address}")})).await;
    assert!(untrusted.contains("certificate-authority-data"), "{untrusted}");

    let unknown = refusal(json!({"server": "https://no-such-host.invalid:6443"})).await;
    assert!(unknown.contains("its name cannot be resolved"), "{unknown}");

    // A proxy that answers every request with a refusal.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let _ = client.read(&mut [0; 4096]).await; // it may have gone
            let _ = client.write_all(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n").await;
        }
    });
    let told = refusal(json!({"server": format!("https://{address}"), "proxy-url": format!("http://{proxy}")})).await;
    assert!(told.contains("the proxy refuses to connect there"), "{told}");
}
