//! Namespaces.

use super::Labels;
use jiff::Timestamp;
use std::sync::Arc;

/// A namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Namespace {
    /// Its name.
    pub name: Arc<str>,
    /// `Active` or `Terminating`.
    pub phase: Box<str>,
    /// When it was created, where that may be known.
    pub created: Option<Timestamp>,
    /// Its labels.
    pub labels: Labels,
}
