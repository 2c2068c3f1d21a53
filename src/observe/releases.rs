//! The history of one Helm release, from the Secrets that Helm keeps it in, and what its revisions asked of workloads.
//!
//! Invariant: of what Helm keeps, names, dates and pod templates leave this file; never a value, never another manifest.

use super::{
    revisions::revisions,
    rows::{self, Interner},
};
use crate::{
    connect::{
        helm,
        kube::{ApiError, Cluster, Reader},
    },
    formats,
    model::{Kind, ObjectRef, Release, ReleaseFacts, ReleaseMember},
    wire::ReleaseSecret,
};
use futures::{StreamExt as _, stream};
use jiff::Timestamp;
use serde_json::Value;
use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap},
};

/// How many workloads of a release are looked into, and how many at once.
const MEMBERS: (usize, usize) = (20, 4);

/// The revisions of a release, newest first.
///
/// # Errors
/// Its Secrets may not be listed, or the API server does not answer.
pub async fn release_history(reader: &Reader, release: &ObjectRef) -> Result<Vec<Release>, ApiError> {
    Ok(told(&secrets(reader, release).await?))
}

async fn secrets(reader: &Reader, release: &ObjectRef) -> Result<Vec<ReleaseSecret>, ApiError> {
    let labels = format!("owner=helm,name={}", release.name);
    reader.list_as(Kind::Secret, Some(&release.namespace), Some(&labels), Some("type=helm.sh/release.v1")).await
}

fn told(secrets: &[ReleaseSecret]) -> Vec<Release> {
    let mut interner = Interner::default();
    let mut history: Vec<Release> = secrets.iter().map(|secret| rows::release(secret, &mut interner)).collect();
    history.sort_by_key(|revision| Reverse(revision.revision));
    history
}

/// All that the rollback of a release is decided on.
pub(super) async fn facts(
    cluster: &Cluster,
    release: &ObjectRef,
    proven: &HashMap<String, Timestamp>,
) -> Result<ReleaseFacts, ApiError> {
    let secrets = secrets(cluster.reader(), release).await?;
    let history = told(&secrets);
    let mut written: BTreeMap<ObjectRef, Vec<(u32, Value)>> = BTreeMap::new();
    for (secret, revision) in secrets.iter().zip(secrets.iter().map(version)) {
        for (kind, namespace, name, template) in formats::release::workloads(&secret.data.release) {
            let namespace = namespace.unwrap_or_else(|| release.namespace.to_string());
            written.entry(ObjectRef::new(kind, namespace, name)).or_default().push((revision, template));
        }
    }
    let members = stream::iter(written.into_iter().take(MEMBERS.0))
        .map(|(object, written)| member(cluster, object, written, proven))
        .buffered(MEMBERS.1)
        .filter_map(|member| async move { member })
        .collect()
        .await;
    let program = helm::find(cluster).map(|program| program.display().to_string()).map_err(|error| error.to_string());
    Ok(ReleaseFacts { release: release.clone(), history, members, program })
}

fn version(secret: &ReleaseSecret) -> u32 {
    secret.metadata.labels.get("version").and_then(|version| version.parse().ok()).unwrap_or(0)
}

/// A workload of the release; None where it is not there (any more), or may not be read: then nothing is known by it.
async fn member(
    cluster: &Cluster,
    object: ObjectRef,
    written: Vec<(u32, Value)>,
    proven: &HashMap<String, Timestamp>,
) -> Option<ReleaseMember> {
    let whole = cluster.reader().find(&object).await.ok()??;
    let revisions = revisions(cluster, &whole, proven).await.unwrap_or_default();
    let uid = whole["metadata"]["uid"].as_str().unwrap_or_default().to_owned();
    Some(ReleaseMember { object, uid, revisions, written })
}
