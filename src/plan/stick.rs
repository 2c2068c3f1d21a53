//! What makes a rollback last where a reconciler owns the workload: hold it off, put Git right, wait until that is applied, let go.
//!
//! Minutes pass between a commit and its rollout, so that the cluster comes first: the hold and the undo need the right to patch
//! and nothing else. Where Git cannot be put right from here the hold stays, to be finished by a hand or from another machine.

use super::restore::{self, Restore, version};
use super::{Asked, durability, span, step};
use crate::formats::template;
use crate::model::{
    Action, CommonFacts, Durability, GitSight, Holdable, Kind, Mark, Means, OUTSTANDING, ObjectRef, Owner, OwnerHold,
    Precondition, ReconcilerFacts, Step, Syncs,
};
use jiff::SignedDuration;
use serde_json::Value;

/// How long a hold is meant to last at most; then it is late.
const LONGEST: SignedDuration = SignedDuration::from_hours(1);

/// What is added to a plan.
#[derive(Debug)]
pub(super) struct Stick {
    /// Steps before the undo.
    pub before: Vec<Step>,
    /// Steps after it.
    pub after: Vec<Step>,
    /// Steps once all is healthy.
    pub last: Vec<Step>,
    /// Whether it then lasts.
    pub durability: Durability,
    /// What was found.
    pub preconditions: Vec<Precondition>,
    /// What Git's part is, one line each.
    pub reasons: Vec<String>,
    /// What changes in Git.
    pub diff: String,
}

/// An image that is undone and the one that takes its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Swap {
    /// The container.
    pub container: String,
    /// The image that is undone.
    pub bad: String,
    /// The image of the revision that is gone back to.
    pub good: String,
}

/// The images in which two templates differ.
pub(super) fn swaps(before: &Value, after: &Value) -> Vec<Swap> {
    let all = |template: &Value| -> Vec<(String, String)> {
        let containers = template["spec"]["containers"].as_array().into_iter().flatten();
        let text = |value: &Value| value.as_str().map(str::to_owned);
        containers.filter_map(|c| Some((text(&c["name"])?, text(&c["image"])?))).collect()
    };
    let after = all(after);
    let good = |name: &str| after.iter().find(|(other, _)| other == name).map(|(_, image)| image.clone());
    let pairs = all(before).into_iter().filter_map(|(container, bad)| {
        let good = good(&container).filter(|good| *good != bad)?;
        Some(Swap { container, bad, good })
    });
    pairs.collect()
}

/// Whether two templates differ in anything but images.
pub(super) fn differs_otherwise(before: &Value, after: &Value) -> bool {
    let neutral = |template: &Value| {
        let mut template = template.clone();
        for container in template["spec"]["containers"].as_array_mut().into_iter().flatten() {
            container["image"] = Value::Null;
        }
        template::hash(&template)
    };
    neutral(before) != neutral(after)
}

/// How `swaps` are made to last. `beyond` says that the templates differ in more than images.
pub(super) fn of(
    asked: &Asked<'_>,
    common: &CommonFacts,
    facts: Option<&ReconcilerFacts>,
    swaps: &[Swap],
    beyond: bool,
) -> Stick {
    let direct = || Stick {
        before: Vec::new(),
        after: Vec::new(),
        last: Vec::new(),
        durability: durability::of_direct_write(common),
        preconditions: Vec::new(),
        reasons: Vec::new(),
        diff: String::new(),
    };
    let (Some(facts), Some(owner)) = (facts, &common.owner) else { return direct() };
    let mut stick = direct();
    let held = facts.hold().is_some();
    let held_by_hand = (durability::suspended(common) || facts.by_hand) && !held;
    let git = match &facts.git {
        GitSight::Read(git) => restore::of(asked, git, swaps, held),
        GitSight::Unknown(why) => Err(why.clone()),
        GitSight::Outstanding => Err(outstanding()),
    };
    if let Ok(git) = &git
        && git.edits.is_empty()
        && !git.rewritten
        && !held
        && !beyond
    {
        // What is applied next is what this goes back to.
        (stick.durability, stick.reasons) = (Durability::Sticks, git.reasons.clone());
        return stick;
    }
    let refused = facts.marks.first().filter(|mark| mark.allowed == Some(false) && !held_by_hand);
    if let Some(mark) = refused {
        let detail = format!("{owner} cannot be held off: you may not patch {}", mark.object.type_name());
        stick.preconditions.push(Precondition::warn("hold", detail));
        return stick;
    }
    // Where Git is right already, only what is still held matters.
    let right = held && git.as_ref().is_ok_and(|git| git.edits.is_empty());
    let marks = || facts.marks.iter().filter(|mark| !held_by_hand && (!right || mark.hold.is_some()));
    let holds: Vec<OwnerHold> = marks().map(|mark| hold(asked, facts, mark, swaps)).collect();
    if let Some(first) = holds.first() {
        let soon = soon(common, &first.mark);
        stick.reasons.push(format!("{owner} would undo this {soon}: it is held off until that is settled"));
        // From the top: what is marked below is in danger until what stands above it is held.
        for (hold, mark) in holds.iter().zip(marks()) {
            stick.before.insert(0, step("hold", holding(hold, mark), Action::HoldOwner(hold.clone())));
        }
        stick.preconditions.extend(holds.iter().zip(marks()).filter_map(|(hold, mark)| frozen(hold, mark)));
    }
    let mut settled = None;
    let off = holds.first().map_or_else(|| owner.to_string(), |hold| hold.owner.clone());
    match git {
        Ok(git) => {
            stick.automations(asked, facts, Some(&git), swaps);
            stick.after.extend(git.steps(asked));
            let reference = git.facts.reference.clone();
            let branch = reference.branch.clone();
            stick.diff = git.diff;
            stick.reasons.extend(git.reasons);
            stick.preconditions.extend(git.preconditions);
            // A Kustomization that leaves a HelmRelease alone does not bring its values right before it is let go.
            let tells = |hold: &OwnerHold| hold.mark.means != Means::Suspend || !hold.mark.aside;
            match facts.consumer.as_ref().filter(|_| holds.first().is_some_and(tells)) {
                Some((consumer, source)) => {
                    stick.durability = Durability::Sticks;
                    let applied = |settled| Action::WaitApplied {
                        owner: consumer.clone(),
                        source: source.clone(),
                        reference: reference.clone(),
                        bad: bad_of(swaps),
                        settled,
                    };
                    let release = facts.marks.first().is_some_and(|mark| mark.mark.means == Means::Suspend);
                    let who = if release { consumer.type_name() } else { owner.to_string() };
                    let detail = format!("until {who} {} {branch} without {}", sees(consumer), bad(swaps));
                    stick.after.push(step("applied", detail, applied(release)));
                    if consumer.kind == Kind::Application {
                        let detail = format!("until {owner} is Synced and Healthy with that");
                        settled = Some(step("settled", detail, applied(true)));
                    }
                }
                // Whoever lets it go, or syncs it, finds the right thing in Git.
                None if holds.is_empty() => stick.durability = Durability::Sticks,
                None => stick.after.push(by_hand(&off, &format!("once {owner} has {} no more", bad(swaps)))),
            }
            if beyond {
                let detail = format!("more than the image differs: {owner} brings the rest back once it is let go");
                stick.preconditions.push(Precondition::warn("git", detail));
                stick.durability = while_held(owner, common, &holds);
                if !holds.is_empty() {
                    stick.after.push(by_hand(&off, "put back in Git what else differs"));
                }
            }
        }
        Err(why) => {
            stick.preconditions.push(Precondition::warn("git", clipped(&why)));
            if !held_by_hand {
                stick.durability = while_held(owner, common, &holds);
            }
            if !holds.is_empty() {
                let todo = match &facts.git {
                    GitSight::Outstanding => {
                        format!("put {} back in Git: roll back once more, which finishes it", bad(swaps))
                    }
                    _ => format!("put {} back in its source by hand", bad(swaps)),
                };
                stick.after.push(by_hand(&off, &todo));
            }
            stick.automations(asked, facts, None, swaps);
        }
    }
    for hold in holds {
        let detail = format!("{}: {} writes it again", hold.object.type_name(), hold.owner);
        stick.after.push(step("release", detail, Action::ReleaseOwner(hold)));
    }
    if let Some(settled) = settled {
        stick.last.insert(0, settled);
    }
    if !facts.undone.is_empty() && stick.durability == Durability::Sticks {
        // What is put right in Git lasts all the same; until then it may come back.
        let detail = format!("{}: until Git is right it may come back", facts.undone.join("; "));
        stick.durability = Durability::Reverted(clipped(&detail));
    }
    stick.preconditions.extend(facts.undone.iter().map(|why| Precondition::warn("hold", clipped(why))));
    stick
}

/// What is said of Git while it is read.
fn outstanding() -> String {
    format!(
        "{OUTSTANDING}: the sheet tells what it says. Begun before, this holds and undoes; another rollback then finishes it"
    )
}

/// The hold of one object.
fn hold(asked: &Asked<'_>, facts: &ReconcilerFacts, mark: &Holdable, swaps: &[Swap]) -> OwnerHold {
    // A Kustomization is asked where the workload itself is marked; an Application where it is.
    let asks = |consumer: &ObjectRef| match mark.mark.means {
        Means::LeaveAlone => true,
        Means::SyncDisabled | Means::SyncRemoved => *consumer == mark.object,
        Means::IgnoreSync | Means::Suspend => false,
    };
    let consumer = facts.consumer.as_ref().map(|(consumer, _)| consumer.clone());
    OwnerHold {
        owner: mark.owner.clone(),
        asked: consumer.filter(asks),
        mark: mark.mark.clone(),
        object: mark.object.clone(),
        uid: mark.uid.clone(),
        original: mark.original.clone(),
        bad: bad_of(swaps),
        until: asked.now.checked_add(LONGEST).unwrap_or(asked.now),
        adopts: mark.hold.as_ref().map(|record| record.operation.clone()),
    }
}

impl Stick {
    /// Keeps image automations from writing again what is undone, until their policy selects something else. That may be days:
    /// the operation stays open for as long, so that nobody forgets it. What an earlier operation left held is let go likewise.
    fn automations(&mut self, asked: &Asked<'_>, facts: &ReconcilerFacts, git: Option<&Restore<'_>>, swaps: &[Swap]) {
        let rewritten = git.filter(|git| git.rewritten);
        let policies = git.map(|git| git.policies.join(", ")).filter(|policies| !policies.is_empty());
        let policies = policies.unwrap_or_else(|| "its policy".into());
        let writing = rewritten.map(|git| git.facts.automations.as_slice()).unwrap_or_default();
        if rewritten.is_some() && writing.is_empty() {
            let detail = format!("{policies} writes this value: suspend what does so, or {} comes back", bad(swaps));
            self.preconditions.push(Precondition::warn("image automation", detail));
        }
        for found in writing {
            let name = found.held.object.type_name();
            if found.by_hand {
                self.reasons.push(format!("{name} is suspended already"));
            } else if found.held.allowed == Some(false) {
                let detail = format!("you may not suspend {name}: it writes {} again", bad(swaps));
                self.preconditions.push(Precondition::warn("image automation", detail));
                self.durability = Durability::Reverted(format!("{name} writes {} again", bad(swaps)));
            } else {
                self.suspend(hold(asked, facts, &found.held, swaps), Some(&policies), swaps);
            }
        }
        let known = |mark: &Holdable| writing.iter().any(|found| found.held.object == mark.object);
        for mark in facts.left.iter().filter(|mark| !known(mark)) {
            // Where Git was read and nothing writes the value again, it is let go at once.
            let waits = git.is_none().then_some(&*policies);
            self.suspend(hold(asked, facts, mark, swaps), waits, swaps);
        }
    }

    fn suspend(&mut self, hold: OwnerHold, policies: Option<&str>, swaps: &[Swap]) {
        let name = hold.object.type_name();
        if let Some(policies) = policies {
            let again = again(&hold);
            let detail = format!("{name}: suspend {}{again}", hold.owner);
            self.after.push(step("hold", detail, Action::HoldOwner(hold.clone())));
            self.last.push(by_hand(&hold.owner, &format!("wait until {policies} selects other than {}", bad(swaps))));
        }
        self.last.push(step("release", format!("{name} writes to Git again"), Action::ReleaseOwner(hold)));
    }
}

/// What the hold does, in the sheet.
fn holding(hold: &OwnerHold, mark: &Holdable) -> String {
    let (what, owner) = (hold.object.type_name(), &hold.owner);
    let aside = if hold.mark.aside { ", and its Kustomization leaves it alone" } else { "" };
    let detail = match hold.mark.means {
        Means::LeaveAlone => format!("{what}: {owner} leaves it alone (reconcile: disabled)"),
        Means::Suspend => format!("{what}: suspend {owner}{aside}"),
        Means::SyncDisabled => format!("{what}: {owner} syncs nothing by itself (automated.enabled: false){aside}"),
        Means::SyncRemoved => format!("{what}: {owner} syncs nothing by itself (automated is taken away){aside}"),
        Means::IgnoreSync => {
            let part = hold.mark.part.as_deref().unwrap_or_default();
            format!("{what}: leaves the auto-sync of {part} as it is (ignoreApplicationDifferences){aside}")
        }
    };
    let others = match mark.shared {
        0 => String::new(),
        1 => ", which another operation holds as well".into(),
        more => format!(", which {more} other operations hold as well"),
    };
    format!("{detail}{}{others}", again(hold))
}

fn again(hold: &OwnerHold) -> String {
    hold.adopts.as_ref().map(|id| format!(", taking over from {id}")).unwrap_or_default()
}

/// When the owner would write it again.
fn soon(common: &CommonFacts, mark: &Mark) -> String {
    match (mark.means, common.owner_interval, common.owner_syncs) {
        (Means::LeaveAlone, Some(seconds), _) => format!("within {}", span::words(seconds)),
        (Means::LeaveAlone, None, _) => "at its next reconciliation".into(),
        (Means::Suspend, ..) => "at its next upgrade".into(),
        (_, _, Some(Syncs::OnCommit)) => "at the next commit".into(),
        (Means::SyncDisabled | Means::SyncRemoved | Means::IgnoreSync, ..) => "within about 5 s".into(),
    }
}

/// What else stands still meanwhile.
fn frozen(hold: &OwnerHold, mark: &Holdable) -> Option<Precondition> {
    const NAMED: usize = 4;
    let (what, names) = (hold.object.type_name(), &mark.freezes);
    let rest = names.len().saturating_sub(NAMED);
    let more = if rest > 0 { format!(" and {rest} more") } else { String::new() };
    let named = format!("{}{more}", names.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", "));
    let detail = match hold.mark.means {
        Means::LeaveAlone | Means::IgnoreSync => return None,
        Means::Suspend if names.is_empty() => format!("everything that {what} installs gets no upgrade meanwhile"),
        Means::Suspend => format!("{what} upgrades nothing meanwhile: also not {named}"),
        Means::SyncDisabled | Means::SyncRemoved if names.is_empty() => return None,
        Means::SyncDisabled | Means::SyncRemoved => format!("{what} syncs nothing meanwhile: also not {named}"),
    };
    Some(Precondition::warn("frozen", clipped(&detail)))
}

/// How long it lasts where Git is not put right from here.
fn while_held(owner: &Owner, common: &CommonFacts, holds: &[OwnerHold]) -> Durability {
    if holds.is_empty() && !durability::suspended(common) {
        return durability::of_direct_write(common);
    }
    Durability::Reverted(format!("lasts while {owner} is held off; put it back in its source, then let go"))
}

fn sees(consumer: &ObjectRef) -> &'static str {
    if consumer.kind == Kind::Application { "compares with" } else { "applies" }
}

fn bad_of(swaps: &[Swap]) -> Vec<(String, String)> {
    swaps.iter().map(|swap| (swap.container.clone(), swap.bad.clone())).collect()
}

fn by_hand(owner: &str, todo: &str) -> Step {
    let action = Action::WaitHand { owner: owner.to_owned(), todo: todo.to_owned() };
    step("by hand", clipped(&format!("{todo}, then go on")), action)
}

fn bad(swaps: &[Swap]) -> String {
    let versions: Vec<String> = swaps.iter().map(|swap| version(&swap.bad)).collect();
    if versions.is_empty() { "what is undone".into() } else { versions.join(", ") }
}

fn clipped(text: &str) -> String {
    const MOST: usize = 150;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
#[path = "stick_tests.rs"]
mod tests;
