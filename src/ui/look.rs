//! How a table is looked at: what it is narrowed to, in which order its rows stand, which columns it shows.
//!
//! It belongs to the operator: rows that come and go never change it, and it stays when another screen is opened.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// The label by which rows are grouped, and which groups show their heading only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grouping {
    /// The label.
    pub label: Arc<str>,
    /// Whether groups are unfolded, but for the exceptions.
    pub unfolded: bool,
    /// The values of the label whose groups are the other way; None stands for rows without it.
    pub except: BTreeSet<Option<Arc<str>>>,
}

impl Grouping {
    /// By this label, with every group folded.
    pub fn by(label: impl Into<Arc<str>>) -> Self {
        Self { label: label.into(), unfolded: false, except: BTreeSet::new() }
    }

    /// Whether the group of this value shows its heading only.
    pub fn is_folded(&self, value: Option<&str>) -> bool {
        self.unfolded == self.except.iter().any(|other| other.as_deref() == value)
    }

    /// Folds or unfolds the group of this value.
    pub fn fold(&mut self, value: Option<Arc<str>>, folded: bool) {
        if self.unfolded == folded {
            self.except.insert(value);
        } else {
            self.except.remove(&value);
        }
    }

    /// Folds or unfolds every group.
    pub fn fold_all(&mut self, folded: bool) {
        (self.unfolded, self.except) = (!folded, BTreeSet::new());
    }
}

/// The order of a table's rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// What needs attention first, then by name.
    #[default]
    Attention,
    /// By namespace, then by name.
    Namespace,
    /// By the column of this heading.
    Column(&'static str),
}

/// How one table is looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// The filter's text.
    pub filter: String,
    /// The order of the rows.
    pub order: Order,
    /// Whether that order is turned round.
    pub reverse: bool,
    /// Whether every column is shown as wide as it wants to be, and scrolled to where there is no room.
    pub wide: bool,
    /// How many columns after the first are scrolled past, in wide mode.
    pub shift: usize,
    /// The headings of the columns that are shown; None for the usual ones.
    pub columns: Option<Vec<&'static str>>,
    /// The widths that columns were given, by their headings.
    pub widths: BTreeMap<&'static str, u16>,
    /// What rows are grouped by, in tables that can be.
    pub grouping: Option<Grouping>,
}

impl Look {
    /// Sorts by `order`; where it is in force already, turns it round.
    pub fn sort(&mut self, order: Order) {
        self.reverse = self.order == order && !self.reverse;
        self.order = order;
    }

    /// The order in words, with its direction; None for the usual one.
    pub fn order_in_words(&self) -> Option<String> {
        let arrow = self.arrow();
        match self.order {
            Order::Attention if !self.reverse => None,
            Order::Attention => Some(format!("by attention {arrow}")),
            Order::Namespace => Some(format!("by namespace {arrow}")),
            Order::Column(title) => Some(format!("by {} {arrow}", title.trim().to_lowercase())),
        }
    }

    /// Which way the order goes.
    pub const fn arrow(&self) -> &'static str {
        if self.reverse { "↓" } else { "↑" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_order_again_turns_it_round_and_another_begins_upwards() {
        let mut look = Look::default();
        look.sort(Order::Column("NAME"));
        assert_eq!(look.order_in_words().as_deref(), Some("by name ↑"));
        look.sort(Order::Column("NAME"));
        assert_eq!(look.order_in_words().as_deref(), Some("by name ↓"));
        look.sort(Order::Namespace);
        assert_eq!((look.order, look.reverse), (Order::Namespace, false));
        look.sort(Order::Attention);
        assert_eq!(look.order_in_words(), None);
    }

    #[test]
    fn one_group_is_folded_or_all_are() {
        let mut grouping = Grouping::by("client");
        let folded = |grouping: &Grouping| [Some("acme"), Some("globex"), None].map(|value| grouping.is_folded(value));
        assert_eq!(folded(&grouping), [true; 3]);
        grouping.fold(Some("acme".into()), false);
        grouping.fold(None, false);
        grouping.fold(None, true);
        assert_eq!(folded(&grouping), [false, true, true]);
        grouping.fold_all(false);
        grouping.fold(None, true);
        assert_eq!(folded(&grouping), [false, false, true]);
    }
}
