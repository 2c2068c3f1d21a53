//! Routes, Jobs and operations: tables of the same kind as the cockpit's, with what the selected row has to say below them.

use crate::{
    config::Meaning,
    model::{JobState, Kind},
    ui::{
        glyph,
        page::Page,
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
        focused: Some(true),
    };
    let selected = scene.state.routes.selected().and_then(|object| scene.rows.routes.get(object));
    let says = selected.and_then(|route| Some((glyph::health(route.health).1, route.reason.as_deref()?)));
    let area = say(scene, buffer, area, says);
    listing::draw(scene, buffer, area, &listing, |object| scene.rows.routes.get(object));
}

/// Shows what a row has to say at the foot of `area`; gives the room that is left.
fn say(scene: &Scene<'_>, buffer: &mut Buffer, area: Rect, says: Option<(Meaning, &str)>) -> Rect {
    let Some((meaning, text)) = says.filter(|_| area.height >= 12) else { return area };
    let mut page = Page::new(area.width.saturating_sub(4));
    page.text(meaning, text);
    let height = (page.len() as u16).min(4) + 2;
    let foot = Rect { y: area.bottom() - height, height, ..area };
    let inside = scene.pane(buffer, foot, "", false);
    page.draw(scene, buffer, Rect { x: inside.x + 1, width: inside.width.saturating_sub(2), ..inside }, 0);
    Rect { height: area.height - height, ..area }
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
        focused: Some(true),
    };
    let selected = scene.state.jobs.selected().and_then(|object| scene.rows.jobs.get(object));
    let says = selected.and_then(|job| match &job.state {
        JobState::Failed(why) if !why.is_empty() => Some((Meaning::Broken, why.as_str())),
        _ => None,
    });
    let area = say(scene, buffer, area, says);
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
        focused: Some(true),
    };
    let selected = operations.list.selected().and_then(|id| operations.get(id));
    let says = selected.and_then(|view| Some((glyph::operation(view.state).1, view.message.as_deref()?)));
    let area = say(scene, buffer, area, says);
    listing::draw(scene, buffer, area, &listing, |id| operations.get(id));
}
