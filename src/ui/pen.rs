//! Writing into the buffer, one line at a time: text that does not fit ends in `…`, and nothing is ever written outside.

use crate::config::{Meaning, Theme};
use ratatui::{buffer::Buffer, layout::Rect, style::Style};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// A pen on one line of the screen.
pub struct Pen<'a> {
    buffer: &'a mut Buffer,
    theme: &'a Theme,
    x: u16,
    y: u16,
    end: u16,
}

impl<'a> Pen<'a> {
    /// A pen at the left of the line `row` of `area`; a line outside the area takes no ink.
    pub fn new(buffer: &'a mut Buffer, theme: &'a Theme, area: Rect, row: u16) -> Self {
        let area = area.intersection(buffer.area);
        let end = if row < area.height { area.right() } else { area.left() };
        Self { buffer, theme, x: area.left(), y: area.top().saturating_add(row), end }
    }

    /// How many columns are left.
    pub fn room(&self) -> u16 {
        self.end.saturating_sub(self.x)
    }

    /// Where the next character goes.
    pub fn position(&self) -> (u16, u16) {
        (self.x, self.y)
    }

    /// Writes `text`; what does not fit is replaced by `…`.
    pub fn write(&mut self, text: &str, meaning: Meaning) -> &mut Self {
        self.styled(text, self.theme.of(meaning))
    }

    /// Writes `text` in a style of its own.
    pub fn styled(&mut self, text: &str, style: Style) -> &mut Self {
        let room = usize::from(self.room());
        if room == 0 || text.is_empty() {
            return self;
        }
        if fits(text, room) {
            self.x = self.buffer.set_stringn(self.x, self.y, text, room, style).0;
        } else {
            (self.x, _) = self.buffer.set_stringn(self.x, self.y, text, room - 1, style);
            (self.x, _) = self.buffer.set_stringn(self.x, self.y, "…", 1, style);
            self.end = self.x;
        }
        self
    }

    /// Leaves `columns` free.
    pub fn skip(&mut self, columns: u16) -> &mut Self {
        self.x = self.x.saturating_add(columns).min(self.end);
        self
    }

    /// Goes on at `columns` before the end, or stays where there is less room.
    pub fn at_right(&mut self, columns: usize) -> &mut Self {
        let columns = u16::try_from(columns).unwrap_or(u16::MAX);
        self.x = self.x.max(self.end.saturating_sub(columns));
        self
    }
}

/// Whether `text` is at most `room` columns wide, without measuring more of it than needed.
fn fits(text: &str, room: usize) -> bool {
    text.len() <= room || text.width() <= room
}

/// Breaks `text` into lines of at most `width` columns, at spaces where there are any.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines = Vec::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        let mut used = 0;
        for word in paragraph.split(' ') {
            let wide = word.width();
            if used > 0 && used + 1 + wide > width {
                lines.push(std::mem::take(&mut line));
                used = 0;
            }
            if used > 0 {
                line.push(' ');
                used += 1;
            }
            for c in word.chars().filter(|c| !c.is_control()) {
                let wide = c.width().unwrap_or(0);
                if used + wide > width {
                    lines.push(std::mem::take(&mut line));
                    used = 0;
                }
                line.push(c);
                used += wide;
            }
        }
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_wrap_and_long_words_break() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefgh ij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(wrap("界界界", 4), ["界界", "界"]);
        assert_eq!(wrap("x", 0), ["x"]);
    }

    #[test]
    fn what_does_not_fit_ends_in_an_ellipsis() {
        let theme = Theme::monochrome();
        let mut buffer = Buffer::empty(Rect::new(0, 0, 6, 1));
        let area = buffer.area;
        Pen::new(&mut buffer, &theme, area, 0).write("checkout", Meaning::Text).write("x", Meaning::Text);
        assert_eq!(buffer, Buffer::with_lines(["check…"]));
        Pen::new(&mut buffer, &theme, Rect::new(3, 7, 9, 9), 3).write("outside", Meaning::Text);
        assert_eq!(buffer, Buffer::with_lines(["check…"]));
    }
}
