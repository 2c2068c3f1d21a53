//! All watches of the cockpit: one task a kind, and where RBAC allows no wider view, one a kind and namespace.

use super::{
    Scope,
    attention::Attention,
    capacity, claims,
    collect::collect,
    drains,
    follow::{Ended, Follow, Watchable},
    inspector::{self, Notice},
    pulse::{self, Alarm},
    rights::Rights,
    rows::{self, Interner},
    within::{Names, within},
};
use crate::{
    connect::kube::Cluster,
    model::{Batch, Change, Kind, ObjectRef, Sync},
    wire,
};
use std::{collections::BTreeSet, sync::Arc, time::Duration};
use tokio::{
    sync::{
        mpsc::{self, Sender, UnboundedSender},
        watch as latest,
    },
    task::JoinSet,
};

/// How long after a kind was found missing, or a list refused, it is tried again.
pub(super) const AGAIN: Duration = Duration::from_secs(300);
/// How often it is asked whether a kind that was not served has been defined since. The question is small.
const SERVED: Duration = Duration::from_secs(30);
/// The pause where discovery and the list do not agree whether a kind is served: definitions take a moment.
const SETTLING: Duration = Duration::from_secs(2);

/// Running watches. They end when this is dropped.
#[derive(Debug)]
pub struct Watches {
    _tasks: JoinSet<()>,
    notices: UnboundedSender<Notice>,
    /// Kinds that somebody has opened the screen of.
    wanted: latest::Sender<BTreeSet<Kind>>,
    samples: UnboundedSender<()>,
}

impl Watches {
    /// Has a workload's pods looked at once, now; the answer comes as [`Change::Inspected`].
    pub fn inspect(&self, workload: ObjectRef) {
        // The inspector lives as long as this does.
        let _ = self.notices.send(Notice::Asked(workload));
    }

    /// Says which workloads are on the screen: those that need it are looked at before others.
    pub fn visible(&self, workloads: impl IntoIterator<Item = ObjectRef>) {
        // The inspector lives as long as this does.
        let _ = self.notices.send(Notice::Visible(workloads.into_iter().collect()));
    }

    /// Samples what the nodes use, once, now; the answer comes as [`Change::Capacity`].
    pub fn sample(&self) {
        // Whoever answers lives as long as this does.
        let _ = self.samples.send(());
    }

    /// Watches a kind that is watched only once its screen was opened: CronJobs, nodes, and Secrets for the Helm releases that they keep.
    /// For every other kind, and from the second time on, this changes nothing.
    pub fn want(&self, kind: Kind) {
        self.wanted.send_if_modified(|wanted| wanted.insert(kind));
    }
}

/// What every watch task needs.
#[derive(Clone)]
pub(super) struct Context {
    pub cluster: Cluster,
    pub scope: Scope,
    pub seed: u64,
    pub changes: Sender<Vec<Change>>,
    pub alarms: latest::Receiver<Alarm>,
    pub rights: Arc<Rights>,
}

impl Context {
    /// A watch of its own random sequence.
    pub fn follow(&self, kind: Kind, namespace: Option<Arc<str>>) -> Follow<'_> {
        let salt = namespace
            .iter()
            .flat_map(|n| n.bytes())
            .fold(kind as u64 + 1, |sum, b| sum.wrapping_mul(0x0100_0000_01b3) ^ u64::from(b));
        Follow::new(&self.cluster, kind, namespace, &self.changes, self.alarms.clone(), self.seed ^ salt)
    }

    /// Says how far the rows of a kind can be trusted.
    pub async fn tell(&self, kind: Kind, namespace: Option<Arc<str>>, sync: Sync) {
        // Nobody listening means that the watches are being dropped.
        let _ = self.changes.send(vec![Change::Sync(kind, namespace, sync)]).await;
    }
}

/// Starts watching. Batches arrive at most 30 times a second; `seed` makes pauses repeatable.
pub fn watch(cluster: &Cluster, scope: Scope, seed: u64, batches: Sender<Batch>) -> Watches {
    let (changes, received) = mpsc::channel(64);
    let (notices, noticed) = mpsc::unbounded_channel();
    let (names, known) = latest::channel(Names::default());
    let mut tasks = JoinSet::new();
    let (alarm, alarms) = latest::channel(Alarm::None);
    let rights = Rights::of(cluster);
    let context = Context { cluster: cluster.clone(), scope, seed, changes, alarms, rights };
    tasks.spawn(pulse::run(cluster.clone(), alarm));
    tasks.spawn(collect(received, batches, Attention::new(notices.clone())));
    tasks.spawn(inspector::run(cluster.clone(), noticed, context.changes.clone()));
    tasks.spawn(drains::run(context.clone()));
    let (samples, sampled) = mpsc::unbounded_channel();
    tasks.spawn(capacity::run(cluster.clone(), sampled, context.changes.clone()));
    tasks.spawn(super::within::namespaces(context.clone(), names));
    for kind in [Kind::Deployment, Kind::StatefulSet, Kind::DaemonSet, Kind::Rollout] {
        tasks.spawn(kind_task::<wire::Workload>(context.clone(), kind, known.clone()));
    }
    tasks.spawn(kind_task::<wire::Autoscaler>(context.clone(), Kind::HorizontalPodAutoscaler, known.clone()));
    tasks.spawn(kind_task::<wire::Job>(context.clone(), Kind::Job, known.clone()));
    tasks.spawn(kind_task::<wire::HttpRoute>(context.clone(), Kind::HttpRoute, known.clone()));
    tasks.spawn(kind_task::<wire::Lease>(context.clone(), Kind::Lease, known.clone()));
    let (wanted, opened) = latest::channel(BTreeSet::new());
    tasks.spawn(once_wanted::<wire::CronJob>(context.clone(), Kind::CronJob, known.clone(), opened.clone()));
    tasks.spawn(nodes(context.clone(), opened.clone()));
    tasks.spawn(once_wanted::<wire::ReleaseSecret>(context, Kind::Secret, known, opened));
    Watches { _tasks: tasks, notices, wanted, samples }
}

/// As [`kind_task`], from when somebody wants to see this kind on.
async fn once_wanted<T: Watchable>(
    context: Context,
    kind: Kind,
    names: latest::Receiver<Names>,
    mut opened: latest::Receiver<BTreeSet<Kind>>,
) {
    if opened.wait_for(|wanted| wanted.contains(&kind)).await.is_ok() {
        kind_task::<T>(context, kind, names).await;
    }
}

/// Follows the nodes, from when somebody wants to see them on. They live in no namespace: no scope is narrower than all of them.
async fn nodes(context: Context, mut opened: latest::Receiver<BTreeSet<Kind>>) {
    if opened.wait_for(|wanted| wanted.contains(&Kind::Node)).await.is_err() {
        return;
    }
    loop {
        match context.follow(Kind::Node, None).run::<wire::Node>().await {
            Ended::Closed => return,
            Ended::Absent => context.tell(Kind::Node, None, Sync::Absent).await,
            Ended::Forbidden(why) => context.tell(Kind::Node, None, Sync::Forbidden { why }).await,
        }
        tokio::time::sleep(AGAIN).await;
    }
}

async fn kind_task<T: Watchable>(context: Context, kind: Kind, names: latest::Receiver<Names>) {
    loop {
        until_served(&context, kind).await;
        if context.scope != Scope::All {
            within::<T>(&context, kind, names.clone(), None).await;
            return;
        }
        match context.follow(kind, None).run::<T>().await {
            Ended::Closed => return,
            Ended::Absent => {
                // Its definition was removed, and every object with it.
                let gone = vec![Change::Begin(kind), Change::End(kind, None), Change::Sync(kind, None, Sync::Absent)];
                if context.changes.send(gone).await.is_err() {
                    return;
                }
                tokio::time::sleep(if kind.is_custom() { SETTLING } else { AGAIN }).await;
            }
            Ended::Forbidden(why) => within::<T>(&context, kind, names.clone(), Some(why)).await,
        }
    }
}

/// Returns once the API server serves this kind, and says meanwhile that it does not.
async fn until_served(context: &Context, kind: Kind) {
    let mut told = false;
    // Whatever keeps the question from being answered keeps the list too, which says so.
    while kind.is_custom() && matches!(context.cluster.reader().serves(kind).await, Ok(false)) {
        if !told {
            context.tell(kind, None, Sync::Absent).await;
            told = true;
        }
        tokio::time::sleep(SERVED).await;
    }
}

macro_rules! watchable {
    ($wire:ty, $row:expr) => {
        impl Watchable for $wire {
            fn metadata(&self) -> &wire::Metadata {
                &self.metadata
            }

            fn row(&self, kind: Kind, interner: &mut Interner) -> Option<Change> {
                let row: fn(Kind, &Self, &mut Interner) -> Option<Change> = $row;
                row(kind, self, interner)
            }
        }
    };
}

watchable!(wire::Workload, |kind, wire, interner| Some(Change::Workload(rows::workload(kind, wire, interner))));
watchable!(wire::Autoscaler, |_, wire, interner| rows::autoscaler(wire, interner).map(Change::Autoscaler));
watchable!(wire::Namespace, |_, wire, interner| Some(Change::Namespace(rows::namespace(wire, interner))));
watchable!(wire::Node, |_, wire, interner| Some(Change::Node(rows::node(wire, interner))));
watchable!(wire::Job, |_, wire, interner| Some(Change::Job(rows::job(wire, interner))));
watchable!(wire::CronJob, |_, wire, interner| Some(Change::CronJob(rows::cron_job(wire, interner))));
watchable!(wire::ReleaseSecret, |_, wire, interner| Some(Change::Release(rows::release(wire, interner))));
watchable!(wire::Lease, |_, wire, interner| Some(claims::of(wire, interner)));
watchable!(wire::HttpRoute, |_, wire, interner| Some(Change::Route(rows::route(wire, interner))));
