//! Arithmetic of weights: giving one backend a share of each rule while the others keep their ratio.
//!
//! Largest remainders, in integers: a rule's sum never changes. Only a rule whose sum cannot express percents, or would need
//! weights above what the provider takes, is scaled once, to [`SCALE`] or [`MAX_WEIGHT`].

use crate::formats::FormatError;
use crate::model::Weight;

/// The greatest weight that Gateway API takes.
pub const MAX_WEIGHT: u32 = 1_000_000;
/// The sum that a rule of a smaller sum is scaled to.
pub const SCALE: u32 = 100;

/// The weights after `to` has got `percent` of every rule that it shares with another backend. Rules without `to`, or with
/// nothing but `to`, are left as they are.
pub fn distribute(current: &[Weight], to: &str, percent: u32) -> Result<Vec<Weight>, FormatError> {
    if percent > 100 {
        return Err(wrong(to, format!("a share of {percent} % cannot be given; it is at most 100")));
    }
    let mut after = current.to_vec();
    for rule in moved_rules(current, to) {
        let places = |target: bool| {
            let members = current.iter().enumerate();
            members
                .filter(move |(_, w)| w.rule == rule && (w.name == to) == target)
                .map(|(at, _)| at)
                .collect::<Vec<_>>()
        };
        let (targets, others) = (places(true), places(false));
        let sum: u64 = targets.iter().chain(&others).map(|at| u64::from(current[*at].weight)).sum();
        if sum == 0 {
            return Err(wrong(
                to,
                format!("all weights of rule {rule} are 0, so nothing says what is served; set them first"),
            ));
        }
        let others_sum: u64 = others.iter().map(|at| u64::from(current[*at].weight)).sum();
        if others_sum == 0 && others.len() > 1 && percent < 100 {
            let why =
                format!("in rule {rule} every other backend has weight 0: no ratio says which of them gets the rest");
            return Err(wrong(to, why));
        }
        let sum = sum.clamp(u64::from(SCALE), u64::from(MAX_WEIGHT));
        // The nearest integer; exactly between two, the smaller step is taken. As sum ≥ 100, 1 % is never nothing.
        let (whole, rest) = (sum * u64::from(percent) / 100, sum * u64::from(percent) % 100);
        let target = whole + u64::from(rest > 50);
        for (members, total) in [(targets, target), (others, sum - target)] {
            let ratio: Vec<u64> = members.iter().map(|at| u64::from(current[*at].weight)).collect();
            for (at, weight) in members.into_iter().zip(split(total, &ratio)) {
                after[at].weight = weight;
            }
        }
    }
    Ok(after)
}

/// Splits `total` by `ratio` (evenly where it is all zero); the largest remainders get what rounding leaves over.
fn split(total: u64, ratio: &[u64]) -> Vec<u32> {
    let even = vec![1; ratio.len()];
    let ratio = if ratio.iter().all(|part| *part == 0) { &even } else { ratio };
    let sum: u64 = ratio.iter().sum();
    let mut parts: Vec<u64> = ratio.iter().map(|part| total * part / sum).collect();
    let left = total - parts.iter().sum::<u64>();
    let mut order: Vec<usize> = (0..ratio.len()).collect();
    order.sort_by_key(|at| (std::cmp::Reverse(total * ratio[*at] % sum), *at));
    for at in order.into_iter().cycle().take(left as usize) {
        parts[at] += 1;
    }
    parts.into_iter().map(|part| u32::try_from(part).unwrap_or(MAX_WEIGHT)).collect()
}

/// The rules in which `to` stands beside another backend: those that a shift changes.
pub fn moved_rules(weights: &[Weight], to: &str) -> Vec<usize> {
    let mut rules: Vec<usize> = weights.iter().filter(|w| w.name == to).map(|w| w.rule).collect();
    rules.dedup();
    rules.retain(|rule| weights.iter().any(|w| w.rule == *rule && w.name != to));
    rules
}

/// The share of `to` in one rule in percent, rounded down; 0 where the rule has no weight.
pub fn share(weights: &[Weight], rule: usize, to: &str) -> u32 {
    let (part, sum) = parts(weights, rule, to);
    u32::try_from((part * 100).checked_div(sum).unwrap_or(0)).unwrap_or(100)
}

/// Whether `to` has exactly this share of every rule that a shift would change.
pub fn is_share(weights: &[Weight], to: &str, percent: u32) -> bool {
    moved_rules(weights, to).into_iter().all(|rule| {
        let (part, sum) = parts(weights, rule, to);
        sum > 0 && part * 100 == sum * u64::from(percent)
    })
}

fn parts(weights: &[Weight], rule: usize, to: &str) -> (u64, u64) {
    let of_rule = || weights.iter().filter(|w| w.rule == rule);
    let part = of_rule().filter(|w| w.name == to).map(|w| u64::from(w.weight)).sum();
    (part, of_rule().map(|w| u64::from(w.weight)).sum())
}

fn wrong(to: &str, why: String) -> FormatError {
    FormatError::Weights { object: format!("backend {to}"), why }
}

#[cfg(test)]
#[path = "distribute_tests.rs"]
mod tests;
