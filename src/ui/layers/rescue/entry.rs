//! One workload that broke, with its plan once it is there.

use super::super::Reply;
use crate::{
    model::{Casualty, Health, Plan},
    ui::message::Failure,
};
use jiff::Timestamp;
use std::sync::Arc;

/// What is known of the way back.
#[derive(Clone, Debug)]
pub enum Found {
    /// Nothing yet.
    Pending,
    /// A plan.
    Plan(Arc<Plan>),
    /// That there is none, and why.
    Nothing(Failure),
}

/// One workload.
#[derive(Clone, Debug)]
pub struct Entry {
    /// As its row tells it now.
    pub casualty: Casualty,
    /// What it would go back to.
    pub found: Found,
    /// Whether its plan was asked for.
    pub asked: bool,
    /// What the operator said; None for what is proposed.
    pub marked: Option<bool>,
}

impl Entry {
    /// A workload of which nothing more is known.
    pub const fn new(casualty: Casualty) -> Self {
        Self { casualty, found: Found::Pending, asked: false, marked: None }
    }

    /// Takes its row as it is now. When it was first seen to fail stays: a crash loop crashes again and again.
    pub fn seen(&mut self, casualty: &Casualty) {
        let first = self.casualty.incident.broken;
        self.casualty.clone_from(casualty);
        let now = self.casualty.incident.broken;
        self.casualty.incident.broken = first.into_iter().chain(now).min();
    }

    /// Its plan.
    pub const fn plan(&self) -> Option<&Arc<Plan>> {
        match &self.found {
            Found::Plan(plan) => Some(plan),
            Found::Pending | Found::Nothing(_) => None,
        }
    }

    /// Why it cannot be marked; None where it can.
    pub fn refusal(&self) -> Option<String> {
        match &self.found {
            Found::Pending => Some("its plan is still being made".into()),
            Found::Nothing(failure) => Some(failure.message.clone()),
            Found::Plan(plan) => {
                let blocked = plan.blocked_by().next()?;
                Some(format!("cannot run: {}: {}", blocked.what, blocked.detail))
            }
        }
    }

    /// Why it is not proposed although it could run. Who marked it beforehand meant it.
    pub fn doubt(&self, since: Option<Timestamp>) -> Option<String> {
        match self.plan() {
            Some(_) if self.casualty.health == Health::Healthy => Some("it has recovered".into()),
            Some(plan) => self.casualty.doubt(plan, since),
            None => None,
        }
    }

    /// Whether it is to be rolled back: as the operator said, or else where nothing speaks against it.
    pub fn is_marked(&self, since: Option<Timestamp>, meant: bool) -> bool {
        let proposed = || meant || self.doubt(since).is_none();
        self.refusal().is_none() && self.marked.unwrap_or_else(proposed)
    }

    /// Shows the whole plan, or what can be done where there is none.
    pub fn read(&self) -> Reply {
        match &self.found {
            Found::Pending => Reply::Stay,
            Found::Plan(plan) => Reply::Read(Ok(Arc::clone(plan))),
            Found::Nothing(failure) => Reply::Read(Err(failure.clone())),
        }
    }
}
