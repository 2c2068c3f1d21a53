//! A journal read back: where an operation stands, for the executor that takes it up and for the screens that show it.
//!
//! Invariant: a pure function of the entries. Replaying the same entries gives the same history on any machine.

use super::record::{Entry, Record};
use crate::model::{Action, OperationState, OperationView, Outcome, OwnerHold, Plan, StepState, StepView, Verb};
use jiff::Timestamp;
use serde_json::Value;

/// What the journal tells of one step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StepHistory {
    /// Where it stands.
    pub state: StepState,
    /// The last thing recorded about it.
    pub detail: String,
    /// What was there before its write, if one was about to be sent.
    pub intent: Option<Value>,
    /// What its write or its end yielded.
    pub result: Option<Value>,
    /// Whether its write is known to have been applied and was not taken back.
    pub written: bool,
    /// Seconds held so far.
    pub held: u64,
    /// When it began.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub finished: Option<Timestamp>,
}

impl StepHistory {
    /// Whether nothing is left to do for it.
    pub const fn is_over(&self) -> bool {
        matches!(self.state, StepState::Done | StepState::Skipped)
    }
}

/// What was begun and not finished when going back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GoingBack {
    /// The write of this step is being taken back.
    Step(usize),
    /// Everything is being taken back.
    All,
}

/// One operation as its journal tells it.
#[derive(Clone, Debug, PartialEq)]
pub struct History {
    /// The plan.
    pub plan: Plan,
    /// Whether the guard ever let it pass.
    pub confirmed: Option<Timestamp>,
    /// Who carried it out last, as `user@host`.
    pub holder: String,
    /// One for each step of the plan.
    pub steps: Vec<StepHistory>,
    /// Why it is paused, while it is.
    pub paused: Option<String>,
    /// What was begun and not finished when going back.
    pub back: Option<GoingBack>,
    /// How the last attempt ended; None while one is under way or was cut off.
    pub result: Option<(Outcome, String)>,
    /// When the last entry was written.
    pub last: Timestamp,
}

impl History {
    /// Replays entries. None when they do not begin with a plan.
    pub fn replay(entries: &[Entry]) -> Option<Self> {
        let (first, rest) = entries.split_first()?;
        let Record::Planned { plan } = &first.record else { return None };
        let mut history = Self {
            steps: vec![StepHistory::default(); plan.steps.len()],
            confirmed: None,
            holder: plan.actor.clone(),
            paused: None,
            back: None,
            result: None,
            last: first.time,
            plan: (**plan).clone(),
        };
        for entry in rest {
            history.take(entry);
        }
        Some(history)
    }

    /// Takes in one more entry.
    pub fn take(&mut self, entry: &Entry) {
        self.last = entry.time;
        let time = Some(entry.time);
        match &entry.record {
            Record::Planned { .. } | Record::Locked { .. } => {}
            Record::Confirmed { actor } => {
                self.confirmed = time;
                self.holder.clone_from(actor);
            }
            Record::Resumed { actor } => {
                self.holder.clone_from(actor);
                self.result = None;
            }
            Record::Started { step } => {
                self.step(*step, |s| {
                    s.state = StepState::Started;
                    s.started = s.started.or(time);
                    s.finished = None;
                });
            }
            Record::Intent { step, before } => self.step(*step, |s| s.intent = Some(before.clone())),
            Record::Wrote { step, result } => self.step(*step, |s| {
                s.written = true;
                s.result = Some(result.clone());
            }),
            Record::Done { step, detail, result } => self.step(*step, |s| {
                (s.state, s.finished) = (StepState::Done, time);
                s.detail.clone_from(detail);
                s.result = Some(result.clone());
            }),
            Record::Skipped { step, detail } => self.step(*step, |s| {
                (s.state, s.finished) = (StepState::Skipped, time);
                s.detail.clone_from(detail);
            }),
            Record::Failed { step, detail } => self.step(*step, |s| {
                (s.state, s.finished) = (StepState::Failed, time);
                s.detail.clone_from(detail);
            }),
            Record::Holding { step, held } => self.step(*step, |s| s.held = *held),
            Record::Paused { why } => self.paused = Some(why.clone()),
            Record::Continued => self.paused = None,
            Record::SteppingBack { step } => self.back = Some(GoingBack::Step(*step)),
            Record::SteppedBack { step } => {
                self.back = None;
                // Going back ends in a pause, also when nobody came to say why.
                self.paused = Some("stepped back".into());
                for later in self.steps.iter_mut().skip(*step) {
                    *later = StepHistory::default();
                }
            }
            Record::Aborting => self.back = Some(GoingBack::All),
            Record::Result { outcome, message } => self.result = Some((*outcome, message.clone())),
        }
    }

    fn step(&mut self, index: usize, change: impl FnOnce(&mut StepHistory)) {
        if let Some(step) = self.steps.get_mut(index) {
            change(step);
        }
    }

    /// The first step that is not over; None when all are.
    pub fn cursor(&self) -> Option<usize> {
        self.steps.iter().position(|step| !step.is_over())
    }

    /// The last increment of traffic that was written and not taken back.
    pub fn last_increment(&self) -> Option<usize> {
        let increments = self.plan.steps.iter().zip(&self.steps).enumerate();
        increments
            .filter(|(_, (step, told))| matches!(step.action, Action::SetWeights { .. }) && told.written)
            .map(|(index, _)| index)
            .next_back()
    }

    /// The holds that this operation put on and has not taken off.
    pub fn holds(&self) -> impl Iterator<Item = &OwnerHold> {
        let steps = || self.plan.steps.iter().zip(&self.steps).filter(|(_, told)| told.is_over() || told.written);
        let released = move |hold: &OwnerHold| {
            steps().any(|(step, _)| matches!(&step.action, Action::ReleaseOwner(other) if other.object == hold.object))
        };
        steps().filter_map(move |(step, _)| match &step.action {
            Action::HoldOwner(hold) if !released(hold) => Some(hold),
            _ => None,
        })
    }

    /// Whether any write of this operation is known to have reached the world.
    pub fn has_written(&self) -> bool {
        self.steps.iter().any(|step| step.written)
    }

    /// Where it stands; `live` tells whether a process holds its journal.
    pub fn state(&self, live: bool) -> OperationState {
        match &self.result {
            Some((Outcome::Done, _)) => OperationState::Done,
            Some((Outcome::Failed | Outcome::Refused | Outcome::Conflict, _)) => OperationState::Failed,
            Some((Outcome::SteppedBack, _)) => OperationState::SteppedBack,
            Some((Outcome::Interrupted, _)) | None if self.paused.is_some() => OperationState::Paused,
            None if live => OperationState::Running,
            Some((Outcome::Interrupted, _)) | None => OperationState::Interrupted,
        }
    }

    /// As screens and the command line show it.
    pub fn view(&self, live: bool) -> OperationView {
        let steps = self.plan.steps.iter().zip(&self.steps).map(|(step, told)| StepView {
            step: step.step.clone(),
            detail: step.detail.clone(),
            state: told.state,
            note: (!told.detail.is_empty()).then(|| told.detail.clone()),
            started: told.started,
            finished: told.finished,
        });
        OperationView {
            id: self.plan.operation.clone(),
            verb: self.plan.verb,
            target: self.plan.target.clone(),
            context: self.plan.context.clone(),
            summary: self.plan.summary.clone(),
            state: self.state(live),
            step: self.steps.iter().take_while(|step| step.is_over()).count(),
            steps: steps.collect(),
            holder: self.holder.clone(),
            started: self.confirmed.unwrap_or(self.plan.created),
            hold_until: None,
            message: self.result.as_ref().map(|(_, message)| message.clone()).or_else(|| self.paused.clone()),
            job: self.plan.steps.iter().find_map(|step| match &step.action {
                Action::CreateJob { object, .. } => Some(object.clone()),
                _ => None,
            }),
            log: Vec::new(),
            can_step_back: self.plan.verb == Verb::Shift,
        }
    }

    /// The hashes of the templates whose rollout this operation saw end well, and when.
    pub fn proven(&self) -> impl Iterator<Item = (&str, Timestamp)> {
        self.plan.steps.iter().zip(&self.steps).filter_map(|(step, told)| {
            let ended_well = matches!(step.action, Action::WaitRollout { .. }) && told.state == StepState::Done;
            let hash = told.result.as_ref()?.get("template")?.as_str()?;
            ended_well.then_some((hash, told.finished?))
        })
    }
}
