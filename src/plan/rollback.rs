//! Rolling back: the revision to return to, chosen and explained, and what does not return with it.

use super::{
    Asked, Assessment, Choice, PlanError, Sheet, assess, bump, checks, disruption, finish, known_good, step, stick,
};
use crate::formats::{redact, template};
use crate::model::{
    Action, Durability, Intent, Kind, KnownGood, ObjectRef, Precondition, Revision, Risk, RollbackFacts,
};

pub(super) fn plan(asked: &Asked<'_>, facts: &RollbackFacts) -> Result<Sheet, PlanError> {
    let Intent::Rollback { target, revision } = asked.intent else { return Err(asked.mismatch("rollback")) };
    let common = &facts.common;
    if revision.is_none()
        && let Some(sheet) = finish::plan(asked, facts)
    {
        return Ok(sheet);
    }
    let assessments = assess(&facts.revisions, asked.now);
    let index = match revision {
        Some(number) => named(target, facts, *number)?,
        None => chosen(target, facts, &assessments)?,
    };
    let (chosen, assessment) = (&facts.revisions[index], &assessments[index]);
    let before = template::of(&common.object);
    let (hash_before, hash_after) = (template::hash(before), template::hash(&chosen.template));
    if hash_before == hash_after {
        return Err(PlanError::NothingToDo(format!(
            "{target} already has the template of revision {}",
            chosen.revision
        )));
    }
    let current = facts.revisions.iter().find(|r| r.current);
    let paused = template::is_paused(&common.object);
    let on_delete = disruption::only_on_delete(&common.object);

    let mut preconditions = vec![evidence(chosen, assessment), configuration(chosen)];
    preconditions.extend(checks::shared(asked, common, false));
    preconditions.extend(warnings(facts, chosen, current, &hash_before));
    let disruptions = disruption::of(&common.object);
    preconditions.extend(disruptions.iter().map(|d| Precondition::warn("downtime", d.note.clone())));
    if on_delete {
        preconditions.push(Precondition::warn("strategy", "OnDelete: pods are replaced only once you delete them"));
    }
    let swaps = stick::swaps(before, &chosen.template);
    let beyond = stick::differs_otherwise(before, &chosen.template);
    let lasting = stick::of(asked, common, facts.reconciler.as_ref(), &swaps, beyond);
    preconditions.extend(lasting.preconditions);
    let durability = lasting.durability;

    let uid = common.object["metadata"]["uid"].as_str().unwrap_or_default().to_owned();
    let unpause = if paused { ", and spec.paused true → false in the same write" } else { "" };
    let detail = format!(
        "spec.template of revision {} ({} {}){unpause}",
        chosen.revision, chosen.source.kind, chosen.source.name
    );
    let undo = Action::RestoreTemplate {
        object: target.clone(),
        uid: uid.clone(),
        revision: chosen.revision,
        source: chosen.source.clone(),
        before: hash_before,
        after: hash_after,
        unpause: paused,
    };
    let mut steps = lasting.before;
    steps.push(step("undo", detail, undo));
    steps.extend(lasting.after);
    if !on_delete {
        let wait = Action::WaitRollout { object: target.clone(), uid };
        steps.push(step("wait", "until the rollout is complete and its pods are healthy", wait));
    }
    steps.extend(lasting.last);
    let from = current.map(|r| r.revision.to_string());
    let mut told = reasons(facts, &assessments, index, revision.is_some());
    told.extend(lasting.reasons);
    Ok(Sheet {
        summary: format!("{} → {}", from.as_deref().unwrap_or("now"), chosen.revision),
        reasons: told,
        risk: risk(assessment, &durability, paused, &preconditions),
        durability,
        preconditions,
        needs: checks::required(asked.intent.needs()),
        steps,
        diff: diff(&common.object, chosen) + &bump::safe_diff(&lasting.diff),
    })
}

fn named(target: &ObjectRef, facts: &RollbackFacts, number: u64) -> Result<usize, PlanError> {
    let found = facts.revisions.iter().position(|r| r.revision == number);
    let index = found.ok_or_else(|| {
        let numbers: Vec<String> = facts.revisions.iter().map(|r| r.revision.to_string()).collect();
        PlanError::Invalid {
            what: format!("{target} has no revision {number}"),
            hint: format!("it has {}; a rollback gives the revision it returns to a new number", numbers.join(", ")),
        }
    })?;
    if facts.revisions[index].current {
        return Err(PlanError::NothingToDo(format!("revision {number} is what {target} asks for now")));
    }
    Ok(index)
}

fn chosen(target: &ObjectRef, facts: &RollbackFacts, assessments: &[Assessment]) -> Result<usize, PlanError> {
    if let Some(index) = known_good::best(&facts.revisions, assessments) {
        return Ok(index);
    }
    let earlier = facts.revisions.iter().zip(assessments).filter(|(r, _)| !r.current);
    let revisions: Vec<Choice> = earlier
        .map(|(r, a)| Choice {
            revision: r.revision,
            known_good: a.known_good,
            evidence: a.evidence.clone(),
            images: r.images().map(str::to_owned).collect(),
        })
        .collect();
    if revisions.is_empty() {
        return Err(PlanError::Refused {
            what: format!("{target} has no earlier revision"),
            hint: "bump it to an image that works; spec.revisionHistoryLimit says how many revisions are kept".into(),
        });
    }
    Err(PlanError::Unproven { target: target.clone(), revisions })
}

fn evidence(chosen: &Revision, assessment: &Assessment) -> Precondition {
    let what = "known good";
    match assessment.known_good {
        KnownGood::Yes => Precondition::require(what, true, assessment.evidence.clone()),
        KnownGood::Unknown => Precondition::warn(what, format!("{}: {}", chosen.revision, assessment.evidence)),
        KnownGood::No => Precondition::warn(what, format!("{} failed: {}", chosen.revision, assessment.evidence)),
    }
}

fn configuration(chosen: &Revision) -> Precondition {
    let missing: Vec<String> = chosen.missing.iter().map(ToString::to_string).collect();
    let detail = if missing.is_empty() {
        "the ConfigMaps, Secrets and volumes it names exist".to_owned()
    } else {
        format!("gone since: {}; recreate them, or choose another revision", missing.join(", "))
    };
    Precondition::require("configuration", missing.is_empty(), detail)
}

fn warnings(facts: &RollbackFacts, chosen: &Revision, current: Option<&Revision>, now: &str) -> Vec<Precondition> {
    let common = &facts.common;
    let mut warnings = Vec::new();
    let mut warn = |what: &str, detail: String| warnings.push(Precondition::warn(what, detail));
    if current.is_none_or(|r| template::hash(&r.template) != now) {
        warn("controller", "it has not yet recorded the template that is asked for now".into());
    }
    for (job, image, ran) in &facts.migrations {
        let later = ran.zip(chosen.created).is_none_or(|(ran, created)| ran >= created);
        if later && !chosen.images().any(|of_revision| of_revision == image) {
            let detail =
                format!("{job} ran since ({image}): the schema does not go back; can {} use it?", chosen.revision);
            warn("migration", detail);
        }
    }
    let replicas = common.object["spec"]["replicas"].as_u64();
    let then = chosen.annotations.iter().find(|(key, _)| key == "deployment.kubernetes.io/desired-replicas");
    let then = then.and_then(|(_, value)| value.parse::<u64>().ok());
    if let (Some(now), Some(then), None) = (replicas, then, &common.autoscaler)
        && now != then
    {
        warn("replicas", format!("stay at {now}; revision {} had {then}", chosen.revision));
    }
    if chosen.source.kind == Kind::ReplicaSet {
        let annotations = chosen.annotations.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        let changed = template::annotations_restored(&common.object, annotations);
        if !changed.is_empty() {
            let keys: Vec<String> = changed.into_iter().map(|(key, _)| key).collect();
            warn("annotations", format!("set back to the revision's: {}", keys.join(", ")));
        }
    }
    let ordered = common.object["spec"]["podManagementPolicy"] != "Parallel";
    if chosen.source.kind == Kind::ControllerRevision
        && common.object["kind"] == "StatefulSet"
        && ordered
        && current.is_some_and(|r| r.failing.is_some())
    {
        warn("stuck pod", "a StatefulSet may wait for its broken pod: if it does not move, delete that pod".into());
    }
    warnings
}

fn reasons(facts: &RollbackFacts, assessments: &[Assessment], index: usize, asked_for: bool) -> Vec<String> {
    let chosen = &facts.revisions[index];
    let good = match assessments[index].known_good {
        KnownGood::Yes => "known good: ",
        KnownGood::Unknown => "not known to be good: ",
        KnownGood::No => "known bad: ",
    };
    let who = if asked_for { ", as asked for" } else { "" };
    let mut reasons = vec![format!("{}{who}, {good}{}", chosen.revision, assessments[index].evidence)];
    for (other, assessment) in facts.revisions.iter().zip(assessments) {
        if other.current {
            reasons.push(format!("{} is current: {}", other.revision, assessment.evidence));
        } else if other.revision > chosen.revision && !asked_for {
            reasons.push(format!("not {}: {}", other.revision, assessment.evidence));
        }
    }
    let now = template::of(&facts.common.object)["spec"]["containers"].as_array();
    for container in &chosen.containers {
        let same_name = |c: &&serde_json::Value| c["name"] == *container.name;
        let image = now.and_then(|all| all.iter().find(same_name)).and_then(|c| c["image"].as_str());
        if let Some(image) = image.filter(|image| *image != &*container.image) {
            reasons.push(format!("{}: {image} → {}", container.name, container.image));
        }
    }
    if let Some(cause) = chosen.cause.as_deref().filter(|cause| !cause.is_empty()) {
        reasons.push(format!("{} was: {}", chosen.revision, redact::cause(cause)));
    }
    reasons
        .push("only the pod template goes back: not replicas, strategy, nor what ConfigMaps and Secrets hold".into());
    reasons
}

fn risk(assessment: &Assessment, durability: &Durability, paused: bool, checks: &[Precondition]) -> Risk {
    let serious =
        |p: &Precondition| p.warning && matches!(&*p.what, "migration" | "downtime" | "stuck pod" | "strategy");
    match assessment.known_good {
        KnownGood::No => Risk::High,
        KnownGood::Unknown => Risk::Medium,
        KnownGood::Yes if paused || *durability != Durability::Sticks || checks.iter().any(serious) => Risk::Medium,
        KnownGood::Yes => Risk::Low,
    }
}

fn diff(object: &serde_json::Value, chosen: &Revision) -> String {
    let created = chosen.created.map(|created| format!(", {}", created.strftime("%Y-%m-%d"))).unwrap_or_default();
    let changes = template::diff(template::of(object), &chosen.template);
    format!("--- spec.template now\n+++ spec.template of revision {}{created}\n{changes}", chosen.revision)
}

#[cfg(test)]
#[path = "rollback_tests.rs"]
mod tests;
