//! A number over time: samples taken when it changed, the newest last, bounded.

use jiff::Timestamp;

/// Samples kept.
const MOST: usize = 256;

/// A number over time. A sample holds until the next one.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Samples(Vec<(Timestamp, f64)>);

impl Samples {
    /// Notes the number at `at`; one that has not changed needs no sample.
    pub fn note(&mut self, at: Timestamp, value: f64) {
        if self.0.last().is_some_and(|(_, last)| *last == value) {
            return;
        }
        if self.0.len() == MOST {
            self.0.drain(..MOST / 4);
        }
        self.0.push((at, value));
    }

    /// The samples in order of time.
    pub fn as_slice(&self) -> &[(Timestamp, f64)] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_changes_are_kept_and_not_more_than_so_many() {
        let mut samples = Samples::default();
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        samples.note(at(0), 3.0);
        samples.note(at(1), 3.0);
        samples.note(at(2), 4.0);
        assert_eq!(samples.as_slice(), [(at(0), 3.0), (at(2), 4.0)]);
        for second in 3..2_000 {
            samples.note(at(second), second as f64);
        }
        assert!(samples.as_slice().len() <= MOST);
        assert_eq!(samples.as_slice().last(), Some(&(at(1_999), 1_999.0)));
    }
}
