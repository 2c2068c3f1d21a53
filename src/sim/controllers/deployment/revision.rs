//! Finding or making the ReplicaSet of the current template, and numbering revisions.
//!
//! Invariant: the current template always has the highest revision; a ReplicaSet that comes back keeps its old numbers in its
//! revision history. Never two ReplicaSets for one template.

use super::{DESIRED, HASH, MAX, REVISION, REVISION_HISTORY, Rollout, noted, replicas};
use crate::sim::{
    controllers::object::{
        annotation, annotations, controlled_by, controller_reference, count, int, name, namespace, safe_hash, set,
        unset,
    },
    resource::resources,
    store::Part,
};
use serde_json::{Value, json};

/// Characters that a revision history may have.
const HISTORY_LIMIT: usize = 2000;

/// Annotations of a Deployment that its ReplicaSets do not inherit.
const NOT_COPIED: [&str; 6] = [
    "kubectl.kubernetes.io/last-applied-configuration",
    REVISION,
    REVISION_HISTORY,
    DESIRED,
    MAX,
    "deprecated.deployment.rollback.to",
];

/// Whether two pod templates are equal but for the hash label.
pub fn same_template(a: &Value, b: &Value) -> bool {
    let bare = |template: &Value| {
        let mut template = template.clone();
        unset(&mut template, &["metadata", "labels", HASH]);
        // Written by some clients, meaningless in a template.
        unset(&mut template, &["metadata", "creationTimestamp"]);
        template
    };
    bare(a) == bare(b)
}

impl Rollout<'_> {
    /// Finds the new ReplicaSet and gives it its number, or makes it when `create` says so.
    pub fn sync_revision(&mut self, create: bool) {
        let next = self.old.iter().filter_map(|s| noted(s, REVISION)).max().unwrap_or(0) + 1;
        if let Some(new) = self.new.clone() {
            self.renumber(&new, next);
        } else if create {
            self.create_set(next);
        }
    }

    fn renumber(&mut self, new: &Value, next: i64) {
        let inherited = self.inherited(new);
        let ready_after = int(&self.deployment, "/spec/minReadySeconds").unwrap_or(0);
        let edited = self.cluster.edit(&resources::REPLICA_SETS, new, Part::Whole, |s| {
            for (key, value) in inherited {
                set(s, &["metadata", "annotations", key.as_str()], value);
            }
            raise(s, next);
            if int(s, "/spec/minReadySeconds").unwrap_or(0) != ready_after {
                set(s, &["spec", "minReadySeconds"], ready_after);
            }
        });
        let Ok(written) = edited else { return };
        let revision = annotation(&written, REVISION).unwrap_or_default().to_owned();
        self.new = Some(written);
        let status =
            self.has_deadline().then(|| self.first_progress("FoundNewReplicaSet", "Found new replica set")).flatten();
        let moved = annotation(&self.deployment, REVISION) != Some(&revision);
        if moved || status.is_some() {
            self.write_revision(Some(&revision), status);
        }
    }

    /// Annotations that the ReplicaSet does not have yet, or has with another value.
    fn inherited(&self, set: &Value) -> Vec<(String, Value)> {
        let of_deployment = annotations(&self.deployment).into_iter();
        let of_set = annotations(set);
        of_deployment.filter(|(k, v)| !NOT_COPIED.contains(&k.as_str()) && of_set.get(k) != Some(v)).collect()
    }

    fn create_set(&mut self, next: i64) {
        let deployment = self.deployment.clone();
        let collisions = count(&deployment, "/status/collisionCount");
        let mut template = deployment["spec"]["template"].clone();
        let hash = safe_hash(&template, collisions);
        set(&mut template, &["metadata", "labels", HASH], hash.as_str());
        let mut selector = deployment["spec"]["selector"].clone();
        set(&mut selector, &["matchLabels", HASH], hash.as_str());
        let set_name = format!("{}-{hash}", name(&deployment));
        let desired = self.desired();
        let wanted = self.new_replicas(0);
        let mut object = json!({
            "metadata": {
                "name": set_name, "namespace": namespace(&deployment), "labels": template["metadata"]["labels"],
                "annotations": {}, "ownerReferences": [controller_reference(&deployment)],
            },
            "spec": { "replicas": wanted, "selector": selector, "template": template },
        });
        if let Some(seconds) = int(&deployment, "/spec/minReadySeconds").filter(|s| *s > 0) {
            set(&mut object, &["spec", "minReadySeconds"], seconds);
        }
        for (key, value) in self.inherited(&object) {
            set(&mut object, &["metadata", "annotations", key.as_str()], value);
        }
        for (key, value) in [(DESIRED, desired), (MAX, desired + self.surge()), (REVISION, next)] {
            set(&mut object, &["metadata", "annotations", key], value.to_string());
        }
        match self.cluster.store.create(&resources::REPLICA_SETS, object) {
            Ok(created) => {
                if wanted > 0 {
                    let message = format!("Scaled up replica set {set_name} from 0 to {wanted}");
                    self.event("Normal", "ScalingReplicaSet", &message);
                }
                self.new = Some(created);
                let message = format!("Created new replica set \"{set_name}\"");
                let status = self.has_deadline().then(|| self.progress("True", "NewReplicaSetCreated", &message));
                self.write_revision(Some(&next.to_string()), status);
            }
            Err(status) if status.reason == "AlreadyExists" => self.collide(&set_name, collisions),
            Err(status) => {
                let message = format!("Failed to create new replica set \"{set_name}\": {}", status.message);
                let failed = self.progress("False", "ReplicaSetCreateError", &message);
                self.write_revision(None, Some(failed));
            }
        }
    }

    /// The name is taken by another template: the next try hashes with a higher collision count.
    fn collide(&mut self, set_name: &str, collisions: i64) {
        let taken = self.cluster.store.get(&resources::REPLICA_SETS, namespace(&self.deployment), set_name);
        let ours = taken.as_ref().is_some_and(|s| {
            controlled_by(s, &self.deployment)
                && same_template(&s["spec"]["template"], &self.deployment["spec"]["template"])
        });
        if ours {
            self.new = taken;
            return;
        }
        let mut status = self.deployment["status"].clone();
        set(&mut status, &["collisionCount"], collisions + 1);
        self.write_revision(None, Some(status));
    }

    /// How many pods the new ReplicaSet may have now.
    pub fn new_replicas(&self, current: i64) -> i64 {
        if !self.is_rolling() {
            return self.desired();
        }
        let pods: i64 = self.all().map(|s| replicas(s)).sum();
        let room = self.desired() + self.surge() - pods;
        if room <= 0 { current } else { current + room.min(self.desired() - current) }
    }

    /// Tells an Event about the Deployment.
    pub fn event(&self, kind: &str, reason: &str, message: &str) {
        self.cluster.event(&self.deployment, kind, reason, message, "deployment-controller");
    }
}

/// Gives a ReplicaSet a higher revision; the one that it had goes to its history.
fn raise(set: &mut Value, next: i64) {
    let current = annotation(set, REVISION).unwrap_or_default().to_owned();
    if current.parse::<i64>().unwrap_or(0) >= next {
        return;
    }
    self::set(set, &["metadata", "annotations", REVISION], next.to_string());
    if current.is_empty() {
        return;
    }
    let history = annotation(set, REVISION_HISTORY).unwrap_or_default();
    let mut past: Vec<&str> = history.split(',').filter(|r| !r.is_empty()).collect();
    while !past.is_empty() && past.join(",").len() + current.len() + 1 > HISTORY_LIMIT {
        past.remove(0);
    }
    past.push(&current);
    let past = past.join(",");
    self::set(set, &["metadata", "annotations", REVISION_HISTORY], past);
}
