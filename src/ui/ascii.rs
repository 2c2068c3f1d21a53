//! The last look at a frame before it goes to the terminal: nothing is written that the terminal would obey instead of show, and
//! on a terminal that has ASCII only, nothing else.
//!
//! It looks at cells, not at what drew them, so no screen can forget it. Each sign keeps its column, and signs that mean
//! different things stay different.

use ratatui::buffer::Buffer;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The longest symbol that can be one sign and its accents, in bytes.
const LONGEST: usize = 32;

/// Sees to it that every cell shows what it holds and nothing else: replaces what would steer the terminal (control characters,
/// and the marks that turn the direction of writing), takes signs apart that terminals disagree about the width of, and blanks
/// the left half of a wide sign whose right half was drawn over.
pub fn tame(buffer: &mut Buffer) {
    let columns = usize::from(buffer.area.width.max(1));
    for at in 0..buffer.content.len() {
        let symbol = buffer.content[at].symbol();
        if is_plain(symbol) {
            continue;
        }
        if symbol.chars().any(steers) {
            buffer.content[at].set_symbol("?");
            continue;
        }
        let Some(first) = symbol.chars().next() else { continue };
        let first_alone = first.width().unwrap_or(0);
        let added: usize = symbol.chars().map(|c| c.width().unwrap_or(0)).sum();
        if added != symbol.width() || added != first_alone || symbol.len() > LONGEST {
            buffer.content[at].set_char(first);
        }
        let ends_line = at % columns + 1 == columns;
        if buffer.content[at].symbol().width() > 1 && (ends_line || buffer.content[at + 1].symbol() != " ") {
            buffer.content[at].set_symbol(" ");
        }
    }
}

/// Replaces everything that is not ASCII.
pub fn spell(buffer: &mut Buffer) {
    tame(buffer);
    let columns = usize::from(buffer.area.width.max(1));
    let mut at = 0;
    while at < buffer.content.len() {
        let symbol = buffer.content[at].symbol();
        if is_plain(symbol) {
            at += 1;
            continue;
        }
        let width = symbol.width().max(1);
        let sign = symbol.chars().next().map_or('?', sign);
        let line_end = at - at % columns + columns;
        for cell in &mut buffer.content[at..(at + width).min(line_end)] {
            cell.set_char(sign);
        }
        at += width;
    }
}

/// Whether a symbol is one printable ASCII character, as nearly all are. An empty one is drawn as a blank.
fn is_plain(symbol: &str) -> bool {
    match symbol.as_bytes() {
        [] => true,
        [byte] => (b' '..=b'~').contains(byte),
        _ => false,
    }
}

/// Whether a character is an order to the terminal, or one that terminals drop instead of showing.
fn steers(c: char) -> bool {
    c.is_control()
        || c == char::REPLACEMENT_CHARACTER
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// What stands for a character where there is ASCII only.
const fn sign(c: char) -> char {
    match c {
        '✗' => 'X',
        '✓' => 'v',
        '◐' => '*',
        '‖' => '=',
        '↶' | '←' | '◂' | '‹' | '≤' => '<',
        '→' | '▸' | '›' | '≥' => '>',
        '▹' => ')',
        '↑' | '▴' | '▲' => '^',
        '↓' | '▾' | '▼' => 'v',
        '…' => '~',
        '·' | '•' | '⋅' => ':',
        '−' | '–' | '—' | '‐' | '‑' | '─' | '━' | '═' | '╌' | '┄' => '-',
        '│' | '┃' | '║' | '▏' | '▕' | '┆' | '┊' => '|',
        '┈' | '┉' => '.',
        '▁' | '▂' => '_',
        '▃' | '▄' | '░' => '-',
        '▒' => '=',
        '▅' | '▆' | '▇' | '█' | '▓' | '■' => '#',
        '┌'..='╬' | '╭'..='╰' => '+',
        '‘' | '’' => '\'',
        '“' | '”' => '"',
        '×' | '↻' => 'x',
        '◆' | '●' => '*',
        '«' => '<',
        '»' => '>',
        '\u{a0}' => ' ',
        _ => '?',
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::{layout::Rect, style::Style};

    fn spelled(text: &str, width: u16) -> String {
        let mut buffer = Buffer::empty(Rect::new(0, 0, width, 1));
        buffer.set_string(0, 0, text, Style::new());
        spell(&mut buffer);
        buffer.content.iter().map(|cell| cell.symbol()).collect()
    }

    #[test]
    fn every_sign_keeps_its_column() {
        assert_eq!(spelled("✗ shop/checkout 4/6 ▆▆▁", 23), "X shop/checkout 4/6 ##_");
        assert_eq!(spelled("界x né…", 8), "??x n?~ ");
        assert_eq!(spelled("┌─┐", 3), "+-+");
        assert_eq!(spelled("👩‍🚀|", 4), "??| ");
    }

    #[test]
    fn states_stay_apart() {
        let signs = ["✗", "!", "◐", "‖", "?", "✓", "·", "–", "↶"].map(|sign| spelled(sign, 1));
        for (at, sign) in signs.iter().enumerate() {
            assert!(!signs[..at].contains(sign), "{sign} means two things");
        }
    }

    #[test]
    fn nothing_steers_the_terminal() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 3, 1));
        buffer.content[0].set_symbol("\u{1b}[31m");
        buffer.content[1].set_symbol("a\u{202e}");
        buffer.content[2].set_symbol("界");
        tame(&mut buffer);
        let shown: Vec<&str> = buffer.content.iter().map(|cell| cell.symbol()).collect();
        assert_eq!(shown, ["?", "?", " "], "a wide sign has no room in the last column");
    }

    #[test]
    fn a_sign_is_as_wide_as_every_terminal_takes_it_for() {
        let tamed = |text: &str| {
            let mut buffer = Buffer::empty(Rect::new(0, 0, 6, 1));
            buffer.set_string(0, 0, text, Style::new());
            tame(&mut buffer);
            buffer.content.iter().map(|cell| cell.symbol().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(tamed("👩‍🚀|"), ["👩", " ", "|", " ", " ", " "]);
        assert_eq!(tamed("e\u{301}界|"), ["e\u{301}", "界", " ", "|", " ", " "]);
        let mut buffer = Buffer::empty(Rect::new(0, 0, 4, 1));
        buffer.set_string(0, 0, "界界", Style::new());
        buffer.set_string(1, 0, "│", Style::new());
        tame(&mut buffer);
        assert_eq!(buffer.content[0].symbol(), " ", "a border drawn over its half stays whole");
    }
}
