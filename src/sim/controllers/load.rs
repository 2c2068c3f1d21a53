//! How busy workloads are: a seeded curve of demand for each, which autoscalers divide by what serves.
//!
//! Invariant: demand depends on the seed, the workload and the time only, never on how many pods there are.

use super::object::fnv;
use jiff::Timestamp;
use std::{collections::BTreeMap, f64::consts::TAU};

/// Demand over time, in thousandths of the metric's unit (millicores for cpu).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Curve {
    /// Middle of the wave.
    pub mean: f64,
    /// How far it goes up and down.
    pub swing: f64,
    /// Seconds from one crest to the next.
    pub period: f64,
}

/// The curves of a world by (namespace, workload); a workload that is not named gets one from the seed.
#[derive(Clone, Debug, Default)]
pub struct Loads(pub BTreeMap<(String, String), Curve>);

impl Loads {
    /// The demand on a workload at a moment.
    pub fn demand(&self, seed: u64, namespace: &str, name: &str, at: Timestamp) -> f64 {
        let hash = fnv(&[&seed.to_string(), namespace, name]);
        let share = |shift: u32| ((hash >> shift) & 0xff) as f64 / 255.0;
        let known = self.0.get(&(namespace.to_owned(), name.to_owned())).copied();
        let curve = known.unwrap_or_else(|| {
            let mean = 200.0 + 400.0 * share(0);
            Curve { mean, swing: mean * 0.4, period: 900.0 + 1800.0 * share(8) }
        });
        let turn = at.as_second() as f64 / curve.period + share(16);
        let ripple = 0.2 * (TAU * turn * 5.3 + share(24)).sin();
        // A little noise that stays for one reading, so that two readings of the same moment agree.
        let reading = fnv(&[namespace, name, &(at.as_second() / 15).to_string()]) & 0xff;
        let noise = 0.1 * (reading as f64 / 255.0 - 0.5);
        (curve.mean + curve.swing * ((TAU * turn).sin() + ripple + noise)).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn demand_moves_and_is_the_same_for_the_same_seed() {
        let loads = Loads::default();
        let at = |s: i64| Timestamp::from_second(1_800_000_000 + s).unwrap();
        let course: Vec<f64> = (0..40).map(|i| loads.demand(7, "shop", "web", at(i * 60))).collect();
        let again: Vec<f64> = (0..40).map(|i| loads.demand(7, "shop", "web", at(i * 60))).collect();
        assert_eq!(course, again);
        let (low, high) = course.iter().fold((f64::MAX, 0.0_f64), |(l, h), x| (l.min(*x), h.max(*x)));
        assert!(high > low * 1.3, "{low} {high}");
        assert_ne!(course[0], loads.demand(8, "shop", "web", at(0)));
    }
}
