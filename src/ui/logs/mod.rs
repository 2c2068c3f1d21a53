//! The screen of logs: what is asked for, what has arrived, and where in it the operator is.
//!
//! Invariant: logs are followed while their screen is on top, and held no longer: leaving it ends the streams and drops the
//! lines. The operator's place is a line, never a row number: lines that come and go around it do not move it.

mod actions;
mod geometry;
mod text;
mod typing;

pub use geometry::{Geometry, columns, from_column, segments};
pub use text::{level, spoken, stamp};
pub use typing::{Typed, Typing};

use super::{
    message::{Effect, Ticket},
    state::{Screen, State},
    tables::TableKind,
};
use crate::model::{
    LogBuffer, LogNames, LogNews, LogRequest, LogSource, LogState, LogSubject, ObjectRef, Pattern, Place, Rows,
};
use jiff::Timestamp;
use std::sync::Arc;

/// How the time of a line is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stamps {
    /// Not at all: most programs write it themselves.
    #[default]
    Off,
    /// The time of day.
    Local,
    /// How long ago.
    Age,
}

/// How logs are looked at: kept from one subject to the next.
#[derive(Clone, Debug, Default)]
pub struct Look {
    /// Whether long lines are broken.
    pub wrap: bool,
    /// How the time of a line is shown.
    pub stamps: Stamps,
    /// Which lines are shown.
    pub filter: Pattern,
    /// What is marked in them and gone to.
    pub search: Pattern,
}

/// Where in the lines one is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum At {
    /// At the end, and going on with it.
    #[default]
    End,
    /// On a line, which is on this row of the screen.
    Line(Place, usize),
}

/// Logs that are open.
#[derive(Clone, Debug)]
pub struct Open {
    /// What was asked for.
    pub request: LogRequest,
    /// The lines.
    pub buffer: LogBuffer,
    /// The containers.
    pub sources: Vec<LogSource>,
    /// Their names.
    pub names: LogNames,
    /// Pods that there are, and the revision that is followed; None while they are not known.
    pub listed: Option<(usize, Option<Arc<str>>)>,
    /// Why the pods cannot be listed now.
    pub unlisted: Option<String>,
    /// Where one is.
    pub at: At,
    /// Columns scrolled to the right.
    pub left: usize,
    /// What is being typed.
    pub typing: Option<Typing>,
    /// Lines that were cleared away.
    pub cleared: bool,
    ticket: Ticket,
    /// Whether what is held still is what was asked for before.
    outdated: bool,
}

/// All there is about logs.
#[derive(Clone, Debug, Default)]
pub struct Logs {
    /// How they are looked at.
    pub look: Look,
    /// What is open.
    pub open: Option<Box<Open>>,
}

impl State {
    /// Opens the logs of this subject. What is wanted of the world for that comes with the next settling.
    pub(super) fn open_logs(&mut self, of: LogSubject) -> Vec<Effect> {
        if self.logs.open.as_ref().is_none_or(|open| open.request.subject != of) {
            (self.logs.look.filter, self.logs.look.search) = Default::default();
        }
        self.open(Screen::Logs(of));
        Vec::new()
    }

    /// Whose logs the selected row of the screen on top stands for.
    pub(super) fn log_subject(&self, rows: &Rows) -> Option<LogSubject> {
        match self.screen() {
            Screen::Table(TableKind::Jobs) => self.selected(TableKind::Jobs).cloned().map(LogSubject::Job),
            Screen::Operation(id) => self.operations.get(id).and_then(|view| view.job.clone()).map(LogSubject::Job),
            Screen::Operations => {
                let view = self.operations.shown.list.selected().and_then(|id| self.operations.get(id));
                view.and_then(|view| view.job.clone()).map(LogSubject::Job)
            }
            Screen::Logs(_) => None,
            Screen::Workload(object) if self.dossier.is_of(object) => {
                self.dossier.log_subject().or_else(|| Some(LogSubject::Workload(object.clone())))
            }
            _ => self.workload(rows).map(|row| LogSubject::Workload(row.object.clone())),
        }
    }

    /// Follows what the screen on top shows, and nothing else.
    pub(super) fn settle_logs(&mut self) -> Vec<Effect> {
        let Screen::Logs(subject) = self.screen() else {
            return self.end_logs().into_iter().collect();
        };
        match &self.logs.open {
            Some(open) if open.request.subject == *subject => Vec::new(),
            _ => {
                let request = LogRequest::new(subject.clone());
                self.ask_logs(request)
            }
        }
    }

    /// Drops the lines that are held, if any, and wants no more.
    pub(super) fn end_logs(&mut self) -> Option<Effect> {
        self.logs.open.take().map(|_| Effect::EndLogs)
    }

    /// Asks for other logs, or for the same anew. What is held stays on the screen until the answer comes.
    fn ask_logs(&mut self, request: LogRequest) -> Vec<Effect> {
        self.ticket += 1;
        let ticket = self.ticket;
        let effect = Effect::FollowLogs { ticket, request: request.clone() };
        match &mut self.logs.open {
            Some(open) if open.request.subject == request.subject => {
                open.begin(ticket, request);
            }
            open => *open = Some(Box::new(Open::new(ticket, request))),
        }
        vec![effect]
    }

    /// Takes in what reading logs tells.
    pub(super) fn logs_tell(&mut self, ticket: Ticket, news: Vec<LogNews>, now: Timestamp) {
        let Logs { look, open } = &mut self.logs;
        // What was asked for before is of no interest any more.
        if let Some(open) = open.as_mut().filter(|open| open.ticket == ticket) {
            open.take(news, &look.filter, now);
        }
    }

    /// The object whose logs are open, where it is a workload.
    pub(super) fn logged_workload(&self) -> Option<&ObjectRef> {
        match self.screen() {
            Screen::Logs(LogSubject::Workload(object) | LogSubject::Revision(object, _)) => Some(object),
            _ => None,
        }
    }
}

impl Open {
    fn new(ticket: Ticket, request: LogRequest) -> Self {
        Self {
            request,
            buffer: LogBuffer::default(),
            sources: Vec::new(),
            names: LogNames::default(),
            listed: None,
            unlisted: None,
            at: At::End,
            left: 0,
            typing: None,
            cleared: false,
            ticket,
            outdated: false,
        }
    }

    fn begin(&mut self, ticket: Ticket, request: LogRequest) {
        (self.ticket, self.request, self.outdated) = (ticket, request, true);
        (self.listed, self.unlisted, self.cleared) = (None, None, false);
        self.sources.clear();
    }

    fn take(&mut self, news: Vec<LogNews>, filter: &Pattern, now: Timestamp) {
        let mut met = false;
        for news in news {
            match news {
                LogNews::Source(source) => {
                    met = true;
                    match self.sources.iter_mut().find(|known| known.id == source.id) {
                        Some(known) => *known = source,
                        None => self.sources.push(source),
                    }
                }
                LogNews::Lines(lines) => {
                    self.replace();
                    self.buffer.add(lines, now, &|line| filter.matches(&line.text));
                }
                LogNews::Listed { pods, revision } => (self.listed, self.unlisted) = (Some((pods, revision)), None),
                LogNews::Unlisted(why) => self.unlisted = Some(why),
            }
        }
        if met {
            self.names.learn(&self.request.subject.object().name, &self.sources);
        }
        let opening = self.sources.iter().any(|source| source.state == LogState::Opening);
        if self.listed.is_some() && !opening {
            self.replace();
        }
    }

    /// What was asked for before gives way to what is asked for now.
    fn replace(&mut self) {
        if std::mem::take(&mut self.outdated) {
            self.buffer = LogBuffer::default();
        }
    }

    /// Whether the answer to what was asked for has not come yet.
    pub fn is_loading(&self) -> bool {
        self.outdated || (self.listed.is_none() && self.unlisted.is_none())
    }

    /// Containers that are read, and all that there are.
    pub fn counts(&self) -> (usize, usize) {
        let read = self.sources.iter().filter(|source| source.state != LogState::Left).count();
        (read, self.sources.len())
    }

    /// Columns that containers' names take; none where there is one container only.
    pub fn name_width(&self, most: usize) -> usize {
        if self.sources.len() < 2 {
            return 0;
        }
        let names = self.sources.iter().filter(|source| source.state != LogState::Left);
        let widths = names.filter_map(|source| self.names.get(source.id)).map(|name| name.text.chars().count());
        widths.max().unwrap_or(0).min(most)
    }
}
