//! The terminal, taken and given back: raw mode, the alternate screen, mouse and paste.
//!
//! Whatever happens, the terminal is given back as it was: on leaving, on a panic, and before a signal ends the process.

use crossterm::{
    cursor,
    event::{DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture},
    execute,
    terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode},
};
use ratatui::{
    Terminal,
    backend::CrosstermBackend,
    layout::{Position, Rect},
};
use std::{
    io::{self, BufWriter, Stdout},
    panic,
    sync::atomic::{AtomicBool, Ordering},
};

/// Whether a panic gave the terminal back: nothing may be drawn on it any more.
static GIVEN_UP: AtomicBool = AtomicBool::new(false);

/// Whether a part of the program panicked while the screen was taken, be it in a task of its own.
pub fn is_given_up() -> bool {
    GIVEN_UP.load(Ordering::Relaxed)
}

/// A screen that belongs to this program until it is dropped.
pub struct Screen {
    /// Where frames are drawn.
    pub terminal: Terminal<CrosstermBackend<BufWriter<Stdout>>>,
    /// Whether the mouse is taken.
    mouse: bool,
}

impl Screen {
    /// Takes the terminal, and its mouse where that is wanted: without it the terminal selects text by itself.
    ///
    /// # Errors
    /// When standard output is not a terminal or refuses.
    pub fn take(mouse: bool) -> io::Result<Self> {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            GIVEN_UP.store(true, Ordering::Relaxed);
            give_back();
            before(info);
        }));
        enter(mouse)?;
        let terminal = Terminal::new(CrosstermBackend::new(BufWriter::with_capacity(64 * 1024, io::stdout())))?;
        Ok(Self { terminal, mouse })
    }

    /// Gives the terminal to somebody else until [`Self::resume`].
    pub fn suspend(&mut self) {
        give_back();
    }

    /// Takes the terminal again and draws everything anew.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn resume(&mut self) -> io::Result<()> {
        enter(self.mouse)?;
        self.clear()
    }

    /// Clears the screen, so that the next frame draws every cell.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn clear(&mut self) -> io::Result<()> {
        // Not `Terminal::clear`: that asks the terminal where its cursor is, and fails where no answer comes within two seconds.
        let size = self.terminal.size()?;
        self.terminal.resize(Rect::from((Position::ORIGIN, size)))
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

fn enter(mouse: bool) -> io::Result<()> {
    enable_raw_mode()?;
    execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste, cursor::Hide)?;
    if mouse {
        execute!(io::stdout(), EnableMouseCapture)?;
    }
    Ok(())
}

/// Puts the terminal back; a terminal that is gone cannot be put back, so errors are of no use here.
fn give_back() {
    let _ = execute!(io::stdout(), DisableBracketedPaste, DisableMouseCapture, LeaveAlternateScreen, cursor::Show);
    let _ = disable_raw_mode();
}
