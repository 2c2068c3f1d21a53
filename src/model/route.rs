//! Routes: what splits traffic between backends by weight.

use super::{Health, Labels, ObjectRef};
use jiff::Timestamp;
use serde::Serialize;

/// One backend of a route with its share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Backend {
    /// The backend's name, a Service's.
    pub name: Box<str>,
    /// Its weight in the provider's own units.
    pub weight: u32,
    /// Its share in percent, of the sum of all weights; 0 where the sum is 0.
    pub percent: u32,
}

/// A route, reduced to what is shown. Several rules that name the same backends are one split.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    /// Which object this is.
    pub object: ObjectRef,
    /// The hosts it answers for.
    pub hosts: Vec<Box<str>>,
    /// Its weighted backends, in the order of the first rule that has them.
    pub backends: Vec<Backend>,
    /// Whether its parents accepted it as it stands.
    pub health: Health,
    /// Why it is not accepted.
    pub reason: Option<String>,
    /// When the object was created.
    pub created: Option<Timestamp>,
    /// Its labels.
    pub labels: Labels,
}

impl Route {
    /// Backends with percentages from names and weights: the largest remainders get the points that rounding leaves over.
    pub fn shares(weights: &[(&str, u32)]) -> Vec<Backend> {
        let sum: u64 = weights.iter().map(|(_, weight)| u64::from(*weight)).sum();
        let mut backends: Vec<Backend> = weights
            .iter()
            .map(|(name, weight)| Backend {
                name: (*name).into(),
                weight: *weight,
                percent: (u64::from(*weight) * 100).checked_div(sum).unwrap_or(0) as u32,
            })
            .collect();
        if sum > 0 {
            let given: u32 = backends.iter().map(|b| b.percent).sum();
            let mut order: Vec<usize> = (0..backends.len()).collect();
            order.sort_by_key(|&i| (std::cmp::Reverse(u64::from(backends[i].weight) * 100 % sum), i));
            for &i in order.iter().take(100u32.saturating_sub(given) as usize) {
                backends[i].percent += 1;
            }
        }
        backends
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_always_sum_to_a_hundred() {
        let percents = |w: &[(&str, u32)]| Route::shares(w).iter().map(|b| b.percent).collect::<Vec<_>>();
        assert_eq!(percents(&[("a", 1), ("b", 1), ("c", 1)]), [34, 33, 33]);
        assert_eq!(percents(&[("a", 100), ("b", 1)]), [99, 1]);
        assert_eq!(percents(&[("a", 0), ("b", 0)]), [0, 0]);
        assert_eq!(percents(&[("a", 0), ("b", 7)]), [0, 100]);
        assert_eq!(percents(&[("a", 1_000_000), ("b", 1_000_000)]), [50, 50]);
    }
}
