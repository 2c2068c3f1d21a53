//! Puts the changes of all watches together, so that the screen is fed at most 30 times a second.
//!
//! Invariant: what one watch sends in one piece stays together and in order; a relist depends on it. How far a kind's rows can be
//! trusted is news of its own and waits for nobody: it says that a list is complete, or that a line is dead.

use super::attention::Attention;
use crate::model::{Batch, Change};
use std::time::Duration;
use tokio::{
    sync::mpsc::{Receiver, Sender},
    time::{Instant, timeout_at},
};

/// The least time between two batches.
const PACE: Duration = Duration::from_millis(33);

/// Runs until all watches or the receiver of the batches are gone.
pub(super) async fn collect(mut changes: Receiver<Vec<Change>>, batches: Sender<Batch>, mut attention: Attention) {
    let mut due = Instant::now();
    while let Some(first) = changes.recv().await {
        let mut urgent = is_urgent(&first);
        let mut batch = attention.seen(first);
        // The first change after a quiet time goes out at once; the crowd behind it waits for the next turn.
        while !urgent
            && Instant::now() < due
            && let Ok(Some(more)) = timeout_at(due, changes.recv()).await
        {
            urgent = is_urgent(&more);
            batch.extend(attention.seen(more));
        }
        while let Ok(more) = changes.try_recv() {
            batch.extend(attention.seen(more));
        }
        if !batch.is_empty() && batches.send(batch).await.is_err() {
            return;
        }
        due = Instant::now() + PACE;
    }
}

fn is_urgent(changes: &[Change]) -> bool {
    changes.iter().any(|change| matches!(change, Change::Sync(..)))
}
