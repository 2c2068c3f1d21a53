//! What broke, and what it would go back to: the workloads that failed within a time, each with its plan in short; the good ones
//! are marked. One confirmation begins all that are marked, side by side.
//!
//! Invariant: what is marked can run as far as is known here, and what is confirmed is what was shown. A workload of which nothing
//! is known yet, or whose plan cannot be had, stays in the list with why, and is not marked.

mod draw;
mod entry;

use super::{Reply, Then};
use crate::{
    config::{Action, Chord, Where},
    model::{Casualty, Health, Intent, ObjectRef, Plan, Rows},
    ui::{
        input,
        message::{Confirmed, Failure, Ticket},
        page::scrolled,
        session::Session,
    },
};
use crossterm::event::{KeyCode, KeyEvent};
use entry::{Entry, Found};
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use tui_input::Input;

/// How far back can be looked, in minutes; beyond the last one, without end.
const WINDOWS: [i64; 6] = [10, 30, 60, 180, 720, 1440];
/// Which of them is looked at first.
const FIRST: usize = 1;

const PLACES: [Where; 3] = [Where::Panic, Where::Moving, Where::Everywhere];

/// What is being decided.
#[derive(Clone, Debug)]
enum Stage {
    /// Which workloads.
    Choosing,
    /// Whether; what has been typed of the context's name.
    Confirming(Input),
}

/// What broke.
#[derive(Clone, Debug)]
pub struct Rescue {
    ticket: Ticket,
    opened: Timestamp,
    /// The workloads that were marked beforehand: then it is about these and no others.
    only: Option<Vec<ObjectRef>>,
    window: usize,
    entries: Vec<Entry>,
    chosen: usize,
    stage: Stage,
    error: Option<String>,
    /// The operator's reason, for all of them.
    why: Option<String>,
    /// The reason while it is typed.
    reason: Option<Input>,
}

impl Rescue {
    /// What broke lately, or exactly `only` where there are any. `ticket` names its requests.
    pub fn new(ticket: Ticket, only: Vec<ObjectRef>, now: Timestamp) -> Self {
        Self {
            ticket,
            opened: now,
            only: Some(only).filter(|only| !only.is_empty()),
            window: FIRST,
            entries: Vec::new(),
            chosen: 0,
            stage: Stage::Choosing,
            error: None,
            why: None,
            reason: None,
        }
    }

    /// Names its requests.
    pub const fn ticket(&self) -> Ticket {
        self.ticket
    }

    /// Since when a workload must have broken; None for whenever.
    fn since(&self) -> Option<Timestamp> {
        let minutes = WINDOWS.get(self.window).filter(|_| self.only.is_none())?;
        Some(self.opened - SignedDuration::from_mins(*minutes))
    }

    /// Whether an entry is in the list as it is looked at now.
    fn shows(&self, entry: &Entry) -> bool {
        entry.marked.is_some() || entry.casualty.is_within(self.since())
    }

    fn shown(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| self.shows(entry))
    }

    fn selected(&self) -> Option<&Entry> {
        self.shown().nth(self.chosen)
    }

    /// Takes the rows in; gives the workloads whose plans are wanted now. What is being confirmed stays as it was shown.
    pub fn settle(&mut self, rows: &Rows) -> Vec<Casualty> {
        if matches!(self.stage, Stage::Confirming(_)) {
            return Vec::new();
        }
        let broken = match &self.only {
            Some(only) => {
                only.iter().filter_map(|object| rows.workloads.get(object)).map(|row| Casualty::of(rows, row)).collect()
            }
            None => rows.casualties(),
        };
        for entry in &mut self.entries {
            match broken.iter().find(|casualty| casualty.object == entry.casualty.object) {
                Some(casualty) => entry.seen(casualty),
                // It stays, so that no other row comes under the operator's fingers.
                None => entry.casualty.health = Health::Healthy,
            }
        }
        for casualty in broken {
            if !self.entries.iter().any(|entry| entry.casualty.object == casualty.object) {
                self.entries.push(Entry::new(casualty));
            }
        }
        let since = self.since();
        let due = self.entries.iter_mut().filter(|entry| !entry.asked && entry.casualty.is_within(since));
        due.map(|entry| {
            entry.asked = true;
            entry.casualty.clone()
        })
        .collect()
    }

    /// Takes the plan of one workload, or why there is none.
    pub fn planned(&mut self, object: &ObjectRef, result: Result<Arc<Plan>, Failure>) {
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.casualty.object == *object) {
            entry.found = result.map_or_else(Found::Nothing, Found::Plan);
        }
    }

    /// A revision was chosen for one of them: it is planned anew, and marked.
    pub fn choose(&mut self, intent: &Intent) -> Option<Casualty> {
        let entry = self.entries.iter_mut().find(|entry| entry.casualty.object == *intent.target())?;
        (entry.found, entry.marked) = (Found::Pending, Some(true));
        Some(entry.casualty.clone())
    }

    fn is_marked(&self, entry: &Entry) -> bool {
        entry.is_marked(self.since(), self.only.is_some())
    }

    /// The plans that would be carried out.
    fn plans(&self) -> Vec<Arc<Plan>> {
        self.shown().filter(|entry| self.is_marked(entry)).filter_map(Entry::plan).cloned().collect()
    }

    /// Moves the choice.
    pub fn step(&mut self, rows: isize) {
        self.chosen = scrolled(self.chosen, rows, self.shown().count().saturating_sub(1));
    }

    /// Takes a key.
    pub fn press(&mut self, key: KeyEvent, session: &Session) -> Reply {
        self.error = None;
        let chord = Chord::of(key);
        let asks = self.asks(session);
        if self.reason.is_some() {
            self.type_reason(key);
            return Reply::Stay;
        }
        let typing = matches!(self.stage, Stage::Confirming(_)) && asks && chord.typed().is_some();
        if !typing && session.keymap.action(&PLACES, chord) == Some(Action::Reason) {
            self.reason = Some(Input::new(self.why.clone().unwrap_or_default()));
            return Reply::Stay;
        }
        if let Stage::Confirming(typed) = &mut self.stage {
            return match key.code {
                KeyCode::Enter => self.confirm(session),
                KeyCode::Esc => {
                    self.stage = Stage::Choosing;
                    Reply::Stay
                }
                KeyCode::Up | KeyCode::Down => {
                    self.step(if key.code == KeyCode::Up { -1 } else { 1 });
                    Reply::Stay
                }
                _ if asks && input::press(typed, key) => Reply::Stay,
                _ => Reply::Unknown,
            };
        }
        match session.keymap.action(&PLACES, chord) {
            Some(Action::Back | Action::Quit) => return Reply::Close(Then::Forget(self.ticket)),
            Some(Action::Up) => self.step(-1),
            Some(Action::Down) => self.step(1),
            Some(Action::HalfPageUp) => self.step(-5),
            Some(Action::HalfPageDown) => self.step(5),
            Some(Action::Top) => self.chosen = 0,
            Some(Action::Bottom) => self.step(isize::MAX),
            Some(Action::Since) => {
                self.window = (self.window + 1) % (WINDOWS.len() + 1);
                self.chosen = 0;
            }
            Some(Action::Mark) => self.mark(),
            Some(Action::MarkAll) => self.mark_all(),
            Some(Action::Open) => return self.selected().map_or(Reply::Stay, Entry::read),
            Some(Action::Run) => self.ask(session),
            _ => return Reply::Unknown,
        }
        Reply::Stay
    }

    /// Types pasted text, where the reason or a name is asked for.
    pub fn paste(&mut self, text: &str) {
        match (&mut self.reason, &mut self.stage) {
            (Some(typed), _) | (None, Stage::Confirming(typed)) => input::paste(typed, text),
            (None, Stage::Choosing) => {}
        }
    }

    /// Takes a key while the reason is typed.
    fn type_reason(&mut self, key: KeyEvent) {
        let Some(reason) = &mut self.reason else { return };
        match key.code {
            KeyCode::Esc => self.reason = None,
            KeyCode::Enter => {
                self.why = Some(reason.value().trim().to_owned()).filter(|why| !why.is_empty());
                self.reason = None;
            }
            _ => {
                input::press(reason, key);
            }
        }
    }

    /// What is typed to confirm in a protected context: the workload's name where it is one, else the context's.
    fn name<'s>(&'s self, session: &'s Session) -> &'s str {
        let mut marked = self.shown().filter(|entry| self.is_marked(entry));
        match (marked.next(), marked.next()) {
            (Some(one), None) => &one.casualty.object.name,
            _ => &session.context,
        }
    }

    fn mark(&mut self) {
        let Some(entry) = self.selected() else { return };
        let (marked, refusal) = (self.is_marked(entry), entry.refusal());
        let object = entry.casualty.object.clone();
        match refusal {
            Some(why) => self.error = Some(why),
            None => {
                let entry = self.entries.iter_mut().find(|entry| entry.casualty.object == object);
                if let Some(entry) = entry {
                    entry.marked = Some(!marked);
                }
                self.step(1);
            }
        }
    }

    /// Marks all that can run, or none.
    fn mark_all(&mut self) {
        let able = |entry: &&Entry| entry.refusal().is_none();
        let all = self.shown().filter(able).all(|entry| self.is_marked(entry));
        let since = self.since();
        for entry in &mut self.entries {
            if entry.refusal().is_none() && (entry.marked.is_some() || entry.casualty.is_within(since)) {
                entry.marked = Some(!all);
            }
        }
    }

    /// Whether the context's name is to be typed.
    fn asks(&self, session: &Session) -> bool {
        session.protected || self.plans().iter().any(|plan| plan.asks_name())
    }

    fn ask(&mut self, session: &Session) {
        self.error = if session.read_only {
            Some("READ-ONLY: these plans can be read, not run".into())
        } else if self.plans().is_empty() {
            Some("nothing is marked".into())
        } else {
            self.stage = Stage::Confirming(Input::default());
            self.chosen = 0;
            None
        };
    }

    fn confirm(&mut self, session: &Session) -> Reply {
        let Stage::Confirming(typed) = &self.stage else { return Reply::Stay };
        let (typed, name, asks) = (typed.value().trim(), self.name(session), self.asks(session));
        if asks && typed != name {
            self.error = Some(match typed {
                "" if !session.protected => format!("type {name} first: the team's rules ask for it"),
                "" => format!("type {name} first: this context is protected"),
                other => format!("`{other}` is not `{name}`"),
            });
            return Reply::Stay;
        }
        let typed = asks.then(|| typed.to_owned());
        Reply::Close(Then::Begin(Confirmed { plans: self.plans(), typed, why: self.why.clone() }))
    }
}
