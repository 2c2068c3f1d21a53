//! Which namespaces are watched.

use std::sync::Arc;

/// How wide to look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    /// Every namespace that RBAC lets us see.
    #[default]
    All,
    /// These namespaces only.
    Namespaces(Vec<String>),
}

impl Scope {
    /// One namespace, or where none is named, all.
    pub fn of(namespace: Option<&str>) -> Self {
        namespace.map_or(Self::All, |namespace| Self::Namespaces(vec![namespace.to_owned()]))
    }

    /// Whether a namespace is in it.
    pub fn contains(&self, namespace: &str) -> bool {
        match self {
            Self::All => true,
            Self::Namespaces(names) => names.iter().any(|name| name == namespace),
        }
    }

    /// The namespaces it names; None for all.
    pub(super) fn named(&self) -> Option<Vec<Arc<str>>> {
        match self {
            Self::All => None,
            Self::Namespaces(names) => Some(names.iter().map(|name| name.as_str().into()).collect()),
        }
    }
}
