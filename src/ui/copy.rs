//! What can be copied of what is looked at: names, images, the sentence, the plan, and the command that does the same.
//!
//! Nothing is copied that is not on the screen or made of it; what Pilothouse redacts is redacted here too.

use super::{
    glyph,
    layers::{Answer, Layer, Question, Then},
    message::{Effect, Level},
    operations::Operations,
    state::{Screen, State},
};
use crate::model::{Durability, ObjectRef, OperationView, Plan, Precondition, Rows};

/// One thing to copy: what it is, and the text.
type Offer = (&'static str, String);

impl State {
    /// Asks which text of what is selected is wanted; where there is one only, takes it.
    pub(super) fn copy(&mut self, rows: &Rows) -> Vec<Effect> {
        let mut offers = offers(self, rows);
        match offers.len() {
            0 => {
                self.tell(Level::Warning, "there is nothing here to copy");
                Vec::new()
            }
            1 => offers.pop().map(|(what, text)| effect(what, text)).into_iter().collect(),
            _ => {
                let answer = |(what, text): Offer| {
                    let detail = text.lines().next().unwrap_or_default().to_owned();
                    Answer::new(what, detail, Then::Do(vec![effect(what, text)]))
                };
                let answers = offers.into_iter().map(answer).collect();
                let message = "To the clipboard of this terminal, over ssh too.";
                self.layers.push(Layer::Question(Question::new("Copy", message, answers)));
                Vec::new()
            }
        }
    }
}

/// The effect that copies.
pub fn effect(what: &str, text: String) -> Effect {
    Effect::Copy { what: what.to_owned(), text }
}

fn offers(state: &State, rows: &Rows) -> Vec<Offer> {
    if let Screen::Logs(_) = state.screen() {
        return state.copied_log_line().map(|line| ("line", line)).into_iter().collect();
    }
    if let Screen::Operation(_) | Screen::Operations = state.screen() {
        return operation(state.screen(), &state.operations).map(of_operation).unwrap_or_default();
    }
    let Some(object) = state.object() else { return Vec::new() };
    let mut offers = vec![("name", object.name.to_string())];
    if !object.namespace.is_empty() {
        offers.push(("namespace and name", object.path()));
    }
    if let Some(row) = rows.workloads.get(object) {
        let image = |container: &crate::model::Container| ("image", container.image.to_string());
        offers.extend(row.containers.iter().map(image));
        offers.extend(rows.reason_of(row).map(|reason| ("sentence", format!("{object}: {reason}"))));
    }
    if let Some(route) = rows.routes.get(object) {
        let split: Vec<String> = route.backends.iter().map(|b| format!("{} {} %", b.name, b.percent)).collect();
        offers.push(("split", split.join(", ")));
        offers.extend(route.reason.as_ref().map(|reason| ("sentence", format!("{object}: {reason}"))));
    }
    offers.push(("kubectl command", object.kubectl_get(&state.session.context)));
    offers
}

fn operation<'o>(screen: &Screen, operations: &'o Operations) -> Option<&'o OperationView> {
    match screen {
        Screen::Operation(id) => operations.get(id),
        _ => operations.shown.list.selected().and_then(|id| operations.get(id)),
    }
}

fn of_operation(view: &OperationView) -> Vec<Offer> {
    let mut offers = vec![("id", view.id.to_string()), ("target", view.target.path())];
    let message = view.message.as_deref().unwrap_or_default();
    let sentence = format!("{} {} {}: {message}", view.verb, view.target.path(), view.state);
    offers.push(("sentence", sentence.trim_end_matches([':', ' ']).to_owned()));
    let mut timeline = format!("{} {}  {}\n", view.verb, view.target.path(), view.summary);
    for (at, step) in view.steps.iter().enumerate() {
        let note = step.note.as_deref().map(|note| format!(" ({note})")).unwrap_or_default();
        timeline += &format!("{:>2} {} {}: {}{note}\n", at + 1, glyph::step(step.state).0, step.step, step.detail);
    }
    offers.push(("timeline", timeline));
    offers
}

/// A plan as text, for a ticket or a colleague.
pub fn plan_as_text(plan: &Plan) -> String {
    let mut text = format!("{} {}  {}  (context {})\n", plan.verb, plan.target.path(), plan.summary, plan.context);
    for reason in plan.reasons.iter().chain(&plan.why) {
        text += &format!("why: {reason}\n");
    }
    let sticks = match &plan.durability {
        Durability::Sticks => "sticks: yes".to_owned(),
        Durability::Reverted(how) => format!("sticks: no: {how}"),
        Durability::Unknown(why) => format!("sticks: not known: {why}"),
    };
    text += &format!("risk: {}\n{sticks}\n\n", plan.risk);
    for (at, step) in plan.steps.iter().enumerate() {
        text += &format!("{:>2} {}  {}\n", at + 1, step.step, step.detail);
    }
    text.push('\n');
    for Precondition { what, ok, detail, warning } in &plan.preconditions {
        let sign = if *ok {
            "ok"
        } else if *warning {
            "to know"
        } else {
            "does not hold"
        };
        text += &format!("{sign}: {what}: {detail}\n");
    }
    text += &format!("\n{}\nthe same: {}\n", plan.diff.trim_end(), plan.intent.command(&plan.context));
    if let Some(kubectl) = plan.intent.kubectl(&plan.context) {
        text += &format!("with kubectl, unchecked: {kubectl}\n");
    }
    text
}

impl State {
    /// The object that is selected or shown.
    fn object(&self) -> Option<&ObjectRef> {
        match self.screen() {
            Screen::Workload(object) => Some(object),
            // What is selected in the fleet is of another context: its name alone would mislead.
            screen => self.selected(screen.table()?),
        }
    }
}
