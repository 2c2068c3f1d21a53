//! The key bar: the keys that matter now. What cannot be done stays visible, dimmed; pressing it says why.

use crate::{
    config::{Action, Meaning},
    ui::{
        actions,
        scene::Scene,
        state::{Focus, Screen},
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
    Action::Open,
    Action::Filter,
    Action::Palette,
    Action::Help,
];
const NAMESPACES: &[Action] =
    &[Action::Open, Action::AllNamespaces, Action::NextPane, Action::Filter, Action::Palette, Action::Help];
const WORKLOAD: &[Action] = &[
    Action::Back,
    Action::RollBack,
    Action::Bump,
    Action::Migrate,
    Action::Shift,
    Action::Restart,
    Action::Palette,
    Action::Help,
];
const ROUTES: &[Action] = &[Action::Back, Action::Shift, Action::Filter, Action::Palette, Action::Help];
const JOBS: &[Action] = &[Action::Back, Action::Filter, Action::Palette, Action::Help];
const OPERATIONS: &[Action] = &[Action::Back, Action::Open, Action::Resume, Action::Palette, Action::Help];
const OPERATION: &[Action] =
    &[Action::Back, Action::Pause, Action::Next, Action::StepBack, Action::Abort, Action::Resume, Action::Help];

/// Draws the key bar. Where it is narrow the last keys give way, the help never.
pub fn draw(scene: &Scene<'_>, buffer: &mut Buffer, area: Rect) {
    let state = scene.state;
    let actions = match state.screen() {
        Screen::Workloads if state.cockpit.focus == Focus::Namespaces => NAMESPACES,
        Screen::Workloads => TABLE,
        Screen::Workload(_) => WORKLOAD,
        Screen::Routes => ROUTES,
        Screen::Jobs => JOBS,
        Screen::Operations => OPERATIONS,
        Screen::Operation(_) => OPERATION,
    };
    let mut shown: Vec<(Action, String, &str)> = actions
        .iter()
        .filter_map(|action| {
            Some((*action, state.session.keymap.key(state.places(), *action)?.to_string(), word(*action)))
        })
        .collect();
    let width = |shown: &[(Action, String, &str)], gap: usize| {
        shown.iter().map(|(_, key, word)| key.width() + 1 + word.width() + gap).sum::<usize>()
    };
    let room = usize::from(area.width).saturating_sub(1);
    let gap = if width(&shown, 3) <= room { 3 } else { 2 };
    while shown.len() > 1 && width(&shown, gap) > room + gap {
        shown.remove(shown.len() - 2);
    }
    let mut pen = scene.pen(buffer, area, 0);
    pen.skip(1);
    for (action, key, word) in shown {
        let possible = actions::refusal(state, scene.rows, action).is_none();
        let (key_meaning, word_meaning) =
            if possible { (Meaning::Key, Meaning::Text) } else { (Meaning::Muted, Meaning::Muted) };
        pen.write(&key, key_meaning).skip(1).write(word, word_meaning).skip(gap as u16);
    }
}

/// An action in the fewest words.
const fn word(action: Action) -> &'static str {
    match action {
        Action::Shift => "traffic",
        Action::Next => "next",
        Action::AllNamespaces => "all",
        Action::NextPane => "pane",
        other => other.description(),
    }
}
