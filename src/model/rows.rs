//! Everything the screens draw from: tables fed by watches, how fresh each is, and what just happened.
//!
//! Rows are changed only by [`Rows::apply`]; a frame borrows them and copies nothing.

use super::{
    Autoscaler, Blocker, Capacity, Claim, CronJob, Health, Inspection, Job, Kind, Namespace, Node, ObjectRef, Release,
    ReleaseStatus, Reservation, RolloutState, Route, SILENT, Samples, Sync, Table, Workload, image::ImageReference,
};
use jiff::Timestamp;
use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    sync::Arc,
};

/// How many lines the ticker remembers.
const NEWS: usize = 64;

/// One change that a watch reports. A watch covers one kind, in one namespace or in all (None).
#[derive(Clone, Debug)]
pub enum Change {
    /// A (re)list of this kind begins.
    Begin(Kind),
    /// The (re)list is complete: what it did not name within its scope is gone.
    End(Kind, Option<Arc<str>>),
    /// A workload appeared or changed.
    Workload(Workload),
    /// An autoscaler appeared or changed.
    Autoscaler(Autoscaler),
    /// A namespace appeared or changed.
    Namespace(Namespace),
    /// A Job appeared or changed.
    Job(Job),
    /// A CronJob appeared or changed.
    CronJob(CronJob),
    /// A revision of a Helm release appeared or changed.
    Release(Release),
    /// A route appeared or changed.
    Route(Route),
    /// An operation holds a Lease, was left in one, or got further.
    Claim(Claim),
    /// The cluster was reserved, or that was changed.
    Reservation(Reservation),
    /// A node appeared or changed.
    Node(Node),
    /// What the cluster uses was sampled.
    Capacity(Capacity),
    /// An object is gone.
    Gone(ObjectRef),
    /// How far this kind's rows can be trusted changed.
    Sync(Kind, Option<Arc<str>>, Sync),
    /// A workload's pods were looked at.
    Inspected(ObjectRef, Inspection),
    /// So many namespaces may be seen and are not watched, as each takes connections.
    Unwatched(u32),
    /// These, and no others, have pods that a budget keeps on a node that is to be emptied.
    Kept(BTreeMap<ObjectRef, Blocker>),
}

/// Changes that arrived together.
pub type Batch = Vec<Change>;

/// One line of the ticker.
#[derive(Clone, Debug, PartialEq)]
pub struct News {
    /// When it was noticed.
    pub at: Timestamp,
    /// What it is about.
    pub object: ObjectRef,
    /// What happened, without the object's name.
    pub text: String,
    /// How much it matters.
    pub health: Health,
}

/// All tables of one cluster.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    /// Deployments, StatefulSets, DaemonSets and Argo Rollouts.
    pub workloads: Table<Workload>,
    /// Autoscalers.
    pub autoscalers: Table<Autoscaler>,
    /// Namespaces.
    pub namespaces: Table<Namespace>,
    /// Jobs.
    pub jobs: Table<Job>,
    /// CronJobs.
    pub cron_jobs: Table<CronJob>,
    /// Helm releases: their revisions, but for superseded ones.
    pub releases: Table<Release>,
    /// Routes.
    pub routes: Table<Route>,
    /// Operations as their Leases tell of them, by Lease.
    pub claims: Table<Claim>,
    /// Who has reserved the cluster, by Lease: one at most.
    pub reservations: Table<Reservation>,
    /// Nodes, once somebody wants to see them.
    pub nodes: Table<Node>,
    /// What was sampled of the cluster last.
    pub capacity: Option<Capacity>,
    /// What the pods of unhealthy or selected workloads told.
    pub inspections: HashMap<ObjectRef, Inspection>,
    /// How many namespaces may be seen and are not watched, as each takes connections.
    pub unwatched: u32,
    /// What keeps pods on nodes that are to be emptied, by workload.
    pub kept: BTreeMap<ObjectRef, Blocker>,
    /// The replicas of each autoscaler over time, since this program looks.
    pub replicas: HashMap<ObjectRef, Samples>,
    /// What just happened, newest last.
    pub news: VecDeque<News>,
    syncs: BTreeMap<(Kind, Option<Arc<str>>), Sync>,
    scaled: HashMap<ObjectRef, ObjectRef>,
    /// Workloads whose template others roll out, and those others.
    templates: BTreeSet<(ObjectRef, ObjectRef)>,
    version: u64,
}

impl Rows {
    /// Takes in what a watch reported at `now`.
    pub fn apply(&mut self, batch: Batch, now: Timestamp) {
        for change in batch {
            self.apply_one(change, now);
        }
        self.version += 1;
    }

    fn apply_one(&mut self, change: Change, now: Timestamp) {
        match change {
            Change::Begin(kind) => self.begin(kind),
            Change::End(kind, namespace) => self.sweep(kind, namespace.as_deref()),
            Change::Workload(mut row) => {
                self.find_template(&mut row);
                if !row.needs_inspection() {
                    self.inspections.remove(&row.object);
                }
                if let Some((text, health)) = self.workloads.get(&row.object).and_then(|old| worth_a_line(old, &row)) {
                    self.tell(&row.object, text, health, now);
                }
                self.workloads.put(row.object.clone(), row);
            }
            Change::Autoscaler(row) => {
                self.scaled.insert(row.target.clone(), row.object.clone());
                self.replicas.entry(row.object.clone()).or_default().note(now, row.current.into());
                self.autoscalers.put(row.object.clone(), row);
            }
            Change::Namespace(row) => {
                self.namespaces.put(ObjectRef::new(Kind::Namespace, "", row.name.clone()), row);
            }
            Change::Job(row) => {
                if !row.needs_inspection() {
                    self.inspections.remove(&row.object);
                }
                self.jobs.put(row.object.clone(), row);
            }
            Change::CronJob(row) => {
                self.cron_jobs.put(row.object.clone(), row);
            }
            Change::Release(row) => {
                self.releases.put(row.object.clone(), row);
            }
            Change::Route(row) => {
                self.routes.put(row.object.clone(), row);
            }
            Change::Claim(mut row) => {
                row.follow(self.claims.get(&row.lease), now);
                self.claims.put(row.lease.clone(), row);
            }
            Change::Reservation(row) => {
                self.reservations.put(row.lease.clone(), row);
            }
            Change::Node(row) => {
                self.nodes.put(row.object.clone(), row);
            }
            Change::Capacity(sample) => self.capacity = Some(sample),
            Change::Gone(object) => self.remove(&object, now),
            Change::Sync(kind, namespace, sync) => {
                if kind == Kind::Lease {
                    self.watch_again(namespace.as_deref(), &sync, now);
                }
                self.syncs.insert((kind, namespace), sync);
            }
            Change::Unwatched(number) => self.unwatched = number,
            Change::Kept(kept) => {
                let before = std::mem::replace(&mut self.kept, kept.clone());
                for (object, blocker) in kept.iter().filter(|(object, _)| !before.contains_key(object)) {
                    self.tell(object, blocker.message(), Health::Degraded, now);
                }
            }
            Change::Inspected(object, inspection) => {
                let before = self.inspections.get(&object).and_then(|i| i.blocker.as_ref()).map(Blocker::kind);
                if let Some(blocker) = inspection.blocker.as_ref().filter(|b| Some(b.kind()) != before) {
                    self.tell(&object, blocker.message(), inspection.health, now);
                }
                self.inspections.insert(object, inspection);
            }
        }
    }

    /// What a workload that has no template of its own runs stands in the workload that it names, whichever is seen first.
    fn find_template(&mut self, row: &mut Workload) {
        if let Some(keeper) = row.delivery.as_ref().and_then(|delivery| delivery.template_of.clone()) {
            if let Some(keeper) = self.workloads.get(&keeper) {
                row.containers.clone_from(&keeper.containers);
            }
            self.templates.insert((keeper, row.object.clone()));
        }
        if self.templates.is_empty() {
            return;
        }
        for (keeper, user) in &self.templates {
            let user = self.workloads.get_mut(user).filter(|_| *keeper == row.object);
            let names_it =
                |user: &Workload| user.delivery.as_ref().is_some_and(|d| d.template_of.as_ref() == Some(keeper));
            if let Some(user) = user.filter(|user| names_it(user)) {
                user.containers.clone_from(&row.containers);
            }
        }
    }

    fn begin(&mut self, kind: Kind) {
        match kind {
            Kind::HorizontalPodAutoscaler => self.autoscalers.begin(),
            Kind::Namespace => self.namespaces.begin(),
            Kind::Job => self.jobs.begin(),
            Kind::CronJob => self.cron_jobs.begin(),
            Kind::Secret => self.releases.begin(),
            Kind::Node => self.nodes.begin(),
            Kind::HttpRoute => self.routes.begin(),
            Kind::Lease => {
                self.claims.begin();
                self.reservations.begin();
            }
            _ => self.workloads.begin(),
        }
    }

    fn sweep(&mut self, kind: Kind, namespace: Option<&str>) {
        let scope = |o: &ObjectRef| o.kind == kind && namespace.is_none_or(|n| n == &*o.namespace);
        match kind {
            Kind::HorizontalPodAutoscaler => {
                self.autoscalers.sweep(scope);
                self.replicas.retain(|object, _| self.autoscalers.get(object).is_some());
            }
            Kind::Namespace => self.namespaces.sweep(scope),
            Kind::Job => self.jobs.sweep(scope),
            Kind::CronJob => self.cron_jobs.sweep(scope),
            Kind::Secret => self.releases.sweep(scope),
            Kind::Node => self.nodes.sweep(scope),
            Kind::HttpRoute => self.routes.sweep(scope),
            Kind::Lease => {
                self.claims.sweep(scope);
                self.reservations.sweep(scope);
            }
            _ => self.workloads.sweep(scope),
        }
    }

    fn remove(&mut self, object: &ObjectRef, now: Timestamp) {
        match object.kind {
            Kind::HorizontalPodAutoscaler => {
                if let Some(row) = self.autoscalers.remove(object) {
                    self.scaled.remove(&row.target);
                    self.replicas.remove(object);
                }
            }
            Kind::Namespace => {
                self.namespaces.remove(object);
            }
            Kind::Job => {
                self.jobs.remove(object);
                self.inspections.remove(object);
            }
            Kind::CronJob => {
                self.cron_jobs.remove(object);
            }
            Kind::Secret => {
                self.releases.remove(object);
            }
            Kind::HttpRoute => {
                self.routes.remove(object);
            }
            Kind::Node => {
                self.nodes.remove(object);
            }
            Kind::Lease => {
                self.claims.remove(object);
                self.reservations.remove(object);
            }
            _ => {
                if self.workloads.remove(object).is_some() {
                    self.inspections.remove(object);
                    self.templates.retain(|(_, user)| user != object);
                    self.tell(object, "deleted".into(), Health::Unknown, now);
                }
            }
        }
    }

    /// After a gap in the watch of Leases, how long each was not renewed is counted anew: what happened in the gap has not
    /// arrived yet.
    fn watch_again(&mut self, namespace: Option<&str>, sync: &Sync, now: Timestamp) {
        let Sync::Live { heard } = sync else { return };
        let before = self.syncs.iter().find(|((kind, of), _)| *kind == Kind::Lease && of.as_deref() == namespace);
        let gapless = matches!(before, Some((_, Sync::Live { heard: last })) if heard.duration_since(*last) <= SILENT);
        if !gapless {
            let within = |row: &&mut Claim| namespace.is_none_or(|name| *row.lease.namespace == *name);
            self.claims.iter_mut().filter(within).for_each(|row| row.unchanged = now);
        }
    }

    fn tell(&mut self, object: &ObjectRef, text: String, health: Health, now: Timestamp) {
        if self.news.len() == NEWS {
            self.news.pop_front();
        }
        self.news.push_back(News { at: now, object: object.clone(), text, health });
    }

    /// Grows with every change: a view that cached something for this number need not compute it again.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Who has reserved the cluster, where that has not ended by itself `now`.
    pub fn reservation(&self, now: Timestamp) -> Option<&Reservation> {
        self.reservations.iter().find(|row| row.stands(now))
    }

    /// The autoscaler that scales this workload.
    pub fn autoscaler_of(&self, workload: &ObjectRef) -> Option<&Autoscaler> {
        self.autoscalers.get(self.scaled.get(workload)?)
    }

    /// The workloads of a namespace.
    pub fn workloads_in(&self, namespace: &Arc<str>) -> impl Iterator<Item = &Workload> {
        let kinds = [Kind::Deployment, Kind::StatefulSet, Kind::DaemonSet, Kind::Rollout];
        kinds.into_iter().flat_map(move |kind| self.workloads.within(kind, namespace))
    }

    /// The Helm releases, each at its newest revision.
    pub fn newest_releases(&self) -> impl Iterator<Item = &Release> {
        let mut newest: BTreeMap<(&str, &str), &Release> = BTreeMap::new();
        for row in self.releases.iter() {
            let known = newest.entry((&row.object.namespace, &row.name)).or_insert(row);
            if known.revision < row.revision {
                *known = row;
            }
        }
        newest.into_values()
    }

    /// The revision that is installed while a newer one of the same release failed or is under way.
    pub fn still_deployed(&self, release: &Release) -> Option<u32> {
        let same = |row: &&Release| row.object.namespace == release.object.namespace && row.name == release.name;
        let installed = self.releases.iter().filter(same).filter(|row| row.status == ReleaseStatus::Deployed);
        installed.map(|row| row.revision).max().filter(|revision| *revision != release.revision)
    }

    /// A workload's health with its pods taken into account, where they were looked at.
    pub fn health_of(&self, workload: &Workload) -> Health {
        let seen = self.telling(workload).map_or(Health::Unknown, |i| i.health);
        match seen {
            Health::Unknown => workload.health(),
            seen => seen.min(workload.health()),
        }
    }

    /// What its pods told, while that can add to what the object tells. An answer that was under way when the rollout ended is of
    /// the past: a workload whose object says that all is well is well.
    fn telling(&self, workload: &Workload) -> Option<&Inspection> {
        self.inspections.get(&workload.object).filter(|_| workload.needs_inspection())
    }

    /// What stops a workload: what its pods told, or else what is done to them, or its autoscaler.
    pub fn blocker_of(&self, workload: &Workload) -> Option<Cow<'_, Blocker>> {
        let seen = self.telling(workload).and_then(|i| i.blocker.as_ref());
        seen.or_else(|| self.kept.get(&workload.object)).map(Cow::Borrowed).or_else(|| {
            // As long as the object itself has something to say, it is not the autoscaler that is waited for.
            let quiet = workload.rollout.reason.is_none();
            self.autoscaler_of(&workload.object).filter(|_| quiet)?.blocker().map(Cow::Owned)
        })
    }

    /// What stops a Job that runs and gets nowhere.
    pub fn blocker_of_job(&self, job: &Job) -> Option<&Blocker> {
        let seen = self.inspections.get(&job.object).filter(|_| job.needs_inspection())?;
        seen.blocker.as_ref()
    }

    /// The one sentence about a workload that is not as it should be.
    pub fn reason_of(&self, workload: &Workload) -> Option<String> {
        let blocker = self.blocker_of(workload).map(|blocker| blocker.message());
        blocker.or_else(|| workload.rollout.reason.clone())
    }

    /// The same with since when, where that is known; `age` writes how long ago a moment was.
    pub fn reason_with_age(&self, workload: &Workload, age: impl Fn(Timestamp) -> String) -> Option<String> {
        let blocker = self.blocker_of(workload).map(|b| b.sentence(b.since.map(age).as_deref()));
        blocker.or_else(|| workload.rollout.reason.clone())
    }

    /// How far the rows of `kind` can be trusted: the worst of its watches.
    pub fn sync_of(&self, kind: Kind) -> Sync {
        let of_kind = || self.syncs.iter().filter(|((k, _), _)| *k == kind).map(|(_, sync)| sync);
        let rank = |sync: &Sync| match sync {
            Sync::Stale { .. } => 0,
            Sync::Loading => 1,
            Sync::Live { .. } => 2,
            Sync::Forbidden { .. } => 3,
            Sync::Absent => 4,
        };
        of_kind().min_by_key(|sync| rank(sync)).cloned().unwrap_or_default()
    }

    /// All watches with their state.
    pub fn syncs(&self) -> impl Iterator<Item = (Kind, Option<&str>, &Sync)> {
        self.syncs.iter().map(|((kind, namespace), sync)| (*kind, namespace.as_deref(), sync))
    }
}

/// What changed between two versions of a workload, and how much it matters, if it is worth a line.
fn worth_a_line(old: &Workload, new: &Workload) -> Option<(String, Health)> {
    let image = |w: &Workload| w.containers.first().and_then(|c| ImageReference::parse(&c.image).ok());
    let tag = |w: &Workload| image(w).map_or_else(|| "another image".into(), |i| i.version());
    if old.containers != new.containers {
        return Some((format!("{} rolling", tag(new)), Health::Progressing));
    }
    if old.rollout.state != new.rollout.state {
        let text = match new.rollout.state {
            RolloutState::Complete => format!("{} complete", tag(new)),
            RolloutState::Failed => new.rollout.reason.clone().unwrap_or_else(|| "rollout failed".into()),
            RolloutState::Paused => "rollout paused".into(),
            RolloutState::Progressing => "rolling".into(),
            RolloutState::Unknown => return None,
        };
        return Some((text, new.health()));
    }
    (old.desired != new.desired).then(|| (format!("scaled {} → {}", old.desired, new.desired), Health::Unknown))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Container, Delivery, Rollout};

    fn workload(kind: Kind, name: &str, image: Option<&str>, delivery: Option<Delivery>) -> Change {
        let container = |image: &str| Container { name: "web".into(), image: image.into() };
        Change::Workload(Workload {
            object: ObjectRef::new(kind, "shop", name),
            uid: name.into(),
            desired: 1,
            ready: 1,
            updated: 1,
            available: 1,
            revision: None,
            containers: image.map(container).into_iter().collect(),
            rollout: Rollout::plain(RolloutState::Complete),
            owner: None,
            created: None,
            changed: None,
            delivery: delivery.map(Box::new),
            labels: crate::model::Labels::default(),
        })
    }

    #[test]
    fn a_gap_in_the_watch_of_leases_is_no_silence_of_their_holders() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let lease = ObjectRef::new(Kind::Lease, "shop", "pilothouse-deployment-web");
        let claim = |version: &str| {
            Change::Claim(Claim {
                lease: lease.clone(),
                version: version.into(),
                target: ObjectRef::new(Kind::Deployment, "shop", "web"),
                operation: crate::model::OperationId("op-1".into()),
                verb: crate::model::Verb::Restart,
                summary: String::new(),
                step: None,
                reason: None,
                original: None,
                actor: None,
                held: true,
                good_for: jiff::SignedDuration::from_secs(60),
                acquired: None,
                renewed: Some(at(0)),
                unchanged: at(0),
                witnessed: false,
            })
        };
        let live = |second| Change::Sync(Kind::Lease, None, Sync::Live { heard: at(second) });
        let mut rows = Rows::default();
        rows.apply(vec![claim("1"), live(10)], at(10));
        rows.apply(vec![live(50)], at(50));
        let unchanged = |rows: &Rows| rows.claims.get(&lease).map(|row| row.unchanged.as_second());
        assert_eq!(unchanged(&rows), Some(10));
        let stale = Sync::Stale { since: at(50), why: "gone".into() };
        rows.apply(vec![Change::Sync(Kind::Lease, None, stale)], at(55));
        rows.apply(vec![live(80)], at(80));
        assert_eq!(unchanged(&rows), Some(80), "the connection was gone");
        rows.apply(vec![live(400)], at(400));
        assert_eq!(unchanged(&rows), Some(400), "this machine slept");
        rows.apply(vec![Change::Gone(lease.clone())], at(400));
        assert!(rows.claims.is_empty());
    }

    #[test]
    fn a_template_that_is_kept_elsewhere_is_found_whichever_is_seen_first() {
        let keeper = |image| workload(Kind::Deployment, "web-template", Some(image), None);
        let template_of = Some(ObjectRef::new(Kind::Deployment, "shop", "web-template"));
        let user = || {
            workload(
                Kind::Rollout,
                "web",
                None,
                Some(Delivery { template_of: template_of.clone(), ..Delivery::default() }),
            )
        };
        let image = |rows: &Rows| {
            let row = rows.workloads.get(&ObjectRef::new(Kind::Rollout, "shop", "web")).unwrap();
            row.containers.first().map(|c| c.image.to_string())
        };
        for batch in [vec![keeper("web:1"), user()], vec![user(), keeper("web:1")]] {
            let mut rows = Rows::default();
            rows.apply(batch, Timestamp::UNIX_EPOCH);
            assert_eq!(image(&rows).as_deref(), Some("web:1"));
            rows.apply(vec![keeper("web:2")], Timestamp::UNIX_EPOCH);
            assert_eq!(image(&rows).as_deref(), Some("web:2"));
        }
    }
}
