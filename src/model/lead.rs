//! Lead time: how long a change was on its way, from its image and from its commit, until it served.
//!
//! Invariant: a lead is only made where all that it says is known and in order; what is not known is left out, never guessed.

use jiff::{SignedDuration, Timestamp};
use std::fmt;

/// Builds that are to be the same each time say a day before this one instead of theirs.
const OLDEST: i64 = 946_684_800; // 2000-01-01

/// When a bump's rollout ended well, and when the image that it brought was built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Served {
    /// When every new pod was ready.
    pub at: Timestamp,
    /// When the image was built; None where the registry did not tell.
    pub built: Option<Timestamp>,
}

/// How long a change was on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lead {
    /// The environment that it came to, where the repository tells one.
    pub environment: Option<String>,
    /// When every new pod was ready.
    pub serving: Timestamp,
    /// When its commit was made.
    pub committed: Option<Timestamp>,
    /// When its image was built.
    pub built: Option<Timestamp>,
}

impl Lead {
    /// From when it served, its commit was made and its image was built. What came after it served did not bring it, and a
    /// build that hides its day tells none; None where nothing is left.
    pub fn new(served: Served, committed: Option<Timestamp>, environment: Option<String>) -> Option<Self> {
        let committed = committed.filter(|at| *at <= served.at);
        let built = served.built.filter(|at| *at <= served.at && at.as_second() >= OLDEST);
        (committed.is_some() || built.is_some()).then_some(Self { environment, serving: served.at, committed, built })
    }

    /// From the commit until it served.
    pub fn from_commit(&self) -> Option<SignedDuration> {
        self.committed.map(|at| self.serving.duration_since(at))
    }

    /// From the image's build until it served.
    pub fn from_image(&self) -> Option<SignedDuration> {
        self.built.map(|at| self.serving.duration_since(at))
    }
}

/// `4 min after its commit, 2 h after its image was built`.
impl fmt::Display for Lead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let commit = self.from_commit().map(|lead| format!("{} after its commit", span(lead)));
        let image = self.from_image().map(|lead| format!("{} after its image was built", span(lead)));
        f.write_str(&commit.into_iter().chain(image).collect::<Vec<_>>().join(", "))
    }
}

fn span(lead: SignedDuration) -> String {
    match lead.as_secs() {
        seconds if seconds < 120 => format!("{seconds} s"),
        seconds if seconds < 120 * 60 => format!("{} min", seconds / 60),
        seconds if seconds < 48 * 3600 => format!("{} h", seconds / 3600),
        seconds => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn both_ways_are_told_where_they_are_known() {
        let served = Served { at: at("2026-11-21T12:04:10Z"), built: Some(at("2026-11-21T09:00:00Z")) };
        let lead = Lead::new(served, Some(at("2026-11-21T12:00:00Z")), Some("production".into())).unwrap();
        assert_eq!(lead.to_string(), "4 min after its commit, 3 h after its image was built");
        assert_eq!((lead.from_commit().unwrap().as_secs(), lead.from_image().unwrap().as_secs()), (250, 11_050));
        let lead = Lead::new(Served { built: None, ..served }, Some(at("2026-11-21T12:03:40Z")), None).unwrap();
        assert_eq!((lead.to_string().as_str(), lead.from_image()), ("30 s after its commit", None));
        let lead = Lead::new(served, None, None).unwrap();
        assert_eq!(lead.to_string(), "3 h after its image was built");
    }

    #[test]
    fn what_is_not_known_is_not_told() {
        let served = Served { at: at("2026-11-21T12:00:00Z"), built: Some(at("1980-01-01T00:00:01Z")) };
        assert_eq!(Lead::new(served, None, None), None, "a reproducible build");
        let later = Some(at("2026-11-21T12:00:01Z"));
        assert_eq!(
            Lead::new(Served { built: later, ..served }, later, None),
            None,
            "neither brought what served before"
        );
    }
}
