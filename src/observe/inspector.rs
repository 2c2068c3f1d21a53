//! Looks at the pods of workloads that need it, again and again but gently: a few at a time, the worst first, less often
//! while nothing changes, and never once they are well.

use super::inspect::inspect;
use crate::{
    connect::kube::{ApiError, ApiErrorKind, Cluster},
    model::{Change, Health, Inspection, ObjectRef},
};
use std::{collections::HashMap, time::Duration};
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
/// and at most while nothing changes.
const SELDOM: Duration = Duration::from_secs(30);
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
}

struct Patient {
    health: Health,
    due: Instant,
    begun: Option<Instant>,
    pause: Duration,
    last: Option<Inspection>,
    busy: bool,
    /// Whether it is forgotten after the next look.
    once: bool,
}

impl Patient {
    fn new(health: Health, once: bool) -> Self {
        Self { health, due: Instant::now(), begun: None, pause: USUAL, last: None, busy: false, once }
    }
}

/// Runs until nobody listens any more.
pub(super) async fn run(cluster: Cluster, mut notices: UnboundedReceiver<Notice>, changes: Sender<Vec<Change>>) {
    let mut patients: HashMap<ObjectRef, Patient> = HashMap::new();
    let mut running: JoinSet<(ObjectRef, Result<Inspection, ApiError>)> = JoinSet::new();
    let mut free = Instant::now();
    loop {
        let waiting = patients.values().filter(|p| !p.busy).map(|p| p.due).min();
        let next = waiting.filter(|_| running.len() < AT_ONCE).map(|due| due.max(free));
        tokio::select! {
            notice = notices.recv() => match notice {
                Some(notice) => note(&mut patients, notice),
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
                // First those never looked at, then the worst, then the one that has waited longest.
                if let Some((object, patient)) = due.min_by_key(|(_, p)| (p.last.is_some(), p.health, p.due)) {
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

fn note(patients: &mut HashMap<ObjectRef, Patient>, notice: Notice) {
    match notice {
        Notice::Needs(object, health) => {
            let patient = patients.entry(object).or_insert_with(|| Patient::new(health, false));
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
            patient.pause = if same { (patient.pause * 2).min(SELDOM) } else { USUAL };
            patient.last = Some(found.clone());
            (!same).then_some(found)
        }
        Err(error) if error.kind == ApiErrorKind::NotFound => {
            patients.remove(object);
            return None;
        }
        Err(_) => {
            patient.pause = (patient.pause * 2).min(SELDOM);
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
