//! Making a line harmless: what a program wrote to its log must not paint the screen, move the cursor or hide itself.

/// Columns between tab stops.
const TAB: usize = 4;

/// A line as text: without colours and other control sequences, tabs as blanks, what is left of control characters and of what
/// reorders text made visible, bytes that are no UTF-8 as `�`.
pub fn clean(line: &[u8]) -> Box<str> {
    if line.iter().all(|byte| (b' '..=b'~').contains(byte)) {
        return String::from_utf8_lossy(line).into();
    }
    let text = String::from_utf8_lossy(line);
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '\u{1b}' => sequence(&mut characters),
            '\t' => plain.extend(std::iter::repeat_n(' ', TAB - plain.len() % TAB)),
            // A progress bar that redraws its line.
            '\r' => plain.push('␍'),
            // The control picture of an ASCII control character stands 0x2400 above it.
            '\0'..='\u{1f}' => plain.extend(char::from_u32(0x2400 + u32::from(c))),
            '\u{7f}' => plain.push('␡'),
            '\u{80}'..='\u{9f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' => {
                plain.push('\u{fffd}');
            }
            '\u{feff}' | '\u{2028}' | '\u{2029}' => plain.push(' '),
            c => plain.push(c),
        }
    }
    plain.into()
}

/// Skips what follows an escape character and belongs to it.
fn sequence(characters: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    match characters.peek().copied() {
        // A control sequence ends with its first letter or one of @ [ \ ] ^ _ ` { | } ~.
        Some('[') => {
            characters.next();
            characters.by_ref().find(|c| ('@'..='~').contains(c));
        }
        // A title, a link, a clipboard: ends with BEL or ESC \.
        Some(']' | 'P' | 'X' | '^' | '_') => {
            characters.next();
            while let Some(c) = characters.next() {
                if c == '\u{7}' || (c == '\u{1b}' && characters.next_if_eq(&'\\').is_some()) {
                    break;
                }
            }
        }
        Some('(' | ')' | '*' | '+' | '#' | '%') => {
            characters.next();
            characters.next();
        }
        Some(' '..='~') => {
            characters.next();
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case(b"plain text", "plain text")]
    #[case(b"\x1b[1;31merror\x1b[0m\tx\x07\x1b", "error   x␇")]
    #[case(b"\x1b]52;c;c3RvbGVu\x07after", "after")]
    #[case(b"\x1b]0;title\x1b\\after", "after")]
    #[case(b"\x1b(Bg\x1bMh", "gh")]
    #[case(b"10%\r20%", "10%␍20%")]
    #[case("a\u{202e}b".as_bytes(), "a\u{fffd}b")]
    #[case(b"\xff\xfeok", "\u{fffd}\u{fffd}ok")]
    #[case("界 ünï".as_bytes(), "界 ünï")]
    #[case(b"\tx", "    x")]
    fn what_could_do_harm_is_gone(#[case] line: &[u8], #[case] expected: &str) {
        assert_eq!(&*clean(line), expected);
    }

    proptest! {
        #[test]
        fn no_control_character_ever_passes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let text = clean(&bytes);
            prop_assert!(!text.chars().any(char::is_control), "{text:?}");
        }

        #[test]
        fn printable_text_is_left_alone(text in "[ -~äöü界]*") {
            prop_assert_eq!(&*clean(text.as_bytes()), text.as_str());
        }
    }
}
