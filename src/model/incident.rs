//! What an operation answers: since when its target is broken and by what, and with which others it was confirmed.
//!
//! Invariant: nothing here is a guess. A time or a cause that nobody saw is None.

use super::{Health, ObjectRef, Plan, Rows, Workload};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// The breakage that an operation answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    /// Names the operations that were confirmed together; None for one by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// When the template that fails was first asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed: Option<Timestamp>,
    /// Since when it is seen to fail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broken: Option<Timestamp>,
    /// What fails, as a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
}

impl Incident {
    /// When it began, as far as that was seen: with the failure itself, or else with the change that brought it.
    pub fn began(&self) -> Option<Timestamp> {
        self.broken.or(self.changed)
    }
}

/// A workload that broke, as rows tell it before anything is planned.
#[derive(Clone, Debug, PartialEq)]
pub struct Casualty {
    /// The workload.
    pub object: ObjectRef,
    /// How bad it looks.
    pub health: Health,
    /// What is known of the breakage; of no group yet.
    pub incident: Incident,
}

impl Casualty {
    /// A workload as its row and its pods tell it, broken or not.
    pub fn of(rows: &Rows, row: &Workload) -> Self {
        let blocker = rows.inspections.get(&row.object).and_then(|found| found.blocker.as_ref());
        Self {
            object: row.object.clone(),
            health: rows.health_of(row),
            incident: Incident {
                group: None,
                changed: row.changed,
                broken: blocker.and_then(|blocker| blocker.since),
                cause: rows.reason_of(row),
            },
        }
    }

    /// Whether it broke at `since` or later. One of which nobody knows when it broke may have.
    pub fn is_within(&self, since: Option<Timestamp>) -> bool {
        since.is_none_or(|since| self.incident.began().is_none_or(|began| began >= since))
    }
}

/// For how long before the time looked back to a change is still taken for what broke a workload, in hours.
const SLACK: i64 = 24;

impl Casualty {
    /// Why this plan is not one to be carried out unless somebody asks for it; None where it is.
    pub fn doubt(&self, plan: &Plan, since: Option<Timestamp>) -> Option<String> {
        if let Some(blocked) = plan.blocked_by().next() {
            return Some(format!("cannot run: {}: {}", blocked.what, blocked.detail));
        }
        let came = plan.incident.as_ref().and_then(|incident| incident.changed).max(self.incident.changed);
        let old = came.zip(since).is_some_and(|(came, since)| came < since - SignedDuration::from_hours(SLACK));
        old.then(|| "what runs now came long before it broke: a rollback may not help".into())
    }
}

impl Rows {
    /// Every workload that fails, the worst first: what is on its way counts once its pods show what stops it.
    pub fn casualties(&self) -> Vec<Casualty> {
        let stopped = |row: &Workload| self.inspections.get(&row.object).is_some_and(|found| found.blocker.is_some());
        let fails = |row: &&Workload| match self.health_of(row) {
            Health::Broken | Health::Degraded => true,
            Health::Progressing => stopped(row),
            Health::Unknown | Health::Healthy => false,
        };
        let mut found: Vec<_> = self.workloads.iter().filter(fails).map(|row| Casualty::of(self, row)).collect();
        found.sort_by(|a, b| (a.health, &a.object).cmp(&(b.health, &b.object)));
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Kind;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn casualty(changed: Option<i64>, broken: Option<i64>) -> Casualty {
        let incident = Incident { changed: changed.map(at), broken: broken.map(at), ..Incident::default() };
        Casualty { object: ObjectRef::new(Kind::Deployment, "shop", "web"), health: Health::Broken, incident }
    }

    #[test]
    fn what_broke_before_is_left_out_and_what_is_not_known_is_not() {
        let since = Some(at(100));
        assert!(casualty(Some(100), None).is_within(since));
        assert!(!casualty(Some(99), None).is_within(since));
        assert!(casualty(Some(10), Some(101)).is_within(since), "changed long ago, and failing since now");
        assert!(!casualty(Some(101), Some(10)).is_within(since), "it failed before it was last touched");
        assert!(casualty(None, None).is_within(since));
        assert!(casualty(Some(1), Some(1)).is_within(None));
    }
}
