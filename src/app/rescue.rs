//! Several workloads at once, side by side: planned, then started after one confirmation. What one of them waits for or may not
//! see keeps no other back; once begun, each is an operation like any other.

use super::session::{Session, Unplanned, new_operation};
use crate::{
    model::{Control, Incident, Intent, ObjectRef, OperationId, OperationView, Plan, Progress, StepState},
    observe,
    operate::{Consent, Running, StartError},
    plan,
};
use futures::{StreamExt as _, stream};
use jiff::Timestamp;
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc},
    time::timeout,
};

/// How long the facts of one workload are waited for: longer than everything that can be done without.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long Git is waited for, of that.
const GIT: Duration = Duration::from_secs(2);
/// Workloads whose facts are gathered at once.
const AT_ONCE: usize = 16;

/// Operations that are confirmed together: their name, and a number for each.
#[derive(Debug)]
pub struct Group {
    id: String,
    next: AtomicUsize,
}

impl Group {
    /// A group that begins now.
    pub fn begun(now: Timestamp) -> Self {
        Self { id: new_operation(now).0, next: AtomicUsize::new(1) }
    }

    /// Its name.
    pub fn id(&self) -> &str {
        &self.id
    }

    fn operation(&self) -> OperationId {
        OperationId(format!("{}-{}", self.id, self.next.fetch_add(1, Ordering::Relaxed)))
    }
}

/// One plan that is wanted: what is asked for, and the breakage that it answers.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    /// What is asked for.
    pub intent: Intent,
    /// What is known of the breakage.
    pub incident: Incident,
}

impl Session {
    /// Plans each of these, a few at a time, as members of `group`. Each answer is handed over as soon as it is there, in whatever
    /// order; nothing is changed.
    pub async fn muster<F, A>(&self, group: &Group, wanted: Vec<Wanted>, why: Option<&str>, mut take: F)
    where
        F: FnMut(ObjectRef, Result<Plan, Unplanned>) -> A,
        A: Future<Output = ()>,
    {
        let world = self.world();
        let plans = wanted.into_iter().map(|wanted| {
            let world = &world;
            async move {
                let object = wanted.intent.target().clone();
                let planned = timeout(PATIENCE, self.member(world, group, wanted, why)).await;
                let late = |_| Err(Unplanned::Late { target: object.to_string(), seconds: PATIENCE.as_secs() });
                let planned = planned.unwrap_or_else(late);
                (object, planned)
            }
        });
        let mut plans = stream::iter(plans).buffer_unordered(AT_ONCE);
        while let Some((object, planned)) = plans.next().await {
            take(object, planned).await;
        }
    }

    async fn member(
        &self,
        world: &observe::World,
        group: &Group,
        wanted: Wanted,
        why: Option<&str>,
    ) -> Result<Plan, Unplanned> {
        let mut facts = observe::gather(world, &wanted.intent).await?;
        self.add_known(&mut facts, &wanted.intent);
        self.read_git(world, &mut facts, &wanted.intent, GIT).await;
        let why = why.map(str::to_owned);
        let plan = plan::plan(&wanted.intent, &facts, group.operation(), why, self.clock.now())?;
        let told = plan.incident.clone().unwrap_or_default();
        let incident = Incident {
            group: Some(group.id.clone()),
            // When the current revision came says more than when the object last moved.
            changed: told.changed.or(wanted.incident.changed),
            broken: wanted.incident.broken,
            cause: wanted.incident.cause.or(told.cause),
        };
        Ok(Plan { incident: Some(incident), ..plan })
    }
}

/// Operations whose first write may be under way at once, and for how long one of them may keep the next waiting.
const WRITING: usize = 16;
const TURN: Duration = Duration::from_secs(5);

/// What one of several operations tells.
#[derive(Debug)]
pub enum Word {
    /// It begins: as it stands, and how it is told what to do.
    Started(Box<OperationView>, mpsc::UnboundedSender<Control>),
    /// It does not begin: nothing was changed.
    Refused(StartError),
    /// It reports; the last is a result.
    Progress(Progress),
}

impl Session {
    /// Starts plans that were confirmed together: each an operation of its own, with its own permit, journal and Lease. The channel
    /// ends with the last of them.
    pub fn begin(self: &Arc<Self>, plans: Vec<Plan>, consent: &Consent) -> mpsc::Receiver<(OperationId, Word)> {
        let (words, receiver) = mpsc::channel(1024);
        let turns = Arc::new(Semaphore::new(WRITING));
        for plan in plans {
            let (session, words, consent, turns) =
                (Arc::clone(self), words.clone(), consent.clone(), Arc::clone(&turns));
            tokio::spawn(async move {
                // The semaphore is never closed.
                let turn = turns.acquire_owned().await.ok();
                let id = plan.operation.clone();
                match session.start(plan, &consent).await {
                    Ok(running) => follow(running, &words, turn).await,
                    Err(error) => drop(words.send((id, Word::Refused(error))).await),
                }
            });
        }
        receiver
    }
}

/// Passes on what an operation tells, and its turn once its first write is over or has been waited for long enough.
async fn follow(mut running: Running, words: &mpsc::Sender<(OperationId, Word)>, turn: Option<OwnedSemaphorePermit>) {
    let id = running.id.clone();
    let started = Word::Started(Box::new(running.view.clone()), running.controls.clone());
    // Nobody listens any more: the operation goes on, and its journal tells.
    let _ = words.send((id.clone(), started)).await;
    let (mut turn, over) = (turn, tokio::time::sleep(TURN));
    tokio::pin!(over);
    loop {
        let progress = tokio::select! {
            progress = running.progress.recv() => progress,
            () = &mut over, if turn.is_some() => {
                turn = None;
                continue;
            }
        };
        let Some(progress) = progress else { return };
        let settled = match &progress {
            Progress::Step { state, .. } => matches!(state, StepState::Done | StepState::Skipped | StepState::Failed),
            Progress::Result { .. } => true,
            Progress::Log(_) | Progress::State(_) | Progress::HoldUntil(_) => false,
        };
        if settled {
            turn = None;
        }
        let last = matches!(progress, Progress::Result { .. });
        let _ = words.send((id.clone(), Word::Progress(progress))).await; // as above
        if last {
            return;
        }
    }
}
