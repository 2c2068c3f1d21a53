//! The columns of the Job table.

use super::{Column, right, version};
use crate::{
    config::Meaning,
    model::{Job, JobState},
    time::age,
    ui::{glyph, pen::Pen, scene::Scene},
};
use jiff::Timestamp;

/// Name, state, completions, how long it took, image, age and owner.
pub const COLUMNS: &[Column<Job>] = &[
    Column { title: "NAME", least: 30, ideal: 56, rank: 0, cell: name },
    Column { title: "STATE", least: 11, ideal: 44, rank: 1, cell: state },
    Column { title: "DONE", least: 5, ideal: 7, rank: 3, cell: done },
    Column { title: "TOOK", least: 5, ideal: 5, rank: 5, cell: took },
    Column { title: "IMAGE", least: 14, ideal: 24, rank: 2, cell: image },
    Column { title: " AGE", least: 4, ideal: 4, rank: 4, cell: started },
    Column { title: "OWNER", least: 5, ideal: 22, rank: 6, cell: owner },
];

fn name(pen: &mut Pen<'_>, row: &Job, _: &Scene<'_>) {
    let (glyph, meaning) = glyph::job(&row.state);
    pen.write(glyph, meaning).skip(1);
    pen.write(&row.object.namespace, Meaning::Muted).write("/", Meaning::Muted).write(&row.object.name, Meaning::Text);
}

fn state(pen: &mut Pen<'_>, row: &Job, _: &Scene<'_>) {
    let (_, meaning) = glyph::job(&row.state);
    match &row.state {
        JobState::Suspended => pen.write("suspended", meaning),
        JobState::Running if row.failed > 0 => pen.write(&format!("running, {} failed", row.failed), meaning),
        JobState::Running => pen.write("running", meaning),
        JobState::Complete => pen.write("complete", meaning),
        JobState::Failed(why) if why.is_empty() => pen.write("failed", meaning),
        JobState::Failed(why) => pen.write("failed: ", meaning).write(why, meaning),
    };
}

fn done(pen: &mut Pen<'_>, row: &Job, _: &Scene<'_>) {
    pen.write(&format!("{}/{}", row.succeeded, row.completions), Meaning::Text);
}

fn took(pen: &mut Pen<'_>, row: &Job, scene: &Scene<'_>) {
    let until = |end: Option<Timestamp>| Some(age(row.started?, end?));
    let running = matches!(row.state, JobState::Running).then_some(scene.now);
    pen.write(&until(row.finished.or(running)).unwrap_or_else(|| "–".into()), Meaning::Muted);
}

fn image(pen: &mut Pen<'_>, row: &Job, _: &Scene<'_>) {
    pen.write(&version(&row.image), Meaning::Text);
}

fn started(pen: &mut Pen<'_>, row: &Job, scene: &Scene<'_>) {
    right(pen, &row.started.map_or_else(|| "–".into(), |then| age(then, scene.now)), Meaning::Muted);
}

fn owner(pen: &mut Pen<'_>, row: &Job, _: &Scene<'_>) {
    pen.write(row.owner.as_ref().map_or("–", |owner| owner.kind.badge()), Meaning::Muted);
}
