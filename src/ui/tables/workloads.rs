//! The columns of the workload table.

use super::{Column, right};
use crate::{
    config::Meaning,
    model::{Autoscaler, Health, Kind, Metric, Sync, Workload, image::ImageReference},
    time::age,
    ui::{delivery, glyph, pen::Pen, scene::Scene},
};

/// Name, readiness, image, revision, how long ago its rollout last moved, autoscaler and owner.
pub const COLUMNS: &[Column<Workload>] = &[
    Column { title: "NAME", least: 22, ideal: 46, rank: 0, cell: name },
    Column { title: "READY", least: 16, ideal: 28, rank: 1, cell: ready },
    Column { title: "IMAGE", least: 17, ideal: 24, rank: 2, cell: image },
    Column { title: " REV", least: 4, ideal: 5, rank: 4, cell: revision },
    Column { title: "CHANGED", least: 7, ideal: 7, rank: 3, cell: changed },
    Column { title: "AUTOSCALER", least: 22, ideal: 24, rank: 5, cell: autoscaler },
    Column { title: "OWNER", least: 12, ideal: 16, rank: 6, cell: owner },
];

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
        pen.skip(1).write(&full, meaning).write(&empty, Meaning::Muted);
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
}

/// Least, current and most replicas: `4·6·10`.
fn replicas(pen: &mut Pen<'_>, scaler: &Autoscaler) {
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
