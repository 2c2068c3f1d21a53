//! Effects about several workloads at once: their plans, and the operations they become.

use super::{
    effects::{Hands, not_started, send, unplanned},
    rescue::{Group, Wanted, Word},
    session::Session,
};
use crate::{
    model::{Casualty, Intent, Plan, Progress},
    operate::Consent,
    plan,
    ui::{Confirmed, Message, Ticket},
};
use std::sync::{Arc, PoisonError};
use tokio_util::task::AbortOnDropHandle;

/// What was asked for with one ticket: the group it becomes, and the tasks that answer.
pub(super) struct Muster {
    ticket: Ticket,
    group: Arc<Group>,
    tasks: Vec<AbortOnDropHandle<()>>,
}

impl Hands {
    /// Plans each of these, and answers each as soon as its plan is there.
    pub(super) fn muster(&mut self, ticket: Ticket, wanted: Vec<(Intent, Casualty)>) {
        if self.muster.as_ref().is_none_or(|muster| muster.ticket != ticket) {
            let group = Arc::new(Group::begun(self.now()));
            self.muster = Some(Muster { ticket, group, tasks: Vec::new() });
        }
        let Some(muster) = &mut self.muster else { return };
        let (session, inbox, group) = (Arc::clone(&self.session), self.inbox.clone(), Arc::clone(&muster.group));
        let task = tokio::spawn(async move {
            let intents: Vec<Intent> = wanted.iter().map(|(intent, _)| intent.clone()).collect();
            let wanted = wanted.into_iter().map(|(intent, casualty)| Wanted { intent, incident: casualty.incident });
            let answer = |object, planned: Result<Plan, _>| {
                let result = planned.map(Arc::new).map_err(|error| {
                    let asked = intents.iter().find(|intent| *intent.target() == object).cloned();
                    let intent = asked.unwrap_or(Intent::Rollback { target: object.clone(), revision: None });
                    unplanned(&intent, &error)
                });
                send(&inbox, Message::Mustered { ticket, object, result })
            };
            session.muster(&group, wanted.collect(), None, answer).await;
        });
        muster.tasks.retain(|task| !task.is_finished());
        muster.tasks.push(AbortOnDropHandle::new(task));
    }

    /// What was asked for with this ticket is not wanted any more.
    pub(super) fn forget(&mut self, ticket: Ticket) {
        self.muster.take_if(|muster| muster.ticket == ticket);
    }

    /// Starts plans that were confirmed together, and reports of each.
    pub(super) fn start_all(&self, session: &Arc<Session>, confirmed: Confirmed) {
        let Confirmed { plans, typed, why } = confirmed;
        let consent = match (typed, plans.len()) {
            (None, _) => Consent::Yes,
            (Some(name), 1) => Consent::Name(name),
            (Some(context), _) => Consent::Context(context),
        };
        let because = |plan| plan::because(plan, why.as_deref().unwrap_or_default());
        let plans = plans.into_iter().map(Arc::unwrap_or_clone).map(because).collect();
        let mut words = session.begin(plans, &consent);
        let (inbox, controls) = (self.inbox.clone(), Arc::clone(&self.controls));
        tokio::spawn(async move {
            while let Some((id, word)) = words.recv().await {
                let controls = || controls.lock().unwrap_or_else(PoisonError::into_inner);
                let message = match word {
                    Word::Started(view, control) => {
                        controls().insert(id.clone(), control);
                        Message::Began(id, Ok(view))
                    }
                    Word::Refused(error) => Message::Began(id, Err(not_started(&error))),
                    Word::Progress(progress) => {
                        if matches!(progress, Progress::Result { .. }) {
                            controls().remove(&id);
                        }
                        Message::Operation(id, progress)
                    }
                };
                send(&inbox, message).await;
            }
        });
    }
}
