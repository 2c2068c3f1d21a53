//! What all sessions of one process share: configuration, journals, folders, the operator's name.

use super::views::ViewsFile;
use crate::{
    config::{Config, ConfigError, Paths, Terminal},
    connect::{
        self,
        kube::{ConnectError, ConnectOptions},
    },
    operate::Journals,
    time::Clock,
};
use std::path::PathBuf;

/// What all sessions share.
#[derive(Debug)]
pub struct Desk {
    /// What was configured.
    pub config: Config,
    /// What is wrong with the configuration.
    pub complaints: Vec<ConfigError>,
    /// Journals of this machine's operations.
    pub journals: Journals,
    /// The clock.
    pub clock: Clock,
    /// The operator, as `user@host`.
    pub actor: String,
    /// Whether the command line forbids every change.
    pub read_only: bool,
    pub(super) views: ViewsFile,
    pub(super) cache: PathBuf,
}

impl Desk {
    /// Reads the configuration.
    pub fn set_up(paths: &Paths, clock: Clock, read_only: bool) -> Self {
        let (config, complaints) = Config::load(&paths.config, Terminal::of(|name| std::env::var(name).ok()));
        Self {
            config,
            complaints,
            journals: journals(paths),
            clock,
            actor: actor(),
            read_only,
            views: ViewsFile::at(paths.views()),
            cache: paths.cache.join("git"),
        }
    }

    /// The options with the namespaces that are configured for the context they lead to.
    ///
    /// # Errors
    /// When the kubeconfig cannot be read.
    pub fn with_candidates(&self, options: &ConnectOptions) -> Result<ConnectOptions, ConnectError> {
        let context = match &options.context {
            Some(context) => Some(context.clone()),
            None => connect::kube::contexts(options)?.current,
        };
        let configured = context.map(|name| self.config.settings.namespaces(&name).to_vec());
        Ok(ConnectOptions { candidates: configured.unwrap_or_default(), ..options.clone() })
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
