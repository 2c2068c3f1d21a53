//! A reference to one object of one cluster.

use super::Kind;
use serde::{Deserialize, Serialize};
use std::{fmt, sync::Arc};

/// Names one object: what a selection, a target or a step points at. Never a row number.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ObjectRef {
    /// Its kind.
    pub kind: Kind,
    /// Its namespace; empty for kinds without one.
    pub namespace: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
}

impl ObjectRef {
    /// A reference from its parts.
    pub fn new(kind: Kind, namespace: impl Into<Arc<str>>, name: impl Into<Arc<str>>) -> Self {
        Self { kind, namespace: namespace.into(), name: name.into() }
    }

    /// `TYPE/NAME` as kubectl takes it: `deploy/checkout`.
    pub fn type_name(&self) -> String {
        format!("{}/{}", self.kind.short(), self.name)
    }

    /// `namespace/name`, or the name alone for kinds without a namespace.
    pub fn path(&self) -> String {
        if self.namespace.is_empty() { self.name.to_string() } else { format!("{}/{}", self.namespace, self.name) }
    }
}

impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.path())
    }
}
