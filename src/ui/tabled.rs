//! A table's list together with what arranging it found, arranged again only when something it depends on has changed.

use super::{
    chosen::Chosen,
    list::{List, Listed},
    look::Look,
    tables::Arranged,
};

/// What a list was arranged for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen {
    version: u64,
    chosen: Chosen,
    look: Look,
    marking: u64,
}

/// A table as it stands.
#[derive(Clone, Debug)]
pub struct Tabled<K> {
    /// Its list.
    pub list: List<K>,
    /// What arranging it found.
    pub found: Arranged,
    seen: Option<Seen>,
}

impl<K> Default for Tabled<K> {
    fn default() -> Self {
        Self { list: List::default(), found: Arranged::default(), seen: None }
    }
}

impl<K: Clone + Ord> Tabled<K> {
    /// Arranges it with `arrange`, unless rows of this `version` were arranged the same way before. Whether the selection went to
    /// another row although nobody asked for other rows.
    pub fn settle(&mut self, version: u64, chosen: &Chosen, arrange: impl FnOnce(&mut List<K>) -> Arranged) -> bool {
        let look = self.list.look();
        let (same_rows, asked) = match &self.seen {
            Some(seen) => {
                let same = seen.chosen == *chosen && seen.look == *look && seen.marking == self.list.marking();
                (same && seen.version == version, !same)
            }
            None => (false, true),
        };
        if same_rows {
            return false;
        }
        let seen = Seen { version, chosen: chosen.clone(), look: look.clone(), marking: self.list.marking() };
        self.found = arrange(&mut self.list);
        self.seen = Some(seen);
        self.found.jumped && !asked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_arranged_twice_for_the_same_rows_and_look() {
        let mut tabled: Tabled<u8> = Tabled::default();
        let mut times = 0;
        let mut settle = |tabled: &mut Tabled<u8>, version, chosen: &Chosen| {
            tabled.settle(version, chosen, |_| {
                times += 1;
                Arranged { jumped: true, ..Arranged::default() }
            })
        };
        let all = Chosen::default();
        assert!(!settle(&mut tabled, 1, &all), "the first rows are no surprise");
        assert!(!settle(&mut tabled, 1, &all));
        assert!(settle(&mut tabled, 2, &all), "other rows moved the selection");
        tabled.list.set_filter("x".into());
        assert!(!settle(&mut tabled, 2, &all), "a filter was asked for");
        assert!(!settle(&mut tabled, 2, &["a".into()].into_iter().collect()));
        assert_eq!(times, 4);
    }
}
