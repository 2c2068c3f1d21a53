//! Carrying effects out: each in a task of its own, answering with a message.

use super::{
    export,
    session::{Session, Unplanned},
    several::Muster,
};
use crate::{
    model::{Aspect, Batch, Change, Control, Facts, Grounds, Intent, ObjectRef, OperationId, Plan, Progress},
    observe::{self, ObserveError},
    operate::{Consent, Running, StartError},
    plan::PlanError,
    ui::{Choice, Effect, Failure, Message, Notice},
};
use jiff::Timestamp;
use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};
use tokio::{
    sync::mpsc,
    time::{Instant, timeout},
};
use tokio_util::task::AbortOnDropHandle;

/// How long Git is waited for while a plan is read.
const GIT: Duration = Duration::from_secs(120);
/// How long a sheet waits for it before it opens without: whoever confirms at once should confirm the whole of it, where that can
/// be had at once.
const SOON: Duration = Duration::from_millis(1500);
/// How long a workload is stayed on before its pods are asked for, where another was asked for just before.
const PASSING: Duration = Duration::from_millis(150);

/// What the event loop reaches the world with.
pub struct Hands {
    pub(super) session: Arc<Session>,
    pub(super) inbox: mpsc::Sender<Message>,
    batches: mpsc::Sender<Batch>,
    waiting: VecDeque<Effect>,
    pub(super) gathering: HashMap<u64, AbortOnDropHandle<()>>,
    inspecting: Option<AbortOnDropHandle<()>>,
    logs: mpsc::Sender<Message>,
    following: Option<AbortOnDropHandle<()>>,
    inspected_at: Option<Instant>,
    placing: Option<AbortOnDropHandle<()>>,
    looking: HashMap<Aspect, AbortOnDropHandle<()>>,
    pub(super) controls: Arc<Mutex<HashMap<OperationId, mpsc::UnboundedSender<Control>>>>,
    pub(super) muster: Option<Muster>,
    journals_seen: Option<SystemTime>,
    journals_looked_at: u64,
}

impl Hands {
    /// Hands that answer into `inbox`, put what they see of pods into `batches` and what logs say into `logs`.
    pub fn new(
        session: Arc<Session>,
        inbox: mpsc::Sender<Message>,
        batches: mpsc::Sender<Batch>,
        logs: mpsc::Sender<Message>,
    ) -> Self {
        Self {
            session,
            inbox,
            batches,
            waiting: VecDeque::new(),
            gathering: HashMap::new(),
            inspecting: None,
            logs,
            following: None,
            inspected_at: None,
            placing: None,
            looking: HashMap::new(),
            controls: Arc::default(),
            muster: None,
            journals_seen: None,
            journals_looked_at: 0,
        }
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        self.session.clock.now()
    }

    /// Notes effects to be carried out.
    pub fn queue(&mut self, effects: Vec<Effect>) {
        self.waiting.extend(effects);
    }

    /// The next effect to be carried out.
    pub fn next(&mut self) -> Option<Effect> {
        self.waiting.pop_front()
    }

    /// Whether this process carries the operation out.
    pub fn runs(&self, id: &OperationId) -> bool {
        self.controls.lock().unwrap_or_else(PoisonError::into_inner).contains_key(id)
    }

    /// The operations that this process carries out.
    pub fn running(&self) -> Vec<OperationId> {
        self.controls.lock().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }

    /// Carries an effect out.
    pub fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Gather { ticket, intent, why, overriding } => {
                let (session, inbox) = (Arc::clone(&self.session), self.inbox.clone());
                let task = tokio::spawn(async move {
                    let mut facts = match session.facts(&intent).await {
                        Ok(facts) => facts,
                        Err(error) => {
                            let result = Err(unplanned(&intent, &error));
                            return send(&inbox, Message::Planned { ticket, result }).await;
                        }
                    };
                    let grounds = Grounds { why, overriding };
                    let plan = |facts: &Facts| session.planned(&intent, facts, grounds.clone()).map(Arc::new);
                    let result = plan(&facts).map_err(|error| unplanned(&intent, &error));
                    let world = session.world();
                    let mut reading = Box::pin(session.read_git(&world, &mut facts, &intent, GIT));
                    let soon = timeout(SOON, &mut reading).await;
                    let Ok(told) = soon else {
                        send(&inbox, Message::Planned { ticket, result }).await;
                        // What Git adds comes while the sheet is open.
                        if reading.await
                            && let Ok(plan) = plan(&facts)
                        {
                            send(&inbox, Message::Replanned { ticket, plan }).await;
                        }
                        return;
                    };
                    drop(reading);
                    let result = if told { plan(&facts).map_err(|error| unplanned(&intent, &error)) } else { result };
                    send(&inbox, Message::Planned { ticket, result }).await;
                    if !told
                        && session.read_commits(&mut facts, &intent).await
                        && let Ok(plan) = plan(&facts)
                    {
                        send(&inbox, Message::Replanned { ticket, plan }).await;
                    }
                });
                self.gathering.retain(|_, task| !task.is_finished());
                self.gathering.insert(ticket, AbortOnDropHandle::new(task));
            }
            Effect::Forget(ticket) => {
                self.gathering.remove(&ticket);
                self.forget(ticket);
            }
            Effect::ListTags { ticket, wanted } => self.list_tags(ticket, wanted),
            Effect::DescribeTags { ticket, repository, tags } => self.describe_tags(ticket, repository, tags),
            Effect::Muster { ticket, wanted } => self.muster(ticket, wanted),
            Effect::Control(id, control) => self.control(&id, control),
            Effect::SavePlan(plan) => self.save(plan),
            Effect::Export(ids) => self.export(ids),
            Effect::Inspect(object) => self.inspect(object),
            Effect::FollowLogs { ticket, request } => {
                let (cluster, logs) = (self.session.cluster.clone(), self.logs.clone());
                let task = tokio::spawn(super::logs::follow(cluster, ticket, request, logs));
                self.following = Some(AbortOnDropHandle::new(task));
            }
            Effect::EndLogs => self.following = None,
            Effect::SaveLogs { name, lines, text } => {
                let (inbox, now) = (self.inbox.clone(), self.now());
                tokio::task::spawn_blocking(move || {
                    let notice = super::logs::save(&name, lines, &text, now);
                    // Nobody reads the inbox once the program ends.
                    let _ = inbox.blocking_send(Message::Notice(notice));
                });
            }
            Effect::SaveTable { name, extension, rows, text } => {
                let (inbox, now) = (self.inbox.clone(), self.now());
                tokio::task::spawn_blocking(move || {
                    let notice = super::logs::save_as(&name, extension, &format!("{rows} rows"), &text, now);
                    // Nobody reads the inbox once the program ends.
                    let _ = inbox.blocking_send(Message::Notice(notice));
                });
            }
            Effect::KeepView { name, view } => {
                let (desk, inbox) = (Arc::clone(&self.session.desk), self.inbox.clone());
                tokio::task::spawn_blocking(move || {
                    let told = super::views::keep(&desk.views, &name, view.as_ref());
                    // Nobody reads the inbox once the program ends.
                    let _ = inbox.blocking_send(told);
                });
            }
            Effect::Look { object, aspect } => self.look(object, aspect),
            Effect::LookAway => self.looking.clear(),
            Effect::Place { object, namespaces, owners } => {
                let (cluster, inbox) = (self.session.cluster.clone(), self.inbox.clone());
                let task = tokio::spawn(async move {
                    let placement = Arc::new(observe::look::placement(&cluster, &namespaces, &owners).await);
                    send(&inbox, Message::Placed { context: cluster.info().name.clone(), object, placement }).await;
                });
                self.placing = Some(AbortOnDropHandle::new(task));
            }
            // These concern the screen or other contexts: the event loop carries them out.
            Effect::Confirm { .. }
            | Effect::ConfirmAll(_)
            | Effect::Resume { .. }
            | Effect::Enter { .. }
            | Effect::Watch { .. }
            | Effect::Want(_)
            | Effect::Sample
            | Effect::LogIn(_)
            | Effect::Reload
            | Effect::Visible(_)
            | Effect::Scope(_)
            | Effect::Copy { .. }
            | Effect::Redraw
            | Effect::Suspend
            | Effect::Quit(_) => {}
        }
    }

    /// Reaches another context from now on. What was asked of the one before and not answered yet is given up; operations go on.
    pub fn enter(&mut self, session: Arc<Session>, batches: mpsc::Sender<Batch>) {
        (self.session, self.batches) = (session, batches);
        self.gathering.clear();
        self.muster = None;
        self.looking.clear();
        (self.inspecting, self.inspected_at, self.following, self.placing) = (None, None, None, None);
    }

    /// Starts a plan in its own context.
    pub fn start(&self, session: Arc<Session>, plan: Plan, typed: Option<String>) {
        let hands = self.reporting();
        tokio::spawn(async move {
            let started = session.start(plan, &consent(typed)).await;
            hands.follow(started).await;
        });
    }

    /// Takes an operation up in its own context.
    pub fn resume(&self, session: Arc<Session>, id: OperationId, order: Control, typed: Option<String>) {
        let hands = self.reporting();
        tokio::spawn(async move {
            let resumed = session.resume(&id, order, &consent(typed)).await;
            hands.follow(resumed).await;
        });
    }

    fn control(&self, id: &OperationId, control: Control) {
        let ours = self.controls.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned();
        match ours {
            // An operation that has just ended hears nothing any more, and needs not.
            Some(sender) => drop(sender.send(control)),
            None => {
                if let Err(error) = self.session.journals.control(id, control) {
                    self.notice(Notice::error(error.to_string()));
                }
            }
        }
    }

    fn notice(&self, notice: Notice) {
        let inbox = self.inbox.clone();
        tokio::spawn(async move { send(&inbox, Message::Notice(notice)).await });
    }

    fn save(&self, plan: Arc<Plan>) {
        let name = format!("pilothouse-{}.json", plan.operation);
        let saved = serde_json::to_vec_pretty(&*plan)
            .map_err(std::io::Error::from)
            .and_then(|text| std::fs::write(&name, text));
        self.notice(match saved {
            Ok(()) => Notice::information(format!("saved the plan as {name}")),
            Err(error) => {
                Notice::error(format!("cannot write {name}: {error}")).hint("start from a folder you may write to")
            }
        });
    }

    fn export(&self, ids: Vec<OperationId>) {
        let (journals, inbox, now) = (self.session.journals.clone(), self.inbox.clone(), self.now());
        tokio::task::spawn_blocking(move || {
            // The notice is lost where nobody reads any more, and then nobody misses it.
            let _ = inbox.blocking_send(Message::Notice(export::write(&journals, &ids, now)));
        });
    }

    /// Looks at the pods of a workload: at once, or, while one workload after the other is passed, once one is stayed on.
    fn inspect(&mut self, object: ObjectRef) {
        let (session, batches, inbox) = (Arc::clone(&self.session), self.batches.clone(), self.inbox.clone());
        let passing = self.inspected_at.replace(Instant::now()).is_some_and(|before| before.elapsed() < PASSING);
        let task = tokio::spawn(async move {
            if passing {
                tokio::time::sleep(PASSING).await;
            }
            match observe::inspect(&session.cluster, &object).await {
                Ok(inspection) => {
                    // Nobody reads batches once the program ends.
                    let _ = batches.send(vec![Change::Inspected(object, inspection)]).await;
                }
                Err(error) => send(&inbox, Message::NotInspected(object, error.to_string())).await,
            }
        });
        self.inspecting = Some(AbortOnDropHandle::new(task));
    }

    /// Looks at one side of a workload, in place of the look at that side that may still be under way.
    fn look(&mut self, object: ObjectRef, aspect: Aspect) {
        let (session, inbox) = (Arc::clone(&self.session), self.inbox.clone());
        let task = tokio::spawn(async move {
            let result = session.look(&object, aspect).await.map(Arc::new);
            let context = session.cluster.info().name.clone();
            send(&inbox, Message::Seen { context, object, aspect, result }).await;
        });
        self.looking.insert(aspect, AbortOnDropHandle::new(task));
    }

    /// Reads the journals again when their folder changed, and every few seconds while another process runs an operation.
    pub fn look_at_journals(&mut self) {
        let changed = std::fs::metadata(self.session.journals.folder()).and_then(|m| m.modified()).ok();
        self.journals_looked_at += 1;
        let first = self.journals_looked_at == 1;
        if !first && changed == self.journals_seen && !self.journals_looked_at.is_multiple_of(5) {
            return;
        }
        if changed.is_none() && !first {
            return;
        }
        self.journals_seen = changed;
        let (journals, inbox) = (self.session.journals.clone(), self.inbox.clone());
        tokio::task::spawn_blocking(move || {
            let listing = journals.list();
            // The inbox is bounded; the next look comes soon.
            let _ = inbox.try_send(Message::Operations(listing.operations));
            let _ = inbox.try_send(Message::Journal(listing.accounts));
        });
    }

    fn reporting(&self) -> Reporting {
        Reporting { inbox: self.inbox.clone(), controls: Arc::clone(&self.controls) }
    }
}

/// What a task needs to report about an operation.
struct Reporting {
    inbox: mpsc::Sender<Message>,
    controls: Arc<Mutex<HashMap<OperationId, mpsc::UnboundedSender<Control>>>>,
}

impl Reporting {
    async fn follow(self, started: Result<Running, StartError>) {
        let mut running = match started {
            Ok(running) => running,
            Err(error) => return send(&self.inbox, Message::Started(Err(not_started(&error)))).await,
        };
        let id = running.id.clone();
        self.controls.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone(), running.controls.clone());
        send(&self.inbox, Message::Started(Ok(Box::new(running.view.clone())))).await;
        while let Some(progress) = running.progress.recv().await {
            let over = matches!(progress, Progress::Result { .. });
            if over {
                self.controls.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
            }
            send(&self.inbox, Message::Operation(id.clone(), progress)).await;
            if over {
                return;
            }
        }
    }
}

/// Nobody reads the inbox once the program ends; then nothing needs to be told.
pub(super) async fn send(inbox: &mpsc::Sender<Message>, message: Message) {
    let _ = inbox.send(message).await;
}

fn consent(typed: Option<String>) -> Consent {
    typed.map_or(Consent::Yes, Consent::Name)
}

/// Why there is no plan, with the revisions that could be asked for instead.
pub(super) fn unplanned(intent: &Intent, error: &Unplanned) -> Failure {
    let choices = match error {
        Unplanned::Plan(PlanError::Unproven { target, revisions }) => revisions
            .iter()
            .map(|choice| Choice {
                label: format!("revision {}  {}", choice.revision, choice.images.join(" ")),
                detail: choice.evidence.clone(),
                intent: Intent::Rollback { target: target.clone(), revision: Some(choice.revision) },
            })
            .collect(),
        Unplanned::Gather(ObserveError::WhichPlace { places, .. }) => {
            places.iter().filter_map(|(file, reason)| placed(intent, file, reason)).collect()
        }
        _ => Vec::new(),
    };
    let title = format!("No plan to {} {}", intent.verb(), intent.target());
    let message = match error {
        Unplanned::Plan(PlanError::Unproven { .. }) => {
            "nothing proves that an earlier revision worked; choose one".into()
        }
        Unplanned::Gather(ObserveError::WhichPlace { .. }) => {
            "several places in Git could set the image; choose one, it is remembered".into()
        }
        error => error.to_string(),
    };
    Failure { title, message, hint: error.hint(), choices }
}

/// The same bump with the place named.
fn placed(intent: &Intent, place: &str, reason: &str) -> Option<Choice> {
    let mut intent = intent.clone();
    let Intent::Bump { file, .. } = &mut intent else { return None };
    *file = Some(place.to_owned());
    Some(Choice { label: place.to_owned(), detail: reason.to_owned(), intent })
}

pub(super) fn not_started(error: &StartError) -> Failure {
    Failure { title: "Not started".into(), message: error.to_string(), hint: error.hint(), choices: Vec::new() }
}
