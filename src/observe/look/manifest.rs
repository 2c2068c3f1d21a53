//! The workload's object as YAML.

use crate::{
    connect::kube::{ApiError, Cluster},
    formats,
    model::{Manifest, ObjectRef},
};

/// The object as it is now.
pub async fn manifest(cluster: &Cluster, target: &ObjectRef) -> Result<Manifest, ApiError> {
    Ok(formats::manifest::of(&cluster.reader().get(target).await?))
}
