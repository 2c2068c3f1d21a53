//! Every theme there is: the built-in ones, and the operator's, which come before built-in ones of the same name.

use super::{colour::Depth, error::ConfigError, theme::Theme};
use std::{fs, io::ErrorKind, path::Path};

/// Themes by name, in the order in which they are offered.
#[derive(Clone, Debug, PartialEq)]
pub struct Themes(Vec<(String, Theme)>);

impl Default for Themes {
    fn default() -> Self {
        let built_in = |name: &str| Some((name.to_owned(), Theme::built_in(name)?));
        Self(Theme::names().filter_map(built_in).collect())
    }
}

impl Themes {
    /// Reads the folder `themes` for a terminal of this depth, with what is wrong in any of its files. A terminal without
    /// colours has no choice but one theme: the others say with colours what must be said.
    pub fn load(folder: &Path, depth: Depth) -> (Self, Vec<ConfigError>) {
        let mut errors: Vec<ConfigError> = Vec::new();
        let mut themes = Self::default();
        // A name with a path in it could read any file; a theme is a plain name.
        let plain = |name: &str| !name.contains(['/', '\\', '.']);
        let file = |name: &str| folder.join(format!("{name}.toml"));
        let find = |name: &str| plain(name).then(|| fs::read_to_string(file(name)).ok()).flatten();
        let mut names = names(folder, &mut errors);
        names.sort_unstable();
        for name in names {
            let path = file(&name);
            let text = match fs::read_to_string(&path) {
                Ok(text) => text,
                Err(error) => {
                    errors.push(unreadable(&path, &error));
                    continue;
                }
            };
            let (theme, mistakes) = Theme::parse(&path, &text, &find);
            for mistake in mistakes {
                if !errors.contains(&mistake) {
                    errors.push(mistake);
                }
            }
            match themes.0.iter_mut().find(|(known, _)| *known == name) {
                Some((_, built_in)) => *built_in = theme,
                None => themes.0.push((name, theme)),
            }
        }
        if depth == Depth::Monochrome {
            themes.0.retain(|(name, _)| name == super::MONOCHROME);
        }
        for (_, theme) in &mut themes.0 {
            *theme = theme.clone().at(depth);
        }
        (themes, errors)
    }

    /// A theme by its name.
    pub fn get(&self, name: &str) -> Option<&Theme> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, theme)| theme)
    }

    /// Every name.
    pub fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.0.iter().map(|(name, _)| &**name)
    }
}

fn names(folder: &Path, errors: &mut Vec<ConfigError>) -> Vec<String> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            if error.kind() != ErrorKind::NotFound {
                errors.push(unreadable(folder, &error));
            }
            return Vec::new();
        }
    };
    let name = |entry: fs::DirEntry| entry.file_name().to_str()?.strip_suffix(".toml").map(str::to_owned);
    entries.flatten().filter_map(name).collect()
}

fn unreadable(file: &Path, error: &std::io::Error) -> ConfigError {
    ConfigError { file: file.to_owned(), place: None, message: format!("cannot be read: {error}"), hint: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Meaning;
    use ratatui::style::Color;

    #[test]
    fn an_operators_theme_replaces_the_built_in_one_and_a_new_one_is_added() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("dark.toml"), "inherits = \"dark\"\nbroken = \"#ff0000\"\n").unwrap();
        fs::write(folder.path().join("night.toml"), "inherits = \"dark\"\nhealty = \"green\"\n").unwrap();
        fs::write(folder.path().join("notes.txt"), "no theme").unwrap();
        let (themes, errors) = Themes::load(folder.path(), Depth::True);
        assert_eq!(themes.names().last(), Some("night"));
        assert_eq!(themes.names().count(), Theme::names().count() + 1);
        for name in ["dark", "night"] {
            assert_eq!(themes.get(name).unwrap().of(Meaning::Broken).fg, Some(Color::Rgb(255, 0, 0)), "{name}");
        }
        let told: Vec<String> = errors.iter().map(|error| error.message.clone()).collect();
        assert_eq!(told, ["unknown meaning `healty`"]);
    }

    #[test]
    fn without_colours_there_is_one_theme() {
        let (themes, errors) = Themes::load(Path::new("no such folder"), Depth::Monochrome);
        assert_eq!((themes.names().collect::<Vec<_>>(), errors), (vec!["monochrome"], vec![]));
    }
}
