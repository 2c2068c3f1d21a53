//! The tag that a bump is to write, picked from a list that filters as one types; any other one can be typed.
//!
//! Invariant: what is picked stays picked while sources answer: a list that grows never moves another tag under the operator's
//! fingers. Only what is on the screen is asked about in detail.

mod draw;

use super::{Reply, Then, typed};
use crate::{
    model::{Container, Intent, ObjectRef, TagNews, TagRow, Tags, TagsWanted, Workload, image::ImageReference},
    ui::{
        input, layout,
        message::{Effect, Ticket},
        page::scrolled,
        session::Session,
    },
};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::Timestamp;
use ratatui::layout::Size;
use std::collections::HashSet;
use tui_input::Input;

/// The picker.
#[derive(Clone, Debug)]
pub struct Picker {
    ticket: Ticket,
    target: ObjectRef,
    containers: Vec<Container>,
    /// Which container's image it is about.
    at: usize,
    tags: Tags,
    typed: Input,
    /// Rows that match what was typed: the one that is exactly that first.
    found: Vec<usize>,
    chosen: usize,
    /// Whether the operator has typed or moved: until then the newest that is allowed is offered.
    touched: bool,
    /// Tags that the registry was asked about.
    asked: HashSet<String>,
}

impl Picker {
    /// The picker for one of a workload's containers; `seen` has the tags of the same image that run anywhere, with where.
    pub fn new(
        ticket: Ticket,
        workload: &Workload,
        at: usize,
        seen: impl Fn(&str) -> Vec<(String, Vec<String>)>,
    ) -> Self {
        let image = workload.containers.get(at).and_then(|container| ImageReference::parse(&container.image).ok());
        let repository = image.as_ref().map_or_else(String::new, |image| image.repository.clone());
        let seen = seen(&repository);
        let mut picker = Self {
            ticket,
            target: workload.object.clone(),
            containers: workload.containers.clone(),
            at,
            tags: Tags::new(repository, image.and_then(|image| image.tag), seen),
            typed: Input::default(),
            found: Vec::new(),
            chosen: 0,
            touched: false,
            asked: HashSet::new(),
        };
        picker.find();
        picker
    }

    /// Names its requests.
    pub const fn ticket(&self) -> Ticket {
        self.ticket
    }

    /// The request for its tags.
    pub fn request(&self) -> Effect {
        let container = self.containers.get(self.at);
        let text = |of: fn(&Container) -> &str| container.map_or_else(String::new, |one| of(one).to_owned());
        let wanted =
            TagsWanted { target: self.target.clone(), container: text(|one| &one.name), image: text(|one| &one.image) };
        Effect::ListTags { ticket: self.ticket, wanted }
    }

    /// Takes in what a source told; what is to be asked now.
    pub fn take(&mut self, news: TagNews, size: Size, now: Timestamp) -> Vec<Effect> {
        let picked = self.picked().filter(|_| self.touched);
        self.tags.take(news, now);
        self.find();
        if let Some(picked) = picked {
            let at = self.found.iter().position(|at| self.tags.rows()[*at].tag == picked);
            // What was typed as it is stays that, unless it turns out to be a tag that there is.
            self.chosen =
                at.unwrap_or(if self.free().is_some_and(|free| free == picked) { self.found.len() } else { 0 });
        }
        self.describe(size)
    }

    /// What was typed, where it is a tag and none of those listed.
    fn free(&self) -> Option<&str> {
        let text = self.typed.value().trim();
        (!text.is_empty() && self.tags.get(text).is_none() && typed::tag(text).is_ok()).then_some(text)
    }

    fn picked(&self) -> Option<String> {
        match self.found.get(self.chosen) {
            Some(at) => Some(self.tags.rows()[*at].tag.clone()),
            None => self.free().map(str::to_owned),
        }
    }

    fn rows(&self) -> impl Iterator<Item = &TagRow> {
        self.found.iter().map(|at| &self.tags.rows()[*at])
    }

    /// How many can be chosen from.
    fn count(&self) -> usize {
        self.found.len() + usize::from(self.free().is_some())
    }

    fn find(&mut self) {
        let text = self.typed.value().trim().to_lowercase();
        let words: Vec<&str> = text.split_whitespace().collect();
        let rank = |row: &TagRow| {
            let tag = row.tag.to_lowercase();
            let all = words.iter().all(|word| tag.contains(word));
            all.then_some((tag != text, !tag.starts_with(&text)))
        };
        let ranked = self.tags.rows().iter().enumerate().filter_map(|(at, row)| Some((rank(row)?, at)));
        let mut ranked: Vec<_> = ranked.collect();
        if !text.is_empty() {
            ranked.sort_by_key(|(rank, at)| (*rank, *at));
        }
        self.found = ranked.into_iter().map(|(_, at)| at).collect();
        self.chosen = 0;
    }

    /// Asks about what is on the screen and was not asked about.
    fn describe(&mut self, size: Size) -> Vec<Effect> {
        let (first, height) = (self.first(size), list_height(size));
        let seen: Vec<String> = self
            .rows()
            .skip(first)
            .take(height)
            .filter(|row| row.listed && row.detail.is_none() && !self.asked.contains(&row.tag))
            .map(|row| row.tag.clone())
            .collect();
        if seen.is_empty() {
            return Vec::new();
        }
        self.asked.extend(seen.iter().cloned());
        vec![Effect::DescribeTags { ticket: self.ticket, repository: self.tags.repository.clone(), tags: seen }]
    }

    /// The first of those found that is in sight.
    fn first(&self, size: Size) -> usize {
        (self.chosen + 1).saturating_sub(list_height(size))
    }

    /// Moves the choice.
    pub fn step(&mut self, rows: isize) {
        self.touched = true;
        self.chosen = scrolled(self.chosen, rows, self.count().saturating_sub(1));
    }

    /// Types pasted text.
    pub fn paste(&mut self, text: &str) {
        input::paste(&mut self.typed, text);
        self.touched = true;
        self.find();
    }

    /// Takes a key.
    pub fn press(&mut self, key: KeyEvent, _: &Session, size: Size) -> Reply {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        let page = isize::try_from(list_height(size)).unwrap_or(1);
        match key.code {
            KeyCode::Esc => return Reply::Close(Then::Forget(self.ticket)),
            KeyCode::Enter => return self.bump(),
            KeyCode::Tab => {
                let tag = self.picked().or_else(|| self.tags.running.clone()).unwrap_or_default();
                return Reply::Close(Then::Bump(self.target.clone(), self.at, tag));
            }
            KeyCode::Left | KeyCode::Right if self.containers.len() > 1 && self.typed.value().is_empty() => {
                let many = self.containers.len();
                let next = if key.code == KeyCode::Right { self.at + 1 } else { self.at + many - 1 };
                return Reply::Close(Then::Pick(self.target.clone(), next % many));
            }
            KeyCode::Up => self.step(-1),
            KeyCode::Down => self.step(1),
            KeyCode::Char('p') if control => self.step(-1),
            KeyCode::Char('n') if control => self.step(1),
            KeyCode::PageUp => self.step(-page),
            KeyCode::PageDown => self.step(page),
            _ if input::press(&mut self.typed, key) => {
                self.touched = true;
                self.find();
            }
            _ => return Reply::Unknown,
        }
        match self.describe(size) {
            effects if effects.is_empty() => Reply::Stay,
            effects => Reply::Do(effects),
        }
    }

    /// Asks for the plan; what stands against the tag is said there, with what overrides it.
    fn bump(&self) -> Reply {
        let Some(tag) = self.picked() else { return Reply::Stay };
        let several = self.containers.len() > 1;
        let container = self.containers.get(self.at).filter(|_| several).map(|container| container.name.to_string());
        let target = self.target.clone();
        let intent = Intent::Bump { target, tag, container, repository: None, branch: None, file: None, wait: true };
        Reply::Ask(intent, None)
    }
}

/// Lines around the list: the borders, what is typed, the sources, the heading, the keys.
const AROUND: u16 = 8;

/// The sheet's width and height on a terminal of this size.
fn sheet_size(size: Size) -> (u16, u16) {
    let whole = layout::below_header(size);
    (whole.width.min(132), whole.height.min(40))
}

fn list_height(size: Size) -> usize {
    usize::from(sheet_size(size).1.saturating_sub(AROUND).max(1))
}
