//! Why an action cannot be done now: what a disabled key says, and what a press of it answers.
//!
//! Invariant: [`super::actions::act`] does nothing that is refused here. What only the cluster can know (RBAC, what changed since) is
//! refused by the guard, not here.

use super::{
    group_actions, orders,
    state::{Screen, State},
    tables::TableKind,
    tabs,
    verbs::{self, routes_to},
};
use crate::{
    config::Action,
    model::{Kind, OperationState, Rows, Sync},
};

/// Why an action cannot be done now; None where it can.
pub fn refusal(state: &State, rows: &Rows, action: Action) -> Option<String> {
    let verb = action.description();
    let no_workload = || {
        let loading = matches!(rows.sync_of(Kind::Deployment), Sync::Loading) && rows.workloads.is_empty();
        let why = if loading { "the workloads are still loading" } else { "choose a workload first" };
        state.workload(rows).is_none().then(|| format!("{verb}: {why}"))
    };
    match action {
        Action::RollBack | Action::RollBackTo if *state.screen() == Screen::Table(TableKind::Releases) => {
            verbs::release(state, rows).is_none().then(|| format!("{verb}: there is no release here"))
        }
        Action::RollBack if state.means_several(rows) => None,
        Action::RollBack | Action::RollBackTo | Action::Restart | Action::Bump | Action::Migrate => {
            unsuited(state, rows, action).or_else(no_workload)
        }
        Action::Shift => match state.screen() {
            Screen::Table(TableKind::Routes) if state.selected(TableKind::Routes).is_some() => None,
            Screen::Table(TableKind::Routes) => Some(format!("{verb}: there is no route here")),
            _ => unsuited(state, rows, action).or_else(no_workload).or_else(|| {
                let row = state.workload(rows)?;
                let none = routes_to(rows, &row.object.namespace, &state.service_names(&row.object)).next().is_none();
                none.then(|| format!("{verb}: no route names a Service {} as its backend", row.object.path()))
            }),
        },
        Action::Pause | Action::Next | Action::StepBack | Action::Abort | Action::Resume | Action::Export
            if let Some(other) = orders::subject(state).and_then(|id| state.operations.elsewhere(&id)) =>
        {
            Some(format!("{verb}: {}", other.advice()))
        }
        Action::Pause | Action::Next | Action::StepBack | Action::Abort => {
            let Screen::Operation(id) = state.screen() else { return Some(format!("{verb}: open an operation first")) };
            orders::refusal(state, id, action)
        }
        Action::Resume => {
            match orders::subject(state).and_then(|id| state.operations.get(&id)).map(|view| view.state) {
                Some(OperationState::Interrupted | OperationState::Paused) => None,
                Some(state) => Some(format!("{verb}: this operation is {state}")),
                None => Some(format!("{verb}: choose an operation first")),
            }
        }
        Action::Export if state.screen().table().is_some() => None,
        Action::Export if orders::subject(state).is_none() => Some(format!("{verb}: choose an operation first")),
        Action::ExportAll if state.shown_operations().is_empty() => {
            Some(format!("{verb}: the journal or the operations show what to export"))
        }
        Action::TabOverview
        | Action::TabRevisions
        | Action::TabPods
        | Action::TabEvents
        | Action::TabAutoscaler
        | Action::TabYaml
        | Action::TabTraffic
        | Action::TabGit => no_workload(),
        Action::NextMatch | Action::PreviousMatch if matches!(state.screen(), Screen::Logs(_)) => None,
        Action::Fold if !matches!(state.screen(), Screen::Workload(_)) => group_actions::refusal(state, rows, action),
        Action::NextTab
        | Action::PreviousTab
        | Action::Compare
        | Action::Fold
        | Action::NextMatch
        | Action::PreviousMatch
            if !matches!(state.screen(), Screen::Logs(_)) =>
        {
            tabs::refusal(state, action)
        }
        Action::WatchContext | Action::LogIn | Action::Reload => state.context_refusal(action),
        Action::Mark if matches!(state.screen(), Screen::Workload(_)) => tabs::refusal(state, action),
        Action::NextPane | Action::PreviousPane if *state.screen() != Screen::Workloads => {
            Some("there is one pane only".into())
        }
        Action::Logs if state.log_subject(rows).is_none() => Some(match state.screen() {
            Screen::Operation(_) | Screen::Operations => format!("{verb}: this operation has no Job"),
            Screen::Logs(_) => format!("{verb}: they are open"),
            Screen::Table(TableKind::Jobs) => format!("{verb}: choose a Job first"),
            _ => no_workload().unwrap_or_else(|| format!("{verb}: choose a workload first")),
        }),
        Action::Group | Action::FoldAll => group_actions::refusal(state, rows, action),
        Action::Filter if !tabular(state) => Some("there is nothing to filter here".into()),
        _ => None,
    }
}

/// Why a verb does not act on the kind of what is selected; where several are marked, each is judged when it is chosen.
fn unsuited(state: &State, rows: &Rows, action: Action) -> Option<String> {
    let kind = match state.screen().table() {
        Some(TableKind::Workloads) | None => match state.targets(rows).as_slice() {
            [target] => target.kind,
            _ => return None,
        },
        Some(table) => state.selected(table)?.kind,
    };
    verbs::unsuited(action, kind).map(|why| format!("{}: {why}", action.description()))
}

/// Whether the screen on top can be filtered.
fn tabular(state: &State) -> bool {
    match state.screen() {
        Screen::Logs(_) => true,
        Screen::Workload(_) => tabs::searchable(state),
        Screen::Operation(_) | Screen::Account(_) | Screen::Placement(_) | Screen::Together => false,
        Screen::Workloads
        | Screen::Table(_)
        | Screen::Operations
        | Screen::Journal
        | Screen::Contexts
        | Screen::Fleet => true,
    }
}
