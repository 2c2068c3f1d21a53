//! What can be marked so that a reconciler keeps off, as it stands: the mark, what it said before, who holds it, what else stands
//! still by it, and whether it may be written.

use super::application;
use crate::{
    connect::kube::Reader,
    formats::hold,
    model::{Access, Holdable, Kind, Mark, Means, ObjectRef},
};
use serde_json::Value;
use std::time::Duration;
use tokio::time::timeout;

/// How long it is waited for what only tells more.
const BESIDE: Duration = Duration::from_secs(3);

/// An object that was read, with this mark, for `target`.
pub(super) async fn of(
    reader: &Reader,
    target: &ObjectRef,
    owner: String,
    (object, found): (&ObjectRef, &Value),
    mark: Mark,
    freezes: Vec<String>,
) -> Holdable {
    let namespace = &*object.namespace;
    let records = hold::records(found, &mark);
    let (ours, others): (Vec<_>, Vec<_>) = records.iter().cloned().partition(|record| record.is_for(target, namespace));
    let hold = ours.into_iter().next();
    // A field that was written by an earlier hold is not asked for again who else writes it.
    let aside = mark.aside || records.iter().any(|record| record.aside);
    Holdable {
        owner,
        // What holds on one object share is what was there before the first of them, wherever in it they are.
        original: match hold::written(found).first() {
            Some(first) if !records.is_empty() || mark.means == Means::IgnoreSync => first.original.clone(),
            _ => hold::said(found, &mark),
        },
        mark: Mark { aside, ..mark },
        uid: found["metadata"]["uid"].as_str().unwrap_or_default().to_owned(),
        hold,
        shared: others.len(),
        allowed: reader.may(&Access::new("patch", object.kind, namespace)).await,
        object: object.clone(),
        freezes,
    }
}

/// An Application that was read, kept from syncing by itself; what it manages besides `below` stands still.
pub(super) async fn application(reader: &Reader, target: &ObjectRef, found: &Value, below: &ObjectRef) -> Holdable {
    let text = |field: &str| found["metadata"][field].as_str().unwrap_or_default().to_owned();
    let object = ObjectRef::new(Kind::Application, text("namespace"), text("name"));
    let removed = Mark::by(Means::SyncRemoved);
    let automated = &found["spec"]["syncPolicy"]["automated"];
    let known = automated.get("enabled").is_some();
    // What an operation removed is put back in the same way.
    let taken = automated.is_null() && !hold::records(found, &removed).is_empty();
    let disabled = !taken && (known || serves_enabled(reader).await);
    let mark = if disabled { Mark::by(Means::SyncDisabled) } else { removed };
    let (owner, freezes) = (format!("argo {}", object.path()), application::others(found, below));
    of(reader, target, owner, (&object, found), mark, freezes).await
}

/// Whether the cluster's Applications have `spec.syncPolicy.automated.enabled`: an API server takes a field that they have not, and
/// drops it without a word.
async fn serves_enabled(reader: &Reader) -> bool {
    let field = ["spec", "syncPolicy", "automated", "enabled"];
    matches!(timeout(BESIDE, reader.has_field(Kind::Application, &field)).await, Ok(Ok(true)))
}

/// The workloads that a HelmRelease installs besides `below`.
pub(super) async fn installed(reader: &Reader, release: &ObjectRef, below: &ObjectRef) -> Vec<String> {
    let selector =
        format!("helm.toolkit.fluxcd.io/name={},helm.toolkit.fluxcd.io/namespace={}", release.name, release.namespace);
    let kinds = [Kind::Deployment, Kind::StatefulSet, Kind::DaemonSet];
    let listed = kinds.map(|kind| reader.list(kind, Some(&below.namespace), Some(&selector)));
    let listed = timeout(BESIDE, futures::future::join_all(listed)).await.unwrap_or_default();
    let mut names = Vec::new();
    for (kind, found) in kinds.into_iter().zip(listed) {
        let found = found.unwrap_or_default();
        let name = |object: &Value| object["metadata"]["name"].as_str().map(str::to_owned);
        let others = found.iter().filter_map(name).filter(|name| kind != below.kind || *name != *below.name);
        names.extend(others.map(|name| format!("{kind}/{name}")));
    }
    names
}
