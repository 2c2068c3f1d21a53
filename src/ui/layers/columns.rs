//! The choice of columns: each heading with a mark, on or off.

use super::{Reply, Then};
use crate::{
    config::{Action, Chord, Meaning, Where},
    ui::{
        look::Look,
        scene::Scene,
        session::Session,
        tables::{Heading, mark},
    },
};
use crossterm::event::{KeyCode, KeyEvent};
use ratatui::{buffer::Buffer, layout::Rect};
use std::collections::BTreeMap;

/// The least and the greatest width that a column can be given.
const NARROWEST: u16 = 3;
const WIDEST: u16 = 300;

/// The columns of a table, and which of them are shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Columns {
    headings: Vec<(Heading, bool)>,
    widths: BTreeMap<&'static str, u16>,
    at: usize,
}

impl Columns {
    /// The choice for a table of these headings, looked at like this.
    pub fn new(headings: Vec<Heading>, look: &Look) -> Self {
        let chosen = &look.columns;
        let shown = |heading: &Heading| match chosen {
            Some(chosen) => chosen.contains(&heading.title),
            None => !heading.wide,
        };
        // The name is always shown: without it no row could be told from another.
        let name = headings.first().map(|heading| (*heading, true));
        let others = headings.iter().skip(1).map(|heading| (*heading, shown(heading)));
        // The name cannot be left out, so what can be is begun with.
        let all: Vec<_> = name.into_iter().chain(others).collect();
        let at = 1.min(all.len().saturating_sub(1));
        Self { headings: all, widths: look.widths.clone(), at }
    }

    /// Takes a key.
    pub fn press(&mut self, key: KeyEvent, session: &Session) -> Reply {
        match key.code {
            KeyCode::Esc => return Reply::Close(Then::Nothing),
            KeyCode::Enter => return Reply::Close(Then::Columns(self.chosen(), self.widths.clone())),
            KeyCode::Right => self.widen(1),
            KeyCode::Left => self.widen(-1),
            KeyCode::Backspace | KeyCode::Delete => {
                if let Some((heading, _)) = self.headings.get(self.at) {
                    self.widths.remove(heading.title);
                }
            }
            KeyCode::Char(' ' | 'x') if self.at > 0 => {
                if let Some((_, shown)) = self.headings.get_mut(self.at) {
                    *shown = !*shown;
                }
            }
            _ => match session.keymap.action(&[Where::Moving], Chord::of(key)) {
                Some(Action::Up) => self.step(-1),
                Some(Action::Down) => self.step(1),
                Some(Action::Top) => self.step(isize::MIN),
                Some(Action::Bottom) => self.step(isize::MAX),
                _ => return Reply::Unknown,
            },
        }
        Reply::Stay
    }

    /// Moves to another heading.
    pub fn step(&mut self, rows: isize) {
        self.at = self.at.saturating_add_signed(rows).min(self.headings.len().saturating_sub(1));
    }

    /// Gives the column more room, or less.
    fn widen(&mut self, by: i16) {
        if let Some((heading, _)) = self.headings.get(self.at) {
            let width = self.widths.entry(heading.title).or_insert(heading.ideal);
            *width = width.saturating_add_signed(by).clamp(NARROWEST, WIDEST);
        }
    }

    /// The chosen headings; None where they are the usual ones.
    fn chosen(&self) -> Option<Vec<&'static str>> {
        let usual = self.headings.iter().all(|(heading, shown)| heading.wide != *shown);
        let shown =
            || self.headings.iter().skip(1).filter(|(_, shown)| *shown).map(|(heading, _)| heading.title).collect();
        (!usual).then(shown)
    }

    /// Draws it.
    pub fn draw(&self, scene: &Scene<'_>, buffer: &mut Buffer, area: Rect) {
        let inside = scene.sheet(buffer, area, (62, self.headings.len() as u16 + 4), "Columns");
        let height = inside.height.saturating_sub(2);
        let list = Rect { height, ..inside };
        let first = (self.at + 1).saturating_sub(usize::from(height.max(1)));
        for (row, (at, (heading, shown))) in
            self.headings.iter().enumerate().skip(first).take(height.into()).enumerate()
        {
            let row = row as u16;
            let sign = if *shown { "[x] " } else { "[ ] " };
            let width = self.widths.get(heading.title);
            scene.pen(buffer, list, row).skip(2).write(sign, Meaning::Key).write(heading.title.trim(), Meaning::Text);
            let (text, meaning) = match width {
                Some(width) => (width.to_string(), Meaning::Key),
                None => ("as there is room".to_owned(), Meaning::Muted),
            };
            scene.pen(buffer, list, row).at_right(text.len() + 1).write(&text, meaning);
            if at == self.at {
                mark(scene, buffer, list, row, true);
            }
        }
        let keys = Rect { y: inside.bottom().saturating_sub(1), height: 1.min(inside.height), ..inside };
        let mut pen = scene.pen(buffer, keys, 0);
        for (key, word) in [("space", "on or off"), ("← →", "width"), ("enter", "show these"), ("esc", "cancel")] {
            pen.write(key, Meaning::Key).skip(1).write(word, Meaning::Text).skip(2);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_choice_is_no_choice() {
        let heading = |title, wide| Heading { title, sortable: true, ideal: 9, wide };
        let of = |columns| Look { columns, ..Look::default() };
        let headings = || vec![heading("NAME", false), heading("READY", false), heading("KIND", true)];
        let mut columns = Columns::new(headings(), &of(None));
        assert_eq!(columns.chosen(), None);
        columns.headings[2].1 = true;
        assert_eq!(columns.chosen(), Some(vec!["READY", "KIND"]));
        let mut again = Columns::new(headings(), &of(columns.chosen()));
        again.headings[1].1 = false;
        assert_eq!(again.chosen(), Some(vec!["KIND"]));
        again.step(-1);
        again.widen(2);
        assert_eq!(again.widths, [("NAME", 11)].into());
    }
}
