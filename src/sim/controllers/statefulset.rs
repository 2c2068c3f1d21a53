//! The StatefulSet controller: pods with names, one after another.
//!
//! Invariant: with `OrderedReady` nothing is created, replaced or removed while an earlier pod is not running and ready; so a
//! broken pod keeps a set stuck, even after its template was repaired, until somebody deletes that pod. As in Kubernetes.

use super::{
    cluster::{Cluster, earlier},
    object::{annotations, count, generation, int, items, label, name, namespace, set, set_count, terminating, text},
    pods::{self, available_from, has_ended, is_ready},
    queue::{Controller, Key},
    revisions,
};
use crate::sim::resource::resources;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::{collections::BTreeMap, sync::Arc};

const COMPONENT: &str = "statefulset-controller";
const REVISION: &str = "controller-revision-hash";

struct Set {
    object: Arc<Value>,
    update: Arc<Value>,
    current: Arc<Value>,
    pods: BTreeMap<i64, Arc<Value>>,
}

/// Brings a StatefulSet one step further.
pub fn reconcile(cluster: &mut Cluster, namespace: &str, name: &str) -> Option<Timestamp> {
    let object = cluster.store.get(&resources::STATEFUL_SETS, namespace, name)?;
    let labels = object["spec"]["selector"]["matchLabels"].clone();
    let (all, update) = revisions::sync(cluster, &object, &labels, "controller.kubernetes.io/hash");
    let update = update?;
    let current = all.iter().find(|r| self::name(r) == text(&object, "/status/currentRevision")).cloned();
    let mut set =
        Set { current: current.unwrap_or_else(|| Arc::clone(&update)), update, pods: BTreeMap::new(), object };
    set.read_pods(cluster);
    let failure = if terminating(&set.object) { None } else { set.advance(cluster) };
    set.read_pods(cluster);
    let again = set.write_status(cluster);
    let used = |r: &Value| {
        let here = self::name(r);
        here == self::name(&set.update)
            || here == self::name(&set.current)
            || set.pods.values().any(|p| label(p, REVISION) == Some(here))
    };
    revisions::truncate(cluster, &set.object, &all, used);
    let key = Key::new(Controller::StatefulSet, namespace, name);
    earlier(again, cluster.retry(key, failure.is_some()))
}

impl Set {
    fn read_pods(&mut self, cluster: &Cluster) {
        let prefix = format!("{}-", name(&self.object));
        let ordinal = |p: &Value| name(p).strip_prefix(&prefix).and_then(|o| o.parse().ok());
        self.pods = cluster
            .claimed(&resources::PODS, &self.object)
            .into_iter()
            .filter_map(|p| Some((ordinal(&p)?, p)))
            .collect();
    }

    fn replicas(&self) -> i64 {
        int(&self.object, "/spec/replicas").unwrap_or(1)
    }

    fn ordinals(&self) -> std::ops::Range<i64> {
        let start = int(&self.object, "/spec/ordinals/start").unwrap_or(0);
        start..start + self.replicas()
    }

    fn is_rolling(&self) -> bool {
        text(&self.object, "/spec/updateStrategy/type") != "OnDelete"
    }

    fn partition(&self) -> i64 {
        int(&self.object, "/spec/updateStrategy/rollingUpdate/partition").unwrap_or(0)
    }

    fn is_ordered(&self) -> bool {
        text(&self.object, "/spec/podManagementPolicy") != "Parallel"
    }

    /// Running, ready, and for `minReadySeconds`.
    fn is_available(&self, cluster: &Cluster, pod: &Value) -> bool {
        let seconds = int(&self.object, "/spec/minReadySeconds").unwrap_or(0);
        text(pod, "/status/phase") == "Running"
            && available_from(pod, seconds).is_some_and(|from| from <= cluster.now())
    }

    fn advance(&mut self, cluster: &Cluster) -> Option<String> {
        let ordered = self.is_ordered();
        for ordinal in self.ordinals() {
            let pod = self.pods.get(&ordinal);
            if pod.is_none_or(|p| has_ended(p) && !terminating(p)) {
                if let Some(ended) = pod {
                    cluster.delete(&resources::PODS, ended);
                }
                if let Err(why) = self.create_pod(cluster, ordinal) {
                    return Some(why);
                }
                if ordered {
                    return None;
                }
                continue;
            }
            let waits = pod.is_some_and(|p| terminating(p) || !self.is_available(cluster, p));
            if ordered && waits {
                return None;
            }
        }
        let range = self.ordinals();
        let surplus: Vec<_> =
            self.pods.iter().filter(|(o, _)| !range.contains(o)).rev().map(|(_, p)| Arc::clone(p)).collect();
        let first_unhealthy = self.first_unhealthy().map(|p| name(p).to_owned());
        for pod in surplus {
            if terminating(&pod) {
                if ordered {
                    return None;
                }
                continue;
            }
            if ordered && !is_ready(&pod) && first_unhealthy.as_deref() != Some(name(&pod)) {
                return None;
            }
            self.delete_pod(cluster, &pod);
            if ordered {
                return None;
            }
        }
        if self.is_rolling() {
            self.update_pods(cluster);
        }
        None
    }

    fn first_unhealthy(&self) -> Option<&Arc<Value>> {
        self.pods.values().find(|p| !is_ready(p) || terminating(p))
    }

    /// Replaces the highest outdated pod above the partition, once those above it are healthy.
    fn update_pods(&self, cluster: &Cluster) {
        let floor = self.partition().max(self.ordinals().start);
        let unavailable = &self.object["spec"]["updateStrategy"]["rollingUpdate"]["maxUnavailable"];
        let budget = super::object::scaled(Some(unavailable), &json!(1), self.replicas(), true).max(1);
        let mut down = 0;
        for ordinal in self.ordinals().rev().filter(|o| *o >= floor) {
            let Some(pod) = self.pods.get(&ordinal) else { return };
            if label(pod, REVISION) != Some(name(&self.update)) && !terminating(pod) {
                self.delete_pod(cluster, pod);
                down += 1;
            } else if terminating(pod) || !self.is_available(cluster, pod) {
                down += 1;
            }
            if down >= budget {
                return;
            }
        }
    }

    fn delete_pod(&self, cluster: &Cluster, pod: &Value) {
        if cluster.delete(&resources::PODS, pod) {
            let message = format!("Delete Pod {} in StatefulSet {} successful", name(pod), name(&self.object));
            cluster.event(&self.object, "Normal", "SuccessfulDelete", &message, COMPONENT);
        }
    }

    fn create_pod(&self, cluster: &Cluster, ordinal: i64) -> Result<(), String> {
        let keeps_current = self.is_rolling() && ordinal < self.ordinals().start + self.partition();
        let revision = if keeps_current { &self.current } else { &self.update };
        let template = revisions::template(revision);
        let mut pod = pods::from_template(&self.object, &template);
        let own = format!("{}-{ordinal}", name(&self.object));
        set(&mut pod, &["metadata", "name"], own.as_str());
        set(&mut pod, &["metadata", "generateName"], format!("{}-", name(&self.object)));
        set(&mut pod, &["metadata", "labels", REVISION], name(revision));
        set(&mut pod, &["metadata", "labels", "statefulset.kubernetes.io/pod-name"], own.as_str());
        set(&mut pod, &["metadata", "labels", "apps.kubernetes.io/pod-index"], ordinal.to_string());
        set(&mut pod, &["spec", "hostname"], own.as_str());
        if let Some(service) = self.object["spec"].get("serviceName") {
            set(&mut pod, &["spec", "subdomain"], service.clone());
        }
        self.claim_volumes(cluster, &mut pod, &own);
        match cluster.store.create(&resources::PODS, pod) {
            Ok(_) => {
                let message = format!("Create Pod {own} in StatefulSet {} successful", name(&self.object));
                cluster.event(&self.object, "Normal", "SuccessfulCreate", &message, COMPONENT);
                Ok(())
            }
            // The old pod of that name is still going.
            Err(status) if status.reason == "AlreadyExists" => Ok(()),
            Err(status) => {
                let message =
                    format!("Create Pod {own} in StatefulSet {} failed error: {}", name(&self.object), status.message);
                cluster.event(&self.object, "Warning", "FailedCreate", &message, COMPONENT);
                Err(status.message)
            }
        }
    }

    /// Makes the claims of `volumeClaimTemplates` and mounts them.
    fn claim_volumes(&self, cluster: &Cluster, pod: &mut Value, own: &str) {
        let mut volumes = items(pod, "/spec/volumes").to_vec();
        for template in items(&self.object, "/spec/volumeClaimTemplates") {
            let claim = format!("{}-{own}", name(template));
            volumes.retain(|v| v["name"] != template["metadata"]["name"]);
            volumes.push(json!({ "name": name(template), "persistentVolumeClaim": { "claimName": claim } }));
            let space = namespace(&self.object);
            if cluster.store.get(&resources::PERSISTENT_VOLUME_CLAIMS, space, &claim).is_some() {
                continue;
            }
            let capacity = template["spec"]["resources"]["requests"].clone();
            let _ = cluster.store.create(
                &resources::PERSISTENT_VOLUME_CLAIMS,
                json!({
                    "metadata": { "name": claim, "namespace": space, "labels": self.object["spec"]["selector"]["matchLabels"],
                        "annotations": annotations(template) },
                    "spec": template["spec"],
                    "status": { "phase": "Bound", "accessModes": template["spec"]["accessModes"], "capacity": capacity },
                }),
            );
        }
        if !volumes.is_empty() {
            set(pod, &["spec", "volumes"], volumes);
        }
    }

    fn write_status(&mut self, cluster: &Cluster) -> Option<Timestamp> {
        let (update, mut current) = (name(&self.update).to_owned(), name(&self.current).to_owned());
        let of = |revision: &str| {
            let here = |p: &&Arc<Value>| label(p, REVISION) == Some(revision) && !terminating(p);
            i64::try_from(self.pods.values().filter(here).count()).unwrap_or(0)
        };
        let replicas = i64::try_from(self.pods.len()).unwrap_or(0);
        let (mut ready, mut available, mut again) = (0, 0, None);
        for pod in self.pods.values().filter(|p| is_ready(p) && !terminating(p)) {
            ready += 1;
            if self.is_available(cluster, pod) {
                available += 1;
            } else {
                again = earlier(again, available_from(pod, int(&self.object, "/spec/minReadySeconds").unwrap_or(0)));
            }
        }
        let updated = of(&update);
        let complete = updated == replicas && ready == replicas && replicas == self.replicas();
        if self.is_rolling() && complete {
            current.clone_from(&update);
        }
        let collisions = count(&self.object, "/status/collisionCount");
        let mut status = json!({
            "observedGeneration": generation(&self.object), "replicas": replicas,
            "availableReplicas": available, "currentRevision": current, "updateRevision": update, "collisionCount": collisions,
        });
        set_count(&mut status, "readyReplicas", ready);
        set_count(&mut status, "currentReplicas", of(&current));
        set_count(&mut status, "updatedReplicas", updated);
        cluster.write_status(&resources::STATEFUL_SETS, &self.object, status);
        again
    }
}
