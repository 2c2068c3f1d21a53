//! The lines that are held: bounded, in the order of time, whatever order they arrive in.
//!
//! Invariant: at most [`LINES`] lines and [`BYTES`] bytes; what is dropped is the oldest and is counted. Keys never fall from
//! one line to the next, and the lines of one container stay in the order in which they were added. A line that was written
//! while one listens goes back at most [`WINDOW`] behind lines that have already been seen: nothing changes far above the end.

use super::LogLine;
use jiff::{SignedDuration, Timestamp};
use std::collections::VecDeque;

/// Lines held at most.
const LINES: usize = 100_000;
/// Bytes of text held at most, with what a line costs besides.
const BYTES: usize = 32 << 20;
/// What a line costs besides its text.
const OVERHEAD: usize = std::mem::size_of::<Held>() + 16;
/// How long after a line arrived others may still go before it.
const WINDOW: SignedDuration = SignedDuration::from_secs(2);

/// A line that is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The line.
    pub line: LogLine,
    /// Whether the filter lets it through.
    pub shown: bool,
    /// What it is ordered by: its time, or that of the lines that it may not go before.
    key: Timestamp,
    id: u64,
    arrived: Timestamp,
}

/// Where a line is, for as long as it is held: other lines may come and go around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    key: Timestamp,
    id: u64,
}

impl Held {
    /// Where it is.
    pub const fn place(&self) -> Place {
        Place { key: self.key, id: self.id }
    }
}

/// The lines that are held.
#[derive(Clone, Debug)]
pub struct LogBuffer {
    held: VecDeque<Held>,
    limits: (usize, usize),
    bytes: usize,
    shown: usize,
    dropped: u64,
    next: u64,
    /// The last key that each container's lines got.
    latest: Vec<Timestamp>,
}

impl Default for LogBuffer {
    fn default() -> Self {
        Self::bounded(LINES, BYTES)
    }
}

impl LogBuffer {
    /// A buffer of at most so many lines and bytes.
    pub fn bounded(lines: usize, bytes: usize) -> Self {
        Self {
            held: VecDeque::new(),
            limits: (lines.max(1), bytes),
            bytes: 0,
            shown: 0,
            dropped: 0,
            next: 0,
            latest: Vec::new(),
        }
    }

    /// Lines held.
    pub fn len(&self) -> usize {
        self.held.len()
    }

    /// Whether none is held.
    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// Lines that the filter lets through.
    pub fn shown(&self) -> usize {
        self.shown
    }

    /// Lines that were dropped because there were too many.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// The line at this index, the oldest being 0.
    pub fn get(&self, index: usize) -> Option<&Held> {
        self.held.get(index)
    }

    /// All lines, the oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Held> {
        self.held.iter()
    }

    /// Adds lines that arrived at `now`; `shows` is what the filter says of each.
    pub fn add(&mut self, lines: Vec<LogLine>, now: Timestamp, shows: &dyn Fn(&LogLine) -> bool) {
        let (past, live): (Vec<LogLine>, Vec<LogLine>) = lines.into_iter().partition(|line| line.past);
        self.merge(past, now, None, shows);
        self.merge(live, now, Some(now.saturating_sub(WINDOW).unwrap_or(now)), shows);
        while self.held.len() > self.limits.0 || (self.bytes > self.limits.1 && self.held.len() > 1) {
            let Some(oldest) = self.held.pop_front() else { break };
            self.bytes -= cost(&oldest.line);
            self.shown -= usize::from(oldest.shown);
            self.dropped += 1;
        }
    }

    /// Puts lines between those that are held. Those that arrived before `settled` stay where they are.
    fn merge(
        &mut self,
        lines: Vec<LogLine>,
        now: Timestamp,
        settled: Option<Timestamp>,
        shows: &dyn Fn(&LogLine) -> bool,
    ) {
        let lines = self.ordered(lines);
        let Some(first) = lines.first().map(|(key, _)| *key) else { return };
        let may_move = |held: &&Held| held.key > first && settled.is_none_or(|settled| held.arrived > settled);
        let at = self.held.len() - self.held.iter().rev().take_while(may_move).count();
        let mut moved = self.held.split_off(at).into_iter().peekable();
        for (wanted, line) in lines {
            let latest = &mut self.latest[usize::from(line.source)];
            let wanted = wanted.max(*latest);
            // What is there already goes first at equal times, and a container's own lines in any case.
            while let Some(held) = moved.next_if(|held| held.key <= wanted) {
                self.held.push_back(held);
            }
            let key = self.held.back().map_or(wanted, |before| before.key.max(wanted));
            *latest = key;
            let shown = shows(&line);
            self.bytes += cost(&line);
            self.shown += usize::from(shown);
            self.held.push_back(Held { line, shown, key, id: self.next, arrived: now });
            self.next += 1;
        }
        self.held.extend(moved);
    }

    /// A batch in the order of time, without a change to the order of any container's own lines, which may themselves be a
    /// little out of it.
    fn ordered(&mut self, lines: Vec<LogLine>) -> Vec<(Timestamp, LogLine)> {
        let last = lines.iter().map(|line| usize::from(line.source)).max().unwrap_or(0);
        if self.latest.len() <= last {
            self.latest.resize(last + 1, Timestamp::MIN);
        }
        let mut latest = self.latest.clone();
        let keyed = lines.into_iter().map(|line| {
            let latest = &mut latest[usize::from(line.source)];
            *latest = line.at.max(*latest);
            (*latest, line)
        });
        let mut keyed: Vec<(Timestamp, LogLine)> = keyed.collect();
        keyed.sort_by_key(|(key, _)| *key);
        keyed
    }

    /// Asks the filter anew for every line.
    pub fn filter(&mut self, shows: &dyn Fn(&LogLine) -> bool) {
        self.shown = 0;
        for held in &mut self.held {
            held.shown = shows(&held.line);
            self.shown += usize::from(held.shown);
        }
    }

    /// Where the line is now; where it is no longer held, the next younger one.
    pub fn find(&self, place: Place) -> Option<usize> {
        let from = self.held.partition_point(|held| held.key < place.key);
        let equal = self.held.range(from..).take_while(|held| held.key == place.key);
        let offset = equal.into_iter().position(|held| held.id == place.id).unwrap_or(0);
        (from < self.held.len()).then_some(from + offset)
    }

    /// The first line at or after a time.
    pub fn at(&self, time: Timestamp) -> Option<usize> {
        let index = self.held.partition_point(|held| held.key < time);
        (index < self.held.len()).then_some(index)
    }

    /// The nearest line from `index` on (inclusive) that the filter lets through.
    pub fn shown_from(&self, index: usize) -> Option<usize> {
        let found = self.held.range(index.min(self.held.len())..).position(|held| held.shown)?;
        Some(index + found)
    }

    /// The nearest line before `index` that the filter lets through.
    pub fn shown_before(&self, index: usize) -> Option<usize> {
        let index = index.min(self.held.len());
        self.held.range(..index).rposition(|held| held.shown)
    }
}

fn cost(line: &LogLine) -> usize {
    line.text.len() + OVERHEAD
}

#[cfg(test)]
mod tests {
    use super::super::LogVoice;
    use super::*;
    use proptest::prelude::*;

    fn line(source: u16, ms: i64, past: bool, text: &str) -> LogLine {
        let at = Timestamp::from_millisecond(ms).unwrap();
        LogLine { source, voice: LogVoice::Output, past, at, text: text.into(), cut: 0 }
    }

    fn texts(buffer: &LogBuffer) -> Vec<&str> {
        buffer.iter().map(|held| &*held.line.text).collect()
    }

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millisecond(ms).unwrap()
    }

    #[test]
    fn lines_of_several_containers_interleave_by_time() {
        let mut buffer = LogBuffer::default();
        buffer.add(vec![line(0, 10, true, "a"), line(0, 30, true, "c")], at(100), &|_| true);
        buffer.add(vec![line(1, 20, true, "b"), line(1, 40, true, "d")], at(100), &|_| true);
        buffer.add(vec![line(0, 90, false, "f"), line(1, 80, false, "e")], at(100), &|_| true);
        assert_eq!(texts(&buffer), ["a", "b", "c", "d", "e", "f"]);
    }

    #[test]
    fn a_clock_that_is_behind_does_not_bury_what_is_new() {
        let mut buffer = LogBuffer::default();
        buffer.add(vec![line(0, 100_000, false, "seen")], at(100_000), &|_| true);
        buffer.add(vec![line(1, 5_000, false, "late clock")], at(110_000), &|_| true);
        assert_eq!(texts(&buffer), ["seen", "late clock"]);
        buffer.add(vec![line(2, 4_000, true, "history")], at(110_000), &|_| true);
        assert_eq!(texts(&buffer), ["history", "seen", "late clock"]);
    }

    #[test]
    fn a_place_is_found_again_whatever_comes_around_it() {
        let mut buffer = LogBuffer::bounded(4, usize::MAX);
        buffer.add(vec![line(0, 10, false, "a"), line(0, 20, false, "b")], at(20), &|_| true);
        let place = buffer.get(1).unwrap().place();
        buffer.add(vec![line(1, 5, true, "x"), line(1, 20, true, "y")], at(30), &|_| true);
        assert_eq!(buffer.get(buffer.find(place).unwrap()).map(|held| &*held.line.text), Some("b"));
        buffer.add((0..4).map(|n| line(1, 30 + n, false, "z")).collect(), at(40), &|_| true);
        assert_eq!(buffer.find(place), Some(0), "the line is gone, the next one stands for it");
        assert_eq!((buffer.len(), buffer.dropped()), (4, 4));
    }

    #[test]
    fn the_filter_counts_what_it_lets_through() {
        let mut buffer = LogBuffer::default();
        let odd = |line: &LogLine| line.at.as_millisecond() % 2 == 1;
        buffer.add((0..10).map(|n| line(0, n, false, "x")).collect(), at(10), &odd);
        assert_eq!((buffer.shown(), buffer.shown_from(2), buffer.shown_before(3)), (5, Some(3), Some(1)));
        buffer.filter(&|_| false);
        assert_eq!((buffer.shown(), buffer.shown_from(0), buffer.shown_before(10)), (0, None, None));
    }

    fn batches() -> impl Strategy<Value = Vec<Vec<(u16, i64, bool, usize)>>> {
        let line = (0_u16..4, 0_i64..6_000, any::<bool>(), 0_usize..300);
        prop::collection::vec(prop::collection::vec(line, 0..30), 0..12)
    }

    proptest! {
        #[test]
        fn bounds_hold_and_counts_are_true(batches in batches(), lines in 1_usize..60, bytes in 0_usize..20_000) {
            let mut buffer = LogBuffer::bounded(lines, bytes);
            let mut added = 0;
            for (n, batch) in batches.into_iter().enumerate() {
                added += batch.len() as u64;
                let batch = batch.into_iter().map(|(s, ms, past, size)| line(s, ms, past, &"x".repeat(size))).collect();
                buffer.add(batch, at(1_000 * n as i64), &|line| line.text.len() % 2 == 0);
                prop_assert!(buffer.len() <= lines);
                prop_assert!(buffer.len() <= 1 || buffer.iter().map(|h| cost(&h.line)).sum::<usize>() <= bytes);
                prop_assert_eq!(buffer.len() as u64 + buffer.dropped(), added);
                prop_assert_eq!(buffer.shown(), buffer.iter().filter(|h| h.shown).count());
                prop_assert!(buffer.iter().is_sorted_by_key(|h| h.key));
            }
        }

        #[test]
        fn no_containers_lines_change_their_order(batches in batches()) {
            let mut buffer = LogBuffer::default();
            let mut added = 0;
            for (n, batch) in batches.into_iter().enumerate() {
                // What is past comes before what is live, as it does when a log is opened.
                let batch = batch.into_iter().map(|(s, ms, _, _)| {
                    added += 1;
                    line(s, ms, n < 4, &added.to_string())
                });
                buffer.add(batch.collect(), at(700 * n as i64), &|_| true);
            }
            prop_assert_eq!(buffer.len(), added);
            for source in 0..4 {
                let own = buffer.iter().filter(|h| h.line.source == source);
                let numbers: Vec<usize> = own.map(|h| h.line.text.parse().unwrap()).collect();
                prop_assert!(numbers.is_sorted(), "{numbers:?}");
            }
            for held in buffer.iter() {
                let found = buffer.find(held.place()).and_then(|index| buffer.get(index));
                prop_assert_eq!(found, Some(held));
            }
        }
    }
}
