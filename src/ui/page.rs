//! Text of several lines with meanings: what sheets and detail panes are made of, wrapped to a width and scrolled.

use super::{pen::wrap, scene::Scene};
use crate::config::Meaning;
use ratatui::{buffer::Buffer, layout::Rect};
use unicode_width::UnicodeWidthStr;

/// A piece of a line and what it says.
pub type Piece = (Meaning, String);

/// Lines wrapped to a width.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    width: usize,
    lines: Vec<Vec<Piece>>,
}

impl Page {
    /// An empty page of this width.
    pub fn new(width: u16) -> Self {
        Self { width: width.into(), lines: Vec::new() }
    }

    /// Its width in columns.
    pub const fn width(&self) -> usize {
        self.width
    }

    /// How many lines it has.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// An empty line, unless there is one already or nothing above it.
    pub fn blank(&mut self) {
        if self.lines.last().is_some_and(|line| !line.is_empty()) {
            self.lines.push(Vec::new());
        }
    }

    /// One line of pieces, cut where it is too long.
    pub fn line(&mut self, pieces: Vec<Piece>) {
        self.lines.push(pieces);
    }

    /// A paragraph.
    pub fn text(&mut self, meaning: Meaning, text: &str) {
        self.lines.extend(wrap(text, self.width).into_iter().map(|line| vec![(meaning, line)]));
    }

    /// A paragraph that hangs beside what comes before it: `pieces` on the first line, blanks below them.
    pub fn hanging(&mut self, pieces: Vec<Piece>, meaning: Meaning, text: &str) {
        let indent: usize = pieces.iter().map(|(_, text)| text.width()).sum();
        if text.is_empty() {
            return self.lines.push(pieces);
        }
        let mut first = Some(pieces);
        for line in wrap(text, self.width.saturating_sub(indent)) {
            let mut pieces = first.take().unwrap_or_else(|| vec![(Meaning::Text, " ".repeat(indent))]);
            pieces.push((meaning, line));
            self.lines.push(pieces);
        }
    }

    /// A paragraph beside a label of eight columns.
    pub fn labelled(&mut self, label: &str, meaning: Meaning, text: &str) {
        self.hanging(vec![(Meaning::Muted, format!("{label:<8} "))], meaning, text);
    }

    /// The furthest it can be scrolled in `height` lines.
    pub fn last_scroll(&self, height: u16) -> usize {
        self.lines.len().saturating_sub(height.into())
    }

    /// Draws the lines from `scroll` on; says at the right edge how many more there are.
    pub fn draw(&self, scene: &Scene<'_>, buffer: &mut Buffer, area: Rect, scroll: usize) {
        let scroll = scroll.min(self.last_scroll(area.height));
        for (row, line) in self.lines.iter().skip(scroll).take(area.height.into()).enumerate() {
            let mut pen = scene.pen(buffer, area, row as u16);
            for (meaning, text) in line {
                pen.write(text, *meaning);
            }
        }
        let below = self.last_scroll(area.height) - scroll;
        if below > 0 && area.height > 0 {
            let text = format!(" ↓ {below} more ");
            scene.pen(buffer, area, area.height - 1).at_right(text.width()).write(&text, Meaning::Key);
        }
    }
}

/// A new scroll position after moving by `rows`, kept within the page.
pub fn scrolled(position: usize, rows: isize, last: usize) -> usize {
    position.min(last).saturating_add_signed(rows).min(last)
}
