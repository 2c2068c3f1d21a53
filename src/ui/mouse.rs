//! The mouse: a click selects and focuses, the wheel moves. It can do nothing that the keys cannot.

use super::{
    actions, layout,
    list::Listed,
    look::Order,
    message::Effect,
    scene::Scene,
    screens,
    state::{Focus, Screen, State},
    table_actions,
    tables::{Row, heading_at},
};
use crate::{
    config::Action,
    model::{Account, OperationView, Rows},
};
use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use jiff::Timestamp;
use ratatui::layout::{Position, Rect};

/// Rows moved by one notch of the wheel.
const NOTCH: isize = 3;

/// Takes a mouse event.
pub fn update(state: &mut State, event: MouseEvent, rows: &Rows, now: Timestamp) -> Vec<Effect> {
    let at = Position::new(event.column, event.row);
    match event.kind {
        MouseEventKind::ScrollDown => wheel(state, at, NOTCH),
        MouseEventKind::ScrollUp => wheel(state, at, -NOTCH),
        MouseEventKind::Down(MouseButton::Left) if state.layers.is_empty() => return click(state, at, rows, now),
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
        Screen::Workloads if panes(state).namespaces.contains(at) => state.cockpit.namespaces.step(by),
        Screen::Workload(_) | Screen::Operation(_) | Screen::Account(_) => drop(actions::step(state, by)),
        Screen::Workloads | Screen::Table(_) | Screen::Operations | Screen::Journal => {
            if let Some(list) = state.list() {
                list.scroll(by, height);
            }
        }
    }
}

fn panes(state: &State) -> layout::Cockpit {
    layout::cockpit(layout::frame(state.size).body, state.cockpit.focus == Focus::Namespaces)
}

fn click(state: &mut State, at: Position, rows: &Rows, now: Timestamp) -> Vec<Effect> {
    let body = layout::frame(state.size).body;
    let line = |pane: Rect, heading: u16| {
        let inside = layout::inside(pane);
        let first = inside.y + heading;
        (inside.contains(at) && at.y >= first).then(|| usize::from(at.y - first))
    };
    let pane = match state.screen() {
        Screen::Workloads => {
            let panes = panes(state);
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
        Screen::Operations => body,
        Screen::Journal => screens::journal::above(body),
        Screen::Workload(_) | Screen::Operation(_) | Screen::Account(_) => return Vec::new(),
    };
    if let Some(line) = line(pane, 1) {
        return choose(state, line, rows, now);
    }
    let headings = layout::inside(pane);
    if headings.contains(at) {
        sort(state, headings, at.x);
    }
    Vec::new()
}

/// Sorts by the heading at column `x`; again, turned round.
fn sort(state: &mut State, area: Rect, x: u16) {
    let (kind, look) = match (state.screen().table(), state.list()) {
        (kind, Some(list)) => (kind, list.look().clone()),
        (_, None) => return,
    };
    let title = match kind {
        Some(kind) => kind.table().heading_at(&look, area, x),
        None if *state.screen() == Screen::Journal => heading_at(Account::COLUMNS, &look, area, x),
        None => heading_at(OperationView::COLUMNS, &look, area, x),
    };
    if let Some(title) = title {
        table_actions::sort(state, Order::Column(title));
    }
}

/// Selects a row; a click on the selected one opens it.
fn choose(state: &mut State, line: usize, rows: &Rows, now: Timestamp) -> Vec<Effect> {
    let Some(list) = state.list() else { return Vec::new() };
    let at = list.offset() + line;
    let again = list.index() == Some(at);
    list.select_at(at);
    if again { actions::act(state, Action::Open, rows, now) } else { Vec::new() }
}
