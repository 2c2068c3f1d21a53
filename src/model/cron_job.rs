//! CronJobs.

use super::{Health, Labels, ObjectRef, Owner};
use jiff::Timestamp;

/// Where a CronJob stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CronJobState {
    /// Its last run has ended without success.
    Failed,
    /// A Job of it runs.
    Running,
    /// Told not to run.
    Suspended,
    /// Waiting for its time.
    Waiting,
}

/// A CronJob, reduced to what is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct CronJob {
    /// Which object this is.
    pub object: ObjectRef,
    /// `spec.schedule`, as written.
    pub schedule: Box<str>,
    /// `spec.timeZone`. Without one, the clock of the control plane counts, which is taken to be UTC here.
    pub time_zone: Option<Box<str>>,
    /// `spec.suspend`.
    pub suspended: bool,
    /// Jobs that run.
    pub active: u32,
    /// When it last ran.
    pub last_run: Option<Timestamp>,
    /// When a Job of it last ended well.
    pub last_success: Option<Timestamp>,
    /// When it runs next, or should have run already. None where it is suspended or its schedule cannot be read here.
    pub next: Option<Timestamp>,
    /// The image of its first container.
    pub image: Box<str>,
    /// Who else writes it.
    pub owner: Option<Owner>,
    /// When it was created.
    pub created: Option<Timestamp>,
    /// Its labels.
    pub labels: Labels,
}

impl CronJob {
    /// Where it stands.
    pub fn state(&self) -> CronJobState {
        match self.last_run {
            _ if self.active > 0 => CronJobState::Running,
            // Whether a run failed is worth knowing even where there will be no other.
            Some(ran) if self.last_success.is_none_or(|success| success < ran) => CronJobState::Failed,
            _ if self.suspended => CronJobState::Suspended,
            _ => CronJobState::Waiting,
        }
    }

    /// How much it matters.
    pub fn health(&self) -> Health {
        match self.state() {
            CronJobState::Failed => Health::Broken,
            CronJobState::Running => Health::Progressing,
            CronJobState::Suspended => Health::Degraded,
            CronJobState::Waiting => Health::Healthy,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Kind;

    #[test]
    fn a_run_that_did_not_end_well_is_told_before_anything_but_the_next_one() {
        let at = |time: &str| Some(time.parse().unwrap());
        let state = |active, suspended, last_run, last_success| {
            CronJob {
                object: ObjectRef::new(Kind::CronJob, "shop", "report"),
                schedule: "0 3 * * *".into(),
                time_zone: None,
                suspended,
                active,
                last_run,
                last_success,
                next: None,
                image: "".into(),
                owner: None,
                created: None,
                labels: Labels::default(),
            }
            .state()
        };
        let (ran, before, after) = (at("2026-01-05T03:00:00Z"), at("2026-01-04T03:05:00Z"), at("2026-01-05T03:05:00Z"));
        assert_eq!(state(0, false, ran, before), CronJobState::Failed);
        assert_eq!(state(0, true, ran, None), CronJobState::Failed);
        assert_eq!(state(1, false, ran, before), CronJobState::Running);
        assert_eq!(state(0, false, ran, after), CronJobState::Waiting);
        assert_eq!(state(0, true, ran, after), CronJobState::Suspended);
        assert_eq!(state(0, false, None, None), CronJobState::Waiting);
    }
}
