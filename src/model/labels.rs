//! Labels of an object, kept small: one slice a row, keys and values shared with other rows where they repeat.

use std::sync::Arc;

/// Labels, ordered by key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels(Box<[(Arc<str>, Arc<str>)]>);

impl Labels {
    /// The value of a label.
    pub fn get(&self, key: &str) -> Option<&str> {
        let at = self.0.binary_search_by(|(known, _)| (**known).cmp(key)).ok()?;
        Some(&self.0[at].1)
    }

    /// Every label, by key.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (&**key, &**value))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<(Arc<str>, Arc<str>)> for Labels {
    fn from_iter<I: IntoIterator<Item = (Arc<str>, Arc<str>)>>(labels: I) -> Self {
        let mut labels: Vec<(Arc<str>, Arc<str>)> = labels.into_iter().collect();
        labels.sort_unstable();
        Self(labels.into_boxed_slice())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_found_by_its_key() {
        let labels: Labels =
            [("tier", "web"), ("app", "checkout")].map(|(k, v)| (k.into(), v.into())).into_iter().collect();
        assert_eq!((labels.get("app"), labels.get("tier"), labels.get("ap")), (Some("checkout"), Some("web"), None));
        assert_eq!(labels.iter().next(), Some(("app", "checkout")));
    }
}
