//! The help: every key, read from the keymap, so that it is never out of date.

use super::{Reply, Then};
use crate::{
    config::{Action, Chord, Meaning, Where},
    ui::{
        page::{Page, scrolled},
        scene::Scene,
        session::Session,
    },
};
use crossterm::event::KeyEvent;
use ratatui::{
    buffer::Buffer,
    layout::{Rect, Size},
};

/// The help, scrolled so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Help {
    scroll: usize,
}

const fn heading(place: Where) -> &'static str {
    match place {
        Where::Rows => "On workloads and routes",
        Where::Workload => "On one workload",
        Where::Operation => "On an operation",
        Where::Operations => "On the list of operations",
        Where::Contexts => "On contexts and the fleet",
        Where::Plan => "On a plan",
        Where::Moving => "Moving",
        Where::Everywhere => "Everywhere",
    }
}

fn page(session: &Session, width: u16) -> Page {
    let mut page = Page::new(width);
    for place in Where::ALL {
        page.blank();
        page.line(vec![(Meaning::Title, heading(place).to_owned())]);
        let mut told: Vec<Action> = Vec::new();
        for row in session.keymap.rows(place) {
            if told.contains(&row.run) || row.run.namespace().is_some_and(|digit| digit > 1) {
                continue;
            }
            told.push(row.run);
            let keys: Vec<String> =
                session.keymap.rows(place).filter(|r| r.run == row.run).map(|r| r.on.to_string()).collect();
            let (keys, what) = match row.run.namespace() {
                Some(_) => ("1 … 9".to_owned(), "only the namespace of this number"),
                None => (keys.join(" "), row.run.description()),
            };
            page.line(vec![(Meaning::Key, format!("  {keys:<18} ")), (Meaning::Text, what.to_owned())]);
        }
    }
    page.blank();
    page.line(vec![(Meaning::Title, "Signs".into())]);
    for (glyph, what) in [
        ("✗", "broken"),
        ("!", "degraded, or something to know"),
        ("◐", "on its way"),
        ("‖", "paused"),
        ("?", "not known"),
        ("✓", "as it was asked"),
    ] {
        page.line(vec![(Meaning::Key, format!("  {glyph:<18} ")), (Meaning::Text, what.to_owned())]);
    }
    page.blank();
    page.text(Meaning::Muted, "A filter's words are found fuzzily; a word with ! before it must not occur.");
    page.text(Meaning::Muted, "No key changes anything by itself: each verb opens a plan first.");
    page
}

impl Help {
    /// Takes a key.
    pub fn press(&mut self, key: KeyEvent, session: &Session, size: Size) -> Reply {
        let half = isize::try_from(size.height / 2).unwrap_or(1);
        match session.keymap.action(&[Where::Moving, Where::Everywhere], Chord::of(key)) {
            Some(Action::Up) => self.scroll(-1, session, size),
            Some(Action::Down) => self.scroll(1, session, size),
            Some(Action::HalfPageUp) => self.scroll(-half, session, size),
            Some(Action::HalfPageDown) => self.scroll(half, session, size),
            Some(Action::Top) => self.scroll = 0,
            Some(Action::Bottom) => self.scroll(isize::MAX, session, size),
            Some(Action::Back | Action::Quit | Action::Help | Action::Open) => return Reply::Close(Then::Nothing),
            _ => return Reply::Unknown,
        }
        Reply::Stay
    }

    /// Scrolls by so many lines.
    pub fn scroll(&mut self, rows: isize, session: &Session, size: Size) {
        let last = page(session, 60).last_scroll(size.height.saturating_sub(2));
        self.scroll = scrolled(self.scroll, rows, last);
    }

    /// Draws it.
    pub fn draw(&self, scene: &Scene<'_>, buffer: &mut Buffer, area: Rect) {
        let width = area.width.min(72);
        let page = page(&scene.state.session, width.saturating_sub(4));
        let inside = scene.sheet(buffer, area, (width, page.len() as u16 + 2), "Keys");
        page.draw(scene, buffer, inside, self.scroll);
    }
}
