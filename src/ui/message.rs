//! What goes into the screen's state and what comes out of it, as data.
//!
//! Invariant: the state is changed by messages only, and reaches the world by effects only.

use crate::{
    config::View,
    model::{
        Account, Aspect, Casualty, ContextView, Control, Fleet, Intent, Kind, LogNews, LogRequest, ObjectRef,
        OperationId, OperationView, Owner, Placement, Plan, Progress, Sight, Unseen,
    },
};
use crossterm::event::{KeyEvent, MouseEvent};
use std::sync::Arc;

/// Names one request for a plan, so that an answer that comes after `esc` is known for what it is.
pub type Ticket = u64;

/// What the state is told.
#[derive(Clone, Debug)]
pub enum Message {
    /// A key was pressed.
    Key(KeyEvent),
    /// Text was pasted.
    Paste(String),
    /// The mouse did something.
    Mouse(MouseEvent),
    /// The terminal has this many columns and rows now.
    Resize(u16, u16),
    /// Time went by: about once a second.
    Tick,
    /// The rows are not what they were.
    RowsChanged,
    /// The answer to [`Effect::Gather`].
    Planned {
        /// The request's ticket.
        ticket: Ticket,
        /// The plan, or why there is none.
        result: Result<Arc<Plan>, Failure>,
    },
    /// A second answer to [`Effect::Gather`]: the plan with what came later.
    Replanned {
        /// The request's ticket.
        ticket: Ticket,
        /// The plan.
        plan: Arc<Plan>,
    },
    /// An answer to [`Effect::Muster`]: one of the plans, or why there is none.
    Mustered {
        /// The request's ticket.
        ticket: Ticket,
        /// The workload.
        object: ObjectRef,
        /// The plan, or why there is none.
        result: Result<Arc<Plan>, Failure>,
    },
    /// An answer to [`Effect::ConfirmAll`]: one of the operations runs in this process, or why it does not.
    Began(OperationId, Result<Box<OperationView>, Failure>),
    /// The answer to [`Effect::Confirm`] and [`Effect::Resume`]: the operation runs in this process, or why it does not.
    Started(Result<Box<OperationView>, Failure>),
    /// The pods of this workload could not be looked at, and why.
    NotInspected(ObjectRef, String),
    /// What was seen of one side of a workload, or why nothing was: the answer to [`Effect::Look`].
    Seen {
        /// The context it is in: another one may have been entered meanwhile.
        context: String,
        /// The workload.
        object: ObjectRef,
        /// The side.
        aspect: Aspect,
        /// What was seen.
        result: Result<Arc<Sight>, Unseen>,
    },
    /// Where the pods of a namespace or a group run: the answer to [`Effect::Place`].
    Placed {
        /// The context it is in: another one may have been entered meanwhile.
        context: String,
        /// The namespace, or the heading of the group.
        object: ObjectRef,
        /// What was seen.
        placement: Arc<Placement>,
    },
    /// Every operation that the journals know, newest first. Replaces what was known, except what runs here.
    Operations(Vec<OperationView>),
    /// What is told of every operation that the journals know, newest first. Replaces what was told.
    Journal(Vec<Account>),
    /// An operation reports.
    Operation(OperationId, Progress),
    /// What is known of all contexts. Replaces what was known.
    Fleet(Fleet),
    /// What is known of one context.
    Context(Box<ContextView>),
    /// The rows are another context's from now on: the answer to [`Effect::Enter`].
    Entered {
        /// The context.
        context: String,
        /// The workload to open there.
        open: Option<ObjectRef>,
    },
    /// What the kubeconfig says otherwise than when it was read; None where it says the same again.
    Kubeconfig(Option<String>),
    /// Logs that were asked for with this ticket tell something.
    Logs(Ticket, Vec<LogNews>),
    /// Something to tell in one line.
    Notice(Notice),
    /// Something failed and needs more than one line.
    Failed(Failure),
}

/// Plans that were shown together, and what the operator said to them.
#[derive(Clone, Debug, PartialEq)]
pub struct Confirmed {
    /// The plans.
    pub plans: Vec<Arc<Plan>>,
    /// What was typed in a protected context: the context's name, or the workload's where it is one.
    pub typed: Option<String>,
    /// The operator's reason.
    pub why: Option<String>,
}

/// What the state asks of the program around it.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Gather facts and plan; answer with [`Message::Planned`].
    Gather {
        /// To be given back with the answer.
        ticket: Ticket,
        /// What is asked for.
        intent: Intent,
        /// The operator's reason.
        why: Option<String>,
        /// Whether the team's rules are overridden.
        overriding: bool,
    },
    /// Gather facts and plan for each of these side by side; answer each with [`Message::Mustered`]. Those of one ticket belong
    /// together.
    Muster {
        /// To be given back with the answers.
        ticket: Ticket,
        /// What is asked for, and the breakage it answers.
        wanted: Vec<(Intent, Casualty)>,
    },
    /// Run these plans side by side; answer each with [`Message::Began`]. The guard decides, not the screen.
    ConfirmAll(Confirmed),
    /// The answer to this ticket is no longer wanted.
    Forget(Ticket),
    /// Run this plan; answer with [`Message::Started`]. The guard decides, not the screen.
    Confirm {
        /// The plan that was shown.
        plan: Arc<Plan>,
        /// The name that was typed, in a protected context.
        typed: Option<String>,
    },
    /// Put this text on the terminal's clipboard; answer with a notice that says what it is.
    Copy {
        /// What it is, in a word or two.
        what: String,
        /// The text.
        text: String,
    },
    /// Save this plan as JSON; answer with a notice.
    SavePlan(Arc<Plan>),
    /// Write what the journals tell of these operations into a Markdown file; answer with a notice.
    Export(Vec<OperationId>),
    /// Tell a running operation something.
    Control(OperationId, Control),
    /// Take up an operation that nobody carries out; answer with [`Message::Started`]. The guard is asked anew.
    Resume {
        /// The operation.
        operation: OperationId,
        /// What is wanted of it: `Next` goes on, `StepBack` and `Abort` take back.
        order: Control,
        /// The target's name as it was typed, in a protected context.
        typed: Option<String>,
    },
    /// Look at the pods of this workload. Only the latest such request counts.
    Inspect(ObjectRef),
    /// These workloads are on the screen and not well: their pods are looked at before those of others.
    Visible(Vec<ObjectRef>),
    /// Look at one side of this workload; answer with [`Message::Seen`].
    Look {
        /// The workload.
        object: ObjectRef,
        /// The side.
        aspect: Aspect,
    },
    /// Look where the pods of these namespaces run; answer with [`Message::Placed`]. Only the latest such request counts.
    Place {
        /// The namespace, or the heading of the group: given back with the answer.
        object: ObjectRef,
        /// The namespaces.
        namespaces: Vec<Arc<str>>,
        /// What made them: it is asked what it applied.
        owners: Vec<Owner>,
    },
    /// No look that is under way is wanted any more.
    LookAway,
    /// Watch this kind, if it is one that is watched only once somebody wants to see it.
    Want(Kind),
    /// Sample what the nodes use, once.
    Sample,
    /// Follow these logs and no others; what they say comes as [`Message::Logs`].
    FollowLogs {
        /// To be given back with the answers.
        ticket: Ticket,
        /// What is asked for.
        request: LogRequest,
    },
    /// No logs are wanted any more.
    EndLogs,
    /// Save these lines as a new file, whose name begins like this; answer with a notice.
    SaveLogs {
        /// How the file's name begins.
        name: String,
        /// How many lines there are.
        lines: usize,
        /// The lines.
        text: String,
    },
    /// Save a table as a new file of this name and extension; answer with a notice.
    SaveTable {
        /// How the file's name begins.
        name: String,
        /// What follows the point.
        extension: &'static str,
        /// How many rows there are.
        rows: usize,
        /// The text.
        text: String,
    },
    /// Keep this view in the file of views under its name, or take it out of there; answer with a notice.
    KeepView {
        /// Its name.
        name: String,
        /// The view; None where it is not wanted any more.
        view: Option<View>,
    },
    /// Only these namespaces are shown now; none named means all of them.
    Scope(Vec<Arc<str>>),
    /// Act on another context, connecting to it where that was not done yet; answer with [`Message::Entered`].
    Enter {
        /// The context.
        context: String,
        /// The workload to open there; given back with the answer.
        open: Option<ObjectRef>,
    },
    /// Watch a context beside the others, or no more.
    Watch {
        /// The context.
        context: String,
        /// Whether to watch it.
        on: bool,
    },
    /// Get credentials for this context again, lending the terminal to a plugin that asks.
    LogIn(String),
    /// Take over what the kubeconfig says now. The context that is acted on stays.
    Reload,
    /// Clear the terminal and draw everything again.
    Redraw,
    /// Give the terminal back to the shell until the program is continued.
    Suspend,
    /// End.
    Quit(Quit),
}

/// How to end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Quit {
    /// At once: nothing of ours runs.
    Now,
    /// Leave these operations where they are, resumable, then end.
    Leaving(Vec<OperationId>),
    /// Take these operations back to their start, then end.
    SteppingBack(Vec<OperationId>),
}

/// How much a notice matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Good to know.
    Information,
    /// Something is not as it should be.
    Warning,
    /// Something failed.
    Error,
}

/// One line for the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// How much it matters.
    pub level: Level,
    /// What happened.
    pub text: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Notice {
    /// Something good to know.
    pub fn information(text: impl Into<String>) -> Self {
        Self { level: Level::Information, text: text.into(), hint: None }
    }

    /// Something that is not as it should be.
    pub fn warning(text: impl Into<String>) -> Self {
        Self { level: Level::Warning, text: text.into(), hint: None }
    }

    /// Something that failed.
    pub fn error(text: impl Into<String>) -> Self {
        Self { level: Level::Error, text: text.into(), hint: None }
    }

    /// The same with what to do about it.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// Something that failed, at length.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// What failed, on what.
    pub title: String,
    /// Why.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
    /// What could be asked for instead: shown as a list to choose from.
    pub choices: Vec<Choice>,
}

/// One thing that could be asked for instead.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// Its name.
    pub label: String,
    /// What is known about it.
    pub detail: String,
    /// What choosing it asks for.
    pub intent: Intent,
}
