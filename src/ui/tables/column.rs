//! Columns as data: what each shows, what it is sorted by, and how wide it is where there is little room.

use super::Sight;
use crate::ui::{look::Look, pen::Pen, scene::Scene};
use std::{borrow::Cow, cmp::Ordering};

/// What a cell is sorted by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key<'r> {
    /// A number: a count, seconds.
    Number(i64),
    /// A word.
    Text(Cow<'r, str>),
    /// Nothing is known: last, whichever way the rows are sorted.
    Absent,
}

impl<'r> Key<'r> {
    /// A word of the row itself.
    pub const fn text(text: &'r str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }

    /// A moment: the latest comes first, as what is youngest does in a column of ages.
    pub fn age(since: Option<jiff::Timestamp>) -> Self {
        since.map_or(Self::Absent, |at| Self::Number(-at.as_second()))
    }

    /// The order of two cells, turned round where asked for, except that what is not known stays last.
    pub fn order(&self, other: &Self, reverse: bool) -> Ordering {
        let order = match (self, other) {
            (Self::Absent, Self::Absent) => return Ordering::Equal,
            (Self::Absent, _) => return Ordering::Greater,
            (_, Self::Absent) => return Ordering::Less,
            (Self::Number(a), Self::Number(b)) => a.cmp(b),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (Self::Number(_), Self::Text(_)) => Ordering::Less,
            (Self::Text(_), Self::Number(_)) => Ordering::Greater,
        };
        if reverse { order.reverse() } else { order }
    }
}

/// Writes a row's cell.
pub type Cell<R> = fn(&mut Pen<'_>, &R, &Scene<'_>);
/// What a row's cell is sorted by.
pub type SortKey<R> = for<'r> fn(&'r R, &Sight<'r>) -> Key<'r>;

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
    pub cell: Cell<R>,
    /// What it is sorted by; None where its order would mean nothing.
    pub key: Option<SortKey<R>>,
    /// Whether it is shown in wide mode and by choice only.
    pub wide: bool,
}

impl<R> Column<R> {
    /// A column that is always shown where there is room and that rows cannot be sorted by. `widths` are the least width that
    /// says something and the one beyond which nothing is gained.
    pub const fn new(title: &'static str, widths: (u16, u16), rank: u8, cell: Cell<R>) -> Self {
        Self { title, least: widths.0, ideal: widths.1, rank, cell, key: None, wide: false }
    }

    /// The same, sortable.
    pub const fn by(mut self, key: SortKey<R>) -> Self {
        self.key = Some(key);
        self
    }

    /// The same, shown in wide mode and by choice only.
    pub const fn wide(mut self) -> Self {
        self.wide = true;
        self
    }
}

/// The columns that a look asks for: those chosen, else the usual ones, in wide mode all of them. The first always is among them.
pub fn columns<R>(all: &'static [Column<R>], look: &Look) -> Vec<&'static Column<R>> {
    let wanted = |at: usize, column: &Column<R>| {
        at == 0
            || match &look.columns {
                Some(chosen) => chosen.contains(&column.title),
                None => look.wide || !column.wide,
            }
    };
    let shown = all.iter().enumerate().filter(|(at, column)| wanted(*at, column)).map(|(_, column)| column);
    let mut shown: Vec<&Column<R>> = shown.collect();
    if look.wide {
        let past = look.shift.min(shown.len().saturating_sub(2));
        shown.drain(1..=past);
    }
    shown
}

/// The least and the ideal width of a column: the same where the operator gave it one.
fn bounds<R>(column: &Column<R>, look: &Look) -> (u16, u16) {
    look.widths.get(column.title).map_or((column.least, column.ideal), |width| (*width, *width))
}

/// Which of `columns` there is room for, with their widths, and the gap between them. In wide mode each is as wide as it wants
/// to be, and those that do not fit are scrolled to; else those of the highest rank give way.
pub fn widths<R>(columns: &[&Column<R>], look: &Look, width: u16) -> (Vec<(usize, u16)>, u16) {
    let bounds: Vec<(u16, u16)> = columns.iter().map(|column| bounds(column, look)).collect();
    if look.wide {
        return (ideal_widths(&bounds, width), 2);
    }
    let mut chosen: Vec<usize> = (0..columns.len()).collect();
    let needed = |chosen: &[usize]| -> u16 {
        let least = chosen.iter().fold(0_u16, |all, &i| all.saturating_add(bounds[i].0));
        least.saturating_add(chosen.len().saturating_sub(1) as u16)
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
    let mut sizes: Vec<(usize, u16)> = chosen.iter().map(|&i| (i, bounds[i].0.min(width))).collect();
    let mut by_rank: Vec<usize> = (0..sizes.len()).collect();
    by_rank.sort_by_key(|&at| columns[sizes[at].0].rank);
    // Round by round, the first column three at a time: names grow fastest, but not before everything else.
    while spare > 0 {
        let before = spare;
        for &at in &by_rank {
            let wanted = bounds[sizes[at].0].1.saturating_sub(sizes[at].1);
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

/// Each column as wide as it wants to be, two blanks apart; the last one that begins within the room takes what is left.
fn ideal_widths(bounds: &[(u16, u16)], width: u16) -> Vec<(usize, u16)> {
    let mut sizes = Vec::new();
    let mut left = width;
    for (at, (least, ideal)) in bounds.iter().enumerate() {
        let gap = if at == 0 { 0 } else { 2 };
        let room = left.saturating_sub(gap);
        if at > 1 && room < *least || room == 0 && at > 0 {
            break;
        }
        let size = (*ideal).min(room);
        sizes.push((at, size));
        left = room - size;
    }
    sizes
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn column(title: &'static str, least: u16, ideal: u16, rank: u8) -> Column<()> {
        Column::new(title, (least, ideal), rank, |_, _, _| {})
    }

    static THREE: [Column<()>; 3] = [column("A", 10, 20, 0), column("B", 5, 5, 2).wide(), column("C", 5, 10, 1)];

    fn look(wide: bool) -> Look {
        Look { wide, ..Look::default() }
    }

    fn all() -> Vec<&'static Column<()>> {
        THREE.iter().collect()
    }

    #[test]
    fn columns_of_the_highest_rank_give_way_first() {
        let (sizes, _) = widths(&all(), &look(false), 16);
        assert_eq!(sizes, [(0, 10), (2, 5)]);
        let (sizes, gap) = widths(&all(), &look(false), 100);
        assert_eq!((sizes, gap), (vec![(0, 20), (1, 5), (2, 10)], 2));
        assert_eq!(widths(&all(), &look(false), 3).0, [(0, 3)]);
    }

    #[test]
    fn in_wide_mode_nothing_is_squeezed_and_the_rest_is_scrolled_to() {
        assert_eq!(widths(&all(), &look(true), 30).0, [(0, 20), (1, 5)]);
        assert_eq!(widths(&all(), &look(true), 35).0, [(0, 20), (1, 5), (2, 6)], "the last one takes what is left");
        let titles = |look: &Look| columns(&THREE, look).iter().map(|c| c.title).collect::<String>();
        let wide = Look { wide: true, ..Look::default() };
        assert_eq!((titles(&Look::default()), titles(&wide)), ("AC".into(), "ABC".into()));
        assert_eq!(titles(&Look { shift: 1, ..wide.clone() }), "AC");
        assert_eq!(titles(&Look { shift: 9, ..wide }), "AC", "something stays beside the name");
        let chosen = Look { columns: Some(vec!["B"]), ..Look::default() };
        assert_eq!(titles(&chosen), "AB");
    }

    #[test]
    fn columns_never_exceed_the_room() {
        for width in 0..200 {
            for wide in [false, true] {
                let (sizes, gap) = widths(&all(), &look(wide), width);
                let used: u16 = sizes.iter().map(|(_, w)| w).sum::<u16>() + gap * (sizes.len() as u16 - 1);
                assert!(used <= width, "{used} columns of {width}");
            }
        }
    }

    #[test]
    fn what_is_not_known_is_last_both_ways() {
        let (one, two) = (Key::Number(1), Key::Number(2));
        assert_eq!((one.order(&two, false), one.order(&two, true)), (Ordering::Less, Ordering::Greater));
        for reverse in [false, true] {
            assert_eq!(Key::Absent.order(&two, reverse), Ordering::Greater);
            assert_eq!(two.order(&Key::Absent, reverse), Ordering::Less);
        }
        let old = Key::age(jiff::Timestamp::from_second(5).ok());
        assert_eq!(old.order(&Key::age(jiff::Timestamp::from_second(9).ok()), false), Ordering::Greater);
    }

    #[test]
    fn a_width_that_was_given_is_kept_whatever_there_is_room_for() {
        let mut look = look(false);
        look.widths.insert("A", 4);
        assert_eq!(widths(&all(), &look, 100).0, [(0, 4), (1, 5), (2, 10)]);
        look.widths.insert("C", 70);
        assert_eq!(widths(&all(), &look, 76).0, [(0, 4), (2, 70)], "others give way to it");
        look.wide = true;
        assert_eq!(widths(&all(), &look, 100).0, [(0, 4), (1, 5), (2, 70)]);
        look.widths.insert("A", u16::MAX);
        assert_eq!(widths(&all(), &Look { wide: false, ..look }, 20).0, [(0, 20)]);
    }
}
