//! The screens: which panes there are, and where.

mod cockpit;
mod fleet;
pub mod journal;
mod logs;
mod operation;
mod placement;
pub mod tables;
mod together;
pub mod workload;

use super::{layout, page::Page, scene::Scene, state::Screen};
use ratatui::{buffer::Buffer, layout::Rect};

/// Draws the screen on top.
pub fn draw(scene: &Scene<'_>, buffer: &mut Buffer, area: Rect) {
    match scene.state.screen() {
        Screen::Workloads => cockpit::draw(scene, buffer, area),
        Screen::Workload(object) => workload::draw(scene, buffer, area, object),
        Screen::Table(kind) => tables::watched(scene, buffer, area, *kind),
        Screen::Journal => journal::draw(scene, buffer, area),
        Screen::Account(id) => journal::account(scene, buffer, area, id),
        Screen::Operations => tables::operations(scene, buffer, area),
        Screen::Operation(id) => operation::draw(scene, buffer, area, id),
        Screen::Contexts => fleet::contexts(scene, buffer, area),
        Screen::Fleet => fleet::fleet(scene, buffer, area),
        Screen::Together => together::draw(scene, buffer, area),
        Screen::Placement(object) => placement::draw(scene, buffer, area, object),
        Screen::Logs(subject) => logs::draw(scene, buffer, area, subject),
    }
}

/// The furthest that the screen on top can be scrolled.
pub fn last_scroll(scene: &Scene<'_>) -> usize {
    let inside = layout::inside(layout::frame(scene.state.size).body);
    let width = inside.width.saturating_sub(2);
    let page: Option<Page> = match scene.state.screen() {
        Screen::Workload(object) => return workload::last_scroll(scene, object),
        Screen::Operation(id) => scene.state.operations.get(id).map(|view| operation::page(scene, view, width)),
        Screen::Account(id) => scene.state.journal.get(id).map(|account| journal::page(scene, account, width)),
        Screen::Placement(object) => Some(placement::page(scene, object, width)),
        Screen::Workloads
        | Screen::Table(_)
        | Screen::Operations
        | Screen::Journal
        | Screen::Contexts
        | Screen::Fleet
        | Screen::Logs(_)
        | Screen::Together => None,
    };
    page.map_or(0, |page| page.last_scroll(inside.height))
}
