//! A StatefulSet that waits for a broken pod: with ordered pods its controller replaces nothing before that pod is ready, so that
//! a template that was put back never reaches it. The pod has to go.

use super::{Asked, Assessment, Sheet, checks, durability, step};
use crate::model::{
    Access, Action, Intent, Kind, ObjectRef, Precondition, Revision, Risk, RollbackFacts, Step, StuckPod,
};

/// The steps that delete the pods which are not of the `wanted` revision; or what to do where that is not allowed.
pub(super) fn deletions(
    target: &ObjectRef,
    facts: &RollbackFacts,
    wanted: &Revision,
) -> (Vec<Step>, Option<Precondition>) {
    let bad: Vec<&StuckPod> = facts.around.stuck.iter().filter(|pod| pod.revision != wanted.source.name).collect();
    if bad.is_empty() {
        return (Vec::new(), None);
    }
    let right = Access::new("delete", Kind::Pod, &target.namespace);
    if checks::allowed(&facts.common, &right) == Some(false) {
        let names: Vec<&str> = bad.iter().map(|pod| &*pod.object.name).collect();
        let detail =
            format!("it waits for {} and you may not {right}: have somebody delete what is broken", names.join(", "));
        return (Vec::new(), Some(Precondition::warn("stuck pod", detail)));
    }
    let delete = |pod: &&StuckPod| {
        let action = Action::DeletePod {
            object: pod.object.clone(),
            uid: pod.uid.clone(),
            of: target.clone(),
            revision: pod.revision.clone(),
        };
        step(
            "delete",
            format!("{} (of {}): the StatefulSet waits for it as long as it is not ready", pod.object, pod.revision),
            action,
        )
    };
    (bad.iter().map(delete).collect(), None)
}

/// The plan for a StatefulSet whose template was put back already, by whomever, and that waits all the same.
pub(super) fn freed(asked: &Asked<'_>, facts: &RollbackFacts, assessments: &[Assessment]) -> Option<Sheet> {
    let Intent::Rollback { target, revision: None } = asked.intent else { return None };
    let (wanted, assessment) = facts.revisions.iter().zip(assessments).find(|(revision, _)| revision.current)?;
    let behind =
        |pod: &StuckPod| facts.revisions.iter().any(|r| r.source.name == pod.revision && r.revision < wanted.revision);
    // Pods of an older template that are not ready, while none of the one that is asked for fails.
    if facts.around.stuck.is_empty() || !facts.around.stuck.iter().all(behind) || wanted.failing.is_some() {
        return None;
    }
    let (mut steps, warning) = deletions(target, facts, wanted);
    if steps.is_empty() {
        return None;
    }
    let uid = facts.common.object["metadata"]["uid"].as_str().unwrap_or_default().to_owned();
    let wait = Action::WaitRollout { object: target.clone(), uid };
    steps.push(step("wait", "until the rollout is complete and its pods are healthy", wait));
    let mut preconditions = checks::shared(asked, &facts.common, false);
    preconditions.extend(warning);
    let mut needs = checks::required(asked.intent.needs());
    needs.push(Access::new("delete", Kind::Pod, &target.namespace));
    Some(Sheet {
        summary: format!("free {} for {}", target.path(), wanted.revision),
        reasons: vec![
            format!("{} is asked for already: {}", wanted.revision, assessment.evidence),
            "its controller waits for pods of an earlier template that are not ready, and replaces nothing".into(),
            "to go back to another revision, name it".into(),
        ],
        risk: Risk::Low,
        durability: durability::of_direct_write(&facts.common),
        preconditions,
        needs,
        steps,
        diff: String::new(),
    })
}
