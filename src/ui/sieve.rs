//! What a table's filter lets through: several terms, all of which must hold.
//!
//! ```text
//! chk shop        each word found fuzzily in namespace/name
//! !canary         a word that must not occur
//! -l app=a,tier!=web,!old    labels as kubectl's selectors write them
//! :broken :rolling :unwell :marked :sts    states, marks and kinds; several of one sort mean any of them; :! turns round
//! ```
//!
//! A term that cannot be read lets everything through and is complained about: a slip of the finger never looks like an empty
//! cluster.

use super::filter::Filter;
use crate::model::{Health, Kind, Labels};

/// What a row shows of itself to a filter.
pub struct Sample<'r> {
    /// What words are looked for in.
    pub text: &'r str,
    /// How well it is.
    pub health: Health,
    /// Its kind, in tables of several.
    pub kind: Option<Kind>,
    /// Its labels; None where this table's rows keep none.
    pub labels: Option<&'r Labels>,
    /// Whether it is marked.
    pub marked: bool,
}

/// A condition on a label.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Requirement {
    Is(String, String),
    IsNot(String, String),
    Exists(String),
    Absent(String),
}

impl Requirement {
    fn parse(text: &str) -> Result<Self, String> {
        let legal = |key: &str| {
            !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '/'))
        };
        let (key, requirement) = if let Some((key, value)) = text.split_once("!=") {
            (key, Self::IsNot(key.into(), value.into()))
        } else if let Some((key, value)) = text.split_once("==").or_else(|| text.split_once('=')) {
            (key, Self::Is(key.into(), value.into()))
        } else if let Some(key) = text.strip_prefix('!') {
            (key, Self::Absent(key.into()))
        } else {
            (text, Self::Exists(text.into()))
        };
        if legal(key) { Ok(requirement) } else { Err(format!("`{text}` is no label selector")) }
    }

    /// As kubectl: `!=` also holds where the label is missing.
    fn holds(&self, labels: &Labels) -> bool {
        match self {
            Self::Is(key, value) => labels.get(key) == Some(value),
            Self::IsNot(key, value) => labels.get(key) != Some(value),
            Self::Exists(key) => labels.get(key).is_some(),
            Self::Absent(key) => labels.get(key).is_none(),
        }
    }
}

/// What a `:word` asks about a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Health(Health),
    Unwell,
    Marked,
    Kind(Kind),
}

/// The words of states.
const STATES: [(&str, State); 8] = [
    ("broken", State::Health(Health::Broken)),
    ("degraded", State::Health(Health::Degraded)),
    ("progressing", State::Health(Health::Progressing)),
    ("rolling", State::Health(Health::Progressing)),
    ("unknown", State::Health(Health::Unknown)),
    ("healthy", State::Health(Health::Healthy)),
    ("unwell", State::Unwell),
    ("marked", State::Marked),
];

impl State {
    /// The state of a word or of its beginning: a filter is looked at while it is typed.
    fn parse(word: &str) -> Option<Self> {
        let kind = || Kind::parse(word).map(Self::Kind);
        let exact = STATES.iter().find(|(name, _)| *name == word).map(|(_, state)| *state).or_else(kind);
        exact.or_else(|| STATES.iter().find(|(name, _)| name.starts_with(word)).map(|(_, state)| *state))
    }

    fn holds(self, row: &Sample<'_>) -> bool {
        match self {
            Self::Health(health) => row.health == health,
            Self::Unwell => row.health != Health::Healthy,
            Self::Marked => row.marked,
            Self::Kind(kind) => row.kind == Some(kind),
        }
    }

    /// States of one sort are alternatives, those of different sorts conditions.
    const fn sort(self) -> u8 {
        match self {
            Self::Health(_) | Self::Unwell => 0,
            Self::Marked => 1,
            Self::Kind(_) => 2,
        }
    }
}

/// A filter as it was read.
pub struct Sieve {
    words: Filter,
    labels: Vec<Requirement>,
    states: Vec<State>,
    without: Vec<State>,
    complaint: Option<String>,
}

impl Sieve {
    /// Reads a filter's text.
    pub fn new(text: &str) -> Self {
        let (mut words, mut labels, mut states, mut without) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut complaint = None;
        let mut tokens = text.split_whitespace();
        while let Some(token) = tokens.next() {
            if let Some(rest) = token.strip_prefix("-l") {
                let selector = if rest.is_empty() { tokens.next().unwrap_or_default() } else { rest };
                for part in selector.split(',').filter(|part| !part.is_empty()) {
                    match Requirement::parse(part) {
                        Ok(requirement) => labels.push(requirement),
                        Err(why) => complaint = Some(why),
                    }
                }
            } else if let Some(word) = token.strip_prefix(':') {
                let (list, word) = match word.strip_prefix('!') {
                    Some(word) => (&mut without, word),
                    None => (&mut states, word),
                };
                match State::parse(word) {
                    _ if word.is_empty() => {}
                    Some(state) => list.push(state),
                    None => complaint = Some(format!("`:{word}` is no state: {}", known())),
                }
            } else {
                words.push(token);
            }
        }
        Self { words: Filter::new(&words.join(" ")), labels, states, without, complaint }
    }

    /// Whether it lets everything through.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty() && self.labels.is_empty() && self.states.is_empty() && self.without.is_empty()
    }

    /// What of it could not be read.
    pub fn complaint(&self) -> Option<&str> {
        self.complaint.as_deref()
    }

    /// Whether a row is let through.
    pub fn passes(&self, row: &Sample<'_>) -> bool {
        let one_of_its_sort =
            |state: &State| self.states.iter().any(|other| other.sort() == state.sort() && other.holds(row));
        let has = |requirement: &Requirement| row.labels.is_some_and(|labels| requirement.holds(labels));
        self.states.iter().all(one_of_its_sort)
            && !self.without.iter().any(|state| state.holds(row))
            && self.labels.iter().all(has)
            && self.words.passes(row.text)
    }
}

fn known() -> String {
    STATES.map(|(name, _)| format!(":{name}")).join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels() -> Labels {
        [("app", "checkout"), ("tier", "web")].map(|(k, v)| (k.into(), v.into())).into_iter().collect()
    }

    fn passes(filter: &str) -> bool {
        let labels = labels();
        let row = Sample {
            text: "shop/checkout",
            health: Health::Broken,
            kind: Some(Kind::StatefulSet),
            labels: Some(&labels),
            marked: false,
        };
        Sieve::new(filter).passes(&row)
    }

    #[test]
    fn every_term_must_hold() {
        assert!(passes("") && passes("chk") && passes("chk :broken -l app=checkout !ledger"));
        assert!(!passes("chk :healthy") && !passes(":broken -l app=cart") && !passes("ledger :broken"));
    }

    #[test]
    fn labels_select_as_kubectl_does() {
        for yes in ["-l app=checkout", "-lapp==checkout,tier!=db", "-l team!=a", "-l app", "-l !team", "-l", "-l ,"] {
            assert!(passes(yes), "{yes}");
        }
        for no in ["-l app=cart", "-l app=checkout,tier!=web", "-l team", "-l !app"] {
            assert!(!passes(no), "{no}");
        }
        let bare = Sample { text: "", health: Health::Healthy, kind: None, labels: None, marked: false };
        assert!(!Sieve::new("-l !team").passes(&bare), "what keeps no labels is not known to lack one");
    }

    #[test]
    fn states_of_one_sort_are_alternatives_and_can_be_turned_round() {
        for yes in [":broken", ":bro", ":healthy :broken", ":sts", ":deploy :sts :broken", ":unwell", ":!healthy", ":"]
        {
            assert!(passes(yes), "{yes}");
        }
        for no in [":healthy", ":marked", ":deploy", ":sts :healthy", ":!broken", ":!sts"] {
            assert!(!passes(no), "{no}");
        }
    }

    #[test]
    fn a_slip_of_the_finger_hides_nothing_and_is_told() {
        let sieve = Sieve::new(":brokn");
        assert!(sieve.is_empty() && sieve.complaint().is_some_and(|why| why.starts_with("`:brokn` is no state")));
        assert_eq!(Sieve::new("-l a=b,=c").complaint(), Some("`=c` is no label selector"));
        assert_eq!(Sieve::new("chk :bro -l app=x").complaint(), None);
    }
}
