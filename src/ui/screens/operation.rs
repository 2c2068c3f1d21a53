//! One operation: a timeline of its steps, the hold that runs, the log of its Job, and how it stands.

use crate::{
    config::Meaning,
    model::{Inspection, OperationId, OperationState, OperationView, StepState, StepView, Verb, clean},
    time::age,
    ui::{
        glyph,
        page::{Page, Piece},
        panes::header::countdown,
        scene::Scene,
    },
};
use jiff::Timestamp;
use ratatui::{buffer::Buffer, layout::Rect};

/// Pods shown of the workload that is waited for.
const PODS: usize = 12;

/// Draws the operation; the log gets a pane of its own where there is one.
pub fn draw(scene: &Scene<'_>, buffer: &mut Buffer, area: Rect, id: &OperationId) {
    let Some(view) = scene.state.operations.get(id) else {
        let inside = scene.pane(buffer, area, "Operation", true);
        let (meaning, text) = match scene.state.operations.are_read() {
            true => {
                (Meaning::Muted, format!("{id} is over, or its Lease is gone: the journal of whoever ran it tells how"))
            }
            false => (Meaning::Progressing, format!("loading operation {id}…")),
        };
        scene.pen(buffer, inside, 0).skip(1).write(&text, meaning);
        return;
    };
    let title = format!("{} {}  {}", view.verb, view.target.path(), view.summary);
    let log_height = if view.log.is_empty() { 0 } else { (area.height / 2).min(view.log.len() as u16 + 2) };
    let top = Rect { height: area.height - log_height, ..area };
    let inside = scene.pane(buffer, top, &title, scene.state.layers.is_empty());
    let inside = Rect { x: inside.x + 1, width: inside.width.saturating_sub(2), ..inside };
    page(scene, view, inside.width).draw(scene, buffer, inside, scene.state.scroll);
    if log_height > 0 {
        log(scene, buffer, Rect { y: top.bottom(), height: log_height, ..area }, view);
    }
}

/// The operation's lines on a page of this width.
pub fn page(scene: &Scene<'_>, view: &OperationView, width: u16) -> Page {
    let now = scene.now;
    if let Some(other) = scene.state.operations.elsewhere(&view.id) {
        return other.page(now, width);
    }
    let mut page = Page::new(width);
    let (sign, meaning) = glyph::operation(view.state);
    let what = match view.state {
        OperationState::Running => "running".to_owned(),
        OperationState::Paused => "paused: n goes on, b steps back".to_owned(),
        OperationState::Interrupted => "interrupted: nobody carries it out; c resumes it".to_owned(),
        OperationState::SteppedBack => "stepped back".to_owned(),
        state => state.to_string(),
    };
    page.line(vec![
        (meaning, format!("{sign} {what}")),
        (Meaning::Muted, format!("   by {}   began {} ago   {}", view.holder, age(view.started, now), view.id)),
    ]);
    if let Some(message) = &view.message {
        page.hanging(vec![(Meaning::Muted, "  ".into())], meaning, message);
    }
    page.blank();
    let word = view.steps.iter().map(|step| step.step.len()).max().unwrap_or(0);
    for (at, step) in view.steps.iter().enumerate() {
        timeline(&mut page, view, at, step, word, now);
    }
    let rolls = matches!(view.verb, Verb::Rollback | Verb::Restart | Verb::Bump);
    let waits = rolls && view.steps.iter().any(|step| step.step == "wait" && step.state == StepState::Started);
    if let Some(found) = scene.rows.inspections.get(&view.target).filter(|_| waits && !view.state.is_final()) {
        pods(&mut page, found, now);
    }
    page
}

/// The pods of the workload that is waited for, the new ones first, as they were when they were looked at last.
fn pods(page: &mut Page, found: &Inspection, now: Timestamp) {
    page.blank();
    let ready = found.pods.iter().filter(|pod| pod.ready).count();
    let seen = found.at.map_or_else(String::new, |at| format!(", seen {} ago", age(at, now)));
    page.line(vec![(Meaning::Muted, format!("  {ready} of {} pods ready{seen}", found.pods.len() + found.omitted))]);
    for pod in found.pods.iter().take(PODS) {
        let fails = pod.status.contains("BackOff") || pod.status.contains("Err");
        let (sign, meaning) = match (pod.ready, fails) {
            (true, _) => ("✓", Meaning::Healthy),
            (false, true) => ("✗", Meaning::Broken),
            (false, false) => ("◐", Meaning::Progressing),
        };
        let since = pod.created.map_or_else(String::new, |at| format!("  {}", age(at, now)));
        page.line(vec![
            (meaning, format!("  {sign} ")),
            (Meaning::Text, pod.name.to_string()),
            (Meaning::Muted, format!("  {}{since}", pod.status)),
        ]);
    }
    let more = (found.pods.len() + found.omitted).saturating_sub(PODS);
    if more > 0 {
        page.line(vec![(Meaning::Muted, format!("  and {more} more"))]);
    }
}

fn timeline(page: &mut Page, view: &OperationView, at: usize, step: &StepView, word: usize, now: Timestamp) {
    let (sign, meaning) = match step.state {
        // It goes on no more, whatever it was last known to do.
        StepState::Started | StepState::Progress if view.state.is_final() => ("–", Meaning::Muted),
        StepState::Done if view.state == OperationState::SteppedBack && view.can_step_back => ("↶", Meaning::Degraded),
        state => glyph::step(state),
    };
    let took = match (step.started, step.finished) {
        (Some(started), Some(finished)) => age(started, finished),
        (Some(started), None) if !view.state.is_final() => age(started, now),
        (Some(_), None) | (None, _) => String::new(),
    };
    let detail = if step.state == StepState::Pending { Meaning::Muted } else { Meaning::Text };
    let pieces: Vec<Piece> = vec![
        (meaning, format!("{sign} ")),
        (Meaning::Muted, format!("{:>2} {took:>5}  ", at + 1)),
        (detail, format!("{:<word$}  ", step.step)),
    ];
    let indent = 14 + word;
    page.hanging(pieces, detail, &step.detail);
    if let Some(note) = &step.note {
        page.hanging(vec![(Meaning::Muted, " ".repeat(indent))], meaning, note);
    }
    let holds = view.hold_until.filter(|_| step.state == StepState::Started);
    if let Some(until) = holds {
        let begun = step.started.unwrap_or(now);
        let whole = until.duration_since(begun).as_secs().max(1) as u64;
        let gone = now.duration_since(begun).as_secs().max(0) as u64;
        let (full, empty) = glyph::bar(gone.min(whole), whole, 24);
        page.line(vec![
            (Meaning::Muted, " ".repeat(indent)),
            (Meaning::Progressing, full),
            (Meaning::Muted, format!("{empty}  {} left", countdown(until, now))),
        ]);
    }
}

/// The end of the Job's log.
fn log(scene: &Scene<'_>, buffer: &mut Buffer, area: Rect, view: &OperationView) {
    let inside = scene.pane(buffer, area, "Log", false);
    let first = view.log.len().saturating_sub(inside.height.into());
    for (row, line) in view.log[first..].iter().enumerate() {
        scene.pen(buffer, inside, row as u16).skip(1).write(&clean(line.as_bytes()), Meaning::Text);
    }
}
