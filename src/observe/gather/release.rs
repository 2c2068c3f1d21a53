//! Facts for the rollback of a Helm release.

use super::{World, common};
use crate::{
    formats::owner,
    model::{Facts, Intent, ObjectRef},
    observe::{ObserveError, releases},
};
use serde_json::json;

pub(super) async fn gather(world: &World, intent: &Intent) -> Result<Facts, ObserveError> {
    let target = intent.target();
    // No API server serves a release: what names it stands for it.
    let object = json!({"kind": "Release", "metadata": {"namespace": &*target.namespace, "name": &*target.name}});
    let (facts, common) =
        tokio::join!(releases::facts(&world.cluster, target, &world.proven), common::gather(world, intent, object),);
    let (facts, mut common) = (facts?, common?);
    if facts.history.is_empty() {
        let object = format!("Helm release {}", target.path());
        return Err(ObserveError::NoTarget { object, context: world.cluster.info().name.clone() });
    }
    // What writes the release's workloads writes the release.
    if let Some(member) = facts.members.first() {
        let object: &ObjectRef = &member.object;
        let whole = world.cluster.reader().find(object).await.ok().flatten();
        common.owner = whole.as_ref().and_then(owner::owner);
    }
    Ok(Facts::Release(Box::new((common, facts))))
}
