//! An ordered list with a selection and marks: what every table, pane and chooser of live rows is.
//!
//! Invariant: selection and marks are keys, never row numbers. Rows may move, come and go beneath them: they stay on their
//! objects, and the selection on its line of the screen where that is possible.

use super::look::Look;
use std::collections::BTreeSet;

/// Which keys are shown in which order, which one is selected, which are marked, and which one is on top.
#[derive(Clone, Debug)]
pub struct List<K> {
    order: Vec<K>,
    selected: Option<K>,
    offset: usize,
    touched: bool,
    look: Look,
    marks: BTreeSet<K>,
    /// Where the last mark was set: a range goes from there.
    anchor: Option<K>,
    /// Grows whenever a mark comes or goes.
    changes: u64,
}

impl<K> Default for List<K> {
    fn default() -> Self {
        Self {
            order: Vec::new(),
            selected: None,
            offset: 0,
            touched: false,
            look: Look::default(),
            marks: BTreeSet::new(),
            anchor: None,
            changes: 0,
        }
    }
}

/// What can be done with a list, whatever its keys are.
pub trait Listed {
    /// The selected key's place in the order.
    fn index(&self) -> Option<usize>;
    /// The first row on the screen.
    fn offset(&self) -> usize;
    /// Selects the row at this place of the order.
    fn select_at(&mut self, index: usize);
    /// Moves the selection by so many rows, as far as there are any.
    fn step(&mut self, rows: isize);
    /// Scrolls by so many rows without moving the selection further than it must.
    fn scroll(&mut self, rows: isize, height: usize);
    /// Sees to it that the selection is among the `height` rows on the screen.
    fn show(&mut self, height: usize);
    /// Stays on what is selected, wherever it moves.
    fn hold(&mut self);
    /// Forgets where the operator was: the top is selected again.
    fn reset(&mut self);
    /// How it is looked at.
    fn look(&self) -> &Look;
    /// How it is looked at, to be changed.
    fn look_mut(&mut self) -> &mut Look;
    /// Changes the filter; the best row it leaves is selected.
    fn set_filter(&mut self, text: String);
    /// Marks the selected row, or takes its mark away.
    fn mark(&mut self);
    /// Marks every row from where the last mark was set to the selected one.
    fn mark_range(&mut self);
    /// Marks every row that is shown; where all are, takes their marks away.
    fn mark_all(&mut self);
    /// Takes every mark away.
    fn unmark(&mut self);
    /// How many rows are marked, shown or not.
    fn marked(&self) -> usize;
}

impl<K: Clone + Ord> List<K> {
    /// Takes a new order. Until the operator has moved, the selection stays at the top, where what needs attention is. Whether
    /// it went to another row for that, without a key being pressed.
    pub fn arrange(&mut self, order: Vec<K>) -> bool {
        let selected = self.selected().cloned();
        let before = self.index();
        let line = before.map(|index| index.saturating_sub(self.offset));
        self.order = order;
        let kept = self.index().filter(|_| self.touched);
        if kept.is_none() {
            let near = before.filter(|_| self.touched).unwrap_or(0).min(self.order.len().saturating_sub(1));
            self.selected = self.order.get(near).cloned();
        }
        // On top of the list new rows should come into sight; further down the selection should not jump.
        if self.offset > 0
            && let (Some(index), Some(line)) = (self.index(), line)
        {
            self.offset = index.saturating_sub(line);
        }
        selected.is_some_and(|before| self.selected.as_ref() != Some(&before))
    }

    /// The keys in order.
    pub fn order(&self) -> &[K] {
        &self.order
    }

    /// The selected key, where it is in the list.
    pub fn selected(&self) -> Option<&K> {
        self.selected.as_ref().filter(|_| !self.order.is_empty())
    }

    /// Selects this key.
    pub fn select(&mut self, key: K) {
        self.touched = true;
        self.selected = Some(key);
    }

    /// Selects this key until somebody chooses for himself.
    pub fn propose(&mut self, key: K) {
        if !self.touched && self.order.contains(&key) {
            self.selected = Some(key);
        }
    }

    /// The marked keys, shown or not.
    pub const fn marks(&self) -> &BTreeSet<K> {
        &self.marks
    }

    /// Grows whenever a mark comes or goes.
    pub const fn marking(&self) -> u64 {
        self.changes
    }
}

impl<K: Clone + Ord> Listed for List<K> {
    fn index(&self) -> Option<usize> {
        let selected = self.selected.as_ref()?;
        self.order.iter().position(|key| key == selected)
    }

    fn offset(&self) -> usize {
        self.offset
    }

    fn select_at(&mut self, index: usize) {
        if let Some(key) = self.order.get(index) {
            self.select(key.clone());
        }
    }

    fn step(&mut self, rows: isize) {
        let last = self.order.len().saturating_sub(1);
        self.select_at(self.index().unwrap_or(0).saturating_add_signed(rows).min(last));
    }

    fn scroll(&mut self, rows: isize, height: usize) {
        let last = self.order.len().saturating_sub(height.max(1));
        self.offset = self.offset.saturating_add_signed(rows).min(last);
        if let Some(index) = self.index() {
            let bottom = (self.offset + height).saturating_sub(1);
            let inside = index.clamp(self.offset, bottom.max(self.offset));
            if inside != index {
                self.select_at(inside);
            }
        }
    }

    fn show(&mut self, height: usize) {
        let height = height.max(1);
        if let Some(index) = self.index() {
            self.offset = self.offset.clamp((index + 1).saturating_sub(height), index);
        }
        self.offset = self.offset.min(self.order.len().saturating_sub(height));
    }

    fn hold(&mut self) {
        self.touched |= self.selected().is_some();
    }

    fn reset(&mut self) {
        (self.touched, self.offset) = (false, 0);
    }

    fn look(&self) -> &Look {
        &self.look
    }

    fn look_mut(&mut self) -> &mut Look {
        &mut self.look
    }

    fn set_filter(&mut self, text: String) {
        if text != self.look.filter {
            self.look.filter = text;
            self.reset();
        }
    }

    fn mark(&mut self) {
        let Some(key) = self.selected().cloned() else { return };
        self.touched = true;
        self.anchor = Some(key.clone());
        self.changes += 1;
        if !self.marks.remove(&key) {
            self.marks.insert(key);
        }
    }

    fn mark_range(&mut self) {
        let Some(here) = self.index() else { return };
        self.touched = true;
        let from = self.anchor.as_ref().and_then(|anchor| self.order.iter().position(|key| key == anchor));
        let from = from.unwrap_or(here);
        self.marks.extend(self.order[from.min(here)..=from.max(here)].iter().cloned());
        self.anchor = self.selected().cloned();
        self.changes += 1;
    }

    fn mark_all(&mut self) {
        self.changes += 1;
        if self.order.iter().all(|key| self.marks.contains(key)) {
            for key in &self.order {
                self.marks.remove(key);
            }
        } else {
            self.marks.extend(self.order.iter().cloned());
        }
    }

    fn unmark(&mut self) {
        self.changes += 1;
        self.marks.clear();
        self.anchor = None;
    }

    fn marked(&self) -> usize {
        self.marks.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(order: &[&'static str]) -> List<&'static str> {
        let mut list = List::default();
        list.arrange(order.to_vec());
        list
    }

    #[test]
    fn the_top_is_selected_until_the_operator_moves_then_the_object_is() {
        let mut list = list(&["b", "c"]);
        list.arrange(vec!["a", "b", "c"]);
        assert_eq!(list.selected(), Some(&"a"));
        list.step(1);
        list.arrange(vec!["b", "c", "a"]);
        assert_eq!(list.selected(), Some(&"b"));
    }

    #[test]
    fn a_row_that_vanishes_hands_the_selection_to_its_neighbour() {
        let mut list = list(&["a", "b", "c"]);
        list.step(1);
        list.arrange(vec!["a", "c"]);
        assert_eq!(list.selected(), Some(&"c"));
        list.arrange(vec![]);
        assert_eq!(list.selected(), None);
    }

    #[test]
    fn the_selection_keeps_its_line_on_the_screen() {
        let mut list = list(&["a", "b", "c", "d", "e", "f"]);
        list.select("e");
        list.show(3);
        assert_eq!(list.offset(), 2);
        list.arrange(vec!["x", "y", "a", "b", "c", "d", "e", "f"]);
        assert_eq!((list.selected(), list.offset()), (Some(&"e"), 4));
    }

    #[test]
    fn nothing_happens_to_an_empty_list() {
        let mut list: List<&str> = List::default();
        list.step(3);
        list.scroll(-4, 0);
        list.show(0);
        list.mark();
        list.mark_range();
        list.mark_all();
        assert_eq!((list.selected(), list.offset(), list.marked()), (None, 0, 0));
    }

    #[test]
    fn marks_stay_on_their_objects_whatever_the_order() {
        let mut list = list(&["a", "b", "c", "d"]);
        list.step(1);
        list.mark();
        list.arrange(vec!["d", "c", "a"]);
        assert_eq!(list.marks().iter().collect::<Vec<_>>(), [&"b"], "also while it is not shown");
        list.arrange(vec!["d", "c", "b", "a"]);
        list.mark_all();
        assert_eq!(list.marked(), 4);
        list.mark_all();
        assert_eq!(list.marked(), 0);
    }

    #[test]
    fn a_range_goes_from_the_last_mark_to_the_selected_row_in_the_order_that_is_shown() {
        let mut list = list(&["d", "c", "b", "a"]);
        list.select("c");
        list.mark();
        list.select("a");
        list.mark_range();
        assert_eq!(list.marks().iter().copied().collect::<String>(), "abc");
        list.unmark();
        list.mark_range();
        assert_eq!(list.marks().iter().copied().collect::<String>(), "a", "without a beginning it is one row");
    }
}
