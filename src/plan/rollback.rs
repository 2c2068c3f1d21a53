//! Rolling back: the revision to return to, chosen and explained, and what does not return with it.

use super::{
    Asked, Assessment, Choice, PlanError, Sheet, argo, assess, bump, changed, checks, disruption, finish, known_good,
    release, step, stick, stuck,
};
use crate::formats::{redact, template};
use crate::model::{
    Access, Action, Durability, Intent, Kind, KnownGood, ObjectRef, Precondition, Revision, Risk, RollbackFacts,
};

/// What is written to put a template back.
pub(super) struct Undo {
    /// The object whose template it is.
    pub(super) object: ObjectRef,
    /// Its UID.
    pub(super) uid: String,
    /// Whether its pause is ended in the same write.
    pub(super) unpause: bool,
}

pub(super) fn plan(asked: &Asked<'_>, facts: &RollbackFacts) -> Result<Sheet, PlanError> {
    let Intent::Rollback { target, revision } = asked.intent else { return Err(asked.mismatch("rollback")) };
    let common = &facts.common;
    if revision.is_none()
        && let Some(sheet) = finish::plan(asked, facts)
    {
        return Ok(sheet);
    }
    // A workload of a Helm release goes back with its release, unless this very workload's revision is asked for.
    let without_helm = match &facts.around.release {
        Some(release) if revision.is_none() => match release::instead(asked, common, release) {
            Ok(sheet) => return Ok(sheet),
            Err(why) => Some(why),
        },
        _ => None,
    };
    let assessments = assess(&facts.revisions, asked.now);
    if let Some(sheet) = stuck::freed(asked, facts, &assessments) {
        return Ok(sheet);
    }
    let index = match revision {
        Some(number) => named(target, facts, *number)?,
        None => chosen(target, facts, &assessments)?,
    };
    let (chosen, assessment) = (&facts.revisions[index], &assessments[index]);
    let template_of = facts.around.template_of.as_ref();
    let written = template_of.unwrap_or(&common.object);
    let (hash_before, hash_after) = (template::hash(template::of(written)), template::hash(&chosen.template));
    if hash_before == hash_after {
        return Err(PlanError::NothingToDo(format!(
            "{target} already has the template of revision {}",
            chosen.revision
        )));
    }
    let current = facts.revisions.iter().find(|r| r.current);
    let undo = argo::written(target, &common.object, template_of);
    let paused = undo.unpause;
    let on_delete = disruption::only_on_delete(&common.object);

    let mut preconditions = vec![evidence(chosen, assessment), configuration(chosen)];
    preconditions.extend(checks::shared(asked, common, false));
    preconditions.extend(warnings(facts, chosen, current, &hash_before));
    preconditions.extend(changed::warnings(facts, chosen, asked.now));
    if let Some(why) = without_helm {
        let detail = format!("its release is not rolled back ({why}): the next upgrade brings its template again");
        preconditions.push(Precondition::warn("helm", detail));
    }
    let disruptions = disruption::of(&common.object);
    preconditions.extend(disruptions.iter().map(|d| Precondition::warn("downtime", d.note.clone())));
    if on_delete {
        preconditions.push(Precondition::warn("strategy", "OnDelete: pods are replaced only once you delete them"));
    }
    let swaps = stick::swaps(template::of(written), &chosen.template);
    let beyond = stick::differs_otherwise(template::of(written), &chosen.template);
    let lasting = stick::of(asked, common, facts.reconciler.as_ref(), &swaps, beyond);
    preconditions.extend(lasting.preconditions);
    let durability = lasting.durability;

    let mut needs = checks::required(asked.intent.needs());
    let unpause = if paused { ", and spec.paused true → false in the same write" } else { "" };
    let whose = if template_of.is_some() { format!(" into {}", undo.object) } else { String::new() };
    let detail = format!(
        "spec.template of revision {} ({} {}){whose}{unpause}",
        chosen.revision, chosen.source.kind, chosen.source.name
    );
    let restore = Action::RestoreTemplate {
        object: undo.object,
        uid: undo.uid,
        revision: chosen.revision,
        source: chosen.source.clone(),
        before: hash_before,
        after: hash_after,
        unpause: paused,
    };
    let mut steps = lasting.before;
    let undo = step("undo", detail, restore);
    if target.kind == Kind::Rollout {
        let around = argo::around(target, common, chosen, assessment.known_good, template_of.is_some());
        preconditions.extend(around.preconditions);
        needs.extend(around.needs);
        steps.extend(around.before.into_iter().chain([undo]).chain(around.after));
    } else {
        steps.push(undo);
    }
    let (deletions, warning) = stuck::deletions(target, facts, chosen);
    if !deletions.is_empty() {
        needs.push(Access::new("delete", Kind::Pod, &target.namespace));
    }
    steps.extend(deletions);
    preconditions.extend(warning);
    steps.extend(lasting.after);
    if !on_delete {
        let uid = common.object["metadata"]["uid"].as_str().unwrap_or_default().to_owned();
        let wait = Action::WaitRollout { object: target.clone(), uid };
        steps.push(step("wait", "until the rollout is complete and its pods are healthy", wait));
    }
    steps.extend(lasting.last);
    let from = current.map(|r| r.revision.to_string());
    // Of an Argo Rollout the ReplicaSet is compared: the API server filled in its defaults, and not the Rollout's.
    let now = match (target.kind, current) {
        (Kind::Rollout, Some(current)) => &current.template,
        _ => template::of(written),
    };
    let mut told = reasons(facts, &assessments, index, revision.is_some());
    told.extend(lasting.reasons);
    Ok(Sheet {
        summary: format!("{} → {}", from.as_deref().unwrap_or("now"), chosen.revision),
        reasons: told,
        risk: risk(assessment, &durability, paused, &preconditions),
        durability,
        preconditions,
        needs,
        steps,
        diff: diff(now, chosen) + &bump::safe_diff(&lasting.diff),
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
    let caught_up = match chosen.source.kind {
        // Its ReplicaSets have defaults that it has not; it marks the current one by its hash.
        _ if common.object["kind"] == "Rollout" => current.is_some(),
        _ => current.is_some_and(|r| template::hash(&r.template) == now),
    };
    if !caught_up {
        warn("controller", "it has not yet recorded the template that is asked for now".into());
    }
    let replicas = common.object["spec"]["replicas"].as_u64();
    let then = chosen.annotations.iter().find(|(key, _)| key == "deployment.kubernetes.io/desired-replicas");
    let then = then.and_then(|(_, value)| value.parse::<u64>().ok());
    if let (Some(now), Some(then), None) = (replicas, then, &common.autoscaler)
        && now != then
    {
        warn("replicas", format!("stay at {now}; revision {} had {then}", chosen.revision));
    }
    if common.object["kind"] == "Deployment" {
        let annotations = chosen.annotations.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        let changed = template::annotations_restored(&common.object, annotations);
        if !changed.is_empty() {
            let keys: Vec<String> = changed.into_iter().map(|(key, _)| key).collect();
            warn("annotations", format!("set back to the revision's: {}", keys.join(", ")));
        }
    }
    warnings
}

fn reasons(facts: &RollbackFacts, assessments: &[Assessment], index: usize, asked_for: bool) -> Vec<String> {
    let chosen = &facts.revisions[index];
    let good = match assessments[index].known_good {
        KnownGood::Yes => "is known good: ",
        KnownGood::Unknown => "is not known to be good: ",
        KnownGood::No => "is known bad: ",
    };
    let who = if asked_for { ", as asked for," } else { "" };
    let mut reasons = vec![format!("revision {}{who} {good}{}", chosen.revision, assessments[index].evidence)];
    for (other, assessment) in facts.revisions.iter().zip(assessments) {
        if other.current {
            reasons.push(format!("{} is current: {}", other.revision, assessment.evidence));
        } else if other.revision > chosen.revision && !asked_for {
            reasons.push(format!("not {}: {}", other.revision, assessment.evidence));
        }
    }
    let written = facts.around.template_of.as_ref().unwrap_or(&facts.common.object);
    let now = template::of(written)["spec"]["containers"].as_array();
    for container in &chosen.containers {
        let same_name = |c: &&serde_json::Value| c["name"] == *container.name;
        let image = now.and_then(|all| all.iter().find(same_name)).and_then(|c| c["image"].as_str());
        if let Some(image) = image.filter(|image| *image != &*container.image) {
            reasons.push(format!("{}: {image} → {}", container.name, container.image));
        }
    }
    let current = facts.revisions.iter().find(|r| r.current);
    reasons.extend(current.into_iter().chain([chosen]).filter_map(|revision| changed::commit(facts, revision)));
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

fn diff(now: &serde_json::Value, chosen: &Revision) -> String {
    let created = chosen.created.map(|created| format!(", {}", created.strftime("%Y-%m-%d"))).unwrap_or_default();
    let changes = template::diff(now, &chosen.template);
    format!("--- spec.template now\n+++ spec.template of revision {}{created}\n{changes}", chosen.revision)
}

#[cfg(test)]
#[path = "rollback_tests.rs"]
mod tests;
