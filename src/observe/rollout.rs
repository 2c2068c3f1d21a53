//! The verdict on a rollout from the object alone, in the order in which `kubectl rollout status` asks.
//!
//! The generation comes first: until the controller has seen it, every other number (a failure too) is about the past.

use crate::{
    model::{Cause, Kind, Rollout, RolloutState},
    wire::Workload,
};

/// Where the rollout of this workload stands.
pub fn verdict(kind: Kind, workload: &Workload) -> Rollout {
    if workload.metadata.deletion_timestamp.is_some() {
        let cause = Cause::Deleting { finalizers: workload.metadata.finalizers.clone() };
        return progressing(cause.to_string());
    }
    let rollout = by_kind(kind, workload);
    // Nobody is to take it for one that serves.
    match (&rollout.state, desired(kind, workload)) {
        (RolloutState::Complete, 0) => {
            Rollout { reason: rollout.reason.or_else(|| Some(rests(kind).into())), ..rollout }
        }
        _ => rollout,
    }
}

/// Why a workload has no pods, and is as it should be.
const fn rests(kind: Kind) -> &'static str {
    match kind {
        Kind::DaemonSet => "runs nowhere: no node matches it",
        _ => "scaled to zero",
    }
}

fn by_kind(kind: Kind, workload: &Workload) -> Rollout {
    let seen = workload.status.observed_generation;
    match kind {
        Kind::Rollout => super::argo::verdict(workload),
        _ if seen < workload.metadata.generation || (kind == Kind::StatefulSet && seen == 0) => {
            progressing("the controller has not taken up the last change yet")
        }
        Kind::StatefulSet | Kind::DaemonSet if &*workload.spec.update_strategy.kind == "OnDelete" => {
            on_delete(kind, workload)
        }
        Kind::StatefulSet => stateful_set(workload),
        Kind::DaemonSet => daemon_set(workload),
        _ => deployment(workload),
    }
}

fn progressing(reason: impl Into<String>) -> Rollout {
    Rollout::because(RolloutState::Progressing, reason)
}

/// Replicas a Deployment or StatefulSet asks for.
pub(super) fn desired(kind: Kind, workload: &Workload) -> i64 {
    match kind {
        Kind::DaemonSet => workload.status.desired_number_scheduled,
        _ => workload.spec.replicas.unwrap_or(1),
    }
}

/// Pods of the current template.
pub(super) fn updated(kind: Kind, workload: &Workload) -> i64 {
    match kind {
        Kind::DaemonSet => workload.status.updated_number_scheduled,
        _ => workload.status.updated_replicas,
    }
}

/// Nothing is replaced until somebody deletes it: there is no rollout whose end could be waited for, only pods that are not of
/// the current template. Where there are none, all is as it was asked.
fn on_delete(kind: Kind, workload: &Workload) -> Rollout {
    let status = &workload.status;
    let (updated, wanted) = (updated(kind, workload), desired(kind, workload));
    let ready = if kind == Kind::DaemonSet { status.number_ready } else { status.ready_replicas };
    if updated >= wanted && ready >= wanted {
        return Rollout::plain(RolloutState::Complete);
    }
    let number = |n: i64| u32::try_from(n.max(0)).unwrap_or(u32::MAX);
    let waits = Cause::OnDelete { old: number(wanted - updated), of: number(wanted) };
    Rollout::because(RolloutState::Unknown, waits.to_string())
}

fn deployment(workload: &Workload) -> Rollout {
    let (wanted, status) = (desired(Kind::Deployment, workload), &workload.status);
    let updated = status.updated_replicas;
    let condition = status.condition("Progressing");
    if condition.is_some_and(|c| &*c.reason == "ProgressDeadlineExceeded") {
        let deadline = "the progress deadline has passed: the new pods did not come up in time";
        return Rollout::because(RolloutState::Failed, deadline);
    }
    let refused = status.condition("ReplicaFailure").filter(|c| &*c.status == "True");
    let unfinished = if updated < wanted && status.replicas == updated {
        Some(format!("{updated} of {wanted} pods exist"))
    } else if updated < wanted {
        Some(format!("{updated} of {wanted} pods have the new template"))
    } else if status.replicas > updated {
        Some(match status.replicas - updated {
            1 => "1 old pod still runs".into(),
            old => format!("{old} old pods still run"),
        })
    } else if status.available_replicas < updated {
        Some(format!("{} of {updated} new pods are available", status.available_replicas))
    } else {
        None
    };
    match (unfinished, workload.spec.paused, refused) {
        (Some(_), _, Some(refused)) => progressing(super::diagnosis::refusal::cause(&refused.message).to_string()),
        (Some(so_far), true, _) => Rollout::because(RolloutState::Paused, format!("paused; {so_far}")),
        (None, true, _) => Rollout::because(RolloutState::Paused, "paused"),
        (Some(so_far), false, None) => progressing(so_far),
        (None, false, _) => Rollout::plain(RolloutState::Complete),
    }
}

fn stateful_set(workload: &Workload) -> Rollout {
    let (wanted, status) = (desired(Kind::StatefulSet, workload), &workload.status);
    if status.ready_replicas < wanted {
        return progressing(format!("{} of {wanted} pods are ready", status.ready_replicas));
    }
    let partition = workload.spec.update_strategy.rolling_update.partition;
    if partition > 0 {
        let due = (wanted - partition).max(0);
        if status.update_revision == status.current_revision {
            return Rollout::plain(RolloutState::Complete);
        }
        let number = |n: i64| u32::try_from(n.max(0)).unwrap_or(u32::MAX);
        let updated = (number(status.updated_replicas), number(due));
        let reason = Cause::Partition { partition: number(partition), updated }.to_string();
        return match status.updated_replicas {
            updated if updated < due => progressing(reason),
            _ => Rollout::because(RolloutState::Complete, reason),
        };
    }
    if status.update_revision != status.current_revision {
        return progressing(format!("{} of {wanted} pods have the new template", status.updated_replicas));
    }
    Rollout::plain(RolloutState::Complete)
}

fn daemon_set(workload: &Workload) -> Rollout {
    let status = &workload.status;
    let wanted = status.desired_number_scheduled;
    if status.updated_number_scheduled < wanted {
        return progressing(format!("{} of {wanted} pods have the new template", status.updated_number_scheduled));
    }
    if status.number_available < wanted {
        return progressing(format!("{} of {wanted} pods are available", status.number_available));
    }
    Rollout::plain(RolloutState::Complete)
}

#[cfg(test)]
mod tests {
    use super::*;
    use RolloutState::{Complete, Failed, Paused, Progressing, Unknown};
    use rstest::rstest;
    use serde_json::{Value, json};

    fn of(kind: Kind, generation: i64, spec: Value, status: Value) -> Rollout {
        let object = json!({"metadata": {"generation": generation}, "spec": spec, "status": status});
        verdict(kind, &serde_json::from_value(object).unwrap())
    }

    const DEADLINE: &str = "ProgressDeadlineExceeded";

    #[rstest]
    // generation, observed, (replicas wanted, updated, all, available), Progressing's reason
    #[case(1, 1, (3, 3, 3, 3), "NewReplicaSetAvailable", Complete)]
    #[case(5, 3, (3, 3, 3, 3), "NewReplicaSetAvailable", Progressing)]
    #[case(5, 3, (3, 3, 3, 3), DEADLINE, Progressing)] // a good undo beside a stale failure
    #[case(5, 5, (3, 1, 4, 3), DEADLINE, Failed)]
    #[case(2, 2, (3, 1, 4, 3), "ReplicaSetUpdated", Progressing)]
    #[case(2, 2, (3, 3, 4, 3), "ReplicaSetUpdated", Progressing)]
    #[case(2, 2, (3, 3, 3, 2), "ReplicaSetUpdated", Progressing)]
    #[case(2, 2, (0, 0, 0, 0), "NewReplicaSetAvailable", Complete)]
    fn deployments(
        #[case] generation: i64,
        #[case] observed: i64,
        #[case] numbers: (i64, i64, i64, i64),
        #[case] reason: &str,
        #[case] expected: RolloutState,
    ) {
        let (wanted, updated, all, available) = numbers;
        let status = json!({
            "observedGeneration": observed, "updatedReplicas": updated, "replicas": all, "availableReplicas": available,
            "terminatingReplicas": 2, "conditions": [{"type": "Progressing", "reason": reason}]
        });
        assert_eq!(of(Kind::Deployment, generation, json!({"replicas": wanted}), status).state, expected);
    }

    #[test]
    fn a_deployment_without_replicas_wants_one() {
        assert_eq!(of(Kind::Deployment, 1, json!({}), json!({"observedGeneration": 1})).state, Progressing);
    }

    #[test]
    fn paused_is_said_with_what_is_done_so_far() {
        let status = json!({"observedGeneration": 2, "updatedReplicas": 1, "replicas": 4, "availableReplicas": 4});
        let rollout = of(Kind::Deployment, 2, json!({"replicas": 3, "paused": true}), status);
        assert_eq!(rollout.state, Paused);
        assert_eq!(rollout.reason.unwrap(), "paused; 1 of 3 pods have the new template");
    }

    #[test]
    fn a_quota_is_named_before_the_deadline() {
        let status = json!({"observedGeneration": 2, "updatedReplicas": 0, "replicas": 3, "availableReplicas": 3, "conditions": [
            {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "pods \"a-1\" is forbidden: exceeded quota: q"}]});
        let rollout = of(Kind::Deployment, 2, json!({"replicas": 3}), status);
        assert!(rollout.reason.unwrap().contains("exceeded quota"), "the cause must be told");
    }

    #[rstest]
    // observed, ready, updated, revisions equal, partition
    #[case(0, 3, 3, true, 0, Progressing)]
    #[case(1, 2, 3, true, 0, Progressing)]
    #[case(1, 3, 1, false, 0, Progressing)]
    #[case(1, 3, 3, true, 0, Complete)]
    #[case(1, 3, 0, false, 2, Progressing)]
    #[case(1, 3, 1, false, 2, Complete)]
    #[case(1, 3, 0, false, 5, Complete)]
    fn stateful_sets(
        #[case] observed: i64,
        #[case] ready: i64,
        #[case] updated: i64,
        #[case] same: bool,
        #[case] partition: i64,
        #[case] expected: RolloutState,
    ) {
        let spec = json!({"replicas": 3, "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": partition}}});
        let status = json!({"observedGeneration": observed, "readyReplicas": ready, "updatedReplicas": updated,
            "currentRevision": "a", "updateRevision": if same { "a" } else { "b" }});
        assert_eq!(of(Kind::StatefulSet, 1, spec, status).state, expected);
    }

    #[rstest]
    #[case(1, 3, 3, 3, Complete)]
    #[case(1, 3, 2, 3, Progressing)]
    #[case(1, 3, 3, 2, Progressing)]
    #[case(0, 3, 3, 3, Progressing)]
    #[case(1, 0, 0, 0, Complete)]
    fn daemon_sets(
        #[case] observed: i64,
        #[case] wanted: i64,
        #[case] updated: i64,
        #[case] available: i64,
        #[case] expected: RolloutState,
    ) {
        let status = json!({"observedGeneration": observed, "desiredNumberScheduled": wanted,
            "updatedNumberScheduled": updated, "numberAvailable": available});
        let spec = json!({"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "10%"}}});
        assert_eq!(of(Kind::DaemonSet, 1, spec, status).state, expected);
    }

    #[rstest]
    #[case(Kind::StatefulSet)]
    #[case(Kind::DaemonSet)]
    fn on_delete_has_no_rollout(#[case] kind: Kind) {
        let spec = json!({"replicas": 2, "updateStrategy": {"type": "OnDelete"}});
        let status = |observed: i64, updated: i64| {
            json!({"observedGeneration": observed, "updatedReplicas": updated, "readyReplicas": 2,
                "desiredNumberScheduled": 2, "updatedNumberScheduled": updated, "numberReady": 2})
        };
        let rollout = of(kind, 1, spec.clone(), status(1, 1));
        assert_eq!(rollout.state, Unknown);
        let reason = rollout.reason.unwrap();
        assert!(reason.contains("OnDelete") && reason.contains("1 of 2 run an earlier template"), "{reason}");
        assert_eq!(of(kind, 1, spec.clone(), status(1, 2)).state, Complete, "nothing is left to delete");
        assert_eq!(of(kind, 2, spec, status(1, 2)).state, Progressing, "the status is of the past");
    }
}
