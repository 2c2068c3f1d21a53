//! The handle to one cluster.

use super::{ConnectError, Reader, Writer, exec::Terminal, session::Session};
use crate::{
    model::{ClusterIdentity, Kind, Login, ObjectRef},
    time::Clock,
};
use std::{path::PathBuf, sync::Arc, time::Duration};
use tokio::sync::OnceCell;

/// How long an answer is waited for that is good to know and that nothing depends on.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);

/// What the command line says about the cluster to connect to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConnectOptions {
    /// `--kubeconfig`: this file only.
    pub kubeconfig: Option<PathBuf>,
    /// `--context`.
    pub context: Option<String>,
    /// `--namespace`: replaces the context's default namespace.
    pub namespace: Option<String>,
    /// Namespaces that are tried where the cluster does not let us list them, beside those that the kubeconfig names.
    pub candidates: Vec<String>,
}

/// A context of the kubeconfig.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContextInfo {
    /// Its name.
    pub name: String,
    /// The API server's URL.
    pub server: String,
    /// Its default namespace.
    pub namespace: String,
    /// The name of its user.
    pub user: String,
    /// Whether the API server is on this machine.
    pub loopback: bool,
}

/// What another program is told so that it reaches the same cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandLine {
    /// The kubeconfig, where one was named: else the program finds it as we did.
    pub kubeconfig: Option<PathBuf>,
    /// The context; None inside a pod.
    pub context: Option<String>,
}

#[derive(Debug)]
struct Shared {
    session: Arc<Session>,
    reader: Reader,
    identity: OnceCell<ClusterIdentity>,
}

/// One cluster. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Cluster {
    shared: Arc<Shared>,
}

impl Cluster {
    /// Prepares the connection that `options` ask for: reads files and runs the credential plugin, but does not yet reach
    /// for the network.
    ///
    /// # Errors
    /// When the kubeconfig names no such cluster, or there are no credentials.
    pub async fn connect(options: &ConnectOptions, clock: Clock) -> Result<Self, ConnectError> {
        let cluster = Self::prepare(options, clock)?;
        cluster.shared.session.log_in(Terminal::Kept).await?;
        Ok(cluster)
    }

    /// The same, but only files are read: credentials are fetched when the first request needs them, and what is wrong with them
    /// is that request's error and [`Self::login`]'s answer.
    ///
    /// # Errors
    /// When the kubeconfig names no such cluster.
    pub fn prepare(options: &ConnectOptions, clock: Clock) -> Result<Self, ConnectError> {
        Ok(Self::with(Session::prepare(options, clock)?))
    }

    /// A cluster inside this process: every request goes to `client`.
    pub fn in_process(client: ::kube::Client, info: ContextInfo, clock: Clock) -> Self {
        Self::with(Session::fixed(client, info, clock))
    }

    fn with(session: Session) -> Self {
        let session = Arc::new(session);
        let reader = Reader::new(session.clone());
        Self { shared: Arc::new(Shared { session, reader, identity: OnceCell::new() }) }
    }

    /// The context it was connected through.
    pub fn info(&self) -> &ContextInfo {
        self.shared.session.info()
    }

    /// The clock that everything about this cluster is timed by.
    pub fn clock(&self) -> &Clock {
        self.shared.session.clock()
    }

    /// Counts the requests for which no connection to the API server could be made: whoever hears nothing else may want to know.
    pub fn unreached(&self) -> tokio::sync::watch::Receiver<u64> {
        self.shared.session.unreached()
    }

    /// Reads; cannot write.
    pub fn reader(&self) -> &Reader {
        &self.shared.reader
    }

    /// Writes. For `operate` only, which asks the guard first.
    pub fn writer(&self) -> Writer {
        Writer::new(self.shared.session.clone())
    }

    /// The namespaces that somebody named for this cluster: configured, or of any context that leads to it. Files are read for it.
    pub fn named_namespaces(&self) -> Vec<String> {
        self.shared.session.named_namespaces()
    }

    /// How another program reaches this cluster; None where it is inside this process.
    pub fn command_line(&self) -> Option<CommandLine> {
        let options = self.shared.session.options()?;
        // A pod without a kubeconfig has no context either.
        let context = options.context.clone().filter(|_| self.info().name != "in-cluster");
        Some(CommandLine { kubeconfig: options.kubeconfig.clone(), context })
    }

    /// How the credentials stand.
    pub fn login(&self) -> Login {
        self.shared.session.login()
    }

    /// Fetches credentials now, with the plugin talking to the operator on the terminal. Whoever calls this has cleared the
    /// screen and reads no keys meanwhile.
    ///
    /// # Errors
    /// When there are still none.
    pub async fn log_in_on_terminal(&self) -> Result<(), ConnectError> {
        self.shared.session.log_in(Terminal::Lent).await
    }

    /// What was granted no longer counts: the next request fetches credentials anew.
    pub fn forget_login(&self) {
        self.shared.session.forget_login();
    }

    /// Which cluster this is. The UID is left out where `kube-system` may not be read or is not reached.
    pub async fn identity(&self) -> ClusterIdentity {
        let server = self.info().server.clone();
        let asked = self.shared.identity.get_or_try_init(|| async {
            let namespace = self.reader().get(&ObjectRef::new(Kind::Namespace, "", "kube-system")).await?;
            let uid = namespace.pointer("/metadata/uid").and_then(|uid| uid.as_str()).map(str::to_owned);
            Ok::<_, super::ApiError>(ClusterIdentity { server: server.clone(), uid })
        });
        match tokio::time::timeout(PATIENCE, asked).await {
            Ok(Ok(identity)) => identity.clone(),
            Ok(Err(_)) | Err(_) => ClusterIdentity { server, uid: None },
        }
    }
}
