//! Which line is on which row of the screen. Pure: drawing, moving and the mouse ask the same functions.

use super::{At, Look, Open, Stamps, spoken};
use crate::{model::LogLine, ui::layout};
use ratatui::layout::{Rect, Size};
use std::ops::Range;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// The room for lines, and how it is divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    /// Where lines stand.
    pub lines: Rect,
    /// Where what is typed stands; empty where nothing is looked for.
    pub bar: Rect,
    /// Columns of the mark, the time and the name.
    pub mark: usize,
    /// Columns of the time.
    pub stamp: usize,
    /// Columns of the container's name.
    pub name: usize,
    /// Columns of the text.
    pub text: usize,
    /// Rows of a line at most.
    pub rows: usize,
}

/// One row of the screen: the line's index, and which of its rows this is.
pub type Part = (usize, usize);

impl Geometry {
    /// The geometry on a terminal of this size.
    pub fn new(open: &Open, look: &Look, size: Size) -> Self {
        let inside = layout::inside(layout::frame(size).body);
        let looks = open.typing.is_some() || !look.filter.is_empty() || !look.search.is_empty();
        let bar = Rect { height: u16::from(looks && inside.height > 1), ..inside };
        let lines = Rect { y: inside.y + bar.height, height: inside.height - bar.height, ..inside };
        let width = usize::from(lines.width);
        let stamp = match look.stamps {
            Stamps::Off => 0,
            Stamps::Local => 13,
            Stamps::Age => 6,
        };
        let name = match open.name_width((width / 5).clamp(5, 32)) {
            0 => 0,
            name => name + 1,
        };
        let mark = 2;
        let text = width.saturating_sub(mark + stamp + name).max(1);
        let rows = if look.wrap { usize::from(lines.height / 2).max(1) } else { 1 };
        Self { lines, bar, mark, stamp, name, text, rows }
    }

    /// Rows that a line takes.
    pub fn height(&self, line: &LogLine) -> usize {
        if self.rows == 1 || (line.cut == 0 && line.text.len() <= self.text) {
            return 1;
        }
        segments(&spoken(line), self.text).take(self.rows).count().max(1)
    }

    /// What is on the screen, from top to bottom.
    pub fn rows(&self, open: &Open) -> Vec<Part> {
        let height = usize::from(self.lines.height);
        let Some(anchor) = open.here() else { return Vec::new() };
        let parts = |index: usize| {
            let rows = open.buffer.get(index).map_or(0, |held| self.height(&held.line));
            (0..rows).map(move |part| (index, part))
        };
        let mut above: Vec<Part> = Vec::new();
        let mut index = anchor;
        while above.len() < height
            && let Some(before) = open.buffer.shown_before(index)
        {
            above.extend(parts(before).rev());
            index = before;
        }
        let mut below: Vec<Part> = parts(anchor).collect();
        let mut index = anchor + 1;
        while below.len() < height
            && let Some(after) = open.buffer.shown_from(index)
        {
            below.extend(parts(after));
            index = after + 1;
        }
        // No row stays empty while there is a line for it.
        let missing = height.saturating_sub(below.len());
        let over = match open.at {
            At::End => missing,
            At::Line(_, row) => row.min(height.saturating_sub(1)).max(missing),
        };
        above.truncate(over);
        above.reverse();
        above.extend(below);
        above.truncate(height);
        above
    }
}

impl Open {
    /// The line one is on, or the last one.
    pub fn here(&self) -> Option<usize> {
        let last = || self.buffer.shown_before(self.buffer.len());
        match self.at {
            At::End => last(),
            At::Line(place, _) => {
                let at = self.buffer.find(place);
                at.and_then(|at| self.buffer.shown_from(at)).or_else(last)
            }
        }
    }
}

/// A text cut into pieces of at most `width` columns; at least one piece.
pub fn segments(text: &str, width: usize) -> impl Iterator<Item = Range<usize>> {
    let mut from = 0;
    let mut first = true;
    std::iter::from_fn(move || {
        if from >= text.len() && !std::mem::take(&mut first) {
            return None;
        }
        first = false;
        let rest = &text[from..];
        let mut used = 0;
        let too_wide = rest.char_indices().find(|(at, c)| {
            used += c.width().unwrap_or(0);
            used > width && *at > 0
        });
        let piece = from..from + too_wide.map_or(rest.len(), |(at, _)| at);
        from = piece.end;
        Some(piece)
    })
}

/// The part of a text from column `left` on.
pub fn from_column(text: &str, left: usize) -> &str {
    if left == 0 {
        return text;
    }
    let mut column = 0;
    let start = text.char_indices().find(|(_, c)| {
        let here = column;
        column += c.width().unwrap_or(0);
        here >= left
    });
    start.map_or("", |(at, _)| &text[at..])
}

/// Columns that a text takes.
pub fn columns(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.width() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn wide_characters_are_not_torn() {
        let pieces = |text: &str, width| segments(text, width).map(|r| text[r].to_owned()).collect::<Vec<_>>();
        assert_eq!(pieces("界界界", 5), ["界界", "界"]);
        assert_eq!(pieces("abcdef", 3), ["abc", "def"]);
        assert_eq!(pieces("", 3), [""]);
        assert_eq!(pieces("界", 1), ["界"]);
        assert_eq!(from_column("a界b", 1), "界b");
        assert_eq!(from_column("a界b", 2), "b");
        assert_eq!(from_column("ab", 7), "");
    }

    proptest! {
        #[test]
        fn pieces_make_up_the_text(text in "[a-z界ü ]{0,60}", width in 2_usize..20) {
            let pieces: Vec<Range<usize>> = segments(&text, width).collect();
            prop_assert_eq!(pieces.iter().map(|r| &text[r.clone()]).collect::<String>(), text.clone());
            prop_assert!(pieces.iter().all(|r| columns(&text[r.clone()]) <= width));
        }
    }
}
