//! The kubeconfig as it was read, and what a later reading finds changed in it.
//!
//! Invariant: nothing here follows a change by itself. Whoever reads decides; a cluster is never exchanged under an operator
//! because somebody ran `kubectl config use-context` in another window.

use super::{ConnectError, ConnectOptions, Contexts, kubeconfig};
use sha2::{Digest as _, Sha256};
use std::{collections::BTreeMap, path::PathBuf, time::SystemTime};

/// What a file looked like from outside: when it was written last, and how long it is.
type Stamp = Option<(SystemTime, u64)>;

/// The kubeconfig as it was read.
#[derive(Clone, Debug)]
pub struct KnownContexts {
    options: ConnectOptions,
    /// The contexts there are.
    pub contexts: Contexts,
    /// What each context consists of, as one number: credentials are in it, so it is never shown.
    marks: BTreeMap<String, [u8; 32]>,
    stamps: Vec<(PathBuf, Stamp)>,
}

/// What differs between two readings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContextChanges {
    /// Contexts that are new.
    pub added: Vec<String>,
    /// Contexts that are gone.
    pub removed: Vec<String>,
    /// Contexts whose cluster, user or namespace is another one.
    pub changed: Vec<String>,
    /// The context that is selected now, where it is another one.
    pub selected: Option<String>,
}

impl ContextChanges {
    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What differs, in one sentence.
    pub fn describe(&self) -> String {
        let list = |what: &str, names: &[String]| {
            (!names.is_empty()).then(|| match names {
                [one] => format!("{one} {what}"),
                [one, two] => format!("{one} and {two} {what}"),
                [one, rest @ ..] => format!("{one} and {} more {what}", rest.len()),
                [] => String::new(),
            })
        };
        let parts = [
            list("removed", &self.removed),
            list("changed", &self.changed),
            list("added", &self.added),
            self.selected.as_ref().map(|name| format!("current-context is {name} now")),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

impl KnownContexts {
    /// Reads the kubeconfig.
    ///
    /// # Errors
    /// When a file cannot be read or understood.
    pub fn read(options: &ConnectOptions) -> Result<Self, ConnectError> {
        // Looked at before it is read: what is written in between is then noticed at the next look.
        let stamps = stamps(options);
        let (file, _) = kubeconfig::read(options)?;
        let marks = file.contexts.iter().map(|named| {
            let context = named.context.as_ref();
            let cluster = context.and_then(|c| file.clusters.iter().find(|k| k.name == c.cluster));
            let user = context.and_then(|c| file.auth_infos.iter().find(|u| Some(&u.name) == c.user.as_ref()));
            let text = serde_json::to_vec(&(context, cluster, user)).unwrap_or_default();
            (named.name.clone(), Sha256::digest(text).into())
        });
        let marks = marks.collect();
        Ok(Self { options: options.clone(), contexts: kubeconfig::listed(&file, options), marks, stamps })
    }

    /// Whether a file was written, added or removed since it was read or last asked about.
    pub fn is_touched(&mut self) -> bool {
        let now = stamps(&self.options);
        let touched = now != self.stamps;
        self.stamps = now;
        touched
    }

    /// Reads the same files again.
    ///
    /// # Errors
    /// When a file cannot be read or understood.
    pub fn again(&self) -> Result<Self, ConnectError> {
        Self::read(&self.options)
    }

    /// What `later` says otherwise.
    pub fn changes(&self, later: &Self) -> ContextChanges {
        let missing = |from: &Self, there: &Self| {
            from.marks.keys().filter(|name| !there.marks.contains_key(*name)).cloned().collect::<Vec<_>>()
        };
        let other = |(name, mark): &(&String, &[u8; 32])| later.marks.get(*name).is_some_and(|now| now != *mark);
        let selected = later.contexts.current.clone().filter(|_| self.contexts.current != later.contexts.current);
        ContextChanges {
            added: missing(later, self),
            removed: missing(self, later),
            changed: self.marks.iter().filter(other).map(|(name, _)| name.clone()).collect(),
            selected,
        }
    }
}

fn stamps(options: &ConnectOptions) -> Vec<(PathBuf, Stamp)> {
    let look = |path: PathBuf| {
        let stamp = std::fs::metadata(&path).ok().and_then(|m| Some((m.modified().ok()?, m.len())));
        (path, stamp)
    };
    kubeconfig::sources(options).0.into_iter().map(look).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(contexts: &[(&str, &str, &str)], current: &str) -> String {
        let list =
            |line: &dyn Fn(&(&str, &str, &str)) -> String| contexts.iter().map(line).collect::<Vec<_>>().join(", ");
        let clusters = list(&|(name, server, _)| format!("{{name: {name}, cluster: {{server: '{server}'}}}}"));
        let users = list(&|(name, _, token)| format!("{{name: {name}, user: {{token: {token}}}}}"));
        let all = list(&|(name, ..)| format!("{{name: {name}, context: {{cluster: {name}, user: {name}}}}}"));
        format!("current-context: {current}\nclusters: [{clusters}]\nusers: [{users}]\ncontexts: [{all}]\n")
    }

    #[test]
    fn what_changed_is_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config");
        let options = ConnectOptions { kubeconfig: Some(file.clone()), ..ConnectOptions::default() };
        let (a, b) = (("a", "https://a", "one"), ("b", "https://b", "two"));
        std::fs::write(&file, text(&[a, b], "a")).unwrap();
        let mut known = KnownContexts::read(&options).unwrap();
        assert!(!known.is_touched());
        assert!(known.changes(&known.again().unwrap()).is_empty());

        std::fs::write(&file, text(&[("a", "https://a", "another"), ("c", "https://c", "three")], "c")).unwrap();
        assert!(known.is_touched() && !known.is_touched());
        let changes = known.changes(&known.again().unwrap());
        assert_eq!(changes.describe(), "b removed, a changed, c added, current-context is c now");
        assert!(!changes.describe().contains("another"), "credentials are compared, never told");
    }

    #[test]
    fn a_context_that_was_asked_for_by_name_is_not_switched_by_anybody() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config");
        let options =
            ConnectOptions { kubeconfig: Some(file.clone()), context: Some("a".into()), ..ConnectOptions::default() };
        std::fs::write(&file, text(&[("a", "https://a", "one")], "a")).unwrap();
        let known = KnownContexts::read(&options).unwrap();
        std::fs::write(&file, text(&[("a", "https://a", "one")], "b")).unwrap();
        assert!(known.changes(&known.again().unwrap()).is_empty());
    }
}
