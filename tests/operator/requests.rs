//! Requests are counted while pods are replaced. Nothing here asks our own program whether it went well: a client follows the
//! EndpointSlices of a Service as kube-proxy does, and sends a real HTTP request to what they call ready, again and again. The
//! pods are this test's own: it is their kubelet, and each is a listener on loopback that lives as long as its pod does.

use crate::{
    pilothouse::Operator,
    world::{Behaviour, IMAGE, World, complete, deployment, image},
};
use futures::{FutureExt, StreamExt};
use kube::{
    api::{DynamicObject, Patch, PatchParams},
    runtime::watcher::{Config, Event, watcher},
};
use serde_json::{Value, json};
use std::{
    collections::{BTreeSet, HashMap},
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Notify,
};
use tokio_util::task::AbortOnDropHandle;

pub const ALL: &[(&str, Behaviour)] = &[
    ("requests::a_restart_loses_none", |w| a_restart(w).boxed_local()),
    ("requests::a_rollback_loses_none", |w| a_rollback(w).boxed_local()),
    ("requests::a_workload_that_must_lose_some_says_so_first", |w| a_recreation(w).boxed_local()),
];

/// Keeps a pod until its kubelet lets it go.
const HELD: &str = "tests.example/serving";

/// What the client and the kubelet see of each other: addresses, and nothing about Kubernetes.
#[derive(Default)]
struct Net {
    /// Addresses that EndpointSlices call ready.
    ready: BTreeSet<String>,
    /// Where the pod of an address listens.
    listeners: HashMap<String, SocketAddr>,
    /// Requests under way to an address.
    under_way: HashMap<String, u32>,
    turn: usize,
    answered: u64,
    lost: Vec<String>,
}

/// A cluster of listeners with a client, for as long as it is kept.
struct Traffic {
    net: Arc<Mutex<Net>>,
    changed: Arc<Notify>,
    _tasks: Vec<AbortOnDropHandle<()>>,
}

impl Traffic {
    /// Runs the pods of `web`, except those of the tag `hopeless`, and sends requests to its Service.
    async fn to_web(w: &World, hopeless: &'static str) -> Self {
        let (net, changed) = (Arc::<Mutex<Net>>::default(), Arc::new(Notify::new()));
        let kubelet = Kubelet { pods: w.api("v1", "Pod"), net: net.clone(), changed: changed.clone(), hopeless };
        let slices = w.api("discovery.k8s.io/v1", "EndpointSlice");
        let mut tasks = vec![
            AbortOnDropHandle::new(tokio::spawn(kubelet.run())),
            AbortOnDropHandle::new(tokio::spawn(follow(slices, net.clone(), changed.clone()))),
        ];
        let traffic = |tasks| Self { net: net.clone(), changed: changed.clone(), _tasks: tasks };
        let quiet = traffic(Vec::new());
        quiet.until(|net| net.ready.len() == 3).await;
        for _ in 0..4 {
            tasks.push(AbortOnDropHandle::new(tokio::spawn(requests(net.clone(), changed.clone()))));
        }
        traffic(tasks)
    }

    fn net(&self) -> MutexGuard<'_, Net> {
        self.net.lock().unwrap()
    }

    /// Waits until something holds.
    async fn until(&self, holds: impl Fn(&Net) -> bool) {
        let waiting = async {
            loop {
                let changed = self.changed.notified();
                if holds(&self.net()) {
                    return;
                }
                changed.await;
            }
        };
        tokio::time::timeout(Duration::from_secs(90), waiting).await.expect("it comes to that within 90 s");
    }

    /// Sends a hundred requests more, then tells how many were answered in all and which were lost.
    async fn counted(&self) -> (u64, Vec<String>) {
        let before = self.net().answered;
        self.until(|net| net.answered >= before + 100).await;
        let net = self.net();
        (net.answered, net.lost.clone())
    }
}

/// Follows what the control plane says is ready, as kube-proxy does.
async fn follow(slices: kube::Api<DynamicObject>, net: Arc<Mutex<Net>>, changed: Arc<Notify>) {
    let mut events = std::pin::pin!(watcher(slices, Config::default().labels("kubernetes.io/service-name=web")));
    let mut known: HashMap<String, Value> = HashMap::new();
    while let Some(event) = events.next().await {
        match event {
            Ok(Event::Apply(slice) | Event::InitApply(slice)) => {
                known.insert(slice.metadata.name.clone().unwrap(), slice.data);
            }
            Ok(Event::Delete(slice)) => drop(known.remove(slice.metadata.name.as_deref().unwrap())),
            Ok(Event::Init | Event::InitDone) | Err(_) => {}
        }
        let endpoints = known.values().flat_map(|slice| slice["endpoints"].as_array().cloned().unwrap_or_default());
        let ready = endpoints.filter(|endpoint| endpoint["conditions"]["ready"] == true);
        let address = |endpoint: Value| endpoint["addresses"][0].as_str().unwrap().to_owned();
        net.lock().unwrap().ready = ready.map(address).collect();
        changed.notify_waiters();
    }
}

/// Sends one request after the other, to what is called ready. One that is not answered is lost, whatever the reason.
async fn requests(net: Arc<Mutex<Net>>, changed: Arc<Notify>) {
    let mut pace = tokio::time::interval(Duration::from_millis(4));
    loop {
        pace.tick().await;
        let chosen = {
            let mut net = net.lock().unwrap();
            net.turn += 1;
            let at = net.turn % net.ready.len().max(1);
            let address = net.ready.iter().nth(at).cloned();
            if let Some(address) = &address {
                *net.under_way.entry(address.clone()).or_default() += 1;
            }
            address.map(|address| (net.listeners.get(&address).copied(), address))
        };
        let answer = match &chosen {
            None => Err("no endpoint is ready".to_owned()),
            Some((None, address)) => Err(format!("{address} is called ready, and nobody listens there")),
            Some((Some(listener), address)) => {
                ask(*listener).await.map_err(|error| format!("{address} did not answer: {error}"))
            }
        };
        let mut net = net.lock().unwrap();
        if let Some(requests) = chosen.and_then(|(_, address)| net.under_way.get_mut(&address)) {
            *requests -= 1;
        }
        match answer {
            Ok(()) => net.answered += 1,
            Err(why) => net.lost.push(why),
        }
        changed.notify_waiters();
    }
}

async fn ask(listener: SocketAddr) -> std::io::Result<()> {
    let mut stream = TcpStream::connect(listener).await?;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: web\r\nConnection: close\r\n\r\n").await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    if answer.starts_with("HTTP/1.1 200 ") { Ok(()) } else { Err(std::io::Error::other(answer)) }
}

/// Answers whoever asks.
async fn serve(listener: TcpListener) {
    while let Ok((mut stream, _)) = listener.accept().await {
        tokio::spawn(async move {
            let mut asked = [0; 512];
            let _ = stream.read(&mut asked).await; // a client that hangs up counts its own loss
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").await;
        });
    }
}

/// The kubelet of all nodes, for pods of images that are left to it.
struct Kubelet {
    pods: kube::Api<DynamicObject>,
    net: Arc<Mutex<Net>>,
    changed: Arc<Notify>,
    hopeless: &'static str,
}

impl Kubelet {
    async fn run(self) {
        let mut events = std::pin::pin!(watcher(self.pods.clone(), Config::default().labels("app=web")));
        let mut running: HashMap<String, (String, AbortOnDropHandle<()>)> = HashMap::new();
        let mut leaving: Vec<AbortOnDropHandle<()>> = Vec::new();
        let mut addresses = 0;
        while let Some(event) = events.next().await {
            let Ok(Event::Apply(pod) | Event::InitApply(pod)) = event else { continue };
            let name = pod.metadata.name.clone().unwrap();
            let own = pod.data["spec"]["containers"][0]["image"].as_str().unwrap().to_owned();
            if pod.metadata.deletion_timestamp.is_some() {
                let server = running.remove(&name);
                if pod.metadata.finalizers.is_some_and(|all| !all.is_empty()) {
                    leaving.push(AbortOnDropHandle::new(tokio::spawn(self.end(name, server))));
                }
            } else if pod.data["spec"]["nodeName"].is_string()
                && !running.contains_key(&name)
                && !own.ends_with(self.hopeless)
            {
                addresses += 1;
                let address = format!("10.77.0.{addresses}");
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                self.net.lock().unwrap().listeners.insert(address.clone(), listener.local_addr().unwrap());
                running.insert(name.clone(), (address.clone(), AbortOnDropHandle::new(tokio::spawn(serve(listener)))));
                let conditions = ["Initialized", "PodScheduled", "ContainersReady", "Ready"]
                    .map(|kind| json!({"type": kind, "status": "True", "lastTransitionTime": jiff::Timestamp::now()}));
                let status = json!({"status": {
                    "phase": "Running", "podIP": address, "podIPs": [{"ip": address}],
                    "conditions": conditions,
                    "containerStatuses": [{"name": "web", "image": own, "imageID": own, "ready": true, "started": true,
                        "restartCount": 0, "state": {"running": {"startedAt": jiff::Timestamp::now()}}}],
                }});
                self.pods.patch_status(&name, &PatchParams::default(), &Patch::Merge(status)).await.unwrap();
            }
        }
    }

    /// Ends a pod as a well-behaved one ends: it answers until nobody is sent to it any more, then it goes.
    fn end(
        &self,
        name: String,
        server: Option<(String, AbortOnDropHandle<()>)>,
    ) -> impl Future<Output = ()> + Send + use<> {
        let (pods, net, changed) = (self.pods.clone(), self.net.clone(), self.changed.clone());
        async move {
            if let Some((address, server)) = server {
                loop {
                    let change = changed.notified();
                    {
                        let mut net = net.lock().unwrap();
                        if !net.ready.contains(&address) && net.under_way.get(&address).copied().unwrap_or(0) == 0 {
                            net.listeners.remove(&address);
                            break;
                        }
                    }
                    change.await;
                }
                drop(server);
            }
            let free = json!({"metadata": {"finalizers": null}});
            let _ = pods.patch(&name, &PatchParams::default(), &Patch::Merge(free)).await; // it may be gone already
        }
    }
}

/// Three pods of `web` behind a Service, with a readiness probe; this test runs them.
async fn web(w: &World, strategy: Value) {
    let mut object = deployment("web", 3, "1.0-byhand");
    object["spec"]["strategy"] = strategy;
    object["spec"]["template"]["metadata"]["finalizers"] = json!([HELD]);
    object["spec"]["template"]["spec"]["containers"][0]["readinessProbe"] =
        json!({"httpGet": {"path": "/", "port": 80}});
    w.create(object).await;
    w.create(json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]}}))
        .await;
}

fn rolling() -> Value {
    json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}})
}

async fn a_restart(w: World) {
    web(&w, rolling()).await;
    let traffic = Traffic::to_web(&w, "none").await;
    let before = w.list("v1", "Pod").await;
    let run = Operator::new(&w).run(&["restart", "deploy/web", "--yes", "-o", "json"]).await;
    assert_eq!(run.assert(0).result()["outcome"], "done");
    assert!(downtime(&run.plan()).is_none(), "{}", run.plan());
    let (answered, lost) = traffic.counted().await;
    assert!(lost.is_empty(), "{} of {answered} lost: {lost:?}", lost.len());
    let after = w.list("v1", "Pod").await;
    let old = |pod: &&Value| before.iter().any(|b| b["metadata"]["uid"] == pod["metadata"]["uid"]);
    assert!(after.iter().filter(old).all(|pod| pod["metadata"]["deletionTimestamp"].is_string()), "each was replaced");
}

async fn a_rollback(w: World) {
    web(&w, rolling()).await;
    let traffic = Traffic::to_web(&w, "1.1-byhand").await;
    w.deployments().patch("web", &PatchParams::default(), &Patch::Strategic(image("1.1-byhand"))).await.unwrap();
    w.until("apps/v1", "Deployment", "web", "under way", |o| {
        o["status"]["observedGeneration"] == 2 && o["status"]["updatedReplicas"].as_i64() >= Some(1)
    })
    .await;
    let run = Operator::new(&w).run(&["rollback", "deploy/web", "--yes", "-o", "json"]).await;
    assert_eq!(run.assert(0).result()["outcome"], "done");
    let now = w.until("apps/v1", "Deployment", "web", "back", complete).await;
    assert_eq!(now["spec"]["template"]["spec"]["containers"][0]["image"], format!("{IMAGE}:1.0-byhand"));
    let (answered, lost) = traffic.counted().await;
    assert!(lost.is_empty(), "{} of {answered} lost: {lost:?}", lost.len());
}

/// That the count can fail is shown by a workload of which every pod stops before the first new one starts.
async fn a_recreation(w: World) {
    web(&w, json!({"type": "Recreate"})).await;
    let traffic = Traffic::to_web(&w, "none").await;
    let run = Operator::new(&w).run(&["restart", "deploy/web", "--yes", "-o", "json"]).await;
    assert_eq!(run.assert(0).result()["outcome"], "done");
    let (_, lost) = traffic.counted().await;
    assert!(!lost.is_empty(), "all pods were gone for a while");
    assert!(
        downtime(&run.plan()).is_some_and(|told| told.contains("Recreate")),
        "and the plan said so: {}",
        run.plan()
    );
}

/// What a plan says about requests that may be lost.
fn downtime(plan: &Value) -> Option<String> {
    let checks = plan["preconditions"].as_array().unwrap();
    let found = checks.iter().find(|check| check["what"] == "downtime")?;
    found["detail"].as_str().map(str::to_owned)
}
