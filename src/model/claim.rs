//! What the Lease of a target tells of the operation that holds it, or that was left there unfinished: so one sees what
//! colleagues do, and what nobody does any more.
//!
//! Invariant: an operation is said to be without anybody only when its Lease was given back, or was watched without a gap for
//! as long as it is good for and not renewed. The holder's clock alone proves nothing: it is not ours.

use super::{ObjectRef, OperationId, SILENT, Sync, Verb};
use jiff::{SignedDuration, Timestamp};

/// By how many seconds a holder's clock may be ahead and still be believed.
const AHEAD: i64 = 5;

/// An operation as its Lease tells of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim {
    /// The Lease.
    pub lease: ObjectRef,
    /// Its version: it changes with every renewal.
    pub version: Box<str>,
    /// What the operation acts on.
    pub target: ObjectRef,
    /// The operation.
    pub operation: OperationId,
    /// Its verb.
    pub verb: Verb,
    /// What it does, without the verb.
    pub summary: String,
    /// Where it stands, in its own words: `step 3 of 9, hold`.
    pub step: Option<String>,
    /// Why it was begun.
    pub reason: Option<String>,
    /// What was there before, as JSON.
    pub original: Option<String>,
    /// Who carries it out or did so last, as `user@host`.
    pub actor: Option<String>,
    /// Whether the Lease is held; else it was given back and the operation left unfinished.
    pub held: bool,
    /// For how long the Lease is good after it was renewed.
    pub good_for: SignedDuration,
    /// When it was taken, by the holder's clock.
    pub acquired: Option<Timestamp>,
    /// When it was renewed or given back, by the holder's clock.
    pub renewed: Option<Timestamp>,
    /// Since when it has been watched without a gap and not seen to change, by our clock. Set by the table it is put into.
    pub unchanged: Timestamp,
    /// Whether it was ever seen to change. Set likewise.
    pub witnessed: bool,
}

/// Whether anybody carries an operation out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tenure {
    /// Its holder was heard of just now.
    Kept,
    /// Its holder has not been heard of for longer than its Lease is good for, by a clock that is not ours.
    Doubtful,
    /// Its Lease was watched for as long as it is good for, and nobody renewed it.
    Lapsed,
    /// Its Lease was given back, the operation left unfinished.
    Left,
}

impl Tenure {
    /// Whether nobody seems to carry it out.
    pub const fn is_orphaned(self) -> bool {
        !matches!(self, Self::Kept)
    }
}

impl Claim {
    /// Takes over what was seen of the same Lease before, `now` being our time.
    pub fn follow(&mut self, before: Option<&Self>, now: Timestamp) {
        (self.unchanged, self.witnessed) = match before {
            Some(before) if before.version == self.version => (before.unchanged, before.witnessed),
            Some(_) => (now, true),
            None => (now, false),
        };
    }

    /// Whether anybody carries it out, as far as the watch of Leases, which stands like this, can tell `now`.
    pub fn tenure(&self, sync: &Sync, now: Timestamp) -> Tenure {
        if !self.held {
            return Tenure::Left;
        }
        // While nothing is heard nothing can be told but how it stood then.
        let (watched, at) = match sync {
            Sync::Live { heard } if now.duration_since(*heard) <= SILENT => (Some(*heard), now),
            Sync::Live { heard } => (None, *heard),
            Sync::Stale { since, .. } => (None, *since),
            Sync::Loading | Sync::Forbidden { .. } | Sync::Absent => (None, now),
        };
        if watched.is_some_and(|heard| heard.duration_since(self.unchanged) >= self.good_for) {
            return Tenure::Lapsed;
        }
        let silent = self.renewed.map(|renewed| at.duration_since(renewed));
        let by_its_clock = silent.is_some_and(|s| s.as_secs() >= -AHEAD && s < self.good_for);
        // Whoever renews it before our eyes is there, whatever the clock says.
        let by_ours = self.witnessed && at.duration_since(self.unchanged) < self.good_for;
        if by_its_clock || by_ours { Tenure::Kept } else { Tenure::Doubtful }
    }

    /// The number of the step it stands at and how many there are, where it tells.
    pub fn position(&self) -> Option<(usize, usize)> {
        let (at, rest) = self.step.as_deref()?.strip_prefix("step ")?.split_once(" of ")?;
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        Some((at.parse().ok()?, rest[..digits].parse().ok()?))
    }

    /// Who carries it out or did so last.
    pub fn who(&self) -> &str {
        self.actor.as_deref().unwrap_or("somebody")
    }

    /// The host on which it runs or ran, where that is known.
    pub fn host(&self) -> Option<&str> {
        self.actor.as_deref()?.rsplit_once('@').map(|(_, host)| host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Kind;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn claim(version: &str, renewed: i64) -> Claim {
        Claim {
            lease: ObjectRef::new(Kind::Lease, "shop", "pilothouse-httproute-checkout"),
            version: version.into(),
            target: ObjectRef::new(Kind::HttpRoute, "shop", "checkout"),
            operation: OperationId("op-1".into()),
            verb: Verb::Shift,
            summary: "checkout-v2".into(),
            step: Some("step 3 of 9, hold".into()),
            reason: None,
            original: None,
            actor: Some("ana@laptop".into()),
            held: true,
            good_for: SignedDuration::from_secs(60),
            acquired: None,
            renewed: Some(at(renewed)),
            unchanged: Timestamp::UNIX_EPOCH,
            witnessed: false,
        }
    }

    fn live(second: i64) -> Sync {
        Sync::Live { heard: at(second) }
    }

    #[test]
    fn silence_by_its_own_clock_is_a_doubt_until_it_was_watched_for_as_long_as_it_is_good_for() {
        let mut row = claim("1", -420);
        row.follow(None, at(0));
        assert_eq!(row.tenure(&live(0), at(0)), Tenure::Doubtful);
        let mut again = claim("1", -420);
        again.follow(Some(&row), at(50));
        assert_eq!(
            again.tenure(&live(59), at(59)),
            Tenure::Doubtful,
            "a relist that shows the same is no sign of life"
        );
        assert_eq!(again.tenure(&live(59), at(90)), Tenure::Doubtful, "what was not heard of is not known");
        assert_eq!(again.tenure(&live(60), at(60)), Tenure::Lapsed);
    }

    #[test]
    fn a_holder_is_there_by_a_fresh_renewal_or_by_one_before_our_eyes() {
        let mut row = claim("1", 0);
        row.follow(None, at(30));
        assert_eq!(row.tenure(&live(30), at(30)), Tenure::Kept);
        assert_eq!(row.tenure(&live(61), at(61)), Tenure::Doubtful);
        for skew in [-4_000, 4_000] {
            let mut first = claim("1", skew);
            first.follow(None, at(0));
            assert_eq!(first.tenure(&live(0), at(0)), Tenure::Doubtful, "a clock that differs by {skew} s");
            let mut second = claim("2", skew + 15);
            second.follow(Some(&first), at(15));
            assert_eq!(second.tenure(&live(20), at(20)), Tenure::Kept, "it was seen to renew");
            assert_eq!(second.tenure(&live(75), at(75)), Tenure::Lapsed);
        }
    }

    #[test]
    fn a_lost_connection_makes_nobody_disappear() {
        let mut row = claim("1", 0);
        row.follow(None, at(10));
        let stale = Sync::Stale { since: at(20), why: "gone".into() };
        assert_eq!(row.tenure(&stale, at(900)), Tenure::Kept);
        assert_eq!(row.tenure(&live(20), at(900)), Tenure::Kept, "this machine slept");
        row.renewed = None;
        assert_eq!(row.tenure(&stale, at(900)), Tenure::Doubtful);
    }

    #[test]
    fn what_was_given_back_unfinished_was_left() {
        let mut row = claim("1", 0);
        row.held = false;
        assert_eq!(row.tenure(&Sync::Loading, at(0)), Tenure::Left);
    }

    #[test]
    fn it_tells_its_step_and_its_host() {
        let mut row = claim("1", 0);
        assert_eq!((row.position(), row.host()), (Some((3, 9)), Some("laptop")));
        (row.step, row.actor) = (Some("the end".into()), None);
        assert_eq!((row.position(), row.host(), row.who()), (None, None, "somebody"));
    }
}
