//! The help: every key, read from the keymap, so that it is never out of date. Typing searches it.

use super::{Reply, Then};
use crate::{
    config::{Action, Chord, Meaning, Where},
    ui::{
        input,
        page::{Page, scrolled},
        scene::Scene,
        session::Session,
    },
};
use crossterm::event::{KeyCode, KeyEvent};
use ratatui::{
    buffer::Buffer,
    layout::{Rect, Size},
};
use tui_input::Input;

/// The help, scrolled so far, and what is searched for.
#[derive(Clone, Debug, Default)]
pub struct Help {
    scroll: usize,
    /// What is searched for, once something is.
    typed: Option<Input>,
}

const fn heading(place: Where) -> &'static str {
    match place {
        Where::Rows => "On workloads and routes",
        Where::Table => "On every table (and a click on a heading sorts)",
        Where::Workload => "On one workload",
        Where::Operation => "On an operation",
        Where::Operations => "On operations and the journal",
        Where::Contexts => "On contexts and the fleet",
        Where::Logs => "On logs",
        Where::Plan => "On a plan",
        Where::Panic => "On what broke",
        Where::Moving => "Moving",
        Where::Everywhere => "Everywhere",
    }
}

/// Signs and what they say.
const SIGNS: [(&str, &str); 6] = [
    ("✗", "broken"),
    ("!", "degraded, or something to know"),
    ("◐", "on its way"),
    ("‖", "paused"),
    ("?", "not known"),
    ("✓", "as it was asked"),
];

/// What is good to know beside the keys.
const NOTES: [&str; 4] = [
    "A filter's words are found fuzzily; a word with ! before it must not occur.",
    "In logs a filter's words are found as they are; /… is a regular expression.",
    "No key changes anything by itself: each verb opens a plan first.",
    "Shift and the mouse selects text as the terminal does it.",
];

/// The lines that hold every word of `sought`, below the headings they belong to.
fn page(session: &Session, width: u16, sought: &str) -> Page {
    let mut page = Page::new(width);
    let words: Vec<String> = sought.split_whitespace().map(str::to_lowercase).collect();
    let found = |text: &str| {
        let text = text.to_lowercase();
        words.iter().all(|word| text.contains(word))
    };
    let mut section = |title: &str, lines: Vec<(String, &str)>| {
        let whole = !words.is_empty() && found(title);
        let lines: Vec<_> = lines.into_iter().filter(|(key, what)| whole || found(&format!("{key} {what}"))).collect();
        if !lines.is_empty() {
            page.blank();
            page.line(vec![(Meaning::Title, title.to_owned())]);
        }
        for (key, what) in lines {
            page.line(vec![(Meaning::Key, format!("  {key:<18} ")), (Meaning::Text, what.to_owned())]);
        }
    };
    for place in Where::ALL {
        let mut told: Vec<Action> = Vec::new();
        let mut lines = Vec::new();
        for row in session.keymap.rows(place) {
            if told.contains(&row.run) || row.run.namespace().is_some_and(|digit| digit > 1) {
                continue;
            }
            told.push(row.run);
            let keys: Vec<String> =
                session.keymap.rows(place).filter(|r| r.run == row.run).map(|r| r.on.to_string()).collect();
            lines.push(match row.run.namespace() {
                Some(_) => ("1 … 9".to_owned(), "only the namespace of this number"),
                None => (keys.join(" "), row.run.description()),
            });
        }
        section(heading(place), lines);
    }
    section("Signs", SIGNS.map(|(sign, what)| (sign.to_owned(), what)).to_vec());
    page.blank();
    for note in NOTES.into_iter().filter(|note| found(note)) {
        page.text(Meaning::Muted, note);
    }
    if page.len() == 0 {
        page.text(Meaning::Muted, "no key and no sign is called so");
    }
    page
}

impl Help {
    /// Takes a key. What moves moves; any other character begins a search, and so does the filter's key.
    pub fn press(&mut self, key: KeyEvent, session: &Session, size: Size) -> Reply {
        let half = isize::try_from(size.height / 2).unwrap_or(1);
        let chord = Chord::of(key);
        if let Some(typed) = &mut self.typed {
            match key.code {
                KeyCode::Esc => (self.typed, self.scroll) = (None, 0),
                KeyCode::Backspace if typed.value().is_empty() => self.typed = None,
                KeyCode::Enter => return Reply::Close(Then::Nothing),
                KeyCode::Up => self.scroll(-1, session, size),
                KeyCode::Down => self.scroll(1, session, size),
                _ if input::press(typed, key) => self.scroll = 0,
                _ => return Reply::Unknown,
            }
            return Reply::Stay;
        }
        match session.keymap.action(&[Where::Moving, Where::Everywhere], chord) {
            Some(Action::Up) => self.scroll(-1, session, size),
            Some(Action::Down) => self.scroll(1, session, size),
            Some(Action::HalfPageUp) => self.scroll(-half, session, size),
            Some(Action::HalfPageDown) => self.scroll(half, session, size),
            Some(Action::Top) => self.scroll = 0,
            Some(Action::Bottom) => self.scroll(isize::MAX, session, size),
            Some(Action::Back | Action::Quit | Action::Help | Action::Open) => return Reply::Close(Then::Nothing),
            Some(Action::Filter) => self.typed = Some(Input::default()),
            _ => match chord.typed() {
                Some(c) => (self.typed, self.scroll) = (Some(Input::new(c.to_string())), 0),
                None => return Reply::Unknown,
            },
        }
        Reply::Stay
    }

    /// Searches for pasted text.
    pub fn paste(&mut self, text: &str) {
        input::paste(self.typed.get_or_insert_default(), text);
        self.scroll = 0;
    }

    fn sought(&self) -> &str {
        self.typed.as_ref().map_or("", |typed| typed.value())
    }

    /// Scrolls by so many lines.
    pub fn scroll(&mut self, rows: isize, session: &Session, size: Size) {
        let last = page(session, 60, self.sought()).last_scroll(size.height.saturating_sub(2));
        self.scroll = scrolled(self.scroll, rows, last);
    }

    /// Draws it.
    pub fn draw(&self, scene: &Scene<'_>, buffer: &mut Buffer, area: Rect) {
        let width = area.width.min(72);
        let page = page(&scene.state.session, width.saturating_sub(4), self.sought());
        // While something is sought the sheet keeps its size, so that nothing jumps.
        let height = if self.typed.is_some() { area.height } else { page.len() as u16 + 2 };
        let inside = scene.sheet(buffer, area, (width, height), "Keys");
        page.draw(scene, buffer, inside, self.scroll);
        let corner = Rect { x: inside.x + inside.width.min(6), y: inside.y.saturating_sub(1), ..inside };
        let corner = Rect { width: inside.width.saturating_sub(6), height: 1, ..corner };
        match &self.typed {
            Some(typed) => {
                scene.pen(buffer, corner, 0).write("/", Meaning::Key);
                let line = Rect { x: corner.x + 1, width: corner.width.saturating_sub(1).min(30), ..corner };
                input::draw(scene, buffer, line, typed);
            }
            None => {
                let hint = " type to search ";
                scene.pen(buffer, corner, 0).at_right(hint.len()).write(hint, Meaning::Muted);
            }
        }
    }
}
