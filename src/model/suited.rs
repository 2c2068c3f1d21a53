//! Which verbs do not act on which kinds, and why: what a dimmed key answers, and what the plan says where somebody asks all the same.

use super::{Kind, Verb};

impl Verb {
    /// Why it does not act on objects of this kind; None where it does.
    pub const fn unsuited(self, kind: Kind) -> Option<&'static str> {
        match (kind, self) {
            (Kind::Deployment | Kind::StatefulSet | Kind::DaemonSet, Self::Shift) => {
                Some("weights are those of a route, not of a workload")
            }
            (Kind::Deployment | Kind::StatefulSet | Kind::DaemonSet, _) | (Kind::HttpRoute, Self::Shift) => None,
            (Kind::Rollout | Kind::Release, Self::Rollback) => None,
            (Kind::Rollout, Self::Restart | Self::Bump) => {
                Some("its own controller brings a new template out, step by step")
            }
            (Kind::Rollout, Self::Migrate) => Some("a migration copies the template of a plain workload"),
            (Kind::Rollout, Self::Shift) => Some("its own controller sets the weights"),
            (Kind::CronJob, _) => {
                Some("a CronJob has no pods that serve: each of its Jobs starts with the template of the day")
            }
            (Kind::Job, _) => Some("a Job runs once and ends; its pods serve nobody"),
            (Kind::HorizontalPodAutoscaler, _) => Some("an autoscaler has no pods of its own: open its workload"),
            (Kind::Secret | Kind::Release, _) => Some("a Helm release is changed by helm, as a whole"),
            (Kind::HttpRoute, _) => Some("a route has no pods: open the workload behind it"),
            (Kind::Namespace, _) => Some("it acts on one workload: open the namespace and choose one"),
            _ => Some("it acts on workloads"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verb_acts_on_something_and_says_why_not_on_the_rest() {
        for verb in Verb::ALL {
            assert!(Kind::ALL.iter().any(|kind| verb.unsuited(*kind).is_none()), "{verb}");
        }
        assert_eq!(Verb::Restart.unsuited(Kind::DaemonSet), None);
        assert!(Verb::Restart.unsuited(Kind::CronJob).is_some() && Verb::Shift.unsuited(Kind::Deployment).is_some());
    }
}
