//! Where a container's log was left, so that a broken stream is taken up without a line lost or read twice.
//!
//! The server is asked for everything since the last second (it knows no finer time) and sends what it has in the order of the
//! file; the cursor lets through what comes after the last line that was taken. Lines of equal time are counted, and so are
//! lines that a second writer put behind the newest one with an earlier time.

use jiff::{SignedDuration, Timestamp};

/// How far behind the newest line the server is asked to begin.
const MARGIN: SignedDuration = SignedDuration::from_secs(1);

/// The place of the last line taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogCursor {
    /// The latest time of a line, how many lines were taken with it, and how many earlier ones behind it.
    newest: Option<Timestamp>,
    equal: u64,
    behind: u64,
    /// Of these, how many the server still repeats; None while it repeats nothing.
    repeats: Option<(u64, u64)>,
}

impl LogCursor {
    /// The time to ask for: every line not yet taken is at or after it. None where nothing was taken.
    pub fn since(&self) -> Option<Timestamp> {
        let newest = self.newest?;
        let second = Timestamp::from_second(newest.as_second()).unwrap_or(newest);
        Some(second.saturating_sub(MARGIN).unwrap_or(second))
    }

    /// The server begins anew, from [`Self::since`].
    pub fn reopen(&mut self) {
        self.repeats = self.newest.map(|_| (self.equal, self.behind));
    }

    /// Whether a line of this time is new; if so it counts as taken.
    pub fn take(&mut self, at: Timestamp) -> bool {
        let (Some(newest), Some((equal, behind))) = (self.newest, &mut self.repeats) else {
            self.count(at);
            return true;
        };
        if at > newest {
            // What would have been repeated is no longer kept.
            self.repeats = None;
        } else if *equal > 0 {
            *equal -= u64::from(at == newest);
            return false;
        } else if *behind > 0 && at < newest {
            *behind -= 1;
            return false;
        } else {
            self.repeats = None;
        }
        self.count(at);
        true
    }

    fn count(&mut self, at: Timestamp) {
        match self.newest {
            Some(newest) if at == newest => (self.equal, self.behind) = (self.equal + 1, 0),
            // What is so old that it is not asked for again is not repeated either.
            Some(newest) if at < newest => self.behind += u64::from(self.since().is_some_and(|since| at >= since)),
            _ => (self.newest, self.equal, self.behind) = (Some(at), 1, 0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What a server sends of `file` from `since` on.
    fn sent(file: &[(Timestamp, usize)], since: Option<Timestamp>) -> Vec<(Timestamp, usize)> {
        file.iter().filter(|(at, _)| since.is_none_or(|since| *at >= since)).copied().collect()
    }

    fn file(steps: &[i64]) -> Vec<(Timestamp, usize)> {
        let mut at = 1_000_000_i64;
        let stamp = |ms: i64| Timestamp::from_millisecond(ms).unwrap();
        steps
            .iter()
            .enumerate()
            .map(|(n, step)| {
                at += step;
                (stamp(at), n)
            })
            .collect()
    }

    proptest! {
        /// Wherever streams break, in a file with many equal times and with lines slightly out of order: every line is taken
        /// exactly once and in order.
        #[test]
        fn nothing_is_lost_or_doubled(
            steps in prop::collection::vec(prop_oneof![Just(0_i64), Just(1), -3_i64..4, 100..2500_i64], 1..120),
            breaks in prop::collection::vec(1_usize..40, 0..12),
        ) {
            let file = file(&steps);
            let mut cursor = LogCursor::default();
            let mut taken = Vec::new();
            for length in breaks.into_iter().chain([usize::MAX]) {
                let answer = sent(&file, cursor.since());
                cursor.reopen();
                let mut fresh = 0;
                for (at, n) in answer {
                    if cursor.take(at) {
                        taken.push(n);
                        fresh += 1;
                    }
                    if fresh >= length {
                        break;
                    }
                }
            }
            prop_assert_eq!(taken, (0..file.len()).collect::<Vec<_>>());
        }

        /// A log that was rotated away meanwhile costs the lines that are gone, and no others.
        #[test]
        fn a_rotated_log_goes_on_with_what_there_is(lost in 1_usize..20, taken in 1_usize..10) {
            let file = file(&vec![700; 40]);
            let mut cursor = LogCursor::default();
            for (at, _) in &file[..taken] {
                assert!(cursor.take(*at));
            }
            let left = &file[lost.max(taken)..];
            cursor.reopen();
            let fresh = sent(left, cursor.since()).into_iter().filter(|(at, _)| cursor.take(*at)).count();
            prop_assert_eq!(fresh, left.len());
        }
    }
}
