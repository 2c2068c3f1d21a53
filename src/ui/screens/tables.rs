//! Routes, Jobs and operations: tables of the same kind as the cockpit's.

use crate::{
    config::Meaning,
    model::Kind,
    ui::{
        panes::listing::{self, Listing},
        scene::Scene,
        tables::{JOBS, OPERATIONS, ROUTES},
    },
};
use ratatui::{buffer::Buffer, layout::Rect};

/// The routes.
pub fn routes(scene: &Scene<'_>, buffer: &mut Buffer, area: Rect) {
    let listing = Listing {
        title: "Routes",
        noun: "HTTPRoutes",
        columns: ROUTES,
        list: &scene.state.routes,
        kinds: &[Kind::HttpRoute],
        total: scene.rows.routes.len(),
        focused: true,
    };
    listing::draw(scene, buffer, area, &listing, |object| scene.rows.routes.get(object));
}

/// The Jobs.
pub fn jobs(scene: &Scene<'_>, buffer: &mut Buffer, area: Rect) {
    let listing = Listing {
        title: "Jobs",
        noun: "Jobs",
        columns: JOBS,
        list: &scene.state.jobs,
        kinds: &[Kind::Job],
        total: scene.rows.jobs.len(),
        focused: true,
    };
    listing::draw(scene, buffer, area, &listing, |object| scene.rows.jobs.get(object));
}

/// The operations, what nobody carries out first.
pub fn operations(scene: &Scene<'_>, buffer: &mut Buffer, area: Rect) {
    let operations = &scene.state.operations;
    let total = operations.list.order().len();
    if total == 0 {
        let inside = scene.pane(buffer, area, "Operations 0", true);
        let text = "nothing has been changed from here yet";
        scene.pen(buffer, inside, u16::from(inside.height > 2)).skip(2).write(text, Meaning::Muted);
        return;
    }
    let listing = Listing {
        title: "Operations",
        noun: "operations",
        columns: OPERATIONS,
        list: &operations.list,
        kinds: &[],
        total,
        focused: true,
    };
    listing::draw(scene, buffer, area, &listing, |id| operations.get(id));
}
