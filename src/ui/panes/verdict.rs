//! Why a workload is not well: the one sentence, the words of the cluster that prove it, and the keys that help.

use crate::{
    config::{Action, Meaning},
    model::{Health, Remedy, Workload},
    time::age,
    ui::{
        glyph,
        page::{Page, Piece},
        refusals,
        scene::Scene,
    },
};

/// Writes the verdict on a workload onto a page, with the last `lines` of what proves it.
pub fn verdict(page: &mut Page, scene: &Scene<'_>, row: &Workload, lines: usize) {
    let health = scene.rows.health_of(row);
    let (sign, meaning) = glyph::workload(row, health);
    let reason = scene.rows.reason_with_age(row, |since| age(since, scene.now)).unwrap_or_else(|| match health {
        Health::Healthy => format!("{} of {} ready", row.ready, row.desired),
        other => other.to_string(),
    });
    page.hanging(vec![(meaning, format!("{sign} "))], meaning, &reason);
    proof(page, scene, row, lines);
}

/// Writes the last `lines` of what proves the verdict, and the keys that help.
pub fn proof(page: &mut Page, scene: &Scene<'_>, row: &Workload, lines: usize) {
    let Some(blocker) = scene.rows.blocker_of(row) else { return };
    for line in &blocker.evidence[blocker.evidence.len().saturating_sub(lines)..] {
        page.hanging(vec![(Meaning::Muted, "  ".into())], Meaning::Muted, line);
    }
    let keys = keys(scene, blocker.remedies());
    if !keys.is_empty() {
        page.line(keys);
    }
}

/// The keys that help, as the keymap has them now. An action without a key, or that is refused here, is no help.
fn keys(scene: &Scene<'_>, remedies: &[Remedy]) -> Vec<Piece> {
    let state = scene.state;
    let mut pieces: Vec<Piece> = Vec::new();
    for remedy in remedies {
        let Some(action) = Action::parse(remedy.action()) else { continue };
        let Some(key) = state.session.keymap.key(state.places(), action) else { continue };
        if refusals::refusal(state, scene.rows, action).is_some() {
            continue;
        }
        let gap = if pieces.is_empty() { "  " } else { "   " };
        pieces.push((Meaning::Text, gap.to_owned()));
        pieces.push((Meaning::Key, key.to_string()));
        pieces.push((Meaning::Text, format!(" {}", action.description())));
    }
    pieces
}
