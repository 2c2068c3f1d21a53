//! The command palette: everything by name, found fuzzily.

use super::{Reply, Then};
use crate::{
    config::{Action, Meaning, Theme, Themes},
    ui::{filter::Filter, input, message::Effect, scene::Scene, session::Session},
};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::{buffer::Buffer, layout::Rect};
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
const OFFERED: [Action; 19] = [
    Action::Workloads,
    Action::Routes,
    Action::Jobs,
    Action::Operations,
    Action::Contexts,
    Action::Fleet,
    Action::LogIn,
    Action::Reload,
    Action::RollBack,
    Action::RollBackTo,
    Action::Restart,
    Action::Bump,
    Action::Shift,
    Action::Migrate,
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
            KeyCode::Enter => {
                return match self.found.get(self.chosen) {
                    Some(&at) => Reply::Close(self.commands[at].then.clone()),
                    None => Reply::Stay,
                };
            }
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

    /// Draws it.
    pub fn draw(&self, scene: &Scene<'_>, buffer: &mut Buffer, area: Rect) {
        let wanted = (self.found.len().max(1) as u16).saturating_add(3).min(20);
        let inside = scene.sheet(buffer, area, (64, wanted), "Command");
        scene.pen(buffer, inside, 0).write(":", Meaning::Key);
        let line = Rect { x: inside.x + 1, width: inside.width.saturating_sub(1), ..inside };
        input::draw(scene, buffer, line, &self.typed);
        let list = Rect { y: inside.y + 1, height: inside.height.saturating_sub(1), ..inside };
        if self.found.is_empty() {
            scene.pen(buffer, list, 0).write("no such command", Meaning::Muted);
        }
        let first = (self.chosen + 1).saturating_sub(list.height.max(1).into());
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
