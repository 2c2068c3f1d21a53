//! What comes first: workloads by the attention they need, namespaces by their worst workload.
//!
//! Computed when rows, scope or filter change, never for a frame.

use super::filter::Filter;
use crate::model::{Health, ObjectRef, Rows, Workload};
use std::{collections::BTreeMap, sync::Arc};

/// How many workloads there are, and how many need attention.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// All of them.
    pub total: usize,
    /// Broken ones.
    pub broken: usize,
    /// Degraded ones.
    pub degraded: usize,
    /// Progressing ones.
    pub progressing: usize,
}

impl Counts {
    fn add(&mut self, health: Health) {
        self.total += 1;
        match health {
            Health::Broken => self.broken += 1,
            Health::Degraded => self.degraded += 1,
            Health::Progressing => self.progressing += 1,
            Health::Unknown | Health::Healthy => {}
        }
    }

    fn merge(&mut self, other: Self) {
        self.total += other.total;
        self.broken += other.broken;
        self.degraded += other.degraded;
        self.progressing += other.progressing;
    }

    /// How many of them are not well.
    pub const fn troubled(&self) -> usize {
        self.broken + self.degraded + self.progressing
    }
}

/// The worst of some workloads, and how many there are.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    worst: Option<Health>,
    counts: Counts,
}

impl Tally {
    fn of(health: Health) -> Self {
        let mut tally = Self::default();
        tally.add(health);
        tally
    }

    fn add(&mut self, health: Health) {
        self.worst = Some(self.worst.map_or(health, |worst| worst.min(health)));
        self.counts.add(health);
    }

    fn merge(&mut self, other: Self) {
        self.worst = self.worst.into_iter().chain(other.worst).min();
        self.counts.merge(other.counts);
    }
}

/// A namespace with the health of its workloads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamespaceRow {
    /// Its name.
    pub name: Arc<str>,
    /// The health of its worst workload; None where it has none.
    pub health: Option<Health>,
    /// Its workloads.
    pub counts: Counts,
}

/// What a look at all rows gives.
#[derive(Clone, Debug, Default)]
pub struct Arrangement {
    /// Workloads in scope that pass the filter, by attention.
    pub workloads: Vec<ObjectRef>,
    /// Namespaces by attention.
    pub namespaces: Vec<NamespaceRow>,
    /// All workloads in scope.
    pub counts: Counts,
    /// All workloads.
    pub all: Counts,
}

/// Looks at all rows once.
pub fn arrange(rows: &Rows, scope: Option<&str>, filter: &Filter) -> Arrangement {
    let mut tallies: BTreeMap<&Arc<str>, Tally> = BTreeMap::new();
    let mut shown: Vec<(Health, &Workload)> = Vec::with_capacity(rows.workloads.len());
    let mut text = String::new();
    // Rows of one namespace follow each other, so a namespace is looked up once for all of them.
    let mut here: Option<(&Arc<str>, Tally)> = None;
    for row in rows.workloads.iter() {
        let namespace = &row.object.namespace;
        let health = if rows.inspections.is_empty() { row.health() } else { rows.health_of(row) };
        match &mut here {
            Some((name, tally)) if *name == namespace => tally.add(health),
            _ => {
                if let Some((name, tally)) = here.replace((namespace, Tally::of(health))) {
                    tallies.entry(name).or_default().merge(tally);
                }
            }
        }
        if scope.is_none_or(|scope| scope == &**namespace) && passes(filter, &row.object, &mut text) {
            shown.push((health, row));
        }
    }
    if let Some((name, tally)) = here {
        tallies.entry(name).or_default().merge(tally);
    }
    let mut all = Counts::default();
    tallies.values().for_each(|tally| all.merge(tally.counts));
    let counts = match scope {
        Some(scope) => tallies.get(&Arc::from(scope)).map_or(Counts::default(), |tally| tally.counts),
        None => all,
    };
    // Rows come sorted within each kind, so this sort only merges; the next one keeps that order within each health.
    shown.sort_by(|(_, a), (_, b)| by_name(&a.object, &b.object));
    shown.sort_by_key(|(health, _)| *health);
    for namespace in rows.namespaces.iter() {
        tallies.entry(&namespace.name).or_default();
    }
    let row = |(name, tally): (&Arc<str>, Tally)| NamespaceRow {
        name: name.clone(),
        health: tally.worst,
        counts: tally.counts,
    };
    let mut namespaces: Vec<NamespaceRow> = tallies.into_iter().map(row).collect();
    namespaces.sort_by_key(|row| (row.health.is_none(), row.health));
    Arrangement { workloads: shown.into_iter().map(|(_, row)| row.object.clone()).collect(), namespaces, counts, all }
}

/// The objects of a table in scope that pass the filter, by the attention they need.
pub fn attention<'r, T: 'r, A: Ord>(
    rows: impl Iterator<Item = &'r T>,
    object: impl Fn(&T) -> &ObjectRef,
    urgency: impl Fn(&T) -> A,
    scope: Option<&str>,
    filter: &Filter,
) -> Vec<ObjectRef> {
    let mut text = String::new();
    let mut shown: Vec<&T> = rows
        .filter(|row| scope.is_none_or(|scope| scope == &*object(row).namespace))
        .filter(|row| passes(filter, object(row), &mut text))
        .collect();
    shown.sort_by(|a, b| urgency(a).cmp(&urgency(b)).then_with(|| by_name(object(a), object(b))));
    shown.into_iter().map(|row| object(row).clone()).collect()
}

fn by_name(a: &ObjectRef, b: &ObjectRef) -> std::cmp::Ordering {
    (&a.namespace, &a.name, a.kind).cmp(&(&b.namespace, &b.name, b.kind))
}

fn passes(filter: &Filter, object: &ObjectRef, text: &mut String) -> bool {
    if filter.is_empty() {
        return true;
    }
    text.clear();
    text.push_str(&object.namespace);
    text.push('/');
    text.push_str(&object.name);
    filter.passes(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Change, Kind, Namespace, Rollout, RolloutState};
    use jiff::Timestamp;

    fn workload(kind: Kind, namespace: &str, name: &str, state: RolloutState) -> Change {
        Change::Workload(Workload {
            object: ObjectRef::new(kind, namespace, name),
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
        })
    }

    fn rows() -> Rows {
        use RolloutState::{Complete, Failed, Progressing};
        let mut rows = Rows::default();
        let batch = vec![
            workload(Kind::Deployment, "b", "web", Complete),
            workload(Kind::StatefulSet, "a", "store", Failed),
            workload(Kind::Deployment, "a", "web", Complete),
            workload(Kind::DaemonSet, "b", "agent", Progressing),
            Change::Namespace(Namespace { name: "empty".into(), phase: "Active".into() }),
        ];
        rows.apply(batch, Timestamp::UNIX_EPOCH);
        rows
    }

    fn names(objects: &[ObjectRef]) -> Vec<String> {
        objects.iter().map(ObjectRef::path).collect()
    }

    #[test]
    fn what_needs_attention_comes_first_then_the_name_whatever_the_kind() {
        let arrangement = arrange(&rows(), None, &Filter::new(""));
        assert_eq!(names(&arrangement.workloads), ["a/store", "b/agent", "a/web", "b/web"]);
        let namespaces: Vec<_> =
            arrangement.namespaces.iter().map(|n| (&*n.name, n.health, n.counts.troubled(), n.counts.total)).collect();
        let (broken, progressing) = (Some(Health::Broken), Some(Health::Progressing));
        assert_eq!(namespaces, [("a", broken, 1, 2), ("b", progressing, 1, 2), ("empty", None, 0, 0)]);
    }

    #[test]
    fn scope_and_filter_narrow_the_rows_but_never_the_namespaces() {
        let arrangement = arrange(&rows(), Some("b"), &Filter::new("!agent"));
        assert_eq!(names(&arrangement.workloads), ["b/web"]);
        assert_eq!((arrangement.counts.total, arrangement.all.total, arrangement.namespaces.len()), (2, 4, 3));
        assert_eq!(arrange(&rows(), Some("nowhere"), &Filter::new("")).counts, Counts::default());
    }
}
