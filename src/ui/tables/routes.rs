//! The columns of the route table.

use super::{Column, Key, Object, Row, Sight, Watched, namespaces::write_labels, right};
use crate::{
    config::Meaning,
    model::{Health, Kind, Labels, ObjectRef, Route, Rows, Table},
    time::age,
    ui::{glyph, pen::Pen, scene::Scene},
};

impl Object for Route {
    fn table(rows: &Rows) -> &Table<Self> {
        &rows.routes
    }

    fn object(&self) -> &ObjectRef {
        &self.object
    }

    fn labels(&self) -> &Labels {
        &self.labels
    }
}

impl Row for Route {
    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("NAME", (16, 40), 1, name).by(|row, _| Key::text(&row.object.name)),
        Column::new("SPLIT", (7, 20), 2, split),
        Column::new("BACKENDS", (31, 60), 0, backends)
            .by(|row, _| Key::Number(i64::try_from(row.backends.len()).unwrap_or(i64::MAX))),
        Column::new("HOSTS", (16, 30), 4, hosts)
            .by(|row, _| row.hosts.first().map_or(Key::Absent, |host| Key::text(host))),
        Column::new("STATUS", (14, 60), 3, status).by(|row, _| row.reason.as_deref().map_or(Key::Absent, Key::text)),
        Column::new(" AGE", (5, 5), 5, created).by(|row, _| Key::age(row.created)).wide(),
        Column::new("LABELS", (24, 90), 6, |pen, row: &Route, _| write_labels(pen, &row.labels)).wide(),
    ];

    fn health(&self, _: &Sight<'_>) -> Health {
        self.health
    }
}

impl Watched for Route {
    const TITLE: &'static str = "Routes";
    const NOUN: &'static str = "HTTPRoutes";
    const KINDS: &'static [Kind] = &[Kind::HttpRoute];

    fn says(&self, _: &Scene<'_>) -> Vec<(Meaning, String)> {
        self.reason.iter().map(|reason| (glyph::health(self.health).1, reason.clone())).collect()
    }
}

fn name(pen: &mut Pen<'_>, row: &Route, _: &Scene<'_>) {
    let (glyph, meaning) = glyph::health(row.health);
    pen.write(glyph, meaning).skip(1);
    pen.write(&row.object.namespace, Meaning::Muted).write("/", Meaning::Muted).write(&row.object.name, Meaning::Text);
}

/// The shares one behind the other, each in a shade of its own.
fn split(pen: &mut Pen<'_>, row: &Route, _: &Scene<'_>) {
    const SHADES: [&str; 4] = ["█", "▒", "░", "▓"];
    let cells = u32::from(pen.room());
    let mut total = 0;
    for (at, backend) in row.backends.iter().enumerate() {
        let before = (total * cells + 50) / 100;
        total += backend.percent;
        let after = (total * cells + 50) / 100;
        pen.write(&SHADES[at % SHADES.len()].repeat((after - before) as usize), Meaning::Progressing);
    }
}

fn backends(pen: &mut Pen<'_>, row: &Route, _: &Scene<'_>) {
    if row.backends.is_empty() {
        pen.write("no weighted backend", Meaning::Muted);
    }
    for (at, backend) in row.backends.iter().enumerate() {
        let percent = if backend.percent == 0 { Meaning::Muted } else { Meaning::Text };
        pen.write(if at == 0 { "" } else { "  " }, Meaning::Text).write(&backend.name, percent);
        pen.write(&format!(" {} %", backend.percent), percent);
    }
}

fn hosts(pen: &mut Pen<'_>, row: &Route, _: &Scene<'_>) {
    if row.hosts.is_empty() {
        pen.write("any", Meaning::Muted);
    }
    for (at, host) in row.hosts.iter().enumerate() {
        pen.write(if at == 0 { "" } else { ", " }, Meaning::Muted).write(host, Meaning::Muted);
    }
}

fn status(pen: &mut Pen<'_>, row: &Route, _: &Scene<'_>) {
    let (_, meaning) = glyph::health(row.health);
    match &row.reason {
        Some(reason) => pen.write(reason, meaning),
        None => pen.write("–", Meaning::Muted),
    };
}

fn created(pen: &mut Pen<'_>, row: &Route, scene: &Scene<'_>) {
    right(pen, &row.created.map_or_else(|| "–".to_owned(), |then| age(then, scene.now)), Meaning::Muted);
}
