//! The rows of one moment, for `status`: every list once, all at the same time, and a look at what is not well.

use super::{ObserveError, Scope, drains, follow::Watchable, inspect::inspect, rows::Interner};
use crate::{
    connect::kube::{ApiError, ApiErrorKind, Cluster},
    model::{Batch, Change, Kind, Namespace, Rows, Sync},
    wire,
};
use futures::{StreamExt as _, stream};
use std::{sync::Arc, time::Duration};
use tokio::time::{Instant, timeout_at};

/// Workloads looked at: how many, how many at once, and for how long in all.
const MOST: usize = 400;
const AT_ONCE: usize = 8;
const PATIENCE: Duration = Duration::from_secs(6);

/// Lists everything that the cockpit shows, and looks at the pods of workloads that are not complete. What RBAC hides is
/// said in the rows' states; a cluster that is not reached is an error.
pub async fn snapshot(cluster: &Cluster, scope: &Scope) -> Result<Rows, ObserveError> {
    let mut rows = Rows::default();
    let namespaces = list::<wire::Namespace>(cluster, Kind::Namespace, None);
    // The lists need not wait for the namespaces unless they must go one by one.
    let (workloads, others) = match scope {
        Scope::All => {
            let (namespaces, deployments, sets, daemons, rollouts, autoscalers, jobs, routes) = tokio::join!(
                namespaces,
                list::<wire::Workload>(cluster, Kind::Deployment, None),
                list::<wire::Workload>(cluster, Kind::StatefulSet, None),
                list::<wire::Workload>(cluster, Kind::DaemonSet, None),
                list_served::<wire::Workload>(cluster, Kind::Rollout),
                list::<wire::Autoscaler>(cluster, Kind::HorizontalPodAutoscaler, None),
                list::<wire::Job>(cluster, Kind::Job, None),
                list_served::<wire::HttpRoute>(cluster, Kind::HttpRoute),
            );
            let known = take_namespaces(cluster, scope, namespaces, &mut rows)?;
            let workloads = [
                narrow::<wire::Workload>(cluster, Kind::Deployment, deployments, &known).await?,
                narrow::<wire::Workload>(cluster, Kind::StatefulSet, sets, &known).await?,
                narrow::<wire::Workload>(cluster, Kind::DaemonSet, daemons, &known).await?,
                narrow::<wire::Workload>(cluster, Kind::Rollout, rollouts, &known).await?,
            ];
            let others = [
                narrow::<wire::Autoscaler>(cluster, Kind::HorizontalPodAutoscaler, autoscalers, &known).await?,
                narrow::<wire::Job>(cluster, Kind::Job, jobs, &known).await?,
                narrow::<wire::HttpRoute>(cluster, Kind::HttpRoute, routes, &known).await?,
            ];
            (workloads, others)
        }
        Scope::Namespaces(_) => {
            let known = take_namespaces(cluster, scope, namespaces.await, &mut rows)?;
            let (deployments, sets, daemons, rollouts, autoscalers, jobs, routes) = tokio::join!(
                each::<wire::Workload>(cluster, Kind::Deployment, &known),
                each::<wire::Workload>(cluster, Kind::StatefulSet, &known),
                each::<wire::Workload>(cluster, Kind::DaemonSet, &known),
                each::<wire::Workload>(cluster, Kind::Rollout, &known),
                each::<wire::Autoscaler>(cluster, Kind::HorizontalPodAutoscaler, &known),
                each::<wire::Job>(cluster, Kind::Job, &known),
                each::<wire::HttpRoute>(cluster, Kind::HttpRoute, &known),
            );
            ([deployments?, sets?, daemons?, rollouts?], [autoscalers?, jobs?, routes?])
        }
    };
    let now = cluster.clock().now();
    for batch in workloads.into_iter().chain(others) {
        rows.apply(batch, now);
    }
    let (inspected, kept) = tokio::join!(look(cluster, &rows, PATIENCE), drains::kept(cluster, scope));
    rows.apply(inspected, cluster.clock().now());
    // Who may not see nodes does without.
    rows.apply(kept.map(Change::Kept).into_iter().collect(), cluster.clock().now());
    // News is what changed while somebody watched; nobody did.
    rows.news.clear();
    Ok(rows)
}

/// One list as changes, with the state of its rows.
pub(super) async fn list<T: Watchable>(
    cluster: &Cluster,
    kind: Kind,
    namespace: Option<Arc<str>>,
) -> Result<Batch, ApiError> {
    let mut interner = Interner::default();
    let mut batch = Vec::new();
    let mut next = None;
    loop {
        let page = cluster.reader().page::<T>(kind, namespace.as_deref(), None, None, next).await?;
        batch.extend(page.items.iter().filter_map(|item| item.row(kind, &mut interner)));
        next = page.next;
        if next.is_none() {
            break;
        }
    }
    batch.push(Change::Sync(kind, namespace, Sync::Live { heard: cluster.clock().now() }));
    Ok(batch)
}

/// As [`list`] of all namespaces, of a kind that a cluster may not serve. Whether it does is asked first: a list of what is not
/// there is forbidden to those who may not see what is.
pub(super) async fn list_served<T: Watchable>(cluster: &Cluster, kind: Kind) -> Result<Batch, ApiError> {
    match cluster.reader().serves(kind).await {
        Ok(false) => Ok(vec![Change::Sync(kind, None, Sync::Absent)]),
        Ok(true) | Err(_) => list::<T>(cluster, kind, None).await,
    }
}

/// The namespaces as rows; returns which may be asked one by one.
fn take_namespaces(
    cluster: &Cluster,
    scope: &Scope,
    listed: Result<Batch, ApiError>,
    rows: &mut Rows,
) -> Result<Vec<Arc<str>>, ApiError> {
    let now = cluster.clock().now();
    let mut batch = match listed {
        Ok(batch) => batch,
        Err(error) if error.kind == ApiErrorKind::Forbidden => {
            let guessed = || cluster.named_namespaces().into_iter().map(Arc::from).collect();
            let named = scope.named().unwrap_or_else(guessed);
            let unknown = |name| Change::Namespace(Namespace { name, phase: "Unknown".into(), ..Namespace::default() });
            let forbidden = Change::Sync(Kind::Namespace, None, Sync::Forbidden { why: error.message });
            named.into_iter().map(unknown).chain([forbidden]).collect()
        }
        Err(error) => return Err(error),
    };
    batch.retain(|change| !matches!(change, Change::Namespace(row) if !scope.contains(&row.name)));
    rows.apply(batch, now);
    let seen = rows.namespaces.iter().map(|row| row.name.clone()).collect();
    Ok(scope.named().unwrap_or(seen))
}

/// A list of all namespaces, or where that is refused, of those that are known.
pub(super) async fn narrow<T: Watchable>(
    cluster: &Cluster,
    kind: Kind,
    listed: Result<Batch, ApiError>,
    namespaces: &[Arc<str>],
) -> Result<Batch, ApiError> {
    match listed {
        Err(error) if error.kind == ApiErrorKind::Forbidden => {
            let mut batch = each::<T>(cluster, kind, namespaces).await?;
            batch.push(Change::Sync(kind, None, Sync::Forbidden { why: error.message }));
            Ok(batch)
        }
        Err(error) if error.kind == ApiErrorKind::NotFound => Ok(vec![Change::Sync(kind, None, Sync::Absent)]),
        other => other,
    }
}

pub(super) async fn each<T: Watchable>(
    cluster: &Cluster,
    kind: Kind,
    namespaces: &[Arc<str>],
) -> Result<Batch, ApiError> {
    if kind.is_custom() && matches!(cluster.reader().serves(kind).await, Ok(false)) {
        return Ok(vec![Change::Sync(kind, None, Sync::Absent)]);
    }
    let lists = namespaces.iter().map(|name| async move { (name, list::<T>(cluster, kind, Some(name.clone())).await) });
    let mut lists = stream::iter(lists).buffer_unordered(AT_ONCE);
    let mut all = Vec::new();
    while let Some((name, listed)) = lists.next().await {
        match listed {
            Ok(batch) => all.extend(batch),
            Err(error) if error.kind == ApiErrorKind::Forbidden => {
                all.push(Change::Sync(kind, Some(name.clone()), Sync::Forbidden { why: error.message }));
            }
            Err(error) if error.kind == ApiErrorKind::NotFound => {
                all.push(Change::Sync(kind, Some(name.clone()), Sync::Absent));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(all)
}

/// Inspections of the workloads that need one, the worst first, as many as `patience` allows.
pub(super) async fn look(cluster: &Cluster, rows: &Rows, patience: Duration) -> Batch {
    let mut needy: Vec<_> = rows.workloads.iter().filter(|row| row.needs_inspection()).collect();
    needy.sort_by_key(|row| row.health());
    let jobs = rows.jobs.iter().filter(|row| row.needs_inspection()).map(|row| &row.object);
    let needy = needy.into_iter().map(|row| &row.object).chain(jobs);
    let until = Instant::now() + patience;
    let looks = needy.take(MOST).map(|object| {
        let object = object.clone();
        async move {
            let found = timeout_at(until, inspect(cluster, &object)).await.ok()?.ok()?;
            Some(Change::Inspected(object, found))
        }
    });
    stream::iter(looks).buffer_unordered(AT_ONCE).filter_map(std::future::ready).collect().await
}
