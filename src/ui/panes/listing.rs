//! A table in its pane: the title with what is filtered, hidden and marked and how fresh it is, the rows, or why there are none.

use crate::{
    config::Meaning,
    model::Kind,
    ui::{
        freshness, input,
        list::{List, Listed},
        page::Page,
        scene::Scene,
        tables::{self, Arranged, Row},
    },
};
use ratatui::{buffer::Buffer, layout::Rect};
use unicode_width::UnicodeWidthStr;

/// What a listing shows.
pub struct Listing<'l, K> {
    /// What the rows are called.
    pub title: &'static str,
    /// The same in the middle of a sentence.
    pub noun: &'static str,
    /// The order, the selection and the marks.
    pub list: &'l List<K>,
    /// What arranging it found.
    pub found: &'l Arranged,
    /// The kinds the rows come from; none for what does not come from watches.
    pub kinds: &'static [Kind],
    /// Whether it takes the keys; None where it never does.
    pub focused: Option<bool>,
}

/// Draws a listing.
pub fn draw<'r, R: Row>(
    scene: &Scene<'_>,
    buffer: &mut Buffer,
    area: Rect,
    listing: &Listing<'_, R::Id>,
    find: impl Fn(&R::Id) -> Option<&'r R>,
) {
    if area.is_empty() {
        return;
    }
    let (list, total) = (listing.list, listing.found.total);
    let shown = list.order().len();
    let filter = &*list.look().filter;
    let marked = listing.focused.map(|focused| focused && scene.state.layers.is_empty());
    let focused = marked == Some(true);
    let under = list.look().grouping.as_ref().zip(listing.found.groups);
    let under = under.map(|(grouping, groups)| format!(" · {groups} by {}", grouping.label)).unwrap_or_default();
    // A folded group shows its heading only, which is no row.
    let rows = if listing.found.groups.is_some() { listing.found.passed } else { shown };
    let title = match filter {
        // Nothing may be said about how many there are while none has arrived.
        _ if total == 0 => listing.title.to_owned(),
        "" => format!("{} {rows}{under}", listing.title),
        _ => format!("{} {rows} of {total}{under}", listing.title),
    };
    let inside = scene.pane(buffer, area, &title, focused);
    let bar = Rect { x: area.x + 1, y: area.y, width: area.width.saturating_sub(2), height: 1 };
    let after = Rect { x: bar.x + (title.width() as u16 + 2).min(bar.width), ..bar };
    let after = Rect { width: bar.right().saturating_sub(after.x), ..after };
    border(scene, buffer, after, listing, focused);
    if shown > 0 {
        position(scene, buffer, area, list.offset(), usize::from(inside.height.saturating_sub(1)), shown);
        return tables::draw(scene, buffer, inside, list, find, marked);
    }
    let (meaning, lines) = match filter {
        _ if total == 0 && listing.kinds.is_empty() => (Meaning::Muted, vec![format!("there are no {}", listing.noun)]),
        _ if total == 0 => freshness::empty(scene.rows, listing.kinds, listing.noun),
        "" => (Meaning::Muted, vec![format!("there are no {}", listing.noun)]),
        filter => (Meaning::Muted, vec![format!("none of {total} {} match /{filter}", listing.noun)]),
    };
    let room = Rect { x: inside.x + inside.width.min(2), width: inside.width.saturating_sub(4), ..inside };
    let room = Rect { y: room.y + u16::from(room.height > 2), height: room.height.saturating_sub(2).max(1), ..room };
    let mut page = Page::new(room.width);
    for line in lines {
        page.text(meaning, &line);
    }
    page.draw(scene, buffer, room, 0);
}

/// What the border above the rows has to say: what is broken and hidden, the filter, what cannot be trusted, marks and order.
fn border<K: Clone + Ord>(scene: &Scene<'_>, buffer: &mut Buffer, area: Rect, listing: &Listing<'_, K>, focused: bool) {
    let (list, found) = (listing.list, listing.found);
    let mut left = area;
    let mut before = |text: &str, meaning: Meaning, buffer: &mut Buffer| {
        let mut pen = scene.pen(buffer, left, 0);
        pen.write(text, meaning).write(" ", Meaning::Border);
        let (x, _) = pen.position();
        left = Rect { x, width: left.right().saturating_sub(x), ..left };
    };
    // What is broken and hidden comes before everything that could push it out of sight.
    if found.broken_hidden > 0 {
        before(&format!("✗ {} broken hidden", found.broken_hidden), Meaning::Broken, buffer);
    }
    if let Some(complaint) = found.complaint.as_deref() {
        before(&format!("! {complaint}"), Meaning::Warning, buffer);
    }
    let mut notes: Vec<(Meaning, String)> = Vec::new();
    if list.marked() > 0 {
        notes.push((Meaning::Key, format!("*{} marked", list.marked())));
    }
    if list.look().wide {
        notes.push((Meaning::Muted, "wide".to_owned()));
    }
    if list.look().columns.is_some() {
        notes.push((Meaning::Muted, "some columns".to_owned()));
    }
    notes.extend(list.look().order_in_words().map(|order| (Meaning::Key, order)));
    let stale = freshness::notes(scene.rows, listing.kinds, scene.now);
    if !stale.is_empty() && !list.order().is_empty() {
        notes.push((Meaning::Warning, stale.join(", ")));
    }
    let width: usize = notes.iter().map(|(_, text)| text.width() + 2).sum();
    // The filter has its room first while it is typed; what it says afterwards gives way to warnings.
    let typed = scene.state.filtering.as_ref().filter(|_| focused);
    let wanted = typed.map_or_else(|| list.look().filter.width() + 2, |typed| (typed.value().width() + 2).max(12));
    let room = usize::from(left.width).saturating_sub(width);
    let filter = Rect { width: wanted.min(room.max(12)) as u16, ..left }.intersection(left);
    if let Some(typed) = typed {
        scene.pen(buffer, filter, 0).write("/", Meaning::Key);
        let typing = Rect { x: filter.x + 1, width: filter.width.saturating_sub(1), ..filter };
        input::draw(scene, buffer, typing.intersection(left), typed);
    } else if !list.look().filter.is_empty() {
        let mut pen = scene.pen(buffer, filter, 0);
        pen.write("/", Meaning::Key).write(&list.look().filter, Meaning::Input).write(" ", Meaning::Border);
    } else if width == 0 {
        return;
    }
    let rest = Rect { x: filter.right(), width: left.right().saturating_sub(filter.right()), ..left };
    let rest = if list.look().filter.is_empty() && typed.is_none() { left } else { rest };
    let mut pen = scene.pen(buffer, rest, 0);
    pen.at_right(width);
    for (meaning, text) in &notes {
        pen.write(" ", Meaning::Border).write(text, *meaning).write(" ", Meaning::Border);
    }
}

/// Which rows are on the screen, on the lower border, where not all of them are.
fn position(scene: &Scene<'_>, buffer: &mut Buffer, area: Rect, first: usize, height: usize, shown: usize) {
    if shown > height && area.height > 2 {
        let text = format!(" {}–{} of {shown} ", first + 1, (first + height).min(shown));
        let line = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
        scene.pen(buffer, line, area.height - 1).at_right(text.width()).write(&text, Meaning::Muted);
    }
}
