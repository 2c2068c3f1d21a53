//! What can keep us from seeing.

use crate::{
    connect::kube::ApiError,
    model::{Intent, Kind, ObjectRef, Verb},
};

/// Why something could not be observed or gathered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ObserveError {
    /// The API server did not tell.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// The target does not exist.
    #[error("there is no {object} in context {context}")]
    NoTarget {
        /// The target as the operator would name it.
        object: String,
        /// The context that was asked.
        context: String,
    },
    /// The target is of a kind that the verb cannot act on.
    #[error("{verb} acts on {expected}, not on a {kind}")]
    WrongKind {
        /// The verb.
        verb: &'static str,
        /// What it acts on.
        expected: &'static str,
        /// The target's kind.
        kind: String,
    },
    /// The target is a workload on which this verb is not offered.
    #[error("{verb} does not act on an Argo Rollout: {why}")]
    Rollout {
        /// The verb.
        verb: &'static str,
        /// Why not.
        why: &'static str,
        /// What to do instead.
        instead: String,
    },
    /// An Argo Rollout takes its template from an object that is not written here.
    #[error("its template is kept in {kind}/{name}, and only a Deployment's is put back")]
    TemplateElsewhere {
        /// The kind that keeps it.
        kind: String,
        /// Its name.
        name: String,
    },
    /// Which container is meant cannot be told.
    #[error("{object} has no container `{asked}` (it has: {known})")]
    NoContainer {
        /// The workload.
        object: String,
        /// The container asked for.
        asked: String,
        /// Those it has.
        known: String,
    },
    /// Several containers, and none named.
    #[error("{object} has several containers: {known}")]
    WhichContainer {
        /// The workload.
        object: String,
        /// Those it has.
        known: String,
    },
    /// The image of a container cannot be taken apart.
    #[error("the image of container {container} cannot be read: {why}")]
    Image {
        /// The container.
        container: String,
        /// What is wrong with it.
        why: String,
    },
    /// The Git repository cannot be found or read.
    #[error("{message}")]
    Repository {
        /// What failed and why.
        message: String,
        /// What to do.
        hint: Option<String>,
    },
    /// Several places in Git could set the image.
    #[error("{message}")]
    WhichPlace {
        /// What is meant, and the places.
        message: String,
        /// Each place as `--file` takes it, and why it is one.
        places: Vec<(String, String)>,
    },
}

/// The same, where facts are gathered.
pub type GatherError = ObserveError;

impl ObserveError {
    /// Why this verb does not act on the Argo Rollout that is its target.
    pub(super) fn rollout(intent: &Intent) -> Self {
        let ObjectRef { namespace, name, .. } = intent.target();
        let plugin = |command: &str| format!("run `kubectl argo rollouts {command} {name} -n {namespace}`");
        let instead = match intent.verb() {
            // A rollback does; it is named for completeness.
            Verb::Rollback => plugin("undo"),
            Verb::Restart => plugin("restart"),
            Verb::Bump => "change the tag in the Git repository that it is applied from".into(),
            Verb::Migrate => "run it from a Deployment with the same image".into(),
            Verb::Shift => plugin("promote"),
        };
        let why = intent.verb().unsuited(Kind::Rollout).unwrap_or_default();
        Self::Rollout { verb: intent.verb().as_str(), why, instead }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Api(error) => error.hint().map(str::to_owned),
            Self::NoTarget { .. } => Some("check its name, --namespace and --context".into()),
            Self::NoContainer { .. } | Self::WhichContainer { .. } => Some("name one with --container".into()),
            Self::Repository { hint, .. } => hint.clone(),
            Self::WhichPlace { .. } => {
                Some("name the file with --file PATH[:LINE]; it is asked once and remembered".into())
            }
            Self::Rollout { instead, .. } => Some(instead.clone()),
            Self::TemplateElsewhere { .. } => Some("put it back there by hand".into()),
            Self::WrongKind { .. } | Self::Image { .. } => None,
        }
    }
}
