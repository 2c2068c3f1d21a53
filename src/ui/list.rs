//! An ordered list with a selection: what every table, pane and chooser of live rows is.
//!
//! Invariant: the selection is a key, never a row number. Rows may move, come and go beneath it: it stays on its object, and on
//! its line of the screen where that is possible.

/// Which keys are shown in which order, which one is selected and which one is on top.
#[derive(Clone, Debug)]
pub struct List<K> {
    order: Vec<K>,
    selected: Option<K>,
    offset: usize,
    touched: bool,
    filter: String,
}

impl<K> Default for List<K> {
    fn default() -> Self {
        Self { order: Vec::new(), selected: None, offset: 0, touched: false, filter: String::new() }
    }
}

impl<K: Clone + PartialEq> List<K> {
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

    /// The selected key's place in the order.
    pub fn index(&self) -> Option<usize> {
        let selected = self.selected.as_ref()?;
        self.order.iter().position(|key| key == selected)
    }

    /// The first row on the screen.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// Selects this key.
    pub fn select(&mut self, key: K) {
        self.touched = true;
        self.selected = Some(key);
    }

    /// Selects the row at this place of the order.
    pub fn select_at(&mut self, index: usize) {
        if let Some(key) = self.order.get(index) {
            self.select(key.clone());
        }
    }

    /// Moves the selection by so many rows, as far as there are any.
    pub fn step(&mut self, rows: isize) {
        let last = self.order.len().saturating_sub(1);
        self.select_at(self.index().unwrap_or(0).saturating_add_signed(rows).min(last));
    }

    /// Scrolls by so many rows without moving the selection further than it must.
    pub fn scroll(&mut self, rows: isize, height: usize) {
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

    /// Sees to it that the selection is among the `height` rows on the screen.
    pub fn show(&mut self, height: usize) {
        let height = height.max(1);
        if let Some(index) = self.index() {
            self.offset = self.offset.clamp((index + 1).saturating_sub(height), index);
        }
        self.offset = self.offset.min(self.order.len().saturating_sub(height));
    }

    /// The filter's text.
    pub fn filter(&self) -> &str {
        &self.filter
    }

    /// Changes the filter; the best row it leaves is selected.
    pub fn set_filter(&mut self, text: String) {
        if text != self.filter {
            self.filter = text;
            self.touched = false;
            self.offset = 0;
        }
    }

    /// Forgets where the operator was: the top is selected again.
    pub fn reset(&mut self) {
        (self.touched, self.offset) = (false, 0);
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
        assert_eq!((list.selected(), list.offset()), (None, 0));
    }
}
