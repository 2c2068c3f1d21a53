//! Themes: what is *meant* by a colour, not where it is used, so that a theme stays short and a new screen needs no new theme.
//!
//! A theme is a TOML file of meanings. `inherits` names another theme; whatever a theme leaves out comes from there, and at
//! last from the terminal's own colours. No state is told by colour alone: the monochrome theme loses nothing.
//!
//! A theme is written for all colours. On terminals with fewer the nearest ones are taken; for those with sixteen, which look
//! different everywhere, a style may name its own with `fg16` and `bg16`, or swap the two with `reversed16`.

use super::{
    colour::{self, Depth},
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
    /// The first of eight to tell things of one kind apart by: pods, lines of a plot. Their names say the same.
    Series1 = "series1",
    /// The second.
    Series2 = "series2",
    /// The third.
    Series3 = "series3",
    /// The fourth.
    Series4 = "series4",
    /// The fifth.
    Series5 = "series5",
    /// The sixth.
    Series6 = "series6",
    /// The seventh.
    Series7 = "series7",
    /// The eighth.
    Series8 = "series8",
}

/// The built-in themes: name and text.
const BUILT_IN: [(&str, &str); 5] = [
    ("dark", include_str!("../../themes/dark.toml")),
    ("light", include_str!("../../themes/light.toml")),
    ("high-contrast", include_str!("../../themes/high-contrast.toml")),
    ("colour-blind", include_str!("../../themes/colour-blind.toml")),
    ("monochrome", include_str!("../../themes/monochrome.toml")),
];

/// A style for every meaning.
#[derive(Clone, Debug, PartialEq)]
pub struct Theme {
    paints: Vec<Paint>,
}

/// A style, and what it is where there are sixteen colours only.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Paint {
    style: Style,
    sixteen: Style,
}

impl Theme {
    /// The names of the built-in themes.
    pub fn names() -> impl Iterator<Item = &'static str> + Clone {
        BUILT_IN.iter().map(|(name, _)| *name)
    }

    /// The file of a built-in theme.
    pub fn text(name: &str) -> Option<&'static str> {
        BUILT_IN.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
    }

    /// A built-in theme.
    pub fn built_in(name: &str) -> Option<Self> {
        let (_, text) = BUILT_IN.iter().find(|(known, _)| *known == name)?;
        Some(Self::parse(Path::new(name), text, &|_| None).0)
    }

    /// The theme that needs no colour at all: for `NO_COLOR` and for tests.
    pub fn monochrome() -> Self {
        Self::built_in("monochrome").unwrap_or_else(Self::empty)
    }

    fn empty() -> Self {
        Self { paints: vec![Paint::default(); Meaning::NAMES.len()] }
    }

    /// The same theme as a terminal of this depth can show it.
    pub fn at(mut self, depth: Depth) -> Self {
        for paint in &mut self.paints {
            if depth == Depth::Sixteen {
                paint.style = paint.style.patch(paint.sixteen);
            }
            paint.style.fg = paint.style.fg.and_then(|fg| colour::at(fg, depth));
            paint.style.bg = paint.style.bg.and_then(|bg| colour::at(bg, depth));
        }
        self
    }

    /// Reads a theme. `find` gives the text of a theme that is not built in, for `inherits`.
    pub fn parse(file: &Path, text: &str, find: &dyn Fn(&str) -> Option<String>) -> (Self, Vec<ConfigError>) {
        let own = file.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
        Self::read(file, text, find, &[own])
    }

    /// `chain` are the names of the theme and of those that inherit from it.
    fn read(
        file: &Path,
        text: &str,
        find: &dyn Fn(&str) -> Option<String>,
        chain: &[&str],
    ) -> (Self, Vec<ConfigError>) {
        let (mut document, table) = Document::parse(file, text);
        let mut theme = Self::empty();
        if let Some(value) = table.get("inherits") {
            theme = Self::inherited(&mut document, value, find, chain).unwrap_or(theme);
        }
        for (key, value) in &table {
            let name = &**key.get_ref();
            match Meaning::NAMES.iter().position(|known| *known == name) {
                Some(index) => {
                    if let Some(paint) = paint(&mut document, name, value) {
                        theme.paints[index] = paint;
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
        chain: &[&str],
    ) -> Option<Self> {
        let name = document.text("inherits", value)?;
        let own = chain.contains(&&*name);
        let built_in = BUILT_IN.iter().find(|(known, _)| *known == name).map(|(_, text)| (*text).to_owned());
        // An operator's `dark` that inherits from `dark` means the built-in one.
        let Some(text) = find(&name).filter(|_| !own).or(built_in) else {
            let (message, hint) = match own {
                true => (format!("`{name}` inherits from itself"), None),
                false => {
                    (format!("there is no theme `{name}` to inherit from"), Some(suggestion(&name, Self::names())))
                }
            };
            document.complain(value.span(), message, hint);
            return None;
        };
        let chain = [chain, &[&*name]].concat();
        let (theme, errors) = Self::read(Path::new(&format!("{name}.toml")), &text, find, &chain);
        document.errors.extend(errors);
        Some(theme)
    }

    /// The style for a meaning.
    pub fn of(&self, meaning: Meaning) -> Style {
        self.paints[meaning as usize].style
    }
}

const STYLE_KEYS: [&str; 10] =
    ["fg", "bg", "fg16", "bg16", "reversed16", "bold", "dim", "italic", "underlined", "reversed"];

/// A style: a colour for the text, or a table of colours and attributes.
fn paint(document: &mut Document<'_>, name: &str, value: &Value<'_>) -> Option<Paint> {
    let mut paint = Paint::default();
    if value.get_ref().is_str() {
        paint.style.fg = Some(colour(document, value)?);
        return Some(paint);
    }
    for (key, value) in document.table(name, value)? {
        let slot = match &**key.get_ref() {
            "fg" => &mut paint.style.fg,
            "bg" => &mut paint.style.bg,
            "fg16" => &mut paint.sixteen.fg,
            "bg16" => &mut paint.sixteen.bg,
            other => {
                let (style, attribute) = match other {
                    "bold" => (&mut paint.style, Modifier::BOLD),
                    "dim" => (&mut paint.style, Modifier::DIM),
                    "italic" => (&mut paint.style, Modifier::ITALIC),
                    "underlined" => (&mut paint.style, Modifier::UNDERLINED),
                    "reversed" => (&mut paint.style, Modifier::REVERSED),
                    "reversed16" => (&mut paint.sixteen, Modifier::REVERSED),
                    other => {
                        document.unknown("key of a style", other, key.span(), &STYLE_KEYS);
                        continue;
                    }
                };
                if document.boolean(other, value) == Some(true) {
                    *style = style.add_modifier(attribute);
                }
                continue;
            }
        };
        *slot = colour(document, value);
    }
    Some(paint)
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
        assert!(theme.paints.iter().all(|p| p.style.fg.is_none() && p.style.bg.is_none()));
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
    fn an_operators_theme_may_inherit_from_the_built_in_one_of_its_own_name() {
        let text = "inherits = \"dark\"\nbroken = \"red\"\n".to_owned();
        let (theme, errors) = Theme::parse(Path::new("themes/dark.toml"), &text, &|_| Some(text.clone()));
        assert_eq!(errors, []);
        assert_eq!(theme.of(Meaning::Healthy), Theme::built_in("dark").unwrap().of(Meaning::Healthy));
    }

    #[test]
    fn sixteen_colours_are_those_that_the_theme_names_else_the_nearest() {
        let text = "broken = { fg = \"#ff7b72\", fg16 = \"lightmagenta\" }\nhealthy = \"#10c010\"\n";
        let theme = |depth| Theme::parse(Path::new("mine.toml"), text, &|_| None).0.at(depth);
        assert_eq!(theme(Depth::Sixteen).of(Meaning::Broken).fg, Some(Color::LightMagenta));
        assert_eq!(theme(Depth::Sixteen).of(Meaning::Healthy).fg, Some(Color::Green));
        assert_eq!(theme(Depth::Indexed).of(Meaning::Broken).fg, Some(Color::Indexed(210)));
        assert_eq!(theme(Depth::Monochrome).of(Meaning::Broken).fg, None);
        let text = "selected = { bg = \"#2d333b\", bg16 = \"reset\", reversed16 = true }\n";
        let selected = |depth| Theme::parse(Path::new("own.toml"), text, &|_| None).0.at(depth).of(Meaning::Selected);
        assert_eq!(selected(Depth::Sixteen).bg, Some(Color::Reset));
        assert!(
            selected(Depth::Sixteen).add_modifier.contains(Modifier::REVERSED),
            "whatever colour a word has, it is read"
        );
        assert!(!selected(Depth::True).add_modifier.contains(Modifier::REVERSED));
    }

    #[test]
    fn a_theme_that_inherits_from_itself_is_refused() {
        let text = "inherits = \"mine\"\n".to_owned();
        let (_, errors) = Theme::parse(Path::new("mine.toml"), &text, &|_| Some(text.clone()));
        assert!(errors[0].message.contains("inherits from itself"), "{errors:?}");
    }
}
