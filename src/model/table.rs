//! A table of rows fed by watches: upserts, removals, and relists that never show an empty moment.

use super::{Kind, ObjectRef};
use jiff::Timestamp;
use std::{collections::BTreeMap, sync::Arc};

/// How far a watch's rows can be trusted.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Sync {
    /// The first list has not arrived: rows are missing, which is not the same as none.
    #[default]
    Loading,
    /// Rows are current; `heard` is when the API server last said anything.
    Live {
        /// When the API server last said anything.
        heard: Timestamp,
    },
    /// The connection is gone; rows are as they were at `since`.
    Stale {
        /// When the API server last said anything.
        since: Timestamp,
        /// Why.
        why: String,
    },
    /// RBAC does not allow this list.
    Forbidden {
        /// The API server's words.
        why: String,
    },
    /// The API server does not serve this kind.
    Absent,
}

/// Rows of one type, each stamped with the relist that last saw it.
#[derive(Clone, Debug)]
pub struct Table<T> {
    rows: BTreeMap<ObjectRef, (u32, T)>,
    stamp: u32,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { rows: BTreeMap::new(), stamp: 0 }
    }
}

impl<T> Table<T> {
    /// Starts a relist: rows stay as they are until [`Self::sweep`].
    pub fn begin(&mut self) {
        self.stamp += 1;
    }

    /// Adds or replaces a row; returns the row it replaces.
    pub fn put(&mut self, object: ObjectRef, row: T) -> Option<T> {
        self.rows.insert(object, (self.stamp, row)).map(|(_, old)| old)
    }

    /// Removes a row.
    pub fn remove(&mut self, object: &ObjectRef) -> Option<T> {
        self.rows.remove(object).map(|(_, old)| old)
    }

    /// Ends a relist: drops the rows within `scope` that it did not see.
    pub fn sweep(&mut self, scope: impl Fn(&ObjectRef) -> bool) {
        let stamp = self.stamp;
        self.rows.retain(|object, (seen, _)| *seen == stamp || !scope(object));
    }

    /// One row.
    pub fn get(&self, object: &ObjectRef) -> Option<&T> {
        self.rows.get(object).map(|(_, row)| row)
    }

    /// One row, to be changed in place: that is no news of a relist.
    pub fn get_mut(&mut self, object: &ObjectRef) -> Option<&mut T> {
        self.rows.get_mut(object).map(|(_, row)| row)
    }

    /// All rows, ordered by kind, namespace, name.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.rows.values().map(|(_, row)| row)
    }

    /// The rows of one kind in one namespace, by name, found without looking at others.
    pub fn within(&self, kind: Kind, namespace: &Arc<str>) -> impl Iterator<Item = &T> + use<'_, T> {
        let namespace = namespace.clone();
        let from = ObjectRef::new(kind, namespace.clone(), "");
        let rows = self.rows.range(from..).take_while(move |(o, _)| o.kind == kind && o.namespace == namespace);
        rows.map(|(_, (_, row))| row)
    }

    /// All rows, to be changed in place.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.rows.values_mut().map(|(_, row)| row)
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relist_sweeps_what_it_did_not_see_and_nothing_outside_its_scope() {
        let object = |ns: &str, name: &str| ObjectRef::new(Kind::Job, ns, name);
        let mut table = Table::default();
        for (ns, name) in [("a", "one"), ("a", "two"), ("b", "three")] {
            table.put(object(ns, name), ());
        }
        table.begin();
        table.put(object("a", "one"), ());
        assert_eq!(table.len(), 3, "nothing vanishes before the relist is complete");
        table.sweep(|o| &*o.namespace == "a");
        assert!(table.get(&object("a", "one")).is_some());
        assert!(table.get(&object("a", "two")).is_none());
        assert!(table.get(&object("b", "three")).is_some());
    }

    #[test]
    fn the_rows_of_a_namespace_are_found_among_their_neighbours() {
        let mut table = Table::default();
        for (kind, ns, name) in [
            (Kind::Deployment, "b", "z"),
            (Kind::StatefulSet, "a", "z"),
            (Kind::StatefulSet, "b", "x"),
            (Kind::StatefulSet, "b", "y"),
            (Kind::StatefulSet, "b-c", "a"),
        ] {
            table.put(ObjectRef::new(kind, ns, name), name);
        }
        let within = |kind, ns: &str| table.within(kind, &ns.into()).copied().collect::<String>();
        assert_eq!((within(Kind::StatefulSet, "b"), within(Kind::Job, "b")), ("xy".into(), String::new()));
    }
}
