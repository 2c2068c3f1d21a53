//! Namespaces.

use super::{Labels, Owner};
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
    /// Who answers for it, as a label or an annotation says.
    pub contact: Option<Arc<str>>,
    /// What made it and would write it again.
    pub owner: Option<Owner>,
    /// The commit that it was made from, as a label or an annotation says.
    pub commit: Option<Arc<str>>,
}
