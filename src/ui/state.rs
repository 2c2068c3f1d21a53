//! The screen's state: one small state a screen, the layers above them, and nothing that could be derived from rows but is slow
//! to derive.
//!
//! Invariant: it changes in [`State::update`] only, and no update performs I/O or reads a clock.

use super::{
    filter::Filter,
    fleet::Contexts,
    layers::Layer,
    layout,
    list::List,
    message::{Effect, Notice, Ticket},
    operations::Operations,
    order::{Arrangement, arrange, attention},
    scene::Scene,
    screens,
    session::Session,
    workload::Dossier,
};
use crate::model::{Health, JobState, ObjectRef, OperationId, Rows, Workload};
use jiff::{SignedDuration, Timestamp};
use ratatui::layout::Size;
use std::sync::Arc;
use tui_input::Input;

/// A screen. The cockpit is always there beneath the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Screen {
    /// The workloads: the cockpit.
    Workloads,
    /// One workload at length.
    Workload(ObjectRef),
    /// The routes.
    Routes,
    /// The Jobs.
    Jobs,
    /// The operations.
    Operations,
    /// One operation.
    Operation(OperationId),
    /// The contexts.
    Contexts,
    /// What is not healthy in any watched context.
    Fleet,
}

/// Which pane of the cockpit takes the keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Focus {
    /// The namespaces.
    Namespaces,
    /// The workloads.
    #[default]
    Table,
}

/// The cockpit's own state.
#[derive(Clone, Debug, Default)]
pub struct Cockpit {
    /// The workload table.
    pub workloads: List<ObjectRef>,
    /// The namespace pane; the empty name stands for all.
    pub namespaces: List<Arc<str>>,
    /// Which pane takes the keys.
    pub focus: Focus,
}

/// How long after a failed look at pods the next one is.
pub(super) const AGAIN: SignedDuration = SignedDuration::from_secs(5);

/// What the lists were arranged for.
type Seen = (u64, Option<Arc<str>>, [String; 3]);

/// The state of the whole screen.
#[derive(Clone, Debug)]
pub struct State {
    pub(super) session: Session,
    pub(super) size: Size,
    pub(super) screens: Vec<Screen>,
    pub(super) cockpit: Cockpit,
    pub(super) routes: List<ObjectRef>,
    pub(super) jobs: List<ObjectRef>,
    pub(super) operations: Operations,
    pub(super) dossier: Dossier,
    pub(super) contexts: Contexts,
    pub(super) scope: Option<Arc<str>>,
    pub(super) scroll: usize,
    pub(super) layers: Vec<Layer>,
    pub(super) filtering: Option<Input>,
    pub(super) notice: Option<Notice>,
    pub(super) ticket: Ticket,
    pub(super) arrangement: Arrangement,
    seen: Option<Seen>,
    /// The workload whose pods were asked for last, and whether an answer came.
    inspected: Option<(ObjectRef, bool)>,
    /// The workload whose pods could not be looked at, why, and when they are asked for again.
    pub(super) uninspected: Option<(ObjectRef, String, Timestamp)>,
    /// When the selection last went to another workload by itself.
    pub(super) jumped: Option<Timestamp>,
    /// Since when what is shown is old; None while it is not.
    pub(super) stale: Option<Timestamp>,
}

impl State {
    /// The cockpit of a session, on a terminal of this many columns and rows.
    pub fn new(session: Session, (columns, rows): (u16, u16)) -> Self {
        Self {
            session,
            size: Size::new(columns, rows),
            screens: vec![Screen::Workloads],
            cockpit: Cockpit::default(),
            routes: List::default(),
            jobs: List::default(),
            operations: Operations::default(),
            dossier: Dossier::default(),
            contexts: Contexts::default(),
            scope: None,
            scroll: 0,
            layers: Vec::new(),
            filtering: None,
            notice: None,
            ticket: 0,
            arrangement: Arrangement::default(),
            seen: None,
            inspected: None,
            uninspected: None,
            jumped: None,
            stale: None,
        }
    }

    /// The screen on top.
    pub fn screen(&self) -> &Screen {
        self.screens.last().unwrap_or(&Screen::Workloads)
    }

    /// Opens a screen; one that is open already is not opened twice.
    pub(super) fn open(&mut self, screen: Screen) {
        self.scroll = 0;
        self.filtering = None;
        self.screens.retain(|open| *open != screen);
        if screen == Screen::Workloads {
            self.screens.clear();
        } else if self.screens.is_empty() {
            self.screens.push(Screen::Workloads);
        }
        self.screens.push(screen);
    }

    /// The workload that a verb would act on.
    pub(super) fn workload<'r>(&self, rows: &'r Rows) -> Option<&'r Workload> {
        let object = match self.screen() {
            Screen::Workloads => self.cockpit.workloads.selected()?,
            Screen::Workload(object) => object,
            Screen::Routes
            | Screen::Jobs
            | Screen::Operations
            | Screen::Operation(_)
            | Screen::Contexts
            | Screen::Fleet => return None,
        };
        rows.workloads.get(object)
    }

    /// The list of objects that the screen on top shows.
    pub(super) fn list(&mut self) -> Option<&mut List<ObjectRef>> {
        match self.screen() {
            Screen::Workloads => Some(&mut self.cockpit.workloads),
            Screen::Routes => Some(&mut self.routes),
            Screen::Jobs => Some(&mut self.jobs),
            Screen::Workload(_) | Screen::Operations | Screen::Operation(_) | Screen::Contexts | Screen::Fleet => None,
        }
    }

    /// How many rows the table on top shows at once.
    pub(super) fn page_height(&self) -> usize {
        let body = layout::frame(self.size).body;
        let pane = match self.screen() {
            Screen::Workloads => layout::cockpit(body, self.cockpit.focus == Focus::Namespaces).table,
            _ => body,
        };
        usize::from(layout::inside(pane).height.saturating_sub(1))
    }

    /// Brings the lists in line with rows, scope and filters, where one of them has changed.
    pub(super) fn settle(&mut self, rows: &Rows, now: Timestamp) -> Vec<Effect> {
        let filters = [&self.cockpit.workloads, &self.routes, &self.jobs].map(|list| list.filter().to_owned());
        let seen = (rows.version(), self.scope.clone(), filters);
        if self.seen.as_ref() != Some(&seen) {
            // With another scope or filter another selection is what was asked for.
            let asked = self.seen.as_ref().is_none_or(|(_, scope, filters)| (scope, filters) != (&seen.1, &seen.2));
            self.arrange(rows, now, asked);
            self.seen = Some(seen);
        }
        let height = self.page_height();
        if let Some(list) = self.list() {
            list.show(height);
        }
        self.operations.list.show(height);
        self.contexts.list.show(height);
        self.contexts.troubled.show(height);
        let body = layout::frame(self.size).body;
        self.cockpit.namespaces.show(usize::from(layout::inside(body).height));
        if self.scroll > 0 {
            self.scroll = self.scroll.min(screens::last_scroll(&Scene { state: self, rows, now }));
        }
        let mut effects = self.inspect(rows, now);
        effects.extend(self.attend(rows, now));
        effects
    }

    fn arrange(&mut self, rows: &Rows, now: Timestamp, asked: bool) {
        let scope = self.scope.as_deref();
        let filter = Filter::new(self.cockpit.workloads.filter());
        self.arrangement = arrange(rows, scope, &filter);
        if self.cockpit.workloads.arrange(std::mem::take(&mut self.arrangement.workloads)) && !asked {
            self.jumped = Some(now);
        }
        let all = std::iter::once(Arc::from(""));
        self.cockpit
            .namespaces
            .arrange(all.chain(self.arrangement.namespaces.iter().map(|n| n.name.clone())).collect());
        let filter = Filter::new(self.routes.filter());
        self.routes.arrange(attention(rows.routes.iter(), |r| &r.object, |r| r.health, scope, &filter));
        let filter = Filter::new(self.jobs.filter());
        let urgency = |state: &JobState| match state {
            JobState::Failed(_) => Health::Broken,
            JobState::Suspended => Health::Degraded,
            JobState::Running => Health::Progressing,
            JobState::Complete => Health::Healthy,
        };
        self.jobs.arrange(attention(rows.jobs.iter(), |j| &j.object, |j| urgency(&j.state), scope, &filter));
    }

    /// Asks for the pods of the workload that is looked at: when it is chosen, and when what was known of them is outdated.
    fn inspect(&mut self, rows: &Rows, now: Timestamp) -> Vec<Effect> {
        let Some(object) = self.workload(rows).map(|row| row.object.clone()) else { return Vec::new() };
        let known = rows.inspections.contains_key(&object);
        if let Some((failed, _, again)) = &mut self.uninspected {
            if *failed != object || known {
                self.uninspected = None;
            } else if now >= *again {
                *again = now + AGAIN;
                return vec![Effect::Inspect(object)];
            }
        }
        match &mut self.inspected {
            Some((asked, answered)) if *asked == object && (known || !*answered) => {
                *answered = known;
                return Vec::new();
            }
            _ => self.inspected = Some((object.clone(), false)),
        }
        vec![Effect::Inspect(object)]
    }

    /// Shows only this namespace, or all.
    pub(super) fn narrow(&mut self, scope: Option<Arc<str>>) -> Vec<Effect> {
        if self.scope == scope {
            return Vec::new();
        }
        self.cockpit.namespaces.select(scope.clone().unwrap_or_default());
        self.scope = scope.clone();
        self.cockpit.workloads.reset();
        self.routes.reset();
        self.jobs.reset();
        vec![Effect::Scope(scope)]
    }
}
