//! Facts for one intent: the whole objects, owners, history and rights that its planner needs, fetched in one go.
//!
//! Read once, decided on by a pure planner. What cannot be read is said in the facts where a plan can do without it, and is
//! an error where it cannot.

mod above;
pub(super) mod application;
mod bump;
mod common;
mod mark;
mod migrate;
pub(super) mod place;
mod policy;
mod readings;
mod reconciler;
mod release;
pub(super) mod repository;
mod rollback;
mod says;
mod shift;
mod sight;
mod surroundings;

pub(super) use common::seconds;
pub use says::{Says, says};
pub use sight::sight;

use super::ObserveError;
use crate::{
    connect::kube::Cluster,
    model::{Facts, Intent, Kind, ObjectRef, RestartFacts},
};
use jiff::Timestamp;
use serde_json::Value;
use std::{collections::HashMap, path::PathBuf};

/// What gathering stands on.
#[derive(Clone, Debug)]
pub struct World {
    /// The cluster.
    pub cluster: Cluster,
    /// Where mirrors of Git repositories are kept.
    pub git_cache: PathBuf,
    /// The operator, as `user@host`.
    pub actor: String,
    /// Templates, by hash, that this program's journals saw come up, and when.
    pub proven: HashMap<String, Timestamp>,
    /// The file that an operator chose for a workload's container, where several could set its image.
    pub chosen: HashMap<(ObjectRef, String), String>,
    /// The repository that the configuration names for this context.
    pub repository: Option<String>,
}

/// The facts for an intent.
///
/// # Errors
/// The target does not exist or is of the wrong kind, the API server does not answer, or for a bump: the repository or the
/// place in it cannot be found.
pub async fn gather(world: &World, intent: &Intent) -> Result<Facts, ObserveError> {
    if let Intent::Rollback { target, .. } = intent
        && target.kind == Kind::Release
    {
        return release::gather(world, intent).await;
    }
    let object = target(world, intent).await?;
    match intent {
        Intent::Rollback { .. } => {
            // The largest of them by far: on the heap, or whoever asks carries its size.
            Box::pin(rollback::gather(world, intent, object)).await.map(|facts| Facts::Rollback(Box::new(facts)))
        }
        Intent::Restart { .. } => {
            Ok(Facts::Restart(RestartFacts { common: common::gather(world, intent, object).await? }))
        }
        Intent::Shift { .. } => shift::gather(world, intent, object).await.map(Facts::Shift),
        Intent::Bump { .. } => bump::gather(world, intent, object).await.map(|facts| Facts::Bump(Box::new(facts))),
        Intent::Migrate { .. } => migrate::gather(world, intent, object).await.map(Facts::Migrate),
    }
}

/// The target object, whole.
async fn target(world: &World, intent: &Intent) -> Result<Value, ObserveError> {
    let target = intent.target();
    let (fits, expected) = match intent {
        Intent::Shift { .. } => (target.kind == Kind::HttpRoute, "an HTTPRoute"),
        Intent::Rollback { .. } => {
            (target.kind.is_workload(), "a Deployment, StatefulSet, DaemonSet, Argo Rollout or Helm release")
        }
        _ => (target.kind.is_workload(), "a Deployment, StatefulSet or DaemonSet"),
    };
    if target.kind == Kind::Rollout && !matches!(intent, Intent::Rollback { .. }) {
        return Err(ObserveError::rollout(intent));
    }
    if !fits {
        let kind = target.kind.to_string();
        return Err(ObserveError::WrongKind { verb: intent.verb().as_str(), expected, kind });
    }
    let found = world.cluster.reader().find(target).await?;
    found.ok_or_else(|| ObserveError::NoTarget {
        object: target.to_string(),
        context: world.cluster.info().name.clone(),
    })
}

/// The container meant: the one named, or the only one.
fn container(object: &Value, target: &ObjectRef, asked: Option<&str>) -> Result<crate::model::Container, ObserveError> {
    let all = super::revisions::containers(crate::formats::template::of(object));
    let known = || all.iter().map(|c| c.name.to_string()).collect::<Vec<_>>().join(", ");
    match asked {
        Some(name) => all.iter().find(|c| &*c.name == name).cloned().ok_or_else(|| ObserveError::NoContainer {
            object: target.to_string(),
            asked: name.to_owned(),
            known: known(),
        }),
        None => match all.as_slice() {
            [only] => Ok(only.clone()),
            _ => Err(ObserveError::WhichContainer { object: target.to_string(), known: known() }),
        },
    }
}
