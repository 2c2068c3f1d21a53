//! One operation being carried out: what its steps stand on. Reading with patience, waiting with an ear for the operator,
//! journaling before speaking.
//!
//! Invariant: the operator is listened to between writes only. A write under way is awaited; what became of it is known and
//! journaled before anything else happens.

use super::{
    journal::{History, Journal, Journals, Record},
    lock::Lock,
    stop::{Boundary, Faults, Stop},
};
use crate::{
    connect::kube::{ApiError, ApiErrorKind, Cluster, Reader, Writer},
    model::{Control, ObjectRef, OperationState, Plan, Progress, StepState},
};
use jiff::Timestamp;
use serde_json::Value;
use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until},
};

/// First and longest pause between two attempts to reach the API server.
const BACKOFF: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(15));

/// What ended a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Woken {
    /// The time is over.
    Elapsed,
    /// The operator wants to go on now.
    Next,
    /// There was a pause, and it is over; how long it was does not count.
    Continued,
}

/// One operation being carried out.
pub(super) struct Run {
    pub(super) cluster: Cluster,
    pub(super) writer: Writer,
    pub(super) git_cache: PathBuf,
    pub(super) actor: String,
    pub(super) journals: Journals,
    pub(super) journal: Arc<Mutex<Journal>>,
    pub(super) history: History,
    pub(super) lock: Option<Lock>,
    pub(super) take_over: bool,
    /// Whether an earlier process began it.
    pub(super) resumed: bool,
    pub(super) progress: mpsc::Sender<Progress>,
    pub(super) controls: mpsc::UnboundedReceiver<Control>,
    pub(super) faults: Faults,
    /// Going back listens to nothing but `Leave`.
    pub(super) going_back: bool,
}

impl Run {
    pub(super) fn plan(&self) -> &Plan {
        &self.history.plan
    }

    pub(super) fn now(&self) -> Timestamp {
        self.cluster.clock().now()
    }

    /// Journals a record; when this returns Ok it is on disk.
    pub(super) async fn record(&mut self, record: Record) -> Result<(), Stop> {
        self.faults.reach(Boundary::BeforeRecord)?;
        let (journal, now) = (self.journal.clone(), self.now());
        let append = move || journal.lock().unwrap_or_else(PoisonError::into_inner).append(record, now);
        let entry = match tokio::task::spawn_blocking(append).await {
            Ok(entry) => entry?,
            Err(_) => return Err(Stop::Interrupted("this program is ending".into())),
        };
        self.history.take(&entry);
        self.faults.reach(Boundary::AfterRecord)
    }

    /// Tells whoever watches. Somebody who does not look is not waited for, except with what must not be missed.
    pub(super) async fn tell(&self, progress: Progress) {
        let dispensable = matches!(progress, Progress::Log(_) | Progress::Step { state: StepState::Progress, .. });
        match self.progress.try_send(progress) {
            Err(mpsc::error::TrySendError::Full(progress)) if !dispensable => {
                let _ = self.progress.send(progress).await; // nobody watches any more: the journal still knows
            }
            _ => {}
        }
    }

    /// Says something about a step.
    pub(super) async fn note(&self, index: usize, detail: impl Into<String>) {
        self.tell(Progress::Step { index, state: StepState::Progress, detail: detail.into() }).await;
    }

    /// Waits, unless the operator says something.
    pub(super) async fn wait(&mut self, duration: Duration) -> Result<Woken, Stop> {
        let deadline = Instant::now() + duration;
        loop {
            let control = tokio::select! {
                biased;
                control = self.controls.recv() => control,
                () = sleep_until(deadline) => return Ok(Woken::Elapsed),
            };
            match control {
                Some(Control::Leave) => return Err(Stop::Leave),
                Some(_) if self.going_back => {}
                Some(Control::Next) => return Ok(Woken::Next),
                Some(Control::StepBack) => return Err(Stop::Back),
                Some(Control::Abort) => return Err(Stop::Abort),
                Some(Control::Pause) => {
                    self.pause("paused by the operator").await?;
                    return Ok(Woken::Continued);
                }
                None => {
                    sleep_until(deadline).await;
                    return Ok(Woken::Elapsed);
                }
            }
        }
    }

    /// Listens without waiting.
    pub(super) async fn listen(&mut self) -> Result<(), Stop> {
        self.wait(Duration::ZERO).await.map(drop)
    }

    /// Pauses until the operator says more.
    pub(super) async fn pause(&mut self, why: impl Into<String>) -> Result<(), Stop> {
        let why = why.into();
        self.record(Record::Paused { why: why.clone() }).await?;
        if let Some(index) = self.history.cursor() {
            self.note(index, why).await;
        }
        self.stay_paused().await
    }

    /// Stays paused until told to go on.
    pub(super) async fn stay_paused(&mut self) -> Result<(), Stop> {
        self.tell(Progress::HoldUntil(None)).await;
        self.tell(Progress::State(OperationState::Paused)).await;
        loop {
            match self.controls.recv().await {
                Some(Control::Next) => break,
                Some(Control::StepBack) => return Err(Stop::Back),
                Some(Control::Abort) => return Err(Stop::Abort),
                Some(Control::Leave) | None => return Err(Stop::Leave),
                Some(Control::Pause) => {}
            }
        }
        self.go_on().await
    }

    /// Ends a pause.
    pub(super) async fn go_on(&mut self) -> Result<(), Stop> {
        if self.history.paused.is_some() {
            self.record(Record::Continued).await?;
        }
        self.tell(Progress::State(OperationState::Running)).await;
        Ok(())
    }

    /// Asks the API server until it answers. An answer that will not change by asking again is handed back as it is.
    pub(super) async fn ask<T, F, A>(&mut self, index: usize, mut question: F) -> Result<Result<T, ApiError>, Stop>
    where
        F: FnMut(Reader) -> A + Send,
        A: Future<Output = Result<T, ApiError>> + Send,
    {
        let mut pause = BACKOFF.0;
        loop {
            let error = match question(self.cluster.reader().clone()).await {
                Ok(answer) => return Ok(Ok(answer)),
                Err(error) => error,
            };
            match error.kind {
                ApiErrorKind::Forbidden
                | ApiErrorKind::NotFound
                | ApiErrorKind::Invalid
                | ApiErrorKind::AlreadyExists
                | ApiErrorKind::Unsupported => return Ok(Err(error)),
                ApiErrorKind::Unreachable
                | ApiErrorKind::Unknown
                | ApiErrorKind::TooManyRequests
                | ApiErrorKind::Unauthorized
                | ApiErrorKind::Conflict
                | ApiErrorKind::Gone
                | ApiErrorKind::Other => self.note(index, trying_again(&error)).await,
            }
            self.wait(error.retry_after.unwrap_or(pause)).await?;
            pause = (pause * 2).min(BACKOFF.1);
        }
    }

    /// One object as it is now; None where it does not exist.
    pub(super) async fn find(&mut self, index: usize, object: &ObjectRef) -> Result<Option<Value>, Stop> {
        let object = object.clone();
        let question = move |reader: Reader| {
            let object = object.clone();
            async move { reader.find(&object).await }
        };
        self.ask(index, question).await?.map_err(|error| failed(&error))
    }
}

/// An API error as the reason a step ends here, with what to do.
pub(super) fn failed(error: &ApiError) -> Stop {
    match error.kind {
        ApiErrorKind::Forbidden => Stop::Forbidden(with_hint(error)),
        _ => Stop::Failed(with_hint(error)),
    }
}

/// An API error with what to do about it.
pub(super) fn with_hint(error: &ApiError) -> String {
    error.hint().map_or_else(|| error.to_string(), |hint| format!("{error}; {hint}"))
}

/// What is said while an answer is waited for.
pub(super) fn trying_again(error: &ApiError) -> String {
    match error.kind {
        ApiErrorKind::Unauthorized => format!("{}; trying again", with_hint(error)),
        // A failed `test` is told as an "error in our request"; it is what keeps us from writing over somebody else.
        ApiErrorKind::Conflict | ApiErrorKind::Invalid => {
            format!("{error}; if somebody else changed it, the next look shows: trying again")
        }
        _ => format!("{error}; trying again"),
    }
}
