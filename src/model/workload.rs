//! One row of the cockpit: a Deployment, StatefulSet, DaemonSet or Argo Rollout, reduced to what is shown and decided on at a glance.

use super::{Delivery, Health, Labels, ObjectRef, Owner, Rollout, RolloutState};
use jiff::Timestamp;
use std::sync::Arc;

/// A container of a pod template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Container {
    /// Its name.
    pub name: Arc<str>,
    /// Its image, exactly as the template writes it.
    pub image: Arc<str>,
}

/// A workload as its own object tells it; what its pods add is in [`super::Inspection`].
#[derive(Clone, Debug, PartialEq)]
pub struct Workload {
    /// Which object this is.
    pub object: ObjectRef,
    /// Its UID: another object of the same name is another workload.
    pub uid: Box<str>,
    /// Replicas asked for (for a DaemonSet: nodes it should run on).
    pub desired: u32,
    /// Pods ready.
    pub ready: u32,
    /// Pods of the current template.
    pub updated: u32,
    /// Pods available for at least `minReadySeconds`.
    pub available: u32,
    /// The revision of the current template, where the object tells it.
    pub revision: Option<u64>,
    /// Containers of the template (init containers excluded).
    pub containers: Vec<Container>,
    /// The rollout's verdict from the object alone.
    pub rollout: Rollout,
    /// Who else writes it.
    pub owner: Option<Owner>,
    /// When the object was created.
    pub created: Option<Timestamp>,
    /// When its rollout last moved, where the object tells it.
    pub changed: Option<Timestamp>,
    /// Its labels.
    pub labels: Labels,
    /// How far an Argo Rollout has brought its new template; None for every other kind.
    pub delivery: Option<Box<Delivery>>,
}

impl Workload {
    /// Health as far as the object alone tells: a rollout that progresses may still prove broken once its pods are seen.
    pub fn health(&self) -> Health {
        match self.rollout.state {
            // What was aborted is not out, but what was before it serves as before.
            RolloutState::Failed if self.is_aborted() && self.available >= self.desired => Health::Degraded,
            RolloutState::Failed => Health::Broken,
            RolloutState::Progressing => Health::Progressing,
            RolloutState::Unknown => Health::Unknown,
            RolloutState::Paused | RolloutState::Complete if self.available < self.desired => Health::Degraded,
            RolloutState::Paused if self.updated < self.desired || self.is_under_way() => Health::Progressing,
            RolloutState::Paused | RolloutState::Complete => Health::Healthy,
        }
    }

    /// Whether an Argo Rollout is on its way to a new template, however many pods have it already.
    fn is_under_way(&self) -> bool {
        self.delivery.as_ref().is_some_and(|delivery| delivery.under_way)
    }

    /// Whether somebody, or an analysis, has aborted the way to its new template.
    pub fn is_aborted(&self) -> bool {
        self.delivery.as_ref().is_some_and(|delivery| delivery.aborted)
    }

    /// Whether its pods are worth fetching to name what is wrong.
    pub fn needs_inspection(&self) -> bool {
        self.rollout.state != RolloutState::Complete || self.ready < self.desired
    }
}
