//! The namespaces that are shown: those that were chosen, or all.

use std::{collections::BTreeSet, sync::Arc};

/// Chosen namespaces; none chosen means all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chosen(BTreeSet<Arc<str>>);

impl Chosen {
    /// Whether every namespace is shown.
    pub fn is_all(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this namespace is shown. What lives in no namespace always is.
    pub fn contains(&self, namespace: &str) -> bool {
        self.0.is_empty() || namespace.is_empty() || self.0.contains(namespace)
    }

    /// Whether this namespace was chosen by name.
    pub fn names(&self, namespace: &str) -> bool {
        self.0.contains(namespace)
    }

    /// The only one chosen.
    pub fn only(&self) -> Option<&Arc<str>> {
        self.0.first().filter(|_| self.0.len() == 1)
    }

    /// Those chosen, by name.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Arc<str>> {
        self.0.iter()
    }
}

impl FromIterator<Arc<str>> for Chosen {
    fn from_iter<I: IntoIterator<Item = Arc<str>>>(names: I) -> Self {
        Self(names.into_iter().collect())
    }
}
