//! What an operator asks for, before anything is known about whether and how it can be done.

use super::{Access, Kind, ObjectRef};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The verbs of this program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verb {
    /// Return a workload to an earlier revision.
    Rollback,
    /// Replace a workload's pods, a few at a time.
    Restart,
    /// Move weighted traffic between backends.
    Shift,
    /// Change an image tag in Git.
    Bump,
    /// Run a database migration as a Job.
    Migrate,
}

impl Verb {
    /// Every verb.
    pub const ALL: [Self; 5] = [Self::Rollback, Self::Restart, Self::Shift, Self::Bump, Self::Migrate];

    /// The verb of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verb| verb.as_str() == name)
    }

    /// The verb as one word of the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rollback => "rollback",
            Self::Restart => "restart",
            Self::Shift => "shift",
            Self::Bump => "bump",
            Self::Migrate => "migrate",
        }
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// An intent: a verb on a target with its parameters. Screen and command line make the same ones.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "verb")]
pub enum Intent {
    /// Return `target` to `revision`, or to the best known-good one.
    Rollback {
        /// The workload.
        target: ObjectRef,
        /// The revision asked for by number.
        revision: Option<u64>,
    },
    /// Restart the pods of `target`.
    Restart {
        /// The workload.
        target: ObjectRef,
    },
    /// Move the traffic of `target` to backend `to`.
    Shift {
        /// The route.
        target: ObjectRef,
        /// The backend whose share grows.
        to: String,
        /// Its share after each step, in percent.
        steps: Vec<u32>,
        /// How long each step is held, in seconds.
        hold: u64,
    },
    /// Change the image tag of `target` in Git.
    Bump {
        /// The workload.
        target: ObjectRef,
        /// The new tag.
        tag: String,
        /// The container, where there are several.
        container: Option<String>,
        /// The repository: a path or a URL; discovered where None.
        repository: Option<String>,
        /// The branch; the repository's default where None.
        branch: Option<String>,
        /// The file that sets the image, and a line of it, as `PATH[:LINE]`; found where None.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        file: Option<String>,
        /// Whether to follow the change until the new pods serve.
        wait: bool,
    },
    /// Run a migration with `target`'s own pod template.
    Migrate {
        /// The workload.
        target: ObjectRef,
        /// The tag of the image to run; the workload's current one where None.
        tag: Option<String>,
        /// The container, where there are several.
        container: Option<String>,
        /// The command and its arguments.
        command: Vec<String>,
    },
}

impl Intent {
    /// What it acts on.
    pub const fn target(&self) -> &ObjectRef {
        match self {
            Self::Rollback { target, .. }
            | Self::Restart { target }
            | Self::Shift { target, .. }
            | Self::Bump { target, .. }
            | Self::Migrate { target, .. } => target,
        }
    }

    /// What it acts on, to be changed.
    pub const fn target_mut(&mut self) -> &mut ObjectRef {
        match self {
            Self::Rollback { target, .. }
            | Self::Restart { target }
            | Self::Shift { target, .. }
            | Self::Bump { target, .. }
            | Self::Migrate { target, .. } => target,
        }
    }

    /// Its verb.
    pub const fn verb(&self) -> Verb {
        match self {
            Self::Rollback { .. } => Verb::Rollback,
            Self::Restart { .. } => Verb::Restart,
            Self::Shift { .. } => Verb::Shift,
            Self::Bump { .. } => Verb::Bump,
            Self::Migrate { .. } => Verb::Migrate,
        }
    }

    /// What a plan may need besides [`Self::needs`], by what is found.
    pub fn may_need(&self) -> Vec<Access> {
        let target = self.target();
        let may = |verb: &str, kind: Kind| Access::new(verb, kind, &target.namespace);
        match (self, target.kind) {
            // A broken pod may have to go; a template may be kept elsewhere.
            (Self::Rollback { .. }, Kind::StatefulSet) => vec![may("delete", Kind::Pod)],
            (Self::Rollback { .. }, Kind::Rollout) => vec![may("patch", Kind::Deployment)],
            _ => Vec::new(),
        }
    }

    /// What its planning and carrying out need to be allowed to do, reads first. Leases are asked about apart: each verb
    /// decides for itself what follows where they may not be written.
    pub fn needs(&self) -> Vec<Access> {
        let target = self.target();
        let may = |verb: &str, kind: Kind| Access::new(verb, kind, &target.namespace);
        if target.kind == Kind::Release {
            // Helm keeps its revisions in Secrets; what its charts hold is for Helm to ask about.
            return vec![may("list", Kind::Secret), may("create", Kind::Secret), may("update", Kind::Secret)];
        }
        let mut needs = vec![may("get", target.kind)];
        match self {
            Self::Rollback { .. } => {
                let history = match target.kind {
                    Kind::Deployment | Kind::Rollout => Kind::ReplicaSet,
                    _ => Kind::ControllerRevision,
                };
                needs.extend([may("list", history), may("list", Kind::Pod), may("patch", target.kind)]);
                if target.kind == Kind::Rollout {
                    needs.push(Access { subresource: "status".into(), ..may("patch", target.kind) });
                }
            }
            Self::Restart { .. } => needs.extend([may("list", Kind::Pod), may("patch", target.kind)]),
            Self::Shift { .. } => needs.extend([may("get", Kind::Service), may("patch", target.kind)]),
            Self::Bump { wait, .. } => needs.extend(wait.then(|| may("list", Kind::Pod))),
            Self::Migrate { .. } => {
                let logs = Access { subresource: "log".into(), ..may("get", Kind::Pod) };
                needs.extend([may("get", Kind::Job), may("list", Kind::Pod), logs]);
                needs.extend([may("create", Kind::Job), may("create", Kind::ConfigMap)]);
            }
        }
        needs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn needs_name_the_writes_of_each_verb_and_no_more() {
        let target = || ObjectRef::new(Kind::Deployment, "shop", "checkout");
        let writes = |intent: &Intent| {
            let needs = intent.needs().into_iter();
            needs.filter(|a| !matches!(&*a.verb, "get" | "list")).map(|a| a.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(writes(&Intent::Restart { target: target() }), ["patch deployments in shop"]);
        assert_eq!(writes(&Intent::Rollback { target: target(), revision: None }), ["patch deployments in shop"]);
        let route = ObjectRef::new(Kind::HttpRoute, "shop", "checkout");
        let shift = Intent::Shift { target: route, to: "b".into(), steps: vec![25], hold: 0 };
        assert_eq!(writes(&shift), ["patch httproutes in shop"]);
        let migrate = Intent::Migrate { target: target(), tag: None, container: None, command: vec![] };
        assert_eq!(writes(&migrate), ["create jobs in shop", "create configmaps in shop"]);
        let bump = |wait| Intent::Bump {
            target: target(),
            tag: "2".into(),
            container: None,
            repository: None,
            branch: None,
            file: None,
            wait,
        };
        assert!(writes(&bump(true)).is_empty(), "a bump writes to Git only");
        assert_eq!(bump(false).needs().len(), 1);
        let stateful = ObjectRef::new(Kind::StatefulSet, "shop", "db");
        let needs = Intent::Rollback { target: stateful, revision: None }.needs();
        assert!(needs.contains(&Access::new("list", Kind::ControllerRevision, "shop")));
    }
}
