//! A table in its pane: the title with what is filtered and how fresh it is, the rows, or why there are none.

use crate::{
    config::Meaning,
    model::Kind,
    ui::{
        freshness, input,
        list::List,
        page::Page,
        scene::Scene,
        tables::{self, Column},
    },
};
use ratatui::{buffer::Buffer, layout::Rect};
use unicode_width::UnicodeWidthStr;

/// What a listing shows.
pub struct Listing<'l, K, R: 'static> {
    /// What the rows are called.
    pub title: &'static str,
    /// The same in the middle of a sentence.
    pub noun: &'static str,
    /// The columns.
    pub columns: &'static [Column<R>],
    /// The order and the selection.
    pub list: &'l List<K>,
    /// The kinds the rows come from; none for what does not come from watches.
    pub kinds: &'static [Kind],
    /// Rows there are before the filter.
    pub total: usize,
    /// Whether it takes the keys; None where it never does.
    pub focused: Option<bool>,
}

/// Draws a listing.
pub fn draw<'r, K: Clone + PartialEq, R: 'static>(
    scene: &Scene<'_>,
    buffer: &mut Buffer,
    area: Rect,
    listing: &Listing<'_, K, R>,
    find: impl Fn(&K) -> Option<&'r R>,
) {
    if area.is_empty() {
        return;
    }
    let shown = listing.list.order().len();
    let filter = listing.list.filter();
    let marked = listing.focused.map(|focused| focused && scene.state.layers.is_empty());
    let focused = marked == Some(true);
    let title = match filter {
        // Nothing may be said about how many there are while none has arrived.
        _ if listing.total == 0 => listing.title.to_owned(),
        "" => format!("{} {shown}", listing.title),
        _ => format!("{} {shown} of {}", listing.title, listing.total),
    };
    let inside = scene.pane(buffer, area, &title, focused);
    let bar = Rect { x: area.x + 1, y: area.y, width: area.width.saturating_sub(2), height: 1 };
    let after = Rect { x: bar.x + (title.width() as u16 + 2).min(bar.width), ..bar };
    let after = Rect { width: bar.right().saturating_sub(after.x), ..after };
    filter_line(scene, buffer, after, filter, focused);
    let notes = freshness::notes(scene.rows, listing.kinds, scene.now);
    if !notes.is_empty() && shown > 0 {
        let text = format!(" {} ", notes.join(", "));
        scene.pen(buffer, after, 0).at_right(text.width()).write(&text, Meaning::Warning);
    }
    if shown > 0 {
        position(scene, buffer, area, listing.list.offset(), usize::from(inside.height.saturating_sub(1)), shown);
        return tables::draw(scene, buffer, inside, listing.columns, listing.list, find, marked);
    }
    let (meaning, lines) = match filter {
        "" => freshness::empty(scene.rows, listing.kinds, listing.noun),
        _ if listing.total == 0 => freshness::empty(scene.rows, listing.kinds, listing.noun),
        filter => (Meaning::Muted, vec![format!("none of {} {} match /{filter}", listing.total, listing.noun)]),
    };
    let room = Rect { x: inside.x + inside.width.min(2), width: inside.width.saturating_sub(4), ..inside };
    let room = Rect { y: room.y + u16::from(room.height > 2), height: room.height.saturating_sub(2).max(1), ..room };
    let mut page = Page::new(room.width);
    for line in lines {
        page.text(meaning, &line);
    }
    page.draw(scene, buffer, room, 0);
}

/// Which rows are on the screen, on the lower border, where not all of them are.
fn position(scene: &Scene<'_>, buffer: &mut Buffer, area: Rect, first: usize, height: usize, shown: usize) {
    if shown > height && area.height > 2 {
        let text = format!(" {}–{} of {shown} ", first + 1, (first + height).min(shown));
        let line = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
        scene.pen(buffer, line, area.height - 1).at_right(text.width()).write(&text, Meaning::Muted);
    }
}

fn filter_line(scene: &Scene<'_>, buffer: &mut Buffer, area: Rect, filter: &str, focused: bool) {
    if area.is_empty() {
        return;
    }
    if let Some(typed) = scene.state.filtering.as_ref().filter(|_| focused) {
        scene.pen(buffer, area, 0).write("/", Meaning::Key);
        let typing = Rect { x: area.x + 1, width: area.width.saturating_sub(1).min(30), ..area };
        input::draw(scene, buffer, typing, typed);
    } else if !filter.is_empty() {
        scene.pen(buffer, area, 0).write("/", Meaning::Key).write(filter, Meaning::Input).write(" ", Meaning::Border);
    }
}
