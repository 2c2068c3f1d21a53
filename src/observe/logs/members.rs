//! The containers of a subject's pods: which there are, which of them are read, and telling each of them what becomes of it.

use super::{
    MOST,
    container::Reading,
    stage::{self, Now, Stage},
    subject::{Subject, is_revision},
};
use crate::{
    connect::kube::Cluster,
    model::{LogNews, LogRequest, LogSource, LogSourceId, LogState},
    observe::pods,
    wire::Pod,
};
use jiff::Timestamp;
use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashSet},
    sync::Arc,
};
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
};

/// Containers that are known by name at most: more than anybody chooses from.
const NAMED: usize = 2_000;

/// What every container's reading needs.
#[derive(Clone)]
pub(super) struct Crew {
    pub cluster: Cluster,
    pub namespace: Arc<str>,
    pub request: LogRequest,
    pub seed: u64,
    pub chunks: mpsc::Sender<Vec<LogNews>>,
}

/// A pod that is known.
pub(super) struct Known {
    pub name: Arc<str>,
    pub revision: Option<Arc<str>>,
    pub created: Option<Timestamp>,
    /// Whether it is being deleted.
    pub leaving: bool,
    /// Whether it was there when the pods were first listed.
    was_there: bool,
    seen: bool,
    members: Vec<Member>,
}

struct Member {
    id: LogSourceId,
    container: Arc<str>,
    init: bool,
    now: watch::Sender<Now>,
    /// Whether its log was ever asked for.
    asked: bool,
    announced: bool,
}

/// All of them.
pub(super) struct Members {
    crew: Crew,
    pods: BTreeMap<Box<str>, Known>,
    /// Pods that the selector takes but that belong to others.
    strangers: HashSet<Box<str>>,
    reading: JoinSet<()>,
    next: LogSourceId,
    listed: bool,
    told: Option<(usize, Option<Arc<str>>)>,
}

impl Members {
    pub fn new(crew: Crew) -> Self {
        Self {
            crew,
            pods: BTreeMap::new(),
            strangers: HashSet::new(),
            reading: JoinSet::new(),
            next: 0,
            listed: false,
            told: None,
        }
    }

    /// All pods are about to be listed.
    pub fn begin(&mut self) {
        for pod in self.pods.values_mut() {
            pod.seen = false;
        }
    }

    /// All pods were listed: what was not seen is gone.
    pub fn sweep(&mut self) {
        self.listed = true;
        self.pods.values().filter(|pod| !pod.seen).for_each(Known::end);
        self.pods.retain(|_, pod| pod.seen);
    }

    /// A pod as it is now. Whether it may mean that the subject must be looked at again; then it is not taken in yet.
    pub fn put(&mut self, subject: &Subject, pod: &Pod) -> bool {
        let uid = &pod.metadata.uid;
        if self.strangers.contains(uid) {
            return false;
        }
        if !self.pods.contains_key(uid) {
            if self.listed && subject.may_be_new(pod) && self.strangers.len() < NAMED {
                // The second time it is taken for what it is.
                self.strangers.insert(uid.clone());
                return true;
            }
            if !subject.owns(pod) {
                return false;
            }
        }
        self.take(subject, pod);
        false
    }

    /// Takes a pod in after the subject was looked at again.
    pub fn put_again(&mut self, subject: &Subject, pod: &Pod) {
        if subject.owns(pod) {
            self.strangers.remove(&pod.metadata.uid);
            self.take(subject, pod);
        }
    }

    fn take(&mut self, subject: &Subject, pod: &Pod) {
        let (was_there, next) = (!self.listed, &mut self.next);
        let known = self.pods.entry(pod.metadata.uid.clone()).or_insert_with(|| Known {
            name: (&*pod.metadata.name).into(),
            revision: pods::template_hash(pod).map(Into::into),
            created: pod.metadata.creation_timestamp,
            leaving: false,
            was_there,
            seen: true,
            members: Vec::new(),
        });
        known.seen = true;
        known.leaving = pod.metadata.deletion_timestamp.is_some();
        for (name, init, now) in stage::containers(pod) {
            if let Some(member) = known.members.iter().find(|member| *member.container == *name) {
                member.now.send_if_modified(|before| {
                    let now = Now { outages: before.outages, ..now };
                    let changed = *before != now;
                    *before = now;
                    changed
                });
            } else if usize::from(*next) < NAMED && subject.names(&name) {
                let (id, now) = (*next, watch::Sender::new(now));
                *next += 1;
                let container = (&*name).into();
                known.members.push(Member { id, container, init, now, asked: false, announced: false });
            }
        }
    }

    /// A pod is gone.
    pub fn remove(&mut self, pod: &Pod) {
        self.strangers.remove(&pod.metadata.uid);
        if let Some(known) = self.pods.remove(&pod.metadata.uid) {
            known.end();
        }
    }

    /// The connection was found broken: every stream is taken up anew.
    pub fn reconnect(&self) {
        for member in self.pods.values().flat_map(|pod| &pod.members) {
            member.now.send_modify(|now| now.outages += 1);
        }
    }

    /// Returns when a log was read to its end; never, where none is read.
    pub async fn one_ended(&mut self) {
        if self.reading.join_next().await.is_none() {
            std::future::pending().await
        }
    }

    /// Begins to read what is to be read and says what is new.
    pub fn settle(&mut self, subject: &Subject) -> Vec<LogNews> {
        while self.reading.try_join_next().is_some() {}
        let revision = subject.revision(self.pods.values());
        let revision = revision.filter(|_| !self.crew.request.choice.every_revision);
        let mut news = Vec::new();
        let listed = (self.pods.len(), revision.clone());
        if self.told.as_ref() != Some(&listed) {
            self.told = Some(listed);
            news.push(LogNews::Listed { pods: self.pods.len(), revision: revision.clone() });
        }
        let wanted = |pod: &Known, member: &Member| {
            let of_revision = match (&revision, &pod.revision) {
                (Some(wanted), Some(label)) => is_revision(label, wanted),
                (Some(_), None) => false,
                (None, _) => true,
            };
            of_revision && self.crew.request.choice.takes(&pod.name, &member.container)
        };
        // What runs before what has ended, what is young before what is old.
        let mut waiting: Vec<(bool, Reverse<Option<Timestamp>>, LogSourceId)> = Vec::new();
        for pod in self.pods.values() {
            for member in pod.members.iter().filter(|member| !member.asked && wanted(pod, member)) {
                let over = matches!(member.now.borrow().stage, Stage::Ended(_));
                waiting.push((over, Reverse(pod.created), member.id));
            }
        }
        waiting.sort_unstable();
        let begun: HashSet<LogSourceId> =
            waiting.iter().take(MOST.saturating_sub(self.reading.len())).map(|(.., id)| *id).collect();
        for pod in self.pods.values_mut() {
            for member in &mut pod.members {
                let begins = begun.contains(&member.id);
                if !begins && member.announced {
                    continue;
                }
                member.announced = true;
                let source = LogSource {
                    id: member.id,
                    pod: pod.name.clone(),
                    container: member.container.clone(),
                    init: member.init,
                    revision: pod.revision.clone(),
                    state: if begins { LogState::Opening } else { LogState::Left },
                };
                if begins {
                    let reading = Reading::new(&self.crew, source.clone(), member.now.subscribe(), pod.was_there);
                    member.asked = true;
                    self.reading.spawn(reading.run());
                }
                news.push(LogNews::Source(source));
            }
        }
        news
    }
}

impl Known {
    /// Tells its containers that the pod is gone.
    fn end(&self) {
        for member in &self.members {
            member.now.send_modify(|now| now.gone = true);
        }
    }
}
