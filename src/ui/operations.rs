//! The operations that the screen knows: those that run in this process, those that the journals tell of, and those of others.

use super::{
    chosen::Chosen,
    elsewhere::Others,
    tabled::Tabled,
    tables::{Sight, arrange},
};
use crate::model::{OperationId, OperationState, OperationView, Progress, Rows};
use jiff::Timestamp;
use std::collections::BTreeSet;

/// All known operations.
#[derive(Clone, Debug, Default)]
pub struct Operations {
    views: Vec<OperationView>,
    ours: BTreeSet<OperationId>,
    /// Whether the journals have told what they know.
    read: bool,
    pub(super) others: Others,
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
        self.read = true;
        self.version += 1;
    }

    /// Takes what the Leases of `context` tell of others; whether that is news. Before the journals were read nothing is known
    /// to be somebody else's.
    pub fn hear(&mut self, rows: &Rows, context: &str, now: Timestamp) -> bool {
        let Self { views, others, read, .. } = self;
        let news = *read && others.take(rows, context, |id| views.iter().any(|view| view.id == *id), now);
        self.version += u64::from(news);
        news
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
        let (shown, all) = (&mut self.shown, Chosen::default());
        let views = self.views.iter().chain(self.others.iter().map(|other| &other.view));
        shown.settle(self.version, &all, |list| arrange(list, views, &all, sight));
    }

    /// One operation.
    pub fn get(&self, id: &OperationId) -> Option<&OperationView> {
        let here = self.views.iter().find(|view| view.id == *id);
        here.or_else(|| self.elsewhere(id).map(|other| &other.view))
    }

    /// Whether the journals have told what they know: an operation that is not known then is known to nobody here.
    pub const fn are_read(&self) -> bool {
        self.read
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
