//! Making few messages of many: what arrives within a moment is told together.

use crate::model::LogNews;
use std::time::Duration;
use tokio::{
    sync::mpsc,
    time::{Instant, timeout_at},
};

/// For how long what arrives is gathered: shorter than a frame can be noticed, longer than one takes.
const MOMENT: Duration = Duration::from_millis(30);
/// Lines told together at most.
const LINES: usize = 4_096;

/// Gathers what arrives and passes it on, until nobody listens or nobody speaks.
pub(super) async fn collect(mut arriving: mpsc::Receiver<Vec<LogNews>>, out: mpsc::Sender<Vec<LogNews>>) {
    while let Some(mut batch) = arriving.recv().await {
        let until = Instant::now() + MOMENT;
        let mut lines = count(&batch);
        while lines < LINES {
            match timeout_at(until, arriving.recv()).await {
                Ok(Some(more)) => {
                    lines += count(&more);
                    batch.extend(more);
                }
                Ok(None) | Err(_) => break,
            }
        }
        if out.send(joined(batch)).await.is_err() {
            return;
        }
    }
}

fn count(news: &[LogNews]) -> usize {
    news.iter().map(|news| if let LogNews::Lines(lines) = news { lines.len() } else { 1 }).sum()
}

/// Puts lines that follow each other into one piece.
fn joined(batch: Vec<LogNews>) -> Vec<LogNews> {
    let mut joined: Vec<LogNews> = Vec::new();
    for news in batch {
        match (joined.last_mut(), news) {
            (Some(LogNews::Lines(lines)), LogNews::Lines(more)) => lines.extend(more),
            (_, news) => joined.push(news),
        }
    }
    joined
}
