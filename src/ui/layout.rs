//! Where things are on a terminal of a given size. Pure: drawing and the mouse ask the same functions.

use ratatui::layout::{Position, Rect, Size};

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

/// Where the operator has drawn the cockpit's inner borders; None where they are as they come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Division {
    /// Columns of the namespaces.
    pub namespaces: Option<u16>,
    /// Columns of the selected workload, beside the table.
    pub detail: Option<u16>,
    /// Rows of what is below the table.
    pub below: Option<u16>,
}

/// An inner border of the cockpit that can be dragged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Border {
    /// Between the namespaces and the table.
    Namespaces,
    /// Between the table and the selected workload.
    Detail,
    /// Between the table and what is below it.
    Below,
}

/// The least columns and rows that a drag leaves to a pane.
const LEAST: (u16, u16) = (12, 4);

impl Cockpit {
    /// The border at this position: either of the two lines that lie side by side there.
    pub fn border_at(&self, at: Position) -> Option<Border> {
        let across = |right: Rect| !right.is_empty() && right.x > 0 && (at.x == right.x || at.x + 1 == right.x);
        let under = |pane: Rect| !pane.is_empty() && (at.y == pane.y || at.y + 1 == pane.y);
        let below = if self.traffic.is_empty() { self.detail } else { self.traffic };
        if !self.namespaces.is_empty() && beside(self.table, at) && across(self.table) {
            Some(Border::Namespaces)
        } else if self.detail.x > self.table.x && beside(self.detail, at) && across(self.detail) {
            Some(Border::Detail)
        } else if below.y > self.table.y && at.x >= self.table.x && at.x < self.table.right() && under(below) {
            Some(Border::Below)
        } else {
            None
        }
    }
}

/// Whether a position is on one of a pane's rows.
fn beside(pane: Rect, at: Position) -> bool {
    (pane.top()..pane.bottom()).contains(&at.y)
}

impl Division {
    /// The same with this border drawn to a position in `body`.
    pub fn drawn(mut self, border: Border, at: Position, body: Rect) -> Self {
        match border {
            Border::Namespaces => self.namespaces = Some(at.x.saturating_sub(body.x)),
            Border::Detail => self.detail = Some(body.right().saturating_sub(at.x)),
            Border::Below => self.below = Some(body.bottom().saturating_sub(at.y)),
        }
        self
    }
}

/// The cockpit's panes. Where it is narrow, the namespaces are shown only while they have the keys.
pub fn cockpit(body: Rect, namespaces_focused: bool, division: Division) -> Cockpit {
    let wide = body.width >= 150;
    // What was drawn on a large terminal leaves the table its room on a small one.
    let drawn = |wanted: Option<u16>, most: u16, least: u16| wanted.map(|size| size.clamp(least, most.max(least)));
    let namespaces = match body.width {
        0..100 if !namespaces_focused => 0,
        0..150 => drawn(division.namespaces, body.width / 3, LEAST.0).unwrap_or(20),
        _ => drawn(division.namespaces, body.width / 3, LEAST.0).unwrap_or(24),
    };
    let detail = (body.width * 3 / 10).clamp(44, 64);
    let detail = if wide { drawn(division.detail, body.width / 2, LEAST.0).unwrap_or(detail) } else { 0 };
    let (namespaces, rest) = left(body, namespaces);
    let (middle, detail_right) = left(rest, rest.width.saturating_sub(detail));
    let below = match (wide, body.height) {
        (true, 44..) => 14,
        (true, 32..) => 10,
        (true, _) | (false, ..14) => 0,
        (false, 14..30) => 7,
        (false, _) => 13,
    };
    let below = match below {
        0 => 0,
        rows => drawn(division.below, body.height.saturating_sub(2 * LEAST.1), LEAST.1).unwrap_or(rows),
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

/// A sheet of at most this size in the middle of `area`, and the room inside its border and margins.
pub fn sheet(area: Rect, (width, height): (u16, u16)) -> (Rect, Rect) {
    let (width, height) = (width.min(area.width), height.min(area.height));
    let sheet = Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 3, width, height };
    let inside = inside(sheet);
    (sheet, inside.intersection(Rect { x: inside.x + 1, width: inside.width.saturating_sub(2), ..inside }))
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
                let drawn = Division { namespaces: Some(width / 2), detail: Some(3), below: Some(height) };
                for (focused, division) in [(false, Division::default()), (true, Division::default()), (true, drawn)] {
                    let panes = cockpit(frame.body, focused, division);
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
        let panes = cockpit(frame.body, false, Division::default());
        assert_eq!((panes.namespaces.width, panes.table.height, panes.detail.height), (0, 14, 7));
    }

    #[test]
    fn a_border_is_found_where_it_lies_and_follows_the_mouse() {
        let body = frame(Size::new(200, 60)).body;
        let panes = cockpit(body, false, Division::default());
        let at = |x, y| panes.border_at(Position::new(x, y));
        assert_eq!(at(panes.table.x, 9), Some(Border::Namespaces));
        assert_eq!(at(panes.table.x - 1, 9), Some(Border::Namespaces));
        assert_eq!(at(panes.detail.x, 9), Some(Border::Detail));
        assert_eq!(at(panes.table.x + 9, panes.traffic.y), Some(Border::Below));
        assert_eq!(at(panes.table.x + 9, 9), None);
        let wider = Division::default().drawn(Border::Namespaces, Position::new(40, 9), body);
        assert_eq!(cockpit(body, false, wider).table.x, 40);
        let small = cockpit(frame(Size::new(80, 24)).body, false, Division::default());
        assert_eq!(small.border_at(Position::new(0, 5)), None);
        assert_eq!(small.border_at(Position::new(9, small.detail.y)), Some(Border::Below));
    }
}
