//! The columns of the route table.

use super::Column;
use crate::{
    config::Meaning,
    model::Route,
    ui::{glyph, pen::Pen, scene::Scene},
};

/// Name, the split as a bar and in numbers, hosts, and why a route is not accepted.
pub const COLUMNS: &[Column<Route>] = &[
    Column { title: "NAME", least: 16, ideal: 40, rank: 0, cell: name },
    Column { title: "SPLIT", least: 10, ideal: 20, rank: 2, cell: split },
    Column { title: "BACKENDS", least: 28, ideal: 60, rank: 1, cell: backends },
    Column { title: "HOSTS", least: 16, ideal: 30, rank: 4, cell: hosts },
    Column { title: "STATUS", least: 14, ideal: 60, rank: 3, cell: status },
];

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
