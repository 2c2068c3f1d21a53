//! Facts: everything a planner needs to know for one intent. Gathered in one go by `observe`, then only read.

use super::{
    Agreed, Autoscaler, ClusterIdentity, Commit, Container, FileEdit, HoldRecord, JobState, Mark, ObjectRef, Owner,
    Permission, Reference, Release, Reservation, Revision, Syncs,
};
use jiff::Timestamp;
use serde_json::Value;

/// Who holds the Lease of a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// `user@host` and the operation, as the Lease says.
    pub identity: String,
    /// The operation it was taken for.
    pub operation: Option<String>,
    /// When it was last renewed, by the holder's clock.
    pub renewed: Option<Timestamp>,
    /// Whether its process is known to be gone: a journal on this machine tells, which nobody holds.
    pub gone: bool,
}

/// What every planner wants to know.
#[derive(Clone, Debug)]
pub struct CommonFacts {
    /// The cluster.
    pub cluster: ClusterIdentity,
    /// The context's name.
    pub context: String,
    /// The operator, as `user@host`.
    pub actor: String,
    /// The target object, whole.
    pub object: Value,
    /// Who else writes it.
    pub owner: Option<Owner>,
    /// How soon the owner writes it again, in seconds; None where unknown or never.
    pub owner_interval: Option<u64>,
    /// Whether the owner is suspended or told to leave this object alone.
    pub owner_suspended: bool,
    /// When an Argo CD Application writes it again; None for other owners, or where it could not be read.
    pub owner_syncs: Option<Syncs>,
    /// The autoscaler of the target.
    pub autoscaler: Option<Autoscaler>,
    /// RBAC's answers to what this verb needs.
    pub permissions: Vec<Permission>,
    /// Who holds the target's Lease.
    pub holder: Option<Holder>,
    /// Who has reserved the cluster; None where nobody has, or it may not be read.
    pub reservation: Option<Reservation>,
    /// Whether Leases may be written here; None where it could not be asked.
    pub may_lease: Option<bool>,
    /// What the team agreed on.
    pub agreed: Agreed,
}

/// A pod that keeps a StatefulSet from going on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StuckPod {
    /// The pod.
    pub object: ObjectRef,
    /// Its UID.
    pub uid: String,
    /// Its label `controller-revision-hash`.
    pub revision: String,
}

/// A ConfigMap or Secret whose content was changed since a revision was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigurationChange {
    /// The object.
    pub object: ObjectRef,
    /// When it was changed last.
    pub at: Timestamp,
    /// By which field manager: `kubectl-edit`, `kustomize-controller`.
    pub by: String,
    /// The revisions that name it.
    pub revisions: Vec<u64>,
}

/// A workload of a Helm release.
#[derive(Clone, Debug)]
pub struct ReleaseMember {
    /// The workload.
    pub object: ObjectRef,
    /// Its UID.
    pub uid: String,
    /// Its own revisions, newest first.
    pub revisions: Vec<Revision>,
    /// Its pod template as the manifests of the release's revisions write it.
    pub written: Vec<(u32, Value)>,
}

/// What is known of a Helm release.
#[derive(Clone, Debug)]
pub struct ReleaseFacts {
    /// The release.
    pub release: ObjectRef,
    /// Its revisions, newest first.
    pub history: Vec<Release>,
    /// Its workloads that are there.
    pub members: Vec<ReleaseMember>,
    /// The `helm` program; Err says why there is none to be used.
    pub program: Result<String, String>,
}

/// What stands beside a workload that is rolled back. What could not be read is left out.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// Pods that are not ready and keep a StatefulSet from going on, in the order in which it waits for them.
    pub stuck: Vec<StuckPod>,
    /// The workload that keeps the template of an Argo Rollout, whole, where that is not the Rollout itself.
    pub template_of: Option<Value>,
    /// The Helm release that the workload belongs to; Err says why its history cannot be read.
    pub release: Option<Result<ReleaseFacts, String>>,
    /// When what its templates name, and its autoscaler, were changed last.
    pub configuration: Vec<ConfigurationChange>,
    /// The commits that wrote images of the workload, where Git was read already.
    pub commits: Vec<Commit>,
    /// Jobs with an image of the workload's own repository that others than this program made: name, image, when they began.
    pub jobs: Vec<(String, String, Option<Timestamp>)>,
}

/// One version that a place in Git could be given, and the edit that does so.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// The image as it would result.
    pub image: String,
    /// The edit; None where the place says so already.
    pub edit: Option<FileEdit>,
    /// Things to know about the edit.
    pub warnings: Vec<String>,
    /// The change as a unified diff.
    pub diff: String,
}

/// What selects the version that an automation writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The ImagePolicy.
    pub object: ObjectRef,
    /// The tag that it selects now; None where that may not be read.
    pub latest: Option<String>,
}

/// An automation that writes to the repository by itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Automation {
    /// The ImageUpdateAutomation, and how it is kept from it.
    pub held: Holdable,
    /// Whether a hand suspended it already.
    pub by_hand: bool,
}

/// The place in Git that sets a container's image, and what it could be set back to.
#[derive(Clone, Debug, PartialEq)]
pub struct GitPlace {
    /// The container.
    pub container: String,
    /// `path:line`.
    pub place: String,
    /// The image that it says now.
    pub says: String,
    /// Other workloads and environments that it sets.
    pub reaches: Vec<String>,
    /// The ImagePolicy by which an automation writes it.
    pub policy: Option<Policy>,
    /// The commit that wrote what it says now.
    pub commit: Option<Commit>,
    /// One for each image of this container that a revision has.
    pub drafts: Vec<Draft>,
}

/// The repository that a reconciler applies a workload from.
#[derive(Clone, Debug, PartialEq)]
pub struct GitFacts {
    /// What leads from the workload to its places at any commit.
    pub reference: Reference,
    /// The commit at the branch's tip.
    pub tip: String,
    /// How the repository was found.
    pub found: String,
    /// The author of commits, as Git is configured; Err says what to configure.
    pub author: Result<String, String>,
    /// Where images are set; Err for a container says why its place is not known.
    pub places: Vec<Result<GitPlace, (String, String)>>,
    /// The ImageUpdateAutomations that write to the repository by themselves, where a place has a policy.
    pub automations: Vec<Automation>,
}

/// An object that can be marked so that a reconciler keeps off, as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holdable {
    /// Who is held off by it, in words: `argo argocd/shop`.
    pub owner: String,
    /// What is written on it.
    pub mark: Mark,
    /// The object.
    pub object: ObjectRef,
    /// Its UID.
    pub uid: String,
    /// What the mark said before anybody held it.
    pub original: Option<String>,
    /// The hold for this workload that is in force already.
    pub hold: Option<HoldRecord>,
    /// How many holds for other workloads are in force.
    pub shared: usize,
    /// Whether the mark may be written; None where it could not be asked.
    pub allowed: Option<bool>,
    /// What else stands still meanwhile, one object each.
    pub freezes: Vec<String>,
}

/// What is known of Git's part of a rollback.
#[derive(Clone, Debug, PartialEq)]
pub enum GitSight {
    /// It is being read: nothing waits for it.
    Outstanding,
    /// It was read.
    Read(Box<GitFacts>),
    /// It is not known, and why.
    Unknown(String),
}

/// How a reconciler can be kept from writing a workload again, and what it would write.
#[derive(Clone, Debug, PartialEq)]
pub struct ReconcilerFacts {
    /// What is marked: first what keeps the workload, then what keeps the mark before it, upwards. Empty where nothing writes the
    /// workload by itself.
    pub marks: Vec<Holdable>,
    /// Whether a hand holds it off already.
    pub by_hand: bool,
    /// Holds for this workload on other objects, which its owner is not: image automations.
    pub left: Vec<Holdable>,
    /// Who may take a mark off, cannot be kept from it, and when that would be: a sentence each.
    pub undone: Vec<String>,
    /// What applies the source, and the GitRepository that it applies, where that is an object of its own.
    pub consumer: Option<(ObjectRef, Option<ObjectRef>)>,
    /// What Git says.
    pub git: GitSight,
}

impl ReconcilerFacts {
    /// The hold for this workload that is in force, on whichever object.
    pub fn hold(&self) -> Option<&HoldRecord> {
        self.marks.iter().chain(&self.left).find_map(|mark| mark.hold.as_ref())
    }
}

/// Facts for a rollback.
#[derive(Clone, Debug)]
pub struct RollbackFacts {
    /// What every planner wants to know.
    pub common: CommonFacts,
    /// The workload's revisions, newest first.
    pub revisions: Vec<Revision>,
    /// What stands beside the workload.
    pub around: Box<Surroundings>,
    /// Migrations known to have run since: Job name and image.
    pub migrations: Vec<(String, String, Option<Timestamp>)>,
    /// How what is rolled back stays so; None where nothing reconciles it.
    pub reconciler: Option<ReconcilerFacts>,
}

/// Facts for a restart.
#[derive(Clone, Debug)]
pub struct RestartFacts {
    /// What every planner wants to know.
    pub common: CommonFacts,
}

/// Facts for a shift.
#[derive(Clone, Debug)]
pub struct ShiftFacts {
    /// What every planner wants to know.
    pub common: CommonFacts,
    /// For each backend Service: its name, and its ready endpoints (None where it does not exist).
    pub backends: Vec<(String, Option<u32>)>,
}

/// Where a repository is and how it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repository {
    /// A path or URL.
    pub location: String,
    /// The branch.
    pub branch: String,
    /// The commit at the branch's tip.
    pub tip: String,
    /// How it was found: `--repo`, the configuration, a Flux GitRepository.
    pub found: String,
}

/// Where an image reference is edited.
#[derive(Clone, Debug, PartialEq)]
pub struct EditSite {
    /// The edits, ready to be applied to the tip.
    pub edits: Vec<FileEdit>,
    /// `path:line`.
    pub place: String,
    /// Why this reference belongs to the workload.
    pub reason: String,
    /// The image as it will be written out for the workload's container.
    pub image: String,
    /// The tag before.
    pub from: String,
    /// Other workloads and environments that this scalar reaches.
    pub reaches: Vec<String>,
    /// Those of them that are production's, in another environment than the workload's.
    pub protected: Vec<String>,
    /// What writes this value by itself, and how to keep it from doing so.
    pub automations: Vec<String>,
    /// Things to know about the edit.
    pub warnings: Vec<String>,
    /// The change as a unified diff.
    pub diff: String,
}

/// The trailer of a bump's commit that says which digest the new image had: `IMAGE@DIGEST`.
pub const DIGEST_TRAILER: &str = "Pilothouse-Digest";

/// Facts for a bump.
#[derive(Clone, Debug)]
pub struct BumpFacts {
    /// What every planner wants to know.
    pub common: CommonFacts,
    /// The container whose image changes.
    pub container: Container,
    /// The repository.
    pub repository: Repository,
    /// The edit.
    pub site: EditSite,
    /// Whether the registry has the new tag: Ok(Some(digest)), Ok(None) where it has not, Err(why) where it could not be asked.
    pub registry: Result<Option<String>, String>,
    /// The digest that the new image had when it was first bumped to, and the commit that says so.
    pub recorded: Option<(String, String)>,
    /// The same of the tag that the team moves to what is certified; None where it has none.
    pub moving: Option<Result<Option<String>, String>>,
    /// When the new image was built; None where the registry does not tell.
    pub built: Option<Timestamp>,
    /// The author of commits, as Git is configured; Err says what to configure.
    pub author: Result<String, String>,
}

/// A migration Job that exists already, or its recorded outcome.
#[derive(Clone, Debug, PartialEq)]
pub struct PriorJob {
    /// The Job's name.
    pub name: String,
    /// Where it stands.
    pub state: JobState,
    /// Whether the Job itself is still there (else only its record is).
    pub present: bool,
}

/// Facts for a migration.
#[derive(Clone, Debug)]
pub struct MigrateFacts {
    /// What every planner wants to know.
    pub common: CommonFacts,
    /// The container whose template is used.
    pub container: Container,
    /// The same migration, if it was ever started.
    pub prior: Option<PriorJob>,
}

/// Facts for one intent.
#[derive(Clone, Debug)]
pub enum Facts {
    /// For a rollback.
    Rollback(Box<RollbackFacts>),
    /// For the rollback of a Helm release.
    Release(Box<(CommonFacts, ReleaseFacts)>),
    /// For a restart.
    Restart(RestartFacts),
    /// For a shift.
    Shift(ShiftFacts),
    /// For a bump.
    Bump(Box<BumpFacts>),
    /// For a migration.
    Migrate(MigrateFacts),
}

impl Facts {
    /// The same, to be completed.
    pub fn common_mut(&mut self) -> &mut CommonFacts {
        match self {
            Self::Rollback(f) => &mut f.common,
            Self::Release(f) => &mut f.0,
            Self::Restart(f) => &mut f.common,
            Self::Shift(f) => &mut f.common,
            Self::Bump(f) => &mut f.common,
            Self::Migrate(f) => &mut f.common,
        }
    }

    /// What every planner wants to know.
    pub fn common(&self) -> &CommonFacts {
        match self {
            Self::Rollback(f) => &f.common,
            Self::Release(f) => &f.0,
            Self::Restart(f) => &f.common,
            Self::Shift(f) => &f.common,
            Self::Bump(f) => &f.common,
            Self::Migrate(f) => &f.common,
        }
    }
}
