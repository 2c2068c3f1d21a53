//! Short names for the containers of a view, and a number each for a colour: a pod keeps both for as long as it is looked at.

use super::{LogSource, LogSourceId};
use std::{collections::BTreeMap, sync::Arc};

/// How many colours pods are told apart by.
pub const COLOURS: usize = 8;

/// One container's name as it stands before its lines, and its pod's colour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogName {
    /// What distinguishes it: the end of the pod's name, and the container where pods have several.
    pub text: Arc<str>,
    /// The pod's colour, below [`COLOURS`].
    pub colour: usize,
}

/// The names of all containers of a view.
#[derive(Clone, Debug, Default)]
pub struct LogNames {
    names: BTreeMap<LogSourceId, LogName>,
    colours: BTreeMap<Arc<str>, usize>,
}

impl LogNames {
    /// Names these containers of the pods of `owner`.
    pub fn learn(&mut self, owner: &str, sources: &[LogSource]) {
        let mut containers: Vec<&str> = sources.iter().map(|source| &*source.container).collect();
        containers.sort_unstable();
        containers.dedup();
        let mut shorts: BTreeMap<&str, usize> = BTreeMap::new();
        let mut pods: Vec<&str> = sources.iter().map(|source| &*source.pod).collect();
        pods.sort_unstable();
        pods.dedup();
        for pod in &pods {
            *shorts.entry(short(owner, pod)).or_default() += 1;
        }
        for source in sources {
            let colour = self.colour(&source.pod);
            // Where the ends of two pods' names are the same, neither is enough.
            let pod = match short(owner, &source.pod) {
                short if shorts.get(short) == Some(&1) => short,
                _ => &source.pod,
            };
            let text: Arc<str> = match (pods.len(), containers.len()) {
                (_, 1) => pod.into(),
                (1, _) => source.container.clone(),
                _ => format!("{pod}/{}", source.container).into(),
            };
            self.names.insert(source.id, LogName { text, colour });
        }
    }

    /// A container's name.
    pub fn get(&self, source: LogSourceId) -> Option<&LogName> {
        self.names.get(&source)
    }

    /// The pod's colour: what its name stands for, or the next one that is used less.
    fn colour(&mut self, pod: &Arc<str>) -> usize {
        if let Some(colour) = self.colours.get(pod) {
            return *colour;
        }
        let mut used = [0; COLOURS];
        for colour in self.colours.values() {
            used[*colour] += 1;
        }
        let hash =
            pod.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, b| (hash ^ u64::from(b)).wrapping_mul(0x100_0000_01b3));
        let first = (hash % COLOURS as u64) as usize;
        let least = used.iter().min().copied().unwrap_or(0);
        let colour = (0..COLOURS).map(|n| (first + n) % COLOURS).find(|n| used[*n] == least).unwrap_or(first);
        self.colours.insert(pod.clone(), colour);
        colour
    }
}

/// What is left of a pod's name when its owner's is taken away: `x2x4z` of `checkout-7d9f8b6c5-x2x4z`. A StatefulSet's pods
/// keep their whole name: a number alone says nothing.
fn short<'a>(owner: &str, pod: &'a str) -> &'a str {
    let Some(rest) = pod.strip_prefix(owner).and_then(|rest| rest.strip_prefix('-')) else { return pod };
    let end = rest.rsplit('-').next().unwrap_or(rest);
    if end.is_empty() || end.bytes().all(|b| b.is_ascii_digit()) { pod } else { end }
}

#[cfg(test)]
mod tests {
    use super::super::LogState;
    use super::*;

    fn source(id: u16, pod: &str, container: &str) -> LogSource {
        let (pod, container) = (pod.into(), container.into());
        LogSource { id, pod, container, init: false, revision: None, state: LogState::Following }
    }

    fn names(owner: &str, sources: &[LogSource]) -> Vec<String> {
        let mut names = LogNames::default();
        names.learn(owner, sources);
        sources.iter().map(|source| names.get(source.id).unwrap().text.to_string()).collect()
    }

    #[test]
    fn names_are_as_short_as_they_can_be() {
        let one = |id, pod| source(id, pod, "app");
        assert_eq!(names("web", &[one(0, "web-7d9f-x2x4z"), one(1, "web-7d9f-b8kkq")]), ["x2x4z", "b8kkq"]);
        assert_eq!(names("db", &[one(0, "db-0"), one(1, "db-1")]), ["db-0", "db-1"]);
        assert_eq!(names("web", &[one(0, "web-1-aaaaa"), one(1, "web-2-aaaaa")]), ["web-1-aaaaa", "web-2-aaaaa"]);
        assert_eq!(names("web", &[one(0, "web-1-aaaaa"), source(1, "web-1-aaaaa", "proxy")]), ["app", "proxy"]);
        let both = [one(0, "web-1-aaaaa"), source(1, "web-1-aaaaa", "proxy"), one(2, "web-1-bbbbb")];
        assert_eq!(names("web", &both), ["aaaaa/app", "aaaaa/proxy", "bbbbb/app"]);
        assert_eq!(names("other", &[one(0, "stranger")]), ["stranger"]);
    }

    #[test]
    fn colours_stay_and_are_shared_only_when_all_are_used() {
        let mut all = LogNames::default();
        let sources: Vec<LogSource> = (0..8).map(|n| source(n, &format!("web-1-pod{n}x"), "app")).collect();
        all.learn("web", &sources[..3]);
        let before: Vec<usize> = (0..3).map(|id| all.get(id).unwrap().colour).collect();
        all.learn("web", &sources);
        let mut after: Vec<usize> = (0..8).map(|id| all.get(id).unwrap().colour).collect();
        assert_eq!(before, after[..3]);
        after.sort_unstable();
        assert_eq!(after, (0..COLOURS).collect::<Vec<_>>());
    }
}
