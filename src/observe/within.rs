//! Watching namespace by namespace, where a list of all namespaces is refused or not wanted.
//!
//! Which namespaces: those the scope names; else those that may be listed; else the context's own.

use super::{
    Scope,
    follow::{Ended, Watchable},
    watch::{AGAIN, Context},
};
use crate::{
    model::{Change, Kind, Namespace, Sync},
    wire,
};
use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};
use tokio::{
    sync::{mpsc, watch as latest},
    task::{AbortHandle, JoinSet},
};

/// The namespaces to watch one by one; None until they are known.
pub(super) type Names = Option<BTreeSet<Arc<str>>>;

/// Namespaces watched one by one at most: each takes a connection for every kind.
const MOST: usize = 64;

/// Follows the namespaces themselves and publishes their names.
pub(super) async fn namespaces(context: Context, names: latest::Sender<Names>) {
    if let Some(named) = context.scope.named() {
        names.send_replace(Some(named.into_iter().collect()));
    }
    loop {
        let (sender, mut received) = mpsc::channel(64);
        let watching = Context { changes: sender, ..context.clone() };
        let follow = async move { watching.follow(Kind::Namespace, None).run::<wire::Namespace>().await };
        let relay = async {
            while let Some(mut changes) = received.recv().await {
                changes.retain(|change| match change {
                    Change::Namespace(row) => context.scope.contains(&row.name),
                    _ => true,
                });
                if context.scope == Scope::All {
                    publish(&names, &changes);
                }
                if context.changes.send(changes).await.is_err() {
                    return;
                }
            }
        };
        let (ended, ()) = tokio::join!(follow, relay);
        let why = match ended {
            Ended::Closed => return,
            Ended::Absent => "the server has no namespaces".to_owned(),
            Ended::Forbidden(why) => why,
        };
        let own = || vec![Arc::from(context.cluster.info().namespace.as_str())];
        let named = context.scope.named().unwrap_or_else(own);
        let rows = named.iter().map(|name| {
            Change::Namespace(Namespace { name: name.clone(), phase: "Unknown".into(), ..Namespace::default() })
        });
        let mut changes: Vec<Change> = rows.collect();
        changes.push(Change::Sync(Kind::Namespace, None, Sync::Forbidden { why }));
        names.send_replace(Some(named.into_iter().collect()));
        if context.changes.send(changes).await.is_err() {
            return;
        }
        tokio::time::sleep(AGAIN).await;
    }
}

/// Keeps the published names in step with what the watch of namespaces says.
fn publish(names: &latest::Sender<Names>, changes: &[Change]) {
    let relist = changes.iter().any(|change| matches!(change, Change::Begin(_)));
    names.send_if_modified(|known| {
        let before = known.clone();
        let mut now = if relist { BTreeSet::new() } else { known.take().unwrap_or_default() };
        for change in changes {
            match change {
                Change::Namespace(row) => {
                    now.insert(row.name.clone());
                }
                Change::Gone(object) => {
                    now.remove(&object.name);
                }
                _ => {}
            }
        }
        let settled = before.is_some() || changes.iter().any(|c| matches!(c, Change::Sync(_, _, Sync::Live { .. })));
        *known = (settled || !now.is_empty()).then_some(now);
        *known != before
    });
}

/// Watches a kind in each namespace. Where a wider list was `refused`, returns when it may be tried again.
pub(super) async fn within<T: Watchable>(
    context: &Context,
    kind: Kind,
    mut names: latest::Receiver<Names>,
    refused: Option<String>,
) {
    let mut tasks = JoinSet::new();
    let mut watched: HashMap<Arc<str>, AbortHandle> = HashMap::new();
    let mut told = false;
    let retry = async {
        match &refused {
            Some(_) => until_allowed::<T>(context, kind).await,
            None => std::future::pending().await,
        }
    };
    tokio::pin!(retry);
    loop {
        let wanted = names.borrow_and_update().clone();
        if let Some(all) = wanted {
            let own: Arc<str> = context.cluster.info().namespace.as_str().into();
            let first = all.contains(&own).then(|| own.clone());
            let chosen: BTreeSet<Arc<str>> =
                first.into_iter().chain(all.iter().filter(|n| **n != own).cloned()).take(MOST).collect();
            if let (Some(why), false) = (&refused, told) {
                told = true;
                let why = match all.len() {
                    many if many > MOST => {
                        format!(
                            "{why}; {MOST} of {many} namespaces are watched one by one, name others with --namespace"
                        )
                    }
                    _ => why.clone(),
                };
                context.tell(kind, None, Sync::Forbidden { why }).await;
            }
            for gone in watched.keys().filter(|name| !chosen.contains(*name)).cloned().collect::<Vec<_>>() {
                if let Some(task) = watched.remove(&gone) {
                    task.abort();
                }
                leave(context, kind, gone).await;
            }
            for name in chosen {
                watched.entry(name.clone()).or_insert_with(|| tasks.spawn(one::<T>(context.clone(), kind, name)));
            }
        }
        tokio::select! {
            changed = names.changed() => if changed.is_err() { return },
            () = &mut retry => break,
        }
    }
    tasks.shutdown().await;
    for name in watched.into_keys() {
        leave(context, kind, name).await;
    }
}

/// Forgets the rows of a namespace that is no longer watched by itself.
async fn leave(context: &Context, kind: Kind, namespace: Arc<str>) {
    let changes = vec![
        Change::Begin(kind),
        Change::End(kind, Some(namespace.clone())),
        Change::Sync(kind, Some(namespace), Sync::Absent),
    ];
    let _ = context.changes.send(changes).await;
}

/// Returns when the kind may be listed in all namespaces.
async fn until_allowed<T: Watchable>(context: &Context, kind: Kind) {
    let access = crate::model::Access::new("list", kind, "");
    let mut pause = Duration::from_secs(30);
    loop {
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(2 * AGAIN);
        if context.cluster.reader().may(&access).await == Some(true) {
            return;
        }
    }
}

/// One kind in one namespace, for as long as it is wanted.
async fn one<T: Watchable>(context: Context, kind: Kind, namespace: Arc<str>) {
    loop {
        let sync = match context.follow(kind, Some(namespace.clone())).run::<T>().await {
            Ended::Closed => return,
            Ended::Absent => Sync::Absent,
            Ended::Forbidden(why) => Sync::Forbidden { why },
        };
        // What was seen before may no longer be true, and nobody would tell.
        let swept = vec![
            Change::Begin(kind),
            Change::End(kind, Some(namespace.clone())),
            Change::Sync(kind, Some(namespace.clone()), sync),
        ];
        if context.changes.send(swept).await.is_err() {
            return;
        }
        tokio::time::sleep(AGAIN).await;
    }
}
