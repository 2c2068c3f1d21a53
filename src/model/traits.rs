//! What a pod template says, value by value, so that two of them can be compared and the difference told in an operator's
//! words.
//!
//! Invariant: a value that may be secret is not in here, only a fingerprint that tells whether it changed.

use std::collections::BTreeMap;

/// What a value is about, in the order in which differences are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Topic {
    /// The image of a container.
    Image,
    /// Environment variables.
    Environment,
    /// ConfigMaps, Secrets and claims that are named.
    Configuration,
    /// Requests and limits.
    Resources,
    /// Probes.
    Probes,
    /// Everything else.
    Other,
}

impl Topic {
    /// Its name as a heading.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Environment => "env",
            Self::Configuration => "config",
            Self::Resources => "resources",
            Self::Probes => "probes",
            Self::Other => "other",
        }
    }
}

/// A value as it may be shown, and what tells whether it changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The value, or what stands for it where it is hidden.
    pub text: String,
    /// Of the value itself.
    pub fingerprint: u64,
}

/// Every value of a pod template by topic and name.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Traits(pub BTreeMap<(Topic, String), Shown>);

/// One difference between two templates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Difference<'t> {
    /// What it is about.
    pub topic: Topic,
    /// Which value.
    pub name: &'t str,
    /// What it was; None where there was none.
    pub before: Option<&'t str>,
    /// What it is; None where there is none any more.
    pub after: Option<&'t str>,
}

impl Difference<'_> {
    /// Whether both sides look the same because the values are hidden.
    pub fn is_hidden(&self) -> bool {
        self.before.is_some() && self.before == self.after
    }
}

/// What is different in `after`, by topic and name.
pub fn differences<'t>(before: &'t Traits, after: &'t Traits) -> Vec<Difference<'t>> {
    let mut all: Vec<Difference<'t>> = Vec::new();
    for ((topic, name), old) in &before.0 {
        let new = after.0.get(&(*topic, name.clone()));
        if new.is_none_or(|new| new.fingerprint != old.fingerprint) {
            all.push(Difference { topic: *topic, name, before: Some(&old.text), after: new.map(|new| &*new.text) });
        }
    }
    for ((topic, name), new) in after.0.iter().filter(|(key, _)| !before.0.contains_key(*key)) {
        all.push(Difference { topic: *topic, name, before: None, after: Some(&new.text) });
    }
    all.sort_by_key(|difference| (difference.topic, difference.name));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn traits(values: &[(Topic, &str, &str, u64)]) -> Traits {
        let shown = |(topic, name, text, fingerprint): &(Topic, &str, &str, u64)| {
            ((*topic, (*name).to_owned()), Shown { text: (*text).to_owned(), fingerprint: *fingerprint })
        };
        Traits(values.iter().map(shown).collect())
    }

    #[test]
    fn what_is_new_gone_and_changed_is_told_by_topic_and_a_hidden_change_is_seen() {
        let before = traits(&[
            (Topic::Resources, "web limits.cpu", "1", 1),
            (Topic::Environment, "web URL", "«…»", 2),
            (Topic::Environment, "web SAME", "«…»", 3),
        ]);
        let after = traits(&[
            (Topic::Image, "web", "shop/web:v2", 9),
            (Topic::Environment, "web URL", "«…»", 8),
            (Topic::Environment, "web SAME", "«…»", 3),
        ]);
        let told = differences(&before, &after);
        let names: Vec<_> = told.iter().map(|d| (d.topic, d.name, d.before, d.after)).collect();
        assert_eq!(
            names,
            [
                (Topic::Image, "web", None, Some("shop/web:v2")),
                (Topic::Environment, "web URL", Some("«…»"), Some("«…»")),
                (Topic::Resources, "web limits.cpu", Some("1"), None),
            ]
        );
        assert!(told[1].is_hidden() && !told[0].is_hidden());
        assert_eq!(differences(&after, &after), []);
    }
}
