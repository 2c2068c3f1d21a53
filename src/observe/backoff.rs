//! How long to wait before the next attempt: 0.2 to 5 s, doubling, jittered, from a seed so that tests repeat.

use rand::{Rng as _, SeedableRng as _, rngs::SmallRng};
use std::time::Duration;

const FIRST: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(super) struct Backoff {
    random: SmallRng,
    next: Duration,
}

impl Backoff {
    pub fn new(seed: u64) -> Self {
        Self { random: SmallRng::seed_from_u64(seed), next: FIRST }
    }

    /// Starts again with the shortest pause.
    pub fn reset(&mut self) {
        self.next = FIRST;
    }

    /// The next pause; at least `wanted` where the server named one.
    pub fn pause(&mut self, wanted: Option<Duration>) -> Duration {
        let pause = self.jitter(self.next);
        self.next = (self.next * 2).min(LONGEST);
        wanted.map_or(pause, |wanted| wanted.min(Duration::from_secs(60)) + pause / 4)
    }

    /// Between a half and the whole of `duration`.
    pub fn jitter(&mut self, duration: Duration) -> Duration {
        duration.mul_f64(self.random.random_range(0.5..=1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_stay_bounded_and_repeat_from_the_seed() {
        let pauses = |seed| {
            let mut backoff = Backoff::new(seed);
            (0..12).map(|_| backoff.pause(None)).collect::<Vec<_>>()
        };
        assert_eq!(pauses(7), pauses(7));
        assert_ne!(pauses(7), pauses(8));
        assert!(pauses(7).iter().all(|p| *p >= FIRST / 2 && *p <= LONGEST));
        assert!(pauses(7)[11] > pauses(7)[0] * 4);
    }

    #[test]
    fn what_the_server_asks_for_is_respected() {
        assert!(Backoff::new(1).pause(Some(Duration::from_secs(7))) >= Duration::from_secs(7));
    }
}
