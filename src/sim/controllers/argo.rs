//! The controller of Argo Rollouts, as far as canaries go whose weights are made of pods: the steps `setWeight` and `pause`, abort,
//! retry, promotion, the way back to the stable template, and the progress deadline.
//!
//! Invariant: it changes ReplicaSets, the Rollout's status and its revision annotation, nothing else. What it cannot carry out as
//! the real controller does (routers, analyses, blue-green, templates kept by other kinds than a Deployment, `restartAt`) it refuses
//! as an invalid spec; it never acts as if it had.

mod scale;
mod status;
mod steps;

use super::{
    cluster::Cluster,
    object::{
        annotation, controller_reference, count, generation, int, items, label, name, namespace, safe_hash, set,
        terminating, text, unset,
    },
};
use crate::sim::{admission::pod_defaults as defaults, resource::resources, store::Part};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::sync::Arc;

/// The annotation with the number of a revision, on Rollouts and ReplicaSets.
const REVISION: &str = "rollout.argoproj.io/revision";
/// The label that tells the pods of one template from those of another.
const HASH: &str = "rollouts-pod-template-hash";
/// The annotation in which the generation of the Deployment that keeps the template is noted.
const WORKLOAD_GENERATION: &str = "rollout.argoproj.io/workload-generation";
const COMPONENT: &str = "rollouts-controller";

/// A Rollout as one reconciliation sees it, with its ReplicaSets.
struct Canary<'a> {
    cluster: &'a Cluster,
    rollout: Arc<Value>,
    /// The status as it will be written.
    status: Value,
    /// The template that is wanted: its own, or that of the Deployment it names.
    template: Value,
    /// The hash of that template.
    hash: String,
    /// The ReplicaSet of that template.
    new: Option<Arc<Value>>,
    /// The ReplicaSet of the template that is out, where that is another one.
    stable: Option<Arc<Value>>,
    /// All others.
    old: Vec<Arc<Value>>,
}

/// Brings a Rollout one step further.
pub fn reconcile(cluster: &mut Cluster, namespace: &str, name: &str) -> Option<Timestamp> {
    let rollout = cluster.store.get(&resources::ROLLOUTS, namespace, name)?;
    if terminating(&rollout) {
        return None;
    }
    let mut canary = Canary::see(cluster, rollout);
    if let Some(why) = canary.unsupported() {
        canary.refuse(&why);
        return None;
    }
    canary.take_up();
    let mut again = None;
    if !canary.is_paused_by_hand() {
        canary.make_new();
        again = canary.advance();
        canary.scale();
    }
    canary.write(again)
}

impl<'a> Canary<'a> {
    fn see(cluster: &'a Cluster, rollout: Arc<Value>) -> Self {
        let status = if rollout["status"].is_object() { rollout["status"].clone() } else { json!({}) };
        let template = wanted(cluster, &rollout);
        let sets = cluster.claimed(&resources::REPLICA_SETS, &rollout);
        // A template that is out already keeps its hash, with the server's defaults written out or not.
        let known = sets.iter().find(|set| same(&set["spec"]["template"], &template)).and_then(|set| label(set, HASH));
        let hash = known.map_or_else(|| safe_hash(&template, count(&status, "/collisionCount")), str::to_owned);
        let stable_hash = text(&status, "/stableRS").to_owned();
        let (mut new, mut stable, mut old) = (None, None, Vec::new());
        for set in sets {
            match label(&set, HASH) {
                Some(own) if own == hash => new = Some(set),
                Some(own) if own == stable_hash => stable = Some(set),
                _ => old.push(set),
            }
        }
        old.sort_by(|a, b| super::object::name(a).cmp(super::object::name(b)));
        Self { cluster, rollout, status, template, hash, new, stable, old }
    }

    fn desired(&self) -> i64 {
        int(&self.rollout, "/spec/replicas").unwrap_or(1)
    }

    fn steps(&self) -> &[Value] {
        items(&self.rollout, "/spec/strategy/canary/steps")
    }

    fn is_paused_by_hand(&self) -> bool {
        super::object::flag(&self.rollout, "/spec/paused")
    }

    fn is_aborted(&self) -> bool {
        super::object::flag(&self.status, "/abort")
    }

    /// Whether the template that is wanted is the one that is out.
    fn is_promoted(&self) -> bool {
        text(&self.status, "/stableRS") == self.hash
    }

    fn sets(&self) -> impl Iterator<Item = &Arc<Value>> {
        self.old.iter().chain(&self.stable).chain(&self.new)
    }

    /// What this controller does not carry out, in the words of a validation.
    fn unsupported(&self) -> Option<String> {
        let spec = &self.rollout["spec"];
        let canary = &spec["strategy"]["canary"];
        let says = |what: &str| Some(format!("{what}: the embedded world runs canaries by setWeight and pause only"));
        let odd = |step: &Value| step["setWeight"].is_null() && step["pause"].is_null();
        match () {
            () if !spec["workloadRef"].is_null() && spec["workloadRef"]["kind"] != "Deployment" => {
                says("spec.workloadRef.kind")
            }
            () if self.template.is_null() => says("spec.template: Required value"),
            () if !spec["selector"].is_object() => says("spec.selector: Required value"),
            () if !spec["strategy"]["blueGreen"].is_null() => says("spec.strategy.blueGreen"),
            () if !canary.is_object() => says("spec.strategy.canary: Required value"),
            () if !canary["trafficRouting"].is_null() => says("spec.strategy.canary.trafficRouting"),
            () if !canary["analysis"].is_null() => says("spec.strategy.canary.analysis"),
            () if !spec["restartAt"].is_null() => says("spec.restartAt"),
            () => self.steps().iter().position(odd).and_then(|at| says(&format!("spec.strategy.canary.steps[{at}]"))),
        }
    }

    fn refuse(&mut self, why: &str) {
        let message = format!("The Rollout \"{}\" is invalid: {why}", name(&self.rollout));
        self.put("InvalidSpec", "True", "InvalidSpec", &message);
        set(&mut self.status, &["phase"], "Degraded");
        set(&mut self.status, &["message"], format!("InvalidSpec: {message}"));
        set(&mut self.status, &["observedGeneration"], generation(&self.rollout).to_string());
        self.save();
    }

    /// Notices another template or other steps: the way begins anew, or is skipped where it leads back to what is out.
    fn take_up(&mut self) {
        super::object::remove_condition(&mut self.status, "InvalidSpec");
        let steps = safe_hash(&json!(self.steps()), 0);
        let known = |field: &str, now: &str| text(&self.status, field) == now;
        if !(known("/currentPodHash", &self.hash) && known("/currentStepHash", &steps)) {
            for field in ["abort", "abortedAt", "pauseConditions", "controllerPause", "promoteFull"] {
                unset(&mut self.status, &[field]);
            }
            let direct = self.is_promoted() || text(&self.status, "/stableRS").is_empty();
            let index = if direct { self.steps().len() } else { 0 };
            self.set_index(index);
        }
        if let Some(keeper) = keeper(self.cluster, &self.rollout) {
            let seen = generation(&keeper).to_string();
            set(&mut self.status, &["workloadObservedGeneration"], seen.as_str());
            self.note(WORKLOAD_GENERATION, &seen);
        }
        set(&mut self.status, &["currentPodHash"], self.hash.as_str());
        set(&mut self.status, &["currentStepHash"], steps);
    }

    /// Finds or makes the ReplicaSet of the wanted template, which has the highest revision always.
    fn make_new(&mut self) {
        let number = |set: &Arc<Value>| annotation(set, REVISION).and_then(|n| n.parse::<i64>().ok()).unwrap_or(0);
        let next = self.old.iter().chain(&self.stable).map(number).max().unwrap_or(0) + 1;
        let revision = match &self.new {
            Some(new) if number(new) >= next => number(new),
            Some(new) => {
                let raised = self.cluster.edit(&resources::REPLICA_SETS, new, Part::Whole, |s| {
                    set(s, &["metadata", "annotations", REVISION], next.to_string());
                });
                self.new = raised.ok().or_else(|| self.new.take());
                next
            }
            None => {
                self.create(next);
                next
            }
        };
        self.note(REVISION, &revision.to_string());
    }

    /// Writes an annotation of the Rollout, where it says something else.
    fn note(&mut self, key: &str, value: &str) {
        if annotation(&self.rollout, key) == Some(value) {
            return;
        }
        let noted = self.cluster.edit(&resources::ROLLOUTS, &self.rollout, Part::Whole, |r| {
            set(r, &["metadata", "annotations", key], value);
        });
        if let Ok(rollout) = noted {
            self.rollout = rollout;
        }
    }

    fn create(&mut self, revision: i64) {
        let mut template = self.template.clone();
        set(&mut template, &["metadata", "labels", HASH], self.hash.as_str());
        let mut selector = self.rollout["spec"]["selector"].clone();
        set(&mut selector, &["matchLabels", HASH], self.hash.as_str());
        let object = json!({
            "metadata": {
                "name": format!("{}-{}", name(&self.rollout), self.hash), "namespace": namespace(&self.rollout),
                "labels": template["metadata"]["labels"], "annotations": {REVISION: revision.to_string()},
                "ownerReferences": [controller_reference(&self.rollout)],
            },
            "spec": {"replicas": 0, "selector": selector, "template": template,
                "minReadySeconds": count(&self.rollout, "/spec/minReadySeconds")},
        });
        match self.cluster.store.create(&resources::REPLICA_SETS, object) {
            Ok(made) => {
                let message = format!("Created ReplicaSet {} (revision {revision})", name(&made));
                self.cluster.event(&self.rollout, "Normal", "NewReplicaSetCreated", &message, COMPONENT);
                self.new = Some(made);
            }
            Err(refused) => {
                let message = format!("Failed to create ReplicaSet: {}", refused.message);
                self.cluster.event(&self.rollout, "Warning", "ReplicaSetCreateError", &message, COMPONENT);
            }
        }
    }
}

/// The Deployment that keeps the template, where one is named.
fn keeper(cluster: &Cluster, rollout: &Value) -> Option<Arc<Value>> {
    let named = &rollout["spec"]["workloadRef"];
    let kept = named["kind"] == "Deployment";
    kept.then(|| cluster.store.get(&resources::DEPLOYMENTS, namespace(rollout), text(named, "/name"))).flatten()
}

fn wanted(cluster: &Cluster, rollout: &Value) -> Value {
    match &rollout["spec"]["workloadRef"] {
        Value::Null => rollout["spec"]["template"].clone(),
        _ => keeper(cluster, rollout).map_or(Value::Null, |keeper| keeper["spec"]["template"].clone()),
    }
}

/// Whether a ReplicaSet's template, which has the server's defaults and the hash, is this one, which may have neither.
fn same(of_set: &Value, template: &Value) -> bool {
    let bare = |template: &Value| {
        let mut spec = json!({ "template": template });
        defaults::template(&mut spec);
        let mut template = spec["template"].take();
        unset(&mut template, &["metadata", "labels", HASH]);
        unset(&mut template, &["metadata", "creationTimestamp"]);
        template
    };
    bare(of_set) == bare(template)
}
