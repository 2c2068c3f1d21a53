//! Many clusters at a glance: how each context stands, and the workloads of all of them that are not healthy.
//!
//! Invariant: what is said of one context comes from that context's rows alone, so that a slow or dead cluster says nothing
//! about another. The rows themselves stay where they are; a summary is bounded.

use super::{Health, Kind, Login, ObjectRef, Rows, Sync};
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;

/// Workloads of one context that are listed by name at most; the rest is counted.
const LISTED: usize = 500;

/// How long a watch may be silent before its rows count as old, whatever it last said: the API server ends each after 40 s and
/// silence is noticed after 45. Only a machine that slept gets here.
pub const SILENT: SignedDuration = SignedDuration::from_secs(60);

/// How a context stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    /// It was never opened: nothing is known of it, and nothing is sent to it.
    #[default]
    Unopened,
    /// It was asked, and has not answered yet.
    Connecting,
    /// Rows are current.
    Live {
        /// When the API server last said anything.
        heard: Timestamp,
    },
    /// The connection is gone; rows are as they were.
    Stale {
        /// When the API server last said anything.
        since: Timestamp,
        /// Why.
        why: String,
    },
    /// It answers, and RBAC allows no list of workloads anywhere.
    Forbidden {
        /// The API server's words.
        why: String,
    },
    /// There are no credentials that it accepts.
    Login {
        /// What is wrong.
        why: String,
    },
    /// It has never answered.
    Unreachable {
        /// When that was noticed first.
        since: Timestamp,
        /// Why.
        why: String,
    },
}

/// How many workloads stand how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// All of them.
    pub total: usize,
    /// Broken ones.
    pub broken: usize,
    /// Degraded ones.
    pub degraded: usize,
    /// Progressing ones.
    pub progressing: usize,
    /// Those of which it cannot be told.
    pub unknown: usize,
}

impl Tally {
    /// Counts one more.
    pub const fn add(&mut self, health: Health) {
        self.total += 1;
        match health {
            Health::Broken => self.broken += 1,
            Health::Degraded => self.degraded += 1,
            Health::Progressing => self.progressing += 1,
            Health::Unknown => self.unknown += 1,
            Health::Healthy => {}
        }
    }

    /// Counts all that another tally did.
    pub const fn merge(&mut self, other: Self) {
        self.total += other.total;
        self.broken += other.broken;
        self.degraded += other.degraded;
        self.progressing += other.progressing;
        self.unknown += other.unknown;
    }

    /// How many are not known to be healthy.
    pub const fn troubled(&self) -> usize {
        self.broken + self.degraded + self.progressing + self.unknown
    }
}

/// A workload that is not healthy, with the context it is in.
#[derive(Clone, Debug, PartialEq)]
pub struct Troubled {
    /// The context.
    pub context: Arc<str>,
    /// Which object.
    pub object: ObjectRef,
    /// How it stands.
    pub health: Health,
    /// The one sentence about it.
    pub reason: Option<String>,
    /// Pods ready, and asked for.
    pub ready: (u32, u32),
    /// The image of its first container.
    pub image: Option<Arc<str>>,
    /// When its rollout last moved.
    pub changed: Option<Timestamp>,
}

/// What one context's rows say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    /// How it stands.
    pub standing: Standing,
    /// How its workloads stand.
    pub tally: Tally,
    /// Those that are not healthy, the worst first; bounded.
    pub troubled: Vec<Troubled>,
}

impl Summary {
    /// The summary of a context's rows.
    pub fn of(context: &Arc<str>, rows: &Rows, login: &Login) -> Self {
        let mut tally = Tally::default();
        let mut troubled = Vec::new();
        for row in rows.workloads.iter() {
            let health = rows.health_of(row);
            tally.add(health);
            if health != Health::Healthy {
                troubled.push((health, row));
            }
        }
        troubled.sort_by(|(a, x), (b, y)| {
            let name = |o: &ObjectRef| (o.namespace.clone(), o.name.clone(), o.kind);
            a.cmp(b).then_with(|| name(&x.object).cmp(&name(&y.object)))
        });
        troubled.truncate(LISTED);
        let troubled = troubled.into_iter().map(|(health, row)| Troubled {
            context: context.clone(),
            object: row.object.clone(),
            health,
            reason: rows.reason_of(row),
            ready: (row.ready, row.desired),
            image: row.containers.first().map(|c| c.image.clone()),
            changed: row.changed,
        });
        Self { standing: standing(rows, login), tally, troubled: troubled.collect() }
    }
}

/// How a context stands that was opened.
fn standing(rows: &Rows, login: &Login) -> Standing {
    if let Login::Needed { why, .. } = login {
        return Standing::Login { why: why.clone() };
    }
    let (mut heard, mut forbidden, mut stale, mut loading) = (None, None, None::<(Timestamp, String)>, false);
    for kind in [Kind::Deployment, Kind::StatefulSet, Kind::DaemonSet] {
        match rows.sync_of(kind) {
            Sync::Loading => loading = true,
            Sync::Live { heard: at } => heard = heard.max(Some(at)),
            Sync::Stale { since, why } if stale.as_ref().is_none_or(|(oldest, _)| since < *oldest) => {
                stale = Some((since, why));
            }
            Sync::Forbidden { why } => forbidden = Some(why),
            Sync::Stale { .. } | Sync::Absent => {}
        }
    }
    match (stale, heard, forbidden) {
        (Some((since, why)), None, _) if rows.workloads.is_empty() && rows.namespaces.is_empty() => {
            Standing::Unreachable { since, why }
        }
        (Some((since, why)), ..) => Standing::Stale { since, why },
        _ if loading => Standing::Connecting,
        (None, Some(heard), _) => Standing::Live { heard },
        (None, None, Some(why)) => Standing::Forbidden { why },
        (None, None, None) => Standing::Connecting,
    }
}

/// One context of the kubeconfig.
#[derive(Clone, Debug, PartialEq)]
pub struct ContextView {
    /// Its name.
    pub name: Arc<str>,
    /// The API server's URL.
    pub server: String,
    /// The name of its user.
    pub user: String,
    /// Whether the API server is on this machine.
    pub loopback: bool,
    /// Whether changes need the target's name typed there.
    pub protected: bool,
    /// Whether changes are refused there.
    pub read_only: bool,
    /// Whether the kubeconfig names it no more.
    pub removed: bool,
    /// How its credentials stand.
    pub login: Login,
    /// What its rows say; empty while it is not watched.
    pub summary: Summary,
}

/// All contexts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fleet {
    /// In the kubeconfig's order.
    pub contexts: Vec<ContextView>,
}

impl Fleet {
    /// One context.
    pub fn get(&self, name: &str) -> Option<&ContextView> {
        self.contexts.iter().find(|context| &*context.name == name)
    }

    /// Replaces what was known of one context, or adds it.
    pub fn put(&mut self, view: ContextView) {
        match self.contexts.iter_mut().find(|context| context.name == view.name) {
            Some(known) => *known = view,
            None => self.contexts.push(view),
        }
    }

    /// The contexts that are watched.
    pub fn watched(&self) -> impl Iterator<Item = &ContextView> {
        self.contexts.iter().filter(|context| context.summary.standing != Standing::Unopened)
    }

    /// Every workload that is not healthy, of all watched contexts.
    pub fn troubled(&self) -> impl Iterator<Item = &Troubled> {
        self.contexts.iter().flat_map(|context| &context.summary.troubled)
    }

    /// One of them.
    pub fn find(&self, context: &str, object: &ObjectRef) -> Option<&Troubled> {
        self.get(context)?.summary.troubled.iter().find(|row| row.object == *object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Change, Rollout, RolloutState, Workload};

    fn workload(name: &str, state: RolloutState) -> Change {
        Change::Workload(Workload {
            object: ObjectRef::new(Kind::Deployment, "shop", name),
            uid: "".into(),
            desired: 1,
            ready: 1,
            updated: 1,
            available: 1,
            revision: None,
            containers: Vec::new(),
            rollout: Rollout::plain(state),
            owner: None,
            created: None,
            changed: None,
            delivery: None,
            labels: crate::model::Labels::default(),
        })
    }

    fn sync(sync: &Sync) -> Vec<Change> {
        [Kind::Deployment, Kind::StatefulSet, Kind::DaemonSet].map(|k| Change::Sync(k, None, sync.clone())).into()
    }

    fn of(batches: Vec<Vec<Change>>, login: &Login) -> Summary {
        let mut rows = Rows::default();
        batches.into_iter().for_each(|batch| rows.apply(batch, Timestamp::UNIX_EPOCH));
        Summary::of(&"prod".into(), &rows, login)
    }

    #[test]
    fn what_is_not_healthy_is_listed_worst_first_and_counted() {
        let live = Sync::Live { heard: Timestamp::UNIX_EPOCH };
        let rows = vec![
            workload("rolling", RolloutState::Progressing),
            workload("fine", RolloutState::Complete),
            workload("broken", RolloutState::Failed),
        ];
        let summary = of(vec![rows, sync(&live)], &Login::default());
        let names: Vec<_> = summary.troubled.iter().map(|row| &*row.object.name).collect();
        assert_eq!(names, ["broken", "rolling"]);
        assert_eq!((summary.tally.total, summary.tally.broken, summary.tally.troubled()), (3, 1, 2));
        assert_eq!(summary.standing, Standing::Live { heard: Timestamp::UNIX_EPOCH });
    }

    #[test]
    fn a_context_that_never_answered_is_unreachable_and_one_that_did_is_stale() {
        let stale = Sync::Stale { since: Timestamp::UNIX_EPOCH, why: "refused".into() };
        let never = of(vec![sync(&stale)], &Login::default());
        assert!(matches!(never.standing, Standing::Unreachable { .. }), "{never:?}");
        let once = of(vec![vec![workload("a", RolloutState::Complete)], sync(&stale)], &Login::default());
        assert!(matches!(once.standing, Standing::Stale { .. }), "{once:?}");
    }

    #[test]
    fn no_answer_yet_no_right_and_no_login_are_three_things() {
        assert_eq!(of(vec![], &Login::default()).standing, Standing::Connecting);
        let forbidden = Sync::Forbidden { why: "cannot list".into() };
        let standing = of(vec![sync(&forbidden)], &Login::default()).standing;
        assert_eq!(standing, Standing::Forbidden { why: "cannot list".into() });
        let login = Login::Needed { why: "expired".into(), hint: None, asks: true };
        assert_eq!(of(vec![sync(&forbidden)], &login).standing, Standing::Login { why: "expired".into() });
    }
}
