//! From a verb's key to its form or to the facts for its plan. Nothing is changed here: a plan is shown and confirmed first.

use super::{
    layers::{Answer, Layer, Question, Then, shift},
    message::{Effect, Level},
    state::State,
    tables::TableKind,
};
use crate::model::{Intent, ObjectRef, Route, Rows, Workload};
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
