//! The screens: which panes there are, and where.

mod cockpit;
mod fleet;
mod operation;
mod tables;
pub mod workload;

use super::{layout, page::Page, scene::Scene, state::Screen};
use ratatui::{buffer::Buffer, layout::Rect};

/// Draws the screen on top.
pub fn draw(scene: &Scene<'_>, buffer: &mut Buffer, area: Rect) {
    match scene.state.screen() {
        Screen::Workloads => cockpit::draw(scene, buffer, area),
        Screen::Workload(object) => workload::draw(scene, buffer, area, object),
        Screen::Routes => tables::routes(scene, buffer, area),
        Screen::Jobs => tables::jobs(scene, buffer, area),
        Screen::Operations => tables::operations(scene, buffer, area),
        Screen::Operation(id) => operation::draw(scene, buffer, area, id),
        Screen::Contexts => fleet::contexts(scene, buffer, area),
        Screen::Fleet => fleet::fleet(scene, buffer, area),
    }
}

/// The furthest that the screen on top can be scrolled.
pub fn last_scroll(scene: &Scene<'_>) -> usize {
    let inside = layout::inside(layout::frame(scene.state.size).body);
    let width = inside.width.saturating_sub(2);
    let page: Option<Page> = match scene.state.screen() {
        Screen::Workload(object) => return workload::last_scroll(scene, object),
        Screen::Operation(id) => scene.state.operations.get(id).map(|view| operation::page(view, scene.now, width)),
        Screen::Workloads | Screen::Routes | Screen::Jobs | Screen::Operations | Screen::Contexts | Screen::Fleet => {
            None
        }
    };
    page.map_or(0, |page| page.last_scroll(inside.height))
}
