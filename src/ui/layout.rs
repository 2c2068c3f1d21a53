//! Where things are on a terminal of a given size. Pure: drawing and the mouse ask the same functions.

use ratatui::layout::{Rect, Size};

/// The frame around every screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Context, mode, counts, clock.
    pub header: Rect,
    /// The screen itself.
    pub body: Rect,
    /// What just happened, or what there is to tell.
    pub line: Rect,
    /// The keys that matter now.
    pub keys: Rect,
}

/// The frame for a terminal of this size. Where it is low, the body keeps its row longest, then the keys.
pub fn frame(size: Size) -> Frame {
    let area = Rect::new(0, 0, size.width, size.height);
    let row = |wanted: bool| u16::from(wanted);
    let (header, rest) = top(area, row(size.height > 1));
    let (rest, keys) = top(rest, rest.height.saturating_sub(row(size.height > 3)));
    let (body, line) = top(rest, rest.height.saturating_sub(row(size.height > 5)));
    Frame { header, body, line, keys }
}

/// Everything but the header: where sheets lie.
pub fn below_header(size: Size) -> Rect {
    top(Rect::new(0, 0, size.width, size.height), frame(size).header.height).1
}

/// The first `rows` of an area, and the rest.
fn top(area: Rect, rows: u16) -> (Rect, Rect) {
    let rows = rows.min(area.height);
    (Rect { height: rows, ..area }, Rect { y: area.y + rows, height: area.height - rows, ..area })
}

/// The first `columns` of an area, and the rest.
fn left(area: Rect, columns: u16) -> (Rect, Rect) {
    let columns = columns.min(area.width);
    (Rect { width: columns, ..area }, Rect { x: area.x + columns, width: area.width - columns, ..area })
}

/// The panes of the cockpit; those there is no room for are empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cockpit {
    /// The namespaces.
    pub namespaces: Rect,
    /// The workloads.
    pub table: Rect,
    /// The selected workload.
    pub detail: Rect,
    /// The routes.
    pub traffic: Rect,
    /// What just happened, at length.
    pub news: Rect,
}

/// The cockpit's panes. Where it is narrow, the namespaces are shown only while they have the keys.
pub fn cockpit(body: Rect, namespaces_focused: bool) -> Cockpit {
    let wide = body.width >= 150;
    let namespaces = match body.width {
        0..100 if !namespaces_focused => 0,
        0..150 => 20,
        _ => 24,
    };
    let detail = if wide { (body.width * 3 / 10).clamp(44, 64) } else { 0 };
    let (namespaces, rest) = left(body, namespaces);
    let (middle, detail_right) = left(rest, rest.width.saturating_sub(detail));
    let below = match (wide, body.height) {
        (true, 44..) => 14,
        (true, 32..) => 10,
        (true, _) | (false, ..14) => 0,
        (false, 14..30) => 7,
        (false, _) => 13,
    };
    let (table, under) = top(middle, middle.height.saturating_sub(below));
    if !wide {
        return Cockpit { namespaces, table, detail: under, ..Cockpit::default() };
    }
    let (traffic, news) = left(under, under.width * 11 / 20);
    Cockpit { namespaces, table, detail: detail_right, traffic, news }
}

/// The parts of the workload screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Workload {
    /// The tabs.
    pub bar: Rect,
    /// The one sentence.
    pub verdict: Rect,
    /// The open tab.
    pub content: Rect,
}

/// The parts of the workload screen. Where it is low, the sentence goes first, then the bar.
pub fn workload(body: Rect) -> Workload {
    let inside = inside(body);
    let (bar, rest) = top(inside, u16::from(inside.height > 1));
    let (verdict, content) = top(rest, u16::from(rest.height > 3));
    let content =
        Rect { x: content.x + u16::from(content.width > 2), width: content.width.saturating_sub(2), ..content };
    Workload { bar, verdict, content }
}

/// The room inside a pane's border.
pub fn inside(pane: Rect) -> Rect {
    Rect {
        x: pane.x.saturating_add(1),
        y: pane.y.saturating_add(1),
        width: pane.width.saturating_sub(2),
        height: pane.height.saturating_sub(2),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pane_stays_on_the_screen_whatever_its_size() {
        for width in 0..220 {
            for height in 0..70 {
                let whole = Rect::new(0, 0, width, height);
                let frame = frame(Size::new(width, height));
                for focused in [false, true] {
                    let panes = cockpit(frame.body, focused);
                    for pane in [panes.namespaces, panes.table, panes.detail, panes.traffic, panes.news] {
                        assert_eq!(pane.intersection(whole).area(), pane.area(), "{width}×{height}: {pane:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_small_terminal_gives_its_rows_to_the_table() {
        let frame = frame(Size::new(80, 24));
        assert_eq!((frame.header.height, frame.body.height, frame.line.height, frame.keys.height), (1, 21, 1, 1));
        let panes = cockpit(frame.body, false);
        assert_eq!((panes.namespaces.width, panes.table.height, panes.detail.height), (0, 14, 7));
    }
}
