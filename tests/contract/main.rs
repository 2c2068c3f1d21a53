//! What Kubernetes does, as Pilothouse relies on it: one suite, run against the embedded world always, and against a real
//! control plane where `PILOTHOUSE_TEST_KUBECONFIG` names one (see `tests/control-plane/README.md`).
//!
//! A test that holds in only one of the two worlds shows a defect of the embedded one.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod api;
mod argo;
mod capacity;
mod controllers;
#[allow(dead_code, reason = "shared with the operator's stories, which use more of it")]
mod fleet;
mod flux;
mod listed;
mod logs;
mod looks;
mod ownership;
mod placement;
mod rollouts;
mod undo;
mod watch;
#[allow(dead_code, reason = "shared with the operator's stories, which use more of it")]
mod world;

use libtest_mimic::{Arguments, Trial};
use world::{Behaviour, Which, trial};

fn main() -> std::process::ExitCode {
    let mut arguments = Arguments::from_args();
    // The behaviours wait much more than they compute.
    arguments.test_threads.get_or_insert(8);
    let behaviours: Vec<(&str, Behaviour)> = [
        api::ALL,
        watch::ALL,
        controllers::ALL,
        undo::ALL,
        ownership::ALL,
        rollouts::ALL,
        argo::ALL,
        flux::ALL,
        listed::ALL,
        looks::ALL,
        placement::ALL,
        logs::ALL,
        capacity::ALL,
    ]
    .concat();
    let mut trials: Vec<Trial> = behaviours.iter().map(|(name, test)| trial(Which::Embedded, name, *test)).collect();
    if std::env::var_os("PILOTHOUSE_TEST_KUBECONFIG").is_some() {
        let has = |name: &str| std::env::var_os(name).is_some();
        let (argo, flux) = (has("PILOTHOUSE_TEST_ARGO_ROLLOUTS"), has("PILOTHOUSE_TEST_FLUX"));
        for (there, whose) in [(argo, "controller of Argo Rollouts"), (flux, "controllers of Flux")] {
            if !there {
                eprintln!("no {whose} on the control plane: its behaviours are not judged there");
            }
        }
        let metrics = has("PILOTHOUSE_TEST_METRICS");
        if !metrics {
            eprintln!("no metrics-server on the control plane: what is measured is not judged there");
        }
        let judged = |name: &str| {
            (argo || !name.starts_with("argo::"))
                && (flux || !name.starts_with("flux::"))
                && (metrics || !name.starts_with("capacity::measured"))
        };
        let real = if flux { [&behaviours[..], flux::REAL].concat() } else { behaviours.clone() };
        let there = real.iter().filter(|(name, _)| judged(name));
        trials.extend(there.map(|(name, test)| trial(Which::Real, name, *test)));
    } else {
        eprintln!(
            "no real control plane: run `tests/control-plane/with -- cargo test` to judge the embedded one by it"
        );
    }
    let conclusion = libtest_mimic::run(&arguments, trials);
    world::end();
    conclusion.exit_code()
}
