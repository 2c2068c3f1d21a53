//! A plan is being made: says so, and lets the operator change their mind.

use super::{Reply, Then};
use crate::{
    config::{Action, Chord, Meaning, Where},
    model::{Intent, Verb},
    time::age,
    ui::{message::Ticket, scene::Scene, session::Session},
};
use crossterm::event::KeyEvent;
use jiff::Timestamp;
use ratatui::{buffer::Buffer, layout::Rect};

/// A request that is under way.
#[derive(Clone, Debug, PartialEq)]
pub struct Planning {
    /// Names the answer.
    pub ticket: Ticket,
    /// What is planned.
    pub intent: Intent,
    /// The operator's reason.
    pub why: Option<String>,
    /// Since when.
    pub since: Timestamp,
}

impl Planning {
    /// Takes a key.
    pub fn press(&self, key: KeyEvent, session: &Session) -> Reply {
        match session.keymap.action(&[Where::Everywhere], Chord::of(key)) {
            Some(Action::Back | Action::Quit) => Reply::Close(Then::Forget(self.ticket)),
            _ => Reply::Unknown,
        }
    }

    /// Draws it.
    pub fn draw(&self, scene: &Scene<'_>, buffer: &mut Buffer, area: Rect) {
        let inside = scene.sheet(buffer, area, (60, 4), "Planning");
        let text = format!("◐ {} {}", verb(self.intent.verb()).to_lowercase(), self.intent.target().path());
        let waited = age(self.since, scene.now);
        scene.pen(buffer, inside, 0).write(&text, Meaning::Text).at_right(waited.len()).write(&waited, Meaning::Muted);
        scene
            .pen(buffer, inside, 1)
            .write("nothing changes yet   ", Meaning::Muted)
            .write("esc", Meaning::Key)
            .write(" cancel", Meaning::Muted);
    }
}

/// A verb as a title says it.
pub const fn verb(verb: Verb) -> &'static str {
    match verb {
        Verb::Rollback => "Roll back",
        Verb::Restart => "Restart",
        Verb::Shift => "Shift",
        Verb::Bump => "Bump",
        Verb::Migrate => "Migrate",
    }
}
