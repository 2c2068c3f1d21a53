//! The columns of the workload table.

use super::{Column, Key, Object, Row, Sight, Watched, namespaces::write_labels, right};
use crate::{
    config::Meaning,
    model::{
        Autoscaler, Health, Kind, Labels, Metric, ObjectRef, Rows, Samples, Sync, Table, Workload,
        image::ImageReference,
    },
    time::age,
    ui::{delivery, freshness, glyph, pen::Pen, plot, scene::Scene},
};
use jiff::SignedDuration;

impl Object for Workload {
    fn table(rows: &Rows) -> &Table<Self> {
        &rows.workloads
    }

    fn object(&self) -> &ObjectRef {
        &self.object
    }

    fn labels(&self) -> &Labels {
        &self.labels
    }
}

impl Row for Workload {
    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("NAME", (22, 46), 0, name).by(|row, _| Key::text(&row.object.name)),
        Column::new("READY", (16, 28), 1, ready)
            .by(|row, _| Key::Number(i64::from(row.ready) - i64::from(row.desired))),
        Column::new("IMAGE", (17, 24), 2, image)
            .by(|row, _| row.containers.first().map_or(Key::Absent, |c| Key::Text(version(&c.image).into()))),
        Column::new(" REV", (4, 5), 4, revision)
            .by(|row, _| row.revision.and_then(|r| i64::try_from(r).ok()).map_or(Key::Absent, Key::Number)),
        Column::new("CHANGED", (7, 7), 3, changed).by(|row, _| Key::age(row.changed)),
        Column::new("AUTOSCALER", (20, 36), 5, autoscaler).by(|row, sight| {
            sight.rows.autoscaler_of(&row.object).map_or(Key::Absent, |s| Key::Number(s.current.into()))
        }),
        Column::new("OWNER", (16, 24), 6, owner)
            .by(|row, _| row.owner.as_ref().map_or(Key::Absent, |owner| Key::Text(owner.to_string().into()))),
        Column::new("AGE", (5, 5), 7, created).by(|row, _| Key::age(row.created)).wide(),
        Column::new("KIND", (11, 11), 8, kind).by(|row, _| Key::text(row.object.kind.as_str())).wide(),
        Column::new("UPDATED", (7, 7), 9, updated).by(|row, _| Key::Number(row.updated.into())).wide(),
        Column::new("LABELS", (24, 90), 10, |pen, row: &Workload, _| write_labels(pen, &row.labels)).wide(),
    ];

    fn health(&self, sight: &Sight<'_>) -> Health {
        if sight.rows.inspections.is_empty() { self.health() } else { sight.rows.health_of(self) }
    }

    fn kind(&self) -> Option<Kind> {
        Some(self.object.kind)
    }
}

impl Watched for Workload {
    const TITLE: &'static str = "Workloads";
    const NOUN: &'static str = "workloads";
    const KINDS: &'static [Kind] = &freshness::WORKLOADS;
}

fn name(pen: &mut Pen<'_>, row: &Workload, scene: &Scene<'_>) {
    let health = scene.rows.health_of(row);
    let (glyph, meaning) = glyph::workload(row, health);
    let text = if health == Health::Broken { Meaning::Broken } else { Meaning::Text };
    pen.write(glyph, meaning).skip(1);
    pen.write(&row.object.namespace, Meaning::Muted).write("/", Meaning::Muted).write(&row.object.name, text);
    if row.object.kind != Kind::Deployment {
        pen.write(" ", Meaning::Muted).write(row.object.kind.short(), Meaning::Muted);
    }
}

fn ready(pen: &mut Pen<'_>, row: &Workload, scene: &Scene<'_>) {
    let health = scene.rows.health_of(row);
    let (_, meaning) = glyph::workload(row, health);
    let numbers = format!("{}/{}", row.ready, row.desired);
    let enough = if row.ready >= row.desired { Meaning::Text } else { meaning };
    pen.write(&numbers, enough);
    // What stops it is worth more than a bar; where there is room, both are shown.
    let words = if health == Health::Healthy { None } else { scene.rows.blocker_of(row).map(|b| b.kind().words()) };
    let taken = words.map_or(0, |words| words.len() + 1);
    let room = usize::from(pen.room().saturating_sub(1)).saturating_sub(taken);
    if row.desired > 0 && (words.is_none() || room >= 4) {
        let width = room.min(8).min(row.desired as usize);
        let (full, empty) = glyph::bar(row.ready.into(), row.desired.into(), width);
        // What is complete stays quiet, so that the eye falls on what is not.
        let ink = if meaning == Meaning::Healthy { Meaning::Border } else { meaning };
        pen.skip(1).write(&full, ink).write(&empty, Meaning::Muted);
    }
    if let Some(words) = words {
        pen.skip(1).write(words, meaning);
    }
}

fn image(pen: &mut Pen<'_>, row: &Workload, scene: &Scene<'_>) {
    let Some(container) = row.containers.first() else {
        // Its template is kept elsewhere, where it is not watched.
        pen.write("–", Meaning::Muted);
        return;
    };
    let before = scene.rows.inspections.get(&row.object).map_or(&[][..], |i| &i.serving_before);
    for image in before.iter().take(2) {
        pen.write(&version(image), Meaning::Muted).write(" → ", Meaning::Progressing);
    }
    pen.write(&version(&container.image), Meaning::Text);
    if row.containers.len() > 1 {
        pen.write(&format!(" +{}", row.containers.len() - 1), Meaning::Muted);
    }
    if let Some(delivery) = &row.delivery {
        delivery::write(pen, delivery);
    }
}

/// The part of an image reference that tells releases apart, digests shortened as Git shortens commits.
pub fn version(image: &str) -> String {
    let Ok(image) = ImageReference::parse(image) else { return image.to_owned() };
    match (&image.tag, &image.digest) {
        (Some(tag), _) => tag.clone(),
        (None, Some(digest)) => {
            let hex = digest.split_once(':').map_or(&**digest, |(_, hex)| hex);
            format!("@{}", hex.get(..7).unwrap_or(hex))
        }
        (None, None) => "latest".to_owned(),
    }
}

fn revision(pen: &mut Pen<'_>, row: &Workload, _: &Scene<'_>) {
    match row.revision {
        Some(revision) => right(pen, &revision.to_string(), Meaning::Muted),
        None => right(pen, "–", Meaning::Muted),
    }
}

fn changed(pen: &mut Pen<'_>, row: &Workload, scene: &Scene<'_>) {
    // Not the object's age: where the object does not tell when its rollout moved, nothing is said.
    right(pen, &row.changed.map_or_else(|| "–".to_owned(), |since| age(since, scene.now)), Meaning::Muted);
}

fn created(pen: &mut Pen<'_>, row: &Workload, scene: &Scene<'_>) {
    right(pen, &row.created.map_or_else(|| "–".to_owned(), |then| age(then, scene.now)), Meaning::Muted);
}

fn kind(pen: &mut Pen<'_>, row: &Workload, _: &Scene<'_>) {
    pen.write(row.object.kind.as_str(), Meaning::Muted);
}

fn updated(pen: &mut Pen<'_>, row: &Workload, _: &Scene<'_>) {
    let meaning = if row.updated < row.desired { Meaning::Progressing } else { Meaning::Muted };
    right(pen, &row.updated.to_string(), meaning);
}

fn autoscaler(pen: &mut Pen<'_>, row: &Workload, scene: &Scene<'_>) {
    let Some(scaler) = scene.rows.autoscaler_of(&row.object) else {
        // None is shown where none is known to be, and only there.
        match scene.rows.sync_of(Kind::HorizontalPodAutoscaler) {
            Sync::Forbidden { .. } => pen.write("forbidden", Meaning::Warning),
            Sync::Loading => pen.write("loading…", Meaning::Muted),
            Sync::Live { .. } | Sync::Stale { .. } | Sync::Absent => pen.write("–", Meaning::Muted),
        };
        return;
    };
    if scaler.trouble().is_some() {
        pen.write("! ", Meaning::Degraded);
    }
    if let Some(metric) = scaler.metrics.first() {
        pen.write(&reading(metric), Meaning::Text).skip(2);
    }
    replicas(pen, scaler);
    lately(pen, scaler, scene);
}

/// How many replicas there were of late, where they changed and there is room to see it.
fn lately(pen: &mut Pen<'_>, scaler: &Autoscaler, scene: &Scene<'_>) {
    const SPAN: SignedDuration = SignedDuration::from_mins(15);
    let width = usize::from(pen.room().saturating_sub(1)).min(12);
    let Some(samples) = scene.rows.replicas.get(&scaler.object).map(Samples::as_slice) else { return };
    let from = scene.now - SPAN;
    if width < 4 || samples.len() < 2 || samples.last().is_none_or(|(at, _)| *at < from) {
        return;
    }
    let values = plot::resample(samples, from, scene.now, width);
    let line = plot::sparkline(values.into_iter(), width, scene.state.session.terminal.ascii);
    pen.skip(1).write(&line, Meaning::Progressing);
}

/// Least, current and most replicas: `4·6·10`.
pub(super) fn replicas(pen: &mut Pen<'_>, scaler: &Autoscaler) {
    let current = if scaler.current >= scaler.max { Meaning::Warning } else { Meaning::Text };
    pen.write(&format!("{}·", scaler.min), Meaning::Muted);
    pen.write(&scaler.current.to_string(), current);
    pen.write(&format!("·{}", scaler.max), Meaning::Muted);
}

/// A metric's value beside its target, the unit said once: `cpu 83/70 %`.
pub fn reading(metric: &Metric) -> String {
    let current = metric.current.as_deref().unwrap_or("?");
    match (current.strip_suffix('%'), metric.target.strip_suffix('%')) {
        (Some(current), Some(target)) => format!("{} {current}/{target} %", metric.name),
        (None, Some(target)) if current == "?" => format!("{} ?/{target} %", metric.name),
        _ => format!("{} {current}/{}", metric.name, metric.target),
    }
}

fn owner(pen: &mut Pen<'_>, row: &Workload, _: &Scene<'_>) {
    let Some(owner) = &row.owner else {
        pen.write("–", Meaning::Muted);
        return;
    };
    pen.write(owner.kind.badge(), Meaning::Text);
    if pen.room() > 3 {
        pen.skip(1).write(&owner.name, Meaning::Muted);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_short_and_tells_releases_apart() {
        assert_eq!(version("registry:5000/shop/checkout:2.4.1"), "2.4.1");
        assert_eq!(version("nginx"), "latest");
        assert_eq!(version(&format!("app@sha256:{}", "abcdef01".repeat(8))), "@abcdef0");
    }

    #[test]
    fn a_reading_says_its_unit_once_and_admits_what_it_does_not_know() {
        let metric = |current: Option<&str>, target: &str| Metric {
            name: "cpu".into(),
            source: "Resource".into(),
            current: current.map(Into::into),
            target: target.into(),
        };
        assert_eq!(reading(&metric(Some("83%"), "70%")), "cpu 83/70 %");
        assert_eq!(reading(&metric(None, "70%")), "cpu ?/70 %");
        assert_eq!(reading(&metric(Some("71"), "80")), "cpu 71/80");
    }
}
