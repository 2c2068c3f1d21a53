//! The columns of the list of operations.

use super::{Column, Key, Row, Sight, right};
use crate::{
    config::Meaning,
    model::{Health, OperationId, OperationState, OperationView},
    time::age,
    ui::{glyph, pen::Pen, scene::Scene},
};
use std::cmp::Ordering;

impl Row for OperationView {
    type Id = OperationId;

    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("OPERATION", (30, 48), 0, what).by(|row, _| Key::Text(row.target.path().into())),
        Column::new("STATE", (12, 12), 1, state).by(|row, _| Key::Text(row.state.to_string().into())),
        Column::new("STEPS", (5, 5), 3, steps),
        Column::new(" AGE", (4, 4), 2, started).by(|row, _| Key::age(Some(row.started))),
        Column::new("BY", (14, 22), 4, holder).by(|row, _| Key::text(&row.holder)),
        Column::new("MESSAGE", (20, 70), 5, message),
    ];

    fn id(&self) -> OperationId {
        self.id.clone()
    }

    fn health(&self, _: &Sight<'_>) -> Health {
        match self.state {
            OperationState::Interrupted => Health::Broken,
            OperationState::Running => Health::Degraded,
            OperationState::Paused => Health::Progressing,
            OperationState::Done | OperationState::Failed | OperationState::SteppedBack => Health::Healthy,
        }
    }

    fn by_name(&self, other: &Self) -> Ordering {
        other.started.cmp(&self.started).then_with(|| other.id.cmp(&self.id))
    }

    fn write_text(&self, text: &mut String) {
        text.push_str(self.verb.as_str());
        text.push(' ');
        text.push_str(&self.target.path());
        text.push(' ');
        text.push_str(&self.holder);
    }
}

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
