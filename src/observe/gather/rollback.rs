//! Facts for a rollback.

use super::{World, common, reconciler};
use crate::{
    connect::kube::Reader,
    formats::job,
    model::{Intent, Kind, ObjectRef, RollbackFacts},
    observe::{ObserveError, revisions::revisions},
    wire,
};
use jiff::Timestamp;
use serde_json::Value;

pub(super) async fn gather(world: &World, intent: &Intent, object: Value) -> Result<RollbackFacts, ObserveError> {
    let (revisions, migrations) = tokio::join!(
        revisions(&world.cluster, &object, &world.proven),
        migrations(world.cluster.reader(), intent.target()),
    );
    let revisions = revisions?;
    let (reconciler, common) = tokio::join!(
        reconciler::gather(world, intent.target(), &object, &revisions),
        common::gather(world, intent, object.clone()),
    );
    Ok(RollbackFacts { common: common?, revisions, migrations, reconciler })
}

/// Migrations that ran for this workload, by their Jobs and by the records that outlive them. What may not be read is not
/// known; a rollback goes on without.
async fn migrations(reader: &Reader, target: &ObjectRef) -> Vec<(String, String, Option<Timestamp>)> {
    let namespace = Some(&*target.namespace);
    let label = format!("{}=true", job::LABEL);
    let (jobs, records) = tokio::join!(
        reader.list(Kind::Job, namespace, Some(&label)),
        reader.list(Kind::ConfigMap, namespace, Some(&label)),
    );
    let ours = target.to_string();
    let mut found: Vec<(String, String, Option<Timestamp>)> = Vec::new();
    for job in jobs.unwrap_or_default() {
        let annotation = |key: &str| job["metadata"]["annotations"][key].as_str().unwrap_or_default().to_owned();
        if annotation(job::WORKLOAD) == ours {
            let at = serde_json::from_value::<wire::Job>(job.clone()).ok().and_then(|j| j.status.start_time);
            let name = job["metadata"]["name"].as_str().unwrap_or_default().to_owned();
            found.push((name, annotation(job::IMAGE), at));
        }
    }
    for record in records.unwrap_or_default() {
        let text = |key: &str| record["data"][key].as_str().unwrap_or_default().to_owned();
        if text("workload") == ours && !found.iter().any(|(name, ..)| *name == text("job")) {
            found.push((text("job"), text("image"), text("at").parse().ok()));
        }
    }
    found.sort_by_key(|(name, _, at)| (*at, name.clone()));
    found
}
