//! Operations that were confirmed together: one line each with where it stands, and how many are over.

use crate::{
    config::Meaning,
    model::{Durability, OperationId, OperationState, StepState},
    time::age,
    ui::{
        glyph,
        list::Listed as _,
        page::{Page, Piece},
        scene::Scene,
    },
};
use ratatui::{buffer::Buffer, layout::Rect};

/// Draws them.
pub fn draw(scene: &Scene<'_>, buffer: &mut Buffer, area: Rect) {
    let together = &scene.state.together;
    let all = together.plans.len();
    let over = |wanted: fn(OperationState) -> bool| {
        let views = together.plans.keys().filter_map(|id| scene.state.operations.get(id));
        views.filter(|view| wanted(view.state)).count()
    };
    let done = over(|state| state == OperationState::Done);
    let failed = over(|state| state.is_final() && state != OperationState::Done) + together.refused.len();
    let title = match failed {
        0 => format!("Roll back {all} side by side: {done} healthy"),
        failed => format!("Roll back {all} side by side: {done} healthy, {failed} not"),
    };
    let inside = scene.pane(buffer, area, &title, scene.state.layers.is_empty());
    let inside = Rect { x: inside.x + 1, width: inside.width.saturating_sub(2), ..inside };
    let mut page = Page::new(inside.width);
    let mut starts = Vec::new();
    for (at, id) in together.list.order().iter().enumerate() {
        starts.push(page.len());
        entry(scene, &mut page, id, Some(at) == together.list.index());
    }
    let chosen = together.list.index().unwrap_or(0);
    let first = starts.get(chosen).copied().unwrap_or(0);
    let after = starts.get(chosen + 1).copied().unwrap_or(page.len());
    page.draw(scene, buffer, inside, after.saturating_sub(inside.height.into()).min(first));
}

fn entry(scene: &Scene<'_>, page: &mut Page, id: &OperationId, chosen: bool) {
    let together = &scene.state.together;
    let Some(plan) = together.plans.get(id) else { return };
    let view = scene.state.operations.get(id);
    let refused = together.refused.get(id);
    let (sign, meaning) = match (view, refused) {
        (_, Some(_)) => ("✗", Meaning::Broken),
        (Some(view), None) => glyph::operation(view.state),
        (None, None) => ("·", Meaning::Muted),
    };
    let mut pieces: Vec<Piece> = vec![
        (Meaning::Focus, if chosen { "▸ " } else { "  " }.to_owned()),
        (meaning, format!("{sign} ")),
        (if chosen { Meaning::Title } else { Meaning::Text }, plan.target.path()),
        (Meaning::Muted, format!("  {}", plan.summary)),
    ];
    let said = match (view, refused) {
        (_, Some(why)) => (Meaning::Broken, format!("not begun: {why}")),
        (None, None) => (Meaning::Muted, "asking the guard, then it begins…".to_owned()),
        (Some(view), None) => {
            let undone = plan.write().and_then(|at| view.steps.get(at)).and_then(|step| step.finished);
            let written = undone.map(|at| format!("  written after {}", age(view.started, at)));
            let ended = view.steps.iter().filter_map(|step| step.finished).max().filter(|_| view.state.is_final());
            let whole = ended.map(|at| format!(", over after {}", age(view.started, at)));
            let running = whole.is_none().then(|| format!("  {}", age(view.started, scene.now)));
            pieces.push((Meaning::Muted, [written, whole, running].into_iter().flatten().collect()));
            let step = view.steps.iter().find(|step| !matches!(step.state, StepState::Done | StepState::Skipped));
            match (&view.message, step) {
                (Some(message), _) => (meaning, message.clone()),
                (None, Some(step)) => {
                    let note = step.note.as_deref().unwrap_or(&step.detail);
                    (Meaning::Text, format!("{}: {note}", step.step))
                }
                (None, None) => (Meaning::Muted, String::new()),
            }
        }
    };
    page.line(pieces);
    page.hanging(vec![(Meaning::Text, "    ".into())], said.0, &said.1);
    if let (Durability::Reverted(how) | Durability::Unknown(how), None) = (&plan.durability, refused) {
        // The message of one that is over says it itself.
        if view.is_none_or(|view| view.message.is_none()) {
            page.hanging(vec![(Meaning::Text, "    ".into())], Meaning::Warning, &format!("! {how}"));
        }
    }
}
