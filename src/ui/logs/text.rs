//! Lines of a log as text: how grave they are, when they were written, and how they are saved and copied.

use super::{Open, Stamps};
use crate::{
    config::Meaning,
    model::{LogBuffer, LogLine, LogVoice},
    time::age,
};
use jiff::{Timestamp, tz::TimeZone};
use std::{fmt::Write as _, ops::Range};

/// How far into a line its level is looked for.
const HEAD: usize = 160;

/// The word that says how grave a line is, where one does and it is grave.
pub fn level(text: &str) -> Option<(Range<usize>, Meaning)> {
    let head = &text.as_bytes()[..text.len().min(HEAD)];
    let mut from = 0;
    while from < head.len() {
        let start = from + head[from..].iter().position(u8::is_ascii_alphabetic)?;
        let length = head[start..].iter().position(|b| !b.is_ascii_alphabetic()).unwrap_or(head.len() - start);
        let word = &head[start..start + length];
        let is = |level: &str| word.eq_ignore_ascii_case(level.as_bytes());
        if ["error", "fatal", "panic", "critical", "err"].into_iter().any(is) {
            return Some((start..start + length, Meaning::Broken));
        }
        if ["warn", "warning"].into_iter().any(is) {
            return Some((start..start + length, Meaning::Warning));
        }
        from = start + length;
    }
    None
}

/// When a line was written, as it is shown; empty where it is not.
pub fn stamp(at: Timestamp, stamps: Stamps, now: Timestamp, zone: &TimeZone) -> String {
    match stamps {
        Stamps::Off => String::new(),
        Stamps::Age => format!("{:>5} ", age(at, now)),
        Stamps::Local => {
            let (written, today) = (at.to_zoned(zone.clone()), now.to_zoned(zone.clone()));
            let format = if written.date() == today.date() { "%H:%M:%S%.3f " } else { "%m-%d  %H:%M " };
            written.strftime(format).to_string()
        }
    }
}

/// A line's text, with what was cut off it.
pub fn spoken(line: &LogLine) -> String {
    match line.cut {
        0 => line.text.to_string(),
        cut => format!("{} … {} KiB cut off", line.text, cut.div_ceil(1024)),
    }
}

impl Open {
    /// All lines that are held, as they are saved: time, container, text.
    pub fn saved(&self) -> String {
        let buffer: &LogBuffer = &self.buffer;
        let mut text = String::new();
        for held in buffer.iter() {
            self.write(&mut text, &held.line);
            text.push('\n');
        }
        text
    }

    /// A line as it is copied.
    pub fn copied(&self, line: &LogLine) -> String {
        let mut text = String::new();
        self.write(&mut text, line);
        text
    }

    fn write(&self, text: &mut String, line: &LogLine) {
        let source = self.sources.iter().find(|source| source.id == line.source);
        let (pod, container) = source.map_or(("?", "?"), |source| (&*source.pod, &*source.container));
        let own = if line.voice == LogVoice::Output { "" } else { "— " };
        // Writing to a String cannot fail.
        let _ = write!(text, "{} {pod}/{container} {own}{}", line.at, line.text);
        if line.cut > 0 {
            let _ = write!(text, " … {} bytes cut off", line.cut);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("2026-11-21 ERROR boom", Some((11..16, Meaning::Broken)))]
    #[case("{\"level\":\"warn\",\"msg\":\"x\"}", Some((10..14, Meaning::Warning)))]
    #[case("level=err x", Some((6..9, Meaning::Broken)))]
    #[case("0 errors, terror", None)]
    #[case("", None)]
    #[case("äö fatal", Some((5..10, Meaning::Broken)))]
    fn levels_are_whole_words(#[case] text: &str, #[case] expected: Option<(Range<usize>, Meaning)>) {
        assert_eq!(level(text), expected);
    }

    #[test]
    fn times_are_todays_or_have_a_date() {
        let now: Timestamp = "2026-11-21T04:15:28Z".parse().unwrap();
        let at: Timestamp = "2026-11-21T04:15:20.5Z".parse().unwrap();
        assert_eq!(stamp(at, Stamps::Local, now, &TimeZone::UTC), "04:15:20.500 ");
        assert_eq!(stamp(at, Stamps::Age, now, &TimeZone::UTC), "   7s ");
        let before: Timestamp = "2026-11-20T23:59:00Z".parse().unwrap();
        assert_eq!(stamp(before, Stamps::Local, now, &TimeZone::UTC), "11-20  23:59 ");
    }
}
