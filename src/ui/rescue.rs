//! Several workloads rolled back at once: the list of what broke, and afterwards where each of them stands.

use super::{
    layers::{Answer, Layer, PlanSheet, Question, Rescue, Then},
    list::{List, Listed as _},
    message::{Confirmed, Effect, Failure, Ticket},
    state::{Screen, State},
    tables::TableKind,
};
use crate::model::{Casualty, Intent, ObjectRef, OperationId, OperationView, Plan, Rows};
use jiff::Timestamp;
use std::{collections::BTreeMap, sync::Arc};

/// What was confirmed together last.
#[derive(Clone, Debug, Default)]
pub struct Together {
    /// The plans, by the operation each became.
    pub plans: BTreeMap<OperationId, Arc<Plan>>,
    /// Those that did not begin, and why.
    pub refused: BTreeMap<OperationId, String>,
    /// The operations as they are listed.
    pub list: List<OperationId>,
}

impl State {
    /// Whether a verb is meant for several workloads.
    pub(super) fn means_several(&self, rows: &Rows) -> bool {
        self.targets(rows).len() > 1
    }

    /// Opens the list of what broke; or of `only` these workloads, where there are any.
    pub(super) fn open_rescue(&mut self, only: Vec<ObjectRef>, now: Timestamp) -> Vec<Effect> {
        self.ticket += 1;
        let rescue = Rescue::new(self.ticket, only, now);
        self.layers.retain(|layer| !matches!(layer, Layer::Rescue(_)));
        self.layers.push(Layer::Rescue(Box::new(rescue)));
        Vec::new()
    }

    fn rescue(&mut self) -> Option<&mut Rescue> {
        self.layers.iter_mut().find_map(|layer| match layer {
            Layer::Rescue(rescue) => Some(&mut **rescue),
            _ => None,
        })
    }

    /// Brings the list of what broke in line with the rows.
    pub(super) fn settle_rescue(&mut self, rows: &Rows) -> Vec<Effect> {
        let Some(rescue) = self.rescue() else { return Vec::new() };
        let wanted = rescue.settle(rows);
        let ticket = rescue.ticket();
        if wanted.is_empty() {
            return Vec::new();
        }
        let wanted = wanted.into_iter().map(|casualty| {
            let intent = Intent::Rollback { target: casualty.object.clone(), revision: None };
            (intent, casualty)
        });
        vec![Effect::Muster { ticket, wanted: wanted.collect() }]
    }

    /// The plan of one of several workloads, or why there is none.
    pub(super) fn mustered(
        &mut self,
        ticket: Ticket,
        object: &ObjectRef,
        result: Result<Arc<Plan>, Failure>,
    ) -> Vec<Effect> {
        if let Some(rescue) = self.rescue().filter(|rescue| rescue.ticket() == ticket) {
            rescue.planned(object, result);
        }
        Vec::new()
    }

    /// A revision was chosen for one of them.
    pub(super) fn choose_for_rescue(&mut self, intent: Intent) -> Vec<Effect> {
        let Some(rescue) = self.rescue() else { return Vec::new() };
        let ticket = rescue.ticket();
        let wanted: Vec<(Intent, Casualty)> =
            rescue.choose(&intent).map(|casualty| (intent, casualty)).into_iter().collect();
        vec![Effect::Muster { ticket, wanted }]
    }

    /// Shows one plan of several to be read, or what could be chosen where there is none.
    pub(super) fn read(&mut self, plan: Result<Arc<Plan>, Failure>) -> Vec<Effect> {
        self.layers.push(match plan {
            Ok(plan) => Layer::Plan(Box::new(PlanSheet::to_read(plan))),
            Err(failure) => {
                let choices = failure.choices.iter().map(|choice| {
                    Answer::new(choice.label.clone(), choice.detail.clone(), Then::Instead(choice.intent.clone()))
                });
                let answers = choices.collect();
                Layer::Question(Question::new(failure.title, failure.message, answers).hint(failure.hint))
            }
        });
        Vec::new()
    }

    /// Begins what was confirmed, and shows where each of them stands.
    pub(super) fn begin(&mut self, confirmed: Confirmed) -> Vec<Effect> {
        let plans = &confirmed.plans;
        let by_operation = |plan: &Arc<Plan>| (plan.operation.clone(), Arc::clone(plan));
        let mut together = Together { plans: plans.iter().map(by_operation).collect(), ..Together::default() };
        together.list.arrange(plans.iter().map(|plan| plan.operation.clone()).collect());
        self.together = together;
        self.table_mut(TableKind::Workloads).unmark();
        self.open(Screen::Together);
        vec![Effect::ConfirmAll(confirmed)]
    }

    /// One of several began, or did not.
    pub(super) fn began(&mut self, id: &OperationId, result: Result<Box<OperationView>, Failure>) {
        match result {
            Ok(view) => self.operations.started(*view),
            Err(failure) => {
                let hint = failure.hint.map_or_else(String::new, |hint| format!("; {hint}"));
                self.together.refused.insert(id.clone(), format!("{}{hint}", failure.message));
            }
        }
    }
}
