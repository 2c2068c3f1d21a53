//! What RBAC allows, as the API server answered.

use super::Kind;
use serde::{Deserialize, Serialize};
use std::fmt;

/// One thing a plan needs to be allowed to do.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Access {
    /// The API verb: `get`, `patch`, `create`.
    pub verb: String,
    /// The kind it acts on.
    pub kind: Kind,
    /// The subresource, such as `log`; empty for the object itself.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub subresource: String,
    /// The namespace.
    pub namespace: String,
}

impl Access {
    /// The right to do `verb` to objects of `kind` in `namespace`.
    pub fn new(verb: &str, kind: Kind, namespace: &str) -> Self {
        Self { verb: verb.into(), kind, subresource: String::new(), namespace: namespace.into() }
    }
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.verb, self.kind.plural())?;
        if !self.subresource.is_empty() {
            write!(f, "/{}", self.subresource)?;
        }
        write!(f, " in {}", self.namespace)
    }
}

/// The API server's answer to one [`Access`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Permission {
    /// What was asked.
    pub access: Access,
    /// The answer; None where the question itself was refused.
    pub allowed: Option<bool>,
}
