//! The two worlds behind one handle, and waiting without sleeping: on watches, with a deadline.

use futures::{FutureExt, TryStreamExt, future::LocalBoxFuture};
use kube::{
    Api, Client,
    api::{DynamicObject, PostParams},
    core::{ApiResource, GroupVersionKind},
    runtime::watcher,
};
use libtest_mimic::{Failed, Trial};
use pilothouse::time::Clock;
use serde_json::{Value, json};
use std::{
    cell::RefCell,
    path::{Path, PathBuf},
    rc::Rc,
    sync::{
        Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

/// Which world a trial runs in.
#[derive(Clone, Copy)]
pub enum Which {
    /// `pilothouse::sim` in process, on a paused clock.
    Embedded,
    /// The same, served over TLS by the binary.
    Served,
    /// A real control plane.
    Real,
}

/// One behaviour: an async function of the world.
pub type Behaviour = fn(World) -> LocalBoxFuture<'static, ()>;

/// A namespace of its own in one of the worlds.
pub struct World {
    pub client: Client,
    pub namespace: String,
    /// The kubeconfig that reaches it; empty where it is in process.
    pub kubeconfig: PathBuf,
    /// The time there.
    pub clock: Clock,
    /// What must live as long as it is used.
    pub alive: Rc<RefCell<Alive>>,
}

/// The image that behaves well under any tag without a suffix.
pub const IMAGE: &str = "registry.example/shop/web";

static NAMESPACES: AtomicU32 = AtomicU32::new(0);

/// The behaviour as a test of one world.
pub fn trial(which: Which, name: &str, test: Behaviour) -> Trial {
    let prefix = match which {
        Which::Embedded => "embedded",
        Which::Served => "served",
        Which::Real => "real",
    };
    Trial::test(format!("{prefix}::{name}"), move || run(which, test).map_err(Failed::from))
}

fn run(which: Which, test: Behaviour) -> Result<(), String> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all();
    if matches!(which, Which::Embedded) {
        builder.start_paused(true);
    }
    let runtime = builder.build().map_err(|e| e.to_string())?;
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        runtime.block_on(async {
            let (client, kubeconfig, clock, alive) = connect(which).await;
            let namespace = create_namespace(&client).await;
            let alive = Rc::new(RefCell::new(alive));
            let world = World { client: client.clone(), namespace: namespace.clone(), kubeconfig, clock, alive };
            // Whatever becomes of the test, its namespace goes.
            let outcome = std::panic::AssertUnwindSafe(within(which, test(world))).catch_unwind().await;
            let namespaces: Api<DynamicObject> = Api::all_with(client, &resource("v1", "Namespace"));
            let _ = namespaces.delete(&namespace, &kube::api::DeleteParams::background()).await;
            if let Err(panic) = outcome {
                std::panic::resume_unwind(panic);
            }
        });
    }));
    outcome.map_err(|panic| {
        panic
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string))
            .unwrap_or_else(|| "panicked".into())
    })
}

/// What must live as long as the world is used.
pub enum Alive {
    Controllers(#[expect(dead_code, reason = "end when dropped")] [tokio_util::task::AbortOnDropHandle<()>; 2]),
    Stopped(#[expect(dead_code, reason = "goes on when dropped")] Standstill),
    Elsewhere,
}

/// A process that stands still until this is dropped.
pub struct Standstill(rustix::process::Pid);

impl Drop for Standstill {
    fn drop(&mut self) {
        let _ = rustix::process::kill_process(self.0, rustix::process::Signal::CONT);
    }
}

async fn connect(which: Which) -> (Client, PathBuf, Clock, Alive) {
    match which {
        Which::Embedded => {
            let clock = Clock::starting_at("2026-01-05T08:00:00Z".parse().unwrap());
            let world = pilothouse::sim::World::empty(clock.clone(), 1);
            for node in ["a", "b", "c"] {
                let ready = json!([{"type": "Ready", "status": "True"}]);
                let room = json!({"cpu": "16", "memory": "64Gi", "pods": "110"});
                let node = json!({"metadata": {"name": node, "labels": {"kubernetes.io/hostname": node}}, "status": {"conditions": ready, "capacity": room, "allocatable": room}});
                world.store.create(&pilothouse::sim::resource::resources::NODES, node).unwrap();
            }
            let controllers = pilothouse::sim::controllers::spawn(&world.store, 1);
            let reconciler = pilothouse::sim::reconciler::spawn(&world.store);
            let alive = Alive::Controllers([controllers, reconciler]);
            (Client::new(world.service(), "default"), PathBuf::new(), clock, alive)
        }
        Which::Served => {
            let path = SERVED.lock().unwrap().get_or_insert_with(Served::start).kubeconfig.clone();
            (client(&path).await, path, Clock::System, Alive::Elsewhere)
        }
        Which::Real => {
            let path = PathBuf::from(std::env::var_os("PILOTHOUSE_TEST_KUBECONFIG").expect("checked by main"));
            (client(&path).await, path, Clock::System, Alive::Elsewhere)
        }
    }
}

/// What hangs in a world of real time fails; a paused clock runs through hours in no time.
async fn within(which: Which, test: impl Future<Output = ()>) {
    match which {
        Which::Embedded => test.await,
        Which::Served | Which::Real => {
            tokio::time::timeout(Duration::from_secs(600), test).await.expect("over within ten minutes");
        }
    }
}

async fn client(kubeconfig: &Path) -> Client {
    let kubeconfig = kube::config::Kubeconfig::read_from(kubeconfig).expect("a readable kubeconfig");
    let mut config =
        kube::Config::from_custom_kubeconfig(kubeconfig, &Default::default()).await.expect("a usable kubeconfig");
    // A refusal is what some behaviours are about: it must not be retried away.
    config.default_retry = false;
    Client::try_from(config).expect("a client")
}

/// One process serves every trial, each in a namespace of its own.
static SERVED: Mutex<Option<Served>> = Mutex::new(None);

/// Ends the process that serves, if one was started.
pub fn end() {
    SERVED.lock().unwrap().take();
}

/// `pilothouse sim` in a process of its own.
struct Served {
    process: std::process::Child,
    kubeconfig: PathBuf,
    _folder: tempfile::TempDir,
}

impl Served {
    /// Starts it and waits for the line that says it serves.
    fn start() -> Self {
        use std::io::BufRead;
        let folder = tempfile::tempdir().unwrap();
        let kubeconfig = folder.path().join("kubeconfig");
        let mut process = std::process::Command::new(env!("CARGO_BIN_EXE_pilothouse"))
            .args(["sim", "--listen", "127.0.0.1:0", "--kubeconfig"])
            .arg(&kubeconfig)
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        std::io::BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(kubeconfig.exists(), "pilothouse sim said {line:?}");
        Self { process, kubeconfig, _folder: folder }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // Asked to end, it takes its temporary folder along.
        let _ = rustix::process::kill_process(
            rustix::process::Pid::from_child(&self.process),
            rustix::process::Signal::TERM,
        );
        let _ = self.process.wait();
    }
}

async fn create_namespace(client: &Client) -> String {
    let name = format!("contract-{}-{}", std::process::id(), NAMESPACES.fetch_add(1, Ordering::Relaxed));
    let namespaces: Api<DynamicObject> = Api::all_with(client.clone(), &resource("v1", "Namespace"));
    let object =
        serde_json::from_value(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})).unwrap();
    namespaces.create(&PostParams::default(), &object).await.expect("a namespace of our own");
    // A real cluster refuses pods until the namespace has its service account.
    let accounts: Api<DynamicObject> = Api::namespaced_with(client.clone(), &name, &resource("v1", "ServiceAccount"));
    wait(accounts, "default", "its service account", |o| o.is_some()).await;
    name
}

/// The API resource of a kind; plurals are regular for every kind used here.
pub fn resource(api_version: &str, kind: &str) -> ApiResource {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind))
}

impl World {
    /// The API of a kind in this world's namespace.
    pub fn api(&self, api_version: &str, kind: &str) -> Api<DynamicObject> {
        Api::namespaced_with(self.client.clone(), &self.namespace, &resource(api_version, kind))
    }

    /// Stops every controller of this world until the test is over. Nothing else may run in a real one meanwhile.
    pub fn stop_controllers(&self) {
        let stopped = match std::env::var_os("PILOTHOUSE_TEST_CONTROL_PLANE").filter(|_| !self.is_embedded()) {
            None => Alive::Elsewhere,
            Some(folder) => {
                let number = std::fs::read_to_string(Path::new(&folder).join("pids/kube-controller-manager")).unwrap();
                let process = rustix::process::Pid::from_raw(number.trim().parse().unwrap()).unwrap();
                rustix::process::kill_process(process, rustix::process::Signal::STOP).unwrap();
                Alive::Stopped(Standstill(process))
            }
        };
        self.alive.replace(stopped);
    }

    /// Whether it is in this process.
    pub fn is_embedded(&self) -> bool {
        self.kubeconfig.as_os_str().is_empty()
    }

    pub fn deployments(&self) -> Api<DynamicObject> {
        self.api("apps/v1", "Deployment")
    }

    /// Creates an object of this namespace.
    pub async fn create(&self, object: Value) -> Value {
        let api = self.api(object["apiVersion"].as_str().unwrap(), object["kind"].as_str().unwrap());
        let typed = serde_json::from_value(object).unwrap();
        let made = api.create(&PostParams::default(), &typed).await.unwrap_or_else(|e| panic!("create: {e}"));
        serde_json::to_value(made).unwrap()
    }

    /// Waits on a watch until the object is as asked; its last state is in the message otherwise.
    pub async fn until(
        &self,
        api_version: &str,
        kind: &str,
        name: &str,
        what: &str,
        test: impl Fn(&Value) -> bool,
    ) -> Value {
        wait(self.api(api_version, kind), name, what, |o| o.is_some_and(&test)).await.unwrap_or(Value::Null)
    }

    /// Waits until the object is gone.
    pub async fn until_gone(&self, api_version: &str, kind: &str, name: &str) {
        wait(self.api(api_version, kind), name, "gone", |o| o.is_none()).await;
    }

    /// Waits until a Deployment's rollout is complete by its own status.
    pub async fn rolled_out(&self, name: &str) -> Value {
        self.until("apps/v1", "Deployment", name, "rolled out", complete).await
    }

    /// Every object of a kind in this namespace.
    pub async fn list(&self, api_version: &str, kind: &str) -> Vec<Value> {
        let list = self.api(api_version, kind).list(&Default::default()).await.unwrap();
        list.items.into_iter().map(|o| serde_json::to_value(o).unwrap()).collect()
    }
}

/// Whether a Deployment's status says that its current template is out everywhere.
pub fn complete(o: &Value) -> bool {
    let n = |pointer: &str| o.pointer(pointer).and_then(Value::as_i64).unwrap_or(0);
    n("/metadata/generation") == n("/status/observedGeneration")
        && n("/status/updatedReplicas") == n("/spec/replicas")
        && n("/status/availableReplicas") == n("/spec/replicas")
        && n("/status/replicas") == n("/spec/replicas")
}

/// Waits until an object is gone, wherever it is.
pub async fn until_gone(api: Api<DynamicObject>, name: &str) {
    wait(api, name, "gone", |o| o.is_none()).await;
}

async fn wait(api: Api<DynamicObject>, name: &str, what: &str, test: impl Fn(Option<&Value>) -> bool) -> Option<Value> {
    let mut last = None;
    let waiting = async {
        let mut events = std::pin::pin!(watcher::watch_object(api, name));
        while let Some(event) = events.try_next().await.transpose() {
            // Errors of a watch are transient: the watcher starts again.
            let Ok(object) = event else { continue };
            last = object.map(|o| serde_json::to_value(o).unwrap());
            if test(last.as_ref()) {
                return;
            }
        }
    };
    if tokio::time::timeout(Duration::from_secs(90), waiting).await.is_err() {
        panic!(
            "{name} is not {what} after 90 s: {}",
            last.map_or_else(|| "it does not exist".into(), |o| format!("{o:#}"))
        );
    }
    last
}

/// A Deployment of `replicas` pods that runs `IMAGE:tag`.
pub fn deployment(name: &str, replicas: u32, tag: &str) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [{"name": "web", "image": format!("{IMAGE}:{tag}")}]},
            },
        },
    })
}

/// The strategic merge patch that sets the image of container `web`.
pub fn image(tag: &str) -> Value {
    json!({"spec": {"template": {"spec": {"containers": [{"name": "web", "image": format!("{IMAGE}:{tag}")}]}}}})
}
