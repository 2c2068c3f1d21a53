//! What the pods of a workload use now, as the metrics API samples it.

use crate::{
    connect::kube::{ApiError, ApiErrorKind, Cluster},
    model::{Kind, ObjectRef, PodUsage, Usages},
    observe::amounts::amount,
    wire::{PodMetrics, Workload},
};

/// What the pods of a workload use: those that have a sample. None where the metrics API is not served.
pub async fn usage(cluster: &Cluster, target: &ObjectRef) -> Result<Option<Usages>, ApiError> {
    let reader = cluster.reader();
    let object: Workload = reader.get_as(target).await?;
    let (namespace, selector) = (Some(&*target.namespace), object.selector());
    match reader.list_as::<PodMetrics>(Kind::PodMetrics, namespace, selector.as_deref(), None).await {
        Ok(all) => Ok(Some(Usages(all.into_iter().map(sample).collect()))),
        Err(error) if error.kind == ApiErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn sample(wire: PodMetrics) -> (Box<str>, PodUsage) {
    let containers = wire.containers.into_iter().map(|c| (c.name, amount(&c.usage))).collect();
    (wire.metadata.name, PodUsage { at: wire.timestamp, containers })
}
