//! Tests of the weight arithmetic, by table and by property.

use super::*;
use proptest::prelude::*;
use rstest::rstest;

fn rule(rule: usize, backends: &[(&str, u32)]) -> Vec<Weight> {
    let each = backends.iter().enumerate();
    each.map(|(backend, (name, weight))| Weight { rule, backend, name: (*name).into(), weight: *weight }).collect()
}

fn numbers(weights: &[Weight]) -> Vec<u32> {
    weights.iter().map(|w| w.weight).collect()
}

#[rstest]
#[case(&[("old", 100), ("new", 0)], 25, &[75, 25])]
#[case(&[("old", 100), ("new", 0)], 100, &[0, 100])]
#[case(&[("old", 0), ("new", 100)], 75, &[25, 75])]
#[case(&[("old", 1), ("new", 0)], 25, &[75, 25])] // too small a sum for percents: scaled to 100
#[case(&[("old", 1), ("new", 1)], 37, &[63, 37])]
#[case(&[("old", 100), ("new", 1)], 1, &[100, 1])]
#[case(&[("old", 100), ("new", 1)], 50, &[51, 50])] // exactly between: the smaller step
#[case(&[("old", 1000), ("new", 0)], 25, &[750, 250])]
#[case(&[("a", 60), ("b", 30), ("new", 10)], 40, &[40, 20, 40])]
#[case(&[("a", 1), ("b", 1), ("c", 1), ("new", 0)], 50, &[17, 17, 16, 50])]
#[case(&[("old", 100), ("new", 0), ("new", 0)], 25, &[75, 13, 12])]
#[case(&[("old", 1_000_000), ("new", 1_000_000)], 100, &[0, 1_000_000])]
fn shares(#[case] backends: &[(&str, u32)], #[case] percent: u32, #[case] expected: &[u32]) {
    assert_eq!(numbers(&distribute(&rule(0, backends), "new", percent).unwrap()), expected);
}

#[test]
fn only_rules_with_both_sides_move_and_all_of_them_together() {
    let mut weights = rule(0, &[("old", 100), ("new", 0)]);
    weights.extend(rule(1, &[("new", 7)]));
    weights.extend(rule(2, &[("old", 3), ("other", 4)]));
    weights.extend(rule(4, &[("new", 500), ("old", 500)]));
    assert_eq!(moved_rules(&weights, "new"), [0, 4]);
    let after = distribute(&weights, "new", 75).unwrap();
    assert_eq!(numbers(&after), [25, 75, 7, 3, 4, 750, 250]);
    assert!(is_share(&after, "new", 75) && !is_share(&weights, "new", 75));
}

#[test]
fn what_cannot_be_shared_is_refused() {
    assert!(distribute(&rule(0, &[("old", 0), ("new", 0)]), "new", 25).is_err());
    assert!(distribute(&rule(0, &[("old", 1), ("new", 0)]), "new", 101).is_err());
    let no_ratio = rule(0, &[("a", 0), ("b", 0), ("new", 100)]);
    assert!(distribute(&no_ratio, "new", 50).is_err());
    assert_eq!(distribute(&no_ratio, "new", 100).unwrap(), no_ratio);
}

proptest! {
    #[test]
    fn the_sum_never_changes_and_the_share_is_the_nearest(
        old in proptest::collection::vec(0u32..=2000, 1..4), new in 0u32..=2000, percent in 0u32..=100,
    ) {
        prop_assume!(old.iter().any(|w| *w > 0));
        let names = ["a", "b", "c"];
        let mut backends: Vec<(&str, u32)> = names.into_iter().zip(old).collect();
        backends.push(("new", new));
        let before = rule(0, &backends);
        let after = distribute(&before, "new", percent).unwrap();
        let sum = |weights: &[Weight]| weights.iter().map(|w| u64::from(w.weight)).sum::<u64>();
        prop_assert_eq!(sum(&after), sum(&before).max(100));
        let exact = sum(&after) * u64::from(percent);
        let got = u64::from(after.last().unwrap().weight) * 100;
        prop_assert!(exact.abs_diff(got) <= 50, "{} of {}", got, exact);
        prop_assert_eq!(got == 0, percent == 0);
        for (b, a) in before.iter().zip(&after) {
            prop_assert_eq!((b.rule, b.backend, &b.name), (a.rule, a.backend, &a.name));
            prop_assert!(a.weight <= MAX_WEIGHT);
        }
    }

    #[test]
    fn the_others_keep_their_ratio(a in 1u32..=1000, b in 1u32..=1000, percent in 0u32..=99) {
        let after = distribute(&rule(0, &[("a", a), ("b", b), ("new", 0)]), "new", percent).unwrap();
        let (x, y) = (f64::from(after[0].weight), f64::from(after[1].weight));
        let exact = (x + y) * f64::from(a) / f64::from(a + b);
        prop_assert!((x - exact).abs() < 1.0, "{} is not near {}", x, exact);
    }

    #[test]
    fn huge_weights_stay_within_what_gateway_api_takes(old in 0u32..=MAX_WEIGHT, other in 1u32..=MAX_WEIGHT, new in 0u32..=MAX_WEIGHT, percent in 0u32..=100) {
        let after = distribute(&rule(0, &[("a", old), ("b", other), ("new", new)]), "new", percent).unwrap();
        prop_assert!(after.iter().all(|w| w.weight <= MAX_WEIGHT));
        prop_assert!(after.iter().any(|w| w.weight > 0));
    }

    #[test]
    fn doing_it_twice_is_doing_it_once(old in 1u32..=5000, new in 0u32..=5000, percent in 0u32..=100) {
        let once = distribute(&rule(0, &[("old", old), ("new", new)]), "new", percent).unwrap();
        prop_assert_eq!(distribute(&once, "new", percent).unwrap(), once);
    }
}
