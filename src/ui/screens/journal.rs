//! The journal: who did what, why, when, with which result; and one operation's account at length.

use crate::{
    config::Meaning,
    model::{Account, OperationId},
    ui::{
        glyph,
        page::{Page, Piece},
        panes::listing::{self, Listing},
        scene::Scene,
    },
};
use ratatui::{buffer::Buffer, layout::Rect};

/// The journal, with the account of the selected operation below it.
pub fn draw(scene: &Scene<'_>, buffer: &mut Buffer, area: Rect) {
    let journal = &scene.state.journal;
    let (list, found) = (&journal.shown.list, &journal.shown.found);
    let (above, below) = (above(area), below(area));
    let listing = Listing {
        title: "Journal",
        noun: "operations in the journals of this machine",
        list,
        found,
        kinds: &[],
        focused: Some(true),
    };
    let selected = list.selected().and_then(|id| journal.get(id));
    listing::draw(scene, buffer, above, &listing, |id| journal.get(id));
    let (Some(account), false) = (selected, below.is_empty()) else { return };
    let inside = scene.pane(buffer, below, &account.id.0, false);
    let inside = Rect { x: inside.x + 1, width: inside.width.saturating_sub(2), ..inside };
    page(scene, account, inside.width).draw(scene, buffer, inside, 0);
}

/// The room below the table, for the account of the selected operation.
fn below(area: Rect) -> Rect {
    let height = if area.height < 14 { 0 } else { area.height / 2 };
    Rect { y: area.bottom() - height, height, ..area }
}

/// The room of the table.
pub fn above(area: Rect) -> Rect {
    Rect { height: area.height - below(area).height, ..area }
}

/// One account on a screen of its own.
pub fn account(scene: &Scene<'_>, buffer: &mut Buffer, area: Rect, id: &OperationId) {
    let inside = scene.pane(buffer, area, &format!("Journal of {id}"), true);
    let inside = Rect { x: inside.x + 1, width: inside.width.saturating_sub(2), ..inside };
    match scene.state.journal.get(id) {
        Some(account) => page(scene, account, inside.width).draw(scene, buffer, inside, scene.state.scroll),
        None => drop(
            scene.pen(buffer, inside, 0).write("there is no journal of it on this machine any more", Meaning::Muted),
        ),
    }
}

/// An account as a page.
pub fn page(scene: &Scene<'_>, account: &Account, width: u16) -> Page {
    let mut page = Page::new(width);
    let clock =
        |at: jiff::Timestamp| at.to_zoned(scene.state.session.zone.clone()).strftime("%d %b %H:%M:%S").to_string();
    let (sign, meaning) = glyph::operation(account.state);
    page.hanging(
        vec![(meaning, format!("{sign} "))],
        Meaning::Title,
        &format!("{} {}: {}", account.verb, account.target, account.summary),
    );
    page.labelled("who", Meaning::Text, &account.who.join(", then "));
    match &account.why {
        Some(why) => page.labelled("why", Meaning::Text, why),
        None => page.labelled("why", Meaning::Muted, "no reason was given"),
    }
    for rule in &account.overridden {
        page.labelled("against", Meaning::Warning, rule);
    }
    let ended = account.ended.map_or_else(|| "not ended".to_owned(), clock);
    page.labelled("when", Meaning::Text, &format!("{} – {ended}, in {}", clock(account.started), account.context));
    let result = account.result.as_deref().map_or_else(String::new, |result| format!(": {result}"));
    page.labelled("result", meaning, &format!("{}{result}", account.state));
    page.labelled("lasts", Meaning::Text, &account.durability);
    page.blank();
    page.line(vec![(Meaning::Title, "By hand, without the checks".into())]);
    for command in &account.commands {
        page.hanging(vec![(Meaning::Muted, "  ".into())], Meaning::Text, command);
    }
    page.blank();
    page.line(vec![(Meaning::Title, "What happened".into())]);
    for happening in &account.timeline {
        let time: Piece = (Meaning::Muted, format!("  {}  ", clock(happening.at)));
        page.hanging(vec![time], Meaning::Text, &happening.what);
    }
    if !account.diff.trim().is_empty() {
        page.blank();
        page.line(vec![(Meaning::Title, "What changed".into())]);
        for line in account.diff.lines() {
            let meaning = match line.chars().next() {
                Some('+') => Meaning::Added,
                Some('-') => Meaning::Removed,
                _ => Meaning::Muted,
            };
            page.line(vec![(meaning, format!("  {line}"))]);
        }
    }
    page
}
