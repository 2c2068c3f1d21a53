//! What others do: operations that the cluster's Leases tell of and that no journal of this machine knows.
//!
//! Invariant: an operation that a journal here tells of is never among them, so nothing is shown before the journals were read.

use super::{message::Notice, operations::Operations, page::Page, scene::Scene, state::State, verbs::routes_to};
use crate::{
    config::{Action, Meaning},
    model::{Claim, Kind, ObjectRef, OperationId, OperationState, OperationView, Rows, Tenure, Workload},
    time::age,
};
use jiff::Timestamp;
use std::collections::BTreeSet;

/// An operation of somebody else.
#[derive(Clone, Debug)]
pub struct Elsewhere {
    /// It as tables show operations: without steps, which its journal alone knows.
    pub view: OperationView,
    /// What its Lease tells.
    pub claim: Claim,
    /// Whether anybody carries it out.
    pub tenure: Tenure,
}

/// All of them.
#[derive(Clone, Debug, Default)]
pub struct Others {
    /// In the order of their Leases.
    known: Vec<Elsewhere>,
    /// Those that were told to be without anybody.
    told: BTreeSet<OperationId>,
}

impl Others {
    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Elsewhere> {
        self.known.iter()
    }

    /// Takes what the rows of `context` tell, but for what a journal `here` knows better; whether that is news.
    pub fn take(&mut self, rows: &Rows, context: &str, here: impl Fn(&OperationId) -> bool, now: Timestamp) -> bool {
        let sync = rows.sync_of(Kind::Lease);
        let told = || {
            let claims = rows.claims.iter().filter(|claim| !here(&claim.operation));
            claims.map(|claim| (claim, claim.tenure(&sync, now)))
        };
        let same = |((claim, tenure), other): ((&Claim, Tenure), &Elsewhere)| {
            *claim == other.claim && tenure == other.tenure && other.view.context == context
        };
        if told().count() == self.known.len() && told().zip(&self.known).all(same) {
            return false;
        }
        self.known = told().map(|(claim, tenure)| elsewhere(claim, tenure, context)).collect();
        true
    }

    /// Those that have come to be without anybody since this was asked last.
    fn newly_orphaned(&mut self) -> Vec<&Elsewhere> {
        let Self { known, told } = self;
        for other in known.iter().filter(|other| !other.tenure.is_orphaned()) {
            told.remove(&other.view.id);
        }
        known.iter().filter(|other| other.tenure.is_orphaned() && told.insert(other.view.id.clone())).collect()
    }
}

fn elsewhere(claim: &Claim, tenure: Tenure, context: &str) -> Elsewhere {
    let view = OperationView {
        id: claim.operation.clone(),
        verb: claim.verb,
        target: claim.target.clone(),
        context: context.to_owned(),
        summary: claim.summary.clone(),
        state: if tenure.is_orphaned() { OperationState::Interrupted } else { OperationState::Running },
        step: claim.position().map_or(0, |(at, _)| at.saturating_sub(1)),
        steps: Vec::new(),
        holder: claim.who().to_owned(),
        started: claim.acquired.or(claim.renewed).unwrap_or(claim.unchanged),
        hold_until: None,
        message: claim.step.as_ref().map(|step| format!("at {step}")),
        job: None,
        log: Vec::new(),
        can_step_back: false,
    };
    Elsewhere { view, claim: claim.clone(), tenure }
}

impl Elsewhere {
    /// How it stands, in a word or two.
    pub const fn state(&self) -> &'static str {
        match self.tenure {
            Tenure::Kept => "running",
            Tenure::Doubtful => "may be gone",
            Tenure::Lapsed | Tenure::Left => "orphaned",
        }
    }

    /// How long ago it was last heard of: by the holder's clock where that can be, else by ours.
    fn heard(&self, now: Timestamp) -> String {
        let claim = &self.claim;
        age(claim.renewed.filter(|at| *at <= now).unwrap_or(claim.unchanged), now)
    }

    /// Whether anybody carries it out, since when, and where it stands.
    pub fn sentence(&self, now: Timestamp) -> String {
        let heard = self.heard(now);
        let how = match self.tenure {
            Tenure::Kept => format!("heard of {heard} ago"),
            Tenure::Doubtful => format!("not heard of for {heard}: whoever carries it out may be gone"),
            Tenure::Lapsed => format!("not heard of for {heard}: nobody carries it out"),
            Tenure::Left => format!("left unfinished {heard} ago: nobody carries it out"),
        };
        match &self.claim.step {
            Some(step) => format!("{how}; at {step}"),
            None => how,
        }
    }

    /// The same in few words, beside the state.
    pub fn brief(&self, now: Timestamp) -> String {
        let heard = self.heard(now);
        let how = match self.tenure {
            Tenure::Kept => format!("heard of {heard} ago"),
            Tenure::Doubtful | Tenure::Lapsed => format!("silent for {heard}"),
            Tenure::Left => format!("left {heard} ago"),
        };
        match &self.claim.step {
            Some(step) => format!("{how}, {step}"),
            None => how,
        }
    }

    /// What can be done with it, and where.
    pub fn advice(&self) -> String {
        let Claim { verb, operation, .. } = &self.claim;
        let on = self.claim.host().map_or_else(|| "its own machine".to_owned(), |host| host.to_owned());
        let there = format!("its journal is on {on}: `pilothouse operations resume {operation}` there goes on with it");
        match self.tenure {
            Tenure::Kept => format!("{} carries it out, elsewhere", self.claim.who()),
            Tenure::Left => format!("{there}; a new {verb} from here begins at what the target is now"),
            Tenure::Doubtful | Tenure::Lapsed => {
                format!("{there}; a new {verb} from here takes its Lease over once it was silent for 2m")
            }
        }
    }

    /// Everything that is known about it.
    pub fn page(&self, now: Timestamp, width: u16) -> Page {
        let (claim, meaning) = (&self.claim, self.meaning());
        let mut page = Page::new(width);
        let sign = if self.tenure.is_orphaned() { "!" } else { "◐" };
        page.line(vec![
            (meaning, format!("{sign} {}", self.state())),
            (
                Meaning::Muted,
                format!("   by {}   began {} ago   {}", claim.who(), age(self.view.started, now), claim.operation),
            ),
        ]);
        page.hanging(vec![(Meaning::Muted, "  ".into())], meaning, &self.sentence(now));
        page.blank();
        page.labelled("does", Meaning::Text, &format!("{} {}", claim.verb, claim.summary));
        page.labelled("to", Meaning::Text, &claim.target.to_string());
        page.labelled("why", Meaning::Text, claim.reason.as_deref().unwrap_or("no reason was given"));
        if let Some(original) = &claim.original {
            page.labelled("before", Meaning::Muted, original);
        }
        page.labelled("Lease", Meaning::Muted, &claim.lease.path());
        page.blank();
        page.labelled("next", Meaning::Text, &self.advice());
        page.blank();
        page.text(Meaning::Muted, "Its single steps and its log are in that journal only.");
        page
    }

    /// What it means to whoever looks.
    pub const fn meaning(&self) -> Meaning {
        if self.tenure.is_orphaned() { Meaning::Broken } else { Meaning::Progressing }
    }

    /// What it does to which target, and where it stands.
    fn words(&self) -> String {
        let at = match self.claim.position() {
            Some((at, of)) => format!(" at step {at} of {of}"),
            None => String::new(),
        };
        format!("{} {}{at}", self.view.verb, self.view.target.path())
    }
}

/// What others do with a workload, or with a route to it.
pub fn on(page: &mut Page, scene: &Scene<'_>, row: &Workload) {
    if scene.state.operations.others().next().is_none() {
        return;
    }
    let services = scene.state.service_names(&row.object);
    let mut objects: Vec<&ObjectRef> = vec![&row.object];
    objects.extend(routes_to(scene.rows, &row.object.namespace, &services).map(|route| &route.object));
    for other in scene.state.operations.others().filter(|other| objects.contains(&&other.view.target)) {
        let Elsewhere { view, claim, .. } = other;
        let text = format!("{} {} by {}: {}", view.verb, view.target.path(), claim.who(), other.sentence(scene.now));
        page.labelled("others", other.meaning(), &text);
    }
}

impl State {
    /// Takes what the Leases tell; an operation that nobody carries out any more is told once.
    pub(super) fn hear_of_others(&mut self, rows: &Rows, now: Timestamp) {
        if !self.operations.hear(rows, &self.session.context, now) {
            return;
        }
        let new = self.operations.others.newly_orphaned();
        let Some(other) = new.first() else { return };
        let left = if other.tenure == Tenure::Doubtful { "may have left" } else { "left" };
        let more = if new.len() > 1 { format!(" (and {} more)", new.len() - 1) } else { String::new() };
        let text = format!("{} {left} {}, {} ago{more}", other.claim.who(), other.words(), other.heard(now));
        let open = self.key_of(Action::Operations);
        self.notice = Some(Notice::error(text).hint(format!("{open} shows it")));
    }
}

impl Operations {
    /// An operation of somebody else.
    pub fn elsewhere(&self, id: &OperationId) -> Option<&Elsewhere> {
        self.others().find(|other| other.view.id == *id)
    }

    /// The operations of others.
    pub fn others(&self) -> impl Iterator<Item = &Elsewhere> {
        self.others.iter()
    }
}
