//! What lies over a screen and takes its keys: the plan sheet, confirmations, questions, forms, the palette, the help.
//!
//! A layer answers each key with what should happen; it never changes anything but itself.

mod columns;
mod confirm;
mod form;
mod forms;
mod help;
mod palette;
mod picker;
mod plan;
mod planning;
mod question;
mod rescue;
mod typed;

pub use columns::Columns;
pub use confirm::Confirm;
pub use form::Form;
pub use forms::{bump, migrate, rollback, shift};
pub use help::Help;
pub use palette::{Offers, Palette};
pub use picker::Picker;
pub use plan::PlanSheet;
pub use planning::Planning;
pub use question::{Answer, Question};
pub use rescue::Rescue;

use super::{
    chosen::Chosen,
    export::Format,
    message::{Confirmed, Effect, Failure, Ticket},
    scene::Scene,
    session::Session,
    tables::TableKind,
    views::ViewOrder,
};
use crate::{
    config::{Action, Theme},
    model::{Control, Intent, LogChoice, ObjectRef, Plan},
};
use crossterm::event::KeyEvent;
use ratatui::{
    buffer::Buffer,
    layout::Rect,
    layout::{Position, Size},
};
use std::{collections::BTreeMap, sync::Arc};

/// What lies over a screen.
#[derive(Clone, Debug)]
pub enum Layer {
    /// A plan is being made.
    Planning(Planning),
    /// A plan to confirm.
    Plan(Box<PlanSheet>),
    /// A name to be typed.
    Confirm(Box<Confirm>),
    /// A question with answers to choose from, or something to read.
    Question(Question),
    /// A verb's parameters.
    Form(Form),
    /// The tag of a bump.
    Picker(Box<Picker>),
    /// Commands by name.
    Palette(Palette),
    /// The choice of columns.
    Columns(Columns),
    /// The keys.
    Help(Help),
    /// What broke.
    Rescue(Box<Rescue>),
}

/// What a layer wants after a key.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// It goes on.
    Stay,
    /// It goes on, and this is to be done.
    Do(Vec<Effect>),
    /// It goes on beneath a request for a plan, so that what was typed is not lost when there is none.
    Ask(Intent, Option<String>),
    /// The same, with the team's rules overridden for this reason.
    Override(Intent, String),
    /// It goes on beneath this plan, which is only read, or beneath why there is none.
    Read(Result<Arc<Plan>, Failure>),
    /// It is over.
    Close(Then),
    /// The key means nothing to it.
    Unknown,
}

/// What follows a layer.
#[derive(Clone, Debug, PartialEq)]
pub enum Then {
    /// Nothing.
    Nothing,
    /// A verb begins with this workload.
    Verb(Action, ObjectRef),
    /// A plan is asked for.
    Gather(Intent, Option<String>),
    /// The picker of tags for the container of this number.
    Pick(ObjectRef, usize),
    /// The form of a bump of the container of this number to this tag.
    Bump(ObjectRef, usize, String),
    /// The answer to a ticket is not wanted any more.
    Forget(Ticket),
    /// The form of a shift of this route.
    Shift(ObjectRef),
    /// An order to the operation on the screen.
    Order(Control),
    /// An action, as if its key had been pressed.
    Run(Action),
    /// Only these namespaces; none means all.
    Scope(Chosen),
    /// A table, and if only this kind is meant, a filter for it.
    Show(TableKind, Option<&'static str>),
    /// The table on the screen by this column.
    Sort(&'static str),
    /// The namespaces, grouped by this label of theirs.
    Group(Option<Arc<str>>),
    /// Where pods run, by this label of the nodes.
    NodeLabel(Arc<str>),
    /// Only these columns of the table on the screen, None for the usual ones; and the widths that some are given.
    Columns(Option<Vec<&'static str>>, BTreeMap<&'static str, u16>),
    /// The table on the screen as a file of this format.
    Export(Format),
    /// The theme of this name, from now on.
    Theme(Arc<str>),
    /// A view is saved, opened or removed.
    View(ViewOrder),
    /// Logs of other containers.
    Logs(LogChoice),
    /// These plans are begun side by side.
    Begin(Confirmed),
    /// Of several, one is planned like this instead.
    Instead(Intent),
    /// Effects.
    Do(Vec<Effect>),
}

impl Layer {
    /// Takes a key.
    pub fn press(&mut self, key: KeyEvent, session: &Session, size: Size) -> Reply {
        match self {
            Self::Planning(layer) => layer.press(key, session),
            Self::Plan(layer) => layer.press(key, session, size),
            Self::Confirm(layer) => layer.press(key, session),
            Self::Question(layer) => layer.press(key, session),
            Self::Form(layer) => layer.press(key, session),
            Self::Picker(layer) => layer.press(key, session, size),
            Self::Palette(layer) => layer.press(key, session),
            Self::Columns(layer) => layer.press(key, session),
            Self::Help(layer) => layer.press(key, session, size),
            Self::Rescue(layer) => layer.press(key, session),
        }
    }

    /// Takes pasted text, where something is typed.
    pub fn paste(&mut self, text: &str) {
        match self {
            Self::Plan(layer) => layer.paste(text),
            Self::Confirm(layer) => layer.paste(text),
            Self::Form(layer) => layer.paste(text),
            Self::Picker(layer) => layer.paste(text),
            Self::Palette(layer) => layer.paste(text),
            Self::Help(layer) => layer.paste(text),
            Self::Rescue(layer) => layer.paste(text),
            Self::Planning(_) | Self::Question(_) | Self::Columns(_) => {}
        }
    }

    /// A click at `at` on a layer drawn over `area`: chooses what is there, and a double one takes it.
    pub fn click(&mut self, at: Position, double: bool, area: Rect) -> Reply {
        let pointed = match self {
            Self::Palette(layer) => layer.point(at, area),
            Self::Question(layer) => layer.point(at, area),
            Self::Planning(_)
            | Self::Plan(_)
            | Self::Confirm(_)
            | Self::Form(_)
            | Self::Picker(_)
            | Self::Columns(_)
            | Self::Help(_)
            | Self::Rescue(_) => false,
        };
        match self {
            Self::Palette(layer) if pointed && double => layer.take(),
            Self::Question(layer) if pointed && double => layer.take(),
            _ => Reply::Stay,
        }
    }

    /// The theme that it shows everything in while it is open.
    pub fn preview(&self) -> Option<&Theme> {
        match self {
            Self::Palette(layer) => layer.preview(),
            Self::Planning(_)
            | Self::Plan(_)
            | Self::Confirm(_)
            | Self::Question(_)
            | Self::Form(_)
            | Self::Picker(_)
            | Self::Columns(_)
            | Self::Help(_)
            | Self::Rescue(_) => None,
        }
    }

    /// Scrolls or moves by so many rows.
    pub fn scroll(&mut self, rows: isize, session: &Session, size: Size) {
        match self {
            Self::Plan(layer) => layer.scroll(rows, session, size),
            Self::Question(layer) => layer.step(rows),
            Self::Palette(layer) => layer.step(rows),
            Self::Columns(layer) => layer.step(rows),
            Self::Help(layer) => layer.scroll(rows, session, size),
            Self::Rescue(layer) => layer.step(rows),
            Self::Form(layer) => layer.step(rows),
            Self::Picker(layer) => layer.step(rows),
            Self::Planning(_) | Self::Confirm(_) => {}
        }
    }

    /// Draws it over `area`.
    pub fn draw(&self, scene: &Scene<'_>, buffer: &mut Buffer, area: Rect) {
        match self {
            Self::Planning(layer) => layer.draw(scene, buffer, area),
            Self::Plan(layer) => layer.draw(scene, buffer, area),
            Self::Confirm(layer) => layer.draw(scene, buffer, area),
            Self::Question(layer) => layer.draw(scene, buffer, area),
            Self::Form(layer) => layer.draw(scene, buffer, area),
            Self::Picker(layer) => layer.draw(scene, buffer, area),
            Self::Palette(layer) => layer.draw(scene, buffer, area),
            Self::Columns(layer) => layer.draw(scene, buffer, area),
            Self::Help(layer) => layer.draw(scene, buffer, area),
            Self::Rescue(layer) => layer.draw(scene, buffer, area),
        }
    }
}
