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
//! A patch that leaves an action without any key, a key that two actions of one place would share, or one that hides another is
//! reported. One can always leave: a file that takes every way out gets `ctrl-c` back.

use super::{
    action::Action,
    chord::Chord,
    conflicts::{self, Patch},
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
    /// On every table.
    Table,
    /// On the list of operations.
    Operations,
    /// On one operation.
    Operation,
    /// On logs.
    Logs,
    /// On a plan.
    Plan,
    /// On what broke.
    Panic,
    /// On the contexts.
    Contexts,
    /// In whatever can be moved through.
    Moving,
    /// Everywhere.
    Everywhere,
}

impl Where {
    /// Every place, in the order in which the help shows them.
    pub const ALL: [Self; 11] = [
        Self::Rows,
        Self::Table,
        Self::Workload,
        Self::Everywhere,
        Self::Moving,
        Self::Logs,
        Self::Plan,
        Self::Panic,
        Self::Operation,
        Self::Operations,
        Self::Contexts,
    ];
    const NAMES: [&'static str; 11] = [
        "rows",
        "table",
        "workload",
        "operation",
        "operations",
        "contexts",
        "logs",
        "plan",
        "panic",
        "moving",
        "everywhere",
    ];

    /// Its name in `keys.toml`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rows => "rows",
            Self::Table => "table",
            Self::Workload => "workload",
            Self::Operation => "operation",
            Self::Operations => "operations",
            Self::Contexts => "contexts",
            Self::Logs => "logs",
            Self::Plan => "plan",
            Self::Panic => "panic",
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
    (Where::Rows, "l", Action::Logs),
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
    (Where::Table, "N", Action::SortName),
    (Where::Table, "P", Action::SortNamespace),
    (Where::Table, "A", Action::SortAge),
    (Where::Table, "S", Action::SortAttention),
    (Where::Table, ">", Action::SortNext),
    (Where::Table, "<", Action::SortPrevious),
    (Where::Table, "I", Action::SortReverse),
    (Where::Table, "w", Action::Wide),
    (Where::Table, "ctrl-w", Action::Wide),
    (Where::Table, "W", Action::Columns),
    (Where::Table, "right", Action::ColumnsRight),
    (Where::Table, "left", Action::ColumnsLeft),
    (Where::Table, "space", Action::Mark),
    (Where::Table, "ctrl-space", Action::MarkRange),
    (Where::Table, "*", Action::MarkAll),
    (Where::Table, "U", Action::Unmark),
    (Where::Table, "v", Action::Group),
    (Where::Table, "f", Action::Fold),
    (Where::Table, "Z", Action::FoldAll),
    (Where::Table, "n", Action::Placement),
    (Where::Table, "x", Action::Export),
    (Where::Rows, "d", Action::TabOverview),
    (Where::Rows, "e", Action::TabEvents),
    (Where::Rows, "y", Action::TabYaml),
    (Where::Workload, "1", Action::TabOverview),
    (Where::Workload, "2", Action::TabRevisions),
    (Where::Workload, "3", Action::TabPods),
    (Where::Workload, "4", Action::TabEvents),
    (Where::Workload, "l", Action::Logs),
    (Where::Workload, "5", Action::Logs),
    (Where::Workload, "6", Action::TabAutoscaler),
    (Where::Workload, "7", Action::TabYaml),
    (Where::Workload, "8", Action::TabTraffic),
    (Where::Workload, "9", Action::TabGit),
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
    (Where::Operation, "l", Action::Logs),
    (Where::Operations, "c", Action::Resume),
    (Where::Operations, "x", Action::Export),
    (Where::Operations, "X", Action::ExportAll),
    (Where::Contexts, "w", Action::WatchContext),
    (Where::Operations, "l", Action::Logs),
    (Where::Logs, "f", Action::Follow),
    (Where::Logs, "s", Action::Search),
    (Where::Logs, "n", Action::NextMatch),
    (Where::Logs, "N", Action::PreviousMatch),
    (Where::Logs, "p", Action::PreviousRun),
    (Where::Logs, "v", Action::Containers),
    (Where::Logs, "w", Action::Wrap),
    (Where::Logs, "t", Action::Times),
    (Where::Logs, "b", Action::OlderLines),
    (Where::Logs, "0", Action::SinceTail),
    (Where::Logs, "1", Action::SinceMinute),
    (Where::Logs, "2", Action::SinceQuarter),
    (Where::Logs, "3", Action::SinceHour),
    (Where::Logs, "4", Action::SinceAll),
    (Where::Logs, "x", Action::ClearLines),
    (Where::Logs, "ctrl-s", Action::SaveLines),
    (Where::Logs, "left", Action::AsideLeft),
    (Where::Logs, "right", Action::AsideRight),
    (Where::Plan, "enter", Action::Run),
    (Where::Plan, "d", Action::Diff),
    (Where::Plan, "ctrl-s", Action::Save),
    (Where::Plan, "w", Action::Reason),
    (Where::Plan, "ctrl-r", Action::Reason),
    (Where::Plan, "o", Action::Override),
    (Where::Plan, "ctrl-o", Action::Override),
    (Where::Plan, "c", Action::Copy),
    (Where::Plan, "ctrl-y", Action::Copy),
    (Where::Panic, "r", Action::Run),
    (Where::Panic, "space", Action::Mark),
    (Where::Panic, "*", Action::MarkAll),
    (Where::Panic, "s", Action::Since),
    (Where::Panic, "w", Action::Reason),
    (Where::Panic, "ctrl-r", Action::Reason),
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
    (Where::Everywhere, "!", Action::Panic),
    (Where::Everywhere, "o", Action::Operations),
    (Where::Everywhere, "J", Action::Journal),
    (Where::Everywhere, "C", Action::Contexts),
    (Where::Everywhere, "F", Action::Fleet),
    (Where::Everywhere, "L", Action::LogIn),
    (Where::Everywhere, "K", Action::Reload),
    (Where::Everywhere, "?", Action::Help),
    (Where::Everywhere, "esc", Action::Back),
    (Where::Everywhere, "[", Action::HistoryBack),
    (Where::Everywhere, "]", Action::HistoryForward),
    (Where::Everywhere, "-", Action::LastScreen),
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
        let mut patches: Vec<Patch> = Vec::new();
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
                if action.is_some() && keymap.action(&[place], on) == action {
                    continue;
                }
                let before = keymap.bind(place, on, action);
                patches.push(Patch { place, on, run: action, before, span: value.span() });
            }
        }
        for (span, message, hint) in conflicts::find(&keymap, &patches) {
            document.complain(span, message, hint);
        }
        if !conflicts::can_quit(&keymap) {
            let line = patches.iter().rev().find(|patch| patch.before == Some(Action::Quit)).or(patches.last());
            let span = line.map(|patch| patch.span.clone()).unwrap_or_default();
            let message = "no key leads out any more, so `ctrl-c` still quits".to_owned();
            document.complain(span, message, Some("bind `quit` to a key of [everywhere]".to_owned()));
            if let Ok(on) = "ctrl-c".parse() {
                keymap.bind(Where::Everywhere, on, Some(Action::Quit));
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

    /// Whether a key runs anything anywhere.
    pub fn binds(&self, on: Chord) -> bool {
        self.rows.iter().any(|row| row.on == on)
    }

    /// The key to show for an action in one of `places`.
    pub fn key(&self, places: &[Where], run: Action) -> Option<Chord> {
        places.iter().find_map(|place| self.rows.iter().find(|row| row.place == *place && row.run == run)).map(|r| r.on)
    }

    /// The keymap as a `keys.toml` that changes nothing: what there is to start from.
    pub fn to_toml(&self) -> String {
        let mut text = String::new();
        for place in Where::ALL {
            text += &format!("[{}]\n", place.name());
            for row in self.rows(place) {
                let bare = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
                let key = row.on.to_string();
                let key = if key.chars().all(bare) { key } else { format!("{key:?}") };
                text += &format!("{key} = \"{}\"  # {}\n", row.run.name(), row.run.description());
            }
            text.push('\n');
        }
        text
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
    fn written_out_it_reads_back_as_it_is() {
        let text = Keymap::default().to_toml();
        let (keymap, errors) = parse(&text);
        assert_eq!(errors, Vec::<String>::new(), "{text}");
        for (place, key, action) in DEFAULT {
            assert_eq!(keymap.action(&[*place], key.parse().unwrap()), Some(*action), "{key}");
        }
    }

    #[test]
    fn a_key_that_hides_the_only_one_of_another_action_is_reported() {
        let (_, errors) = parse("[rows]\n\"/\" = \"bump\"\nk = \"restart\"\n");
        // `up` moves up too, so only the filter is lost.
        insta::assert_snapshot!(errors.join("\n"), @r#"keys.toml:2:7: `/` hides `filter` there, which no other key reaches (bind `filter` to another key as well)"#);
    }

    #[test]
    fn there_is_always_a_way_out() {
        let text = "[everywhere]\nctrl-c = \"none\"\nq = \"help\"\n";
        let (keymap, errors) = parse(text);
        insta::assert_snapshot!(errors.join("\n"), @r#"
        keys.toml:3:5: `q` is taken from `quit`, which has no key now (bind `quit` to another key, or this key to "none")
        keys.toml:3:5: no key leads out any more, so `ctrl-c` still quits (bind `quit` to a key of [everywhere])
        "#);
        assert_eq!(keymap.action(&[Where::Everywhere], "ctrl-c".parse().unwrap()), Some(Action::Quit));
        let (_, errors) = parse("[everywhere]\nctrl-c = \"none\"\n[rows]\nq = \"bump\"\n");
        assert!(errors.iter().any(|error| error.contains("no key leads out")), "{errors:?}");
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
