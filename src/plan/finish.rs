//! Finishing what another operation left: the workload runs what it was rolled back to, its owner is still held off. Whoever rolls
//! back such a workload, on any machine, puts Git right and lets the owner go.

use super::stick::Swap;
use super::{Asked, Sheet, bump, checks, disruption, span, step, stick};
use crate::formats::template;
use crate::model::{Action, Durability, Precondition, Risk, RollbackFacts};

/// The rest of a rollback; None where nothing is held for the workload, or where it runs what is to be undone.
pub(super) fn plan(asked: &Asked<'_>, facts: &RollbackFacts) -> Option<Sheet> {
    let (common, reconciler) = (&facts.common, facts.reconciler.as_ref()?);
    let record = reconciler.hold()?;
    let containers = template::of(&common.object)["spec"]["containers"].as_array()?;
    let mut swaps = Vec::new();
    for (name, bad) in &record.bad {
        let now = containers.iter().find(|c| c["name"] == **name).and_then(|c| c["image"].as_str());
        match now {
            Some(now) if now == bad => return None,
            Some(now) => swaps.push(Swap { container: name.clone(), bad: bad.clone(), good: now.to_owned() }),
            // A container that is no more cannot come back by its image.
            None => {}
        }
    }
    let mut preconditions = checks::shared(asked, common, false);
    let since = span::words(span::between(record.since, asked.now));
    let late = if record.until < asked.now { ", longer than it was meant to" } else { "" };
    let detail = format!("{} holds it for {} since {since}{late}", record.operation, record.actor);
    preconditions.push(Precondition::warn("hold", detail));
    let lasting = stick::of(asked, common, Some(reconciler), &swaps, false);
    preconditions.extend(lasting.preconditions);
    let mut steps = lasting.before;
    steps.extend(lasting.after);
    if !disruption::only_on_delete(&common.object) {
        let uid = common.object["metadata"]["uid"].as_str().unwrap_or_default().to_owned();
        let wait = Action::WaitRollout { object: asked.intent.target().clone(), uid };
        steps.push(step("wait", "until the rollout is complete and its pods are healthy", wait));
    }
    steps.extend(lasting.last);
    let mut reasons = vec![
        format!("{} rolled it back {since} ago, and what owns it is still held off", record.actor),
        "to roll back further, name the revision".to_owned(),
    ];
    reasons.extend(record.why.iter().map(|why| format!("it was done because: {why}")));
    reasons.extend(lasting.reasons);
    Some(Sheet {
        summary: format!("finish {}", record.operation),
        reasons,
        risk: if lasting.durability == Durability::Sticks { Risk::Low } else { Risk::Medium },
        durability: lasting.durability,
        preconditions,
        needs: checks::required(asked.intent.needs()),
        steps,
        diff: bump::safe_diff(&lasting.diff),
    })
}
