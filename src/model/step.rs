//! The steps of a plan: what will be done, precisely enough to be journaled, probed after a crash and stepped back.
//!
//! A step never carries a pod template or a manifest: they hold environment values and would end up in the journal. It names
//! the object they come from and the hash that was confirmed; the executor reads the object again and compares.

use super::{ObjectRef, OwnerHold, Reference, RevisionSource};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One step of a plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// One word: `undo`, `wait`, `commit`.
    pub step: String,
    /// One line that says exactly what happens.
    pub detail: String,
    /// The machine's part.
    pub action: Action,
}

/// The weight of one backend reference of a route.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Weight {
    /// The rule's index in the route.
    pub rule: usize,
    /// The backend reference's index in the rule.
    pub backend: usize,
    /// The backend's name, checked before each write.
    pub name: String,
    /// The weight in the provider's own units.
    pub weight: u32,
}

/// What makes a migration Job out of a workload's pod template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobRecipe {
    /// The workload whose template is used.
    pub workload: ObjectRef,
    /// Its UID.
    pub uid: String,
    /// The container kept.
    pub container: String,
    /// The image it runs.
    pub image: String,
    /// The command and its arguments.
    pub command: Vec<String>,
    /// SHA-256 of the workload's template when the plan was made.
    pub template: String,
}

/// One scalar of a YAML file that changes, addressed by document and JSON pointer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScalarChange {
    /// Index of the document within the file.
    pub document: usize,
    /// JSON pointer of the scalar, such as `/images/0/newTag`.
    pub pointer: String,
    /// The value that was there when the plan was made; None where the entry is inserted.
    pub from: Option<String>,
    /// The value it gets; None where the entry is removed.
    pub to: Option<String>,
}

/// The changes to one file of a repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEdit {
    /// The file's path in the repository.
    pub path: String,
    /// The scalars that change, in order, for readers.
    pub changes: Vec<ScalarChange>,
    /// The edit itself, as data that `formats` made and applies byte for byte to whatever the branch holds by then.
    pub edit: serde_json::Value,
}

/// A commit to be made from objects and pushed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitPlan {
    /// The repository as the operator named it: a path or a URL.
    pub repository: String,
    /// The branch that is pushed to.
    pub branch: String,
    /// The branch's tip when the plan was made.
    pub base: String,
    /// What changes.
    pub edits: Vec<FileEdit>,
    /// The commit message, trailers included.
    pub message: String,
    /// The commit's time: fixed, so that the same commit has the same name after a crash.
    pub time: Timestamp,
}

/// What a step does. A closed set: running, probing and stepping back are exhaustive matches in `operate`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "kebab-case")]
pub enum Action {
    /// Put the template of an earlier revision back.
    RestoreTemplate {
        /// The workload.
        object: ObjectRef,
        /// Its UID.
        uid: String,
        /// The revision's number when the plan was made.
        revision: u64,
        /// The object that keeps the revision.
        source: RevisionSource,
        /// SHA-256 of the template before.
        before: String,
        /// SHA-256 of the template after.
        after: String,
        /// Whether `spec.paused` is cleared in the same write.
        unpause: bool,
    },
    /// Abort the update of an Argo Rollout: its controller lets the stable template serve alone, at once.
    AbortRollout {
        /// The Rollout.
        object: ObjectRef,
        /// Its UID.
        uid: String,
        /// `status.currentPodHash` when the plan was made: the update that is aborted, and no other.
        hash: String,
    },
    /// Promote an Argo Rollout fully: the steps that are left are not gone through.
    PromoteRollout {
        /// The Rollout.
        object: ObjectRef,
        /// Its UID.
        uid: String,
        /// The `status.currentPodHash` that is promoted, once the controller has taken it up.
        hash: String,
    },
    /// Delete the one pod that keeps a StatefulSet from going on, if it is still of the bad revision and not ready.
    DeletePod {
        /// The pod.
        object: ObjectRef,
        /// Its UID.
        uid: String,
        /// The StatefulSet.
        of: ObjectRef,
        /// The label `controller-revision-hash` of the bad revision.
        revision: String,
    },
    /// Roll a Helm release back, by the `helm` program.
    HelmRollback {
        /// The release: a [`super::Kind::Release`].
        object: ObjectRef,
        /// The release's revision when the plan was made; Helm makes the one after it.
        from: u32,
        /// The revision whose chart and values come back.
        to: u32,
    },
    /// Set the restart annotation on the template.
    Restart {
        /// The workload.
        object: ObjectRef,
        /// Its UID.
        uid: String,
        /// The annotation's value.
        at: Timestamp,
    },
    /// Write a route's weights.
    SetWeights {
        /// The route.
        object: ObjectRef,
        /// Its UID.
        uid: String,
        /// Weights before.
        before: Vec<Weight>,
        /// Weights after; same references, same sum.
        after: Vec<Weight>,
    },
    /// Wait until every backend Service named has at least this many ready endpoints.
    WaitReady {
        /// The namespace.
        namespace: String,
        /// Service name.
        service: String,
        /// Ready endpoints needed.
        ready: u32,
    },
    /// Hold for a time, with the gates watched.
    Hold {
        /// How long, in seconds.
        seconds: u64,
        /// The namespace of the Service below.
        namespace: String,
        /// The Service whose ready endpoints are watched.
        service: String,
    },
    /// Create a migration Job.
    CreateJob {
        /// The Job.
        object: ObjectRef,
        /// How it is made.
        recipe: JobRecipe,
    },
    /// Wait for a Job's final condition, following its logs.
    WaitJob {
        /// The Job.
        object: ObjectRef,
    },
    /// Make a commit from objects.
    Commit(CommitPlan),
    /// Push the commit made before.
    Push {
        /// The repository.
        repository: String,
        /// The branch.
        branch: String,
    },
    /// Wait until a reconciler has put the image into the workload's template.
    WaitReconciled {
        /// The workload.
        object: ObjectRef,
        /// The container.
        container: String,
        /// The image expected, as Git writes it.
        image: String,
    },
    /// Wait until the rollout is complete and healthy.
    WaitRollout {
        /// The workload.
        object: ObjectRef,
        /// Its UID.
        uid: String,
    },
    /// Keep an owner from writing, and record on what is held who does so, and what was there before.
    HoldOwner(OwnerHold),
    /// Ask a Flux Kustomization or an Argo CD Application to look at its source now, and wait until that no longer says what was
    /// undone.
    WaitApplied {
        /// The Kustomization or Application.
        owner: ObjectRef,
        /// The GitRepository that it applies, where that is an object of its own.
        source: Option<ObjectRef>,
        /// Where Git says it.
        reference: Reference,
        /// What it must not say any more: container and image.
        bad: Vec<(String, String)>,
        /// Whether it has to be over with that: an Application Synced and Healthy, a Kustomization not only attempting it.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        settled: bool,
    },
    /// Wait for a hand: what was undone is put back in its source by somebody, who then goes on with the operation.
    WaitHand {
        /// Who is held off meanwhile.
        owner: String,
        /// What is to be done, as a sentence.
        todo: String,
    },
    /// Let the owner write again, and put back what was there before the hold.
    ReleaseOwner(OwnerHold),
}
