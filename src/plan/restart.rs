//! Restarting: every pod replaced by one of the same template, and what the workload's settings make of that.

use super::{Asked, PlanError, Sheet, checks, disruption, step};
use crate::formats::template;
use crate::model::{Action, Durability, Intent, Precondition, RestartFacts, Risk};

pub(super) fn plan(asked: &Asked<'_>, facts: &RestartFacts) -> Result<Sheet, PlanError> {
    let Intent::Restart { target } = asked.intent else { return Err(asked.mismatch("restart")) };
    let object = &facts.common.object;
    if object["spec"]["replicas"] == 0 {
        return Err(PlanError::NothingToDo(format!("{target} is scaled to 0: it has no pods to restart")));
    }
    let mut preconditions = Vec::new();
    if template::is_paused(object) {
        let detail = "it is paused, so its pods would stay; resume it first (kubectl rollout resume)";
        preconditions.push(Precondition::require("not paused", false, detail));
    }
    if disruption::only_on_delete(object) {
        let detail = "updateStrategy OnDelete: pods are replaced only once you delete them; delete them instead";
        preconditions.push(Precondition::require("strategy", false, detail));
    }
    preconditions.extend(checks::shared(asked, &facts.common, false));
    let (generation, seen) = (&object["metadata"]["generation"], &object["status"]["observedGeneration"]);
    if seen.is_number() && generation != seen {
        preconditions
            .push(Precondition::warn("controller", "it has not yet seen the latest change; a rollout may begin"));
    }
    let disruptions = disruption::of(object);
    preconditions.extend(disruptions.iter().map(|d| Precondition::warn("downtime", d.note.clone())));

    let uid = object["metadata"]["uid"].as_str().unwrap_or_default().to_owned();
    let value = template::restart_value(asked.now);
    let mut reasons =
        vec!["every pod is replaced by one of the same template, as the rollout strategy allows".to_owned()];
    if let Some(before) = template::restarted_at(object) {
        reasons.push(format!("last restarted like this at {before}"));
    }
    if facts.common.owner.as_ref().is_some_and(|owner| owner.kind.reconciles()) {
        reasons.push("reconcilers leave the annotation alone: it is not in their source".into());
    }
    let before = template::restarted_at(object).map(|at| format!("-    {}: {at}\n", template::RESTARTED_AT));
    Ok(Sheet {
        summary: "replace every pod".into(),
        reasons,
        durability: Durability::Sticks,
        risk: disruptions.iter().map(|d| d.risk).max().unwrap_or(Risk::Low),
        preconditions,
        needs: checks::required(asked.intent.needs()),
        steps: vec![
            step(
                "restart",
                format!("template annotation {} = {value}", template::RESTARTED_AT),
                Action::Restart { object: target.clone(), uid: uid.clone(), at: asked.now },
            ),
            step(
                "wait",
                "until the rollout is complete and its pods are healthy",
                Action::WaitRollout { object: target.clone(), uid },
            ),
        ],
        diff: format!(
            "--- spec.template now\n+++ spec.template restarted\n@@ metadata.annotations @@\n{}+    {}: {value}\n",
            before.unwrap_or_default(),
            template::RESTARTED_AT
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{self, CanRun as _, checkout, details, now, sheet, sound, verdicts};
    use super::*;
    use crate::model::{Facts, OwnerKind, Plan};
    use crate::plan::plan as make;
    use rstest::rstest;
    use serde_json::{Value, json};

    fn restart(change: impl FnOnce(&mut RestartFacts)) -> Result<Plan, PlanError> {
        let mut facts = RestartFacts { common: fixtures::common(fixtures::deployment("app:2")) };
        change(&mut facts);
        let intent = Intent::Restart { target: checkout() };
        let plan = make(&intent, &Facts::Restart(facts), fixtures::operation(), None, now());
        plan.as_ref().map(sound).ok();
        plan
    }

    #[test]
    fn a_restart_reads_like_this() {
        let plan = restart(|_| {}).unwrap();
        insta::assert_snapshot!(sheet(&plan), @r"
        restart Deployment shop/checkout  replace every pod  risk: low
          every pod is replaced by one of the same template, as the rollout strategy allows
        lasts: sticks
        ✓ permission: may patch deployments; list pods; get deployments
        ✓ nobody else: no other operation is at work on it
        1 restart template annotation kubectl.kubernetes.io/restartedAt = 2026-03-01T12:00:00Z
        2 wait    until the rollout is complete and its pods are healthy
        --- spec.template now
        +++ spec.template restarted
        @@ metadata.annotations @@
        +    kubectl.kubernetes.io/restartedAt: 2026-03-01T12:00:00Z
        ");
        assert!(plan.can_run());
    }

    #[rstest]
    #[case::paused(json!({"paused": true}), "not paused: stops")]
    #[case::on_delete(json!({"updateStrategy": {"type": "OnDelete"}}), "strategy: stops")]
    #[case::recreate(json!({"strategy": {"type": "Recreate"}}), "downtime: warns")]
    #[case::one(json!({"replicas": 1}), "downtime: warns")]
    fn settings_that_speak_against_it(#[case] settings: Value, #[case] expected: &str) {
        let plan = restart(|facts| {
            for (key, value) in settings.as_object().unwrap() {
                facts.common.object["spec"][key] = value.clone();
            }
        });
        let plan = plan.unwrap();
        assert!(verdicts(&plan).contains(&expected.to_owned()), "{:?}", verdicts(&plan));
        assert_eq!(plan.can_run(), !expected.ends_with("stops"));
        assert!(plan.risk > Risk::Low || expected.ends_with("stops"));
    }

    #[test]
    fn no_pods_no_restart() {
        let error = restart(|facts| facts.common.object["spec"]["replicas"] = json!(0)).unwrap_err();
        assert!(matches!(error, PlanError::NothingToDo(_)));
    }

    #[test]
    fn it_lasts_under_a_reconciler_and_names_the_restart_before() {
        let plan = restart(|facts| {
            facts.common.owner = Some(fixtures::owner(OwnerKind::Kustomization));
            facts.common.object["spec"]["template"]["metadata"]["annotations"] =
                json!({"kubectl.kubernetes.io/restartedAt": "2026-01-01T00:00:00Z"});
            facts.common.object["status"]["observedGeneration"] = json!(3);
        })
        .unwrap();
        assert_eq!(plan.durability, Durability::Sticks);
        assert_eq!(plan.reasons.len(), 3);
        assert!(plan.diff.contains("-    kubectl.kubernetes.io/restartedAt: 2026-01-01T00:00:00Z"));
        assert_eq!(details(&plan, "controller").len(), 1);
    }
}
