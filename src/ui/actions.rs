//! What each action does: one exhaustive `match`.

use super::{
    chosen::Chosen,
    group_actions,
    layers::{Help, Layer, Offers, Palette},
    leaving,
    message::{Effect, Level},
    orders,
    refusals::refusal,
    state::{Focus, Screen, State},
    table_actions,
    tables::TableKind,
    tabs, verbs,
    workload::Tab,
};
use crate::{
    config::Action,
    model::{Control, Rows},
};
use jiff::{SignedDuration, Timestamp};

/// How long it takes to see that the selection went elsewhere.
const GLANCE: SignedDuration = SignedDuration::from_millis(1_000);

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
        Action::Panic => state.open_rescue(Vec::new(), now),
        Action::RollBack if state.means_several(rows) => state.open_rescue(state.targets(rows), now),
        Action::RollBack | Action::RollBackTo | Action::Restart | Action::Bump | Action::Migrate | Action::Shift => {
            verbs::begin(state, rows, now, action)
        }
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
                target: match state.targets(rows).as_slice() {
                    [] => None,
                    [target] => Some(target.path()),
                    several => Some(format!("one of {} marked", several.len())),
                },
                namespaces: &mut namespaces,
                headings: state.headings(),
                groups: &mut group_actions::offers(rows),
                themes: &state.session.themes,
                views: &state.session.views,
                saves: state.has_view(),
                exports: state.screen().table().is_some(),
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
        Action::Export if state.screen().table().is_some() => state.ask_export(),
        Action::Export => orders::export(orders::subject(state).into_iter().collect()),
        Action::ExportAll => orders::export(state.shown_operations()),
        Action::Fold if !matches!(state.screen(), Screen::Workload(_)) => {
            group_actions::act(state, rows, action).unwrap_or_default()
        }
        Action::Group | Action::FoldAll => group_actions::act(state, rows, action).unwrap_or_default(),
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
        Action::Pause => orders::control(state, Control::Pause),
        Action::Next => orders::control(state, Control::Next),
        Action::StepBack => orders::order(state, Control::StepBack),
        Action::Abort => orders::ask_abort(state),
        Action::Resume => orders::order(state, Control::Next),
        Action::Copy => state.copy(rows),
        Action::Suspend => vec![Effect::Suspend],
        Action::Redraw => vec![Effect::Redraw],
        // These belong to the plan sheet, which takes its keys itself.
        Action::Since | Action::Run | Action::Diff | Action::Save | Action::Reason | Action::Override => Vec::new(),
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
        | Action::LastScreen => table_actions::act(state, rows, action).unwrap_or_default(),
        Action::Placement => state.open_placement(rows),
    }
}

/// What is acted on stays selected: when the operation is over and `esc` leads back, one is where one was.
fn hold_selection(state: &mut State) {
    if let Some(list) = state.list() {
        list.hold();
    }
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
            let chosen = state.chosen_namespaces();
            table_actions::show_namespaces(state, chosen)
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
        Screen::Together => match state.together.list.selected().cloned() {
            Some(id) => show(state, Screen::Operation(id)),
            None => Vec::new(),
        },
        Screen::Contexts | Screen::Fleet => state.open_context(),
        Screen::Workload(_) => {
            tabs::open(state);
            Vec::new()
        }
        Screen::Table(_) | Screen::Operation(_) | Screen::Account(_) | Screen::Placement(_) | Screen::Logs(_) => {
            Vec::new()
        }
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
        Screen::Operation(_) | Screen::Account(_) | Screen::Placement(_) => {
            state.scroll = state.scroll.saturating_add_signed(rows).min(99_999);
        }
        Screen::Logs(_) => state.move_in_logs(rows),
        Screen::Workloads
        | Screen::Table(_)
        | Screen::Operations
        | Screen::Journal
        | Screen::Contexts
        | Screen::Fleet
        | Screen::Together => {
            if let Some(list) = state.focused() {
                list.step(rows);
            }
        }
    }
    Vec::new()
}
