//! What can be done with groups: chosen, folded, unfolded. What they are is in [`super::groups`].

use super::{
    groups,
    layers::{Answer, Layer, Question, Then},
    list::Listed as _,
    look::Grouping,
    message::{Effect, Level},
    state::{Screen, State},
    table_actions,
    tables::TableKind,
};
use crate::{
    config::Action,
    model::{Kind, ObjectRef, Rows},
};
use std::sync::Arc;

/// Why an action of groups cannot be done now; None where it can, or is another's.
pub fn refusal(state: &State, rows: &Rows, action: Action) -> Option<String> {
    let grouped = || *state.screen() == Screen::Table(TableKind::Namespaces) && state.grouping().is_some();
    match action {
        Action::Group => groups::unknown(rows).map(|why| format!("group: {why}")),
        Action::Fold | Action::FoldAll if !grouped() => {
            Some("fold: nothing is grouped here; `:group LABEL` groups the namespaces".to_owned())
        }
        _ => None,
    }
}

/// Does an action of groups; None where it is another's.
pub fn act(state: &mut State, rows: &Rows, action: Action) -> Option<Vec<Effect>> {
    match action {
        Action::Group => ask(state, rows),
        Action::Fold => fold(state, rows, None),
        Action::FoldAll => {
            if let Some(grouping) = grouping(state) {
                grouping.fold_all(grouping.unfolded);
            }
        }
        _ => return None,
    }
    Some(Vec::new())
}

fn grouping(state: &mut State) -> Option<&mut Grouping> {
    state.table_mut(TableKind::Namespaces).look_mut().grouping.as_mut()
}

/// Asks by which label.
fn ask(state: &mut State, rows: &Rows) {
    let of = rows.namespaces.len();
    let mut answers: Vec<Answer> = offers(rows).map(|(name, detail, then)| Answer::new(name, detail, then)).collect();
    if answers.is_empty() {
        state.tell(Level::Information, format!("group: none of {of} namespaces has a label"));
        return;
    }
    answers.push(Answer::new("no groups", "", Then::Group(None)));
    let message = format!("By which label of the {of} namespaces?");
    state.layers.push(Layer::Question(Question::new("Group namespaces", message, answers)));
}

/// The labels that namespaces can be grouped by: each with what it would make of them, and what leads to it.
pub fn offers(rows: &Rows) -> impl Iterator<Item = (String, String, Then)> + use<> {
    let of = rows.namespaces.len();
    groups::labels(rows).into_iter().map(move |(label, values, bearers)| {
        let groups = if values == 1 { "1 group".to_owned() } else { format!("{values} groups") };
        let detail = if bearers == of { groups } else { format!("{groups}, {bearers} of {of} namespaces") };
        (label.to_string(), detail, Then::Group(Some(label)))
    })
}

impl State {
    /// Shows the namespaces, grouped by this label.
    pub(super) fn group(&mut self, label: Option<Arc<str>>) -> Vec<Effect> {
        let effects = table_actions::show(self, TableKind::Namespaces, None);
        let list = self.table_mut(TableKind::Namespaces);
        if list.look().grouping.as_ref().map(|grouping| &grouping.label) != label.as_ref() {
            list.look_mut().grouping = label.map(Grouping::by);
            list.unmark();
            list.reset();
        }
        effects
    }

    /// Folds the group that is selected, or the one that the selected namespace is in, or unfolds it; false where there is none.
    pub(super) fn turn_group(&mut self, rows: &Rows, folded: bool) -> bool {
        let here = *self.screen() == Screen::Table(TableKind::Namespaces) && self.grouping().is_some();
        if here {
            fold(self, rows, Some(folded));
        }
        here
    }
}

/// Folds or unfolds the group that is selected or is around what is selected; None turns it. What is folded away leaves the selection
/// on its heading.
fn fold(state: &mut State, rows: &Rows, folded: Option<bool>) {
    let Some(selected) = state.selected(TableKind::Namespaces).cloned() else { return };
    let Some(value) = value_of(state, rows, &selected) else { return };
    if state.groups.size(value.as_deref()) < 2 && !groups::is_heading(&selected) {
        return;
    }
    let Some(grouping) = grouping(state) else { return };
    let folded = folded.unwrap_or(!grouping.is_folded(value.as_deref()));
    grouping.fold(value.clone(), folded);
    if folded {
        state.table_mut(TableKind::Namespaces).select(groups::heading(value.as_deref()));
    }
}

/// The value of the label that the group of this line has: None without a line, None within where the label is missing.
fn value_of(state: &State, rows: &Rows, object: &ObjectRef) -> Option<Option<Arc<str>>> {
    if let Some(group) = state.groups.get(object).and_then(|row| row.group.as_deref()) {
        return Some(group.value.clone());
    }
    if groups::is_heading(object) {
        return None;
    }
    let label = &state.grouping()?.label;
    let namespace = rows.namespaces.get(&ObjectRef::new(Kind::Namespace, "", object.name.clone()));
    Some(namespace.and_then(|namespace| namespace.labels.get(label)).map(Arc::from))
}
