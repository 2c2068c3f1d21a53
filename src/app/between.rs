//! What the event loop does with more than one context: going from one to another, starting and resuming where an operation
//! belongs, logging in, and taking over a changed kubeconfig.

use super::{cockpit::Cockpit, session::Session};
use crate::{
    connect::kube::{ConnectError, KnownContexts},
    model::{Login, OperationId},
    ui::{Effect, Failure, Message, Notice},
};
use std::sync::Arc;

impl Cockpit {
    /// Carries out what concerns contexts; gives back what does not.
    pub(super) fn between_contexts(&mut self, effect: Effect) -> Option<Effect> {
        match effect {
            Effect::Confirm { plan, typed } => {
                // A plan is for the cluster it was made for, whatever is looked at by now; the guard compares them again.
                match self.fleet.session(&plan.context) {
                    Ok(session) => self.hands.start(session, Arc::unwrap_or_clone(plan), typed),
                    Err(error) => self.tell(Message::Started(Err(not_reached("Not started", &error)))),
                }
            }
            Effect::ConfirmAll(confirmed) => {
                let context = confirmed.plans.first()?.context.clone();
                match self.fleet.session(&context) {
                    Ok(session) => self.hands.start_all(&session, confirmed),
                    Err(error) => {
                        for plan in confirmed.plans {
                            let why = not_reached("Not started", &error);
                            self.tell(Message::Began(plan.operation.clone(), Err(why)));
                        }
                    }
                }
            }
            Effect::Resume { operation, order, typed } => match self.session_of(&operation) {
                Ok(session) => self.hands.resume(session, operation, order, typed),
                Err(failure) => self.tell(Message::Started(Err(failure))),
            },
            Effect::Enter { context, open } => match self.fleet.enter(&context) {
                Ok(()) => {
                    if let Some((session, batches)) = self.fleet.hands() {
                        self.hands.enter(session, batches);
                    }
                    let view = self.fleet.view();
                    self.tell(Message::Fleet(view));
                    self.tell(Message::Entered { context, open });
                }
                Err(error) => self.tell(Message::Failed(not_reached(&format!("Cannot go to {context}"), &error))),
            },
            Effect::Watch { context, on } => {
                if on {
                    if let Err(error) = self.fleet.watch(&context) {
                        self.tell(Message::Failed(not_reached(&format!("Cannot watch {context}"), &error)));
                    }
                } else {
                    self.fleet.leave(&context);
                }
                self.expect_news();
            }
            Effect::Reload => self.reload(),
            other => return Some(other),
        }
        None
    }

    /// The session of the cluster that an operation is carried out in, as its journal says.
    fn session_of(&mut self, operation: &OperationId) -> Result<Arc<Session>, Failure> {
        let title = format!("Cannot resume {operation}");
        let history = self.fleet.desk().journals.read(operation);
        let history = history.map_err(|error| failure(&title, error.to_string(), None))?;
        self.fleet.session(&history.plan.context).map_err(|error| not_reached(&title, &error))
    }

    /// Gets credentials again: on the terminal where the plugin asks, else by the next request.
    pub(super) fn log_in(&mut self, context: &str) {
        let session = match self.fleet.session(context) {
            Ok(session) => session,
            Err(error) => {
                return self.tell(Message::Failed(not_reached(&format!("Cannot log in to {context}"), &error)));
            }
        };
        if self.loan.is_some() {
            return;
        }
        match session.cluster.login() {
            Login::Needed { asks: true, .. } => self.lend(session.cluster.clone()),
            Login::Needed { asks: false, .. } => {
                session.cluster.forget_login();
                let text = format!("asking for credentials of {context} again…");
                self.tell(Message::Notice(Notice::information(text)));
                self.expect_news();
            }
            Login::Pending | Login::Granted { .. } => {}
        }
    }

    /// The terminal is back.
    pub(super) fn logged_in(&mut self, context: &str, result: &Result<(), ConnectError>) {
        let notice = match result {
            Ok(()) => Notice::information(format!("logged in to {context}")),
            Err(error) => {
                let notice = Notice::error(error.to_string());
                match error.hint() {
                    Some(hint) => notice.hint(hint),
                    None => notice,
                }
            }
        };
        self.expect_news();
        self.tell(Message::Notice(notice));
    }

    /// The kubeconfig was written to: says what it says otherwise now, and changes nothing.
    pub(super) fn kubeconfig(&mut self, reading: Result<KnownContexts, ConnectError>) {
        let Some(known) = self.fleet.known() else { return };
        match reading {
            Ok(later) => {
                let changes = known.changes(&later);
                self.pending = (!changes.is_empty()).then_some(later);
                let what = (!changes.is_empty()).then(|| changes.describe());
                self.tell(Message::Kubeconfig(what));
            }
            // It may be half written; the next look tells.
            Err(error) => {
                let notice = Notice::warning(error.to_string()).hint("what was read before still counts");
                self.tell(Message::Notice(notice));
            }
        }
    }

    fn reload(&mut self) {
        let Some(later) = self.pending.take() else { return };
        self.fleet.reload(later);
        if let Some((session, batches)) = self.fleet.hands() {
            self.hands.enter(session, batches);
        }
        let view = self.fleet.view();
        self.tell(Message::Fleet(view));
        self.tell(Message::Kubeconfig(None));
        self.tell(Message::RowsChanged);
        self.tell(Message::Notice(Notice::information("the kubeconfig was taken over")));
    }
}

fn failure(title: &str, message: String, hint: Option<String>) -> Failure {
    Failure { title: title.to_owned(), message, hint, choices: Vec::new() }
}

fn not_reached(title: &str, error: &ConnectError) -> Failure {
    failure(title, error.to_string(), error.hint())
}
