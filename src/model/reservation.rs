//! Who has the cluster for themselves, and until when: what a Lease on the context tells.
//!
//! Invariant: a reservation asks for consideration and forbids nothing. It ends when it is given back, or by itself: at a time by
//! its holder's clock, which is not ours.

use super::ObjectRef;
use jiff::{SignedDuration, Timestamp};

/// From how many seconds on two clocks are said to differ.
const DIFFER: i64 = 5;

/// A reservation as its Lease tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reservation {
    /// The Lease.
    pub lease: ObjectRef,
    /// Who holds it, as `user@host`.
    pub holder: Box<str>,
    /// What for.
    pub reason: Option<Box<str>>,
    /// When it was taken, by the holder's clock.
    pub since: Option<Timestamp>,
    /// When it was taken or prolonged, by the holder's clock.
    pub renewed: Timestamp,
    /// When it ends by itself, by the holder's clock.
    pub until: Timestamp,
}

impl Reservation {
    /// Whether it has not ended by itself `now`.
    pub fn stands(&self, now: Timestamp) -> bool {
        now < self.until
    }

    /// Whether it stands `now` and is somebody else's than this `user@host`.
    pub fn concerns(&self, us: &str, now: Timestamp) -> bool {
        self.stands(now) && &*self.holder != us
    }

    /// By how much the holder's clock is known to be ahead of ours: it wrote a time that has not come `now`.
    pub fn ahead(&self, now: Timestamp) -> Option<SignedDuration> {
        let ahead = self.renewed.duration_since(now);
        (ahead.as_secs() > DIFFER).then_some(ahead)
    }

    /// Who holds it, without the host.
    pub fn who(&self) -> &str {
        self.holder.split_once('@').map_or(&*self.holder, |(user, _)| user)
    }

    /// The rest of the sentence that tells of it, after who: what for, and what is odd about the clocks.
    pub fn remarks(&self, now: Timestamp) -> String {
        let reason = self.reason.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
        let skew = self.ahead(now).map(|ahead| {
            format!(
                " (their clock is at least {} s ahead of this machine's: it may end that much sooner)",
                ahead.as_secs()
            )
        });
        format!("{reason}{}", skew.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Kind;

    #[test]
    fn it_ends_by_itself_concerns_others_and_tells_of_a_clock_that_is_ahead() {
        let at = |second: i64| Timestamp::from_second(1_800_000_000 + second).unwrap();
        let row = Reservation {
            lease: ObjectRef::new(Kind::Lease, "default", "pilothouse-reservation"),
            holder: "ana@laptop".into(),
            reason: Some("load test".into()),
            since: Some(at(0)),
            renewed: at(0),
            until: at(7200),
        };
        assert!(row.concerns("ben@desk", at(7199)) && !row.concerns("ana@laptop", at(0)));
        assert!(!row.stands(at(7200)) && !row.concerns("ben@desk", at(7200)));
        assert_eq!((row.who(), row.remarks(at(-5)).as_str()), ("ana", ": load test"));
        assert!(
            row.remarks(at(-30))
                .ends_with("(their clock is at least 30 s ahead of this machine's: it may end that much sooner)")
        );
    }
}
