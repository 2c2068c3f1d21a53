//! Notices that this machine slept: its wall clock moved on while its timers stood still.
//!
//! What was open when it fell asleep is open no more, though no connection says so; whoever waits for silence to last would wait
//! for another while. So watches are told, and connect again at once.

use crate::time::Clock;
use jiff::SignedDuration;
use std::time::Duration;
use tokio::{sync::watch, time::Instant};

/// How often the clocks are compared.
const BEAT: Duration = Duration::from_secs(5);
/// How far they may drift apart in between: a busy machine runs timers late, and both clocks see that.
const DRIFT: SignedDuration = SignedDuration::from_secs(10);

/// Counts the times that this machine woke up, until nobody listens.
pub(super) async fn run(clock: Clock, woken: watch::Sender<u64>) {
    loop {
        let (wall, timer) = (clock.now(), Instant::now());
        tokio::time::sleep(BEAT).await;
        let timed = SignedDuration::try_from(timer.elapsed()).unwrap_or(SignedDuration::MAX);
        // A clock that was set back tells nothing about connections.
        if clock.now().duration_since(wall).saturating_sub(timed) > DRIFT {
            woken.send_modify(|times| *times += 1);
        }
        if woken.is_closed() {
            return;
        }
    }
}
