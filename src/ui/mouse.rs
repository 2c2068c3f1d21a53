//! The mouse: a click selects and focuses, a second one opens, the wheel moves, a key of the key bar is pressed, a border is
//! dragged. It can do nothing that the keys cannot, and nothing at all without a plan.

use super::{
    actions,
    layout::{self, Border, Division},
    list::List,
    message::Effect,
    panes,
    scene::Scene,
    screens,
    state::{Focus, Screen, State},
    tabs,
    workload::Tab,
};
use crate::{config::Action, model::Rows};
use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use jiff::{SignedDuration, Timestamp};
use ratatui::layout::{Position, Rect};

/// Rows moved by one notch of the wheel.
const NOTCH: isize = 3;

/// How long after a click on the same place another one makes a double click.
const DOUBLE: SignedDuration = SignedDuration::from_millis(500);

/// What the mouse has been doing.
#[derive(Clone, Debug, Default)]
pub struct Pointer {
    /// Where the inner borders were drawn to.
    pub division: Division,
    /// The border that is held.
    held: Option<Border>,
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
        MouseEventKind::Drag(MouseButton::Left) => {
            if let Some(border) = state.pointer.held {
                let body = layout::frame(state.size).body;
                state.pointer.division = state.pointer.division.drawn(border, at, body);
            }
        }
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
        Screen::Operations => state.operations.list.scroll(by, height),
        Screen::Contexts => state.contexts.list.scroll(by, height),
        Screen::Fleet => state.contexts.troubled.scroll(by, height),
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
        state.pointer.held = Some(border);
        return Vec::new();
    }
    let line = |pane: Rect, heading: u16| {
        let inside = layout::inside(pane);
        let first = inside.y + heading;
        (inside.contains(at) && at.y >= first).then(|| usize::from(at.y - first))
    };
    match state.screen() {
        Screen::Workloads => {
            let panes = cockpit(state);
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
                return choose(state, line, double, rows, now);
            }
        }
        Screen::Routes | Screen::Jobs | Screen::Operations | Screen::Contexts | Screen::Fleet => {
            if let Some(line) = line(body, 1) {
                return choose(state, line, double, rows, now);
            }
        }
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
        }
        Screen::Operation(_) => {}
        Screen::Logs(_) => {
            if let Some(lines) = state.log_geometry().map(|geometry| geometry.lines).filter(|lines| lines.contains(at))
            {
                state.point_in_logs(usize::from(at.y - lines.y));
            }
        }
    }
    Vec::new()
}

/// Selects a row; a double click opens it.
fn choose(state: &mut State, line: usize, double: bool, rows: &Rows, now: Timestamp) -> Vec<Effect> {
    let there = match state.screen() {
        Screen::Operations => click_row(&mut state.operations.list, line),
        Screen::Contexts => click_row(&mut state.contexts.list, line),
        Screen::Fleet => click_row(&mut state.contexts.troubled, line),
        _ => state.list().is_some_and(|list| click_row(list, line)),
    };
    if there && double { actions::act(state, Action::Open, rows, now) } else { Vec::new() }
}

/// Selects the row on a line of a list; whether it was selected already.
fn click_row<K: Clone + PartialEq>(list: &mut List<K>, line: usize) -> bool {
    let at = list.offset() + line;
    let again = list.index() == Some(at);
    list.select_at(at);
    again
}
