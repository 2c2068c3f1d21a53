//! The columns of the list of operations.

use super::{Column, Key, Named, Row, Sight, right};
use crate::{
    config::Meaning,
    model::{Health, OperationId, OperationState, OperationView},
    time::age,
    ui::{elsewhere::Elsewhere, glyph, pen::Pen, scene::Scene},
};
use std::cmp::Ordering;

impl Named for OperationView {
    type Id = OperationId;

    fn id(&self) -> OperationId {
        self.id.clone()
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

impl Row for OperationView {
    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("OPERATION", (30, 48), 0, what).by(|row, _| Key::Text(row.target.path().into())),
        Column::new("STATE", (12, 12), 1, state).by(|row, _| Key::Text(row.state.to_string().into())),
        Column::new("STEPS", (5, 5), 3, steps),
        Column::new(" AGE", (4, 4), 2, started).by(|row, _| Key::age(Some(row.started))),
        Column::new("BY", (14, 22), 4, holder).by(|row, _| Key::text(&row.holder)),
        Column::new("MESSAGE", (20, 70), 5, message),
    ];

    fn health(&self, _: &Sight<'_>) -> Health {
        match self.state {
            OperationState::Interrupted => Health::Broken,
            OperationState::Running => Health::Degraded,
            OperationState::Paused => Health::Progressing,
            OperationState::Done | OperationState::Failed | OperationState::SteppedBack => Health::Healthy,
        }
    }
}

/// What the cluster tells of an operation that no journal here knows.
fn elsewhere<'s>(scene: &'s Scene<'_>, row: &OperationView) -> Option<&'s Elsewhere> {
    scene.state.operations.elsewhere(&row.id)
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

fn state(pen: &mut Pen<'_>, row: &OperationView, scene: &Scene<'_>) {
    let (_, meaning) = glyph::operation(row.state);
    let text = match (elsewhere(scene, row), row.state) {
        (Some(other), _) => other.state().to_owned(),
        (None, OperationState::SteppedBack) => "stepped back".to_owned(),
        (None, state) => state.to_string(),
    };
    pen.write(&text, meaning);
}

fn steps(pen: &mut Pen<'_>, row: &OperationView, scene: &Scene<'_>) {
    let all = match elsewhere(scene, row) {
        Some(other) => other.claim.position().map(|(_, all)| all),
        None => Some(row.steps.len()),
    };
    match all {
        Some(all) => pen.write(&format!("{}/{all}", row.step), Meaning::Text),
        None => pen.write("–", Meaning::Muted),
    };
}

fn started(pen: &mut Pen<'_>, row: &OperationView, scene: &Scene<'_>) {
    right(pen, &age(row.started, scene.now), Meaning::Muted);
}

fn holder(pen: &mut Pen<'_>, row: &OperationView, _: &Scene<'_>) {
    pen.write(&row.holder, Meaning::Muted);
}

fn message(pen: &mut Pen<'_>, row: &OperationView, scene: &Scene<'_>) {
    if let Some(other) = elsewhere(scene, row) {
        pen.write(&other.brief(scene.now), other.meaning());
        return;
    }
    pen.write(row.message.as_deref().unwrap_or("–"), Meaning::Muted);
}
