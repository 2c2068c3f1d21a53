//! Holding the target's Lease while an operation runs.
//!
//! Invariant: no write is sent unless the Lease named us when we looked just before, and this machine did not sleep through
//! its expiry. A Lease is no fencing token: writes keep their own `test`. Another operator's Lease is taken only after it was
//! watched for as long as it is good for and nobody renewed it, where its process is known to be gone from this machine, or by
//! an explicit, journaled take-over.

use super::{
    journal::Record,
    lease::{self, Claim, Decision, Seen},
    run::{Run, failed, trying_again, with_hint},
    stop::Stop,
};
use crate::{
    connect::kube::{ApiErrorKind, Cluster, Reader, Writer},
    formats::{self, lease as note},
    model::{Action, ObjectRef, OperationId, Verb},
};
use serde_json::Value;
use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::Mutex,
    task::JoinHandle,
    time::{Instant, timeout},
};

/// How often this machine checks that it is awake.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// What is noted of a Lease that was there for the taking.
pub(super) const OURS: &str = "the target is ours";
/// How long a rollback waits for the Lease's word before it goes on without.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often a Lease of unknown health is looked at.
const LOOK: Duration = Duration::from_secs(2);

/// A Lease that is ours. Renewed until dropped.
pub(super) struct Lock {
    lease: ObjectRef,
    us: String,
    kept: Arc<Mutex<Kept>>,
    heartbeat: Arc<AtomicI64>,
    tasks: [JoinHandle<()>; 2],
}

struct Kept {
    claim: Claim,
    version: String,
    renewed: Instant,
    lost: Option<String>,
}

impl Drop for Lock {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

impl Lock {
    fn keep(lease: ObjectRef, claim: Claim, taken: &Value, asked: Instant, cluster: &Cluster, writer: &Writer) -> Self {
        let us = claim.identity.clone();
        let version = Seen::read(taken).version;
        let kept = Arc::new(Mutex::new(Kept { claim, version, renewed: asked, lost: None }));
        let heartbeat = Arc::new(AtomicI64::new(cluster.clock().now().as_second()));
        let awake = tokio::spawn(stay_awake(cluster.clone(), heartbeat.clone()));
        let renewing = {
            let (lease, kept, cluster, writer) = (lease.clone(), kept.clone(), cluster.clone(), writer.clone());
            tokio::spawn(async move {
                loop {
                    tokio::time::sleep(lease::RENEWAL).await;
                    kept.lock().await.renew(&lease, &cluster, &writer).await;
                }
            })
        };
        Self { lease, us, kept, heartbeat, tasks: [awake, renewing] }
    }
}

impl Kept {
    /// Renews once. A failure to reach the API server is not the end: the next renewal, or the next write, tells.
    async fn renew(&mut self, lease: &ObjectRef, cluster: &Cluster, writer: &Writer) {
        if self.lost.is_some() {
            return;
        }
        for _ in 0..2 {
            let asked = Instant::now();
            let patch = self.claim.renew(&self.version, false, cluster.clock().now());
            match writer.patch_merge(lease, &patch, false).await {
                Ok(renewed) => {
                    self.version = Seen::read(&renewed).version;
                    self.renewed = asked;
                    return;
                }
                Err(error) if error.kind == ApiErrorKind::Unreachable => return,
                // Somebody wrote it, or our own earlier answer was lost: look who holds it, and try once more if it is us.
                Err(_) => match cluster.reader().find(lease).await {
                    Ok(found) => match still(found.as_ref(), &self.claim.identity, cluster) {
                        Ok(seen) => self.version = seen.version,
                        Err(why) => {
                            self.lost = Some(why);
                            return;
                        }
                    },
                    Err(_) => return,
                },
            }
        }
    }
}

/// Notes the wall clock again and again, unless the gap since the last time shows that this machine slept.
async fn stay_awake(cluster: Cluster, heartbeat: Arc<AtomicI64>) {
    loop {
        tokio::time::sleep(HEARTBEAT).await;
        if slept(&cluster, &heartbeat) {
            return; // The mark stays where it was, so every later check sees the gap.
        }
        heartbeat.store(cluster.clock().now().as_second(), Ordering::Relaxed);
    }
}

/// Monotonic clocks stand still while a laptop sleeps; the wall clock does not.
fn slept(cluster: &Cluster, heartbeat: &AtomicI64) -> bool {
    let gap = cluster.clock().now().as_second() - heartbeat.load(Ordering::Relaxed);
    gap > lease::DURATION.as_secs() as i64
}

/// The Lease, if it names us; else who has it.
fn still(found: Option<&Value>, us: &str, cluster: &Cluster) -> Result<Seen, String> {
    let Some(found) = found else { return Err("the Lease was removed".into()) };
    let seen = Seen::read(found);
    if seen.holder.as_deref() == Some(us) {
        return Ok(seen);
    }
    Err(format!("the Lease is held by {}", seen.describe(cluster.clock().now())))
}

impl Run {
    /// Takes the target's Lease, or refuses because of who has it. Without the right to Leases only a shift refuses.
    pub(super) async fn acquire(&mut self) -> Result<(), Stop> {
        let lease = formats::lease::of(&self.plan().target);
        let claim = self.claim();
        let index = self.history.cursor().unwrap_or(0);
        let mut watched: Option<(String, Instant)> = None;
        loop {
            let object = lease.clone();
            let question = move |reader: Reader| {
                let object = object.clone();
                async move { reader.find(&object).await }
            };
            // What puts a service back does not stand and wait for the word that nobody else does.
            let patience = if self.plan().verb == Verb::Rollback { PATIENCE } else { Duration::MAX };
            let found = match timeout(patience, self.ask(index, question)).await {
                Ok(answer) => match answer? {
                    Ok(found) => found,
                    Err(error) => return self.without_lease(index, &with_hint(&error)).await,
                },
                Err(_) => {
                    let why = format!("{lease} was not told within {} s", PATIENCE.as_secs());
                    return self.without_lease(index, &why).await;
                }
            };
            let (now, asked) = (self.now(), Instant::now());
            let seen = found.as_ref().map(Seen::read);
            let mut note = OURS.to_owned();
            if let Some(seen) = &seen {
                match lease::decide(seen, &claim.identity, now) {
                    Decision::Take => {
                        let other = seen.operation.as_ref().filter(|id| **id != self.plan().operation.0);
                        if other.is_some() && seen.holder.is_none() {
                            note = format!("an operation was left unfinished here: {}", seen.describe(now));
                        }
                    }
                    _ if self.is_gone(seen) => {
                        note = format!("its process is gone, taken over from {}", seen.describe(now))
                    }
                    _ if self.take_over => note = format!("taken over from {}", seen.describe(now)),
                    Decision::Refuse => return Err(held(seen, self)),
                    Decision::Observe => match &watched {
                        Some((version, _)) if *version != seen.version => return Err(held(seen, self)),
                        Some((_, since)) if since.elapsed() >= seen.good_for => {
                            note = format!("its holder is gone, taken over from {}", seen.describe(now));
                        }
                        _ => {
                            watched.get_or_insert_with(|| (seen.version.clone(), asked));
                            let who = seen.describe(now);
                            let seconds = seen.good_for.as_secs();
                            let word = format!("watching for {seconds} s whether its Lease is renewed: {who}");
                            self.note(index, word).await;
                            self.wait(LOOK).await?;
                            continue;
                        }
                    },
                }
            }
            let answer = match &seen {
                None => self.writer.create(&lease, &claim.create(&lease, now), false).await,
                Some(seen) => self.writer.patch_merge(&lease, &claim.renew(&seen.version, true, now), false).await,
            };
            match answer {
                Ok(taken) => {
                    if note != OURS {
                        self.note(index, note.clone()).await;
                    }
                    self.lock = Some(Lock::keep(lease, claim, &taken, asked, &self.cluster, &self.writer));
                    return self.record(Record::Locked { note }).await;
                }
                Err(error) if error.kind == ApiErrorKind::Forbidden => {
                    return self.without_lease(index, &with_hint(&error)).await;
                }
                Err(error) if matches!(error.kind, ApiErrorKind::Invalid | ApiErrorKind::Unsupported) => {
                    return Err(failed(&error));
                }
                // Somebody was faster, or the answer was lost: the next look tells.
                Err(error) => {
                    self.note(index, trying_again(&error)).await;
                    self.wait(Duration::from_secs(1)).await?;
                }
            }
        }
    }

    /// Whether the process that holds a Lease is known to be gone: it ran on this machine, and nobody holds its journal.
    fn is_gone(&self, seen: &Seen) -> bool {
        let theirs = seen.holder.as_deref().and_then(note::host);
        let here = theirs.is_some() && theirs == note::host(&self.actor);
        let operation = seen.operation.as_ref().map(|id| OperationId(id.clone()));
        here && operation.is_some_and(|id| self.journals.is_abandoned(&id))
    }

    /// What we write about ourselves.
    fn claim(&self) -> Claim {
        let plan = self.plan();
        let mut notes = vec![
            (note::OPERATION, plan.operation.0.clone()),
            (note::ACTOR, self.actor.clone()),
            (note::TARGET, note::target(&plan.target)),
            (note::SUMMARY, format!("{} {}", plan.verb, plan.summary)),
            (note::STEP, self.standing()),
        ];
        notes.extend(plan.why.clone().map(|why| (note::REASON, why)));
        notes.extend(self.original().map(|original| (note::ORIGINAL, original)));
        Claim { identity: lease::identity(&self.actor, &plan.operation), notes }
    }

    /// Where the operation stands: `step 3 of 9, hold`.
    fn standing(&self) -> String {
        let steps = &self.plan().steps;
        match self.history.cursor().and_then(|index| Some((index, steps.get(index)?))) {
            Some((index, step)) => format!("step {} of {}, {}", index + 1, steps.len(), step.step),
            None => "the end".into(),
        }
    }

    /// What was there before the first step, for a colleague who puts it back by hand.
    fn original(&self) -> Option<String> {
        self.plan().steps.iter().find_map(|step| match &step.action {
            Action::HoldOwner(hold) => serde_json::to_string(hold).ok(),
            Action::SetWeights { before, .. } => serde_json::to_string(before).ok(),
            Action::RestoreTemplate { before, .. } => Some(format!("{{\"template\":\"{before}\"}}")),
            _ => None,
        })
    }

    async fn without_lease(&mut self, index: usize, why: &str) -> Result<(), Stop> {
        if self.plan().verb == Verb::Shift {
            return Err(Stop::Refused(format!("a shift needs a Lease, so that two operators cannot fight: {why}")));
        }
        let note = format!("going on without a Lease, so look that nobody else acts on this target: {why}");
        self.note(index, note.clone()).await;
        self.record(Record::Locked { note }).await
    }

    /// Looks, just before a write, whether the target is still ours.
    pub(super) async fn still_ours(&mut self, index: usize) -> Result<(), Stop> {
        let Some(lock) = &self.lock else { return Ok(()) };
        let (object, us) = (lock.lease.clone(), lock.us.clone());
        let (kept, heartbeat) = (lock.kept.clone(), lock.heartbeat.clone());
        let lost = |why: String| {
            Stop::Interrupted(format!("{why}: nothing more was written; look at the target, then resume or plan again"))
        };
        if slept(&self.cluster, &heartbeat) {
            return Err(lost("this machine slept past the end of its Lease".into()));
        }
        let question = move |reader: Reader| {
            let object = object.clone();
            async move { reader.find(&object).await }
        };
        let found = self.ask(index, question).await?.map_err(|error| lost(with_hint(&error)))?;
        let seen = still(found.as_ref(), &us, &self.cluster).map_err(lost)?;
        let mut kept = kept.lock().await;
        if kept.renewed.elapsed() >= lease::DURATION {
            // It ran out while the API server was away, and nobody took it: renewing it proves that.
            kept.version = seen.version;
            let Some(lock) = &self.lock else { return Ok(()) };
            kept.renew(&lock.lease, &self.cluster, &self.writer).await;
        }
        match &kept.lost {
            Some(why) => Err(lost(why.clone())),
            None if kept.renewed.elapsed() >= lease::DURATION => Err(lost("the Lease could not be renewed".into())),
            None => Ok(()),
        }
    }

    /// Writes into the Lease where the operation stands.
    pub(super) async fn tell_lease(&self) {
        if let Some(lock) = &self.lock {
            let mut kept = lock.kept.lock().await;
            kept.claim = self.claim();
            kept.renew(&lock.lease, &self.cluster, &self.writer).await;
        }
    }

    /// Gives the Lease back. An unfinished operation leaves word of itself there; a failure is no harm, the Lease runs out.
    pub(super) async fn release(&mut self, unfinished: bool) {
        let claim = self.claim();
        if let Some(lock) = self.lock.take() {
            let kept = lock.kept.lock().await;
            if kept.lost.is_none() {
                let patch = claim.release(&kept.version, unfinished, self.now());
                let _ = self.writer.patch_merge(&lock.lease, &patch, false).await; // it runs out by itself
            }
        }
    }
}

fn held(seen: &Seen, run: &Run) -> Stop {
    let who = seen.describe(run.now());
    Stop::Refused(format!(
        "{} is held by {who}; wait until it ends, or talk to its operator. If nobody carries it out any more, ask again in {} s: it is \
         then taken over",
        run.plan().target,
        formats::lease::FRESH.as_secs()
    ))
}
