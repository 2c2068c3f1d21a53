//! Namespaces.

use std::sync::Arc;

/// A namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Namespace {
    /// Its name.
    pub name: Arc<str>,
    /// `Active` or `Terminating`.
    pub phase: Box<str>,
}
