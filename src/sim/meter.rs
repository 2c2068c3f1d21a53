//! What runs uses: CPU and memory of containers as a kubelet would measure them, from the same demand that autoscalers divide.
//!
//! Invariant: only containers that run, and have run for a whole window, have a sample. A pod that says by its labels what it uses
//! is believed: so a test has numbers of its own choice, here as on the real control plane.

use super::{
    controllers::{
        Loads,
        object::{items, label, milli, moment, name, namespace, text},
        pods::is_ready,
    },
    resource::resources,
    store::Store,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::collections::HashMap;

/// The labels by which a pod says what each of its containers uses.
pub const CPU: &str = "pilothouse.test/cpu";
/// The same for memory.
pub const MEMORY: &str = "pilothouse.test/memory";
/// Seconds between two samples.
const WINDOW: i64 = 15;
/// What a container without a request is taken to want, in thousandths of a core and in bytes.
const USUAL: (i64, i64) = (100, 64 << 20);
/// What a node uses by itself.
const NODE: (i64, i64) = (200, 512 << 20);

/// The measurements of one world.
#[derive(Clone, Debug, Default)]
pub struct Meter {
    /// The world's seed.
    pub seed: u64,
    /// How busy workloads are.
    pub loads: Loads,
}

/// CPU in thousandths of a core and memory in bytes.
type Used = (i64, i64);

/// One reading of the whole world: what several pods of a workload have in common is found once.
pub struct Reading<'a> {
    meter: &'a Meter,
    store: &'a Store,
    at: Timestamp,
    /// The demand on each workload, and its ready pods; only where an autoscaler divides it.
    shares: HashMap<(String, String), (f64, Option<i64>)>,
}

impl<'a> Reading<'a> {
    /// A reading at the store's present moment.
    pub fn of(meter: &'a Meter, store: &'a Store) -> Self {
        Self { meter, store, at: store.clock().now(), shares: HashMap::new() }
    }

    /// The PodMetrics of a pod; None where it has no sample.
    pub fn pod(&mut self, pod: &Value) -> Option<Value> {
        let used = self.containers(pod);
        let containers: Vec<Value> =
            used.into_iter().map(|(container, used)| json!({ "name": container, "usage": usage(used) })).collect();
        (!containers.is_empty()).then(|| {
            let metadata = json!({
                "name": name(pod), "namespace": namespace(pod), "labels": pod["metadata"]["labels"],
                "creationTimestamp": pod["metadata"]["creationTimestamp"],
            });
            self.sample("PodMetrics", metadata, "containers", containers.into())
        })
    }

    /// The NodeMetrics of a node with these pods.
    pub fn node<'p>(&mut self, node: &Value, pods: impl Iterator<Item = &'p Value>) -> Value {
        let mut sum = NODE;
        for pod in pods.filter(|pod| text(pod, "/spec/nodeName") == name(node)) {
            for (_, used) in self.containers(pod) {
                sum = (sum.0 + used.0, sum.1 + used.1);
            }
        }
        let metadata = json!({
            "name": name(node), "labels": node["metadata"]["labels"],
            "creationTimestamp": node["metadata"]["creationTimestamp"],
        });
        self.sample("NodeMetrics", metadata, "usage", usage(sum))
    }

    fn sample(&self, kind: &str, metadata: Value, field: &str, value: Value) -> Value {
        let at = Timestamp::from_second(self.at.as_second() / WINDOW * WINDOW).unwrap_or(self.at);
        json!({
            "apiVersion": "metrics.k8s.io/v1beta1", "kind": kind, "metadata": metadata,
            "timestamp": at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(), "window": format!("{WINDOW}s"), (field): value,
        })
    }

    /// What the containers of a pod use that have run for a window.
    fn containers(&mut self, pod: &Value) -> Vec<(String, Used)> {
        let all = items(pod, "/spec/containers");
        let running: Vec<&Value> = all.iter().filter(|container| has_sample(pod, container, self.at)).collect();
        let said = |key: &str| label(pod, key).and_then(|text| milli(&json!(text)));
        let said = said(CPU).zip(said(MEMORY)).map(|(cpu, memory)| (cpu, memory / 1000));
        let (demand, ready) = if said.is_some() || running.is_empty() { (0.0, None) } else { self.share(pod) };
        let count = i64::try_from(all.len().max(1)).unwrap_or(1);
        let used = |container: &Value| {
            let asked = |resource: &str| container.pointer(&format!("/resources/requests/{resource}")).and_then(milli);
            let cpu = match ready {
                Some(ready) => demand / (ready.max(1) * count) as f64,
                None => asked("cpu").unwrap_or(USUAL.0) as f64 * (demand / 900.0).min(1.2),
            };
            let memory = asked("memory").map_or(USUAL.1, |memory| memory / 1000) as f64;
            (cpu.max(1.0) as i64, (memory * memory_share(demand)) as i64)
        };
        running.into_iter().map(|c| (text(c, "/name").to_owned(), said.unwrap_or_else(|| used(c)))).collect()
    }

    /// The demand on the workload of a pod, and among how many ready pods it is divided, where an autoscaler does that.
    fn share(&mut self, pod: &Value) -> (f64, Option<i64>) {
        let (space, workload) = (namespace(pod).to_owned(), workload(pod));
        let key = (space.clone(), workload.clone());
        if let Some(known) = self.shares.get(&key) {
            return *known;
        }
        let demand = self.meter.loads.demand(self.meter.seed, &space, &workload, self.at);
        let scalers = self.store.list(&resources::HORIZONTAL_POD_AUTOSCALERS, Some(&space));
        let scaled = scalers.iter().any(|scaler| text(scaler, "/spec/scaleTargetRef/name") == workload);
        let ready = scaled.then(|| {
            let pods = self.store.list(&resources::PODS, Some(&space));
            let serves = |pod: &Value| is_ready(pod) && self::workload(pod) == workload;
            i64::try_from(pods.iter().filter(|pod| serves(pod)).count()).unwrap_or(1)
        });
        *self.shares.entry(key).or_insert((demand, ready))
    }
}

/// Whether a container runs, and has run for a whole window at this time.
fn has_sample(pod: &Value, container: &Value, at: Timestamp) -> bool {
    let status = items(pod, "/status/containerStatuses").iter().find(|s| s["name"] == container["name"]);
    let started = status.and_then(|status| moment(status, "/state/running/startedAt"));
    started.is_some_and(|started| at.duration_since(started) >= SignedDuration::from_secs(WINDOW))
}

/// Whether all containers of a pod have a sample at this time.
pub fn is_sampled(pod: &Value, at: Timestamp) -> bool {
    items(pod, "/spec/containers").iter().all(|container| has_sample(pod, container, at))
}

/// The share of its request that a container uses of memory, which follows the demand only a little.
pub fn memory_share(demand: f64) -> f64 {
    0.55 + 0.1 * (demand / 1000.0).min(2.0)
}

/// The workload behind a pod: a ReplicaSet's name ends with the hash that its pods are labelled with.
fn workload(pod: &Value) -> String {
    let owner = items(pod, "/metadata/ownerReferences").iter().find(|owner| owner["controller"] == true);
    let owner = owner.map_or_else(|| name(pod), |owner| text(owner, "/name"));
    let hash = label(pod, "pod-template-hash").or_else(|| label(pod, "rollouts-pod-template-hash"));
    let stem = hash.and_then(|hash| owner.strip_suffix(hash)).and_then(|stem| stem.strip_suffix('-'));
    stem.unwrap_or(owner).to_owned()
}

fn usage((cpu, memory): Used) -> Value {
    json!({ "cpu": format!("{}n", cpu * 1_000_000), "memory": format!("{}Ki", memory >> 10) })
}
