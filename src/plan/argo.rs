//! What a rollback of an Argo Rollout needs besides its template: its update aborted before, and its steps skipped after.
//!
//! To the stable template the controller goes back at once, by itself; to any other it would go through every step of its canary.

use super::{checks, rollback::Undo, step};
use crate::{
    formats::template,
    model::{Access, Action, CommonFacts, Kind, KnownGood, ObjectRef, Precondition, Revision, Step},
};
use serde_json::Value;

/// Whose template is written: the Rollout's, or that of the Deployment it names.
pub(super) fn written(target: &ObjectRef, rollout: &Value, template_of: Option<&Value>) -> Undo {
    let object = template_of.unwrap_or(rollout);
    let text = |field: &str| object["metadata"][field].as_str().unwrap_or_default().to_owned();
    let named = match template_of {
        Some(_) => ObjectRef::new(Kind::Deployment, target.namespace.clone(), text("name")),
        None => target.clone(),
    };
    Undo { object: named, uid: text("uid"), unpause: template_of.is_none() && template::is_paused(rollout) }
}

/// What is done before the template is put back, and after.
pub(super) struct Around {
    pub(super) before: Option<Step>,
    pub(super) after: Option<Step>,
    pub(super) preconditions: Vec<Precondition>,
    pub(super) needs: Vec<Access>,
}

pub(super) fn around(
    target: &ObjectRef,
    common: &CommonFacts,
    chosen: &Revision,
    good: KnownGood,
    elsewhere: bool,
) -> Around {
    let rollout = &common.object;
    let status = |field: &str| rollout["status"][field].as_str().unwrap_or_default();
    let uid = rollout["metadata"]["uid"].as_str().unwrap_or_default().to_owned();
    let (current, stable) = (status("currentPodHash"), status("stableRS"));
    let right = Access { subresource: "status".into(), ..Access::new("patch", target.kind, &target.namespace) };
    let may = checks::allowed(common, &right) != Some(false);
    let under_way = !stable.is_empty() && current != stable && rollout["status"]["abort"] != true;
    let before = (under_way && may).then(|| {
        let action = Action::AbortRollout { object: target.clone(), uid: uid.clone(), hash: current.to_owned() };
        step("abort", format!("the update of {target}: the stable template serves alone at once"), action)
    });
    let mut preconditions = Vec::new();
    let hash = chosen.source.name.strip_prefix(&*target.name).and_then(|rest| rest.strip_prefix('-'));
    let goes_by_steps =
        hash.is_some_and(|hash| !stable.is_empty() && hash != stable) && has_steps(&rollout["spec"]["strategy"]);
    let mut after = None;
    if goes_by_steps && may && good == KnownGood::Yes {
        let action = Action::PromoteRollout { object: target.clone(), uid, hash: hash.unwrap_or_default().to_owned() };
        let detail = format!("{target} fully: {} is known good, so its steps are not gone through", chosen.revision);
        after = Some(step("promote", detail, action));
    } else if goes_by_steps {
        let detail = format!(
            "{} is not the stable template: every step is gone through, and who pauses it has to promote it",
            chosen.revision
        );
        preconditions.push(Precondition::warn("steps", detail));
    }
    if template::is_paused(rollout) && elsewhere {
        let detail = format!("{target} is paused by hand (spec.paused): nothing moves until somebody resumes it");
        preconditions.push(Precondition::warn("paused", detail));
    }
    let mut needs = Vec::new();
    if elsewhere {
        needs.push(Access::new("patch", Kind::Deployment, &target.namespace));
        preconditions.extend(checks::permissions(&needs, common).into_iter().filter(|p| !p.ok));
    }
    if before.is_some() || after.is_some() {
        needs.push(right);
    }
    Around { before, after, preconditions, needs }
}

fn has_steps(strategy: &Value) -> bool {
    strategy["canary"]["steps"].as_array().is_some_and(|steps| !steps.is_empty())
        || strategy["blueGreen"]["autoPromotionEnabled"] == false
}
