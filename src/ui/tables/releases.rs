//! The columns of the table of Helm releases: each release at its newest revision.

use super::{Column, Held, Key, Named, Row, Sight, Watched, right};
use crate::{
    config::Meaning,
    model::{Health, Kind, ObjectRef, Release, ReleaseStatus},
    time::age,
    ui::{glyph, pen::Pen, scene::Scene},
};
use std::cmp::Ordering;

impl Named for Release {
    type Id = ObjectRef;

    fn id(&self) -> ObjectRef {
        self.object.clone()
    }

    fn by_name(&self, other: &Self) -> Ordering {
        (&self.object.namespace, &self.name).cmp(&(&other.object.namespace, &other.name))
    }

    fn namespace(&self) -> &str {
        &self.object.namespace
    }

    fn write_text(&self, text: &mut String) {
        text.push_str(&self.object.namespace);
        text.push('/');
        text.push_str(&self.name);
    }
}

impl Row for Release {
    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("NAME", (24, 48), 0, name).by(|row, _| Key::text(&row.name)),
        Column::new(" REV", (4, 5), 2, |pen, row: &Self, _| right(pen, &row.revision.to_string(), Meaning::Muted))
            .by(|row, _| Key::Number(row.revision.into())),
        Column::new("STATUS", (11, 34), 1, status).by(|row, _| Key::Number(row.status as i64)),
        Column::new("CHART", (18, 36), 3, |pen, row: &Self, _| {
            pen.write(if row.chart.is_empty() { "–" } else { &row.chart }, Meaning::Text);
        })
        .by(|row, _| Key::text(&row.chart)),
        Column::new("APP", (8, 16), 5, |pen, row: &Self, _| {
            pen.write(row.app_version.as_deref().unwrap_or("–"), Meaning::Muted);
        })
        .by(|row, _| row.app_version.as_deref().map_or(Key::Absent, Key::text)),
        Column::new("UPDATED", (7, 7), 4, |pen, row: &Self, scene| {
            right(pen, &row.updated.map_or_else(|| "–".into(), |at| age(at, scene.now)), Meaning::Muted);
        })
        .by(|row, _| Key::age(row.updated)),
        Column::new("DESCRIPTION", (20, 80), 6, |pen, row: &Self, _| {
            pen.write(&row.description, Meaning::Muted);
        })
        .wide(),
    ];

    fn health(&self, _: &Sight<'_>) -> Health {
        self.status.health()
    }
}

impl Held for Release {
    fn all<'r>(sight: &Sight<'r>) -> Box<dyn Iterator<Item = &'r Self> + 'r> {
        Box::new(sight.rows.newest_releases())
    }

    fn find<'r>(sight: &Sight<'r>, object: &ObjectRef) -> Option<&'r Self> {
        sight.rows.releases.get(object)
    }
}

impl Watched for Release {
    const TITLE: &'static str = "Helm releases";
    const NOUN: &'static str = "Helm releases in Secrets";
    const KINDS: &'static [Kind] = &[Kind::Secret];

    fn says(&self, scene: &Scene<'_>) -> Vec<(Meaning, String)> {
        let (_, meaning) = glyph::health(self.status.health());
        let mut lines = Vec::new();
        if !self.description.is_empty() && (self.status != ReleaseStatus::Deployed || self.chart.is_empty()) {
            lines.push((meaning, self.description.to_string()));
        }
        if let Some(revision) = scene.rows.still_deployed(self) {
            lines.push((Meaning::Text, format!("revision {revision} is still deployed")));
        }
        lines
    }
}

fn name(pen: &mut Pen<'_>, row: &Release, _: &Scene<'_>) {
    let (glyph, meaning) = glyph::health(row.status.health());
    pen.write(glyph, meaning).skip(1);
    pen.write(&row.object.namespace, Meaning::Muted).write("/", Meaning::Muted).write(&row.name, Meaning::Text);
}

fn status(pen: &mut Pen<'_>, row: &Release, scene: &Scene<'_>) {
    let (_, meaning) = glyph::health(row.status.health());
    pen.write(row.status.as_str(), meaning);
    if let Some(revision) = scene.rows.still_deployed(row) {
        pen.write(&format!(", {revision} is deployed"), Meaning::Muted);
    }
}
