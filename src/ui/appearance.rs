//! How the screen looks, changed while it is open: the theme. What is chosen here holds until the program ends; nothing is
//! written to a file.

use crate::config::Terminal;

use super::{
    message::{Level, Notice},
    state::State,
};

impl State {
    /// What the terminal can do, and may.
    pub fn terminal(&self) -> Terminal {
        self.session.terminal
    }

    /// Wears the theme of this name from now on.
    pub(super) fn wear(&mut self, name: &str) {
        match self.session.themes.get(name) {
            Some(theme) => {
                self.session.theme = theme.clone();
                let keep = format!("theme = \"{name}\" in config.toml keeps it");
                self.notice = Some(Notice::information(format!("theme {name} until pilothouse ends")).hint(keep));
            }
            None => self.tell(Level::Warning, format!("there is no theme {name}")),
        }
    }
}
