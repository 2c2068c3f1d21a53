//! Starts operations and takes them up again. What is handed back runs on its own until it ends; dropping the handle does not
//! stop it.

use super::{
    guard::{self, Consent, Mode, Permit, Refused},
    journal::{History, Journal, JournalError, Journals, Record},
    run::Run,
    stop::{Fault, Faults},
};
use crate::{
    connect::kube::{Cluster, Writer},
    model::{Control, OperationId, OperationView, Plan, Progress},
};
use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::sync::mpsc;

/// How often another process's orders are looked for.
const ORDERS: Duration = Duration::from_millis(500);
/// How much progress may wait to be looked at.
const PROGRESS: usize = 4096;

/// Why an operation was not started or taken up. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum OperateError {
    /// The guard refused.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The journal cannot be written or read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// It has ended.
    #[error("operation {id} has ended ({state}): there is nothing to resume; make a new plan")]
    Ended {
        /// Which operation.
        id: OperationId,
        /// How.
        state: String,
    },
}

/// An operation that is being carried out.
#[derive(Debug)]
pub struct Running {
    /// Its name.
    pub id: OperationId,
    /// As it stood when it was started or taken up; progress applies to it.
    pub view: OperationView,
    /// What it reports; the last is a [`Progress::Result`].
    pub progress: mpsc::Receiver<Progress>,
    /// Takes the operator's word. Cheap to clone.
    pub control: mpsc::UnboundedSender<Control>,
}

/// Carries operations out on one cluster. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Executor {
    cluster: Cluster,
    journals: Journals,
    git_cache: PathBuf,
    actor: String,
    faults: Faults,
}

/// How the operator wants an operation to begin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Start {
    /// Take the target from an operation that holds it, explicitly.
    pub take_over: bool,
}

impl Executor {
    /// An executor for `actor` (`user@host`), with mirrors of Git remotes below `git_cache`.
    pub fn new(cluster: Cluster, journals: Journals, git_cache: PathBuf, actor: String) -> Self {
        Self { cluster, journals, git_cache, actor, faults: Faults::default() }
    }

    /// The same with a fault injected, for tests of what a crash leaves behind.
    pub fn with_fault(mut self, fault: Arc<Fault>) -> Self {
        self.faults = Faults(Some(fault));
        self
    }

    /// The journals it writes.
    pub fn journals(&self) -> &Journals {
        &self.journals
    }

    /// Asks the guard.
    pub async fn authorize(&self, plan: &Plan, mode: Mode, consent: &Consent) -> Result<Permit, Refused> {
        guard::authorize(plan, mode, consent, &self.cluster).await
    }

    /// Starts a confirmed plan: its journal is on disk when this returns; the rest happens in a task of its own.
    pub fn start(&self, plan: &Plan, permit: Permit, start: Start) -> Result<Running, OperateError> {
        let writer = permit.redeem(plan)?;
        let (mut journal, mut history) = self.journals.create(plan, self.cluster.clock().now())?;
        let confirmed = Record::Confirmed { actor: self.actor.clone() };
        history.take(&journal.append(confirmed, self.cluster.clock().now())?);
        Ok(self.spawn(journal, history, writer, None, start))
    }

    /// Takes an operation up that no process carries out. `order` is what the operator wants: `Next` goes on, `StepBack` and
    /// `Abort` go back, `Pause` leaves it paused; with None a paused operation stays paused and an interrupted one goes on.
    pub async fn resume(
        &self,
        id: &OperationId,
        mode: Mode,
        consent: &Consent,
        order: Option<Control>,
        start: Start,
    ) -> Result<Running, OperateError> {
        let (mut journal, mut history) = self.journals.open(id)?;
        let state = history.state(false);
        if state.is_final() {
            return Err(OperateError::Ended { id: id.clone(), state: state.to_string() });
        }
        let writer = self.authorize(&history.plan, mode, consent).await?.redeem(&history.plan)?;
        let resumed = Record::Resumed { actor: self.actor.clone() };
        history.take(&journal.append(resumed, self.cluster.clock().now())?);
        Ok(self.spawn(journal, history, writer, order, start))
    }

    fn spawn(
        &self,
        journal: Journal,
        history: History,
        writer: Writer,
        order: Option<Control>,
        start: Start,
    ) -> Running {
        let (progress, receiver) = mpsc::channel(PROGRESS);
        let (control, controls) = mpsc::unbounded_channel();
        let (id, view) = (history.plan.operation.clone(), history.view(true));
        let run = Run {
            cluster: self.cluster.clone(),
            writer,
            git_cache: self.git_cache.clone(),
            actor: self.actor.clone(),
            journals: self.journals.clone(),
            journal: Arc::new(Mutex::new(journal)),
            history,
            lock: None,
            take_over: start.take_over,
            progress,
            controls,
            faults: self.faults.clone(),
            going_back: false,
        };
        let orders = orders(self.journals.clone(), id.clone(), control.clone());
        tokio::spawn(async move {
            tokio::select! {
                () = run.drive(order) => {}
                () = orders => {}
            }
        });
        Running { id, view, progress: receiver, control }
    }
}

/// Passes on what other processes ask for. An order that was left for an earlier process is not for this one.
async fn orders(journals: Journals, id: OperationId, control: mpsc::UnboundedSender<Control>) {
    journals.take_control(&id);
    loop {
        tokio::time::sleep(ORDERS).await;
        if let Some(order) = journals.take_control(&id) {
            let _ = control.send(order); // the operation is ending
        }
    }
}
