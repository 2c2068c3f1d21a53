//! What a frame is drawn from: borrowed, never copied.

use super::{layout, pen::Pen, state::State, tables::Sight};
use crate::{
    config::{Meaning, Theme},
    model::Rows,
};
use jiff::Timestamp;
use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::Style,
    widgets::{Block, Clear, Widget},
};

/// Everything one frame looks at.
pub struct Scene<'a> {
    /// The screen's state.
    pub state: &'a State,
    /// The rows.
    pub rows: &'a Rows,
    /// The time of this frame: every age is counted from here.
    pub now: Timestamp,
}

impl<'a> Scene<'a> {
    /// What tables look at.
    pub fn sight(&self) -> Sight<'a> {
        Sight { rows: self.rows, roll_up: &self.state.roll_up, groups: &self.state.groups }
    }

    /// The theme: the one that is being tried out, else the session's.
    pub fn theme(&self) -> &Theme {
        let tried = self.state.layers.last().and_then(|layer| layer.preview());
        tried.unwrap_or(&self.state.session.theme)
    }

    /// The style of a meaning.
    pub fn style(&self, meaning: Meaning) -> Style {
        self.theme().of(meaning)
    }

    /// The style of a context's name: its own colour, so that production is unmistakable.
    pub fn context_style(&self, name: &str) -> Style {
        let style = self.style(Meaning::Title);
        self.state.session.colour_of(name).map_or(style, |colour| style.fg(colour))
    }

    /// A pen on one line of `area`.
    pub fn pen<'b>(&'b self, buffer: &'b mut Buffer, area: Rect, row: u16) -> Pen<'b> {
        Pen::new(buffer, self.theme(), area, row)
    }

    /// A pane's border with its title; gives the room inside.
    pub fn pane(&self, buffer: &mut Buffer, area: Rect, title: &str, focused: bool) -> Rect {
        let (meaning, line) = match focused {
            true => (Meaning::Focus, self.state.session.frame(self.theme())),
            false => (Meaning::Border, self.style(Meaning::Border)),
        };
        let block = Block::bordered().border_style(line);
        let inside = block.inner(area);
        block.render(area, buffer);
        if !title.is_empty() {
            let room = area.intersection(Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area });
            let title_meaning = if focused { Meaning::Title } else { Meaning::Muted };
            self.pen(buffer, room, 0).write(" ", meaning).write(title, title_meaning).write(" ", meaning);
        }
        inside
    }

    /// A sheet over everything else, in the middle of `area`; gives the room inside.
    pub fn sheet(&self, buffer: &mut Buffer, area: Rect, size: (u16, u16), title: &str) -> Rect {
        let (sheet, room) = layout::sheet(area, size);
        Clear.render(sheet, buffer);
        buffer.set_style(sheet, self.style(Meaning::Text));
        self.pane(buffer, sheet, title, true);
        room
    }
}
