//! What an operator tells an operation: pause, next step, step back, abort, resume, export.

use super::{
    layers::{Answer, Confirm, Layer, Question, Then},
    message::Effect,
    state::{Screen, State},
};
use crate::{
    config::Action,
    model::{Control, OperationId, OperationState, Verb},
};

/// The operation that the screen on top is about.
pub fn subject(state: &State) -> Option<OperationId> {
    match state.screen() {
        Screen::Operation(id) => Some(id.clone()),
        Screen::Operations => state.operations.shown.list.selected().cloned(),
        Screen::Journal => state.journal.shown.list.selected().cloned(),
        Screen::Account(id) => Some(id.clone()),
        Screen::Together => state.together.list.selected().cloned(),
        _ => None,
    }
}

/// Why the operation on the screen cannot be told this now.
pub fn refusal(state: &State, id: &OperationId, action: Action) -> Option<String> {
    let verb = action.description();
    let view = state.operations.get(id)?;
    match view.state {
        ended if ended.is_final() => Some(format!("{verb}: it has ended")),
        _ if action == Action::StepBack && !view.can_step_back => {
            Some(format!("{verb}: a {} has no increments to take back", view.verb))
        }
        _ if state.operations.is_at_rest(view) && matches!(action, Action::Pause | Action::Next) => {
            Some(format!("{verb}: nobody carries it out; resume it first"))
        }
        OperationState::Running if !state.operations.is_ours(id) => {
            Some(format!("{verb}: {} carries it out, elsewhere", view.holder))
        }
        OperationState::Paused if action == Action::Pause => Some("it is paused already; n goes on".into()),
        _ => None,
    }
}

/// Tells the operation what to do, in the process that carries it out.
pub fn control(state: &State, control: Control) -> Vec<Effect> {
    subject(state).map(|id| Effect::Control(id, control)).into_iter().collect()
}

/// Asks before an operation is aborted.
pub fn ask_abort(state: &mut State) -> Vec<Effect> {
    let Some(view) = subject(state).and_then(|id| state.operations.get(&id)) else { return Vec::new() };
    let (message, detail) = match view.verb {
        Verb::Shift => ("Take everything back to the start?", "every step is taken back to where it began"),
        Verb::Rollback | Verb::Restart | Verb::Bump | Verb::Migrate => {
            ("Stop here? What was written stays.", "nothing more is done, and nothing is waited for any more")
        }
    };
    let answers = vec![
        Answer::new("keep going", "nothing is taken back", Then::Nothing),
        Answer::new("abort", detail, Then::Order(Control::Abort)),
    ];
    state.layers.push(Layer::Question(Question::new("Abort", message, answers)));
    Vec::new()
}

/// Tells the operation on the screen what to do; one that nobody carries out is taken up for it, which the guard is asked about.
pub fn order(state: &mut State, order: Control) -> Vec<Effect> {
    let Some(view) = subject(state).and_then(|id| state.operations.get(&id)) else { return Vec::new() };
    if !state.operations.is_at_rest(view) {
        return vec![Effect::Control(view.id.clone(), order)];
    }
    if state.is_protected_in(&view.context) && !state.session.read_only {
        let confirm = Confirm::take_up(view.clone(), order);
        state.layers.push(Layer::Confirm(Box::new(confirm)));
        return Vec::new();
    }
    vec![Effect::Resume { operation: view.id.clone(), order, typed: None }]
}

/// Writes what happened in these operations to a file; none is no order.
pub fn export(ids: Vec<OperationId>) -> Vec<Effect> {
    if ids.is_empty() { Vec::new() } else { vec![Effect::Export(ids)] }
}
