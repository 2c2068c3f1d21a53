//! The guard: the one place that decides whether a plan may run.
//!
//! Invariant: a [`Permit`] comes from [`authorize`] only, stands for one plan byte for byte, and is never stored. Every check
//! of mode, cluster, preconditions, confirmation and rights is here; no key binding or command repeats or replaces one.

use crate::{
    connect::kube::{Cluster, Writer},
    model::{Access, OperationId, Plan, Precondition},
};
use futures::future::join_all;
use sha2::{Digest, Sha256};
use std::fmt;

/// How this process may act on the context it is connected to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mode {
    /// Nothing may be written (`--read-only`).
    pub read_only: bool,
    /// A confirmation must name the target. True for every server that is not on loopback, unless it is unmarked.
    pub protected: bool,
}

/// What the operator said to the plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Consent {
    /// Nothing.
    #[default]
    None,
    /// Yes, without naming anything: Enter, or `--yes`.
    Yes,
    /// The target's name, typed beside the plan.
    Name(String),
    /// `--yes --confirm CONTEXT/NAME`.
    ContextAndName(String),
    /// The context's name, typed once for several plans that were shown together.
    Context(String),
}

/// Which check refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RefusalKind {
    /// Read-only mode.
    ReadOnly,
    /// The plan is for another cluster, or not the plan that was permitted.
    OtherCluster,
    /// A precondition does not hold.
    Precondition,
    /// A rule of the team stands against it.
    Policy,
    /// The target's name was not given, or it is another one.
    Name,
    /// Nobody said yes.
    Unconfirmed,
    /// RBAC.
    Forbidden,
    /// Another operation holds the target.
    Locked,
}

/// A refusal: nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}: {why}")]
pub struct Refused {
    /// Which check.
    pub kind: RefusalKind,
    /// What was refused.
    pub what: String,
    /// Why.
    pub why: String,
    /// What to do.
    pub todo: String,
}

impl Refused {
    pub(super) fn new(kind: RefusalKind, plan: &Plan, why: impl Into<String>, todo: impl Into<String>) -> Self {
        Self {
            kind,
            what: format!("{} {} refused", plan.verb, plan.target.type_name()),
            why: why.into(),
            todo: todo.into(),
        }
    }
}

/// The right to carry one plan out, and the only way to a writer.
pub struct Permit {
    operation: OperationId,
    plan: [u8; 32],
    writer: Writer,
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Permit({})", self.operation)
    }
}

impl Permit {
    /// The writer, if this is the plan that was permitted.
    pub(super) fn redeem(self, plan: &Plan) -> Result<Writer, Refused> {
        if self.operation == plan.operation && self.plan == fingerprint(plan) {
            return Ok(self.writer);
        }
        let why = format!("the permit is for {} as it was confirmed, and this plan differs", self.operation);
        Err(Refused::new(RefusalKind::OtherCluster, plan, why, "confirm this plan"))
    }
}

/// A plan's bytes, as one number. A plan that cannot be serialised has the fingerprint of nothing, and is journaled by nobody.
fn fingerprint(plan: &Plan) -> [u8; 32] {
    Sha256::digest(serde_json::to_vec(plan).unwrap_or_default()).into()
}

/// Asks whether `plan` may run now, in this order: mode, cluster, the team's rules, preconditions, protection, confirmation, rights.
pub async fn authorize(plan: &Plan, mode: Mode, consent: &Consent, cluster: &Cluster) -> Result<Permit, Refused> {
    let protected = mode.protected || plan.asks_name();
    permit(plan, Mode { protected, ..mode }, consent, cluster).await
}

/// The same for a plan that ran before: the name that its team's rules ask for was typed then.
pub(super) async fn authorize_again(
    plan: &Plan,
    mode: Mode,
    consent: &Consent,
    cluster: &Cluster,
) -> Result<Permit, Refused> {
    permit(plan, mode, consent, cluster).await
}

async fn permit(plan: &Plan, mode: Mode, consent: &Consent, cluster: &Cluster) -> Result<Permit, Refused> {
    let refuse = |kind, why: String, todo: &str| Err(Refused::new(kind, plan, why, todo));
    if mode.read_only {
        return refuse(RefusalKind::ReadOnly, "this is read-only mode".into(), "start without --read-only");
    }
    let here = cluster.identity().await;
    if !plan.cluster.same_as(&here) {
        let why = format!("the plan was made for {}, and this is {}", plan.cluster.server, here.server);
        return refuse(RefusalKind::OtherCluster, why, &format!("use --context {}", plan.context));
    }
    if plan.is_empty() {
        return refuse(RefusalKind::Precondition, "the plan has no steps".into(), "there is nothing to do");
    }
    if plan.is_refused_by_policy_only() {
        let rules = plan.policy.as_ref().map(|ruling| ruling.against.join("; ")).unwrap_or_default();
        let todo = "wait, or override it with --override-policy and --why";
        return refuse(RefusalKind::Policy, format!("the team's rules: {rules}"), todo);
    }
    if let Some(Precondition { what, detail, .. }) = plan.blocked_by().next() {
        let why = if detail.is_empty() { what.clone() } else { format!("{what}: {detail}") };
        return refuse(RefusalKind::Precondition, why, "mend that, then plan again");
    }
    confirmed(plan, mode, consent)?;
    // Asked all at once: somebody waits, and each answer is a way to the API server and back.
    let asked = join_all(plan.needs.iter().map(|access| cluster.reader().may(access))).await;
    for (access, allowed) in plan.needs.iter().zip(asked) {
        if allowed == Some(false) {
            let why = format!("you may not {access}");
            return refuse(RefusalKind::Forbidden, why, "ask for this right, or use a context whose user has it");
        }
    }
    Ok(Permit { operation: plan.operation.clone(), plan: fingerprint(plan), writer: writer(cluster) })
}

#[expect(clippy::disallowed_methods, reason = "the one place where a writer is obtained, behind every check")]
fn writer(cluster: &Cluster) -> Writer {
    cluster.writer()
}

/// Asks whether a note may be written that changes nothing that runs, such as a reservation: mode and rights. There is no plan to
/// confirm and nothing to protect; `what` names it.
pub(super) async fn authorize_note(
    what: &str,
    needs: &[Access],
    mode: Mode,
    cluster: &Cluster,
) -> Result<Writer, Refused> {
    let refuse = |kind, why: String, todo: &str| {
        Err(Refused { kind, what: format!("{what} refused"), why, todo: todo.to_owned() })
    };
    if mode.read_only {
        return refuse(RefusalKind::ReadOnly, "this is read-only mode".into(), "start without --read-only");
    }
    for access in needs {
        if cluster.reader().may(access).await == Some(false) {
            let why = format!("you may not {access}");
            return refuse(RefusalKind::Forbidden, why, "ask for this right, or use a context whose user has it");
        }
    }
    Ok(writer(cluster))
}

fn confirmed(plan: &Plan, mode: Mode, consent: &Consent) -> Result<(), Refused> {
    let name = &*plan.target.name;
    let full = format!("{}/{name}", plan.context);
    let wrong = |given: &str, wanted: &str| {
        let why = format!("`{given}` was given, and the confirmation is `{wanted}`");
        Err(Refused::new(RefusalKind::Name, plan, why, "look at the plan's target again"))
    };
    match consent {
        Consent::Name(given) if given != name => wrong(given, name),
        Consent::ContextAndName(given) if *given != full => wrong(given, &full),
        Consent::Name(_) | Consent::ContextAndName(_) => Ok(()),
        // The context's name says yes to what was shown together, never to a plan by itself.
        Consent::Context(given) if plan.group().is_none() => wrong(given, name),
        Consent::Context(given) if *given != plan.context => wrong(given, &plan.context),
        Consent::Context(_) => Ok(()),
        Consent::Yes | Consent::None if mode.protected => Err(Refused::new(
            RefusalKind::Name,
            plan,
            match plan.asks_name() {
                true => "the team's rules ask for the name".to_owned(),
                false => format!("context {} is protected", plan.context),
            },
            format!("type {name} to confirm, or give --yes --confirm {full}"),
        )),
        Consent::Yes => Ok(()),
        Consent::None => Err(Refused::new(RefusalKind::Unconfirmed, plan, "nobody confirmed the plan", "give --yes")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Incident;
    use crate::operate::fixtures::{rollback, shift};
    use rstest::rstest;

    const FREE: Mode = Mode { read_only: false, protected: false };
    const PROTECTED: Mode = Mode { read_only: false, protected: true };

    #[rstest]
    #[case(FREE, Consent::None, Some(RefusalKind::Unconfirmed))]
    #[case(FREE, Consent::Yes, None)]
    #[case(FREE, Consent::Name("checkout".into()), None)]
    #[case(FREE, Consent::Name("ledger".into()), Some(RefusalKind::Name))]
    #[case(FREE, Consent::ContextAndName("prod/checkout".into()), Some(RefusalKind::Name))]
    #[case(PROTECTED, Consent::None, Some(RefusalKind::Name))]
    #[case(PROTECTED, Consent::Yes, Some(RefusalKind::Name))]
    #[case(PROTECTED, Consent::Name("checkout".into()), None)]
    #[case(PROTECTED, Consent::Name("checkout ".into()), Some(RefusalKind::Name))]
    #[case(PROTECTED, Consent::ContextAndName("checkout".into()), Some(RefusalKind::Name))]
    #[case(PROTECTED, Consent::ContextAndName("bench/checkout".into()), None)]
    fn consent_must_fit(#[case] mode: Mode, #[case] consent: Consent, #[case] refused: Option<RefusalKind>) {
        let told = confirmed(&rollback("op-1"), mode, &consent);
        assert_eq!(told.err().map(|refused| refused.kind), refused);
    }

    #[rstest]
    #[case(Some("g-1"), "bench", None)]
    #[case(Some("g-1"), "checkout", Some(RefusalKind::Name))]
    #[case(Some("g-1"), "", Some(RefusalKind::Name))]
    #[case(None, "bench", Some(RefusalKind::Name))]
    fn the_contexts_name_confirms_only_what_was_shown_together(
        #[case] group: Option<&str>,
        #[case] given: &str,
        #[case] refused: Option<RefusalKind>,
    ) {
        let group = group.map(str::to_owned);
        let plan = Plan { incident: Some(Incident { group, ..Incident::default() }), ..rollback("op-1") };
        let told = confirmed(&plan, PROTECTED, &Consent::Context(given.into()));
        assert_eq!(told.err().map(|refused| refused.kind), refused);
    }

    #[test]
    fn another_plan_has_another_fingerprint() {
        let plan = shift("op-1");
        let mut changed = plan.clone();
        changed.steps.pop();
        assert_ne!(fingerprint(&plan), fingerprint(&changed));
        assert_eq!(fingerprint(&plan), fingerprint(&plan.clone()));
    }
}
