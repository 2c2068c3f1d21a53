//! The mouse: a click selects and focuses, the wheel moves. It can do nothing that the keys cannot.

use super::{
    actions, layout,
    message::Effect,
    state::{Focus, Screen, State},
};
use crate::{config::Action, model::Rows};
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
        Screen::Operations => state.operations.list.scroll(by, height),
        Screen::Workload(_) | Screen::Operation(_) | Screen::Logs(_) => {
            actions::step(state, by);
        }
        Screen::Workloads | Screen::Routes | Screen::Jobs => {
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
    match state.screen() {
        Screen::Workloads => {
            let panes = panes(state);
            if let Some(line) = line(panes.namespaces, 0) {
                let list = &mut state.cockpit.namespaces;
                list.select_at(list.offset() + line);
                let name = list.selected().cloned().filter(|name| !name.is_empty());
                return state.narrow(name);
            }
            if panes.table.contains(at) {
                state.cockpit.focus = Focus::Table;
            }
            if let Some(line) = line(panes.table, 1) {
                return choose(state, line, rows, now);
            }
        }
        Screen::Routes | Screen::Jobs | Screen::Operations => {
            if let Some(line) = line(body, 1) {
                return choose(state, line, rows, now);
            }
        }
        Screen::Logs(_) => {
            if let Some(lines) = state.log_geometry().map(|geometry| geometry.lines).filter(|lines| lines.contains(at))
            {
                state.point_in_logs(usize::from(at.y - lines.y));
            }
        }
        Screen::Workload(_) | Screen::Operation(_) => {}
    }
    Vec::new()
}

/// Selects a row; a click on the selected one opens it.
fn choose(state: &mut State, line: usize, rows: &Rows, now: Timestamp) -> Vec<Effect> {
    let again = if *state.screen() == Screen::Operations {
        let list = &mut state.operations.list;
        let at = list.offset() + line;
        let again = list.index() == Some(at);
        list.select_at(at);
        again
    } else if let Some(list) = state.list() {
        let at = list.offset() + line;
        let again = list.index() == Some(at);
        list.select_at(at);
        again
    } else {
        false
    };
    if again { actions::act(state, Action::Open, rows, now) } else { Vec::new() }
}
