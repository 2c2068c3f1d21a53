//! Tables on a screen of their own, with what the selected row has to say below them.

use crate::{
    config::Meaning,
    model::Kind,
    ui::{
        freshness, glyph,
        page::Page,
        panes::listing::{self, Listing},
        scene::Scene,
        tables::TableKind,
    },
};
use ratatui::{buffer::Buffer, layout::Rect};

/// A table of watched rows.
pub fn watched(scene: &Scene<'_>, buffer: &mut Buffer, area: Rect, kind: TableKind) {
    let (table, tabled) = (kind.table(), scene.state.table(kind));
    let says = tabled.list.selected().map(|object| table.says(scene, object)).unwrap_or_default();
    let area = say(scene, buffer, area, &says);
    table.draw(scene, buffer, area, (&tabled.list, &tabled.found), Some(true));
}

/// Where the rows of the table on top of `area` are drawn, headings included: what the mouse asks.
pub fn body(scene: &Scene<'_>, area: Rect, kind: TableKind) -> Rect {
    let selected = scene.state.table(kind).list.selected();
    let says = selected.map(|object| kind.table().says(scene, object)).unwrap_or_default();
    Rect { height: area.height - foot(area, &page(area, &says)), ..area }
}

fn page(area: Rect, says: &[(Meaning, String)]) -> Page {
    let mut page = Page::new(area.width.saturating_sub(4));
    for (meaning, text) in says {
        page.text(*meaning, text);
    }
    page
}

/// How many lines of `area` what is said takes.
fn foot(area: Rect, page: &Page) -> u16 {
    if area.height < 12 || page.len() == 0 { 0 } else { (page.len() as u16).min((area.height / 3).max(5)) + 2 }
}

/// Shows what a row has to say at the foot of `area`; gives the room that is left.
fn say(scene: &Scene<'_>, buffer: &mut Buffer, area: Rect, says: &[(Meaning, String)]) -> Rect {
    let page = page(area, says);
    let height = foot(area, &page);
    if height == 0 {
        return area;
    }
    let foot = Rect { y: area.bottom() - height, height, ..area };
    let inside = scene.pane(buffer, foot, "", false);
    page.draw(scene, buffer, Rect { x: inside.x + 1, width: inside.width.saturating_sub(2), ..inside }, 0);
    Rect { height: area.height - height, ..area }
}

/// The operations, what nobody carries out first: those that the journals of this machine tell of, and those of others.
pub fn operations(scene: &Scene<'_>, buffer: &mut Buffer, area: Rect) {
    let operations = &scene.state.operations;
    let (list, found) = (&operations.shown.list, &operations.shown.found);
    if found.total == 0 {
        let inside = scene.pane(buffer, area, "Operations", true);
        let mut page = Page::new(inside.width.saturating_sub(4));
        page.text(Meaning::Muted, "nothing has been changed from here yet");
        let (meaning, lines) = freshness::empty(scene.rows, KINDS, "operations of others in this cluster");
        lines.iter().for_each(|line| page.text(meaning, line));
        let below = u16::from(inside.height > 2);
        let room = Rect { x: inside.x + 2, width: inside.width.saturating_sub(4), ..inside };
        page.draw(scene, buffer, Rect { y: room.y + below, height: room.height - below, ..room }, 0);
        return;
    }
    let listing = Listing { title: "Operations", noun: "operations", list, found, kinds: KINDS, focused: Some(true) };
    let selected = list.selected().and_then(|id| operations.get(id));
    let says: Vec<(Meaning, String)> = match selected.map(|view| (view, operations.elsewhere(&view.id))) {
        Some((_, Some(other))) => {
            let why = other.claim.reason.as_ref().map(|why| (Meaning::Muted, format!("why: {why}")));
            let sentence = (other.meaning(), format!("{}: {}", other.claim.who(), other.sentence(scene.now)));
            [Some(sentence), why, Some((Meaning::Text, other.advice()))].into_iter().flatten().collect()
        }
        Some((view, None)) => view.message.iter().map(|text| (glyph::operation(view.state).1, text.clone())).collect(),
        None => Vec::new(),
    };
    let area = say(scene, buffer, area, &says);
    listing::draw(scene, buffer, area, &listing, |id| operations.get(id));
}

/// Where the cluster tells what others do.
const KINDS: &[Kind] = &[Kind::Lease];
