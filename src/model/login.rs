//! How this process stands with a cluster's credentials: granted, until when, or what is missing.

use jiff::{SignedDuration, Timestamp};

/// From when until when a client certificate is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// Not before.
    pub from: Timestamp,
    /// Not after.
    pub until: Timestamp,
}

/// How soon something must be done about a certificate. Ordered: what is most urgent comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Urgency {
    /// It has expired.
    Expired,
    /// It expires within a day.
    Now,
    /// It expires within two weeks.
    Soon,
    /// There is time.
    None,
}

impl Validity {
    /// How soon something must be done. A certificate that is made for a few hours is not urgent for all of them: less than a
    /// third of its life must be left for a note, less than a tenth for alarm.
    pub fn urgency(&self, now: Timestamp) -> Urgency {
        let left = self.until.duration_since(now);
        let life = self.until.duration_since(self.from);
        let within = |most: SignedDuration, part: i32| left < most.min(life / part);
        if left <= SignedDuration::ZERO {
            Urgency::Expired
        } else if within(SignedDuration::from_hours(24), 10) {
            Urgency::Now
        } else if within(SignedDuration::from_hours(14 * 24), 3) {
            Urgency::Soon
        } else {
            Urgency::None
        }
    }
}

/// How this process stands with a cluster's credentials.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Login {
    /// Nothing was asked for yet, or the credentials are being fetched.
    #[default]
    Pending,
    /// There are credentials.
    Granted {
        /// The client certificate's dates, where one is used.
        certificate: Option<Validity>,
    },
    /// There are none, or the API server does not accept them.
    Needed {
        /// What is wrong, in the plugin's or the API server's words.
        why: String,
        /// What to do about it.
        hint: Option<String>,
        /// Whether the credential plugin can be run with the terminal, so that it may ask.
        asks: bool,
    },
}

impl Login {
    /// The client certificate's dates, where one is used.
    pub const fn certificate(&self) -> Option<Validity> {
        match self {
            Self::Granted { certificate } => *certificate,
            Self::Pending | Self::Needed { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(365, 24 * 30, Urgency::None)]
    #[case(365, 24 * 13, Urgency::Soon)]
    #[case(365, 23, Urgency::Now)]
    #[case(365, 0, Urgency::Expired)]
    #[case(1, 20, Urgency::None)]
    #[case(1, 7, Urgency::Soon)]
    #[case(1, 2, Urgency::Now)]
    fn urgency_follows_what_is_left_and_how_long_it_was_made_for(
        #[case] days: i64,
        #[case] hours_left: i64,
        #[case] expected: Urgency,
    ) {
        let from = Timestamp::UNIX_EPOCH;
        let until = from + SignedDuration::from_hours(days * 24);
        let validity = Validity { from, until };
        assert_eq!(validity.urgency(until - SignedDuration::from_hours(hours_left)), expected);
    }
}
