//! The tables of watched rows: a closed set, each with the words by which the palette opens it.

use super::watched::{Of, Table};
use crate::{
    config::Action,
    model::{Autoscaler, CronJob, Job, Kind, Node, Release, Route, Workload},
    ui::roll_up::NamespaceRow,
};

/// A table of watched rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableKind {
    /// The workloads: on the cockpit.
    Workloads,
    /// The namespaces.
    Namespaces,
    /// The autoscalers.
    Autoscalers,
    /// The Jobs.
    Jobs,
    /// The routes.
    Routes,
    /// The CronJobs.
    CronJobs,
    /// The Helm releases.
    Releases,
    /// The nodes.
    Nodes,
}

impl TableKind {
    /// Every table, in the order of declaration.
    pub const ALL: [Self; 8] = [
        Self::Workloads,
        Self::Namespaces,
        Self::Autoscalers,
        Self::Jobs,
        Self::Routes,
        Self::CronJobs,
        Self::Releases,
        Self::Nodes,
    ];

    /// What it shows.
    pub fn table(self) -> &'static dyn Table {
        match self {
            Self::Workloads => Of::<Workload>::TABLE,
            Self::Namespaces => Of::<NamespaceRow>::TABLE,
            Self::Autoscalers => Of::<Autoscaler>::TABLE,
            Self::Jobs => Of::<Job>::TABLE,
            Self::Routes => Of::<Route>::TABLE,
            Self::CronJobs => Of::<CronJob>::TABLE,
            Self::Releases => Of::<Release>::TABLE,
            Self::Nodes => Of::<Node>::TABLE,
        }
    }

    /// The action that opens it.
    pub const fn action(self) -> Action {
        match self {
            Self::Workloads => Action::Workloads,
            Self::Namespaces => Action::Namespaces,
            Self::Autoscalers => Action::Autoscalers,
            Self::Jobs => Action::Jobs,
            Self::Routes => Action::Routes,
            Self::CronJobs => Action::CronJobs,
            Self::Releases => Action::Releases,
            Self::Nodes => Action::Nodes,
        }
    }

    /// The words that open it, beside the action's name: those of kubectl.
    pub const fn words(self) -> &'static [&'static str] {
        match self {
            Self::Workloads => &["wl", "pulse"],
            Self::Namespaces => &["ns", "namespace"],
            Self::Autoscalers => &["hpa", "horizontalpodautoscalers"],
            Self::Jobs => &["job"],
            Self::Routes => &["route", "httproute", "httproutes"],
            Self::CronJobs => &["cj", "cronjob"],
            Self::Releases => &["helm", "release"],
            Self::Nodes => &["no", "node", "capacity", "cluster"],
        }
    }

    /// The kind of its rows, where that is watched only once somebody wants to see it.
    pub const fn watched_on_demand(self) -> Option<Kind> {
        match self {
            Self::CronJobs => Some(Kind::CronJob),
            Self::Releases => Some(Kind::Secret),
            Self::Nodes => Some(Kind::Node),
            Self::Workloads | Self::Namespaces | Self::Autoscalers | Self::Jobs | Self::Routes => None,
        }
    }

    /// The table with this name, as an action's or kubectl's word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.action().name() == word || kind.words().contains(&word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_has_its_place_its_words_and_a_sortable_name() {
        let mut known: Vec<&str> = Vec::new();
        for (at, kind) in TableKind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, at);
            let headings = kind.table().headings();
            assert!(headings[0].title == "NAME" && headings[0].sortable && !headings[0].wide, "{kind:?}");
            for word in kind.words().iter().chain([&kind.action().name()]) {
                assert_eq!(TableKind::parse(word), Some(kind));
                assert!(!known.contains(word), "{word} opens two tables");
                known.push(word);
            }
            let titles: Vec<&str> = headings.iter().map(|heading| heading.title).collect();
            assert!(titles.iter().enumerate().all(|(at, title)| !titles[..at].contains(title)), "{titles:?}");
        }
    }
}
