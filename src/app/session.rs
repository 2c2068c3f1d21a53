//! One session with one cluster: the connection, the configuration, the journals, and the way from an intent to an operation.
//!
//! Screen and command line both go through here, so neither can do what the other cannot.

use crate::{
    config::{Config, ConfigError, Paths, Terminal},
    connect::kube::{ApiErrorKind, Cluster, ConnectError, ConnectOptions, ContextInfo},
    model::{Control, Intent, OperationId, Outcome, Plan},
    observe::{self, ObserveError},
    operate::{self, Consent, Crew, Journals, Mode, Running, StartError},
    plan::{self, PlanError},
    time::Clock,
    ui,
};
use jiff::{Timestamp, tz::TimeZone};
use rand::Rng;
use std::path::PathBuf;

/// What the command line says about the session.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Where to connect.
    pub connect: ConnectOptions,
    /// `--all-namespaces`, or nothing said about namespaces.
    pub all_namespaces: bool,
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
    /// What was configured.
    pub config: Config,
    /// What is wrong with the configuration.
    pub complaints: Vec<ConfigError>,
    /// Journals of this machine's operations.
    pub journals: Journals,
    /// How this session may act.
    pub mode: Mode,
    /// The clock.
    pub clock: Clock,
    /// The operator, as `user@host`.
    pub actor: String,
    cache: PathBuf,
}

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
}

impl Unplanned {
    /// How a verb that ends here ended: there being nothing to do is no failure.
    pub fn outcome(&self) -> Outcome {
        match self {
            // What may not even be read is refused by the same RBAC as what may not be written.
            Self::Gather(ObserveError::Api(error)) if error.kind == ApiErrorKind::Forbidden => Outcome::Refused,
            Self::Gather(_) => Outcome::Failed,
            Self::Plan(error) => error.outcome(),
        }
    }

    /// What to do about it, where the message does not say it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Gather(error) => error.hint(),
            Self::Plan(_) => None,
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
        let cluster = Cluster::connect(&options.connect, Clock::System).await?;
        Ok(Self::on(cluster, &paths, options.read_only).on_terminal(options.ascii, options.no_mouse))
    }

    /// A session on a cluster inside this process, with all its files below `paths`.
    pub fn embedded(client: kube::Client, info: ContextInfo, clock: Clock, paths: &Paths, read_only: bool) -> Self {
        Self::on(Cluster::in_process(client, info, clock), paths, read_only)
    }

    fn on(cluster: Cluster, paths: &Paths, read_only: bool) -> Self {
        let (config, complaints) = Config::load(&paths.config, Terminal::of(|name| std::env::var(name).ok()));
        let info = cluster.info();
        let mode = Mode {
            read_only: read_only || config.settings.read_only(&info.name),
            protected: config.settings.protected(&info.name, info.loopback),
        };
        Self {
            journals: journals(paths),
            mode,
            clock: cluster.clock().clone(),
            actor: actor(),
            cache: paths.cache.join("git"),
            cluster,
            config,
            complaints,
        }
    }

    /// What the screen is opened with.
    pub fn screen(&self) -> ui::Session {
        let info = self.cluster.info();
        ui::Session::new(&info.name, info.loopback, self.mode.read_only, TimeZone::system(), self.config.clone())
    }

    /// The plan for an intent. Nothing is changed.
    ///
    /// # Errors
    /// When facts are missing or allow no plan; both say what to do.
    pub async fn plan(&self, intent: &Intent, why: Option<String>) -> Result<Plan, Unplanned> {
        let facts = observe::gather(&self.world(), intent).await?;
        let now = self.clock.now();
        Ok(plan::plan(intent, &facts, new_operation(now), why, now)?)
    }

    /// What gathering stands on.
    fn world(&self) -> observe::World {
        observe::World {
            cluster: self.cluster.clone(),
            git_cache: self.cache.clone(),
            actor: self.actor.clone(),
            proven: self.journals.proven(),
            repository: self.config.settings.repository(&self.cluster.info().name).map(str::to_owned),
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
            git_cache: self.cache.clone(),
            actor: self.actor.clone(),
        }
    }
}

/// The journals of this user on this machine.
pub fn journals(paths: &Paths) -> Journals {
    Journals::at(paths.data.join("operations"))
}

/// The operator as other operators will read it.
fn actor() -> String {
    let user = whoami::username().unwrap_or_else(|_| "unknown".into());
    let host = whoami::hostname().unwrap_or_else(|_| "localhost".into());
    format!("{user}@{host}")
}

/// A name for a new operation: the time to the second, and three characters against a colleague's same second.
fn new_operation(now: Timestamp) -> OperationId {
    const LETTERS: &[u8] = b"bcdfghjkmnpqrstvwxz23456789";
    let mut random = rand::rng();
    let suffix: String = (0..3).map(|_| char::from(LETTERS[random.random_range(0..LETTERS.len())])).collect();
    OperationId(format!("{}-{suffix}", now.strftime("%Y%m%d-%H%M%S")))
}
