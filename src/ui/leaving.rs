//! Leaving: at once where nothing runs, else what becomes of it is asked first.

use super::{
    layers::{Answer, Layer, Question, Then},
    message::{Effect, Quit},
    state::State,
};
use crate::model::OperationId;

/// Leaves, or asks what becomes of the operations that this process carries out.
pub fn quit(state: &mut State) -> Vec<Effect> {
    let running: Vec<OperationId> = state.operations.under_way().map(|view| view.id.clone()).collect();
    if running.is_empty() {
        return vec![Effect::Quit(Quit::Now)];
    }
    let back: Vec<OperationId> =
        state.operations.under_way().filter(|view| view.can_step_back).map(|view| view.id.clone()).collect();
    let names: Vec<String> =
        state.operations.under_way().map(|view| format!("{} {}", view.verb, view.target.path())).collect();
    let mut answers = vec![
        Answer::new("keep waiting", "stay here", Then::Nothing),
        Answer::new(
            "leave it paused",
            "quit; it stays where it is and can be resumed",
            Then::Do(vec![Effect::Quit(Quit::Leaving(running))]),
        ),
    ];
    if !back.is_empty() {
        let then = Then::Do(vec![Effect::Quit(Quit::SteppingBack(back))]);
        answers.push(Answer::new("step back", "take it back to where it began, then quit", then));
    }
    let message = format!("An operation is under way: {}.", names.join(", "));
    state.layers.retain(|layer| !matches!(layer, Layer::Question(_)));
    state.layers.push(Layer::Question(Question::new("Quit", message, answers)));
    Vec::new()
}
