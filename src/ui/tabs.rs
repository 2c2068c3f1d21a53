//! What the keys do on the workload screen, and why one cannot be used there now.

use super::{
    list::Listed,
    message::{Effect, Level},
    scene::Scene,
    screens,
    state::{Screen, State},
    workload::Tab,
};
use crate::{
    config::Action,
    model::{ObjectRef, Rows},
};
use jiff::Timestamp;

/// Why an action of the workload screen cannot be done now; None where it can.
pub fn refusal(state: &State, action: Action) -> Option<String> {
    let verb = action.description();
    if !matches!(state.screen(), Screen::Workload(_)) {
        return Some(format!("{verb}: open a workload first"));
    }
    let dossier = &state.dossier;
    match (action, dossier.tab) {
        (Action::Mark, Tab::Revisions) if dossier.selected_revision().is_none() => {
            Some(format!("{verb}: only revisions can be marked"))
        }
        (Action::Compare, Tab::Revisions) if dossier.pair().is_none() => {
            Some(format!("{verb}: there is only one revision"))
        }
        (Action::Mark | Action::Compare, Tab::Revisions) | (Action::Fold, Tab::Manifest) => None,
        (Action::Mark | Action::Compare, _) => Some(format!("{verb}: on the Revisions tab")),
        (Action::Fold, _) => Some(format!("{verb}: on the YAML tab")),
        (Action::NextMatch | Action::PreviousMatch, Tab::Manifest) if dossier.search.is_empty() => {
            Some(format!("{verb}: nothing is searched for; / searches"))
        }
        (Action::NextMatch | Action::PreviousMatch, Tab::Manifest) => None,
        (Action::NextMatch | Action::PreviousMatch, _) => Some(format!("{verb}: on the YAML tab")),
        _ => None,
    }
}

/// Whether the open tab can be searched.
pub const fn searchable(state: &State) -> bool {
    matches!(state.dossier.tab, Tab::Events | Tab::Manifest)
}

/// The revision that a rollback goes to: the one that is chosen on the line of time, unless it is what runs.
pub fn chosen_revision(state: &State) -> Option<u64> {
    if !matches!(state.screen(), Screen::Workload(_)) || state.dossier.tab != Tab::Revisions {
        return None;
    }
    let chosen = state.dossier.selected_revision()?;
    let current = state.dossier.history()?.get(chosen)?.current;
    (!current).then_some(chosen)
}

/// Does an action of the workload screen, or opens it at one of its tabs.
pub fn act(state: &mut State, action: Action, rows: &Rows, now: Timestamp) -> Vec<Effect> {
    let tab = match action {
        Action::TabOverview => Tab::Overview,
        Action::TabRevisions => Tab::Revisions,
        Action::TabPods => Tab::Pods,
        Action::TabEvents => Tab::Events,
        Action::TabAutoscaler => Tab::Autoscaler,
        Action::TabYaml => Tab::Manifest,
        Action::TabTraffic => Tab::Traffic,
        Action::TabGit => Tab::Git,
        Action::NextTab => state.dossier.tab.beside(1),
        Action::PreviousTab => state.dossier.tab.beside(-1),
        Action::NextMatch | Action::PreviousMatch => {
            let forward = action == Action::NextMatch;
            match screens::workload::next_match(&Scene { state, rows, now }, forward) {
                Some(line) => state.scroll = line,
                None => state.tell(Level::Warning, format!("nothing matches /{}", state.dossier.search)),
            }
            return Vec::new();
        }
        Action::Mark => {
            state.dossier.mark();
            return Vec::new();
        }
        Action::Compare => {
            state.dossier.compared = state.dossier.pair();
            state.scroll = 0;
            return Vec::new();
        }
        Action::Fold => {
            state.dossier.unfolded = !state.dossier.unfolded;
            return Vec::new();
        }
        _ => return Vec::new(),
    };
    if let Some(object) = state.workload(rows).map(|row| row.object.clone()) {
        state.dossier.open(tab);
        state.open(Screen::Workload(object));
    }
    Vec::new()
}

/// Opens what is selected on the tab.
pub fn open(state: &mut State) {
    match state.dossier.tab {
        Tab::Revisions if state.dossier.compared.is_none() => state.dossier.compared = state.dossier.pair(),
        Tab::Pods if state.dossier.pods.selected().is_some() => state.dossier.pod_open = !state.dossier.pod_open,
        _ => return,
    }
    state.scroll = 0;
}

/// Closes what is open on the tab; whether there was anything.
pub fn close(state: &mut State) -> bool {
    let dossier = &mut state.dossier;
    if dossier.compared.take().is_some() {
        return true;
    }
    if std::mem::take(&mut dossier.pod_open) {
        return true;
    }
    !std::mem::take(&mut dossier.search).is_empty()
}

/// Moves the selection of the tab's list; false where the tab has none and scrolls.
pub fn step(state: &mut State, rows: isize) -> bool {
    let dossier = &mut state.dossier;
    match dossier.tab {
        Tab::Revisions if dossier.compared.is_none() => dossier.entries.step(rows),
        Tab::Pods if !dossier.pod_open => dossier.pods.step(rows),
        _ => return false,
    }
    true
}

/// Selects what is at this line of the tab; whether it was selected already.
pub fn choose(state: &mut State, line: usize, rows: &Rows, now: Timestamp) -> bool {
    let Some(at) = screens::workload::at_line(&Scene { state, rows, now }, line) else { return false };
    let dossier = &mut state.dossier;
    match dossier.tab {
        Tab::Revisions => {
            let again = dossier.entries.index() == Some(at);
            dossier.entries.select_at(at);
            again
        }
        Tab::Pods => {
            let again = dossier.pods.index() == Some(at);
            dossier.pods.select_at(at);
            again
        }
        _ => false,
    }
}

impl State {
    /// The Services that lead to a workload: those that were seen to select its pods, or one of its name, for a Service is named
    /// after what it serves more often than not.
    pub(super) fn service_names(&self, workload: &ObjectRef) -> Vec<Box<str>> {
        let seen = self.dossier.services().filter(|_| self.dossier.is_of(workload));
        seen.map_or_else(|| vec![(*workload.name).into()], |names| names.into_iter().map(Into::into).collect())
    }

    /// Looks at what the workload screen shows, while it is on top.
    pub(super) fn attend(&mut self, rows: &Rows, now: Timestamp) -> Vec<Effect> {
        if let Screen::Workload(object) = self.screen() {
            let object = object.clone();
            return self.dossier.attend(&object, rows.workloads.get(&object), now);
        }
        let beneath = self.trail.open_screens().iter().any(|screen| matches!(screen, Screen::Workload(_)));
        let effect = if beneath { self.dossier.turn_away() } else { self.dossier.close() };
        effect.into_iter().collect()
    }
}
