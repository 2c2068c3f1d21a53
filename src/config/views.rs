//! Saved views: `views.toml`, a table of the file for each view by its name.
//!
//! ```toml
//! ["broken in the shop"]
//! screen = "workloads"
//! namespaces = ["shop", "edge"]
//! filter = ":unwell"
//! sort = "changed"
//! reverse = true
//! wide = true
//! columns = ["name", "ready"]
//! widths = { name = 30 }
//! group = "client"
//! unfolded = true
//! except = ["acme"]
//! ```
//!
//! Only `screen` is needed. Which columns a table has is the screen's matter, not this file's. Text is edited, never made anew:
//! what an operator wrote around a view stays, and a text with a mistake in it is not edited at all.

use super::{
    action::Action,
    document::{Document, Value},
    error::{ConfigError, Place, suggestion},
};
use std::{collections::BTreeMap, ops::Range, path::Path};
use toml::de::DeTable;

/// The name of the file in the folder of the configuration.
pub(super) const FILE: &str = "views.toml";

/// The longest name of a view, in characters.
const LONGEST: usize = 60;

const KEYS: [&str; 11] =
    ["screen", "namespaces", "filter", "sort", "reverse", "wide", "columns", "widths", "group", "unfolded", "except"];

/// The most columns of the screen that a column can be given.
const WIDEST: i64 = 500;

/// One view: a table and how it is looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// The action that opens its screen: one of [`Views::SCREENS`].
    pub screen: Action,
    /// The namespaces that are shown; none means all.
    pub namespaces: Vec<String>,
    /// The filter's text.
    pub filter: String,
    /// What rows are sorted by: `namespace`, or a column's heading in small letters; None for the usual order.
    pub sort: Option<String>,
    /// Whether that order is turned round.
    pub reverse: bool,
    /// Whether every column is as wide as it wants.
    pub wide: bool,
    /// The headings of the columns that are shown, in small letters; None for the usual ones.
    pub columns: Option<Vec<String>>,
    /// The widths that columns were given, by their headings in small letters.
    pub widths: BTreeMap<String, u16>,
    /// The label that rows are grouped by.
    pub group: Option<String>,
    /// Whether groups are unfolded.
    pub unfolded: bool,
    /// The values of the label whose groups are the other way; `!` stands for rows without it.
    pub except: Vec<String>,
}

impl View {
    /// The table of this screen, looked at as usual.
    pub const fn of(screen: Action) -> Self {
        Self {
            screen,
            namespaces: Vec::new(),
            filter: String::new(),
            sort: None,
            reverse: false,
            wide: false,
            columns: None,
            widths: BTreeMap::new(),
            group: None,
            unfolded: false,
            except: Vec::new(),
        }
    }

    fn read(document: &mut Document<'_>, name: (&str, Range<usize>), table: &DeTable<'_>) -> Option<Self> {
        let known = Views::SCREENS.map(Action::name);
        let (mut view, mut screen) = (Self::of(Action::Workloads), None);
        if !table.contains_key("screen") {
            document.complain(name.1, format!("the view `{}` has no `screen`", name.0), Some(suggestion("", known)));
        }
        for (key, value) in table {
            match &**key.get_ref() {
                "screen" => {
                    let Some(text) = document.text("screen", value) else { continue };
                    screen = Views::SCREENS.into_iter().find(|action| action.name() == text);
                    if screen.is_none() {
                        let hint = Some(suggestion(&text, known));
                        document.complain(value.span(), format!("there is no table `{text}`"), hint);
                    }
                }
                "namespaces" => view.namespaces = document.texts("namespaces", value),
                "filter" => view.filter = document.text("filter", value).unwrap_or_default(),
                "sort" => view.sort = document.text("sort", value),
                "reverse" => view.reverse = document.boolean("reverse", value).unwrap_or_default(),
                "wide" => view.wide = document.boolean("wide", value).unwrap_or_default(),
                "columns" => view.columns = Some(document.texts("columns", value)),
                "widths" => view.widths = widths(document, value),
                "group" => view.group = document.text("group", value),
                "unfolded" => view.unfolded = document.boolean("unfolded", value).unwrap_or_default(),
                "except" => view.except = document.texts("except", value),
                other => document.unknown("key of a view", other, key.span(), &KEYS),
            }
        }
        Some(Self { screen: screen?, ..view })
    }

    /// It as a table of the file; what is as usual is left out.
    fn to_toml(&self, name: &str) -> String {
        let list = |texts: &[String]| texts.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(", ");
        let mut text = format!("[{}]\nscreen = {}\n", quoted(name), quoted(self.screen.name()));
        let mut line = |key: &str, value: String| text += &format!("{key} = {value}\n");
        if !self.namespaces.is_empty() {
            line("namespaces", format!("[{}]", list(&self.namespaces)));
        }
        if !self.filter.is_empty() {
            line("filter", quoted(&self.filter));
        }
        if let Some(sort) = &self.sort {
            line("sort", quoted(sort));
        }
        for (key, set) in [("reverse", self.reverse), ("wide", self.wide)] {
            if set {
                line(key, "true".into());
            }
        }
        if let Some(columns) = &self.columns {
            line("columns", format!("[{}]", list(columns)));
        }
        if !self.widths.is_empty() {
            let one = |(column, width): (&String, &u16)| format!("{} = {width}", quoted(column));
            line("widths", format!("{{ {} }}", self.widths.iter().map(one).collect::<Vec<_>>().join(", ")));
        }
        if let Some(label) = &self.group {
            line("group", quoted(label));
        }
        if self.unfolded {
            line("unfolded", "true".into());
        }
        if !self.except.is_empty() {
            line("except", format!("[{}]", list(&self.except)));
        }
        text
    }
}

/// The widths that columns are given.
fn widths(document: &mut Document<'_>, value: &Value<'_>) -> BTreeMap<String, u16> {
    let mut widths = BTreeMap::new();
    for (column, value) in document.table("widths", value).into_iter().flatten() {
        let width = value.get_ref().as_integer().and_then(|number| number.as_str().parse::<i64>().ok());
        match width.filter(|width| (1..=WIDEST).contains(width)).and_then(|width| u16::try_from(width).ok()) {
            Some(width) => drop(widths.insert(column.get_ref().to_string(), width)),
            None => {
                let hint = Some(format!("a number of columns from 1 to {WIDEST}"));
                document.complain(value.span(), format!("the width of `{}` is no number", column.get_ref()), hint);
            }
        }
    }
    widths
}

/// A text as a basic string, which TOML takes for keys as well as for values.
fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => quoted += &format!("\\u{:04X}", u32::from(c)),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// The saved views by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Views(BTreeMap<String, View>);

impl Views {
    /// The actions that open a table of which a view can be saved.
    pub const SCREENS: [Action; 12] = [
        Action::Workloads,
        Action::Namespaces,
        Action::Autoscalers,
        Action::Jobs,
        Action::CronJobs,
        Action::Releases,
        Action::Nodes,
        Action::Routes,
        Action::Operations,
        Action::Journal,
        Action::Contexts,
        Action::Fleet,
    ];

    /// Reads the text of `file`, with what is wrong in it. A view whose screen is not known is left out.
    pub fn parse(file: &Path, text: &str) -> (Self, Vec<ConfigError>) {
        let (mut document, root) = Document::parse(file, text);
        let mut views = Self::default();
        for (name, value) in &root {
            let (text, span) = (&**name.get_ref(), name.span());
            if Self::name(text).as_deref() != Some(text) {
                let hint = Some(format!("1 to {LONGEST} characters, single blanks between words"));
                document.complain(span.clone(), format!("`{text}` is no name for a view"), hint);
            }
            let Some(table) = document.table(text, value) else { continue };
            if let Some(view) = View::read(&mut document, (text, span), table) {
                views.0.insert(text.to_owned(), view);
            }
        }
        (views, document.finish())
    }

    /// A view's name as it is kept: what was typed, with single blanks; None where that is no name.
    pub fn name(typed: &str) -> Option<String> {
        let name = typed.split_whitespace().collect::<Vec<_>>().join(" ");
        (!name.is_empty() && name.chars().count() <= LONGEST && !name.contains(char::is_control)).then_some(name)
    }

    /// The view of this name.
    pub fn get(&self, name: &str) -> Option<&View> {
        self.0.get(name)
    }

    /// Every view with its name, by name.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &View)> {
        self.0.iter().map(|(name, view)| (&**name, view))
    }

    /// Adds or replaces the view of this name; None takes it out.
    pub fn set(&mut self, name: &str, view: Option<View>) {
        match view {
            Some(view) => drop(self.0.insert(name.to_owned(), view)),
            None => drop(self.0.remove(name)),
        }
    }

    /// The text of `file` with the view of this name added or replaced; None takes it out. Everything else stays as it is.
    ///
    /// # Errors
    /// When there is a mistake in the text, or the view is written in a way that cannot be replaced by itself.
    pub fn edit(file: &Path, text: &str, name: &str, view: Option<&View>) -> Result<String, ConfigError> {
        let (mut wanted, mistakes) = Self::parse(file, text);
        if let Some(mistake) = mistakes.into_iter().next() {
            return Err(mistake);
        }
        wanted.set(name, view.cloned());
        let (_, root) = Document::parse(file, text);
        let lines =
            root.iter().find(|(key, _)| &**key.get_ref() == name).map(|(key, value)| lines(text, key.span(), value));
        let new = view.map(|view| view.to_toml(name)).unwrap_or_default();
        let edited = match &lines {
            Some(lines) => format!("{}{new}{}", &text[..lines.start], &text[lines.end..]),
            None if new.is_empty() => text.to_owned(),
            None => match text.trim_end() {
                "" => new,
                before => format!("{before}\n\n{new}"),
            },
        };
        if Self::parse(file, &edited) == (wanted, Vec::new()) {
            return Ok(edited);
        }
        let place = lines.map(|lines| Place::of(text, lines.start));
        let message = format!("the view `{name}` is written in a way that only a person can change");
        Err(ConfigError { file: file.to_owned(), place, message, hint: Some("give it a [table] of its own".into()) })
    }
}

/// The lines of a view in the text: from its heading to its last value.
fn lines(text: &str, key: Range<usize>, value: &Value<'_>) -> Range<usize> {
    let inside = value.get_ref().as_table().into_iter().flat_map(|table| table.iter());
    let last = inside.map(|(_, value)| value.span().end).fold(key.end, usize::max);
    let start = text[..key.start].rfind('\n').map_or(0, |at| at + 1);
    let end = text[last..].find('\n').map_or(text.len(), |at| last + at + 1);
    start..end
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRITTEN: &str = "# mine\n[night]\nscreen = \"jobs\" # all of them\nfilter = \":broken\"\n\n# the shop\n[shop]\n\
        screen = \"workloads\"\ncolumns = [\n  \"name\",\n]\n# the end\n";

    fn edit(text: &str, name: &str, view: Option<&View>) -> Result<String, String> {
        Views::edit(Path::new("views.toml"), text, name, view).map_err(|error| error.to_string())
    }

    fn parse(text: &str) -> (Views, Vec<String>) {
        let (views, errors) = Views::parse(Path::new("views.toml"), text);
        (views, errors.iter().map(ToString::to_string).collect())
    }

    fn full() -> View {
        View {
            screen: Action::Routes,
            namespaces: vec!["shop".into(), "edge".into()],
            filter: "say \"hi\" \\ :unwell !x 界 \u{1b}".into(),
            sort: Some("changed".into()),
            reverse: true,
            wide: true,
            columns: Some(vec!["name".into(), "it's".into()]),
            widths: [("name".into(), 30), ("it's = \"so\"".into(), 7)].into(),
            group: Some("example.com/client".into()),
            unfolded: true,
            except: vec!["acme".into(), "!".into()],
        }
    }

    #[test]
    fn what_is_saved_is_read_again() {
        let mut text = String::new();
        let mut wanted = Views::default();
        for (name, view) in [("a \"b\" \\c]", full()), ("plain", View::of(Action::Fleet)), ("a", full())] {
            text = edit(&text, name, Some(&view)).unwrap();
            wanted.set(name, Some(view));
            assert_eq!(parse(&text), (wanted.clone(), vec![]), "{text}");
        }
        for name in ["plain", "a", "a \"b\" \\c]"] {
            text = edit(&text, name, None).unwrap();
            wanted.set(name, None);
            assert_eq!(parse(&text), (wanted.clone(), vec![]), "{text}");
        }
        for action in Views::SCREENS {
            let text = edit("", "x", Some(&View::of(action))).unwrap();
            assert_eq!(parse(&text).0.get("x"), Some(&View::of(action)));
        }
    }

    #[test]
    fn what_an_operator_wrote_around_a_view_stays() {
        let replaced = edit(WRITTEN, "shop", Some(&View::of(Action::Jobs))).unwrap();
        let (before, _) = WRITTEN.split_once("[shop]").unwrap();
        assert_eq!(replaced, format!("{before}[\"shop\"]\nscreen = \"jobs\"\n# the end\n"));
        let forgotten = edit(WRITTEN, "night", None).unwrap();
        assert_eq!(forgotten, WRITTEN.replace("[night]\nscreen = \"jobs\" # all of them\nfilter = \":broken\"\n", ""));
        assert_eq!(edit(WRITTEN, "unknown", None).unwrap(), WRITTEN);
    }

    #[test]
    fn a_mistake_is_told_and_its_file_is_not_edited() {
        let text = "[a]\nscreen = \"workload\"\n[b]\nscren = 1\n[c]\nscreen = \"jobs\"\nwide = 1\nwidths = { name = 0 }\n\" \" = 2\n";
        let (views, errors) = parse(text);
        assert_eq!(views.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["c"]);
        assert_eq!(errors[0], "views.toml:2:10: there is no table `workload` (did you mean `workloads`?)");
        assert!(errors[1].starts_with("views.toml:3:2: the view `b` has no `screen` (known here: workloads, "));
        assert_eq!(errors[2], "views.toml:4:1: unknown key of a view `scren` (did you mean `screen`?)");
        assert!(errors[3].starts_with("views.toml:7:8: `wide` must be true or false, not an integer"), "{}", errors[3]);
        assert_eq!(edit(text, "d", Some(&full())).unwrap_err(), errors[0]);
        assert!(edit("[a\n", "a", None).is_err());
    }

    #[test]
    fn what_cannot_be_replaced_by_itself_is_left_to_a_person() {
        let inline = "a = { screen = \"jobs\" }\nb = { screen = \"jobs\" }\n";
        let told = edit(inline, "a", Some(&full())).unwrap_err();
        assert!(told.starts_with("views.toml:1:1: the view `a` is written in a way"), "{told}");
        assert!(edit("a.screen = \"jobs\"\n", "b", Some(&full())).is_ok());
    }

    #[test]
    fn names_are_words() {
        assert_eq!(Views::name("  my   view ").as_deref(), Some("my view"));
        for no in ["", " ", "a\u{7}", &"x".repeat(61)] {
            assert_eq!(Views::name(no), None);
        }
    }
}
