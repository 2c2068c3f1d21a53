//! Configuration: `config.toml`, `keys.toml` and themes, with their defaults.
//!
//! Everything is optional: without any file the program watches and rolls back. A mistake never stops the start; it is
//! reported with file, line, column and what was probably meant, and the rest of the file still counts. Nothing here writes
//! a file, and nothing here decides whether a change is allowed: that is the guard's.

mod action;
mod chord;
mod document;
mod error;
mod keymap;
mod paths;
mod settings;
mod theme;

pub use action::Action;
pub use chord::Chord;
pub use error::{ConfigError, Place, nearest, suggestion};
pub use keymap::{Keymap, Row, Where};
pub use paths::Paths;
pub use settings::{ContextSettings, Settings};
pub use theme::{Meaning, Theme};

use std::{fs, io::ErrorKind, path::Path};

/// Everything that was configured.
#[derive(Clone, Debug)]
pub struct Config {
    /// `config.toml`.
    pub settings: Settings,
    /// The default keys with `keys.toml` laid over them.
    pub keymap: Keymap,
    /// The theme that `config.toml` names.
    pub theme: Theme,
}

impl Config {
    /// Reads the folder `config`. `no_colour` is whether the environment asks for none (`NO_COLOR`): then the monochrome
    /// theme is used whatever the settings say. What is wrong is told beside what could be understood.
    pub fn load(folder: &Path, no_colour: bool) -> (Self, Vec<ConfigError>) {
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
        let (settings, mistakes) = Settings::parse(&settings_file, &settings_text);
        errors.extend(mistakes);
        let (keymap, mistakes) = Keymap::parse(&keys_file, &keys_text);
        errors.extend(mistakes);
        let name = if no_colour { "monochrome" } else { settings.theme.as_deref().unwrap_or("dark") };
        let (theme, mistakes) = theme(folder, &settings_file, name);
        errors.extend(mistakes);
        (Self { settings, keymap, theme }, errors)
    }
}

impl Default for Config {
    fn default() -> Self {
        let theme = Theme::built_in("dark").unwrap_or_else(Theme::monochrome);
        Self { settings: Settings::default(), keymap: Keymap::default(), theme }
    }
}

/// The theme of this name: the operator's file before the built-in one.
fn theme(folder: &Path, settings_file: &Path, name: &str) -> (Theme, Vec<ConfigError>) {
    let themes = folder.join("themes");
    // A name with a path in it could read any file; a theme is a plain name.
    let plain = |name: &str| !name.contains(['/', '\\', '.']);
    let find = |name: &str| plain(name).then(|| fs::read_to_string(themes.join(format!("{name}.toml"))).ok()).flatten();
    if let Some(text) = find(name) {
        return Theme::parse(&themes.join(format!("{name}.toml")), &text, &find);
    }
    match Theme::built_in(name) {
        Some(theme) => (theme, Vec::new()),
        None => {
            let error = ConfigError {
                file: settings_file.to_owned(),
                place: None,
                message: format!("there is no theme `{name}`"),
                hint: Some(suggestion(name, Theme::names())),
            };
            (Theme::built_in("dark").unwrap_or_else(Theme::monochrome), vec![error])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_file_is_no_mistake() {
        let folder = tempfile::tempdir().unwrap();
        let (config, errors) = Config::load(folder.path(), false);
        assert_eq!(errors, []);
        assert_eq!(config.theme, Theme::built_in("dark").unwrap());
    }

    #[test]
    fn an_operators_theme_comes_before_the_built_in_one_and_no_colour_before_both() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("themes")).unwrap();
        fs::write(folder.path().join("themes/mine.toml"), "inherits = \"light\"\nbroken = \"red\"\n").unwrap();
        fs::write(folder.path().join("config.toml"), "theme = \"mine\"\n").unwrap();
        let (config, errors) = Config::load(folder.path(), false);
        assert_eq!(errors, []);
        assert_eq!(config.theme.of(Meaning::Broken).fg, Some(ratatui::style::Color::Red));
        assert_eq!(config.theme.of(Meaning::Healthy), Theme::built_in("light").unwrap().of(Meaning::Healthy));
        assert_eq!(Config::load(folder.path(), true).0.theme, Theme::monochrome());
    }

    #[test]
    fn an_unknown_theme_is_told_and_the_default_used() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("config.toml"), "theme = \"drak\"\n").unwrap();
        let (config, errors) = Config::load(folder.path(), false);
        assert_eq!(errors[0].hint.as_deref(), Some("did you mean `dark`?"));
        assert_eq!(config.theme, Theme::built_in("dark").unwrap());
    }
}
