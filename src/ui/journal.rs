//! The journal as the screen knows it: the accounts of all operations that this machine's journals tell of.

use super::{
    chosen::Chosen,
    state::{Screen, State},
    tabled::Tabled,
    tables::{Sight, arrange},
};
use crate::model::{Account, OperationId};

impl State {
    /// The operations that an export of all means: the marked ones, else those that the table on top shows. Of those of others
    /// there is no journal here.
    pub(super) fn shown_operations(&self) -> Vec<OperationId> {
        let list = match self.screen() {
            Screen::Operations => &self.operations.shown.list,
            Screen::Journal => &self.journal.shown.list,
            Screen::Together => &self.together.list,
            _ => return Vec::new(),
        };
        let here = |id: &OperationId| self.operations.elsewhere(id).is_none();
        match list.marks().is_empty() {
            true => list.order().iter().filter(|id| here(id)).cloned().collect(),
            false => list.marks().iter().filter(|id| here(id)).cloned().collect(),
        }
    }
}

/// All accounts.
#[derive(Clone, Debug, Default)]
pub struct Journal {
    accounts: Vec<Account>,
    /// The list as it is shown.
    pub shown: Tabled<OperationId>,
    version: u64,
}

impl Journal {
    /// Takes what the journals tell.
    pub fn told(&mut self, accounts: Vec<Account>) {
        if accounts != self.accounts {
            self.accounts = accounts;
            self.version += 1;
        }
    }

    /// Brings the list in line with what is known.
    pub fn settle(&mut self, sight: &Sight<'_>) {
        let (shown, accounts, all) = (&mut self.shown, &self.accounts, Chosen::default());
        shown.settle(self.version, &all, |list| arrange(list, accounts.iter(), &all, sight));
    }

    /// The account of one operation.
    pub fn get(&self, id: &OperationId) -> Option<&Account> {
        self.accounts.iter().find(|account| account.id == *id)
    }
}
