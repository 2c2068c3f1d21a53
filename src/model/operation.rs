//! Operations: plans that run, ran or were interrupted, as screens and the command line show them.

use super::{ObjectRef, Verb};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Names one operation: short, sortable by time, safe in a file name and in a commit trailer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OperationId(pub String);

impl fmt::Display for OperationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Where an operation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OperationState {
    /// A live process carries it out.
    Running,
    /// It waits for an operator; a live process may or may not hold it.
    Paused,
    /// No process carries it out and it has not ended.
    Interrupted,
    /// It ended as planned.
    Done,
    /// It ended otherwise.
    Failed,
    /// It was taken back.
    SteppedBack,
}

impl OperationState {
    /// Whether it has ended.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::SteppedBack)
    }
}

impl fmt::Display for OperationState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Interrupted => "interrupted",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::SteppedBack => "stepped-back",
        })
    }
}

/// How an attempt to run or resume an operation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// As planned.
    Done,
    /// A step failed.
    Failed,
    /// The guard refused; nothing was changed.
    Refused,
    /// The world is not what was confirmed; nothing more was changed.
    Conflict,
    /// Taken back.
    SteppedBack,
    /// Left as it stands, to be resumed.
    Interrupted,
}

impl Outcome {
    /// The exit code of the command line.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Refused => 3,
            Self::Conflict => 4,
            Self::SteppedBack => 5,
            Self::Interrupted => 130,
        }
    }
}

/// Where one step stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StepState {
    /// Not begun.
    #[default]
    Pending,
    /// Begun.
    Started,
    /// Something happened within it.
    Progress,
    /// Done.
    Done,
    /// Found done already, or no longer needed.
    Skipped,
    /// Failed.
    Failed,
}

/// One step as it is shown.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StepView {
    /// The step's word.
    pub step: String,
    /// What it does.
    pub detail: String,
    /// Where it stands.
    pub state: StepState,
    /// The last thing it said.
    pub note: Option<String>,
    /// When it began.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub finished: Option<Timestamp>,
}

/// An operation as it is shown.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OperationView {
    /// Its name.
    pub id: OperationId,
    /// Its verb.
    pub verb: Verb,
    /// What it acts on.
    pub target: ObjectRef,
    /// The context it runs in.
    pub context: String,
    /// One line: what it does.
    pub summary: String,
    /// Where it stands.
    pub state: OperationState,
    /// Steps done.
    pub step: usize,
    /// Its steps.
    pub steps: Vec<StepView>,
    /// Who carries it out, as `user@host`.
    pub holder: String,
    /// When it was confirmed.
    pub started: Timestamp,
    /// Until when the current step holds.
    pub hold_until: Option<Timestamp>,
    /// How it ended or why it stands.
    pub message: Option<String>,
    /// The Job that it creates, where it creates one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job: Option<ObjectRef>,
    /// The last log lines of its Job; bounded.
    pub log: Vec<String>,
    /// Whether there are increments to take back one by one, now or once one is written.
    pub can_step_back: bool,
}

/// What an operator tells a running operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Control {
    /// Stop after the write under way and wait.
    Pause,
    /// Go on; during a hold: go on now.
    Next,
    /// Take the last increment back, then wait.
    StepBack,
    /// Take everything back.
    Abort,
    /// Stop carrying it out; it stays interrupted.
    Leave,
}

/// What a running operation reports, for the screen's timeline and the command line's JSON lines alike.
#[derive(Clone, Debug, PartialEq)]
pub enum Progress {
    /// A step changed its state or said something.
    Step {
        /// The step's index.
        index: usize,
        /// Its new state.
        state: StepState,
        /// What it said.
        detail: String,
    },
    /// A line of the running Job's log.
    Log(String),
    /// The operation's own state changed.
    State(OperationState),
    /// The current step holds until then.
    HoldUntil(Option<Timestamp>),
    /// This attempt is over.
    Result {
        /// How.
        outcome: Outcome,
        /// Why, in one sentence.
        message: String,
    },
}

impl OperationView {
    /// Takes in what the operation reports at `now`.
    pub fn apply(&mut self, progress: &Progress, now: Timestamp) {
        match progress {
            Progress::Step { index, state, detail } => self.step_changed(*index, *state, detail, now),
            Progress::Log(line) => {
                if self.log.len() == LOG_LINES {
                    self.log.remove(0);
                }
                self.log.push(line.clone());
            }
            Progress::State(state) => self.state = *state,
            Progress::HoldUntil(until) => self.hold_until = *until,
            Progress::Result { outcome, message } => {
                self.hold_until = None;
                self.message = Some(message.clone());
                self.state = match outcome {
                    Outcome::Done => OperationState::Done,
                    Outcome::Failed | Outcome::Refused | Outcome::Conflict => OperationState::Failed,
                    Outcome::SteppedBack => OperationState::SteppedBack,
                    Outcome::Interrupted if self.state == OperationState::Paused => OperationState::Paused,
                    Outcome::Interrupted => OperationState::Interrupted,
                };
            }
        }
    }

    fn step_changed(&mut self, index: usize, state: StepState, detail: &str, now: Timestamp) {
        let Some(step) = self.steps.get_mut(index) else { return };
        match state {
            StepState::Pending => (step.started, step.finished) = (None, None),
            StepState::Started => (step.started, step.finished) = (Some(now), None),
            StepState::Progress => {}
            StepState::Done | StepState::Skipped | StepState::Failed => step.finished = Some(now),
        }
        step.state = if state == StepState::Progress { StepState::Started } else { state };
        step.note = (!detail.is_empty()).then(|| detail.to_owned());
        self.step = self.steps.iter().take_while(|s| matches!(s.state, StepState::Done | StepState::Skipped)).count();
    }
}

/// Log lines kept for a view.
const LOG_LINES: usize = 500;
