//! From a verb's key to its form or to the facts for its plan. Nothing is changed here: a plan is shown and confirmed first.

use super::{
    layers::{Answer, Layer, Question, Then, rollback, shift},
    message::{Effect, Level},
    state::{Screen, State},
    tables::TableKind,
    tabs,
};
use crate::{
    config::Action,
    model::{Intent, Kind, ObjectRef, Route, Rows, Workload},
};
use jiff::Timestamp;

/// Routes of a namespace with a backend of one of these names.
pub fn routes_to<'r>(
    rows: &'r Rows,
    namespace: &str,
    services: &[Box<str>],
) -> impl Iterator<Item = &'r Route> + use<'r> {
    let (namespace, services) = (namespace.to_owned(), services.to_vec());
    rows.routes.iter().filter(move |route| {
        *route.object.namespace == *namespace && route.backends.iter().any(|b| services.contains(&b.name))
    })
}

/// Gathers what a plan for the selected workload needs.
pub fn gather(
    state: &mut State,
    rows: &Rows,
    now: Timestamp,
    intent: impl Fn(ObjectRef) -> Option<Intent>,
) -> Vec<Effect> {
    match state.workload(rows).and_then(|row| intent(row.object.clone())) {
        Some(intent) => state.gather(intent, None, now),
        None => Vec::new(),
    }
}

/// The Helm release that is chosen in their table, and its revision.
pub fn release(state: &State, rows: &Rows) -> Option<(ObjectRef, u32)> {
    if *state.screen() != Screen::Table(TableKind::Releases) {
        return None;
    }
    let row = rows.releases.get(state.selected(TableKind::Releases)?)?;
    Some((ObjectRef::new(Kind::Release, row.object.namespace.clone(), row.name.clone()), row.revision))
}

/// Rolls the selection back: to the revision that is chosen on the line of time, else to the best one.
pub fn roll_back(state: &mut State, rows: &Rows, now: Timestamp) -> Vec<Effect> {
    if let Some((target, _)) = release(state, rows) {
        return state.gather(Intent::Rollback { target, revision: None }, None, now);
    }
    let revision = tabs::chosen_revision(state);
    gather(state, rows, now, |row| Some(Intent::Rollback { target: row, revision }))
}

/// Rolls the selection back to a revision of choice: the line of time shows what is known of each, and the difference between any
/// two. Of a Helm release, which has no such line, the number is asked for.
pub fn roll_back_to(state: &mut State, rows: &Rows, now: Timestamp) -> Vec<Effect> {
    if let Some((target, revision)) = release(state, rows) {
        state.layers.push(Layer::Form(rollback(target, revision)));
        return Vec::new();
    }
    if tabs::chosen_revision(state).is_some() {
        return roll_back(state, rows, now);
    }
    let effects = tabs::act(state, Action::TabRevisions, rows, now);
    let key = |action| state.session.keymap.key(state.places(), action).map_or_else(String::new, |key| key.to_string());
    let (back, compare) = (key(Action::RollBack), key(Action::Compare));
    state.tell(Level::Information, format!("choose a revision: {back} rolls back to it, {compare} shows what differs"));
    effects
}

/// Opens a form about the selected workload.
pub fn form(state: &mut State, rows: &Rows, form: impl Fn(&State, &Workload) -> Layer) -> Vec<Effect> {
    if let Some(row) = state.workload(rows) {
        let layer = form(state, row);
        state.layers.push(layer);
    }
    Vec::new()
}

/// Opens the form for shifting traffic on a route of the selection, or asks which.
pub fn start_shift(state: &mut State, rows: &Rows) -> Vec<Effect> {
    let routes: Vec<&Route> = match state.workload(rows) {
        Some(row) => routes_to(rows, &row.object.namespace, &state.service_names(&row.object)).collect(),
        None => state.selected(TableKind::Routes).and_then(|route| rows.routes.get(route)).into_iter().collect(),
    };
    let layer = match routes.as_slice() {
        [] => return Vec::new(),
        [route] if route.backends.len() < 2 => {
            let why = format!("shift: {} has one backend only; there is nowhere to shift to", route.object.path());
            state.tell(Level::Warning, why);
            return Vec::new();
        }
        [route] => Layer::Form(shift(route)),
        routes => {
            let answer = |route: &&Route| {
                let split: Vec<String> = route.backends.iter().map(|b| format!("{} {} %", b.name, b.percent)).collect();
                Answer::new(route.object.path(), split.join("  "), Then::Shift(route.object.clone()))
            };
            let answers = routes.iter().map(answer).collect();
            Layer::Question(Question::new("Shift traffic", "Which route?", answers))
        }
    };
    state.layers.push(layer);
    Vec::new()
}
