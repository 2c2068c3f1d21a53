//! The columns of the journal.

use super::{Column, Key, Named, Row, Sight, right};
use crate::{
    config::Meaning,
    model::{Account, Health, OperationId, OperationState},
    time::age,
    ui::{glyph, pen::Pen, scene::Scene},
};
use std::cmp::Ordering;

impl Named for Account {
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
        for who in &self.who {
            text.push(' ');
            text.push_str(who);
        }
        if let Some(why) = &self.why {
            text.push(' ');
            text.push_str(why);
        }
    }
}

impl Row for Account {
    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("OPERATION", (26, 52), 0, what).by(|row, _| Key::Text(row.target.path().into())),
        Column::new("WHEN", (11, 14), 1, when).by(|row, _| Key::age(Some(row.started))),
        Column::new(" AGE", (4, 4), 4, started).by(|row, _| Key::age(Some(row.started))),
        Column::new("WHO", (12, 24), 2, who).by(|row, _| row.who.first().map_or(Key::Absent, |who| Key::text(who))),
        Column::new("WHY", (14, 40), 3, why).by(|row, _| row.why.as_deref().map_or(Key::Absent, Key::text)),
        Column::new("RESULT", (14, 60), 5, result).by(|row, _| Key::Text(row.state.to_string().into())),
        Column::new("CONTEXT", (10, 20), 6, context).wide(),
    ];

    const BY_ATTENTION: bool = false;

    /// Whoever reads the journal looks for what went wrong with `:broken`; by itself it is told in the order of time.
    fn health(&self, _: &Sight<'_>) -> Health {
        match self.state {
            OperationState::Failed | OperationState::Interrupted => Health::Broken,
            OperationState::SteppedBack | OperationState::Paused => Health::Degraded,
            OperationState::Running => Health::Progressing,
            OperationState::Done => Health::Healthy,
        }
    }
}

fn what(pen: &mut Pen<'_>, row: &Account, _: &Scene<'_>) {
    let (sign, meaning) = glyph::operation(row.state);
    pen.write(sign, meaning).skip(1);
    pen.write(row.verb.as_str(), Meaning::Muted).skip(1).write(&row.target.path(), Meaning::Text);
    pen.skip(1).write(&row.summary, Meaning::Muted);
}

fn when(pen: &mut Pen<'_>, row: &Account, scene: &Scene<'_>) {
    let zone = scene.state.session.zone.clone();
    pen.write(&row.started.to_zoned(zone).strftime("%d %b %H:%M").to_string(), Meaning::Muted);
}

fn started(pen: &mut Pen<'_>, row: &Account, scene: &Scene<'_>) {
    right(pen, &age(row.started, scene.now), Meaning::Muted);
}

fn who(pen: &mut Pen<'_>, row: &Account, _: &Scene<'_>) {
    for (at, who) in row.who.iter().enumerate() {
        pen.write(if at == 0 { "" } else { ", " }, Meaning::Muted).write(who, Meaning::Text);
    }
}

fn why(pen: &mut Pen<'_>, row: &Account, _: &Scene<'_>) {
    match &row.why {
        Some(why) => pen.write(why, Meaning::Text),
        None => pen.write("–", Meaning::Muted),
    };
}

fn result(pen: &mut Pen<'_>, row: &Account, _: &Scene<'_>) {
    let (_, meaning) = glyph::operation(row.state);
    pen.write(&row.state.to_string(), meaning);
    if let Some(result) = &row.result {
        pen.write(": ", Meaning::Muted).write(result, Meaning::Muted);
    }
}

fn context(pen: &mut Pen<'_>, row: &Account, _: &Scene<'_>) {
    pen.write(&row.context, Meaning::Muted);
}
