//! A question with answers to choose from; without answers, something to read. The first answer is the safe one.

use super::{Reply, Then};
use crate::{
    config::{Action, Chord, Meaning, Where},
    ui::{layout, message::Failure, page::Page, scene::Scene, session::Session},
};
use crossterm::event::KeyEvent;
use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
};

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

    /// The same with what to do.
    pub fn hint(mut self, hint: Option<String>) -> Self {
        self.hint = hint;
        self
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
            Some(Action::Open) => return self.take(),
            _ => return Reply::Unknown,
        }
        Reply::Stay
    }

    /// Moves the choice.
    pub fn step(&mut self, rows: isize) {
        self.chosen = self.chosen.saturating_add_signed(rows).min(self.answers.len().saturating_sub(1));
    }

    /// What it says.
    fn page(&self, area: Rect) -> Page {
        let mut page = Page::new(area.width.min(96).saturating_sub(4));
        page.text(Meaning::Text, &self.message);
        if let Some(hint) = &self.hint {
            page.blank();
            page.hanging(vec![(Meaning::Key, "→ ".into())], Meaning::Muted, hint);
        }
        page
    }

    /// The columns and rows it would like.
    fn size(&self, page: &Page, area: Rect) -> (u16, u16) {
        let answers = self.answers.len() as u16;
        (area.width.min(96), page.len() as u16 + u16::from(answers > 0) + answers + 4)
    }

    /// Where its text and its answers are inside the sheet.
    fn parts(&self, page: &Page, inside: Rect) -> (Rect, Rect) {
        let answers = self.answers.len() as u16;
        let gap = u16::from(answers > 0);
        let lines = inside.height.saturating_sub(2);
        let top = (page.len() as u16).min(lines.saturating_sub(answers.min(lines / 2) + gap));
        let list =
            Rect { y: inside.y + (top + gap).min(inside.height), height: lines.saturating_sub(top + gap), ..inside };
        (Rect { height: top, ..inside }, list)
    }

    /// The first answer in sight.
    fn first(&self, list: Rect) -> usize {
        (self.chosen + 1).saturating_sub(list.height.max(1).into())
    }

    /// Chooses the answer at this position; whether there is one.
    pub fn point(&mut self, at: Position, area: Rect) -> bool {
        let page = self.page(area);
        let (_, list) = self.parts(&page, layout::sheet(area, self.size(&page, area)).1);
        let pointed = list.contains(at).then(|| self.first(list) + usize::from(at.y.saturating_sub(list.y)));
        let pointed = pointed.filter(|pointed| *pointed < self.answers.len());
        self.chosen = pointed.unwrap_or(self.chosen);
        pointed.is_some()
    }

    /// Takes the chosen answer.
    pub fn take(&self) -> Reply {
        Reply::Close(self.answers.get(self.chosen).map_or(Then::Nothing, |answer| answer.then.clone()))
    }

    /// Draws it.
    pub fn draw(&self, scene: &Scene<'_>, buffer: &mut Buffer, area: Rect) {
        let page = self.page(area);
        let inside = scene.sheet(buffer, area, self.size(&page, area), &self.title);
        let (text, list) = self.parts(&page, inside);
        page.draw(scene, buffer, text, 0);
        let first = self.first(list);
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
