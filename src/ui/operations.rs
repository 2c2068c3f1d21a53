//! The operations that the screen knows: those that run in this process and those that the journals tell of.

use super::{
    chosen::Chosen,
    tabled::Tabled,
    tables::{Sight, arrange},
};
use crate::model::{OperationId, OperationState, OperationView, Progress};
use jiff::Timestamp;
use std::collections::BTreeSet;

/// All known operations.
#[derive(Clone, Debug, Default)]
pub struct Operations {
    views: Vec<OperationView>,
    ours: BTreeSet<OperationId>,
    /// The list as it is shown.
    pub shown: Tabled<OperationId>,
    /// Grows with every change.
    version: u64,
}

impl Operations {
    /// Takes what the journals tell; what runs here is known better here.
    pub fn known(&mut self, views: Vec<OperationView>) {
        let (ours, others): (Vec<_>, Vec<_>) =
            self.views.drain(..).partition(|view| self.ours.contains(&view.id) && !view.state.is_final());
        self.views = views.into_iter().filter(|view| !ours.iter().any(|own| own.id == view.id)).collect();
        // A journal keeps no log lines: what was followed here stays to be read after the end.
        for before in others.into_iter().filter(|view| !view.log.is_empty()) {
            if let Some(view) = self.views.iter_mut().find(|view| view.id == before.id && view.log.is_empty()) {
                view.log = before.log;
            }
        }
        self.views.extend(ours);
        self.version += 1;
    }

    /// An operation runs in this process from now on.
    pub fn started(&mut self, view: OperationView) {
        self.ours.insert(view.id.clone());
        self.views.retain(|known| known.id != view.id);
        self.views.push(view);
        self.version += 1;
    }

    /// An operation reports.
    pub fn progress(&mut self, id: &OperationId, progress: &Progress, now: Timestamp) {
        if let Some(view) = self.views.iter_mut().find(|view| view.id == *id) {
            view.apply(progress, now);
            if matches!(progress, Progress::Result { .. }) {
                self.ours.remove(id);
            }
            self.version += 1;
        }
    }

    /// Brings the list in line with what is known. Operations are shown whatever namespaces are chosen.
    pub fn settle(&mut self, sight: &Sight<'_>) {
        let (shown, views, all) = (&mut self.shown, &self.views, Chosen::default());
        shown.settle(self.version, &all, |list| arrange(list, views.iter(), &all, sight));
    }

    /// One operation.
    pub fn get(&self, id: &OperationId) -> Option<&OperationView> {
        self.views.iter().find(|view| view.id == *id)
    }

    /// Whether it was started or resumed in this process.
    pub fn is_ours(&self, id: &OperationId) -> bool {
        self.ours.contains(id)
    }

    /// Whether nobody carries it out although it has not ended: one that is paused may still be held by another process, which
    /// its journal tells when it is taken up.
    pub fn is_at_rest(&self, view: &OperationView) -> bool {
        match view.state {
            OperationState::Interrupted => true,
            OperationState::Paused => !self.is_ours(&view.id),
            OperationState::Running | OperationState::Done | OperationState::Failed | OperationState::SteppedBack => {
                false
            }
        }
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

    /// Those of a context that nobody carries out although they have not ended.
    pub fn interrupted(&self, context: &str) -> impl Iterator<Item = &OperationView> {
        self.views.iter().filter(move |view| view.state == OperationState::Interrupted && view.context == context)
    }
}
