//! Draws a table: the headings with the order in force, and the rows that are on the screen.

use super::{
    Row,
    column::{Column, columns, widths},
};
use crate::{
    config::Meaning,
    ui::{
        list::{List, Listed},
        look::{Look, Order},
        pen::Pen,
        scene::Scene,
    },
};
use ratatui::{buffer::Buffer, layout::Rect, style::Modifier};

/// Where each column stands within `area`.
fn cells<R>(columns: &[&'static Column<R>], look: &Look, area: Rect) -> Vec<(&'static Column<R>, Rect)> {
    let (sizes, gap) = widths(columns, look, area.width.saturating_sub(MARK));
    let mut x = area.x.saturating_add(MARK);
    let place = |(index, width): (usize, u16)| {
        let cell = Rect { x, y: area.y, width, height: area.height };
        x = x.saturating_add(width + gap);
        (columns[index], cell)
    };
    sizes.into_iter().map(place).collect()
}

/// Draws the heading and the rows on the screen into `area`. `find` gives a key's row, None where it has just gone;
/// `focused` is whether the selected row takes the keys, None where there is no selection to show.
pub fn draw<'r, R: Row>(
    scene: &Scene<'_>,
    buffer: &mut Buffer,
    area: Rect,
    list: &List<R::Id>,
    find: impl Fn(&R::Id) -> Option<&'r R>,
    focused: Option<bool>,
) {
    if area.is_empty() {
        return;
    }
    let look = list.look();
    let shown = columns(R::COLUMNS, look);
    let cells = cells(&shown, look, area);
    for (at, (column, cell)) in cells.iter().enumerate() {
        // The first column begins with a glyph, so its heading stands above the names.
        let indent = if at == 0 { 2 } else { 0 };
        if look.order == Order::Column(column.title) {
            let title = column.title.trim_start();
            let end = (cell.x + cell.width + 1).min(area.right());
            let place = Rect { width: end - cell.x, ..*cell };
            scene.pen(buffer, place, 0).skip(indent).write(title, Meaning::Title);
            // Where there is no room behind the heading, the arrow takes its last letter's place.
            let behind = (indent + title.chars().count() as u16).min(place.width.saturating_sub(1));
            scene.pen(buffer, place, 0).skip(behind).write(look.arrow(), Meaning::Title);
        } else {
            scene.pen(buffer, *cell, 0).skip(indent).write(column.title, Meaning::Muted);
        }
    }
    let selected = list.index();
    let visible = usize::from(area.height.saturating_sub(1));
    for (line, id) in list.order().iter().skip(list.offset()).take(visible).enumerate() {
        let y = line as u16 + 1;
        if list.marked() > 0 && list.marks().contains(id) {
            let whole = Rect { y: area.y + y, height: 1, ..area }.intersection(buffer.area);
            scene
                .pen(buffer, Rect { x: area.x + 1, width: area.width.saturating_sub(1), ..whole }, 0)
                .write("*", Meaning::Key);
            buffer.set_style(whole, scene.style(Meaning::Text).add_modifier(Modifier::BOLD));
        }
        let Some(row) = find(id) else { continue };
        for (column, cell) in &cells {
            (column.cell)(&mut scene.pen(buffer, *cell, y), row, scene);
        }
        if let Some(focused) = focused.filter(|_| selected == Some(list.offset() + line)) {
            mark(scene, buffer, area, y, focused);
        }
    }
}

/// What the headings are made of at some column of the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hit {
    /// A heading by which rows can be sorted.
    Heading(&'static str),
    /// The end of a column: the columns up to it with their widths, itself last.
    Edge(Vec<(&'static str, u16)>),
}

/// What is at column `x` of the screen, where the table's headings are drawn in `area`.
pub fn heading_at<R>(all: &'static [Column<R>], look: &Look, area: Rect, x: u16) -> Option<Hit> {
    let shown = columns(all, look);
    let cells = cells(&shown, look, area);
    if let Some((column, _)) = cells.iter().find(|(_, cell)| (cell.x..cell.right()).contains(&x)) {
        return column.key.map(|_| Hit::Heading(column.title));
    }
    let before = cells.iter().take_while(|(_, cell)| cell.right() <= x);
    let before: Vec<_> = before.map(|(column, cell)| (column.title, cell.width)).collect();
    // What is right of the last column is the end of nothing.
    (!before.is_empty() && before.len() < cells.len()).then_some(Hit::Edge(before))
}

/// Columns at the left of a list for the mark of the selected row.
pub const MARK: u16 = 2;

/// Marks the line `y` of `area` as selected, in a way that needs no colour.
pub fn mark(scene: &Scene<'_>, buffer: &mut Buffer, area: Rect, y: u16, focused: bool) {
    let row = Rect { y: area.y + y, height: 1, ..area }.intersection(buffer.area);
    scene.pen(buffer, row, 0).write(if focused { "▸" } else { "▹" }, Meaning::Focus);
    if focused {
        buffer.set_style(row, scene.style(Meaning::Selected));
    }
}

/// Writes a number or a word against the right edge of its cell.
pub fn right(pen: &mut Pen<'_>, text: &str, meaning: Meaning) {
    pen.at_right(text.chars().count()).write(text, meaning);
}
