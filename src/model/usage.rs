//! What containers, pods and nodes use of CPU and memory, beside what they asked for and what they may have at most.
//!
//! Invariant: what is not known is None, never zero: no request is not a request of nothing, and no sample is not no usage.

use super::{PodContainer, Pods};
use jiff::Timestamp;
use std::{collections::BTreeMap, ops::AddAssign};

/// From how many percent of its limit on a container is said to be near it.
const NEAR: u64 = 90;

/// CPU and memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amount {
    /// Thousandths of a core.
    pub cpu: Option<u64>,
    /// Bytes.
    pub memory: Option<u64>,
}

impl AddAssign for Amount {
    /// A sum of which a part is not known is not known.
    fn add_assign(&mut self, other: Self) {
        self.cpu = self.cpu.zip(other.cpu).map(|(a, b)| a.saturating_add(b));
        self.memory = self.memory.zip(other.memory).map(|(a, b)| a.saturating_add(b));
    }
}

impl Amount {
    /// Nothing, to which may be added.
    pub const NOTHING: Self = Self { cpu: Some(0), memory: Some(0) };
}

/// What one pod uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodUsage {
    /// When it was sampled.
    pub at: Option<Timestamp>,
    /// Its containers.
    pub containers: Vec<(Box<str>, Amount)>,
}

impl PodUsage {
    /// One container.
    pub fn of(&self, container: &str) -> Option<Amount> {
        self.containers.iter().find(|(name, _)| **name == *container).map(|(_, amount)| *amount)
    }

    /// All containers together.
    pub fn total(&self) -> Amount {
        let mut total = Amount::NOTHING;
        self.containers.iter().for_each(|(_, amount)| total += *amount);
        total
    }
}

/// What the pods of a workload use, by pod: those that have a sample.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usages(pub BTreeMap<Box<str>, PodUsage>);

/// What the pods of a workload use together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TotalUsage {
    /// Pods that have a sample.
    pub sampled: usize,
    /// Pods that run.
    pub running: usize,
    /// What those with a sample use.
    pub used: Amount,
    /// What those with a sample asked for.
    pub requests: Amount,
    /// What those with a sample may use at most.
    pub limits: Amount,
}

impl Usages {
    /// One pod.
    pub fn of(&self, pod: &str) -> Option<&PodUsage> {
        self.0.get(pod)
    }

    /// All of these pods together; those without a sample are in no sum.
    pub fn total(&self, pods: &Pods) -> TotalUsage {
        let mut total = TotalUsage {
            sampled: 0,
            running: pods.iter().filter(|pod| pod.containers.iter().any(|c| c.running)).count(),
            used: Amount::NOTHING,
            requests: Amount::NOTHING,
            limits: Amount::NOTHING,
        };
        for (pod, usage) in pods.iter().filter_map(|pod| Some((pod, self.of(&pod.name)?))) {
            total.sampled += 1;
            total.used += usage.total();
            total.requests += pod.requests();
            total.limits += pod.limits();
        }
        total
    }

    /// What is near a limit, one sentence for each container, memory first: there being out of it ends the container.
    pub fn warnings(&self, pods: &Pods) -> Vec<String> {
        let (mut memory, mut cpu) = (Vec::new(), Vec::new());
        for pod in pods.iter() {
            let Some(usage) = self.of(&pod.name) else { continue };
            for (container, used) in pod.containers.iter().filter_map(|c| Some((c, usage.of(&c.name)?))) {
                let which = if pod.containers.len() > 1 {
                    format!("{}/{}", pod.name, container.name)
                } else {
                    pod.name.to_string()
                };
                let of = |used: Option<u64>, limit: Option<u64>| {
                    let (used, limit) = used.zip(limit.filter(|limit| *limit > 0))?;
                    Some((used, limit, percent(used, limit))).filter(|(.., percent)| *percent >= NEAR)
                };
                if let Some((used, limit, percent)) = of(used.memory, container.limits.memory) {
                    let (used, limit) = (bytes(used), bytes(limit));
                    memory.push((
                        percent,
                        format!("{which}: memory {used} of {limit}, {percent} % of the limit, killed at 100 %"),
                    ));
                }
                if let Some((used, limit, percent)) = of(used.cpu, container.limits.cpu) {
                    let (used, limit) = (cores(used), cores(limit));
                    cpu.push((
                        percent,
                        format!("{which}: cpu {used} of {limit}, {percent} % of the limit, throttled at 100 %"),
                    ));
                }
            }
        }
        for all in [&mut memory, &mut cpu] {
            all.sort_by(|a, b| b.cmp(a));
        }
        memory.into_iter().chain(cpu).map(|(_, sentence)| sentence).collect()
    }
}

impl PodContainer {
    /// Whether it counts in the sum of what its pod asks for: one that has to end before the others start does not.
    fn counts(&self) -> bool {
        !self.init || self.running
    }
}

impl super::PodDetail {
    /// What its containers asked for together; None where one of them did not say.
    pub fn requests(&self) -> Amount {
        self.sum(|container| container.requests)
    }

    /// What its containers may use together; None where one of them may use any amount.
    pub fn limits(&self) -> Amount {
        self.sum(|container| container.limits)
    }

    fn sum(&self, of: impl Fn(&PodContainer) -> Amount) -> Amount {
        let mut total = Amount::NOTHING;
        self.containers.iter().filter(|container| container.counts()).for_each(|container| total += of(container));
        total
    }
}

/// How many percent one is of the other.
pub fn percent(part: u64, whole: u64) -> u64 {
    u64::try_from(u128::from(part) * 100 / u128::from(whole.max(1))).unwrap_or(u64::MAX)
}

/// CPU as Kubernetes writes it: `250m`, `1.5`, `16`.
pub fn cores(milli: u64) -> String {
    match (milli / 1000, milli % 1000) {
        (0, rest) if rest > 0 => format!("{rest}m"),
        (whole, 0) => whole.to_string(),
        (whole, rest) if whole < 10 => {
            format!("{whole}.{:02}", rest / 10).trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        (whole, rest) => format!("{whole}.{}", rest / 100).trim_end_matches(".0").to_owned(),
    }
}

/// Memory in the unit that leaves up to three digits and one after the point: `480Mi`, `1.5Gi`.
pub fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 7] = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
    let unit = (0..UNITS.len()).rev().find(|unit| bytes >> (10 * unit) > 0).unwrap_or(0);
    let tenths = (u128::from(bytes) * 10) >> (10 * unit);
    match (tenths / 10, tenths % 10) {
        (whole, tenth) if tenth > 0 && whole < 100 => format!("{whole}.{tenth}{}", UNITS[unit]),
        (whole, _) => format!("{whole}{}", UNITS[unit]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(0, "0")]
    #[case(4, "4m")]
    #[case(250, "250m")]
    #[case(1000, "1")]
    #[case(1500, "1.5")]
    #[case(1250, "1.25")]
    #[case(16_040, "16")]
    #[case(16_540, "16.5")]
    fn cpu_in_words(#[case] milli: u64, #[case] expected: &str) {
        assert_eq!(cores(milli), expected);
    }

    #[rstest]
    #[case(0, "0")]
    #[case(900, "900")]
    #[case(503_316_480, "480Mi")]
    #[case(1_610_612_736, "1.5Gi")]
    #[case(64 << 30, "64Gi")]
    fn memory_in_words(#[case] number: u64, #[case] expected: &str) {
        assert_eq!(bytes(number), expected);
    }

    #[test]
    fn a_sum_of_which_a_part_is_not_known_is_not_known() {
        let mut sum = Amount::NOTHING;
        sum += Amount { cpu: Some(5), memory: None };
        sum += Amount { cpu: Some(7), memory: Some(9) };
        assert_eq!(sum, Amount { cpu: Some(12), memory: None });
        assert_eq!((percent(1, 3), percent(5, 0)), (33, 500));
    }
}
