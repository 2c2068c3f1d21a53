//! One session with one cluster: the connection, the configuration, the journals, and the way from an intent to an operation.
//!
//! Screen and command line both go through here, so neither can do what the other cannot.

use super::desk::Desk;
use crate::{
    config::Paths,
    connect::kube::{ApiErrorKind, Cluster, ConnectError, ConnectOptions, ContextInfo},
    formats::lease,
    model::{Commit, Control, Facts, Grounds, Intent, ObjectRef, OperationId, Outcome, Plan},
    observe::{self, ObserveError},
    operate::{self, Consent, Crew, Journals, Mode, Running, StartError},
    plan::{self, PlanError},
    time::Clock,
    ui,
};
use jiff::{Timestamp, tz::TimeZone};
use rand::Rng;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// What the command line says about the session.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Where to connect.
    pub connect: ConnectOptions,
    /// `--namespace`, as many as were named.
    pub namespaces: Vec<String>,
    /// `--all-namespaces`, or nothing said about namespaces.
    pub all_namespaces: bool,
    /// `--fleet`: watch every context of the kubeconfig.
    pub fleet: bool,
    /// `--read-only`.
    pub read_only: bool,
    /// `--ascii`.
    pub ascii: bool,
    /// `--no-mouse`.
    pub no_mouse: bool,
}

/// A session.
pub struct Session {
    /// The cluster.
    pub cluster: Cluster,
    /// What all sessions of this process share.
    pub desk: Arc<Desk>,
    /// Journals of this machine's operations.
    pub journals: Journals,
    /// How this session may act.
    pub mode: Mode,
    /// The clock.
    pub clock: Clock,
    /// The commits that Git was seen to have for workloads: a plan names them, and never waits for Git.
    pub(super) commits: Mutex<HashMap<ObjectRef, Vec<Commit>>>,
}

/// How long a plan that is made in one go waits for Git: somebody stands before a broken service.
const GIT: Duration = Duration::from_secs(3);
/// How long Git is waited for where only it is left to be put right.
const FINISHING: Duration = Duration::from_secs(60);

/// Why there is no session.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// No connection.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// No place for files.
    #[error("there is no home folder to keep journals in; set HOME")]
    NoHome,
}

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
pub enum Unplanned {
    /// The facts could not be gathered.
    #[error(transparent)]
    Gather(#[from] ObserveError),
    /// The facts allow no plan.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The facts did not come in time.
    #[error("the cluster did not tell enough about {target} within {seconds} s")]
    Late {
        /// The workload.
        target: String,
        /// How long was waited.
        seconds: u64,
    },
}

impl Unplanned {
    /// How a verb that ends here ended: there being nothing to do is no failure.
    pub fn outcome(&self) -> Outcome {
        match self {
            // What may not even be read is refused by the same RBAC as what may not be written.
            Self::Gather(ObserveError::Api(error)) if error.kind == ApiErrorKind::Forbidden => Outcome::Refused,
            Self::Gather(ObserveError::Rollout { .. }) => Outcome::Refused,
            Self::Gather(_) | Self::Late { .. } => Outcome::Failed,
            Self::Plan(error) => error.outcome(),
        }
    }

    /// What to do about it, where the message does not say it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Gather(error) => error.hint(),
            Self::Plan(_) => None,
            Self::Late { .. } => Some("ask again, or roll it back by itself, which waits longer".into()),
        }
    }
}

impl Session {
    /// Connects as `options` say.
    ///
    /// # Errors
    /// When no connection can be prepared or there is no place for files. The network is not reached for yet.
    pub async fn open(options: &Options) -> Result<Self, SessionError> {
        let paths = Paths::find().ok_or(SessionError::NoHome)?;
        let desk = Desk::set_up(&paths, Clock::System, options.read_only);
        let cluster = Cluster::connect(&desk.with_candidates(&options.connect)?, Clock::System).await?;
        Ok(Self::on(cluster, &Arc::new(desk.on_terminal(options.ascii, options.no_mouse))))
    }

    /// A session on a cluster.
    pub fn on(cluster: Cluster, desk: &Arc<Desk>) -> Self {
        Self {
            journals: desk.journals.clone(),
            mode: mode(desk, cluster.info()),
            clock: cluster.clock().clone(),
            desk: Arc::clone(desk),
            cluster,
            commits: Mutex::default(),
        }
    }

    /// What the screen is opened with.
    pub fn screen(&self) -> ui::Session {
        let info = self.cluster.info();
        let config = self.desk.config.clone();
        let screen = ui::Session::new(&info.name, info.loopback, self.mode.read_only, TimeZone::system(), config);
        ui::Session { actor: self.desk.actor.clone(), ..screen }
    }

    /// The plan for an intent, which waits for Git a little. Nothing is changed.
    ///
    /// # Errors
    /// When facts are missing or allow no plan; both say what to do.
    pub async fn plan(&self, intent: &Intent, grounds: impl Into<Grounds>) -> Result<Plan, Unplanned> {
        let mut facts = self.facts(intent).await?;
        // Where the cluster is right already and only Git is left, there is nothing else to be done meanwhile.
        let finishing =
            matches!(&facts, Facts::Rollback(facts) if facts.reconciler.as_ref().is_some_and(|r| r.hold().is_some()));
        let patience = if finishing { FINISHING } else { GIT };
        self.read_git(&self.world(), &mut facts, intent, patience).await;
        self.planned(intent, &facts, grounds.into())
    }

    /// What the cluster says for an intent, before Git is asked.
    ///
    /// # Errors
    /// When facts are missing that no plan can do without.
    pub(super) async fn facts(&self, intent: &Intent) -> Result<Facts, Unplanned> {
        let mut facts = observe::gather(&self.world(), intent).await?;
        self.add_known(&mut facts, intent);
        Ok(facts)
    }

    /// Adds what this program knows by itself: whether the process that holds the target's Lease is gone, and commits seen before.
    pub(super) fn add_known(&self, facts: &mut Facts, intent: &Intent) {
        if let Some(holder) = &mut facts.common_mut().holder {
            let here = lease::host(&holder.identity) == lease::host(&self.desk.actor);
            let id = holder.operation.as_ref().map(|id| OperationId(id.clone()));
            holder.gone = here && id.is_some_and(|id| self.journals.is_abandoned(&id));
        }
        if let Facts::Rollback(facts) = facts {
            facts.around.commits = self.known_commits(intent.target()).unwrap_or_default();
        }
    }

    /// Adds what Git says to the facts of a rollback, if it says that within `patience`. Returns whether anything came of it.
    pub(super) async fn read_git(
        &self,
        world: &observe::World,
        facts: &mut Facts,
        intent: &Intent,
        patience: Duration,
    ) -> bool {
        let Facts::Rollback(facts) = facts else { return false };
        if facts.reconciler.is_none() {
            return false;
        }
        let known = std::mem::take(&mut facts.around.commits);
        observe::sight(world, facts, intent.target(), patience).await;
        match facts.around.commits.is_empty() {
            true => facts.around.commits = known,
            false => self.keep_commits(intent.target(), facts.around.commits.clone()),
        }
        true
    }

    /// Adds the commits that Git has for a workload that nothing reconciles. Returns whether there are any.
    pub(super) async fn read_commits(&self, facts: &mut Facts, intent: &Intent) -> bool {
        let Facts::Rollback(facts) = facts else { return false };
        if !facts.around.commits.is_empty() || self.origin(intent.target(), None).await.is_err() {
            return false;
        }
        facts.around.commits = self.known_commits(intent.target()).unwrap_or_default();
        !facts.around.commits.is_empty()
    }

    /// The plan that follows from facts.
    ///
    /// # Errors
    /// When they allow none.
    pub(super) fn planned(&self, intent: &Intent, facts: &Facts, grounds: Grounds) -> Result<Plan, Unplanned> {
        let now = self.clock.now();
        Ok(plan::plan(intent, facts, new_operation(now), grounds, now)?)
    }

    /// The commits that wrote a workload's images, where Git was read for it before.
    pub(super) fn known_commits(&self, target: &ObjectRef) -> Option<Vec<Commit>> {
        self.commits.lock().unwrap_or_else(PoisonError::into_inner).get(target).cloned()
    }

    /// Keeps what Git has for a workload.
    pub(super) fn keep_commits(&self, target: &ObjectRef, commits: Vec<Commit>) {
        self.commits.lock().unwrap_or_else(PoisonError::into_inner).insert(target.clone(), commits);
    }

    /// What gathering stands on.
    pub(super) fn world(&self) -> observe::World {
        observe::World {
            cluster: self.cluster.clone(),
            git_cache: self.desk.cache.clone(),
            actor: self.desk.actor.clone(),
            proven: self.journals.proven(),
            chosen: self.journals.chosen(&self.cluster.info().name),
            repository: self.desk.config.settings.repository(&self.cluster.info().name).map(str::to_owned),
        }
    }

    /// Asks the guard and starts the operation.
    ///
    /// # Errors
    /// When the guard refuses or the journal cannot be written; nothing was changed then.
    pub async fn start(&self, plan: Plan, consent: &Consent) -> Result<Running, StartError> {
        operate::start(plan, self.mode, consent, &self.crew()).await
    }

    /// Takes an operation up that no process carries out, as `order` says.
    ///
    /// # Errors
    /// As [`Self::start`]; also when another process holds it or it has ended.
    pub async fn resume(&self, id: &OperationId, order: Control, consent: &Consent) -> Result<Running, StartError> {
        operate::resume(id, self.mode, order, consent, &self.crew()).await
    }

    /// What operations are carried out with.
    fn crew(&self) -> Crew {
        Crew {
            cluster: self.cluster.clone(),
            journals: self.journals.clone(),
            git_cache: self.desk.cache.clone(),
            actor: self.desk.actor.clone(),
        }
    }
}

/// How this process may act on a context.
pub fn mode(desk: &Desk, info: &ContextInfo) -> Mode {
    let settings = &desk.config.settings;
    Mode {
        read_only: desk.read_only || settings.read_only(&info.name),
        protected: settings.protected(&info.name, info.loopback),
    }
}

/// A name for a new operation: the time to the second, and three characters against a colleague's same second.
pub(super) fn new_operation(now: Timestamp) -> OperationId {
    const LETTERS: &[u8] = b"bcdfghjkmnpqrstvwxz23456789";
    let mut random = rand::rng();
    let suffix: String = (0..3).map(|_| char::from(LETTERS[random.random_range(0..LETTERS.len())])).collect();
    OperationId(format!("{}-{suffix}", now.strftime("%Y%m%d-%H%M%S")))
}
