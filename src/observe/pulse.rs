//! Notices what open watches do not: that this machine slept, and that the API server takes no connections any more.
//!
//! What was open when a machine fell asleep is open no more, though no connection says so. And an API server that is told to end
//! closes its door at once, while the watches it has stay open, silent, for as long as a minute. Whoever waits for silence to last
//! would wait for another while. So watches are told, and connect again at once: those that can be are, and the others say that
//! they are not.

use crate::{connect::kube::Cluster, model::Login, time::Clock};
use jiff::SignedDuration;
use std::time::Duration;
use tokio::{
    sync::watch,
    time::{Instant, timeout},
};

/// How often the clocks are compared.
const BEAT: Duration = Duration::from_secs(5);
/// How far they may drift apart in between: a busy machine runs timers late, and both clocks see that.
const DRIFT: SignedDuration = SignedDuration::from_secs(10);
/// How often the API server is asked for a sign of life, in beats, and how long it may take.
const KNOCK: u32 = 2;
const ANSWER: Duration = Duration::from_secs(4);
/// The least time between two alarms for connections that could not be made: where some can and some cannot, watches go on.
const RARELY: Duration = Duration::from_secs(15);

/// Why watches should connect again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Alarm {
    /// All is well so far.
    None,
    /// This machine slept, so often by now.
    Slept(u64),
    /// The API server did not take a connection, so often by now.
    Unreached(u64),
}

/// Raises alarms until nobody listens.
pub(super) async fn run(cluster: Cluster, alarms: watch::Sender<Alarm>) {
    tokio::join!(asleep(cluster.clock().clone(), &alarms), unreached(&cluster, &alarms), knock(&cluster, &alarms));
}

async fn asleep(clock: Clock, alarms: &watch::Sender<Alarm>) {
    let mut times = 0;
    while !alarms.is_closed() {
        let (wall, timer) = (clock.now(), Instant::now());
        tokio::time::sleep(BEAT).await;
        let timed = SignedDuration::try_from(timer.elapsed()).unwrap_or(SignedDuration::MAX);
        // A clock that was set back tells nothing about connections.
        if clock.now().duration_since(wall).saturating_sub(timed) > DRIFT {
            times += 1;
            alarms.send_replace(Alarm::Slept(times));
        }
    }
}

/// Whoever's request it was that did not get through.
async fn unreached(cluster: &Cluster, alarms: &watch::Sender<Alarm>) {
    let mut failed = cluster.unreached();
    while !alarms.is_closed() && failed.changed().await.is_ok() {
        alarms.send_replace(Alarm::Unreached(*failed.borrow_and_update()));
        tokio::time::sleep(RARELY).await;
        // What failed meanwhile is no news.
        failed.mark_unchanged();
    }
}

/// Makes requests where nobody else does. What comes of them is for [`unreached`] to notice.
async fn knock(cluster: &Cluster, alarms: &watch::Sender<Alarm>) {
    while !alarms.is_closed() {
        tokio::time::sleep(BEAT * KNOCK).await;
        // Credentials are fetched for what somebody wants to see.
        if matches!(cluster.login(), Login::Granted { .. }) {
            // An answer that is late or not to our taste is the watches' own business.
            let _ = timeout(ANSWER, cluster.reader().knock()).await;
        }
    }
}
