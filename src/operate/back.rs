//! Going back: one increment, or all the way. It passes no gate, no hold and no rehearsal, because it must always be possible.
//!
//! Invariant: only weights that this operation wrote are taken back, and only while they are what it wrote. What cannot be
//! taken back (a template that rolls, a Job that runs, a commit that is pushed) is left as it is, and said.

use super::{
    journal::Record,
    run::Run,
    steps::{
        owner,
        weights::{self, describe},
    },
    stop::Stop,
    write::Probe,
};
use crate::model::{Action, ObjectRef, Outcome, Progress, StepState, Verb, Weight};

/// The part of an increment that going back needs.
struct Increment {
    object: ObjectRef,
    uid: String,
    before: Vec<Weight>,
    after: Vec<Weight>,
}

impl Run {
    fn increment(&self, index: usize) -> Option<Increment> {
        match &self.plan().steps.get(index)?.action {
            Action::SetWeights { object, uid, before, after } => Some(Increment {
                object: object.clone(),
                uid: uid.clone(),
                before: before.clone(),
                after: after.clone(),
            }),
            _ => None,
        }
    }

    /// Finds out what became of an increment whose write was under way when an earlier process ended.
    pub(super) async fn reconcile(&mut self) -> Result<(), Stop> {
        let Some(index) = self.history.cursor() else { return Ok(()) };
        let step = &self.history.steps[index];
        if step.written || step.intent.is_none() {
            return Ok(());
        }
        let Some(Increment { object, uid, before, after }) = self.increment(index) else { return Ok(()) };
        let found = self.confirmed_object(index, &object, &uid).await?;
        match weights::judge(&found, &before, &after) {
            Probe::Done => self.wrote(index, &found).await,
            Probe::NotDone => Ok(()),
            Probe::Diverged(why) => Err(Stop::Conflict(why)),
        }
    }

    /// Takes the last increment back and pauses.
    pub(super) async fn step_back(&mut self) -> Result<(), Stop> {
        self.reconcile().await?;
        let last = self.history.last_increment();
        let Some((index, last)) = last.and_then(|index| Some((index, self.increment(index)?))) else {
            let why = match self.plan().verb {
                Verb::Shift => "no increment was written yet, so there is nothing to take back".to_owned(),
                verb => format!("a {verb} has no increments to take back"),
            };
            return self.note_pause(why).await;
        };
        self.record(Record::SteppingBack { step: index }).await?;
        self.going_back = true;
        let Increment { object, uid, before, after } = &last;
        let set = weights::set(self, index, object, uid, after, before, false).await;
        self.going_back = false;
        set?;
        self.record(Record::SteppedBack { step: index }).await?;
        for later in index..self.history.steps.len() {
            let detail = if later == index { format!("taken back: {}", describe(before)) } else { String::new() };
            self.tell(Progress::Step { index: later, state: StepState::Pending, detail }).await;
        }
        self.note_pause(format!("stepped back to {}", describe(before))).await
    }

    async fn note_pause(&mut self, why: String) -> Result<(), Stop> {
        if let Some(index) = self.history.cursor() {
            self.note(index, why.clone()).await;
        }
        self.record(Record::Paused { why }).await
    }

    /// Takes everything back, or leaves what cannot be taken back as it is.
    pub(super) async fn abort(&mut self) -> Result<(Outcome, String), Stop> {
        self.reconcile().await?;
        self.record(Record::Aborting).await?;
        if self.plan().verb != Verb::Shift {
            let holds: Vec<_> = self.history.holds().cloned().collect();
            if !holds.is_empty() {
                let index = self.history.cursor().unwrap_or(self.history.steps.len().saturating_sub(1));
                self.going_back = true;
                // What stands above is let go last, as by the plan's own steps.
                for hold in holds.iter().rev() {
                    owner::lift(self, index, hold).await?;
                }
                self.going_back = false;
                let owners: Vec<&str> = holds.iter().map(|hold| hold.owner.as_str()).collect();
                let what = format!("{} is let go, and applies what its source says", owners.join(", "));
                return Ok((Outcome::Failed, format!("aborted by the operator: {what}")));
            }
            return Ok(self.let_go());
        }
        let first = (0..self.history.steps.len()).find_map(|index| self.increment(index));
        let last = self.history.last_increment().and_then(|index| Some((index, self.increment(index)?)));
        let (Some(first), Some((index, last))) = (first, last) else {
            return Ok((Outcome::SteppedBack, "aborted while none of its weights was in force".into()));
        };
        self.going_back = true;
        let set = weights::set(self, index, &last.object, &last.uid, &last.after, &first.before, false).await;
        self.going_back = false;
        set?;
        Ok((Outcome::SteppedBack, format!("back to where it began: {}", describe(&first.before))))
    }

    /// Stops waiting for what goes on without us.
    fn let_go(&self) -> (Outcome, String) {
        if !self.history.has_written() {
            return (Outcome::SteppedBack, "aborted before anything was changed".into());
        }
        let target = &self.plan().target;
        let left = match self.plan().verb {
            Verb::Rollback => format!(
                "the template of {target} stays rolled back and goes on rolling out; another rollback returns it"
            ),
            Verb::Restart => format!("the pods of {target} go on restarting"),
            Verb::Migrate => "the Job goes on in the cluster; look at it with kubectl".into(),
            Verb::Bump => "the commit is pushed and stays; another bump returns the tag".into(),
            Verb::Shift => "the weights stay as they are".into(),
        };
        (Outcome::Failed, format!("aborted by the operator: {left}"))
    }
}
