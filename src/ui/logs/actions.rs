//! What the keys do on the screen of logs.

use super::{At, Geometry, Logs, Stamps, Typed};
use crate::{
    config::Action,
    model::{LogBuffer, LogChoice, LogRequest, LogSince, LogState, LogSubject},
    ui::{
        layers::{Answer, Layer, Question, Then},
        message::{Effect, Level},
        state::State,
    },
};
use std::collections::BTreeSet;

/// By how much more lines are asked for each time.
const MORE: u32 = 5;
/// Lines of a container that are ever asked for.
const MOST: u32 = 100_000;
/// Columns that are scrolled at once.
const ASIDE: usize = 16;

impl State {
    /// Does what a key means on the screen of logs; None where it means what it means elsewhere.
    pub(in crate::ui) fn act_on_logs(&mut self, action: Action) -> Option<Vec<Effect>> {
        let open = self.logs.open.as_ref()?;
        let request = open.request.clone();
        match action {
            Action::Filter => self.type_in_logs(Typed::Filter),
            Action::Search => self.type_in_logs(Typed::Search),
            Action::NextMatch => self.search_logs(false, false),
            Action::PreviousMatch => self.search_logs(true, false),
            Action::Follow => self.follow_on_or_off(),
            Action::Wrap => {
                self.logs.look.wrap = !self.logs.look.wrap;
                let said = if self.logs.look.wrap { "long lines are broken" } else { "long lines are cut at the edge" };
                self.tell(Level::Information, said);
            }
            Action::Times => {
                let (stamps, said) = match self.logs.look.stamps {
                    Stamps::Off => (Stamps::Local, "with the time of day"),
                    Stamps::Local => (Stamps::Age, "with the age of each line"),
                    Stamps::Age => (Stamps::Off, "without times"),
                };
                self.logs.look.stamps = stamps;
                self.tell(Level::Information, said);
            }
            Action::PreviousRun => {
                return Some(self.ask_logs(LogRequest { previous: !request.previous, ..request }));
            }
            Action::Containers => self.ask_containers(),
            Action::OlderLines => return Some(self.ask_older(request)),
            Action::SinceTail => return Some(self.ask_since(request, LogSince::Tail)),
            Action::SinceMinute => return Some(self.ask_since(request, LogSince::Minute)),
            Action::SinceQuarter => return Some(self.ask_since(request, LogSince::Quarter)),
            Action::SinceHour => return Some(self.ask_since(request, LogSince::Hour)),
            Action::SinceAll => return Some(self.ask_since(request, LogSince::All)),
            Action::ClearLines => {
                if let Some(open) = &mut self.logs.open {
                    (open.buffer, open.at, open.cleared) = (LogBuffer::default(), At::End, true);
                }
                self.tell(Level::Information, "cleared; what is written from now on is shown");
            }
            Action::SaveLines => return Some(self.save_logs()),
            Action::AsideLeft => self.aside(false),
            Action::AsideRight => self.aside(true),
            Action::Up => self.move_in_logs(-1),
            Action::Down => self.move_in_logs(1),
            Action::HalfPageUp => self.move_in_logs(-self.half_page()),
            Action::HalfPageDown => self.move_in_logs(self.half_page()),
            Action::Top => self.move_in_logs(isize::MIN),
            Action::Bottom => self.move_in_logs(isize::MAX),
            _ => return None,
        }
        Some(Vec::new())
    }

    fn half_page(&self) -> isize {
        isize::try_from(self.page_height() / 2).unwrap_or(1).max(1)
    }

    /// The request with other containers, from a question's answer.
    pub(in crate::ui) fn choose_logs(&mut self, choice: LogChoice) -> Vec<Effect> {
        match &self.logs.open {
            Some(open) => {
                let request = LogRequest { choice, ..open.request.clone() };
                self.ask_logs(request)
            }
            None => Vec::new(),
        }
    }

    fn ask_since(&mut self, request: LogRequest, since: LogSince) -> Vec<Effect> {
        let tail = LogRequest::new(request.subject.clone()).tail;
        self.ask_logs(LogRequest { since, tail, ..request })
    }

    fn ask_older(&mut self, request: LogRequest) -> Vec<Effect> {
        if request.since != LogSince::Tail || request.tail >= MOST {
            self.tell(Level::Information, "everything that was asked for is here; 4 asks for all that is kept");
            return Vec::new();
        }
        let tail = (request.tail * MORE).min(MOST);
        self.tell(Level::Information, format!("asking for the last {tail} lines of each container"));
        self.ask_logs(LogRequest { tail, ..request })
    }

    fn follow_on_or_off(&mut self) {
        let (geometry, Some(open)) = (self.log_geometry(), &mut self.logs.open) else { return };
        match (open.at, open.here()) {
            (At::Line(..), _) | (At::End, None) => open.at = At::End,
            (At::End, Some(here)) => {
                let row = geometry.map_or(0, |geometry| geometry.rows(open).len().saturating_sub(1));
                if let Some(held) = open.buffer.get(here) {
                    open.at = At::Line(held.place(), row);
                }
            }
        }
    }

    /// Where things are on the screen of logs.
    pub(in crate::ui) fn log_geometry(&self) -> Option<Geometry> {
        let Logs { look, open } = &self.logs;
        open.as_ref().map(|open| Geometry::new(open, look, self.size))
    }

    /// Moves by so many lines; to the end means to go on with it.
    pub(in crate::ui) fn move_in_logs(&mut self, lines: isize) {
        let (Some(geometry), Some(open)) = (self.log_geometry(), &mut self.logs.open) else { return };
        if lines == isize::MAX {
            open.at = At::End;
            return;
        }
        let Some(here) = open.here() else { return };
        if lines >= 0 && open.at == At::End {
            return;
        }
        let rows = geometry.rows(open);
        let row_of = |index: usize| rows.iter().position(|(at, _)| *at == index);
        let mut index = if lines == isize::MIN { 0 } else { here };
        if lines == isize::MIN {
            index = open.buffer.shown_from(0).unwrap_or(here);
        } else {
            for _ in 0..lines.unsigned_abs() {
                let next = if lines < 0 { open.buffer.shown_before(index) } else { open.buffer.shown_from(index + 1) };
                match next {
                    Some(next) => index = next,
                    None => break,
                }
            }
        }
        let height = usize::from(geometry.lines.height);
        // A line that is on the screen stays where it is; one beyond its edge scrolls by as much as it must.
        let row = row_of(index).unwrap_or(if lines < 0 { 0 } else { height.saturating_sub(1) });
        if let Some(held) = open.buffer.get(index) {
            open.at = At::Line(held.place(), row);
        }
    }

    /// Goes to the line on this row of the screen.
    pub(in crate::ui) fn point_in_logs(&mut self, row: usize) {
        let (Some(geometry), Some(open)) = (self.log_geometry(), &mut self.logs.open) else { return };
        let rows = geometry.rows(open);
        let Some((index, part)) = rows.get(row) else { return };
        if let Some(held) = open.buffer.get(*index) {
            open.at = At::Line(held.place(), row - part.min(&row));
        }
    }

    fn aside(&mut self, right: bool) {
        let wrap = self.logs.look.wrap;
        if wrap {
            self.tell(Level::Information, "long lines are broken; nothing is hidden at the edge");
        } else if let Some(open) = &mut self.logs.open {
            open.left = if right { open.left + ASIDE } else { open.left.saturating_sub(ASIDE) };
        }
    }

    /// Goes to the next line that is searched for. `stay` counts the line one is on; where there is none further on, the search
    /// goes on from the other end.
    pub(in crate::ui) fn search_logs(&mut self, back: bool, stay: bool) {
        let geometry = self.log_geometry();
        let Logs { look, open: Some(open) } = &mut self.logs else { return };
        if look.search.is_empty() {
            return self.tell(Level::Warning, "nothing is searched for: s searches");
        }
        let (Some(geometry), Some(here)) = (geometry, open.here()) else { return };
        let matches = |index: &usize| {
            open.buffer.get(*index).is_some_and(|held| held.shown && look.search.matches(&held.line.text))
        };
        let length = open.buffer.len();
        let back = back || (stay && open.at == At::End);
        let found = if back {
            let before = if stay { here + 1 } else { here };
            (0..before)
                .rev()
                .find(matches)
                .map(|at| (at, false))
                .or_else(|| (before..length).rev().find(matches).map(|at| (at, true)))
        } else {
            let after = if stay { here } else { here + 1 };
            (after..length)
                .find(matches)
                .map(|at| (at, false))
                .or_else(|| (0..after.min(length)).find(matches).map(|at| (at, true)))
        };
        let Some((index, around)) = found else {
            let text = format!("no line that is shown matches {}", look.search.text());
            return self.tell(Level::Warning, text);
        };
        let seen = geometry.rows(open).iter().position(|(at, _)| *at == index);
        let row = seen.unwrap_or(usize::from(geometry.lines.height / 3));
        if let Some(held) = open.buffer.get(index) {
            open.at = At::Line(held.place(), row);
        }
        if around {
            let from = if back { "end" } else { "top" };
            self.tell(Level::Information, format!("the search went on from the {from}"));
        }
    }

    fn save_logs(&mut self) -> Vec<Effect> {
        let Some(open) = &self.logs.open else { return Vec::new() };
        if open.buffer.is_empty() {
            self.tell(Level::Warning, "there is no line to save");
            return Vec::new();
        }
        let object = open.request.subject.object();
        let name = format!("pilothouse-logs-{}-{}", object.namespace, object.name);
        vec![Effect::SaveLogs { name, lines: open.buffer.len(), text: open.saved() }]
    }

    /// The line one is on, to be copied.
    pub(in crate::ui) fn copied_log_line(&self) -> Option<String> {
        let open = self.logs.open.as_ref()?;
        let held = open.buffer.get(open.here()?)?;
        Some(open.copied(&held.line))
    }

    /// Asks which containers are to be followed.
    fn ask_containers(&mut self) {
        let Some(open) = &self.logs.open else { return };
        let now = &open.request.choice;
        let choose = |label: String, detail: String, choice: LogChoice| {
            let detail = if choice == *now { format!("{detail} (now)") } else { detail };
            Answer::new(label, detail, Then::Logs(choice))
        };
        let (read, all) = open.counts();
        let of_revision = match open.request.subject {
            LogSubject::Workload(_) => "all of the current revision",
            LogSubject::Revision(..) => "all of this revision",
            LogSubject::Pod(..) | LogSubject::Job(_) => "all",
        };
        let detail = format!("{read} of {all} containers are read now");
        let mut answers = vec![choose(of_revision.into(), detail, LogChoice::default())];
        if matches!(open.request.subject, LogSubject::Workload(_)) {
            let every = LogChoice { every_revision: true, ..LogChoice::default() };
            answers.push(choose("all of every revision".into(), "also pods that are being replaced".into(), every));
        }
        let containers: BTreeSet<_> =
            open.sources.iter().map(|source| (source.init, source.container.clone())).collect();
        if containers.len() > 1 {
            for (init, container) in containers {
                let detail = if init { "init container, of all pods" } else { "container, of all pods" };
                let choice = LogChoice { container: Some(container.clone()), ..LogChoice::default() };
                answers.push(choose(container.to_string(), detail.into(), choice));
            }
        }
        let mut sources: Vec<_> = open.sources.iter().collect();
        sources.sort_by(|a, b| (&a.pod, a.init, &a.container).cmp(&(&b.pod, b.init, &b.container)));
        for source in sources {
            let detail = match &source.state {
                LogState::Left => "not read now".to_owned(),
                state => state.to_string(),
            };
            let choice = LogChoice {
                every_revision: true,
                pod: Some(source.pod.clone()),
                container: Some(source.container.clone()),
            };
            answers.push(choose(format!("{}/{}", source.pod, source.container), detail, choice));
        }
        let message = "Which containers are read? At most 20 at once, what runs and is young first.";
        self.layers.push(Layer::Question(Question::new("Logs", message, answers)));
    }
}
