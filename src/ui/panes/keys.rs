//! The key bar: the keys that matter now. What cannot be done stays visible, dimmed; pressing it says why.

use crate::{
    config::{Action, Meaning},
    model::{OperationId, OperationState, OperationView},
    ui::{
        refusals,
        scene::Scene,
        state::{Focus, Screen, State},
        tables::TableKind,
        workload::Tab,
    },
};
use ratatui::{buffer::Buffer, layout::Rect};
use unicode_width::UnicodeWidthStr;

const TABLE: &[Action] = &[
    Action::RollBack,
    Action::Bump,
    Action::Migrate,
    Action::Shift,
    Action::Restart,
    Action::Logs,
    Action::Open,
    Action::Filter,
    Action::Palette,
    Action::Help,
];
const NAMESPACES: &[Action] =
    &[Action::Open, Action::Mark, Action::AllNamespaces, Action::NextPane, Action::Palette, Action::Help];
const WORKLOAD: &[Action] = &[
    Action::NextTab,
    Action::Back,
    Action::RollBack,
    Action::Bump,
    Action::Migrate,
    Action::Shift,
    Action::Restart,
    Action::Logs,
    Action::Palette,
    Action::Help,
];
const ROUTES: &[Action] = &[Action::Back, Action::Shift, Action::Filter, Action::Palette, Action::Help];
const JOBS: &[Action] = &[Action::Back, Action::Logs, Action::Filter, Action::Palette, Action::Help];
const LOGS: &[Action] = &[
    Action::Back,
    Action::Follow,
    Action::Filter,
    Action::Search,
    Action::PreviousRun,
    Action::Containers,
    Action::OlderLines,
    Action::Wrap,
    Action::Times,
    Action::SaveLines,
    Action::Help,
];
const PLACEMENT: &[Action] = &[Action::Back, Action::Placement, Action::Palette, Action::Help];
const CHOOSING: &[Action] = &[
    Action::Back,
    Action::Open,
    Action::Group,
    Action::Placement,
    Action::Mark,
    Action::AllNamespaces,
    Action::Filter,
    Action::Palette,
    Action::Help,
];
const OPENING: &[Action] = &[Action::Back, Action::Open, Action::Filter, Action::Palette, Action::Help];
const READING: &[Action] = &[Action::Back, Action::Filter, Action::Export, Action::Palette, Action::Help];
/// Of rows that verbs do not act on: they are shown all the same, and say why.
const UNSUITED: &[Action] = &[
    Action::Back,
    Action::RollBack,
    Action::Bump,
    Action::Restart,
    Action::Filter,
    Action::Export,
    Action::Palette,
    Action::Help,
];
const OPERATIONS: &[Action] =
    &[Action::Back, Action::Open, Action::Resume, Action::Filter, Action::Palette, Action::Help];
const JOURNAL: &[Action] = &[Action::Back, Action::Open, Action::Export, Action::Filter, Action::Palette, Action::Help];
const TOGETHER: &[Action] =
    &[Action::Back, Action::Open, Action::Resume, Action::ExportAll, Action::Palette, Action::Help];
const ACCOUNT: &[Action] = &[Action::Back, Action::Export, Action::Palette, Action::Help];
const CONTEXTS: &[Action] = &[
    Action::Back,
    Action::Open,
    Action::WatchContext,
    Action::LogIn,
    Action::Fleet,
    Action::Reload,
    Action::Palette,
    Action::Help,
];
const FLEET: &[Action] = &[Action::Back, Action::Open, Action::Contexts, Action::Palette, Action::Help];
const OPERATION: &[Action] = &[Action::Back, Action::Palette, Action::Help];

/// What can be done with an operation as it stands; one that has ended takes no orders, so it shows none.
fn of_operation(state: &State, id: &OperationId) -> Vec<Action> {
    let open = |view: &&OperationView| !view.state.is_final() && state.operations.elsewhere(&view.id).is_none();
    let Some(view) = state.operations.get(id).filter(open) else { return OPERATION.to_vec() };
    let mut keys = vec![Action::Back];
    if state.operations.is_at_rest(view) {
        keys.push(Action::Resume);
    } else if view.state == OperationState::Paused {
        keys.push(Action::Next);
    } else {
        keys.push(Action::Pause);
        if view.can_step_back {
            keys.push(Action::Next);
        }
    }
    if view.can_step_back {
        keys.push(Action::StepBack);
    }
    keys.extend([Action::Abort, Action::Palette, Action::Help]);
    keys
}

/// What can be done on the open tab, and with the workload on all of them.
fn of_workload(state: &State) -> Vec<Action> {
    let of_tab: &[Action] = match state.dossier.tab {
        Tab::Revisions => &[Action::Mark, Action::Compare],
        Tab::Pods => &[Action::Open],
        Tab::Events => &[Action::Filter],
        Tab::Manifest => &[Action::Filter, Action::Fold],
        Tab::Overview | Tab::Logs | Tab::Autoscaler | Tab::Traffic | Tab::Git => &[],
    };
    let (first, rest) = WORKLOAD.split_at(2);
    [first, of_tab, rest].concat()
}

/// A key of the bar: what it runs, its name and its word.
type Entry = (Action, String, &'static str);

/// The keys that there is room for in `width` columns, and the gap between them. Where it is narrow the words grow shorter, then
/// keys give way; the help never does.
fn entries(scene: &Scene<'_>, width: u16) -> (Vec<Entry>, u16) {
    let state = scene.state;
    let actions = match state.screen() {
        Screen::Workloads if state.cockpit.focus == Focus::Namespaces => NAMESPACES.to_vec(),
        Screen::Workloads => match state.roll_up.counts(&state.scope).broken {
            0 => TABLE.to_vec(),
            // It is advertised when it is needed.
            _ => [&TABLE[..1], &[Action::Panic], &TABLE[1..]].concat(),
        },
        Screen::Workload(_) => of_workload(state),
        Screen::Table(TableKind::Routes) => ROUTES.to_vec(),
        Screen::Table(TableKind::Namespaces) => CHOOSING.to_vec(),
        Screen::Table(TableKind::Autoscalers) => OPENING.to_vec(),
        Screen::Table(TableKind::Jobs) => JOBS.to_vec(),
        Screen::Table(TableKind::CronJobs | TableKind::Releases) => UNSUITED.to_vec(),
        Screen::Table(_) => READING.to_vec(),
        Screen::Placement(_) => PLACEMENT.to_vec(),
        Screen::Journal => JOURNAL.to_vec(),
        Screen::Account(_) => ACCOUNT.to_vec(),
        Screen::Together => TOGETHER.to_vec(),
        Screen::Operations => OPERATIONS.to_vec(),
        Screen::Operation(id) => of_operation(state, id),
        Screen::Contexts => CONTEXTS.to_vec(),
        Screen::Fleet => FLEET.to_vec(),
        Screen::Logs(_) => LOGS.to_vec(),
    };
    let keys = |short: bool| {
        let key = |action: Action| Some(state.session.keymap.key(state.places(), action)?.to_string());
        actions.iter().filter_map(|&action| Some((action, key(action)?, word(action, short)))).collect::<Vec<_>>()
    };
    let room = usize::from(width).saturating_sub(2);
    let all =
        |shown: &[Entry], gap: usize| shown.iter().map(|entry| wide(entry) + gap).sum::<usize>().saturating_sub(gap);
    let (mut shown, mut gap) = (keys(false), 3);
    if all(&shown, gap) > room {
        gap = 2;
    }
    if all(&shown, gap) > room {
        shown = keys(true);
    }
    while shown.len() > 1 && all(&shown, gap) > room {
        let Some(first) = (0..shown.len()).max_by_key(|at| gives_way(shown[*at].0)) else { break };
        shown.remove(first);
    }
    (shown, gap as u16)
}

/// The columns of a key with its word.
fn wide((_, key, word): &Entry) -> usize {
    key.width() + 1 + word.width()
}

/// Draws the key bar.
pub fn draw(scene: &Scene<'_>, buffer: &mut Buffer, area: Rect) {
    let (shown, gap) = entries(scene, area.width);
    let mut pen = scene.pen(buffer, area, 0);
    pen.skip(1);
    for (action, key, word) in shown {
        let possible = refusals::refusal(scene.state, scene.rows, action).is_none();
        let (key_meaning, word_meaning) =
            if possible { (Meaning::Key, Meaning::Text) } else { (Meaning::Muted, Meaning::Muted) };
        pen.write(&key, key_meaning).skip(1).write(word, word_meaning).skip(gap);
    }
}

/// The action of the key at column `x` of the bar.
pub fn at(scene: &Scene<'_>, area: Rect, x: u16) -> Option<Action> {
    let (shown, gap) = entries(scene, area.width);
    let mut begins = usize::from(area.x) + 1;
    for entry in shown {
        let ends = begins + wide(&entry);
        if (begins..ends).contains(&usize::from(x)) {
            return Some(entry.0);
        }
        begins = ends + usize::from(gap);
    }
    None
}

/// How soon a key gives way where there is no room for all: first what everybody tries anyway, last what puts things back.
const fn gives_way(action: Action) -> u8 {
    match action {
        Action::Help => 0,
        Action::RollBack | Action::Panic | Action::Resume | Action::LogIn => 1,
        Action::Abort | Action::StepBack => 2,
        Action::Back | Action::Palette => 3,
        Action::Filter
        | Action::ExportAll
        | Action::Pause
        | Action::Next
        | Action::Mark
        | Action::Compare
        | Action::Follow => 4,
        Action::Bump | Action::Shift | Action::Logs | Action::PreviousRun | Action::Containers => 5,
        Action::Restart | Action::Migrate => 6,
        _ => 7,
    }
}

/// An action in the fewest words.
const fn word(action: Action, short: bool) -> &'static str {
    match action {
        Action::Palette if short => "cmd",
        Action::Shift => "traffic",
        Action::Panic if short => "all broken",
        Action::Panic => "all that broke",
        Action::Export => "export",
        Action::ExportAll => "report",
        Action::Next => "next",
        Action::Group => "group",
        Action::Placement => "nodes",
        Action::AllNamespaces => "all",
        Action::NextPane => "pane",
        Action::NextTab => "tab",
        Action::Compare => "compare",
        Action::Fold => "fold",
        Action::Follow => "follow",
        Action::Wrap => "wrap",
        Action::Times => "times",
        Action::Containers => "choose",
        Action::PreviousRun => "previous",
        Action::OlderLines => "older",
        Action::SaveLines => "save",
        other => other.description(),
    }
}
