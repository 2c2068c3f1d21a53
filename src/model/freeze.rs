//! Freeze windows: when nothing is changed, by agreement. Once, between two moments, or every week, in a time zone's own days.
//!
//! Pure: the moment that is asked about comes from the caller, and a window never consults a clock.

use jiff::{
    Timestamp, ToSpan as _,
    civil::{Date, Time, Weekday},
    tz::TimeZone,
};

/// A freeze, as a team wrote it.
#[derive(Clone, Debug, PartialEq)]
pub struct Freeze {
    /// The line of its file where it begins.
    pub line: usize,
    /// Why nothing is changed then.
    pub reason: String,
    /// The environments that it holds for; all of them where none is named.
    pub environments: Vec<String>,
    /// When.
    pub window: Window,
}

/// When a freeze holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Window {
    /// Between two moments, the second not included.
    Once {
        /// The first moment.
        from: Timestamp,
        /// The first moment after it.
        until: Timestamp,
    },
    /// Every week.
    Weekly {
        /// The days on which it begins.
        days: Vec<Weekday>,
        /// When it begins on such a day.
        from: Time,
        /// When it ends: on the same day, on the next one where this is not after `from`; with the day where None.
        until: Option<Time>,
        /// The zone of days and times.
        zone: TimeZone,
    },
}

/// Windows that follow on each other without a gap are one; after so many days there is no end worth telling.
const HORIZON: usize = 15;

impl Window {
    /// When the freeze that holds at this moment ends; None where none does. A freeze without an end within two weeks is told to
    /// end after them.
    pub fn end(&self, now: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Once { from, until } => (*from <= now && now < *until).then_some(*until),
            Self::Weekly { days, from, until, zone } => {
                let covering = |at: Timestamp| {
                    let today = at.to_zoned(zone.clone()).date();
                    // One that began yesterday may still hold.
                    [today.yesterday().ok()?, today].into_iter().filter(|day| days.contains(&day.weekday())).find_map(
                        |day| {
                            let (begin, end) = span(day, *from, *until, zone)?;
                            (begin <= at && at < end).then_some(end)
                        },
                    )
                };
                let mut end = covering(now)?;
                for _ in 0..HORIZON {
                    match covering(end) {
                        Some(later) if later > end => end = later,
                        _ => break,
                    }
                }
                Some(end)
            }
        }
    }

    /// The zone in which its times are told.
    pub fn zone(&self) -> TimeZone {
        match self {
            Self::Once { .. } => TimeZone::UTC,
            Self::Weekly { zone, .. } => zone.clone(),
        }
    }
}

/// The window that begins on this day. A time that the clocks skip or repeat is the one that jiff calls compatible: after the gap,
/// and the first of two.
fn span(day: Date, from: Time, until: Option<Time>, zone: &TimeZone) -> Option<(Timestamp, Timestamp)> {
    let at = |day: Date, time: Time| zone.to_timestamp(day.to_datetime(time)).ok();
    let next = day.checked_add(1.day()).ok()?;
    let end = match until {
        None => at(next, Time::midnight()),
        Some(until) if until <= from => at(next, until),
        Some(until) => at(day, until),
    };
    Some((at(day, from)?, end?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::time;
    use rstest::rstest;

    fn zone(offset: i8) -> TimeZone {
        jiff::tz::Offset::constant(offset).to_time_zone()
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn weekly(days: &[Weekday], from: Time, until: Option<Time>) -> Window {
        Window::Weekly { days: days.to_vec(), from, until, zone: zone(1) }
    }

    /// 2026-11-20 is a Friday; the zone is an hour ahead.
    #[rstest]
    #[case::before("2026-11-20T14:59:59Z", None)]
    #[case::at_its_beginning("2026-11-20T15:00:00Z", Some("2026-11-20T23:00:00Z"))]
    #[case::at_its_end("2026-11-20T23:00:00Z", None)]
    #[case::another_day("2026-11-19T15:00:00Z", None)]
    fn an_evening(#[case] now: &str, #[case] end: Option<&str>) {
        let window = weekly(&[Weekday::Friday], time(16, 0, 0, 0), None);
        assert_eq!(window.end(at(now)), end.map(at));
    }

    #[rstest]
    #[case("2026-11-20T21:00:00Z", Some("2026-11-21T05:00:00Z"))]
    #[case("2026-11-21T04:59:00Z", Some("2026-11-21T05:00:00Z"))]
    #[case("2026-11-21T05:00:00Z", None)]
    #[case("2026-11-20T04:00:00Z", None)]
    fn a_night_belongs_to_the_day_it_begins_on(#[case] now: &str, #[case] end: Option<&str>) {
        let window = weekly(&[Weekday::Friday], time(22, 0, 0, 0), Some(time(6, 0, 0, 0)));
        assert_eq!(window.end(at(now)), end.map(at));
    }

    #[test]
    fn days_that_follow_on_each_other_are_one_freeze() {
        let window = weekly(&[Weekday::Friday, Weekday::Saturday, Weekday::Sunday], Time::midnight(), None);
        assert_eq!(window.end(at("2026-11-20T12:00:00Z")), Some(at("2026-11-22T23:00:00Z")));
        assert_eq!(window.end(at("2026-11-22T23:00:00Z")), None);
        let always: Vec<Weekday> = Weekday::Monday.cycle_forward().take(7).collect();
        let end = weekly(&always, Time::midnight(), None).end(at("2026-11-20T12:00:00Z")).unwrap();
        assert!(end > at("2026-12-03T00:00:00Z"), "{end}");
    }

    #[test]
    fn once_is_from_the_first_moment_to_the_last() {
        let window = Window::Once { from: at("2026-12-20T00:00:00Z"), until: at("2027-01-03T00:00:00Z") };
        assert_eq!(window.end(at("2026-12-19T23:59:59Z")), None);
        assert_eq!(window.end(at("2026-12-20T00:00:00Z")), Some(at("2027-01-03T00:00:00Z")));
        assert_eq!(window.end(at("2027-01-03T00:00:00Z")), None);
    }

    /// Clocks go back on 2026-10-25 at 03:00 summer time: that night is nine hours long.
    #[test]
    fn a_night_in_which_clocks_change() {
        let rule = "CET-1CEST,M3.5.0,M10.5.0/3";
        let zone = TimeZone::posix(rule).unwrap();
        let (from, until) = (time(22, 0, 0, 0), Some(time(6, 0, 0, 0)));
        let window = Window::Weekly { days: vec![Weekday::Saturday], from, until, zone };
        assert_eq!(window.end(at("2026-10-24T20:00:00Z")), Some(at("2026-10-25T05:00:00Z")));
        assert_eq!(window.end(at("2026-10-24T19:59:59Z")), None);
    }
}
