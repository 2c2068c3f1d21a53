//! Facts for a migration: above all, whether the same one was ever started.

use super::{World, common, container};
use crate::{
    formats::job,
    model::{Intent, JobState, Kind, MigrateFacts, ObjectRef, PriorJob, image::ImageReference},
    observe::{ObserveError, rows},
};
use serde_json::Value;

pub(super) async fn gather(world: &World, intent: &Intent, object: Value) -> Result<MigrateFacts, ObserveError> {
    let target = intent.target();
    let (tag, asked) = match intent {
        Intent::Migrate { tag, container, .. } => (tag.as_deref(), container.as_deref()),
        _ => (None, None),
    };
    let container = container(&object, target, asked)?;
    let image = match tag {
        None => container.image.to_string(),
        Some(tag) => {
            let wrong = |error: crate::model::image::ImageError| ObserveError::Image {
                container: container.name.to_string(),
                why: error.to_string(),
            };
            ImageReference::parse(&container.image).and_then(|image| image.with_tag(tag)).map_err(wrong)?.to_string()
        }
    };
    let prior = prior(world, &job::name(target, &image)).await?;
    Ok(MigrateFacts { common: common::gather(world, intent, object).await?, container, prior })
}

/// The Job of this name, else the record that it left. Not being allowed to look is an error: the promise is at most one.
async fn prior(world: &World, object: &ObjectRef) -> Result<Option<PriorJob>, ObserveError> {
    let reader = world.cluster.reader();
    if let Some(job) = reader.find(object).await? {
        let wire = serde_json::from_value(job).unwrap_or_default();
        let state = rows::job(&wire, &mut rows::Interner::default()).state;
        return Ok(Some(PriorJob { name: object.name.to_string(), state, present: true }));
    }
    let record = ObjectRef::new(Kind::ConfigMap, object.namespace.clone(), object.name.clone());
    let Some(record) = reader.find(&record).await? else { return Ok(None) };
    let state = match record["data"]["state"].as_str() {
        Some("complete") => JobState::Complete,
        Some("failed") => JobState::Failed(record["data"]["reason"].as_str().unwrap_or("unknown").to_owned()),
        _ => JobState::Running,
    };
    Ok(Some(PriorJob { name: object.name.to_string(), state, present: false }))
}
