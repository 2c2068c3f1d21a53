//! The keymap: rows of `{on, run, place}`, and `keys.toml` as patches over them.
//!
//! `keys.toml` has one table a place, each line a key and the action it runs, or `"none"`:
//!
//! ```toml
//! [rows]
//! ctrl-r = "rollback"
//! r = "none"
//! ```
//!
//! A patch that leaves an action without any key, or a key that two actions of one place would share, is reported.

use super::{
    action::Action,
    chord::Chord,
    document::Document,
    error::{ConfigError, suggestion},
};
use std::path::Path;

/// Where a row of the keymap holds. What has the keys is asked first, [`Where::Everywhere`] last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Where {
    /// On the workload screen.
    Workload,
    /// On workloads and routes: the verbs.
    Rows,
    /// On the list of operations.
    Operations,
    /// On one operation.
    Operation,
    /// On a plan.
    Plan,
    /// On the contexts.
    Contexts,
    /// In whatever can be moved through.
    Moving,
    /// Everywhere.
    Everywhere,
}

impl Where {
    /// Every place, in the order in which the help shows them.
    pub const ALL: [Self; 8] = [
        Self::Rows,
        Self::Workload,
        Self::Everywhere,
        Self::Moving,
        Self::Plan,
        Self::Operation,
        Self::Operations,
        Self::Contexts,
    ];
    const NAMES: [&'static str; 8] =
        ["rows", "workload", "operation", "operations", "contexts", "plan", "moving", "everywhere"];

    /// Its name in `keys.toml`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rows => "rows",
            Self::Workload => "workload",
            Self::Operation => "operation",
            Self::Operations => "operations",
            Self::Contexts => "contexts",
            Self::Plan => "plan",
            Self::Moving => "moving",
            Self::Everywhere => "everywhere",
        }
    }
}

/// One row: this key runs that action there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row {
    /// The key.
    pub on: Chord,
    /// What it runs.
    pub run: Action,
    /// Where.
    pub place: Where,
}

/// The rows that hold without a `keys.toml`: place, key, action. The first key of an action is the one that is shown.
const DEFAULT: &[(Where, &str, Action)] = &[
    (Where::Rows, "r", Action::RollBack),
    (Where::Rows, "R", Action::Restart),
    (Where::Rows, "b", Action::Bump),
    (Where::Rows, "t", Action::Shift),
    (Where::Rows, "m", Action::Migrate),
    (Where::Rows, "0", Action::AllNamespaces),
    (Where::Rows, "1", Action::Namespace1),
    (Where::Rows, "2", Action::Namespace2),
    (Where::Rows, "3", Action::Namespace3),
    (Where::Rows, "4", Action::Namespace4),
    (Where::Rows, "5", Action::Namespace5),
    (Where::Rows, "6", Action::Namespace6),
    (Where::Rows, "7", Action::Namespace7),
    (Where::Rows, "8", Action::Namespace8),
    (Where::Rows, "9", Action::Namespace9),
    (Where::Rows, "tab", Action::NextPane),
    (Where::Rows, "shift-tab", Action::PreviousPane),
    (Where::Rows, "d", Action::TabOverview),
    (Where::Rows, "e", Action::TabEvents),
    (Where::Rows, "y", Action::TabYaml),
    (Where::Workload, "1", Action::TabOverview),
    (Where::Workload, "2", Action::TabRevisions),
    (Where::Workload, "3", Action::TabPods),
    (Where::Workload, "4", Action::TabEvents),
    (Where::Workload, "5", Action::TabAutoscaler),
    (Where::Workload, "6", Action::TabYaml),
    (Where::Workload, "7", Action::TabTraffic),
    (Where::Workload, "8", Action::TabGit),
    (Where::Workload, "tab", Action::NextTab),
    (Where::Workload, "right", Action::NextTab),
    (Where::Workload, "shift-tab", Action::PreviousTab),
    (Where::Workload, "left", Action::PreviousTab),
    (Where::Workload, "space", Action::Mark),
    (Where::Workload, "d", Action::Compare),
    (Where::Workload, "f", Action::Fold),
    (Where::Workload, "n", Action::NextMatch),
    (Where::Workload, "N", Action::PreviousMatch),
    (Where::Operation, "p", Action::Pause),
    (Where::Operation, "n", Action::Next),
    (Where::Operation, "b", Action::StepBack),
    (Where::Operation, "a", Action::Abort),
    (Where::Operation, "c", Action::Resume),
    (Where::Operations, "c", Action::Resume),
    (Where::Contexts, "w", Action::WatchContext),
    (Where::Plan, "enter", Action::Run),
    (Where::Plan, "d", Action::Diff),
    (Where::Plan, "ctrl-s", Action::Save),
    (Where::Plan, "w", Action::Reason),
    (Where::Plan, "ctrl-r", Action::Reason),
    (Where::Plan, "c", Action::Copy),
    (Where::Plan, "ctrl-y", Action::Copy),
    (Where::Moving, "enter", Action::Open),
    (Where::Moving, "k", Action::Up),
    (Where::Moving, "up", Action::Up),
    (Where::Moving, "j", Action::Down),
    (Where::Moving, "down", Action::Down),
    (Where::Moving, "g", Action::Top),
    (Where::Moving, "home", Action::Top),
    (Where::Moving, "G", Action::Bottom),
    (Where::Moving, "end", Action::Bottom),
    (Where::Moving, "ctrl-u", Action::HalfPageUp),
    (Where::Moving, "page-up", Action::HalfPageUp),
    (Where::Moving, "ctrl-d", Action::HalfPageDown),
    (Where::Moving, "page-down", Action::HalfPageDown),
    (Where::Everywhere, "/", Action::Filter),
    (Where::Everywhere, ":", Action::Palette),
    (Where::Everywhere, "o", Action::Operations),
    (Where::Everywhere, "C", Action::Contexts),
    (Where::Everywhere, "F", Action::Fleet),
    (Where::Everywhere, "L", Action::LogIn),
    (Where::Everywhere, "K", Action::Reload),
    (Where::Everywhere, "?", Action::Help),
    (Where::Everywhere, "esc", Action::Back),
    (Where::Everywhere, "q", Action::Quit),
    (Where::Everywhere, "ctrl-c", Action::Quit),
    (Where::Everywhere, "c", Action::Copy),
    (Where::Everywhere, "ctrl-y", Action::Copy),
    (Where::Everywhere, "ctrl-z", Action::Suspend),
    (Where::Everywhere, "ctrl-l", Action::Redraw),
];

/// All rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Keymap {
    rows: Vec<Row>,
}

impl Default for Keymap {
    fn default() -> Self {
        let row =
            |(place, on, run): &(Where, &str, Action)| Some(Row { on: on.parse().ok()?, run: *run, place: *place });
        Self { rows: DEFAULT.iter().filter_map(row).collect() }
    }
}

impl Keymap {
    /// The default rows with `text`, the content of `keys.toml`, laid over them.
    pub fn parse(file: &Path, text: &str) -> (Self, Vec<ConfigError>) {
        let (mut document, table) = Document::parse(file, text);
        let mut keymap = Self::default();
        let mut displaced = Vec::new();
        for (key, value) in &table {
            let name = &**key.get_ref();
            let Some(place) = Where::ALL.into_iter().find(|place| place.name() == name) else {
                document.unknown("place", name, key.span(), &Where::NAMES);
                continue;
            };
            let Some(lines) = document.table(name, value) else { continue };
            let mut seen: Vec<Chord> = Vec::new();
            for (key, value) in lines {
                let on = match key.get_ref().parse::<Chord>() {
                    Ok(on) => on,
                    Err(message) => {
                        let hint = "write keys as `r`, `R`, `ctrl-d`, `alt-x`, `f5`, `enter`, `page-up`";
                        document.complain(key.span(), message, Some(hint.into()));
                        continue;
                    }
                };
                if seen.contains(&on) {
                    document.complain(key.span(), format!("`{on}` is bound twice in [{name}]"), None);
                }
                seen.push(on);
                let Some(run) = document.text(key.get_ref(), value) else { continue };
                let action = Action::parse(&run);
                if action.is_none() && run != "none" {
                    let hint = suggestion(&run, Action::NAMES.iter().copied());
                    document.complain(value.span(), format!("unknown action `{run}`"), Some(hint));
                    continue;
                }
                if let Some(old) = keymap.bind(place, on, action) {
                    displaced.push((old, on, value.span(), action.is_some()));
                }
            }
        }
        for (old, on, span, taken) in displaced {
            if taken && !keymap.rows.iter().any(|row| row.run == old) {
                let hint = Some(format!("bind `{}` to another key, or this key to \"none\"", old.name()));
                document.complain(span, format!("`{on}` is taken from `{}`, which has no key now", old.name()), hint);
            }
        }
        (keymap, document.finish())
    }

    /// Binds a key, or frees it; returns the action it is taken from.
    fn bind(&mut self, place: Where, on: Chord, run: Option<Action>) -> Option<Action> {
        let index = self.rows.iter().position(|row| row.place == place && row.on == on);
        let old = index.map(|index| self.rows.remove(index).run).filter(|old| Some(*old) != run);
        if let Some(run) = run {
            let before = self.rows.iter().position(|row| row.place == place && row.run == run);
            self.rows.insert(before.unwrap_or(self.rows.len()), Row { on, run, place });
        }
        old
    }

    /// What a key runs, asking `places` in order.
    pub fn action(&self, places: &[Where], on: Chord) -> Option<Action> {
        places.iter().find_map(|place| self.rows.iter().find(|row| row.place == *place && row.on == on)).map(|r| r.run)
    }

    /// The key to show for an action in one of `places`.
    pub fn key(&self, places: &[Where], run: Action) -> Option<Chord> {
        places.iter().find_map(|place| self.rows.iter().find(|row| row.place == *place && row.run == run)).map(|r| r.on)
    }

    /// All rows of one place.
    pub fn rows(&self, place: Where) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(move |row| row.place == place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> (Keymap, Vec<String>) {
        let (keymap, errors) = Keymap::parse(Path::new("keys.toml"), text);
        (keymap, errors.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn every_default_row_is_a_key_and_none_is_bound_twice() {
        let keymap = Keymap::default();
        assert_eq!(keymap.rows.len(), DEFAULT.len());
        for (i, row) in keymap.rows.iter().enumerate() {
            let same = keymap.rows[..i].iter().find(|other| other.on == row.on && other.place == row.place);
            assert_eq!(same, None, "{} in {}", row.on, row.place.name());
        }
    }

    #[test]
    fn no_scrolling_key_ever_runs_a_verb() {
        let keymap = Keymap::default();
        let run = |key: &str| keymap.action(&[Where::Rows, Where::Moving, Where::Everywhere], key.parse().unwrap());
        assert_eq!(run("ctrl-d"), Some(Action::HalfPageDown));
        assert_eq!(run("ctrl-k"), None);
        assert_eq!(run("q"), Some(Action::Quit));
    }

    #[test]
    fn a_patch_moves_a_key_and_is_shown_first() {
        let (keymap, errors) = parse("[rows]\nctrl-r = \"rollback\"\nr = \"none\"\n");
        assert_eq!(errors, Vec::<String>::new());
        assert_eq!(keymap.action(&[Where::Rows], "r".parse().unwrap()), None);
        assert_eq!(keymap.key(&[Where::Rows], Action::RollBack).map(|k| k.to_string()).as_deref(), Some("ctrl-r"));
    }

    #[test]
    #[rustfmt::skip]
    fn conflicts_and_mistakes_are_reported_with_their_place() {
        let (_, errors) = parse(
            "[rows]\nr = \"restart\"\nx = \"rolback\"\nhyper-x = \"bump\"\n[row]\n[moving]\n\
             alt-ctrl-x = \"top\"\nctrl-alt-x = \"up\"\n",
        );
        insta::assert_snapshot!(errors.join("\n"), @r#"
        keys.toml:2:5: `r` is taken from `rollback`, which has no key now (bind `rollback` to another key, or this key to "none")
        keys.toml:3:5: unknown action `rolback` (did you mean `rollback`?)
        keys.toml:4:1: `hyper-x` is no key (write keys as `r`, `R`, `ctrl-d`, `alt-x`, `f5`, `enter`, `page-up`)
        keys.toml:5:2: unknown place `row` (did you mean `rows`?)
        keys.toml:8:1: `ctrl-alt-x` is bound twice in [moving]
        "#);
    }
}
