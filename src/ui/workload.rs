//! The workload screen's own state: which tab is open, what was seen of each side, what is selected and marked there.
//!
//! Each tab wants one or more sides of the workload. They are asked for when the tab opens, again when the workload's row
//! changes and from time to time while it stays open, never twice at once, and no longer once it is left. What was seen stays
//! until something newer comes: it is shown with its age, and a failure beside it.

use super::{list::List, message::Effect};
use crate::model::{Aspect, History, Kind, LogSubject, Moment, ObjectRef, Origin, Pods, Sight, Unseen, Workload};
use jiff::{SignedDuration, Timestamp};
use std::{collections::BTreeMap, sync::Arc};

/// A tab of the workload screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tab {
    /// The verdict and everything that explains it.
    #[default]
    Overview,
    /// What it ran before, on one line of time.
    Revisions,
    /// Its pods by revision.
    Pods,
    /// Events about it and what belongs to it.
    Events,
    /// Its logs: a screen of their own, which the bar leads to.
    Logs,
    /// What scales it.
    Autoscaler,
    /// The object as YAML.
    Manifest,
    /// What leads to it.
    Traffic,
    /// Where Git sets its image.
    Git,
}

impl Tab {
    /// Every tab, in the order of the bar.
    pub const ALL: [Self; 9] = [
        Self::Overview,
        Self::Revisions,
        Self::Pods,
        Self::Events,
        Self::Logs,
        Self::Autoscaler,
        Self::Manifest,
        Self::Traffic,
        Self::Git,
    ];

    /// Its name on the bar.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Revisions => "Revisions",
            Self::Pods => "Pods",
            Self::Events => "Events",
            Self::Logs => "Logs",
            Self::Autoscaler => "Scaler",
            Self::Manifest => "YAML",
            Self::Traffic => "Traffic",
            Self::Git => "Git",
        }
    }

    /// What it shows: the first is what its freshness is told of.
    pub const fn aspects(self) -> &'static [Aspect] {
        match self {
            Self::Overview => &[Aspect::Overview, Aspect::Pods, Aspect::Usage, Aspect::Events],
            Self::Revisions => &[Aspect::Revisions, Aspect::Git],
            Self::Pods => &[Aspect::Pods, Aspect::Usage],
            Self::Events => &[Aspect::Events],
            Self::Logs => &[],
            Self::Autoscaler => &[Aspect::Autoscaler],
            Self::Manifest => &[Aspect::Manifest],
            Self::Traffic => &[Aspect::Traffic],
            Self::Git => &[Aspect::Git],
        }
    }

    /// The next tab in this direction, around the ends; the logs are a screen of their own and passed by.
    pub fn beside(self, by: isize) -> Self {
        let at = Self::ALL.iter().position(|tab| *tab == self).unwrap_or(0);
        let count = Self::ALL.len().cast_signed();
        let beside = Self::ALL[(at.cast_signed() + by).rem_euclid(count).cast_unsigned()];
        if beside == Self::Logs { beside.beside(by) } else { beside }
    }
}

/// How long a side is left alone once it was seen, unless the workload's row changes.
const fn period(aspect: Aspect) -> SignedDuration {
    SignedDuration::from_secs(match aspect {
        Aspect::Pods => 3,
        Aspect::Events | Aspect::Autoscaler | Aspect::Traffic => 5,
        Aspect::Overview | Aspect::Revisions | Aspect::Manifest => 10,
        // Metrics are sampled that often, and not more.
        Aspect::Usage => 15,
        // A fetch over the network, of what changes a few times a day.
        Aspect::Git => 60,
    })
}

/// How soon a changed row may make it be looked at again.
const SOON: SignedDuration = SignedDuration::from_secs(1);

/// What was seen of one side.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// The last sight.
    pub sight: Option<Arc<Sight>>,
    /// When it was seen.
    pub at: Option<Timestamp>,
    /// Why the latest look failed.
    pub trouble: Option<Unseen>,
    asked: Option<Timestamp>,
    pending: bool,
    row: Option<Workload>,
}

/// One entry of the line of time, by what stays the same when it is seen again.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Entry {
    /// A revision, by number.
    Revision(u64),
    /// A commit, by hash.
    Commit(String),
    /// A reconciliation, by time.
    Reconciliation(Timestamp),
}

/// The state of the workload screen.
#[derive(Clone, Debug, Default)]
pub struct Dossier {
    object: Option<ObjectRef>,
    /// The open tab.
    pub tab: Tab,
    seen: BTreeMap<Aspect, Seen>,
    /// What was asked for last: for another tab what is under way is given up.
    asking: Option<Tab>,
    /// The line of time.
    pub entries: List<Entry>,
    /// Revisions that are marked for comparison, at most two.
    pub marked: Vec<u64>,
    /// The two revisions that are compared, the older one first.
    pub compared: Option<(u64, u64)>,
    /// The pods.
    pub pods: List<Arc<str>>,
    /// Whether the selected pod is shown at length.
    pub pod_open: bool,
    /// What Events or lines of YAML are searched for.
    pub search: String,
    /// Whether managed fields are shown.
    pub unfolded: bool,
}

impl Dossier {
    /// What was seen of a side of the workload.
    pub fn seen(&self, aspect: Aspect) -> Option<&Seen> {
        self.seen.get(&aspect)
    }

    fn sight(&self, aspect: Aspect) -> Option<&Sight> {
        self.seen.get(&aspect)?.sight.as_deref()
    }

    /// Its past, where it was seen.
    pub fn history(&self) -> Option<&History> {
        match self.sight(Aspect::Revisions)? {
            Sight::Revisions(history) => Some(history),
            _ => None,
        }
    }

    /// Where Git sets its image, where that was found.
    pub fn origin(&self) -> Option<&Origin> {
        match self.sight(Aspect::Git)? {
            Sight::Git(origin) => Some(origin),
            _ => None,
        }
    }

    /// Its pods, where they were seen.
    pub fn pods_seen(&self) -> Option<&Pods> {
        match self.sight(Aspect::Pods)? {
            Sight::Pods(pods) => Some(pods),
            _ => None,
        }
    }

    /// The names of the Services that select its pods, where they were seen.
    pub fn services(&self) -> Option<Vec<&str>> {
        match self.sight(Aspect::Traffic)? {
            Sight::Traffic(traffic) => Some(traffic.services.iter().map(|service| &*service.name).collect()),
            _ => None,
        }
    }

    /// Whether this is about that workload.
    pub fn is_of(&self, object: &ObjectRef) -> bool {
        self.object.as_ref() == Some(object)
    }

    /// Whose logs are meant on the open tab: the selected pod's, the selected revision's, or the workload's own (None).
    pub fn log_subject(&self) -> Option<LogSubject> {
        let object = self.object.as_ref()?;
        match self.tab {
            Tab::Pods => {
                let pod = ObjectRef::new(Kind::Pod, object.namespace.clone(), self.pods.selected()?.clone());
                Some(LogSubject::Pod(pod, None))
            }
            Tab::Revisions => {
                let kept_by = &self.history()?.get(self.selected_revision()?)?.kept_by.name;
                // Pods of a StatefulSet are labelled with the whole name, others with what follows the workload's.
                let rest = kept_by.strip_prefix(&*object.name).and_then(|rest| rest.strip_prefix('-'));
                let hash = rest.filter(|_| object.kind != Kind::StatefulSet).unwrap_or(kept_by);
                Some(LogSubject::Revision(object.clone(), hash.to_owned()))
            }
            _ => None,
        }
    }

    /// The revision that is selected on the line of time.
    pub fn selected_revision(&self) -> Option<u64> {
        match self.entries.selected()? {
            Entry::Revision(revision) => Some(*revision),
            Entry::Commit(_) | Entry::Reconciliation(_) => None,
        }
    }

    /// Opens a tab.
    pub fn open(&mut self, tab: Tab) {
        self.tab = tab;
        (self.compared, self.pod_open) = (None, false);
        self.search.clear();
    }

    /// Looks at what the open tab shows of this workload, where it is time to.
    pub fn attend(&mut self, object: &ObjectRef, row: Option<&Workload>, now: Timestamp) -> Vec<Effect> {
        let mut effects = Vec::new();
        if !self.is_of(object) {
            let tab = self.tab;
            effects.extend(self.close());
            *self = Self { object: Some(object.clone()), tab, ..Self::default() };
        }
        // What is gone is not looked at any more.
        if row.is_none() {
            effects.extend(self.turn_away());
            return effects;
        }
        if self.asking != Some(self.tab) {
            effects.extend(self.turn_away());
            self.asking = Some(self.tab);
        }
        for aspect in self.tab.aspects() {
            let seen = self.seen.entry(*aspect).or_default();
            let since = seen.asked.map(|asked| now.duration_since(asked));
            let changed = seen.row.as_ref() != row && !matches!(aspect, Aspect::Git | Aspect::Usage);
            let due = since.is_none_or(|since| since >= period(*aspect) || (changed && since >= SOON));
            if due && !seen.pending {
                (seen.asked, seen.pending, seen.row) = (Some(now), true, row.cloned());
                effects.push(Effect::Look { object: object.clone(), aspect: *aspect });
            }
        }
        effects
    }

    /// Nobody looks any more: what is under way is given up, what was seen is kept.
    pub fn turn_away(&mut self) -> Option<Effect> {
        self.asking = None;
        let mut given_up = false;
        for seen in self.seen.values_mut().filter(|seen| seen.pending) {
            (seen.pending, seen.asked, given_up) = (false, None, true);
        }
        given_up.then_some(Effect::LookAway)
    }

    /// Forgets the workload.
    pub fn close(&mut self) -> Option<Effect> {
        self.object.as_ref()?;
        let effect = self.turn_away();
        *self = Self::default();
        effect
    }

    /// Takes what was seen, or why nothing was.
    pub fn take(&mut self, object: &ObjectRef, aspect: Aspect, result: Result<Arc<Sight>, Unseen>, now: Timestamp) {
        if !self.is_of(object) {
            return;
        }
        let seen = self.seen.entry(aspect).or_default();
        seen.pending = false;
        match result {
            Ok(sight) => (seen.sight, seen.at, seen.trouble) = (Some(sight), Some(now), None),
            // What was seen is no longer so, or may no longer be seen.
            Err(trouble) if trouble.forbidden => (seen.sight, seen.trouble) = (None, Some(trouble)),
            Err(trouble) => seen.trouble = Some(trouble),
        }
        match aspect {
            Aspect::Revisions | Aspect::Git => self.arrange_entries(),
            Aspect::Pods => {
                let names = self.pods_seen().map(|pods| pods.iter().map(|pod| pod.name.clone()).collect());
                self.pods.arrange(names.unwrap_or_default());
            }
            _ => {}
        }
    }

    fn arrange_entries(&mut self) {
        let entry = |moment: &Moment<'_>| match moment {
            Moment::Revision(past, _) => Entry::Revision(past.revision),
            Moment::Commit(commit) => Entry::Commit(commit.sha.clone()),
            Moment::Reconciliation(done) => Entry::Reconciliation(done.at),
        };
        let history = self.history();
        let order = history.map(|history| history.timeline(self.origin()).iter().map(entry).collect());
        let known = |revision: &u64| history.is_some_and(|history| history.get(*revision).is_some());
        let marked: Vec<u64> = self.marked.iter().copied().filter(|revision| known(revision)).collect();
        let compared = self.compared.filter(|(old, new)| known(old) && known(new));
        let current = history.and_then(|history| history.revisions.iter().find(|past| past.current));
        let current = current.map(|past| Entry::Revision(past.revision));
        (self.marked, self.compared) = (marked, compared);
        self.entries.arrange(order.unwrap_or_default());
        // A sync may stand above it; whoever opens this comes for what runs, and for what ran before.
        if let Some(current) = current {
            self.entries.propose(current);
        }
    }

    /// Marks the selected revision for comparison, or takes its mark; the third one replaces the first.
    pub fn mark(&mut self) {
        let Some(revision) = self.selected_revision() else { return };
        if let Some(at) = self.marked.iter().position(|marked| *marked == revision) {
            self.marked.remove(at);
        } else {
            if self.marked.len() == 2 {
                self.marked.remove(0);
            }
            self.marked.push(revision);
        }
    }

    /// The two revisions that a comparison is about: those marked; the marked and the selected one; the selected and the
    /// current one; the current and the one before it. The older one first.
    pub fn pair(&self) -> Option<(u64, u64)> {
        let history = self.history()?;
        let selected = self.selected_revision();
        let (one, other) = match (self.marked.as_slice(), selected) {
            ([one, other], _) => (*one, *other),
            ([one], Some(selected)) if *one != selected => (*one, selected),
            (_, selected) => {
                let selected = selected.or_else(|| history.revisions.first().map(|past| past.revision))?;
                let current = history.revisions.iter().find(|past| past.current).map(|past| past.revision);
                match current.filter(|current| *current != selected) {
                    Some(current) => (selected, current),
                    None => {
                        let before = history.revisions.iter().map(|past| past.revision).filter(|n| *n < selected).max();
                        (before?, selected)
                    }
                }
            }
        };
        Some((one.min(other), one.max(other)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Manifest;

    fn object() -> ObjectRef {
        ObjectRef::new(Kind::Deployment, "shop", "web")
    }

    fn row() -> Workload {
        Workload {
            object: object(),
            uid: "u".into(),
            desired: 1,
            ready: 1,
            updated: 1,
            available: 1,
            revision: None,
            containers: Vec::new(),
            rollout: crate::model::Rollout::default(),
            owner: None,
            created: None,
            changed: None,
            delivery: None,
            labels: crate::model::Labels::default(),
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_000 + second).unwrap()
    }

    fn looks(effects: &[Effect]) -> Vec<Aspect> {
        effects.iter().filter_map(|e| if let Effect::Look { aspect, .. } = e { Some(*aspect) } else { None }).collect()
    }

    #[test]
    fn a_side_is_asked_for_once_then_when_its_time_has_come() {
        let mut dossier = Dossier { tab: Tab::Manifest, ..Dossier::default() };
        let seen = || Ok(Arc::new(Sight::Manifest(Manifest::default())));
        assert_eq!(looks(&dossier.attend(&object(), Some(&row()), at(0))), [Aspect::Manifest]);
        assert_eq!(dossier.attend(&object(), Some(&row()), at(30)), [], "never twice at once");
        dossier.take(&object(), Aspect::Manifest, seen(), at(31));
        assert_eq!(looks(&dossier.attend(&object(), Some(&row()), at(32))), [Aspect::Manifest]);
        dossier.take(&object(), Aspect::Manifest, seen(), at(33));
        let changed = Workload { ready: 0, ..row() };
        assert_eq!(looks(&dossier.attend(&object(), Some(&changed), at(34))), [Aspect::Manifest], "its row changed");
        assert_eq!(dossier.attend(&object(), None, at(35)), [Effect::LookAway], "what is gone is not looked at");
        dossier.attend(&object(), Some(&row()), at(36));
        dossier.take(&object(), Aspect::Manifest, seen(), at(36));
        assert_eq!(dossier.attend(&object(), Some(&row()), at(45)), []);
        assert_eq!(looks(&dossier.attend(&object(), Some(&row()), at(46))), [Aspect::Manifest]);
    }

    #[test]
    fn leaving_a_tab_gives_up_what_is_under_way_and_keeps_what_was_seen() {
        let mut dossier = Dossier { tab: Tab::Manifest, ..Dossier::default() };
        dossier.attend(&object(), Some(&row()), at(0));
        dossier.take(&object(), Aspect::Manifest, Ok(Arc::new(Sight::Manifest(Manifest::default()))), at(1));
        dossier.attend(&object(), Some(&row()), at(20));
        dossier.open(Tab::Pods);
        let effects = dossier.attend(&object(), Some(&row()), at(21));
        assert_eq!(effects[0], Effect::LookAway);
        assert_eq!(looks(&effects), [Aspect::Pods, Aspect::Usage]);
        assert!(dossier.seen(Aspect::Manifest).unwrap().sight.is_some());
        dossier.open(Tab::Manifest);
        assert_eq!(
            looks(&dossier.attend(&object(), Some(&row()), at(22))),
            [Aspect::Manifest],
            "what was given up is asked again"
        );
    }

    #[test]
    fn an_answer_about_another_workload_is_not_taken_and_what_is_forbidden_is_forgotten() {
        let mut dossier = Dossier { tab: Tab::Manifest, ..Dossier::default() };
        dossier.attend(&object(), Some(&row()), at(0));
        let seen = || Ok(Arc::new(Sight::Manifest(Manifest::default())));
        dossier.take(&ObjectRef::new(Kind::Deployment, "shop", "other"), Aspect::Manifest, seen(), at(1));
        assert!(dossier.seen(Aspect::Manifest).unwrap().sight.is_none());
        dossier.take(&object(), Aspect::Manifest, seen(), at(1));
        let failed = |forbidden| Err(Unseen { forbidden, why: "no".into(), hint: None });
        dossier.take(&object(), Aspect::Manifest, failed(false), at(2));
        assert!(dossier.seen(Aspect::Manifest).unwrap().sight.is_some(), "old is better than nothing, and marked");
        dossier.take(&object(), Aspect::Manifest, failed(true), at(3));
        assert!(dossier.seen(Aspect::Manifest).unwrap().sight.is_none());
    }
}
