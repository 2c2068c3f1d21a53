//! Facts for a rollback.

use super::{World, common, reconciler, surroundings};
use crate::{
    connect::kube::Reader,
    formats::{job, template},
    model::{Intent, Kind, ObjectRef, RollbackFacts, Surroundings, image::ImageReference},
    observe::{
        ObserveError,
        revisions::{self, revisions},
    },
    wire,
};
use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeSet;
use tokio::time::timeout;

pub(super) async fn gather(world: &World, intent: &Intent, object: Value) -> Result<RollbackFacts, ObserveError> {
    let reader = world.cluster.reader();
    let release = surroundings::release_of(&object);
    let ours = async {
        let revisions = revisions(&world.cluster, &object, &world.proven).await?;
        let configuration = soon(surroundings::changes(reader, intent.target(), &revisions)).await;
        Ok::<_, ObserveError>((revisions, configuration))
    };
    // Each on the heap by itself: all of them at once are more than a small stack takes.
    let (ours, reconciler, (migrations, jobs), stuck, template_of, release, common) = tokio::join!(
        Box::pin(ours),
        Box::pin(timeout(common::ABOVE, reconciler::gather(world, intent.target(), &object))),
        Box::pin(soon(migrations(reader, intent.target(), &object))),
        Box::pin(soon(surroundings::stuck(reader, &object))),
        Box::pin(surroundings::template_of(reader, &object)),
        Box::pin(timeout(common::BESIDE, surroundings::release(world, release))),
        Box::pin(common::gather(world, intent, object.clone())),
    );
    let ((revisions, configuration), common) = (ours?, common?);
    // What is not told in time holds nothing up: the plan then says what a direct write is worth.
    let reconciler = reconciler.ok().flatten();
    let late = |_| Some(Err("Helm's Secrets are not told in time".to_owned()));
    let release = release.unwrap_or_else(late);
    let commits = Vec::new();
    let around = Surroundings { stuck, template_of: template_of?, release, configuration, commits, jobs };
    Ok(RollbackFacts { common, revisions, migrations, around: Box::new(around), reconciler })
}

/// What is good to know, where it is told in time: what puts a workload back does not wait for it.
async fn soon<T: Default>(asked: impl Future<Output = T>) -> T {
    timeout(common::BESIDE, asked).await.unwrap_or_default()
}

/// Jobs that ran: their name, their image and when they began.
type Ran = Vec<(String, String, Option<Timestamp>)>;

/// Migrations that ran for this workload, by their Jobs and by the records that outlive them; and other Jobs with an image of the
/// workload's own repository, which may have been migrations that somebody else ran. What may not be read is not known; a
/// rollback goes on without.
async fn migrations(reader: &Reader, target: &ObjectRef, object: &Value) -> (Ran, Ran) {
    let namespace = Some(&*target.namespace);
    let label = format!("{}=true", job::LABEL);
    let (jobs, records) =
        tokio::join!(reader.list(Kind::Job, namespace, None), reader.list(Kind::ConfigMap, namespace, Some(&label)));
    let ours = target.to_string();
    let repository = |image: &str| Some(ImageReference::parse(image).ok()?.repository);
    let own: BTreeSet<String> =
        revisions::containers(template::of(object)).iter().filter_map(|c| repository(&c.image)).collect();
    let (mut found, mut others) = (Ran::new(), Ran::new());
    for job in jobs.unwrap_or_default() {
        let annotation = |key: &str| job["metadata"]["annotations"][key].as_str().unwrap_or_default().to_owned();
        let began = || serde_json::from_value::<wire::Job>(job.clone()).ok().and_then(|j| j.status.start_time);
        let name = job["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        if annotation(job::WORKLOAD) == ours {
            found.push((name, annotation(job::IMAGE), began()));
            continue;
        }
        // What a CronJob runs, it runs every day.
        if annotation(job::WORKLOAD).is_empty() && job["metadata"]["ownerReferences"].is_null() {
            let images = revisions::containers(template::of(&job));
            let same = images.iter().find(|c| repository(&c.image).is_some_and(|its| own.contains(&its)));
            others.extend(same.map(|container| (name, container.image.to_string(), began())));
        }
    }
    for record in records.unwrap_or_default() {
        let text = |key: &str| record["data"][key].as_str().unwrap_or_default().to_owned();
        if text("workload") == ours && !found.iter().any(|(name, ..)| *name == text("job")) {
            found.push((text("job"), text("image"), text("at").parse().ok()));
        }
    }
    for ran in [&mut found, &mut others] {
        ran.sort_by_key(|(name, _, at)| (*at, name.clone()));
    }
    (found, others)
}
