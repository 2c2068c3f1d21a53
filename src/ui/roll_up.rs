//! What all workloads together say: how many there are, how many are not well, and which namespaces they make look bad.
//!
//! Computed when rows change, never for a frame and never for a key.

use super::{chosen::Chosen, groups::Group};
use crate::model::{Health, Kind, ObjectRef, Rows, Tally};
use std::{collections::BTreeMap, sync::Arc};

/// A namespace with the health of its workloads; or the heading above several, with the health of all of theirs.
#[derive(Clone, Debug, PartialEq)]
pub struct NamespaceRow {
    /// Which namespace this is, or the name of a heading (see [`super::groups`]).
    pub object: ObjectRef,
    /// The health of its worst workload; None where it has none.
    pub health: Option<Health>,
    /// That workload, where it is not well.
    pub worst: Option<ObjectRef>,
    /// Its workloads.
    pub counts: Tally,
    /// What else is known of the namespaces below it, where it is a heading.
    pub group: Option<Box<Group>>,
}

/// What some workloads of one namespace say together.
#[derive(Clone, Copy, Debug, Default)]
struct Share<'r> {
    worst: Option<(Health, &'r ObjectRef)>,
    counts: Tally,
}

impl<'r> Share<'r> {
    fn add(&mut self, health: Health, workload: &'r ObjectRef) {
        if self.worst.is_none_or(|(worst, _)| health < worst) {
            self.worst = Some((health, workload));
        }
        self.counts.add(health);
    }

    fn merge(&mut self, other: Self) {
        self.worst = self.worst.into_iter().chain(other.worst).min_by_key(|(health, _)| *health);
        self.counts.merge(other.counts);
    }
}

/// What a look at all workloads gives.
#[derive(Clone, Debug, Default)]
pub struct RollUp {
    /// Namespaces, by name: those that are listed, and those that workloads tell of.
    namespaces: Vec<NamespaceRow>,
    /// All workloads.
    pub all: Tally,
}

impl RollUp {
    /// Looks at all workloads once.
    pub fn of(rows: &Rows) -> Self {
        let mut shares: BTreeMap<&Arc<str>, Share<'_>> = BTreeMap::new();
        // Rows of one namespace follow each other, so a namespace is looked up once for all of them.
        let mut here: Option<(&Arc<str>, Share<'_>)> = None;
        let mut merge = |(name, share)| shares.entry(name).or_default().merge(share);
        for row in rows.workloads.iter() {
            let health = if rows.inspections.is_empty() { row.health() } else { rows.health_of(row) };
            here.take_if(|(name, _)| **name != row.object.namespace).map(&mut merge);
            here.get_or_insert_with(|| (&row.object.namespace, Share::default())).1.add(health, &row.object);
        }
        here.map(&mut merge);
        let mut all = Tally::default();
        shares.values().for_each(|share| all.merge(share.counts));
        for namespace in rows.namespaces.iter() {
            shares.entry(&namespace.name).or_default();
        }
        let row = |(name, share): (&Arc<str>, Share<'_>)| NamespaceRow {
            object: ObjectRef::new(Kind::Namespace, "", name.clone()),
            health: share.worst.map(|(health, _)| health),
            worst: share.worst.filter(|(health, _)| *health != Health::Healthy).map(|(_, worst)| worst.clone()),
            counts: share.counts,
            group: None,
        };
        Self { namespaces: shares.into_iter().map(row).collect(), all }
    }

    /// Every namespace, by name.
    pub fn namespaces(&self) -> &[NamespaceRow] {
        &self.namespaces
    }

    /// One namespace.
    pub fn namespace(&self, name: &str) -> Option<&NamespaceRow> {
        let at = self.namespaces.binary_search_by(|row| (*row.object.name).cmp(name)).ok()?;
        self.namespaces.get(at)
    }

    /// The names of all namespaces, the one that needs attention most first.
    pub fn by_attention(&self) -> Vec<Arc<str>> {
        let mut rows: Vec<&NamespaceRow> = self.namespaces.iter().collect();
        rows.sort_by_key(|row| (row.health.is_none(), row.health));
        rows.into_iter().map(|row| row.object.name.clone()).collect()
    }

    /// The workloads of the chosen namespaces.
    pub fn counts(&self, chosen: &Chosen) -> Tally {
        if chosen.is_all() {
            return self.all;
        }
        let mut counts = Tally::default();
        chosen.iter().filter_map(|name| self.namespace(name)).for_each(|row| counts.merge(row.counts));
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Change, Labels, Namespace, Rollout, RolloutState, Workload};
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
            labels: Labels::default(),
            delivery: None,
        })
    }

    #[test]
    fn a_namespace_is_as_well_as_its_worst_workload_and_an_empty_one_comes_last() {
        use RolloutState::{Complete, Failed, Progressing};
        let mut rows = Rows::default();
        let batch = vec![
            workload(Kind::Deployment, "b", "web", Complete),
            workload(Kind::StatefulSet, "a", "store", Failed),
            workload(Kind::Deployment, "a", "web", Complete),
            workload(Kind::DaemonSet, "b", "agent", Progressing),
            Change::Namespace(Namespace { name: "empty".into(), phase: "Active".into(), ..Namespace::default() }),
        ];
        rows.apply(batch, Timestamp::UNIX_EPOCH);
        let roll_up = RollUp::of(&rows);
        let seen: Vec<_> = roll_up
            .by_attention()
            .iter()
            .filter_map(|name| roll_up.namespace(name))
            .map(|n| (n.object.name.to_string(), n.health, n.counts.troubled(), n.counts.total))
            .collect();
        let (broken, progressing) = (Some(Health::Broken), Some(Health::Progressing));
        assert_eq!(seen, [("a".into(), broken, 1, 2), ("b".into(), progressing, 1, 2), ("empty".into(), None, 0, 0)]);
        let chosen = |names: &[&str]| names.iter().map(|name| Arc::from(*name)).collect::<Chosen>();
        assert_eq!(roll_up.counts(&chosen(&["a"])).broken, 1);
        assert_eq!(roll_up.counts(&chosen(&["a", "b"])), roll_up.counts(&Chosen::default()));
        assert_eq!(roll_up.counts(&chosen(&["nowhere"])), Tally::default());
    }
}
