//! How the program behaves towards the terminal it is lent: it takes what the terminal can do, gives back what it took, and
//! writes nothing that the terminal cannot show.

use crate::terminal::Terminal;
use portable_pty::CommandBuilder;
use rustix::process::Signal;

const BINARY: &str = env!("CARGO_BIN_EXE_pilothouse");

/// What is left of `bytes` without escape sequences.
fn text_of(bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    let mut bytes = bytes.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        if byte == 0x1b && bytes.next_if_eq(&b'[').is_some() {
            bytes.by_ref().find(|byte| (0x40..=0x7e).contains(byte));
        } else {
            text.push(byte);
        }
    }
    text
}

/// A shell with job control on a terminal without colour and without Unicode: ctrl-z, `fg`, and an end by signal.
#[test]
fn a_plain_terminal_gets_plain_text_and_is_given_back_whenever_it_is_wanted() {
    let home = tempfile::tempdir().unwrap();
    let mut shell = CommandBuilder::new("sh");
    shell.arg("-i");
    let variables = [("LC_ALL", "C"), ("NO_COLOR", "1"), ("PS1", "ready> "), ("ENV", "")];
    let mut terminal = Terminal::run(shell, home.path(), (100, 30), &variables);
    terminal.shows("ready>").press(&format!("'{BINARY}' demo --no-mouse\n")).shows("X shop/checkout");
    terminal.press("?").shows("type to search").press("\x1b").until("no help", |s| !s.contains("type to search"));
    terminal
        .press("gr")
        .shows("Roll back shop/checkout")
        .press("\x1b")
        .until("the sheet closed", |s| !s.contains("risk:"));
    let written = terminal.written();
    let odd = text_of(&written).into_iter().find(|byte| !matches!(byte, b' '..=b'~' | b'\r' | b'\n' | 7 | 8));
    assert_eq!(odd, None, "not one byte but ASCII");
    let has = |written: &[u8], sequence: &str| written.windows(sequence.len()).any(|w| w == sequence.as_bytes());
    assert!(has(&written, "\x1b[?1049h") && !has(&written, "\x1b[?1000h"), "the screen is taken, the mouse is not");
    assert!(!has(&written, "\x1b[38;") && !has(&written, "\x1b[31m"), "no colour");

    terminal.press("\x1a").until("the shell again", |s| s.contains("ready>"));
    assert!(terminal.is_given_back());
    terminal.press("fg\n").shows("X shop/checkout");
    assert!(!terminal.is_given_back());
    terminal.press("q").until("the shell at the end", |s| s.contains("ready>"));
    assert!(terminal.is_given_back());
    terminal.press("exit\n");
    terminal.end();
}

#[test]
fn paste_mouse_and_clipboard_work_and_a_signal_leaves_the_terminal_as_it_was() {
    let home = tempfile::tempdir().unwrap();
    let mut command = CommandBuilder::new(BINARY);
    command.arg("demo");
    let mut terminal = Terminal::run(command, home.path(), (120, 40), &[("LANG", "C.UTF-8"), ("TMUX", "/tmp/tmux")]);
    terminal.shows("▸ ✗ shop/checkout");
    terminal.press("/").press("\x1b[200~gate\nway\x1b[201~").shows("/gateway").press("\r").shows("▸ ✓ edge/gateway");
    terminal
        .press("c")
        .shows("To the clipboard of this terminal")
        .press("\r")
        .shows("name to the terminal's clipboard: gateway");
    let written = terminal.written();
    let has = |sequence: &[u8]| written.windows(sequence.len()).any(|w| w == sequence);
    assert!(has(b"\x1b]52;c;Z2F0ZXdheQ==\x07"), "gateway in base64");
    assert!(has(b"\x1bPtmux;\x1b\x1b]52;c;Z2F0ZXdheQ=="), "and wrapped for tmux");
    terminal.press("\x1b").until("no filter", |s| s.contains("shop/checkout"));
    // A click on the key bar's last key, in the coordinates of SGR mode, which count from one.
    let line = terminal.text().lines().last().unwrap_or_default().to_owned();
    let column = line[..line.find("? help").unwrap()].chars().count() + 1;
    terminal.press(&format!("\x1b[<0;{column};40M\x1b[<0;{column};40m")).shows("type to search");
    terminal.press("\x1b").until("the help closed", |s| !s.contains("type to search"));
    terminal.press(":theme light").shows("looks like this").press("\r").shows("theme light until pilothouse ends");
    terminal.signal(Signal::TERM);
    terminal.end();
    assert!(terminal.is_given_back());
}
