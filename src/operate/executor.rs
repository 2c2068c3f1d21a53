//! Starts operations and takes them up again. What is handed back runs on its own until it ends; dropping the handle does not
//! stop it.

use super::{
    guard::{self, Consent, Mode, Refused},
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
pub enum StartError {
    /// The guard refused.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The journal cannot be written or read, or another process holds it.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// It has ended.
    #[error("operation {id} has ended: {state}")]
    Ended {
        /// Which operation.
        id: OperationId,
        /// How.
        state: String,
    },
}

impl StartError {
    /// What to do about it, where the message does not say it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Refused(refused) => Some(refused.todo.clone()),
            Self::Journal(_) => None,
            Self::Ended { .. } => Some("there is nothing to go on with; make a new plan".into()),
        }
    }
}

/// What operations are carried out with. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Crew {
    /// The cluster.
    pub cluster: Cluster,
    /// Where operations are journaled.
    pub journals: Journals,
    /// The folder of the mirrors of Git remotes.
    pub git_cache: PathBuf,
    /// Who carries them out, as `user@host`.
    pub actor: String,
}

/// How an operation is begun, where it is not as usual.
#[derive(Clone, Default)]
pub struct Terms {
    /// Take the target from the operation that holds it, at once and on the operator's word.
    pub take_over: bool,
    /// Strike at boundaries: for tests of what a crash leaves behind.
    pub fault: Option<Arc<Fault>>,
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
    pub controls: mpsc::UnboundedSender<Control>,
}

impl Running {
    /// Tells it what to do. It listens between writes.
    pub fn control(&self, control: Control) {
        // One that has just ended hears nothing any more, and needs not.
        let _ = self.controls.send(control);
    }
}

/// Asks the guard and starts a confirmed plan. Its journal is on disk when this returns; the rest happens in a task of its own.
pub async fn start(plan: Plan, mode: Mode, consent: &Consent, crew: &Crew) -> Result<Running, StartError> {
    start_on(&Terms::default(), plan, mode, consent, crew).await
}

/// As [`start`], on other terms.
pub async fn start_on(
    terms: &Terms,
    plan: Plan,
    mode: Mode,
    consent: &Consent,
    crew: &Crew,
) -> Result<Running, StartError> {
    let writer = guard::authorize(&plan, mode, consent, &crew.cluster).await?.redeem(&plan)?;
    let (mut journal, mut history) = crew.journals.create(&plan, crew.cluster.clock().now())?;
    let confirmed = Record::Confirmed { actor: crew.actor.clone() };
    history.take(&journal.append(confirmed, crew.cluster.clock().now())?);
    Ok(crew.spawn(journal, history, writer, None, terms))
}

/// Takes an operation up that no process carries out; the guard is asked again. `order` is what the operator wants: `Next` goes
/// on, `StepBack` and `Abort` go back, `Pause` leaves it paused; with None a paused operation stays paused and an interrupted
/// one goes on.
pub async fn resume(
    id: &OperationId,
    mode: Mode,
    order: impl Into<Option<Control>>,
    consent: &Consent,
    crew: &Crew,
) -> Result<Running, StartError> {
    resume_on(&Terms::default(), id, mode, order, consent, crew).await
}

/// As [`resume`], on other terms.
pub async fn resume_on(
    terms: &Terms,
    id: &OperationId,
    mode: Mode,
    order: impl Into<Option<Control>>,
    consent: &Consent,
    crew: &Crew,
) -> Result<Running, StartError> {
    let (mut journal, mut history) = crew.journals.open(id)?;
    let state = history.state(false);
    if state.is_final() {
        return Err(StartError::Ended { id: id.clone(), state: state.to_string() });
    }
    let writer = guard::authorize_again(&history.plan, mode, consent, &crew.cluster).await?.redeem(&history.plan)?;
    let resumed = Record::Resumed { actor: crew.actor.clone() };
    history.take(&journal.append(resumed, crew.cluster.clock().now())?);
    Ok(crew.spawn(journal, history, writer, order.into(), terms))
}

impl Crew {
    fn spawn(
        &self,
        journal: Journal,
        history: History,
        writer: Writer,
        order: Option<Control>,
        terms: &Terms,
    ) -> Running {
        let (progress, receiver) = mpsc::channel(PROGRESS);
        let (control, controls) = mpsc::unbounded_channel();
        let resumed = history.steps.iter().any(|step| step.started.is_some());
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
            take_over: terms.take_over,
            resumed,
            progress,
            controls,
            faults: Faults(terms.fault.clone()),
            going_back: false,
        };
        let orders = orders(self.journals.clone(), id.clone(), control.clone());
        tokio::spawn(async move {
            tokio::select! {
                () = run.drive(order) => {}
                () = orders => {}
            }
        });
        Running { id, view, progress: receiver, controls: control }
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
