//! What each action does, and why it cannot be done now. One exhaustive `match` each.

use super::{
    chosen::Chosen,
    layers::{Answer, Confirm, Help, Layer, Offers, Palette, Question, Then, bump, migrate, rollback, shift},
    leaving,
    message::{Effect, Level},
    state::{Focus, Screen, State},
    table_actions,
    tables::TableKind,
    tabs,
    workload::Tab,
};
use crate::{
    config::Action,
    model::{Control, Intent, Kind, ObjectRef, OperationId, OperationState, Route, Rows, Sync, Verb, Workload},
};
use jiff::{SignedDuration, Timestamp};

/// How long it takes to see that the selection went elsewhere.
const GLANCE: SignedDuration = SignedDuration::from_millis(1_000);

/// Why an action cannot be done now; None where it can.
pub fn refusal(state: &State, rows: &Rows, action: Action) -> Option<String> {
    let verb = action.description();
    let no_workload = || {
        let loading = matches!(rows.sync_of(Kind::Deployment), Sync::Loading) && rows.workloads.is_empty();
        let why = if loading { "the workloads are still loading" } else { "choose a workload first" };
        state.workload(rows).is_none().then(|| format!("{verb}: {why}"))
    };
    match action {
        Action::RollBack | Action::RollBackTo | Action::Restart | Action::Bump | Action::Migrate => no_workload(),
        Action::Shift => match state.screen() {
            Screen::Table(TableKind::Routes) if state.selected(TableKind::Routes).is_some() => None,
            Screen::Table(TableKind::Routes) => Some(format!("{verb}: there is no route here")),
            _ => no_workload().or_else(|| {
                let row = state.workload(rows)?;
                let none = routes_to(rows, &row.object.namespace, &state.service_names(&row.object)).next().is_none();
                none.then(|| format!("{verb}: no route names a Service {} as its backend", row.object.path()))
            }),
        },
        Action::Pause | Action::Next | Action::StepBack | Action::Abort | Action::Resume | Action::Export
            if let Some(other) = operation(state).and_then(|id| state.operations.elsewhere(&id)) =>
        {
            Some(format!("{verb}: {}", other.advice()))
        }
        Action::Pause | Action::Next | Action::StepBack | Action::Abort => {
            let Screen::Operation(id) = state.screen() else { return Some(format!("{verb}: open an operation first")) };
            control_refusal(state, id, action)
        }
        Action::Resume => match operation(state).and_then(|id| state.operations.get(&id)).map(|view| view.state) {
            Some(OperationState::Interrupted | OperationState::Paused) => None,
            Some(state) => Some(format!("{verb}: this operation is {state}")),
            None => Some(format!("{verb}: choose an operation first")),
        },
        Action::Export if operation(state).is_none() => Some(format!("{verb}: choose an operation first")),
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
        Action::Filter if !tabular(state) => Some("there is nothing to filter here".into()),
        _ => None,
    }
}

/// Whether the screen on top can be filtered.
fn tabular(state: &State) -> bool {
    match state.screen() {
        Screen::Logs(_) => true,
        Screen::Workload(_) => tabs::searchable(state),
        Screen::Operation(_) | Screen::Account(_) => false,
        Screen::Workloads
        | Screen::Table(_)
        | Screen::Operations
        | Screen::Journal
        | Screen::Contexts
        | Screen::Fleet => true,
    }
}

fn control_refusal(state: &State, id: &OperationId, action: Action) -> Option<String> {
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

/// The operation that the screen on top is about.
fn operation(state: &State) -> Option<OperationId> {
    match state.screen() {
        Screen::Operation(id) => Some(id.clone()),
        Screen::Operations => state.operations.shown.list.selected().cloned(),
        Screen::Journal => state.journal.shown.list.selected().cloned(),
        Screen::Account(id) => Some(id.clone()),
        _ => None,
    }
}

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

/// Does an action, or says why not.
pub fn act(state: &mut State, action: Action, rows: &Rows, now: Timestamp) -> Vec<Effect> {
    if let Some(why) = refusal(state, rows, action) {
        state.tell(Level::Warning, why);
        return Vec::new();
    }
    let half = isize::try_from(state.page_height() / 2).unwrap_or(1).max(1);
    let jumped = state.jumped.take().filter(|at| now.duration_since(*at) < GLANCE);
    if action.is_verb() || action == Action::Open {
        hold_selection(state);
        // Who aimed at the row that was selected a moment ago must not hit another one.
        if let (Some(_), Screen::Workloads, Some(row)) = (jumped, state.screen(), state.workload(rows)) {
            let name = row.object.path();
            state.tell(Level::Warning, format!("the selection has just gone to {name}: press again if you mean it"));
            return Vec::new();
        }
    }
    if let Some(effects) = state.act_on_logs(action) {
        return effects;
    }
    match action {
        Action::Logs => state.log_subject(rows).map(|of| state.open_logs(of)).unwrap_or_default(),
        Action::RollBack => {
            let revision = tabs::chosen_revision(state);
            verb(state, rows, now, |row| Some(Intent::Rollback { target: row, revision }))
        }
        Action::Restart => verb(state, rows, now, |row| Some(Intent::Restart { target: row })),
        Action::RollBackTo => form(state, rows, |_, row| Layer::Form(rollback(row))),
        Action::Bump => form(state, rows, |state, row| Layer::Form(bump(row, state.session.repository.as_deref()))),
        Action::Migrate => form(state, rows, |_, row| Layer::Form(migrate(row))),
        Action::Shift => start_shift(state, rows),
        Action::Open => open(state, rows),
        Action::Back => back(state),
        Action::Filter => {
            state.cockpit.focus = Focus::Table;
            state.start_filter();
            Vec::new()
        }
        Action::Palette => {
            let mut namespaces = state.roll_up.namespaces().iter().map(|row| row.object.name.clone());
            let contexts = state.contexts.fleet.contexts.iter().map(|context| context.name.to_string());
            let palette = Palette::new(Offers {
                target: state.workload(rows).map(|row| row.object.path()),
                namespaces: &mut namespaces,
                headings: state.headings(),
                themes: &state.session.themes,
                views: &state.session.views,
                saves: state.has_view(),
            })
            .with_contexts(contexts);
            state.layers.push(Layer::Palette(palette));
            Vec::new()
        }
        Action::Help => {
            if !state.layers.iter().any(|layer| matches!(layer, Layer::Help(_))) {
                state.layers.push(Layer::Help(Help::default()));
            }
            Vec::new()
        }
        Action::Quit => leaving::quit(state),
        Action::Up => step(state, -1),
        Action::Down => step(state, 1),
        Action::Top => step(state, isize::MIN),
        Action::Bottom => step(state, isize::MAX),
        Action::HalfPageUp => step(state, -half),
        Action::HalfPageDown => step(state, half),
        Action::NextPane | Action::PreviousPane => {
            state.cockpit.focus = match state.cockpit.focus {
                Focus::Namespaces => Focus::Table,
                Focus::Table => Focus::Namespaces,
            };
            Vec::new()
        }
        Action::AllNamespaces => state.narrow(Chosen::default()),
        Action::Namespace1
        | Action::Namespace2
        | Action::Namespace3
        | Action::Namespace4
        | Action::Namespace5
        | Action::Namespace6
        | Action::Namespace7
        | Action::Namespace8
        | Action::Namespace9 => {
            let at = action.namespace().unwrap_or(0);
            match state.cockpit.namespaces.order().get(at).cloned() {
                Some(name) => state.narrow(std::iter::once(name).filter(|name| !name.is_empty()).collect()),
                None => Vec::new(),
            }
        }
        Action::Workloads => show(state, Screen::Workloads),
        Action::Namespaces => show(state, Screen::Table(TableKind::Namespaces)),
        Action::Autoscalers => show(state, Screen::Table(TableKind::Autoscalers)),
        Action::Routes => show(state, Screen::Table(TableKind::Routes)),
        Action::Jobs => show(state, Screen::Table(TableKind::Jobs)),
        Action::CronJobs => show(state, Screen::Table(TableKind::CronJobs)),
        Action::Releases => show(state, Screen::Table(TableKind::Releases)),
        Action::Nodes => show(state, Screen::Table(TableKind::Nodes)),
        Action::Operations => show(state, Screen::Operations),
        Action::Journal => show(state, Screen::Journal),
        Action::Export => export(operation(state).into_iter().collect()),
        Action::ExportAll => export(state.shown_operations()),
        Action::TabOverview
        | Action::TabRevisions
        | Action::TabPods
        | Action::TabEvents
        | Action::TabAutoscaler
        | Action::TabYaml
        | Action::TabTraffic
        | Action::TabGit
        | Action::NextTab
        | Action::PreviousTab
        | Action::Compare
        | Action::Fold
        | Action::NextMatch
        | Action::PreviousMatch => tabs::act(state, action, rows, now),
        Action::Contexts => show(state, Screen::Contexts),
        Action::Fleet => show(state, Screen::Fleet),
        Action::WatchContext => state.toggle_watch(),
        Action::LogIn => state.context().map(|view| Effect::LogIn(view.name.to_string())).into_iter().collect(),
        Action::Reload => vec![Effect::Reload],
        Action::Mark if matches!(state.screen(), Screen::Workload(_)) => tabs::act(state, action, rows, now),
        Action::Pause => control(state, Control::Pause),
        Action::Next => control(state, Control::Next),
        Action::StepBack => order(state, Control::StepBack),
        Action::Abort => ask_abort(state),
        Action::Resume => order(state, Control::Next),
        Action::Copy => state.copy(rows),
        Action::Suspend => vec![Effect::Suspend],
        Action::Redraw => vec![Effect::Redraw],
        // These belong to the plan sheet, which takes its keys itself.
        Action::Run | Action::Diff | Action::Save | Action::Reason => Vec::new(),
        // And these to the logs.
        Action::Follow
        | Action::Wrap
        | Action::Times
        | Action::PreviousRun
        | Action::Containers
        | Action::OlderLines
        | Action::SinceTail
        | Action::SinceMinute
        | Action::SinceQuarter
        | Action::SinceHour
        | Action::SinceAll
        | Action::Search
        | Action::ClearLines
        | Action::SaveLines
        | Action::AsideLeft
        | Action::AsideRight => Vec::new(),
        Action::SortName
        | Action::SortNamespace
        | Action::SortAge
        | Action::SortAttention
        | Action::SortNext
        | Action::SortPrevious
        | Action::SortReverse
        | Action::Wide
        | Action::Columns
        | Action::ColumnsRight
        | Action::ColumnsLeft
        | Action::Mark
        | Action::MarkRange
        | Action::MarkAll
        | Action::Unmark
        | Action::HistoryBack
        | Action::HistoryForward
        | Action::LastScreen => table_actions::act(state, action).unwrap_or_default(),
    }
}

/// What is acted on stays selected: when the operation is over and `esc` leads back, one is where one was.
fn hold_selection(state: &mut State) {
    if let Some(list) = state.list() {
        list.hold();
    }
}

fn verb(state: &mut State, rows: &Rows, now: Timestamp, intent: impl Fn(ObjectRef) -> Option<Intent>) -> Vec<Effect> {
    match state.workload(rows).and_then(|row| intent(row.object.clone())) {
        Some(intent) => state.gather(intent, None, now),
        None => Vec::new(),
    }
}

fn form(state: &mut State, rows: &Rows, form: impl Fn(&State, &Workload) -> Layer) -> Vec<Effect> {
    if let Some(row) = state.workload(rows) {
        let layer = form(state, row);
        state.layers.push(layer);
    }
    Vec::new()
}

fn start_shift(state: &mut State, rows: &Rows) -> Vec<Effect> {
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

pub fn show(state: &mut State, screen: Screen) -> Vec<Effect> {
    state.open(screen);
    Vec::new()
}

fn open(state: &mut State, rows: &Rows) -> Vec<Effect> {
    match state.screen() {
        Screen::Workloads if state.cockpit.focus == Focus::Namespaces => {
            let list = &state.cockpit.namespaces;
            let (marked, selected) = (list.marks().iter().cloned().collect(), list.selected().cloned());
            table_actions::choose_namespaces(state, marked, selected)
        }
        Screen::Table(TableKind::Namespaces) => {
            let list = &state.table(TableKind::Namespaces).list;
            let name = |object: &ObjectRef| object.name.clone();
            let (marked, selected) = (list.marks().iter().map(name).collect(), list.selected().map(name));
            table_actions::choose_namespaces(state, marked, selected)
        }
        Screen::Workloads => match state.selected(TableKind::Workloads).cloned() {
            Some(object) => {
                state.dossier.open(Tab::Overview);
                show(state, Screen::Workload(object))
            }
            None => Vec::new(),
        },
        Screen::Table(TableKind::Autoscalers) => {
            let scaler = state.selected(TableKind::Autoscalers).and_then(|object| rows.autoscalers.get(object));
            match scaler.map(|scaler| scaler.target.clone()).filter(|target| rows.workloads.get(target).is_some()) {
                Some(target) => show(state, Screen::Workload(target)),
                None => Vec::new(),
            }
        }
        Screen::Operations => match state.operations.shown.list.selected().cloned() {
            Some(id) => show(state, Screen::Operation(id)),
            None => Vec::new(),
        },
        Screen::Journal => match state.journal.shown.list.selected().cloned() {
            Some(id) => show(state, Screen::Account(id)),
            None => Vec::new(),
        },
        Screen::Contexts | Screen::Fleet => state.open_context(),
        Screen::Workload(_) => {
            tabs::open(state);
            Vec::new()
        }
        Screen::Table(_) | Screen::Operation(_) | Screen::Account(_) | Screen::Logs(_) => Vec::new(),
    }
}

/// One thing less: a filter, the pane, the screen, the scope.
fn back(state: &mut State) -> Vec<Effect> {
    if matches!(state.screen(), Screen::Workload(_)) && tabs::close(state) {
        state.scroll = 0;
    } else if let Some(list) = state.list().filter(|list| !list.look().filter.is_empty()) {
        list.set_filter(String::new());
    } else if state.look_for_nothing_in_logs() {
        // One look at everything before the screen is left.
    } else if state.trail.close() {
        state.leave();
    } else if state.cockpit.focus == Focus::Namespaces {
        state.cockpit.focus = Focus::Table;
    } else {
        return state.narrow(Chosen::default());
    }
    Vec::new()
}

/// Moves by so many rows in whatever takes the keys.
pub fn step(state: &mut State, rows: isize) -> Vec<Effect> {
    match state.screen() {
        Screen::Workload(_) => {
            if !tabs::step(state, rows) {
                state.scroll = state.scroll.saturating_add_signed(rows).min(99_999);
            }
        }
        Screen::Operation(_) | Screen::Account(_) => {
            state.scroll = state.scroll.saturating_add_signed(rows).min(99_999);
        }
        Screen::Logs(_) => state.move_in_logs(rows),
        Screen::Workloads
        | Screen::Table(_)
        | Screen::Operations
        | Screen::Journal
        | Screen::Contexts
        | Screen::Fleet => {
            if let Some(list) = state.focused() {
                list.step(rows);
            }
        }
    }
    Vec::new()
}

fn control(state: &State, control: Control) -> Vec<Effect> {
    operation(state).map(|id| Effect::Control(id, control)).into_iter().collect()
}

fn ask_abort(state: &mut State) -> Vec<Effect> {
    let Some(view) = operation(state).and_then(|id| state.operations.get(&id)) else { return Vec::new() };
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
    let Some(view) = operation(state).and_then(|id| state.operations.get(&id)) else { return Vec::new() };
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

fn export(ids: Vec<OperationId>) -> Vec<Effect> {
    if ids.is_empty() { Vec::new() } else { vec![Effect::Export(ids)] }
}
