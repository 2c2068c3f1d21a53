//! What makes a rollback last where a reconciler owns the workload: hold it off, put Git right, wait until that is applied, let go.
//!
//! Minutes pass between a commit and its rollout, so that the cluster comes first: the hold and the undo need the right to patch
//! and nothing else. Where Git cannot be put right from here the hold stays, to be finished by a hand or from another machine.

use super::restore::{self, Restore, version};
use super::{Asked, durability, span, step};
use crate::formats::template;
use crate::model::{Action, CommonFacts, Durability, Means, Owner, OwnerHold, Precondition, ReconcilerFacts, Step};
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
    let held_by_hand = durability::suspended(common) && facts.hold.is_none();
    let git = facts.git.as_ref().map_err(Clone::clone);
    let git = git.and_then(|git| restore::of(asked, git, swaps, facts.hold.is_some()));
    if let Ok(git) = &git
        && git.edits.is_empty()
        && facts.hold.is_none()
        && !beyond
    {
        // What is applied next is what this goes back to.
        (stick.durability, stick.reasons) = (Durability::Sticks, git.reasons.clone());
        return stick;
    }
    if facts.allowed == Some(false) && !held_by_hand {
        let detail = format!("{owner} cannot be held off: you may not patch {}", facts.object.type_name());
        stick.preconditions.push(Precondition::warn("hold", detail));
        return stick;
    }
    let hold = OwnerHold {
        owner: owner.to_string(),
        asked: facts
            .consumer
            .as_ref()
            .map(|(consumer, _)| consumer.clone())
            .filter(|_| facts.means == Means::LeaveAlone),
        means: facts.means,
        object: facts.object.clone(),
        uid: facts.uid.clone(),
        original: facts.original.clone(),
        bad: swaps.iter().map(|swap| (swap.container.clone(), swap.bad.clone())).collect(),
        until: asked.now.checked_add(LONGEST).unwrap_or(asked.now),
        adopts: facts.hold.as_ref().map(|record| record.operation.clone()),
    };
    if !held_by_hand {
        stick
            .reasons
            .push(format!("{owner} would undo this {}: it is held off until that is settled", soon(common, facts)));
        stick.before.push(step("hold", holding(&hold), Action::HoldOwner(hold.clone())));
        stick.preconditions.extend(frozen(facts));
    }
    match git {
        Ok(git) => {
            if git.rewritten {
                stick.automation(&git, &hold, swaps);
            }
            stick.after.extend(git.steps(asked));
            let reference = git.facts.reference.clone();
            let branch = reference.branch.clone();
            stick.diff = git.diff;
            stick.reasons.extend(git.reasons);
            stick.preconditions.extend(git.preconditions);
            let applied = facts.consumer.as_ref().filter(|_| !held_by_hand && facts.means == Means::LeaveAlone);
            match applied {
                Some((consumer, source)) => {
                    let detail = format!("until {owner} applies {} without {}", branch, bad(swaps));
                    let action = Action::WaitApplied {
                        owner: consumer.clone(),
                        source: source.clone(),
                        reference,
                        bad: hold.bad.clone(),
                    };
                    stick.after.push(step("applied", detail, action));
                    stick.durability = Durability::Sticks;
                }
                // Whoever lets it go finds the right thing in Git.
                None if held_by_hand => stick.durability = Durability::Sticks,
                None => stick.after.push(by_hand(&hold.owner, &format!("once {owner} has {} no more", bad(swaps)))),
            }
            if beyond {
                let detail = format!("more than the image differs: {owner} brings the rest back once it is let go");
                stick.preconditions.push(Precondition::warn("git", detail));
                stick.durability = while_held(owner);
                if !held_by_hand {
                    stick.after.push(by_hand(&hold.owner, "put back in Git what else differs"));
                }
            }
        }
        Err(why) => {
            stick.preconditions.push(Precondition::warn("git", clipped(&why)));
            if !held_by_hand {
                stick.after.push(by_hand(&hold.owner, &format!("put {} back in its source by hand", bad(swaps))));
                stick.durability = while_held(owner);
            }
        }
    }
    if !held_by_hand {
        let detail = format!("{}: {owner} writes it again", hold.object.type_name());
        stick.after.push(step("release", detail, Action::ReleaseOwner(hold)));
    }
    stick
}

impl Stick {
    /// Keeps image automations from writing again what is undone, until their policy selects something else. That may be days:
    /// the operation stays open for as long, so that nobody forgets it.
    fn automation(&mut self, git: &Restore<'_>, of: &OwnerHold, swaps: &[Swap]) {
        let policies = git.policies.join(", ");
        if git.facts.automations.is_empty() {
            let detail = format!("{policies} writes this value: suspend what does so, or {} comes back", bad(swaps));
            self.preconditions.push(Precondition::warn("image automation", detail));
        }
        for found in &git.facts.automations {
            let name = found.object.type_name();
            if found.suspended == Some(true) && found.hold.is_none() {
                self.reasons.push(format!("{name} is suspended already"));
                continue;
            }
            if found.allowed == Some(false) {
                let detail = format!("you may not suspend {name}: it writes {} again", bad(swaps));
                self.preconditions.push(Precondition::warn("image automation", detail));
                self.durability = Durability::Reverted(format!("{name} writes {} again", bad(swaps)));
                continue;
            }
            let original =
                found.hold.as_ref().map_or(found.suspended.map(|on| on.to_string()), |hold| hold.original.clone());
            let hold = OwnerHold {
                owner: format!("image automation {}", found.object.path()),
                asked: None,
                means: Means::Suspend,
                object: found.object.clone(),
                uid: found.uid.clone(),
                original,
                adopts: found.hold.as_ref().map(|record| record.operation.clone()),
                ..of.clone()
            };
            self.after.push(step("hold", holding(&hold), Action::HoldOwner(hold.clone())));
            self.last.push(by_hand(&hold.owner, &format!("wait until {policies} selects other than {}", bad(swaps))));
            self.last.push(step("release", format!("{name} writes to Git again"), Action::ReleaseOwner(hold)));
        }
    }
}

/// What the hold does, in the sheet.
fn holding(hold: &OwnerHold) -> String {
    let what = hold.object.type_name();
    let again = hold.adopts.as_ref().map(|id| format!(", taking over from {id}")).unwrap_or_default();
    match hold.means {
        Means::LeaveAlone => format!("{what}: {} leaves it alone (reconcile: disabled){again}", hold.owner),
        Means::Suspend => format!("{what}: suspend {}{again}", hold.owner),
    }
}

/// When the owner would write it again.
fn soon(common: &CommonFacts, facts: &ReconcilerFacts) -> String {
    match (facts.means, common.owner_interval) {
        (Means::LeaveAlone, Some(seconds)) => format!("within {}", span::words(seconds)),
        (Means::LeaveAlone, None) => "at its next reconciliation".into(),
        (Means::Suspend, _) => "at its next upgrade".into(),
    }
}

/// What else stands still meanwhile.
fn frozen(facts: &ReconcilerFacts) -> Option<Precondition> {
    match facts.means {
        Means::LeaveAlone => None,
        Means::Suspend => {
            let detail = format!("everything that {} installs gets no upgrade meanwhile", facts.object.type_name());
            Some(Precondition::warn("hold", detail))
        }
    }
}

fn while_held(owner: &Owner) -> Durability {
    Durability::Reverted(format!("lasts while {owner} is held off; put it back in its source, then let go"))
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
