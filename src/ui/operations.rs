//! The operations that the screen knows: those that run in this process and those that the journals tell of.

use super::list::List;
use crate::model::{OperationId, OperationState, OperationView, Progress};
use jiff::Timestamp;
use std::{cmp::Reverse, collections::BTreeSet};

/// All known operations.
#[derive(Clone, Debug, Default)]
pub struct Operations {
    views: Vec<OperationView>,
    ours: BTreeSet<OperationId>,
    /// The list as it is shown.
    pub list: List<OperationId>,
}

impl Operations {
    /// Takes what the journals tell; what runs here is known better here.
    pub fn known(&mut self, views: Vec<OperationView>) {
        let ours: Vec<OperationView> =
            self.views.drain(..).filter(|view| self.ours.contains(&view.id) && !view.state.is_final()).collect();
        self.views = views.into_iter().filter(|view| !ours.iter().any(|own| own.id == view.id)).collect();
        self.views.extend(ours);
        self.arrange();
    }

    /// An operation runs in this process from now on.
    pub fn started(&mut self, view: OperationView) {
        self.ours.insert(view.id.clone());
        self.views.retain(|known| known.id != view.id);
        self.views.push(view);
        self.arrange();
    }

    /// An operation reports.
    pub fn progress(&mut self, id: &OperationId, progress: &Progress, now: Timestamp) {
        if let Some(view) = self.views.iter_mut().find(|view| view.id == *id) {
            view.apply(progress, now);
            if matches!(progress, Progress::Result { .. }) {
                self.ours.remove(id);
            }
            self.arrange();
        }
    }

    fn arrange(&mut self) {
        let urgency = |state: OperationState| match state {
            OperationState::Interrupted => 0,
            OperationState::Running => 1,
            OperationState::Paused => 2,
            OperationState::Done | OperationState::Failed | OperationState::SteppedBack => 3,
        };
        self.views.sort_by_key(|view| (urgency(view.state), Reverse(view.started)));
        self.list.arrange(self.views.iter().map(|view| view.id.clone()).collect());
    }

    /// One operation.
    pub fn get(&self, id: &OperationId) -> Option<&OperationView> {
        self.views.iter().find(|view| view.id == *id)
    }

    /// Whether it was started or resumed in this process.
    pub fn is_ours(&self, id: &OperationId) -> bool {
        self.ours.contains(id)
    }

    /// The operations of this process that are under way.
    pub fn under_way(&self) -> impl Iterator<Item = &OperationView> {
        self.views
            .iter()
            .filter(|view| self.is_ours(&view.id))
            .filter(|view| matches!(view.state, OperationState::Running | OperationState::Paused))
    }

    /// The operation that the header shows: one of ours, else anybody's that is under way.
    pub fn foremost(&self) -> Option<&OperationView> {
        let running = || self.views.iter().filter(|view| view.state == OperationState::Running);
        self.under_way().next().or_else(|| running().next())
    }

    /// How many nobody carries out although they have not ended.
    pub fn interrupted(&self) -> usize {
        self.views.iter().filter(|view| view.state == OperationState::Interrupted).count()
    }
}
