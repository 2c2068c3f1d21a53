//! How sessions look, apart from where they look: themes, keys, and what the terminal may be used for.

use super::{Desk, views::ViewsFile};
use crate::config::{Config, Terminal};
use std::path::Path;

impl Desk {
    /// Keeps to what the command line says about the terminal, which no file can take back.
    pub fn on_terminal(mut self, ascii: bool, no_mouse: bool) -> Self {
        self.config.terminal.ascii |= ascii;
        self.config.terminal.mouse &= !no_mouse;
        self
    }

    /// Keeps no views beyond the end of the program.
    pub fn without_views(mut self) -> Self {
        self.views = ViewsFile::default();
        self
    }

    /// Looks and is steered as the operator configured it in `folder`, and takes nothing else from there: a demo must know
    /// nobody's repositories and contexts.
    pub fn looking_like(mut self, folder: &Path) -> Self {
        let (config, complaints) = Config::load(folder, Terminal::of(|name| std::env::var(name).ok()));
        self.config = Config { settings: self.config.settings, views: self.config.views, ..config };
        self.complaints = complaints;
        self
    }
}
