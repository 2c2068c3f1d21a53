//! What an operator does, with the real binary: against `pilothouse sim` always, and against a real control plane where
//! `PILOTHOUSE_TEST_KUBECONFIG` names one. Things fail, processes are killed; nothing is lost.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod argo;
#[path = "../contract/argo_cd.rs"]
mod argo_cd;
mod bump;
mod faults;
#[path = "../contract/fleet.rs"]
#[allow(dead_code, reason = "shared with the contract suite, which uses more of it")]
mod fleet;
mod follow;
mod formats;
#[path = "../line/front.rs"]
#[allow(dead_code, reason = "shared with the stories of a line, which use more of it")]
mod front;
mod held;
mod helm;
mod history;
mod journal;
mod kubectl;
mod migrate;
mod pilothouse;
mod policy;
mod registry;
mod requests;
mod rescue;
mod reserve;
mod rollback;
mod shift;
mod status;
mod stick;
mod transport;
#[path = "../contract/world.rs"]
#[allow(dead_code, reason = "shared with the contract suite, which uses more of it")]
mod world;

use libtest_mimic::{Arguments, Trial};
use world::{Behaviour, Which, trial};

fn main() -> std::process::ExitCode {
    let arguments = Arguments::from_args();
    let stories: Vec<(&str, Behaviour)> = [
        status::ALL,
        reserve::ALL,
        history::ALL,
        rollback::ALL,
        shift::ALL,
        bump::ALL,
        formats::ALL,
        policy::ALL,
        migrate::ALL,
        faults::ALL,
        journal::ALL,
        rescue::ALL,
        requests::ALL,
        transport::ALL,
    ]
    .concat();
    let mut stories = stories;
    if registry::is_there() {
        stories.extend(registry::ALL);
    }
    let served = [&stories[..], argo::ALL, bump::SERVED, follow::ALL, stick::ALL, held::ALL].concat();
    let mut trials: Vec<Trial> = served.iter().map(|(name, test)| trial(Which::Served, name, *test)).collect();
    if std::env::var_os("PILOTHOUSE_TEST_KUBECONFIG").is_some() {
        let there = |variable: &str, what: &str| {
            let there = std::env::var_os(variable).is_some();
            if !there {
                eprintln!("no {what} on the control plane: its stories are not told there");
            }
            there
        };
        let mut real = [&stories[..], bump::REAL, kubectl::REAL, rescue::REAL].concat();
        if there("PILOTHOUSE_TEST_ARGO_ROLLOUTS", "controller of Argo Rollouts") {
            real.extend([argo::ALL, argo::REAL].concat());
        }
        if there("PILOTHOUSE_TEST_HELM", "Helm") {
            real.extend(helm::REAL);
        }
        if there("PILOTHOUSE_TEST_ARGO_CD", "kinds of Argo CD") {
            real.extend(held::ALL);
        }
        if there("PILOTHOUSE_TEST_FLUX", "Flux") {
            real.extend([follow::ALL, stick::ALL, stick::REAL].concat());
        }
        trials.extend(real.iter().map(|(name, test)| trial(Which::Real, name, *test)));
    } else {
        eprintln!(
            "no real control plane: run `tests/control-plane/with -- cargo test` to judge the embedded one by it"
        );
    }
    let conclusion = libtest_mimic::run(&arguments, trials);
    world::end();
    conclusion.exit_code()
}
