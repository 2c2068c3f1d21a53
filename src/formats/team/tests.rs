//! Tests of reading the team's file: what is understood, and what is said of what is not.

//! Tests of reading `.pilothouse.yaml`: what it says, and every mistake with its place.

use super::*;
use crate::model::{Accept, Jump, Window};
use jiff::civil::Weekday;
use rstest::rstest;

fn mistakes(text: &str) -> Vec<String> {
    read(text.as_bytes()).unwrap_err().iter().map(ToString::to_string).collect()
}

const WHOLE: &str = r#"# what we agreed on
certified: {tags: ["release-*"], moving: production}
zone: UTC
environments:
  staging:
    namespaces: [staging-*]
    accepts: patch
  production:
    contexts: [prod-*]
    servers: ["https://*.example.com:6443"]
    accepts: [patch, minor, certified]
    tags: ['/\d+\.\d+\.\d+/', release-*]
    reason: required
    protected: true
freezes:
- reason: Christmas sale
  environments: [production]
  from: 2026-12-20T00:00
  until: 2027-01-03T08:00
- reason: nobody deploys into the weekend
  days: [fri, sat, sun]
  from: "16:00"
  until: "24:00"
  zone: "+01:00"
"#;

#[test]
fn everything_that_can_be_agreed_on() {
    let team = read(WHOLE.as_bytes()).unwrap();
    let [staging, production] = team.environments.as_slice() else { panic!("{team:?}") };
    assert_eq!((staging.line, production.line), (5, 8));
    assert_eq!(staging.accepts.as_ref().unwrap().value, [Accept::Jump(Jump::Patch)]);
    assert_eq!(production.accepts.as_ref().unwrap().line, 11);
    assert_eq!(production.tags.as_ref().unwrap().value.len(), 2);
    assert_eq!((production.reason, production.protected), (Some(13), Some(14)));
    assert!(
        production.has("prod-eu", "https://10.0.0.1", "shop") && !production.has("dev", "https://10.0.0.1", "shop")
    );
    assert!(production.has("whatever I call it", "https://eu.example.com:6443", "shop"));
    assert!(staging.has("anywhere", "", "staging-7") && !staging.has("anywhere", "", "shop"));
    let [sale, weekend] = team.freezes.as_slice() else { panic!("{:?}", team.freezes) };
    assert_eq!((sale.line, sale.reason.as_str()), (16, "Christmas sale"));
    assert_eq!(sale.environments, ["production"]);
    let end = "2027-01-03T08:00:00Z".parse().unwrap();
    assert!(matches!(sale.window, Window::Once { until, .. } if until == end));
    assert!(matches!(&weekend.window, Window::Weekly { days, until: None, .. } if days[0] == Weekday::Friday));
    assert_eq!(team.certified.moving.as_deref(), Some("production"));
}

#[rstest]
#[case::nothing("")]
#[case::only_a_comment("# later\n")]
#[case::an_empty_document("---\n")]
fn a_file_without_rules_is_one(#[case] text: &str) {
    assert_eq!(read(text.as_bytes()), Ok(Team::default()));
}

#[rstest]
#[case::unknown(
    "enviroments: {}\n",
    ".pilothouse.yaml:1:1: unknown key `enviroments` in the file (did you mean `environments`?)"
)]
#[case::deeper(
    "environments:\n  production:\n    acepts: [patch]\n",
    ".pilothouse.yaml:3:5: unknown key `acepts` in environment `production` (did you mean `accepts`?)"
)]
#[case::jump(
    "environments:\n  production:\n    accepts: [patch, mnior]\n",
    ".pilothouse.yaml:3:22: `accepts` does not know `mnior` (did you mean `minor`?)"
)]
#[case::kind("environments: [production]\n", ".pilothouse.yaml:1:15: `environments` must be a mapping, and is a list")]
#[case::twice("environments:\n  a: {}\n  a: {}\n", ".pilothouse.yaml:3:3: `a` is written twice")]
#[case::flag(
    "environments:\n  a: {protected: 'true'}\n",
    ".pilothouse.yaml:2:18: `protected` must be true or false, and is a text"
)]
#[case::reason(
    "environments:\n  a: {reason: requierd}\n",
    ".pilothouse.yaml:2:15: `reason` does not know `requierd` (did you mean `required`?)"
)]
#[case::empty_list(
    "environments:\n  a: {namespaces: []}\n",
    ".pilothouse.yaml:2:19: `namespaces` is an empty list, which fits nothing (leave it out)"
)]
#[case::pattern(
    "environments:\n  a: {tags: ['/(a/']}\n",
    ".pilothouse.yaml:2:14: `/(a/` is no pattern: unclosed group"
)]
#[case::uncertified(
    "environments:\n  a:\n    accepts: certified\n",
    ".pilothouse.yaml:3:1: `certified` is accepted, and nothing says which tags are (add `certified: {tags: [\"…\"]}` or \
     `certified: {moving: TAG}` to the file)"
)]
#[case::date_only(
    "freezes:\n- {reason: sale, zone: UTC, from: 2026-12-20, until: 2027-01-03T00:00}\n",
    ".pilothouse.yaml:2:35: `from` is no day with a time: `2026-12-20` (write day and time as the zone's clocks show them: \
     2026-12-20T18:00)"
)]
#[case::zoned_twice(
    "freezes:\n- {reason: sale, zone: UTC, from: 2026-12-20T00:00+01:00, until: 2027-01-03T00:00}\n",
    ".pilothouse.yaml:2:35: `from` is no day with a time: `2026-12-20T00:00+01:00` (write day and time as the zone's clocks show \
     them: 2026-12-20T18:00)"
)]
#[case::backwards(
    "freezes:\n- {reason: sale, zone: UTC, from: 2026-12-20T00:00, until: 2026-12-19T00:00}\n",
    ".pilothouse.yaml:2:60: `until` is not after `from`"
)]
#[case::half(
    "freezes:\n- {reason: sale, zone: UTC, from: 2026-12-20T00:00}\n",
    ".pilothouse.yaml:2:3: a freeze needs `from` and `until` (or `days` for one that comes every week)"
)]
#[case::day(
    "freezes:\n- {reason: weekend, zone: UTC, days: [friday]}\n",
    ".pilothouse.yaml:2:39: `days` does not know `friday` (known here: mon, tue, wed, thu, fri, sat, sun)"
)]
#[case::hour(
    "freezes:\n- {reason: weekend, zone: UTC, days: [fri], from: '16'}\n",
    ".pilothouse.yaml:2:51: `from` is no time of day: `16` (write \"HH:MM\" in quotes, from \"00:00\" to \"24:00\")"
)]
#[case::unnamed(
    "freezes:\n- {zone: UTC, days: [fri]}\n",
    ".pilothouse.yaml:2:3: a freeze needs `reason` (it is what operators are told)"
)]
#[case::elsewhere(
    "environments: {production: {}}\nfreezes:\n- {reason: x, zone: UTC, days: [fri], environments: [prodution]}\n",
    ".pilothouse.yaml:3:54: `environments` does not know `prodution` (did you mean `production`?)"
)]
#[case::no_zone(
    "freezes:\n- {reason: x, days: [fri]}\n",
    ".pilothouse.yaml:2:3: a freeze needs `zone` (such as Europe/Berlin, here or once for the file)"
)]
#[case::documents("{}\n---\n{}\n", ".pilothouse.yaml:3:1: a second document, where one is read")]
fn mistakes_have_a_place_and_a_suggestion(#[case] text: &str, #[case] expected: &str) {
    assert_eq!(mistakes(text), [expected]);
}

#[test]
fn a_time_zone_is_known_or_said_not_to_be() {
    let text = |zone: &str| format!("freezes:\n- {{reason: x, days: [fri], zone: {zone}}}\n");
    for zone in ["UTC", "'+01:00'", "'-05:30'"] {
        assert!(read(text(zone).as_bytes()).is_ok(), "{zone}");
    }
    let said = mistakes(&text("Europa/Berlim"));
    assert!(said[0].contains("time zone"), "{said:?}");
    for wrong in ["'+25:00'", "'+1'", "Middle/Earth"] {
        assert!(read(text(wrong).as_bytes()).is_err(), "{wrong}");
    }
}

#[test]
fn all_mistakes_are_told_at_once_and_nothing_else() {
    let said = mistakes("zone: UTC\nfreezes:\n- {days: [frix], reason: x}\nenvironments:\n  a: {accepts: [x]}\nb: 1\n");
    assert_eq!(said.len(), 3, "{said:?}");
    assert!(said[0].contains(":3:") && said[1].contains(":5:") && said[2].contains(":6:"), "{said:?}");
    assert!(mistakes("a: [\n")[0].starts_with(".pilothouse.yaml:"));
}
