//! Themes: what is *meant* by a colour, not where it is used, so that a theme stays short and a new screen needs no new theme.
//!
//! A theme is a TOML file of meanings. `inherits` names another theme; whatever a theme leaves out comes from there, and at
//! last from the terminal's own colours. No state is told by colour alone: the monochrome theme loses nothing.

use super::{
    document::{Document, Value},
    error::{ConfigError, suggestion},
};
use ratatui::style::{Color, Modifier, Style};
use std::path::Path;

macro_rules! meanings {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// What a style says.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Meaning { $($(#[$doc])* $variant,)* }

        impl Meaning {
            /// Every meaning's name, in the order of declaration.
            pub const NAMES: &'static [&'static str] = &[$($name,)*];
        }
    };
}

meanings! {
    /// Ordinary text and the ground it stands on.
    Text = "text",
    /// Text that matters less.
    Muted = "muted",
    /// Names and headings.
    Title = "title",
    /// Lines around panes.
    Border = "border",
    /// Lines around the pane that takes the keys.
    Focus = "focus",
    /// The selected row.
    Selected = "selected",
    /// The header's ground.
    Header = "header",
    /// A key that can be pressed.
    Key = "key",
    /// It is what was asked.
    Healthy = "healthy",
    /// It is on its way.
    Progressing = "progressing",
    /// It serves with less than it should.
    Degraded = "degraded",
    /// Something fails.
    Broken = "broken",
    /// Not known.
    Unknown = "unknown",
    /// Something to know before going on.
    Warning = "warning",
    /// The context is protected.
    Protected = "protected",
    /// Nothing can be changed.
    ReadOnly = "read_only",
    /// A line that a diff adds.
    Added = "added",
    /// A line that a diff removes.
    Removed = "removed",
    /// What a filter matched; what is typed.
    Input = "input",
}

/// The built-in themes: name and text.
const BUILT_IN: [(&str, &str); 3] = [
    ("dark", include_str!("../../themes/dark.toml")),
    ("light", include_str!("../../themes/light.toml")),
    ("monochrome", include_str!("../../themes/monochrome.toml")),
];

/// A style for every meaning.
#[derive(Clone, Debug, PartialEq)]
pub struct Theme {
    styles: Vec<Style>,
}

impl Theme {
    /// The names of the built-in themes.
    pub fn names() -> impl Iterator<Item = &'static str> + Clone {
        BUILT_IN.iter().map(|(name, _)| *name)
    }

    /// A built-in theme.
    pub fn built_in(name: &str) -> Option<Self> {
        let (_, text) = BUILT_IN.iter().find(|(known, _)| *known == name)?;
        Some(Self::parse(Path::new(name), text, &|_| None).0)
    }

    /// The theme that needs no colour at all: for `NO_COLOR` and for tests.
    pub fn monochrome() -> Self {
        Self::built_in("monochrome").unwrap_or(Self { styles: vec![Style::new(); Meaning::NAMES.len()] })
    }

    /// Reads a theme. `find` gives the text of a theme that is not built in, for `inherits`.
    pub fn parse(file: &Path, text: &str, find: &dyn Fn(&str) -> Option<String>) -> (Self, Vec<ConfigError>) {
        Self::read(file, text, find, 0)
    }

    fn read(file: &Path, text: &str, find: &dyn Fn(&str) -> Option<String>, depth: usize) -> (Self, Vec<ConfigError>) {
        let (mut document, table) = Document::parse(file, text);
        let mut theme = Self { styles: vec![Style::new(); Meaning::NAMES.len()] };
        if let Some(value) = table.get("inherits") {
            theme = Self::inherited(&mut document, value, find, depth).unwrap_or(theme);
        }
        for (key, value) in &table {
            let name = &**key.get_ref();
            match Meaning::NAMES.iter().position(|known| *known == name) {
                Some(index) => {
                    if let Some(style) = style(&mut document, name, value) {
                        theme.styles[index] = style;
                    }
                }
                None if name == "inherits" => {}
                None => document.unknown("meaning", name, key.span(), Meaning::NAMES),
            }
        }
        (theme, document.finish())
    }

    fn inherited(
        document: &mut Document<'_>,
        value: &Value<'_>,
        find: &dyn Fn(&str) -> Option<String>,
        depth: usize,
    ) -> Option<Self> {
        let name = document.text("inherits", value)?;
        if depth == 8 {
            document.complain(value.span(), format!("`{name}` inherits from itself"), None);
            return None;
        }
        let built_in = || BUILT_IN.iter().find(|(known, _)| *known == name).map(|(_, text)| (*text).to_owned());
        let Some(text) = find(&name).or_else(built_in) else {
            let hint = suggestion(&name, Self::names());
            document.complain(value.span(), format!("there is no theme `{name}` to inherit from"), Some(hint));
            return None;
        };
        let (theme, errors) = Self::read(Path::new(&format!("{name}.toml")), &text, find, depth + 1);
        document.errors.extend(errors);
        Some(theme)
    }

    /// The style for a meaning.
    pub fn of(&self, meaning: Meaning) -> Style {
        self.styles[meaning as usize]
    }
}

const STYLE_KEYS: [&str; 7] = ["fg", "bg", "bold", "dim", "italic", "underlined", "reversed"];

/// A style: a colour for the text, or a table of colours and attributes.
fn style(document: &mut Document<'_>, name: &str, value: &Value<'_>) -> Option<Style> {
    if value.get_ref().is_str() {
        return Some(Style::new().fg(colour(document, value)?));
    }
    let mut style = Style::new();
    for (key, value) in document.table(name, value)? {
        let attribute = match &**key.get_ref() {
            "fg" => {
                style.fg = colour(document, value);
                continue;
            }
            "bg" => {
                style.bg = colour(document, value);
                continue;
            }
            "bold" => Modifier::BOLD,
            "dim" => Modifier::DIM,
            "italic" => Modifier::ITALIC,
            "underlined" => Modifier::UNDERLINED,
            "reversed" => Modifier::REVERSED,
            other => {
                document.unknown("key of a style", other, key.span(), &STYLE_KEYS);
                continue;
            }
        };
        if document.boolean(key.get_ref(), value) == Some(true) {
            style = style.add_modifier(attribute);
        }
    }
    Some(style)
}

fn colour(document: &mut Document<'_>, value: &Value<'_>) -> Option<Color> {
    let text = document.text("colour", value)?;
    let colour = text.parse().ok();
    if colour.is_none() {
        let hint = Some("a name such as `lightred`, a number from 0 to 255, or #rrggbb".to_owned());
        document.complain(value.span(), format!("`{text}` is no colour"), hint);
    }
    colour
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_themes_have_no_mistakes() {
        for (name, text) in BUILT_IN {
            let (_, errors) = Theme::parse(Path::new(name), text, &|_| None);
            assert_eq!(errors, [], "{name}");
        }
    }

    #[test]
    fn the_monochrome_theme_has_no_colour() {
        let theme = Theme::monochrome();
        assert!(theme.styles.iter().all(|s| s.fg.is_none() && s.bg.is_none()));
        assert!(theme.of(Meaning::Selected).add_modifier.contains(Modifier::REVERSED));
    }

    #[test]
    fn a_theme_inherits_and_says_what_it_does_not_know() {
        let text = "inherits = \"dark\"\nbroken = { fg = \"#ff0000\", blod = true }\nhelthy = \"green\"\n";
        let (theme, errors) = Theme::parse(Path::new("mine.toml"), text, &|_| None);
        let dark = Theme::built_in("dark").unwrap();
        assert_eq!(theme.of(Meaning::Progressing), dark.of(Meaning::Progressing));
        assert_eq!(theme.of(Meaning::Broken).fg, Some(Color::Rgb(255, 0, 0)));
        let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
        insta::assert_snapshot!(errors.join("\n"), @r"
        mine.toml:2:28: unknown key of a style `blod` (did you mean `bold`?)
        mine.toml:3:1: unknown meaning `helthy` (did you mean `healthy`?)
        ");
    }

    #[test]
    fn a_theme_that_inherits_from_itself_is_refused() {
        let text = "inherits = \"mine\"\n".to_owned();
        let (_, errors) = Theme::parse(Path::new("mine.toml"), &text, &|_| Some(text.clone()));
        assert!(errors[0].message.contains("inherits from itself"), "{errors:?}");
    }
}
