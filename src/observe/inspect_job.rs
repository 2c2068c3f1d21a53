//! A look at the pods of one Job that runs and gets nowhere. One page of pods, and what proves what is found.

use super::{
    diagnosis::{diagnose, refusal},
    evidence, pods,
};
use crate::{
    connect::kube::{ApiError, Cluster},
    model::{Among, Blocker, Health, Inspection, Kind, ObjectRef},
    wire::Pod,
};

/// Looks at the pods of a Job; where it has none, at why.
pub(super) async fn inspect(cluster: &Cluster, job: &ObjectRef) -> Result<Inspection, ApiError> {
    let (reader, now) = (cluster.reader(), cluster.clock().now());
    // Also written as `batch.kubernetes.io/job-name`, but only by newer servers.
    let labels = format!("job-name={}", job.name);
    let page = reader.page::<Pod>(Kind::Pod, Some(&job.namespace), Some(&labels), None, None).await?;
    let blocker = match diagnose(page.items.iter(), Among::All, now) {
        Some(finding) => Some(evidence::blocker(reader, &job.namespace, finding).await),
        None if page.items.is_empty() => {
            let refused = |event: &crate::wire::Event| &*event.reason == "FailedCreate";
            let event = evidence::newest_warning(reader, job, refused).await;
            event.map(|event| Blocker::of(refusal::cause(&event.message), event.began()))
        }
        None => None,
    };
    let health = if blocker.is_some() { Health::Broken } else { Health::Progressing };
    let pods = page.items.iter().map(pods::summary).collect();
    Ok(Inspection { at: Some(now), health, blocker, pods, omitted: 0, serving_before: Vec::new() })
}
