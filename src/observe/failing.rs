//! The workloads of one moment and why those that fail do, for whoever must act at once: every list by itself and for a limited
//! time, so that neither a missing right nor a slow answer about one kind keeps the others back.
//!
//! Invariant: a kind that could not be listed is said in the rows' states; only where none could be is there an error.

use super::{
    ObserveError, Scope,
    snapshot::{each, list, list_served, look, narrow},
};
use crate::{
    connect::kube::{ApiError, ApiErrorKind, Cluster},
    model::{Batch, Change, Kind, Rows, Sync},
    wire,
};
use futures::future::join_all;
use std::{sync::Arc, time::Duration};
use tokio::time::timeout;

/// How long the lists of one kind may take.
const PATIENCE: Duration = Duration::from_secs(3);
/// The kinds whose rollout can be followed.
const KINDS: [Kind; 4] = [Kind::Deployment, Kind::StatefulSet, Kind::DaemonSet, Kind::Rollout];

/// The workloads in `scope`, and a look at the pods of those that are not as they should be.
///
/// # Errors
/// When no kind of workload could be listed, for another reason than a missing right.
pub async fn failing(cluster: &Cluster, scope: &Scope) -> Result<Rows, ObserveError> {
    let mut rows = Rows::default();
    let lists =
        join_all(KINDS.map(|kind| async move { (kind, timeout(PATIENCE, of(cluster, kind, scope)).await) })).await;
    let mut refused = None;
    let mut answered = 0;
    for (kind, listed) in lists {
        let now = cluster.clock().now();
        let why = match listed {
            Ok(Ok(batch)) => {
                answered += 1;
                rows.apply(batch, now);
                continue;
            }
            Ok(Err(error)) => {
                let why = error.to_string();
                refused.get_or_insert(error);
                why
            }
            Err(_) => format!("no answer within {} s", PATIENCE.as_secs()),
        };
        rows.apply(vec![Change::Sync(kind, None, Sync::Stale { since: now, why })], now);
    }
    if let Some(error) = refused.filter(|_| answered == 0) {
        return Err(error.into());
    }
    let inspected = look(cluster, &rows, PATIENCE).await;
    rows.apply(inspected, cluster.clock().now());
    rows.news.clear();
    Ok(rows)
}

/// The workloads of one kind; where not all namespaces may be listed, of those that may.
async fn of(cluster: &Cluster, kind: Kind, scope: &Scope) -> Result<Batch, ApiError> {
    let Some(named) = scope.named() else {
        let all = match kind {
            Kind::Rollout => list_served::<wire::Workload>(cluster, kind).await,
            _ => list::<wire::Workload>(cluster, kind, None).await,
        };
        let forbidden = matches!(&all, Err(error) if error.kind == ApiErrorKind::Forbidden);
        let known = if forbidden { namespaces(cluster).await } else { Vec::new() };
        return narrow::<wire::Workload>(cluster, kind, all, &known).await;
    };
    each::<wire::Workload>(cluster, kind, &named).await
}

/// The namespaces that are known to whoever may not list what is in all of them.
async fn namespaces(cluster: &Cluster) -> Vec<Arc<str>> {
    match cluster.reader().list_as::<wire::Namespace>(Kind::Namespace, None, None, None).await {
        Ok(all) => all.iter().map(|namespace| (*namespace.metadata.name).into()).collect(),
        Err(_) => cluster.named_namespaces().into_iter().map(Arc::from).collect(),
    }
}
