//! From state and rows to a frame. Borrows everything, copies nothing, formats only what is on the screen.

use super::{
    ascii, layout,
    panes::{crumbs, header, keys, line},
    scene::Scene,
    screens,
    state::State,
};
use crate::{config::Meaning, model::Rows};
use jiff::Timestamp;
use ratatui::{Frame, layout::Size};

/// Draws one frame at `now`.
pub fn draw(state: &State, rows: &Rows, frame: &mut Frame<'_>, now: Timestamp) {
    let scene = Scene { state, rows, now };
    let area = frame.area();
    let buffer = frame.buffer_mut();
    buffer.set_style(area, scene.style(Meaning::Text));
    let size = Size::new(area.width, area.height);
    let parts = layout::frame(size);
    screens::draw(&scene, buffer, parts.body);
    crumbs::draw(&scene, buffer, parts.body);
    header::draw(&scene, buffer, parts.header);
    line::draw(&scene, buffer, parts.line);
    if state.layers.is_empty() {
        keys::draw(&scene, buffer, parts.keys);
    }
    // The header stays in sight above every sheet: which cluster this is must never be in doubt.
    for layer in &state.layers {
        layer.draw(&scene, buffer, layout::below_header(size));
    }
    match state.session.terminal.ascii {
        true => ascii::spell(buffer),
        false => ascii::tame(buffer),
    }
}
