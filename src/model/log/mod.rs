//! Logs: whose are read, what of them, and what reading them tells.
//!
//! Invariant: pure values. [`LogBuffer`] is bounded whatever is put into it; a line's text has passed [`clean`], so that it can
//! neither paint the screen nor hide what it says.

mod buffer;
mod clean;
mod cursor;
mod names;
mod pattern;

pub use buffer::{Held, LogBuffer, Place};
pub use clean::clean;
pub use cursor::LogCursor;
pub use names::{COLOURS as LOG_COLOURS, LogName, LogNames};
pub use pattern::Pattern;

use super::ObjectRef;
use jiff::{SignedDuration, Timestamp};
use std::{fmt, sync::Arc};

/// Whose logs are read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum LogSubject {
    /// All pods of a workload's current revision, whichever that is while one looks.
    Workload(ObjectRef),
    /// All pods of one revision of a workload: its `pod-template-hash` or `controller-revision-hash`.
    Revision(ObjectRef, String),
    /// One pod, or one container of it.
    Pod(ObjectRef, Option<String>),
    /// All pods of a Job, those of failed attempts too.
    Job(ObjectRef),
}

impl LogSubject {
    /// The object that is named on the screen.
    pub fn object(&self) -> &ObjectRef {
        match self {
            Self::Workload(object) | Self::Revision(object, _) | Self::Pod(object, _) | Self::Job(object) => object,
        }
    }
}

/// How far back a log is read when it is opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogSince {
    /// The last lines of each container.
    #[default]
    Tail,
    /// The last minute.
    Minute,
    /// The last quarter of an hour.
    Quarter,
    /// The last hour.
    Hour,
    /// Everything that is kept.
    All,
}

impl LogSince {
    /// The time that it reaches back; None where it is not a time that bounds it.
    pub const fn reach(self) -> Option<SignedDuration> {
        match self {
            Self::Tail | Self::All => None,
            Self::Minute => Some(SignedDuration::from_mins(1)),
            Self::Quarter => Some(SignedDuration::from_mins(15)),
            Self::Hour => Some(SignedDuration::from_hours(1)),
        }
    }
}

/// Which of a subject's containers are followed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct LogChoice {
    /// Pods of every revision, not of the current one only.
    pub every_revision: bool,
    /// This pod only.
    pub pod: Option<Arc<str>>,
    /// Containers of this name only.
    pub container: Option<Arc<str>>,
}

impl LogChoice {
    /// Whether this container is among the chosen ones.
    pub fn takes(&self, pod: &str, container: &str) -> bool {
        self.pod.as_deref().is_none_or(|chosen| chosen == pod)
            && self.container.as_deref().is_none_or(|chosen| chosen == container)
    }
}

/// What is to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogRequest {
    /// Whose logs.
    pub subject: LogSubject,
    /// Which containers.
    pub choice: LogChoice,
    /// The runs before the current ones, which are read once and not followed.
    pub previous: bool,
    /// How far back.
    pub since: LogSince,
    /// Lines of each container from the end, where [`LogSince::Tail`] bounds them.
    pub tail: u32,
}

/// Lines of each container that are read at first.
const TAIL: u32 = 200;

impl LogRequest {
    /// The end of the current runs' logs, then what follows.
    pub fn new(subject: LogSubject) -> Self {
        Self { subject, choice: LogChoice::default(), previous: false, since: LogSince::Tail, tail: TAIL }
    }
}

/// Names one container's log among those of a request.
pub type LogSourceId = u16;

/// Where the reading of one container's log stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogState {
    /// Not read: others are, and no more are read at once; or it was not chosen.
    Left,
    /// It was asked for.
    Opening,
    /// What the container writes arrives.
    Following,
    /// The container has written nothing yet, and why.
    Waiting(String),
    /// The stream broke, and why; it is taken up again.
    Broken(String),
    /// RBAC does not allow it.
    Forbidden(String),
    /// The container has ended for good, and how.
    Ended(String),
}

impl fmt::Display for LogState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Left => f.write_str("not followed"),
            Self::Opening => f.write_str("loading…"),
            Self::Following => f.write_str("following"),
            Self::Waiting(why) => write!(f, "waiting: {why}"),
            Self::Broken(why) => write!(f, "connection lost, trying again: {why}"),
            Self::Forbidden(why) => write!(f, "forbidden: {why}"),
            Self::Ended(how) => write!(f, "ended: {how}"),
        }
    }
}

/// One container whose log can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogSource {
    /// Its number in this request.
    pub id: LogSourceId,
    /// The pod.
    pub pod: Arc<str>,
    /// The container.
    pub container: Arc<str>,
    /// Whether it runs before the others.
    pub init: bool,
    /// `pod-template-hash` or `controller-revision-hash`.
    pub revision: Option<Arc<str>>,
    /// Where reading it stands.
    pub state: LogState,
}

/// Who says a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogVoice {
    /// The container.
    Output,
    /// This program: the container ended, restarted, waits.
    Note,
    /// This program, of something that went wrong.
    Trouble,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// Whose it is.
    pub source: LogSourceId,
    /// Who says it.
    pub voice: LogVoice,
    /// Whether it was written before anybody listened, and so belongs where its time says, however late it comes.
    pub past: bool,
    /// When it was written.
    pub at: Timestamp,
    /// The text, made harmless.
    pub text: Box<str>,
    /// Bytes cut off its end.
    pub cut: u32,
}

/// What reading logs tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogNews {
    /// A container, or where reading it stands now.
    Source(LogSource),
    /// Lines.
    Lines(Vec<LogLine>),
    /// The pods were listed: how many there are, and which revision is the current one.
    Listed {
        /// Pods of the subject, of whichever revision.
        pods: usize,
        /// The revision that is followed, by its hash; None where it is not known or does not matter.
        revision: Option<Arc<str>>,
    },
    /// The pods cannot be listed now, and why. It is tried again.
    Unlisted(String),
}
