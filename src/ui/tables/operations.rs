//! The columns of the list of operations.

use super::{Column, right};
use crate::{
    config::Meaning,
    model::{OperationState, OperationView},
    time::age,
    ui::{glyph, pen::Pen, scene::Scene},
};

/// What, where it stands, how far, by whom, since when, and how it ended.
pub const COLUMNS: &[Column<OperationView>] = &[
    Column { title: "OPERATION", least: 30, ideal: 48, rank: 0, cell: what },
    Column { title: "STATE", least: 12, ideal: 12, rank: 1, cell: state },
    Column { title: "STEPS", least: 5, ideal: 5, rank: 3, cell: steps },
    Column { title: " AGE", least: 4, ideal: 4, rank: 2, cell: started },
    Column { title: "BY", least: 14, ideal: 22, rank: 4, cell: holder },
    Column { title: "MESSAGE", least: 20, ideal: 70, rank: 5, cell: message },
];

fn what(pen: &mut Pen<'_>, row: &OperationView, scene: &Scene<'_>) {
    let (glyph, meaning) = glyph::operation(row.state);
    pen.write(glyph, meaning).skip(1);
    pen.write(row.verb.as_str(), Meaning::Muted).skip(1).write(&row.target.path(), Meaning::Text);
    if row.context != scene.state.session.context {
        pen.write(&format!(" in {}", row.context), Meaning::Warning);
    }
    pen.skip(1).write(&row.summary, Meaning::Muted);
}

fn state(pen: &mut Pen<'_>, row: &OperationView, _: &Scene<'_>) {
    let (_, meaning) = glyph::operation(row.state);
    let text = match row.state {
        OperationState::SteppedBack => "stepped back".to_owned(),
        state => state.to_string(),
    };
    pen.write(&text, meaning);
}

fn steps(pen: &mut Pen<'_>, row: &OperationView, _: &Scene<'_>) {
    pen.write(&format!("{}/{}", row.step, row.steps.len()), Meaning::Text);
}

fn started(pen: &mut Pen<'_>, row: &OperationView, scene: &Scene<'_>) {
    right(pen, &age(row.started, scene.now), Meaning::Muted);
}

fn holder(pen: &mut Pen<'_>, row: &OperationView, _: &Scene<'_>) {
    pen.write(&row.holder, Meaning::Muted);
}

fn message(pen: &mut Pen<'_>, row: &OperationView, _: &Scene<'_>) {
    pen.write(row.message.as_deref().unwrap_or("–"), Meaning::Muted);
}
