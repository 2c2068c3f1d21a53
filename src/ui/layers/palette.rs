//! The command palette: everything by name, found fuzzily.

use super::{Reply, Then};
use crate::{
    config::{Action, Meaning, Theme, Themes},
    ui::{filter::Filter, input, layout, message::Effect, scene::Scene, session::Session},
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
    detail: String,
    then: Then,
}

/// The palette.
#[derive(Clone, Debug)]
pub struct Palette {
    typed: Input,
    commands: Vec<Command>,
    /// What it is to look like while a theme is chosen.
    themes: Themes,
    /// Commands that match, best first.
    found: Vec<usize>,
    chosen: usize,
}

/// What can be run by name: everything that is not a movement.
const OFFERED: [Action; 28] = [
    Action::Workloads,
    Action::Routes,
    Action::Jobs,
    Action::Operations,
    Action::Contexts,
    Action::Fleet,
    Action::LogIn,
    Action::Reload,
    Action::Logs,
    Action::RollBack,
    Action::RollBackTo,
    Action::Restart,
    Action::Bump,
    Action::Shift,
    Action::Migrate,
    Action::TabOverview,
    Action::TabRevisions,
    Action::TabPods,
    Action::TabEvents,
    Action::TabAutoscaler,
    Action::TabYaml,
    Action::TabTraffic,
    Action::TabGit,
    Action::Filter,
    Action::Copy,
    Action::Help,
    Action::Redraw,
    Action::Quit,
];

impl Palette {
    /// The palette; `target` is what the verbs would act on, `namespaces` what there is to choose from.
    pub fn new(target: Option<&str>, namespaces: impl Iterator<Item = Arc<str>>, themes: &Themes) -> Self {
        let mut commands: Vec<Command> = OFFERED
            .iter()
            .map(|action| {
                let detail = match target.filter(|_| action.is_verb()) {
                    Some(target) => format!("{}: {target}", action.description()),
                    None => action.description().to_owned(),
                };
                Command { name: action.name().to_owned(), detail, then: Then::Run(*action) }
            })
            .collect();
        let all = Command { name: "ns all".into(), detail: "all namespaces".into(), then: Then::Scope(None) };
        commands.push(all);
        commands.extend(namespaces.map(|name| Command {
            name: format!("ns {name}"),
            detail: "only this namespace".into(),
            then: Then::Scope(Some(name)),
        }));
        commands.extend(themes.names().map(|name| Command {
            name: format!("theme {name}"),
            detail: "looks like this".into(),
            then: Then::Theme(name.into()),
        }));
        let found = (0..commands.len()).collect();
        Self { typed: Input::default(), commands, themes: themes.clone(), found, chosen: 0 }
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
            detail: "go there".into(),
            then: Then::Do(vec![Effect::Enter { context, open: None }]),
        }));
        self.found = (0..self.commands.len()).collect();
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
        let filter = Filter::new(text);
        let rank = |command: &Command| {
            let score = filter.score(&command.name)?;
            Some((command.name == text, command.name.starts_with(text), score))
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
    pub fn take(&self) -> Reply {
        match self.found.get(self.chosen) {
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
