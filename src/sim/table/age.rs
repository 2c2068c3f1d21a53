//! Ages in the short form that `kubectl get` prints.

use jiff::Timestamp;
use serde_json::Value;

/// The age of an RFC 3339 time: `45s`, `3m12s`, `5h`; `<unknown>` when there is none.
pub fn age(since: &Value, now: Timestamp) -> String {
    match moment(since) {
        Some(then) => between(then, now),
        None => "<unknown>".to_owned(),
    }
}

/// Reads an RFC 3339 time.
pub fn moment(time: &Value) -> Option<Timestamp> {
    time.as_str()?.parse().ok()
}

/// The time from `then` to `now`: two units while it is short, one later.
pub fn between(then: Timestamp, now: Timestamp) -> String {
    let seconds = now.duration_since(then).as_secs().max(0);
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    let two = |big: i64, unit: &str, small: i64, rest: &str| {
        if small == 0 { format!("{big}{unit}") } else { format!("{big}{unit}{small}{rest}") }
    };
    match seconds {
        _ if seconds < 120 => format!("{seconds}s"),
        _ if minutes < 10 => two(minutes, "m", seconds % 60, "s"),
        _ if hours < 3 => format!("{minutes}m"),
        _ if hours < 8 => two(hours, "h", minutes % 60, "m"),
        _ if hours < 48 => format!("{hours}h"),
        _ if days < 8 => two(days, "d", hours % 24, "h"),
        _ if days < 2 * 365 => format!("{days}d"),
        _ if days < 8 * 365 => two(days / 365, "y", days % 365, "d"),
        _ => format!("{}y", days / 365),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_short() {
        let at = |s| Timestamp::from_second(s).unwrap();
        let cases = [
            (45, "45s"),
            (119, "119s"),
            (120, "2m"),
            (192, "3m12s"),
            (3600, "60m"),
            (4 * 3600 + 60, "4h1m"),
            (30 * 3600, "30h"),
            (50 * 3600, "2d2h"),
            (20 * 86_400, "20d"),
        ];
        for (seconds, text) in cases {
            assert_eq!(between(at(0), at(seconds)), text);
        }
    }
}
