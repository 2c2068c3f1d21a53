//! Cron schedules: five fields, ranges, lists and steps, and the `@` words. Times are UTC.
//!
//! Invariant: pure; a schedule that cannot be read is an error, never a guess.

use jiff::{SignedDuration, Timestamp, tz::TimeZone};

/// The minutes at which something runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
    /// Both day fields are restricted: either may match.
    either_day: bool,
}

impl Schedule {
    /// Reads `*/5 * * * *`, `@hourly` and the like.
    pub fn parse(text: &str) -> Option<Self> {
        let text = match text.trim() {
            "@yearly" | "@annually" => "0 0 1 1 *",
            "@monthly" => "0 0 1 * *",
            "@weekly" => "0 0 * * 0",
            "@daily" | "@midnight" => "0 0 * * *",
            "@hourly" => "0 * * * *",
            other => other,
        };
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [minutes, hours, days, months, weekdays] = fields.as_slice() else { return None };
        const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
        const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
        let weekday_bits = field(weekdays, 0, 7, &DAYS, 0)?;
        Some(Self {
            minutes: field(minutes, 0, 59, &[], 0)?,
            hours: field(hours, 0, 23, &[], 0)?,
            days: field(days, 1, 31, &[], 0)?,
            months: field(months, 1, 12, &MONTHS, 1)?,
            // Seven is Sunday too.
            weekdays: (weekday_bits | (weekday_bits >> 7)) & 0x7f,
            either_day: !days.starts_with('*') && !weekdays.starts_with('*'),
        })
    }

    fn matches(&self, at: Timestamp) -> bool {
        let at = at.to_zoned(TimeZone::UTC);
        let has = |bits: u64, n: i8| bits & (1_u64 << u32::try_from(n).unwrap_or(63)) != 0;
        let day = has(self.days, at.day());
        let weekday = has(self.weekdays, at.weekday().to_sunday_zero_offset());
        let day = if self.either_day { day || weekday } else { day && weekday };
        day && has(self.minutes, at.minute()) && has(self.hours, at.hour()) && has(self.months, at.month())
    }

    /// The first run after `moment`, within the next four years.
    pub fn next_after(&self, moment: Timestamp) -> Option<Timestamp> {
        let mut at = Timestamp::from_second(moment.as_second() - moment.as_second().rem_euclid(60) + 60).ok()?;
        let end = at.checked_add(SignedDuration::from_hours(24 * 366 * 4)).ok()?;
        while at < end {
            if self.matches(at) {
                return Some(at);
            }
            let hour = at.to_zoned(TimeZone::UTC).hour();
            let skip = if self.hours & (1_u64 << u32::try_from(hour).unwrap_or(0)) == 0 {
                3600 - at.as_second().rem_euclid(3600)
            } else {
                60
            };
            at = at.checked_add(SignedDuration::from_secs(skip)).ok()?;
        }
        None
    }
}

/// One field as bits.
fn field(text: &str, low: u32, high: u32, names: &[&str], offset: u32) -> Option<u64> {
    let mut bits = 0;
    for part in text.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, step.parse::<u32>().ok().filter(|s| *s > 0)?),
            None => (part, 1),
        };
        let number = |s: &str| {
            let named = names.iter().position(|n| s.eq_ignore_ascii_case(n)).and_then(|p| u32::try_from(p).ok());
            named.map(|p| p + offset).or_else(|| s.parse().ok())
        };
        let (from, to) = match range.split_once('-') {
            _ if range == "*" || range == "?" => (low, high),
            Some((from, to)) => (number(from)?, number(to)?),
            None => (number(range)?, if part.contains('/') { high } else { number(range)? }),
        };
        if from < low || to > high || from > to {
            return None;
        }
        bits |= (from..=to).step_by(usize::try_from(step).ok()?).fold(0, |bits, n| bits | (1_u64 << n));
    }
    Some(bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(schedule: &str, after: &str) -> String {
        Schedule::parse(schedule).unwrap().next_after(after.parse().unwrap()).unwrap().to_string()
    }

    #[test]
    fn schedules_find_their_next_minute() {
        assert_eq!(next("*/15 * * * *", "2026-11-21T10:15:00Z"), "2026-11-21T10:30:00Z");
        assert_eq!(next("30 2 * * *", "2026-11-21T10:15:00Z"), "2026-11-22T02:30:00Z");
        assert_eq!(next("0 9 * * mon-fri", "2026-11-21T10:15:00Z"), "2026-11-23T09:00:00Z");
        assert_eq!(next("@hourly", "2026-11-21T10:15:30Z"), "2026-11-21T11:00:00Z");
        assert_eq!(next("0 0 1 jan *", "2026-11-21T10:15:30Z"), "2027-01-01T00:00:00Z");
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "* * * *", "61 * * * *", "*/0 * * * *", "5-1 * * * *", "x * * * *"] {
            assert_eq!(Schedule::parse(text), None, "{text}");
        }
    }
}
