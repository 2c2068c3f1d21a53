//! Which revisions are known to have worked, and on what evidence. Kubernetes does not record that a rollout completed, so
//! only what can be seen now or was seen by our own journal counts; how long a revision ran is told, but proves nothing.

use super::span;
use crate::formats::redact;
use crate::model::{KnownGood, Revision};
use jiff::Timestamp;
use std::cmp::Reverse;

/// What is known about one revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assessment {
    /// Whether it is known to have worked.
    pub known_good: KnownGood,
    /// What tells, as a phrase for an operator.
    pub evidence: String,
}

/// Assesses every revision, in the order given.
pub fn assess(revisions: &[Revision], now: Timestamp) -> Vec<Assessment> {
    revisions.iter().map(|revision| assess_one(revisions, revision, now)).collect()
}

/// The index of the best revision to go back to: known good, not current; one whose configuration is still there before one
/// whose is not, one that serves now before one that only served, the one with most ready pods, and then the latest.
pub(super) fn best(revisions: &[Revision], assessments: &[Assessment]) -> Option<usize> {
    let good = revisions
        .iter()
        .zip(assessments)
        .enumerate()
        .filter(|(_, (revision, assessment))| !revision.current && assessment.known_good == KnownGood::Yes);
    good.min_by_key(|(_, (r, _))| {
        let serves = r.ready > 0;
        let proven = serves && r.proven.is_some();
        Reverse((r.missing.is_empty(), proven, serves, r.ready, r.proven, r.revision))
    })
    .map(|(index, _)| index)
}

fn assess_one(all: &[Revision], one: &Revision, now: Timestamp) -> Assessment {
    let said = |known_good, evidence: String| Assessment { known_good, evidence };
    let ran = ran(all, one, now);
    let ran = ran.map(|ran| format!(", {ran}")).unwrap_or_default();
    let proven = one.proven.map(|at| format!("its rollout completed on {}", at.strftime("%Y-%m-%d %H:%M UTC")));
    match (one.failing.as_deref().map(redact::text), one.ready) {
        (Some(failing), ready) if ready == 0 || one.current => {
            let before = proven.map(|proven| format!(", though {proven}")).unwrap_or_default();
            said(KnownGood::No, format!("its pods fail: {failing}{before}"))
        }
        (failing, ready) if ready > 0 && !one.current => {
            let but = failing.as_ref().map(|failing| format!(", but others fail: {failing}")).unwrap_or_default();
            let pods = if ready == 1 { "1 ready pod serves".into() } else { format!("{ready} ready pods serve") };
            said(KnownGood::Yes, format!("{pods} now{but}{ran}"))
        }
        _ if proven.is_some() => said(KnownGood::Yes, format!("{}{ran}", proven.unwrap_or_default())),
        (None, ready) if ready > 0 && ready == one.replicas && all.iter().all(|r| r.current || r.replicas == 0) => {
            said(KnownGood::Yes, format!("all its {ready} pods are ready{ran}"))
        }
        _ if one.current => said(KnownGood::Unknown, format!("{} of its {} pods are ready", one.ready, one.replicas)),
        _ => said(KnownGood::Unknown, format!("nothing tells whether it worked{ran}")),
    }
}

/// How long a revision was the newest, where creation times tell: a revision that was rolled back to has a new number and
/// its old time, and then nothing can be said.
fn ran(all: &[Revision], one: &Revision, now: Timestamp) -> Option<String> {
    let created = one.created?;
    let before = all.iter().filter(|r| r.revision < one.revision).max_by_key(|r| r.revision);
    if before.and_then(|r| r.created).is_some_and(|before| before > created) {
        return None;
    }
    match all.iter().filter(|r| r.revision > one.revision).min_by_key(|r| r.revision) {
        None => Some(format!("runs for {}", span::words(span::between(created, now)))),
        Some(next) => {
            let ended = next.created.filter(|ended| *ended > created)?;
            Some(format!("ran {} before {} came", span::words(span::between(created, ended)), next.revision))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{ago, now, revision};
    use super::*;
    use rstest::rstest;

    fn chosen(revisions: &[Revision]) -> Option<u64> {
        best(revisions, &assess(revisions, now())).map(|index| revisions[index].revision)
    }

    #[rstest]
    #[case::serves(4, 4, None, None, KnownGood::Yes, "4 ready pods serve now, ran 6 days before 41 came")]
    #[case::serves_one(1, 4, None, None, KnownGood::Yes, "1 ready pod serves now, ran 6 days before 41 came")]
    #[case::half(
        2,
        4,
        Some("crash loop"),
        None,
        KnownGood::Yes,
        "2 ready pods serve now, but others fail: crash loop, ran 6 days before 41 came"
    )]
    #[case::fails(0, 1, Some("crash loop"), None, KnownGood::No, "its pods fail: crash loop")]
    #[case::fails_now(
        0,
        1,
        Some("crash loop"),
        Some(9_000),
        KnownGood::No,
        "its pods fail: crash loop, though its rollout completed on 2026-03-01 09:30 UTC"
    )]
    #[case::proven(
        0,
        0,
        None,
        Some(9_000),
        KnownGood::Yes,
        "its rollout completed on 2026-03-01 09:30 UTC, ran 6 days before 41 came"
    )]
    #[case::gone(0, 0, None, None, KnownGood::Unknown, "nothing tells whether it worked, ran 6 days before 41 came")]
    #[case::starting(
        0,
        2,
        None,
        None,
        KnownGood::Unknown,
        "nothing tells whether it worked, ran 6 days before 41 came"
    )]
    fn an_earlier_revision(
        #[case] ready: u32,
        #[case] replicas: u32,
        #[case] failing: Option<&str>,
        #[case] proven: Option<i64>,
        #[case] expected: KnownGood,
        #[case] evidence: &str,
    ) {
        let mut old = revision(40, "app:1", ready);
        (old.replicas, old.failing) = (replicas, failing.map(str::to_owned));
        (old.created, old.proven) = (Some(ago(7 * 86_400)), proven.map(ago));
        let mut current = revision(41, "app:2", 0);
        (current.current, current.created) = (true, Some(ago(86_400)));
        let assessed = assess(&[current, old], now()).remove(1);
        assert_eq!((assessed.known_good, assessed.evidence.as_str()), (expected, evidence));
    }

    #[rstest]
    #[case::complete(4, 4, None, 0, KnownGood::Yes)]
    #[case::rolling(2, 2, None, 3, KnownGood::Unknown)]
    #[case::not_all(3, 4, None, 0, KnownGood::Unknown)]
    #[case::failing(3, 4, Some("crash loop"), 0, KnownGood::No)]
    fn the_current_revision(
        #[case] ready: u32,
        #[case] replicas: u32,
        #[case] failing: Option<&str>,
        #[case] older_pods: u32,
        #[case] expected: KnownGood,
    ) {
        let mut current = revision(41, "app:2", ready);
        (current.current, current.replicas, current.failing) = (true, replicas, failing.map(str::to_owned));
        let revisions = [current, revision(40, "app:1", older_pods)];
        assert_eq!(assess(&revisions, now())[0].known_good, expected);
        assert_ne!(chosen(&revisions), Some(41), "the current revision is nothing to go back to");
    }

    #[test]
    fn after_two_bad_deploys_the_one_that_serves_is_chosen_not_the_middle_one() {
        let mut current = revision(42, "app:3", 0);
        current.current = true;
        let mut middle = revision(41, "app:2", 0);
        assert_eq!(chosen(&[current.clone(), middle.clone(), revision(40, "app:1", 4)]), Some(40));
        middle.failing = Some("crash loop".into());
        assert_eq!(chosen(&[current.clone(), middle.clone(), revision(40, "app:1", 4)]), Some(40));
        (middle.ready, middle.failing) = (1, None);
        assert_eq!(chosen(&[current.clone(), middle.clone(), revision(40, "app:1", 3)]), Some(40), "more pods serve");
        assert_eq!(chosen(&[current, middle, revision(40, "app:1", 0)]), Some(41));
    }

    #[test]
    fn proofs_are_weighed() {
        let mut current = revision(43, "app:4", 0);
        current.current = true;
        let proven = |number, seconds| {
            let mut r = revision(number, "app:x", 0);
            r.proven = Some(ago(seconds));
            r
        };
        let (late, early) = (proven(41, 100), proven(42, 5000));
        assert_eq!(chosen(&[current.clone(), early.clone(), late.clone()]), Some(41), "the latest proof");
        assert_eq!(
            chosen(&[current.clone(), late.clone(), revision(40, "app:1", 1)]),
            Some(40),
            "serving beats served"
        );
        let mut broken = revision(40, "app:1", 1);
        broken.missing = vec![super::super::fixtures::checkout()];
        assert_eq!(chosen(&[current.clone(), late, broken]), Some(41), "its configuration is gone");
        assert_eq!(chosen(&[current, revision(40, "app:1", 0)]), None, "nothing tells");
    }

    #[test]
    fn a_renumbered_revision_tells_nothing_about_its_time() {
        let mut current = revision(3, "app:1", 4);
        (current.current, current.created) = (true, Some(ago(9000)));
        let mut middle = revision(2, "app:2", 0);
        middle.created = Some(ago(500));
        let assessed = assess(&[current, middle], now());
        assert_eq!(assessed[0].evidence, "all its 4 pods are ready");
        assert_eq!(assessed[1].evidence, "nothing tells whether it worked");
    }
}
