//! The cockpit over a line to a real API server on a bad day: the real binary in a pseudo-terminal, in front of a control plane
//! that is throttled, forgets versions, refuses tokens or ends. What can also happen in the embedded world runs there as well.
//!
//! One at a time: an API server that ends does so for everybody.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod crippled;
mod front;
mod outage;
mod place;
mod rights;
#[allow(dead_code, reason = "shared with the cockpit's tests, which make pictures")]
#[path = "../cockpit/svg.rs"]
mod svg;
#[allow(dead_code, reason = "shared with the cockpit's tests, which use more of it")]
#[path = "../cockpit/terminal.rs"]
mod terminal;
mod throttled;
mod tokens;
#[allow(dead_code, reason = "shared with the cockpit's tests, which use more of it")]
#[path = "../cockpit/world.rs"]
mod world;

use place::Place;
use std::{
    path::PathBuf,
    sync::{Mutex, MutexGuard, PoisonError},
};

static ALONE: Mutex<()> = Mutex::new(());

/// Keeps other tests of this program waiting.
fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A file that the environment names; None, and a line that says so, where there is no control plane.
fn named(variable: &str) -> Option<PathBuf> {
    let found = std::env::var_os(variable).map(PathBuf::from);
    if found.is_none() {
        eprintln!("not tried: {variable} is not set; run `tests/control-plane/with -- cargo test --test line`");
    }
    found
}

/// Runs a test on a real API server, where there is one.
fn on_real(test: impl Fn(Place)) {
    let _alone = alone();
    if let Some(kubeconfig) = named("PILOTHOUSE_TEST_KUBECONFIG") {
        test(Place::at(&kubeconfig));
    }
}

/// Runs a test on the embedded world, and on a real API server where there is one.
fn on_both(test: impl Fn(Place)) {
    let world = world::World::start();
    test(Place::at(&PathBuf::from(world.kubeconfig())));
    drop(world);
    on_real(test);
}
