//! Configuration: `config.toml`, `keys.toml`, `views.toml` and themes, with their defaults.
//!
//! Everything is optional: without any file the program watches and rolls back. A mistake never stops the start; it is
//! reported with file, line, column and what was probably meant, and the rest of the file still counts. Nothing here writes
//! a file, and nothing here decides whether a change is allowed: that is the guard's.

mod action;
mod chord;
mod colour;
mod conflicts;
mod document;
mod error;
mod keymap;
mod paths;
mod settings;
mod terminal;
mod theme;
mod themes;
mod views;

pub use action::Action;
pub use chord::Chord;
pub use colour::{Depth, at as colour_at, readable_on};
pub use error::{ConfigError, Place, nearest, suggestion};
pub use keymap::{Keymap, Row, Where};
pub use paths::Paths;
pub use settings::{ContextSettings, Settings};
pub use terminal::{Multiplexer, Terminal};
pub use theme::{Meaning, Theme};
pub use themes::Themes;
pub use views::{View, Views};

use std::{fs, io::ErrorKind, path::Path};

/// Everything that was configured.
#[derive(Clone, Debug)]
pub struct Config {
    /// `config.toml`.
    pub settings: Settings,
    /// The default keys with `keys.toml` laid over them.
    pub keymap: Keymap,
    /// The theme that `config.toml` names, as the terminal can show it.
    pub theme: Theme,
    /// Every theme there is, likewise.
    pub themes: Themes,
    /// What the terminal can do, and may.
    pub terminal: Terminal,
    /// The saved views.
    pub views: Views,
}

impl Config {
    /// Reads the folder `folder` for a terminal. On one without colours (`NO_COLOR`) the monochrome theme is used whatever the
    /// settings say. What is wrong is told beside what could be understood.
    pub fn load(folder: &Path, mut terminal: Terminal) -> (Self, Vec<ConfigError>) {
        let mut errors = Vec::new();
        let mut read = |name: &str| {
            let file = folder.join(name);
            let text = fs::read_to_string(&file).unwrap_or_else(|error| {
                if error.kind() != ErrorKind::NotFound {
                    let message = format!("cannot be read: {error}");
                    errors.push(ConfigError { file: file.clone(), place: None, message, hint: None });
                }
                String::new()
            });
            (file, text)
        };
        let (settings_file, settings_text) = read("config.toml");
        let (keys_file, keys_text) = read("keys.toml");
        let (views_file, views_text) = read(views::FILE);
        let (settings, mistakes) = Settings::parse(&settings_file, &settings_text);
        errors.extend(mistakes);
        let (keymap, mistakes) = Keymap::parse(&keys_file, &keys_text);
        errors.extend(mistakes);
        let (views, mistakes) = Views::parse(&views_file, &views_text);
        errors.extend(mistakes);
        terminal.ascii = settings.ascii.unwrap_or(terminal.ascii);
        terminal.mouse = settings.mouse.unwrap_or(terminal.mouse);
        let (themes, mistakes) = Themes::load(&folder.join("themes"), terminal.depth);
        errors.extend(mistakes);
        let plain = terminal.depth == Depth::Monochrome;
        let name = if plain { MONOCHROME } else { settings.theme.as_deref().unwrap_or(DEFAULT) };
        let theme = themes.get(name).cloned().unwrap_or_else(|| {
            let message = format!("there is no theme `{name}`");
            let hint = Some(suggestion(name, themes.names()));
            let place = settings_text.find("theme").map(|at| Place::of(&settings_text, at));
            errors.push(ConfigError { file: settings_file.clone(), place, message, hint });
            themes.get(DEFAULT).cloned().unwrap_or_else(Theme::monochrome)
        });
        (Self { settings, keymap, theme, themes, terminal, views }, errors)
    }
}

/// The theme that is used where none is named.
const DEFAULT: &str = "dark";

/// The theme of terminals without colours.
const MONOCHROME: &str = "monochrome";

impl Default for Config {
    fn default() -> Self {
        let theme = Theme::built_in(DEFAULT).unwrap_or_else(Theme::monochrome);
        let (settings, keymap, terminal, views) = Default::default();
        Self { settings, keymap, theme, themes: Themes::default(), terminal, views }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_file_is_no_mistake() {
        let folder = tempfile::tempdir().unwrap();
        let (config, errors) = Config::load(folder.path(), Terminal::default());
        assert_eq!(errors, []);
        assert_eq!(config.theme, Theme::built_in("dark").unwrap());
    }

    #[test]
    fn an_operators_theme_comes_before_the_built_in_one_and_no_colour_before_both() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("themes")).unwrap();
        fs::write(folder.path().join("themes/mine.toml"), "inherits = \"light\"\nbroken = \"red\"\n").unwrap();
        fs::write(folder.path().join("config.toml"), "theme = \"mine\"\n").unwrap();
        let (config, errors) = Config::load(folder.path(), Terminal::default());
        assert_eq!(errors, []);
        assert_eq!(config.theme.of(Meaning::Broken).fg, Some(ratatui::style::Color::Red));
        assert_eq!(config.theme.of(Meaning::Healthy), Theme::built_in("light").unwrap().of(Meaning::Healthy));
        let colourless = Terminal { depth: Depth::Monochrome, ..Terminal::default() };
        assert_eq!(Config::load(folder.path(), colourless).0.theme, Theme::monochrome());
    }

    #[test]
    fn an_unknown_theme_is_told_and_the_default_used() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("config.toml"), "theme = \"drak\"\n").unwrap();
        let (config, errors) = Config::load(folder.path(), Terminal::default());
        assert_eq!(errors[0].hint.as_deref(), Some("did you mean `dark`?"));
        assert_eq!(errors[0].place, Some(Place { line: 1, column: 1 }));
        assert_eq!(config.theme, Theme::built_in("dark").unwrap());
    }

    #[test]
    fn the_settings_come_before_what_the_terminal_tells() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("config.toml"), "ascii = false\nmouse = false\n").unwrap();
        let console = Terminal { ascii: true, ..Terminal::default() };
        let terminal = Config::load(folder.path(), console).0.terminal;
        assert!(!terminal.ascii && !terminal.mouse);
    }
}
