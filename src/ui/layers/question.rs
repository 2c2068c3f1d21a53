//! A question with answers to choose from; without answers, something to read. The first answer is the safe one.

use super::{Reply, Then};
use crate::{
    config::{Action, Chord, Meaning, Where},
    ui::{message::Failure, page::Page, scene::Scene, session::Session},
};
use crossterm::event::KeyEvent;
use ratatui::{buffer::Buffer, layout::Rect};

/// One answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Its name.
    pub label: String,
    /// What it means.
    pub detail: String,
    /// What it leads to.
    pub then: Then,
}

impl Answer {
    /// An answer from its parts.
    pub fn new(label: impl Into<String>, detail: impl Into<String>, then: Then) -> Self {
        Self { label: label.into(), detail: detail.into(), then }
    }
}

/// A question.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    title: String,
    message: String,
    hint: Option<String>,
    answers: Vec<Answer>,
    chosen: usize,
}

impl Question {
    /// A question with its answers, the safe one first.
    pub fn new(title: impl Into<String>, message: impl Into<String>, answers: Vec<Answer>) -> Self {
        Self { title: title.into(), message: message.into(), hint: None, answers, chosen: 0 }
    }

    /// What a failure says, with what could be asked for instead, for the same reason.
    pub fn failure(failure: Failure, why: Option<&str>) -> Self {
        let why = why.map(str::to_owned);
        let answers = failure.choices.into_iter();
        Self {
            title: failure.title,
            message: failure.message,
            hint: failure.hint,
            answers: answers.map(|c| Answer::new(c.label, c.detail, Then::Gather(c.intent, why.clone()))).collect(),
            chosen: 0,
        }
    }

    /// Takes a key.
    pub fn press(&mut self, key: KeyEvent, session: &Session) -> Reply {
        match session.keymap.action(&[Where::Moving, Where::Everywhere], Chord::of(key)) {
            Some(Action::Up) => self.step(-1),
            Some(Action::Down) => self.step(1),
            Some(Action::HalfPageUp) => self.step(-5),
            Some(Action::HalfPageDown) => self.step(5),
            Some(Action::Top) => self.chosen = 0,
            Some(Action::Bottom) => self.step(isize::MAX),
            Some(Action::Back | Action::Quit) => return Reply::Close(Then::Nothing),
            Some(Action::Open) => {
                return Reply::Close(self.answers.get(self.chosen).map_or(Then::Nothing, |a| a.then.clone()));
            }
            _ => return Reply::Unknown,
        }
        Reply::Stay
    }

    /// Moves the choice.
    pub fn step(&mut self, rows: isize) {
        self.chosen = self.chosen.saturating_add_signed(rows).min(self.answers.len().saturating_sub(1));
    }

    /// Draws it.
    pub fn draw(&self, scene: &Scene<'_>, buffer: &mut Buffer, area: Rect) {
        let width = area.width.min(96);
        let mut page = Page::new(width.saturating_sub(4));
        page.text(Meaning::Text, &self.message);
        if let Some(hint) = &self.hint {
            page.blank();
            page.hanging(vec![(Meaning::Key, "→ ".into())], Meaning::Muted, hint);
        }
        let answers = self.answers.len() as u16;
        let gap = u16::from(answers > 0);
        let wanted = page.len() as u16 + gap + answers + 4;
        let inside = scene.sheet(buffer, area, (width, wanted), &self.title);
        let lines = inside.height.saturating_sub(2);
        let top = (page.len() as u16).min(lines.saturating_sub(answers.min(lines / 2) + gap));
        page.draw(scene, buffer, Rect { height: top, ..inside }, 0);
        let list =
            Rect { y: inside.y + (top + gap).min(inside.height), height: lines.saturating_sub(top + gap), ..inside };
        let first = (self.chosen + 1).saturating_sub(list.height.max(1).into());
        let label = self.answers.iter().map(|a| a.label.chars().count()).max().unwrap_or(0);
        for (row, (at, answer)) in self.answers.iter().enumerate().skip(first).take(list.height.into()).enumerate() {
            let row = row as u16;
            let mut pen = scene.pen(buffer, list, row);
            pen.skip(2)
                .write(&format!("{:<label$}  ", answer.label), Meaning::Title)
                .write(&answer.detail, Meaning::Muted);
            if at == self.chosen {
                crate::ui::tables::mark(scene, buffer, list, row, true);
            }
        }
        let keys = if self.answers.is_empty() { "esc close" } else { "enter choose   esc cancel" };
        scene.pen(buffer, inside, inside.height.saturating_sub(1)).at_right(keys.len()).write(keys, Meaning::Muted);
    }
}
