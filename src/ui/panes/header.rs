//! The header: where one is, what may be done there, how it stands, what runs, and how fresh all of it is.

use crate::{
    config::{Action, Meaning},
    model::{Login, OperationState, OperationView},
    ui::{freshness, scene::Scene, tables},
};
use jiff::Timestamp;
use ratatui::{buffer::Buffer, layout::Rect};
use unicode_width::UnicodeWidthStr;

/// One part of the header; the higher its rank, the sooner it gives way.
struct Part {
    meaning: Meaning,
    text: String,
    rank: u8,
}

/// Draws the header.
pub fn draw(scene: &Scene<'_>, buffer: &mut Buffer, area: Rect) {
    buffer.set_style(area, scene.style(Meaning::Header));
    let mut left = left(scene);
    let mut right = right(scene);
    let width = |parts: &[Part]| parts.iter().map(|part| part.text.width() + 2).sum::<usize>();
    let context = scene.state.session.context.width() + 3;
    while context + width(&left) + width(&right) > usize::from(area.width) {
        let worst = |parts: &[Part]| parts.iter().map(|part| part.rank).max();
        let (from_left, from_right) = (worst(&left), worst(&right));
        let parts = if from_left >= from_right { &mut left } else { &mut right };
        let Some(at) = (0..parts.len()).max_by_key(|at| parts[*at].rank) else { break };
        parts.remove(at);
    }
    let at_right = width(&right);
    let badge = scene.state.session.badge(scene.theme());
    let mut pen = scene.pen(buffer, area, 0);
    pen.styled(" ", badge).styled(&scene.state.session.context, badge).styled(" ", badge).skip(1);
    for part in &left {
        pen.write(&part.text, part.meaning).skip(2);
    }
    pen.at_right(at_right.saturating_sub(1));
    for part in &right {
        pen.write(&part.text, part.meaning).skip(2);
    }
}

fn left(scene: &Scene<'_>) -> Vec<Part> {
    let state = scene.state;
    let mut parts = Vec::new();
    if state.session.protected {
        parts.push(Part { meaning: Meaning::Protected, text: "PROTECTED".into(), rank: 0 });
    }
    if state.session.read_only {
        parts.push(Part { meaning: Meaning::ReadOnly, text: "READ-ONLY".into(), rank: 0 });
    }
    // Not all namespaces are what is seen where only some are watched.
    let chosen: Vec<&str> = state.scope.iter().map(|name| &**name).collect();
    let (scope, rank) = match (chosen.as_slice(), freshness::within(scene.rows).as_slice()) {
        ([], []) => ("all namespaces".to_owned(), 3),
        ([], [one]) => (format!("{one} only"), 1),
        // What is left out must not be taken for what is not there.
        ([], several) if scene.rows.unwatched > 0 => {
            let all = several.len() + scene.rows.unwatched as usize;
            (format!("{} of {all} namespaces (-n for others)", several.len()), 0)
        }
        ([], several) => (format!("{} namespaces only", several.len()), 1),
        (few, _) if few.len() <= 3 => (few.join("+"), 1),
        (many, _) => (format!("{} namespaces chosen", many.len()), 1),
    };
    parts.push(Part { meaning: Meaning::Text, text: scope, rank });
    let counts = state.roll_up.counts(&state.scope);
    if counts.total > 0 {
        let plural = if counts.total == 1 { "" } else { "s" };
        parts.push(Part { meaning: Meaning::Muted, text: format!("{} workload{plural}", counts.total), rank: 6 });
    }
    for (number, meaning, word, rank) in [
        (counts.broken, Meaning::Broken, "broken", 1),
        (counts.degraded, Meaning::Degraded, "degraded", 4),
        (counts.progressing, Meaning::Progressing, "rolling", 4),
    ] {
        if number > 0 {
            parts.push(Part { meaning, text: format!("{number} {word}"), rank });
        }
    }
    // A scope must not make one forget what burns outside it.
    let elsewhere = state.roll_up.all.broken.saturating_sub(counts.broken);
    if elsewhere > 0 {
        parts.push(Part { meaning: Meaning::Broken, text: format!("✗ {elsewhere} broken elsewhere"), rank: 1 });
    }
    parts
}

fn right(scene: &Scene<'_>) -> Vec<Part> {
    let operations = &scene.state.operations;
    let mut parts = Vec::new();
    let interrupted = operations.interrupted(&scene.state.session.context).count();
    if interrupted > 0 {
        let key = scene.state.session.keymap.key(scene.state.places(), Action::Operations);
        let key = key.map_or_else(|| ":operations".to_owned(), |key| key.to_string());
        let text = format!("! {interrupted} interrupted ({key})");
        parts.push(Part { meaning: Meaning::Broken, text, rank: 0 });
    }
    let orphaned = operations.others().filter(|other| other.tenure.is_orphaned()).count();
    if orphaned > 0 {
        let text = format!("! {orphaned} orphaned ({})", scene.state.key_of(Action::Operations));
        parts.push(Part { meaning: Meaning::Broken, text, rank: 0 });
    }
    if let Some(view) = operations.foremost() {
        parts.push(Part { meaning: Meaning::Progressing, text: running(view, scene.now), rank: 2 });
    } else if let Some(other) = operations.others().find(|other| !other.tenure.is_orphaned()) {
        let text = format!("op: {} {} by {}", other.view.verb, other.view.target.name, other.claim.who());
        parts.push(Part { meaning: Meaning::Progressing, text, rank: 3 });
    }
    parts.extend(reservation(scene));
    contexts(scene, &mut parts);
    let (meaning, text) = freshness::connection(scene.rows, scene.now);
    parts.push(Part { meaning, text, rank: 1 });
    let clock = scene.now.to_zoned(scene.state.session.zone.clone()).strftime("%H:%M:%S").to_string();
    parts.push(Part { meaning: Meaning::Muted, text: clock, rank: 5 });
    parts
}

/// Who has the cluster for themselves.
fn reservation(scene: &Scene<'_>) -> Option<Part> {
    let held = scene.rows.reservation(scene.now)?;
    let zone = scene.state.session.zone.clone();
    let (end, today) = (held.until.to_zoned(zone.clone()), scene.now.to_zoned(zone));
    let until = end.strftime(if end.date() == today.date() { "%H:%M" } else { "%a %H:%M" });
    let (who, meaning) = match held.concerns(&scene.state.session.actor, scene.now) {
        true => (held.who(), Meaning::Warning),
        false => ("you", Meaning::Muted),
    };
    Some(Part { meaning, text: format!("reserved by {who} until {until}"), rank: 2 })
}

/// What there is to say of credentials, of the kubeconfig and of the other contexts.
fn contexts(scene: &Scene<'_>, parts: &mut Vec<Part>) {
    let state = scene.state;
    let here = &state.session.context;
    let elsewhere = state.contexts.broken_elsewhere(here);
    if elsewhere > 0 {
        let text = format!("{elsewhere} broken elsewhere ({})", state.key_of(Action::Fleet));
        parts.push(Part { meaning: Meaning::Broken, text, rank: 3 });
    }
    if state.contexts.kubeconfig.is_some() {
        let text = format!("kubeconfig changed ({})", state.key_of(Action::Reload));
        parts.push(Part { meaning: Meaning::Warning, text, rank: 2 });
    }
    let login = state.contexts.get(here).map(|view| &view.login);
    if let Some(Login::Needed { .. }) = login {
        let text = format!("login needed ({})", state.key_of(Action::LogIn));
        parts.push(Part { meaning: Meaning::Broken, text, rank: 0 });
    }
    if let Some(validity) = login.and_then(Login::certificate) {
        let (left, meaning) = tables::expiry(&validity, scene.now);
        if meaning != Meaning::Muted {
            parts.push(Part { meaning, text: format!("certificate {left}"), rank: 1 });
        }
    }
}

fn running(view: &OperationView, now: Timestamp) -> String {
    let name = &view.target.name;
    let step = (view.step + 1).min(view.steps.len().max(1));
    let how = match (view.state, view.hold_until) {
        (OperationState::Paused, _) => " paused".to_owned(),
        (_, Some(until)) => format!(" hold {}", countdown(until, now)),
        (_, None) => String::new(),
    };
    format!("op: {} {name} {step}/{}{how}", view.verb, view.steps.len())
}

/// Time left as `3:12`, or `1:02:03`.
pub fn countdown(until: Timestamp, now: Timestamp) -> String {
    let left = until.duration_since(now).as_secs().max(0);
    match left / 3600 {
        0 => format!("{}:{:02}", left / 60, left % 60),
        hours => format!("{hours}:{:02}:{:02}", left / 60 % 60, left % 60),
    }
}
