//! The kubelets of all nodes: images, containers, readiness, crashes, endings.
//!
//! What a container does follows from its tag: `…-broken` exits with 1 about two seconds after its start, `…-oom` is then killed
//! for its memory, `…-missing` cannot be pulled, `…-slow` is ready after twenty seconds, `…-unready` never, everything else within
//! two. Containers of Jobs, and of pods that are not restarted, end by themselves. A pod with a `…-byhand` image is nobody's: its
//! status is whatever is written through the API. A node that is not ready does nothing, and its pods are not ready.
//!
//! Invariant: it writes the status of pods that are bound to a node and removes those that were told to go, nothing else.

mod config;
mod container;
mod output;
mod status;

use super::{
    cluster::{Cluster, after},
    object::{is_true, items, name, tag, terminating, text, uid},
    pods::has_ended,
};
use crate::sim::{
    resource::{Propagation, resources},
    store::DeleteOptions,
};
use container::{Container, State};
use jiff::Timestamp;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap, HashSet};

const COMPONENT: &str = "kubelet";

/// What runs on all nodes.
#[derive(Default)]
pub struct Machines {
    pods: BTreeMap<(String, String), Machine>,
    /// Images by node.
    images: HashSet<(String, String)>,
    /// Pods by node.
    load: HashMap<String, u32>,
    /// Addresses given out so far.
    addresses: u32,
}

/// One pod on its node.
struct Machine {
    uid: String,
    node: String,
    started: Timestamp,
    address: String,
    /// Init containers first, in their order.
    init: Vec<Container>,
    containers: Vec<Container>,
    /// When a pod that was told to go is gone.
    gone: Option<Timestamp>,
}

impl Machines {
    /// How many pods each node has.
    pub fn load(&self) -> &HashMap<String, u32> {
        &self.load
    }

    fn take(&mut self, namespace: &str, name: &str) -> Option<Machine> {
        let machine = self.pods.remove(&(namespace.to_owned(), name.to_owned()))?;
        if let Some(load) = self.load.get_mut(&machine.node) {
            *load = load.saturating_sub(1);
        }
        Some(machine)
    }

    fn put(&mut self, namespace: &str, name: &str, machine: Machine) {
        *self.load.entry(machine.node.clone()).or_default() += 1;
        self.pods.insert((namespace.to_owned(), name.to_owned()), machine);
    }

    fn next_address(&mut self) -> String {
        self.addresses += 1;
        let n = self.addresses;
        format!("10.{}.{}.{}", 244 + ((n / 62_500) % 8), (n / 250) % 250, n % 250 + 2)
    }
}

/// Runs a pod up to now; answers when something in it happens next.
pub fn reconcile(cluster: &mut Cluster, namespace: &str, name: &str) -> Option<Timestamp> {
    let known = cluster.machines.take(namespace, name);
    let pod = cluster.store.get(&resources::PODS, namespace, name)?;
    let node = text(&pod, "/spec/nodeName");
    if node.is_empty() || (has_ended(&pod) && !terminating(&pod)) || (is_by_hand(&pod) && !terminating(&pod)) {
        return None;
    }
    if !answers(cluster, node) {
        if let Some(machine) = known {
            cluster.machines.put(namespace, name, machine);
        }
        status::write_lost(cluster, &pod);
        return None;
    }
    let known = known.filter(|m| m.uid == uid(&pod));
    let mut machine = known.unwrap_or_else(|| Machine::new(cluster, &pod, node));
    let next = if terminating(&pod) { machine.stop(cluster, &pod) } else { machine.run(cluster, &pod) };
    if next.is_some() || !terminating(&pod) {
        cluster.machines.put(namespace, name, machine);
    }
    next
}

/// Whether somebody else writes the pod's status.
fn is_by_hand(pod: &Value) -> bool {
    items(pod, "/spec/containers").iter().any(|c| tag(text(c, "/image")).ends_with("-byhand"))
}

/// Whether the node does its work. One that is not known is not looked after by anybody who could say no.
fn answers(cluster: &Cluster, node: &str) -> bool {
    cluster.store.get(&resources::NODES, "", node).is_none_or(|node| is_true(&node["status"], "Ready"))
}

impl Machine {
    fn new(cluster: &mut Cluster, pod: &Value, node: &str) -> Self {
        let all = |field: &str| items(pod, field).iter().map(|c| Container::new(pod, c)).collect();
        Self {
            uid: uid(pod).to_owned(),
            node: node.to_owned(),
            started: cluster.now(),
            address: cluster.machines.next_address(),
            init: all("/spec/initContainers"),
            containers: all("/spec/containers"),
            gone: None,
        }
    }

    fn run(&mut self, cluster: &mut Cluster, pod: &Value) -> Option<Timestamp> {
        let mut next = None;
        let mut prepared = true;
        for container in &mut self.init {
            next = super::cluster::earlier(next, container.advance(cluster, pod, &self.node));
            prepared =
                container.has_succeeded() || (container.is_sidecar && matches!(container.state, State::Running { .. }));
            if !prepared {
                break;
            }
        }
        if prepared {
            for container in &mut self.containers {
                next = super::cluster::earlier(next, container.advance(cluster, pod, &self.node));
            }
        }
        status::write(cluster, pod, self);
        next
    }

    fn stop(&mut self, cluster: &mut Cluster, pod: &Value) -> Option<Timestamp> {
        let now = cluster.now();
        if self.gone.is_none() {
            let running = || self.containers.iter().filter(|c| matches!(c.state, State::Running { .. }));
            for container in running() {
                let message = format!("Stopping container {}", container.name);
                cluster.event(pod, "Normal", "Killing", &message, COMPONENT);
                output::stopping(cluster, pod, container);
            }
            let lives = running().next().is_some();
            let seconds = if lives { 0.4 + 0.8 * cluster.chance(&[&self.uid, "stop"]) } else { 0.1 };
            self.gone = Some(after(now, seconds));
        }
        if let Some(gone) = self.gone.filter(|at| *at > now) {
            return Some(gone);
        }
        status::write_stopped(cluster, pod, self);
        let options = DeleteOptions {
            grace: Some(0),
            propagation: Some(Propagation::Background),
            uid: Some(self.uid.clone()),
            ..DeleteOptions::default()
        };
        let _ = cluster.store.delete(&resources::PODS, super::object::namespace(pod), name(pod), options);
        None
    }
}
