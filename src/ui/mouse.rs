//! The mouse: a click selects and focuses, the wheel moves. It can do nothing that the keys cannot.

use super::{
    actions, layout,
    list::List,
    message::Effect,
    screens,
    state::{Focus, Screen, State},
    tabs,
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
        Screen::Contexts => state.contexts.list.scroll(by, height),
        Screen::Fleet => state.contexts.troubled.scroll(by, height),
        Screen::Workload(_) | Screen::Operation(_) => {
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
        Screen::Routes | Screen::Jobs | Screen::Operations | Screen::Contexts | Screen::Fleet => {
            if let Some(line) = line(body, 1) {
                return choose(state, line, rows, now);
            }
        }
        Screen::Workload(_) => {
            let places = layout::workload(body);
            if places.bar.contains(at) {
                let x = at.x - places.bar.x;
                let spans = screens::workload::tab_spans(places.bar.width);
                if let Some((tab, ..)) = spans.into_iter().find(|(_, from, to)| (*from..*to).contains(&x)) {
                    state.dossier.open(tab);
                    state.scroll = 0;
                }
            } else if places.content.contains(at)
                && tabs::choose(state, usize::from(at.y - places.content.y), rows, now)
            {
                return actions::act(state, Action::Open, rows, now);
            }
        }
        Screen::Operation(_) => {}
    }
    Vec::new()
}

/// Selects a row; a click on the selected one opens it.
fn choose(state: &mut State, line: usize, rows: &Rows, now: Timestamp) -> Vec<Effect> {
    let again = match state.screen() {
        Screen::Operations => click_row(&mut state.operations.list, line),
        Screen::Contexts => click_row(&mut state.contexts.list, line),
        Screen::Fleet => click_row(&mut state.contexts.troubled, line),
        _ => state.list().is_some_and(|list| click_row(list, line)),
    };
    if again { actions::act(state, Action::Open, rows, now) } else { Vec::new() }
}

/// Selects the row on a line of a list; whether it was selected already.
fn click_row<K: Clone + PartialEq>(list: &mut List<K>, line: usize) -> bool {
    let at = list.offset() + line;
    let again = list.index() == Some(at);
    list.select_at(at);
    again
}
