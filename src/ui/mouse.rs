//! The mouse: a click selects and focuses, a second one opens, the wheel moves, a key of the key bar is pressed, a border is
//! dragged. It can do nothing that the keys cannot, and nothing at all without a plan.

use super::{
    actions,
    layout::{self, Border, Division},
    list::Listed,
    look::Order,
    message::Effect,
    panes,
    scene::Scene,
    screens,
    state::{Focus, Screen, State},
    table_actions,
    tables::{Hit, Row, heading_at},
    tabs,
    workload::Tab,
};
use crate::{
    config::Action,
    model::{Account, ContextView, OperationView, Rows, Troubled},
};
use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use jiff::{SignedDuration, Timestamp};
use ratatui::layout::{Position, Rect};

/// Rows moved by one notch of the wheel.
const NOTCH: isize = 3;

/// How long after a click on the same place another one makes a double click.
const DOUBLE: SignedDuration = SignedDuration::from_millis(500);

/// What the mouse drags.
#[derive(Clone, Debug)]
enum Held {
    /// A border between panes.
    Border(Border),
    /// The end of the column of this heading, which begins at this column of the screen.
    Column(&'static str, u16),
}

/// The least and the greatest width that a column can be dragged to.
const NARROWEST: u16 = 3;
const WIDEST: u16 = 300;

/// What the mouse has been doing.
#[derive(Clone, Debug, Default)]
pub struct Pointer {
    /// Where the inner borders were drawn to.
    pub division: Division,
    /// What is held.
    held: Option<Held>,
    /// Where and when the last click was.
    clicked: Option<(Position, Timestamp)>,
}

impl Pointer {
    /// Notes a click; whether it makes a double one.
    fn click(&mut self, at: Position, now: Timestamp) -> bool {
        let before = self.clicked.replace((at, now));
        let double = before.is_some_and(|(place, then)| place == at && now.duration_since(then) <= DOUBLE);
        if double {
            self.clicked = None;
        }
        double
    }
}

/// Takes a mouse event.
pub fn update(state: &mut State, event: MouseEvent, rows: &Rows, now: Timestamp) -> Vec<Effect> {
    let at = Position::new(event.column, event.row);
    match event.kind {
        MouseEventKind::ScrollDown => wheel(state, at, NOTCH),
        MouseEventKind::ScrollUp => wheel(state, at, -NOTCH),
        MouseEventKind::Down(MouseButton::Left) => {
            let double = state.pointer.click(at, now);
            state.pointer.held = None;
            let Some(layer) = state.layers.last_mut() else { return click(state, at, double, rows, now) };
            let reply = layer.click(at, double, layout::below_header(state.size));
            return state.reply(reply, rows, now).unwrap_or_default();
        }
        MouseEventKind::Drag(MouseButton::Left) => match state.pointer.held {
            Some(Held::Border(border)) => {
                let body = layout::frame(state.size).body;
                state.pointer.division = state.pointer.division.drawn(border, at, body);
            }
            Some(Held::Column(title, left)) => {
                let width = at.x.saturating_sub(left).clamp(NARROWEST, WIDEST);
                if let Some(list) = state.list() {
                    list.look_mut().widths.insert(title, width);
                }
            }
            None => {}
        },
        MouseEventKind::Up(MouseButton::Left) => state.pointer.held = None,
        _ => {}
    }
    Vec::new()
}

fn wheel(state: &mut State, at: Position, by: isize) {
    let (session, size) = (&state.session, state.size);
    if let Some(layer) = state.layers.last_mut() {
        return layer.scroll(by.signum(), session, size);
    }
    let height = state.page_height();
    match state.screen() {
        Screen::Workloads if cockpit(state).namespaces.contains(at) => state.cockpit.namespaces.step(by),
        Screen::Workload(_) | Screen::Operation(_) | Screen::Account(_) | Screen::Placement(_) | Screen::Logs(_) => {
            actions::step(state, by);
        }
        Screen::Workloads
        | Screen::Table(_)
        | Screen::Operations
        | Screen::Journal
        | Screen::Contexts
        | Screen::Fleet
        | Screen::Together => {
            if let Some(list) = state.list() {
                list.scroll(by, height);
            }
        }
    }
}

/// The panes of the cockpit as they are now.
fn cockpit(state: &State) -> layout::Cockpit {
    state.panes(layout::frame(state.size).body)
}

fn click(state: &mut State, at: Position, double: bool, rows: &Rows, now: Timestamp) -> Vec<Effect> {
    let layout::Frame { body, keys, .. } = layout::frame(state.size);
    if keys.contains(at) {
        let action = panes::keys::at(&Scene { state, rows, now }, keys, at.x);
        return action.map_or_else(Vec::new, |action| actions::act(state, action, rows, now));
    }
    if *state.screen() == Screen::Workloads
        && let Some(border) = cockpit(state).border_at(at)
    {
        state.pointer.held = Some(Held::Border(border));
        return Vec::new();
    }
    let line = |pane: Rect, heading: u16| {
        let inside = layout::inside(pane);
        let first = inside.y + heading;
        (inside.contains(at) && at.y >= first).then(|| usize::from(at.y - first))
    };
    let pane = match state.screen() {
        Screen::Workloads => {
            let panes = cockpit(state);
            if let Some(line) = line(panes.namespaces, 0) {
                let list = &mut state.cockpit.namespaces;
                list.select_at(list.offset() + line);
                let name = list.selected().cloned().filter(|name| !name.is_empty());
                return state.narrow(name.into_iter().collect());
            }
            if panes.table.contains(at) {
                state.cockpit.focus = Focus::Table;
            }
            panes.table
        }
        Screen::Table(kind) => screens::tables::body(&Scene { state, rows, now }, body, *kind),
        Screen::Operations | Screen::Contexts | Screen::Fleet => body,
        Screen::Journal => screens::journal::above(body),
        Screen::Workload(_) => {
            let places = layout::workload(body);
            if places.bar.contains(at) {
                let x = at.x - places.bar.x;
                let spans = screens::workload::tab_spans(places.bar.width);
                if let Some((tab, ..)) = spans.into_iter().find(|(_, from, to)| (*from..*to).contains(&x)) {
                    if tab == Tab::Logs {
                        return actions::act(state, Action::Logs, rows, now);
                    }
                    state.dossier.open(tab);
                    state.scroll = 0;
                }
            } else if places.content.contains(at)
                && tabs::choose(state, usize::from(at.y - places.content.y), rows, now)
                && double
            {
                return actions::act(state, Action::Open, rows, now);
            }
            return Vec::new();
        }
        Screen::Logs(_) => {
            if let Some(lines) = state.log_geometry().map(|geometry| geometry.lines).filter(|lines| lines.contains(at))
            {
                state.point_in_logs(usize::from(at.y - lines.y));
            }
            return Vec::new();
        }
        Screen::Operation(_) | Screen::Account(_) | Screen::Placement(_) | Screen::Together => return Vec::new(),
    };
    if let Some(line) = line(pane, 1) {
        return choose(state, line, double, rows, now);
    }
    let headings = layout::inside(pane);
    if headings.contains(at) {
        take_heading(state, headings, at.x, double);
    }
    Vec::new()
}

/// Sorts by the heading at column `x`; again, turned round. Between two headings takes hold of the end of the first one; a double
/// click gives that column the width back that it has by itself.
fn take_heading(state: &mut State, area: Rect, x: u16, double: bool) {
    let (kind, look) = match (state.screen().table(), state.list()) {
        (kind, Some(list)) => (kind, list.look().clone()),
        (_, None) => return,
    };
    let hit = match kind {
        None if *state.screen() == Screen::Contexts => heading_at(ContextView::COLUMNS, &look, area, x),
        None if *state.screen() == Screen::Fleet => heading_at(Troubled::COLUMNS, &look, area, x),
        Some(kind) => kind.table().heading_at(&look, area, x),
        None if *state.screen() == Screen::Journal => heading_at(Account::COLUMNS, &look, area, x),
        None => heading_at(OperationView::COLUMNS, &look, area, x),
    };
    match (hit, state.list()) {
        (Some(Hit::Heading(title)), _) => table_actions::sort(state, Order::Column(title)),
        (Some(Hit::Edge(columns)), Some(list)) => {
            let widths = &mut list.look_mut().widths;
            let Some((title, width)) = columns.last().copied() else { return };
            if double {
                widths.remove(title);
                return;
            }
            // Those before it stay where they are while it is dragged.
            widths.extend(columns);
            state.pointer.held = Some(Held::Column(title, x.saturating_sub(width)));
        }
        _ => {}
    }
}

/// Selects a row; a double click opens it.
fn choose(state: &mut State, line: usize, double: bool, rows: &Rows, now: Timestamp) -> Vec<Effect> {
    let Some(list) = state.list() else { return Vec::new() };
    let at = list.offset() + line;
    let again = list.index() == Some(at);
    list.select_at(at);
    if again && double { actions::act(state, Action::Open, rows, now) } else { Vec::new() }
}
