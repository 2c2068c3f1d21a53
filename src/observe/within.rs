//! Watching namespace by namespace, where a list of all namespaces is refused or not wanted.
//!
//! Which namespaces: those the scope names; else those that may be listed; else those that somebody named for this cluster, in
//! the configuration or the kubeconfig. Of those that nobody asked for by name only the ones are watched in which RBAC allows it,
//! which is asked of the API server and asked again while rights may change.

use super::{
    Scope,
    follow::{Ended, Watchable},
    rights::FRESH,
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
/// Namespaces of which it is said one by one that a kind may not be listed there.
const TOLD: usize = 32;

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
        let guessed = || context.cluster.named_namespaces().into_iter().map(Arc::from).collect();
        let named: Vec<Arc<str>> = context.scope.named().unwrap_or_else(guessed);
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
    let mut denied: BTreeSet<Arc<str>> = BTreeSet::new();
    let (mut told, mut unwatched) = (None, 0);
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
            let (chosen, refusing) = choose(context, kind, &all, refused.is_some()).await;
            if let Some(why) = &refused {
                let left = all.len() - refusing.len() - chosen.len();
                if kind == Kind::Deployment && unwatched != left {
                    unwatched = left;
                    let left = Change::Unwatched(u32::try_from(left).unwrap_or(u32::MAX));
                    let _ = context.changes.send(vec![left]).await; // nobody listens while the watches are being dropped
                }
                let why = describe(why, kind, chosen.len(), refusing.len(), all.len());
                if told.as_ref() != Some(&why) {
                    context.tell(kind, None, Sync::Forbidden { why: why.clone() }).await;
                    told = Some(why);
                }
            }
            let gone =
                watched.keys().chain(&denied).filter(|name| !chosen.contains(*name) && !refusing.contains(*name));
            for name in gone.cloned().collect::<Vec<_>>() {
                leave(context, kind, name.clone(), Sync::Absent).await;
                denied.remove(&name);
                if let Some(task) = watched.remove(&name) {
                    task.abort();
                }
            }
            for name in refusing.into_iter().take(TOLD) {
                if let Some(task) = watched.remove(&name) {
                    task.abort();
                }
                if denied.insert(name.clone()) {
                    let why = format!("you may not list {} in {name}", kind.plural());
                    leave(context, kind, name, Sync::Forbidden { why }).await;
                }
            }
            for name in chosen {
                denied.remove(&name);
                watched.entry(name.clone()).or_insert_with(|| tasks.spawn(one::<T>(context.clone(), kind, name)));
            }
        }
        tokio::select! {
            changed = names.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(FRESH), if refused.is_some() => {}
            () = &mut retry => break,
        }
    }
    tasks.shutdown().await;
    for name in watched.into_keys().chain(denied) {
        leave(context, kind, name, Sync::Absent).await;
    }
}

/// The namespaces in which a kind is watched, this context's own first and as many as there are connections for; and those in
/// which it may not be. Where the operator named them, each is tried and tells by itself.
async fn choose(
    context: &Context,
    kind: Kind,
    all: &BTreeSet<Arc<str>>,
    ask: bool,
) -> (BTreeSet<Arc<str>>, BTreeSet<Arc<str>>) {
    let (allowed, refusing) = match ask {
        true => context.rights.split(kind, all).await,
        false => (all.iter().cloned().collect(), Vec::new()),
    };
    let own = context.cluster.info().namespace.as_str();
    let (first, rest): (Vec<_>, Vec<_>) = allowed.into_iter().partition(|name| &**name == own);
    (first.into_iter().chain(rest).take(MOST).collect(), refusing.into_iter().collect())
}

/// Why a kind is not watched as a whole, and what is watched instead.
fn describe(why: &str, kind: Kind, watched: usize, refusing: usize, all: usize) -> String {
    let allowed = all - refusing;
    match (watched, refusing) {
        (0, _) => format!("{why}; nor in any of the {all} namespaces that were tried"),
        (watched, _) if watched < allowed => {
            format!("{why}; {watched} of {allowed} namespaces are watched one by one, name others with --namespace")
        }
        (watched, 1..) => format!("{why}; {} may be listed in {watched} of {all} namespaces", kind.plural()),
        _ => why.to_owned(),
    }
}

/// Forgets the rows of a namespace that is not watched by itself any more, and says how that stands.
async fn leave(context: &Context, kind: Kind, namespace: Arc<str>, sync: Sync) {
    let changes = vec![
        Change::Begin(kind),
        Change::End(kind, Some(namespace.clone())),
        Change::Sync(kind, Some(namespace), sync),
    ];
    let _ = context.changes.send(changes).await;
}

/// Returns when the kind may be listed in all namespaces.
async fn until_allowed<T: Watchable>(context: &Context, kind: Kind) {
    let access = crate::model::Access::new("list", kind, "");
    let mut pause = Duration::from_secs(30);
    loop {
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(FRESH);
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
