//! From a verb's key to its form or to the facts for its plan. Nothing is changed here: a plan is shown and confirmed first.

use super::{
    layers::{Answer, Layer, Picker, Question, Then, migrate, rollback, shift},
    list::Listed as _,
    message::{Effect, Level},
    state::{Screen, State},
    tables::TableKind,
    tabs,
    workload::Tab,
};
use crate::{
    config::Action,
    model::{Intent, Kind, ObjectRef, Route, Rows, Verb, Workload, image::ImageReference},
};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

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

impl State {
    /// The workloads that a verb is meant for, in the order in which they are shown: on the cockpit the marked ones, where there
    /// are any; else the one that is selected or open. What is marked and gone is left out.
    pub(super) fn targets(&self, rows: &Rows) -> Vec<ObjectRef> {
        let list = &self.table(TableKind::Workloads).list;
        if *self.screen() == Screen::Workloads && list.marked() > 0 {
            let shown = list.order().iter().filter(|object| list.marks().contains(*object));
            // Marks stay where a filter hides their rows, and so does what they mean.
            let hidden = list.marks().iter().filter(|object| !list.order().contains(object));
            return shown.chain(hidden).filter(|object| rows.workloads.get(object).is_some()).cloned().collect();
        }
        self.workload(rows).map(|row| row.object.clone()).into_iter().collect()
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

/// Rolls a Helm release back: to the best revision, or to one that is asked for.
fn roll_release_back(
    state: &mut State,
    now: Timestamp,
    action: Action,
    (target, revision): (ObjectRef, u32),
) -> Vec<Effect> {
    if action == Action::RollBack {
        return state.gather(Intent::Rollback { target, revision: None }, None, now);
    }
    state.layers.push(Layer::Form(rollback(target, revision)));
    Vec::new()
}

/// Shows the revisions to choose one from: what is known of each, and the difference between any two.
fn show_revisions(state: &mut State, target: &ObjectRef) -> Vec<Effect> {
    state.dossier.open(Tab::Revisions);
    state.open(Screen::Workload(target.clone()));
    let key = |action| state.session.keymap.key(state.places(), action).map_or_else(String::new, |key| key.to_string());
    let (back, compare) = (key(Action::RollBack), key(Action::Compare));
    state.tell(Level::Information, format!("choose a revision: {back} rolls back to it, {compare} shows what differs"));
    Vec::new()
}

/// Begins a verb: with its only target, or after asking with which of several.
pub fn begin(state: &mut State, rows: &Rows, now: Timestamp, action: Action) -> Vec<Effect> {
    if let (Action::RollBack | Action::RollBackTo, Some(release)) = (action, release(state, rows)) {
        return roll_release_back(state, now, action, release);
    }
    match state.targets(rows).as_slice() {
        [] if action == Action::Shift => start_shift(state, rows, None),
        [] => Vec::new(),
        [target] => {
            let target = target.clone();
            begin_on(state, rows, now, action, &target)
        }
        several => {
            let answer = |object: &ObjectRef| {
                let detail = rows.workloads.get(object).and_then(|row| rows.reason_of(row)).unwrap_or_default();
                Answer::new(object.path(), detail, Then::Verb(action, object.clone()))
            };
            let answers = several.iter().map(answer).collect();
            let title = format!("{} one of {} marked", action.description(), several.len());
            let message = "It takes one at a time. Which? The marks stay, so that the next one is two keys away.";
            state.layers.push(Layer::Question(Question::new(title, message, answers)));
            Vec::new()
        }
    }
}

/// Begins a verb with this workload: gathers what its plan needs, or opens its form.
pub fn begin_on(state: &mut State, rows: &Rows, now: Timestamp, action: Action, target: &ObjectRef) -> Vec<Effect> {
    let Some(row) = rows.workloads.get(target) else { return Vec::new() };
    if let Some(why) = unsuited(action, target.kind) {
        state.tell(Level::Warning, format!("{}: {}: {why}", action.description(), target.path()));
        return Vec::new();
    }
    let layer = match action {
        Action::RollBackTo if tabs::chosen_revision(state).is_none() => return show_revisions(state, target),
        Action::RollBack | Action::RollBackTo => {
            let revision = tabs::chosen_revision(state);
            return state.gather(Intent::Rollback { target: target.clone(), revision }, None, now);
        }
        Action::Restart => return state.gather(Intent::Restart { target: target.clone() }, None, now),
        Action::Shift => return start_shift(state, rows, Some(row)),
        Action::Bump => return pick(state, rows, target, 0),
        Action::Migrate => Layer::Form(migrate(row)),
        _ => return Vec::new(),
    };
    state.layers.push(layer);
    Vec::new()
}

/// Opens the picker of tags for one of a workload's containers, and asks for them.
pub fn pick(state: &mut State, rows: &Rows, target: &ObjectRef, at: usize) -> Vec<Effect> {
    let Some(row) = rows.workloads.get(target) else { return Vec::new() };
    state.ticket += 1;
    let picker = Picker::new(state.ticket, row, at, |repository| running(rows, repository));
    let request = picker.request();
    state.layers.push(Layer::Picker(Box::new(picker)));
    vec![request]
}

/// The tags of an image that run anywhere in sight, each with the namespaces.
fn running(rows: &Rows, repository: &str) -> Vec<(String, Vec<String>)> {
    let mut seen: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for row in rows.workloads.iter() {
        // The text is compared before it is taken apart: there may be thousands.
        let alike = row.containers.iter().filter(|container| container.image.starts_with(repository));
        for image in alike.filter_map(|container| ImageReference::parse(&container.image).ok()) {
            if let (true, Some(tag)) = (image.repository == repository, image.tag) {
                seen.entry(tag).or_default().insert(&row.object.namespace);
            }
        }
    }
    seen.into_iter().map(|(tag, places)| (tag, places.into_iter().map(str::to_owned).collect())).collect()
}

/// Why the verb of an action does not act on this kind. Traffic is shifted on a workload's routes, whatever its kind but one.
pub fn unsuited(action: Action, kind: Kind) -> Option<&'static str> {
    match action {
        Action::RollBack | Action::RollBackTo => Verb::Rollback.unsuited(kind),
        Action::Restart => Verb::Restart.unsuited(kind),
        Action::Bump => Verb::Bump.unsuited(kind),
        Action::Migrate => Verb::Migrate.unsuited(kind),
        Action::Shift if kind.is_workload() && kind != Kind::Rollout => None,
        Action::Shift => Verb::Shift.unsuited(kind),
        _ => None,
    }
}

/// Opens the form for shifting traffic on a route of the selection, or asks which.
fn start_shift(state: &mut State, rows: &Rows, workload: Option<&Workload>) -> Vec<Effect> {
    let routes: Vec<&Route> = match workload {
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
