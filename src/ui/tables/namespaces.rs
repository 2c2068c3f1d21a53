//! The columns of the namespace table: namespaces, and the headings above groups of them.

use super::{Column, Held, Key, Named, Row, Sight, Watched, right, version};
use crate::{
    config::Meaning,
    model::{Health, Kind, Labels, Namespace, ObjectRef, Rows, Workload},
    time::age,
    ui::{
        glyph,
        groups::{self, Common, Group},
        pen::Pen,
        roll_up::NamespaceRow,
        scene::Scene,
    },
};
use std::{cmp::Ordering, sync::Arc};

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

    fn heading(value: Option<&str>) -> Option<ObjectRef> {
        Some(groups::heading(value))
    }

    fn labels<'r>(&'r self, sight: &Sight<'r>) -> Option<&'r Labels> {
        listed(sight.rows, self).map(|namespace| &namespace.labels)
    }
}

impl Row for NamespaceRow {
    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("NAME", (20, 44), 0, name).by(|row, _| Key::text(&row.object.name)),
        Column::new("WORKLOADS", (9, 9), 5, total).by(|row, _| number(row.counts.total)),
        Column::new("BROKEN", (6, 6), 1, broken).by(|row, _| number(row.counts.broken)),
        Column::new("DEGRADED", (8, 8), 8, degraded).by(|row, _| number(row.counts.degraded)).wide(),
        Column::new("ROLLING", (7, 7), 7, rolling).by(|row, _| number(row.counts.progressing)),
        Column::new("REVISION", (12, 30), 4, revision)
            .by(|row, sight| newest(sight.rows, row).map_or(Key::Absent, |tag| Key::Text(tag.into()))),
        Column::new("VERDICT", (26, 90), 2, verdict).by(|row, _| Key::Number(row.health.map_or(9, |h| h as i64))),
        Column::new("OWNER", (10, 24), 6, owner).by(|row, sight| {
            listed(sight.rows, row).and_then(groups::owner).map_or(Key::Absent, |o| Key::Text(o.to_string().into()))
        }),
        Column::new(" AGE", (5, 9), 3, created)
            .by(|row, sight| Key::age(listed(sight.rows, row).and_then(|namespace| namespace.created))),
        Column::new("PHASE", (8, 12), 9, phase)
            .by(|row, sight| listed(sight.rows, row).map_or(Key::Absent, |namespace| Key::text(&namespace.phase)))
            .wide(),
        Column::new("LABELS", (20, 70), 10, labels).wide(),
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
        if groups::is_heading(object) { sight.groups.get(object) } else { sight.roll_up.namespace(&object.name) }
    }
}

impl Watched for NamespaceRow {
    const TITLE: &'static str = "Namespaces";
    const NOUN: &'static str = "namespaces";
    const KINDS: &'static [Kind] = &[Kind::Namespace];

    fn says(&self, scene: &Scene<'_>) -> Vec<(Meaning, String)> {
        // Where its column shows all of it, the sentence need not be said again.
        let Some(worst) = self.worst.as_ref().and_then(|worst| scene.rows.workloads.get(worst)) else {
            return Vec::new();
        };
        let (_, meaning) = glyph::health(scene.rows.health_of(worst));
        let said = scene.rows.reason_with_age(worst, |since| age(since, scene.now));
        said.map(|said| (meaning, format!("{}: {said}", worst.object.path()))).into_iter().collect()
    }
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
    let text = match row.health {
        Some(Health::Broken) => Meaning::Broken,
        _ if row.group.is_some() || scene.state.scope.names(&row.object.name) => Meaning::Title,
        _ => Meaning::Text,
    };
    let Some(grouping) = scene.state.grouping() else {
        pen.write(sign, meaning).skip(1).write(&row.object.name, text);
        return;
    };
    if let Some(group) = &row.group {
        let arrow = if grouping.is_folded(group.value.as_deref()) { "+" } else { "-" };
        pen.write(sign, meaning).skip(1).write(arrow, Meaning::Key).skip(1);
        value(pen, group.value.as_deref(), &grouping.label, text);
        pen.write(&format!(" ({})", group.namespaces.len()), Meaning::Muted);
        return;
    }
    let own = listed(scene.rows, row).and_then(|namespace| namespace.labels.get(&grouping.label));
    if scene.state.groups.size(own) == 1 {
        // Alone in its group, it stands for all of it.
        pen.write(sign, meaning).skip(3);
        value(pen, own, &grouping.label, Meaning::Title);
        pen.skip(1).write(&row.object.name, text);
    } else {
        pen.skip(4).write(sign, meaning).skip(1).write(&row.object.name, text);
    }
}

/// The value of a label, or that it is not there.
fn value(pen: &mut Pen<'_>, value: Option<&str>, label: &str, meaning: Meaning) {
    match value {
        Some("") => pen.write(label, Meaning::Muted).write("=\"\"", meaning),
        Some(value) => pen.write(value, meaning),
        None => pen.write("no ", Meaning::Muted).write(label, Meaning::Muted),
    };
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

/// The workload of a namespace whose rollout moved last.
fn latest<'r>(rows: &'r Rows, row: &NamespaceRow) -> Option<&'r Workload> {
    rows.workloads_in(&row.object.name).max_by_key(|workload| (workload.changed, workload.created))
}

/// The version that came last.
fn newest(rows: &Rows, row: &NamespaceRow) -> Option<String> {
    latest(rows, row).and_then(|workload| workload.containers.first()).map(|container| version(&container.image))
}

/// What serves, or is to serve: the version that came last, how many others there are, and the commit where it is known.
fn revision(pen: &mut Pen<'_>, row: &NamespaceRow, scene: &Scene<'_>) {
    let rows = scene.rows;
    if let Some(group) = &row.group {
        match &group.image {
            Common::None => pen.write("–", Meaning::Muted),
            Common::One(image) => pen.write(&version(image), Meaning::Text),
            Common::Several(count) => pen.write(&format!("{count} images"), Meaning::Muted),
        };
        return;
    }
    let Some(workload) = latest(rows, row) else {
        pen.write("–", Meaning::Muted);
        return;
    };
    let first = workload.containers.first().map(|container| &container.image);
    if let Some(before) = rows.inspections.get(&workload.object).and_then(|i| i.serving_before.first()) {
        pen.write(&version(before), Meaning::Muted).write(" → ", Meaning::Progressing);
    }
    pen.write(&first.map_or_else(|| "–".to_owned(), |image| version(image)), Meaning::Text);
    let others = rows.workloads_in(&row.object.name).filter_map(|w| w.containers.first());
    let others = others.filter(|container| Some(&container.image) != first).map(|container| &container.image);
    let others = others.collect::<std::collections::BTreeSet<_>>().len();
    if others > 0 {
        pen.write(&format!(" +{others}"), Meaning::Muted);
    }
    if let Some(commit) = listed(rows, row).and_then(|namespace| namespace.commit.as_ref()) {
        pen.skip(1).write(commit.get(..7).unwrap_or(commit), Meaning::Muted);
    }
}

/// How the rollouts of its workloads stand, and whether it is being deleted: of many, that can wait.
fn verdict(pen: &mut Pen<'_>, row: &NamespaceRow, scene: &Scene<'_>) {
    match &row.group {
        None => {
            if listed(scene.rows, row).is_some_and(|namespace| &*namespace.phase == "Terminating") {
                pen.write("being deleted  ", Meaning::Warning);
            }
            rollouts(pen, row, scene);
        }
        Some(group) => {
            rollouts(pen, row, scene);
            if group.terminating > 0 {
                pen.write(&format!("  {} being deleted", group.terminating), Meaning::Warning);
            }
        }
    }
}

/// The sentence of the workload that is worst off.
fn rollouts(pen: &mut Pen<'_>, row: &NamespaceRow, scene: &Scene<'_>) {
    if let Some(worst) = row.worst.as_ref().and_then(|worst| scene.rows.workloads.get(worst)) {
        let (_, meaning) = glyph::workload(worst, scene.rows.health_of(worst));
        if row.group.is_some() {
            pen.write(&worst.object.namespace, Meaning::Muted).write("/", Meaning::Muted);
        }
        pen.write(&worst.object.name, meaning).write(": ", Meaning::Muted);
        let said = scene.rows.reason_with_age(worst, |since| age(since, scene.now));
        pen.write(&said.unwrap_or_else(|| worst.rollout.state.to_string()), meaning);
        return;
    }
    if row.counts.total == 0 {
        pen.write("no workloads", Meaning::Muted);
        return;
    }
    let since = match &row.group {
        Some(_) => None,
        None => latest(scene.rows, row).and_then(|workload| workload.changed),
    };
    match since {
        Some(since) => pen.write(&format!("rolled out {} ago", age(since, scene.now)), Meaning::Muted),
        None => pen.write("healthy", Meaning::Muted),
    };
}

fn owner(pen: &mut Pen<'_>, row: &NamespaceRow, scene: &Scene<'_>) {
    let told: Common<Arc<str>> = match &row.group {
        Some(group) => group.owner.clone(),
        None => listed(scene.rows, row).and_then(groups::owner).map_or(Common::None, Common::One),
    };
    match told {
        Common::None => pen.write("–", Meaning::Muted),
        Common::One(owner) => pen.write(&owner, Meaning::Text),
        Common::Several(count) => pen.write(&format!("{count} owners"), Meaning::Muted),
    };
}

fn phase(pen: &mut Pen<'_>, row: &NamespaceRow, scene: &Scene<'_>) {
    if row.group.is_some() {
        return;
    }
    let (text, meaning) = match listed(scene.rows, row).map(|namespace| &*namespace.phase) {
        Some("Active") => ("Active", Meaning::Muted),
        Some("Terminating") => ("Terminating", Meaning::Warning),
        Some(other) => (other, Meaning::Muted),
        None => ("?", Meaning::Muted),
    };
    pen.write(text, meaning);
}

fn created(pen: &mut Pen<'_>, row: &NamespaceRow, scene: &Scene<'_>) {
    let text = match row.group.as_deref() {
        Some(Group { created: Some((oldest, youngest)), .. }) => {
            let (oldest, youngest) = (age(*oldest, scene.now), age(*youngest, scene.now));
            let both = format!("{youngest}–{oldest}");
            if oldest == youngest || both.chars().count() > pen.room().into() { oldest } else { both }
        }
        Some(_) => "–".to_owned(),
        None => {
            let created = listed(scene.rows, row).and_then(|namespace| namespace.created);
            created.map_or_else(|| "–".to_owned(), |then| age(then, scene.now))
        }
    };
    right(pen, &text, Meaning::Muted);
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
