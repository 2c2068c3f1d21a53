//! A small form: fields to type into or to choose from, each with its own error below it. What it asks for is data; what it
//! makes is an intent.

use super::{Reply, Then, forms::Purpose};
use crate::{
    config::{Chord, Meaning},
    ui::{input, scene::Scene, session::Session},
};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::{buffer::Buffer, layout::Rect};
use tui_input::Input;

/// What a field holds.
#[derive(Clone, Debug)]
pub enum Entry {
    /// Text.
    Text(Input),
    /// One of several.
    Choice {
        /// What there is to choose from; never empty.
        options: Vec<String>,
        /// Which one is chosen.
        chosen: usize,
    },
}

/// One field.
#[derive(Clone, Debug)]
pub struct Field {
    /// What it is called.
    pub label: &'static str,
    /// What may be written, in a few words.
    pub hint: &'static str,
    /// What it holds.
    pub entry: Entry,
    /// What is wrong with it.
    pub error: Option<String>,
}

impl Field {
    /// A field to type into, with what is there at first.
    pub fn text(label: &'static str, hint: &'static str, value: impl Into<String>) -> Self {
        Self { label, hint, entry: Entry::Text(Input::new(value.into())), error: None }
    }

    /// A field to choose from.
    pub fn choice(label: &'static str, options: Vec<String>, chosen: usize) -> Self {
        Self { label, hint: "← → choose", entry: Entry::Choice { options, chosen }, error: None }
    }

    /// What it holds now.
    pub fn value(&self) -> &str {
        match &self.entry {
            Entry::Text(input) => input.value().trim(),
            Entry::Choice { options, chosen } => options.get(*chosen).map_or("", |option| option),
        }
    }
}

/// A form.
#[derive(Clone, Debug)]
pub struct Form {
    title: String,
    purpose: Purpose,
    fields: Vec<Field>,
    focus: usize,
}

impl Form {
    /// A form with its fields; the reason is asked for last in every form.
    pub fn new(title: String, purpose: Purpose, mut fields: Vec<Field>) -> Self {
        fields.push(Field::text("why", "optional: kept in the journal and the commit", ""));
        Self { title, purpose, fields, focus: 0 }
    }

    /// Takes a key.
    pub fn press(&mut self, key: KeyEvent, _: &Session) -> Reply {
        let last = self.fields.len() - 1;
        match key.code {
            KeyCode::Esc => return Reply::Close(Then::Nothing),
            KeyCode::Enter => return self.submit(),
            KeyCode::Tab | KeyCode::Down => self.focus = if self.focus == last { 0 } else { self.focus + 1 },
            KeyCode::BackTab | KeyCode::Up => self.focus = if self.focus == 0 { last } else { self.focus - 1 },
            _ => return self.edit(key),
        }
        Reply::Stay
    }

    fn edit(&mut self, key: KeyEvent) -> Reply {
        let field = &mut self.fields[self.focus];
        let known = match &mut field.entry {
            Entry::Text(input) => input::press(input, key),
            Entry::Choice { options, chosen } => match key.code {
                KeyCode::Left if !key.modifiers.contains(KeyModifiers::CONTROL) => {
                    *chosen = chosen.checked_sub(1).unwrap_or(options.len() - 1);
                    true
                }
                KeyCode::Right | KeyCode::Char(' ') => {
                    *chosen = (*chosen + 1) % options.len();
                    true
                }
                _ => Chord::of(key).typed().is_some(),
            },
        };
        if !known {
            return Reply::Unknown;
        }
        field.error = None;
        Reply::Stay
    }

    fn submit(&mut self) -> Reply {
        match self.purpose.intent(&self.fields) {
            Ok(intent) => {
                let why = self.fields.last().map(Field::value).filter(|why| !why.is_empty()).map(str::to_owned);
                Reply::Ask(intent, why)
            }
            Err(errors) => {
                self.focus = errors.first().map_or(self.focus, |(at, _)| *at);
                for (at, error) in errors {
                    if let Some(field) = self.fields.get_mut(at) {
                        field.error = Some(error);
                    }
                }
                Reply::Stay
            }
        }
    }

    /// Types pasted text into the field that has the keys.
    pub fn paste(&mut self, text: &str) {
        if let Entry::Text(input) = &mut self.fields[self.focus].entry {
            input::paste(input, text);
        }
    }

    /// Goes to another field.
    pub fn step(&mut self, rows: isize) {
        self.focus = self.focus.saturating_add_signed(rows).min(self.fields.len() - 1);
    }

    /// Draws it.
    pub fn draw(&self, scene: &Scene<'_>, buffer: &mut Buffer, area: Rect) {
        let lines: u16 = self.fields.iter().map(|field| 1 + u16::from(field.error.is_some())).sum();
        let inside = scene.sheet(buffer, area, (78, lines + 4), &self.title);
        let room = inside.height.saturating_sub(2);
        // Where not all fields fit, the one that has the keys does.
        let first = (self.focus + 1).saturating_sub(usize::from(room.max(1)));
        let mut row = 0;
        for (at, field) in self.fields.iter().enumerate().skip(first) {
            if row >= room {
                break;
            }
            let line = Rect { y: inside.y + row, height: 1, ..inside };
            self.field(scene, buffer, line, field, at == self.focus);
            row += 1;
            if let Some(error) = field.error.as_ref().filter(|_| row < room) {
                let line = Rect { y: inside.y + row, height: 1, ..inside };
                scene.pen(buffer, line, 0).skip(LABEL).write("✗ ", Meaning::Broken).write(error, Meaning::Broken);
                row += 1;
            }
        }
        let keys = "enter plan   tab next field   esc cancel";
        let foot = inside.height.saturating_sub(1);
        let mut pen = scene.pen(buffer, inside, foot);
        pen.write("nothing changes before the plan is confirmed", Meaning::Muted);
        let width = keys.len() + 2;
        if usize::from(inside.width) >= 44 + width {
            pen.at_right(keys.len()).write(keys, Meaning::Muted);
        } else {
            scene.pen(buffer, inside, foot).write(&format!("{keys:<44}"), Meaning::Muted);
        }
    }

    fn field(&self, scene: &Scene<'_>, buffer: &mut Buffer, line: Rect, field: &Field, focused: bool) {
        let (mark, label) = if focused { ("▸ ", Meaning::Key) } else { ("  ", Meaning::Muted) };
        scene.pen(buffer, line, 0).write(mark, Meaning::Focus).write(field.label, label);
        let width = line.width.saturating_sub(LABEL);
        let entry = Rect { x: line.x + LABEL.min(line.width), width, ..line };
        match &field.entry {
            Entry::Text(input) if focused => input::draw(scene, buffer, Rect { width: width.min(48), ..entry }, input),
            Entry::Text(input) => {
                scene.pen(buffer, entry, 0).write(input.value(), Meaning::Text);
            }
            Entry::Choice { .. } => {
                let meaning = if focused { Meaning::Input } else { Meaning::Text };
                scene.pen(buffer, entry, 0).write(field.value(), meaning);
            }
        }
        let used = match field.value().chars().count() as u16 {
            0 if !focused => 0,
            typed => typed + 3,
        };
        let shown = focused || field.value().is_empty();
        if shown && used + (field.hint.chars().count() as u16) < width {
            scene.pen(buffer, entry, 0).skip(used).write(field.hint, Meaning::Muted);
        }
    }
}

/// Columns for a field's label.
const LABEL: u16 = 14;
