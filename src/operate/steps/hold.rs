//! Holds an increment for a time, with the gate watched.
//!
//! Invariant: only time in which the gate was seen open counts: neither a pause, nor a crash, nor an unknown reading. A hold
//! never ends on a bad or missing reading, unless the operator says so.

use super::{Ended, ready};
use crate::{
    model::Progress,
    operate::{
        journal::Record,
        run::{Run, Woken},
        stop::Stop,
    },
};
use jiff::SignedDuration;
use std::time::Duration;
use tokio::time::Instant;

/// How often the gate is read.
const TICK: Duration = Duration::from_secs(5);
/// Bad readings in a row that pause the operation.
const BREACHES: u32 = 3;
/// How much held time a crash may forget.
const FORGETS: Duration = Duration::from_secs(15);

pub(super) async fn run(
    run: &mut Run,
    index: usize,
    seconds: u64,
    namespace: &str,
    service: &str,
) -> Result<Ended, Stop> {
    let wanted = Duration::from_secs(seconds);
    let mut held = Duration::from_secs(run.history.steps[index].held);
    let mut saved = held;
    run.record(Record::Holding { step: index, held: held.as_secs() }).await?;
    // A stretch of time counts once the reading after it is good too.
    let mut unproven = Duration::ZERO;
    let (mut breaches, mut announced, mut said) = (0, false, None);
    loop {
        let reading = ready::count(run, index, namespace, service).await?;
        let open = matches!(reading, Ok(ready) if ready >= 1);
        let stretch = std::mem::take(&mut unproven);
        if open {
            breaches = 0;
            held += stretch;
            if held >= wanted {
                run.tell(Progress::HoldUntil(None)).await;
                return Ok(Ended::done(format!("held for {seconds} s with {service} ready")));
            }
        }
        let tick = if open { TICK.min(wanted.saturating_sub(held)) } else { TICK };
        if open != announced {
            announced = open;
            let left = SignedDuration::try_from(wanted.saturating_sub(held)).unwrap_or(SignedDuration::MAX);
            let until = open.then(|| run.now().checked_add(left).ok()).flatten();
            run.tell(Progress::HoldUntil(until)).await;
        }
        match &reading {
            Ok(ready) if open => {
                if said != Some(*ready) {
                    said = Some(*ready);
                    run.note(index, format!("gate open: {service} has {ready} ready")).await;
                }
            }
            Ok(_) => {
                said = None;
                breaches += 1;
                let text = format!("{service} has no ready endpoint ({breaches} of {BREACHES} readings)");
                run.note(index, text).await;
                if breaches == BREACHES {
                    breaches = 0;
                    let why =
                        format!("{service} has no ready endpoint: step back or abort, or go on once it is mended");
                    run.pause(why).await?;
                    continue;
                }
            }
            Err(why) => {
                run.note(index, format!("readiness of {service} is not known, so time stands still: {why}")).await
            }
        }
        let began = Instant::now();
        match run.wait(tick).await? {
            Woken::Next => {
                run.tell(Progress::HoldUntil(None)).await;
                return Ok(Ended::done(format!("the operator went on after {} of {seconds} s", held.as_secs())));
            }
            Woken::Elapsed if open => unproven = began.elapsed(),
            Woken::Elapsed => {}
            Woken::Continued => announced = false,
        }
        if held >= saved + FORGETS {
            saved = held;
            run.record(Record::Holding { step: index, held: held.as_secs() }).await?;
        }
    }
}
