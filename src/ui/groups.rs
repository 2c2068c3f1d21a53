//! Namespaces grouped by a label of theirs: clients, environments, pull requests. A heading for each value, with what all
//! namespaces below it say together.
//!
//! Invariant: headings are made of rows and roll-up alone, and only while the table of namespaces is on the screen. A heading is
//! named like an object, so that selection, marks and order treat it as any other line: no namespace lives in a namespace, so
//! that place of its name is free for the value.

use super::{
    chosen::Chosen,
    list::Listed,
    look::Grouping,
    roll_up::{NamespaceRow, RollUp},
    state::State,
    tables::TableKind,
};
use crate::model::{Kind, Namespace, ObjectRef, Owner, Rows, Sync, Tally};
use jiff::Timestamp;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// What stands for the value of namespaces that do not have the label: nothing that a label's value can be.
const NONE: &str = "!";

/// What several rows have in common.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Common<T> {
    /// None of them has it.
    #[default]
    None,
    /// They all have the same.
    One(T),
    /// So many different ones.
    Several(usize),
}

impl<T: PartialEq> Common<T> {
    fn of(values: BTreeSet<T>) -> Self
    where
        T: Ord,
    {
        match values.len() {
            1 => values.into_iter().next().map_or(Self::None, Self::One),
            0 => Self::None,
            several => Self::Several(several),
        }
    }
}

/// What the namespaces below a heading have in common, beside their workloads.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Group {
    /// The value of the label; None for those without it.
    pub value: Option<Arc<str>>,
    /// Their names, in order.
    pub namespaces: Vec<Arc<str>>,
    /// When the oldest and the youngest of them were created.
    pub created: Option<(Timestamp, Timestamp)>,
    /// Who answers for them, or what made them.
    pub owner: Common<Arc<str>>,
    /// The images of the first containers of their workloads.
    pub image: Common<Arc<str>>,
    /// How many of them are being deleted.
    pub terminating: usize,
}

/// The headings of the table of namespaces.
#[derive(Clone, Debug, Default)]
pub struct Groups {
    /// The label.
    label: Option<Arc<str>>,
    /// The headings, by the value of the label; last that of namespaces without it.
    headings: Vec<NamespaceRow>,
    /// The version of the rows that they were made of.
    made_of: Option<u64>,
}

impl Groups {
    /// Makes the headings for this label anew, unless rows and label are those that they were made of.
    pub fn settle(&mut self, rows: &Rows, roll_up: &RollUp, label: Option<&Arc<str>>) {
        if self.label.as_ref() == label && self.made_of == Some(rows.version()) {
            return;
        }
        let headings = label.map(|label| headings(rows, roll_up, label)).unwrap_or_default();
        *self = Self { label: label.cloned(), headings, made_of: Some(rows.version()) };
    }

    /// The heading of this name.
    pub fn get(&self, object: &ObjectRef) -> Option<&NamespaceRow> {
        self.headings.iter().find(|heading| heading.object == *object)
    }

    /// How many namespaces have this value.
    pub fn size(&self, value: Option<&str>) -> usize {
        let group = self.headings.iter().filter_map(|heading| heading.group.as_deref());
        group.filter(|group| group.value.as_deref() == value).map(|group| group.namespaces.len()).sum()
    }
}

/// The name of the heading above namespaces of this value.
pub fn heading(value: Option<&str>) -> ObjectRef {
    ObjectRef::new(Kind::Namespace, value.unwrap_or(NONE), "")
}

/// Whether this names a heading instead of a namespace.
pub fn is_heading(object: &ObjectRef) -> bool {
    object.kind == Kind::Namespace && object.name.is_empty()
}

/// The value of a group as views write it.
pub fn written(value: &Option<Arc<str>>) -> String {
    value.as_deref().unwrap_or(NONE).to_owned()
}

/// The value of a group that a view wrote.
pub fn read(text: &str) -> Option<Arc<str>> {
    (text != NONE).then(|| text.into())
}

/// Who answers for a namespace: a person, else what made it.
pub fn owner(namespace: &Namespace) -> Option<Arc<str>> {
    let made = |owner: &Owner| Arc::from(owner.to_string());
    namespace.contact.clone().or_else(|| namespace.owner.as_ref().map(made))
}

fn headings(rows: &Rows, roll_up: &RollUp, label: &str) -> Vec<NamespaceRow> {
    let mut groups: BTreeMap<(bool, Option<&str>), Vec<&NamespaceRow>> = BTreeMap::new();
    for row in roll_up.namespaces() {
        let value = rows.namespaces.get(&row.object).and_then(|namespace| namespace.labels.get(label));
        groups.entry((value.is_none(), value)).or_default().push(row);
    }
    groups.into_iter().map(|((_, value), members)| of(rows, value, &members)).collect()
}

fn of(rows: &Rows, value: Option<&str>, members: &[&NamespaceRow]) -> NamespaceRow {
    let mut counts = Tally::default();
    members.iter().for_each(|row| counts.merge(row.counts));
    // An empty namespace is as well as can be, but no reason to call the others so.
    let worst =
        members.iter().filter_map(|row| Some((row.health?, row.worst.as_ref()))).min_by_key(|(health, _)| *health);
    let known = || members.iter().filter_map(|row| rows.namespaces.get(&row.object));
    let created = || known().filter_map(|namespace| namespace.created);
    let images =
        members.iter().flat_map(|row| rows.workloads_in(&row.object.name)).filter_map(|w| w.containers.first());
    let group = Group {
        value: value.map(Into::into),
        namespaces: members.iter().map(|row| row.object.name.clone()).collect(),
        created: created().min().zip(created().max()),
        owner: Common::of(known().filter_map(owner).collect()),
        image: Common::of(images.map(|container| container.image.clone()).collect()),
        terminating: known().filter(|namespace| &*namespace.phase == "Terminating").count(),
    };
    NamespaceRow {
        object: heading(value),
        health: worst.map(|(health, _)| health),
        worst: worst.and_then(|(_, worst)| worst.cloned()),
        counts,
        group: Some(Box::new(group)),
    }
}

/// The labels by which namespaces can be grouped, each with how many values it has and how many namespaces have it. Those that
/// Kubernetes and its tools set come last.
pub fn labels(rows: &Rows) -> Vec<(Arc<str>, usize, usize)> {
    let mut found: BTreeMap<&str, (BTreeSet<&str>, usize)> = BTreeMap::new();
    for (key, value) in rows.namespaces.iter().flat_map(|namespace| namespace.labels.iter()) {
        let (values, bearers) = found.entry(key).or_default();
        values.insert(value);
        *bearers += 1;
    }
    let own = |key: &str| key.contains("kubernetes.io/") || key.contains("toolkit.fluxcd.io/");
    let mut labels: Vec<_> =
        found.iter().map(|(key, (values, bearers))| (Arc::from(*key), values.len(), *bearers)).collect();
    labels.sort_by_key(|(key, ..)| own(key));
    labels
}

/// Why labels of namespaces are not known; None where they are.
pub fn unknown(rows: &Rows) -> Option<&'static str> {
    match rows.sync_of(Kind::Namespace) {
        Sync::Forbidden { .. } => Some("namespaces may not be listed, so their labels are not known"),
        Sync::Loading => Some("the namespaces are still loading"),
        Sync::Live { .. } | Sync::Stale { .. } | Sync::Absent => None,
    }
}

impl State {
    /// How the table of namespaces is grouped.
    pub(super) fn grouping(&self) -> Option<&Grouping> {
        self.table(TableKind::Namespaces).list.look().grouping.as_ref()
    }

    /// The namespaces that are marked, those below marked headings too; where nothing is marked, what is selected.
    pub(super) fn chosen_namespaces(&self) -> Chosen {
        let list = &self.table(TableKind::Namespaces).list;
        let named = match list.marked() {
            0 => list.selected().into_iter().collect::<Vec<_>>(),
            _ => list.marks().iter().collect(),
        };
        named.into_iter().flat_map(|object| self.namespaces_of(object)).collect()
    }

    /// A namespace, or those below a heading.
    pub(super) fn namespaces_of(&self, object: &ObjectRef) -> Vec<Arc<str>> {
        match self.groups.get(object).and_then(|row| row.group.as_deref()) {
            Some(group) => group.namespaces.clone(),
            None if is_heading(object) => Vec::new(),
            None => vec![object.name.clone()],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Change, Labels};

    fn rows(namespaces: &[(&str, &str)]) -> Rows {
        let labels = |text: &str| -> Labels {
            let pairs = text.split(',').filter_map(|pair| pair.split_once('='));
            pairs.map(|(key, value)| (key.into(), value.into())).collect()
        };
        let row = |(name, text): &(&str, &str)| {
            Change::Namespace(Namespace { name: (*name).into(), labels: labels(text), ..Namespace::default() })
        };
        let mut rows = Rows::default();
        rows.apply(namespaces.iter().map(row).collect(), Timestamp::UNIX_EPOCH);
        rows
    }

    #[test]
    fn each_value_has_a_heading_and_what_lacks_the_label_the_last_one() {
        let rows = rows(&[("a", "client=acme"), ("b", "client=acme,env=x"), ("c", "env=x"), ("d", "client=")]);
        let roll_up = RollUp::of(&rows);
        let mut groups = Groups::default();
        groups.settle(&rows, &roll_up, Some(&"client".into()));
        let seen: Vec<_> = groups.headings.iter().map(|row| row.group.as_deref().unwrap()).collect();
        let seen: Vec<_> = seen.iter().map(|group| (group.value.as_deref(), group.namespaces.join(" "))).collect();
        assert_eq!(seen, [(Some(""), "d".into()), (Some("acme"), "a b".into()), (None, "c".into())]);
        assert_eq!((groups.size(Some("acme")), groups.size(None), groups.size(Some("x"))), (2, 1, 0));
        for value in [Some(""), Some("acme"), None] {
            let name = heading(value);
            assert!(is_heading(&name) && groups.get(&name).is_some());
        }
        groups.settle(&rows, &roll_up, None);
        assert!(groups.headings.is_empty());
    }

    #[test]
    fn labels_of_teams_are_offered_before_those_of_machines() {
        let rows = rows(&[("a", "client=acme,kubernetes.io/metadata.name=a"), ("b", "client=b,zone=1")]);
        let labels: Vec<_> = labels(&rows).iter().map(|(key, values, of)| format!("{key} {values} {of}")).collect();
        assert_eq!(labels, ["client 2 2", "zone 1 1", "kubernetes.io/metadata.name 1 1"]);
        assert_eq!(unknown(&rows), Some("the namespaces are still loading"));
    }
}
