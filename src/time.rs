//! The clock handle: every room that needs the time is given a [`Clock`], so that tests can run hours in milliseconds.
//!
//! A [`Clock::System`] reads the machine's wall clock. A [`Clock::Virtual`] is an epoch plus tokio's own clock: on a paused
//! runtime it advances with tokio's timers, so holds, leases and deadlines agree with `tokio::time::sleep`.
//! Nothing outside this room calls [`Timestamp::now`].

use jiff::{SignedDuration, Timestamp};
use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};
use tokio::time::Instant;

/// Where the time comes from. Cheap to clone.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The machine's wall clock.
    System,
    /// `epoch` plus the time that tokio's clock has advanced since `start`.
    Virtual {
        /// Wall-clock time at `start`.
        epoch: Timestamp,
        /// The tokio instant that stands for `epoch`.
        start: Instant,
        /// Seconds by which it has jumped besides, as a wall clock does while a laptop sleeps.
        jumped: Arc<AtomicI64>,
    },
}

impl Clock {
    /// A clock that starts at `epoch` now and follows tokio's clock (which a test may pause).
    pub fn starting_at(epoch: Timestamp) -> Self {
        Self::Virtual { epoch, start: Instant::now(), jumped: Arc::default() }
    }

    /// A clock that stands at `epoch` for as long as `still`.
    pub fn standing(epoch: Timestamp, still: std::time::Duration) -> Self {
        Self::Virtual { epoch, start: Instant::now() + still, jumped: Arc::default() }
    }

    /// The current wall-clock time.
    pub fn now(&self) -> Timestamp {
        match self {
            Self::System => Timestamp::now(),
            Self::Virtual { epoch, start, jumped } => {
                let elapsed = SignedDuration::try_from(start.elapsed()).unwrap_or(SignedDuration::MAX);
                let jumped = SignedDuration::from_secs(jumped.load(Ordering::Relaxed));
                epoch.checked_add(elapsed.saturating_add(jumped)).unwrap_or(Timestamp::MAX)
            }
        }
    }

    /// The virtual clock and all its clones jump, without any timer noticing: this machine slept, or somebody set its clock. The
    /// system's clock does not obey.
    pub fn jump(&self, by: SignedDuration) {
        if let Self::Virtual { jumped, .. } = self {
            jumped.fetch_add(by.as_secs(), Ordering::Relaxed);
        }
    }
}

/// The age of something that began at `then`, as operators read it: `45s`, `7m`, `3h`, `12d`. Never negative.
pub fn age(then: Timestamp, now: Timestamp) -> String {
    let seconds = now.duration_since(then).as_secs().max(0);
    match seconds {
        s if s < 120 => format!("{s}s"),
        s if s < 120 * 60 => format!("{}m", s / 60),
        s if s < 48 * 3600 => format!("{}h", s / 3600),
        s => format!("{}d", s / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn virtual_time_follows_tokio() {
        let epoch: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let clock = Clock::starting_at(epoch);
        tokio::time::advance(std::time::Duration::from_secs(3600)).await;
        assert_eq!(clock.now().to_string(), "2026-01-01T01:00:00Z");
        clock.clone().jump(SignedDuration::from_secs(90));
        assert_eq!(clock.now().to_string(), "2026-01-01T01:01:30Z");
    }

    #[test]
    fn ages_read_like_kubectl() {
        let t = |s: i64| Timestamp::from_second(s).unwrap();
        assert_eq!(age(t(0), t(45)), "45s");
        assert_eq!(age(t(0), t(7 * 60)), "7m");
        assert_eq!(age(t(0), t(49 * 3600)), "2d");
        assert_eq!(age(t(50), t(0)), "0s");
    }
}
