//! Shifting: the share of one backend moved in steps, each with a gate before and a hold after it.
//!
//! Every step's integers are decided here, from the weights as they are now, and shown before anything is written.

use super::{Asked, PlanError, Sheet, checks, durability, span, step};
use crate::formats::route;
use crate::model::{Action, Intent, ObjectRef, OwnerKind, Precondition, Risk, ShiftFacts, Step, Weight};
use std::fmt::Write as _;

/// The last hold, in seconds, is no longer than this: nothing follows it, but the gates watch the full load once.
const LAST_HOLD: u64 = 60;

pub(super) fn plan(asked: &Asked<'_>, facts: &ShiftFacts) -> Result<Sheet, PlanError> {
    let Intent::Shift { target, to, steps, hold } = asked.intent else { return Err(asked.mismatch("shift")) };
    let weights = route::weights(&facts.common.object)?;
    let rules = route::moved_rules(&weights, to);
    let Some(first) = rules.first() else { return Err(no_such_backend(target, to, &weights)) };
    let share = route::share(&weights, *first, to);
    let shares = remaining(steps, share, to, &weights)?;
    let course =
        Course { target, to, hold: *hold, facts, weights: &weights, rules: &rules, up: shares.last() > Some(&share) };

    let mut stages = Vec::new();
    let mut before = weights.clone();
    for percent in &shares {
        let after = route::distribute(&weights, to, *percent)?;
        if after != before {
            stages.push((*percent, before, after.clone()));
            before = after;
        }
    }
    let holds: u64 = (0..stages.len()).map(|at| course.hold_after(at, stages.len())).sum();
    let mut preconditions = course.backends_exist();
    preconditions.push(course.accepted());
    preconditions.extend(checks::shared(asked, &facts.common, true));
    preconditions.extend(course.owner_leaves_it(holds));
    let short = shares.last().and_then(|percent| course.capacity_short(*percent));
    preconditions.extend(short.clone());

    let mut path = format!("{share} %");
    stages.iter().for_each(|(percent, ..)| {
        let _ = write!(path, " → {percent} %");
    });
    let jump = shares.iter().fold((share, 0), |(at, most), next| (*next, most.max(at.abs_diff(*next)))).1;
    Ok(Sheet {
        summary: format!("{to} {path}"),
        reasons: course.reasons(steps, &shares, share, holds),
        durability: durability::of_direct_write(&facts.common),
        risk: if short.is_some() {
            Risk::High
        } else if jump > 50 || (course.up && *hold == 0) {
            Risk::Medium
        } else {
            Risk::Low
        },
        preconditions,
        needs: checks::required(asked.intent.needs()),
        diff: course.diff(&before),
        steps: stages.iter().enumerate().flat_map(|(at, stage)| course.stage(at, stages.len(), stage)).collect(),
    })
}

fn no_such_backend(target: &ObjectRef, to: &str, weights: &[Weight]) -> PlanError {
    let mut candidates: Vec<String> = weights.iter().map(|w| w.name.clone()).collect();
    candidates.sort();
    candidates.dedup();
    if candidates.iter().any(|name| name == to) {
        return PlanError::Invalid {
            what: format!("no rule of {target} has {to} beside another backend"),
            hint: "add the other backend to the rule with weight 0 first".into(),
        };
    }
    PlanError::Ambiguous { what: format!("{target} has no backend {to}"), candidates, hint: "it has these".into() }
}

/// The shares still to be passed through: those of the steps that lie ahead. Steps must go one way.
fn remaining(steps: &[u32], share: u32, to: &str, weights: &[Weight]) -> Result<Vec<u32>, PlanError> {
    let invalid =
        |what: String| PlanError::Invalid { what, hint: "give shares in percent, such as --steps 25,50,75,100".into() };
    let Some(goal) = steps.last().copied() else { return Err(invalid("a shift needs at least one step".into())) };
    if let Some(over) = steps.iter().find(|step| **step > 100) {
        return Err(invalid(format!("{over} is no share: it is at most 100 %")));
    }
    if route::is_share(weights, to, goal) {
        return Err(PlanError::NothingToDo(format!("{to} has {goal} % already")));
    }
    let rising = steps.windows(2).all(|pair| pair[0] < pair[1]);
    let falling = steps.windows(2).all(|pair| pair[0] > pair[1]);
    if !rising && !falling {
        return Err(invalid(format!("the steps {} do not go one way", join(steps))));
    }
    // Equal when rounded, but not exactly: one write sets it right.
    if steps.len() == 1 || goal == share {
        return Ok(vec![goal]);
    }
    if rising != (goal > share) {
        return Err(invalid(format!("{to} has {share} % now, and the steps {} lead the other way", join(steps))));
    }
    Ok(steps.iter().copied().filter(|step| if rising { *step > share } else { *step < share }).collect())
}

fn join(steps: &[u32]) -> String {
    steps.iter().map(u32::to_string).collect::<Vec<_>>().join(",")
}

/// One shift with what its parts need to know.
struct Course<'a> {
    target: &'a ObjectRef,
    to: &'a str,
    hold: u64,
    facts: &'a ShiftFacts,
    weights: &'a [Weight],
    rules: &'a [usize],
    up: bool,
}

impl Course<'_> {
    /// The steps of one stage: the gate, the write, the hold.
    fn stage(&self, at: usize, of: usize, (percent, before, after): &(u32, Vec<Weight>, Vec<Weight>)) -> Vec<Step> {
        let namespace = self.target.namespace.to_string();
        let mut steps = Vec::new();
        for service in self.gaining() {
            let ready = self.ready_needed(service, *percent);
            let action = Action::WaitReady { namespace: namespace.clone(), service: service.to_owned(), ready };
            let detail = format!("{service}: at least {ready} ready endpoint{}", if ready == 1 { "" } else { "s" });
            steps.push(step("ready", detail, action));
        }
        let write = Action::SetWeights {
            object: self.target.clone(),
            uid: self.facts.common.object["metadata"]["uid"].as_str().unwrap_or_default().to_owned(),
            before: before.clone(),
            after: after.clone(),
        };
        steps.push(step("weights", format!("{} {percent} %: {}", self.to, self.numbers(before, after)), write));
        let seconds = self.hold_after(at, of);
        if seconds > 0 {
            let service = self.gaining().first().map_or_else(|| self.to.to_owned(), |name| (*name).to_owned());
            let detail = format!("{}, watching the ready endpoints of {service}", span::words(seconds));
            steps.push(step("hold", detail, Action::Hold { seconds, namespace, service }));
        }
        steps
    }

    fn hold_after(&self, at: usize, of: usize) -> u64 {
        if at + 1 == of { self.hold.min(LAST_HOLD) } else { self.hold }
    }

    /// The backends whose share grows.
    fn gaining(&self) -> Vec<&str> {
        if self.up { vec![self.to] } else { self.others() }
    }

    /// The other backends of the rules that change: those with a weight now, or, if none has one, all of them.
    fn others(&self) -> Vec<&str> {
        let others = || self.weights.iter().filter(|w| self.rules.contains(&w.rule) && w.name != self.to);
        let weighted = others().any(|w| w.weight > 0);
        let mut names: Vec<&str> = others().filter(|w| w.weight > 0 || !weighted).map(|w| w.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    fn ready(&self, service: &str) -> Option<Option<u32>> {
        self.facts.backends.iter().find(|(name, _)| name == service).map(|(_, ready)| *ready)
    }

    /// Ready endpoints that a share needs, were each to carry as much as those that serve now.
    fn forecast(&self, percent: u32) -> u32 {
        let serving = self.weights.iter().filter(|w| self.rules.first() == Some(&w.rule) && w.weight > 0);
        let mut names: Vec<&str> = serving.map(|w| w.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        let total: u32 = names.iter().filter_map(|name| self.ready(name).flatten()).fold(0, u32::saturating_add);
        u32::try_from((u64::from(total) * u64::from(percent)).div_ceil(100)).unwrap_or(u32::MAX)
    }

    /// What a step waits for: the forecast, but never more than there is now, lest it wait for pods that an autoscaler
    /// only starts under load; and never less than one.
    fn ready_needed(&self, service: &str, percent: u32) -> u32 {
        let forecast = if self.up { self.forecast(percent) } else { 1 };
        forecast.min(self.ready(service).flatten().unwrap_or(0)).max(1)
    }

    fn capacity_short(&self, percent: u32) -> Option<Precondition> {
        let (needed, ready) = (self.forecast(percent), self.ready(self.to)??);
        let detail = format!(
            "{} has {ready} ready; {percent} % needs about {needed}, as loaded as those that serve now; scale it first",
            self.to
        );
        (self.up && ready < needed).then(|| Precondition::warn("capacity", detail))
    }

    fn backends_exist(&self) -> Vec<Precondition> {
        let mut names = self.others();
        names.push(self.to);
        let mut checks = Vec::new();
        for name in names.iter().copied() {
            match self.ready(name) {
                Some(Some(0)) if self.gaining().contains(&name) => {
                    let detail = format!("{name} has no ready endpoint: the shift waits for one");
                    checks.push(Precondition::warn("backends", detail));
                }
                Some(Some(_)) => {}
                Some(None) => {
                    let detail =
                        format!("Service {}/{name} does not exist; its share would fail", self.target.namespace);
                    checks.push(Precondition::require("backends", false, detail));
                }
                None => {
                    let detail = format!("whether {name} has ready endpoints is not known");
                    checks.push(Precondition::warn("backends", detail));
                }
            }
        }
        if checks.is_empty() {
            let ready = names.iter().map(|name| format!("{name} {}", self.ready(name).flatten().unwrap_or(0)));
            let detail = format!("ready endpoints: {}", ready.collect::<Vec<_>>().join(", "));
            checks.push(Precondition::require("backends", true, detail));
        }
        checks
    }

    fn accepted(&self) -> Precondition {
        let object = &self.facts.common.object;
        match route::accepted(object) {
            Ok(true) => Precondition::require("accepted", true, "every parent accepts the route as it stands"),
            Ok(false) if route::has_controller(object) => {
                Precondition::warn("accepted", "the latest change is not accepted yet; each step waits for it")
            }
            Ok(false) => {
                Precondition::warn("accepted", "no controller reports on this route: only its spec can be checked")
            }
            Err(why) if self.up => Precondition::require("accepted", false, format!("refused now: {why}")),
            Err(why) => Precondition::warn("accepted", format!("refused now: {why}")),
        }
    }

    /// A reconciler that writes the route again before the shift is over would fight it.
    fn owner_leaves_it(&self, seconds: u64) -> Option<Precondition> {
        let common = &self.facts.common;
        let owner = durability::reconciler(common)?;
        let lasts = span::words(seconds);
        let flux = "annotate the route kustomize.toolkit.fluxcd.io/ssa: Ignore, or suspend it";
        Some(match (owner.kind, common.owner_interval) {
            (OwnerKind::Kustomization, Some(interval)) if interval > seconds => {
                let within = span::words(interval);
                Precondition::warn(
                    "owner",
                    format!("{owner} writes it within {within}, the shift takes {lasts}: {flux}"),
                )
            }
            (OwnerKind::Kustomization, interval) => {
                let within = interval.map_or_else(|| "at any time".into(), |i| format!("within {}", span::words(i)));
                let detail = format!("{owner} writes it {within}, the shift takes {lasts}: {flux}");
                Precondition::require("owner", false, detail)
            }
            (OwnerKind::Application, Some(interval)) if interval <= seconds => {
                let detail = format!(
                    "{owner} writes it within {}: ignore its weights, or stop self-heal",
                    span::words(interval)
                );
                Precondition::require("owner", false, detail)
            }
            (OwnerKind::Application, _) => Precondition::warn(
                "owner",
                format!("{owner} writes it again at its next sync: let none happen meanwhile"),
            ),
            (OwnerKind::HelmRelease | OwnerKind::Helm, _) => Precondition::warn(
                "owner",
                format!("{owner} writes it again at its next upgrade: let none happen meanwhile"),
            ),
        })
    }

    fn reasons(&self, asked: &[u32], shares: &[u32], share: u32, holds: u64) -> Vec<String> {
        let verb = if self.up { "takes over from" } else { "gives back to" };
        let mut reasons = vec![format!("{} {verb} {}", self.to, self.others().join(", "))];
        let passed: Vec<u32> = asked.iter().copied().filter(|step| !shares.contains(step)).collect();
        if !passed.is_empty() {
            reasons.push(format!("{} % left out: the share is {share} % already", join(&passed)));
        }
        if self.rules.len() > 1 {
            reasons.push(format!("{} rules have these backends and change together", self.rules.len()));
        }
        for rule in self.rules {
            let sum: u32 =
                self.weights.iter().filter(|w| w.rule == *rule).map(|w| w.weight).fold(0, u32::saturating_add);
            if sum < route::SCALE {
                let scale = route::SCALE;
                reasons.push(format!(
                    "rule {rule}: weights sum to {sum}, too few for percents: written as parts of {scale}"
                ));
            }
        }
        let holding =
            if holds == 0 { "without a hold".into() } else { format!("about {} of holds", span::words(holds)) };
        reasons.push(format!("{holding}; a step back restores exactly the weights before it"));
        reasons
    }

    /// The weights of the first rule that changes, before and after.
    fn numbers(&self, before: &[Weight], after: &[Weight]) -> String {
        let first = self.rules.first();
        let pairs = before.iter().zip(after).filter(|(old, _)| Some(&old.rule) == first);
        pairs.map(|(old, new)| format!("{} {} → {}", old.name, old.weight, new.weight)).collect::<Vec<_>>().join(", ")
    }

    fn diff(&self, last: &[Weight]) -> String {
        let mut diff = format!("--- {} now\n+++ {} after the last step\n", self.target, self.target);
        for rule in self.rules {
            let _ = writeln!(diff, "@@ spec.rules[{rule}].backendRefs @@");
            for (old, new) in self.weights.iter().zip(last).filter(|(old, _)| old.rule == *rule) {
                let _ = match old.weight == new.weight {
                    true => writeln!(diff, " {}: {}", old.name, old.weight),
                    false => writeln!(diff, "-{}: {}\n+{}: {}", old.name, old.weight, new.name, new.weight),
                };
            }
        }
        diff
    }
}

#[cfg(test)]
#[path = "shift_tests.rs"]
mod tests;
