//! Puts the changes of all watches together, so that the screen is fed at most 30 times a second.
//!
//! Invariant: what one watch sends in one piece stays together and in order; a relist depends on it.

use super::attention::Attention;
use crate::model::{Batch, Change};
use std::time::Duration;
use tokio::{
    sync::mpsc::{Receiver, Sender},
    time::{Instant, sleep_until},
};

/// The least time between two batches.
const PACE: Duration = Duration::from_millis(33);

/// Runs until all watches or the receiver of the batches are gone.
pub(super) async fn collect(mut changes: Receiver<Vec<Change>>, batches: Sender<Batch>, mut attention: Attention) {
    let mut due = Instant::now();
    while let Some(first) = changes.recv().await {
        let mut batch = attention.seen(first);
        // The first change after a quiet time goes out at once; the crowd behind it waits for the next turn.
        sleep_until(due).await;
        while let Ok(more) = changes.try_recv() {
            batch.extend(attention.seen(more));
        }
        if !batch.is_empty() && batches.send(batch).await.is_err() {
            return;
        }
        due = Instant::now() + PACE;
    }
}
