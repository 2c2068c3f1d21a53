//! Rollouts as the controller of version 1.10 leaves them.

use super::*;
use RolloutState::{Complete, Failed, Paused, Progressing, Unknown};
use rstest::rstest;
use serde_json::json;

fn rollout(change: Value) -> Workload {
    let mut object = json!({
        "metadata": {"name": "web", "namespace": "shop", "generation": 4, "annotations": {"rollout.argoproj.io/revision": "2"}},
        "spec": {"replicas": 4, "strategy": {"canary": {"steps": [
            {"setWeight": 25}, {"pause": {}}, {"setWeight": 50}, {"pause": {"duration": "10m"}}, {"analysis": {}}, {"setWeight": 75}]}}},
        "status": {"observedGeneration": "4", "phase": "Healthy", "currentPodHash": "new", "stableRS": "old", "currentStepIndex": 0,
            "replicas": 4, "updatedReplicas": 1, "readyReplicas": 4, "availableReplicas": 4}
    });
    json_patch::merge(&mut object, &change);
    serde_json::from_value(object).unwrap()
}

fn told(change: Value) -> (RolloutState, String) {
    let verdict = verdict(&rollout(change));
    (verdict.state, verdict.reason.unwrap_or_default())
}

#[rstest]
#[case::healthy(json!({"currentPodHash": "new", "stableRS": "new", "currentStepIndex": 6}), Complete, "")]
#[case::not_seen(json!({"observedGeneration": "3"}), Progressing, "the controller has not taken up the last change yet")]
#[case::a_hash_of_old(json!({"observedGeneration": "6d4f"}), Complete, "")]
#[case::nobody(json!({"observedGeneration": null, "phase": null}), Progressing, "no Argo Rollouts controller has taken it up yet")]
#[case::unpausing(json!({"phase": "Paused", "controllerPause": true, "pauseConditions": null, "currentStepIndex": 1}), Progressing,
    "the controller has not yet taken up that the pause was ended")]
#[case::paused(json!({"phase": "Paused", "controllerPause": true, "currentStepIndex": 1, "pauseConditions": [{"reason": "CanaryPauseStep", "startTime": "2026-01-05T08:00:00Z"}]}),
    Paused, "paused at step 2/6 25 % until somebody promotes it")]
#[case::paused_for_a_while(json!({"phase": "Paused", "controllerPause": true, "currentStepIndex": 3, "pauseConditions": [{"reason": "CanaryPauseStep", "startTime": "2026-01-05T08:00:00Z"}]}),
    Paused, "paused at step 4/6 50 %, goes on by itself")]
#[case::progressing(json!({"phase": "Progressing", "message": "more replicas need to be updated"}), Progressing,
    "step 1/6 25 %: more replicas need to be updated")]
#[case::aborted(json!({"phase": "Degraded", "abort": true, "message": "RolloutAborted: Rollout aborted update to revision 2"}), Failed,
    "aborted, the earlier template serves and the new one is still asked for: Rollout aborted update to revision 2")]
#[case::deadline(json!({"phase": "Degraded", "message": "ProgressDeadlineExceeded: ReplicaSet \"web-1\" has timed out progressing."}), Failed,
    "the progress deadline has passed: the new pods did not come up in time")]
#[case::invalid(json!({"phase": "Degraded", "message": "InvalidSpec: The Rollout \"web\" is invalid: spec.template.spec: Required value"}), Failed,
    "the controller refuses its spec: The Rollout \"web\" is invalid: spec.template.spec: Required value")]
#[case::ancient(json!({"phase": null}), Unknown, "its controller is older than 1.0 and tells no phase")]
fn verdicts(#[case] status: Value, #[case] state: RolloutState, #[case] reason: &str) {
    assert_eq!(told(json!({ "status": status })), (state, reason.to_owned()));
}

#[test]
fn a_pause_by_hand_is_told_from_one_of_a_step() {
    let (state, reason) = told(json!({"spec": {"paused": true}, "status": {"phase": "Paused"}}));
    assert_eq!((state, &*reason), (Paused, "paused by hand (spec.paused) at step 1/6 25 %"));
}

#[test]
fn a_template_kept_elsewhere_counts_once_the_controller_has_seen_it() {
    let change = |observed: &str| {
        json!({"metadata": {"annotations": {"rollout.argoproj.io/workload-generation": "7"}},
            "spec": {"workloadRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web-template"}},
            "status": {"workloadObservedGeneration": observed}})
    };
    assert_eq!(told(change("6")).0, Progressing);
    assert_eq!(told(change("7")).0, Complete);
    let kept = delivery(&rollout(change("7"))).template_of;
    assert_eq!(kept, Some(ObjectRef::new(Kind::Deployment, "shop", "web-template")));
}

#[rstest]
// index, step, weight
#[case(0, Some((1, 6)), 25)]
#[case(1, Some((2, 6)), 25)]
#[case(2, Some((3, 6)), 50)]
#[case(4, Some((5, 6)), 50)]
#[case(6, Some((6, 6)), 100)]
fn steps_count_from_one_and_carry_the_last_weight(
    #[case] index: usize,
    #[case] step: Option<(u32, u32)>,
    #[case] weight: u32,
) {
    let delivery = delivery(&rollout(json!({"status": {"currentStepIndex": index}})));
    assert_eq!((delivery.step, delivery.weight), (step, Some(weight)));
}

#[test]
fn the_routers_weight_is_believed_before_the_steps() {
    let status =
        json!({"currentStepIndex": 2, "canary": {"weights": {"canary": {"weight": 26}, "stable": {"weight": 74}}}});
    assert_eq!(delivery(&rollout(json!({"status": status}))).weight, Some(26));
}

#[test]
fn a_pause_of_limited_length_says_when_it_ends() {
    let at = |duration: Value| {
        let steps = json!([{"pause": {"duration": duration}}]);
        let status = json!({"currentStepIndex": 0, "pauseConditions": [{"reason": "CanaryPauseStep", "startTime": "2026-01-05T08:00:00Z"}]});
        delivery(&rollout(json!({"spec": {"strategy": {"canary": {"steps": steps}}}, "status": status}))).resumes
    };
    assert_eq!(at(json!("10m")), "2026-01-05T08:10:00Z".parse().ok());
    assert_eq!(at(json!("90")), "2026-01-05T08:01:30Z".parse().ok());
    assert_eq!(at(json!(90)), "2026-01-05T08:01:30Z".parse().ok());
    assert_eq!(at(json!(null)), None);
}

#[test]
fn nothing_is_under_way_once_the_template_is_out_or_is_the_first() {
    for status in [json!({"stableRS": "new"}), json!({"stableRS": null})] {
        let delivery = delivery(&rollout(json!({ "status": status })));
        assert_eq!((delivery.step, delivery.weight, delivery.aborted), (None, None, false));
    }
    let blue_green = json!({"spec": {"strategy": {"canary": null, "blueGreen": {"activeService": "web"}}},
        "status": {"phase": "Paused", "controllerPause": true, "pauseConditions": [{"reason": "BlueGreenPause"}]}});
    assert!(delivery(&rollout(blue_green.clone())).blue_green);
    assert!(told(blue_green).1.starts_with("the new pods are up as a preview"));
}

#[test]
fn a_strategy_is_told_in_words() {
    let canary = json!({"strategy": {"canary": {"steps": [{"setWeight": 25}, {"pause": {}}, {"setWeight": 50}, {"pause": {"duration": "10m"}},
        {"analysis": {"templates": []}}, {"pause": {"duration": 30}}]}}});
    assert_eq!(strategy(&canary), "canary: 25 %, pause until promoted, 50 %, pause 10m, analysis, pause 30 s");
    assert_eq!(strategy(&json!({"strategy": {"canary": {}}})), "canary without steps: rolling");
    let by_hand = json!({"strategy": {"blueGreen": {"activeService": "a", "autoPromotionEnabled": false}}});
    assert_eq!(strategy(&by_hand), "blue-green: all traffic switches when somebody promotes the new pods");
}
