//! Which workloads deserve a look at their pods, noticed while their rows pass by.
//!
//! A healthy cluster costs one lookup a row here and nothing else.

use super::inspector::Notice;
use crate::model::{Change, Health, ObjectRef};
use std::collections::HashSet;
use tokio::sync::mpsc::UnboundedSender;

/// Watches the changes go by and tells the inspector.
#[derive(Debug)]
pub(super) struct Attention {
    flagged: HashSet<ObjectRef>,
    notices: UnboundedSender<Notice>,
}

impl Attention {
    pub fn new(notices: UnboundedSender<Notice>) -> Self {
        Self { flagged: HashSet::new(), notices }
    }

    /// Takes note of changes and passes them on, but for what an inspection found on a workload that has recovered since.
    pub fn seen(&mut self, mut changes: Vec<Change>) -> Vec<Change> {
        changes.retain(|change| match change {
            Change::Workload(row) if row.needs_inspection() => {
                self.flagged.insert(row.object.clone());
                self.notify(Notice::Needs(row.object.clone(), row.health()));
                true
            }
            Change::Workload(row) => self.recovered(&row.object),
            Change::Job(row) if row.needs_inspection() => {
                self.flagged.insert(row.object.clone());
                self.notify(Notice::Needs(row.object.clone(), Health::Progressing));
                true
            }
            Change::Job(row) => self.recovered(&row.object),
            Change::Gone(object) => self.recovered(object),
            Change::Inspected(object, found) => found.health == Health::Healthy || self.flagged.contains(object),
            _ => true,
        });
        changes
    }

    fn recovered(&mut self, object: &ObjectRef) -> bool {
        if self.flagged.remove(object) {
            self.notify(Notice::Fine(object.clone()));
        }
        true
    }

    fn notify(&self, notice: Notice) {
        // Without an inspector there is nobody to tell, and the watches are about to end.
        let _ = self.notices.send(notice);
    }
}
