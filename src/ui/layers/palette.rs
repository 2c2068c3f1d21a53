//! The command palette: everything by name, found fuzzily; kubectl's words open what kubectl would list.

use super::{Reply, Then};
use crate::{
    config::{Action, Meaning, Theme, Themes, Views},
    ui::{
        chosen::Chosen,
        export::Format,
        filter::Filter,
        input, layout,
        message::Effect,
        scene::Scene,
        session::Session,
        tables::{Heading, TableKind},
        views::{self, ViewOrder},
    },
};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
};
use std::{cmp::Reverse, sync::Arc};
use tui_input::Input;

/// One command.
#[derive(Clone, Debug, PartialEq)]
struct Command {
    name: String,
    /// Other words for it, found only as they are.
    words: &'static [&'static str],
    detail: String,
    then: Then,
}

/// The command that goes on with the name of a view.
const SAVE: &str = "save";

/// The palette.
#[derive(Clone, Debug)]
pub struct Palette {
    typed: Input,
    commands: Vec<Command>,
    /// How many of them there are whatever is typed.
    constant: usize,
    /// Whether what is on the screen can be saved as a view.
    saves: bool,
    /// What it is to look like while a theme is chosen.
    themes: Themes,
    /// Commands that match, best first.
    found: Vec<usize>,
    chosen: usize,
}

/// What can be run by name beside tables: everything that is not a movement.
const OFFERED: [Action; 34] = [
    Action::Operations,
    Action::Logs,
    Action::Journal,
    Action::Export,
    Action::ExportAll,
    Action::RollBack,
    Action::RollBackTo,
    Action::Restart,
    Action::Bump,
    Action::Shift,
    Action::Migrate,
    Action::Contexts,
    Action::Fleet,
    Action::LogIn,
    Action::Reload,
    Action::TabOverview,
    Action::TabRevisions,
    Action::TabPods,
    Action::TabEvents,
    Action::TabAutoscaler,
    Action::TabYaml,
    Action::TabTraffic,
    Action::TabGit,
    Action::Filter,
    Action::Wide,
    Action::Columns,
    Action::Group,
    Action::Placement,
    Action::SortAttention,
    Action::Unmark,
    Action::Copy,
    Action::Help,
    Action::Redraw,
    Action::Quit,
];

/// Kinds of the workload table, by kubectl's words for them, each with the filter that leaves only them.
const KINDS: [(&str, &[&str], &str); 4] = [
    ("deployments", &["deploy", "deployment"], ":deploy"),
    ("statefulsets", &["sts", "statefulset"], ":sts"),
    ("daemonsets", &["ds", "daemonset"], ":ds"),
    ("rollouts", &["ro", "rollout"], ":rollout"),
];

/// What the palette can name beside what there always is.
pub struct Offers<'a> {
    /// What the verbs would act on.
    pub target: Option<String>,
    /// The namespaces to choose from.
    pub namespaces: &'a mut dyn Iterator<Item = Arc<str>>,
    /// The columns that the table on top can be sorted by.
    pub headings: Vec<Heading>,
    /// The labels that namespaces can be grouped by, with what that makes of them.
    pub groups: &'a mut dyn Iterator<Item = (String, String, Then)>,
    /// The themes to choose from.
    pub themes: &'a Themes,
    /// The saved views.
    pub views: &'a Views,
    /// Whether what is on the screen can be saved as a view.
    pub saves: bool,
    /// Whether what is on the screen can be exported as a table.
    pub exports: bool,
}

impl Palette {
    /// The palette.
    pub fn new(offers: Offers<'_>) -> Self {
        let command = |name: &str, words, detail: &str, then| Command {
            name: name.to_owned(),
            words,
            detail: detail.to_owned(),
            then,
        };
        let mut commands: Vec<Command> = Vec::new();
        for kind in TableKind::ALL {
            let action = kind.action();
            commands.push(command(action.name(), kind.words(), action.description(), Then::Show(kind, None)));
        }
        for (name, words, filter) in KINDS {
            commands.push(command(name, words, "only these workloads", Then::Show(TableKind::Workloads, Some(filter))));
        }
        let of_view = |(name, detail, then): (String, String, Then)| command(&name, &[], &detail, then);
        commands.extend(views::open_commands(offers.views).map(of_view));
        if offers.saves {
            commands.push(command(SAVE, &[], "this table as a view: save NAME", Then::Nothing));
        }
        commands.extend(OFFERED.iter().map(|action| {
            let detail = match offers.target.as_ref().filter(|_| action.is_verb()) {
                Some(target) => format!("{}: {target}", action.description()),
                None => action.description().to_owned(),
            };
            command(action.name(), &[], &detail, Then::Run(*action))
        }));
        for heading in offers.headings.iter().filter(|heading| heading.sortable) {
            let name = format!("sort {}", heading.title.trim().to_lowercase());
            commands.push(command(&name, &[], "again: turned round", Then::Sort(heading.title)));
        }
        let by = |(label, detail, then): (String, String, Then)| command(&format!("group {label}"), &[], &detail, then);
        commands.extend(offers.groups.map(by));
        commands.push(command("group none", &[], "the namespaces without headings", Then::Group(None)));
        for format in Format::ALL.into_iter().filter(|_| offers.exports) {
            let name = format!("export {}", format.name());
            commands.push(command(&name, &[], "this table, or what is marked of it, as a file", Then::Export(format)));
        }
        commands.push(command("ns all", &[], "all namespaces", Then::Scope(Chosen::default())));
        for name in offers.namespaces {
            let then = Then::Scope(std::iter::once(name.clone()).collect());
            commands.push(command(&format!("ns {name}"), &[], "only this namespace", then));
        }
        commands.extend(
            offers
                .themes
                .names()
                .map(|name| command(&format!("theme {name}"), &[], "looks like this", Then::Theme(name.into()))),
        );
        commands.extend(views::forget_commands(offers.views).map(of_view));
        let (constant, saves) = (commands.len(), offers.saves);
        let found = (0..constant).collect();
        Self { typed: Input::default(), commands, constant, saves, themes: offers.themes.clone(), found, chosen: 0 }
    }

    /// The theme that is being chosen, so that it is seen before it is taken.
    pub fn preview(&self) -> Option<&Theme> {
        match &self.commands.get(*self.found.get(self.chosen)?)?.then {
            Then::Theme(name) => self.themes.get(name),
            _ => None,
        }
    }

    /// The same with the contexts that can be gone to.
    pub fn with_contexts(mut self, contexts: impl Iterator<Item = String>) -> Self {
        self.commands.extend(contexts.map(|context| Command {
            name: format!("context {context}"),
            words: &[],
            detail: "go there".into(),
            then: Then::Do(vec![Effect::Enter { context, open: None }]),
        }));
        self.constant = self.commands.len();
        self.found = (0..self.constant).collect();
        self
    }

    /// Takes a key.
    pub fn press(&mut self, key: KeyEvent, _: &Session) -> Reply {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Esc => return Reply::Close(Then::Nothing),
            KeyCode::Backspace if self.typed.value().is_empty() => return Reply::Close(Then::Nothing),
            KeyCode::Enter => return self.take(),
            KeyCode::Up | KeyCode::BackTab => self.step(-1),
            KeyCode::Down | KeyCode::Tab => self.step(1),
            KeyCode::Char('p') if control => self.step(-1),
            KeyCode::Char('n') if control => self.step(1),
            _ if input::press(&mut self.typed, key) => self.find(),
            _ => return Reply::Unknown,
        }
        Reply::Stay
    }

    /// Types pasted text.
    pub fn paste(&mut self, text: &str) {
        input::paste(&mut self.typed, text);
        self.find();
    }

    fn find(&mut self) {
        let text = self.typed.value().trim();
        self.commands.truncate(self.constant);
        if let Some((name, then)) = views::save_command(self.typed.value()).filter(|_| self.saves) {
            let detail = "this table under that name".to_owned();
            self.commands.push(Command { name, words: &[], detail, then });
            (self.found, self.chosen) = (vec![self.constant], 0);
            return;
        }
        let filter = Filter::new(text);
        let rank = |command: &Command| {
            let exact = command.name == text || command.words.contains(&text);
            let score = filter.score(&command.name).or(exact.then_some(0))?;
            // What removes a view never comes before what opens it.
            let removes = matches!(command.then, Then::View(ViewOrder::Forget(_)));
            Some((exact, command.name.starts_with(text), !removes, score))
        };
        let mut found: Vec<(usize, _)> =
            self.commands.iter().enumerate().filter_map(|(at, command)| Some((at, rank(command)?))).collect();
        if !text.is_empty() {
            found.sort_by_key(|(at, rank)| (Reverse(*rank), *at));
        }
        self.found = found.into_iter().map(|(at, _)| at).collect();
        self.chosen = 0;
    }

    /// Moves the choice.
    pub fn step(&mut self, rows: isize) {
        self.chosen = self.chosen.saturating_add_signed(rows).min(self.found.len().saturating_sub(1));
    }

    /// The columns and rows it would like.
    fn size(&self) -> (u16, u16) {
        (64, (self.found.len().max(1) as u16).saturating_add(3).min(20))
    }

    /// The first of those found that is in sight.
    fn first(&self, list: Rect) -> usize {
        (self.chosen + 1).saturating_sub(list.height.max(1).into())
    }

    /// Chooses what is at this position; whether there is anything.
    pub fn point(&mut self, at: Position, area: Rect) -> bool {
        let list = below_typed(layout::sheet(area, self.size()).1);
        let pointed = list.contains(at).then(|| self.first(list) + usize::from(at.y.saturating_sub(list.y)));
        let pointed = pointed.filter(|pointed| *pointed < self.found.len());
        self.chosen = pointed.unwrap_or(self.chosen);
        pointed.is_some()
    }

    /// Runs what is chosen.
    pub fn take(&mut self) -> Reply {
        match self.found.get(self.chosen) {
            Some(&at) if self.commands[at].name == SAVE => {
                self.typed = Input::new(format!("{SAVE} "));
                self.find();
                Reply::Stay
            }
            Some(&at) => Reply::Close(self.commands[at].then.clone()),
            None => Reply::Stay,
        }
    }

    /// Draws it.
    pub fn draw(&self, scene: &Scene<'_>, buffer: &mut Buffer, area: Rect) {
        let inside = scene.sheet(buffer, area, self.size(), "Command");
        scene.pen(buffer, inside, 0).write(":", Meaning::Key);
        let line = Rect { x: inside.x + 1, width: inside.width.saturating_sub(1), ..inside };
        input::draw(scene, buffer, line, &self.typed);
        let list = below_typed(inside);
        if self.found.is_empty() {
            scene.pen(buffer, list, 0).write("no such command", Meaning::Muted);
        }
        let first = self.first(list);
        let rows = self.found.iter().enumerate().skip(first).take(list.height.into());
        for (row, (at, &command)) in rows.enumerate() {
            let command = &self.commands[command];
            let row = row as u16;
            let mut pen = scene.pen(buffer, list, row);
            pen.skip(2).write(&format!("{:<22} ", command.name), Meaning::Title).write(&command.detail, Meaning::Muted);
            if let Some(word) = command.words.first() {
                pen.write(&format!(" :{word}"), Meaning::Key);
            }
            if at == self.chosen {
                crate::ui::tables::mark(scene, buffer, list, row, true);
            }
        }
    }
}

/// The lines of a palette below the one that is typed on.
fn below_typed(inside: Rect) -> Rect {
    Rect { y: inside.y + 1, height: inside.height.saturating_sub(1), ..inside }
}
