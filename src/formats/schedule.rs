//! When a CronJob runs next.

use jiff::Timestamp;

/// The first time after `after` that a CronJob's schedule names, in its time zone or else in UTC. None where it cannot be told: a
/// schedule that is no crontab line (`@every 90m`), a time zone that is not known here.
pub fn next(schedule: &str, time_zone: Option<&str>, after: Timestamp) -> Option<Timestamp> {
    let schedule = match schedule.trim() {
        "@yearly" | "@annually" => "0 0 1 1 *".into(),
        "@monthly" => "0 0 1 * *".into(),
        "@weekly" => "0 0 * * 0".into(),
        "@daily" | "@midnight" => "0 0 * * *".into(),
        "@hourly" => "0 * * * *".into(),
        // Kubernetes takes a question mark for an asterisk.
        line => line.replace('?', "*"),
    };
    let line = format!("{schedule} {}", time_zone.unwrap_or("UTC"));
    let crontab = cronexpr::parse_crontab(&line).ok()?;
    Some(crontab.find_next(cronexpr::MakeTimestamp(after)).ok()?.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("*/15 * * * *", None, Some("2026-11-21T10:30:00Z"))]
    #[case("30 2 * * *", None, Some("2026-11-22T02:30:00Z"))]
    #[case("0 3 * * *", Some("Europe/Berlin"), Some("2026-11-22T02:00:00Z"))]
    #[case("0 9 ? * MON-FRI", None, Some("2026-11-23T09:00:00Z"))]
    // Where both days are named, either will do.
    #[case("0 0 13 * 5", None, Some("2026-11-27T00:00:00Z"))]
    #[case("0 0 * * 7", None, Some("2026-11-22T00:00:00Z"))]
    #[case("@hourly", None, Some("2026-11-21T11:00:00Z"))]
    #[case("@every 90m", None, None)]
    #[case("0 3 * * *", Some("Nowhere/Else"), None)]
    #[case("nonsense", None, None)]
    fn the_next_run(#[case] schedule: &str, #[case] time_zone: Option<&str>, #[case] expected: Option<&str>) {
        let after = "2026-11-21T10:15:00Z".parse().unwrap();
        assert_eq!(next(schedule, time_zone, after), expected.map(|time| time.parse().unwrap()));
    }
}
