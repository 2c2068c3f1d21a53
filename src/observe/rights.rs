//! In which namespaces a kind may be listed: one question a namespace, a few at a time, whose answer serves for every kind.
//!
//! Invariant: what the API server cannot tell counts as allowed, so that it is tried and its own refusal is shown.

use crate::{
    connect::kube::{Cluster, Rules},
    model::Kind,
};
use futures::{StreamExt as _, stream};
use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};
use tokio::{sync::Mutex, time::Instant};

/// Questions under way at once.
const AT_ONCE: usize = 8;
/// How long an answer counts. Rights are granted while somebody waits for them.
pub(super) const FRESH: Duration = Duration::from_secs(120);

/// When a question was answered, and how; None where it was not.
type Answer = (Instant, Option<Rules>);

/// What was answered, for each namespace.
#[derive(Debug)]
pub(super) struct Rights {
    cluster: Cluster,
    answers: Mutex<HashMap<Arc<str>, Answer>>,
}

impl Rights {
    pub fn of(cluster: &Cluster) -> Arc<Self> {
        Arc::new(Self { cluster: cluster.clone(), answers: Mutex::default() })
    }

    /// Those of `namespaces` in which a kind may be listed, and those in which it may not.
    pub async fn split(&self, kind: Kind, namespaces: &BTreeSet<Arc<str>>) -> (Vec<Arc<str>>, Vec<Arc<str>>) {
        // Whoever comes second for the same namespaces waits for the first one's answers.
        let mut answers = self.answers.lock().await;
        let is_fresh = |name: &&Arc<str>| answers.get(*name).is_some_and(|(at, _)| at.elapsed() < FRESH);
        let unknown: Vec<Arc<str>> = namespaces.iter().filter(|name| !is_fresh(name)).cloned().collect();
        let reader = self.cluster.reader();
        let asked = stream::iter(unknown).map(|name| async move {
            let rules = reader.rules(&name).await.ok();
            (name, rules)
        });
        let asked: Vec<_> = asked.buffer_unordered(AT_ONCE).collect().await;
        answers.extend(asked.into_iter().map(|(name, rules)| (name, (Instant::now(), rules))));
        let may = |name: &Arc<str>| {
            let rules = answers.get(name).and_then(|(_, rules)| rules.as_ref());
            rules.and_then(|rules| rules.allow("list", kind)).unwrap_or(true)
        };
        namespaces.iter().cloned().partition(may)
    }
}
