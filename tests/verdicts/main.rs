//! What is said about workloads that are not well: each cause is created as it comes about, in the embedded world and, where
//! `PILOTHOUSE_TEST_KUBECONFIG` names one, on a real control plane, and the sentence is read where an operator reads it: from the
//! watches behind the cockpit, and from `pilothouse status -o json`.
//!
//! What fake nodes cannot do by themselves, the test does as their kubelet: it writes the status of pods whose tag ends in
//! `-byhand`, in the words of real kubelets.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod admission;
mod containers;
mod nodes;
mod observed;
mod placement;
mod rollouts;
#[allow(dead_code, reason = "shared with the contract and the operator's stories, which use more of it")]
#[path = "../contract/world.rs"]
mod world;

use libtest_mimic::{Arguments, Trial};
use world::{Behaviour, Which, trial};

fn main() -> std::process::ExitCode {
    let arguments = Arguments::from_args();
    let real = std::env::var_os("PILOTHOUSE_TEST_KUBECONFIG").is_some();
    if !real {
        eprintln!(
            "no real control plane: run `tests/control-plane/with -- cargo test` to hear the verdicts on what a real one does"
        );
    }
    let trials = |behaviours: &[(&str, Behaviour)]| -> Vec<Trial> {
        let worlds: &[Which] = if real { &[Which::Embedded, Which::Real] } else { &[Which::Embedded] };
        let all = worlds.iter().flat_map(|which| behaviours.iter().map(move |(name, test)| trial(*which, name, *test)));
        all.collect()
    };
    // The trials wait much more than they compute.
    let together = Arguments { test_threads: arguments.test_threads.or(Some(12)), ..arguments.clone() };
    let mut many = trials(&[admission::ALL, containers::ALL, placement::ALL, rollouts::ALL].concat());
    if real {
        let only_there = [admission::REAL, placement::REAL, rollouts::REAL].concat();
        many.extend(only_there.iter().map(|(name, test)| trial(Which::Real, name, *test)));
    }
    let first = libtest_mimic::run(&together, many);
    // These change what everybody shares: nodes, and the controllers themselves.
    let alone = Arguments { test_threads: Some(1), ..arguments };
    let second = libtest_mimic::run(&alone, trials(nodes::ALONE));
    world::end();
    if first.has_failed() { first.exit_code() } else { second.exit_code() }
}
