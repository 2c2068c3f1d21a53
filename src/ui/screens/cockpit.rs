//! The cockpit: what is broken, what changed, and the keys that put it back.

use crate::{
    config::Meaning,
    ui::{
        glyph,
        panes::{detail, line, namespaces},
        scene::Scene,
        state::Focus,
        tables::TableKind,
    },
};
use ratatui::{buffer::Buffer, layout::Rect};

/// Draws the cockpit.
pub fn draw(scene: &Scene<'_>, buffer: &mut Buffer, area: Rect) {
    let state = scene.state;
    let mut panes = state.panes(area);
    let below = panes.detail.y > panes.table.y;
    if below && state.workload(scene.rows).is_none() {
        // Nothing to tell about: the table has the room, and says why it has no rows.
        panes.table.height += panes.detail.height;
        panes.detail = Rect::ZERO;
    }
    namespaces::draw(scene, buffer, panes.namespaces);
    let focused = state.cockpit.focus == Focus::Table;
    table(scene, buffer, panes.table, TableKind::Workloads, Some(focused));
    detail::draw(scene, buffer, panes.detail, 0);
    table(scene, buffer, panes.traffic, TableKind::Routes, None);
    news(scene, buffer, panes.news);
}

fn table(scene: &Scene<'_>, buffer: &mut Buffer, area: Rect, kind: TableKind, focused: Option<bool>) {
    let tabled = scene.state.table(kind);
    kind.table().draw(scene, buffer, area, (&tabled.list, &tabled.found), focused);
}

/// What just happened, newest first.
fn news(scene: &Scene<'_>, buffer: &mut Buffer, area: Rect) {
    if area.is_empty() {
        return;
    }
    let inside = scene.pane(buffer, area, "Just happened", false);
    if scene.rows.news.is_empty() {
        scene.pen(buffer, inside, 0).skip(2).write("nothing since this cockpit was opened", Meaning::Muted);
    }
    for (row, news) in scene.rows.news.iter().rev().take(inside.height.into()).enumerate() {
        let (sign, meaning) = glyph::health(news.health);
        let sign = if sign == "?" { "·" } else { sign };
        let mut pen = scene.pen(buffer, inside, row as u16);
        pen.skip(1).write(&line::clock(scene, news), Meaning::Muted).skip(1).write(sign, meaning).skip(1);
        pen.write(&news.object.path(), Meaning::Text).skip(2).write(&news.text, meaning);
    }
}
