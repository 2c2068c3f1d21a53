//! Freeze windows as they are written: once with two moments, or every week with days and times, in a zone's own time.

use super::reader::Reader;
use crate::{
    formats::yaml::NodeId,
    model::{Freeze, Window, suggestion},
};
use jiff::{
    civil::{DateTime, Time, Weekday},
    tz::{self, TimeZone},
};

const KEYS: [&str; 6] = ["reason", "environments", "from", "until", "days", "zone"];
const DAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

/// One freeze; None where it is not understood, which was complained about.
pub(super) fn one(
    reader: &mut Reader<'_>,
    node: NodeId,
    environments: &[String],
    common: Option<&TimeZone>,
) -> Option<Freeze> {
    let pairs = reader.mapping(node, "a freeze", &KEYS);
    if pairs.is_empty() {
        return None;
    }
    let value = |key: &str| pairs.iter().find(|(name, _)| *name == key).map(|(_, value)| *value);
    let missing = |reader: &mut Reader<'_>, key: &str, hint: &str| {
        reader.complain(node, format!("a freeze needs `{key}`"), Some(hint.to_owned()));
    };
    let known: Vec<&str> = environments.iter().map(String::as_str).collect();
    let mut named = Vec::new();
    for (at, text) in value("environments").map(|at| reader.texts("environments", at)).unwrap_or_default() {
        named.extend(reader.word("environments", at, text, &known).map(|_| text.to_owned()));
    }
    let reason = match value("reason") {
        Some(at) => reader.text("reason", at).map(str::to_owned),
        None => {
            missing(reader, "reason", "it is what operators are told");
            None
        }
    };
    let own = value("zone");
    let zone = match (own, common) {
        (Some(at), _) => zone(reader, at),
        (None, Some(common)) => Some(common.clone()),
        (None, None) => {
            missing(reader, "zone", "such as Europe/Berlin, here or once for the file");
            None
        }
    };
    let window = match (value("days"), value("from"), value("until")) {
        (Some(days), from, until) => weekly(reader, days, from, until, zone?),
        (None, Some(from), Some(until)) => once(reader, from, until, &zone?),
        (None, ..) => {
            missing(reader, "from` and `until", "or `days` for one that comes every week");
            None
        }
    };
    Some(Freeze { line: reader.line(node), reason: reason?, environments: named, window: window? })
}

fn once(reader: &mut Reader<'_>, from: NodeId, until: NodeId, zone: &TimeZone) -> Option<Window> {
    let (first, last) = (moment(reader, "from", from, zone), moment(reader, "until", until, zone));
    let (first, last) = (first?, last?);
    if last <= first {
        reader.complain(until, "`until` is not after `from`".into(), None);
        return None;
    }
    Some(Window::Once { from: first, until: last })
}

fn moment(reader: &mut Reader<'_>, key: &str, node: NodeId, zone: &TimeZone) -> Option<jiff::Timestamp> {
    let text = reader.text(key, node)?;
    // A date alone would leave open whether its day belongs to the freeze.
    let civil = text.contains(':').then(|| text.parse::<DateTime>().ok()).flatten();
    let has_zone = text.ends_with(['Z', 'z', ']']) || text.rfind(['+', '-']).is_some_and(|at| at > "2026-12-20".len());
    let moment = civil.filter(|_| !has_zone).and_then(|civil| zone.to_timestamp(civil).ok());
    if moment.is_none() {
        let hint = "write day and time as the zone's clocks show them: 2026-12-20T18:00";
        reader.complain(node, format!("`{key}` is no day with a time: `{text}`"), Some(hint.into()));
    }
    moment
}

fn weekly(
    reader: &mut Reader<'_>,
    days: NodeId,
    from: Option<NodeId>,
    until: Option<NodeId>,
    zone: TimeZone,
) -> Option<Window> {
    let known = DAYS.map(|(name, _)| name);
    let mut chosen = Vec::new();
    for (at, text) in reader.texts("days", days) {
        chosen.extend(reader.word("days", at, text, &known).map(|at| DAYS[at].1));
    }
    let from = match from {
        Some(at) => time(reader, "from", at)?,
        None => Some(Time::midnight()),
    };
    let until = match until {
        Some(at) => time(reader, "until", at)?,
        None => None,
    };
    match from {
        Some(from) if !chosen.is_empty() => Some(Window::Weekly { days: chosen, from, until, zone }),
        Some(_) => None,
        None => {
            reader.complain(days, "`from` is the end of the day".into(), None);
            None
        }
    }
}

/// A time of day; the inner None is 24:00, the end of the day.
fn time(reader: &mut Reader<'_>, key: &str, node: NodeId) -> Option<Option<Time>> {
    let text = reader.text(key, node)?;
    if text == "24:00" {
        return Some(None);
    }
    let parts = text.split_once(':').filter(|(hours, minutes)| hours.len() == 2 && minutes.len() == 2);
    let time = parts.and_then(|(hours, minutes)| Time::new(hours.parse().ok()?, minutes.parse().ok()?, 0, 0).ok());
    if time.is_none() {
        let hint = "write \"HH:MM\" in quotes, from \"00:00\" to \"24:00\"";
        reader.complain(node, format!("`{key}` is no time of day: `{text}`"), Some(hint.into()));
    }
    time.map(Some)
}

/// A time zone: a name of the database, `UTC`, or an offset such as `+01:00`.
pub(super) fn zone(reader: &mut Reader<'_>, node: NodeId) -> Option<TimeZone> {
    let name = reader.text("zone", node)?;
    if name == "UTC" {
        return Some(TimeZone::UTC);
    }
    if let Some(offset) = offset(name) {
        return Some(offset.to_time_zone());
    }
    match TimeZone::get(name) {
        Ok(zone) => Some(zone),
        Err(_) if tz::db().is_definitively_empty() => {
            let hint = "install tzdata, or write an offset such as +01:00";
            reader.complain(node, format!("this machine has no time zones to look `{name}` up in"), Some(hint.into()));
            None
        }
        Err(_) => {
            let names: Vec<String> = tz::db().available().map(|name| name.as_str().to_owned()).collect();
            let near = crate::model::nearest(name, names.iter().map(String::as_str)).is_some();
            let hint = match near {
                true => suggestion(name, names.iter().map(String::as_str)),
                false => "a name such as Europe/Berlin, UTC, or an offset such as +01:00".into(),
            };
            reader.complain(node, format!("there is no time zone `{name}`"), Some(hint));
            None
        }
    }
}

/// `+01:00`, to fourteen hours either way, as far as there are zones.
fn offset(text: &str) -> Option<tz::Offset> {
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let (hours, minutes) = text.strip_prefix(['+', '-'])?.split_once(':')?;
    let number =
        |text: &str, most: i32| text.parse().ok().filter(|number| text.len() == 2 && (0..=most).contains(number));
    tz::Offset::from_seconds(sign * (number(hours, 14)? * 3600 + number(minutes, 59)? * 60)).ok()
}
