//! Tables of one kind: columns as data, rows by key, only what is on the screen is formatted.
//!
//! What a table shows is decided by its columns; how wide each one is, and which ones there is no room for, is decided here.

mod contexts;
mod jobs;
mod operations;
mod routes;
mod workloads;

pub use contexts::{COLUMNS as CONTEXTS, TROUBLED, expiry, standing};
pub use jobs::COLUMNS as JOBS;
pub use operations::COLUMNS as OPERATIONS;
pub use routes::COLUMNS as ROUTES;
pub use workloads::{COLUMNS as WORKLOADS, reading, version};

use super::{list::List, pen::Pen, scene::Scene};
use crate::config::Meaning;
use ratatui::{buffer::Buffer, layout::Rect};

/// One column of a table of `R`.
pub struct Column<R: 'static> {
    /// Its heading.
    pub title: &'static str,
    /// The least width that says something.
    pub least: u16,
    /// The width beyond which nothing is gained.
    pub ideal: u16,
    /// The higher, the sooner it is left out where there is no room.
    pub rank: u8,
    /// Writes a row's cell.
    pub cell: fn(&mut Pen<'_>, &R, &Scene<'_>),
}

/// Which columns there is room for, with their widths, and the gap between them.
pub fn widths<R>(columns: &[Column<R>], width: u16) -> (Vec<(usize, u16)>, u16) {
    let mut chosen: Vec<usize> = (0..columns.len()).collect();
    let needed = |chosen: &[usize]| -> u16 {
        chosen.iter().map(|&i| columns[i].least).sum::<u16>() + chosen.len().saturating_sub(1) as u16
    };
    while chosen.len() > 1 && needed(&chosen) > width {
        let Some(worst) = (0..chosen.len()).max_by_key(|&at| columns[chosen[at]].rank) else { break };
        chosen.remove(worst);
    }
    let mut spare = width.saturating_sub(needed(&chosen));
    let gaps = chosen.len().saturating_sub(1) as u16;
    // A second blank between columns reads better than a wide column, once there is room for both.
    let gap = if gaps > 0 && spare >= gaps * 3 { 2 } else { 1 };
    spare = spare.saturating_sub(gaps * (gap - 1));
    let mut sizes: Vec<(usize, u16)> = chosen.iter().map(|&i| (i, columns[i].least.min(width))).collect();
    let mut by_rank: Vec<usize> = (0..sizes.len()).collect();
    by_rank.sort_by_key(|&at| columns[sizes[at].0].rank);
    // Round by round, the first column three at a time: names grow fastest, but not before everything else.
    while spare > 0 {
        let before = spare;
        for &at in &by_rank {
            let wanted = columns[sizes[at].0].ideal.saturating_sub(sizes[at].1);
            let more = wanted.min(if at == 0 { 3 } else { 1 }).min(spare);
            sizes[at].1 += more;
            spare -= more;
        }
        if spare == before {
            break;
        }
    }
    (sizes, gap)
}

/// Draws the heading and the rows on the screen into `area`. `find` gives a key's row, None where it has just gone;
/// `marked` is whether the selected row takes the keys, None where there is no selection to show.
pub fn draw<'r, K: Clone + PartialEq, R: 'static>(
    scene: &Scene<'_>,
    buffer: &mut Buffer,
    area: Rect,
    columns: &[Column<R>],
    list: &List<K>,
    find: impl Fn(&K) -> Option<&'r R>,
    marked: Option<bool>,
) {
    if area.is_empty() {
        return;
    }
    let (sizes, gap) = widths(columns, area.width.saturating_sub(MARK));
    let cells = || {
        sizes.iter().scan(area.x + MARK, |x, &(index, width)| {
            let cell = Rect { x: *x, y: area.y, width, height: area.height };
            *x += width + gap;
            Some((&columns[index], cell))
        })
    };
    for (at, (column, cell)) in cells().enumerate() {
        // The first column begins with a glyph, so its heading stands above the names.
        scene.pen(buffer, cell, 0).skip(if at == 0 { 2 } else { 0 }).write(column.title, Meaning::Muted);
    }
    let selected = list.index();
    let visible = usize::from(area.height.saturating_sub(1));
    for (line, key) in list.order().iter().skip(list.offset()).take(visible).enumerate() {
        let Some(row) = find(key) else { continue };
        let y = line as u16 + 1;
        for (column, cell) in cells() {
            (column.cell)(&mut scene.pen(buffer, cell, y), row, scene);
        }
        if let Some(focused) = marked.filter(|_| selected == Some(list.offset() + line)) {
            mark(scene, buffer, area, y, focused);
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    const fn column(least: u16, ideal: u16, rank: u8) -> Column<()> {
        Column { title: "", least, ideal, rank, cell: |_, _, _| {} }
    }

    #[test]
    fn columns_of_the_highest_rank_give_way_first() {
        let columns = [column(10, 20, 0), column(5, 5, 2), column(5, 10, 1)];
        let (sizes, _) = widths(&columns, 16);
        assert_eq!(sizes, [(0, 10), (2, 5)]);
        let (sizes, gap) = widths(&columns, 100);
        assert_eq!((sizes, gap), (vec![(0, 20), (1, 5), (2, 10)], 2));
        assert_eq!(widths(&columns, 3).0, [(0, 3)]);
    }

    #[test]
    fn columns_never_exceed_the_room() {
        for width in 0..200 {
            let (sizes, gap) = widths(WORKLOADS, width);
            let used: u16 = sizes.iter().map(|(_, w)| w).sum::<u16>() + gap * (sizes.len() as u16 - 1);
            assert!(used <= width, "{used} columns of {width}");
        }
    }
}
