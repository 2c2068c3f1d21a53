//! The last look at a frame before it goes to the terminal: nothing is written that the terminal would obey instead of show, and
//! on a terminal that has ASCII only, nothing else.
//!
//! It looks at cells, not at what drew them, so no screen can forget it. Each sign keeps its column, and signs that mean
//! different things stay different.

use ratatui::buffer::Buffer;

/// Replaces what would steer the terminal: control characters, and the marks that turn the direction of writing.
pub fn tame(buffer: &mut Buffer) {
    for cell in &mut buffer.content {
        if !is_plain(cell.symbol()) && cell.symbol().chars().any(steers) {
            cell.set_symbol("?");
        }
    }
}

/// Replaces everything that is not ASCII.
pub fn spell(buffer: &mut Buffer) {
    let columns = usize::from(buffer.area.width.max(1));
    let mut at = 0;
    while at < buffer.content.len() {
        let symbol = buffer.content[at].symbol();
        if is_plain(symbol) {
            at += 1;
            continue;
        }
        let width = unicode_width::UnicodeWidthStr::width(symbol).max(1);
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

/// Whether a character is an order to the terminal.
fn steers(c: char) -> bool {
    c.is_control()
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
        '×' => 'x',
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
        assert_eq!(shown, ["?", "?", "界"]);
    }
}
