//! Lengths of time in an operator's words.

use jiff::Timestamp;

/// Seconds as `45 s`, `10 min`, `3 h` or `6 days`.
pub(super) fn words(seconds: u64) -> String {
    match seconds {
        s if s < 120 => format!("{s} s"),
        s if s < 120 * 60 => format!("{} min", s / 60),
        s if s < 48 * 3600 => format!("{} h", s / 3600),
        s => format!("{} days", s / 86_400),
    }
}

/// Seconds from `then` to `now`; 0 where `then` is later.
pub(super) fn between(then: Timestamp, now: Timestamp) -> u64 {
    u64::try_from(now.duration_since(then).as_secs()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn read_well() {
        let cases = [(45, "45 s"), (600, "10 min"), (7200, "2 h"), (6 * 86_400 + 5, "6 days")];
        for (seconds, expected) in cases {
            assert_eq!(words(seconds), expected);
        }
        let at = |s| Timestamp::from_second(s).unwrap();
        assert_eq!((between(at(5), at(9)), between(at(9), at(5))), (4, 0));
    }
}
