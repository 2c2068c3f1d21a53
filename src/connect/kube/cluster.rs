//! The handle to one cluster.

use super::{ConnectError, Reader, Writer, session::Session};
use crate::{
    model::{ClusterIdentity, Kind, ObjectRef},
    time::Clock,
};
use std::{path::PathBuf, sync::Arc};
use tokio::sync::OnceCell;

/// What the command line says about the cluster to connect to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConnectOptions {
    /// `--kubeconfig`: this file only.
    pub kubeconfig: Option<PathBuf>,
    /// `--context`.
    pub context: Option<String>,
    /// `--namespace`: replaces the context's default namespace.
    pub namespace: Option<String>,
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
    pub async fn connect(options: &ConnectOptions, clock: Clock) -> Result<Self, ConnectError> {
        Ok(Self::with(Session::connect(options, clock).await?))
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

    /// Reads; cannot write.
    pub fn reader(&self) -> &Reader {
        &self.shared.reader
    }

    /// Writes. For `operate` only, which asks the guard first.
    pub fn writer(&self) -> Writer {
        Writer::new(self.shared.session.clone())
    }

    /// Which cluster this is. The UID is left out where `kube-system` may not be read or is not reached.
    pub async fn identity(&self) -> ClusterIdentity {
        let server = self.info().server.clone();
        let asked = self.shared.identity.get_or_try_init(|| async {
            let namespace = self.reader().get(&ObjectRef::new(Kind::Namespace, "", "kube-system")).await?;
            let uid = namespace.pointer("/metadata/uid").and_then(|uid| uid.as_str()).map(str::to_owned);
            Ok::<_, super::ApiError>(ClusterIdentity { server: server.clone(), uid })
        });
        match asked.await {
            Ok(identity) => identity.clone(),
            Err(_) => ClusterIdentity { server, uid: None },
        }
    }
}
