//! The screen's state: one small state a screen, the layers above them, and nothing that could be derived from rows but is slow
//! to derive.
//!
//! Invariant: it changes in [`State::update`] only, and no update performs I/O or reads a clock.

use super::{
    chosen::Chosen,
    fleet::Contexts,
    groups::Groups,
    journal::Journal,
    layers::Layer,
    layout,
    list::{List, Listed},
    logs::Logs,
    look::Grouping,
    message::{Effect, Notice, Ticket},
    mouse::Pointer,
    operations::Operations,
    placement::Placing,
    rescue::Together,
    roll_up::RollUp,
    scene::Scene,
    screens,
    session::Session,
    tabled::Tabled,
    tables::{Heading, Sight, TableKind, headings},
    trail::Trail,
    workload::Dossier,
};
use crate::model::{
    Account, ContextView, Kind, LogSubject, ObjectRef, OperationId, OperationView, Rows, Troubled, Workload,
};
use jiff::{SignedDuration, Timestamp};
use ratatui::layout::{Rect, Size};
use std::sync::Arc;
use tui_input::Input;

/// How often what the nodes use is asked for while they are on the screen: metrics are sampled that often, and not more.
const SAMPLED: SignedDuration = SignedDuration::from_secs(15);

/// A screen. The cockpit is always there beneath the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Screen {
    /// The workloads: the cockpit.
    Workloads,
    /// One workload at length.
    Workload(ObjectRef),
    /// A table of watched rows.
    Table(TableKind),
    /// The operations.
    Operations,
    /// One operation.
    Operation(OperationId),
    /// The journal.
    Journal,
    /// What the journal tells of one operation.
    Account(OperationId),
    /// The contexts.
    Contexts,
    /// What is not healthy in any watched context.
    Fleet,
    /// Where the pods of a namespace, or of the group under a heading, run.
    Placement(ObjectRef),
    /// The logs of a workload, a pod or a Job.
    Logs(LogSubject),
    /// The operations that were confirmed together last.
    Together,
}

impl Screen {
    /// The screen of a table.
    pub const fn of(kind: TableKind) -> Self {
        match kind {
            TableKind::Workloads => Self::Workloads,
            kind => Self::Table(kind),
        }
    }

    /// The table of watched rows on it.
    pub const fn table(&self) -> Option<TableKind> {
        match self {
            Self::Workloads => Some(TableKind::Workloads),
            Self::Table(kind) => Some(*kind),
            Self::Workload(_)
            | Self::Operations
            | Self::Operation(_)
            | Self::Journal
            | Self::Account(_)
            | Self::Contexts
            | Self::Fleet
            | Self::Logs(_)
            | Self::Together
            | Self::Placement(_) => None,
        }
    }
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
    /// The namespace pane; the empty name stands for all.
    pub namespaces: List<Arc<str>>,
    /// Which pane takes the keys.
    pub focus: Focus,
}

/// How long after a failed look at pods the next one is.
pub(super) const AGAIN: SignedDuration = SignedDuration::from_secs(5);

/// The state of the whole screen.
#[derive(Clone, Debug)]
pub struct State {
    pub(super) session: Session,
    pub(super) size: Size,
    pub(super) trail: Trail,
    pub(super) cockpit: Cockpit,
    tables: [Tabled<ObjectRef>; TableKind::ALL.len()],
    pub(super) operations: Operations,
    pub(super) journal: Journal,
    pub(super) scope: Chosen,
    pub(super) dossier: Dossier,
    pub(super) contexts: Contexts,
    pub(super) logs: Logs,
    pub(super) together: Together,
    pub(super) scroll: usize,
    pub(super) layers: Vec<Layer>,
    pub(super) filtering: Option<Input>,
    pub(super) notice: Option<Notice>,
    pub(super) ticket: Ticket,
    pub(super) roll_up: RollUp,
    pub(super) groups: Groups,
    pub(super) placing: Placing,
    /// The version of the rows that was rolled up.
    rolled_up: Option<u64>,
    /// The workload whose pods were asked for last, and whether an answer came.
    inspected: Option<(ObjectRef, bool)>,
    /// The workload whose pods could not be looked at, why, and when they are asked for again.
    pub(super) uninspected: Option<(ObjectRef, String, Timestamp)>,
    /// The workloads on the screen that are not well.
    pub(super) visible: Vec<ObjectRef>,
    /// When the selection last went to another workload by itself.
    pub(super) jumped: Option<Timestamp>,
    /// Since when what is shown is old; None while it is not.
    pub(super) stale: Option<Timestamp>,
    pub(super) pointer: Pointer,
    /// Kinds that were asked to be watched because their table was opened.
    wanted: Vec<Kind>,
    /// When what the nodes use was asked for last.
    sampled: Option<Timestamp>,
}

impl State {
    /// The cockpit of a session, on a terminal of this many columns and rows.
    pub fn new(session: Session, (columns, rows): (u16, u16)) -> Self {
        let mut tables: [Tabled<ObjectRef>; TableKind::ALL.len()] = Default::default();
        let grouping = session.settings.group_by.as_deref().map(Grouping::by);
        tables[TableKind::Namespaces as usize].list.look_mut().grouping = grouping;
        Self {
            session,
            size: Size::new(columns, rows),
            trail: Trail::default(),
            cockpit: Cockpit::default(),
            tables,
            operations: Operations::default(),
            journal: Journal::default(),
            scope: Chosen::default(),
            dossier: Dossier::default(),
            contexts: Contexts::default(),
            logs: Logs::default(),
            together: Together::default(),
            scroll: 0,
            layers: Vec::new(),
            filtering: None,
            notice: None,
            ticket: 0,
            roll_up: RollUp::default(),
            groups: Groups::default(),
            placing: Placing::default(),
            rolled_up: None,
            inspected: None,
            uninspected: None,
            visible: Vec::new(),
            jumped: None,
            stale: None,
            pointer: Pointer::default(),
            wanted: Vec::new(),
            sampled: None,
        }
    }

    /// The screen on top.
    pub fn screen(&self) -> &Screen {
        self.trail.top()
    }

    /// Opens a screen; one that is open already is not opened twice.
    pub(super) fn open(&mut self, screen: Screen) {
        self.leave();
        self.trail.open(screen);
    }

    /// What belongs to the screen that is left, and to no other.
    pub(super) fn leave(&mut self) {
        self.scroll = 0;
        self.filtering = None;
    }

    /// A table of watched rows as it stands.
    pub(super) fn table(&self, kind: TableKind) -> &Tabled<ObjectRef> {
        &self.tables[kind as usize]
    }

    /// The list of a table of watched rows, to be changed.
    pub(super) fn table_mut(&mut self, kind: TableKind) -> &mut List<ObjectRef> {
        &mut self.tables[kind as usize].list
    }

    /// What is selected in a table of watched rows.
    pub(super) fn selected(&self, kind: TableKind) -> Option<&ObjectRef> {
        self.table(kind).list.selected()
    }

    /// The workload that a verb would act on.
    pub(super) fn workload<'r>(&self, rows: &'r Rows) -> Option<&'r Workload> {
        let object = match self.screen() {
            Screen::Workloads => self.selected(TableKind::Workloads)?,
            Screen::Workload(object) => object,
            Screen::Logs(_) => self.logged_workload()?,
            _ => return None,
        };
        rows.workloads.get(object)
    }

    /// The list of the table that the screen on top shows.
    pub(super) fn list(&mut self) -> Option<&mut dyn Listed> {
        match self.screen() {
            Screen::Operations => Some(&mut self.operations.shown.list),
            Screen::Journal => Some(&mut self.journal.shown.list),
            Screen::Contexts => Some(&mut self.contexts.shown.list),
            Screen::Fleet => Some(&mut self.contexts.ill.list),
            Screen::Together => Some(&mut self.together.list),
            screen => {
                let kind = screen.table()?;
                Some(self.table_mut(kind))
            }
        }
    }

    /// The columns of the table that the screen on top shows.
    pub(super) fn headings(&self) -> Vec<Heading> {
        match self.screen() {
            Screen::Operations => headings::<OperationView>(),
            Screen::Journal => headings::<Account>(),
            Screen::Contexts => headings::<ContextView>(),
            Screen::Fleet => headings::<Troubled>(),
            screen => screen.table().map(|kind| kind.table().headings()).unwrap_or_default(),
        }
    }

    /// The list that takes the keys: that of the table, or of the namespace pane.
    pub(super) fn focused(&mut self) -> Option<&mut dyn Listed> {
        match self.screen() {
            Screen::Workloads if self.cockpit.focus == Focus::Namespaces => Some(&mut self.cockpit.namespaces),
            _ => self.list(),
        }
    }

    /// The panes of the cockpit in `body`.
    pub(super) fn panes(&self, body: Rect) -> layout::Cockpit {
        layout::cockpit(body, self.cockpit.focus == Focus::Namespaces, self.pointer.division)
    }

    /// How many rows the table on top shows at once.
    pub(super) fn page_height(&self) -> usize {
        let body = layout::frame(self.size).body;
        let pane = match self.screen() {
            Screen::Workloads => self.panes(body).table,
            Screen::Journal => screens::journal::above(body),
            _ => body,
        };
        usize::from(layout::inside(pane).height.saturating_sub(1))
    }

    /// Brings what is on the screen in line with rows, scope and filters, where one of them has changed.
    pub(super) fn settle(&mut self, rows: &Rows, now: Timestamp) -> Vec<Effect> {
        if self.rolled_up != Some(rows.version()) {
            self.roll_up = RollUp::of(rows);
            self.rolled_up = Some(rows.version());
            let all = std::iter::once(Arc::from(""));
            self.cockpit.namespaces.arrange(all.chain(self.roll_up.by_attention()).collect());
        }
        self.hear_of_others(rows, now);
        if matches!(self.screen(), Screen::Table(TableKind::Namespaces) | Screen::Placement(_)) {
            let label = self.grouping().map(|grouping| grouping.label.clone());
            self.groups.settle(rows, &self.roll_up, label.as_ref());
        }
        let sight = Sight { rows, roll_up: &self.roll_up, groups: &self.groups };
        let mut arrange = |kind: TableKind| {
            let (tabled, scope) = (&mut self.tables[kind as usize], &self.scope);
            tabled.settle(rows.version(), scope, |list| kind.table().arrange(list, scope, &sight))
        };
        match self.trail.top() {
            // The routes have a pane of the cockpit, where it is wide.
            Screen::Workloads => {
                arrange(TableKind::Routes);
                if arrange(TableKind::Workloads) {
                    self.jumped = Some(now);
                }
            }
            Screen::Table(kind) => drop(arrange(*kind)),
            Screen::Operations => self.operations.settle(&sight),
            Screen::Journal => self.journal.settle(&sight),
            Screen::Contexts | Screen::Fleet => self.contexts.settle(&sight),
            Screen::Workload(_)
            | Screen::Operation(_)
            | Screen::Account(_)
            | Screen::Placement(_)
            | Screen::Logs(_)
            | Screen::Together => {}
        }
        let height = self.page_height();
        if let Some(list) = self.list() {
            list.show(height);
        }
        let body = layout::frame(self.size).body;
        self.cockpit.namespaces.show(usize::from(layout::inside(body).height));
        if self.scroll > 0 {
            self.scroll = self.scroll.min(screens::last_scroll(&Scene { state: self, rows, now }));
        }
        let mut effects = self.inspect(rows, now);
        effects.extend(super::visible::tell(self, rows));
        effects.extend(self.attend(rows, now));
        effects.extend(self.attend_placement(rows, now));
        if let Some(kind) = self.screen().table().and_then(TableKind::watched_on_demand)
            && !self.wanted.contains(&kind)
        {
            self.wanted.push(kind);
            effects.push(Effect::Want(kind));
        }
        if *self.screen() == Screen::Table(TableKind::Nodes)
            && self.sampled.is_none_or(|asked| now.duration_since(asked) >= SAMPLED)
        {
            self.sampled = Some(now);
            effects.push(Effect::Sample);
        }
        effects
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

    /// Shows only these namespaces; none of them means all.
    pub(super) fn narrow(&mut self, scope: Chosen) -> Vec<Effect> {
        if self.scope == scope {
            return Vec::new();
        }
        self.cockpit.namespaces.select(scope.only().cloned().unwrap_or_default());
        self.scope = scope;
        self.tables.iter_mut().for_each(|tabled| tabled.list.reset());
        vec![Effect::Scope(self.scope.iter().cloned().collect())]
    }
}
