//! Rolling a Helm release back: which of its revisions, on what evidence, carried out by Helm itself.
//!
//! Helm calls a revision deployed once it was applied, whether its pods ever came up or not. So a revision is known to be good where
//! its workloads are: where what it asked of each is a template that is known to have served.

use super::{Asked, Assessment, Choice, PlanError, Sheet, assess, checks, durability, span, step};
use crate::{
    formats::{redact, template},
    model::{
        Action, CommonFacts, Durability, Intent, KnownGood, ObjectRef, Precondition, Release, ReleaseFacts,
        ReleaseStatus, Risk, Step,
    },
};
use jiff::Timestamp;

/// The plan for a release itself.
pub(super) fn plan(asked: &Asked<'_>, common: &CommonFacts, facts: &ReleaseFacts) -> Result<Sheet, PlanError> {
    let Intent::Rollback { target, revision } = asked.intent else { return Err(asked.mismatch("release")) };
    let assessments = assess_release(facts, asked.now);
    let Some(newest) = facts.history.first() else { return Err(asked.mismatch("release without history")) };
    let index = match revision {
        Some(number) => named(target, facts, *number)?,
        None => best(facts, &assessments).ok_or_else(|| unproven(target, facts, &assessments))?,
    };
    let mut preconditions = vec![evidence(&facts.history[index], &assessments[index])];
    if let Err(why) = &facts.program {
        preconditions.push(Precondition::require("helm", false, why.clone()));
    }
    preconditions.extend(checks::shared(asked, common, false));
    if let Some(pending) = pending(newest) {
        preconditions.push(pending);
    }
    let durability = match &common.owner {
        Some(owner) if owner.kind.reconciles() && !durability::suspended(common) => Durability::Reverted(format!(
            "{owner} upgrades it away at its next reconciliation: put it back in Git as well"
        )),
        _ => Durability::Sticks,
    };
    let waits = facts.members.iter().filter(|member| {
        let of =
            |revision: u32| member.written.iter().find(|(number, _)| *number == revision).map(|(_, template)| template);
        of(newest.revision) != of(facts.history[index].revision)
    });
    let waits: Vec<Step> = waits.map(|member| wait(&member.object, &member.uid)).collect();
    Ok(sheet(
        Chosen { facts, assessments: &assessments, index, asked_for: revision.is_some() },
        durability,
        preconditions,
        waits,
        checks::required(asked.intent.needs()),
    ))
}

/// The plan for a workload of the release: the release goes back, where that can be done. Err says why it cannot.
pub(super) fn instead(
    asked: &Asked<'_>,
    common: &CommonFacts,
    release: &Result<ReleaseFacts, String>,
) -> Result<Sheet, String> {
    let facts = release.as_ref().map_err(Clone::clone)?;
    facts.program.as_ref().map_err(Clone::clone)?;
    let needs = Intent::Rollback { target: facts.release.clone(), revision: None }.needs();
    if let Some(denied) = needs.iter().find(|access| checks::allowed(common, access) == Some(false)) {
        return Err(format!("may not {denied}"));
    }
    let assessments = assess_release(facts, asked.now);
    let index = best(facts, &assessments).ok_or("none of its earlier revisions is known to be good")?;
    let mut preconditions = vec![evidence(&facts.history[index], &assessments[index])];
    preconditions.extend(checks::shared(asked, common, false));
    preconditions.extend(facts.history.first().and_then(pending));
    let others: Vec<&str> = facts
        .members
        .iter()
        .map(|member| &*member.object.name)
        .filter(|name| **name != *asked.intent.target().name)
        .collect();
    if !others.is_empty() {
        let detail =
            format!("the whole release goes back, {} too; --to-revision N puts only this template back", few(&others));
        preconditions.push(Precondition::warn("release", detail));
    }
    let uid = common.object["metadata"]["uid"].as_str().unwrap_or_default();
    let waits = vec![wait(asked.intent.target(), uid)];
    let mut needed = checks::required(asked.intent.needs());
    needed.retain(|access| access.verb != "patch");
    needed.extend(needs);
    Ok(sheet(
        Chosen { facts, assessments: &assessments, index, asked_for: false },
        Durability::Sticks,
        preconditions,
        waits,
        needed,
    ))
}

struct Chosen<'a> {
    facts: &'a ReleaseFacts,
    assessments: &'a [Assessment],
    index: usize,
    asked_for: bool,
}

fn sheet(
    chosen: Chosen<'_>,
    durability: Durability,
    preconditions: Vec<Precondition>,
    waits: Vec<Step>,
    needs: Vec<crate::model::Access>,
) -> Sheet {
    let Chosen { facts, assessments, index, asked_for } = chosen;
    let (to, assessment) = (&facts.history[index], &assessments[index]);
    let from = facts.history.first().map_or(0, |newest| newest.revision);
    let release = &facts.release;
    let action = Action::HelmRollback { object: release.clone(), from, to: to.revision };
    let detail = format!(
        "helm rollback {} {}: chart {} and its values, as revision {}",
        release.name,
        to.revision,
        to.chart,
        from + 1
    );
    let mut steps = vec![step("helm", detail, action)];
    steps.extend(waits);
    let who = if asked_for { ", as asked for" } else { "" };
    let word = match assessment.known_good {
        KnownGood::Yes => "known good: ",
        KnownGood::Unknown => "not known to be good: ",
        KnownGood::No => "known bad: ",
    };
    let mut reasons = vec![format!("{}{who}, {word}{}", to.revision, assessment.evidence)];
    for (other, known) in facts.history.iter().zip(assessments).filter(|(other, _)| other.revision > to.revision) {
        let role = if other.revision == from {
            format!("{} is current", other.revision)
        } else {
            format!("not {}", other.revision)
        };
        reasons.push(format!("{role}: {} ({}), {}", other.chart, other.status, known.evidence));
    }
    reasons.push("hooks run as the chart says; what ConfigMaps and Secrets outside the release hold stays".into());
    let risk = match assessment.known_good {
        KnownGood::Yes if durability == Durability::Sticks => Risk::Low,
        KnownGood::Yes | KnownGood::Unknown => Risk::Medium,
        KnownGood::No => Risk::High,
    };
    Sheet {
        summary: format!("{release}: {from} → {}", to.revision),
        reasons,
        risk,
        durability,
        preconditions,
        needs,
        steps,
        diff: diff(facts, from, to.revision),
    }
}

fn wait(object: &ObjectRef, uid: &str) -> Step {
    let action = Action::WaitRollout { object: object.clone(), uid: uid.to_owned() };
    step("wait", format!("until the rollout of {object} is complete and its pods are healthy"), action)
}

fn diff(facts: &ReleaseFacts, from: u32, to: u32) -> String {
    let mut text = String::new();
    for member in &facts.members {
        let of =
            |revision: u32| member.written.iter().find(|(number, _)| *number == revision).map(|(_, template)| template);
        if let (Some(now), Some(then)) = (of(from), of(to)) {
            let changes = template::diff(now, then);
            if !changes.is_empty() {
                text += &format!(
                    "--- {} of revision {from}\n+++ {} of revision {to}\n{changes}",
                    member.object, member.object
                );
            }
        }
    }
    text
}

fn evidence(to: &Release, assessment: &Assessment) -> Precondition {
    match assessment.known_good {
        KnownGood::Yes => Precondition::require("known good", true, assessment.evidence.clone()),
        KnownGood::Unknown => Precondition::warn("known good", format!("{}: {}", to.revision, assessment.evidence)),
        KnownGood::No => Precondition::warn("known good", format!("{} failed: {}", to.revision, assessment.evidence)),
    }
}

/// Helm leaves a revision pending where it was interrupted, and a rollback is how it is ended; but somebody may be at it right now.
fn pending(newest: &Release) -> Option<Precondition> {
    matches!(
        newest.status,
        ReleaseStatus::PendingInstall | ReleaseStatus::PendingUpgrade | ReleaseStatus::PendingRollback
    )
    .then(|| {
        let detail =
            format!("revision {} is {}: make sure that nobody runs helm on it now", newest.revision, newest.status);
        Precondition::warn("pending", detail)
    })
}

fn named(target: &ObjectRef, facts: &ReleaseFacts, number: u64) -> Result<usize, PlanError> {
    let found = facts.history.iter().position(|r| u64::from(r.revision) == number);
    let index = found.ok_or_else(|| {
        let numbers: Vec<String> = facts.history.iter().map(|r| r.revision.to_string()).collect();
        PlanError::Invalid {
            what: format!("{target} has no revision {number}"),
            hint: format!("Helm keeps {}", numbers.join(", ")),
        }
    })?;
    if index == 0 {
        return Err(PlanError::NothingToDo(format!("revision {number} is the newest of {target}")));
    }
    Ok(index)
}

fn unproven(target: &ObjectRef, facts: &ReleaseFacts, assessments: &[Assessment]) -> PlanError {
    let earlier = facts.history.iter().zip(assessments).skip(1);
    let able = earlier.filter(|(release, _)| was_deployed(release));
    let revisions: Vec<Choice> = able
        .map(|(release, assessment)| Choice {
            revision: release.revision.into(),
            known_good: assessment.known_good,
            evidence: assessment.evidence.clone(),
            images: vec![release.chart.to_string()],
        })
        .collect();
    if revisions.is_empty() {
        return PlanError::Refused {
            what: format!("{target} has no earlier revision that Helm ever deployed"),
            hint: "upgrade it to a chart and values that work".into(),
        };
    }
    PlanError::Unproven { target: target.clone(), revisions }
}

/// The latest earlier revision that Helm deployed and whose workloads are known to have served.
fn best(facts: &ReleaseFacts, assessments: &[Assessment]) -> Option<usize> {
    let earlier = facts.history.iter().zip(assessments).enumerate().skip(1);
    earlier
        .filter(|(_, (release, known))| was_deployed(release) && known.known_good == KnownGood::Yes)
        .map(|(at, _)| at)
        .next()
}

fn was_deployed(release: &Release) -> bool {
    matches!(release.status, ReleaseStatus::Superseded | ReleaseStatus::Deployed)
}

/// What is known of every revision, in the order of the history.
fn assess_release(facts: &ReleaseFacts, now: Timestamp) -> Vec<Assessment> {
    let workloads: Vec<Vec<Assessment>> = facts.members.iter().map(|member| assess(&member.revisions, now)).collect();
    facts.history.iter().enumerate().map(|(at, release)| assess_one(facts, &workloads, at, release, now)).collect()
}

fn assess_one(
    facts: &ReleaseFacts,
    workloads: &[Vec<Assessment>],
    at: usize,
    release: &Release,
    now: Timestamp,
) -> Assessment {
    let ran = ran(facts, at, now);
    if release.status == ReleaseStatus::Failed {
        let why = redact::text(&release.description);
        return Assessment { known_good: KnownGood::No, evidence: format!("Helm failed: {why}") };
    }
    let mut proven = Vec::new();
    let mut unknown = Vec::new();
    for (member, known) in facts.members.iter().zip(workloads) {
        let Some((_, asked)) = member.written.iter().find(|(number, _)| *number == release.revision) else { continue };
        // Of several that fit, the one of which most is known: a template was put back under a new number before.
        let fits =
            member.revisions.iter().zip(known).filter(|(revision, _)| template::contains(&revision.template, asked));
        match fits
            .map(|(_, known)| known)
            .max_by_key(|known| (known.known_good != KnownGood::Unknown, known.known_good == KnownGood::Yes))
        {
            Some(known) if known.known_good == KnownGood::Yes => {
                proven.push(format!("{}: {}", member.object.name, known.evidence))
            }
            Some(known) if known.known_good == KnownGood::No => {
                let evidence = format!("{}: {}", member.object.name, known.evidence);
                return Assessment { known_good: KnownGood::No, evidence };
            }
            _ => unknown.push(&*member.object.name),
        }
    }
    let status = release.status;
    match (proven.first(), unknown.is_empty()) {
        (Some(first), true) => {
            let more = if proven.len() > 1 { format!(", and {} more", proven.len() - 1) } else { String::new() };
            Assessment { known_good: KnownGood::Yes, evidence: format!("{first}{more}") }
        }
        (_, false) => {
            let evidence = format!("{status}; nothing tells whether {} worked{ran}", few(&unknown));
            Assessment { known_good: KnownGood::Unknown, evidence }
        }
        (None, true) => {
            let evidence = format!("{status}; it has no workloads that would tell{ran}");
            Assessment { known_good: KnownGood::Unknown, evidence }
        }
    }
}

/// How long it was the newest one.
fn ran(facts: &ReleaseFacts, at: usize, now: Timestamp) -> String {
    let Some(made) = facts.history[at].updated else { return String::new() };
    match at.checked_sub(1).map(|next| facts.history[next].updated) {
        None => format!(", runs for {}", span::words(span::between(made, now))),
        Some(Some(next)) => format!(", ran {}", span::words(span::between(made, next))),
        Some(None) => String::new(),
    }
}

fn few(names: &[&str]) -> String {
    match names {
        all if all.len() <= 3 => all.join(", "),
        [first, second, rest @ ..] => format!("{first}, {second} and {} more", rest.len()),
        _ => String::new(),
    }
}

#[cfg(test)]
#[path = "release_tests.rs"]
mod tests;
