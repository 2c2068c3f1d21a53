//! The columns of the namespace table.

use super::{Column, Held, Key, Named, Row, Sight, Watched, right};
use crate::{
    config::Meaning,
    model::{Health, Kind, Labels, Namespace, ObjectRef, Rows},
    time::age,
    ui::{glyph, pen::Pen, roll_up::NamespaceRow, scene::Scene},
};
use std::cmp::Ordering;

impl Named for NamespaceRow {
    type Id = ObjectRef;

    fn id(&self) -> ObjectRef {
        self.object.clone()
    }

    fn by_name(&self, other: &Self) -> Ordering {
        // An empty namespace needs attention least of all.
        self.health.is_none().cmp(&other.health.is_none()).then_with(|| self.object.name.cmp(&other.object.name))
    }

    fn write_text(&self, text: &mut String) {
        text.push_str(&self.object.name);
    }

    fn labels<'r>(&'r self, sight: &Sight<'r>) -> Option<&'r Labels> {
        listed(sight.rows, self).map(|namespace| &namespace.labels)
    }
}

impl Row for NamespaceRow {
    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("NAME", (20, 44), 0, name).by(|row, _| Key::text(&row.object.name)),
        Column::new("WORKLOADS", (9, 9), 3, total).by(|row, _| number(row.counts.total)),
        Column::new("BROKEN", (6, 6), 1, broken).by(|row, _| number(row.counts.broken)),
        Column::new("DEGRADED", (8, 8), 4, degraded).by(|row, _| number(row.counts.degraded)),
        Column::new("ROLLING", (7, 7), 5, rolling).by(|row, _| number(row.counts.progressing)),
        Column::new("PHASE", (8, 12), 2, phase)
            .by(|row, sight| listed(sight.rows, row).map_or(Key::Absent, |namespace| Key::text(&namespace.phase))),
        Column::new(" AGE", (5, 5), 6, created)
            .by(|row, sight| Key::age(listed(sight.rows, row).and_then(|namespace| namespace.created))),
        Column::new("LABELS", (20, 70), 7, labels).wide(),
    ];

    fn health(&self, _: &Sight<'_>) -> Health {
        self.health.unwrap_or(Health::Healthy)
    }
}

impl Held for NamespaceRow {
    fn all<'r>(sight: &Sight<'r>) -> Box<dyn Iterator<Item = &'r Self> + 'r> {
        Box::new(sight.roll_up.namespaces().iter())
    }

    fn find<'r>(sight: &Sight<'r>, object: &ObjectRef) -> Option<&'r Self> {
        sight.roll_up.namespace(&object.name)
    }
}

impl Watched for NamespaceRow {
    const TITLE: &'static str = "Namespaces";
    const NOUN: &'static str = "namespaces";
    const KINDS: &'static [Kind] = &[Kind::Namespace];
}

fn number(count: usize) -> Key<'static> {
    Key::Number(i64::try_from(count).unwrap_or(i64::MAX))
}

/// The namespace itself; None where it may not be listed, so that only its workloads tell of it.
fn listed<'r>(rows: &'r Rows, row: &NamespaceRow) -> Option<&'r Namespace> {
    rows.namespaces.get(&row.object)
}

fn name(pen: &mut Pen<'_>, row: &NamespaceRow, scene: &Scene<'_>) {
    let (sign, meaning) = row.health.map_or(("–", Meaning::Muted), glyph::health);
    pen.write(sign, meaning).skip(1);
    let text = match row.health {
        Some(Health::Broken) => Meaning::Broken,
        _ if scene.state.scope.names(&row.object.name) => Meaning::Title,
        _ => Meaning::Text,
    };
    pen.write(&row.object.name, text);
}

fn count(pen: &mut Pen<'_>, count: usize, meaning: Meaning) {
    match count {
        0 => right(pen, "–", Meaning::Muted),
        count => right(pen, &count.to_string(), meaning),
    }
}

fn total(pen: &mut Pen<'_>, row: &NamespaceRow, _: &Scene<'_>) {
    count(pen, row.counts.total, Meaning::Text);
}

fn broken(pen: &mut Pen<'_>, row: &NamespaceRow, _: &Scene<'_>) {
    count(pen, row.counts.broken, Meaning::Broken);
}

fn degraded(pen: &mut Pen<'_>, row: &NamespaceRow, _: &Scene<'_>) {
    count(pen, row.counts.degraded, Meaning::Degraded);
}

fn rolling(pen: &mut Pen<'_>, row: &NamespaceRow, _: &Scene<'_>) {
    count(pen, row.counts.progressing, Meaning::Progressing);
}

fn phase(pen: &mut Pen<'_>, row: &NamespaceRow, scene: &Scene<'_>) {
    let (text, meaning) = match listed(scene.rows, row).map(|namespace| &*namespace.phase) {
        Some("Active") => ("Active", Meaning::Muted),
        Some("Terminating") => ("Terminating", Meaning::Warning),
        Some(other) => (other, Meaning::Muted),
        None => ("?", Meaning::Muted),
    };
    pen.write(text, meaning);
}

fn created(pen: &mut Pen<'_>, row: &NamespaceRow, scene: &Scene<'_>) {
    let created = listed(scene.rows, row).and_then(|namespace| namespace.created);
    right(pen, &created.map_or_else(|| "–".to_owned(), |then| age(then, scene.now)), Meaning::Muted);
}

fn labels(pen: &mut Pen<'_>, row: &NamespaceRow, scene: &Scene<'_>) {
    if let Some(namespace) = listed(scene.rows, row) {
        write_labels(pen, &namespace.labels);
    }
}

/// Writes labels as kubectl's `--show-labels` does.
pub(super) fn write_labels(pen: &mut Pen<'_>, labels: &Labels) {
    if labels.is_empty() {
        pen.write("–", Meaning::Muted);
    }
    for (at, (key, value)) in labels.iter().enumerate() {
        pen.write(if at == 0 { "" } else { "," }, Meaning::Muted).write(key, Meaning::Muted);
        pen.write("=", Meaning::Muted).write(value, Meaning::Text);
    }
}
