//! Copying through the terminal itself (OSC 52), which works over ssh too.
//!
//! A terminal does not answer whether it took the text, so nothing here claims that it did.

use crate::config::Multiplexer;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use std::io::{self, Write};

/// What terminals take at most, in bytes as they are sent; some forget everything that is longer.
const MOST: usize = 74_994;

/// The part of a sequence that GNU screen passes on at once.
const PIECE: usize = 240;

/// Whether `text` is short enough to be taken by common terminals.
pub fn fits(text: &str) -> bool {
    text.len().div_ceil(3) * 4 <= MOST
}

/// Sends `text` to the clipboard of the terminal behind `output`.
///
/// # Errors
/// When the terminal is gone.
pub fn copy(output: &mut impl Write, text: &str, through: Multiplexer) -> io::Result<()> {
    let sequence = format!("\u{1b}]52;c;{}\u{7}", BASE64_STANDARD.encode(text));
    output.write_all(wrapped(&sequence, through).as_bytes())?;
    output.flush()
}

/// The sequence as what stands between lets it pass.
fn wrapped(sequence: &str, through: Multiplexer) -> String {
    match through {
        Multiplexer::None => sequence.to_owned(),
        // As `set-clipboard` wants it, and as `allow-passthrough` does: either may be all that is allowed, and twice is once.
        Multiplexer::Tmux => {
            format!("{sequence}\u{1b}Ptmux;{}\u{1b}\\", sequence.replace('\u{1b}', "\u{1b}\u{1b}"))
        }
        Multiplexer::Screen => {
            // Sequences are ASCII, so each piece is text.
            let pieces = sequence.as_bytes().chunks(PIECE).map(String::from_utf8_lossy);
            pieces.map(|piece| format!("\u{1b}P{piece}\u{1b}\\")).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_goes_as_base64_to_the_clipboard() {
        let mut sent = Vec::new();
        copy(&mut sent, "shop/checkout", Multiplexer::None).unwrap();
        assert_eq!(String::from_utf8(sent).unwrap(), "\u{1b}]52;c;c2hvcC9jaGVja291dA==\u{7}");
    }

    #[test]
    fn multiplexers_get_it_wrapped() {
        let tmux = wrapped("\u{1b}]52;c;QQ==\u{7}", Multiplexer::Tmux);
        assert_eq!(tmux, "\u{1b}]52;c;QQ==\u{7}\u{1b}Ptmux;\u{1b}\u{1b}]52;c;QQ==\u{7}\u{1b}\\");
        let screen = wrapped(&"x".repeat(PIECE + 1), Multiplexer::Screen);
        assert_eq!(screen, format!("\u{1b}P{}\u{1b}\\\u{1b}Px\u{1b}\\", "x".repeat(PIECE)));
    }

    #[test]
    fn what_terminals_would_drop_is_known() {
        assert!(fits(&"x".repeat(56_000)) && !fits(&"x".repeat(57_000)));
    }
}
