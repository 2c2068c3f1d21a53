//! What can be done with any table: its order, its columns, its marks; and going to and fro between screens.

use super::{
    actions,
    chosen::Chosen,
    layers::{Columns, Layer},
    look::Order,
    message::{Effect, Level},
    state::{Focus, Screen, State},
    tables::{Heading, TableKind},
};
use crate::{config::Action, model::Rows};
use std::sync::Arc;

/// Does an action of tables and of history; None where it is another's.
pub fn act(state: &mut State, rows: &Rows, action: Action) -> Option<Vec<Effect>> {
    match action {
        Action::SortName => sort(state, Order::Column(name(state)?)),
        Action::SortNamespace => sort(state, Order::Namespace),
        Action::SortAge => match sortable(state).into_iter().find(|title| matches!(title.trim(), "AGE" | "CHANGED")) {
            Some(title) => sort(state, Order::Column(title)),
            None => state.tell(Level::Warning, "this table has no age to sort by"),
        },
        Action::SortAttention => sort(state, Order::Attention),
        Action::SortNext => sort_beside(state, 1),
        Action::SortPrevious => sort_beside(state, -1),
        Action::SortReverse => {
            if let Some(list) = state.list() {
                list.look_mut().reverse ^= true;
                list.reset();
            }
        }
        Action::Wide => {
            if let Some(list) = state.list() {
                let look = list.look_mut();
                (look.wide, look.shift) = (!look.wide, 0);
            }
        }
        Action::ColumnsRight => shift(state, rows, 1),
        Action::ColumnsLeft => shift(state, rows, -1),
        Action::Columns => {
            let look = state.list().map(|list| list.look().clone()).unwrap_or_default();
            let columns = Columns::new(state.headings(), &look);
            state.layers.push(Layer::Columns(columns));
        }
        Action::Mark => {
            if let Some(list) = state.focused() {
                list.mark();
                list.step(1);
            }
        }
        Action::MarkRange => with_focused(state, |list| list.mark_range()),
        Action::MarkAll => with_focused(state, |list| list.mark_all()),
        Action::Unmark => with_focused(state, |list| list.unmark()),
        Action::HistoryBack => go(state, |state| state.trail.back(), "there is no screen before this one"),
        Action::HistoryForward => go(state, |state| state.trail.forward(), "there is no screen after this one"),
        Action::LastScreen => go(state, |state| state.trail.toggle(), "there is no other screen yet"),
        _ => return None,
    }
    Some(Vec::new())
}

fn with_focused(state: &mut State, act: impl Fn(&mut dyn super::list::Listed)) {
    if let Some(list) = state.focused() {
        act(list);
    }
}

fn name(state: &State) -> Option<&'static str> {
    state.headings().first().map(|heading| heading.title)
}

fn sortable(state: &State) -> Vec<&'static str> {
    let columns = state.headings().into_iter();
    columns.filter(|heading| heading.sortable).map(|heading: Heading| heading.title).collect()
}

/// Sorts the table on top. The top of the new order comes into sight: that is what was asked for.
pub fn sort(state: &mut State, order: Order) {
    if let Some(list) = state.list() {
        list.look_mut().sort(order);
        list.reset();
    }
}

/// Sorts by the sortable column beside the one in force; before the first and after the last is the order of attention.
fn sort_beside(state: &mut State, by: isize) {
    let mut orders = vec![Order::Attention];
    orders.extend(sortable(state).into_iter().map(Order::Column));
    let Some(list) = state.list() else { return };
    let here = orders.iter().position(|order| *order == list.look().order).unwrap_or(0);
    let next = (here as isize + by).rem_euclid(orders.len() as isize) as usize;
    (list.look_mut().order, list.look_mut().reverse) = (orders[next], false);
    list.reset();
}

fn shift(state: &mut State, rows: &Rows, by: isize) {
    let last = state.headings().len().saturating_sub(2);
    let Some(list) = state.list() else { return };
    let look = list.look_mut();
    if look.wide {
        look.shift = look.shift.saturating_add_signed(by).min(last);
    } else if !state.turn_group(rows, by < 0) {
        state.tell(Level::Information, "columns are scrolled in wide mode only: w");
    }
}

fn go(state: &mut State, go: impl Fn(&mut State) -> bool, nowhere: &str) {
    state.leave();
    if !go(state) {
        state.tell(Level::Information, nowhere);
    }
}

/// Opens a table; with a filter that says what of it is meant.
pub fn show(state: &mut State, kind: TableKind, filter: Option<&str>) -> Vec<Effect> {
    state.open(Screen::of(kind));
    if kind == TableKind::Workloads {
        state.cockpit.focus = Focus::Table;
    }
    if let (Some(filter), Some(list)) = (filter, state.list()) {
        list.set_filter(filter.to_owned());
    }
    Vec::new()
}

/// Shows the marked namespaces, or the selected one where none is marked.
pub fn choose_namespaces(state: &mut State, marked: Vec<Arc<str>>, selected: Option<Arc<str>>) -> Vec<Effect> {
    let chosen: Chosen = match marked.is_empty() {
        true => selected.into_iter().filter(|name| !name.is_empty()).collect(),
        false => marked.into_iter().filter(|name| !name.is_empty()).collect(),
    };
    show_namespaces(state, chosen)
}

/// Shows the workloads of these namespaces; none named means all.
pub fn show_namespaces(state: &mut State, chosen: Chosen) -> Vec<Effect> {
    state.cockpit.focus = Focus::Table;
    let mut effects = state.narrow(chosen);
    if *state.screen() != Screen::Workloads {
        effects.extend(actions::show(state, Screen::Workloads));
    }
    effects
}
