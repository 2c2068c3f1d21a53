//! Which rows a table shows, and in which order.
//!
//! Computed when rows, scope or look change, never for a frame. What a filter or a scope hides is counted, so that nothing
//! broken is hidden in silence.

use super::{Key, Row, Sight, grouped::grouped};
use crate::{
    model::Health,
    ui::{
        chosen::Chosen,
        list::{List, Listed},
        look::{Look, Order},
        sieve::{Sample, Sieve},
    },
};
use std::cmp::Ordering;

/// What arranging found beside the order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arranged {
    /// Rows within the chosen namespaces, before the filter.
    pub total: usize,
    /// Broken rows within the chosen namespaces that the filter hides.
    pub broken_hidden: usize,
    /// What of the filter could not be read.
    pub complaint: Option<String>,
    /// Whether the selection went to another row by itself.
    pub jumped: bool,
    /// Rows that the filter lets through, also those that a folded group does not show.
    pub passed: usize,
    /// Groups that they are in; None where they are not grouped.
    pub groups: Option<usize>,
}

/// Brings `list` in line with `rows`: those in the chosen namespaces that its filter lets through, in its order.
pub fn arrange<'r, R: Row>(
    list: &mut List<R::Id>,
    rows: impl Iterator<Item = &'r R>,
    chosen: &Chosen,
    sight: &Sight<'r>,
) -> Arranged {
    let sieve = Sieve::new(&list.look().filter);
    let mut found = Arranged { complaint: sieve.complaint().map(str::to_owned), ..Arranged::default() };
    let mut shown: Vec<(Health, &R)> = Vec::with_capacity(rows.size_hint().0);
    let mut text = String::new();
    let label = list.look().grouping.as_ref().map(|grouping| &*grouping.label);
    for row in rows.filter(|row| chosen.contains(row.namespace())) {
        let health = row.health(sight);
        found.total += 1;
        if !sieve.is_empty() {
            text.clear();
            row.write_text(&mut text);
            if let Some(value) = label.and_then(|label| row.labels(sight)?.get(label)) {
                text.push(' ');
                text.push_str(value);
            }
            let marked = list.marked() > 0 && list.marks().contains(&row.id());
            let sample = Sample { text: &text, health, kind: row.kind(), labels: row.labels(sight), marked };
            if !sieve.passes(&sample) {
                found.broken_hidden += usize::from(R::BY_ATTENTION && health == Health::Broken);
                continue;
            }
        }
        shown.push((health, row));
    }
    sort(&mut shown, list.look(), sight);
    found.passed = shown.len();
    let order = match grouped(&shown, list.look(), sight) {
        Some((order, groups)) => {
            found.groups = Some(groups);
            order
        }
        None => shown.into_iter().map(|(_, row)| row.id()).collect(),
    };
    found.jumped = list.arrange(order);
    found
}

fn sort<'r, R: Row>(shown: &mut Vec<(Health, &'r R)>, look: &Look, sight: &Sight<'r>) {
    // Rows come sorted within each kind, so this sort only merges; the next one keeps that order among equals.
    shown.sort_by(|(_, a), (_, b)| a.by_name(b));
    let reversed = |order: Ordering| if look.reverse { order.reverse() } else { order };
    match look.order {
        Order::Attention if !R::BY_ATTENTION => {
            if look.reverse {
                shown.reverse();
            }
        }
        Order::Attention => shown.sort_by(|(a, _), (b, _)| reversed(a.cmp(b))),
        Order::Namespace => shown.sort_by(|(_, a), (_, b)| reversed(a.namespace().cmp(b.namespace()))),
        Order::Column(title) => {
            let Some(key) = R::COLUMNS.iter().find(|column| column.title == title).and_then(|column| column.key) else {
                return;
            };
            let mut keyed: Vec<(Key<'r>, (Health, &'r R))> =
                shown.drain(..).map(|(health, row)| (key(row, sight), (health, row))).collect();
            keyed.sort_by(|(a, _), (b, _)| a.order(b, look.reverse));
            shown.extend(keyed.into_iter().map(|(_, row)| row));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::tables::Named;
    use crate::{
        model::{Kind, Labels, Rows},
        ui::{groups::Groups, roll_up::RollUp, tables::Column},
    };

    struct Line(&'static str, &'static str, Health, Option<i64>, Labels);

    impl Named for Line {
        type Id = &'static str;

        fn id(&self) -> Self::Id {
            self.1
        }

        fn by_name(&self, other: &Self) -> Ordering {
            (self.0, self.1).cmp(&(other.0, other.1))
        }

        fn namespace(&self) -> &str {
            self.0
        }

        fn write_text(&self, text: &mut String) {
            text.push_str(self.1);
        }

        fn labels<'r>(&'r self, _: &Sight<'r>) -> Option<&'r Labels> {
            Some(&self.4)
        }
    }

    impl Row for Line {
        const COLUMNS: &'static [Column<Self>] = &[
            Column::new("NAME", (1, 9), 0, |_, _, _| {}).by(|row, _| Key::text(row.1)),
            Column::new("SIZE", (1, 9), 1, |_, _, _| {}).by(|row, _| row.3.map_or(Key::Absent, Key::Number)),
        ];

        fn health(&self, _: &Sight<'_>) -> Health {
            self.2
        }

        fn kind(&self) -> Option<Kind> {
            Some(Kind::Deployment)
        }
    }

    fn lines() -> Vec<Line> {
        let team = |team: &str| [("team".into(), team.into())].into_iter().collect();
        vec![
            Line("b", "cart", Health::Healthy, Some(3), team("red")),
            Line("a", "ledger", Health::Broken, None, team("blue")),
            Line("a", "audit", Health::Healthy, Some(7), team("blue")),
            Line("b", "agent", Health::Broken, Some(5), Labels::default()),
        ]
    }

    fn shown(change: impl Fn(&mut Look), chosen: &[&str]) -> (String, Arranged) {
        let (rows, roll_up, groups) = (Rows::default(), RollUp::default(), Groups::default());
        let mut list = List::default();
        change(list.look_mut());
        let chosen = chosen.iter().map(|name| std::sync::Arc::from(*name)).collect();
        let found =
            arrange(&mut list, lines().iter(), &chosen, &Sight { rows: &rows, roll_up: &roll_up, groups: &groups });
        (list.order().join(" "), found)
    }

    #[test]
    fn attention_comes_first_and_any_column_can_go_either_way() {
        assert_eq!(shown(|_| {}, &[]).0, "ledger agent audit cart");
        assert_eq!(shown(|look| look.sort(Order::Column("NAME")), &[]).0, "agent audit cart ledger");
        let by_size = |look: &mut Look| look.sort(Order::Column("SIZE"));
        assert_eq!(shown(by_size, &[]).0, "cart agent audit ledger");
        let down = |look: &mut Look| (by_size(look), by_size(look)).1;
        assert_eq!(shown(down, &[]).0, "audit agent cart ledger", "what is not known stays last");
        assert_eq!(shown(|look| look.sort(Order::Namespace), &[]).0, "audit ledger agent cart");
    }

    #[test]
    fn what_a_filter_hides_is_counted() {
        let (order, found) = shown(|look| look.filter = ":healthy".into(), &[]);
        assert_eq!((order.as_str(), found.total, found.passed, found.broken_hidden), ("audit cart", 4, 2, 2));
        let (order, found) = shown(|look| look.filter = "-l team=blue".into(), &["a"]);
        assert_eq!((order.as_str(), found.total, found.broken_hidden), ("ledger audit", 2, 0));
        assert!(shown(|look| look.filter = ":nonsense".into(), &[]).1.complaint.is_some());
    }

    #[test]
    fn several_namespaces_are_shown_together() {
        assert_eq!(shown(|_| {}, &["a", "b"]).0, shown(|_| {}, &[]).0);
        assert_eq!(shown(|_| {}, &["b"]).0, "agent cart");
    }
}
