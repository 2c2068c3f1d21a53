//! From the first step to the last, or back: the order in which things happen, and how an attempt ends.
//!
//! Invariant: an attempt that ends says so in the journal, unless the journal itself failed, and tells whoever watches last.

use super::{achieved, journal::GoingBack, journal::Record, run::Run, stop::Stop};
use crate::model::{Control, OperationState, Outcome, Progress, StepState, Verb};

impl Run {
    /// Carries the operation out, beginning with what the operator wants of an interrupted one. Returns how it ended.
    pub(super) async fn drive(mut self, order: Option<Control>) {
        let ended = self.attempt(order).await;
        let (outcome, message) = match ended {
            Ok(ended) => ended,
            // As `kill -9` leaves it: no record, no word, no release.
            Err(Stop::Crashed) => return,
            Err(stop) => match self.close(stop).await {
                Some(ended) => ended,
                None => return,
            },
        };
        // Somebody else holds the target, or a right is gone: that ends a fresh operation, but one that was under way stays
        // to be resumed. So does one that leaves an owner held off: until that is let go, nobody may take it for ended.
        let holds = outcome != Outcome::Done && self.history.holds().next().is_some();
        let stays = holds || outcome == Outcome::Refused && (self.resumed || self.history.has_written());
        let message = match self.history.holds().last().filter(|_| holds) {
            Some(hold) => {
                format!("{message}. {} is still held off: resume the operation, or abort it", hold.owner)
            }
            None => message,
        };
        let kept = if stays { Outcome::Interrupted } else { outcome };
        let record = Record::Result { outcome: kept, message: message.clone() };
        let message = match self.record(record).await {
            Ok(()) => message,
            Err(Stop::Crashed) => return,
            Err(Stop::Journal(error)) if message == error.to_string() => message,
            Err(Stop::Journal(error)) => format!("{message} (and the journal does not say so: {error})"),
            Err(_) => message,
        };
        self.release(kept == Outcome::Interrupted && self.history.has_written()).await;
        self.tell(Progress::HoldUntil(None)).await;
        self.tell(Progress::Result { outcome, message }).await;
    }

    async fn attempt(&mut self, order: Option<Control>) -> Result<(Outcome, String), Stop> {
        self.acquire().await?;
        self.reconcile().await?;
        let was_going_back = self.history.back.is_some();
        match self.history.back {
            Some(GoingBack::All) => return self.abort().await,
            Some(GoingBack::Step(_)) => self.step_back().await?,
            None => {}
        }
        // Going one back that was cut off is what a step back asks for: finished once, it is not begun again.
        let order = order.filter(|order| !(was_going_back && *order == Control::StepBack));
        match order {
            Some(Control::Abort) => return self.abort().await,
            Some(Control::StepBack) => self.step_back().await?,
            Some(Control::Next) => self.go_on().await?,
            Some(Control::Pause) if self.history.paused.is_none() => {
                self.record(Record::Paused { why: "paused by the operator".into() }).await?;
            }
            Some(Control::Leave) => return Err(Stop::Leave),
            Some(Control::Pause) | None => {}
        }
        self.tell(Progress::State(OperationState::Running)).await;
        loop {
            match self.turn().await {
                Ok(true) => {}
                Ok(false) => return Ok((Outcome::Done, achieved::sentence(&self.history))),
                Err(Stop::Back) => self.step_back().await?,
                Err(Stop::Abort) => return self.abort().await,
                Err(stop) => return Err(stop),
            }
        }
    }

    /// One pause or one step. Ok(false) when there is nothing left.
    async fn turn(&mut self) -> Result<bool, Stop> {
        if self.history.paused.is_some() {
            self.stay_paused().await?;
        }
        self.listen().await?;
        match self.history.cursor() {
            Some(index) => self.step(index).await.map(|()| true),
            None => Ok(false),
        }
    }

    /// What an early end means. None when a test ended it.
    async fn close(&mut self, stop: Stop) -> Option<(Outcome, String)> {
        let (outcome, message) = match stop {
            Stop::Failed(why) => (Outcome::Failed, why),
            Stop::Conflict(why) => (Outcome::Conflict, why),
            Stop::Refused(why) => (Outcome::Refused, why),
            Stop::Forbidden(why) if self.history.has_written() => {
                (Outcome::Refused, format!("{why}. It is {}", self.left()))
            }
            Stop::Forbidden(why) => (Outcome::Refused, why),
            Stop::Interrupted(why) => (Outcome::Interrupted, why),
            Stop::Journal(error) => (Outcome::Interrupted, error.to_string()),
            Stop::Leave => (Outcome::Interrupted, self.left()),
            // Asked for before the target was ours.
            Stop::Back | Stop::Abort if !self.history.has_written() => {
                (Outcome::SteppedBack, "ended before anything was changed".into())
            }
            Stop::Back | Stop::Abort => (Outcome::Interrupted, self.left()),
            Stop::Crashed => return None,
        };
        let failing = matches!(outcome, Outcome::Failed | Outcome::Conflict);
        if let Some(step) = self.history.cursor().filter(|_| failing) {
            self.tell(Progress::Step { index: step, state: StepState::Failed, detail: message.clone() }).await;
            if matches!(self.record(Record::Failed { step, detail: message.clone() }).await, Err(Stop::Crashed)) {
                return None;
            }
        }
        Some((outcome, message))
    }

    fn left(&self) -> String {
        let id = &self.plan().operation;
        let step = self.history.cursor().map_or(self.history.steps.len(), |index| index + 1);
        let stands = format!("left at step {step} of {}", self.history.steps.len());
        if self.plan().verb == Verb::Shift {
            return format!("{stands}: `pilothouse operations resume|step-back|abort {id}` goes on or back");
        }
        format!("{stands}: `pilothouse operations resume {id}` goes on")
    }
}
