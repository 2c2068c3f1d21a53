//! The demo: a settled world with a past, three environments, a Git repository, and a few things to repair.
//!
//! Its past is lived through, not painted: each commit is made, reconciled and rolled out by the same controllers as later, at
//! simulated times, so that revisions, ages, Events and back-offs agree with each other.
//!
//! Invariant: the same seed gives the same world relative to the clock. Nothing is written outside one temporary folder, which
//! goes with the [`Demo`].

mod catalogue;
mod cluster;
mod manifests;
mod repository;
#[cfg(test)]
mod tests;
mod timeline;

use super::{World, controllers::Controllers, reconciler::Reconciler, store::Store};
use crate::time::Clock;
use jiff::{SignedDuration, Timestamp};
use repository::Repository;
use std::{
    path::{Path, PathBuf},
    time::Duration,
};
use tempfile::TempDir;
use tokio_util::task::AbortOnDropHandle;

/// Changes that a watch of the demo may resume from.
const MEMORY: u64 = 1_000;
/// Seconds between two looks at what may be forgotten.
const TIDY: Duration = Duration::from_secs(60);

/// Why the demo could not be built.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No temporary folder.
    #[error("cannot make a temporary folder for the demo: {0}; set TMPDIR to a folder that you can write to")]
    Folder(#[from] std::io::Error),
    /// The repository could not be written.
    #[error("cannot write the demo's Git repository: {0}")]
    Repository(#[from] git2::Error),
    /// An object of the scenario was refused: a bug.
    #[error("the embedded API server refused {object} of the demo: {why}")]
    Refused {
        /// Which object.
        object: String,
        /// What the server said.
        why: String,
    },
    /// The work was cancelled.
    #[error("building the demo was interrupted")]
    Interrupted,
}

/// A running demo. Everything stops and vanishes when it is dropped.
pub struct Demo {
    /// The cluster.
    pub world: World,
    /// The bare repository, its own remote: branch `main`.
    pub repository: PathBuf,
    _tasks: [AbortOnDropHandle<()>; 3],
    folder: TempDir,
}

impl Demo {
    /// The temporary folder that everything is in, and goes with.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Builds the world as it is at the clock's present moment, and starts its controllers and its reconciler.
    pub async fn start(clock: Clock, seed: u64) -> Result<Self, Error> {
        Self::start_within(std::env::temp_dir(), clock, seed).await
    }

    /// The same with its temporary folder within `parent`.
    pub async fn start_within(parent: PathBuf, clock: Clock, seed: u64) -> Result<Self, Error> {
        let build = tokio::task::spawn_blocking(move || build(&parent, clock, seed));
        let (world, controllers, reconciler, repository) = build.await.map_err(|_| Error::Interrupted)??;
        let tidy = AbortOnDropHandle::new(tokio::spawn(tidy(world.store.clone())));
        Ok(Self {
            repository: repository.path().to_owned(),
            world,
            _tasks: [controllers.spawn(), reconciler.spawn(), tidy],
            folder: repository.into_folder(),
        })
    }
}

/// Gives a world three ready nodes, so that pods have somewhere to run.
pub fn add_nodes(store: &Store) -> Result<(), Error> {
    cluster::nodes().iter().try_for_each(|node| cluster::create(store, node))
}

/// Lives through the timeline up to now.
fn build(parent: &Path, clock: Clock, seed: u64) -> Result<(World, Controllers, Reconciler, Repository), Error> {
    let now = Timestamp::from_second(clock.now().as_second()).unwrap_or(Timestamp::UNIX_EPOCH);
    let timeline = timeline::timeline(now, seed);
    let birth = timeline.birth;
    let world = World::born(clock, seed, still(birth));
    let mut controllers = Controllers::new(&world.store, seed, catalogue::loads());
    let mut reconciler = Reconciler::new(&world.store);
    let mut repository = Repository::create(parent)?;
    controllers.jump_to(&world.store, birth);
    cluster::furnish(controllers.store(), repository.path())?;
    let mut tags = catalogue::first_tags();
    for (at, moment) in timeline.moments.iter().enumerate() {
        controllers.jump_to(&world.store, moment.at);
        if let Some(commit) = &moment.commit {
            tags.extend(commit.tags.iter().cloned());
            repository.commit(&manifests::all(&tags), commit, moment.at)?;
        }
        for object in &moment.objects {
            cluster::create(controllers.store(), object)?;
        }
        reconciler = reconciler.on(controllers.store());
        reconciler.turn();
        // The source is fresh now; what follows it is due at once.
        reconciler.turn();
        let settled = moment.at.checked_add(SETTLE).unwrap_or(now);
        let next = timeline.moments.get(at + 1).map_or(now, |m| m.at);
        // What is recent is lived through without a gap: back-offs, deadlines and autoscalers depend on it.
        let recent = moment.at.checked_add(RECENT).is_ok_and(|end| end > now);
        controllers.live_until(&world.store, if recent { next } else { settled.min(next) });
        // Nobody watches the past, and keeping it would make the process large for good.
        world.store.compact();
    }
    controllers.wake(&world.store);
    Ok((world.clone(), controllers, reconciler.on(&world.store), repository))
}

/// How long the world lives on after each moment of its distant past.
const SETTLE: SignedDuration = SignedDuration::from_secs(45);
/// How far the recent past reaches.
const RECENT: SignedDuration = SignedDuration::from_mins(60);

/// A clock that stands still.
fn still(epoch: Timestamp) -> Clock {
    Clock::standing(epoch, Duration::from_secs(86_400 * 365))
}

/// Forgets old changes, so that a demo that runs for days stays small.
async fn tidy(store: Store) {
    loop {
        tokio::time::sleep(TIDY).await;
        store.compact_to(store.resource_version().saturating_sub(MEMORY));
    }
}
