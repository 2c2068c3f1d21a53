//! Which cluster a plan was made for.

use serde::{Deserialize, Serialize};

/// Identifies a cluster, so that a plan is never carried out on another one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterIdentity {
    /// The API server's URL.
    pub server: String,
    /// The UID of the namespace `kube-system`; None where it may not be read.
    pub uid: Option<String>,
}

impl ClusterIdentity {
    /// Whether both name the same cluster: by UID where both know it (addresses change), else by address.
    pub fn same_as(&self, other: &Self) -> bool {
        match (&self.uid, &other.uid) {
            (Some(a), Some(b)) => a == b,
            _ => self.server == other.server,
        }
    }
}
