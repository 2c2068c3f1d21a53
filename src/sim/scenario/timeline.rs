//! What happened in the demo's past, and when.
//!
//! Invariant: moments are in order, all in the past, and follow from the seed; the last ones are minutes old so that the demo
//! opens on a rollout that fails, one that progresses, and a release that waits.

use super::cluster;
use crate::sim::controllers::object::fnv;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

/// Who commits.
#[derive(Clone, Copy, Debug)]
pub struct Author(pub &'static str, pub &'static str);

const ANA: Author = Author("Ana Lopes", "ana.lopes@example.com");
const JONAS: Author = Author("Jonas Weber", "jonas.weber@example.com");
const MEI: Author = Author("Mei Tanaka", "mei.tanaka@example.com");
const BOT: Author = Author("release-bot", "release-bot@example.com");

/// One commit: who, why, and the tags that it moves, by (environment, service).
pub struct Commit {
    /// Who wrote it.
    pub author: Author,
    /// Its message.
    pub message: String,
    /// The new tags.
    pub tags: Vec<((String, String), String)>,
}

/// Something that happened.
pub struct Moment {
    /// When.
    pub at: Timestamp,
    /// What was committed.
    pub commit: Option<Commit>,
    /// What somebody created in the cluster by hand.
    pub objects: Vec<Value>,
}

/// The demo's past.
pub struct Timeline {
    /// When the cluster was made.
    pub birth: Timestamp,
    /// What happened since, in order.
    pub moments: Vec<Moment>,
}

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

type Move = (&'static str, &'static str, &'static str);

/// Age in seconds, author, message, and (environment, service, tag).
const COMMITS: [(i64, Author, &str, &[Move]); 17] = [
    (21 * DAY, ANA, "Start the fleet repository\n\nBases, three environments, the platform as plain manifests.", &[]),
    (19 * DAY, JONAS, "dev: checkout 2.3.0", &[("dev", "checkout", "2.3.0")]),
    (18 * DAY, JONAS, "staging: checkout 2.3.0", &[("staging", "checkout", "2.3.0")]),
    (
        16 * DAY,
        ANA,
        "production: checkout 2.3.0\n\nGift cards. Soaked in staging for two days.",
        &[("production", "checkout", "2.3.0")],
    ),
    (14 * DAY, MEI, "payments: ledger 7.0.0", &[("payments", "ledger", "7.0.0")]),
    (12 * DAY, BOT, "dev, staging: catalog 5.1.0", &[("dev", "catalog", "5.1.0"), ("staging", "catalog", "5.1.0")]),
    (11 * DAY, ANA, "production: catalog 5.1.0", &[("production", "catalog", "5.1.0")]),
    (
        9 * DAY,
        JONAS,
        "checkout 2.3.1 in staging and production\n\nHotfix: rounding of refunds.",
        &[("staging", "checkout", "2.3.1"), ("production", "checkout", "2.3.1")],
    ),
    (8 * DAY, MEI, "payments: ledger 7.0.1", &[("payments", "ledger", "7.0.1")]),
    (7 * DAY, JONAS, "dev, staging: checkout 2.4.0", &[("dev", "checkout", "2.4.0"), ("staging", "checkout", "2.4.0")]),
    (
        6 * DAY,
        ANA,
        "production: checkout 2.4.0\n\nAfter the migration of the orders table.",
        &[("production", "checkout", "2.4.0")],
    ),
    (
        3 * DAY,
        MEI,
        "cart 1.8.1 everywhere",
        &[("dev", "cart", "1.8.1"), ("staging", "cart", "1.8.1"), ("production", "cart", "1.8.1")],
    ),
    (2 * DAY, BOT, "dev, staging: catalog 5.2.0", &[("dev", "catalog", "5.2.0"), ("staging", "catalog", "5.2.0")]),
    (26 * HOUR, MEI, "platform: mailer 1.4.3", &[("platform", "mailer", "1.4.3")]),
    (5 * HOUR, JONAS, "dev: try the search release candidate", &[("dev", "search", "3.0.0-rc1-missing")]),
    (
        9 * MINUTE,
        JONAS,
        "production: checkout 2.4.1\n\nReads the database from DB_URL.",
        &[("production", "checkout", "2.4.1-broken")],
    ),
    (50, MEI, "payments: ledger 7.1.0", &[("payments", "ledger", "7.1.0-slow")]),
];

/// The past of a world of that seed, as seen from `now`.
pub fn timeline(now: Timestamp, seed: u64) -> Timeline {
    let ago = |seconds: i64| now.checked_sub(SignedDuration::from_secs(seconds)).unwrap_or(now);
    let mut moments: Vec<Moment> = Vec::new();
    for (number, (age, author, message, moves)) in COMMITS.iter().enumerate() {
        // Old commits come at an odd minute of the day, which differs from seed to seed.
        let shift = i64::try_from(fnv(&[&seed.to_string(), &number.to_string()]) % 5_400).unwrap_or(0);
        let age = if *age > HOUR { age + shift } else { *age };
        let tags = moves.iter().map(|(e, s, tag)| (((*e).to_owned(), (*s).to_owned()), (*tag).to_owned())).collect();
        let commit = Commit { author: *author, message: (*message).to_owned(), tags };
        moments.push(Moment { at: ago(age), commit: Some(commit), objects: Vec::new() });
    }
    moments.push(Moment { at: ago(20 * DAY), commit: None, objects: cluster::edge("3.1.4") });
    moments.push(Moment { at: ago(6 * DAY + 3 * HOUR), commit: None, objects: vec![cluster::migration()] });
    moments.push(Moment { at: ago(30 * HOUR), commit: None, objects: cluster::second_checkout() });
    moments.push(Moment { at: ago(17 * DAY), commit: None, objects: cluster::clients() });
    let previews = [
        (28 * HOUR, "482", "Ana Lopes", "9f3c1e2d8b7a6f5e4d3c2b1a0f9e8d7c6b5a4f3e", "pr-482-9f3c1e2"),
        (35 * MINUTE, "490", "Jonas Weber", "41d0be77c2a95e3f8067d1b9ac4e52f3780b6d1c", "pr-490-41d0be7-missing"),
    ];
    for (age, number, owner, commit, tag) in previews {
        moments.push(Moment { at: ago(age), commit: None, objects: cluster::preview(number, owner, commit, tag) });
    }
    // The nightly report ran when it was due.
    let midnight = now.as_second() - now.as_second().rem_euclid(DAY);
    let nights = (0..4).filter_map(|n| Timestamp::from_second(midnight - n * DAY + 2 * HOUR + 30 * MINUTE).ok());
    moments.extend(nights.filter(|at| *at < now).map(|at| Moment { at, commit: None, objects: Vec::new() }));
    moments.sort_by_key(|m| m.at);
    let birth = moments.first().map_or(now, |m| m.at).checked_sub(SignedDuration::from_hours(30)).unwrap_or(now);
    Timeline { birth, moments }
}
