//! Looks at the pods of workloads that need it: after each change, and again while nothing changes, less and less often. A few at
//! a time; those never looked at first, of these what is on the screen, then the worst. Never once they are well.

use super::inspect::inspect;
use crate::{
    connect::kube::{ApiError, ApiErrorKind, Cluster},
    model::{Change, Health, Inspection, ObjectRef},
};
use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};
use tokio::{
    sync::mpsc::{Sender, UnboundedReceiver},
    task::JoinSet,
    time::{Instant, sleep_until},
};

/// Inspections under way at once.
const AT_ONCE: usize = 4;
/// The pause between two inspections of one workload: at least after news,
const SOON: Duration = Duration::from_secs(3);
/// usually,
const USUAL: Duration = Duration::from_secs(5);
/// and at most while nothing changes, on the screen
const SEEN: Duration = Duration::from_secs(30);
/// and elsewhere.
const UNSEEN: Duration = Duration::from_secs(120);
/// The least time between two inspections of any workloads. With many in need, each waits that long for every other.
const PACE: Duration = Duration::from_millis(100);

/// What the inspector is told.
#[derive(Debug)]
pub(super) enum Notice {
    /// This workload is not as it should be, and this is how bad it looks.
    Needs(ObjectRef, Health),
    /// It has recovered or is gone.
    Fine(ObjectRef),
    /// Somebody looks at it: inspect it once, now.
    Asked(ObjectRef),
    /// These are on the screen now.
    Visible(HashSet<ObjectRef>),
}

struct Patient {
    health: Health,
    due: Instant,
    begun: Option<Instant>,
    pause: Duration,
    last: Option<Inspection>,
    busy: bool,
    visible: bool,
    /// Whether it is forgotten after the next look.
    once: bool,
}

impl Patient {
    /// The longest pause between two looks.
    fn longest(&self) -> Duration {
        if self.visible { SEEN } else { UNSEEN }
    }

    fn new(health: Health, once: bool) -> Self {
        Self { health, due: Instant::now(), begun: None, pause: USUAL, last: None, busy: false, visible: false, once }
    }
}

/// Runs until nobody listens any more.
pub(super) async fn run(cluster: Cluster, mut notices: UnboundedReceiver<Notice>, changes: Sender<Vec<Change>>) {
    let mut patients: HashMap<ObjectRef, Patient> = HashMap::new();
    let mut visible: HashSet<ObjectRef> = HashSet::new();
    let mut running: JoinSet<(ObjectRef, Result<Inspection, ApiError>)> = JoinSet::new();
    let mut free = Instant::now();
    loop {
        let waiting = patients.values().filter(|p| !p.busy).map(|p| p.due).min();
        let next = waiting.filter(|_| running.len() < AT_ONCE).map(|due| due.max(free));
        tokio::select! {
            notice = notices.recv() => match notice {
                Some(notice) => note(&mut patients, &mut visible, notice),
                None => return,
            },
            Some(Ok((object, result))) = running.join_next() => {
                let others = patients.len();
                if let Some(found) = settle(&mut patients, &object, result, others)
                    && changes.send(vec![Change::Inspected(object, found)]).await.is_err()
                {
                    return;
                }
            }
            () = sleep_until(next.unwrap_or_else(Instant::now)), if next.is_some() => {
                let now = Instant::now();
                let due = patients.iter_mut().filter(|(_, p)| !p.busy && p.due <= now);
                if let Some((object, patient)) = due.min_by_key(|(_, p)| order(p)) {
                    (patient.busy, patient.begun) = (true, Some(now));
                    free = now + PACE;
                    let (cluster, object) = (cluster.clone(), object.clone());
                    running.spawn(async move {
                        let result = inspect(&cluster, &object).await;
                        (object, result)
                    });
                }
            }
        }
    }
}

/// First those never looked at, of these the ones on the screen, then the worst, then the one that has waited longest.
fn order(patient: &Patient) -> (bool, bool, Health, Instant) {
    (patient.last.is_some(), !patient.visible, patient.health, patient.due)
}

fn note(patients: &mut HashMap<ObjectRef, Patient>, visible: &mut HashSet<ObjectRef>, notice: Notice) {
    match notice {
        Notice::Needs(object, health) => {
            let seen = visible.contains(&object);
            let patient = patients.entry(object).or_insert_with(|| Patient::new(health, false));
            patient.visible = seen;
            (patient.health, patient.pause, patient.once) = (health, USUAL, false);
            if let Some(begun) = patient.begun {
                patient.due = patient.due.min(begun + SOON);
            }
        }
        Notice::Fine(object) => {
            patients.remove(&object);
        }
        Notice::Asked(object) => {
            let patient = patients.entry(object).or_insert_with(|| Patient::new(Health::Healthy, true));
            (patient.due, patient.last) = (Instant::now(), None);
        }
        Notice::Visible(now) => {
            *visible = now;
            for (object, patient) in patients.iter_mut() {
                patient.visible = visible.contains(object);
                if let Some(begun) = patient.begun.filter(|_| patient.visible) {
                    patient.due = patient.due.min(begun + SEEN);
                }
            }
        }
    }
}

/// Takes a result in; returns it where it is news.
fn settle(
    patients: &mut HashMap<ObjectRef, Patient>,
    object: &ObjectRef,
    result: Result<Inspection, ApiError>,
    others: usize,
) -> Option<Inspection> {
    let patient = patients.get_mut(object)?;
    patient.busy = false;
    let begun = patient.begun.unwrap_or_else(Instant::now);
    let crowd = PACE * u32::try_from(others).unwrap_or(u32::MAX);
    let news = match result {
        Ok(found) => {
            let same = patient.last.as_ref().is_some_and(|last| Inspection { at: found.at, ..last.clone() } == found);
            patient.pause = if same { (patient.pause * 2).min(patient.longest()) } else { USUAL };
            patient.last = Some(found.clone());
            (!same).then_some(found)
        }
        Err(error) if error.kind == ApiErrorKind::NotFound => {
            patients.remove(object);
            return None;
        }
        Err(_) => {
            patient.pause = (patient.pause * 2).min(patient.longest());
            None
        }
    };
    if patient.once {
        patients.remove(object);
    } else {
        patient.due = begun + patient.pause.max(crowd);
    }
    news
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Kind;

    fn workload(name: &str) -> ObjectRef {
        ObjectRef::new(Kind::Deployment, "shop", name)
    }

    /// In which order these would be looked at.
    fn turns(patients: &HashMap<ObjectRef, Patient>) -> Vec<String> {
        let mut all: Vec<_> = patients.iter().collect();
        all.sort_by_key(|(_, patient)| order(patient));
        all.into_iter().map(|(object, _)| object.name.to_string()).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_on_the_screen_comes_before_what_is_worse_elsewhere() {
        let (mut patients, mut visible) = (HashMap::new(), HashSet::new());
        let mut tell = |notice| note(&mut patients, &mut visible, notice);
        tell(Notice::Needs(workload("worst"), Health::Broken));
        tell(Notice::Needs(workload("rolling"), Health::Progressing));
        tell(Notice::Visible(HashSet::from([workload("rolling"), workload("new")])));
        tell(Notice::Needs(workload("new"), Health::Degraded));
        assert_eq!(turns(&patients), ["new", "rolling", "worst"]);
        let found = Inspection::default();
        for _ in 0..2 {
            settle(&mut patients, &workload("new"), Ok(found.clone()), 0);
        }
        assert_eq!(turns(&patients), ["rolling", "worst", "new"], "those never looked at come first");
    }

    #[tokio::test(start_paused = true)]
    async fn what_does_not_change_is_looked_at_less_and_less_and_a_change_ends_that() {
        let (mut patients, mut visible) = (HashMap::new(), HashSet::new());
        note(&mut patients, &mut visible, Notice::Needs(workload("web"), Health::Broken));
        let mut pauses = Vec::new();
        for _ in 0..8 {
            let patient = patients.get_mut(&workload("web")).unwrap();
            patient.begun = Some(Instant::now());
            settle(&mut patients, &workload("web"), Ok(Inspection::default()), 0);
            pauses.push((patients[&workload("web")].due - Instant::now()).as_secs());
        }
        assert_eq!(pauses, [5, 10, 20, 40, 80, 120, 120, 120]);
        note(&mut patients, &mut visible, Notice::Visible(HashSet::from([workload("web")])));
        assert_eq!((patients[&workload("web")].due - Instant::now()).as_secs(), 30);
        note(&mut patients, &mut visible, Notice::Needs(workload("web"), Health::Broken));
        assert_eq!((patients[&workload("web")].due - Instant::now()).as_secs(), 3);
    }
}
